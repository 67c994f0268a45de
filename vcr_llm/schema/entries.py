"""A document entry by entry: all are checked when it is opened, each is made when it is asked for.

A replayed test plays one response of a thousand, so what is kept is the text and where its entries start;
of a cassette of usual size, what was parsed to check it, until it is played.
A document of an unusual shape is not read here: `load` reads every document, and says what is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, overload

from vcr_llm import jsontext
from vcr_llm.fingerprint import Digests, Sent, digest_of, digests, sent_key, to_sent
from vcr_llm.interaction import Body, CassetteData, Interaction, Request, Response
from vcr_llm.longtexts import Shortened, is_sparse, shortened
from vcr_llm.schema.loading import KNOWN_AT_TOP, VERSIONS, ReadFile, no_constant, read_entry
from vcr_llm.schema.standing import Standing, standing
from vcr_llm.schema.streaming import usual_stream_body
from vcr_llm.schema.terms import VERSION, phrase
from vcr_llm.schema.usual import is_usual
from vcr_llm.streams import sse

__all__ = ["Entries", "has_long_texts", "open_document"]


Answer = tuple[int, str, dict[str, list[str]], bytes]
"""Status, reason, headers and body of a response. The headers are made for who asks, to keep or change."""

BodyOf = Callable[[dict[str, Any]], Body]

_LARGE: Final = 1 << 14
"""Characters of an entry in which long strings are looked for."""

_KEPT: Final = 1 << 22
"""Characters of a document whose parsed entries are kept: in memory they take more than twice as much."""


class Entries(Sequence[Interaction]):
    """The interactions of a document, each made anew whenever it is asked for."""

    __slots__ = (
        "_begin",
        "_count",
        "_digests",
        "_known_starts",
        "_parsed",
        "_provider",
        "_short",
        "_text",
        "made",
    )

    def __init__(self, text: str, provider: str | None) -> None:
        self._text = text
        self._provider = provider
        self._begin = self._count = 0
        self._known_starts: list[int] = []
        self._parsed: dict[int, dict[str, Any]] = {}
        self._digests: dict[int, Digests] = {}
        self.made: dict[int, Interaction] = {}
        """The interactions of another than the usual shape, which are made when they are read, by number."""
        self._short: dict[int, Shortened] = {}

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Interaction: ...
    @overload
    def __getitem__(self, index: slice) -> list[Interaction]: ...
    def __getitem__(self, index: int | slice) -> Interaction | list[Interaction]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = index if index >= 0 else len(self) + index
        return self.made.get(number) or self._shortened(number) or _usual(self._parse(number))

    def are_of(self, text: str) -> bool:
        """Whether this text has been read."""
        return self._text == text

    def request(self, number: int) -> Request:
        """The request of an interaction alone."""
        made = self.made.get(number)
        if made is not None:
            return made.request
        shortened = self._shortened(number)
        if shortened is not None:
            return shortened.request
        return _request(self._parse(number))

    def answer(self, number: int) -> Answer:
        """The response of an interaction alone, its bytes made."""
        made = self.made.get(number)
        if made is not None:
            response = made.response
            headers = {name: list(values) for name, values in response.headers.items()}
            return response.status, response.reason, headers, response.body.raw
        entry = self._parsed.pop(number, None)  # nobody else has it, so nobody can have changed it
        if entry is not None:
            raw = _response_bytes(entry)
        else:
            entry, raw = self._parsed_answer(number)
        http = entry["http"]
        status = http["status"]
        return status, http.get("reason", phrase(status)), http["headers"], raw

    def _parsed_answer(self, number: int) -> tuple[dict[str, Any], bytes]:
        """An entry that is not kept, of the usual shape and perhaps shortened, and the bytes of its
        response."""
        found = self._short.get(number)
        if found is not None:
            short: dict[str, Any] = _scan(found.text, 0)[0]
            raw = found.compact_all(short["response"])
            if raw is not None:
                return short, raw
        entry = self._parse(number)
        return entry, _response_bytes(entry)

    def sent(self, number: int) -> Sent:
        """The request of an interaction as it is sent."""
        entry = self._parsed.get(number)
        return to_sent(self.request(number)) if entry is None else _sent(entry)

    def digests(self, number: int) -> Digests:
        """The digests of an interaction's request; nothing is parsed for this of what was not yet played."""
        known = self._digests.get(number)
        if known is None:
            entry = self._parsed.get(number)
            known = digests(self.request(number)) if entry is None else _digests(entry)
            self._digests[number] = known
        return known

    def _shortened(self, number: int) -> Interaction | None:
        """A large entry whose long strings nobody has looked at; None where there is none in its bodies."""
        found = self._short.get(number)
        if found is None:
            return None
        entry: dict[str, Any] = _scan(found.text, 0)[0]
        if found.count(entry["request"]) + found.count(entry["response"]) != len(found):
            return None

        def body_of(value: dict[str, Any]) -> Body:
            return Body.lazily(lambda: found.compact(value)) if found.count(value) else Body.of_json(value)

        return _usual(entry, body_of)

    def standing(self, number: int) -> Standing | None:
        """An entry that would be written again as it is; None where that is not sure."""
        if number in self.made:
            return None
        start = self._starts()[number]
        entry, end = _scan(self._text, start)
        try:
            if not jsontext.is_shallow(self._text, start, end):
                jsontext.check_depth(entry)
        except jsontext.LossyJsonError:
            return None
        return standing(entry, lambda: self[number])

    def _parse(self, number: int) -> dict[str, Any]:
        value: dict[str, Any] = _scan(self._text, self._starts()[number])[0]
        return value

    def _starts(self) -> list[int]:
        """Where the entries begin in the text."""
        if not self._known_starts:
            at, found = _blank(self._text, self._begin + 1), []
            for _ in range(self._count):
                found.append(at)
                at = _behind(self._text, _scan(self._text, at)[1])
            self._known_starts = found  # when it is whole: another thread may ask
        return self._known_starts

    def read(self, begin: int, read_file: ReadFile | None, raw: bytes | None) -> int:
        """Read the list that begins at ``begin`` in the text; answers where it ends.

        ``raw``: see `open_document`.
        """
        self._begin = begin
        if raw is not None or len(self._text) >= _KEPT:
            return self._read_one_by_one(read_file, raw or b"")
        # Python's parser makes each key once for what it parses together; a call then finds them in a cache.
        entries, end = _scan(self._text, begin)
        self._count = len(entries)
        self._parsed = dict(enumerate(entries))
        for number, entry in enumerate(entries):
            if not is_usual(entry):
                del self._parsed[number]
                self._make(number, entry, read_file)
        return end

    def _read_one_by_one(self, read_file: ReadFile | None, raw: bytes) -> int:
        text, starts = self._text, self._known_starts
        at = _blank(text, self._begin + 1)
        while text[at] != "]":
            entry, end = _scan(text, at)
            number = len(starts)
            if end - at >= _LARGE and is_sparse(text, at, end):
                found = shortened(text, at, end, raw if _is_bytes_of(text, raw) else None)
                if found is not None:
                    self._short[number] = found
            if not is_usual(entry):
                self._make(number, entry, read_file)
            elif end < _KEPT and number not in self._short:
                self._parsed[number] = entry
            else:
                self._digests[number] = _digests(entry)
            starts.append(at)
            at = _behind(text, end)
        self._count = len(starts)
        return at + 1

    def _make(self, number: int, entry: Any, read_file: ReadFile | None) -> None:
        made = read_entry(entry, number, self._provider, read_file)
        if made is None:
            raise _Unusual
        self.made[number] = made


