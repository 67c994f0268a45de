"""Stored interactions that have nothing to scrub, told by one look at their text.

Of a thousand recordings hardly one has anything, and to go through the strings of all takes its time.
A look is blind to nothing that the whole way (`message`) finds, but where it is not sure it says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from vcr_llm import jsontext
from vcr_llm.interaction import Interaction
from vcr_llm.scrub import headers as response_headers
from vcr_llm.scrub.body import BodyEditor, escapes_ascii
from vcr_llm.scrub.documents import joined_data, may_have_tokens
from vcr_llm.scrub.message import MessagePass
from vcr_llm.scrub.placeholders import Ledger
from vcr_llm.scrub.text import LARGE, Detector
from vcr_llm.streams import sse
from vcr_llm.streams.events import StreamEvent

__all__ = ["Glance", "Parts"]


@dataclass(frozen=True, slots=True)
class Parts:
    """A stored interaction, taken apart.

    ``bodies``: JSON objects. ``events``: server-sent events as the document has them. ``text``: all of it as
    JSON text, each string escaped no more than `jsontext.compact` does.
    """

    url: str
    reason: str
    headers: Mapping[str, Sequence[str]]
    bodies: Sequence[dict[str, Any]]
    events: Sequence[dict[str, Any]]
    text: str


_KEPT: Final = 4096
"""URLs that are remembered."""


class Glance:
    """What a scrubber can tell at a glance.

    ``custom``: whether it has patterns or functions of a user's, whose matches may depend on where a string
    begins; then it tells nothing.
    """

    def __init__(
        self, editor: BodyEditor, add_headers: Collection[str], remove_headers: Collection[str], custom: bool
    ) -> None:
        self._editor = editor
        self._detector = editor.detector
        self._kept_headers = _kept_headers(frozenset(add_headers), frozenset(remove_headers))
        # The value of a variable that has hardly a letter may be found across strings as well.
        self._blind = custom or any(rule.stands_for and not rule.anchors for rule in self._detector.rules)
        self._urls: dict[str, bool] = {}

    def leaves(self, parts: Parts, source: Interaction | None) -> bool:
        """Whether scrubbing leaves all as it is, and a scan finds nothing; False where only they can tell."""
        return (
            not self._blind
            and self._leaves_url(parts.url)
            and not self._detector.may_find(parts.reason)
            and self._leaves_headers(parts.headers)
            and (
                (source is not None and self._knows(parts, source))
                or (
                    self._leaves_text(parts)
                    and not any(self._editor.names.may_apply(body, parts.text) for body in parts.bodies)
                    and (not parts.events or self._leaves_stream(parts.events))
                )
            )
        )

    def _knows(self, parts: Parts, source: Interaction) -> bool:
        """Whether bodies and events are the very values that were parsed from bodies in which these rules
        found nothing: to go through them again would be the same again."""
        request, response = source.request.body, source.response.body
        clean = [body for body in (request, response) if body is not None and body.clean_for is self._editor]
        values = [body.parsed_exactly() for body in clean]
        if not all(any(body is value for value in values) for body in parts.bodies):
            return False
        if not parts.events:
            return True
        content_type = next(iter(parts.headers.get("content-type", ())), "").lower()
        found = response.stream(content_type) if response.clean_for is self._editor else None
        return found is not None and _are_the_same(parts.events, found[1].events)

    def _leaves_url(self, url: str) -> bool:
        found = self._urls.get(url)
        if found is None:
            if len(self._urls) >= _KEPT:
                self._urls.clear()
            through = MessagePass(self._editor, _NOTHING, Ledger())
            found = self._urls[url] = through.url(url, ()) == url and not through.findings
        return found

    def _leaves_headers(self, headers: Mapping[str, Sequence[str]]) -> bool:
        if not self._kept_headers(tuple(headers)):
            return False
        return not any(
            map(self._detector.may_find, (value for values in headers.values() for value in values))
        )

    def _leaves_text(self, parts: Parts) -> bool:
        text = parts.text
        if escapes_ascii(text) or may_have_tokens(text):
            return False
        if len(text) < LARGE or parts.events:
            return not self._detector.may_find_anywhere(text)
        return not any(self._detector.may_find(jsontext.compact(body)) for body in parts.bodies)

    def _leaves_stream(self, events: Sequence[dict[str, Any]]) -> bool:
        found: list[dict[str, Any]] = []
        before = ""
        for stretch, data in _stretches(events):
            before += stretch
            if data == sse.DONE:
                before += sse.DONE
                continue
            if not isinstance(data, dict) or self._detector.may_find(before):
                return False
            found.append(data)
            before = ""
        if not found or self._detector.may_find(f"{before}\n\n"):
            return False
        return not any(map(self._detector.may_find, joined_data(found)))


_NOTHING = Detector(())


def _stretches(events: Sequence[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Each event's data behind what stands before it in the stream."""
    for event in events:
        yield f"\n\n{sse.before_data(event)}data: ", event["data"]


def _are_the_same(events: Sequence[dict[str, Any]], parsed: Sequence[StreamEvent]) -> bool:
    """Whether a document's events are those of a stream, with the very values that were parsed."""
    return len(events) == len(parsed) and all(
        item["data"] is event.data
        and item.get("event") is event.event
        and item.get("id") is event.id
        and item.get("retry") is event.retry
        for item, event in zip(events, parsed, strict=True)
    )


@lru_cache(maxsize=16)
def _kept_headers(add: frozenset[str], remove: frozenset[str]) -> Any:
    @lru_cache(maxsize=256)
    def kept(names: tuple[str, ...]) -> bool:
        """Whether headers of these names are all stored as they are, but for what their values hold."""
        of_no_values = dict.fromkeys(names, ())
        return response_headers.stored_headers(of_no_values, add, remove) is of_no_values and not any(
            name == "location" or response_headers.identifier_placeholder(name) for name in names
        )

    return kept
