"""The local provider with odd wire behaviour, for tests of what lies between a client and a cassette.

A test asks for a behaviour by the request header `x-wire` (`extra_headers` or `default_headers` of the SDKs),
directives separated by ";", in any order: `x-wire: encoding=gzip; sse=crlf+ids; chunks=utf8`.  A directive
or name that does not exist is answered with a 422.

    encoding=NAME    encodes the body, also of a stream (flushed per event), and says so; NAME is a key of
                     ENCODINGS: gzip, deflate, br, zstd, "gzip,br" (stacked, gzip first), GZIP (upper case),
                     raw-deflate ("deflate" without the zlib frame), x-gzip, identity, none (no header)
    lie=NAME         says `content-encoding: NAME` over a body that is plain
    sse=A+B          rewrites the events of a stream; A, B are keys of SSE_FORMS: crlf, cr, comments, ids,
                     multiline, nospace, trailing, unterminated, undone
    chunks=N         cuts the body (as sent, after encoding) into chunks of N bytes
    chunks=utf8      cuts it in the middle of every character of more than one byte
    status=CODE      an error with that status, in the provider's shape: 400, 401, 403, 404, 413, 429, 500,
                     503, 529; 429, 503 and 529 with `retry-after` (1 s) and `retry-after-ms` (10 ms)
    status=CODE*N    the same for the first N requests with the same method, path and body, then the answer
    delay=S          waits S seconds before the status line
    pause=S          waits S seconds before each chunk of the body
    cut              ends the connection after half of the body (of a stream: of its events)

Paths besides the providers' protocols, without a key (answers of /json and /plain have a running number):

    any  /json       JSON: number, method, path (with query), body (text)
    GET  /plain      text/plain in UTF-8, status 200
    GET  /binary     application/octet-stream, not valid UTF-8
    GET  /redirect   302 to /json?redirected=1
    POST /echo       the request's body, unchanged, under the request's content-type
"""

from __future__ import annotations

import json
import secrets
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Protocol

import brotli
import zstandard

from vcr_llm.demo.provider import Answer, LocalProvider, Received, Route

__all__ = ["ENCODINGS", "SSE_FORMS", "WIRE_HEADER", "WireProvider"]

WIRE_HEADER = "x-wire"
RETRY_STATUSES = frozenset({429, 503, 529})

Chunks = Iterable[bytes]


# --- Content encodings --------------------------------------------------------------------------------


class Encoder(Protocol):
    """One content coding in progress; `flush` makes all that went in decodable, `finish` ends it."""

    def compress(self, data: bytes) -> bytes: ...
    def flush(self) -> bytes: ...
    def finish(self) -> bytes: ...


class ZlibEncoder:
    def __init__(self, window_bits: int) -> None:
        """zlib's window bits: 31 gzip, 15 zlib, -15 without a frame."""
        self._coder = zlib.compressobj(wbits=window_bits)

    def compress(self, data: bytes) -> bytes:
        return self._coder.compress(data)

    def flush(self) -> bytes:
        return self._coder.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._coder.flush(zlib.Z_FINISH)


class BrotliEncoder:
    def __init__(self) -> None:
        self._coder = brotli.Compressor(quality=4)

    def compress(self, data: bytes) -> bytes:
        return bytes(self._coder.process(data))

    def flush(self) -> bytes:
        return bytes(self._coder.flush())

    def finish(self) -> bytes:
        return bytes(self._coder.finish())


class ZstdEncoder:
    def __init__(self) -> None:
        self._coder = zstandard.ZstdCompressor().compressobj()

    def compress(self, data: bytes) -> bytes:
        return bytes(self._coder.compress(data))

    def flush(self) -> bytes:
        return bytes(self._coder.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))

    def finish(self) -> bytes:
        return bytes(self._coder.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH))


def gzip_encoder() -> Encoder:
    return ZlibEncoder(31)


# Name in the directive → (value of the content-encoding header, codings in the order they are applied).
ENCODINGS: dict[str, tuple[str | None, tuple[Callable[[], Encoder], ...]]] = {
    "gzip": ("gzip", (gzip_encoder,)),
    "deflate": ("deflate", (lambda: ZlibEncoder(15),)),
    "br": ("br", (BrotliEncoder,)),
    "zstd": ("zstd", (ZstdEncoder,)),
    "gzip,br": ("gzip, br", (gzip_encoder, BrotliEncoder)),
    "GZIP": ("GZIP", (gzip_encoder,)),
    "raw-deflate": ("deflate", (lambda: ZlibEncoder(-15),)),
    "x-gzip": ("x-gzip", (gzip_encoder,)),
    "identity": ("identity", ()),
    "none": (None, ()),
}


