"""Whether a test's source expects a call without a recording, which fails it unless the mark says so."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from functools import lru_cache
from types import TracebackType
from typing import Final

__all__ = ["expects_a_miss"]

_NAMES: Final = frozenset(
    {"CassetteMissError", "CannotOverwriteExistingCassetteException", "UnhandledHTTPRequestError"}
)
"""Ours, and the two names of vcrpy's exception (``vcr/errors.py``)."""


def expects_a_miss(trace: TracebackType | None) -> bool:
    """Whether a line of the traceback stands in ``with pytest.raises(CassetteMissError)``, in a ``try`` that
    catches it, or in ``assertRaises(CassetteMissError, …)``.
    """
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        if any(first <= trace.tb_lineno <= last for first, last in _expecting(path)):
            return True
        trace = trace.tb_next
    return False


@lru_cache(maxsize=16)
def _expecting(path: str) -> tuple[tuple[int, int], ...]:
    """The lines of a file, first and last, in which the error is expected."""
    text = "".join(linecache.getlines(path))
    if not any(name in text for name in _NAMES):
        return ()
    try:
        return tuple(_found(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError):
        return ()


def _found(tree: ast.AST) -> Iterator[tuple[int, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.With | ast.AsyncWith):
            if any(_names_it(item.context_expr) for item in node.items):
                yield node.lineno, node.end_lineno or node.lineno
        elif isinstance(node, ast.Try | ast.TryStar):
            if any(handler.type and _names_it(handler.type) for handler in node.handlers):
                yield node.lineno, node.handlers[0].lineno - 1
        elif isinstance(node, ast.Call) and any(map(_names_it, node.args)):
            yield node.lineno, node.end_lineno or node.lineno


def _names_it(expression: ast.expr) -> bool:
    return any(
        (isinstance(node, ast.Name) and node.id in _NAMES)
        or (isinstance(node, ast.Attribute) and node.attr in _NAMES)
        for node in ast.walk(expression)
    )
