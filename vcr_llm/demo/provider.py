"""A local provider: a small HTTP server speaking the wire protocols of Anthropic and OpenAI.

It stands in for the real thing where a recording must be made without a key or a network: in
`vcr-llm demo` and in the tests.  Every answer differs from every other one (a running number and random
ids), so that an answer seen twice can only be a replay.  No model is behind it: a text answer quotes the
first words of the prompt, a tool call gets arguments made up from the tool's JSON schema.

Shapes follow the providers' API references (docs.claude.com/en/api, platform.openai.com/docs/api-reference)
and recorded answers of both, including what only recordings show: padding inside the `data` JSON of
Anthropic's streams, indented JSON and `obfuscation` fields from OpenAI.
"""

from __future__ import annotations

import base64
import datetime
import email.utils
import gzip
import itertools
import json
import math
import random
import re
import secrets
import socket
import socketserver
import string
import struct
import sys
import threading
import time
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

__all__ = ["Answer", "LocalProvider", "Received", "Route"]

Json = dict[str, Any]
Headers = tuple[tuple[str, str], ...]

HOST = "127.0.0.1"
# Seconds between two looks of the accept loop at the stop flag; the longest time `stop` can take.
POLL_SECONDS = 0.02
# Words of the prompt that a text answer quotes.
QUOTED_WORDS = 6
# Length of an embedding when the request has no `dimensions`; the real models' 1536 make cassettes long.
EMBEDDING_DIMENSIONS = 8


# --- What is received and what is answered ------------------------------------------------------------


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


# --- Random parts -------------------------------------------------------------------------------------


def _random_text(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def _request_id() -> str:
    return f"req_011C{_random_text(20)}"


def _now() -> int:
    """Seconds since the epoch, the form of OpenAI's `created` fields."""
    return int(time.time())


def _rfc3339(seconds_from_now: float = 0) -> str:
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds_from_now)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _tokens(value: object) -> int:
    """An estimate of the tokens in a text or a JSON value: four bytes each, as both providers advise."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return len(text.encode()) // 4 + 1


# --- Prompts and made-up answers ----------------------------------------------------------------------


def _plain_text(content: object) -> str:
    """The text of a message's content: a string, or a list of blocks of which those with `text` count."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = (part.get("text", "") if isinstance(part, dict) else str(part) for part in content)
        return " ".join(map(_plain_text, texts))
    return ""


# Blocks and items by which a client hands back what a tool returned.
TOOL_RESULT_TYPES = frozenset({"tool_result", "function_call_output", "custom_tool_call_output"})


def _asks(message: object) -> bool:
    """Whether a message (or an item of a Responses input) is a user's in plain words, no tool's result."""
    if isinstance(message, str):
        return True
    if not isinstance(message, dict) or message.get("role") != "user":
        return False
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    types = {block.get("type") for block in blocks if isinstance(block, dict)}
    return not types & TOOL_RESULT_TYPES and bool(_plain_text(content).strip())


def _prompt(messages: object) -> str:
    """The text of the last message that is a user's."""
    if isinstance(messages, str):
        return messages
    asked = [message for message in messages if _asks(message)] if isinstance(messages, list) else []
    if not asked:
        return ""
    return asked[-1] if isinstance(asked[-1], str) else _plain_text(asked[-1].get("content"))


def _last_asks(messages: object) -> bool:
    if isinstance(messages, list):
        return bool(messages) and _asks(messages[-1])
    return isinstance(messages, str)


def _text_answer(prompt: str, number: int) -> str:
    """A text with what tends to break recordings: a line break, characters of two to four bytes."""
    quoted = " ".join(prompt.split()[:QUOTED_WORDS])
    return f"You said “{quoted}”.\nAnswer no. {number} from a naïve café, 你好 🎞 {_random_text(6)}."


def _pieces(text: str) -> list[str]:
    """A text cut as a model streams it, at the words; the pieces joined are the text."""
    return re.findall(r"\s*\S+|\s+$", text)


def _json_pieces(arguments: str) -> list[str]:
    """A tool call's JSON cut without regard to its tokens, as both providers do."""
    size = max(4, math.ceil(len(arguments) / 5))
    return [arguments[start : start + size] for start in range(0, len(arguments), size)]


STRING_FORMATS: Mapping[str, str] = {
    "date": "2026-01-31",
    "time": "12:34:56Z",
    "date-time": "2026-01-31T12:34:56Z",
    "duration": "PT1H",
    "email": "ada@example.com",
    "uri": "https://example.com/",
    "uuid": "6a1b4c8e-3d2f-4e5a-9b7c-0d1e2f3a4b5c",
    "ipv4": "192.0.2.1",
}


def _within(schema: Json, value: float) -> float:
    low, high = schema.get("minimum", value), schema.get("maximum", value)
    return float(min(max(value, low), high))


def _first_type(schema: Json) -> str:
    """The schema's type; of several the first that is not null."""
    declared = schema.get("type", "object" if "properties" in schema else "null")
    names = declared if isinstance(declared, list) else [declared]
    return next((str(name) for name in names if name != "null"), "null")


