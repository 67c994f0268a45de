"""Whether a text that stands where a secret could stand is one: invented and redacted ones are not."""

from __future__ import annotations

import base64
import json
import re
from typing import Final

from vcr_llm.scrub.placeholders import PLACEHOLDER

__all__ = [
    "is_basic",
    "is_generated",
    "is_invented",
    "is_jwt",
    "is_luhn",
    "is_masked",
    "is_opaque",
    "is_pem",
    "is_plain_word",
    "is_public",
    "is_random",
    "is_real_account",
    "is_redacted",
    "is_stand_in",
    "is_userinfo",
]

_INVENTED: Final = re.compile(
    r"([^/])\1{7}|12345678|01234567|abcdefgh|x{6}|X{6}"
    r"|(?i:example|redacted|scrubbed|placeholder|changeme|replaceme)"
    r"|(?i:(?<![a-z])(?:fake|dummy|test|your|sample|mock|invalid|secret)(?![a-z]))"
)
"""Runs and words that no generator of keys would produce by chance: each is rarer than 1 in 10⁵ keys."""

_REDACTED: Final = re.compile(
    r"\W*|[*•x]{3,}|<[^<>]*>|\[[^\[\]]*\]|\$\{?\w+\}?|\{\{.*\}\}|%\w+%", re.IGNORECASE
)
_MEANINGLESS: Final = """
    redacted scrubbed masked filtered hidden removed dummy fake test testing tests mock sample example foo
    bar baz none null undefined empty placeholder changeme replaceme default your my the a an some any not no
    real api key keys apikey token tokens secret secrets password passwd pass pwd credential credentials auth
    org organization project proj
    bearer access refresh session client id here value string user username admin root postgres mysql guest
    anonymous anything whatever unused irrelevant invalid valid bad wrong good ollama local localhost
    openai anthropic google azure gemini mistral cohere bedrock vcr llm sk pk ant
"""
_INVENTED_WORDS: Final = frozenset(_MEANINGLESS.split())
_WORD: Final = re.compile(r"[A-Za-z]+|[0-9]+")
_PLAIN: Final = re.compile(r"(?:[a-z]+|[A-Z]+|[A-Z][a-z]+)")


def is_redacted(text: str) -> bool:
    """Whether a value that stands in a credential's place is none: redacted, a reference, or words like
    ``test`` and ``fake-key`` only. Strict, because there even ``hunter2`` may be real."""
    if _REDACTED.fullmatch(text) or PLACEHOLDER.fullmatch(text):
        return True
    words = _WORD.findall(text.lower())
    return all(word in _INVENTED_WORDS or (word.isdigit() and len(word) < 4) for word in words)


_STANDING_IN: Final = (
    "redacted scrubbed masked dummy fake test testing placeholder mock key apikey token secret vcr"
)
_STAND_INS: Final = frozenset(_STANDING_IN.split())


_PUBLIC: Final = re.compile(r"(?:phc_|pk_(?:live|test)_|pk-lf-)[A-Za-z0-9-]+")


def is_public(text: str) -> bool:
    """Whether a key is one that is meant to be seen: it is called a key, and any web page shows it."""
    return _PUBLIC.fullmatch(text) is not None


def is_stand_in(text: str) -> bool:
    """Whether a redacted value says that a credential belongs there (``test-key``, not ``name``)."""
    words = set(_WORD.findall(text.lower()))
    return is_redacted(text) and bool(words & _STAND_INS)


def is_invented(text: str) -> bool:
    """Whether a text of a key's shape is made up, as in documentation."""
    return len(set(text)) < 7 or _INVENTED.search(text) is not None


def is_plain_word(text: str) -> bool:
    """One word in one case: as an environment variable's value it would be found in every prompt."""
    return _PLAIN.fullmatch(text) is not None


def is_opaque(text: str) -> bool:
    """Long, no white space, letters and digits: for names that also mean ordinary things (``key``)."""
    return (
        len(text) >= 16
        and not re.search(r"\s", text)
        and any(map(str.isdigit, text))
        and any(map(str.isalpha, text))
    )


