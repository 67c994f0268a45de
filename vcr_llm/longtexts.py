"""JSON text whose long strings are left as they stand in it.

An answer may be one text of five megabytes. Parsed and written again, by Python's parser and `jsontext`, such
a string comes out as it went in; so it need not go through them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from vcr_llm import jsontext

__all__ = ["Shortened", "is_sparse", "shortened"]

_LONG: Final = 4096
"""Characters from which on a string is long."""

_SPARSE: Final = 256
"""Characters between two quotes on average: where they are closer, there is little to be left out."""

_MARK: Final = "\ue000"
_MARKED: Final = re.compile(f'"{_MARK}([0-9]+){_MARK}"')

_OTHERWISE: Final = re.compile(r'\\(?!["\\bfnrt]|u00(?:0[0-7bef]|1[0-9a-f]))')
"""An escape that would be written another way, or perhaps one."""


@dataclass(frozen=True, slots=True)
class Shortened:
    """A JSON text with marks in the places of its long strings."""

    text: str
    _whole: str
    _raw: bytes | None
    _long: list[tuple[int, int]]

    def count(self, value: Any) -> int:
        """How many of the long strings there are in a part of the parsed value of ``text``."""
        return len(_MARKED.findall(jsontext.compact(value)))

    def __len__(self) -> int:
        return len(self._long)

    def compact(self, value: Any) -> bytes:
        """The bytes of `jsontext.compact` for a part of the parsed value, long strings included."""
        return self._put_in(_MARKED.split(jsontext.compact(value)))

    def compact_all(self, value: Any) -> bytes | None:
        """The same for a part that has all the long strings; None for one that has not."""
        pieces = _MARKED.split(jsontext.compact(value))
        return self._put_in(pieces) if len(pieces) // 2 == len(self._long) else None

    def _put_in(self, pieces: list[str]) -> bytes:
        """``pieces``: JSON and, between two, the numbers of long strings."""
        raw = None if self._raw is None else memoryview(self._raw)
        parts: list[bytes | memoryview] = []
        for number, piece in enumerate(pieces):
            if number % 2:
                start, end = self._long[int(piece)]
                parts += b'"', self._whole[start:end].encode() if raw is None else raw[start:end], b'"'
            else:
                parts.append(piece.encode())
        return b"".join(parts)


def is_sparse(text: str, start: int, end: int) -> bool:
    """Whether so few quotes are in ``text[start:end]`` that there may be long strings between them."""
    return text.count('"', start, end) * _SPARSE <= end - start


def shortened(text: str, start: int, end: int, raw: bytes | None = None) -> Shortened | None:
    """The JSON text in ``text[start:end]``, shortened; None where there is nothing long enough.

    It must be one that Python's parser takes, and `is_sparse`. Keys of objects stay. ``raw``: the bytes of
    the text where all of it is ASCII and they are at hand, so that they need not be made.
    """
    if not text.isascii() and text.find(_MARK, start, end) >= 0:
        return None
    parts: list[str] = []
    long: list[tuple[int, int]] = []
    done = start
    at = text.find('"', start, end) + 1
    while at > 0:
        closing = _closing(text, at)
        if closing - at >= _LONG and _stays(text, at, closing):
            parts.append(f"{text[done:at]}{_MARK}{len(long)}{_MARK}")
            long.append((at, closing))
            done = closing
        at = text.find('"', closing + 1, end) + 1
    if not long:
        return None
    return Shortened("".join([*parts, text[done:end]]), text, raw, long)


def _closing(text: str, at: int) -> int:
    """Where the string ends whose first character is at ``at``."""
    closing = text.index('"', at)
    while text[closing - 1] == "\\" and _is_escaped(text, closing):
        closing = text.index('"', closing + 1)
    return closing


def _is_escaped(text: str, at: int) -> bool:
    before = at
    while text[before - 1] == "\\":
        before -= 1
    return (at - before) % 2 == 1


_KEY_ENDS: Final = re.compile(r'"[ \t\r\n]*:')


def _stays(text: str, start: int, end: int) -> bool:
    """Whether a string is a value, and is written with the very characters that it was read from."""
    if _KEY_ENDS.match(text, end):
        return False
    if text.find("\\", start, end) >= 0 and _OTHERWISE.search(text, start, end):
        return False
    if text.isascii():
        return True
    try:
        text[start:end].encode()
    except UnicodeEncodeError:  # half of a surrogate pair is written as an escape
        return False
    return True
