"""What every answer is made with: running numbers, each provider's headers, JSON, streams and errors."""

from __future__ import annotations

import email.utils
import itertools
import json
import random
import re
import secrets
import threading
import uuid
from collections.abc import Iterable, Mapping

from vcr_llm.demo.asked import output_schema
from vcr_llm.demo.made_up import made_up_value, now, random_text, request_id, rfc3339, text_answer
from vcr_llm.demo.wire_types import Answer, Headers, Json, Received

__all__ = ["Answering", "compact", "speaks_anthropic", "sse_event"]

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


def speaks_anthropic(request: Received) -> bool:
    return bool(ANTHROPIC_PATHS.fullmatch(request.route_path)) or "anthropic-version" in request.headers


def compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def sse_event(data: str, name: str | None = None) -> bytes:
    """One server-sent event (html.spec.whatwg.org/multipage/server-sent-events.html)."""
    return (f"event: {name}\n" if name else "").encode() + f"data: {data}\n\n".encode()


def _cookie(name: str) -> tuple[str, str]:
    value = f"{random_text(43)}-{now()}-1.0.1.1-{random_text(60)}"
    return "set-cookie", f"{name}={value}; path=/; HttpOnly; Secure; SameSite=None"


class Answering:
    """What the APIs of both providers share; each of them is a class on top of this one."""

    def __init__(self) -> None:
        self.url = ""
        self.anthropic_organization = str(uuid.uuid4())
        self.openai_organization = f"org-{random_text(24)}"
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def next_number(self) -> int:
        """The running number that makes every answer a different one."""
        with self._lock:
            return next(self._numbers)

    def _text(self, request: Json, prompt: str, number: int) -> str:
        schema = output_schema(request)
        return text_answer(prompt, number) if schema is None else compact(made_up_value(schema, number))

    # --- Answers with each provider's headers ---

    def anthropic(self, payload: Json, status: int = 200) -> Answer:
        headers = (*self._anthropic_headers(), ("content-type", "application/json"))
        return Answer(status, headers, compact(payload).encode())

    def openai(self, payload: Json, status: int = 200) -> Answer:
        headers = (*self._openai_headers(), ("content-type", "application/json"))
        return Answer(status, headers, json.dumps(payload, ensure_ascii=False, indent=2).encode() + b"\n")

    def _stream(self, headers: Headers, events: Iterable[bytes]) -> Answer:
        kind = ("content-type", "text/event-stream; charset=utf-8")
        return Answer(200, (*headers, kind, ("cache-control", "no-cache")), events)

    def error(self, request: Received, status: int, message: str) -> Answer:
        """An error in the shape of the provider whose protocol the request speaks; OpenAI's if neither's."""
        anthropic_type, openai_type = ERROR_TYPES.get(status, ERROR_TYPES[500 if status >= 500 else 400])
        if speaks_anthropic(request):
            error = {"type": anthropic_type, "message": message}
            return self.anthropic({"type": "error", "error": error, "request_id": request_id()}, status)
        code = OPENAI_ERROR_CODES.get(status)
        return self.openai(
            {"error": {"message": message, "type": openai_type, "param": None, "code": code}}, status
        )

    def _anthropic_headers(self) -> Headers:
        return (
            ("date", email.utils.formatdate(usegmt=True)),
            ("request-id", request_id()),
            ("anthropic-organization-id", self.anthropic_organization),
            ("anthropic-ratelimit-requests-limit", "4000"),
            ("anthropic-ratelimit-requests-remaining", str(random.randrange(4000))),
            ("anthropic-ratelimit-requests-reset", rfc3339(1)),
            ("anthropic-ratelimit-input-tokens-limit", "400000"),
            ("anthropic-ratelimit-input-tokens-remaining", str(random.randrange(400_000))),
            ("anthropic-ratelimit-input-tokens-reset", rfc3339(1)),
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
