"""HTTP archives (HAR 1.2), as go-vcr's, Polly.js' and browsers' exports have them.

A HAR is read only when asked for: most of them are no recordings for tests. Polly.js stores an encoded body
as a JSON list of its chunks in hexadecimal (or base64) text.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from vcr_llm.formats.recording import (
    Reading,
    Recording,
    Wrong,
    entries_of,
    headers_of,
    moment,
    required,
    status_of,
    text_bytes,
)

__all__ = ["is_har", "read"]

_PSEUDO: Final = ":"
"""What the names of HTTP/2's pseudo-headers begin with."""


def is_har(document: Any) -> bool:
    log = document.get("log") if isinstance(document, Mapping) else None
    return isinstance(log, Mapping) and isinstance(log.get("entries"), list)


def read(document: Mapping[str, Any]) -> Reading:
    """The reading of an archive. Raises `Wrong`."""
    log = document["log"]
    creator = log.get("creator")
    tool = creator.get("name") if isinstance(creator, Mapping) else None
    name = f"HAR ({tool})" if isinstance(tool, str) and tool else "HAR"
    return Reading(
        name, tuple(_recording(entry, number) for number, entry in enumerate(entries_of(log, "entries")))
    )


def _recording(entry: Any, number: int) -> Recording:
    request, response = required(entry, "request", number), required(entry, "response", number)
    try:
        if request.get("url") is None:
            raise Wrong("the request has no url")
        headers = _headers(response)
        status, reason = status_of(response)
        return Recording(
            str(request.get("method") or "GET"),
            str(request["url"]),
            _headers(request),
            _request_body(request.get("postData")),
            status,
            reason,
            headers,
            _response_body(response.get("content") or {}, headers),
            moment(entry.get("startedDateTime")),
        )
    except Wrong as wrong:
        raise Wrong(f"interaction {number + 1}: {wrong.reason}", number) from None


def _headers(message: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    found = headers_of(message.get("headers"))
    return {name: values for name, values in found.items() if not name.startswith(_PSEUDO)}


def _request_body(data: Any) -> bytes | None:
    if not isinstance(data, Mapping):
        return None
    if data.get("text") is not None:
        return _decoded(data["text"], data.get("encoding"))
    params = [each for each in data.get("params") or () if isinstance(each, Mapping)]
    pairs = [(str(each.get("name")), str(each.get("value") or "")) for each in params]
    return urlencode(pairs).encode("ascii") if pairs else None


def _response_body(content: Any, headers: Mapping[str, tuple[str, ...]]) -> bytes:
    if not isinstance(content, Mapping) or content.get("text") is None:
        return b""
    text = content["text"]
    if any(name.lower() == "content-encoding" for name in headers) or content.get("_isBinary"):
        chunks = _chunks(text)
        if chunks is not None:
            return chunks
    return _decoded(text, content.get("encoding"))


def _decoded(text: Any, encoding: Any) -> bytes:
    if encoding != "base64":
        return text_bytes(text)
    try:
        return base64.b64decode(text)
    except (ValueError, TypeError):
        raise Wrong("a body is not base64") from None


def _chunks(text: Any) -> bytes | None:
    """The bytes of a list of chunks; None for a text that is none."""
    try:
        listed = json.loads(text) if isinstance(text, str) and text.startswith("[") else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(listed, list) or not listed or not all(isinstance(chunk, str) for chunk in listed):
        return None
    for decode in (bytes.fromhex, lambda chunk: base64.b64decode(chunk, validate=True)):
        try:
            return b"".join(map(decode, listed))
        except ValueError:
            continue
    return None
