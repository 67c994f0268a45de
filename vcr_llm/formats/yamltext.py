"""YAML text → plain values, without ever executing a tag.

The text is parsed by libyaml, event by event, and the values are built here with a stack of our own:
PyYAML's C loader recurses in C, so that a file of 200,000 nested dashes ends the process. Tags of Python
objects that vcrpy has written over the years are inert data (see `pytags`); any other tag is refused with its
line and column. Timestamps stay text: a header's date must not change its spelling.

Two schemas: YAML 1.1 as PyYAML knows it, and the core schema of YAML 1.2 (`version_1_2`), where ``yes`` and
``12:30`` are texts. Which one a file means only its format tells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import yaml

from vcr_llm.errors import UnreadableCassetteError
from vcr_llm.formats import pytags

__all__ = ["MAX_DEPTH", "load"]

MAX_DEPTH: Final = 500
"""Deeper values are refused: nothing after this could write them."""

_ROOM: Final = 64 * 1024 * 1024
"""Characters that aliases may add to a text (a few lines of them can stand for terabytes)."""

_TAG: Final = "tag:yaml.org,2002:"
_MERGE: Final = object()
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PLAIN_INT: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")

Resolvers = Mapping[str, list[tuple[str, re.Pattern[str]]]]

_VERSION_1_1: Final[Resolvers] = {
    first: [(tag.removeprefix(_TAG), pattern) for tag, pattern in rules]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}

_CORE: Final = (
    ("null", re.compile(r"(?:~|null|Null|NULL|)\Z"), "~nN"),
    ("bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), "tTfF"),
    ("int", re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z"), "-+0123456789"),
    (
        "float",
        re.compile(
            r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
        ),
        "-+.0123456789",
    ),
)
_VERSION_1_2: Final[Resolvers] = {
    first: [(tag, pattern) for tag, pattern, firsts in _CORE if first in firsts]
    for first in "~nNtTfF-+.0123456789"
}


class _Refused(Exception):
    """What the builder does not take, and where: the event that says it."""

    def __init__(self, reason: str, event: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.mark = event.start_mark


def load(text: str, *, version_1_2: bool = False) -> Any:
    """The value of a YAML document.

    Mappings are dicts (the last of two equal keys counts, as with PyYAML), ``!!binary`` is bytes,
    ``!!python/tuple`` a tuple. Raises `UnreadableCassetteError` with line and column.
    """
    resolvers = _VERSION_1_2 if version_1_2 else _VERSION_1_1
    try:
        try:
            return _Builder(text, _Parser, resolvers).value()
        except yaml.scanner.ScannerError as error:
            if "escape code" not in str(error.problem):
                raise
            # libyaml refuses the halves of a surrogate pair, which JSON written as YAML is full of.
            return _Builder(text, _PythonParser, resolvers).value()
    except yaml.reader.ReaderError as error:
        found = _UNPRINTABLE.search(text)
        line, column = _place(text, found.start()) if found else (None, None)
        raise _unreadable(f"special characters are not allowed ({error.reason})", line, column) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _at(mark, error.problem or error.context or "it cannot be parsed") from None
    except _Refused as refused:
        raise _at(refused.mark, refused.reason) from None


def _at(mark: Any, reason: str) -> UnreadableCassetteError:
    return _unreadable(reason, mark.line + 1 if mark else None, mark.column + 1 if mark else None)


def _unreadable(reason: str, line: int | None, column: int | None) -> UnreadableCassetteError:
    return UnreadableCassetteError(f"The cassette is not valid YAML: {reason}", line=line, column=column)


def _place(text: str, position: int) -> tuple[int, int]:
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)


class _PythonParser(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser):
    """PyYAML's own parser, where there is no libyaml or libyaml knows less."""

    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)


_Parser: Final[Callable[[str], Any]] = getattr(getattr(yaml, "cyaml", None), "CParser", _PythonParser)
"""libyaml's, unless PyYAML was built without it."""


class _Frame:
    """A collection that is being built. ``size``: the characters it stands for, aliases expanded."""

    __slots__ = ("event", "is_mapping", "items", "size")

    def __init__(self, event: Any, is_mapping: bool) -> None:
        self.event = event
        self.is_mapping = is_mapping
        self.items: list[Any] = []
        self.size = 1


