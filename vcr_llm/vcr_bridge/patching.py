"""What vcrpy does to the HTTP libraries while a cassette is open, done at less cost.

What is replaced by what is all vcrpy's (``vcr/patch.py``, ``vcr/stubs/``). For every cassette it makes eight
classes and replaces some forty names with `unittest.mock`, which takes longer than loading a small file; and
of a live request it parses the URL and puts the headers into a dict of its own, which a look-up by body never
opens.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final
from urllib.parse import ParseResult, urlparse

from vcr import patch
from vcr.patch import CassettePatcherBuilder
from vcr.request import Request as VcrRequest
from vcr.request import log
from vcr.stubs import httpx_stubs

__all__ = ["LiveRequest", "patched"]

_NONE: Final = object()


class LiveRequest(VcrRequest):  # type: ignore[misc]  # vcrpy has no type information
    """vcrpy's request of a call by httpx or httpx2 (``vcr/request.py``), whose body is in bytes.

    The parts of its URL and its headers are made vcrpy's when they are asked for.
    """

    def __init__(self, method: str, uri: str, body: bytes, headers: Any) -> None:
        self.method = method
        self._uri = uri
        self._parsed: ParseResult | None = None
        self._was_file = self._was_iter = False
        self._body = body
        self._headers: Any = None
        self._sent = headers.copy()  # the client's own object may change after the call
        log.debug("Invoking Request %s", uri)

    @property
    def parsed_uri(self) -> ParseResult:
        if self._parsed is None:
            self._parsed = urlparse(self._uri)
        return self._parsed

    @parsed_uri.setter
    def parsed_uri(self, value: ParseResult) -> None:
        self._parsed = value

    @property
    def headers(self) -> Mapping[str, str]:
        if self._headers is None:
            self.headers = self._sent
        found: Mapping[str, str] = self._headers
        return found

    @headers.setter
    def headers(self, value: Any) -> None:
        VcrRequest.headers.fset(self, value)


Swap = tuple[Any, str, Any]
"""A module or class, the name of an attribute of it, and its value; `_NONE` where it has none of its own."""


def _replaced(swap: Swap) -> Swap:
    """Give an attribute its new value; what gives it its old one again, as ``mock.patch.object`` does."""
    target, name, new = swap
    before = target, name, vars(target).get(name, _NONE)  # inherited ones stay inherited
    if new is _NONE:
        delattr(target, name)
    else:
        setattr(target, name, new)
    return before


class _NoCassette:
    """What a connection finds whose class somebody has kept for longer than the cassette: it goes live."""

    write_protected = False

    def can_play_response_for(self, _request: Any) -> bool:
        return False

    def append(self, _request: Any, _response: Any) -> None:
        """Nothing is recorded."""


class _Spares:
    """vcrpy's connection classes of closed cassettes that no connection was made of, for the next ones.

    For every cassette vcrpy makes a subclass of each, with the cassette as an attribute, so that a connection
    knows whose it is. Most tests use one HTTP library, and most of the classes are never called.
    """

    def __init__(self) -> None:
        self._spare: dict[type, list[Any]] = defaultdict(list)

    def take(self, base: type, cassette: Any) -> Any:
        """A subclass for this cassette, None where none is spare."""
        spare = self._spare[base]
        if not spare:
            return None
        found = spare.pop()
        found.cassette = cassette
        found.__name__ = f"{base.__name__}{cassette._path}"
        return found

    def watch(self, made: Any) -> None:
        """Note from now on whether something is made of it."""
        made.was_called = made.__new__ is not object.__new__  # then somebody else makes them
        if not made.was_called:
            made.__new__ = staticmethod(_noted)

    def give_back(self, base: type, made: Any) -> None:
        if not made.was_called and not made.__subclasses__():
            made.cassette = _NoCassette()
            self._spare[base].append(made)


def _noted(cls: Any, *_arguments: Any, **_named: Any) -> Any:
    cls.was_called = True
    return object.__new__(cls)


_spares: Final = _Spares()


_HTTPX_KEPT: Final = [name for name in vars(patch) if name.startswith("_Httpx") and name[6] != "2"]
"""The originals of httpx, and of transports made for it, that vcrpy has kept: one for each it replaces."""


class _Patches(CassettePatcherBuilder):  # type: ignore[misc]
    """vcrpy's patches of one cassette."""

    def give_back(self) -> None:
        """When the cassette has closed."""
        for base, made in self._class_to_cassette_subclass.items():
            _spares.give_back(base, made)

    def _build_cassette_subclass(self, base: type) -> Any:
        found = _spares.take(base, self._cassette)
        if found is None:
            found = super()._build_cassette_subclass(base)
            _spares.watch(found)
        return found

    def _build_patcher(self, target: Any, name: str, new: Any) -> Swap | None:
        if not hasattr(target, name):
            return None
        return target, name, self._recursively_apply_get_cassette_subclass(new)

    def _requests(self) -> Iterable[Any]:
        """Replaces names of urllib3, and right after `_urllib3` replaces the same ones again."""
        if "urllib3" in getattr(self._cassette, "skip_patchers", ()):  # vcrpy 9.2 has none
            patchers: Iterable[Any] = super()._requests()
            return patchers
        with suppress(ImportError):
            # Its classes inherit urllib3's: a cassette of vcrpy's own within this one must find them made.
            from vcr.stubs import requests_stubs  # noqa: F401
        return ()

    def _httpx(self) -> Iterator[Any]:
        """What comes behind the last is only a search for libraries that are not there."""
        return itertools.islice(super()._httpx(), len(_HTTPX_KEPT))


@contextmanager
def patched(cassette: Any) -> Iterator[None]:
    """While this lasts, what the HTTP libraries send goes to the cassette."""
    patches = _Patches(cassette)
    before: list[Swap] = []
    try:
        with ExitStack() as others:
            for each in patches.build():
                if type(each) is tuple:
                    before.append(_replaced(each))
                else:
                    others.enter_context(each)
            before.append(_replaced((httpx_stubs, "VcrRequest", LiveRequest)))
            yield
    finally:
        for swap in reversed(before):
            _replaced(swap)
        patches.give_back()
