"""Words of the document that reading and writing share."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

__all__ = ["JSON", "VERSION", "phrase"]

VERSION: Final = "2.0"
"""The llm-mock schema version that is written."""

JSON: Final = "application/json"

_RENAMED: Final = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}
"""Python 3.13 has these phrases, 3.11 older ones; a file must say the same to both."""


def phrase(status: int) -> str:
    """The reason phrase of RFC 9110, "" where a status has none: what an absent ``reason`` means."""
    if status in _RENAMED:
        return _RENAMED[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
