"""`CassetteData` → text."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Final

from vcr_llm import jsontext, streams
from vcr_llm.fingerprint import fingerprint, llm_mock_hash
from vcr_llm.interaction import NO_JSON, Body, CassetteData, Headers, Interaction
from vcr_llm.providers import classify
from vcr_llm.schema.loading import reads_as
from vcr_llm.schema.streaming import event_objects, framing_object
from vcr_llm.schema.terms import VERSION, phrase

__all__ = ["SaveFile", "dump", "stored_hash"]

SaveFile = Callable[[bytes], str]
"""Puts a binary body beside the cassette; answers its name for the document, "" to keep it inside."""

_OTHER: Final = "other"
"""llm-mock's required ``provider`` for a cassette without any LLM call."""


def dump(data: CassetteData, save_file: SaveFile | None = None) -> str:
    """The document of a cassette, as text with a newline at the end.

    Headers are written as they are: what may be stored is for the caller to decide. ``save_file`` is
    given each body that is no text; where it answers a name (and not ""), that stands in the document.
    """
    provider = data.provider or _first_provider(data)
    entries = [_entry(interaction, provider, save_file) for interaction in data.interactions]
    document = {"version": VERSION, "provider": provider, **data.extra, "interactions": entries}
    return jsontext.pretty(document, long_members=frozenset({"stream_events"}))


def _first_provider(data: CassetteData) -> str:
    calls = (classify(interaction.request) for interaction in data.interactions)
    return next((call.operation.provider for call in calls if call is not None), _OTHER)


def _entry(interaction: Interaction, provider: str, save_file: SaveFile | None) -> dict[str, Any]:
    request, response = interaction.request, interaction.response
    request_object, request_body = _json_object(request.body, save_file)
    content_type = _content_type(response.headers)
    found = streams.parse(response.body.raw, content_type)
    response_object: dict[str, Any] = {}
    response_body = None
    if found is None and response.body.raw:
        if _says_json(response.headers):
            response_object, response_body = _json_object(response.body, save_file)
        else:
            response_body = _kept(response.body, save_file)
    entry: dict[str, Any] = {
        "hash": stored_hash(interaction),
        "request": request_object,
        "response": response_object,
        "streaming": found is not None or (streams.is_stream_type(content_type) and bool(response.body.raw)),
        "stream_events": event_objects(*found) if found else [],
        "recorded_at": interaction.date,
        **{name: value for name, value in interaction.extra.items() if name != "http"},
    }
    if interaction.bare and reads_as(entry, interaction, provider):
        return entry
    http: dict[str, Any] = {"method": request.method, "url": request.url, "status": response.status}
    if response.reason != phrase(response.status):
        http["reason"] = response.reason
    http["headers"] = {name: list(values) for name, values in response.headers.items()}
    framing = framing_object(*found) if found else {}
    parts = (("request_body", request_body), ("response_body", response_body), ("stream", framing))
    http.update((name, part) for name, part in parts if part)
    http.update(interaction.extra.get("http", {}))
    entry["http"] = http
    return entry


def stored_hash(interaction: Interaction) -> str:
    """The ``hash`` that stands, or would stand, in the document: the file's own, else llm-mock's hash of a
    request with messages, else the digest of our key."""
    if interaction.hash is not None:
        return interaction.hash
    body = interaction.request.body
    value = body.json if body is not None else None
    if isinstance(value, dict) and "messages" in value:
        return llm_mock_hash(value)
    return fingerprint(interaction.request).digest


def _content_type(headers: Headers) -> str:
    """In lower case; "" where there is none, or where it was redacted and says nothing any more."""
    value = next(iter(headers.get("content-type", ())), "").lower()
    return value if "/" in value else ""


def _says_json(headers: Headers) -> bool:
    """Whether the body may be written as a JSON value: where the type is something else (a download),
    its reader may care for every byte. Old recordings without headers are taken by their content."""
    content_type = _content_type(headers)
    # What says it is a stream, and is none as it stands, may be one once it is written another way.
    return not content_type or ("json" in content_type and not streams.is_stream_type(content_type))


def _json_object(body: Body | None, save_file: SaveFile | None) -> tuple[dict[str, Any], Any]:
    """A body in two places: the JSON object for llm-mock's field, and what ``http`` must hold instead."""
    if body is None:
        return {}, None
    if body.json is NO_JSON or body.text is None:
        return {}, _kept(body, save_file)
    try:
        value = jsontext.parse(body.text)
    except jsontext.LossyJsonError:
        return {}, _kept(body, save_file)
    if isinstance(value, dict) and value:
        return value, None
    return {}, {"json": value}


def _kept(body: Body, save_file: SaveFile | None) -> dict[str, str]:
    """A body as it is: text as text, other bytes in a file or as base64."""
    if body.text is not None:
        return {"text": body.text}
    name = save_file(body.raw) if save_file else ""
    return {"file": name} if name else {"base64": base64.b64encode(body.raw).decode("ascii")}
