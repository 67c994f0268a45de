"""What was asked and what was answered, in the same words for every provider: texts, tool calls, tokens.

A provider's file turns its JSON into these values, one pair of functions per operation (see
`ReadMessages` and `ReadAnswer`). Recordings are trimmed and edited by hand, cut short and answered by
servers that only resemble the original, so a reader takes what it recognises and leaves out the rest; it
never raises. The small functions at the end give every odd value an empty one of the expected kind.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "Answer",
    "Message",
    "Places",
    "ReadAnswer",
    "ReadMessages",
    "ToolCall",
    "Usage",
    "answer_at",
    "arguments",
    "at",
    "content_text",
    "field_texts",
    "items",
    "members",
    "no_answer",
    "number",
    "string",
]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's call of a tool. ``arguments``: the parsed JSON value, or the text where it is no JSON.

    ``id``: by which the tool's result names the call, None where the provider has none.
    """

    name: str
    arguments: Any
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as billed. 0 where the provider does not say.

    ``prompt`` is all of the prompt and ``cached`` the part of it that was read from the provider's cache;
    ``completion`` is all that was generated and ``reasoning`` the part of it that was thought.
    """

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What one response says; of several choices the first.

    ``text`` is "" where the model only called tools (or answered with numbers). ``usage`` is None where
    the response does not say. ``finish_reason`` and ``model`` are the provider's own words.
    """

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage | None = None
    finish_reason: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a request.

    ``role``: the provider's word; ``system`` for instructions that stand beside the messages, ``tool``
    for a tool's result, and the field's name (``input``, ``prompt``) where there are no roles.
    ``text``: parts that are no text (images, files, thoughts) stand as their type in brackets.
    ``result_of``: the id of the tool call that this is the result of.
    """

    role: str
    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    result_of: str | None = None


ReadMessages = Callable[[Mapping[str, Any], Mapping[str, Any]], tuple[Message, ...]]
"""(the fields of a request's body that are its prompt, the other fields) → its messages, in order."""

ReadAnswer = Callable[[Any, Sequence[Any]], "Answer | None"]
"""(the JSON value of a response or None, the data of its stream's events) → what it says.

One of the two is empty. None for what is no answer of the operation (an error, another shape).
"""


def no_answer(_response: Any, _events: Sequence[Any]) -> Answer | None:
    """For operations whose responses say nothing in words or tokens."""
    return None


def field_texts(prompt: Mapping[str, Any], _rest: Mapping[str, Any]) -> tuple[Message, ...]:
    """For operations without roles: a message per text, with the field's name in place of a role."""
    return tuple(
        Message(name, _field_text(text))
        for name, value in prompt.items()
        for text in (value if isinstance(value, list) and _are_texts(value) else [value])
        if name != "?"  # no field: see `Call.read`
    )


def _field_text(value: Any) -> str:
    """A field's text; of an object that is no part of a message (variables of a prompt) a line per member."""
    if isinstance(value, Mapping) and not value.keys() & {"text", "type"}:
        return "\n".join(f"{name}: {content_text(member)}" for name, member in value.items())
    return content_text(value)


def _are_texts(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


# --- answers of a simple shape -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Places:
    """Where an answer keeps its parts: paths (see `at`) from the top of the response, or of each event.

    Of several paths the first that leads to something counts. Texts are joined; of numbers a stream's
    largest counts (some repeat them, growing or as 0), of the rest what it says last. ``needs``: where
    something must be for it to be an answer, ``text`` unless named.
    """

    text: tuple[str, ...] = ()
    prompt: tuple[str, ...] = ()
    completion: tuple[str, ...] = ()
    cached: tuple[str, ...] = ()
    reasoning: tuple[str, ...] = ()
    reason: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


def at(value: Any, path: str) -> list[Any]:
    """What is at a path such as ``results.*.text``: ``*`` is each item of a list, "" the value itself."""
    found = [value]
    for step in path.split(".") if path else ():
        if step == "*":
            found = [item for one in found if isinstance(one, list) for item in one]
        else:
            found = [one[step] for one in found if isinstance(one, Mapping) and one.get(step) is not None]
    return found


def answer_at(places: Places) -> ReadAnswer:
    """The reader of answers that have their parts at these places."""

    def read(response: Any, events: Sequence[Any]) -> Answer | None:
        parts = list(events) or [response]
        if not any(at(part, path) for part in parts for path in places.needs or places.text):
            return None
        counts = (places.prompt, places.completion, places.cached, places.reasoning)
        known = [[number(found[0]) for part in parts if (found := _first(part, paths))] for paths in counts]
        return Answer(
            "".join(string(text) for part in parts for text in _first(part, places.text)),
            (),
            Usage(*(max(found, default=0) for found in known)) if any(known) else None,
            _last(parts, places.reason),
            _last(parts, places.model),
        )

    return read


def _first(part: Any, paths: Sequence[str]) -> list[Any]:
    return next((found for path in paths if (found := at(part, path))), [])


def _last(parts: Sequence[Any], paths: Sequence[str]) -> str | None:
    texts = [string(text) for part in parts for text in _first(part, paths)[:1]]
    return next((text for text in reversed(texts) if text), None)


# --- odd shapes --------------------------------------------------------------------------------------


def members(value: Any) -> Mapping[str, Any]:
    """A JSON object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Mapping[str, Any]]:
    """The objects in a JSON list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def string(value: Any) -> str:
    """A text, or ""."""
    return value if isinstance(value, str) else ""


def number(value: Any) -> int:
    """A count, or 0. Some servers count in floats."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return 0
    return int(value)


def arguments(text: Any) -> Any:
    """The value of a tool call's arguments sent as JSON text; the text itself where it is no JSON."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError):
        return text


def content_text(content: Any) -> str:
    """The text of a message's content: a text, or parts of which those that are no text stand in brackets."""
    if isinstance(content, list):
        if content and not any(isinstance(part, str | Mapping) for part in content):
            return f"[{len(content)} values]"  # a prompt that was sent as token numbers
        return "\n".join(map(_part_text, content))
    return "" if content is None else _part_text(content)


def _part_text(part: Any) -> str:
    if isinstance(part, str):
        return part
    named = members(part)
    if isinstance(named.get("text"), str):
        return string(named["text"])
    return f"[{string(named.get('type')) or string(named.get('filename')) or type(part).__name__}]"
