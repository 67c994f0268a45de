"""What stands in a cassette instead of a secret: ``<OPENAI_API_KEY>``, numbered where there are several.

Every placeholder has one spelling, capitals that end in one of `_NOUNS` and perhaps a number, so that a
loaded cassette's placeholders are recognised without knowing which secrets were there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Final

from vcr_llm.placeholder import PLACEHOLDER_KEY

__all__ = ["FOLDED", "PLACEHOLDER", "Ledger", "folded_text", "may_fold", "placeholder_name"]

_NOUNS: Final = "KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|SIGNATURE|PAT|ID|ADDRESS|NUMBER"
_NAME: Final = rf"(?:[A-Z][A-Z0-9_]{{0,80}}_)?(?:{_NOUNS})(?:_[0-9]{{1,4}})?"

PLACEHOLDER: Final = re.compile(rf"(?:<|%3[Cc]|\\u003[cC]){_NAME}(?:>|%3[Ee]|\\u003[eE])")
"""A placeholder as written, or as an HTTP client or a careful JSON writer spells it later."""

FOLDED: Final = "<SECRET>"
"""The one token all placeholders become where two requests are compared."""

_FOLDING: Final = re.compile(f"{PLACEHOLDER.pattern}|{re.escape(PLACEHOLDER_KEY)}")
_MARKS: Final = ("<", "%3", "\\u003", PLACEHOLDER_KEY)
"""One of these is in every text that folds; most texts have none, and a search for a word is fast."""

_ENDS_IN_NOUN: Final = re.compile(rf"(?:.*_)?(?:{_NOUNS})(?:_[0-9]{{1,4}})?")


def placeholder_name(name: str) -> str:
    """A user's or a variable's name in the spelling of placeholders: ``my pin`` → MY_PIN_SECRET."""
    found = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")[:80]
    if not found[:1].isalpha():
        found = f"USER_{found}".rstrip("_")
    return found if _ENDS_IN_NOUN.fullmatch(found) else f"{found}_SECRET"


def folded_text(text: str) -> str:
    """The text as it is compared: which number a placeholder has, and which rule named it, is nothing.

    The key that stands in where replaying needs none folds to the same token: a cassette recorded with
    a real key must match a call made with the placeholder.
    """
    return _FOLDING.sub(FOLDED, text) if may_fold(text) else text


def may_fold(text: str) -> bool:
    """False only where `folded_text` leaves the text as it is."""
    return any(mark in text for mark in _MARKS)


class Ledger:
    """Which placeholder stands for which secret in one cassette; it holds digests, not secrets.

    ``taken``: placeholders a loaded cassette already has. Which secrets those stood for nobody knows any
    more, so a secret found now gets the next free number; without them its first number. They are
    asked for with the first secret: most often there is none.
    """

    __slots__ = ("_of", "_taken", "_waiting")

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._waiting = iter(taken)
        self._taken: set[str] = set()
        self._of: dict[bytes, str] = {}

    @classmethod
    def primed(cls, texts: Iterable[str]) -> Ledger:
        """A ledger that knows every placeholder in the texts of a loaded cassette."""
        return cls(found.group() for text in texts for found in PLACEHOLDER.finditer(text))

    def placeholder(self, name: str, secret: str) -> str:
        """``<NAME>`` for the first secret, ``<NAME_2>`` for the next; the same for the same secret."""
        digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
        if digest not in self._of:
            self._taken.update(self._waiting)
            number = 1
            while (found := f"<{name}_{number}>" if number > 1 else f"<{name}>") in self._taken:
                number += 1
            self._taken.add(found)
            self._of[digest] = found
        return self._of[digest]
