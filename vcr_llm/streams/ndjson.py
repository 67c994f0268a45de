"""Lines of JSON: bytes to stream events and back, byte for byte.

One JSON value per line, under many names (NDJSON, JSON Lines, ``application/stream+json``): Ollama's and
Cohere's first streams, and files of batch results. Sources: github.com/ndjson/ndjson-spec, jsonlines.org.

An event's ``data`` is the object or list in the line; a text there is a line as it stands, for those
(blank ones, JSON spelled as nobody does) that writing the value again would change.
"""

from __future__ import annotations

from dataclasses import dataclass

from vcr_llm.streams.events import EventStream, StreamEvent
from vcr_llm.streams.jsonstyle import COMPACT, Style, hold, spell, style_of

__all__ = ["Framing", "build", "looks_like_it", "parse"]


@dataclass(frozen=True, slots=True)
class Framing:
    """``newline``: the line ending. ``end``: the text after the last line, None for one line ending.

    ``json``: how the lines are spelled.
    """

    newline: str = "\n"
    end: str | None = None
    json: Style = COMPACT


def looks_like_it(raw: bytes) -> bool:
    """Whether bytes of no such type may be lines of JSON: between two objects there is a line ending."""
    # Most JSON has no line ending at all, which is soon seen.
    return raw.startswith(b"{") and b"\n" in raw and (b"}\n{" in raw or b"}\r\n{" in raw)


def parse(raw: bytes) -> EventStream[Framing] | None:
    """The lines, or None where they are not UTF-8, or one of them is neither blank nor JSON's beginning."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    inner = text.rstrip("\r\n")
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = inner.split(newline)
    filled = [line for line in lines if line]
    if not filled or any(not line.startswith(("{", "[")) for line in filled):
        return None
    style = style_of(filled)
    end = text[len(inner) :]
    framing = Framing(newline, None if end == newline else end, style)
    events = tuple(StreamEvent(hold(line, style)) for line in lines)
    if all(isinstance(event.data, str) for event in events):
        return None
    return EventStream(events, framing)


def build(stream: EventStream[Framing]) -> bytes:
    """The bytes of the lines."""
    framing = stream.framing
    lines = (
        event.data if isinstance(event.data, str) else spell(event.data, framing.json)
        for event in stream.events
    )
    end = framing.newline if framing.end is None else framing.end
    return (framing.newline.join(lines) + end).encode("utf-8", "surrogatepass")
