"""What a request asks for, as digests: the canonical parts of a call, and llm-mock's own hash.

A call is named by its place (method, scheme, host, path), its operation, whether it streams, and
model, messages and temperature. In digests null equals absent, 1 equals 1.0, an absent temperature is the
provider's default, and neither key order nor white space counts. Headers never do, and neither do API
keys that travel in the query, nor what is volatile by nature (see `Operation`).
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, NamedTuple
from urllib.parse import SplitResult, parse_qsl, urlencode

from vcr_llm import jsontext
from vcr_llm.interaction import NO_JSON, Request, split_url
from vcr_llm.providers import Call, body_fields, classify

__all__ = [
    "MATCH_ON",
    "Digests",
    "Fingerprint",
    "Place",
    "Sent",
    "digest_of",
    "digests",
    "fingerprint",
    "llm_mock_hash",
    "normalised",
    "place",
    "request_digest",
    "sent_key",
    "to_sent",
    "whole_request",
]

MATCH_ON: Final = ("model", "messages", "temperature")
"""The request fields llm-mock hashes unless told otherwise."""

_LLM_MOCK_DEFAULTS: Final[Mapping[str, Any]] = {"temperature": 1.0}
_SHA256: Final = "sha256"
_PORTS: Final = {"http": 80, "https": 443}
_KEY_PARAMETERS: Final = frozenset({"key", "api_key", "api-key", "apikey", "access_token"})


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The identity of one request.

    ``call`` is None for a request that is no LLM call. ``place`` is ``METHOD scheme://host:port/path``.
    ``key`` is the digest of operation, stream flag, model, messages and temperature (of nothing but the
    query for other requests); ``whole`` of the query and the whole body. Neither contains the place.
    """

    call: Call | None
    place: str
    key: str
    whole: str

    def without_texts(self) -> Fingerprint:
        """The same identity, without what the request says: to be kept for thousands of requests."""
        if self.call is None:
            return self
        return replace(self, call=replace(self.call, prompt={}, rest={}))

    @property
    def digest(self) -> str:
        """64 hex digits that name the call, place included."""
        return _digest([self.place, self.key])


def fingerprint(
    request: Request, *, match_host: bool = True, match_on: Sequence[str] = MATCH_ON
) -> Fingerprint:
    """The fingerprint of a request.

    With ``match_host=False`` scheme, host and port play no part. ``match_on`` names the parts of the key:
    ``model``, ``messages`` and ``temperature`` wherever the operation keeps them, or fields of the body.
    """
    call = classify(request)
    method, host, path, query = place(request)
    where = f"{method} {host if match_host else ''}{path}"
    body = _body_value(request)
    text = _sorted([query, body])
    if call is not None and _mentions(text, call.operation.volatile):
        volatile = call.operation.volatile
        body, call = _without(body, volatile), replace(call, prompt=_without(call.prompt, volatile))
        text = _sorted([query, body])
    whole = _digest([query, body], text)
    if call is None:
        return Fingerprint(None, where, _digest(query), whole)
    parts = {name: _part(call, body, name) for name in match_on}
    return Fingerprint(call, where, _digest([str(call.operation), call.stream, parts]), whole)


def _part(call: Call, body: Any, name: str) -> Any:
    match name:
        case "model":
            return call.model
        case "temperature":
            return call.operation.default_temperature if call.temperature is None else call.temperature
        case "messages":
            # A body without fields (JSON nested too deep, bytes, a list) counts as a whole.
            named = isinstance(body, Mapping) and body.keys() != {_SHA256}
            return call.prompt if named else [call.prompt, body]
    return body.get(name) if isinstance(body, Mapping) else None


def request_digest(request: Request) -> bytes:
    """16 bytes that are the same for requests of one method and URL whose bodies say the same.

    In bodies key order, white space, null members and ``.0`` do not count, as in a fingerprint; all else
    does, so this is far cheaper: nothing has to be known of providers and secrets.
    """
    return digest_of(request.method, request.url, _body_value(request))


def digest_of(method: str, url: str, value: Any) -> bytes:
    """The same, where the JSON value of the body is at hand; None where there is no body."""
    text = _normal_text([method, url, value]).encode("ascii")
    return blake2b(text, digest_size=16).digest()  # OpenSSL's hashes take longer to begin


Sent = tuple[str, str, bytes]
"""Method, URL and body of a request, b"" where it has none."""


def to_sent(request: Request) -> Sent:
    """The same of a request of ours."""
    return request.method, request.url, b"" if request.body is None else request.body.raw


def sent_key(sent: Sent) -> Hashable:
    """What is the same, in one process, for requests of one method and URL whose bodies are the same bytes.

    Python's own hash of 64 bits, which is keyed (PEP 456) and whose code every call has in use anyway: of a
    cassette of 10,000 and as many calls, one in 10¹¹ would find a wrong recording. Where Python's hash has
    but 32 bits, the request itself.
    """
    return hash(sent) if _LONG_HASHES else sent


