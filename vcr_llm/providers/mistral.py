"""Mistral: OpenAI's protocol, and paths of its own.

Source: docs.mistral.ai/api. A conversation answers with entries (messages, calls of functions), and streams
pieces of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from vcr_llm.providers import openai, openai_bodies
from vcr_llm.providers.answers import (
    Answer,
    Message,
    Places,
    ToolCall,
    answer_at,
    arguments,
    at,
    content_text,
    field_texts,
    items,
    members,
    number,
    string,
)
from vcr_llm.providers.openai_usage import read_usage
from vcr_llm.providers.operation import ANY_METHOD, Operation, Provider

__all__ = ["PROVIDER"]


def _conversation_messages(prompt: Mapping[str, Any], rest: Mapping[str, Any]) -> tuple[Message, ...]:
    instructions = string(prompt.get("instructions"))
    found = [Message("system", instructions)] if instructions else []
    entries = prompt.get("inputs")
    if isinstance(entries, str):
        return (*found, Message("user", entries))
    for entry in items(entries):
        if entry.get("type") == "function.result":
            result_of = string(entry.get("tool_call_id")) or None
            found.append(Message("tool", content_text(entry.get("result")), result_of=result_of))
        elif entry.get("type") == "function.call":
            found.append(Message("assistant", "", _calls([entry])))
        else:
            found.append(Message(string(entry.get("role")) or "user", content_text(entry.get("content"))))
    return tuple(found) or field_texts(prompt, rest)


def _calls(entries: list[Mapping[str, Any]]) -> tuple[ToolCall, ...]:
    return tuple(
        ToolCall(
            string(entry.get("name")),
            arguments(entry.get("arguments")),
            string(entry.get("tool_call_id")) or None,
        )
        for entry in entries
        if entry.get("type") == "function.call"
    )


def _conversation(response: Any, events: Sequence[Any]) -> Answer | None:
    answer = _joined(events) if events else members(response)
    if not isinstance(answer.get("outputs"), list):
        return None
    outputs = items(answer["outputs"])
    said = [entry for entry in outputs if entry.get("type") == "message.output"]
    models = [string(entry.get("model")) for entry in said]
    return Answer(
        "\n".join(content_text(entry.get("content")) for entry in said),
        _calls(outputs),
        read_usage(answer.get("usage")),
        model=next(filter(None, models), None),
    )


def _joined(events: Sequence[Any]) -> Mapping[str, Any]:
    """The answer that a stream's events make up."""
    whole: dict[str, Any] = {}
    entries: dict[int, dict[str, Any]] = {}
    for event in map(members, events):
        index = number(event.get("output_index"))
        match event.get("type"):
            case "message.output.delta":
                entry = entries.setdefault(index, {"type": "message.output", "model": event.get("model")})
                entry["content"] = string(entry.get("content")) + content_text(event.get("content"))
            case "function.call.delta":
                entry = entries.setdefault(index, {**event, "type": "function.call", "arguments": ""})
                entry["arguments"] += string(event.get("arguments"))
            case "conversation.response.done":
                whole["usage"] = event.get("usage")
    if entries or whole:
        whole["outputs"] = [entries[index] for index in sorted(entries)]
    return whole


def _ocr(response: Any, _events: Sequence[Any]) -> Answer | None:
    pages = [string(page) for page in at(response, "pages.*.markdown")]
    return Answer("\n\n".join(pages), model=string(members(response).get("model")) or None) if pages else None


_CLASSES = answer_at(Places(needs=("results",), model=("model",)))


def _row(name: str, path: str, *prompt: str, **rest: Any) -> Operation:
    return Operation("mistral", name, path + "/?$", prompt, **rest)


_CHAT = openai.OPERATIONS[0]

PROVIDER = Provider(
    name="mistral",
    hosts=re.compile(r"(.+\.)?(api|codestral)\.mistral\.ai"),
    operations=(
        _row("fim", "/v1/fim/completions", "prompt", "suffix", answer=openai_bodies.read_chat),
        replace(
            _CHAT,
            provider="mistral",
            name="agents",
            path=re.compile("/v1/agents/completions/?$"),
            model="agent_id",
        ),
        _row(
            "conversations",
            "/v1/conversations(/[^/]+(/(history|messages|restart))?)?",
            *("inputs", "instructions"),
            methods=ANY_METHOD,
            temperature="completion_args.temperature",
            messages=_conversation_messages,
            answer=_conversation,
        ),
        _row("ocr", "/v1/ocr", "document", answer=_ocr),
        _row("moderations", "/v1/(chat/)?moderations", "input", answer=openai_bodies.read_moderation),
        _row("classifications", "/v1/(chat/)?classifications", "input", "inputs", answer=_CLASSES),
        *openai.OPERATIONS,
    ),
    key_variables=("MISTRAL_API_KEY",),
)
