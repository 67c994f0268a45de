"""Amazon's event streams: bytes to stream events and back, byte for byte, checksums and all.

Source: the content type ``application/vnd.amazon.eventstream`` as Smithy specifies it
(smithy.io/2.0/aws/amazon-eventstream.html). A stream is messages; a message is

    total length, headers length, CRC-32 of these two     4 bytes each, big-endian
    headers          length of the name (1 byte), the name, type (1 byte; 7 is text),
                     length of the value (2 bytes), the value
    payload
    CRC-32 of all before it                               4 bytes

An event's name is the header ``:event-type``. Its ``data`` is the JSON object in the payload, in which

- ``bytes`` is what is base64 on the wire: an object or a list where it is JSON (a model's own answer in
  Bedrock's invoke-with-response-stream), else the text;
- ``p``, Bedrock's padding (the beginning of an alphabet, of random length), is its length.

A payload that is no JSON object, or that would not come out the same (SageMaker's text, ``{"a": 1}`` with a
space), is a text as it stands. Where even that cannot be given back (a payload that is no text, headers of
other types, a wrong checksum, a message cut short) `parse` answers None, and the caller keeps the bytes.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any, Final
from zlib import crc32

from vcr_llm.streams.events import EventStream, StreamEvent
from vcr_llm.streams.jsonstyle import COMPACT, Style, hold, spell, style_of

__all__ = ["MAX_NAME", "MAX_VALUE", "USUAL_HEADERS", "Framing", "build", "looks_like_it", "parse"]

EVENT_TYPE: Final = ":event-type"
USUAL_HEADERS: Final[Mapping[str, str]] = {
    EVENT_TYPE: "",
    ":content-type": "application/json",
    ":message-type": "event",
}
"""The headers of Bedrock's messages, in the order sent; the first holds the event's name."""

MAX_NAME: Final = 255
MAX_VALUE: Final = 65535
"""Bytes of a header's name and value that fit their length fields."""

_TEXT: Final = 7
"""The type of a header whose value is text."""
_LENGTHS: Final = struct.Struct(">II")
_PRELUDE: Final = struct.Struct(">III")
_CHECKSUM: Final = struct.Struct(">I")
_PADDING: Final = ascii_lowercase + ascii_uppercase + digits


@dataclass(frozen=True, slots=True)
class Framing:
    """What the list of events cannot hold; the defaults are an ordinary stream of Bedrock's.

    ``headers``: those of every message that has none of its own, in order; the value of ``:event-type``
    is the event's name. ``json``: how the JSON inside ``bytes`` is spelled; that around it is compact.
    """

    headers: Mapping[str, str] = field(default_factory=lambda: USUAL_HEADERS)
    json: Style = COMPACT


class _Broken(Exception):
    """The bytes are no such stream, or have something that events cannot give back."""


def looks_like_it(raw: bytes) -> bool:
    """Whether bytes of no such type may be messages: the first one's lengths have the right checksum."""
    return len(raw) >= _PRELUDE.size and crc32(raw[:8]) == _PRELUDE.unpack_from(raw)[2]


# --- bytes to events ---------------------------------------------------------------------------------


def parse(raw: bytes) -> EventStream[Framing] | None:
    """The events of a stream, or None where `build` would not give the same bytes (or there is no event)."""
    try:
        messages = [(_headers(head), hold(_text(payload), COMPACT)) for head, payload in _messages(raw)]
    except _Broken:
        return None
    if not messages:
        return None
    first = messages[0][0]
    usual = {**first, EVENT_TYPE: ""} if EVENT_TYPE in first else USUAL_HEADERS
    style = style_of([inner for _, payload in messages if (inner := _inner(payload)) is not None])
    events = tuple(_event(headers, payload, usual, style) for headers, payload in messages)
    return EventStream(events, Framing(usual, style))