@dataclass(frozen=True)
class _Example:
    """Makes up values for JSON schemas; `number` goes into them so that two calls differ."""

    number: int
    definitions: Json

    def value(self, schema: object, name: str = "value") -> Any:
        if not isinstance(schema, dict):
            return None
        if "$ref" in schema:
            # Inside of a definition it is unknown: a schema that refers to itself must come to an end.
            rest = dict(self.definitions)
            target = rest.pop(str(schema["$ref"]).rsplit("/", 1)[-1], {})
            return replace(self, definitions=rest).value(target, name)
        for keyword in ("anyOf", "oneOf", "allOf"):
            if schema.get(keyword):
                return self.value(schema[keyword][0], name)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        by_type: dict[str, Callable[[], Any]] = {
            "object": lambda: {
                key: self.value(part, key) for key, part in schema.get("properties", {}).items()
            },
            "array": lambda: [self.value(schema["items"], name)] if "items" in schema else [],
            "string": lambda: STRING_FORMATS.get(str(schema.get("format")), f"{name} №{self.number}"),
            "integer": lambda: int(_within(schema, self.number)),
            "number": lambda: _within(schema, self.number + 0.5),
            "boolean": lambda: True,
        }
        return by_type.get(_first_type(schema), lambda: None)()


def _made_up(schema: Json, number: int) -> Any:
    return _Example(number, schema.get("$defs") or schema.get("definitions") or {}).value(schema)


@dataclass(frozen=True)
class _Tool:
    """A client-side tool, whichever way the request declared it."""

    name: str
    schema: Json  # JSON schema of its arguments


def _tool(declared: Json) -> _Tool | None:
    """The tool of Anthropic's, Chat Completions' or Responses' declaration; None for tools of the server."""
    function: Json = declared.get("function") or declared
    if "name" not in function or not ("input_schema" in function or declared.get("type") == "function"):
        return None
    return _Tool(function["name"], function.get("input_schema") or function.get("parameters") or {})


def _tool_to_call(request: Json, messages: object) -> _Tool | None:
    """The tool that the answer calls: the one `tool_choice` names, or else the first; None for a text."""
    tools = [tool for tool in map(_tool, request.get("tools") or []) if tool]
    choice = request.get("tool_choice")
    chosen: Json = choice if isinstance(choice, dict) else {"type": choice}
    if chosen.get("type") == "none" or not tools or not _last_asks(messages):
        return None
    wanted = (chosen.get("function") or chosen).get("name")
    return next((tool for tool in tools if tool.name == wanted), tools[0])


def _output_schema(request: Json) -> Json | None:
    """The JSON schema that a structured output has to meet, wherever the three protocols put it."""
    places = (
        (request.get("output_config") or {}).get("format"),
        request.get("output_format"),
        (request.get("response_format") or {}).get("json_schema"),
        (request.get("text") or {}).get("format"),
    )
    return next((place["schema"] for place in places if isinstance(place, dict) and "schema" in place), None)


# --- Encodings of bodies ------------------------------------------------------------------------------


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _event(data: str, name: str | None = None) -> bytes:
    """One server-sent event (html.spec.whatwg.org/multipage/server-sent-events.html)."""
    return (f"event: {name}\n" if name else "").encode() + f"data: {data}\n\n".encode()


def _anthropic_event(payload: Json) -> bytes:
    """Anthropic pads most events with up to 15 spaces before the last brace, against guessing lengths."""
    padding = " " * random.randrange(16)
    return _event(_compact(payload)[:-1] + padding + "}", payload["type"])


def _multipart(request: Received) -> dict[str, tuple[str | None, bytes]]:
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


