"""JSON text that keeps its meaning when it is parsed and written again.

Python's parser accepts more than JSON (NaN, Infinity), drops the first of two equal keys and turns
1e400 into infinity. A body like that must stay text in a cassette, so `parse` refuses it. Texts are
written unescaped (UTF-8), except for lone surrogates, which no encoding can hold.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NoReturn

__all__ = [
    "LaidOut",
    "LossyJsonError",
    "check_depth",
    "compact",
    "compact_bytes",
    "encoder",
    "finite",
    "is_shallow",
    "laid_out",
    "parse",
    "pretty",
    "shallow",
]

MAX_DEPTH = 100
"""Deeper values stay text: the indenting writer of ``json`` is recursive, and so are most readers."""

WIDTH = 100
LONG = 400
"""Columns, see `pretty`."""

_SURROGATE = re.compile("[\ud800-\udfff]")


class LossyJsonError(ValueError):
    """Text that is no JSON, or whose parsed value would not stand for all of it."""


def finite(text: str) -> float:
    """The float a JSON number stands for; raises `LossyJsonError` where it is too large for one."""
    number = float(text)
    if math.isinf(number):
        raise LossyJsonError(f"{text} does not fit a float")
    return number


def _constant(name: str) -> NoReturn:
    raise LossyJsonError(f"{name} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise LossyJsonError("an object has the same key twice")
    return value


def _children(value: Any) -> list[Any]:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [member for member in members if isinstance(member, dict | list)]


def check_depth(value: Any) -> None:
    """Raises `LossyJsonError` for a value nested more than `MAX_DEPTH` deep."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return
    raise LossyJsonError(f"nested more than {MAX_DEPTH} deep")


def is_shallow(text: bytes | str, start: int = 0, end: int | None = None) -> bool:
    """Whether a JSON text has too few brackets for `check_depth` to find anything; counting them is fast."""
    if isinstance(text, str):
        return text.count("{", start, end) + text.count("[", start, end) < MAX_DEPTH
    return text.count(b"{", start, end) + text.count(b"[", start, end) < MAX_DEPTH


_DECODER = json.JSONDecoder(parse_float=finite, parse_constant=_constant, object_pairs_hook=_object)


def _decoded(text: str) -> Any:
    if text.startswith(("{", "[")):
        value, end = _DECODER.raw_decode(text)
        if end == len(text):
            return value
    return _DECODER.decode(text)


def parse(text: str) -> Any:
    """The JSON value of a text. Raises `LossyJsonError` where writing it again would lose something."""
    try:
        value = _decoded(text)
    except LossyJsonError:
        raise
    except (ValueError, RecursionError) as error:
        raise LossyJsonError(str(error)) from error
    if not is_shallow(text):
        check_depth(value)
    return value


def _escape_surrogates(text: str) -> str:
    if text.isascii():  # which a string knows of itself
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)
    return text


def encoder(
    item_separator: str = ",", key_separator: str = ":", *, ascii_only: bool = False, sort_keys: bool = False
) -> Callable[[Any], str]:
    """What ``JSONEncoder.encode`` does, which makes the encoder proper anew whenever it is called."""
    pieces = _pieces_of(item_separator, key_separator, ascii_only=ascii_only, sort_keys=sort_keys)
    return lambda value: "".join(pieces(value, 0))


def _pieces_of(
    item_separator: str, key_separator: str, *, ascii_only: bool, sort_keys: bool
) -> Callable[[Any, int], Iterable[str]]:
    """The encoder proper: of a value, at a depth of 0, the pieces of its text."""
    found = json.JSONEncoder(
        ensure_ascii=ascii_only, sort_keys=sort_keys, separators=(item_separator, key_separator)
    )
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # a Python without the C part of json
        return lambda value, _: [found.encode(value)]
    texts = json.encoder.encode_basestring_ascii if ascii_only else json.encoder.encode_basestring
    encode: Callable[[Any, int], Iterable[str]] = make(
        None, found.default, texts, None, key_separator, item_separator, sort_keys, False, True
    )
    return encode


_pieces: Final = _pieces_of(",", ":", ascii_only=False, sort_keys=False)


def shallow(value: Any) -> str:
    """`compact` of what is not too deep for recursion and has no lone surrogates, which stay as they are."""
    return "".join(_pieces(value, 0))


def compact(value: Any) -> str:
    """The value on one line without spaces, as an HTTP body. Any depth: a file by hand may be deep."""
    try:
        text = shallow(value)
    except RecursionError:
        text = "".join(_tokens(value))
    return _escape_surrogates(text)


def compact_bytes(value: Any) -> bytes:
    """The same in UTF-8."""
    try:
        return "".join(_pieces(value, 0)).encode()
    except (RecursionError, UnicodeEncodeError):
        return compact(value).encode()


