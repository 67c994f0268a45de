"""Which recording answers a live call: the three tiers, as an index over fingerprints.

1. exact: the same key and the same whole request;
2. same call: the same key; for a recording that says nothing of HTTP also the same stored llm-mock hash;
3. fallback, only if asked: what other matchers accept.

Within a tier recordings are played in the order recorded, each once; when the best tier's are all
played, its last one is played again rather than one of a lower tier. A request that is no LLM call is
answered by place and query, in order, each once. A look-up costs the same at any number of recordings.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from vcr_llm.fingerprint import MATCH_ON, Fingerprint, llm_mock_hash
from vcr_llm.interaction import Interaction, Request
from vcr_llm.streams import is_stream_type

__all__ = ["USUAL", "Choice", "Recordings", "Rules", "Tier"]


class Tier(enum.Enum):
    """How well a recording fits the call it answers."""

    EXACT = "exact"
    """Also of a request that is no LLM call, where the same body was recorded."""
    SAME_CALL = "same call"
    FALLBACK = "fallback"
    OTHER = "no LLM call"


@dataclass(frozen=True, slots=True)
class Rules:
    """How strict matching is.

    ``strict``: only exact recordings answer. ``fallback``: names of the vcrpy matchers of the third
    tier, none by default. ``repeats``: the last recording of a call answers again when all are played.
    ``always_first`` is vcrpy's ``allow_playback_repeats``: of the recordings of the best tier the first
    answers, however often it was played.
    ``match_host``: scheme, host and port count. ``match_on``: the parts of an LLM call's key.
    """

    strict: bool = False
    fallback: tuple[str, ...] = ()
    repeats: bool = True
    always_first: bool = False
    match_host: bool = True
    match_on: tuple[str, ...] = MATCH_ON


USUAL: Final = Rules()


@dataclass(frozen=True, slots=True)
class Choice:
    """The recording that answers: its number from 0, and why."""

    number: int
    tier: Tier


Accepts = Callable[[int], bool]


@dataclass(slots=True)
class Recordings:
    """The recordings of one cassette by what they answer; numbers are positions in the cassette."""

    rules: Rules
    _exact: dict[Hashable, list[int]] = field(default_factory=lambda: defaultdict(list))
    _same: dict[Hashable, list[int]] = field(default_factory=lambda: defaultdict(list))
    _bare: bool = False
    _count: int = 0

    def __len__(self) -> int:
        return self._count

    def add(self, print_: Fingerprint, interaction: Interaction | None = None) -> None:
        """Index the next recording; ``interaction`` is needed of one that says nothing of HTTP."""
        number = self._count
        self._count += 1
        if interaction is not None and interaction.bare and print_.call is not None:
            # Its host is a guess and its request may be trimmed: the operation stands for the place.
            self._bare = True
            place = str(print_.call.operation)
            self._same[place, _streams(interaction), interaction.hash].append(number)
        else:
            place = print_.place
        self._exact[place, print_.key, print_.whole].append(number)
        self._same[place, print_.key].append(number)

    def choose(
        self,
        live: Fingerprint,
        request: Request,
        *,
        free: Accepts,
        fits: Accepts,
        falls_back: Accepts,
        tiers: Iterable[Tier] = (Tier.EXACT, Tier.SAME_CALL, Tier.FALLBACK),
    ) -> Choice | None:
        """The best recording for a live request, or None.

        ``free``: the recording has not been played. ``fits``: the user's other matchers accept it.
        ``falls_back``: the fallback matchers accept it. ``tiers``: those that may answer at all.
        """
        for tier in tiers:
            candidates = [
                number for number in self._candidates(tier, live, request, falls_back) if fits(number)
            ]
            if candidates:
                number = self._next(candidates, free, live.call is not None)
                return (
                    None if number is None else Choice(number, Tier.OTHER if _is_other(tier, live) else tier)
                )
        return None

    def _candidates(
        self, tier: Tier, live: Fingerprint, request: Request, falls_back: Accepts
    ) -> Sequence[int]:
        if tier is Tier.FALLBACK:
            return [number for number in range(self._count) if falls_back(number)]
        if live.call is None:
            return self._same.get((live.place, live.key), ())
        operation = str(live.call.operation) if self._bare else ""
        if tier is Tier.EXACT:
            keys: list[Hashable] = [(live.place, live.key, live.whole)]
            if self._bare:
                keys.append((operation, live.key, live.whole))
            return _merged([self._exact.get(key, []) for key in keys])
        keys = [(live.place, live.key)]
        if self._bare:
            body = request.body.json if request.body is not None else None
            keys.append((operation, live.key))
            if isinstance(body, dict):
                keys.append((operation, live.call.stream, llm_mock_hash(body, self.rules.match_on)))
        return _merged([self._same.get(key, []) for key in keys])

    def _next(self, candidates: Sequence[int], free: Accepts, is_call: bool) -> int | None:
        if self.rules.always_first:
            return candidates[0]
        for number in candidates:
            if free(number):
                return number
        return candidates[-1] if is_call and self.rules.repeats else None


def _is_other(tier: Tier, live: Fingerprint) -> bool:
    return live.call is None and tier is not Tier.FALLBACK


def _merged(lists: Sequence[list[int]]) -> Sequence[int]:
    filled = [numbers for numbers in lists if numbers]
    return filled[0] if len(filled) == 1 else sorted({number for numbers in filled for number in numbers})


def _streams(interaction: Interaction) -> bool:
    """Whether a recording of an llm-mock file is a stream; its request need not say so."""
    return is_stream_type(interaction.response.headers.get("content-type", ("",))[0])
