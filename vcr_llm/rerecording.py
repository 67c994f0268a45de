"""Items recorded again → in the places of those they replace, so that a re-recording is a small diff."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

__all__ = ["replaced_in_place"]

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
