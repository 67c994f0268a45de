"""vcrpy's cassettes of all ages, and of everybody whose serializer kept their shape.

Read: YAML and JSON with ``interactions``; a list of interactions without version (before 1.0, with
``protocol``, ``host``, ``port`` and ``path``); parallel lists ``requests`` and ``responses``
(langchain-tests); a single ``request`` and ``response`` (dd-trace's test agent); bodies stored parsed under
another name (pydantic-ai's serializer and its copies); old httpx responses (``status_code``, ``content``);
``http_interactions`` (Ruby's VCR, betamax); go-vcr's.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from vcr_llm.formats.recording import (
    Reading,
    Recording,
    Wrong,
    entries_of,
    headers_of,
    json_bytes,
    kept,
    moment,
    plain,
    required,
    status_of,
    text_bytes,
)

__all__ = ["FORMATS", "says_http"]

_PARSED: Final = ("parsed_body", "json_body", "body_json")
"""Where serializers of one's own put a body they have parsed."""

_PORTS: Final = {"https": 443, "http": 80}

_CONNECTION: Final = frozenset(
    {"proto", "proto_major", "proto_minor", "http_version", "protocol", "content_length", "trailer"}
    | {"transfer_encoding", "remote_addr", "request_uri", "uncompressed", "duration", "adapter_metadata"}
)
"""What says nothing that a replay could tell: protocol versions, go-vcr's connection."""

_KNOWN_REQUEST: Final = _CONNECTION | {"method", "uri", "url", "scheme", "host", "port", "path", "query"}
_KNOWN_RESPONSE: Final = _CONNECTION | {"status", "status_code", "code", "reason", "statusText", "url"}
_KNOWN_MESSAGE: Final = frozenset({"headers", "body", "content", "form", "recorded_at", *_PARSED})

_KNOWN_ENTRY: Final = frozenset({"request", "response", "recorded_at", "id"})
_KNOWN_TOP: Final = frozenset(
    {"version", "interactions", "http_interactions", "requests", "responses", "metadata"}
    | {"recorded_with", "rwmutex"}
)


# --- one interaction ------------------------------------------------------------------------------------


def _recording(entry: Any, number: int) -> Recording:
    request, response = required(entry, "request", number), required(entry, "response", number)
    try:
        status, reason = status_of(response)
        recorded_at = moment(entry.get("recorded_at")) or moment(response.get("recorded_at"))
        return Recording(
            str(request.get("method") or "GET"),
            _url(request),
            headers_of(request.get("headers")),
            _request_body(request),
            status,
            reason,
            headers_of(response.get("headers")),
            _response_body(response),
            recorded_at,
            _rest(entry, request, response),
        )
    except Wrong as wrong:
        raise Wrong(f"interaction {number + 1}: {wrong.reason}", number, *wrong.where) from None


def _url(request: Mapping[str, Any]) -> str:
    for name in ("uri", "url"):
        if request.get(name) is not None:
            return str(plain(request[name]))
    scheme, host = request.get("protocol", request.get("scheme")), request.get("host")
    if scheme is None or host is None:
        raise Wrong("the request has no uri", "request")
    port = request.get("port")
    place = f"{host}:{port}" if port is not None and port != _PORTS.get(str(scheme)) else host
    return f"{scheme}://{place}{request.get('path') or '/'}"


def _request_body(request: Mapping[str, Any]) -> bytes | None:
    parsed = _parsed(request)
    if parsed is not None:
        return parsed
    body = request.get("body")
    if body is None:
        return None
    wrapped = _unwrapped(body) if isinstance(body, Mapping) else None
    return wrapped if wrapped is not None else text_bytes(body)


def _response_body(response: Mapping[str, Any]) -> bytes:
    parsed = _parsed(response)
    if parsed is not None:
        return parsed
    body = response.get("body", response.get("content")) or None  # also {}, an object without its string
    wrapped = _unwrapped(body) if isinstance(body, Mapping) else None
    return wrapped if wrapped is not None else text_bytes(body)


def _parsed(message: Mapping[str, Any]) -> bytes | None:
    """A body that was stored parsed; it comes before ``body``, as in the serializers that write it."""
    for name in _PARSED:
        if name in message and (message[name] is not None or message.get("body") is None):
            return json_bytes(message[name])
    return None


def _base64(value: Any) -> bytes:
    try:
        return base64.b64decode(value)
    except (ValueError, TypeError):
        raise Wrong("the body is not base64", "body") from None


_WRAPPINGS: Final[Mapping[str, Callable[[Any], bytes]]] = {
    "string": text_bytes,
    "base64_string": _base64,  # betamax and Ruby's VCR
    "base64": _base64,
    "yaml": json_bytes,
    "json": json_bytes,
    "parsed": json_bytes,
    "text": text_bytes,
}


