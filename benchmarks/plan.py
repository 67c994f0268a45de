"""Which measures are taken, of whom, at which sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.samples import Sample
from benchmarks.traffic import SMALL

__all__ = ["PLANS", "Job", "Plan", "jobs", "memory_jobs"]


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    ``rounds`` of every job, each with all contenders in turn; who has taken ``patience`` seconds with a job
    takes part in no further round of it, so that the slow ones do not take the time of all. Where contenders
    are near to each other (`Job.is_close`) both are ``closely`` times as many.
    """

    rounds: int
    patience: float
    sizes: tuple[int, ...]
    orders: tuple[str, ...] = ("first", "middle", "last", "shuffled")
    bodies: tuple[int, ...] = (1024, 100_000, 5_000_000)
    streams: tuple[int, ...] = (100, 1000)
    many: int = 1000
    """Interactions where concurrency, a miss and one more recording are timed."""
    memory: tuple[int, ...] = (1000, 10_000)
    suite: int = 500
    suite_rounds: int = 3
    starts: int = 30
    migrated: tuple[int, ...] = (100, 1000)
    closely: int = 1


_SIZES = (1, 10, 100, 1000, 10_000)
PLANS = {
    "full": Plan(15, 4, _SIZES, suite_rounds=5, closely=3),
    "short": Plan(
        5, 1.5, _SIZES, ("last", "shuffled"), streams=(100,), memory=(10_000,), suite_rounds=2, starts=15
    ),
    "quick": Plan(3, 1, _SIZES[:-1], ("shuffled",), streams=(100,), memory=(1000,), suite=100, starts=10),
    "tiny": Plan(1, 1, (1, 10), ("shuffled",), (1024,), (2,), 10, (10,), 2, 1, 1, (2,)),
}


@dataclass(frozen=True)
class Job:
    """One measure of one contender; `key` names its results."""

    measure: str
    contender: Contender
    sample: Sample
    options: dict[str, Any] = field(default_factory=dict)

    def key(self) -> str:
        order = self.options.get("order", "")
        return " ".join(filter(None, [self.measure, self.sample.name, order]))

    @property
    def is_close(self) -> bool:
        """Whether contenders are so near to each other that a few rounds would not tell them apart."""
        if self.sample.stream or self.sample.size != SMALL:
            return False
        return self.measure == "load" or self.options.get("order") == "shuffled"

    @property
    def is_of_written(self) -> bool:
        """Whether a cassette is needed that is there before."""
        return self.measure != "save"

    def written(self) -> dict[str, Any]:
        """What a worker is sent that it has one."""
        return {"measure": "written", "contender": self.contender.name, "sample": asdict(self.sample)}

    def line(self, seed: int) -> dict[str, Any]:
        """What a worker is sent."""
        seeded = {"seed": seed} if self.measure in _SEEDED else {}
        named = {"measure": self.measure, "contender": self.contender.name, "sample": asdict(self.sample)}
        return {**named, **self.options, **seeded}


_SEEDED = ("replay", "test", "add", "threads", "gather")
_TAKES_PART: dict[str, Callable[[Contender], bool]] = {
    "miss": lambda one: one.exact,
    "add": lambda one: one.adds,
    "threads": lambda one: one.together,
    "gather": lambda one: one.together and one.gathers,
}
"""Measures that not every contender can take part in."""


def _of_all(measure: str, sample: Sample, **options: Any) -> list[Job]:
    takes_part = _TAKES_PART.get(measure, lambda _: True)
    return [
        Job(measure, contender, sample, options)
        for contender in CONTENDERS
        if contender.takes(sample)
        and takes_part(contender)
        # Where it answers in one order alone, there is but one place to ask for.
        and not (contender.in_order and options.get("order", "shuffled") != "shuffled")
    ]


def jobs(plan: Plan) -> Iterator[list[Job]]:
    """Groups of jobs that are compared: the same measure of all contenders that take part."""
    for size in plan.sizes:
        for order in plan.orders if size > 100 else plan.orders[-1:]:
            yield _of_all("replay", Sample(size), order=order)
        for measure in ("test", "load", "save"):
            yield _of_all(measure, Sample(size))
    for size in plan.bodies:
        few = Sample(10 if size < 1_000_000 else 2, size)
        yield from _loaded_and_played(few) if size != SMALL else ()
    for count in plan.streams:
        yield from _loaded_and_played(Sample(count, stream=True))
    for measure in ("miss", "threads", "gather", "add"):
        yield _of_all(measure, Sample(plan.many))


def _loaded_and_played(sample: Sample) -> Iterator[list[Job]]:
    yield _of_all("replay", sample, order="shuffled")
    for measure in ("load", "save"):
        yield _of_all(measure, sample)


def memory_jobs(plan: Plan) -> list[Job]:
    return [job for size in plan.memory for job in _of_all("memory", Sample(size))]
