"""The recordings of one cassette by what they answer, kept up as more are recorded.

A live call that is sent as it was recorded to the byte, as most are, is found without parsing any request,
and one that says the same in another spelling by a digest of what it says. What all the
recordings ask for is found out when a call comes that is none of them, or is made more often than recorded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Final

from vcr_llm.fingerprint import Fingerprint, Sent, fingerprint, request_digest, sent_key
from vcr_llm.interaction import Request
from vcr_llm.matchers import View, fingerprint_of
from vcr_llm.pairs import bare_interaction, recorded_digests, recorded_request, recorded_sent
from vcr_llm.ranking import Recordings, Rules
from vcr_llm.vcr_bridge import Pair, VcrRequest, to_request

__all__ = ["Index"]

_AT_ONCE: Final = 256
"""Recordings that are looked at together; all in one go would be all in memory."""


class Index:
    """Digests of recorded requests, and fingerprints of recorded and live ones as ``view`` shows them."""

    def __init__(self, rules: Rules, view: View) -> None:
        self._rules = rules
        self._view = view
        self._forget()

    def _forget(self) -> None:
        self._digests: list[bytes] = []
        self._places: dict[bytes, list[int]] = defaultdict(list)
        self._sent: dict[Hashable, list[int]] = {}
        self._known: dict[bytes, Fingerprint] = {}
        self._recordings: Recordings | None = None

    def sent(self, data: Sequence[Pair], request: Sent) -> Sequence[int]:
        """The numbers, from 0, of the recordings that say what this request says, if one of them was sent
        like it to the byte."""
        if len(self._digests) != len(data):
            if len(data) == 1:  # as in most tests: there is nothing to tell it from
                return (0,) if recorded_sent(data, 0) == request else ()
            self._place(data)
        return self._sent.get(sent_key(request), ())

    def same(self, data: Sequence[Pair], request: VcrRequest) -> Sequence[int]:
        """The numbers, from 0, of the recordings that go where this request goes and say what it says; none
        where a normalizer may see more requests as the same."""
        if self._view.normalises:
            return ()
        if len(self._digests) != len(data):
            self._place(data)
        return self._places.get(self._digest(request), ())

    def _digest(self, request: VcrRequest) -> bytes:
        body = request.body
        if type(body) is bytes:
            places = self._sent.get(sent_key((request.method, request.uri, body)))
            if places:
                return self._digests[places[0]]
        return request_digest(to_request(request))

    def _place(self, data: Sequence[Pair]) -> None:
        if len(self._digests) > len(data):  # somebody has taken something out
            self._forget()
        for place in range(len(self._digests), len(data)):
            sent, digest = recorded_digests(data, place)
            self._digests.append(digest)
            places = self._places[digest]
            places.append(place)
            self._sent[sent] = places

    def recordings(self, data: Sequence[Pair]) -> Recordings:
        """All recordings by what they ask for."""
        self._place(data)
        found = self._recordings = self._recordings or Recordings(self._rules)
        while len(found) < len(data):
            first = len(found)
            self._add(found, data, range(first, min(first + _AT_ONCE, len(data))))
        return found

    def _add(self, recordings: Recordings, data: Sequence[Pair], places: range) -> None:
        recorded = [recorded_request(data, place) for place in places]
        for place, seen in zip(places, self._view.of_all(recorded), strict=True):
            found = self.of(seen)
            self._known[self._digests[place]] = found.without_texts()
            recordings.add(found, bare_interaction(data, place))

    def of(self, seen: Request) -> Fingerprint:
        """The fingerprint of a request that has been through the view."""
        return fingerprint(seen, match_host=self._rules.match_host, match_on=self._rules.match_on)

    def of_live(self, request: VcrRequest) -> Fingerprint:
        """The fingerprint of a live request; its call has no texts where a recorded request says the same."""
        known = self._known.get(self._digest(request))
        if known is not None:
            return known
        rules = self._rules
        return fingerprint_of(request, match_host=rules.match_host, match_on=rules.match_on, view=self._view)
