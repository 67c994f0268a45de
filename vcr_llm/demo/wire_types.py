"""What goes over the wire, a request and its answer, and the routing rows that lead from one to the other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

__all__ = ["Answer", "Headers", "Json", "NotFound", "Received", "Route", "multipart_fields"]

Json = dict[str, Any]
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Received:
    """One request as it came over the wire."""

    method: str
    path: str  # with the query
    headers: dict[str, str]  # names in lower case; repeated headers joined by ", "
    body: bytes  # after transfer decoding

    @property
    def route_path(self) -> str:
        """The path without the query."""
        return urlsplit(self.path).path

    def json(self) -> Json:
        """The body as a JSON object; ValueError if it is none."""
        body = json.loads(self.body or b"{}")
        if not isinstance(body, dict):
            raise ValueError("the body is not a JSON object")
        return body


@dataclass(frozen=True)
class Answer:
    """One response.

    A body of bytes is sent with a content-length.  An iterable is sent in chunked transfer encoding, one
    chunk per item, unless the headers give a content-length: then its items follow each other as they are.
    An iterable that raises a ConnectionError cuts the connection at that point.
    """

    status: int = 200
    headers: Headers = ()
    body: bytes | Iterable[bytes] = b""

    def header(self, name: str) -> str:
        """The first value of a header, "" without one."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    def with_headers(self, *added: tuple[str, str]) -> Answer:
        return replace(self, headers=(*self.headers, *added))


class NotFound(LookupError):
    """Raised by an answering function for an id it does not know; answered with a 404."""


@dataclass(frozen=True)
class Route:
    """One row of the routing table."""

    method: str
    path: str  # a regular expression for the whole path, without the query
    answer: Callable[[Received], Answer]
    needs_key: bool = True


def multipart_fields(request: Received) -> dict[str, tuple[str | None, bytes]]:
    """The fields of a multipart/form-data body: name → (file name or None, content)."""
    found = re.search(r'boundary="?([^";]+)', request.headers.get("content-type", ""))
    if not found:
        raise ValueError("the body is not multipart/form-data")
    fields: dict[str, tuple[str | None, bytes]] = {}
    for part in (b"\r\n" + request.body).split(b"\r\n--" + found[1].encode())[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        names = dict(re.findall(r'\b(name|filename)="([^"]*)"', head.decode()))
        fields[names.get("name", "")] = (names.get("filename"), content)
    return fields
