"""Two texts → the words that changed, each with a few words around it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

__all__ = ["WordChange", "likeness", "word_changes", "word_counts"]

# A timestamp, a path, an address or an id is one word; a full stop at the end of a sentence is no part of it.
_TOKEN: Final = re.compile(r"\s+|\w[\w.:+/@#%-]*\w|\w|.", re.DOTALL)

_PLAIN_WORD: Final = re.compile(r"\w+")

_CONTEXT: Final = 24
"""Characters around a change that are shown."""

_NEAR: Final = 24
"""Characters between two changes that are told as one."""

_EXACT: Final = 600
"""Words up to which two texts are compared with care; longer ones faster (`SequenceMatcher.autojunk`)."""

_MOST: Final = 40_000
"""Words beyond which only the beginning and the end that two texts share are looked for."""


@dataclass(frozen=True, slots=True)
class WordChange:
    """One place where two texts differ.

    ``before`` and ``after`` are what stands there, ``left`` and ``right`` the text around it, "…" where
    it goes on.
    """

    before: str
    after: str
    left: str
    right: str


def word_counts(text: str) -> Counter[str]:
    """How often each word is in a text, for `likeness`."""
    return Counter(_PLAIN_WORD.findall(text))


def likeness(one: Counter[str], other: Counter[str]) -> float:
    """The share of words that two texts have in common, 0 to 1 (Dice's coefficient)."""
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 1.0


def word_changes(before: str, after: str) -> list[WordChange]:
    """The places where two texts differ, in order; none where they are equal."""
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    start = _common(old, new)
    end = min(_common(old[::-1], new[::-1]), len(old) - start, len(new) - start)
    blocks = _blocks(old[start : len(old) - end], new[start : len(new) - end])
    places = [(a + start, b + start, c + start, d + start) for a, b, c, d in blocks]
    return [_change(old, new, place) for place in _joined(old, places)]


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    pairs = enumerate(zip(old, new, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(old), len(new)))


Block = tuple[int, int, int, int]
"""Where tokens differ: from and to in the old ones, from and to in the new ones."""


def _blocks(old: Sequence[str], new: Sequence[str]) -> list[Block]:
    if not old or not new or max(len(old), len(new)) > _MOST:
        return [(0, len(old), 0, len(new))] if old or new else []
    matcher = SequenceMatcher(None, old, new, autojunk=max(len(old), len(new)) > _EXACT)
    return [block for tag, *block in matcher.get_opcodes() if tag != "equal"]  # type: ignore[misc]


def _joined(old: Sequence[str], blocks: list[Block]) -> list[Block]:
    """Changes with next to nothing between them as one: people see a replaced phrase."""
    found: list[Block] = []
    for block in blocks:
        if found and sum(map(len, old[found[-1][1] : block[0]])) <= _NEAR:
            found[-1] = (found[-1][0], block[1], found[-1][2], block[3])
        else:
            found.append(block)
    return found


def _change(old: Sequence[str], new: Sequence[str], block: Block) -> WordChange:
    first, last, new_first, new_last = block
    left = _fitting(old[max(0, first - _CONTEXT) : first][::-1])
    right = _fitting(old[last : last + _CONTEXT])
    return WordChange(
        "".join(old[first:last]),
        "".join(new[new_first:new_last]),
        "…" + "".join(left[::-1]).lstrip() if len(left) < first else "".join(left[::-1]),
        "".join(right).rstrip() + "…" if last + len(right) < len(old) else "".join(right),
    )


def _fitting(tokens: Sequence[str]) -> Sequence[str]:
    """The first of the tokens, as many as there is room for."""
    room = _CONTEXT
    for number, token in enumerate(tokens):
        room -= len(token)
        if room < 0:
            return tokens[:number]
    return tokens
