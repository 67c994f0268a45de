"""What each call would be answered with, found while the tests run: by vcrpy's rule and by ours."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vcr_llm import diff, vcr_bridge
from vcr_llm.audit.facts import MISS, Answered, Played
from vcr_llm.cassette import Cassette, Settings
from vcr_llm.errors import VcrLlmError
from vcr_llm.fingerprint import fingerprint
from vcr_llm.interaction import Request, Response
from vcr_llm.matchers import compared, llm
from vcr_llm.providers import classify, read_messages
from vcr_llm.ranking import Rules, Tier
from vcr_llm.report import asked, first_words
from vcr_llm.vcr_bridge import Pair, RecordMode, VcrRequest, Watched

__all__ = ["Watch"]


class Watch:
    """Every cassette that is opened from `start` to `stop`, and what answers the calls into it.

    ``test`` says which test runs at the moment; paths are told relative to ``root``.
    """

    def __init__(self, root: Path, test: Callable[[], str]) -> None:
        self._root = root
        self._test = test
        self._found: list[Played] = []
        self._end: Callable[[], None] | None = None

    def start(self) -> None:
        self._end = vcr_bridge.watch_cassettes(self._opened)

    def stop(self) -> None:
        if self._end is not None:
            self._end()

    def drain(self) -> list[Played]:
        """What has been found since the last time."""
        found, self._found = self._found, []
        return found

    def _opened(self, watched: Watched) -> Callable[[VcrRequest], None]:
        judge = _Judge(watched)
        played: dict[str, Played] = {}
        lock = threading.Lock()

        def of_test() -> Played:
            test = self._test()
            if test not in played:
                played[test] = self._new(watched, test, judge.problem)
            # A cassette that stays open across tests is told for each test in which it is used.
            if not any(each is played[test] for each in self._found):
                played[test].calls = []
                self._found.append(played[test])
            return played[test]

        def called(request: VcrRequest) -> None:
            with lock:
                filtered = watched.filtered(request)
                if filtered is None:
                    return
                calls = of_test().calls
                answered = judge.answered(request, filtered)
                if not (answered.tier == MISS and calls and calls[-1] == answered):  # an SDK's retry
                    calls.append(answered)

        of_test()
        return called

    def _new(self, watched: Watched, test: str, problem: str) -> Played:
        cassette = watched.cassette
        ours = isinstance(cassette, Cassette)
        return Played(
            test,
            self._relative(watched.path),
            len(watched.pairs),
            ours,
            [matcher.__name__ for matcher in watched.matchers],
            [self._relative(path) for path in cassette.old_files] if ours else [],
            problem,
        )

    def _relative(self, path: str) -> str:
        full = Path(os.path.realpath(path))
        root = Path(os.path.realpath(self._root))
        return full.relative_to(root).as_posix() if full.is_relative_to(root) else path


class _Judge:
    """What answers the calls into one cassette, by two cassettes of the same recordings."""

    def __init__(self, watched: Watched) -> None:
        self._pairs = watched.pairs
        own = watched.cassette if isinstance(watched.cassette, Cassette) else None
        theirs = watched.matchers if own is None else own.settings.fallback
        self._vcrpy = _FirstMatch(watched.pairs, theirs, watched.repeats) if theirs else None
        self._llm: Cassette | None = None
        self.problem = ""
        try:
            self._llm = _preset(watched) if own is None else _same(own, watched)
        except VcrLlmError as error:
            self.problem = str(error)

    def answered(self, sent: VcrRequest, request: VcrRequest) -> Answered:
        """``sent``: as the client made it, for people; ``request``: after the suite's own filters."""
        live = compared(vcr_bridge.to_request(request))
        by_vcrpy = self._vcrpy.play(request) if self._vcrpy is not None else None
        by_llm, tier = self._play(request)
        difference = ""
        if by_llm is not None and tier in (Tier.SAME_CALL.value, Tier.FALLBACK.value):
            recorded = compared(vcr_bridge.to_request(self._pairs[by_llm][0]))
            difference = diff.in_one_line(diff.differences(recorded, live))
        other = None not in (by_vcrpy, by_llm) and not self._same_answer(by_vcrpy, by_llm)
        shown = _described(compared(vcr_bridge.to_request(sent)))
        return Answered(shown, tier, _from_one(by_vcrpy), _from_one(by_llm), other, difference)

    def _play(self, request: VcrRequest) -> tuple[int | None, str]:
        choice = self._llm.choose(request) if self._llm is not None else None
        if self._llm is None or choice is None:
            return None, MISS
        self._llm.played(choice.number)
        known_by_digest = choice.tier is Tier.EXACT
        other = known_by_digest and classify(vcr_bridge.to_request(request)) is None
        return choice.number, (Tier.OTHER if other else choice.tier).value

    def _same_answer(self, one: int | None, other: int | None) -> bool:
        if one is None or other is None or one == other:
            return one == other
        first, second = self._response(one), self._response(other)
        return (first.status, first.body.raw) == (second.status, second.body.raw)

    def _response(self, number: int) -> Response:
        request, response = self._pairs[number]
        return vcr_bridge.to_interaction(request, vcr_bridge.decoded(response)).response


@dataclass(slots=True)
class _FirstMatch:
    """vcrpy's rule: the first recording that matches and was not played, with repeats the first at all."""

    pairs: Sequence[Pair]
    matchers: Sequence[Callable[..., object]]
    repeats: bool
    plays: Counter[int] = field(default_factory=Counter)

    def play(self, request: VcrRequest) -> int | None:
        for number, (recorded, _) in enumerate(self.pairs):
            free = self.repeats or not self.plays[number]
            if free and vcr_bridge.requests_match(request, recorded, self.matchers):
                self.plays[number] += 1
                return number
        return None


def _preset(watched: Watched) -> Cassette:
    """The cassette as the preset would open it, with the suite's own matchers as fallback."""
    cassette = Cassette(
        path=watched.path,
        settings=Settings(Rules(always_first=watched.repeats), watched.matchers),
        match_on=(llm,),
        record_mode=RecordMode.NONE,
        allow_playback_repeats=watched.repeats,
    )
    return _filled(cassette, watched.pairs)


def _same(own: Cassette, watched: Watched) -> Cassette:
    """A cassette of ours once more, to be played beside it."""
    cassette = Cassette(
        path=watched.path,
        settings=Settings(own.settings.rules, own.settings.fallback),
        match_on=own.matchers,
        record_mode=RecordMode.NONE,
        allow_playback_repeats=watched.repeats,
    )
    return _filled(cassette, watched.pairs)


def _filled(cassette: Cassette, pairs: Sequence[Pair]) -> Cassette:
    cassette.loading = True
    cassette.load_more(pairs)
    cassette.loading = False
    return cassette


def _described(request: Request) -> str:
    call = fingerprint(request).call
    if call is None:
        return f"{request.method} {request.url.partition('?')[0]}"
    model = f", {call.model}" if call.model else ""
    return f"{call.operation}{model}: {first_words(asked(read_messages(call)))}"


def _from_one(number: int | None) -> int | None:
    return None if number is None else number + 1