def encoded(chunks: Chunks, coding: Callable[[], Encoder]) -> Iterator[bytes]:
    """The chunks, each decodable as soon as it is there."""
    encoder = coding()
    for chunk in chunks:
        yield encoder.compress(chunk) + encoder.flush()
    yield encoder.finish()


# --- Forms of event streams ---------------------------------------------------------------------------
# Each takes and gives a stream of whole events, as the provider makes them: lines ending in "\n", then "\n".


def crlf(events: Chunks) -> Iterator[bytes]:
    return (event.replace(b"\n", b"\r\n") for event in events)


def cr(events: Chunks) -> Iterator[bytes]:
    return (event.replace(b"\n", b"\r") for event in events)


def comments(events: Chunks) -> Iterator[bytes]:
    """Keep-alives between the events and comments inside of them."""
    for event in events:
        yield b": keep-alive\n\n"
        yield b": a comment\n" + event


def ids(events: Chunks) -> Iterator[bytes]:
    for number, event in enumerate(events):
        yield b"id: %d\nretry: 3000\n" % number + event


def multiline(events: Chunks) -> Iterator[bytes]:
    """The JSON of each event on several `data` lines, to be joined by "\n"."""
    return (b"\n".join(line for part in event.split(b"\n") for line in _data_lines(part)) for event in events)


def _data_lines(line: bytes) -> list[bytes]:
    if not line.startswith(b"data: {"):
        return [line]
    rows = json.dumps(json.loads(line[6:]), ensure_ascii=False, indent=1).split("\n")
    return [b"data: " + row.encode() for row in rows]


def nospace(events: Chunks) -> Iterator[bytes]:
    """Without the optional space after the fields' colons."""
    for event in events:
        lines = event.split(b"\n")
        yield b"\n".join(b":".join(part.removeprefix(b" ") for part in line.split(b":", 1)) for line in lines)


def trailing(events: Chunks) -> Iterator[bytes]:
    """Spaces after the data."""
    return (event.removesuffix(b"\n\n") + b"   \n\n" for event in events)


def unterminated(events: Chunks) -> Iterator[bytes]:
    """Without the blank line after the last event."""
    *first, last = events
    yield from first
    yield last.rstrip(b"\r\n")


def undone(events: Chunks) -> Iterator[bytes]:
    """Without OpenAI's `data: [DONE]`."""
    return (event for event in events if b"[DONE]" not in event)


# In the order in which they are applied: line ends last, or the others would not find their lines.
SSE_FORMS: dict[str, Callable[[Chunks], Iterator[bytes]]] = {
    form.__name__: form
    for form in (undone, multiline, nospace, trailing, ids, comments, unterminated, crlf, cr)
}


# --- Chunks and connections ---------------------------------------------------------------------------


def sized(chunks: Chunks, size: int) -> Iterator[bytes]:
    body = b"".join(chunks)
    return (body[start : start + size] for start in range(0, len(body), size))


def split_characters(chunks: Chunks) -> Iterator[bytes]:
    """Cut after the first byte of every UTF-8 sequence of several."""
    body, start = b"".join(chunks), 0
    for place, byte in enumerate(body):
        if byte >= 0xC0:
            yield body[start : place + 1]
            start = place + 1
    yield body[start:]


def paused(chunks: Chunks, seconds: float) -> Iterator[bytes]:
    for chunk in chunks:
        time.sleep(seconds)
        yield chunk


