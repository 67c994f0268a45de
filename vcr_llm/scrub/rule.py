"""What a rule is, and the two ways to write one: by how a token begins, and by what stands around it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from vcr_llm.scrub import judging

__all__ = ["Rule", "around", "not_invented", "opaque", "token"]


def _always(_text: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of secret.

    ``expression``: a pattern or its text, whose first group is the secret, the whole match where it has none.
    ``anchors``: one of these texts is in every match (none: it is always tried). ``check``: whether what
    the pattern found is one. ``stands_for``: the secret itself, where the pattern finds other spellings
    of it. What could hold a secret is not in the repr, which ends up in tracebacks.
    """

    name: str
    placeholder: str
    expression: str | re.Pattern[str] = field(repr=False)
    anchors: tuple[str, ...] = field(repr=False)
    check: Callable[[str], bool] = field(default=_always, repr=False)
    stands_for: str | None = field(default=None, repr=False)
    public_prefix: bool = False
    """Whether the first characters say only which kind of secret it is, so that they may be shown."""

    @property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when it is first searched for: most runs come across no anchor of most rules."""
        return self.expression if isinstance(self.expression, re.Pattern) else _compiled(self.expression)


_compiled: Final = cache(re.compile)


_WORD: Final = "[A-Za-z0-9_-]"


def _starting(prefix: str, glued: bool) -> str:
    """``prefix`` (a regular expression of fixed width) where a token starts.

    That is not behind a character tokens are made of, unless that ends an escape: the n of ``\\n`` in a tool
    call's JSON arguments, ``\\u003d``, ``%3D``. The prefix stands first, so that the search for it is fast.
    ``glued``: a prefix nobody writes by chance, which may also stand behind ``_`` or ``-``.
    """
    before = "[A-Za-z0-9]" if glued else _WORD
    return (
        rf"{prefix}(?:(?<!{before}{prefix})|(?<=\\[nrtbf]{prefix})"
        rf"|(?<=\\u[0-9A-Fa-f]{{4}}{prefix})|(?<=%[0-9A-Fa-f]{{2}}{prefix}))"
    )


def token(
    name: str,
    placeholder: str,
    prefix: str,
    tail: str,
    *anchors: str,
    check: Callable[[str], bool] = _always,
    end: str = rf"(?!{_WORD})",
    glued: bool = False,
) -> Rule:
    """A token that is recognised by its first characters; invented ones are left alone.

    ``glued``: also behind ``_`` or ``-`` (``req_sk-ant-…``); only for prefixes that base64 does not have by
    chance in front of what follows.
    """

    def real(text: str) -> bool:
        return not judging.is_invented(text) and check(text)

    expression = _starting(prefix, glued) + tail + end
    return Rule(
        name, placeholder, expression, anchors or (prefix.replace("\\", ""),), real, public_prefix=True
    )


def around(
    name: str,
    placeholder: str,
    pattern: str,
    *anchors: str,
    check: Callable[[str], bool] = _always,
) -> Rule:
    """A secret that is recognised by what stands around it."""
    return Rule(name, placeholder, pattern, anchors, check)


def not_invented(text: str) -> bool:
    """A check: the text is not made up, as in documentation."""
    return not judging.is_invented(text)


def opaque(text: str) -> bool:
    """A check for texts that may as well be words."""
    return judging.is_opaque(text) and not judging.is_invented(text)
