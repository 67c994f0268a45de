"""multipart/form-data bodies: bytes to parts and back.

Source: RFC 7578 and RFC 2046, section 5.1. Stored requests have no headers, so the boundary is read
from the body's own first line. Clients draw a new boundary for every request; nothing that compares
bodies may see it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Part", "build", "parse"]

_OPENING = re.compile(rb"--([^\r\n]{1,200})\r\n")
_PARAMETER = re.compile(r';\s*(name|filename)="((?:[^"\\]|\\.)*)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One form field: ``filename`` and ``content_type`` are None where the part does not name them."""

    name: str
    content: bytes
    filename: str | None = None
    content_type: str | None = None


def parse(raw: bytes) -> list[Part] | None:
    """The parts of a form in order, or None where the bytes are no complete multipart body."""
    opening = _OPENING.match(raw)
    if opening is None:
        return None
    delimiter = b"\r\n--" + opening.group(1)
    *chunks, closing = (b"\r\n" + raw).split(delimiter)[1:]
    if not closing.startswith(b"--"):
        return None
    parts = [_part(chunk) for chunk in chunks]
    return None if None in parts else [part for part in parts if part is not None]


def _part(chunk: bytes) -> Part | None:
    head, separator, content = chunk.partition(b"\r\n\r\n")
    if not separator:
        return None
    headers: dict[str, str] = {}
    for line in head.decode("utf-8", "surrogateescape").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    parameters = _PARAMETER.finditer(headers.get("content-disposition", ""))
    disposition = {match.group(1).lower(): match.group(2) for match in parameters}
    if "name" not in disposition:
        return None
    return Part(disposition["name"], content, disposition.get("filename"), headers.get("content-type"))


def build(parts: Iterable[Part]) -> bytes:
    """The body of a form with these parts, under the same boundary each time unless a part contains it."""
    known = list(parts)
    boundary = b"vcr-llm-form"
    while any(boundary in part.content for part in known):
        boundary += b"-"
    return b"".join(b"--%b\r\n%b\r\n" % (boundary, _chunk(part)) for part in known) + b"--%b--\r\n" % boundary


def _chunk(part: Part) -> bytes:
    filename = "" if part.filename is None else f'; filename="{_escaped(part.filename)}"'
    head = f'Content-Disposition: form-data; name="{_escaped(part.name)}"{filename}\r\n'
    if part.content_type is not None:
        head += f"Content-Type: {part.content_type}\r\n"
    return head.encode("utf-8", "surrogateescape") + b"\r\n" + part.content


def _escaped(name: str) -> str:
    """As browsers and httpx do it (html.spec.whatwg.org, multipart/form-data encoding algorithm)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
