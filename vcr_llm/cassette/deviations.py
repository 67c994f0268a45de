"""Answers to what was not asked so when they were recorded: drift, and what only fallback matchers accept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from vcr_llm.errors import DriftError, DriftWarning, StaleWarning, VcrLlmWarning
from vcr_llm.ranking import Tier

__all__ = ["Deviation", "Deviations"]


@dataclass(frozen=True, slots=True)
class Deviation:
    """A recording (its number from 1) that answered a request which is not the recorded one any more."""

    number: int
    operation: str
    differences: str
    tier: Tier

    def __str__(self) -> str:
        return f"interaction {self.number} ({self.operation}): {self.differences}"


_DRIFT: Final = "answered although the request has changed since it was recorded"
_KINDS: Final[tuple[tuple[Tier, type[VcrLlmWarning], str], ...]] = (
    (Tier.SAME_CALL, DriftWarning, _DRIFT),
    (Tier.FALLBACK, StaleWarning, "answered only by the fallback matchers"),
)


class Deviations(list[Deviation]):
    """Those of one cassette, each once. ``on_drift``: "warn", "error" or "ignore"."""

    def __init__(self, on_drift: str) -> None:
        super().__init__()
        self._on_drift = on_drift
        self._told = 0

    def note(self, deviation: Deviation) -> None:
        """Keep it, unless it is known."""
        if deviation not in self:
            self.append(deviation)

    def warnings(self, path: str, again: str) -> Iterator[tuple[type[VcrLlmWarning], str]]:
        """A warning a kind, of the cassette at ``path`` that the command ``again`` records anew."""
        for tier, category, what in _KINDS:
            found = [deviation for deviation in self if deviation.tier is tier]
            if found and (tier is not Tier.SAME_CALL or self._on_drift == "warn"):
                yield category, _told(path, what, found, again)

    def error(self, path: str, again: str) -> DriftError | None:
        """Drift that is an error and has not been told yet; telling it once is enough."""
        drifted = [deviation for deviation in self if deviation.tier is Tier.SAME_CALL]
        new, self._told = drifted[self._told :], len(drifted)
        if not new or self._on_drift != "error":
            return None
        return DriftError(_told(path, _DRIFT, new, again, "\n  "))


def _told(path: str, what: str, found: Sequence[Deviation], again: str, between: str = " | ") -> str:
    start, end = (between, between) if "\n" in between else (" ", ". ")
    return f"{path}: {what}:{start}{between.join(map(str, found))}{end}To record again: {again}"
