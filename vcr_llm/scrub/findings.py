"""What a scan tells: which rule found something where, never what it found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Finding", "where_text"]

SHOWN: Final = 4
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,60}")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A secret, without itself.

    ``where``: a path in the cassette's document, like ``interactions[2].request.messages[0].content``, or
    ``line 3, column 14`` of a text that is no JSON. ``start``: the offset in the string there. ``rule``: the
    rule's name; ``value-of-OPENAI_API_KEY`` is a variable's value, ``name-password`` a field's name.
    ``preview``: at most the first four characters, and those only where they say what kind it is.
    """

    where: str
    start: int
    rule: str
    preview: str

    def __str__(self) -> str:
        return f"{self.where}: {self.rule} ({self.preview})"


def preview(secret: str, public_prefix: bool) -> str:
    """``sk-p… (164 characters)``; without the beginning where that is already part of a password."""
    start = f"{secret[:SHOWN]}… " if public_prefix and len(secret) >= 4 * SHOWN else ""
    return f"{start}({len(secret)} characters)"


def where_text(path: Sequence[str | int]) -> str:
    """``("interactions", 2, "request", "a b")`` → ``interactions[2].request["a b"]``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _IDENTIFIER.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f'["{step[:60]}"]'
    return text
