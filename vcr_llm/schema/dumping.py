"""Interactions → text."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any, Final

from vcr_llm import jsontext, streams
from vcr_llm.fingerprint import fingerprint, llm_mock_hash
from vcr_llm.interaction import NO_JSON, Body, CassetteData, Interaction
from vcr_llm.providers import classify
from vcr_llm.schema.loading import reads_as
from vcr_llm.schema.standing import Standing
from vcr_llm.schema.streaming import event_objects, framing_object
from vcr_llm.schema.terms import LONG_MEMBERS, VERSION, content_type_of, phrase, says_json

__all__ = ["SaveFile", "document", "dump", "lay_out", "stored_hash"]

SaveFile = Callable[[bytes], str]
"""Puts a binary body beside the cassette; answers its name for the document, "" to keep it inside."""

_OTHER: Final = "other"
"""llm-mock's required ``provider`` for a cassette without any LLM call."""


def dump(data: CassetteData, save_file: SaveFile | None = None) -> str:
    """The document of a cassette, as text with a newline at the end.

    Headers are written as they are: what may be stored is for the caller to decide. ``save_file`` is
    given each body that is no text; where it answers a name (and not ""), that stands in the document.
    """
    return document(data, lay_out(data, data.interactions, save_file))


def lay_out(
    head: CassetteData, items: Sequence[Interaction | Standing], save_file: SaveFile | None = None
) -> list[Standing]:
    """The entries of a document with this head; some may be known from the file they were read from."""
    provider = head.provider or _first_provider(items)
    return [item if isinstance(item, Standing) else _laid_out(item, provider, save_file) for item in items]


def _laid_out(interaction: Interaction, provider: str, save_file: SaveFile | None) -> Standing:
    return Standing(_entry(interaction, provider, save_file), lambda: interaction)


def document(head: CassetteData, entries: Sequence[Standing]) -> str:
    """The text of a document."""
    provider = head.provider or _first_provider(entries)
    interactions = [jsontext.LaidOut(entry.text) for entry in entries]
    value = {"version": VERSION, "provider": provider, **head.extra, "interactions": interactions}
    return jsontext.pretty(value, long_members=LONG_MEMBERS)


def _first_provider(items: Sequence[Interaction | Standing]) -> str:
    interactions = (item.interaction if isinstance(item, Standing) else item for item in items)
    calls = (classify(interaction.request) for interaction in interactions)
    return next((call.operation.provider for call in calls if call is not None), _OTHER)


def _entry(interaction: Interaction, provider: str, save_file: SaveFile | None) -> dict[str, Any]:
    request, response = interaction.request, interaction.response
    request_object, request_body = _json_object(request.body, save_file)
    content_type = content_type_of(response.headers)
    found = response.body.stream(content_type)
    response_object: dict[str, Any] = {}
    response_body = None
    if found is None and response.body.raw:
        if says_json(response.headers):
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


def _json_object(body: Body | None, save_file: SaveFile | None) -> tuple[dict[str, Any], Any]:
    """A body in two places: the JSON object for llm-mock's field, and what ``http`` must hold instead."""
    if body is None:
        return {}, None
    value = body.parsed_exactly()
    if value is NO_JSON:
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
