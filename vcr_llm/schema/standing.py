"""Entries as they stand in a document: what is looked at before it is written, what need not be made anew.

What is added to a large cassette is little; the rest need not go from JSON to HTTP and back. Only what an
entry says counts, not how it is spelled: its text is always laid out anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from vcr_llm import jsontext, streams
from vcr_llm.interaction import Interaction
from vcr_llm.schema.terms import HTTP, LONG_MEMBERS, MEMBERS, content_type_of, phrase, says_json
from vcr_llm.schema.usual import is_usual
from vcr_llm.scrub import Parts
from vcr_llm.streams import sse

__all__ = ["Standing", "standing"]


class Standing:
    """An entry of a document that is to be written. ``text`` is it, laid out; ``make`` its interaction."""

    __slots__ = ("_entry", "_make", "text")

    def __init__(self, entry: dict[str, Any], make: Callable[[], Interaction]) -> None:
        self._entry: dict[str, Any] | None = entry
        self._make = make
        self.text = jsontext.laid_out(entry, "    ", long_members=LONG_MEMBERS)

    @property
    def interaction(self) -> Interaction:
        """What the entry stands for."""
        return self._make()

    def parts(self) -> Parts | None:
        """What secrets are looked for in, None for an entry of an unusual shape.

        It is asked once: the entry itself is not kept, its text is.
        """
        entry, self._entry = self._entry, None
        if entry is None or not is_usual(entry):
            return None
        http = entry["http"]
        return Parts(
            http["url"],
            http.get("reason") or phrase(http["status"]),
            http["headers"],
            [body for body in (entry["request"], entry["response"]) if body],
            entry["stream_events"],
            self.text,
        )


def standing(entry: dict[str, Any], make: Callable[[], Interaction]) -> Standing | None:
    """An entry of the usual shape that was read, and is not too deep, if it would be written as it is.

    ``make`` makes the interaction that it stands for.
    """
    return Standing(entry, make) if _is_written_so(entry) else None


_HTTP_AND_REASON: Final = ("method", "url", "status", "reason", "headers")


def _is_written_so(entry: dict[str, Any]) -> bool:
    http = entry["http"]
    if tuple(entry) != MEMBERS:
        return False
    names = tuple(http)
    if names != HTTP and (names != _HTTP_AND_REASON or http["reason"] == phrase(http["status"])):
        return False
    response, events = entry["response"], entry["stream_events"]
    content_type = content_type_of(http["headers"])
    if entry["streaming"]:
        named = content_type.partition(";")[0].strip() in streams.SSE.types
        return named and bool(events) and not response and all(map(_is_event_written_so, events))
    # Of an object nobody takes the text for a stream: it has no line ending and no field's name in front.
    return not events and (not response or says_json(http["headers"]))


def _is_event_written_so(event: dict[str, Any]) -> bool:
    if list(event) != [name for name in sse.FIELDS if name in event]:
        return False
    return all(value.isascii() or _is_utf8(value) for value in event.values() if type(value) is str)


def _is_utf8(text: str) -> bool:
    """Whether a text can stand in a stream as it is: a lone surrogate has no bytes."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
