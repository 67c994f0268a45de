"""How `vcr-llm demo` looks: pytest's output, a cassette, the answers of both runs, the findings.

Good in 80 columns and in more, with and without a terminal.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from vcr_llm.demo.trial import Answers, Finding

__all__ = ["Showing"]

_INDENT: Final = 2
_THEME: Final = "ansi_dark"  # the terminal's own colours
_CASSETTE_HEAD: Final = 48
_CASSETTE_TAIL: Final = 11


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
    def color(self) -> bool:
        return self.console.color_system is not None

    @property
    def output_width(self) -> int:
        """The columns that are left for pytest's output."""
        return self.console.width - _INDENT

    def heading(self, text: str) -> None:
        self.console.print()
        self.console.rule(Text(text, "bold"), align="left")

    def paragraph(self, text: str, style: str = "") -> None:
        self.console.print(Text(text, style))

    def command(self, text: str) -> None:
        """A command line, to copy: never broken."""
        self.console.print(Padding.indent(Text(f"$ {text}", "bold cyan"), _INDENT), soft_wrap=True)

    def output_line(self, line: str) -> None:
        """A line of a program's own output, colours included."""
        self.console.print(Text(" " * _INDENT) + Text.from_ansi(line), soft_wrap=True)

    def source(self, text: str, language: str) -> None:
        """Lines of a file, those too long for the screen cut."""
        width = self.console.width - _INDENT
        lines = (line if len(line) <= width else f"{line[: width - 1]}…" for line in text.splitlines())
        code = Syntax("\n".join(lines), language, theme=_THEME, background_color="default")
        for line in code.highlight("\n".join(_cut(text, width))).split("\n"):
            self.console.print(Text(" " * _INDENT) + line, soft_wrap=True)

    def cassette(self, text: str) -> None:
        """A cassette; of a long one the beginning and the end."""
        lines = text.splitlines()
        left_out = len(lines) - _CASSETTE_HEAD - _CASSETTE_TAIL
        if left_out <= 1:
            self.source(text, "json")
            return
        self.source("\n".join(lines[:_CASSETTE_HEAD]), "json")
        self.output_line(f"… {left_out} more lines …")
        self.source("\n".join(lines[-_CASSETTE_TAIL:]), "json")

    def answers(self, recorded: Answers, replayed: Answers) -> None:
        """The answers of both runs below each other."""
        table = Table("Test", "Run", "Answer (its last line)", box=box.SIMPLE_HEAD, padding=(0, 1))
        table.columns[0].no_wrap = table.columns[1].no_wrap = True
        for test in {**recorded, **replayed}:
            name = test.removeprefix("test_")
            for first, second in zip_longest(recorded.get(test, []), replayed.get(test, [])):
                style = "green" if first == second else "bold red"
                table.add_row(name, "1", Text(_last_line(first)))
                table.add_row("", "2", Text(_last_line(second), style), end_section=False)
                name = ""
        self.console.print(table)

    def findings(self, found: Iterable[Finding]) -> None:
        table = Table.grid(padding=(0, 1))
        for finding in found:
            mark = Text("yes", "green") if finding.holds else Text("NO", "bold red")
            table.add_row(Text(" "), mark, Text(finding.text))
        self.console.print(table)


def _last_line(answer: str | None) -> str:
    """Where the answers of the local provider have their number."""
    return "(no answer)" if answer is None else answer.rstrip().rpartition("\n")[2]
