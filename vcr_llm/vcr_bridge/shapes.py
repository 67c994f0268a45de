"""Requests and responses: vcrpy's objects and dicts, and ours.

vcrpy's shapes: a request object whose body may be bytes, text, a file, an iterator, a dict (aiohttp)
or None; a response dict ``{"status": {"code", "message"}, "headers": {name: [values]}, "body":
{"string"}}``, or in old httpx recordings ``{"status_code", "headers", "content"}``. What a cassette of
ours knows beyond that rides in the response dict under the key `RIDER`; vcrpy keeps keys it does not know.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from vcr.request import Request as VcrRequest
from vcr.util import read_body

from vcr_llm import content, multipart
from vcr_llm.formats import Recording
from vcr_llm.interaction import Body, Headers, Interaction, Request, Response

__all__ = [
    "RETRIED",
    "RIDER",
    "Pair",
    "decoded",
    "decoded_interaction",
    "is_bare",
    "recorded_pair",
    "settle_body",
    "status_of",
    "stored_request",
    "to_bare_response",
    "to_headers",
    "to_interaction",
    "to_pair",
    "to_request",
    "without_rider",
    "without_waiting",
]

Pair = tuple[VcrRequest, dict[str, Any]]
"""A recorded request and response as vcrpy holds them."""

RIDER: Final = "vcr_llm"

RETRIED: Final = frozenset({408, 409, 429, *range(500, 600)})
"""Statuses after which the SDKs ask again (``_should_retry`` in their ``_base_client.py``)."""


_WAITS: Final = frozenset({"retry-after", "retry-after-ms"})


def to_request(request: VcrRequest) -> Request:
    """Our view of vcrpy's request object; reading a body leaves it readable."""
    return Request(request.method, request.uri, _request_body(request))


def _request_body(request: VcrRequest) -> Body | None:
    value = request.body
    if value is None:
        return None
    if type(value) is bytes:
        return Body(value)
    if isinstance(value, Mapping | list | tuple):  # aiohttp: the json= or data= argument itself
        return Body(json.dumps(value, default=str).encode("utf-8"))
    if _is_aiohttp_form(value):
        return Body(_form_bytes(value))
    raw = read_body(request)  # vcr/util.py: files and iterators, from a copy
    if isinstance(raw, str):
        raw = raw.encode("utf-8", "surrogatepass")
    return Body(bytes(raw) if isinstance(raw, bytes | bytearray | memoryview) else str(raw).encode("utf-8"))


def settle_body(request: VcrRequest) -> None:
    """Make bytes of aiohttp's form object, before its files are sent and closed."""
    body = request.body
    if type(body) is not bytes and _is_aiohttp_form(body):
        request.body = _form_bytes(body)


def _is_aiohttp_form(value: Any) -> bool:
    aiohttp = sys.modules.get("aiohttp")
    return aiohttp is not None and isinstance(value, aiohttp.FormData)


def _form_bytes(form: Any) -> bytes:
    """What an ``aiohttp.FormData`` sends, but for the boundary (``_fields`` of ``aiohttp/formdata.py``)."""
    parts = [
        multipart.Part(
            options["name"], _field_bytes(value), options.get("filename"), headers.get("Content-Type")
        )
        for options, headers, value in form._fields
    ]
    if form.is_multipart:
        return multipart.build(parts)
    return urlencode([(part.name, part.content) for part in parts]).encode("ascii")


def _field_bytes(value: Any) -> bytes:
    """The value of a field; a file is left where it stood."""
    if hasattr(value, "read"):
        if not value.seekable():
            return b""
        start = value.tell()
        value, _ = value.read(), value.seek(start)
    return bytes(value) if isinstance(value, bytes | bytearray | memoryview) else str(value).encode("utf-8")


def to_interaction(request: VcrRequest, response: Mapping[str, Any]) -> Interaction:
    """Our view of a recorded pair, whatever vcrpy version or stub wrote it."""
    rider = response.get(RIDER, {})
    return Interaction(
        to_request(request),
        _to_response(response),
        rider.get("recorded_at"),
        rider.get("hash"),
        rider.get("bare", False),
        rider.get("extra", {}),
    )


def decoded_interaction(request: VcrRequest, response: dict[str, Any]) -> Interaction:
    """Our view of a recorded pair, its content encodings undone; raises `content.MissingDecoderError`."""
    return to_interaction(request, decoded(response))


def is_bare(response: Mapping[str, Any]) -> bool:
    """Whether the recording says nothing of HTTP, see `Interaction`."""
    return bool(response.get(RIDER, {}).get("bare"))


def status_of(response: Mapping[str, Any]) -> int:
    status = response.get("status")
    return int(status["code"] if status else response.get("status_code", 200))