def _behind(text: str, end: int) -> int:
    """Where the entry behind one that ends at ``end`` begins, or the end of the list."""
    # What we write, and others who indent by two, has this between two entries and behind the last.
    if text.startswith(",\n    {", end):
        return end + len(",\n    ")
    if text.startswith("\n  ]", end):
        return end + len("\n  ")
    return _next(text, end, "]")


def _is_bytes_of(text: str, raw: bytes) -> bool:
    """Whether a file's bytes are a document's text, place for place: all ASCII, and neither compressed nor
    behind a byte order mark."""
    return raw.startswith(b"{") and len(raw) == len(text) and text.isascii()


class _Unusual(ValueError):
    """A document for `load`."""


def has_long_texts(text: str) -> bool:
    """Whether the bytes of a document are worth keeping for it, see `open_document`."""
    return len(text) >= _LARGE and is_sparse(text, 0, len(text))


def open_document(
    text: str, read_file: ReadFile | None = None, raw: bytes | None = b""
) -> tuple[Entries, CassetteData] | None:
    """A document's interactions and, without them, its head; None for a text that only `load` can judge.

    ``raw``: the bytes of the file that the text is from, which are kept where they serve long answers; None
    where there are none to serve, which is found out where no bytes are given.
    """
    if raw == b"" and not has_long_texts(text):
        raw = None
    provider, behind, _ = text[len(_BEGINS) : _SHORT].partition(_FIRST_ENTRY)
    plain = provider.isprintable() and '"' not in provider and "\\" not in provider
    try:
        if not (behind and plain and text.startswith(_BEGINS)):
            return _members(text, {}, None, _blank(text, _after(text, _blank(text, 0), "{")), read_file, raw)
        entries = Entries(text, provider)
        at = entries.read(len(_BEGINS) + len(provider) + _FIRST_ENTRY.index("["), read_file, raw)
        if text[at:] == "\n}\n":
            return entries, _head_of(provider)
        head = {"version": VERSION, "provider": provider, "interactions": None}
        return _members(text, head, entries, _next(text, at, "}"), read_file, raw)
    except (ValueError, IndexError, RecursionError, StopIteration):  # the last is how a scanner fails
        return None


