"""What a row of the client matrix is, and how the answers of clients become values that compare."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from importlib.metadata import version
from typing import Any

import pytest

__all__ = ["KEY", "PARAMETERS", "Call", "Client", "plain", "require"]

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
    names the parts of answers that the library makes up itself: clocks, random ids. `beside_current`: it
    installs beside the SDKs' current releases.
    """

    package: str
    needs: tuple[str, ...]
    make: Callable[[str], AbstractContextManager[Any] | AbstractAsyncContextManager[Any]]
    calls: Mapping[str, Call]
    variant: str = "sync"
    volatile: frozenset[str] = frozenset()
    beside_current: bool = True

    def __str__(self) -> str:
        return f"{self.package}-{self.variant}"

    @property
    def is_async(self) -> bool:
        return self.variant in ("async", "aiohttp")


def require(*modules: str, beside_current: bool = True) -> None:
    """Skip the test where a module is not installed; fail where the extras are said to be there.

    ``VCR_LLM_CLIENTS=1`` says so. ``beside_current``: whether it installs beside the SDKs' current releases.
    """
    missing = [name for name in modules if not _is_installed(name)]
    expected = os.environ.get("VCR_LLM_CLIENTS") and (
        beside_current or int(version("openai").split(".")[0]) < 3
    )
    if missing and not expected:
        pytest.skip(f"{', '.join(missing)} not installed: it is in the extra clients or clients-older")
    assert not missing, f"VCR_LLM_CLIENTS is set, but {', '.join(missing)} not installed"


def _is_installed(module: str) -> bool:
    parent = module.rpartition(".")[0]
    return (not parent or _is_installed(parent)) and importlib.util.find_spec(module) is not None


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