def halved(chunks: Chunks) -> Iterator[bytes]:
    parts = list(chunks)
    if len(parts) == 1:
        yield parts[0][: len(parts[0]) // 2]
    yield from parts[: len(parts) // 2]
    raise ConnectionAbortedError("cut by the x-wire header")


# --- The provider -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Directives:
    """What a request's `x-wire` header asks for; "" for what it does not."""

    encoding: str = ""
    lie: str = ""
    sse: str = ""
    chunks: str = ""
    status: str = ""
    delay: str = ""
    pause: str = ""
    cut: str = ""

    @classmethod
    def of(cls, request: Received) -> Directives:
        """ValueError for an unknown name: a misspelt directive must not pass for a tested one."""
        parts = (part.strip() for part in request.headers.get(WIRE_HEADER, "").split(";"))
        pairs = (part.partition("=") for part in parts if part)
        given = {name: value if sign else "yes" for name, sign, value in pairs}
        unknown = {
            *given.keys() - {field.name for field in fields(cls)},
            *({given["encoding"]} - ENCODINGS.keys() if "encoding" in given else ()),
            *(set(given["sse"].split("+")) - SSE_FORMS.keys() if "sse" in given else ()),
        }
        if unknown:
            raise ValueError(f"unknown in {WIRE_HEADER}: {sorted(unknown)}")
        return cls(**given)

    @property
    def shape_body(self) -> bool:
        """Whether the body is to be sent otherwise than by the plain provider."""
        return any((self.encoding, self.lie, self.sse, self.chunks, self.pause, self.cut))


def _shaped(answer: Answer, directives: Directives) -> Answer:
    """The answer with its body as parts that went through one step after the other."""
    label, codings = ENCODINGS[directives.encoding or "none"]
    label = directives.lie or label
    if isinstance(answer.body, bytes):
        parts: Chunks = [b"".join(_encoded_by(codings, [answer.body]))]
    else:
        parts = _encoded_by(codings, _in_forms(directives.sse, answer.body))
    added = [("content-encoding", label)] if label else []
    if directives.chunks:
        parts = (
            split_characters(parts) if directives.chunks == "utf8" else sized(parts, int(directives.chunks))
        )
    elif isinstance(answer.body, bytes):
        parts = list(parts)
        added.append(("content-length", str(sum(map(len, parts)))))
    parts = halved(parts) if directives.cut else parts
    parts = paused(parts, float(directives.pause)) if directives.pause else parts
    return replace(answer, body=parts).with_headers(*added)


def _in_forms(names: str, events: Chunks) -> Chunks:
    for name, form in SSE_FORMS.items():
        events = form(events) if name in names.split("+") else events
    return events


def _encoded_by(codings: Iterable[Callable[[], Encoder]], chunks: Chunks) -> Chunks:
    for coding in codings:
        chunks = encoded(chunks, coding)
    return chunks


class WireProvider(LocalProvider):
    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self._failures: Counter[tuple[str, str, bytes]] = Counter()

    def routes(self) -> tuple[Route, ...]:
        return (
            *super().routes(),
            *(
                Route(method, r"/json", self._json, needs_key=False)
                for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
            ),
            Route("GET", r"/plain", self._plain, needs_key=False),
            Route("GET", r"/binary", self._binary, needs_key=False),
            Route("GET", r"/redirect", self._redirect, needs_key=False),
            Route("POST", r"/echo", self._echo, needs_key=False),
        )

    def respond(self, request: Received) -> Answer:
        try:
            directives = Directives.of(request)
        except ValueError as error:
            return self.error(request, 422, str(error))
        if directives.delay:
            time.sleep(float(directives.delay))
        answer = self._failure(request, directives.status) or self.answer(request)
        return _shaped(answer, directives) if directives.shape_body else self.compressed(request, answer)

    def _failure(self, request: Received, status: str) -> Answer | None:
        if not status:
            return None
        code, times, limit = status.partition("*")
        key = (request.method, request.path, request.body)
        with self._lock:
            self._failures[key] += 1
            if times and self._failures[key] > int(limit):
                return None
        answer = self.error(request, int(code), f"Asked for a {code}, no. {self.next_number()}.")
        wait = (("retry-after", "1"), ("retry-after-ms", "10")) if int(code) in RETRY_STATUSES else ()
        return answer.with_headers(*wait)

    # --- Paths besides the providers' protocols ---

    def _json(self, request: Received) -> Answer:
        answer = {
            "number": self.next_number(),
            "method": request.method,
            "path": request.path,
            "body": request.body.decode("utf-8", "replace"),
        }
        return Answer(200, (("content-type", "application/json"),), json.dumps(answer).encode())

    def _plain(self, request: Received) -> Answer:
        text = f"no JSON, naïve text no. {self.next_number()}\n"
        return Answer(200, (("content-type", "text/plain; charset=utf-8"),), text.encode())

    def _binary(self, request: Received) -> Answer:
        kind = ("content-type", "application/octet-stream")
        return Answer(200, (kind,), b"\x00\xff\xfe\r\n" + secrets.token_bytes(64))

    def _redirect(self, request: Received) -> Answer:
        return Answer(302, (("location", "/json?redirected=1"), ("content-type", "text/plain")), b"Found")

    def _echo(self, request: Received) -> Answer:
        kind = request.headers.get("content-type", "application/octet-stream")
        return Answer(200, (("content-type", kind),), request.body)