@lru_cache(maxsize=64)
def _head_of(provider: str) -> CassetteData:
    return CassetteData((), provider)


def _members(
    text: str,
    head: dict[str, Any],
    entries: Entries | None,
    at: int,
    read_file: ReadFile | None,
    raw: bytes | None,
) -> tuple[Entries, CassetteData]:
    """The same from the member of the document that stands at ``at``; ``head`` has those before it."""
    while text[at] != "}":
        member = _member(text, at)
        if member is None or member[1] in head:
            raise _Unusual
        name, at = member[1], member.end()
        if name == "interactions":
            provider = head.get("provider")
            if head.get("version") not in VERSIONS or not isinstance(provider, str | None) or text[at] != "[":
                raise _Unusual
            entries = Entries(text, provider)
            head[name], at = None, entries.read(at, read_file, raw)
        elif entries is not None and name in KNOWN_AT_TOP:
            raise _Unusual  # the provider counts in reading the interactions
        else:
            head[name], at = _scan(text, at)
        at = _next(text, at, "}")
    if entries is None or _blank(text, at + 1) != len(text):
        raise _Unusual
    extra = {name: value for name, value in head.items() if name not in KNOWN_AT_TOP}
    if extra:
        jsontext.check_depth(extra)
    return entries, CassetteData((), head.get("provider"), extra)


_DECODER: Final[Any] = json.JSONDecoder(parse_constant=no_constant, parse_float=jsontext.finite)
_scan: Final[Callable[[str, int], tuple[Any, int]]] = _DECODER.scan_once  # raw_decode without a function
_BEGINS: Final = f'{{\n  "version": "{VERSION}",\n  "provider": "'
_FIRST_ENTRY: Final = '",\n  "interactions": [\n    '
_SHORT: Final = 128
"""Characters in which a document that we have written comes to its first entry."""
_member: Final = re.compile(r'"([^"\\\x00-\x1f]*)"[ \t\r\n]*:[ \t\r\n]*').match
_white: Final = re.compile(r"[ \t\r\n]*").match
_comma: Final = re.compile(r"[ \t\r\n]*,[ \t\r\n]*").match


def _blank(text: str, at: int) -> int:
    """The place of the next character that is no white space."""
    found = _white(text, at)
    assert found is not None  # nothing is white space, too
    return found.end()


def _after(text: str, at: int, character: str) -> int:
    if text[at] != character:
        raise _Unusual
    return at + 1


def _next(text: str, at: int, closing: str) -> int:
    """The place of the next element, or of what closes the list or object."""
    comma = _comma(text, at)
    at = _blank(text, at) if comma is None else comma.end()
    if (text[at] == closing) is not (comma is None):
        raise _Unusual
    return at


def _request(entry: dict[str, Any], body_of: BodyOf = Body.of_json) -> Request:
    """The request of an entry of the usual shape."""
    http, body = entry["http"], entry["request"]
    return Request(http["method"], http["url"], body_of(body) if body else None)


def _response_bytes(entry: dict[str, Any]) -> bytes:
    """The bytes of the response of an entry of the usual shape."""
    response, events = entry["response"], entry["stream_events"]
    if entry["streaming"] and events:
        return sse.build_usual(events)
    return jsontext.compact_bytes(response) if response else b""


def _sent(entry: dict[str, Any]) -> Sent:
    """The request of an entry of the usual shape, as it is sent."""
    http, body = entry["http"], entry["request"]
    return http["method"], http["url"], jsontext.compact_bytes(body) if body else b""


def _digests(entry: dict[str, Any]) -> Digests:
    """The same as `fingerprint.digests` of an entry of the usual shape."""
    sent = method, url, raw = _sent(entry)
    if not jsontext.is_shallow(raw):
        return digests(_request(entry))
    return Digests(sent_key(sent), digest_of(method, url, entry["request"] or None))


def _usual(entry: dict[str, Any], body_of: BodyOf = Body.of_json) -> Interaction:
    """What an entry of the usual shape stands for; `_interaction` in `loading` says it of all."""
    http, events = entry["http"], entry["stream_events"]
    if entry["streaming"] and events:
        body = usual_stream_body(events)
    else:
        body = body_of(entry["response"]) if entry["response"] else Body(b"")
    status = http["status"]
    return Interaction(
        _request(entry, body_of),
        Response(
            status,
            http.get("reason", phrase(status)),
            {name: tuple(values) for name, values in http["headers"].items()},
            body,
        ),
        entry["recorded_at"],
        entry["hash"],
    )
