"""Two requests → what differs, as a person would say it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vcr_llm.fingerprint import Place, normalised, place, whole_request
from vcr_llm.interaction import Request

__all__ = ["Difference", "differences", "in_one_line"]

_SHORT = 40
"""Values up to this many characters are shown whole."""


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
        return f"{part}: {_shown(self.before)} → {_shown(self.after)}"


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
    names = [*before, *(name for name in after if name not in before)]
    found += [
        Difference(name, before.get(name), after.get(name))
        for name in names
        if not _equal(before.get(name), after.get(name))
    ]
    return found


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
