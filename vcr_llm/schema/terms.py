"""Words of the document that reading and writing share."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

__all__ = ["EVENT_FIELDS", "JSON", "STREAM", "VERSION", "phrase"]

VERSION: Final = "2.0"
"""The llm-mock schema version that is written."""

STREAM: Final = "text/event-stream"
JSON: Final = "application/json"
EVENT_FIELDS: Final = ("event", "id", "retry")
"""Members of a stream event beside ``data``, each one line of text."""


def phrase(status: int) -> str:
    """The standard reason phrase of a status, "" where there is none: what an absent ``reason`` means."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
