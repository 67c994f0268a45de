"""The last rows: what looks like a call of a model, at a host and path that nobody else claims.

A gateway of one's own, a provider newer than this package, a URL that was redacted.
"""

from __future__ import annotations

import re

from vcr_llm.providers.operation import Operation, Provider

__all__ = ["PROVIDER"]

PROVIDER = Provider(
    name="generic",
    hosts=re.compile(r"(?!)"),
    operations=(
        Operation(
            "generic",
            "rerank",
            re.compile(r"/rerank/?$"),
            ("query", "documents"),
            needs=("query", "documents"),
        ),
        Operation(
            "generic",
            "llm",
            re.compile(""),
            ("messages", "input", "prompt", "contents"),
            needs=("model",),
        ),
    ),
    anywhere=True,
)
