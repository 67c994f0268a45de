"""Ollama's own API. (Its ``/v1`` is OpenAI's.)

Source: docs.ollama.com/api. Answers stream, as lines of JSON, unless the body says ``"stream": false``.
Found by its port, by a host name with its name in it, and elsewhere by path, model and prompt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from vcr_llm.providers.answers import (
    Answer,
    Message,
    Places,
    ToolCall,
    Usage,
    answer_at,
    arguments,
    content_text,
    items,
    members,
    number,
    string,
)
from vcr_llm.providers.operation import Operation, Provider

__all__ = ["PROVIDER", "read_answer"]


def _messages(prompt: Mapping[str, Any], _rest: Mapping[str, Any]) -> tuple[Message, ...]:
    return tuple(
        Message(string(message.get("role")), content_text(message.get("content")), _calls([message]))
        for message in items(prompt.get("messages"))
    )


def _calls(messages: list[Mapping[str, Any]]) -> tuple[ToolCall, ...]:
    calls = [members(call.get("function")) for one in messages for call in items(one.get("tool_calls"))]
    return tuple(ToolCall(string(call.get("name")), arguments(call.get("arguments"))) for call in calls)


def read_answer(response: Any, events: Sequence[Any]) -> Answer | None:
    """Of chat and generate: each line holds a piece, the last one the counts."""
    lines = items(list(events)) or [members(response)]
    last = lines[-1]
    if not any(line.keys() & {"message", "response"} for line in lines):
        return None
    messages = [members(line.get("message")) for line in lines]
    pieces = [
        string(message.get("content")) or string(line.get("response"))
        for line, message in zip(lines, messages, strict=True)
    ]
    counted = "prompt_eval_count" in last or "eval_count" in last
    return Answer(
        "".join(pieces),
        _calls(messages),
        Usage(number(last.get("prompt_eval_count")), number(last.get("eval_count"))) if counted else None,
        string(last.get("done_reason")) or None,
        string(last.get("model")) or None,
    )


_NUMBERS = answer_at(
    Places(needs=("embeddings", "embedding"), prompt=("prompt_eval_count",), model=("model",))
)


def _operation(name: str, path: str, *prompt: str, **rest: Any) -> Operation:
    return Operation(
        "ollama",
        name,
        rf"/api/{path}/?$",
        prompt,
        temperature="options.temperature",
        default_temperature=0.8,
        needs=("model",),
        **rest,
    )


_API = "http://localhost:11434/api"


def _shape(_request: Mapping[str, Any], response: Mapping[str, Any], events: Sequence[Any]) -> str | None:
    for answer in (response, members(next(iter(events), None))):
        if isinstance(answer.get("done"), bool):
            return "generate" if "response" in answer else "chat"
    return "embed" if "embeddings" in response and "total_duration" in response else None


PROVIDER = Provider(
    name="ollama",
    hosts=re.compile(
        r"ollama\.com|(.+[.-])?ollama([.-].+)?"
        r"|(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]|host\.docker\.internal):11434"
    ),
    operations=(
        _operation("chat", "chat", "messages", default_stream=True, messages=_messages, answer=read_answer),
        _operation(
            "generate",
            "generate",
            "prompt",
            "system",
            "suffix",
            "images",
            default_stream=True,
            answer=read_answer,
        ),
        _operation("embed", "embed(dings)?", "input", "prompt", answer=_NUMBERS),
    ),
    anywhere=True,
    key_variables=("OLLAMA_API_KEY",),
    urls={name: f"{_API}/{name}" for name in ("chat", "generate", "embed")},
    stream_type="application/x-ndjson",
    shape=_shape,
)
