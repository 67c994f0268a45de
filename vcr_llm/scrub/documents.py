"""JSON inside a body's text: where its strings are, and which of them are pieces of one text.

A body is one JSON value, a stream of events with one in each, or lines with one in each. Strings are
edited where they stand, so that everything else keeps its bytes: white space, numbers, duplicate keys,
comments between events, line endings.

Providers send a text in pieces. Pieces belong together when they stand at the same path in their
documents and the documents agree in what tells parallel texts apart (``type``, ``index``,
``output_index``, ...). The tokens of ``logprobs`` are such pieces too, inside one document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

__all__ = [
    "Document",
    "Literal",
    "Path",
    "documents",
    "is_stream",
    "joined_data",
    "joined_pieces",
    "literals",
    "may_have_tokens",
    "pieces",
    "plain_data",
    "uncovered",
]

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON value in ``text[start:end]``; ``path`` is where it stands among the body's documents.

    ``text`` is the body's text, blank where an event's data is interrupted by field names.
    """

    path: Path
    value: Any
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A JSON string with its quotes: ``text[start:end]``, at ``path`` or the key of the member there."""

    path: Path
    is_key: bool
    start: int
    end: int


_FIELD: Final = re.compile(r"[ \t]*(?:data|event|id|retry)?:")
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


def documents(text: str) -> list[Document]:
    """The JSON values of a body in order; none where it is plain text."""
    start = _first_character(text)
    if text[start : start + 1] in ("{", "[", '"'):
        whole = _loaded(text[start:])
        if whole is not _NONE:
            return [Document((), whole, text, 0, len(text))]
        return list(_lines(text))
    if is_stream(text):
        return list(_events(text))
    return list(_lines(text)) if "\n{" in text or "\n[" in text else []


def is_stream(text: str) -> bool:
    """Whether a body begins as server-sent events do, with a field or a comment."""
    return _FIELD.match(text, _first_character(text)) is not None


_NONE: Final = object()


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _NONE


def _first_character(text: str) -> int:
    match = re.match(r"[\s\ufeff]*", text)
    return match.end() if match else 0


def _lines(text: str) -> Iterator[Document]:
    """Newline-delimited JSON; other lines between are plain text."""
    number = 0
    for match in _LINE.finditer(text):
        line = match.group()
        if line.lstrip()[:1] in ("{", "["):
            value = _loaded(line)
            if value is not _NONE:
                yield Document((number,), value, text, match.start(), match.end())
                number += 1


def _events(text: str) -> Iterator[Document]:
    """The data of each event (see `sse`); data that is no JSON is plain text."""
    for number, spans in enumerate(_data_spans(text)):
        start, end = spans[0][0], spans[-1][1]
        seen = text
        value = _loaded("\n".join(text[first:last] for first, last in spans))
        if len(spans) > 1 and value is not _NONE:
            seen = _blanked(text, spans)
        if value is not _NONE:
            yield Document((number, "data"), value, seen, start, end)


def _blanked(text: str, spans: list[tuple[int, int]]) -> str:
    """The text, as long as before, with nothing but blanks between the spans."""
    parts: list[str] = []
    at = 0
    for start, end in spans:
        parts += " " * (start - at), text[start:end]
        at = end
    return "".join(parts)


_DATA: Final = re.compile(r"(?<![^\r\n])(?:data:[^\r\n]*+(?:\r\n|\r|\n|\Z))+")
_DATA_LINE: Final = re.compile(r"data:[ ]?([^\r\n]*+)")


def _data_spans(text: str) -> Iterator[list[tuple[int, int]]]:
    """For each event where its data is: more than one stretch where the data is spread over lines."""
    for block in _DATA.finditer(text):
        yield [line.span(1) for line in _DATA_LINE.finditer(text, block.start(), block.end())]


def plain_data(text: str, found: list[Document]) -> list[tuple[int, int]]:
    """Where the data of a stream's events is that is no JSON but a piece of plain text, as Replicate's.

    A piece may be a word of JSON by chance: ``7``, ``null``.
    """
    words = [(one.start, one.end) for one in found if not isinstance(one.value, dict | list | str)]
    pieces = [
        line.span(1)
        for start, end in uncovered(text, found)
        for line in _DATA_LINE.finditer(text, start, end)
        if line.end(1) > line.start(1)
    ]
    return sorted([*pieces, *words]) if pieces else []


# --- strings in a JSON text ---------------------------------------------------------------------------

_TOKEN: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\],]', re.DOTALL)


def literals(document: Document) -> Iterator[Literal]:
    """All strings of a JSON text in order, keys included. Without recursion: texts may nest deeply."""
    path: list[str | int] = list(document.path)
    kinds: list[str] = []
    is_key = False
    for match in _TOKEN.finditer(document.text, document.start, document.end):
        token = document.text[match.start()]
        if token == '"':
            if is_key:
                path[-1] = json.loads(match.group())
            yield Literal(tuple(path), is_key, match.start(), match.end())
            is_key = False
        elif token in "{[":
            kinds.append(token)
            path.append("" if token == "{" else 0)
            is_key = token == "{"
        elif token in "}]":
            kinds.pop()
            path.pop()
            is_key = False
        elif kinds[-1] == "{":
            is_key = True
        else:
            path[-1] = int(path[-1]) + 1


def uncovered(text: str, found: list[Document]) -> Iterator[tuple[int, int]]:
    """The stretches of the text that belong to no document."""
    at = 0
    for document in found:
        if document.start > at:
            yield at, document.start
        at = document.end
    if at < len(text):
        yield at, len(text)


_TOKENS: Final = re.compile(r'"logprobs"(?!\s*:\s*[^\s{\[])')


def may_have_tokens(text: str) -> bool:
    """False only where a JSON text has no ``logprobs``, or as most have them: ``"logprobs": null``."""
    at = text.find("logprobs")
    if at < 0:
        return False
    return _TOKENS.search(text, max(0, at - 1)) is not None or ("\\" in text and "\\u00" in text)


# --- pieces of one text -------------------------------------------------------------------------------

_TELLING: Final = ("index", "output_index", "content_index", "summary_index", "contentBlockIndex")
"""Not ``item_id``, which some servers change with every event."""

_TELLS_APART: Final = frozenset(_TELLING)

_DEEPEST: Final = 200


class Piece(NamedTuple):
    """A string that may go on in another document. ``place``: the steps to it, linked from the last one."""

    place: Any
    text: str

    @property
    def path(self) -> Path:
        """Where it stands."""
        steps: list[str | int] = []
        place = self.place
        while len(place) == 2:
            place, step = place
            steps.append(step)
        return (*place[0], *reversed(steps))


class _Group:
    """The pieces under one key, and the groups whose keys are one step longer."""

    __slots__ = ("further", "places", "texts")

    def __init__(self) -> None:
        self.further: dict[Any, _Group] = {}
        self.places: list[Any] = []
        self.texts: list[str] = []


def joined_pieces(found: list[Document]) -> list[str]:
    """The texts that the strings in these documents may be pieces of."""
    return ["".join(group.texts) for group in _groups(_parted(found))]


def joined_data(values: Iterable[Any]) -> list[str]:
    """The same for the data of a stream's events."""
    return ["".join(group.texts) for group in _groups([((), value) for value in values])]


