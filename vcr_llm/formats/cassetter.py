"""cassetter's cassettes: bodies with a type, in YAML (of version 1.2) or TOML.

gRPC calls and WebSocket sessions that stand beside the HTTP interactions cannot be replayed by vcrpy; they
are kept as they are, as members of the cassette.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from vcr_llm.formats.recording import (
    KEPT,
    NotACassetteError,
    Reading,
    Recording,
    Wrong,
    entries_of,
    headers_of,
    json_bytes,
    kept,
    moment,
    required,
    status_of,
    text_bytes,
)

__all__ = ["is_cassetter", "read"]

_OTHERS: Final = {"grpc_interactions": "gRPC calls", "ws_interactions": "WebSocket sessions"}
_KNOWN: Final = frozenset({"version", "interactions"})
_TYPES: Final = frozenset({"json", "text", "binary", "none"})


def is_cassetter(document: Any) -> bool:
    """Whether a parsed YAML or TOML document is one of cassetter's."""
    if not isinstance(document, Mapping):
        return False
    if _OTHERS.keys() & document.keys():
        return True
    entries = document.get("interactions")
    first = entries[0] if isinstance(entries, list) and entries else None
    request = first.get("request") if isinstance(first, Mapping) else None
    return isinstance(request, Mapping) and _type(request) is not None


def _type(message: Mapping[str, Any]) -> str | None:
    body = message.get("body")
    name = body.get("type") if isinstance(body, Mapping) else message.get("body_type")
    return name if isinstance(name, str) and name in _TYPES else None


def read(document: Mapping[str, Any]) -> Reading:
    """The reading of a document (of a YAML one read as version 1.2). Raises `Wrong`, `NotACassetteError`."""
    entries = entries_of(document, "interactions")
    others = {name: what for name, what in _OTHERS.items() if document.get(name)}
    if others and not entries:
        raise NotACassetteError(
            f"a recording of {' and '.join(others.values())} alone, which vcrpy cannot replay"
        )
    warnings = tuple(
        f"{len(document[name])} {what} cannot be replayed; they are kept in the member {KEPT!r}"
        for name, what in others.items()
    )
    recordings = tuple(_recording(entry, number) for number, entry in enumerate(entries))
    rest = {
        name: value for name, value in document.items() if name not in ("version", "interactions") and value
    }
    return Reading("cassetter", recordings, kept(rest), warnings)


def _recording(entry: Any, number: int) -> Recording:
    request, response = required(entry, "request", number), required(entry, "response", number)
    if request.get("uri") is None:
        raise Wrong(f"interaction {number + 1}: the request has no uri", number)
    status, reason = status_of(response)
    return Recording(
        str(request.get("method") or "GET"),
        str(request["uri"]),
        headers_of(request.get("headers")),
        _body(request, number),
        status,
        reason,
        headers_of(response.get("headers")),
        _body(response, number) or b"",
        moment(entry.get("recorded_at")),
    )


def _hex(content: Any) -> bytes:
    return bytes.fromhex(content if isinstance(content, str) else str(content))


_BODIES: Final[Mapping[str, Callable[[Any], bytes]]] = {
    "json": json_bytes,
    "text": text_bytes,
    "binary": _hex,
}


def _body(message: Mapping[str, Any], number: int) -> bytes | None:
    kind = _type(message)
    if kind is None or kind == "none":
        return None
    if "body_type" in message:
        # TOML has no null, so JSON stands in it as text.
        read_body, content = (text_bytes if kind == "json" else _BODIES[kind]), message.get("body_content")
    else:
        read_body, content = _BODIES[kind], message["body"].get("content")
    try:
        return read_body(content)
    except ValueError:
        raise Wrong(f"interaction {number + 1}: a binary body is not hexadecimal", number) from None
