"""What YAML tags stand for, as data: nothing named by a tag is ever imported or called.

vcrpy has written Python objects into its cassettes for years (texts of Python 2, tuples, files, iterators,
aiohttp's header names), and every such tag that is known to occur is listed here by its full name.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import yaml

__all__ = ["COLLECTIONS", "MERGE", "SCALARS"]

MERGE: Final = object()
"""The value of the merge key ``<<``."""

_PYYAML: Final = yaml.constructor.SafeConstructor()


def _pyyamls(name: str) -> Callable[[str], Any]:
    """PyYAML's own reading of a scalar type (``0x1F``, ``1_000``, ``.inf``), for exactly the same values."""
    construct = getattr(_PYYAML, f"construct_yaml_{name}")
    return lambda text: construct(yaml.ScalarNode(f"tag:yaml.org,2002:{name}", text))


def _binary(text: str) -> bytes:
    return base64.decodebytes(text.encode("ascii"))  # as PyYAML does: what is no base64 is passed over


def _whole_number(text: str) -> int:
    if text.startswith("0o"):
        return int(text, 8)  # YAML 1.2
    number: int = _pyyamls("int")(text)
    return number


def _no_timestamp(text: str) -> str:
    return text


SCALARS: Final[Mapping[str, Callable[[str], Any]]] = {
    "str": str,
    "null": lambda _text: None,
    "bool": _pyyamls("bool"),
    "int": _whole_number,
    "float": _pyyamls("float"),
    "binary": _binary,
    "!binary": _binary,  # Ruby's
    "timestamp": _no_timestamp,
    "value": str,  # a lone "=", which PyYAML refuses by mistake
    "merge": lambda _text: MERGE,
    "python/none": lambda _text: None,
    "python/bool": _pyyamls("bool"),
    "python/str": str,
    "python/unicode": str,
    "python/bytes": _binary,
    "python/int": _whole_number,
    "python/long": _whole_number,
    "python/float": _pyyamls("float"),
}
"""Type of a scalar, or its tag → what its text means; raises what a wrong text leads to."""


# --- collections: PyYAML's three ways to write an object ------------------------------------------


def _arguments(value: Any) -> list[Any]:
    """The arguments of ``!!python/object/apply``: a list, or under ``args``."""
    return list(value.get("args") or ()) if isinstance(value, dict) else list(value)


def _state(value: Any) -> Any:
    return value.get("state") if isinstance(value, dict) else None


def _text(value: Any) -> str:
    (first,) = _arguments(value) or [""]
    return first.decode("latin-1") if isinstance(first, bytes) else str(first)


def _file(value: Any) -> bytes:
    """A pickled file in memory: its content comes first in its state."""
    content: Any = _state(value) or _arguments(value)
    first = content[0] if isinstance(content, list | tuple) and content else content or b""
    return first.encode("utf-8") if isinstance(first, str) else bytes(first)


def _iterated(value: Any) -> list[Any]:
    arguments = _arguments(value)
    return list(arguments[0]) if arguments else []


def _encoded(value: Any) -> bytes:
    """Bytes as Python 2 pickled them: ``_codecs.encode(text, 'latin1')``."""
    text, *encoding = _arguments(value)
    return str(text).encode(encoding[0] if encoding else "utf-8")


def _bytes(value: Any) -> bytes:
    first, *encoding = _arguments(value) or [b""]
    return first.encode(*encoding) if isinstance(first, str) else bytes(first)


def _named(value: Any) -> dict[Any, Any]:
    """A dictionary of any class: its items are among the arguments, in ``dictitems`` or in the state."""
    found: dict[Any, Any] = {}
    if isinstance(value, dict) and not value.keys() & {"args", "state", "dictitems", "kwds"}:
        return value
    for argument in _arguments(value):
        if isinstance(argument, Mapping):
            found.update(argument)
        elif isinstance(argument, Iterable) and not isinstance(argument, str | bytes):
            for name, member in argument:
                found[name] = [*found[name], member] if isinstance(found.get(name), list) else member
    if isinstance(value, dict):
        found.update(value.get("dictitems") or {})
        state = _state(value)
        if isinstance(state, dict):
            found.update(_stored(state))
    return found


def _stored(state: dict[Any, Any]) -> dict[Any, Any]:
    """The items of a case-insensitive dictionary, kept as lower-case name → (name, value)."""
    store = state.get("_store", state.get("_data"))
    if not isinstance(store, dict):
        return {}
    found = {}
    for lower, kept in store.items():
        name, value = kept if isinstance(kept, list | tuple) and len(kept) == 2 else (lower, kept)
        found[name] = value
    return found


def _first(value: Any) -> Any:
    return _arguments(value)[0]


def _url(value: Any) -> str:
    """A yarl URL: its state holds the parts that ``urlsplit`` made."""
    from urllib.parse import urlunsplit

    state = _state(value)
    parts = state[0] if isinstance(state, list | tuple) else _arguments(value)[0]
    return parts if isinstance(parts, str) else urlunsplit([str(part) for part in parts])


_OBJECTS: Final[Mapping[str, tuple[Callable[[Any], Any], tuple[str, ...]]]] = {
    "text": (_text, ("multidict._multidict.istr", "multidict._istr.istr", "multidict.istr", "builtins.str")),
    "file": (
        _file,
        (
            "_io.BytesIO",
            "io.BytesIO",
            "_io.StringIO",
            "io.StringIO",
            "cStringIO.StringIO",
            "StringIO.StringIO",
        ),
    ),
    "list": (
        _iterated,
        (
            *(
                f"{home}.{name}"
                for home in ("builtins", "__builtin__")
                for name in ("iter", "frozenset", "set")
            ),
            "builtins.list",
            "builtins.tuple",
        ),
    ),
    "encoded": (_encoded, ("_codecs.encode",)),
    "bytes": (_bytes, ("builtins.bytes", "builtins.bytearray", "__builtin__.bytearray")),
    "dictionary": (
        _named,
        (
            "vcr.request.Request",
            "vcr.request.HeadersDict",
            "vcr.util.CaseInsensitiveDict",
            "requests.structures.CaseInsensitiveDict",
            "collections.OrderedDict",
            "multidict._multidict.CIMultiDict",
            "multidict._multidict.CIMultiDictProxy",
            "multidict._multidict.MultiDict",
            "multidict._multidict.MultiDictProxy",
        ),
    ),
    "number": (_first, ("http.HTTPStatus", "builtins.int")),
    "url": (_url, ("yarl.URL", "yarl._url.URL")),
    "parts": (_arguments, ("urllib.parse.SplitResult",)),
}


COLLECTIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "seq": list,
    "map": dict,
    "omap": lambda value: {name: member for pair in value for name, member in pair.items()},
    "pairs": lambda value: [(name, member) for pair in value for name, member in pair.items()],
    "set": list,
    "python/list": list,
    "python/dict": dict,
    "python/tuple": tuple,
    **{
        f"python/object{how}:{name}": convert
        for convert, names in _OBJECTS.values()
        for name in names
        for how in ("", "/new", "/apply")
    },
}
"""Tag without its usual prefix → what a list or mapping under it means."""
