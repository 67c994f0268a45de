"""One part of a request that changed, and its text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from vcr_llm.diff.words import WordChange, word_changes

__all__ = ["Difference", "in_one_line", "printable"]

_SHORT: Final = 40
"""Values up to this many characters are shown whole."""

_FEW: Final = 3
"""Places in a text that are shown one by one."""

_NOTHING: Final = 2
"""Characters around a change that are too few to say where it is."""

_WORDS: Final = 90
"""Characters of a changed phrase that are shown."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One part of a request that changed. ``before`` and ``after`` are None where it is not there."""

    part: str
    before: Any
    after: Any

    def __str__(self) -> str:
        part = printable(self.part)
        if self.before is None:
            return f"{part} added ({_shown(self.after)})"
        if self.after is None:
            return f"{part} removed (was {_shown(self.before)})"
        return f"{part}{self._changed()}"

    def lines(self, width: int) -> list[str]:
        """The same for more than one line: what changed in long texts below each other."""
        line = str(self)
        changes = self._places()
        if not changes or len(line) <= width:
            return [line]
        count = f"{len(changes)} change{'' if len(changes) == 1 else 's'}"
        found = [f"{printable(self.part)}: {count} in {len(self.after.split()):,} words"]
        for change in changes[:_FEW]:
            before, after = _sides(change)
            found += [f"  - {before}", f"  + {after}"]
        if len(changes) > _FEW:
            found.append(f"  … and {len(changes) - _FEW} more")
        return found

    def _changed(self) -> str:
        if _reordered(self.before, self.after):
            return " in another order"
        changes = self._places()
        if not changes:
            before, after = _shown(self.before), _shown(self.after)
            return f" changed ({before})" if before == after else f": {before} → {after}"
        texts = ['"{}" → "{}"'.format(*_sides(change)) for change in changes[:_FEW]]
        more = f"; {len(changes) - _FEW} more" if len(changes) > _FEW else ""
        return f": {'; '.join(texts)}{more}"

    def _places(self) -> list[WordChange]:
        """Where two texts differ, if they are long and have something in common."""
        before, after = self.before, self.after
        if not (isinstance(before, str) and isinstance(after, str)):
            return []
        if max(len(before), len(after)) <= _SHORT:
            return []
        changes = word_changes(before, after)
        alone = len(changes) == 1 and len(changes[0].left + changes[0].right) <= _NOTHING
        return [] if alone else changes


def in_one_line(found: Sequence[Difference]) -> str:
    return "; ".join(map(str, found))


def printable(text: str) -> str:
    """The text with what would break the line, or the terminal, escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)


def _reordered(before: Any, after: Any) -> bool:
    if not (isinstance(before, list) and isinstance(after, list)):
        return False
    texts = [sorted(json.dumps(member, sort_keys=True) for member in members) for members in (before, after)]
    return texts[0] == texts[1]


def _sides(change: WordChange) -> tuple[str, str]:
    """What stood there and what stands there now, each with the words around it."""
    left, right = _inner(change.left), _inner(change.right)
    before, after = _cut(change.before, change.after)
    return left + _inner(before) + right, left + _inner(after) + right


def _cut(before: str, after: str) -> tuple[str, str]:
    """Two changed phrases shortened so that it is still seen where they differ."""
    pairs = enumerate(zip(before, after, strict=False))
    same = next((at for at, (one, other) in pairs if one != other), min(len(before), len(after)))
    start = max(0, same - _WORDS // 3) if max(len(before), len(after)) > _WORDS else 0
    return _short(before, start), _short(after, start)


def _short(text: str, start: int) -> str:
    end = start + _WORDS
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")


def _inner(text: str) -> str:
    """A text as it stands inside quotation marks."""
    return printable(json.dumps(text, ensure_ascii=False)[1:-1])


def _shown(value: Any) -> str:
    """A value for one line of text: short ones whole, long texts by their first words, others by size."""
    text = printable(json.dumps(value, ensure_ascii=False))
    if len(text) <= _SHORT:
        return text
    if isinstance(value, str):
        return printable(json.dumps(value[: _SHORT - 2].rstrip(), ensure_ascii=False))[:-1] + '…"'
    if not isinstance(value, list | dict):
        return text[:_SHORT] + "…"
    noun = "item" if isinstance(value, list) else "field"
    return f"{len(value)} {noun}{'' if len(value) == 1 else 's'}"
