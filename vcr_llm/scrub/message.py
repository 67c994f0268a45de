"""One way through one message: every part of a request or response, its secrets replaced and noted."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from vcr_llm import jsontext
from vcr_llm.interaction import NO_JSON, Body, Request, Response
from vcr_llm.scrub import headers as response_headers
from vcr_llm.scrub.body import BodyEditor
from vcr_llm.scrub.documents import Path, documents, is_stream
from vcr_llm.scrub.findings import Finding, preview, where_text
from vcr_llm.scrub.judging import is_redacted
from vcr_llm.scrub.placeholders import Ledger
from vcr_llm.scrub.places import edited_fields, edited_parts, edited_url, is_form
from vcr_llm.scrub.rule import Rule
from vcr_llm.scrub.text import Detector, Match, find, replaced
from vcr_llm.streams import SSE, eventstream, is_stream_type, jsonarray, ndjson, sse

__all__ = ["MessagePass", "preview_of"]


def preview_of(match: Match) -> str:
    return preview(match.secret, match.rule.public_prefix)


_GZIP: Final = b"\x1f\x8b"
_UTF_16: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class MessagePass:
    """One way through one message: replaces, and notes what it replaces.

    A scan is the same way with a ledger nobody keeps, so what scrubbing leaves is what a scan does not find.
    """

    def __init__(self, editor: BodyEditor, in_bytes: Detector, ledger: Ledger) -> None:
        self._editor = editor
        self._in_bytes = in_bytes
        self._ledger = ledger
        self.where: Path = ()
        self.findings: list[Finding] = []

    def _replace(self, match: Match, path: Path) -> str:
        # A key of an object can be a secret too: the path must not repeat it.
        steps = [step if isinstance(step, int) else self._hidden(step) for step in (*self.where, *path)]
        self.findings.append(Finding(where_text(steps), match.start, match.rule.name, preview_of(match)))
        return self._ledger.placeholder(match.rule.placeholder, match.secret)

    def _hidden(self, step: str) -> str:
        rules = self._editor.detector.narrowed(step)
        return replaced(step, find(step, rules), lambda match: f"<{match.rule.placeholder}>")

    # --- the parts of a message

    def request(self, request: Request) -> Request:
        url = self.url(request.url, ("http", "url"))
        body = request.body
        if body is not None:
            noted = len(self.findings)
            body = self._as_text(self.body(body, "request"), "request")
            self._settle(body, request.body, noted)
        return request if (url, body) == (request.url, request.body) else Request(request.method, url, body)

    def response(self, response: Response) -> Response:
        headers = {
            name: tuple(self.header(name, value) for value in values)
            for name, values in response.headers.items()
        }
        reason = self.text(response.reason, ("http", "reason"))
        body = response.body
        noted = len(self.findings)
        content_type = next(iter(headers.get("content-type", ())), "")
        if not self._leaves_events(body, content_type):
            body = self.body(body, "response")
            if not is_stream_type(content_type):
                body = self._as_text(body, "response")
        self._settle(body, response.body, noted)
        if body is response.body and reason == response.reason and headers == response.headers:
            return response
        same = headers == response.headers
        return Response(response.status, reason, response.headers if same else headers, body)

    def extra(self, extra: Mapping[str, Any]) -> Mapping[str, Any]:
        """The document's own further members."""
        if not extra:
            return extra
        text = jsontext.compact(dict(extra))
        found = self.body_text(text, (), named=False)
        return extra if found == text else json.loads(found)

    def header(self, name: str, value: str) -> str:
        path = ("http", "headers", name)
        placeholder = response_headers.identifier_placeholder(name)
        if placeholder is not None and not is_redacted(value):
            named = Rule(f"header-{name}", placeholder, re.compile(".*"), ())
            return self._replace(Match(0, len(value), named, value), path)
        return self.url(value, path) if name == "location" else self.text(value, path)

    def url(self, url: str, path: Path) -> str:
        def userinfo(text: str) -> str:
            if text.startswith("<") and text.endswith(">"):
                return text
            named = Rule("url-credentials", "URL_CREDENTIALS", re.compile(".*"), ())
            return self._replace(Match(0, len(text), named, text), path)

        def text(part: str) -> str:
            return self.text(part, path)

        edited = edited_url(url, lambda name, value: self.field(name, value, path), text, userinfo)
        return text(edited)  # what its parts hide: a text that is no URL, or one that was never encoded

    def field(self, name: str, value: str, path: Path) -> str:
        placeholder = self._editor.names.of_field(name, value)
        if placeholder is None:
            return self.text(value, path)
        return self._editor.named(value, placeholder, name, path, self._replace)

    def text(self, text: str, path: Path) -> str:
        return self._editor.text(text, path, self._replace)

    # --- bodies

    def _settle(self, body: Body, was: Body | None, noted: int) -> None:
        """Note on a body that there was nothing; ``noted``: how many findings there were before it."""
        if body is was and len(self.findings) == noted:
            body.clean_for = self._editor

    def _leaves_events(self, body: Body, content_type: str) -> bool:
        """Whether `body` leaves usual server-sent events; False where only that can tell.

        They are parsed as the document needs them, which is then done.
        """
        raw = body.raw
        if not (is_stream_type(content_type) and sse.looks_like_it(raw)) or eventstream.looks_like_it(raw):
            return False
        found = body.stream(content_type.lower())
        if found is None or found[0] is not SSE:
            return False
        return self._editor.leaves_events(raw.decode(), [event.data for event in found[1].events])

    def body(self, body: Body, side: str) -> Body:
        """The same object where nothing is found."""
        raw = body.raw
        if not raw:
            return body
        found = self._bytes(raw, side, body)
        return body if found is raw or found == raw else Body(found)

    def _as_text(self, body: Body, side: str) -> Body:
        """A body that is stored as text, looked at as that: JSON in it and what stands around it together
        (the end of a name, in one of several documents) may read like a secret.

        Numbers stay: with a word in their place it would be JSON no more.
        """
        text = None if body.json is not NO_JSON else body.text
        detector = self._editor.detector
        if not text or not detector.may_find(text):
            return body
        matches = find(text, detector.narrowed(text))
        if not matches or len(documents(replaced(text, matches, lambda _: ""))) != len(documents(text)):
            return body
        found = replaced(text, matches, lambda match: self._replace(match, ("http", f"{side}_body", "text")))
        return Body(found.encode("utf-8", "surrogatepass"))

    def _bytes(self, raw: bytes, side: str, body: Body | None = None) -> bytes:
        if raw.startswith(_GZIP):
            return self._gzipped(raw, side)
        place = ("http", f"{side}_body")
        if raw.startswith(b"--"):
            found = edited_parts(
                raw,
                lambda name, content, is_file: self._part(name, content, is_file, side),
                lambda head: self.text(head, place),
            )
            if found is not None:
                return found
        if eventstream.looks_like_it(raw):
            return self._messages(raw)
        whole = body.json if body is not None else NO_JSON
        codec = _UTF_16.get(raw[:2], "utf-8") if whole is NO_JSON else _codec(raw)
        try:
            # Any even number of bytes would be UTF-16 if it were not for the surrogates.
            text = raw.decode(
                codec, "surrogatepass" if whole is not NO_JSON or codec == "utf-8" else "strict"
            )
        except UnicodeDecodeError:
            return self._settled(raw, side)
        if ndjson.looks_like_it(raw) or (isinstance(whole, list) and jsonarray.looks_like_it(raw)):
            edited = self._events_text(text, whole if isinstance(whole, list) else None)
        else:
            edited = self._textual(text, side, whole)
        return raw if edited == text else edited.encode(codec, "surrogatepass")

    def _textual(self, text: str, side: str, whole: Any) -> str:
        place = ("http", f"{side}_body")
        if isinstance(whole, dict):
            return self.body_text(text, (side,), whole=whole)
        if whole is not NO_JSON:
            return self.body_text(text, (*place, "json"))
        if is_form(text):
            path = (*place, "text")
            return self.text(edited_fields(text, lambda name, value: self.field(name, value, path)), path)
        return self.body_text(text, ("stream_events",) if is_stream(text) else (*place, "text"))

    def body_text(self, text: str, place: Path, *, whole: Any = None, named: bool = True) -> str:
        return self._editor.body(
            text, lambda match, path: self._replace(match, (*place, *path)), whole=whole, named=named
        )

    def _part(self, name: str, content: bytes, is_file: bool, side: str) -> bytes:
        if not is_file:
            try:
                value = content.decode("utf-8")
            except UnicodeDecodeError:
                found = self._binary(content, side)
                return content if found is content else self._part(name, found, is_file, side)
            text = self.field(name, value, ("http", f"{side}_body", "text"))
            return content if text == value else text.encode("utf-8", "surrogatepass")
        return self._bytes(content, side)

    def _gzipped(self, raw: bytes, side: str) -> bytes:
        """A body that is a gzip file (a compressed upload). Packed anew, always to the same bytes."""
        try:
            inside = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error):
            return self._binary(raw, side)
        found = self._bytes(inside, side) if inside else inside
        return raw if found == inside else gzip.compress(found, mtime=0)

    def _messages(self, raw: bytes) -> bytes:
        """An event stream of Amazon's: what its messages say, with lengths and checksums made anew."""
        stream = eventstream.parse(raw)
        if stream is None:
            return self._binary(raw, "response")
        said = [event.data for event in stream.events]
        text = jsontext.compact(said)
        found = self._events_text(text, said)
        events = tuple(
            replace(event, data=data, headers=self._message_headers(event.headers, number))
            for number, (event, data) in enumerate(zip(stream.events, json.loads(found), strict=True))
        )
        return raw if events == stream.events else eventstream.build(replace(stream, events=events))

    def _events_text(self, text: str, events: list[Any] | None) -> str:
        """A stream's events as a JSON list, or as lines of JSON."""
        return self._editor.body(
            text,
            lambda match, path: self._replace(match, ("stream_events", *path[:1], "data", *path[1:])),
            whole=events,
        )

    def _message_headers(self, headers: Mapping[str, str] | None, number: int) -> Mapping[str, str] | None:
        if headers is None:
            return None
        place = ("stream_events", number, "headers")
        return {name: self.text(value, (*place, name)) for name, value in headers.items()}

    def _settled(self, raw: bytes, side: str) -> bytes:
        found = self._binary(raw, side)
        return raw if found is raw else self._bytes(found, side)

    def _binary(self, raw: bytes, side: str) -> bytes:
        """Bytes that are no text, looked at as Latin-1; what is left of them may be text."""
        text = raw.decode("latin-1")
        matches = find(text, self._in_bytes.narrowed_to_bytes(text))
        if not matches:
            return raw
        path = ("http", f"{side}_body", "base64")
        return replaced(text, matches, lambda match: self._replace(match, path)).encode("latin-1")


def _codec(raw: bytes) -> str:
    """The encoding of a JSON text that can be written again as it was, byte order mark included."""
    found = json.detect_encoding(raw)
    if found == "utf-8-sig":
        return "utf-8"
    return f"{found}-{'le' if raw[:1] == bytes([0xFF]) else 'be'}" if found in ("utf-16", "utf-32") else found
