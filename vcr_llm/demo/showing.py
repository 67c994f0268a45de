"""How `vcr-llm demo` looks: pytest's output, a cassette, the answers of both runs, the findings.

Good in 80 columns and in more, with and without a terminal.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from rich import box
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from vcr_llm.demo.trial import Answers, Finding

__all__ = ["Showing"]

_INDENT: Final = 2
_THEME: Final = "ansi_dark"  # the terminal's own colours
_LONG_PARTS: Final = re.compile(
    r"""^( *)("(?:tools|data|headers)": [\[{])\n(?:\1 .*\n)+\1([\]}])""", re.MULTILINE
)
"""In a cassette: a key with a value of several lines."""
_LEFT_OUT: Final = r"(?<=[\[{])…(?=[\]}])"


def _console() -> Console:
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A pipe in the locale's encoding may know no “ or 你: better a question mark than an error.
        sys.stdout.reconfigure(errors="replace")
    return Console(file=sys.stdout, highlight=False)


@dataclass(frozen=True)
class Showing:
    """Prints to the standard output."""

    console: Console

    @classmethod
    def on_stdout(cls) -> Showing:
        return cls(_console())

    @property
    def has_color(self) -> bool:
        return self.console.color_system is not None

    @property
    def output_width(self) -> int:
        """The columns left for what is shown indented."""
        return self.console.width - _INDENT

    def heading(self, text: str) -> None:
        self.console.print()
        self.console.rule(Text(text, "bold"), align="left")

    def paragraph(self, text: str) -> None:
        self.console.print(Text(text))

    def failure(self, text: str) -> None:
        self.console.print(Text(f"\n{text}", "bold red"))

    def command(self, text: str) -> None:
        """A command line, to copy: never broken."""
        self._indented(Text(f"$ {text}", "bold cyan"))

    def output_line(self, line: str) -> None:
        """A line of a program's own output, its colours included."""
        self._indented(Text.from_ansi(line))

    def _indented(self, line: Text) -> None:
        self.console.print(Text(" " * _INDENT) + line, soft_wrap=True)

    def source(self, text: str, language: str) -> None:
        """A file's text; lines too long for the screen go on below, further in."""
        syntax = Syntax(text, language, theme=_THEME, background_color="default")
        highlighted = syntax.highlight(text)
        highlighted.rstrip()
        highlighted.highlight_regex(_LEFT_OUT, "dim default not underline")  # an error to the highlighter
        for line in highlighted.split("\n", allow_blank=True):
            self._hanging(line)

    def _hanging(self, line: Text) -> None:
        """A line of which the parts that do not fit stand below, further in than its beginning."""
        depth = len(line.plain) - len(line.plain.lstrip())
        further = depth + _INDENT
        first, *rest = line[depth:].wrap(self.console, self.output_width - further) or [Text()]
        first.rstrip()
        self._indented(Text(" " * depth) + first)
        for part in rest:
            part.rstrip()
            self._indented(Text(" " * further) + part)

    def cassette(self, text: str) -> None:
        """A cassette without the parts that are long and say little."""
        self.source(_LONG_PARTS.sub(r"\1\2…\3", text), "json")

    def answers(self, recorded: Answers, replayed: Answers) -> None:
        """The answers of both runs below each other."""
        table = Table("Test", "Run", "Answer (its last line)", box=box.SIMPLE_HEAD, padding=(0, 1))
        table.columns[0].no_wrap = table.columns[1].no_wrap = True
        for test in {**recorded, **replayed}:
            name = test.removeprefix("test_")
            for first, second in zip_longest(recorded.get(test, []), replayed.get(test, [])):
                style = "green" if first == second else "bold red"
                table.add_row(name, "1", Text(_last_line(first)))
                table.add_row("", "2", Text(_last_line(second), style))
                name = ""
        self.console.print(table)

    def findings(self, found: Iterable[Finding]) -> None:
        for finding in found:
            mark = Text("yes  ", "green") if finding.holds else Text("NO   ", "bold red")
            self._hanging(mark + Text(finding.text))


def _last_line(answer: str | None) -> str:
    """Where the answers of the local provider have their number."""
    return "(no answer)" if answer is None else answer.rstrip().rpartition("\n")[2]
