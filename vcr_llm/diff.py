"""Two requests → what differs, as a person would say it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from vcr_llm.fingerprint import Place, normalised, place, whole_request
from vcr_llm.interaction import Request

__all__ = ["Difference", "differences", "in_one_line"]

_SHORT = 40
"""Values up to this many characters are shown whole."""

_LEAD = 12
"""Characters in front of the first difference of two long texts that are shown."""

_FEW = 3
"""Parts of a field that are named one by one."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One part of a request that changed. ``before`` and ``after`` are None where it is not there."""

    part: str
    before: Any
    after: Any

    def __str__(self) -> str:
        part = _printable(self.part)
        if self.before is None:
            return f"{part} added ({_shown(self.after)})"
        if self.after is None:
            return f"{part} removed (was {_shown(self.before)})"
        before, after = _from_where_they_differ(self.before, self.after)
        texts = _shown(before), _shown(after)
        return f"{part} changed ({texts[0]})" if texts[0] == texts[1] else f"{part}: {' → '.join(texts)}"


def differences(recorded: Request, live: Request) -> list[Difference]:
    """What the live request has otherwise than the recorded one, in the order of the recorded fields.

    Bodies are compared field by field; null equals absent and 1 equals 1.0, as in matching.
    """
    found = [
        Difference(part, before or None, after or None)
        for part, before, after in zip(Place._fields, place(recorded), place(live), strict=True)
        if before != after
    ]
    before, after = normalised(whole_request(recorded)), normalised(whole_request(live))
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return [*found, Difference("body", before, after)] if not _equal(before, after) else found
    for name in _names(before, after):
        found += _inside(name, before.get(name), after.get(name))
    return found


def _names(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [*before, *(name for name in after if name not in before)]


def _inside(part: str, before: Any, after: Any) -> list[Difference]:
    """The smallest parts in which two values differ, or the whole where these are more than a few."""
    if _equal(before, after):
        return []
    found: list[Difference] = []
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in _names(before, after):
            found += _inside(f"{part}.{name}", before.get(name), after.get(name))
    elif isinstance(before, list) and isinstance(after, list):
        for number, (one, other) in enumerate(zip_longest(before, after)):
            found += _inside(f"{part}[{number}]", one, other)
    return found if 0 < len(found) <= _FEW else [Difference(part, before, after)]


def in_one_line(found: list[Difference]) -> str:
    return "; ".join(map(str, found))


def _equal(before: Any, after: Any) -> bool:
    """Equality as digests see it: for Python ``True == 1``."""
    return json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)


def _printable(text: str) -> str:
    """The text with what would break the line, or the terminal, escaped."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)


def _from_where_they_differ(before: Any, after: Any) -> tuple[Any, Any]:
    """Two long texts without what is the same at their beginnings, but for a few words."""
    if not (isinstance(before, str) and isinstance(after, str)) or max(len(before), len(after)) <= _SHORT:
        return before, after
    pairs = enumerate(zip(before, after, strict=False))
    same = next((at for at, (one, other) in pairs if one != other), min(len(before), len(after)))
    start = max(before.rfind(" ", 0, max(same - _LEAD, 0)) + 1, same - 2 * _LEAD, 0)
    return (f"…{before[start:]}", f"…{after[start:]}") if start else (before, after)


def _shown(value: Any) -> str:
    """A value for one line of text: short ones whole, long texts by their first words, others by size."""
    text = _printable(json.dumps(value, ensure_ascii=False))
    if len(text) <= _SHORT:
        return text
    if isinstance(value, str):
        return _printable(json.dumps(value[: _SHORT - 2].rstrip(), ensure_ascii=False))[:-1] + '…"'
    if not isinstance(value, list | dict):
        return text[:_SHORT] + "…"
    noun = "item" if isinstance(value, list) else "field"
    return f"{len(value)} {noun}{'' if len(value) == 1 else 's'}"