def pieces(found: list[Document]) -> list[list[Piece]]:
    """The strings that may be pieces of one text, in order, for each such text.

    Groups of one string, and of strings that are all the same (a stream's id), are left out.
    """
    return [list(map(Piece, group.places, group.texts)) for group in _groups(_parted(found))]


def _parted(found: list[Document]) -> list[tuple[Path, Any]]:
    """The values that may have pieces of one text, and where each stands."""
    if len(found) == 1 and isinstance(found[0].value, list):
        # A stream as a JSON array, as Gemini sends it, and as Amazon's are put: each element is an event.
        return [((*found[0].path, number), value) for number, value in enumerate(found[0].value)]
    return [(document.path, document.value) for document in found]


def _groups(events: list[tuple[Path, Any]]) -> Iterator[_Group]:
    several = len(events) > 1
    root = _Group()
    groups: list[_Group] = []
    for path, value in events:
        if isinstance(value, str):
            _add(root, "", (path,), value, groups)
        # Only the event's own type tells: a tool call has one in its first piece and none in the others.
        kind = value.get("type") if isinstance(value, dict) else None
        group = _next(root, kind) if isinstance(kind, str) else root
        _collect(value, (path,), len(path), group, several, kind == _IN_ORDER, groups)
    for group in groups:
        texts = group.texts
        if len(texts) > 1 and texts.count(texts[0]) < len(texts):
            yield group


def _next(group: _Group, step: Any) -> _Group:
    found = group.further.get(step)
    if found is None:
        found = group.further[step] = _Group()
    return found


def _add(group: _Group, step: Any, place: Any, text: str, groups: list[_Group]) -> None:
    found = group.further.get(step)
    if found is None:
        found = group.further[step] = _Group()
    if not found.texts:
        groups.append(found)
    found.texts.append(text)
    found.places.append(place)


_IN_ORDER: Final = "logprobs"
"""Inside members of this name, strings in a list are pieces whatever their places."""


def _collect(
    value: Any, place: Any, depth: int, group: _Group, several: bool, in_order: bool, groups: list[_Group]
) -> None:
    """Put the strings of a value, which stands at a place, into the groups that go on from one."""
    depth += 1
    if isinstance(value, dict):
        if not _TELLS_APART.isdisjoint(value):
            for name in _TELLING:
                number = value.get(name)
                if isinstance(number, int):
                    group = _next(group, number)
        further = group.further
        for name, member in value.items():
            kind = type(member)
            if kind is str:
                if several or in_order:
                    known = further.get(name)  # as `_add`, for most strings stand here
                    if known is None or not known.texts:
                        _add(group, name, (place, name), member, groups)
                    else:
                        known.texts.append(member)
                        known.places.append((place, name))
            elif (kind is dict or kind is list) and depth <= _DEEPEST:
                ordered = in_order or name == _IN_ORDER
                _collect(member, (place, name), depth, _next(group, name), several, ordered, groups)
    elif isinstance(value, list):
        for number, member in enumerate(value):
            if isinstance(member, str):
                if several or in_order:
                    _add(group, "*" if in_order else number, (place, number), member, groups)
            elif isinstance(member, dict | list) and depth <= _DEEPEST:
                # An index inside the element tells more than its place, which is 0 in every event.
                indexed = isinstance(member, dict) and "index" in member
                inner = group if in_order or indexed else _next(group, number)
                _collect(member, (place, number), depth, inner, several, in_order, groups)
