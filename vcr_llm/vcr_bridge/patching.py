"""What vcrpy does to the HTTP libraries while a cassette is open, done at less cost.

What is replaced by what is all vcrpy's (``vcr/patch.py``, ``vcr/stubs/``). For every cassette it makes eight
classes and replaces some forty names with `unittest.mock`, which takes longer than loading a small file; and
of a live request it parses the URL and puts the headers into a dict of its own, which a look-up by body never
opens.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from types import CellType, FunctionType, ModuleType
from typing import Any, Final
from urllib.parse import ParseResult, urlparse

from vcr import patch
from vcr.patch import CassettePatcherBuilder, ConnectionRemover
from vcr.request import Request as VcrRequest
from vcr.request import log
from vcr.stubs import httpx_stubs

__all__ = ["LiveRequest", "Patches", "patching"]

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


def _set(target: Any, name: str, value: Any) -> None:
    """Give an attribute a value, or take it away where what is inherited is to show."""
    if value is _NONE:
        delattr(target, name)
    else:
        setattr(target, name, value)


class _NoCassette:
    """What a connection finds whose class somebody has kept for longer than the cassette: it goes live."""

    write_protected = False

    def can_play_response_for(self, _request: Any) -> bool:
        return False

    def append(self, _request: Any, _response: Any) -> None:
        """Nothing is recorded."""


_HTTPX_KEPT: Final = [name for name in vars(patch) if name.startswith("_Httpx") and name[6] != "2"]
"""The originals of httpx, and of transports made for it, that vcrpy has kept: one for each it replaces."""


class _Builder(CassettePatcherBuilder):  # type: ignore[misc]
    """vcrpy's patches of one cassette, those by `unittest.mock` as a `Swap` each."""

    @property
    def classes(self) -> list[Any]:
        """The subclasses made for this cassette, so that a connection knows whose it is."""
        return list(self._class_to_cassette_subclass.values())

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


class Patches:
    """What vcrpy puts in the places of names while a cassette is open; then perhaps another's.

    Most tests use one HTTP library, and of what was made for the others nothing is ever called. So what was
    made for a cassette that has closed is aimed at the next: its classes know theirs by an attribute, its
    functions by a variable.
    """

    def __init__(self, cassette: Any) -> None:
        builder = _Builder(cassette)
        parts = list(builder.build())
        self.swaps: list[Swap] = [each for each in parts if type(each) is tuple]
        self.swaps.append((httpx_stubs, "VcrRequest", LiveRequest))
        self.others = [each for each in parts if type(each) is not tuple]
        self._names = [(vars(target), name) for target, name, _ in self.swaps]
        self.before = [attributes.get(name, _NONE) for attributes, name in self._names]
        self._skipped = _skipped(cassette)
        self._classes = builder.classes
        self._variables: list[CellType] = []
        known = all(isinstance(each, ConnectionRemover) for each in self.others)
        self._serves_once = bool(cassette.custom_patches) or not known
        for each in self._classes:
            each.was_called = each.__new__ is not object.__new__  # then somebody else makes them
            if not each.was_called:
                each.__new__ = staticmethod(_noted)
        seen: set[int] = set()
        for _, _, new in self.swaps:
            self._look_into(new, cassette, seen)

    def _look_into(self, made: Any, cassette: Any, seen: set[int]) -> None:
        """Find the variables of a function, and of those it calls, that hold the cassette."""
        if isinstance(made, type | ModuleType | ConnectionRemover):
            return
        if type(made) is not FunctionType:
            self._serves_once = True  # who knows what it holds
            return
        if id(made) in seen:
            return
        seen.add(id(made))
        for cell in made.__closure__ or ():
            try:
                held = cell.cell_contents
            except ValueError:  # it holds nothing yet
                held = type
            if held is cassette:
                self._variables.append(cell)
            else:
                self._look_into(held, cassette, seen)

    def fits(self, cassette: Any) -> bool:
        """Whether it is what would be made for a cassette that opens now: all names have the values that they
        had then, and the same libraries are there."""
        if self._skipped != _skipped(cassette) or cassette.custom_patches:
            return False
        for (attributes, name), before in zip(self._names, self.before, strict=True):
            if attributes.get(name, _NONE) is not before:
                return False
        return True

    def put_in(self) -> None:
        for target, name, new in self.swaps:
            _set(target, name, new)

    def take_out(self) -> None:
        for (target, name, _), before in zip(reversed(self.swaps), reversed(self.before), strict=True):
            _set(target, name, before)

    def aim(self, cassette: Any, path: str = "") -> None:
        for cell in self._variables:
            cell.cell_contents = cassette
        for each in self._classes:
            each.cassette = cassette
            each.__name__ = f"{each.__base__.__name__}{path}"

    @property
    def is_unused(self) -> bool:
        """Whether nothing was made of the classes, so that nothing remains that belongs to the cassette."""
        return not (
            self._serves_once
            or any(each.was_called or each.__subclasses__() for each in self._classes)
            or any(each._connection_pool_to_connections for each in self.others)
        )


def _skipped(cassette: Any) -> tuple[str, ...]:
    return tuple(getattr(cassette, "skip_patchers", ()))  # vcrpy 9.2 has none


def _noted(cls: Any, *_arguments: Any, **_named: Any) -> Any:
    cls.was_called = True
    return object.__new__(cls)


_spare: list[Patches] = []
_SPARE: Final = 4
"""How many are kept: cassettes that are open within others have each their own."""


def _patches_for(cassette: Any) -> Patches:
    for spare in list(_spare):
        if spare.fits(cassette):
            try:
                _spare.remove(spare)
            except ValueError:
                continue  # another thread has taken it
            spare.aim(cassette, cassette._path)
            return spare
    return Patches(cassette)


def patching(cassette: Any) -> Iterator[Any]:
    """Yields the cassette once; until this goes on, what the HTTP libraries send goes to it."""
    patches = _patches_for(cassette)
    try:
        patches.put_in()
        with ExitStack() as others:
            for each in patches.others:
                others.enter_context(each)
            yield cassette
    finally:
        patches.take_out()
        if patches.is_unused:
            patches.aim(_NoCassette())
            _spare.insert(0, patches)
            del _spare[_SPARE:]
