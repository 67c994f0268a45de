"""Cohere, API versions 1 and 2.

Source: docs.cohere.com/reference. Version 1 asks with ``message`` and ``chat_history``, version 2 with
``messages``. A rerank and an embedding answer in numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from vcr_llm.providers import openai
from vcr_llm.providers.answers import (
    Answer,
    Message,
    Places,
    ReadAnswer,
    ToolCall,
    Usage,
    answer_at,
    arguments,
    at,
    content_text,
    items,
    members,
    number,
    string,
)
from vcr_llm.providers.operation import Operation, Provider

__all__ = ["ELSEWHERE", "PROVIDER", "read_chat", "read_messages"]


def read_messages(prompt: Mapping[str, Any], rest: Mapping[str, Any]) -> tuple[Message, ...]:
    preamble = string(rest.get("preamble"))
    found = [Message("system", preamble)] if preamble else []
    for message in (*items(prompt.get("chat_history")), *items(prompt.get("messages"))):
        text = content_text(message.get("content", message.get("message")))
        result_of = string(message.get("tool_call_id")) or None
        found.append(Message(string(message.get("role")), text, _calls(message), result_of))
    last = string(prompt.get("message"))
    return (*found, Message("user", last)) if last else tuple(found)


def _calls(message: Mapping[str, Any]) -> tuple[ToolCall, ...]:
    """Of version 2 a named function with its arguments as text, of version 1 name and parameters."""
    return tuple(
        ToolCall(
            string(call.get("name") or members(call.get("function")).get("name")),
            call.get("parameters") or arguments(members(call.get("function")).get("arguments")),
            string(call.get("id")) or None,
        )
        for call in items(message.get("tool_calls"))
    )


def read_chat(response: Any, events: Sequence[Any]) -> Answer | None:
    answer = _whole(items(list(events))) if events else members(response)
    message = members(answer.get("message")) or answer
    if not message.keys() & {"text", "content", "tool_calls"}:
        return None
    spent = members(answer.get("usage") or answer.get("meta"))
    counts = members(spent.get("billed_units"))
    cached = number(spent.get("cached_tokens"))
    usage = Usage(number(counts.get("input_tokens")), number(counts.get("output_tokens")), cached)
    return Answer(
        string(message.get("text")) or content_text(message.get("content")),
        _calls(message),
        usage if counts else None,
        string(answer.get("finish_reason")) or None,
    )


def _whole(events: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The answer a stream makes up: of version 1 the last event has it all, of version 2 each a piece."""
    text = ""
    whole: dict[str, Any] = {}
    calls: list[dict[str, Any]] = []
    for event in events:
        delta = members(event.get("delta"))
        message = members(delta.get("message"))
        call = members(message.get("tool_calls"))
        function = members(call.get("function"))
        match event.get("type") or event.get("event_type"):
            case "content-delta":
                text += string(members(message.get("content")).get("text"))
            case "tool-call-start":
                calls.append({"id": call.get("id"), "function": dict(function)})
            case "tool-call-delta" if calls:
                known = calls[-1]["function"]
                known["arguments"] = string(known.get("arguments")) + string(function.get("arguments"))
            case "message-end":
                whole = {**delta, "message": {"content": text, "tool_calls": calls}}
            case "stream-end":
                return members(event.get("response"))
    return whole or ({"message": {"content": text, "tool_calls": calls}} if text or calls else {})


_BILLED = "meta.billed_units"


def _shape(*text: str, **rest: Any) -> ReadAnswer:
    """The reader of an answer with its tokens where all of Cohere's have them."""
    tokens = {"prompt": (f"{_BILLED}.input_tokens",), "completion": (f"{_BILLED}.output_tokens",)}
    return answer_at(Places(text=text, **{**tokens, **rest}))


# A stream's events are lines with a piece of text each.
_GENERATED = _shape("generations.*.text", "text", reason=("generations.*.finish_reason", "finish_reason"))
_NUMBERS = _shape(needs=("embeddings", "results"))


def _operation(name: str, path: str, *prompt: str, **rest: Any) -> Operation:
    return Operation("cohere", name, rf"/v[12]/{path}/?$", prompt, **rest)


_API = "https://api.cohere.com"


def _told(request: Mapping[str, Any], response: Mapping[str, Any], events: Sequence[Any]) -> str | None:
    first = members(next(iter(events), None))
    if first.get("type") == "message-start" or isinstance(
        members(response.get("message")).get("content"), list
    ):
        return "chat"
    if "embeddings" in response and "texts" in request:
        return "embed"
    return "rerank" if at(response, "results.*.relevance_score") and "documents" in request else None


PROVIDER = Provider(
    name="cohere",
    hosts=re.compile(r"(.+\.)?api\.cohere\.(com|ai)"),
    operations=(
        *(one for one in openai.OPERATIONS if one.name == "chat"),  # under /compatibility/v1
        _operation(
            "chat",
            "chat",
            *("messages", "message", "chat_history", "tool_results"),
            default_temperature=0.3,
            messages=read_messages,
            answer=read_chat,
        ),
        _operation("generate", "generate", "prompt", default_temperature=0.75, answer=_GENERATED),
        _operation("embed", "embed", "texts", "images", "inputs", answer=_NUMBERS),
        _operation("rerank", "rerank", "query", "documents", answer=_NUMBERS),
        _operation(
            "classify",
            "classify",
            *("inputs", "examples"),
            answer=_shape("classifications.*.prediction"),
        ),
        _operation("summarize", "summarize", "text", default_temperature=0.3, answer=_shape("summary")),
        _operation(
            "tokenize", "(de)?tokenize", "text", "tokens", answer=_shape("text", needs=("text", "tokens"))
        ),
    ),
    key_variables=("CO_API_KEY", "COHERE_API_KEY"),
    urls={name: f"{_API}/v2/{name}" for name in ("chat", "embed", "rerank")},
    shape=_told,
)

ELSEWHERE = Provider(
    # Behind a gateway, or served by oneself: of version 2 what no other provider has under such a path.
    name="cohere",
    hosts=re.compile(r"(?!)"),
    operations=tuple(
        replace(one, path=rf"/v2/{one.name}/?$", needs=("model",))
        for one in PROVIDER.operations
        if one.provider == "cohere" and one.name in {"chat", "embed", "rerank"}
    ),
    anywhere=True,
)
