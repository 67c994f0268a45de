"""Gemini's Interactions API: what is asked and what is answered, step by step.

Source: ai.google.dev/gemini-api/docs/interactions. An interaction has ``steps`` (thoughts, calls of tools,
the model's output); its first version had ``outputs`` in their place, and its stream ``content.delta``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vcr_llm.providers.answers import (
    Answer,
    Message,
    ToolCall,
    Usage,
    arguments,
    at,
    content_text,
    items,
    members,
    number,
    string,
)

__all__ = ["read_answer", "read_messages"]


def read_messages(prompt: Mapping[str, Any], _rest: Mapping[str, Any]) -> tuple[Message, ...]:
    system = content_text(prompt.get("system_instruction"))
    found = [Message("system", system)] if system else []
    asked = prompt.get("input")
    turns = items(asked)
    if not any("role" in turn or turn.get("type") == "function_result" for turn in turns):
        return (*found, Message("user", content_text([asked] if isinstance(asked, Mapping) else asked)))
    for turn in turns:
        if turn.get("type") == "function_result":
            result = content_text(turn.get("result"))
            found.append(Message("tool", result, result_of=string(turn.get("call_id")) or None))
        else:
            found.append(Message(string(turn.get("role")) or "user", content_text(turn.get("content"))))
    return tuple(found)


def read_answer(response: Any, events: Sequence[Any]) -> Answer | None:
    """An interaction that runs in the background has no answer yet, only its status."""
    answer = _joined(events) if events else members(response)
    if "status" not in answer:
        return None
    steps = items(answer.get("steps")) or items(answer.get("outputs"))
    texts = [
        string(text)
        for step in steps
        if step.get("type") in ("model_output", "text")
        for text in (at(step, "content.*.text") or at(step, "text"))
    ]
    model = string(answer.get("model")) or string(answer.get("agent")) or None
    return Answer("".join(texts), _calls(steps), _usage(answer), string(answer["status"]) or None, model)


def _calls(steps: list[Mapping[str, Any]]) -> tuple[ToolCall, ...]:
    return tuple(
        ToolCall(string(step.get("name")), arguments(step.get("arguments")), string(step.get("id")) or None)
        for step in steps
        if step.get("type") == "function_call"
    )


def _usage(answer: Mapping[str, Any]) -> Usage | None:
    counts = members(answer.get("usage"))
    if "total_input_tokens" not in counts:
        return None
    thought = number(counts.get("total_thought_tokens"))
    return Usage(
        number(counts["total_input_tokens"]) + number(counts.get("total_tool_use_tokens")),
        number(counts.get("total_output_tokens")) + thought,
        number(counts.get("total_cached_tokens")),
        thought,
    )


def _joined(events: Sequence[Any]) -> Mapping[str, Any]:
    """The interaction that a stream's events make up."""
    whole: dict[str, Any] = {}
    steps: dict[int, dict[str, Any]] = {}
    for event in map(members, events):
        whole |= members(event.get("interaction"))
        index = number(event.get("index"))
        if "step" in event or "content" in event:
            steps[index] = {**members(event.get("step") or event.get("content"))}
        delta = members(event.get("delta"))
        if delta:
            step = steps.setdefault(index, {})
            step.setdefault("type", delta.get("type"))
            _add(step, delta)
    if steps:
        whole["steps"] = [steps[index] for index in sorted(steps)]
    return whole


def _add(step: dict[str, Any], delta: Mapping[str, Any]) -> None:
    """A piece of a step: of its text, of a call's arguments, or a call that comes whole."""
    if delta.get("type") == "text":
        step["content"] = [*items(step.get("content")), {"text": string(delta.get("text"))}]
    elif delta.get("type") == "function_call":
        step |= delta
    elif "arguments" in str(delta.get("type")):
        piece = delta.get("partial_arguments", delta.get("arguments"))
        before = step.get("arguments")
        step["arguments"] = (before if isinstance(before, str) else "") + string(piece)
