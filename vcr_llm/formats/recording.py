"""What every reader makes: the recordings of one file, as that file has them.

A `Recording` is richer than an `Interaction`: it still has the request's headers and the spelling of header
names, which vcrpy's matchers and a suite's own hooks may look at, and its bodies are as they were stored,
encoded or not.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from vcr_llm import content
from vcr_llm.errors import UnreadableCassetteError
from vcr_llm.interaction import Body, CassetteData, Headers, Interaction, Request, Response
from vcr_llm.jsontext import LossyJsonError, check_depth

__all__ = [
    "KEPT",
    "NotACassetteError",
    "Reading",
    "Recording",
    "Wrong",
    "entries_of",
    "headers_of",
    "json_bytes",
    "kept",
    "moment",
    "plain",
    "required",
    "status_of",
    "text_bytes",
]


class Wrong(Exception):
    """A file of this format by its looks, with something in it that cannot be read: what, and where."""

    def __init__(self, reason: str, *where: str | int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.where = where


class NotACassetteError(UnreadableCassetteError):
    """A readable file that is no cassette. ``seems``: what it looks like, with an article."""

    remedy = "Name a cassette, or delete the file and record again with --record-mode=once."

    def __init__(self, seems: str) -> None:
        self.seems = seems
        super().__init__(
            f"This is neither an LLM cassette nor one of vcrpy's: it seems to be {seems}", line=1, column=1
        )


@dataclass(frozen=True, slots=True)
class Recording:
    """One request and its response, as stored.

    Header names keep their spelling, values are lists of texts. ``request_body`` is None where there was
    none. ``extra``: what the file says beyond that, as JSON.
    """

    method: str
    url: str
    request_headers: Mapping[str, tuple[str, ...]]
    request_body: bytes | None
    status: int
    reason: str
    response_headers: Mapping[str, tuple[str, ...]]
    response_body: bytes
    recorded_at: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def interaction(self) -> Interaction:
        """As our cassettes hold it: content encodings undone, header names in lower case.

        Raises `content.MissingDecoderError`. An encoding that nobody knows stays, and its header with it.
        """
        headers = _lower(self.response_headers)
        body = self.response_body
        if "content-encoding" in headers:
            raw = content.decode(body, content.encodings(headers["content-encoding"]))
            if raw is not None:
                body = raw
                gone = ("content-encoding", "content-length")
                headers = {name: values for name, values in headers.items() if name not in gone}
        request_body = None if self.request_body is None else Body(self.request_body)
        return Interaction(
            Request(self.method, self.url, request_body),
            Response(self.status, self.reason, headers, Body(body)),
            self.recorded_at,
            extra=self.extra,
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """What one file holds. ``format``: its name for people. ``warnings``: a sentence each.

    ``document`` is given, and ``recordings`` empty, for files of our own schema.
    """

    format: str
    recordings: tuple[Recording, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    document: CassetteData | None = None

    def data(self) -> CassetteData:
        """The cassette; raises `content.MissingDecoderError`."""
        if self.document is not None:
            return self.document
        return CassetteData(tuple(each.interaction() for each in self.recordings), extra=self.extra)


def _lower(headers: Mapping[str, tuple[str, ...]]) -> Headers:
    found: dict[str, tuple[str, ...]] = {}
    for name, values in headers.items():
        key = name.lower()
        found[key] = (*found.get(key, ()), *values)
    return found


# --- parts that many formats write alike ----------------------------------------------------------------


def headers_of(value: Any) -> dict[str, tuple[str, ...]]:
    """Headers of every style: name → text, bytes, number or a list of these; a list of pairs, of objects
    with ``name`` and ``value``, or of ``Name: value`` lines. Raises `Wrong`."""
    found: dict[str, tuple[str, ...]] = {}
    for name, values in _header_items(value):
        key = _header_text(name)
        listed = values if isinstance(values, list | tuple) else (values,)
        found[key] = (*found.get(key, ()), *map(_header_text, listed))
    return found


def _header_items(value: Any) -> list[tuple[Any, Any]]:
    match value:
        case None:
            return []
        case Mapping():
            return list(value.items())
        case [[[_, _], *_]]:  # the items of a frozenset, as vcrpy before 1.0 wrote them
            return _header_items(value[0])
        case [*items]:
            return [_header_item(item) for item in items]
    raise Wrong("the headers are no object and no list", "headers")


def _header_item(item: Any) -> tuple[Any, Any]:
    match item:
        case {"name": name, "value": value} | [name, value]:
            return name, value
        case str():
            name, _, value = item.partition(":")
            return name.strip(), value.strip()
    raise Wrong("a header is neither a line, nor a pair, nor an object with name and value", "headers")


def _header_text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return "" if value is None else value if isinstance(value, str) else _json_text(value)


def _json_text(value: Any) -> str:
    return json.dumps(plain(value), ensure_ascii=False)


def text_bytes(value: Any) -> bytes:
    """A body that is text, bytes, a list of either (an iterator's pieces), or a value to be written as JSON.

    A list of bytes is what PyYAML made of an iterator.
    """
    match value:
        case None:
            return b""
        case str():
            return value.encode("utf-8", "surrogatepass")
        case bytes():
            return value
        case [*pieces] if pieces and all(isinstance(piece, str | bytes) for piece in pieces):
            return b"".join(map(text_bytes, pieces))
    return json_bytes(value)


def json_bytes(value: Any) -> bytes:
    """A parsed body as the JSON text it was parsed from, in ``json.dumps``' spelling."""
    return json.dumps(plain(value)).encode("ascii")


def plain(value: Any) -> Any:
    """A YAML value as JSON has it: keys are texts, tuples lists, bytes text or else base64."""
    match value:
        case dict():
            return {_key(name): plain(member) for name, member in value.items()}
        case list() | tuple():
            return [plain(member) for member in value]
        case bytes():
            try:
                return value.decode("utf-8")
            except UnicodeDecodeError:
                return base64.b64encode(value).decode("ascii")
    return value


def _key(name: Any) -> str:
    if isinstance(name, str):
        return name
    return json.dumps(name) if name is None or isinstance(name, bool | int | float) else str(plain(name))


KEPT: Final = "recorded"
"""The member of an interaction, or of the cassette, in which stands what has no other place."""


def kept(rest: Mapping[Any, Any]) -> dict[str, Any]:
    """What a file says that a cassette has no place for, in one member; nothing where it says nothing."""
    if not rest:
        return {}
    value = plain(dict(rest))
    try:
        check_depth(value)
    except LossyJsonError:
        value = json.dumps(value)
    return {KEPT: value}


_STATUS: Final = re.compile(r"\s*(\d{1,3})\b\s*(.*)", re.DOTALL)


def status_of(response: Mapping[str, Any]) -> tuple[int, str]:
    """Status and reason of every style: ``{code, message}``, a number, ``"200 OK"``, ``status_code``,
    ``code``. Raises `Wrong`; a response that says nothing is a 200."""
    status = response.get("status")
    number, reason = status, response.get("reason", response.get("statusText"))
    if isinstance(status, Mapping):
        number, reason = status.get("code"), status.get("message")
    elif isinstance(status, list | tuple):
        number, reason = (*status, None, None)[:2]
    if number is None:
        number = response.get("status_code", response.get("code", 200))
    found = _STATUS.fullmatch(str(number))
    if found is None:
        raise Wrong(f"the status {number!r} is no number", "response", "status")
    return int(found.group(1)), _header_text(reason if reason is not None else found.group(2).strip())


_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")


def moment(value: Any) -> str | None:
    """A date and time of any usual spelling as ISO 8601 in UTC, None where it is none."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value, UTC).isoformat()
        except (OverflowError, OSError, ValueError):
            return None
    if not isinstance(value, str):
        return None
    # More than microseconds is more than Python keeps.
    text = re.sub(r"(\.\d{6})\d+", r"\1", value.strip())
    try:
        found = datetime.fromisoformat(text) if _MOMENT.match(text) else parsedate_to_datetime(text)
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC).isoformat()
    except (ValueError, OverflowError, TypeError, IndexError):  # the last two from odd mail dates
        return None


def required(entry: Any, name: str, number: int) -> Mapping[str, Any]:
    """A member of an entry that must be an object. Raises `Wrong`."""
    value = entry.get(name) if isinstance(entry, Mapping) else None
    if not isinstance(value, Mapping):
        raise Wrong(f"interaction {number + 1} has no {name}", number)
    return value


def entries_of(document: Mapping[str, Any], name: str) -> Sequence[Any]:
    """The list under a name; an empty one where it says null. Raises `Wrong`."""
    value = document.get(name)
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise Wrong(f'"{name}" is no list', name)
    return value
