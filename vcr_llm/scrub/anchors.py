"""One look at a text for many words: is any of them in it?

Most texts hold none. The words are searched for by the rarest character of each: most of these characters
are not in a text at all, or seldom, which takes next to no time to see; for each of the others there is one
pass.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

__all__ = ["Anchors"]

_IN_JSON: Final = " \"etnoasi:lr,cud0pm_g812f75yb4396.v-hxTkwPACSIBDELOjMGFYRUNWHq/\\zQKXVJZ+'*%>="
"""Characters of JSON, the most frequent first, as counted in public cassettes; but some stand where more
words are found by one character."""

_IN_PROSE: Final = " etnoasilrcudpmhgfybvxkw.,0812754396jTPACSIBDELOMGFYRUNWHqzQKXVJZ-'/_+:\\*%>=\""
"""The same of a text that has few strings."""

_SPARSE: Final = 256
"""Characters between two quotes on average from which on a text is prose."""

_LARGE: Final = 4096
_FEW: Final = 2048
"""In a large text a character that stands there less than once in so many is sooner found one by one."""

Pattern = re.Pattern[str]


class Anchors:
    """Words to look for, and ``others``: patterns for what has no such word."""

    def __init__(self, words: Collection[str], others: Collection[Pattern] = ()) -> None:
        self._others = tuple(others)
        self._have_commas = any("," in word for word in words)
        self._in_json = _searches(words, _IN_JSON)
        self._in_prose = _searches(words, _IN_PROSE)

    def are_in(self, text: str) -> bool:
        """Whether one of them is in the text."""
        large = len(text) >= _LARGE
        searches = self._in_prose if large and text.count('"') * _SPARSE < len(text) else self._in_json
        return self._others_are_in(text) or _are_found(searches, text, large)

    def are_in_repeated(self, text: str) -> bool:
        """The same for a text that says much again and again, as the JSON of a stream's events does."""
        if self._have_commas:
            return self.are_in(text)  # one might go on behind a cut
        distinct = '","'.join(set(text.split(',"')))
        return self._others_are_in(text) or _are_found(self._in_json, distinct, len(distinct) >= _LARGE)

    def _others_are_in(self, text: str) -> bool:
        return any(other.search(text) for other in self._others)


def _are_found(searches: Sequence[tuple[str, Pattern]], text: str, large: bool) -> bool:
    for character, pattern in searches:
        if character in text and (_is_found(character, pattern, text) if large else pattern.search(text)):
            return True
    return False


def _is_found(character: str, pattern: Pattern, text: str) -> bool:
    """Whether a pattern that begins with the character is found."""
    at = text.find(character)
    for _ in range(len(text) // _FEW):
        if at < 0:
            return False
        if pattern.match(text, at):
            return True
        at = text.find(character, at + 1)
    return at >= 0 and pattern.search(text, at) is not None


def _searches(words: Collection[str], common: str) -> list[tuple[str, Pattern]]:
    """One pattern per rarest character, which stands first in it."""

    def rarity(character: str) -> int:
        place = common.find(character)
        return len(common) if place < 0 else place

    by_character: dict[str, list[str]] = {}
    for word in sorted(words):
        by_character.setdefault(max(word, key=rarity), []).append(word)
    return [(character, _pattern(character, group)) for character, group in by_character.items()]


def _pattern(character: str, words: Sequence[str]) -> Pattern:
    around = "|".join(_around(word, character) for word in words)
    return re.compile(f"{re.escape(character)}(?:{around})")


def _around(word: str, character: str) -> str:
    """What follows the character in the word, first, as that mostly fails at once; then the whole."""
    before, _, after = word.partition(character)
    return re.escape(after) + (f"(?<={re.escape(word)})" if before else "")
