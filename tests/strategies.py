"""Generators of what cassettes are made of, and the equalities that go with them."""

from __future__ import annotations

import base64
import json
import random
import zlib
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from vcr_llm import jsontext
from vcr_llm.interaction import Body, CassetteData, Interaction, Request, Response

BOUNDED = settings(max_examples=150, deadline=None, database=None)
"""No database: a checkout may be read-only, and warnings are errors."""


def typed(value: Any) -> str:
    """A JSON value as a text that tells 1, 1.0 and true, and the orders of keys, apart."""
    return json.dumps(value)


# --- JSON --------------------------------------------------------------------------------------------


def _joined(text: str) -> str:
    """Neighbouring halves of a surrogate pair as the one character that JSON text reads them as."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


texts = st.text(max_size=20)
texts_with_surrogates = st.text(st.characters(exclude_categories=()), max_size=20).map(_joined)


def json_values(strings: st.SearchStrategy[str] = texts, leaves: int = 12) -> st.SearchStrategy[Any]:
    scalars = (
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | strings
    )
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(strings, inner, max_size=4),
        max_leaves=leaves,
    )


json_objects = st.dictionaries(texts, json_values(leaves=6), max_size=4)

LOSSY_JSON = ('{"a": 1, "a": 2}', '{"a": NaN}', "[1e400]", "[-Infinity]", "[" * 200 + "]" * 200, "{", "nul")
"""Texts that no parsed value stands for."""


def deep(levels: int) -> Any:
    """A value nested ``levels`` deep, lists and objects in turn."""
    value: Any = "bottom"
    for level in range(levels):
        value = [value] if level % 2 else {"down": value}
    return value


def shuffled(value: Any, seed: int) -> Any:
    """The same JSON value with the members of its objects in another order."""
    if isinstance(value, dict):
        members = [(name, shuffled(member, seed)) for name, member in value.items()]
        random.Random(seed).shuffle(members)
        return dict(members)
    return [shuffled(member, seed) for member in value] if isinstance(value, list) else value


# --- server-sent events ------------------------------------------------------------------------------

_NAME_CHARACTERS = st.characters(codec="utf-8", exclude_characters="\r\n\0")
names = st.sampled_from(["message_start", "ping", "response.created", "é"]) | st.text(
    _NAME_CHARACTERS, max_size=8
)
newlines = st.sampled_from(["\n", "\r\n", "\r"])
_between = st.lists(
    st.sampled_from([(": comment",), (":",), ("",), ("event: lone", ""), ("id: 7", ""), ("unknown: x", "")]),
    max_size=3,
)


@st.composite
def data_lines(draw: st.DrawFn) -> list[str]:
    """The lines of one event's data: the word [DONE], or JSON, perhaps padded or spread over lines."""
    if draw(st.integers(0, 5)) == 0:
        return ["data: [DONE]"]
    value = draw(json_values(leaves=5).filter(lambda value: value != "[DONE]"))
    style = draw(st.sampled_from(["compact", "ascii", "padded", "nospace", "lines"]))
    if style == "lines":
        return [f"data: {line}" for line in json.dumps(value, indent=1).split("\n")]
    text = json.dumps(value) if style == "ascii" else jsontext.compact(value)
    return {"padded": [f"data:   {text}  "], "nospace": [f"data:{text}"]}.get(style, [f"data: {text}"])


@st.composite
def event_streams(draw: st.DrawFn) -> bytes:
    """A stream that can be held as events: one line ending, one order of fields, whole JSON values."""
    newline = draw(newlines)
    order = draw(st.permutations(["event", "id", "retry", "data"]))
    lines: list[str] = []
    for number in range(draw(st.integers(1, 4))):
        if number:
            lines.append("")
        lines += [line for group in draw(_between) for line in group]
        for name in order:
            if name == "data":
                lines += draw(data_lines())
            elif draw(st.booleans()):
                lines.append(f"{name}: {draw(names) if name != 'retry' else draw(st.integers(0, 9999))}")
    end = draw(st.sampled_from([newline * 2, newline, "", newline * 3, f"{newline * 2}: bye{newline}"]))
    return (newline.join(lines) + end).encode()


