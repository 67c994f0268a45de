"""Voyage and Jina: embeddings in OpenAI's manner, and reranking.

Sources: docs.voyageai.com/reference, jina.ai/embeddings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from vcr_llm.providers import openai
from vcr_llm.providers.answers import Answer, members, string
from vcr_llm.providers.openai_usage import read_usage
from vcr_llm.providers.operation import Operation, Provider

__all__ = ["PROVIDERS", "read_numbers"]


def read_numbers(response: Any, _events: Sequence[Any]) -> Answer | None:
    """An answer of vectors or scores: only what it cost."""
    answer = members(response)
    if not answer.keys() & {"data", "results"}:
        return None
    usage = read_usage(answer.get("usage") or members(answer.get("meta")).get("tokens"))
    return Answer(usage=usage, model=string(answer.get("model")) or None)


def _row(provider: str, name: str, path: str, *prompt: str) -> Operation:
    return Operation(provider, name, path + "/?$", prompt, answer=read_numbers)


def _rerank(provider: str) -> Operation:
    return _row(provider, "rerank", "/v1/rerank", "query", "documents")


VOYAGE = Provider(
    name="voyage",
    hosts=re.compile(r"api\.voyageai\.com|ai\.mongodb\.com"),
    operations=(
        _rerank("voyage"),
        _row("voyage", "multimodalembeddings", "/v1/(multimodal|contextualized)embeddings", "inputs"),
        *openai.OPERATIONS,
    ),
    key_variables=("VOYAGE_API_KEY",),
)

JINA = Provider(
    name="jina",
    hosts=re.compile(r"(api|deepsearch)\.jina\.ai"),
    operations=(_rerank("jina"), _row("jina", "classify", "/v1/classify", "input"), *openai.OPERATIONS),
    key_variables=("JINA_API_KEY",),
)

PROVIDERS = (VOYAGE, JINA)
