"""The targets, what was measured of each, and whether it is met: computed, never written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks import tables
from benchmarks.contenders import BY_NAME, OURS
from benchmarks.results import Results, Row, Spread, Value, count_of, ratio, value_of

__all__ = ["markdown"]


@dataclass(frozen=True)
class Check:
    """One number that must not be above its limit. ``label``: at which size, or beside whom."""

    label: str
    value: float
    limit: float
    shown: str

    @property
    def met(self) -> bool:
        return self.value <= self.limit


Checks = Callable[[Results], Iterator[Check]]


@dataclass(frozen=True)
class Target:
    """Met if all of its checks are; left out where nothing of it was measured."""

    name: str
    checks: Checks


def markdown(results: Results) -> list[str]:
    """The table of all targets; what misses its limit is bold."""
    lines = ["| target | measured: median (half of the rounds) | met |", "|---|---|---|"]
    for target in TARGETS:
        checks = list(target.checks(results))
        if checks:
            cells = "; ".join(check.shown if check.met else f"**{check.shown}**" for check in checks)
            missed = sum(not check.met for check in checks)
            several = f"no, {missed} of {len(checks)}" if len(checks) > 1 else "no"
            lines.append(f"| {target.name} | {cells} | {several if missed else 'yes'} |")
    return lines


def _shown(found: Spread, scale: float = 1, unit: str = "") -> str:
    numbers = (found.median * scale, found.low * scale, found.high * scale)
    middle, low, high = (f"{number:.2f}" if abs(number) < 10 else f"{number:,.0f}" for number in numbers)
    return f"{middle}{unit} ({low}–{high})"


def _below(
    keys: Callable[[Results], Sequence[str]], value: Value, limit: float, scale: float = 1, unit: str = ""
) -> Checks:
    """Ours at every key against a fixed limit; ``limit`` is in the unit that is shown."""

    def checks(results: Results) -> Iterator[Check]:
        for key in keys(results):
            found = results.spread(key, OURS, value)
            if found is not None:
                label = _size(key)
                yield Check(label, found.median * scale, limit, f"{label}{_shown(found, scale, unit)}")

    return checks


def _below_peers(
    keys: Callable[[Results], Sequence[str]], value: Value, peers: Callable[[str], bool]
) -> Checks:
    """Ours at every key against the least of the peers' there, both ratios to a floor of their own round."""

    def checks(results: Results) -> Iterator[Check]:
        for key in keys(results):
            found = results.spread(key, OURS, value)
            others = {
                name: other
                for name in results.contenders([key])
                if name != OURS and peers(name) and (other := results.of(key, name, value)) is not None
            }
            if found is None or not others:
                continue
            name = min(others, key=others.__getitem__)
            least = others[name]
            shown = f"{_size(key)}{_shown(found)}, {name} {least:.2f}"
            yield Check(key, found.median, least, shown)

    return checks


def _by_peers(
    keys: Callable[[Results], Sequence[str]], seconds: Value, peers: Callable[[str], bool]
) -> Checks:
    """Ours at every key by that of the peer which comes nearest: a machine is now slow, now fast, but in one
    round all take turns on it."""

    def checks(results: Results) -> Iterator[Check]:
        for key in keys(results):
            others = [name for name in results.contenders([key]) if name != OURS and peers(name)]
            found = [(results.against(key, OURS, name, seconds), name) for name in others]
            known = [(each, name) for each, name in found if each is not None]
            if known:
                most, name = max(known, key=lambda one: one[0].median)
                yield Check(key, most.median, 1, f"{_size(key)}{_shown(most)} of {name}")

    return checks


def _size(key: str) -> str:
    """How much of what, in front of a number."""
    if "-" not in key or key == "start-up":
        return ""
    if key.endswith(("-1024", "-1024 shuffled")) or "stream" in key:
        return f"{count_of(key):,}: "
    return f"{tables.body(key)}: "


