"""A stream of server-sent events is held as values that give it back, or not at all."""

from __future__ import annotations

import json
import re
from typing import Any

import anthropic._streaming
import openai._streaming
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import BOUNDED, event_streams, json_values, names, odd_streams, typed

from vcr_llm import jsontext
from vcr_llm.streams import sse
from vcr_llm.streams.events import EventStream, StreamEvent
from vcr_llm.streams.sse import Framing

pytestmark = pytest.mark.sdk


def meaning(data: str) -> tuple[str, str]:
    """An event's data without what is allowed to change: padding around, and in, the JSON value."""
    try:
        return "json", typed(json.loads(data))
    except ValueError:
        return "text", data.strip(" ")


def whatwg(raw: bytes) -> list[tuple[Any, ...]]:
    """What WHATWG HTML 9.2.6 "Interpreting an event stream" does with a stream, and the comments in it.

    The last item is what was waiting for its blank line when the stream ended.
    """
    found: list[tuple[Any, ...]] = []
    data: list[str] = []
    event = last_id = ""
    for line in re.split("\r\n|\n|\r", raw.decode("utf-8").removeprefix("\ufeff")):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if line == "":
            if data:
                found.append(("event", event or "message", meaning("\n".join(data)), last_id))
            data, event = [], ""
        elif name == "":
            found.append(("comment", value))
        elif name == "event":
            event = value
        elif name == "data":
            data.append(value)
        elif name == "id" and "\0" not in value:
            last_id = value
        elif name == "retry" and re.fullmatch("[0-9]+", value):
            found.append(("retry", int(value)))
    return [*found, ("waiting", event, meaning("\n".join(data)), last_id)]


def decoded(decoder: Any, raw: bytes) -> list[tuple[Any, ...]]:
    """The events as one of the SDKs' own decoders hands them out."""
    events = decoder.iter_bytes(iter([raw]))
    return [(event.event, meaning(event.data), event.id, event.retry) for event in events]


def check(raw: bytes) -> EventStream[Framing] | None:
    stream = sse.parse(raw)
    if stream is None:
        return None
    rebuilt = sse.build(stream)
    assert sse.parse(rebuilt) == stream
    assert whatwg(rebuilt) == whatwg(raw)
    for sdk in (anthropic, openai):
        assert decoded(sdk._streaming.SSEDecoder(), rebuilt) == decoded(sdk._streaming.SSEDecoder(), raw)
    assert [typed(event.data) for event in stream.events] == [
        typed("[DONE]" if text == "[DONE]" else json.loads(text)) for text in data_texts(raw)
    ]
    return stream


def data_texts(raw: bytes) -> list[str]:
    """The data of all events, also of one that lacks its blank line, by the reference parser."""
    *items, waiting = whatwg(raw)
    events = [item[2] for item in items if item[0] == "event"] + ([waiting[2]] if waiting[2][1] else [])
    return [text for _, text in events]


@BOUNDED
@given(event_streams())
def test_an_orderly_stream_is_held_as_events_that_give_it_back(raw: bytes) -> None:
    assert check(raw) is not None


@BOUNDED
@given(odd_streams())
@example(b"\xef\xbb\xbfdata: 1\n\ndata: 2\n\n")
@example(b"data: 1\r\rdata: 2\n\n")
@example(b"event: a\n\ndata: 1\n\n\n")
@example(b": before\ndata: 1\n: inside\n\n")
def test_any_lines_are_held_as_events_that_give_them_back_or_not_at_all(raw: bytes) -> None:
    check(raw)


@BOUNDED
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_held_as_events_that_give_them_back_or_not_at_all(raw: bytes) -> None:
    check(raw)


@BOUNDED
@given(st.lists(st.tuples(st.none() | names, json_values()), min_size=1, max_size=4), st.booleans())
def test_a_canonical_stream_is_the_same_bytes_again(
    events: list[tuple[str | None, Any]], is_done: bool
) -> None:
    lines = [
        f"{'' if name is None else f'event: {name}'}\n".lstrip("\n") + f"data: {jsontext.compact(value)}\n\n"
        for name, value in events
        if value != "[DONE]"
    ]
    raw = "".join([*lines, "data: [DONE]\n\n"] if is_done or not lines else lines).encode()
    stream = check(raw)
    assert stream is not None
    assert stream.framing == Framing()
    assert sse.build(stream) == raw


@pytest.mark.parametrize(
    ("raw", "events"),
    [
        (b'data: {"a": 1}\n\n', [StreamEvent({"a": 1})]),
        (b"data: [DONE]\n\n", [StreamEvent("[DONE]")]),
        (b"event: e\ndata: {}\nid: 1\nretry: 5\n\n", [StreamEvent({}, "e", "1", "5")]),
        (b"data: [1,\ndata: 2]\n\n", [StreamEvent([1, 2])]),
        (b"data: 1\r\n\r\ndata: 2\r\n\r\n", [StreamEvent(1), StreamEvent(2)]),
        (b"data: 1\r\rdata: 2\r\r", [StreamEvent(1), StreamEvent(2)]),
        (b"data: 1\n\ndata: 2", [StreamEvent(1), StreamEvent(2)]),
        (b": ping\n\ndata: 1\n\n: ping\n\n", [StreamEvent(1)]),
        (b"event:\ndata:1\n\n", [StreamEvent(1, "")]),
        (b"\n\n\ndata: 1\n\n", [StreamEvent(1)]),
    ],
)
def test_the_events_of_a_stream(raw: bytes, events: list[StreamEvent]) -> None:
    stream = check(raw)
    assert stream is not None
    assert list(stream.events) == events


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "no event"),
        (b": only a comment\n\n", "no event"),
        (b"event: lone\n\n", "no event"),
        (b"data: 1\n\rdata: 2\n\n", "mixed line endings"),
        (b"data: 1\r\n\r\ndata: 2\n\n", "mixed line endings"),
        (b"data: 1\n: comment\n\n", "a comment inside an event"),
        (b"data: 1\nfield: x\n\n", "a field without meaning"),
        (b"event: a\nevent: b\ndata: 1\n\n", "a field twice"),
        (b"data: [1,\nid: 4\ndata: 2]\n\n", "data in two places"),
        (b"data: no JSON\n\n", "data that is no JSON"),
        (b"data:\n\n", "empty data"),
        (b'data: {"a": 1, "a": 2}\n\n', "a key twice"),
        (b"data: NaN\n\n", "NaN"),
        (b"data: 1e999\n\n", "a number too large"),
        (b'data: "[DONE]"\n\n', "the word [DONE] as a JSON string"),
        (b"event: a\ndata: 1\n\ndata: 2\nevent: b\n\n", "different orders"),
        (b"\xef\xbb\xbfdata: 1\n\n", "a byte order mark"),
        (b"data: \xff\n\n", "no UTF-8"),
        (b"data: " + b"[" * 101 + b"]" * 101 + b"\n\n", "too deep"),
    ],
)
def test_a_stream_that_events_could_not_give_back_is_not_parsed(raw: bytes, why: str) -> None:
    assert sse.parse(raw) is None


def test_a_field_with_half_a_character_is_built_without_error() -> None:
    raw = sse.build(EventStream((StreamEvent("\ud800", "\ud800"),), Framing()))
    assert raw == b'event: \xed\xa0\x80\ndata: "\\ud800"\n\n'
    assert sse.parse(raw) is None


def test_a_lone_event_of_several_lines_keeps_no_line_ending_that_it_does_not_have() -> None:
    stream = sse.parse(b"data: [\r\ndata: null\r\ndata: ]")
    assert stream is not None
    assert sse.parse(sse.build(stream)) == stream