def _to_response(response: Mapping[str, Any]) -> Response:
    return Response(
        status_of(response),
        (response.get("status") or {}).get("message") or "",
        to_headers(response.get("headers") or {}),
        Body(_response_bytes(response)),
    )


def _response_bytes(response: Mapping[str, Any]) -> bytes:
    body = response.get("body", response.get("content"))
    if isinstance(body, Mapping):
        body = body.get("string")
    if body is None:
        return b""
    return body.encode("utf-8", "surrogatepass") if isinstance(body, str) else bytes(body)


def to_headers(headers: Mapping[Any, Any]) -> Headers:
    """Header values of every recorded style (one text, a list, bytes) as tuples under lower-case names."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in headers.items():
        values = [value] if isinstance(value, str | bytes) else list(value)
        key = _header_text(name).lower()
        found[key] = (*found.get(key, ()), *map(_header_text, values))
    return found


def _header_text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def stored_request(method: str, url: str, body: Any, headers: Mapping[str, Any] | None = None) -> VcrRequest:
    """vcrpy's request of a recording; a URL that is none (``http://[REDACTED``) has no parts.

    vcrpy parses it when it is set (``uri`` in ``vcr/request.py``) and lets `urllib.parse` raise.
    """
    try:
        return VcrRequest(method, url, body, headers or {})
    except ValueError:
        request = VcrRequest(method, "", body, headers or {})
        request._uri = url
        return request


def to_pair(interaction: Interaction) -> Pair:
    """vcrpy's view of an interaction."""
    request = interaction.request
    body = None if request.body is None else request.body.raw
    return stored_request(request.method, request.url, body), _to_recorded(interaction)


def _to_recorded(interaction: Interaction) -> dict[str, Any]:
    """vcrpy's view of an interaction's response, with the rider."""
    rider: dict[str, Any] = {
        "recorded_at": interaction.recorded_at,
        "hash": interaction.hash,
        "bare": interaction.bare,
        "extra": interaction.extra,
    }
    response = interaction.response
    headers = {name: list(values) for name, values in response.headers.items()}
    found = to_bare_response(response.status, response.reason, headers, response.body.raw)
    found[RIDER] = {name: value for name, value in rider.items() if value}
    return found


def to_bare_response(status: int, reason: str, headers: dict[str, list[str]], raw: bytes) -> dict[str, Any]:
    """vcrpy's view of a response, without a rider: enough to answer a call. It takes over the headers."""
    return {
        "status": {"code": status, "message": reason},
        "headers": headers,
        "body": {"string": raw},
    }


def recorded_pair(recording: Recording) -> Pair:
    """vcrpy's view of a recording of any format: with its headers, bodies as they were stored."""
    request = stored_request(
        recording.method,
        recording.url,
        recording.request_body,
        {name: list(values) for name, values in recording.request_headers.items()},
    )
    rider = {name: value for name in ("recorded_at", "extra") if (value := getattr(recording, name))}
    return request, {
        "status": {"code": recording.status, "message": recording.reason},
        "headers": {name: list(values) for name, values in recording.response_headers.items()},
        "body": {"string": recording.response_body},
        **({RIDER: rider} if rider else {}),
    }


def without_rider(response: Mapping[str, Any]) -> dict[str, Any]:
    """The response dict as other serializers know it."""
    return {name: value for name, value in response.items() if name != RIDER}


def decoded(response: dict[str, Any]) -> dict[str, Any]:
    """The response dict with its content encodings undone; the very same dict where there is none."""
    headers = response.get("headers") or {}
    names = {str(name).lower(): name for name in headers}
    if "content-encoding" not in names or "body" not in response:
        return response
    applied = content.encodings(to_headers(headers)["content-encoding"])
    raw = content.decode(_response_bytes(response), applied)
    if raw is None:  # an encoding nobody knows: kept as sent
        return response
    gone = {names.get("content-encoding"), names.get("content-length")}
    return {
        **response,
        "headers": {name: value for name, value in headers.items() if name not in gone},
        "body": {"string": raw},
    }


def without_waiting(response: dict[str, Any]) -> dict[str, Any]:
    """A replayed response after which no SDK sleeps before it asks again.

    ``retry-after: 0`` still makes them sleep for half a second; one millisecond is heeded by all.
    """
    headers = response.get("headers") or {}
    retried = status_of(response) in RETRIED
    try:
        may_wait = retried or "retry-after" in "\n".join(headers).lower()
    except TypeError:  # names in bytes
        may_wait = True
    if not may_wait:  # nearly always
        return response
    names = {_header_text(name).lower(): name for name in headers}
    if not retried and _WAITS.isdisjoint(names):
        return response
    waits = {names.get(name) for name in _WAITS}
    kept = {name: value for name, value in headers.items() if name not in waits}
    return {**response, "headers": {**kept, "retry-after-ms": ["1"]}}
