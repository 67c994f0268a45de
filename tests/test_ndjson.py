"""Lines of JSON and Google's arrays: events people can read, and the same bytes again."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import BOUNDED, damaged, google_arrays, json_lines

from vcr_llm import streams
from vcr_llm.streams import jsonarray, ndjson
from vcr_llm.streams.jsonstyle import COMPACT, Style


def data_of(raw: bytes) -> list[object]:
    stream = ndjson.parse(raw)
    assert stream is not None
    assert ndjson.build(stream) == raw
    return [event.data for event in stream.events]


def test_each_line_is_an_event() -> None:
    assert data_of(b'{"done":false}\n{"done":true}\n') == [{"done": False}, {"done": True}]
    assert data_of(b'{"a":1}\r\n[2]') == [{"a": 1}, [2]]


@pytest.mark.parametrize(
    ("lines", "style"),
    [
        (b'{"a":"\xc3\xa9 <b>"}\n', COMPACT),
        (b'{"a": 1, "b": "<\xc3\xa9>"}\n', Style(spaced=True)),
        (b'{"a": 1}\n{"b": "\\u00e9"}\n', Style(spaced=True, escaped="ascii")),
        # As Ollama does: the first line does not show it yet.
        (b'{"a":1}\n{"b":"\\u003cthink\\u003e \xc3\xa9"}\n', Style(escaped="html")),
    ],
)
def test_the_spelling_is_told_from_all_lines(lines: bytes, style: Style) -> None:
    stream = ndjson.parse(lines)
    assert stream is not None
    assert stream.framing.json == style
    assert not any(isinstance(event.data, str) for event in stream.events)
    assert ndjson.build(stream) == lines


def test_a_line_nobody_would_write_is_a_text() -> None:
    assert data_of(b'{"a":1}\n{"b" : 2}\n{"a":1,"a":2}\n\n{"c":3}') == [
        {"a": 1},
        '{"b" : 2}',
        '{"a":1,"a":2}',
        "",
        {"c": 3},
    ]


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"plain\n", b'{"a":1}\nplain\n', b'"text"\n', b"\xff", b"{\n"])
def test_what_is_no_lines_of_json_is_no_stream(raw: bytes) -> None:
    assert ndjson.parse(raw) is None


@BOUNDED
@given(json_lines() | damaged(json_lines()) | st.binary(max_size=20))
@example(b"{}\n\n\n")
def test_lines_are_built_again_byte_for_byte(raw: bytes) -> None:
    stream = ndjson.parse(raw)
    assert stream is None or ndjson.build(stream) == raw


CHUNKS = b'[{\n  "candidates": []\n}\n,\r\n{\n  "usageMetadata": {\n    "x": 1\n  }\n}\n]'


def test_googles_array_is_a_stream_of_its_elements() -> None:
    stream = jsonarray.parse(CHUNKS)
    assert stream is not None
    assert [event.data for event in stream.events] == [{"candidates": []}, {"usageMetadata": {"x": 1}}]
    assert jsonarray.build(stream) == CHUNKS


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"[]", b"[{}]", b"[\n  {\n    \"a\": 1\n  }\n]", json.dumps([{"a": 1}], indent=2).encode()),
        *(b'[{\n  "a": 1\n},{\n  "b": 2\n}\n]', b'[{\n  "a": NaN\n}\n]', b'[{"a":1}\n]'),
        *(b"\xff", CHUNKS[:-1]),
    ],
)  # fmt: skip
def test_any_other_array_is_not(raw: bytes) -> None:
    assert jsonarray.parse(raw) is None


@BOUNDED
@given(google_arrays() | damaged(google_arrays()) | st.binary(max_size=20))
def test_arrays_are_built_again_byte_for_byte(raw: bytes) -> None:
    stream = jsonarray.parse(raw)
    assert stream is None or jsonarray.build(stream) == raw


# --- the table ---------------------------------------------------------------------------------------

SSE = b'data: {"a":1}\n\n'
LINES = b'{"a":1}\n{"a":2}\n'


@pytest.mark.parametrize(
    ("raw", "content_type", "name"),
    [
        (SSE, "text/event-stream; charset=utf-8", "sse"),
        (SSE, "Text/Event-Stream", "sse"),
        (SSE, "", "sse"),
        (LINES, "application/x-ndjson", "ndjson"),
        (LINES, "application/stream+json", "ndjson"),
        # Some gateways say JSON and send lines of it.
        (LINES, "application/json", "ndjson"),
        (LINES, "", "ndjson"),
        (CHUNKS, "application/json; charset=UTF-8", "json-array"),
        (CHUNKS, "", "json-array"),
    ],
)
def test_the_content_type_says_which_format_it_is(raw: bytes, content_type: str, name: str) -> None:
    found = streams.parse(raw, content_type)
    assert found is not None
    assert found[0].name == name
    assert found[0].build(found[1]) == raw


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        (b'{"a":1}', "application/json"),
        (b'{\n  "a": 1\n}', "application/json"),
        (LINES, "application/octet-stream"),
        (SSE, "text/plain"),
        (b"{}", ""),
        (b"", "text/event-stream"),
    ],
)
def test_what_is_no_stream_is_not_made_one(raw: bytes, content_type: str) -> None:
    assert streams.parse(raw, content_type) is None
