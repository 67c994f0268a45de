"""Which measures are taken, of whom, at which sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.contenders import CONTENDERS, Contender, Sample
from benchmarks.traffic import SMALL

__all__ = ["PLANS", "Job", "Plan"]


@dataclass(frozen=True)
class Plan:
    """How much is measured. ``rounds`` of every job, each with all contenders in turn."""

    rounds: int
    sizes: tuple[int, ...]
    orders: tuple[str, ...] = ("first", "middle", "last", "shuffled")
    bodies: tuple[int, ...] = (1024, 100_000, 5_000_000)
    streams: int = 100
    many: int = 1000
    """Interactions where concurrency, a miss and one more recording are timed."""
    suite: int = 500
    starts: int = 20
    migrated: int = 1000


PLANS = {
    "full": Plan(5, (1, 10, 100, 1000, 10_000)),
    "short": Plan(3, (1, 10, 100, 1000, 10_000), ("last", "shuffled"), suite=100, starts=10, migrated=200),
    "quick": Plan(3, (1, 10, 100, 1000), suite=100, starts=10, migrated=200),
    "tiny": Plan(1, (1, 10), ("shuffled",), (1024,), streams=2, many=10, suite=2, starts=1, migrated=2),
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

    def line(self, seed: int) -> dict[str, Any]:
        """What a worker is sent."""
        seeded = {"seed": seed} if self.measure in _SEEDED else {}
        named = {"measure": self.measure, "contender": self.contender.name, "sample": asdict(self.sample)}
        return {**named, **self.options, **seeded}


_SEEDED = ("replay", "add", "threads", "gather")


def jobs(plan: Plan) -> Iterator[list[Job]]:
    """Groups of jobs that are compared: the same measure of all contenders that take part."""

    def of_all(measure: str, sample: Sample, **options: Any) -> list[Job]:
        return [
            Job(measure, contender, sample, options)
            for contender in CONTENDERS
            if sample.count <= contender.most and sample.count * sample.size <= _most_bytes(contender)
        ]

    for size in plan.sizes:
        for order in plan.orders if size > 100 else plan.orders[-1:]:
            yield of_all("replay", Sample(size), order=order)
        yield of_all("load", Sample(size))
        yield of_all("save", Sample(size))
    for size in plan.bodies:
        few = Sample(10 if size < 1_000_000 else 2, size)
        if size != SMALL:
            yield of_all("load", few)
            yield of_all("replay", few, order="shuffled")
    streaming = Sample(plan.streams, stream=True)
    yield [job for job in of_all("replay", streaming, order="shuffled") if job.contender.streams]
    for measure in ("miss", "threads", "gather"):
        yield of_all(measure, Sample(plan.many))
    yield [job for job in of_all("add", Sample(plan.many)) if job.contender.adds]


def _most_bytes(contender: Contender) -> int:
    return 20_000_000 if contender.most > 1000 else 2_000_000
