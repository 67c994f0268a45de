"""Words of the document that reading and writing share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import Final

from vcr_llm import streams

__all__ = [
    "HTTP",
    "JSON",
    "KNOWN",
    "LONG_MEMBERS",
    "MEMBERS",
    "VERSION",
    "content_type_of",
    "phrase",
    "says_json",
]

VERSION: Final = "2.0"
"""The llm-mock schema version that is written."""

JSON: Final = "application/json"

MEMBERS: Final = ("hash", "request", "response", "streaming", "stream_events", "recorded_at", "http")
"""The members of an entry, in the order in which they are written."""

KNOWN: Final = frozenset(MEMBERS)

HTTP: Final = ("method", "url", "status", "headers")
"""The usual members of ``http``, in that order."""

LONG_MEMBERS: Final = frozenset({"stream_events"})
"""Lists whose lines may be long, see `jsontext.pretty`."""

_RENAMED: Final = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}
"""Python 3.13 has these phrases, 3.11 older ones; a file must say the same to both."""


@cache
def phrase(status: int) -> str:
    """The reason phrase of RFC 9110, "" where a status has none: what an absent ``reason`` means."""
    if status in _RENAMED:
        return _RENAMED[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def content_type_of(headers: Mapping[str, Sequence[str]]) -> str:
    """In lower case; "" where there is none, or where it was redacted and says nothing any more."""
    value = next(iter(headers.get("content-type", ())), "").lower()
    return value if "/" in value else ""


def says_json(headers: Mapping[str, Sequence[str]]) -> bool:
    """Whether the body may be written as a JSON value: where the type is something else (a download),
    its reader may care for every byte. Old recordings without headers are taken by their content."""
    content_type = content_type_of(headers)
    # What says it is a stream, and is none as it stands, may be one once it is written another way.
    return not content_type or ("json" in content_type and not streams.is_stream_type(content_type))
