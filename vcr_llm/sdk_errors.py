"""Errors that reach the caller although an SDK stands in between.

An exception raised inside an HTTP transport does not come out of an SDK as it went in: anthropic ≥ 1
retries twice and then says "Connection error."; older SDKs wrap it in their own connection error. All
generations but openai 1 (and Groq's SDK) let their own errors through at once, and botocore, which else
retries too, a ``concurrent.futures.CancelledError`` (``httpsession.py``). So an error of ours that must be
seen is raised as a class made at run time from its own class and those of the SDKs that are loaded.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any, Final, TypeVar

__all__ = ["passing"]

_BASES: Final = (
    ("openai", "OpenAIError"),
    ("anthropic", "AnthropicError"),
    ("botocore.httpsession", "CancelledError"),
)

Error = TypeVar("Error", bound=Exception)


def passing(error: Error) -> Error:
    """The same error, as an instance of its class that the loaded SDKs pass on unretried."""
    modules = ((sys.modules.get(module), name) for module, name in _BASES)
    bases = tuple(getattr(module, name) for module, name in modules if hasattr(module, name))
    if not bases:
        return error
    kind = _combined(type(error), bases)  # type: ignore[arg-type]  # a class is hashable
    passed: Error = Exception.__new__(kind, *error.args)
    passed.__dict__.update(error.__dict__)
    return passed


@lru_cache(maxsize=32)
def _combined(kind: type[Exception], bases: tuple[type[Exception], ...]) -> Any:
    """A class that looks like ``kind`` in a traceback and is also each of ``bases``."""
    namespace = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
    return type(kind.__name__, (kind, *bases), namespace)
