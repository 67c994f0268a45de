"""Which normalizers would have made a call the recorded one: tried out, not guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from vcr_llm.diff import Difference, word_changes
from vcr_llm.interaction import Request
from vcr_llm.miss.situation import Situation
from vcr_llm.normalizers import NAMES, normalizer

__all__ = ["normalizers_that_match"]

_SEPARATORS: Final = "_-:/#=."
_KINDS: Final = (
    (re.compile(r"\d+"), r"\d+"),
    (re.compile(r"[0-9a-f]+"), "[0-9a-f]+"),
    (re.compile(r"[0-9A-Za-z]+"), "[0-9A-Za-z]+"),
)
_LONG: Final = 8
"""Characters from which letters and digits with nothing in front of them look like a random id."""


def normalizers_that_match(
    situation: Situation, recorded: Request, differences: Sequence[Difference]
) -> list[Any]:
    """The fewest values of the option ``normalize`` by which the recording would answer; [] for none."""
    live, other = situation.seen(situation.live), situation.seen(recorded)

    def match(given: Sequence[Any]) -> bool:
        normalise = normalizer(given)
        return situation.is_same(normalise(live), normalise(other))

    for name in NAMES:
        if match([name]):
            return [name]
    given = [*NAMES, *dict.fromkeys(_patterns(differences))]
    if not match(given):
        return []
    for one in [*reversed(NAMES), *given[len(NAMES) :]]:
        fewer = [each for each in given if each != one]
        if match(fewer):
            given = fewer
    return given


def _patterns(differences: Sequence[Difference]) -> Iterator[tuple[str, str]]:
    """Pairs (regular expression, replacement) for words that look like ids and changed."""
    for difference in differences:
        if isinstance(difference.before, str) and isinstance(difference.after, str):
            for change in word_changes(difference.before, difference.after):
                for before, after in zip(change.before.split(), change.after.split(), strict=False):
                    pattern = _pattern(before.strip(".,;:!?\"'()[]"), after.strip(".,;:!?\"'()[]"))
                    if pattern is not None:
                        yield pattern


def _pattern(before: str, after: str) -> tuple[str, str] | None:
    """``sess_8f3a9c`` and ``sess_77b1d2`` → ``sess_[0-9a-f]+``; None where they do not look like ids."""
    same = next((at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), 0)
    start = max((before.rfind(mark, 0, same) for mark in _SEPARATORS), default=-1) + 1
    prefix, one, other = before[:start], before[start:], after[start:]
    if before == after or not any(char.isdigit() for char in one + other):
        return None
    if not prefix and (min(len(one), len(other)) < _LONG or (one + other).isdigit()):
        return None
    for kind, pattern in _KINDS:
        if kind.fullmatch(one) and kind.fullmatch(other):
            return f"{re.escape(prefix)}{pattern}", f"{prefix}id"
    return None
