"""The user's line that led here, behind the frames of this package, of installed ones and of Python."""

from __future__ import annotations

import os
import sys
import sysconfig
import warnings
from dataclasses import dataclass
from functools import cache
from types import FrameType

__all__ = ["Caller", "caller", "is_users", "warn_at"]


@dataclass(frozen=True, slots=True)
class Caller:
    """A line of code; ``function`` is "" where it stands for a whole test."""

    path: str
    line: int
    function: str = ""

    def __str__(self) -> str:
        try:
            path = os.path.relpath(self.path)
        except ValueError:  # another drive
            path = self.path
        place = f"{self.path if path.startswith('..') else path}:{self.line}"
        return f"{place}, in {self.function}" if self.function else place


def caller() -> Caller | None:
    """The innermost frame that is the user's, None in a thread or task that has none."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if is_users(code.co_filename):
            return Caller(code.co_filename, frame.f_lineno, code.co_name)
        frame = frame.f_back
    return None


def warn_at(place: Caller | None, warning: Warning) -> None:
    """Give a warning as of a line of the user's; where there is none, of the function that called ours."""
    if place is None:
        warnings.warn(warning, stacklevel=4)
    else:
        module = os.path.splitext(os.path.basename(place.path))[0]  # noqa: PTH119, PTH122
        warnings.warn_explicit(warning, None, place.path, place.line, module)


def is_users(path: str) -> bool:
    """Whether a source file is neither ours, nor installed, nor of the standard library."""
    return not path.startswith(("<", *_not_users()))


@cache
def _not_users() -> tuple[str, ...]:
    own = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - a prefix of co_filename
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    folders = {own, *(sysconfig.get_paths()[name] for name in names)}
    return tuple(f"{folder}{os.sep}" for folder in folders)