def _messages(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Headers and payload of each message, checksums verified."""
    at = 0
    while at < len(raw):
        if not looks_like_it(raw[at : at + _PRELUDE.size]):
            raise _Broken("no prelude with its checksum")
        total, head, _ = _PRELUDE.unpack_from(raw, at)
        message = raw[at : at + total]
        end = total - _CHECKSUM.size
        if len(message) < total or end < _PRELUDE.size + head:
            raise _Broken("a message cut short")
        if crc32(message[:end]) != _CHECKSUM.unpack_from(message, end)[0]:
            raise _Broken("a wrong checksum")
        yield message[_PRELUDE.size : _PRELUDE.size + head], message[_PRELUDE.size + head : end]
        at += total


def _headers(head: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    at = 0
    while at < len(head):
        value = at + 1 + head[at] + 3
        if value > len(head) or head[value - 3] != _TEXT:
            raise _Broken("a header that is no text")
        end = value + int.from_bytes(head[value - 2 : value], "big")
        name = _text(head[at + 1 : value - 3])
        if end > len(head) or name in headers:
            raise _Broken("a header cut short, or there twice")
        headers[name] = _text(head[value:end])
        at = end
    return headers


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _Broken("no text") from error


def _event(headers: Mapping[str, str], payload: Any, usual: Mapping[str, str], style: Style) -> StreamEvent:
    name = headers.get(EVENT_TYPE)
    own = headers if name is None else {**headers, EVENT_TYPE: ""}
    same = name is not None and list(own.items()) == list(usual.items())
    return StreamEvent(_readable(payload, style), name, headers=None if same else own)


def _readable(payload: Any, style: Style) -> Any:
    """A payload with ``bytes`` and ``p`` as people read them; its text where these are something else."""
    if not isinstance(payload, dict):
        return payload
    data = dict(payload)
    if "bytes" in payload:
        inner = _inner(payload)
        if inner is None:
            return spell(payload, COMPACT)
        data["bytes"] = hold(inner, style)
    if "p" in payload:
        padding = payload["p"]
        if not isinstance(padding, str):
            return spell(payload, COMPACT)
        data["p"] = len(padding) if _PADDING.startswith(padding) else padding
    return data


def _inner(payload: Any) -> str | None:
    """The text inside a payload's ``bytes``; None where there is none, or it is spelled unusually."""
    wrapped = payload.get("bytes") if isinstance(payload, dict) else None
    if not isinstance(wrapped, str):
        return None
    try:
        content = base64.b64decode(wrapped, validate=True)
        return content.decode("utf-8") if _base64(content) == wrapped else None
    except ValueError:  # no base64, or no text
        return None


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


# --- events to bytes ---------------------------------------------------------------------------------


def build(stream: EventStream[Framing]) -> bytes:
    """The bytes of a stream."""
    return b"".join(_message(event, stream.framing) for event in stream.events)


def _message(event: StreamEvent, framing: Framing) -> bytes:
    headers = framing.headers if event.headers is None else event.headers
    if EVENT_TYPE in headers:
        headers = {**headers, EVENT_TYPE: event.event or ""}
    head = b"".join(_header(name, value) for name, value in headers.items())
    payload = _payload(event.data, framing.json)
    lengths = _LENGTHS.pack(_PRELUDE.size + len(head) + len(payload) + _CHECKSUM.size, len(head))
    message = lengths + _CHECKSUM.pack(crc32(lengths)) + head + payload
    return message + _CHECKSUM.pack(crc32(message))


def _header(name: str, value: str) -> bytes:
    raw, text = _utf8(name), _utf8(value)
    return struct.pack(f">B{len(raw)}sBH", len(raw), raw, _TEXT, len(text)) + text


def _payload(data: Any, style: Style) -> bytes:
    if isinstance(data, str):
        return _utf8(data)
    if isinstance(data, dict):
        data = dict(data)
        if "bytes" in data:
            inner = data["bytes"]
            data["bytes"] = _base64(_utf8(inner if isinstance(inner, str) else spell(inner, style)))
        padding = data.get("p")
        if isinstance(padding, int) and not isinstance(padding, bool):
            data["p"] = _PADDING[: max(0, padding)]
    return _utf8(spell(data, COMPACT))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
