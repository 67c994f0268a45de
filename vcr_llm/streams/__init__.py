"""The table of stream formats: which content type is which, and how bytes become events.

Everything that looks into a stream (the cassette's document, scrubbing, the readers of answers) goes
through this table, so that all formats are treated alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from vcr_llm.streams import eventstream, jsonarray, ndjson, sse
from vcr_llm.streams.events import EventStream

__all__ = ["AMAZON", "ARRAY", "FORMATS", "LINES", "SSE", "Format", "is_stream_type", "of_type", "parse"]


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of stream.

    ``name`` stands in the document. ``types``: its content types, the usual one first, without
    parameters; none where it has that of something else. ``looks_like_it``: a quick look at bytes whose
    type does not say what they are. ``parse`` answers None where ``build`` would not give the stream again.
    """

    name: str
    types: tuple[str, ...]
    looks_like_it: Callable[[bytes], bool]
    parse: Callable[[bytes], EventStream[Any] | None]
    build: Callable[[EventStream[Any]], bytes]


def _format(name: str, module: Any, *types: str) -> Format:
    return Format(name, types, module.looks_like_it, module.parse, module.build)


SSE: Final = _format("sse", sse, "text/event-stream")
AMAZON: Final = _format("aws", eventstream, "application/vnd.amazon.eventstream")
LINES: Final = _format(
    "ndjson",
    ndjson,
    *("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonl"),
    *(
        "application/jsonlines",
        "application/x-jsonlines",
        "application/json-lines",
        "application/stream+json",
    ),
)
ARRAY: Final = _format("json-array", jsonarray)

FORMATS: Final = {known.name: known for known in (SSE, AMAZON, LINES, ARRAY)}
"""All formats, by the name that stands in the document."""

_BY_TYPE: Final = {kind: known for known in FORMATS.values() for kind in known.types}
_GUESSED: Final = {"application/json": (ARRAY, LINES), "": tuple(FORMATS.values())}
"""What bytes may be whose content type does not say that they are a stream."""


def _named(content_type: str) -> str:
    name = content_type.partition(";")[0].strip().lower()
    return name if "/" in name else ""  # a redacted type is as good as none


def of_type(content_type: str) -> Format:
    """The format of a content type; that of server-sent events for one that is no stream's."""
    return _BY_TYPE.get(_named(content_type), SSE)


def is_stream_type(content_type: str) -> bool:
    """Whether a content type (with or without parameters, in any case) is that of a stream."""
    return _named(content_type) in _BY_TYPE


def parse(raw: bytes, content_type: str) -> tuple[Format, EventStream[Any]] | None:
    """A body as a stream; None where it is none, or one that its events could not give back.

    ``content_type`` is "" where there is none.
    """
    if not raw:
        return None
    name = _named(content_type)
    if name in _BY_TYPE:
        candidates: tuple[Format, ...] = (_BY_TYPE[name],)
    else:
        candidates = tuple(known for known in _GUESSED.get(name, ()) if known.looks_like_it(raw))
    for known in candidates:
        stream = known.parse(raw)
        if stream is not None:
            return known, stream
    return None
