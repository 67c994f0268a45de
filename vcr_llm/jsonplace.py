"""Where in a JSON text a value stands: the keys that lead to it → line and column."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

__all__ = ["place_of"]

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def place_of(text: str, keys: Sequence[str | int]) -> tuple[int, int]:
    """Line and column, from 1, of the value that ``keys`` lead to in a valid JSON text.

    A key that is not there gives the place of the object or list that should have it.
    """
    start = _skip(text, 0)
    for key in keys:
        found = _descend(text, start, key)
        if found is None:
            break
        start = found
    return text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match is not None
    return match.end()


def _descend(text: str, at: int, key: str | int) -> int | None:
    """The start of the member ``key`` of the object or list that starts at ``at``."""
    closing = {"{": "}", "[": "]"}.get(text[at])
    number = 0
    found = None
    at = _skip(text, at + 1)
    while closing is not None and text[at] != closing:
        name: str | int = number
        if closing == "}":
            name, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
        if name == key:
            found = at  # not the end of the search: of two equal keys Python's parser takes the last
        _, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
        number += 1
    return found
