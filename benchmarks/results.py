"""The measured rows: asked by key and contender, as medians and quartiles over the rounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from benchmarks.contenders import OURS

__all__ = ["NO_CASSETTES", "Results", "Row", "Spread", "Value", "count_of", "ratio", "value_of"]

Row = dict[str, Any]
NO_CASSETTES = "no cassettes"
"""With what the names of those suites begin that are the floor of the others in their environment."""
Value = Callable[[Row], float | None]
"""A row → the number that is shown of it; None where it has none."""


@dataclass(frozen=True)
class Spread:
    """The median of some rounds, and between what half of them lie."""

    median: float
    low: float
    high: float
    rounds: int

    @classmethod
    def of(cls, found: Sequence[float]) -> Spread:
        low, _, high = quantiles(found, n=4, method="inclusive") if len(found) > 1 else (found[0],) * 3
        return cls(median(found), low, high, len(found))


class Results:
    """All rows but those of failures.

    Rows of ``load`` get ``reference``, the seconds of `json.loads` for vcr-llm's file in the same round; rows
    of suites get ``floor``, the seconds of the suite without cassettes in the same round and environment.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = [dict(row) for row in rows if "error" not in row]
        for reference in _REFERENCES:
            self._refer(*reference)

    def _refer(self, start: str, contender: str, name: str, into: str) -> None:
        def group(row: Row) -> tuple[Any, ...]:
            return row["key"], row["round"], row.get("environment")

        rows = [row for row in self._rows if row["key"].startswith(start)]
        known = {group(row): row[name] for row in rows if row["contender"].startswith(contender)}
        for row in rows:
            if group(row) in known:
                row[into] = known[group(row)]

    def keys(self, start: str) -> list[str]:
        return list(dict.fromkeys(row["key"] for row in self._rows if row["key"].startswith(start)))

    def contenders(self, keys: Sequence[str]) -> list[str]:
        return list(dict.fromkeys(row["contender"] for row in self._rows if row["key"] in keys))

    def spread(self, key: str, contender: str, value: Value) -> Spread | None:
        found = [value(row) for row in self._rows if (row["key"], row["contender"]) == (key, contender)]
        known = [each for each in found if each is not None]
        return Spread.of(known) if known else None

    def against(self, key: str, contender: str, other: str, value: Value) -> Spread | None:
        """One contender's number by another's of the same round, where both took part."""

        def by_round(name: str) -> dict[int, float]:
            rows = [row for row in self._rows if (row["key"], row["contender"]) == (key, name)]
            return {row["round"]: found for row in rows if (found := value(row)) is not None}

        ours, theirs = by_round(contender), by_round(other)
        found = [ours[number] / theirs[number] for number in ours if number in theirs]
        return Spread.of(found) if found else None

    def of(self, key: str, contender: str, value: Value) -> float | None:
        found = self.spread(key, contender, value)
        return found.median if found else None


_REFERENCES = (("load ", OURS, "json", "reference"), ("suite ", NO_CASSETTES, "seconds", "floor"))
"""(what a key begins with, whose row, what of it, under which name the other rows get it)."""


def value_of(name: str) -> Value:
    return lambda row: row.get(name)


def ratio(of: str, to: str) -> Value:
    """The ratio of two numbers of one row, so of one round."""

    def found(row: Row) -> float | None:
        return float(row[of] / row[to]) if of in row and to in row else None

    return found


def count_of(key: str) -> int:
    """How many interactions, of a key like ``replay 100-1024 shuffled``."""
    return int(key.split()[1].split("-")[0])
