"""What a row of the client matrix is, and how the answers of clients become values that compare."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from typing import Any

__all__ = ["KEY", "PARAMETERS", "Call", "Client", "nothing_to_close", "plain"]

KEY = "key-of-the-matrix-0a1b2c3d4e"
"""What every client sends as its API key. It looks like none: only where it stands keeps it out of files."""

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@dataclasses.dataclass(frozen=True)
class Call:
    """One thing a client is asked: a function of client and prompt, and the operations it is to record.

    `at_once`: the requests do not wait for each other's answers.
    """

    ask: Callable[[Any, str], Any]
    recorded: tuple[str, ...]
    at_once: bool = False


@dataclasses.dataclass(frozen=True)
class Client:
    """A client library, sync or async, as the matrix uses it.

    `make` takes the provider's URL and gives a context manager (of an async client, an async one). `volatile`
    names the parts of answers that the library makes up itself: clocks, random ids.
    """

    package: str
    needs: tuple[str, ...]
    make: Callable[[str], AbstractContextManager[Any] | AbstractAsyncContextManager[Any]]
    calls: Mapping[str, Call]
    variant: str = "sync"
    volatile: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.package}-{self.variant}"

    @property
    def is_async(self) -> bool:
        return self.variant in ("async", "aiohttp")

    @property
    def missing(self) -> list[str]:
        """The modules it needs that are not installed."""
        return [name for name in self.needs if not _is_installed(name)]


def _is_installed(module: str) -> bool:
    parent = module.rpartition(".")[0]
    return (not parent or _is_installed(parent)) and importlib.util.find_spec(module) is not None


class nothing_to_close(nullcontext[Any]):
    """A client without a way to close it, sync or async."""


def plain(answer: Any, volatile: frozenset[str]) -> Any:
    """An answer as names of types and values, without what is volatile."""
    if isinstance(answer, list | tuple):
        return [plain(part, volatile) for part in answer]
    if isinstance(answer, Mapping):
        return {key: plain(value, volatile) for key, value in answer.items() if key not in volatile}
    if dataclasses.is_dataclass(answer):
        parts = {field.name: getattr(answer, field.name) for field in dataclasses.fields(answer)}
    elif hasattr(answer, "model_fields_set"):  # pydantic
        parts = {**dict(answer), **(answer.model_extra or {})}
    else:
        return answer
    return {"": type(answer).__name__, **plain(parts, volatile)}
