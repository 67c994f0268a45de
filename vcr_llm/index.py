"""The recordings of one cassette by what they answer, kept up as more are recorded.

A live call that is byte for byte a recorded one, as most are, is found by the digest of its bytes, together
with those that say the same in another spelling, and no request has to be understood for that. What all the
recordings ask for is found out when a call comes that is none of them, or is made more often than recorded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from vcr_llm.fingerprint import Fingerprint, exactly, fingerprint
from vcr_llm.interaction import Request
from vcr_llm.matchers import View, fingerprint_of
from vcr_llm.pairs import bare_interaction, recorded_digests, recorded_request
from vcr_llm.ranking import Recordings, Rules
from vcr_llm.vcr_bridge import Pair, VcrRequest

__all__ = ["Index"]

_AT_ONCE: Final = 256
"""Recordings that are looked at together; all in one go would be all in memory."""


class Index:
    """Exact requests, and fingerprints of recorded and of live ones as ``view`` shows them."""

    def __init__(self, rules: Rules, view: View) -> None:
        self._rules = rules
        self._view = view
        self._forget()

    def _forget(self) -> None:
        self._values: dict[bytes, bytes] = {}
        self._places: dict[bytes, list[int]] = defaultdict(list)
        self._placed = 0
        self._known: dict[bytes, Fingerprint] = {}
        self._recordings = Recordings(self._rules)

    def same(self, data: Sequence[Pair], asked: Request) -> Sequence[int]:
        """The numbers, from 0, of the recordings that say what this request says and go where it goes; none
        where no recording has its very bytes, or where a normalizer may see more requests as the same."""
        if self._placed > len(data):  # somebody has taken something out
            self._forget()
        for place in range(self._placed, len(data)):
            exact, value = recorded_digests(data, place)
            self._values[exact] = value
            self._places[value].append(place)
        self._placed = len(data)
        if self._view.normalises:
            return ()
        found = self._values.get(exactly(asked))
        return () if found is None else self._places[found]

    def recordings(self, data: Sequence[Pair]) -> Recordings:
        """All recordings by what they ask for."""
        if len(self._recordings) > len(data):
            self._forget()
        while len(self._recordings) < len(data):
            first = len(self._recordings)
            self._add(data, range(first, min(first + _AT_ONCE, len(data))))
        return self._recordings

    def _add(self, data: Sequence[Pair], places: range) -> None:
        recorded = [recorded_request(data, place) for place in places]
        for place, seen in zip(places, self._view.of_all(recorded), strict=True):
            found = self.of(seen)
            self._known[recorded_digests(data, place).exact] = found.without_texts()
            self._recordings.add(found, bare_interaction(data, place))

    def of(self, seen: Request) -> Fingerprint:
        """The fingerprint of a request that has been through the view."""
        return fingerprint(seen, match_host=self._rules.match_host, match_on=self._rules.match_on)

    def of_live(self, request: VcrRequest, asked: Request) -> Fingerprint:
        """The fingerprint of a live request, ``asked`` in our terms.

        Its call has no texts where a recorded request is the same.
        """
        known = self._known.get(exactly(asked)) if self._known else None
        if known is not None:
            return known
        rules = self._rules
        return fingerprint_of(request, match_host=rules.match_host, match_on=rules.match_on, view=self._view)
