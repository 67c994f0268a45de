"""What a cassette held, and what has been recorded since → what it should hold.

Items recorded again stand in the places of those they replace, so that a re-recording is a small diff;
tests that record into one cassette at the same time lose nothing to each other.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Batch", "Outcome", "composed", "replaced_in_place"]

Item = TypeVar("Item")


def replaced_in_place(
    old: Sequence[Item], new: Sequence[Item], identities: Sequence[Callable[[Item], Hashable]]
) -> list[Item]:
    """The old items with new ones in the places of those they replace, and the other new ones behind.

    ``identities`` say what is the same, the strictest first; an item takes the first old place that is
    the same by the strictest of them. Old items that are the same as a new one by the strictest identity,
    but more in number, go; all others stay.
    """
    places: list[Item | None] = list(old)
    untouched = dict.fromkeys(range(len(old)))
    waiting = list(new)
    for number, identity in enumerate(identities):
        free: dict[Hashable, deque[int]] = defaultdict(deque)
        for place in untouched:
            free[identity(old[place])].append(place)
        asked = [(identity(item), item) for item in waiting]
        waiting = []
        for name, item in asked:
            if free[name]:
                place = free[name].popleft()
                places[place] = item
                del untouched[place]
            else:
                waiting.append(item)
        if number == 0:
            for place in [place for name in {name for name, _ in asked} for place in free[name]]:
                places[place] = None
                del untouched[place]
    return [item for item in places if item is not None] + waiting


@dataclass(frozen=True, slots=True)
class Batch(Generic[Item]):
    """What one test has recorded into a cassette.

    ``test`` names it and gives the batches their order. ``replaces``: its items take the places of the
    same ones (record mode ``all``). ``refreshes``: the cassette is to hold only what this run records
    (``rewrite``), unless a test that ``failed`` recorded some of it.
    """

    test: str
    items: tuple[Item, ...]
    replaces: bool = False
    refreshes: bool = False
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Item]):
    """What a cassette should hold, and what lies beside it as rejected; None where there is nothing."""

    items: list[Item]
    rejected: list[Item] | None


def composed(
    base: Sequence[Item],
    batches: Iterable[Batch[Item]],
    identities: Sequence[Callable[[Item], Hashable]],
) -> Outcome[Item]:
    """A cassette from what it held before the run and what the run's tests recorded.

    The result does not depend on the order in which the tests have finished.
    """
    ordered = sorted(batches, key=lambda batch: batch.test)
    refreshing = [batch for batch in ordered if batch.refreshes]
    if not any(batch.failed for batch in refreshing):
        return Outcome(_added([] if refreshing else base, ordered, identities), None)
    others = [batch for batch in ordered if not batch.refreshes]
    return Outcome(_added(base, others, identities), _added([], refreshing, identities))


def _added(
    base: Sequence[Item], batches: Sequence[Batch[Item]], identities: Sequence[Callable[[Item], Hashable]]
) -> list[Item]:
    items = list(base)
    replacing = [item for batch in batches if batch.replaces for item in batch.items]
    if replacing:
        items = replaced_in_place(items, replacing, identities)
    return items + [item for batch in batches if not batch.replaces for item in batch.items]
