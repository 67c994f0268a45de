"""Where the time of a replayed call goes, above the same call in memory: the ten dearest functions.

``--profile`` asks all the questions twice, under cProfile on the CPU clock of the thread: replayed, and on
the in-memory transport. Of a function that is called there, too, only the further calls count, so that the
SDK's own work does not show, which takes more or less time from one run to the next.
cProfile makes small functions dearer than they are; above the table stands the time per call without it.
"""

from __future__ import annotations

import cProfile
import pstats
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from benchmarks.clock import seconds

__all__ = ["Profile", "Spent", "run"]

CALLS = 500
_TURNS = 9
_TOP = 10


@dataclass(frozen=True)
class Spent:
    """One function, per call of the SDK and above the floor: microseconds in it and with what it calls."""

    name: str
    own: float
    whole: float
    calls: float


@dataclass(frozen=True)
class Profile:
    """``replayed`` and ``floor``: microseconds per call without a profiler; ``top``: the dearest first."""

    replayed: float
    floor: float
    top: list[Spent]

    def text(self) -> str:
        lines = [
            f"A replayed call: {self.replayed:,.0f} µs, the floor {self.floor:,.0f} µs "
            f"(ratio {self.replayed / self.floor:.2f}). With the profiler, above the floor, per call:",
            "",
            "| function | own µs | with what it calls, µs | calls |",
            "|---|---:|---:|---:|",
        ]
        for one in self.top:
            lines.append(f"| `{one.name}` | {one.own:,.1f} | {one.whole:,.1f} | {one.calls:,.1f} |")
        return "\n".join(lines)


def run(count: int = 1000, calls: int = CALLS, package: Path | None = None) -> Profile:
    """The profile of ``calls`` replayed calls out of a cassette of ``count`` interactions.

    ``package``: a folder with another ``vcr_llm``, such as an older checkout; it must not be imported yet.
    """
    if package is not None:
        sys.path.insert(0, str(package))
    from benchmarks.contenders import BY_NAME, OURS
    from benchmarks.samples import Sample
    from benchmarks.sdk import ask, client

    contender, sample = BY_NAME[OURS], Sample(count)
    asked = [1 + number % max(count - 1, 1) if count > 1 else 0 for number in range(calls)]

    def ask_all(one: Any, numbers: Sequence[int] = asked) -> Callable[[], None]:
        return lambda: [ask(one, number, sample) for number in numbers] and None

    with tempfile.TemporaryDirectory() as folder:
        path = contender.path(Path(folder), sample)
        contender.record(path, sample, range(count))()
        floor = client(sample)
        ask(floor, 0, sample)

        def replayed(measure: Callable[[Callable[[], None]], _Result], numbers: Sequence[int]) -> _Result:
            """Of a cassette opened for this: a call made more often than recorded takes another way."""
            with contender.open(path) as entered:
                real = contender.client(entered)
                ask(real, 0, sample)
                return measure(ask_all(real, numbers))

        # In turns, and the floor with nothing open: vcrpy patches in-memory transports, too.
        turns = [asked[number::_TURNS] for number in range(_TURNS)]
        times = [
            (replayed(seconds, each), seconds(ask_all(floor, each)), len(each)) for each in turns if each
        ]
        floor_stats = _stats(ask_all(floor))
        replay_stats = replayed(_stats, asked)
    replay_time, floor_time = (median(each[kind] / each[2] for each in times) for kind in (0, 1))
    top = sorted(_above(replay_stats, floor_stats, calls), key=lambda one: -one.own)
    return Profile(replay_time * 1e6, floor_time * 1e6, top[:_TOP])


_Result = TypeVar("_Result")
_Stats = dict[tuple[str, int, str], tuple[int, int, float, float, Any]]
"""Of `pstats`: (file, line, function) → (primitive calls, calls, own seconds, whole seconds, callers)."""


def _stats(work: Callable[[], None]) -> _Stats:
    profiler = cProfile.Profile(time.thread_time)
    profiler.runcall(work)
    found: _Stats = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    return found


def _above(replay: _Stats, floor: _Stats, calls: int) -> Iterator[Spent]:
    for place, (_, count, own, whole, _) in replay.items():
        more = count - floor.get(place, (0, 0))[1]
        each = more / count / calls * 1e6
        yield Spent(_shown(*place), own * each, whole * each, more / calls)


def _shown(file: str, _line: int, function: str) -> str:
    return function if file == "~" else f"{'/'.join(Path(file).parts[-2:])}:{function}"
