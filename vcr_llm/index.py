"""The recordings of one cassette by what they answer, made when the first call asks and kept up after.

A live call that is byte for byte a recorded one, as most are, is known without being understood again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from vcr_llm.fingerprint import Fingerprint, fingerprint
from vcr_llm.interaction import Request
from vcr_llm.matchers import View, fingerprint_of
from vcr_llm.pairs import bare_interaction, recorded_request
from vcr_llm.ranking import Recordings, Rules
from vcr_llm.vcr_bridge import Pair, VcrRequest

__all__ = ["Index"]

_AT_ONCE: Final = 256
"""Recordings that are looked at together; all in one go would be all in memory."""


class Index:
    """Fingerprints of recorded and of live requests, as ``view`` shows them."""

    def __init__(self, rules: Rules, view: View) -> None:
        self._rules = rules
        self._view = view
        self._known: dict[bytes, Fingerprint] = {}
        self.recordings = Recordings(rules)

    def update(self, data: Sequence[Pair]) -> Recordings:
        """Index what has come to ``data`` since; all again where somebody has taken something out."""
        if len(self.recordings) > len(data):
            self.recordings = Recordings(self._rules)
        while len(self.recordings) < len(data):
            first = len(self.recordings)
            self._add(data, range(first, min(first + _AT_ONCE, len(data))))
        return self.recordings

    def _add(self, data: Sequence[Pair], places: range) -> None:
        recorded = [recorded_request(data, place) for place in places]
        for place, request, seen in zip(places, recorded, self._view.of_all(recorded), strict=True):
            found = self.of(seen)
            self._known[_exactly(request)] = found.without_texts()
            self.recordings.add(found, bare_interaction(data, place))

    def of(self, seen: Request) -> Fingerprint:
        """The fingerprint of a request that has been through the view."""
        return fingerprint(seen, match_host=self._rules.match_host, match_on=self._rules.match_on)

    def of_live(self, request: VcrRequest, asked: Request) -> Fingerprint:
        """The fingerprint of a live request, ``asked`` in our terms.

        Its call has no texts where a recorded request is the same.
        """
        known = self._known.get(_exactly(asked))
        if known is not None:
            return known
        rules = self._rules
        return fingerprint_of(request, match_host=rules.match_host, match_on=rules.match_on, view=self._view)


def _exactly(request: Request) -> bytes:
    """What is the same for requests that are the same in every byte."""
    digest = hashlib.sha256(f"{request.method}\n{request.url}\n".encode("utf-8", "surrogatepass"))
    digest.update(b"-" if request.body is None else request.body.raw)
    return digest.digest()
