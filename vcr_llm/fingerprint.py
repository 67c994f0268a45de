"""What a request asks for, as digests: the canonical parts of a call, and llm-mock's own hash.

A call is named by its place (method, scheme, host, path), its operation, whether it streams, and
model, messages and temperature. In digests null equals absent, 1 equals 1.0, an absent temperature is the
provider's default, and neither key order nor white space counts. Headers never do, and neither do API
keys that travel in the query.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from vcr_llm.interaction import NO_JSON, Request
from vcr_llm.providers import Call, body_fields, classify

__all__ = ["MATCH_ON", "Fingerprint", "fingerprint", "llm_mock_hash", "normalised", "whole_request"]

MATCH_ON: Final = ("model", "messages", "temperature")
"""The request fields llm-mock hashes unless told otherwise."""

_LLM_MOCK_DEFAULTS: Final[Mapping[str, Any]] = {"temperature": 1.0}
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

    @property
    def digest(self) -> str:
        """64 hex digits that name the call, place included."""
        return _digest([self.place, self.key])


def fingerprint(request: Request, *, match_host: bool = True) -> Fingerprint:
    """The fingerprint of a request. With ``match_host=False`` scheme, host and port play no part."""
    url = urlsplit(request.url)
    call = classify(request)
    place = f"{request.method.upper()} {_origin(url) if match_host else ''}{url.path or '/'}"
    query = _query(url)
    if call is None:
        return Fingerprint(None, place, _digest(query), _digest([query, whole_request(request)]))
    temperature = call.operation.default_temperature if call.temperature is None else call.temperature
    key = [str(call.operation), call.stream, call.model, call.prompt, temperature]
    return Fingerprint(call, place, _digest(key), _digest([query, whole_request(request)]))


def whole_request(request: Request) -> Any:
    """The request's body as a value to compare: JSON, a form's fields, or the digest of its bytes."""
    if request.body is None:
        return None
    value = request.body.json
    if value is not NO_JSON:
        return value
    fields = body_fields(request)
    return fields or {"sha256": hashlib.sha256(request.body.raw).hexdigest()}


def normalised(value: Any) -> Any:
    """A JSON value with what never counts taken out: members that are null, ``.0`` behind a number."""
    if isinstance(value, Mapping):
        return {name: normalised(member) for name, member in value.items() if member is not None}
    if isinstance(value, list | tuple):
        return [normalised(member) for member in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _digest(value: Any) -> str:
    text = json.dumps(normalised(value), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _origin(url: SplitResult) -> str:
    try:
        port = url.port
    except ValueError:  # not a number, or out of range: the text itself is the identity
        return f"{url.scheme}://{url.netloc}"
    scheme = url.scheme.lower()
    suffix = "" if port is None or port == _PORTS.get(scheme) else f":{port}"
    return f"{scheme}://{url.hostname or ''}{suffix}"


def _query(url: SplitResult) -> list[tuple[str, str]]:
    pairs = parse_qsl(url.query, keep_blank_values=True)
    return sorted(pair for pair in pairs if pair[0].lower() not in _KEY_PARAMETERS)


def llm_mock_hash(request: Mapping[str, Any], match_on: Sequence[str] = MATCH_ON) -> str:
    """llm-mock's hash of a request body: 64 hex digits.

    SHA-256 of ``json.dumps`` with sorted keys and Python's other defaults, of the fields named; an
    absent temperature counts as 1.0, any other absent field as null. (llm-mock 1.0.1, ``matcher.py``.)
    """
    key = {name: request.get(name, _LLM_MOCK_DEFAULTS.get(name)) for name in match_on}
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
