"""The values of environment variables: which are credentials, and every spelling of one in a message."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from vcr_llm.placeholder import PLACEHOLDER_KEY
from vcr_llm.scrub import judging
from vcr_llm.scrub.placeholders import placeholder_name
from vcr_llm.scrub.rule import Rule

__all__ = ["SHORTEST", "credential_values", "value_rules"]

SHORTEST: Final = 12
"""Characters: shorter values are found in ordinary words."""

_CREDENTIAL: Final = re.compile(
    r"(?:.*_)?(?:API_?KEY|KEY|ACCESS_KEY_ID|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|PAT|JWT)(?:_\d+)?"
)
_PUBLIC: Final = re.compile(r".*(?:PUBLIC|PUBLISHABLE|GPG)_KEY")
_ALWAYS: Final = re.compile(r".*(?:API_?KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL).*")
_PATH: Final = re.compile(r"(?:~|\.{1,2})?[/\\][^\s=+]*|[A-Za-z]:[\\/].*")
_FILE: Final = re.compile(r"[^\s=+]*\.(?:json|pem|key|txt|crt|p12|pfx|ya?ml|toml|ini|env)")
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")
_WORDS: Final = re.compile(
    r"(?:[a-z]+|[A-Z]+|[A-Z][a-z]+)(?:[-_. /:]+(?:[a-z]+|[A-Z]+|[A-Z][a-z]+|\d{1,2}))*"
)


def credential_values(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables whose name and value both say credential: {name: value}, in the order of names.

    Not taken: fewer than `SHORTEST` characters, paths, URLs without user information, the placeholder key
    of replaying, values of words that mean nothing (``test-key-dummy``), a single ordinary word, and, where
    the name says no more than ``KEY``, several (``CACHE_KEY=conversation-history``): they would be found in
    every prompt.
    """
    named = sorted(filter(_says_credential, environ))
    values = ((name, environ[name]) for name in named)
    return {name: value for name, value in values if _is_credential(name.upper(), value.strip())}


@lru_cache(maxsize=1024)  # the same variables for every cassette
def _says_credential(name: str) -> bool:
    name = name.upper()
    return _CREDENTIAL.fullmatch(name) is not None and _PUBLIC.fullmatch(name) is None


def _is_credential(name: str, value: str) -> bool:
    if len(value) < SHORTEST or value == PLACEHOLDER_KEY or judging.is_redacted(value):
        return False
    url = _URL.match(value)
    if url is not None:
        return "@" in url.group(1)
    # A secret may begin with a slash, too; then it looks random and has no file's suffix.
    if _FILE.fullmatch(value) or (_PATH.fullmatch(value) and not judging.is_random(value.replace("/", ""))):
        return False
    always = _ALWAYS.fullmatch(name) is not None
    return not (judging.is_plain_word(value) if always else _WORDS.fullmatch(value))


def value_rules(values: Mapping[str, str]) -> tuple[Rule, ...]:
    """The rules that find these values in each of their spellings: as they are, JSON-escaped (also
    inside a JSON text inside a JSON text), percent-encoded, and base64 at each of the three alignments."""
    return _value_rules(tuple(sorted((name, value.strip()) for name, value in values.items())))


@lru_cache(maxsize=32)  # a test session makes a scrubber per cassette, from the same environment
def _value_rules(values: tuple[tuple[str, str], ...]) -> tuple[Rule, ...]:
    seen: set[str] = set()
    rules: list[Rule] = []
    for name, value in values:
        if value and value not in seen:
            seen.add(value)
            rules += (_rule(name, value, spelling) for spelling in (value, *_base64_cores(value)))
    return tuple(rules)


def _rule(name: str, value: str, spelling: str) -> Rule:
    anchor = max(
        re.findall(r"[A-Za-z0-9_.~-]+" if spelling == value else "[A-Za-z0-9]+", spelling),
        key=len,
        default="",
    )
    return Rule(
        f"value-of-{name}",
        placeholder_name(name),
        re.compile("".join(_forms(character, spelling != value) for character in spelling)),
        (anchor,) if len(anchor) > 4 else (),
        stands_for=value,
    )


def _base64_cores(value: str) -> Iterator[str]:
    """What is the same in every base64 text around the value: for each alignment, the characters that
    its own bits alone decide (RFC 4648, section 4)."""
    raw = value.encode("utf-8", "surrogatepass")
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + raw).decode("ascii")
        first = (0, 2, 3)[offset]
        last = (0, 3, 2)[(len(raw) + offset) % 3]
        yield text[first : len(text) - last]


_SHORT_ESCAPES: Final = {
    "\n": "n",
    "\r": "r",
    "\t": "t",
    "\b": "b",
    "\f": "f",
    '"': '"',
    "/": "/",
    "\\": "\\",
}
_URL_SAFE: Final = {"+": "[+-]", "/": "[/_]"}


def _forms(character: str, is_base64: bool) -> str:
    """A pattern for every way a character is written."""
    if character.isascii() and (character.isalnum() or character in "-_.~"):
        return re.escape(character)  # no encoding changes these
    forms = list(_escapes(character))
    forms.append(_URL_SAFE.get(character, re.escape(character)) if is_base64 else re.escape(character))
    return f"(?:{'|'.join(forms)})"


def _escapes(character: str) -> Iterator[str]:
    raw = character.encode("utf-8", "surrogatepass")
    yield "".join(f"%{_hex(byte, 2)}" for byte in raw)
    if character == " ":
        yield r"\+"
    units = character.encode("utf-16-be", "surrogatepass")
    pairs = zip(units[::2], units[1::2], strict=True)
    # A JSON text in a JSON text in ... doubles the backslashes.
    yield "".join(rf"\\{{1,8}}u{_hex(high * 256 + low, 4)}" for high, low in pairs)
    if character in _SHORT_ESCAPES:
        yield rf"\\{{1,8}}{re.escape(_SHORT_ESCAPES[character])}"
    if not character.isascii():
        yield re.escape(raw.decode("latin-1"))  # in bytes that are looked at as Latin-1


def _hex(number: int, digits: int) -> str:
    cases: Iterable[str] = f"{number:0{digits}x}"
    return "".join(digit if digit.isdigit() else f"[{digit}{digit.upper()}]" for digit in cases)
