"""OpenAI's operations on things it keeps: files, batches, conversations, vector stores, assistants.

Source: OpenAI API reference (platform.openai.com/docs/api-reference) and, for the paths without ``/v1``,
Azure OpenAI's (learn.microsoft.com/azure/ai-foundry/openai/reference). Most are polled or paged, so what
tells two calls apart beside their path is their query.
"""

from __future__ import annotations

import re
from typing import Any

from vcr_llm.providers.operation import ANY_METHOD, Operation

__all__ = ["OBJECTS"]


def _operation(name: str, path: str, *prompt: str, **rest: Any) -> Operation:
    pattern = re.compile(rf"/(?:v1|openai)/{path}/?$")
    return Operation("openai", name, pattern, prompt, methods=ANY_METHOD, **rest)


OBJECTS = (
    _operation("files", r"files(/[^/]+(/content)?)?", "file", "purpose"),
    _operation("batches", r"batches(/[^/]+(/cancel)?)?", "input_file_id"),
    _operation("conversations", r"conversations(/[^/]+(/items(/[^/]+)?)?)?"),
    _operation("vector store search", r"vector_stores/[^/]+/search", "query"),
    _operation("vector stores", r"vector_stores(/[^/]+(/(files|file_batches)(/[^/]+)*)?)?"),
    _operation("assistants", r"assistants(/[^/]+)?"),
    _operation(
        "runs",
        r"threads/(runs|[^/]+/runs(/[^/]+(/(cancel|submit_tool_outputs|steps(/[^/]+)?))?)?)",
    ),
    _operation("thread messages", r"threads/[^/]+/messages(/[^/]+)?"),
    _operation("threads", r"threads(/[^/]+)?"),
    _operation("videos", r"videos(/[^/]+(/(content|remix))?)?", "prompt"),
)
