"""Server-sent events: bytes to stream events and back.

Source: WHATWG HTML, section 9.2 "Server-sent events". A stream is lines; a line that starts with a
colon is a comment; the others are fields, of which ``event``, ``data``, ``id`` and ``retry`` mean
something; a blank line ends an event. Providers put one JSON value into each event's data, or the
word [DONE].

An `EventStream` is that stream as values: the events people read (``data`` is the parsed JSON value or
`DONE`; ``event``, ``id`` and ``retry`` are the texts of those fields), and a `Framing` with what the event
list has no room for (line endings, comments, an unusual order of fields, an unusual end).
``build(parse(raw))`` gives the same fields, comments and blank lines in the same order, with equal
JSON values; only padding inside the data, and whether a space follows a colon, is not kept. Where that
cannot be promised (data that is no JSON, a comment inside an event, mixed line endings, ...) `parse`
answers None, and the caller keeps the raw text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any, Final

from vcr_llm import jsontext
from vcr_llm.streams.events import EventStream, StreamEvent

__all__ = [
    "DONE",
    "FIELDS",
    "Framing",
    "before_data",
    "build",
    "build_usual",
    "data_texts",
    "looks_like_it",
    "parse",
]

DONE: Final = "[DONE]"
"""The one data text that is no JSON: OpenAI's end of stream."""

FIELDS: Final = ("event", "id", "retry", "data")
"""The order in which an event's fields are written unless the framing says otherwise."""

_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Framing:
    """What the list of events cannot hold; the defaults are an ordinary stream.

    ``newline``: the line ending. ``fields``: the order of an event's fields. ``between``: pairs of
    (number of the following event, lines) for comments, blank lines and fields that dispatch no
    event. ``end``: the text after the last data line, None for the usual two line endings.
    """

    newline: str = "\n"
    fields: tuple[str, ...] = FIELDS
    between: tuple[tuple[int, tuple[str, ...]], ...] = ()
    end: str | None = None


class _Lossy(Exception):
    """The stream has something that events and framing could not give back."""


def looks_like_it(raw: bytes) -> bool:
    """Whether bytes of no such type may be server-sent events: they begin with a field or a comment."""
    return raw.startswith((b"data:", b"event:", b":"))


def parse(raw: bytes) -> EventStream[Framing] | None:
    """The events of a stream, or None where a part of it would be lost (or there is no event)."""
    try:
        return _parse(raw.decode("utf-8"))
    except (UnicodeDecodeError, _Lossy, jsontext.LossyJsonError):
        return None


def data_texts(raw: bytes) -> list[str]:
    """The data of each event as the text it is, JSON or not; of a stream cut short too."""
    found: list[str] = []
    data: list[str] = []
    for line in _LINE_END.split(raw.decode("utf-8", "replace")):
        name, value = _field(line)
        if name == "data":
            data.append(value)
        elif not line and data:
            found.append("\n".join(data))
            data = []
    return [*found, "\n".join(data)] if data else found


def _parse(text: str) -> EventStream[Framing]:
    if text.startswith("\ufeff"):
        raise _Lossy("a byte order mark, which belongs to no line")
    ending = _LINE_END.search(text)
    newline = ending.group() if ending else "\n"
    lines = text.split(newline)
    if text.count("\r") + text.count("\n") > (len(lines) - 1) * len(newline):
        raise _Lossy("mixed line endings")
    events: list[StreamEvent] = []
    orders: list[tuple[str, ...]] = []
    between: list[tuple[int, tuple[str, ...]]] = []
    end: list[str] = []
    for block, after in _blocks(lines):
        if not any(line.startswith("data:") or line == "data" for line in block):
            end += [*block, *after]
            continue
        # What stood between the last event's closing blank line and this event.
        if events:
            end = end[1:]
        if end:
            between.append((len(events), tuple(end)))
        event, order = _event(block)
        events.append(event)
        orders.append(order)
        end = list(after)
    if not events:
        raise _Lossy("no event")
    tail = None if end == ["", ""] else newline.join(["", *end])
    stream = EventStream(tuple(events), Framing(newline, _common_order(orders), tuple(between), tail))
    if newline != "\n" and newline.encode() not in build(stream):
        # The data was several lines and is one now: there is no line ending left that could be told.
        return replace(stream, framing=replace(stream.framing, newline="\n"))
    return stream


