"""Text → `CassetteData`."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, Final, NoReturn

from vcr_llm import jsontext, sse
from vcr_llm.errors import NewerCassetteError, UnreadableCassetteError
from vcr_llm.interaction import Body, CassetteData, Headers, Interaction, Request, Response
from vcr_llm.jsonplace import place_of
from vcr_llm.providers import usual_url
from vcr_llm.schema.terms import EVENT_FIELDS, JSON, STREAM, VERSION, phrase

__all__ = [
    "KNOWN",
    "KNOWN_AT_TOP",
    "VERSIONS",
    "ReadFile",
    "is_document",
    "load",
    "load_json",
    "no_constant",
    "read_entry",
    "reads_as",
]

ReadFile = Callable[[str], bytes]
"""The bytes of a body that is kept in a file beside the cassette, by its name there."""

VERSIONS: Final = ("1.0", VERSION)
KNOWN: Final = frozenset({"hash", "request", "response", "streaming", "stream_events", "recorded_at", "http"})
KNOWN_AT_TOP: Final = frozenset({"version", "provider", "interactions"})


class _Wrong(Exception):
    """The document is JSON, but no cassette: what is wrong, and the keys that lead to it."""

    def __init__(self, reason: str, *where: str | int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.where = where


def is_document(document: object) -> bool:
    """Whether a parsed JSON value is meant as a cassette of this schema (and not one of vcrpy's)."""
    if not isinstance(document, dict) or not isinstance(document.get("interactions"), list):
        return False
    if isinstance(document.get("version"), str):
        return True
    first = next((entry for entry in document["interactions"] if isinstance(entry, dict)), {})
    request = first.get("request")
    return (
        "provider" in document
        or "hash" in first
        or (isinstance(request, dict) and not {"uri", "url", "method"} & request.keys())
    )


def load(text: str, read_file: ReadFile | None = None, document: Any = None) -> CassetteData:
    """The cassette in a document's text.

    Raises `UnreadableCassetteError` with line and column for text that is no JSON or no cassette, and
    `NewerCassetteError` for a version after 2.0. ``read_file`` fetches bodies kept beside the cassette;
    it is called when such a body is first needed. ``document``: what `load_json` says of the text, where
    it has been asked already.
    """
    document = load_json(text) if document is None else document
    try:
        return _data(document, read_file)
    except _Wrong as wrong:
        line, column = place_of(text, wrong.where)
        newer = wrong.where == ("version",) and isinstance(document["version"], str)
        kind = NewerCassetteError if newer else UnreadableCassetteError
        raise kind(wrong.reason, line=line, column=column) from None


def load_json(text: str) -> Any:
    """The JSON value of a cassette's text; raises `UnreadableCassetteError` with line and column."""
    if not text.strip():
        raise UnreadableCassetteError("The cassette is empty", line=1, column=1)
    try:
        return json.loads(text, parse_constant=no_constant, parse_float=jsontext.finite)
    except json.JSONDecodeError as error:
        raise UnreadableCassetteError(
            f"The cassette is not valid JSON: {error.msg}", line=error.lineno, column=error.colno
        ) from None
    except (ValueError, RecursionError) as error:
        raise UnreadableCassetteError(f"The cassette is not usable JSON: {error}", line=1, column=1) from None


def no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _extra(item: dict[str, Any], known: frozenset[str], *where: str | int) -> dict[str, Any]:
    """The members that this package does not know, to be written again as they are."""
    extra = {name: value for name, value in item.items() if name not in known}
    try:
        jsontext.check_depth(extra)
    except jsontext.LossyJsonError as error:
        raise _Wrong(f"A member this package does not know is {error}", *where) from None
    return extra


def _data(document: Any, read_file: ReadFile | None) -> CassetteData:
    if not isinstance(document, dict):
        raise _Wrong(f"A cassette is a JSON object, not {_kind(document)}")
    version = document.get("version", VERSION)
    if version not in VERSIONS:
        known = " and ".join(VERSIONS)
        raise _Wrong(f"The cassette has the version {version!r}; this vcr-llm reads {known}", "version")
    entries = _member(document, "interactions", list, ())
    provider = _member(document, "provider", str, (), None)
    return CassetteData(
        tuple(_interaction(entry, number, provider, read_file) for number, entry in enumerate(entries)),
        provider,
        _extra(document, KNOWN_AT_TOP),
    )


def _interaction(entry: Any, number: int, provider: str | None, read_file: ReadFile | None) -> Interaction:
    where: tuple[str | int, ...] = ("interactions", number)
    if not isinstance(entry, dict):
        raise _Wrong(f"Interaction {number + 1} is {_kind(entry)}, not an object", *where)
    request = _member(entry, "request", dict, where)
    response = _member(entry, "response", dict, where, {})
    streaming = _member(entry, "streaming", bool, where, False)
    events = _events(_member(entry, "stream_events", list, where, []), where)
    http = _member(entry, "http", dict, where, None)
    recorded_at = _member(entry, "recorded_at", str, where, None)
    stored_hash = _member(entry, "hash", str, where, None)
    extra = _extra(entry, KNOWN, *where)
    if http is None:
        return _bare(request, response, streaming, events, provider, where, (recorded_at, stored_hash, extra))
    place = (*where, "http")
    status = _member(http, "status", int, place, 200)
    headers = _headers(_member(http, "headers", dict, place, {}), place)
    framing = _framing(_member(http, "stream", dict, place, {}), place)
    if streaming and events:
        body = _stream_body(sse.EventStream(events, framing))
    else:
        body = _body(http, "response_body", response, place, read_file) or Body(b"")
    return Interaction(
        Request(
            _member(http, "method", str, place, "POST"),
            _member(http, "url", str, place),
            _body(http, "request_body", request, place, read_file),
        ),
        Response(status, _member(http, "reason", str, place, phrase(status)), headers, body),
        recorded_at,
        stored_hash,
        extra=extra,
    )


def read_entry(
    entry: Any, number: int, provider: str | None, read_file: ReadFile | None
) -> Interaction | None:
    """One entry of a document as an interaction; None where it is none (`load` says why)."""
    try:
        return _interaction(entry, number, provider, read_file)
    except _Wrong:
        return None


def _bare(
    request: dict[str, Any],
    response: dict[str, Any],
    streaming: bool,
    events: tuple[sse.StreamEvent, ...],
    provider: str | None,
    where: tuple[str | int, ...],
    rest: tuple[str | None, str | None, dict[str, Any]],
) -> Interaction:
    """An interaction of a document that says nothing of HTTP: the provider's usual URL, status 200."""
    url = usual_url(request, response, [event.data for event in events], provider)
    if url is None:
        raise _Wrong(
            f"Interaction {where[1] + 1 if isinstance(where[1], int) else where[1]} has no http.url, and "
            'its bodies look like no known provider\'s; add "provider": "anthropic" or "openai" at the top',
            *where,
        )
    body = _stream_body(sse.EventStream(events)) if streaming else Body.of_json(response)
    content_type = STREAM if streaming else JSON
    recorded_at, stored_hash, extra = rest
    return Interaction(
        Request("POST", url, Body.of_json(request)),
        Response(200, phrase(200), {"content-type": (content_type,)}, body),
        recorded_at,
        stored_hash,
        bare=True,
        extra=extra,
    )


def _stream_body(stream: sse.EventStream) -> Body:
    return Body.lazily(lambda: sse.build(stream))


def _events(items: list[Any], where: tuple[str | int, ...]) -> tuple[sse.StreamEvent, ...]:
    events = []
    for number, item in enumerate(items):
        place = (*where, "stream_events", number)
        if not isinstance(item, dict) or "data" not in item:
            raise _Wrong(f'Stream event {number + 1} is no object with "data"', *place)
        named = {name: _line(item, name, place) for name in EVENT_FIELDS}
        events.append(sse.StreamEvent(item["data"], **named))
    return tuple(events)


def _line(item: dict[str, Any], name: str, where: tuple[str | int, ...]) -> str | None:
    value: str | None = _member(item, name, str, where, None)
    if value is not None and ("\n" in value or "\r" in value):
        raise _Wrong(f'"{name}" must be one line', *where, name)
    return value


def _framing(item: dict[str, Any], where: tuple[str | int, ...]) -> sse.Framing:
    place = (*where, "stream")
    newline = _member(item, "newline", str, place, "\n")
    fields = _member(item, "fields", list, place, list(sse.FIELDS))
    if newline not in ("\n", "\r\n", "\r"):
        raise _Wrong('"newline" must be a line ending', *place, "newline")
    if sorted(map(str, fields)) != sorted(sse.FIELDS):
        raise _Wrong(f'"fields" must name {", ".join(sse.FIELDS)} once each', *place, "fields")
    between = []
    for number, entry in enumerate(_member(item, "between", list, place, [])):
        match entry:
            case {"before": int(before), "lines": [*lines]} if all(isinstance(line, str) for line in lines):
                between.append((before, tuple(lines)))
            case _:
                raise _Wrong('"between" holds objects with "before" and "lines"', *place, "between", number)
    return sse.Framing(newline, tuple(fields), tuple(between), _member(item, "end", str, place, None))


def _headers(item: dict[str, Any], where: tuple[str | int, ...]) -> Headers:
    headers: dict[str, tuple[str, ...]] = {}
    for name, value in item.items():
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
            raise _Wrong(f'The header "{name}" is no text and no list of texts', *where, "headers", name)
        headers[name.lower()] = (*headers.get(name.lower(), ()), *values)
    return headers


def _body(
    http: dict[str, Any],
    name: str,
    value: dict[str, Any],
    where: tuple[str | int, ...],
    read_file: ReadFile | None,
) -> Body | None:
    """The body that ``http`` holds, else the JSON object beside it; None where there is neither."""
    item = _member(http, name, dict, where, None)
    if item is None:
        return Body.of_json(value) if value else None
    place = (*where, name)
    match item:
        case {"json": found}:
            return Body.of_json(found)
        case {"text": str(found)}:
            return Body.lazily(lambda: found.encode("utf-8", "surrogatepass"))
        case {"base64": str(found)}:
            try:
                return Body(base64.b64decode(found, validate=True))
            except ValueError as error:  # binascii.Error, or characters that are not ASCII
                raise _Wrong(f"This is not base64: {error}", *place, "base64") from None
        case {"file": str(found)}:
            if read_file is None:
                raise _Wrong(f"The body is in the file {found!r}, which only a cassette on disk has", *place)
            return Body.lazily(lambda: read_file(found))
    raise _Wrong(f'"{name}" has none of "json", "text", "base64", "file"', *place)


_MISSING: Final = object()
_KINDS: Final = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a whole number",
}


def _member(
    item: dict[str, Any], name: str, kind: type, where: tuple[str | int, ...], default: Any = _MISSING
) -> Any:
    value = item.get(name, default)
    if value is _MISSING:
        raise _Wrong(f'{_name_of(where)} has no "{name}"', *where)
    if value is default or (isinstance(value, kind) and not (kind is int and isinstance(value, bool))):
        return value
    raise _Wrong(f'"{name}" must be {_KINDS[kind]}, not {_kind(value)}', *where, name)


def _name_of(where: tuple[str | int, ...]) -> str:
    if len(where) < 2 or not isinstance(where[1], int):
        return "The cassette"
    return " of ".join(
        ["The http", f"interaction {where[1] + 1}"] if len(where) > 2 else [f"Interaction {where[1] + 1}"]
    )


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return next((text for kind, text in _KINDS.items() if isinstance(value, kind)), "a number")


def reads_as(entry: dict[str, Any], interaction: Interaction, provider: str) -> bool:
    """Whether an entry without ``http`` would be read as this very interaction."""
    read = read_entry(entry, 0, provider, None)
    if read is None:
        return False
    return (read.request, read.response) == (interaction.request, interaction.response)