def _png() -> bytes:
    """A PNG of one pixel in a random colour (www.w3.org/TR/png)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\0" + secrets.token_bytes(3))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


def _embedding(dimensions: int) -> bytes:
    """A random unit vector as little-endian float32."""
    values = [random.gauss(0, 1) for _ in range(dimensions)]
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return struct.pack(f"<{dimensions}f", *(value / length for value in values))


# Errors by status, as named by docs.claude.com/en/api/errors and by OpenAI's answers.
ERROR_TYPES: Mapping[int, tuple[str, str]] = {
    400: ("invalid_request_error", "invalid_request_error"),
    401: ("authentication_error", "invalid_request_error"),
    403: ("permission_error", "insufficient_permissions"),
    404: ("not_found_error", "invalid_request_error"),
    413: ("request_too_large", "invalid_request_error"),
    429: ("rate_limit_error", "requests"),
    500: ("api_error", "server_error"),
    503: ("api_error", "service_unavailable"),
    529: ("overloaded_error", "server_error"),
}
OPENAI_ERROR_CODES: Mapping[int, str] = {401: "invalid_api_key", 429: "rate_limit_exceeded"}

ANTHROPIC_PATHS = re.compile(r"/v1/(messages|complete)(/.*)?")


def _is_anthropic(request: Received) -> bool:
    return bool(ANTHROPIC_PATHS.fullmatch(request.route_path)) or "anthropic-version" in request.headers


def _cookie(name: str) -> tuple[str, str]:
    value = f"{_random_text(43)}-{_now()}-1.0.1.1-{_random_text(60)}"
    return "set-cookie", f"{name}={value}; path=/; HttpOnly; Secure; SameSite=None"


# --- The provider -------------------------------------------------------------------------------------


class LocalProvider:
    """Serves on 127.0.0.1 between `start` and `stop`, or inside a `with` block.

    `url` has no trailing slash: Anthropic's `base_url` is `url`, OpenAI's is `url + "/v1"`.  `received` holds
    the requests in order of arrival.  Subclasses add rows in `routes` and change answers in `respond`.
    """

    def __init__(self, port: int = 0) -> None:
        """`port` 0 takes a free one."""
        self.url = ""
        self.received: list[Received] = []
        self.anthropic_organization = str(uuid.uuid4())
        self.openai_organization = f"org-{_random_text(24)}"
        self._port = port
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._files: dict[str, tuple[Json, bytes]] = {}
        self._batches: dict[str, Json] = {}
        self._batch_looks: dict[str, int] = {}
        self._batch_requests: dict[str, list[Json]] = {}
        self._routes = tuple((row, re.compile(row.path)) for row in self.routes())

    def start(self) -> Self:
        server = _Server((HOST, self._port), self)
        self._server = server
        self.url = f"http://{HOST}:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Closes the listening socket and all open connections: from here on the provider is unreachable."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
            server.close_connections()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def next_number(self) -> int:
        """The running number that makes every answer a different one."""
        with self._lock:
            return next(self._numbers)

    # --- From request to answer ---

    def routes(self) -> tuple[Route, ...]:
        """The routing table; the first row that fits answers."""
        return (
            Route("POST", r"/v1/messages", self._messages),
            Route("POST", r"/v1/messages/count_tokens", self._count_tokens),
            Route("POST", r"/v1/messages/batches", self._create_batch),
            Route("GET", r"/v1/messages/batches/[^/]+", self._batch),
            Route("GET", r"/v1/messages/batches/[^/]+/results", self._batch_results),
            Route("POST", r"/v1/complete", self._complete),
            Route("POST", r"/v1/chat/completions", self._chat_completions),
            Route("POST", r"/v1/responses", self._responses),
            Route("POST", r"/v1/completions", self._completions),
            Route("POST", r"/v1/embeddings", self._embeddings),
            Route("POST", r"/v1/moderations", self._moderations),
            Route("POST", r"/v1/images/generations", self._images),
            Route("POST", r"/v1/audio/speech", self._speech),
            Route("POST", r"/v1/audio/transcriptions", self._transcriptions),
            Route("POST", r"/v1/files", self._upload),
            Route("GET", r"/v1/files/[^/]+", self._file),
            Route("GET", r"/v1/files/[^/]+/content", self._file_content),
            Route("DELETE", r"/v1/files/[^/]+", self._delete_file),
            Route("GET", r"/v1/models", self._models),
        )

    def respond(self, request: Received) -> Answer:
        """The answer as it goes over the wire: JSON gzip-encoded where the client accepts it."""
        return self.compressed(request, self.answer(request))

    def answer(self, request: Received) -> Answer:
        """The answer before any content encoding."""
        fits = (row for row, path in self._routes if path.fullmatch(request.route_path))
        row = next((row for row in fits if row.method == request.method), None)
        if row is None:
            return self.error(request, 404, f"Invalid URL ({request.method} {request.route_path})")
        if row.needs_key and not request.headers.keys() & {"authorization", "x-api-key"}:
            return self.error(request, 401, "You didn't provide an API key.")
        try:
            return row.answer(request)
        except NotFound as error:
            return self.error(request, 404, str(error))
        except ValueError as error:
            return self.error(request, 400, f"The request could not be read: {error}")

    def compressed(self, request: Received, answer: Answer) -> Answer:
        acceptable = "gzip" in request.headers.get("accept-encoding", "").lower()
        is_json = answer.header("content-type").startswith("application/json")
        if not (acceptable and is_json and isinstance(answer.body, bytes)):
            return answer
        added = (("content-encoding", "gzip"), ("vary", "Accept-Encoding"))
        return replace(answer, body=gzip.compress(answer.body)).with_headers(*added)

    def error(self, request: Received, status: int, message: str) -> Answer:
        """An error in the shape of the provider whose protocol the request speaks; OpenAI's if neither's."""
        anthropic_type, openai_type = ERROR_TYPES.get(status, ERROR_TYPES[500 if status >= 500 else 400])
        if _is_anthropic(request):
            error = {"type": anthropic_type, "message": message}
            return self.anthropic({"type": "error", "error": error, "request_id": _request_id()}, status)
        code = OPENAI_ERROR_CODES.get(status)
        return self.openai(
            {"error": {"message": message, "type": openai_type, "param": None, "code": code}}, status
        )

    # --- Answers with each provider's headers ---

    def _anthropic_headers(self) -> Headers:
        return (
            ("date", email.utils.formatdate(usegmt=True)),
            ("request-id", _request_id()),
            ("anthropic-organization-id", self.anthropic_organization),
            ("anthropic-ratelimit-requests-limit", "4000"),
            ("anthropic-ratelimit-requests-remaining", str(random.randrange(4000))),
            ("anthropic-ratelimit-requests-reset", _rfc3339(1)),
            ("anthropic-ratelimit-input-tokens-limit", "400000"),
            ("anthropic-ratelimit-input-tokens-remaining", str(random.randrange(400_000))),
            ("anthropic-ratelimit-input-tokens-reset", _rfc3339(1)),
            ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
            ("via", "1.1 google"),
            ("server", "cloudflare"),
            ("cf-cache-status", "DYNAMIC"),
            ("cf-ray", f"{secrets.token_hex(8)}-FRA"),
            ("x-robots-tag", "none"),
            _cookie("__cf_bm"),
        )

    def _openai_headers(self) -> Headers:
        return (
            ("date", email.utils.formatdate(usegmt=True)),
            ("x-request-id", f"req_{secrets.token_hex(16)}"),
            ("openai-organization", self.openai_organization),
            ("openai-project", f"proj_{self.openai_organization[4:]}"),
            ("openai-processing-ms", str(random.randrange(100, 2000))),
            ("openai-version", "2020-10-01"),
            ("x-ratelimit-limit-requests", "10000"),
            ("x-ratelimit-limit-tokens", "2000000"),
            ("x-ratelimit-remaining-requests", str(random.randrange(10_000))),
            ("x-ratelimit-remaining-tokens", str(random.randrange(2_000_000))),
            ("x-ratelimit-reset-requests", f"{random.randrange(1, 90)}ms"),
            ("x-ratelimit-reset-tokens", f"{random.randrange(1, 90)}ms"),
            ("access-control-expose-headers", "X-Request-ID"),
            ("strict-transport-security", "max-age=31536000; includeSubDomains; preload"),
            ("server", "cloudflare"),
            ("cf-cache-status", "DYNAMIC"),
            ("cf-ray", f"{secrets.token_hex(8)}-FRA"),
            ("x-content-type-options", "nosniff"),
            _cookie("__cf_bm"),
            _cookie("_cfuvid"),
        )

    def anthropic(self, payload: Json, status: int = 200) -> Answer:
        headers = (*self._anthropic_headers(), ("content-type", "application/json"))
        return Answer(status, headers, _compact(payload).encode())

    def openai(self, payload: Json, status: int = 200) -> Answer:
        headers = (*self._openai_headers(), ("content-type", "application/json"))
        return Answer(status, headers, json.dumps(payload, ensure_ascii=False, indent=2).encode() + b"\n")

    def _stream(self, headers: Headers, events: Iterable[bytes]) -> Answer:
        kind = ("content-type", "text/event-stream; charset=utf-8")
        return Answer(200, (*headers, kind, ("cache-control", "no-cache")), events)

    def _text(self, request: Json, prompt: str, number: int) -> str:
        schema = _output_schema(request)
        return _text_answer(prompt, number) if schema is None else _compact(_made_up(schema, number))

    # --- Anthropic: messages ---

    def _message(self, body: Json) -> Json:
        """An answer to a Messages request (docs.claude.com/en/api/messages), complete."""
        messages, number = body.get("messages"), self.next_number()
        tool = _tool_to_call(body, messages)
        content: Json = {"type": "text", "text": self._text(body, _prompt(messages), number)}
        if tool:
            call = {"id": f"toolu_01{_random_text(22)}", "name": tool.name}
            content = {"type": "tool_use", **call, "input": _made_up(tool.schema, number) or {}}
        return {
            "model": body.get("model", ""),
            "id": f"msg_01{_random_text(22)}",
            "type": "message",
            "role": "assistant",
            "content": [content],
            "stop_reason": "tool_use" if tool else "end_turn",
            "stop_sequence": None,
            "usage": {
                "input_tokens": _tokens(messages),
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
                "output_tokens": _tokens(content.get("text", content.get("input"))),
                "service_tier": "standard",
            },
        }

    def _messages(self, request: Received) -> Answer:
        body = request.json()
        message = self._message(body)
        if not body.get("stream"):
            return self.anthropic(message)
        return self._stream(self._anthropic_headers(), map(_anthropic_event, self._message_events(message)))

    def _message_events(self, message: Json) -> Iterator[Json]:
        """docs.claude.com/en/docs/build-with-claude/streaming"""
        (block,) = message["content"]
        empty: Json = {"text": ""} if block["type"] == "text" else {"input": {}}
        usage = message["usage"]
        begun: Json = {"content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
        yield {"type": "message_start", "message": {**message, **begun}}
        yield {"type": "content_block_start", "index": 0, "content_block": {**block, **empty}}
        yield {"type": "ping"}
        for delta in _block_deltas(block):
            yield {"type": "content_block_delta", "index": 0, "delta": delta}
        yield {"type": "content_block_stop", "index": 0}
        stop = {"stop_reason": message["stop_reason"], "stop_sequence": None}
        counts = {key: value for key, value in usage.items() if key.endswith("_tokens")}
        yield {"type": "message_delta", "delta": stop, "usage": counts}
        yield {"type": "message_stop"}

    def _count_tokens(self, request: Received) -> Answer:
        # The running number is added: a count alone would be the same for the same request.
        return self.anthropic({"input_tokens": _tokens(request.json().get("messages")) + self.next_number()})

    def _create_batch(self, request: Received) -> Answer:
        requests = request.json().get("requests") or []
        batch_id = f"msgbatch_01{_random_text(22)}"
        counts = {"processing": len(requests), "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
        batch = {
            "id": batch_id,
            "type": "message_batch",
            "processing_status": "in_progress",
            "request_counts": counts,
            "ended_at": None,
            "created_at": _rfc3339(),
            "expires_at": _rfc3339(24 * 3600),
            "archived_at": None,
            "cancel_initiated_at": None,
            "results_url": None,
        }
        self._batches[batch_id] = batch
        self._batch_requests[batch_id] = requests
        return self.anthropic(batch)

    def _batch(self, request: Received) -> Answer:
        """In progress at the first look, ended from the next on: a replay has to keep that order."""
        batch_id = request.route_path.split("/")[4]
        if batch_id not in self._batches:
            raise NotFound(f"Message Batch {batch_id} not found.")
        batch = self._batches[batch_id]
        with self._lock:
            looks = self._batch_looks[batch_id] = self._batch_looks.get(batch_id, 0) + 1
        if looks == 1:
            return self.anthropic(batch)
        succeeded = len(self._batch_requests[batch_id])
        ended = {
            "processing_status": "ended",
            "request_counts": {**batch["request_counts"], "processing": 0, "succeeded": succeeded},
            "ended_at": _rfc3339(),
            "results_url": f"{self.url}{request.route_path}/results",
        }
        return self.anthropic({**batch, **ended})

    def _batch_results(self, request: Received) -> Answer:
        """JSON lines, one per request of the batch."""
        rows = (
            {
                "custom_id": row.get("custom_id"),
                "result": {"type": "succeeded", "message": self._message(row.get("params") or {})},
            }
            for row in self._batch_requests.get(request.route_path.split("/")[4], [])
        )
        headers = (*self._anthropic_headers(), ("content-type", "application/x-jsonl"))
        return Answer(200, headers, "".join(_compact(row) + "\n" for row in rows).encode())

    def _complete(self, request: Received) -> Answer:
        """The legacy Text Completions (docs.claude.com/en/api/complete)."""
        body = request.json()
        prompt = str(body.get("prompt", "")).rsplit("\n\nHuman:", 1)[-1].split("\n\nAssistant:")[0]
        done = {
            "type": "completion",
            "id": f"compl_01{_random_text(22)}",
            "completion": " " + _text_answer(prompt, self.next_number()),
            "stop_reason": "stop_sequence",
            "model": body.get("model", ""),
            "stop": "\n\nHuman:",
            "log_id": f"compl_01{_random_text(22)}",
        }
        if not body.get("stream"):
            return self.anthropic(done)
        pieces = [{**done, "completion": piece, "stop_reason": None} for piece in _pieces(done["completion"])]
        events = [_event(_compact(piece), "completion") for piece in [*pieces, {**done, "completion": ""}]]
        return self._stream(self._anthropic_headers(), events)

    # --- OpenAI: text ---

    def _chat_completions(self, request: Received) -> Answer:
        """platform.openai.com/docs/api-reference/chat"""
        body = request.json()
        messages = body.get("messages")
        tool = _tool_to_call(body, messages)
        choices = [
            self._tool_choice(tool) if tool else self._text_choice(body, _prompt(messages))
            for _ in range(body.get("n") or 1)
        ]
        usage = _usage(messages, choices)
        head = {
            "id": f"chatcmpl-{_random_text(29)}",
            "object": "chat.completion",
            "created": _now(),
            "model": body.get("model", ""),
        }
        tail = {"service_tier": "default", "system_fingerprint": f"fp_{secrets.token_hex(5)}"}
        if body.get("stream"):
            head["object"] = "chat.completion.chunk"
            with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
            chunks = self._chat_chunks({**head, **tail}, choices, usage if with_usage else None)
            return self._stream(self._openai_headers(), self._data_events(chunks))
        finish = "tool_calls" if tool else "stop"
        rows = [
            {"index": index, "message": message, "logprobs": None, "finish_reason": finish}
            for index, message in enumerate(choices)
        ]
        return self.openai({**head, "choices": rows, "usage": usage, **tail})

    def _text_choice(self, body: Json, prompt: str) -> Json:
        content = self._text(body, prompt, self.next_number())
        return {"role": "assistant", "content": content, "refusal": None, "annotations": []}

    def _tool_choice(self, tool: _Tool) -> Json:
        arguments = json.dumps(_made_up(tool.schema, self.next_number()) or {}, ensure_ascii=False)
        function = {"name": tool.name, "arguments": arguments}
        call = {"id": f"call_{_random_text(24)}", "type": "function", "function": function}
        message: Json = {"role": "assistant", "content": None, "refusal": None, "annotations": []}
        return {**message, "tool_calls": [call]}

    def _chat_chunks(self, head: Json, messages: list[Json], usage: Json | None) -> Iterator[Json]:
        """Chunks of several choices are interleaved, as from the real API."""
        blank: Json = {} if usage is None else {"usage": None}

        def chunk(index: int, delta: Json, finish: str | None = None) -> Json:
            choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
            hidden = {"obfuscation": _random_text(random.randrange(1, 12))}
            return {**head, "choices": [choice], **blank, **hidden}

        for deltas in itertools.zip_longest(*map(_chat_deltas, messages)):
            for index, delta in enumerate(deltas):
                if delta is not None:
                    yield chunk(index, delta)
        for index, message in enumerate(messages):
            yield chunk(index, {}, "tool_calls" if message.get("tool_calls") else "stop")
        if usage is not None:
            yield {**head, "choices": [], "usage": usage}

    def _data_events(self, chunks: Iterable[Json]) -> Iterator[bytes]:
        for chunk in chunks:
            yield _event(_compact(chunk))
        yield _event("[DONE]")

    def _completions(self, request: Received) -> Answer:
        """The legacy Completions (platform.openai.com/docs/api-reference/completions)."""
        body = request.json()
        prompts = body.get("prompt", "")
        texts = [
            "\n\n" + _text_answer(str(prompt), self.next_number())
            for prompt in (prompts if isinstance(prompts, list) else [prompts])
        ]
        head = {
            "id": f"cmpl-{_random_text(29)}",
            "object": "text_completion",
            "created": _now(),
            "model": body.get("model", ""),
        }

        def choice(index: int, text: str, finish: str | None) -> Json:
            return {"text": text, "index": index, "logprobs": None, "finish_reason": finish}

        if body.get("stream"):
            rows = [choice(index, piece, None) for index, text in enumerate(texts) for piece in _pieces(text)]
            rows += [choice(index, "", "stop") for index in range(len(texts))]
            chunks = ({**head, "choices": [row]} for row in rows)
            return self._stream(self._openai_headers(), self._data_events(chunks))
        choices = [choice(index, text, "stop") for index, text in enumerate(texts)]
        return self.openai({**head, "choices": choices, "usage": _usage(prompts, texts)})

    def _responses(self, request: Received) -> Answer:
        """platform.openai.com/docs/api-reference/responses"""
        body = request.json()
        messages, number = body.get("input"), self.next_number()
        tool = _tool_to_call(body, messages)
        item = (
            _function_call_item(tool, number)
            if tool
            else _message_item(self._text(body, _prompt(messages), number))
        )
        response = _response(body, item)
        if not body.get("stream"):
            return self.openai(response)
        events = (
            _event(_compact({"type": event["type"], "sequence_number": number, **event}), event["type"])
            for number, event in enumerate(_response_events(response, item))
        )
        return self._stream(self._openai_headers(), events)

    # --- OpenAI: vectors, classes, images, sound ---

    def _embeddings(self, request: Received) -> Answer:
        body = request.json()
        asked = body.get("input", "")
        # A list of token numbers is one input, like a string.
        is_one = not isinstance(asked, list) or all(isinstance(item, int) for item in asked)
        inputs = [asked] if is_one else asked
        dimensions = body.get("dimensions") or EMBEDDING_DIMENSIONS
        vectors = [_embedding(dimensions) for _ in inputs]
        as_base64 = body.get("encoding_format") == "base64"
        rows = [
            {
                "object": "embedding",
                "index": index,
                "embedding": base64.b64encode(vector).decode()
                if as_base64
                else list(struct.unpack(f"<{dimensions}f", vector)),
            }
            for index, vector in enumerate(vectors)
        ]
        tokens = _tokens(asked)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return self.openai({"object": "list", "data": rows, "model": body.get("model", ""), "usage": usage})

    def _moderations(self, request: Received) -> Answer:
        body = request.json()
        asked = body.get("input", "")
        scores = [
            {category: random.random() for category in MODERATION_CATEGORIES}
            for _ in (asked if isinstance(asked, list) else [asked])
        ]
        results = [
            {
                "flagged": any(value > 0.5 for value in row.values()),
                "categories": {category: value > 0.5 for category, value in row.items()},
                "category_scores": row,
                "category_applied_input_types": {category: ["text"] for category in row},
            }
            for row in scores
        ]
        model = body.get("model", "omni-moderation-latest")
        return self.openai({"id": f"modr-{secrets.token_hex(16)}", "model": model, "results": results})

    def _images(self, request: Received) -> Answer:
        body = request.json()
        images = [{"b64_json": base64.b64encode(_png()).decode()} for _ in range(body.get("n") or 1)]
        tokens = _tokens(body.get("prompt", ""))
        usage = {
            "input_tokens": tokens,
            "input_tokens_details": {"image_tokens": 0, "text_tokens": tokens},
            "output_tokens": 1056 * len(images),
            "total_tokens": tokens + 1056 * len(images),
        }
        look = {"background": "opaque", "output_format": "png", "quality": "medium", "size": "1024x1024"}
        return self.openai({"created": _now(), **look, "data": images, "usage": usage})

    def _speech(self, request: Received) -> Answer:
        """An ID3 tag and the head of an MPEG frame; its 0xFF byte is never valid UTF-8."""
        request.json()
        sound = b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x90\xc4" + secrets.token_bytes(256)
        return Answer(200, (*self._openai_headers(), ("content-type", "audio/mpeg")), sound)

    def _transcriptions(self, request: Received) -> Answer:
        fields = _multipart(request)
        name, sound = fields.get("file", (None, b""))
        text = _text_answer(f"{name}, {len(sound)} bytes", self.next_number())
        if fields.get("response_format", (None, b""))[1] == b"text":
            kind = ("content-type", "text/plain; charset=utf-8")
            return Answer(200, (*self._openai_headers(), kind), text.encode() + b"\n")
        return self.openai({"text": text, "usage": {"type": "duration", "seconds": 1}})

    # --- OpenAI: files and models ---

    def _upload(self, request: Received) -> Answer:
        fields = _multipart(request)
        name, content = fields.get("file", (None, b""))
        file: Json = {
            "object": "file",
            "id": f"file-{_random_text(22)}",
            "purpose": fields.get("purpose", (None, b"user_data"))[1].decode(),
            "filename": name or "file",
            "bytes": len(content),
            "created_at": _now(),
            "expires_at": None,
            "status": "processed",
            "status_details": None,
        }
        self._files[file["id"]] = (file, content)
        return self.openai(file)

    def _stored(self, request: Received) -> tuple[Json, bytes]:
        file_id = request.route_path.split("/")[3]
        if file_id not in self._files:
            raise NotFound(f"No such File object: {file_id}")
        return self._files[file_id]

    def _file(self, request: Received) -> Answer:
        file, _ = self._stored(request)
        return self.openai(file)

    def _file_content(self, request: Received) -> Answer:
        _, content = self._stored(request)
        return Answer(200, (*self._openai_headers(), ("content-type", "application/octet-stream")), content)

    def _delete_file(self, request: Received) -> Answer:
        file, _ = self._stored(request)
        self._files.pop(file["id"], None)
        return self.openai({"object": "file", "deleted": True, "id": file["id"]})

    def _models(self, request: Received) -> Answer:
        """Both providers have this path; `anthropic-version` tells which one is asked.

        Each list ends in a model whose name holds the running number, for two lists to differ."""
        number = self.next_number()
        if _is_anthropic(request):
            rows = [
                {
                    "type": "model",
                    "id": name,
                    "display_name": name.title().replace("-", " "),
                    "created_at": "2026-01-31T00:00:00Z",
                    "lifecycle": "active",
                }
                for name in ("claude-demo", f"claude-demo-{number}")
            ]
            ends = {"first_id": rows[0]["id"], "last_id": rows[-1]["id"], "has_more": False}
            return self.anthropic({"data": rows, **ends})
        models = [
            {"id": name, "object": "model", "created": _now(), "owned_by": "system"}
            for name in ("gpt-demo", f"gpt-demo-{number}")
        ]
        return self.openai({"object": "list", "data": models})


# --- Parts of the answers ---------------------------------------------------------------------------

MODERATION_CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)


def _block_deltas(block: Json) -> Iterator[Json]:
    """The deltas of one content block of a streamed message; a tool's input begins with an empty one."""
    if block["type"] == "text":
        yield from ({"type": "text_delta", "text": piece} for piece in _pieces(block["text"]))
        return
    pieces = _json_pieces(json.dumps(block["input"], ensure_ascii=False))
    yield from ({"type": "input_json_delta", "partial_json": piece} for piece in ["", *pieces])


