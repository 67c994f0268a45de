"""The parts in which two requests differ: matching's own equality, field by field, message by message."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, Final

from vcr_llm.diff.difference import Difference
from vcr_llm.diff.places import Place as Where
from vcr_llm.diff.places import call_names, field_place, said, tool_name
from vcr_llm.fingerprint import Place, normalised, place, whole_request
from vcr_llm.interaction import Request

__all__ = ["differences", "parsed_text", "value_differences"]

_FEW: Final = 3
"""Parts of a field that are named one by one."""


def differences(recorded: Request, live: Request, few: int = _FEW) -> list[Difference]:
    """What the live request has otherwise than the recorded one, in the order of the recorded fields.

    Bodies are compared field by field; null equals absent and 1 equals 1.0, as in matching. A field in which
    more than ``few`` parts differ is one difference; of messages and tools each is one where more than the
    default are wanted.
    """
    found = [
        Difference(part, before or None, after or None)
        for part, before, after in zip(Place._fields, place(recorded), place(live), strict=True)
        if before != after
    ]
    return found + value_differences(whole_request(recorded), whole_request(live), few)


def value_differences(before: Any, after: Any, few: int = _FEW, name: str = "body") -> list[Difference]:
    """The same for two JSON values; ``name`` is what they are called where they are no objects."""
    before, after = normalised(before), normalised(after)
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return [] if _equal(before, after) else [Difference(name, before, after)]
    names = {**call_names(before), **call_names(after)}
    found: list[Difference] = []
    for field in _fields(before, after):
        found += _inside(field_place(field, names), before.get(field), after.get(field), few)
    return found


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [*before, *(name for name in after if name not in before)]


def _inside(where: Where, before: Any, after: Any, few: int) -> list[Difference]:
    """The smallest parts in which two values differ, or the whole where these are more than a few."""
    if _equal(before, after):
        return []
    found: list[Difference] = []
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in _fields(before, after):
            found += _inside(where.field(name), before.get(name), after.get(name), few)
    elif isinstance(before, list) and isinstance(after, list):
        for number, one, other in _aligned(before, after, where.lists_tools):
            member = where.member(number, one if other is None else other, len(after))
            found += _inside(member, one, other, few)
    elif isinstance(before, str) and isinstance(after, str):
        values = parsed_text(before), parsed_text(after)
        if None not in values and not _equal(*values):
            found = _inside(where, *values, few)
    if 0 < len(found) <= few or (found and few > _FEW and where.lists_named):
        return found
    if where.named and (before is None or after is None):
        before, after = said(before), said(after)
    return [Difference(where.text, before, after)]


def parsed_text(text: str) -> Any:
    """The object or list that a text is the JSON of: tool calls and results travel so; else None."""
    if text[:1] not in ("{", "["):
        return None
    try:
        return normalised(json.loads(text))
    except (ValueError, RecursionError):
        return None


Aligned = tuple[int, Any, Any]
"""A number, and what is there before and after; None where there is nothing."""


def _aligned(before: Sequence[Any], after: Sequence[Any], by_name: bool) -> list[Aligned]:
    """The members of two lists that differ, side by side: tools by their names, others by what is equal."""
    old, new = _names(before), _names(after)
    if by_name and old and new:
        return [
            (
                new.get(name, old.get(name, 0)),
                before[old[name]] if name in old else None,
                after[new[name]] if name in new else None,
            )
            for name in _fields(old, new)
        ]
    keys = [_text(member) for member in before], [_text(member) for member in after]
    found: list[Aligned] = []
    for tag, a, b, c, d in SequenceMatcher(None, keys[0], keys[1], autojunk=False).get_opcodes():
        if tag != "equal":
            # The number of a member is that in the live request, of one that is gone in the recorded one.
            for at, (one, other) in enumerate(zip_longest(before[a:b], after[c:d])):
                found.append((a + at if other is None else c + at, one, other))
    return found


def _names(members: Sequence[Any]) -> dict[str, int] | None:
    """The place of each tool by its name; None where not all have a name of their own."""
    found: dict[str, int] = {}
    for number, member in enumerate(members):
        name = tool_name(member)
        if name is None or name in found:
            return None
        found[name] = number
    return found


def _equal(before: Any, after: Any) -> bool:
    """Equality as digests see it: for Python ``True == 1``."""
    return _text(before) == _text(after)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
