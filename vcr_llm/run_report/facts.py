"""What is known of one process of a run, as values that travel to pytest-xdist's controller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from vcr_llm.providers import Usage

__all__ = ["CallFact", "OpeningFact", "PastFact", "RunFacts"]


@dataclass(frozen=True, slots=True)
class CallFact:
    """One LLM call. ``outcome``: replayed, recorded or live; ``seconds`` is None for a replayed one.

    ``usage`` is None where the response does not say.
    """

    provider: str
    operation: str
    model: str | None
    outcome: str
    usage: Usage | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class OpeningFact:
    """One cassette, opened once.

    ``path`` is relative to the rootdir, with slashes, where it lies below it. ``interactions`` counts those
    its file had, ``played`` are the numbers (from 1) of those that were played. ``own``: no other test
    uses this file, as its name tells. ``written``: something was recorded into it; ``failed``: its test
    failed. ``oldest``: the oldest date of a recording, ISO 8601. ``files``: others that were read with it
    (extra cassettes), ``old_files`` those in an old format that were read in its place. ``requests`` counts
    answered requests by outcome, LLM calls and others.
    """

    path: str
    test: str = ""
    mode: str = "none"
    source: str = "default"
    interactions: int = 0
    played: tuple[int, ...] = ()
    own: bool = False
    written: bool = False
    failed: bool = False
    drifted: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    missed: int = 0
    oldest: str | None = None
    files: tuple[str, ...] = ()
    old_files: tuple[str, ...] = ()
    requests: Mapping[str, int] = field(default_factory=dict)
    calls: tuple[CallFact, ...] = ()
    on_unplayed: str = "warn"
    max_age: float | None = None


@dataclass(frozen=True, slots=True)
class PastFact:
    """A connection that no cassette knew of. ``variable``: the key variable that held the placeholder.

    ``outside``: no cassette was open. That counts where the test has one (of ours), whose author expects its
    calls to be replayed: a fixture of a wider scope made the call before.
    """

    host: str
    test: str = ""
    variable: str = ""
    outside: bool = False


@dataclass(slots=True)
class RunFacts:
    """All of one process. ``others``: cassettes that vcrpy itself opened. ``partial``: why not all tests ran.

    ``spared``: names of cassettes of tests that were collected but opened none (skipped ones); ``modules``:
    the test modules that were collected, as paths. ``lines``: what other parts of the plugin have to say,
    with whether it is a problem.
    """

    openings: list[OpeningFact] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    past: list[PastFact] = field(default_factory=list)
    lines: list[tuple[str, bool]] = field(default_factory=list)
    partial: str = ""
    spared: list[str] = field(default_factory=list)
    collected: int = 0
    modules: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """As what pytest-xdist can send: dicts, lists, texts and numbers."""
        return asdict(self)

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> RunFacts:
        openings = [
            OpeningFact(
                **{
                    **each,
                    **{
                        name: tuple(each[name])
                        for name in ("played", "drifted", "stale", "files", "old_files")
                    },
                    "calls": tuple(map(_call, each["calls"])),
                }
            )
            for each in plain["openings"]
        ]
        return cls(
            openings,
            list(plain["others"]),
            [PastFact(**each) for each in plain["past"]],
            [(text, bad) for text, bad in plain["lines"]],
            plain["partial"],
            list(plain["spared"]),
            plain["collected"],
            list(plain["modules"]),
        )

    def add(self, other: RunFacts) -> None:
        """Take in what another process knows; all of them have collected the same tests."""
        self.openings += other.openings
        self.others += other.others
        self.past += other.past
        self.lines += [line for line in other.lines if line not in self.lines]
        self.partial = self.partial or other.partial
        self.spared += other.spared
        self.collected = max(self.collected, other.collected)
        self.modules = self.modules or other.modules


def _call(plain: Mapping[str, Any]) -> CallFact:
    usage = plain["usage"]
    return CallFact(**{**plain, "usage": None if usage is None else Usage(**usage)})
