"""The three tiers, played in order, against a reference that looks at every recording every time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import BOUNDED

from vcr_llm.fingerprint import fingerprint, llm_mock_hash
from vcr_llm.interaction import Body, Interaction, Request, Response
from vcr_llm.ranking import Choice, Recordings, Rules, Tier

HOSTS = ("https://api.openai.com", "https://proxy.example")
ALL_TIERS = (Tier.EXACT, Tier.SAME_CALL, Tier.FALLBACK)


@dataclass(frozen=True)
class Ask:
    """What a request asks for. Without ``text`` it is no LLM call but a page, told by its query."""

    text: str | None = "Hi"
    model: str = "gpt-5"
    temperature: float | None = None
    streams: bool = False
    system: str | None = None
    host: int = 0
    query: str = ""

    @property
    def body(self) -> dict[str, Any]:
        named = {"temperature": self.temperature, "system": self.system, "stream": self.streams or None}
        body = {"model": self.model, "messages": [{"role": "user", "content": self.text}], **named}
        return {name: value for name, value in body.items() if value is not None}

    @property
    def request(self) -> Request:
        if self.text is None:
            return Request("GET", f"{HOSTS[self.host]}/page?{self.query}")
        return Request(
            "POST", f"{HOSTS[self.host]}/v1/chat/completions?{self.query}", Body.of_json(self.body)
        )

    def is_same_call(self, other: Ask, *, match_host: bool) -> bool:
        """Model, messages and temperature are the same, and the place is."""
        if match_host and self.host != other.host:
            return False
        if self.text is None or other.text is None:
            return self.text is other.text and self.query == other.query
        return self._asked == other._asked

    @property
    def _asked(self) -> tuple[Any, ...]:
        return self.text, self.model, 1 if self.temperature is None else self.temperature, self.streams

    def is_equal(self, other: Ask, *, match_host: bool) -> bool:
        # An explicit default temperature is the same call, but not the same request.
        rest = (self.system, self.temperature, self.query) == (other.system, other.temperature, other.query)
        return self.is_same_call(other, match_host=match_host) and (rest or self.text is None)


@dataclass(frozen=True)
class Recording:
    """With ``hashed`` it is of a file that says nothing of HTTP and names that call by its hash."""

    ask: Ask
    hashed: Ask | None = None

    @property
    def interaction(self) -> Interaction:
        streams = self.hashed.streams if self.hashed else self.ask.streams
        headers = {"content-type": ("text/event-stream" if streams else "application/json",)}
        response = Response(200, "OK", headers, Body(b""))
        if self.hashed is None:
            return Interaction(self.ask.request, response)
        return Interaction(self.ask.request, response, hash=llm_mock_hash(self.hashed.body), bare=True)

    def answers(self, tier: Tier, live: Ask, *, match_host: bool) -> bool:
        if self.hashed is None:
            by_tier = {Tier.EXACT: self.ask.is_equal, Tier.SAME_CALL: self.ask.is_same_call}
            return by_tier[tier](live, match_host=match_host)
        if live.text is None:
            return False
        if tier is Tier.EXACT:
            return self.ask.is_equal(live, match_host=False)
        is_named = self.hashed.streams == live.streams and llm_mock_hash(self.hashed.body) == llm_mock_hash(
            live.body
        )
        return is_named or self.ask.is_same_call(live, match_host=False)


def reference(
    recorded: list[Recording],
    live: Ask,
    rules: Rules,
    played: set[int],
    fits: Callable[[int], bool],
    falls_back: Callable[[int], bool],
) -> Choice | None:
    """Section by section what the module promises, without an index."""
    for tier in ALL_TIERS:
        numbers = [
            number
            for number, recording in enumerate(recorded)
            if fits(number)
            and (
                falls_back(number)
                if tier is Tier.FALLBACK
                else recording.answers(tier, live, match_host=rules.match_host)
            )
        ]
        if not numbers:
            continue
        named = Tier.OTHER if live.text is None and tier is not Tier.FALLBACK else tier
        if rules.always_first:
            return Choice(numbers[0], named)
        unplayed = [number for number in numbers if number not in played]
        if unplayed:
            return Choice(unplayed[0], named)
        return Choice(numbers[-1], named) if rules.repeats and live.text is not None else None
    return None


def index(recorded: list[Recording], rules: Rules) -> Recordings:
    recordings = Recordings(rules)
    for recording in recorded:
        found = recording.interaction
        recordings.add(fingerprint(found.request, match_host=rules.match_host), found)
    return recordings


def choose(
    recordings: Recordings,
    live: Ask,
    played: set[int] = frozenset(),
    fits: Callable[[int], bool] = lambda _: True,
    falls_back: Callable[[int], bool] = lambda _: False,
    tiers: tuple[Tier, ...] = ALL_TIERS,
) -> Choice | None:
    print_ = fingerprint(live.request, match_host=recordings.rules.match_host)
    return recordings.choose(
        print_,
        live.request,
        free=lambda number: number not in played,
        fits=fits,
        falls_back=falls_back,
        tiers=tiers,
    )


calls = st.builds(
    Ask,
    text=st.sampled_from(["Hi", "Ho"]),
    model=st.sampled_from(["gpt-5", "gpt-5", "gpt-6"]),
    temperature=st.sampled_from([None, None, 1.0, 0.0]),
    streams=st.booleans(),
    system=st.sampled_from([None, "Be terse", "Be kind"]),
    host=st.sampled_from([0, 0, 1]),
)
pages = st.builds(Ask, text=st.none(), host=st.sampled_from([0, 0, 1]), query=st.sampled_from(["", "a=1"]))
asks = st.one_of(calls, calls, calls, pages)
recordings_ = st.one_of(
    st.builds(Recording, asks),
    st.builds(Recording, asks),
    calls.map(lambda ask: Recording(ask, ask)),
    st.builds(Recording, calls, calls),
)
rules_ = st.builds(Rules, repeats=st.booleans(), always_first=st.booleans(), match_host=st.booleans())


@BOUNDED
@given(
    st.lists(recordings_, max_size=8),
    st.lists(asks, min_size=1, max_size=10),
    rules_,
    st.sets(st.integers(0, 7)),
    st.sets(st.integers(0, 7)),
)
def test_every_sequence_of_calls_is_answered_as_by_the_reference(
    recorded: list[Recording], lives: list[Ask], rules: Rules, unfit: set[int], fallback: set[int]
) -> None:
    recordings = index(recorded, rules)
    assert len(recordings) == len(recorded)
    played: set[int] = set()
    for live in lives:
        expected = reference(recorded, live, rules, played, lambda n: n not in unfit, fallback.__contains__)
        found = choose(recordings, live, played, lambda n: n not in unfit, fallback.__contains__)
        assert found == expected
        if found is not None:
            played.add(found.number)


def test_an_exact_recording_answers_before_an_earlier_one_of_the_same_call() -> None:
    recordings = index([Recording(Ask(system="old")), Recording(Ask(system="new"))], Rules())
    assert choose(recordings, Ask(system="new")) == Choice(1, Tier.EXACT)
    assert choose(recordings, Ask(system="other")) == Choice(0, Tier.SAME_CALL)
    assert choose(recordings, Ask(system="other"), {0}) == Choice(1, Tier.SAME_CALL)


def test_the_last_exact_recording_plays_again_rather_than_one_that_drifted() -> None:
    recorded = [Recording(Ask()), Recording(Ask()), Recording(Ask(system="x"))]
    assert choose(index(recorded, Rules()), Ask(), {0, 1}) == Choice(1, Tier.EXACT)
    assert choose(index(recorded, Rules(repeats=False)), Ask(), {0, 1}) is None


@pytest.mark.parametrize("streams", [False, True])
def test_a_plain_call_and_a_stream_never_answer_each_other(streams: bool) -> None:
    for recording in (
        Recording(Ask(streams=not streams)),
        Recording(Ask(streams=not streams), Ask(streams=not streams)),
    ):
        assert choose(index([recording], Rules()), Ask(streams=streams)) is None


def test_a_trimmed_recording_of_llm_mock_answers_by_its_hash_on_any_host() -> None:
    recordings = index([Recording(Ask(text="redacted"), hashed=Ask())], Rules())
    assert choose(recordings, Ask(host=1, system="x")) == Choice(0, Tier.SAME_CALL)
    assert choose(recordings, Ask(text="redacted", host=1)) == Choice(0, Tier.EXACT)
    assert choose(recordings, Ask(text="Ho")) is None


def test_only_the_tiers_that_may_answer_do() -> None:
    recordings = index([Recording(Ask(system="x"))], Rules())
    assert choose(recordings, Ask(), tiers=(Tier.EXACT,)) is None
    assert choose(recordings, Ask(), falls_back=lambda _: True, tiers=(Tier.EXACT,)) is None
    assert choose(recordings, Ask(text="Ho"), falls_back=lambda _: True) == Choice(0, Tier.FALLBACK)


def test_a_page_is_played_once_unless_it_may_repeat() -> None:
    page = Ask(text=None, query="a=1")
    recorded = [Recording(page), Recording(page)]
    assert choose(index(recorded, Rules()), page) == Choice(0, Tier.OTHER)
    assert choose(index(recorded, Rules()), page, {0}) == Choice(1, Tier.OTHER)
    assert choose(index(recorded, Rules()), page, {0, 1}) is None
    assert choose(index(recorded, Rules(always_first=True)), page, {0, 1}) == Choice(0, Tier.OTHER)


def test_where_playback_repeats_as_in_vcrpy_the_first_of_the_best_tier_answers() -> None:
    recorded = [Recording(Ask(system="Be kind")), Recording(Ask()), Recording(Ask())]
    recordings = index(recorded, Rules(always_first=True))
    assert choose(recordings, Ask()) == choose(recordings, Ask(), {1}) == Choice(1, Tier.EXACT)
    assert choose(recordings, Ask(system="Be terse"), {0}) == Choice(0, Tier.SAME_CALL)


@pytest.mark.parametrize("is_bare", [False, True])
def test_a_look_up_costs_the_same_in_a_large_cassette(is_bare: bool) -> None:
    def seconds(count: int) -> float:
        asked = [Ask(text=f"question {number}") for number in range(count)]
        recordings = index([Recording(ask, ask if is_bare else None) for ask in asked], Rules())
        live = asked[-1].request
        print_ = fingerprint(live)
        taken = []
        for _ in range(20):
            start = time.perf_counter()
            for _ in range(50):
                recordings.choose(
                    print_, live, free=lambda _: True, fits=lambda _: True, falls_back=lambda _: False
                )
            taken.append(time.perf_counter() - start)
        return min(taken)

    assert seconds(2_000) < 5 * seconds(20)
