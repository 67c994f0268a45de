"""The last rows: what looks like a call of a model, at a host and path that nobody else claims.

A gateway of one's own, a provider newer than this package, a URL that was redacted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from vcr_llm.providers import anthropic, cohere, gemini_bodies, ollama, openai_bodies, reranking
from vcr_llm.providers.answers import (
    Answer,
    Message,
    Places,
    ReadAnswer,
    answer_at,
    content_text,
    field_texts,
    items,
    string,
)
from vcr_llm.providers.operation import Operation, Provider

__all__ = ["PROVIDER"]

_READERS: Final[tuple[ReadAnswer, ...]] = (
    openai_bodies.read_chat,
    anthropic.read_message,
    openai_bodies.read_response,
    gemini_bodies.read_content,
    ollama.read_answer,
    cohere.read_chat,
    answer_at(
        Places(  # docs.aleph-alpha.com
            text=("completions.*.completion",),
            prompt=("num_tokens_prompt_total",),
            completion=("num_tokens_generated",),
            reason=("completions.*.finish_reason",),
            model=("model_version",),
        )
    ),
    reranking.read_numbers,
)
"""Whose answers tell themselves apart, so that a gateway's can be read whatever it passes on."""


def _read_answer(response: Any, events: Sequence[Any]) -> Answer | None:
    return next((found for read in _READERS if (found := read(response, events)) is not None), None)


def _read_messages(prompt: Mapping[str, Any], rest: Mapping[str, Any]) -> tuple[Message, ...]:
    """Messages with roles; in Anthropic's manner where there is a system prompt beside them."""
    if "system" in rest and items(prompt.get("messages")):
        return anthropic.read_messages(prompt, rest)
    if "contents" in prompt:
        return gemini_bodies.read_contents(prompt, rest)
    if items(prompt.get("input")):
        return openai_bodies.read_input({"instructions": rest.get("instructions"), **prompt}, rest)
    messages = tuple(
        Message(string(one.get("role")), content_text(one.get("content")))
        for one in items(prompt.get("messages"))
    )
    others = {name: value for name, value in prompt.items() if name != "messages"}
    return (*messages, *field_texts(others if messages else prompt, rest))


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
            answer=reranking.read_numbers,
        ),
        Operation(
            "generic",
            "llm",
            re.compile(""),
            ("messages", "input", "prompt", "contents"),
            needs=("model",),
            messages=_read_messages,
            answer=_read_answer,
        ),
    ),
    anywhere=True,
)
