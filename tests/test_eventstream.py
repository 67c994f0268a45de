"""Amazon's event streams: events people can read, and the same bytes again, as botocore reads them."""

from __future__ import annotations

import json
from typing import Any
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import (
    BEDROCK_HEADERS,
    BOUNDED,
    amazon_message,
    amazon_streams,
    base64_of,
    damaged,
    json_objects,
    names,
)

from vcr_llm.streams import eventstream
from vcr_llm.streams.events import EventStream, StreamEvent
from vcr_llm.streams.eventstream import Framing
from vcr_llm.streams.jsonstyle import Style

DELTA = {"contentBlockIndex": 0, "delta": {"text": "Hel"}}


def message(payload: str, name: str = "chunk") -> bytes:
    return amazon_message(((":event-type", name), *BEDROCK_HEADERS[1:]), payload.encode())


def botocore_reads(raw: bytes) -> list[tuple[dict[str, Any], bytes]]:
    """Headers and payload of each message as botocore's own parser has them, checksums verified."""
    buffer = EventStreamBuffer()
    buffer.add_data(raw)
    return [(found.headers, found.payload) for found in buffer]


def event_of(raw: bytes) -> StreamEvent:
    stream = eventstream.parse(raw)
    assert stream is not None
    assert eventstream.build(stream) == raw
    (event,) = stream.events
    return event


def test_a_converse_event_is_its_name_and_its_json() -> None:
    padded = {**DELTA, "p": "abcdefghijklmnopqrstuvwxyzABC"}
    raw = message(json.dumps(padded, separators=(",", ":")), "contentBlockDelta")
    assert event_of(raw) == StreamEvent({**DELTA, "p": 29}, "contentBlockDelta")


def test_what_is_base64_on_the_wire_is_json_or_text_here() -> None:
    inner = '{"type":"message_start"}'
    assert event_of(message(f'{{"bytes":"{base64_of(inner)}","p":"ab"}}')).data == {
        "bytes": {"type": "message_start"},
        "p": 2,
    }
    assert event_of(message(f'{{"bytes":"{base64_of("Hello, é")}"}}')).data == {"bytes": "Hello, é"}
    # JSON that no writer spells like this stays the text it is.
    odd = '{"score": 1.0E-5}'
    assert event_of(message(f'{{"bytes":"{base64_of(odd)}"}}')).data == {"bytes": odd}


def test_json_inside_may_be_spelled_in_another_way_throughout() -> None:
    inner = [json.dumps({"text": text, "stop": None}) for text in ("café", "<br>")]
    raw = b"".join(message(f'{{"bytes":"{base64_of(text)}"}}') for text in inner)
    stream = eventstream.parse(raw)
    assert stream is not None
    assert stream.framing.json == Style(spaced=True, escaped="ascii")
    assert stream.events[0].data == {"bytes": {"text": "café", "stop": None}}
    assert eventstream.build(stream) == raw


@pytest.mark.parametrize(
    "payload",
    [
        *('{"bytes":"no base64"}', '{"bytes":"/w=="}', '{"bytes":"aGk"}', '{"bytes":"aGl="}'),
        *('{"bytes":{"a":1}}', '{"p":3}', '{"a": 1}', '{"a":1,"a":2}', '{"a":1E5}', '{"a":NaN}'),
        *("plain text", "", '"text"', "[1]x"),
    ],
)  # fmt: skip
def test_a_payload_that_would_come_out_differently_is_a_text(payload: str) -> None:
    assert event_of(message(payload)).data == payload


def test_padding_that_is_something_else_stays() -> None:
    assert event_of(message('{"p":"xyz"}')).data == {"p": "xyz"}
    assert event_of(message('{"p":""}')).data == {"p": 0}
    assert event_of(message('{"p":null,"a":1}')).data == '{"p":null,"a":1}'


