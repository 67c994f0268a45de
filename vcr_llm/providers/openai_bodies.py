"""What is asked in the words of OpenAI's API, and what is answered.

Source: OpenAI API reference (platform.openai.com/docs/api-reference). Streams are server-sent events; chat
and completions send unnamed ones that end in [DONE], responses named ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vcr_llm.providers.answers import (
    Answer,
    Message,
    ToolCall,
    arguments,
    at,
    content_text,
    items,
    members,
    number,
    string,
)
from vcr_llm.providers.openai_usage import read_usage

__all__ = [
    "read_chat",
    "read_chat_messages",
    "read_completion",
    "read_input",
    "read_moderation",
    "read_numbers",
    "read_response",
    "read_transcript",
]

# --- what is asked -----------------------------------------------------------------------------------


def read_chat_messages(prompt: Mapping[str, Any], _rest: Mapping[str, Any]) -> tuple[Message, ...]:
    return tuple(
        Message(
            string(message.get("role")),
            content_text(message.get("content")),
            _chat_calls(message),
            string(message.get("tool_call_id")) or None,
        )
        for message in items(prompt.get("messages"))
    )


def read_input(prompt: Mapping[str, Any], _rest: Mapping[str, Any]) -> tuple[Message, ...]:
    instructions = content_text(prompt.get("instructions"))
    found = [Message("system", instructions)] if instructions else []
    if isinstance(prompt.get("prompt"), Mapping):
        found.append(Message("prompt", _kept_prompt(prompt["prompt"])))
    if isinstance(prompt.get("input"), str):
        found.append(Message("user", prompt["input"]))
    return (*found, *map(_item_message, items(prompt.get("input"))))


def _kept_prompt(prompt: Mapping[str, Any]) -> str:
    """A prompt that is kept at OpenAI: its id, and a line for each variable it is filled in with."""
    version = f" version {prompt['version']}" if prompt.get("version") else ""
    filled = [f"{name}: {content_text(value)}" for name, value in members(prompt.get("variables")).items()]
    return "\n".join([f"[{string(prompt.get('id'))}{version}]", *filled])


def _item_message(item: Mapping[str, Any]) -> Message:
    """One item of a Responses input: a message, a tool call, a tool's result, or something else."""
    kind = string(item.get("type"))
    if kind in _CALLS:
        return Message("assistant", "", (_item_call(item),))
    if kind.endswith("_call_output"):
        return Message(
            "tool", content_text(item.get("output")), result_of=string(item.get("call_id")) or None
        )
    if "role" in item:
        return Message(string(item["role"]), content_text(item.get("content")))
    return Message("assistant", f"[{kind or 'item'}]")  # what the model made earlier: reasoning, searches


# --- what is answered --------------------------------------------------------------------------------


def read_chat(response: Any, events: Sequence[Any]) -> Answer | None:
    """Of a chat; where a server answers a chat as a text completion, of that."""
    if any(at(part, "choices.*.text") for part in events or [response]):
        return read_completion(response, events)
    answer = _joined(events) if events else members(response)
    if "choices" not in answer:
        return None
    choice = members(next(iter(items(answer["choices"])), None))
    message = members(choice.get("message"))
    return _answer(
        answer,
        content_text(message.get("content")) or string(message.get("refusal")),
        _chat_calls(message),
        choice.get("finish_reason"),
    )


def read_completion(response: Any, events: Sequence[Any]) -> Answer | None:
    """The older text completions; a chunk of a stream looks like the whole."""
    parts = [part for part in map(members, events or [response]) if "choices" in part]
    choices = [choice for part in parts for choice in items(part["choices"]) if not choice.get("index")]
    if not parts:
        return None
    whole = {name: value for part in parts for name, value in part.items() if value is not None}
    reasons = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    return _answer(whole, "".join(string(choice.get("text")) for choice in choices), (), *reasons[-1:])


def read_response(response: Any, events: Sequence[Any]) -> Answer | None:
    answer = _last_response(events) if events else members(response)
    if not isinstance(answer.get("output"), list):
        return None
    output = items(answer["output"])
    parts = [part for item in output if item.get("type") == "message" for part in items(item.get("content"))]
    reason = members(answer.get("incomplete_details")).get("reason") or answer.get("status")
    return _answer(
        answer,
        "".join(string(part.get("text")) or string(part.get("refusal")) for part in parts),
        tuple(_item_call(item) for item in output if string(item.get("type")) in _CALLS),
        reason,
    )