def _usage(prompt: object, answers: object) -> Json:
    """Token counts in the form of Chat Completions."""
    given, made = _tokens(prompt), _tokens(answers)
    return {
        "prompt_tokens": given,
        "completion_tokens": made,
        "total_tokens": given + made,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _chat_deltas(message: Json) -> Iterator[Json]:
    """The deltas of one choice of a streamed chat completion."""
    if not message.get("tool_calls"):
        yield {"role": "assistant", "content": "", "refusal": None}
        for piece in _pieces(message["content"]):
            yield {"content": piece}
        return
    (call,) = message["tool_calls"]
    begun = {"index": 0, **call, "function": {**call["function"], "arguments": ""}}
    yield {"role": "assistant", "content": None, "tool_calls": [begun], "refusal": None}
    for piece in _json_pieces(call["function"]["arguments"]):
        yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}


def _text_part(text: str) -> Json:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _message_item(text: str) -> Json:
    """An output item of a response that is a text."""
    return {
        "id": f"msg_{secrets.token_hex(25)}",
        "type": "message",
        "status": "completed",
        "content": [_text_part(text)],
        "role": "assistant",
    }


def _function_call_item(tool: _Tool, number: int) -> Json:
    """An output item of a response that calls a tool."""
    return {
        "id": f"fc_{secrets.token_hex(25)}",
        "type": "function_call",
        "status": "completed",
        "arguments": json.dumps(_made_up(tool.schema, number) or {}, ensure_ascii=False),
        "call_id": f"call_{_random_text(24)}",
        "name": tool.name,
    }