def test_headers_that_all_messages_share_are_framing() -> None:
    """SageMaker's payload parts are text under another type."""
    headers = ((":message-type", "event"), (":event-type", "PayloadPart"), (":content-type", "application/x"))
    raw = amazon_message(headers, b"data: 1\n\n") + amazon_message(headers, b"data: 2\n\n")
    stream = eventstream.parse(raw)
    assert stream is not None
    assert [event.headers for event in stream.events] == [None, None]
    assert stream.framing.headers == {**dict(headers), ":event-type": ""}
    assert [(event.event, event.data) for event in stream.events] == [
        ("PayloadPart", "data: 1\n\n"),
        ("PayloadPart", "data: 2\n\n"),
    ]
    assert eventstream.build(stream) == raw


def test_a_message_with_headers_of_its_own_keeps_them() -> None:
    headers = ((":exception-type", "throttlingException"), (":message-type", "exception"))
    raw = message("{}", "messageStart") + amazon_message(headers, b'{"message":"Too many requests"}')
    stream = eventstream.parse(raw)
    assert stream is not None
    assert stream.events[1] == StreamEvent({"message": "Too many requests"}, headers=dict(headers))
    assert eventstream.build(stream) == raw


GOOD = message('{"role":"assistant"}', "messageStart")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        GOOD[:-1],
        GOOD[:10],
        GOOD + b"\0",
        GOOD + GOOD[:30],
        GOOD[:-4] + b"\0\0\0\0",
        GOOD[:8] + b"\0\0\0\0" + GOOD[12:],
        amazon_message(BEDROCK_HEADERS, b"\xff\xfe"),
        amazon_message((*BEDROCK_HEADERS, BEDROCK_HEADERS[0]), b"{}"),
    ],
)
def test_what_could_not_be_given_back_is_no_stream(raw: bytes) -> None:
    assert eventstream.parse(raw) is None


def test_a_header_that_is_no_text_is_refused() -> None:
    raw = bytearray(amazon_message((("a", ""),), b""))
    raw[14] = 4  # an integer, says its type now
    changed = bytes(raw[:-4])
    assert eventstream.parse(changed + crc32(changed).to_bytes(4, "big")) is None


@BOUNDED
@given(amazon_streams | damaged(amazon_streams) | st.binary(max_size=64))
@example(GOOD)
def test_what_is_parsed_is_built_again_byte_for_byte(raw: bytes) -> None:
    stream = eventstream.parse(raw)
    if stream is not None:
        assert eventstream.build(stream) == raw
        assert len(botocore_reads(raw)) == len(stream.events)


@BOUNDED
@given(amazon_streams, st.data())
def test_a_stream_cut_short_is_parsed_only_between_messages(raw: bytes, data: st.DataObject) -> None:
    cut = raw[: data.draw(st.integers(0, len(raw) - 1))]
    stream = eventstream.parse(cut)
    assert stream is None or eventstream.build(stream) == cut


@BOUNDED
@given(st.lists(st.tuples(names, json_objects), min_size=1, max_size=4))
def test_botocore_reads_what_is_built(found: list[tuple[str, dict[str, Any]]]) -> None:
    """Of events by hand too: lengths and checksums are right, and the payload is what was said."""
    events = tuple(StreamEvent(data, name) for name, data in found if not data.keys() & {"bytes", "p"})
    read = botocore_reads(eventstream.build(EventStream(events, Framing())))
    assert [(headers[":event-type"], json.loads(payload)) for headers, payload in read] == [
        (event.event, event.data) for event in events
    ]
    assert all(headers[":message-type"] == "event" for headers, _ in read)


def test_events_by_hand_are_built() -> None:
    data = {"bytes": {"text": "é"}, "p": 3}
    event = StreamEvent(data)
    ((headers, payload),) = botocore_reads(eventstream.build(EventStream((event,), Framing())))
    assert headers[":event-type"] == ""
    assert json.loads(payload) == {"bytes": base64_of('{"text":"é"}'), "p": "abc"}
    longest = eventstream.build(EventStream((StreamEvent({"p": 99}), StreamEvent({"p": -1})), Framing()))
    assert [len(json.loads(payload)["p"]) for _, payload in botocore_reads(longest)] == [62, 0]
