"""What vcrpy does to the HTTP libraries while a cassette is open, done at less cost.

What is replaced by what is all vcrpy's (``vcr/patch.py``, ``vcr/stubs/``). It replaces some forty names per
cassette with `unittest.mock`, which takes longer than loading a small file, and a live request's headers are
put into a dict of its own that a look-up by body never opens.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from vcr import patch
from vcr.patch import CassettePatcherBuilder
from vcr.request import Request as VcrRequest
from vcr.stubs import httpx_stubs

__all__ = ["LiveRequest", "patched"]

_NONE: Final = object()


class LiveRequest(VcrRequest):  # type: ignore[misc]  # vcrpy has no type information
    """vcrpy's request of a call by httpx or httpx2; its headers are made vcrpy's when they are asked for."""

    def __init__(self, method: str, uri: str, body: Any, headers: Any) -> None:
        super().__init__(method, uri, body, None)
        self._sent = headers.copy()  # the client's own object may change after the call

    @property
    def headers(self) -> Mapping[str, str]:
        if self._headers is None:
            self.headers = self._sent
        found: Mapping[str, str] = self._headers
        return found

    @headers.setter
    def headers(self, value: Any) -> None:
        self._headers: Any = None
        if value is not None:
            VcrRequest.headers.fset(self, value)


class _Swap:
    """An attribute of a module or class that has another value for a time, as ``mock.patch.object`` does."""

    __slots__ = ("_kept", "_name", "_new", "_target")

    def __init__(self, target: Any, name: str, new: Any) -> None:
        self._target, self._name, self._new = target, name, new

    def __enter__(self) -> None:
        self._kept = vars(self._target).get(self._name, _NONE)  # inherited ones stay inherited
        setattr(self._target, self._name, self._new)

    def __exit__(self, *exc_info: object) -> None:
        if self._kept is _NONE:
            delattr(self._target, self._name)
        else:
            setattr(self._target, self._name, self._kept)


_HTTPX_KEPT: Final = [name for name in vars(patch) if name.startswith("_Httpx") and name[6] != "2"]
"""The originals of httpx, and of transports made for it, that vcrpy has kept: one for each it replaces."""


class _Patches(CassettePatcherBuilder):  # type: ignore[misc]
    """vcrpy's patches of one cassette."""

    def _build_patcher(self, target: Any, name: str, new: Any) -> _Swap | None:
        if not hasattr(target, name):
            return None
        return _Swap(target, name, self._recursively_apply_get_cassette_subclass(new))

    def _httpx(self) -> Iterator[Any]:
        """What comes behind the last is only a search for libraries that are not there."""
        return itertools.islice(super()._httpx(), len(_HTTPX_KEPT))


@contextmanager
def patched(cassette: Any) -> Iterator[None]:
    """While this lasts, what the HTTP libraries send goes to the cassette."""
    with ExitStack() as stack:
        for each in _Patches(cassette).build():
            stack.enter_context(each)
        stack.enter_context(_Swap(httpx_stubs, "VcrRequest", LiveRequest))
        yield