def _response(body: Json, item: Json) -> Json:
    """A completed response; what the request set is repeated in it, as by the real API."""
    given, made = _tokens(body.get("input")), _tokens(item)
    return {
        "id": f"resp_{secrets.token_hex(25)}",
        "object": "response",
        "created_at": _now(),
        "status": "completed",
        "background": False,
        "completed_at": _now(),
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "max_tool_calls": None,
        "model": body.get("model", ""),
        "output": [item],
        "parallel_tool_calls": True,
        "previous_response_id": body.get("previous_response_id"),
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "store": body.get("store", True),
        "temperature": body.get("temperature", 1.0),
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools") or [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": {
            "input_tokens": given,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": made,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": given + made,
        },
        "user": None,
        "metadata": body.get("metadata") or {},
    }


def _response_events(response: Json, item: Json) -> Iterator[Json]:
    """The stream of a response (platform.openai.com/docs/api-reference/responses-streaming), unnumbered."""
    begun = {**response, "status": "in_progress", "completed_at": None, "output": [], "usage": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    empty: Json = {"content": []} if item["type"] == "message" else {"arguments": ""}
    added = {**item, "status": "in_progress", **empty}
    yield {"type": "response.output_item.added", "output_index": 0, "item": added}
    yield from _text_events(item) if item["type"] == "message" else _argument_events(item)
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    yield {"type": "response.completed", "response": response}


def _text_events(item: Json) -> Iterator[Json]:
    text = item["content"][0]["text"]
    place = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    yield {"type": "response.content_part.added", **place, "part": _text_part("")}
    for piece in _pieces(text):
        hidden = {"logprobs": [], "obfuscation": _random_text(random.randrange(1, 16))}
        yield {"type": "response.output_text.delta", **place, "delta": piece, **hidden}
    yield {"type": "response.output_text.done", **place, "text": text, "logprobs": []}
    yield {"type": "response.content_part.done", **place, "part": _text_part(text)}


def _argument_events(item: Json) -> Iterator[Json]:
    place = {"item_id": item["id"], "output_index": 0}
    kind = "response.function_call_arguments"
    for piece in _json_pieces(item["arguments"]):
        yield {"type": f"{kind}.delta", **place, "delta": piece, "obfuscation": _random_text(8)}
    yield {"type": f"{kind}.done", **place, "name": item["name"], "arguments": item["arguments"]}


# --- The server ---------------------------------------------------------------------------------------


class _Server(ThreadingHTTPServer):
    """One daemon thread per connection; it knows its open connections, to close them at the stop."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], provider: LocalProvider) -> None:
        self.provider = provider
        self._connections: set[Any] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # HTTPServer's own would ask the resolver for this host's name, which can take long without a network.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """A client that kept a connection alive must not be answered after the stop."""
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # the client was faster

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A connection that ends early is the client's right, and how an answer with a cut is made.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # each chunk of a stream leaves at once
    server: _Server

    def _serve(self) -> None:
        request = Received(self.command, self.path, self._lower_case_headers(), self._body())
        provider = self.server.provider
        provider.received.append(request)
        self._send(provider.respond(request))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: `LocalProvider.received` tells what came."""

    def _lower_case_headers(self) -> dict[str, str]:
        names = dict.fromkeys(name.lower() for name in self.headers)
        return {name: ", ".join(self.headers.get_all(name, [])) for name in names}

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _chunks(self) -> Iterator[bytes]:
        """Chunked transfer coding (RFC 9112, section 7.1)."""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailer fields

    def _send(self, answer: Answer) -> None:
        in_chunks = not isinstance(answer.body, bytes) and not answer.header("content-length")
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if in_chunks:
            self.send_header("transfer-encoding", "chunked")
        elif isinstance(answer.body, bytes):
            self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if isinstance(answer.body, bytes):
            self.wfile.write(answer.body)
            return
        for part in answer.body:
            if part:  # an empty chunk would end the body
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part) if in_chunks else part)
        if in_chunks:
            self.wfile.write(b"0\r\n\r\n")