def _unwrapped(body: Mapping[str, Any]) -> bytes | None:
    """The bytes of a body that stands under a name; None for an object that is the body itself."""
    names = body.keys() - {"encoding"}
    if not names:
        return b"" if body else None
    if len(names) != 1:
        names = names & {"string", "base64_string"}
    for name in names:
        if name in _WRAPPINGS:
            return _WRAPPINGS[name](body[name])
    return None


def _rest(entry: Any, request: Mapping[str, Any], response: Mapping[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in entry.items() if name not in _KNOWN_ENTRY}
    messages = (("request", request, _KNOWN_REQUEST), ("response", response, _KNOWN_RESPONSE))
    for kind, message, known in messages:
        more = {name: value for name, value in message.items() if name not in known | _KNOWN_MESSAGE}
        if more:
            rest[kind] = more
    return kept(rest)


def _extra(document: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {"metadata": plain(document["metadata"])} if document.get("metadata") else {}
    rest = {name: value for name, value in document.items() if name not in _KNOWN_TOP}
    return {**metadata, **kept(rest)}


# --- the shapes of a file -------------------------------------------------------------------------------


def _recordings(entries: Iterable[Any]) -> tuple[Recording, ...]:
    return tuple(_recording(entry, number) for number, entry in enumerate(entries))


def _has_parsed(entries: Sequence[Any]) -> bool:
    return any(
        isinstance(message, Mapping) and any(name in message for name in _PARSED)
        for entry in entries[:20]
        if isinstance(entry, Mapping)
        for message in (entry.get("request"), entry.get("response"))
    )


def says_http(entries: Sequence[Any]) -> bool:
    """Whether the first interaction says method and URL where vcrpy has them, whatever its file's version."""
    first = next((entry for entry in entries if isinstance(entry, Mapping)), {})
    request = None if {"http", "hash"} & first.keys() else first.get("request")
    return isinstance(request, Mapping) and "method" in request and bool({"uri", "url"} & request.keys())


def _list_of_entries(document: Any, name: str) -> bool:
    return (
        isinstance(document, Mapping) and name in document and isinstance(document[name], list | tuple | None)
    )


def _is_entry(value: Any) -> bool:
    return isinstance(value, Mapping) and {"request", "response"} <= value.keys()


def _read_interactions(document: Any) -> Reading:
    entries = entries_of(document, "interactions")
    if _has_parsed(entries):
        name = "parsed-body YAML"
    elif _is_go(entries):
        name = "go-vcr"
    else:
        name = "vcrpy"
    return Reading(name, _recordings(entries), _extra(document))


def _is_go(entries: Sequence[Any]) -> bool:
    response = next((entry["response"] for entry in entries if _is_entry(entry)), None)
    if not isinstance(response, Mapping) or "code" not in response:
        return False
    return isinstance(response.get("status"), str | None)


def _read_http_interactions(document: Any) -> Reading:
    """Ruby's VCR and its port betamax; their dates have no zone and mean UTC."""
    recorded_with = str(document.get("recorded_with") or "VCR")
    name = "betamax" if recorded_with.startswith("betamax") else "Ruby VCR"
    return Reading(name, _recordings(entries_of(document, "http_interactions")), _extra(document))


def _read_parallel_lists(document: Any) -> Reading:
    requests, responses = entries_of(document, "requests"), entries_of(document, "responses")
    if len(requests) != len(responses):
        raise Wrong(f"there are {len(requests)} requests, but {len(responses)} responses", "responses")
    entries = ({"request": one, "response": other} for one, other in zip(requests, responses, strict=True))
    return Reading("parallel lists", _recordings(entries), _extra(document))


def _read_list(document: Any) -> Reading:
    return Reading("vcrpy before 1.0", _recordings(document))


def _read_single(document: Any) -> Reading:
    return Reading("single interaction", _recordings([document]))


FORMATS: Final[Sequence[tuple[Callable[[Any], bool], Callable[[Any], Reading]]]] = (
    (lambda document: _list_of_entries(document, "interactions"), _read_interactions),
    (lambda document: _list_of_entries(document, "http_interactions"), _read_http_interactions),
    (
        lambda document: _list_of_entries(document, "requests") and _list_of_entries(document, "responses"),
        _read_parallel_lists,
    ),
    (lambda document: isinstance(document, list) and bool(document) and _is_entry(document[0]), _read_list),
    (lambda document: _is_entry(document) and isinstance(document["request"], Mapping), _read_single),
)
"""Is a parsed file of this shape → its reading, which raises `Wrong`."""
