"""The facts of an audit, and what follows from them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

__all__ = ["MISS", "TIERS", "Answered", "Audit", "CassetteTest", "Played", "from_json", "to_json"]

MISS: Final = "miss"
TIERS: Final = ("exact", "same call", "fallback", "no LLM call", MISS)
"""By which tier of ours a call is answered, the best first; `MISS` where no recording would answer it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One call and the recordings that answer it; their numbers count from 1 and are None for none.

    ``by_vcrpy``: what the suite's own matchers give by vcrpy's rule (the first that matches and was not
    played), where they are known: a suite with the preset names them as its ``fallback``.
    ``by_llm``: what the preset gives with these matchers as ``fallback``. ``other_answer``: the two
    recordings say different things. ``difference``: what the call has otherwise than ``by_llm``'s request.
    """

    asked: str
    tier: str
    by_vcrpy: int | None
    by_llm: int | None
    other_answer: bool = False
    difference: str = ""


@dataclass(slots=True)
class Played:
    """What one test did with one cassette. ``interactions``: how many the cassette holds.

    ``ours``: it was opened with this package's options. ``old_files``: what was read in its place.
    ``problem``: why the preset could not open it, empty where it can.
    """

    test: str
    cassette: str
    interactions: int
    ours: bool
    match_on: Sequence[str]
    old_files: Sequence[str] = ()
    problem: str = ""
    calls: list[Answered] = field(default_factory=list)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Played:
        return cls(**{**value, "calls": [Answered(**call) for call in value["calls"]]})


@dataclass(frozen=True, slots=True)
class CassetteTest:
    """A test with cassettes: its outcome (``passed``, ``failed``, ``skipped``) and what it played."""

    name: str
    outcome: str
    played: Sequence[Played]

    @property
    def calls(self) -> list[Answered]:
        return [call for each in self.played for call in each.calls]


class Audit:
    """What a run of tests did with its cassettes."""

    def __init__(self, played: Iterable[Played] = (), outcomes: Mapping[str, str] | None = None) -> None:
        self.outcomes = dict(outcomes or {})
        """Of every test of the run, with or without a cassette."""
        self._played = list(played)

    def add(self, played: Played) -> None:
        self._played.append(played)

    @property
    def tests(self) -> list[CassetteTest]:
        """The tests that opened a cassette, in the order of their names."""
        by_test: dict[str, list[Played]] = defaultdict(list)
        for each in self._played:
            by_test[each.test].append(each)
        return [CassetteTest(name, self.outcomes.get(name, ""), by_test[name]) for name in sorted(by_test)]

    @property
    def tiers(self) -> Counter[str]:
        return Counter(call.tier for each in self._played for call in each.calls)

    def calls(self, *tiers: str) -> list[tuple[str, str, Answered]]:
        """(test, cassette, call) of the calls answered by these tiers."""
        return [
            (test.name, each.cassette, call)
            for test in self.tests
            for each in test.played
            for call in each.calls
            if call.tier in tiers
        ]

    def other_answers(self) -> list[tuple[str, str, Answered]]:
        """The calls to which ours give another answer than vcrpy: the test may have passed by accident."""
        return [entry for entry in self.calls(*TIERS) if entry[2].other_answer]

    def lost(self) -> list[tuple[str, str, Answered]]:
        """The calls that the suite's own matchers answer and the preset would not."""
        return [entry for entry in self.calls(MISS) if entry[2].by_vcrpy is not None]

    def shared(self) -> dict[str, list[str]]:
        """The cassettes of several tests, with the tests."""
        tests: dict[str, set[str]] = defaultdict(set)
        for each in self._played:
            if each.test:
                tests[each.cassette].add(each.test)
        return {path: sorted(tests[path]) for path in sorted(tests) if len(tests[path]) > 1}

    def unplayed(self) -> dict[str, list[int]]:
        """The recordings that no test played, by cassette: their numbers."""
        held: dict[str, int] = {}
        played: dict[str, set[int]] = defaultdict(set)
        for each in self._played:
            held[each.cassette] = max(held.get(each.cassette, 0), each.interactions)
            ours = (call.by_llm if each.ours else call.by_vcrpy for call in each.calls)
            played[each.cassette].update(number for number in ours if number is not None)
        found = {
            path: sorted(set(range(1, count + 1)) - played[path]) for path, count in sorted(held.items())
        }
        return {path: numbers for path, numbers in found.items() if numbers}

    @property
    def cassettes(self) -> list[str]:
        return sorted({each.cassette for each in self._played})

    def expect_misses(self) -> list[str]:
        """The tests that passed although a call of theirs had no recording."""
        missed = {test for test, _, call in self.calls(MISS) if call.by_vcrpy is None}
        return sorted(test for test in missed if self.outcomes.get(test) == "passed")

    def needs_fallback(self) -> list[str]:
        """The tests that need the suite's own matchers as the last tier."""
        return sorted({test for test, _, _ in self.calls("fallback")})


def to_json(audit: Audit) -> dict[str, Any]:
    """The audit as a JSON object: totals, then every test with its calls."""
    return {
        "version": 1,
        "totals": {
            "tests": len(audit.outcomes),
            "outcomes": dict(sorted(Counter(audit.outcomes.values()).items())),
            "tests_with_cassettes": len(audit.tests),
            "cassettes": len(audit.cassettes),
            "calls": {tier: audit.tiers[tier] for tier in TIERS},
            "other_answers": len(audit.other_answers()),
        },
        "needs_fallback": audit.needs_fallback(),
        "expect_misses": audit.expect_misses(),
        "shared": audit.shared(),
        "unplayed": audit.unplayed(),
        "outcomes": dict(sorted(audit.outcomes.items())),
        "tests": [
            {
                "test": test.name,
                "outcome": test.outcome,
                "cassettes": [
                    {name: value for name, value in asdict(each).items() if name != "test"}
                    for each in test.played
                ],
            }
            for test in audit.tests
        ],
    }


def from_json(value: Mapping[str, Any]) -> Audit:
    """The audit that `to_json` wrote."""
    played = [
        Played.from_json({**each, "test": test["test"]})
        for test in value["tests"]
        for each in test["cassettes"]
    ]
    return Audit(played, value["outcomes"])
