"""Text → `CassetteData`."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, Final, NoReturn

from vcr_llm import jsontext, streams
from vcr_llm.errors import NewerCassetteError, UnreadableCassetteError
from vcr_llm.interaction import Body, CassetteData, Headers, Interaction, Request, Response
from vcr_llm.jsonplace import place_of
from vcr_llm.providers import usual_stream_type, usual_url
from vcr_llm.schema.checks import Wrong, kind_of, member
from vcr_llm.schema.streaming import stream_body
from vcr_llm.schema.terms import JSON, KNOWN, VERSION, phrase

__all__ = [
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
KNOWN_AT_TOP: Final = frozenset({"version", "provider", "interactions"})
_KNOWN_IN_HTTP: Final = frozenset(
    {"method", "url", "status", "reason", "headers", "request_body", "response_body", "stream"}
)


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
    except Wrong as wrong:
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
        raise Wrong(f"A member this package does not know is {error}", *where) from None
    return extra


def _data(document: Any, read_file: ReadFile | None) -> CassetteData:
    if not isinstance(document, dict):
        raise Wrong(f"A cassette is a JSON object, not {kind_of(document)}")
    version = document.get("version", VERSION)
    if version not in VERSIONS:
        known = " and ".join(VERSIONS)
        raise Wrong(f"The cassette has the version {version!r}; this vcr-llm reads {known}", "version")
    entries = member(document, "interactions", list, ())
    provider = member(document, "provider", str, (), None)
    return CassetteData(
        tuple(_interaction(entry, number, provider, read_file) for number, entry in enumerate(entries)),
        provider,
        _extra(document, KNOWN_AT_TOP),
    )


def _interaction(entry: Any, number: int, provider: str | None, read_file: ReadFile | None) -> Interaction:
    where: tuple[str | int, ...] = ("interactions", number)
    if not isinstance(entry, dict):
        raise Wrong(f"Interaction {number + 1} is {kind_of(entry)}, not an object", *where)
    request = member(entry, "request", dict, where)
    response = member(entry, "response", dict, where, {})
    streaming = member(entry, "streaming", bool, where, False)
    events = member(entry, "stream_events", list, where, [])
    http = member(entry, "http", dict, where, None)
    recorded_at = member(entry, "recorded_at", str, where, None)
    stored_hash = member(entry, "hash", str, where, None)
    extra = _extra(entry, KNOWN, *where)
    if "response" not in entry and not events and "response_body" not in (http or {}):
        raise Wrong(f'Interaction {number + 1} has no "response"', *where)
    if http is None:
        return _bare(request, response, streaming, events, provider, where, (recorded_at, stored_hash, extra))
    place = (*where, "http")
    if unknown := _extra(http, _KNOWN_IN_HTTP, *place):
        extra["http"] = unknown
    status = member(http, "status", int, place, 200)
    if not 100 <= status <= 999:
        raise Wrong(f"{status} is no HTTP status", *place, "status")
    headers = _headers(member(http, "headers", dict, place, {}), place)
    framing = member(http, "stream", dict, place, {})
    if events and (streaming or not response):
        body = stream_body(events, framing, where)
    else:
        body = _body(http, "response_body", response, place, read_file) or Body(b"")
    return Interaction(
        Request(
            member(http, "method", str, place, "POST"),
            member(http, "url", str, place),
            _body(http, "request_body", request, place, read_file),
        ),
        Response(status, member(http, "reason", str, place, phrase(status)), headers, body),
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
    except Wrong:
        return None


def _bare(
    request: dict[str, Any],
    response: dict[str, Any],
    streaming: bool,
    events: list[Any],
    provider: str | None,
    where: tuple[str | int, ...],
    rest: tuple[str | None, str | None, dict[str, Any]],
) -> Interaction:
    """An interaction of a document that says nothing of HTTP: the provider's usual URL, status 200."""
    data = [event.get("data") if isinstance(event, dict) else None for event in events]
    url = usual_url(request, response, data, provider)
    if url is None:
        raise Wrong(
            f"Interaction {where[1] + 1 if isinstance(where[1], int) else where[1]} has no http.url, and "
            'its bodies look like no known provider\'s; add "provider": "anthropic" or "openai" at the top',
            *where,
        )
    content_type = usual_stream_type(url) if streaming else JSON
    body = (
        stream_body(events, {}, where, streams.of_type(content_type)) if streaming else Body.of_json(response)
    )
    recorded_at, stored_hash, extra = rest
    return Interaction(
        Request("POST", url, Body.of_json(request)),
        Response(200, phrase(200), {"content-type": (content_type,)}, body),
        recorded_at,
        stored_hash,
        bare=True,
        extra=extra,
    )


def _headers(item: dict[str, Any], where: tuple[str | int, ...]) -> Headers:
    headers: dict[str, tuple[str, ...]] = {}
    for name, value in item.items():
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
            raise Wrong(f'The header "{name}" is no text and no list of texts', *where, "headers", name)
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
    item = member(http, name, dict, where, None)
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
                raise Wrong(f"This is not base64: {error}", *place, "base64") from None
        case {"file": str(found)}:
            if read_file is None:
                raise Wrong(f"The body is in the file {found!r}, which only a cassette on disk has", *place)
            return Body.lazily(lambda: read_file(found))
    raise Wrong(f'"{name}" has none of "json", "text", "base64", "file"', *place)


def reads_as(entry: dict[str, Any], interaction: Interaction, provider: str) -> bool:
    """Whether an entry without ``http`` would be read as this very interaction."""
    read = read_entry(entry, 0, provider, None)
    if read is None:
        return False
    return (read.request, read.response) == (interaction.request, interaction.response)