def _flat(results: Results) -> Iterator[Check]:
    known = [results.of(key, OURS, _CALL) for key in _replays(results)]
    found = [each for each in known if each is not None]
    if len(found) > 1:
        between = max(found) - min(found)
        yield Check("", between, 0.1, f"largest − smallest {between:.2f}")


def _replays(results: Results) -> list[str]:
    return [key for key in results.keys("replay") if key.endswith("-1024 shuffled")]


def _streamed(results: Results) -> list[str]:
    return [key for key in results.keys("replay") if key.endswith("-stream shuffled")]


def _large(results: Results) -> list[str]:
    shuffled = [key for key in results.keys("replay") if key.endswith(" shuffled")]
    return [key for key in shuffled if key not in {*_replays(results), *_streamed(results)}]


def _loads(results: Results) -> list[str]:
    return [key for key in results.keys("load") if key.endswith("-1024")]


def _single_test(results: Results) -> list[str]:
    return [key for key in results.keys("test") if count_of(key) == 1]


def _most_memory(results: Results) -> list[str]:
    return results.keys("memory")[-1:]


def _enter_and_exit(row: Row) -> float:
    return float(row["open"] + row["close"])


def _added(row: Row) -> float:
    return float(row["with"] - row["without"])


def _runs_sdk(name: str) -> bool:
    return BY_NAME[name].runs_sdk


def _vcrpy_or_cassetter(name: str) -> bool:
    return name.startswith(("vcrpy", "cassetter"))


def _vcrpy(name: str) -> bool:
    return name.startswith("vcrpy")


_CALL = ratio("call", "floor")
TARGETS = (
    Target("a replayed call ≤ 1.2 × the floor at every size", _below(_replays, _CALL, 1.2)),
    Target("flat: at most 0.1 between the sizes", _flat),
    Target("below every peer's that runs the SDK", _below_peers(_replays, _CALL, _runs_sdk)),
    Target("a replayed stream ≤ 1.2 × the floor", _below(_streamed, _CALL, 1.2)),
    Target(
        "a replayed stream below every peer's that runs the SDK", _below_peers(_streamed, _CALL, _runs_sdk)
    ),
    Target("a large answer ≤ 1.2 × the floor", _below(_large, _CALL, 1.2)),
    Target("a large answer below every peer's that runs the SDK", _below_peers(_large, _CALL, _runs_sdk)),
    Target("reading ≤ 3 × `json.loads` of the file", _below(_loads, ratio("read", "reference"), 3)),
    Target("opening, with all patches, ≤ 3 × `json.loads`", _below(_loads, ratio("open", "reference"), 3)),
    Target(
        "reading ÷ vcrpy's and cassetter's ≤ 1",
        _by_peers(_loads, value_of("read"), _vcrpy_or_cassetter),
    ),
    Target(
        "opening ÷ vcrpy's and cassetter's ≤ 1",
        _by_peers(_loads, value_of("open"), _vcrpy_or_cassetter),
    ),
    Target(
        "the plugin adds ≤ 10 ms to a run without cassettes",
        _below(lambda results: results.keys("start-up"), _added, 10, 1000, " ms"),
    ),
    Target(
        "and imports nothing of vcrpy, an SDK, rich or click (packages)",
        _below(lambda results: results.keys("start-up"), value_of("imported"), 0),
    ),
    Target(
        "opening and closing a cassette of one ÷ vcrpy's ≤ 1",
        _by_peers(_single_test, _enter_and_exit, _vcrpy),
    ),
    Target(
        "a test of a suite, above one without cassettes, ÷ vcrpy's ≤ 1",
        _by_peers(lambda results: results.keys("suite"), tables.per_test, _vcrpy),
    ),
    Target("peak memory ≤ 3 × the file", _below(_most_memory, ratio("peak", "bytes"), 3)),
    Target(
        "recording one more ≤ writing all once",
        _below(lambda results: results.keys("add"), ratio("add", "save"), 1),
    ),
)
"""What this package is to reach on a machine of two cores; where a target has two readings, both are here."""