_LONG_HASHES: Final = sys.hash_info.width >= 64


class Digests(NamedTuple):
    """Of one request: `sent_key` and `request_digest`."""

    sent: Hashable
    said: bytes


def digests(request: Request) -> Digests:
    """Both of a request."""
    return Digests(sent_key(to_sent(request)), request_digest(request))


class Place(NamedTuple):
    """Where a request goes, in the one spelling that matching sees; no API key is in the query."""

    method: str
    host: str
    path: str
    query: str


def place(request: Request) -> Place:
    """Method, scheme with host and port, path and query of a request."""
    return _place(request.method, request.url)


@lru_cache(maxsize=1024)  # many requests, few URLs
def _place(method: str, text: str) -> Place:
    url = split_url(text)
    return Place(method.upper(), _origin(url), url.path or "/", _query(url))


def whole_request(request: Request) -> Any:
    """The request's body as a value to compare: JSON, a form's fields, or the digest of its bytes.

    Without what is volatile by nature in a call of its operation.
    """
    call = classify(request)
    value = _body_value(request)
    return value if call is None else _without(value, call.operation.volatile)


def _mentions(text: str, paths: Sequence[str]) -> bool:
    """Whether a JSON text may have something at one of these paths; nearly always it has not."""
    return any(f'"{path.rpartition(".")[2]}"' in text for path in paths)


def _without(value: Any, paths: Sequence[str]) -> Any:
    """A value without what is at these paths; the very same object where there is nothing."""
    for path in paths:
        value = _less(value, path.split("."))
    return value


def _less(value: Any, steps: Sequence[str]) -> Any:
    step, *rest = steps
    if step == "*" and isinstance(value, list):
        members = [_less(member, rest) for member in value]
        same = all(one is other for one, other in zip(members, value, strict=True))
        return value if same else members
    if not isinstance(value, Mapping) or step not in value:
        return value
    if not rest:
        return {name: member for name, member in value.items() if name != step}
    inner = _less(value[step], rest)
    return value if inner is value[step] else {**value, step: inner}


def _body_value(request: Request) -> Any:
    if request.body is None:
        return None
    value = request.body.json
    if value is not NO_JSON:
        return value
    if not request.body.raw:
        return None
    fields = body_fields(request)
    return fields or {_SHA256: hashlib.sha256(request.body.raw).hexdigest()}


def normalised(value: Any) -> Any:
    """A JSON value with what never counts taken out: members that are null, ``.0`` behind a number."""
    if isinstance(value, Mapping):
        return {name: normalised(member) for name, member in value.items() if member is not None}
    if isinstance(value, list | tuple):
        return [normalised(member) for member in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


_sorted: Final = jsontext.encoder(ascii_only=True, sort_keys=True)

_NOT_NORMAL: Final = ("null", ".0", "e+")
"""One of these is in the JSON text of every value that `normalised` changes, and in few others."""


def _digest(value: Any, text: str | None = None) -> str:
    """The digest of a value; ``text`` is its JSON text where that is known."""
    return hashlib.sha256(_normal_text(value, text).encode("ascii")).hexdigest()


def _normal_text(value: Any, text: str | None = None) -> str:
    """The JSON text of a value in the one spelling that counts; ``text`` as in `_digest`."""
    text = _sorted(value) if text is None else text
    if any(mark in text for mark in _NOT_NORMAL):
        text = _sorted(normalised(value))
    return text


def _origin(url: SplitResult) -> str:
    try:
        port = url.port
    except ValueError:  # not a number, or out of range: the text itself is the identity
        return f"{url.scheme}://{url.netloc}"
    scheme = url.scheme.lower()
    suffix = "" if port is None or port == _PORTS.get(scheme) else f":{port}"
    return f"{scheme}://{url.hostname or ''}{suffix}"


def _query(url: SplitResult) -> str:
    pairs = parse_qsl(url.query, keep_blank_values=True)
    kept = sorted(pair for pair in pairs if pair[0].lower() not in _KEY_PARAMETERS)
    return urlencode(kept, errors="surrogatepass")


def llm_mock_hash(request: Mapping[str, Any], match_on: Sequence[str] = MATCH_ON) -> str:
    """llm-mock's hash of a request body: 64 hex digits.

    SHA-256 of ``json.dumps`` with sorted keys and Python's other defaults, of the fields named; an
    absent temperature counts as 1.0, any other absent field as null. (llm-mock 1.0.1, ``matcher.py``.)
    """
    key = {name: request.get(name, _LLM_MOCK_DEFAULTS.get(name)) for name in match_on}
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
