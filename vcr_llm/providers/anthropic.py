"""Anthropic.

Source: Anthropic API reference (docs.anthropic.com/en/api). Streams are named server-sent events, from
``message_start`` to ``message_stop``. ``system`` is no message here: it stands beside them. Of its token
counts, ``input_tokens`` leaves out what was written to or read from the cache.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from vcr_llm.providers.answers import (
    Answer,
    Message,
    ToolCall,
    Usage,
    arguments,
    content_text,
    items,
    members,
    number,
    string,
)
from vcr_llm.providers.operation import ANY_METHOD, Operation, Provider

__all__ = [
    "OPERATIONS",
    "PROVIDER",
    "VOLATILE",
    "read_completion",
    "read_count",
    "read_message",
    "read_messages",
]

_API = "https://api.anthropic.com/v1"

# --- what is asked -----------------------------------------------------------------------------------


def read_messages(prompt: Mapping[str, Any], rest: Mapping[str, Any]) -> tuple[Message, ...]:
    system = content_text(rest.get("system"))
    found = [Message("system", system)] if system else []
    for message in items(prompt.get("messages")):
        found += _split(string(message.get("role")), message.get("content"))
    return tuple(found)


def _split(role: str, content: Any) -> list[Message]:
    """One message; the results of tools in it, which a user's message holds here, as messages before it."""
    if not isinstance(content, list):
        return [Message(role, content_text(content))]
    blocks = items(content)
    results = [block for block in blocks if str(block.get("type")).endswith("tool_result")]
    others = [block for block in content if block not in results]
    found = [
        Message(
            "tool", content_text(block.get("content")), result_of=string(block.get("tool_use_id")) or None
        )
        for block in results
    ]
    if others or not results:
        calls = _tool_calls(blocks)
        found.append(Message(role, content_text([one for one in others if not _is_call(one)]), calls))
    return found


# --- what is answered --------------------------------------------------------------------------------


def read_message(response: Any, events: Sequence[Any]) -> Answer | None:
    message = _joined(events) if events else members(response)
    if "content" not in message or message.get("type") == "error":
        return None
    content = message["content"]
    blocks = items(content)
    texts = [string(block.get("text")) for block in blocks if block.get("type") == "text"]
    return Answer(
        content if isinstance(content, str) else "".join(texts),
        _tool_calls(blocks),
        _usage(message.get("usage")),
        string(message.get("stop_reason")) or None,
        string(message.get("model")) or None,
    )


def _joined(events: Sequence[Any]) -> Mapping[str, Any]:
    """The message that a stream's events make up, with the blocks that are read here."""
    message: dict[str, Any] = {}
    usage: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    pieces: dict[int, str] = {}
    for event in map(members, events):
        index = number(event.get("index"))
        match event.get("type"):
            case "message_start":
                message |= members(event.get("message"))
                usage |= members(message.get("usage"))
            case "content_block_start":
                blocks[index] = dict(members(event.get("content_block")))
            case "content_block_delta":
                delta = members(event.get("delta"))
                block = blocks.setdefault(index, {"type": "text"})
                if "text" in delta:
                    block["text"] = string(block.get("text")) + string(delta["text"])
                pieces[index] = pieces.get(index, "") + string(delta.get("partial_json"))
            case "message_delta":
                message |= members(event.get("delta"))
                # Counts so far; those of the prompt are repeated, or absent.
                usage |= {name: count for name, count in members(event.get("usage")).items() if count}
    for index, piece in pieces.items():
        if piece:
            blocks[index]["input"] = arguments(piece)
    if blocks or message:
        message |= {"content": [blocks[index] for index in sorted(blocks)], "usage": usage}
    return message


def _is_call(block: Any) -> bool:
    """Also of the tools that run at the provider (server_tool_use, mcp_tool_use)."""
    return str(members(block).get("type")).endswith("tool_use")


def _tool_calls(blocks: list[Mapping[str, Any]]) -> tuple[ToolCall, ...]:
    return tuple(
        ToolCall(string(block.get("name")), block.get("input"), string(block.get("id")) or None)
        for block in blocks
        if _is_call(block)
    )


def _usage(value: Any) -> Usage | None:
    counts = members(value)
    if not counts.keys() & {"input_tokens", "output_tokens"}:
        return None
    cached = number(counts.get("cache_read_input_tokens"))
    written = number(counts.get("cache_creation_input_tokens"))
    prompt = number(counts.get("input_tokens")) + written + cached
    return Usage(prompt, number(counts.get("output_tokens")), cached)


def read_completion(response: Any, events: Sequence[Any]) -> Answer | None:
    """The older text completions; each event holds a piece."""
    parts = [part for part in map(members, events or [response]) if "completion" in part]
    if not parts:
        return None
    return Answer(
        "".join(string(part["completion"]) for part in parts),
        finish_reason=string(parts[-1].get("stop_reason")) or None,
        model=string(parts[-1].get("model")) or None,
    )


def read_count(response: Any, _events: Sequence[Any]) -> Answer | None:
    """A count is no use of tokens: nothing is billed."""
    count = members(response).get("input_tokens")
    return None if count is None else Answer(f"{count} input tokens")


# --- the table ---------------------------------------------------------------------------------------


VOLATILE = ("metadata.user_id", "messages.*.content.*.signature")
"""An id that clients make up anew for each session, and what proves a thought to be the model's."""


def _operation(name: str, path: str, *prompt: str, **rest: Any) -> Operation:
    return Operation("anthropic", name, path + r"/?$", prompt, volatile=VOLATILE, **rest)


OPERATIONS = (
    _operation("messages", r"/v1/messages", "messages", messages=read_messages, answer=read_message),
    _operation(
        "count_tokens", r"/v1/messages/count_tokens", "messages", messages=read_messages, answer=read_count
    ),
    _operation(
        "batches", r"/v1/messages/batches(/[^/]+(/cancel|/results)?)?", "requests", methods=ANY_METHOD
    ),
    _operation("complete", r"/v1/complete", "prompt", answer=read_completion),
)

_BY_TYPE = {"message": "messages", "message_start": "messages", "completion": "complete"}


def _shape(_request: Mapping[str, Any], response: Mapping[str, Any], events: Sequence[Any]) -> str | None:
    first = events[0] if events and isinstance(events[0], dict) else {}
    for answer in (response, first):
        if answer.get("type") in _BY_TYPE:
            return _BY_TYPE[answer["type"]]
    if "completion" in response:
        return "complete"
    if isinstance(response.get("content"), list) or "stop_reason" in response:
        return "messages"
    return None


PROVIDER = Provider(
    name="anthropic",
    hosts=re.compile(r"(.+\.)?api\.anthropic\.com"),
    operations=OPERATIONS,
    anywhere=True,
    key_variables=("ANTHROPIC_API_KEY",),
    urls={"messages": f"{_API}/messages", "complete": f"{_API}/complete"},
    shape=_shape,
)