ODD_LINES = (
    *("", "", ":", ": c", ":c", "event", "event:", "event: e", "event:  e", "id: 1", "id", "retry: 5"),
    *("data", "data:", "data: {", 'data: {"a":1,"a":2}', "data: NaN", 'data: "[DONE]"', "data: [DONE]"),
    *(" data: 1", "data : 1", "data: 1", "data: [1,", "data: 2]", "data: 1e400", "\ufeffdata: 1"),
    *("x: y", "retry: x", "data: \x85 ", "event: a", "data:  [DONE] ", "id: \0", "retry: 05"),
)  # fmt: skip


@st.composite
def odd_streams(draw: st.DrawFn) -> bytes:
    """Lines of every kind in any order, mixed line endings, byte order marks, damaged bytes."""
    oddities = st.sampled_from(ODD_LINES)
    lines = draw(st.lists(oddities | data_lines().map("\n".join) | names, max_size=12))
    usual = draw(newlines)
    mixed = draw(st.integers(0, 3)) == 0
    raw = "".join(line + (draw(newlines) if mixed else usual) for line in lines).encode()
    if draw(st.integers(0, 9)) == 0:
        raw = b"\xef\xbb\xbf" + raw
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(raw)))
        raw = raw[:at] + draw(st.binary(max_size=3)) + raw[at:]
    return raw


# --- other streams -----------------------------------------------------------------------------------

SPELLINGS: tuple[Callable[[Any], str], ...] = (
    jsontext.compact,
    json.dumps,
    lambda value: json.dumps(value, separators=(",", ":")),
    lambda value: jsontext.compact(value).replace("<", "\\u003c").replace("&", "\\u0026"),
    lambda value: json.dumps(value, indent=2),
    lambda value: json.dumps(value, indent=2, ensure_ascii=False),
)
"""Writers of JSON; the last two indent."""

spelled_objects = json_objects | st.dictionaries(
    st.sampled_from(["type", "p", "bytes", "text"]),
    st.sampled_from(["a<b & c", "é\u2028", "abcdef", "aGVsbG8=", "", 1.5, 7, None, ["x"], {"a": "<"}]),
)


@st.composite
def json_lines(draw: st.DrawFn) -> bytes:
    """Lines of JSON, with a stray line here and there."""
    spelling = draw(st.sampled_from(SPELLINGS[:4]))
    newline = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    odd = st.sampled_from(["", '{"a":1, "a":2}', '{"a" : 1E5}', "[NaN]", "{", "plain", "\ufeff{}", '"text"'])
    lines = draw(st.lists(spelled_objects.map(spelling) | spelled_objects.map(spelling) | odd, max_size=5))
    return (newline.join(lines) + draw(st.sampled_from([newline, "", newline * 3]))).encode()


@st.composite
def google_arrays(draw: st.DrawFn) -> bytes:
    """Arrays as Google sends them, and nearly so."""
    spelling = draw(st.sampled_from(SPELLINGS[4:]))
    chunks = draw(st.lists(spelled_objects.map(spelling), min_size=1, max_size=4))
    return ("[" + draw(st.sampled_from(["\n,\r\n", "\n,\r\n", ",\n"])).join(chunks) + "\n]").encode()


def amazon_message(headers: Sequence[tuple[str, str]], payload: bytes) -> bytes:
    """A message of Amazon's, put together from its specification."""
    head = b"".join(
        bytes([len(name.encode())])
        + name.encode()
        + b"\7"
        + len(value.encode()).to_bytes(2, "big")
        + value.encode()
        for name, value in headers
    )
    prelude = (16 + len(head) + len(payload)).to_bytes(4, "big") + len(head).to_bytes(4, "big")
    message = prelude + zlib.crc32(prelude).to_bytes(4, "big") + head + payload
    return message + zlib.crc32(message).to_bytes(4, "big")


BEDROCK_HEADERS = (
    (":event-type", "chunk"),
    (":content-type", "application/json"),
    (":message-type", "event"),
)


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@st.composite
def amazon_messages(draw: st.DrawFn) -> bytes:
    """One message: usual headers or others, a payload of JSON, of JSON in base64, of text or of bytes."""
    name = draw(names)
    headers = draw(
        st.sampled_from(
            [
                ((":event-type", name), *BEDROCK_HEADERS[1:]),
                ((":event-type", name), *BEDROCK_HEADERS[1:]),
                ((":event-type", name), *BEDROCK_HEADERS[:0:-1]),
                ((":message-type", "exception"), (":exception-type", name)),
                (),
            ]
        )
    )
    inner = draw(spelled_objects.map(draw(st.sampled_from(SPELLINGS))) | texts)
    padding = draw(st.sampled_from([{}, {"p": "abcdefgh"}, {"p": "bcd"}, {"p": 3}]))
    payload = draw(
        st.sampled_from([jsontext.compact({"bytes": base64_of(inner), **padding}), inner]).map(str.encode)
        | spelled_objects.map(lambda value: jsontext.compact({**value, **padding}).encode())
        | st.binary(max_size=6)
    )
    return amazon_message(headers, payload)