def is_random(text: str) -> bool:
    """For shapes that are little more than a prefix: mixed case and digits, or one run of lower case and
    many digits; not ``sk-learn-contrib-2024-something``."""
    digits = sum(map(str.isdigit, text))
    if re.search("[A-Z]", text) and re.search("[a-z]", text):
        return digits >= 2 and len(set(text)) >= 10
    tail = text.rpartition("-")[2]
    return len(tail) >= 20 and sum(map(str.isdigit, tail)) >= 4 and tail.isalnum()


_LEET: Final = re.compile(r"(?<=[A-Za-z])[@$013](?=[A-Za-z])")
_SPELLED: Final = {"@": "a", "$": "s", "0": "o", "1": "i", "3": "e"}
_RUN: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+|[^A-Za-z0-9\s_./:-]")
_HEX: Final = re.compile(r"[0-9a-fA-F]{24,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LONG: Final = 20


def is_generated(text: str) -> bool:
    """For values of fields that are named like credentials, where people and models also write words:
    whether no person made it up. It then changes between letters, digits, case and signs all the time;
    ``hunter2``, ``SecurePass123!`` and ``P@ssw0rd`` do not."""
    if len(text) < 8 or not text.isascii() or re.search(r"\s|://|(?i:a1b2c3)", text) or is_invented(text):
        return False
    if _HEX.fullmatch(text):
        return True
    plain = _LEET.sub(lambda match: _SPELLED[match.group()], text)
    if is_redacted(plain) or not any(map(str.isalpha, text)):
        return False
    runs = _RUN.findall(plain)
    mean = sum(map(len, runs)) / max(1, len(runs))
    if any(map(str.isdigit, text)):
        return mean < (3.2 if len(text) >= _LONG else 2.5)
    return len(text) >= 12 and mean < 2.5 and not text.islower() and not text.isupper()


def _decoded(part: str) -> bytes | None:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None


def is_jwt(text: str) -> bool:
    """Three parts whose header is a JSON object with an ``alg`` (RFC 7515)."""
    header = _decoded(text.split(".")[0])
    try:
        value = json.loads(header or b"")
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "alg" in value


def is_basic(text: str) -> bool:
    """The base64 of ``user:password`` (RFC 7617)."""
    found = _decoded(text.rstrip("=").replace("+", "-").replace("/", "_"))
    if found is None or not found.isascii() or not found.decode("ascii").isprintable():
        return False
    user, colon, password = found.decode("ascii").partition(":")
    return bool(colon) and not (is_redacted(password) and is_redacted(user))


def is_pem(text: str) -> bool:
    """A key block that has key material, not only its first line quoted in prose."""
    return re.search(r"(?:[A-Za-z0-9+/]|%2[BbFf]){40}", text) is not None


_MASK: Final = re.compile(r"\*+|\.{3}|…|\\{1,8}u2026|•+")


def is_masked(text: str) -> bool:
    """Part of a key around a mask, where some of it can be read: ``sk-abc***wxyz``, not ``sk-...``."""
    mask = _MASK.search(text)
    if mask is None:
        return False
    head, tail = text[: mask.start()], text[mask.end() :]
    shown = re.split("[-_]", head)[-1]
    # Three dots after a word are punctuation; only something behind them makes them a mask.
    return any(map(str.isalnum, tail)) or (mask.group()[0] in "*•" and len(shown) >= 3)


def is_userinfo(text: str) -> bool:
    """``user:password`` of a URL, the password no word of documentation."""
    user, colon, password = text.partition(":")
    if not colon or is_redacted(password) or is_invented(password):
        return False
    return password.lower() != user.lower()


_DOCUMENTED_ACCOUNTS: Final = frozenset({"123456789012", "111122223333", "444455556666", "012345678901"})


def is_real_account(text: str) -> bool:
    """An AWS account id that is none of the documentation's."""
    return text not in _DOCUMENTED_ACCOUNTS and len(set(text)) > 2


def is_luhn(text: str) -> bool:
    """Whether the digits of a card number check (ISO/IEC 7812)."""
    digits = [int(character) for character in text if character.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) < 2:
        return False
    doubled = [
        digit if place % 2 == 0 else sum(divmod(digit * 2, 10)) for place, digit in enumerate(digits[::-1])
    ]
    return sum(doubled) % 10 == 0
