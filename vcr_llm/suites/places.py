"""Where the nodes of a Python file's tree are in its text."""

from __future__ import annotations

import ast

from vcr_llm.suites.patching import Edit, lines

__all__ = ["is_text", "line_end", "offset", "removed", "replaced", "without_blank_lines"]


def offset(text: str, line: int, column: int) -> int:
    """The place of a line (from 1) and column (in UTF-8 bytes, as ``ast`` counts) in characters."""
    found = lines(text)
    return sum(map(len, found[: line - 1])) + len(found[line - 1].encode()[:column].decode())


def line_end(text: str, line: int) -> int:
    """The place behind a line and its end."""
    return sum(map(len, lines(text)[:line]))


def without_blank_lines(text: str, start: int) -> int:
    """The place behind the last line before ``start`` that is not blank."""
    before = text[:start].rstrip()
    return text.index("\n", len(before)) + 1 if before else start


def replaced(text: str, node: ast.expr | ast.stmt, new: str) -> Edit:
    """A node replaced by a text."""
    start = offset(text, node.lineno, node.col_offset)
    return Edit(start, offset(text, node.end_lineno or 0, node.end_col_offset or 0), new)


def removed(text: str, statement: ast.stmt) -> Edit:
    """The lines of a statement taken out."""
    return Edit(offset(text, statement.lineno, 0), line_end(text, statement.end_lineno or 0), "")


def is_text(statement: ast.stmt) -> bool:
    """Whether a statement is a docstring."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
