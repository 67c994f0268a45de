"""A stream as one JSON array that is sent element by element: bytes to stream events and back.

What Google's APIs answer to ``:streamGenerateContent`` without ``alt=sse``: pretty-printed chunks, with a
comma and a line ending of its own kind between them. Told by that very text, byte for byte, so that no
other list is taken for a stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vcr_llm.streams.events import EventStream, StreamEvent
from vcr_llm.streams.jsonstyle import Style, hold, spell, style_of

__all__ = ["INDENT", "Framing", "build", "looks_like_it", "parse"]

INDENT: Final = 2
_PRETTY: Final = Style(indent=INDENT)
_BETWEEN: Final = "\n,\r\n"
"""No JSON text has this inside: a line ending before a comma is nothing a writer of JSON makes."""


@dataclass(frozen=True, slots=True)
class Framing:
    """``json``: how the chunks are spelled."""

    json: Style = _PRETTY


def looks_like_it(raw: bytes) -> bool:
    """Whether a JSON text is likely to be such a stream."""
    return raw.startswith(b"[{\n") and raw.endswith(b"}\n]")


def parse(raw: bytes) -> EventStream[Framing] | None:
    """The elements of the array, or None where the text is not Google's."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if not (text.startswith("[{") and text.endswith("}\n]")):
        return None
    chunks = text[1:-2].split(_BETWEEN)
    style = style_of(chunks, INDENT)
    values = [hold(chunk, style) for chunk in chunks]
    if not all(isinstance(value, dict) for value in values):
        return None
    return EventStream(tuple(map(StreamEvent, values)), Framing(style))


def build(stream: EventStream[Framing]) -> bytes:
    """The bytes of the array."""
    chunks = (spell(event.data, stream.framing.json) for event in stream.events)
    return f"[{_BETWEEN.join(chunks)}\n]".encode("utf-8", "surrogatepass")
