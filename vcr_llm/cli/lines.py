"""Lines for people: plain and of a fixed width in a pipe, coloured and as wide as the screen in a terminal.

A line is pieces of text, each with the name of its style (of rich's, "" for none).
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

import click

__all__ = ["Line", "echo_json", "echo_lines", "printable", "screen_width", "wrapped"]

Line = Sequence[tuple[str, str]]
"""(text, style) pairs."""

_PIPE_WIDTH: Final = 100
_NARROWEST: Final = 40

_CONTROL: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What moves the cursor, colours the screen or turns the direction: a recording must not."""


def _on_screen() -> bool:
    return sys.stdout.isatty()


def screen_width() -> int:
    """Columns of the terminal; a fixed number where there is none."""
    return max(_NARROWEST, shutil.get_terminal_size().columns) if _on_screen() else _PIPE_WIDTH


def echo_lines(lines: Iterable[Line]) -> None:
    """Print to the standard output."""
    console = _console() if _on_screen() else None
    for line in lines:
        if console is None:
            click.echo(_encodable("".join(text for text, _ in line).rstrip()))
        else:
            console(line)


def _console() -> Any:
    from rich.console import Console
    from rich.text import Text

    console = Console(file=sys.stdout, highlight=False)
    return lambda line: console.print(
        Text.assemble(*((_encodable(text), style) for text, style in line)), soft_wrap=True
    )


def echo_json(value: Any) -> None:
    """Print a JSON value to the standard output."""
    from vcr_llm import jsontext

    click.echo(_encodable(jsontext.pretty(value)), nl=False)


def _encodable(text: str) -> str:
    """The text with escapes for what the output's encoding has no bytes for."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def printable(text: str) -> str:
    """The text with escapes for control characters, line ends and tabs apart."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), text)


def wrapped(text: str, width: int) -> list[str]:
    """The lines of a text, those longer than ``width`` broken, between words where they have some."""
    return [part for line in text.split("\n") for part in _broken(line, width)]


def _broken(line: str, width: int) -> list[str]:
    parts = []
    while len(line) > width:
        at = line.rfind(" ", 0, width + 1)
        if not line[: max(at, 0)].strip():  # no space, or only an indentation in front of a long word
            at = width
        parts.append(line[:at])
        line = line[at:].lstrip(" ")
    return [*parts, line]
