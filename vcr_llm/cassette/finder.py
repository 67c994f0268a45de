"""Which recording of a cassette answers a live call: the tiers of `ranking`, asked of what is free."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from vcr_llm.cassette.deviations import Deviation
from vcr_llm.cassette.index import Index
from vcr_llm.fingerprint import Fingerprint
from vcr_llm.interaction import Interaction
from vcr_llm.matchers import MATCHERS, View, llm_strict
from vcr_llm.ranking import Choice, Rules, Tier
from vcr_llm.vcr_bridge import Pair, RecordMode, VcrRequest, requests_match, to_request

__all__ = ["Finder", "Matcher"]

Matcher = Callable[[VcrRequest, VcrRequest], Any]


class Recorded(Protocol):
    """What of a cassette is asked: see vcrpy's ``Cassette``, and `BridgedCassette`."""

    data: list[Pair]
    record_mode: Any
    allow_playback_repeats: bool
    rewound: bool

    @property
    def write_protected(self) -> bool: ...
    @property
    def loaded_count(self) -> int: ...
    def is_free(self, number: int) -> bool: ...


_OURS: Final = tuple(MATCHERS.values())


class Finder:
    """How the recordings of one cassette are compared with live requests, which have been filtered.

    ``matchers`` are all of the cassette's, ``fallback`` those of the third tier. Numbers count from 0.
    ``headers_count``: whether what the user's filters say of a request may hang on its headers.
    ``passes_by``: whether some requests are ignored, as side calls may be.
    ``drifts_while_recording``: whether recordings of the same call answer where a call may be recorded.
    """

    def __init__(
        self,
        rules: Rules,
        matchers: Sequence[Matcher],
        fallback: Sequence[Matcher],
        view: View,
        *,
        headers_count: bool,
        passes_by: bool = False,
        drifts_while_recording: bool = False,
    ) -> None:
        self.view = view
        self.strict = rules.strict or llm_strict in matchers
        self._rules = rules
        self._matchers = matchers
        self._fallback = fallback
        self._others = [matcher for matcher in matchers if matcher not in _OURS]
        self.ranks = len(self._others) < len(matchers)
        """Whether recordings are ranked: one of the matchers is ours."""
        self.headers_count = headers_count or not self.ranks or bool(self._others or fallback)
        """Whether the headers of a live request may decide what answers it."""
        self._bytes_tell = not (self.headers_count or passes_by or view.normalises or rules.always_first)
        """Whether a free recording of just what was sent answers, whatever else there is."""
        self._index = Index(rules, view)
        self._drifts_while_recording = drifts_while_recording

    def sent(self, cassette: Recorded, request: VcrRequest) -> int | None:
        """The recording that answers a live request because that was sent like the recorded one, to the byte.

        None where more has to be looked at, see `choose`. Nearly all calls are answered by this, in few
        steps: to fetch the code of one costs a call more than to run it.
        """
        body = request.body
        if not self._bytes_tell or type(body) is not bytes or cassette.record_mode == RecordMode.ALL:
            return None
        for number in self._index.sent(cassette.data, (request.method, request.uri, body)):
            if cassette.is_free(number) and self._fits(cassette, request, number):
                return number
        return None

    def choose(self, cassette: Recorded, request: VcrRequest) -> Choice | None:
        """The recording that answers, neither reserved nor played by asking."""
        if not self.ranks:
            return self._first_match(cassette, request)
        if cassette.record_mode == RecordMode.ALL:
            return None
        for number in self._index.same(cassette.data, request):
            free = self._rules.always_first or cassette.is_free(number)
            if free and self._fits(cassette, request, number):
                return Choice(number, Tier.EXACT)
        return self._index.recordings(cassette.data).choose(
            self._index.of_live(request),
            to_request(request),
            free=cassette.is_free,
            fits=functools.partial(self._fits, cassette, request),
            falls_back=lambda number: _accepted(cassette, request, number, self._fallback),
            tiers=self._tiers(cassette),
        )

    def refusing(self, cassette: Recorded, request: VcrRequest, number: int) -> list[str]:
        """The names of others' matchers that do not let a recording answer."""
        return [
            matcher.__name__
            for matcher in self._others
            if not _accepted(cassette, request, number, [matcher])
        ]

    def deviation(self, cassette: Recorded, choice: Choice, live: VcrRequest) -> Deviation | None:
        """What an answer of a lower tier has otherwise, if anything."""
        if choice.tier not in (Tier.SAME_CALL, Tier.FALLBACK):
            return None
        from vcr_llm import diff

        recorded = to_request(cassette.data[choice.number][0])
        found = diff.differences(self.view(recorded), self.view(to_request(live)))
        if not found:
            return None
        call = self._index.of_live(live).call
        operation = str(call.operation) if call else "no LLM call"
        return Deviation(choice.number + 1, operation, diff.in_one_line(found), choice.tier)

    def identity(self, interaction: Interaction) -> Fingerprint:
        """What names an interaction's request."""
        return self._index.of(self.view(interaction.request))

    def _fits(self, cassette: Recorded, request: VcrRequest, number: int) -> bool:
        """Whether a recording may answer as far as the user's other matchers know."""
        if self._others and not _accepted(cassette, request, number, self._others):
            return False
        return number < cassette.loaded_count or bool(cassette.write_protected)

    def _tiers(self, cassette: Recorded) -> Sequence[Tier]:
        """Which recordings may answer: where a call may be recorded, only those of exactly this request."""
        if self._drifts_while_recording:
            return (Tier.EXACT, Tier.SAME_CALL)
        if self.strict or not cassette.write_protected:
            return (Tier.EXACT,)
        return (Tier.EXACT, Tier.SAME_CALL, *((Tier.FALLBACK,) if self._fallback else ()))

    def _first_match(self, cassette: Recorded, request: VcrRequest) -> Choice | None:
        """vcrpy's own rule, for a cassette whose matchers are all vcrpy's or the user's."""
        repeats = cassette.allow_playback_repeats
        if cassette.record_mode == RecordMode.ALL or not (cassette.rewound or repeats):
            return None
        for number in range(len(cassette.data)):
            free = repeats or cassette.is_free(number)
            if free and _accepted(cassette, request, number, self._matchers):
                return Choice(number, Tier.OTHER)
        return None


def _accepted(cassette: Recorded, request: VcrRequest, number: int, matchers: Sequence[Matcher]) -> bool:
    return not matchers or bool(requests_match(request, cassette.data[number][0], matchers))
