"""Changes of files: as a unified diff to read, and applied all together or not at all."""

from __future__ import annotations

import difflib
import io
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vcr_llm import store
from vcr_llm.errors import VcrLlmError

__all__ = ["Change", "Edit", "NotPatchedError", "apply", "broken", "edited", "in_diff", "lines"]


class NotPatchedError(VcrLlmError):
    """A file is not as it was when the patch was made, or would be broken by it; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Edit:
    """The characters from ``start`` up to ``end`` replaced by ``text``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """One file before and after; ``before`` None for a new file. ``path``: relative, with slashes."""

    path: str
    before: str | None
    after: str


def edited(text: str, edits: Iterable[Edit]) -> str:
    """A text with edits that do not overlap; their line ends become those of the text."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    for edit in sorted(set(edits), key=lambda edit: (edit.start, edit.end), reverse=True):
        text = text[: edit.start] + edit.text.replace("\r\n", "\n").replace("\n", line_end) + text[edit.end :]
    return text


def in_diff(changes: Iterable[Change]) -> list[str]:
    """The changes as the lines of a unified diff that ``git apply`` and ``patch -p1`` take."""
    found: list[str] = []
    for change in changes:
        old = "/dev/null" if change.before is None else f"a/{change.path}"
        before, after = lines(change.before or ""), lines(change.after)
        for line in difflib.unified_diff(before, after, old, f"b/{change.path}"):
            found.append(line.removesuffix("\n"))
            if not line.endswith("\n"):
                found.append("\\ No newline at end of file")
    return found


def lines(text: str) -> list[str]:
    """The lines of a text as Python and diff count them, each with its end."""
    # ``str.splitlines`` breaks lines at a form feed and others too.
    return io.StringIO(text, newline="\n").readlines()


def apply(root: Path, changes: Sequence[Change]) -> None:
    """Make the changes. Each file must still be what it was, and Python files must parse afterwards.

    Raises `NotPatchedError` before anything is written; should a write fail, what was written is undone.
    """
    for change in changes:
        _check(root / change.path, change)
    done: list[Change] = []
    try:
        for change in changes:
            store.write_bytes(root / change.path, _encoded(change.after))
            done.append(change)
    except BaseException:
        for change in done:
            if change.before is None:
                store.remove(root / change.path)
            else:
                store.write_bytes(root / change.path, _encoded(change.before))
        raise


def _check(path: Path, change: Change) -> None:
    present = path.read_bytes() if path.exists() else None
    if present != (None if change.before is None else _encoded(change.before)):
        raise NotPatchedError(f"{path}: it has changed since it was read; nothing was changed. Run again.")
    error = broken(change.after) if path.suffix == ".py" else None
    if error is not None:
        raise NotPatchedError(
            f"{path}:{error.lineno}: the file would not parse any more ({error.msg}); nothing was "
            "changed. Make the change by hand."
        )


def broken(text: str) -> SyntaxError | None:
    """Why a text is no Python file, None where it is one; nothing of it runs."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "changed", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error
    return None


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
