"""The imports of a Python file that has been changed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from vcr_llm.suites.patching import Edit, edited
from vcr_llm.suites.places import is_text, line_end, offset

__all__ = ["with_imports"]


def with_imports(before: str, after: str, needed: Iterable[str]) -> str:
    """A changed file whose imports fit: those needed are there, those used only by what has gone are not."""
    used_before, used_after = _used(ast.parse(before)), _used(ast.parse(after))
    after = edited(after, list(_unused_imports(after, used_before - used_after)))
    present = {alias.asname or alias.name for each in _imports(after) for alias in each.names}
    missing = [name for name in needed if name not in present]
    if not missing:
        return after
    imports = _imports(after)
    if imports:
        at = line_end(after, imports[-1].end_lineno or 0)
        return edited(after, [Edit(at, at, "".join(f"import {name}\n" for name in missing))])
    first = next(iter(ast.parse(after).body), None)
    docstring = first if first is not None and is_text(first) else None
    at = line_end(after, docstring.end_lineno or 0) if docstring is not None else 0
    lead = "" if docstring is None else "\n"
    return edited(after, [Edit(at, at, lead + "".join(f"import {name}\n" for name in missing) + "\n")])


def _imports(text: str) -> list[ast.Import | ast.ImportFrom]:
    return [node for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom)]


def _used(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _unused_imports(text: str, gone: set[str]) -> Iterator[Edit]:
    for statement in _imports(text):
        kept = [
            alias for alias in statement.names if (alias.asname or alias.name).partition(".")[0] not in gone
        ]
        if len(kept) == len(statement.names):
            continue
        start = offset(text, statement.lineno, 0)
        end = line_end(text, statement.end_lineno or 0)
        if not kept:
            yield Edit(start, end, "")
            continue
        names = ", ".join(f"{alias.name} as {alias.asname}" if alias.asname else alias.name for alias in kept)
        module = ""
        if isinstance(statement, ast.ImportFrom):
            module = f"from {'.' * statement.level}{statement.module or ''} "
        comment = re.search(r"  #[^\n]*$", text[start:end].rstrip())
        yield Edit(start, end, f"{module}import {names}{comment.group() if comment else ''}\n")