def read_numbers(response: Any, _events: Sequence[Any]) -> Answer | None:
    """An answer without words (vectors, images): only what it cost."""
    answer = members(response)
    return _answer(answer, "") if "data" in answer else None


def read_moderation(response: Any, _events: Sequence[Any]) -> Answer | None:
    answer = members(response)
    if "results" not in answer:
        return None
    categories = [members(one) for one in at(answer, "results.*.categories")]
    flagged = dict.fromkeys(name for one in categories for name, value in one.items() if value is True)
    return _answer(answer, ", ".join(flagged) or "not flagged")


def read_transcript(response: Any, events: Sequence[Any]) -> Answer | None:
    done = [event for event in map(members, events) if event.get("type") == "transcript.text.done"]
    answer = done[-1] if done else members(response)
    return _answer(answer, string(answer["text"])) if "text" in answer else None


def _answer(
    answer: Mapping[str, Any], text: str, calls: tuple[ToolCall, ...] = (), reason: Any = None
) -> Answer:
    model = string(answer.get("model")) or None
    usage = answer.get("usage") or members(answer.get("x_groq")).get("usage")
    return Answer(text, calls, read_usage(usage), string(reason) or None, model)


def _chat_calls(message: Mapping[str, Any]) -> tuple[ToolCall, ...]:
    """The tool calls of a message; before there were tools it had at most one ``function_call``."""
    calls = items(message.get("tool_calls")) or [{"function": message.get("function_call")}]
    return tuple(
        ToolCall(string(part.get("name")), arguments(value), string(call.get("id")) or None)
        for call in calls
        for part in (members(call.get("function")) or members(call.get("custom")),)
        for value in (part.get("arguments", part.get("input")),)
        if part
    )


_CALLS = {"function_call": "arguments", "custom_tool_call": "input", "mcp_call": "arguments"}
"""Items of the Responses API that are tool calls, and where their arguments are."""


def _item_call(item: Mapping[str, Any]) -> ToolCall:
    value = arguments(item.get(_CALLS[item["type"]]))
    return ToolCall(string(item.get("name")), value, string(item.get("call_id")) or None)


def _joined(events: Sequence[Any]) -> Mapping[str, Any]:
    """The chat completion that a stream's chunks make up: its first choice, usage and model."""
    whole: dict[str, Any] = {}
    message: dict[str, Any] = {}
    calls: dict[int, dict[str, Any]] = {}
    reason = None
    for chunk in map(members, events):
        whole |= {name: value for name, value in chunk.items() if value is not None}
        for choice in items(chunk.get("choices")):
            if choice.get("index"):
                continue
            delta = members(choice.get("delta"))
            reason = choice.get("finish_reason") or reason
            for name in ("content", "refusal"):
                message[name] = string(message.get(name)) + content_text(delta.get(name))
            for call in items(delta.get("tool_calls")) or [{"function": delta.get("function_call")}]:
                _join_call(calls, call)
    if "choices" in whole:
        message["tool_calls"] = [calls[index] for index in sorted(calls)]
        whole["choices"] = [{"message": message, "finish_reason": reason}]
    return whole


def _join_call(calls: dict[int, dict[str, Any]], piece: Mapping[str, Any]) -> None:
    """Add a piece of a tool call: its id and name come once, its arguments in pieces."""
    for kind, text in (("function", "arguments"), ("custom", "input")):
        part = members(piece.get(kind))
        if part:
            call = calls.setdefault(number(piece.get("index")), {kind: {}})
            known = call.setdefault(kind, {})
            known["name"] = string(known.get("name")) or string(part.get("name"))
            known[text] = string(known.get(text)) + string(part.get(text))
            call["id"] = call.get("id") or piece.get("id")


def _last_response(events: Sequence[Any]) -> Mapping[str, Any]:
    """The response as its stream last tells it; of one cut short what had come until then."""
    response: dict[str, Any] = {}
    output: dict[int, dict[str, Any]] = {}
    for event in map(members, events):
        response |= members(event.get("response"))
        index = number(event.get("output_index"))
        match event.get("type"):
            case "response.output_item.added" | "response.output_item.done":
                output[index] = dict(members(event.get("item")))
            case "response.output_text.delta" | "response.refusal.delta":
                item = output.setdefault(index, {"type": "message"})
                content = items(item.get("content"))
                item["content"] = [*content, {"text": string(event.get("delta"))}]
            case "response.function_call_arguments.delta":
                item = output.setdefault(index, {"type": "function_call"})
                item["arguments"] = string(item.get("arguments")) + string(event.get("delta"))
    if not response.get("output") and output:
        response["output"] = [output[index] for index in sorted(output)]
    return response
