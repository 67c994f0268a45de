"""Credentials by name inside a text: JSON in a string (a tool call's arguments, what a tool answered), at any
depth of escaping, a printed dict, an element of XML, a line of a ``.env`` file. What JSON itself says is for
`names`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import Final

from vcr_llm.scrub import judging
from vcr_llm.scrub.names import DEEP, DEEP_WEAK, is_credential, normalised_name
from vcr_llm.scrub.placeholders import placeholder_name
from vcr_llm.scrub.rule import Rule

__all__ = ["NAMED", "STAND_INS", "added_rules"]

_MEMBER: Final = (
    r"[\"']{name}\\{{0,8}}+[\"']:\s{{0,4}}+\\{{0,8}}+[\"']"
    r"(?![,\]}}:])([^\s\"'\\<>]{{1,400}}+)(?=\\{{0,8}}[\"'])"
)
"""``"api_key": "…"``. Without quotes and escapes in the value: a password that has some is not found here."""

_ELEMENT: Final = r"<{name}>\s{{0,4}}+([^\s\"'\\<>]{{1,400}}+)(?=\s{{0,4}}</{name}>)"
"""``<api_key>…</api_key>``; the end as well, or a placeholder would begin one."""

_ASSIGNED: Final = (
    r"(?<![A-Z0-9_?&])[A-Z0-9_]{{0,40}}?(?:{names})=(?:\\{{0,8}}+[\"'])?"
    r"(?![A-Za-z_.]\w*\()([^\s\"'`\\<>]{{1,400}}+)"
)
"""``DB_PASSWORD=…``, as variables of the environment are set. In capitals: in lower case it may be a program,
where what follows is a name again. No function is called in the value, and the text is no URL's query."""

_FORMS: Final = ((_MEMBER, ('":', "':", "\\")), (_ELEMENT, (">",)))
"""How a name and a value stand in a text, and what follows the name, its escaping included."""


def _cases(word: str) -> tuple[str, str, str]:
    return word, word.capitalize(), word.upper()


def _spelled(name: str) -> str:
    """``api_key`` → every spelling of it: ``apiKey``, ``API-KEY``, …"""
    return "[_-]?".join(f"(?:{'|'.join(_cases(word))})" for word in name.split("_"))


def _named(
    placeholder: str, names: str, check: Callable[[str], bool], prefix: str = "[A-Za-z0-9_-]{0,40}?"
) -> Iterator[Rule]:
    name = f"{prefix}(?:{'|'.join(map(_spelled, names.split()))})"
    last = sorted({words.rpartition("_")[2] for words in names.split()})
    for form, ends in _FORMS:
        yield Rule(
            f"name-{placeholder.lower().replace('_', '-')}",
            placeholder,
            form.format(name=name),
            tuple(case + end for word in last for case in _cases(word) for end in ends),
            check,
        )


def _strong(check: Callable[[str], bool]) -> Iterator[Rule]:
    for placeholder, names in DEEP.items():
        yield from _named(placeholder, names, check)


def _assigned(placeholder: str, names: str, check: Callable[[str], bool]) -> Rule:
    spelled = sorted(name.upper() for name in names.split())
    return Rule(
        f"name-{placeholder.lower().replace('_', '-')}",
        placeholder,
        _ASSIGNED.format(names="|".join(name.replace("_", "_?") for name in spelled)),
        tuple(f"{name.rpartition('_')[2]}=" for name in spelled),
        check,
    )


def _weak(value: str) -> bool:
    return is_credential(value, weak=True)


NAMED: Final = (
    *_strong(is_credential),
    *(
        rule
        for placeholder, names in DEEP_WEAK.items()
        for rule in _named(placeholder, names, _weak, prefix="")
    ),
    *(_assigned(placeholder, names, is_credential) for placeholder, names in DEEP.items()),
    *(_assigned(placeholder, names, _weak) for placeholder, names in DEEP_WEAK.items()),
)
"""The rules of the built-in names."""

STAND_INS: Final = (
    *_strong(judging.is_stand_in),
    *(_assigned(placeholder, names, judging.is_stand_in) for placeholder, names in DEEP.items()),
)
"""The same for comparing: a call made with ``test-key`` is the one recorded with a real key."""


def added_rules(names: Collection[str]) -> tuple[Rule, ...]:
    """The rules of a user's own names: any value but a redacted one counts."""
    return tuple(
        Rule(
            f"name-{key[:40]}",
            placeholder_name(name),
            re.compile(form.format(name="[ _-]?".join(key)), re.IGNORECASE),
            (),
            lambda value: not (judging.is_redacted(value) or judging.is_public(value)),
        )
        for name in names
        if (key := normalised_name(name))
        for form, _ in _FORMS
    )