amazon_streams = st.lists(amazon_messages(), min_size=1, max_size=4).map(b"".join)


@st.composite
def damaged(draw: st.DrawFn, streams: st.SearchStrategy[bytes]) -> bytes:
    """A stream with some of its bytes changed, taken out or put in."""
    raw = draw(streams)
    start = draw(st.integers(0, len(raw)))
    end = draw(st.integers(start, min(len(raw), start + 3)))
    return raw[:start] + draw(st.binary(max_size=3)) + raw[end:]


# --- interactions ------------------------------------------------------------------------------------

MESSAGES = [{"role": "user", "content": "Weather in Paris?"}]
calls = st.fixed_dictionaries(
    {"model": st.sampled_from(["claude-sonnet-4-6", "gpt-5"]), "messages": st.just(MESSAGES)},
    optional={
        "temperature": st.sampled_from([None, 0, 0.5, 1, 1.0]),
        "stream": st.booleans(),
        "system": texts,
    },
)
json_bodies = (json_objects | calls | json_values() | st.just({})).map(Body.of_json)
json_texts = st.builds(
    lambda value, indent: Body(json.dumps(value, indent=indent).encode()),
    json_values(texts_with_surrogates),
    st.sampled_from([None, 2]),
)
opaque_bodies = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=40).map(str.encode),
    st.sampled_from(LOSSY_JSON).map(str.encode),
    st.just(b""),
    json_objects.map(lambda value: json.dumps(value).encode("utf-16")),
    json_objects.map(lambda value: b"\xef\xbb\xbf" + json.dumps(value).encode()),
).map(Body)
other_streams = json_lines() | google_arrays() | amazon_streams
stream_bodies = (event_streams() | odd_streams() | other_streams).map(Body)
bodies = json_bodies | json_texts | opaque_bodies | stream_bodies

URLS = (
    "https://api.openai.com/v1/chat/completions",
    "https://api.anthropic.com/v1/messages",
    "https://api.openai.com/v1/responses",
    "http://localhost:8000/v1/embeddings?x=1&api_key=SCRUBBED",
    "https://example.org/",
    "http://[REDACTED]/v1/chat/completions",
    "**REDACTED**",
)
urls = st.sampled_from(URLS) | st.text(max_size=30) | texts_with_surrogates
methods = st.sampled_from(["POST", "GET", "post", "DELETE"]) | st.text(max_size=6)
requests = st.builds(Request, methods, urls, st.none() | bodies)

content_types = st.sampled_from(
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/x-ndjson",
        "application/vnd.amazon.eventstream",
        "text/event-stream",
        "text/event-stream; charset=utf-8",
        "TEXT/EVENT-STREAM",
        "text/plain",
        "application/octet-stream",
        "",
    ]
)
header_values = st.lists(texts_with_surrogates, max_size=2).map(tuple)
headers = st.dictionaries(
    st.sampled_from(["request-id", "retry-after", "x-a", "date", "content-type", "é"]),
    header_values,
    max_size=3,
)


@st.composite
def responses(draw: st.DrawFn) -> Response:
    found: dict[str, tuple[str, ...]] = dict(draw(headers))
    body = draw(bodies)
    if draw(st.integers(0, 4)):
        found["content-type"] = (draw(content_types),)
    status = draw(st.sampled_from([200, 201, 302, 413, 422, 429, 529]) | st.integers(100, 999))
    reason = draw(st.sampled_from(["OK", "Unprocessable Entity", ""]) | texts)
    return Response(status, reason, found, body)


extras = st.dictionaries(st.sampled_from(["note", "metadata", "x", "é"]), json_values(leaves=4), max_size=2)
in_http = json_values(leaves=4).map(lambda value: {"http": {"trailers": value}})
dates = st.none() | st.sampled_from(["2026-11-23T10:00:00+00:00", "yesterday", ""])
interactions = st.builds(Interaction, requests, responses(), dates, extra=extras | in_http)
cassettes = st.builds(
    CassetteData,
    st.lists(interactions, max_size=3).map(tuple),
    st.sampled_from([None, "openai", "anthropic", "my own"]),
    extras,
)
