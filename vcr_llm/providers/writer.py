"""Writer: chat and completions in OpenAI's manner under a path of its own, agents, knowledge graphs.

Source: dev.writer.com/api-reference. A streamed completion has events of one ``value`` each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from vcr_llm.providers import openai, openai_bodies
from vcr_llm.providers.answers import Answer, Message, Places, answer_at, content_text, items, string
from vcr_llm.providers.operation import Operation, Provider

__all__ = ["PROVIDER"]

_PIECES = answer_at(Places(text=("value",)))
_SUGGESTED = answer_at(Places(text=("suggestion", "delta.content"), needs=("suggestion", "delta", "id")))
_ANSWERED = answer_at(Places(text=("answer", "data.answer")))


def _completion(response: Any, events: Sequence[Any]) -> Answer | None:
    return openai_bodies.read_completion(response, events) or _PIECES(response, events)


def _inputs(prompt: Mapping[str, Any], _rest: Mapping[str, Any]) -> tuple[Message, ...]:
    """The fields of an agent's form, by their names there."""
    return tuple(
        Message(string(one.get("id")) or "input", content_text(one.get("value")))
        for one in items(prompt.get("inputs"))
    )


def _row(name: str, path: str, *prompt: str, **rest: Any) -> Operation:
    return Operation("writer", name, path + "/?$", prompt, **rest)


def _with_pieces(operation: Operation) -> Operation:
    return replace(operation, answer=_completion) if operation.name == "completions" else operation


PROVIDER = Provider(
    name="writer",
    hosts=re.compile(r"api\.writer\.com"),
    operations=(
        *map(_with_pieces, openai.OPERATIONS),
        replace(openai.OPERATIONS[0], provider="writer", path=re.compile("/v1/chat/?$")),
        _row(
            "application",
            "/v1/applications/(?P<model>[^/]+)(/jobs)?",
            "inputs",
            messages=_inputs,
            answer=_SUGGESTED,
        ),
        _row("question", "/v1/graphs/question", "question", "graph_ids", answer=_ANSWERED),
    ),
    key_variables=("WRITER_API_KEY",),
)