class _Builder:
    def __init__(self, text: str, parser: Callable[[str], Any], resolvers: Resolvers) -> None:
        self._parser = parser(text)
        self._pairs_halves = parser is _PythonParser
        self._resolvers = resolvers
        self._room = _ROOM + 2 * len(text)
        self._anchors: dict[str, tuple[Any, int]] = {}

    def value(self) -> Any:
        """The one document's value; None for a text without any."""
        next_event = self._parser.get_event
        documents: list[Any] = []
        open_frames: list[_Frame] = []
        while True:
            event = next_event()
            kind = type(event)
            if kind is yaml.ScalarEvent:
                value, size = self._scalar(event), len(event.value) + 1
            elif kind is yaml.SequenceStartEvent or kind is yaml.MappingStartEvent:
                if len(open_frames) == MAX_DEPTH:
                    raise _Refused(f"it is nested more than {MAX_DEPTH} deep", event)
                open_frames.append(_Frame(event, kind is yaml.MappingStartEvent))
                continue
            elif kind is yaml.SequenceEndEvent or kind is yaml.MappingEndEvent:
                frame = open_frames.pop()
                value, size, event = self._collection(frame), frame.size, frame.event
            elif kind is yaml.AliasEvent:
                if event.anchor not in self._anchors:
                    raise _Refused(f"found undefined alias {event.anchor!r}", event)
                value, size = self._anchors[event.anchor]
            elif kind is yaml.StreamEndEvent or event is None:
                return documents[0] if documents else None
            elif kind is yaml.DocumentStartEvent and documents:
                raise _Refused("expected a single document in the stream, but found another", event)
            else:
                continue
            if kind is not yaml.AliasEvent and event.anchor is not None:
                self._anchors[event.anchor] = (value, size)
            if not open_frames:
                documents.append(value)
                continue
            frame = open_frames[-1]
            frame.size += size
            if frame.size > self._room:
                raise _Refused("its aliases stand for more than could be read", event)
            frame.items.append(value)

    def _scalar(self, event: Any) -> Any:
        tag, text = event.tag, event.value
        if self._pairs_halves and _SURROGATE.search(text):
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        if tag is None or tag == "!":
            if not event.implicit[0]:
                return text
            name = self._implicit(text)
            if name == "str":
                return text
        elif tag.startswith(_TAG):
            name = tag.removeprefix(_TAG)
        else:
            name = tag
        if name == "int" and _PLAIN_INT.fullmatch(text):
            return int(text)
        convert = pytags.SCALARS.get(name)
        if convert is None:
            raise _unknown(event)
        try:
            value = convert(text)
        except (ValueError, KeyError, AttributeError, OverflowError):
            raise _Refused(f"{text[:40]!r} is no {name}", event) from None
        return _MERGE if value is pytags.MERGE else value

    def _implicit(self, text: str) -> str:
        """The type that a plain scalar has by its spelling; "str" for most."""
        if not text:
            return "null"
        for name, pattern in self._resolvers.get(text[0], ()):
            if pattern.match(text):
                return name
        return "str"

    def _collection(self, frame: _Frame) -> Any:
        try:
            value: Any = _mapping(frame) if frame.is_mapping else frame.items
        except TypeError:
            raise _Refused("found unhashable key", frame.event) from None
        tag = frame.event.tag
        if tag is None or tag == "!":
            return value
        name = tag.removeprefix(_TAG)
        convert = pytags.COLLECTIONS.get(name)
        if convert is None:
            raise _unknown(frame.event)
        try:
            return convert(value)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            raise _Refused(f"what the tag {tag!r} holds makes no sense", frame.event) from None


def _mapping(frame: _Frame) -> dict[Any, Any]:
    pairs = list(zip(frame.items[::2], frame.items[1::2], strict=True))
    if not any(key is _MERGE for key, _ in pairs):
        return dict(pairs)
    merged: dict[Any, Any] = {}
    for key, value in pairs:
        if key is _MERGE:
            sources = value if isinstance(value, list) else [value]
            if not all(isinstance(source, dict) for source in sources):
                raise _Refused("expected a mapping or a list of mappings for merging", frame.event)
            for source in reversed(sources):
                merged.update(source)
    return {**merged, **{key: value for key, value in pairs if key is not _MERGE}}


def _unknown(event: Any) -> _Refused:
    return _Refused(f"could not determine a constructor for the tag {event.tag!r}", event)
