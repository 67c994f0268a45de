"""multipart/form-data bodies: bytes to parts.

Source: RFC 7578 and RFC 2046, section 5.1. Stored requests have no headers, so the boundary is read
from the body's own first line. Clients draw a new boundary for every request; nothing that compares
bodies may see it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Part", "parse"]

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