def _tokens(value: Any) -> Iterator[str]:
    """The compact text in pieces, without recursion."""
    waiting: list[Iterator[str | tuple[Any]]] = [iter([(value,)])]
    while waiting:
        item = next(waiting[-1], None)
        if item is None:
            waiting.pop()
        elif isinstance(item, str):
            yield item
        elif isinstance(item[0], dict):
            waiting.append(_members("{", item[0].items(), "}"))
        elif isinstance(item[0], list):
            waiting.append(_members("[", ((None, member) for member in item[0]), "]"))
        else:
            yield json.dumps(item[0], ensure_ascii=False)


def _members(
    opening: str, members: Iterable[tuple[str | None, Any]], closing: str
) -> Iterator[str | tuple[Any]]:
    yield opening
    for number, (name, member) in enumerate(members):
        comma = "," if number else ""
        yield comma if name is None else f"{comma}{json.dumps(name, ensure_ascii=False)}:"
        yield (member,)
    yield closing


class LaidOut(str):
    """A member of a list whose text `laid_out` has made; `pretty` puts it in as it is."""

    __slots__ = ()


def pretty(value: Any, *, long_members: frozenset[str] = frozenset()) -> str:
    """The value as a file for people and version control, with a newline at the end.

    What fits in `WIDTH` columns stands on one line; anything else is an indented block of two spaces, a
    line per member. Members of the lists named in ``long_members`` may be `LONG` columns wide: a stream
    is read, and compared, event by event.
    """
    parts: list[str] = []
    _lay_out(value, "\n", WIDTH, long_members, parts)
    parts.append("\n")
    return _escape_surrogates("".join(parts))


def laid_out(value: Any, indent: str, *, long_members: frozenset[str] = frozenset()) -> str:
    """A value as `pretty` lays it out where it stands ``indent`` deep in a document."""
    parts: list[str] = []
    _lay_out(value, "\n" + indent, WIDTH, long_members, parts)
    return _escape_surrogates("".join(parts))


_LINE = encoder(", ", ": ")
_TEXT = json.encoder.encode_basestring
"""What `_LINE` does with a string, and most of what a document holds are strings."""
_WORDS = {None: "null", True: "true", False: "false"}


def _lay_out(value: Any, newline: str, width: int, long_members: frozenset[str], parts: list[str]) -> None:
    """Append the pieces of a value's text; ``newline`` is a line ending and the present indentation."""
    is_list = isinstance(value, list)
    if not value or not (is_list or isinstance(value, dict)):
        parts.append(_LINE(value))
        return
    room = width - len(newline)
    if is_list and len(value) == 1 and type(value[0]) is str:  # what most headers are
        line = f"[{_TEXT(value[0])}]"
        if len(line) <= room:
            parts.append(line)
            return
    # Events are small: to write one takes less than to count.
    elif width == LONG or _room_left(value, room) >= 0:
        line = _LINE(value)
        if len(line) <= room:
            parts.append(line)
            return
    if is_list:
        _lay_out_list(value, newline, WIDTH, long_members, parts)
        return
    inner = newline + "  "
    separator = "{" + inner
    for name, member in value.items():
        kind = type(member)
        if kind is str:
            parts.append(f"{separator}{_TEXT(name)}: {_TEXT(member)}")
        elif kind is int:
            parts.append(f"{separator}{_TEXT(name)}: {member}")
        elif member is None or kind is bool:
            parts.append(f"{separator}{_TEXT(name)}: {_WORDS[member]}")
        else:
            parts.append(f"{separator}{_TEXT(name)}: ")
            if name in long_members and kind is list and member:
                _lay_out_list(member, inner, LONG, long_members, parts)
            else:
                _lay_out(member, inner, WIDTH, long_members, parts)
        separator = "," + inner
    parts.append(newline + "}")


def _lay_out_list(
    value: list[Any], newline: str, width: int, long_members: frozenset[str], parts: list[str]
) -> None:
    inner = newline + "  "
    separator = "[" + inner
    for member in value:
        parts.append(separator)
        kind = type(member)
        if kind is str:
            parts.append(_TEXT(member))
        elif kind is LaidOut:
            parts.append(member)
        else:
            _lay_out(member, inner, width, long_members, parts)
        separator = "," + inner
    parts.append(newline + "]")


def _room_left(value: dict[str, Any] | list[Any], room: int) -> int:
    """``room`` without the least that the value takes; as soon as it is negative, how much does not count.

    Where it is negative the value is surely longer: to write it to know that would cost more.
    """
    room -= 2
    if isinstance(value, dict):
        for name in value:
            room -= len(name) + 4
        members: Iterable[Any] = value.values()
    else:
        members = value
    for member in members:
        kind = type(member)
        if kind is str:
            room -= len(member) + 2
        elif kind is dict or kind is list:
            room = _room_left(member, room)
        elif kind is LaidOut:
            room -= len(member)
        else:
            room -= 1
        if room < 0:
            break
    return room