def _blocks(lines: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """The lines in groups: (fields that belong together, the blank line or comment that follows)."""
    block: list[str] = []
    for line in lines:
        if line and not line.startswith(":"):
            block.append(line)
        elif block and line:
            raise _Lossy("a comment inside an event")
        else:
            yield block, [line]
            block = []
    if block:
        yield block, []


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.removeprefix(" ")


def _event(block: list[str]) -> tuple[StreamEvent, tuple[str, ...]]:
    if len(block) == 1:  # its data: most events have nothing else
        return StreamEvent(_data(_field(block[0])[1])), _DATA_ALONE
    texts: dict[str, str] = {}
    previous = ""
    for line in block:
        name, value = _field(line)
        if name not in FIELDS:
            raise _Lossy("a field without meaning")
        if name not in texts:
            texts[name] = value
        elif name == previous == "data":
            texts[name] += "\n" + value
        else:
            raise _Lossy("a field twice")
        previous = name
    data = _data(texts["data"])
    return StreamEvent(data, texts.get("event"), texts.get("id"), texts.get("retry")), tuple(texts)


_DATA_ALONE: Final = ("data",)


def _data(text: str) -> Any:
    if text.startswith("{"):
        return jsontext.parse(text)
    word = text.strip(" ")
    data = DONE if word == DONE else jsontext.parse(text)
    if data == DONE and word != DONE:
        raise _Lossy("the word [DONE] as a JSON string")
    return data


def _common_order(orders: list[tuple[str, ...]]) -> tuple[str, ...]:
    """One order of fields of which each event's order is a part."""
    found = set(orders)
    for candidate in permutations(FIELDS):  # the first is FIELDS itself
        if all(tuple(name for name in candidate if name in order) == order for order in found):
            return candidate
    raise _Lossy("events with their fields in different orders")


def build(stream: EventStream[Framing]) -> bytes:
    """The bytes of a stream, its JSON data without padding."""
    framing = stream.framing
    between = dict(framing.between)
    lines: list[str] = []
    for number, event in enumerate(stream.events):
        if number:
            lines.append("")
        if between:
            lines += between.get(number, ())
        lines += _event_lines(event, framing.fields)
    end = framing.newline * 2 if framing.end is None else framing.end
    return (framing.newline.join(lines) + end).encode("utf-8", "surrogatepass")


def build_usual(events: Sequence[Mapping[str, Any]]) -> bytes:
    """The same of a stream whose framing is the usual one, its events as mappings without what is None."""
    try:
        return _usual_text(events, jsontext.shallow).encode()
    except (RecursionError, UnicodeEncodeError):
        return _usual_text(events, jsontext.compact).encode("utf-8", "surrogatepass")


def _usual_text(events: Sequence[Mapping[str, Any]], dump: Callable[[Any], str]) -> str:
    texts: list[str] = []
    for event in events:
        data = event["data"]
        text = DONE if data == DONE else dump(data)
        texts.append(f"data: {text}\n\n" if len(event) == 1 else f"{before_data(event)}data: {text}\n\n")
    return "".join(texts)


def before_data(event: Mapping[str, Any]) -> str:
    """The lines of such an event that stand before its data."""
    if len(event) == 1:
        return ""
    return "".join(f"{name}: {event[name]}\n" for name in FIELDS if name in event and name != "data")


def _text(data: Any) -> str:
    return DONE if data == DONE else jsontext.compact(data)


def _event_lines(event: StreamEvent, order: tuple[str, ...]) -> Iterator[str]:
    for name in order:
        value = getattr(event, name)
        if name == "data":
            yield f"data: {_text(value)}"
        elif value is not None:
            yield f"{name}: {value}"
