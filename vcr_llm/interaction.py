"""The central types: what one cassette holds, as values that cannot change.

In memory HTTP is the truth: methods, URLs, statuses, decoded body bytes. The JSON document of a
cassette (`schema`) and vcrpy's request objects and response dicts (`vcr_bridge`) are views of these.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from vcr_llm import jsontext, streams
from vcr_llm.streams.events import EventStream

__all__ = [
    "EPOCH",
    "NO_JSON",
    "Body",
    "CassetteData",
    "Headers",
    "Interaction",
    "Request",
    "Response",
    "split_url",
]

Headers = Mapping[str, tuple[str, ...]]
"""Lower-case names; every value of a repeated header, in order."""

EPOCH: Final = "1970-01-01T00:00:00+00:00"
"""``recorded_at`` where nothing says when; age checks ignore it."""


class _NoJson:
    def __repr__(self) -> str:
        return "NO_JSON"


NO_JSON: Final = _NoJson()
"""What `Body.json` answers for bytes that are no JSON text, or nest deeper than `jsontext.MAX_DEPTH`."""

_UNKNOWN: Final = object()


class Body:
    """The decoded bytes of a message and the JSON value in them, each made from the other when asked for.

    A replayed call reads the bytes of one response and the JSON value of one request; a cassette has
    thousands of both. Equal bodies have equal bytes.
    """

    __slots__ = ("_build", "_exact", "_json", "_raw", "_stream", "_value", "clean_for")

    def __init__(self, raw: bytes) -> None:
        self._raw: bytes | None = raw
        self._build: Callable[[], bytes] | None = None
        self._value: Any = _UNKNOWN
        self._json: Any = _UNKNOWN
        self._exact: Any = _UNKNOWN
        self._stream: tuple[str, tuple[streams.Format, EventStream[Any]] | None] | None = None
        self.clean_for: object = None
        """Who has gone through the bytes for secrets and found none (see `scrub.message`)."""

    @classmethod
    def of_json(cls, value: Any) -> Body:
        """A body whose bytes are the compact JSON text of ``value``."""
        body = cls.lazily(lambda: jsontext.compact_bytes(value))
        body._value = value
        return body

    @classmethod
    def lazily(cls, build: Callable[[], bytes]) -> Body:
        """A body whose bytes ``build`` makes when they are first needed."""
        body = cls(b"")
        body._raw, body._build = None, build
        return body

    @property
    def raw(self) -> bytes:
        if self._raw is None:
            assert self._build is not None
            self._raw = self._build()
        return self._raw

    @property
    def text(self) -> str | None:
        """The bytes as UTF-8 text, or None."""
        try:
            return self.raw.decode("utf-8")
        except UnicodeDecodeError:
            return None

    @property
    def json(self) -> Any:
        """The JSON value as Python's own parser sees it, or `NO_JSON`.

        A fixed depth, because how deep Python can go depends on where it is called from.
        """
        if self._json is _UNKNOWN:
            try:
                value = json.loads(self.raw) if self._value is _UNKNOWN else self._value
                if self._raw is None or not jsontext.is_shallow(self._raw):
                    jsontext.check_depth(value)
                self._json = value
            except (ValueError, RecursionError):
                self._json = NO_JSON
        return self._json

    def parsed_exactly(self) -> Any:
        """The JSON value from which the text can be written again (see `jsontext.parse`), or `NO_JSON`.

        Asked for first, it spares `json` its parsing: the value is the same.
        """
        if self._exact is _UNKNOWN:
            text = self.text
            try:
                self._exact = NO_JSON if text is None else jsontext.parse(text)
            except jsontext.LossyJsonError:
                self._exact = NO_JSON
            if self._json is _UNKNOWN is self._value and self._exact is not NO_JSON:
                self._json = self._exact
        return self._exact

    def stream(self, content_type: str) -> tuple[streams.Format, EventStream[Any]] | None:
        """The bytes as a stream, see `streams.parse`; parsed once."""
        if self._stream is None or self._stream[0] != content_type:
            self._stream = content_type, streams.parse(self.raw, content_type)
        return self._stream[1]

    def __eq__(self, other: object) -> bool:
        return self.raw == other.raw if isinstance(other, Body) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"Body({self.raw!r})"


def split_url(url: str) -> SplitResult:
    """The parts of a URL; of a text that is none (``http://[REDACTED]/v1``) only path and query."""
    try:
        return urlsplit(url)
    except ValueError:
        path, _, query = url.partition("?")
        return SplitResult("", "", path, query, "")


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request without its headers, which are never stored. ``body`` is None where there was none."""

    method: str
    url: str
    body: Body | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response; its body has no content encoding any more. ``reason`` is the status line's text."""

    status: int
    reason: str
    headers: Headers
    body: Body


@dataclass(frozen=True, slots=True)
class Interaction:
    """A request and the response it got.

    ``recorded_at``: ISO 8601 in UTC, None where unknown. ``hash``: the hash found in the file, by
    which llm-mock names the call, None for a fresh recording. ``bare``: read from a document that
    says nothing of HTTP (llm-mock's, or written by hand); URL and headers are then the provider's usual
    ones. ``extra``: members of the document that neither llm-mock nor this package knows, those of the
    object ``http`` under this name.
    """

    request: Request
    response: Response
    recorded_at: str | None = None
    hash: str | None = None
    bare: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def date(self) -> str:
        """When it was recorded: ``recorded_at``, else the response's ``Date``, else `EPOCH`."""
        if self.recorded_at is not None:
            return self.recorded_at
        for value in self.response.headers.get("date", ()):
            try:
                date = parsedate_to_datetime(value)
                return date.replace(tzinfo=date.tzinfo or UTC).astimezone(UTC).isoformat()
            except (ValueError, OverflowError):
                continue
        return EPOCH


@dataclass(frozen=True, slots=True)
class CassetteData:
    """Everything in one cassette, in the order recorded.

    ``provider`` is llm-mock's top-level field, None where it is to be told from the interactions.
    """

    interactions: tuple[Interaction, ...] = ()
    provider: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
