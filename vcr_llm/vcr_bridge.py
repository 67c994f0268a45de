"""The only module that knows vcrpy's shapes and private names (vcrpy 9.2 to 9.4, pytest-recording 0.14).

vcrpy's shapes: a request object whose body may be bytes, text, a file, an iterator, a dict (aiohttp)
or None; a response dict ``{"status": {"code", "message"}, "headers": {name: [values]}, "body":
{"string"}}``, or in old httpx recordings ``{"status_code", "headers", "content"}``. What a cassette of
ours knows beyond that rides in the response dict under the key `RIDER`; vcrpy keeps keys it does not know.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from vcr.cassette import Cassette, CassetteContextDecorator
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.matchers import requests_match
from vcr.persisters.filesystem import CassetteNotFoundError, FilesystemPersister
from vcr.record_mode import RecordMode
from vcr.request import Request as VcrRequest
from vcr.serialize import deserialize, serialize
from vcr.serializers import jsonserializer, yamlserializer
from vcr.util import read_body

from vcr_llm import content
from vcr_llm.interaction import Body, Headers, Interaction, Request, Response

__all__ = [
    "RIDER",
    "BridgedCassette",
    "CannotOverwriteExistingCassetteException",
    "CassetteContextDecorator",
    "CassetteNotFoundError",
    "FilesystemPersister",
    "Pair",
    "RecordMode",
    "VcrRequest",
    "decoded",
    "deserialize",
    "extra_paths",
    "jsonserializer",
    "requests_match",
    "serialize",
    "to_interaction",
    "to_pair",
    "to_request",
    "without_rider",
    "writes_files_itself",
    "yamlserializer",
]

Pair = tuple[VcrRequest, dict[str, Any]]
"""A recorded request and response as vcrpy holds them."""

RIDER: Final = "vcr_llm"


# --- shapes ------------------------------------------------------------------------------------------


def to_request(request: VcrRequest) -> Request:
    """Our view of vcrpy's request object; reading a body leaves it readable."""
    return Request(request.method, request.uri, _request_body(request))


def _request_body(request: VcrRequest) -> Body | None:
    value = request.body
    if value is None:
        return None
    if isinstance(value, Mapping | list | tuple):  # aiohttp: the json= or data= argument itself
        return Body(json.dumps(value, default=str).encode("utf-8"))
    raw = read_body(request)  # vcr/util.py: files and iterators, from a copy
    if isinstance(raw, str):
        raw = raw.encode("utf-8", "surrogatepass")
    return Body(bytes(raw) if isinstance(raw, bytes | bytearray | memoryview) else str(raw).encode("utf-8"))


def to_interaction(request: VcrRequest, response: Mapping[str, Any]) -> Interaction:
    """Our view of a recorded pair, whatever vcrpy version or stub wrote it."""
    rider = response.get(RIDER, {})
    return Interaction(
        to_request(request),
        _to_response(response),
        rider.get("recorded_at"),
        rider.get("hash"),
        rider.get("bare", False),
        rider.get("extra", {}),
    )


def _to_response(response: Mapping[str, Any]) -> Response:
    status = response.get("status") or {"code": response.get("status_code", 200), "message": ""}
    return Response(
        int(status["code"]),
        status.get("message") or "",
        to_headers(response.get("headers") or {}),
        Body(_response_bytes(response)),
    )


def _response_bytes(response: Mapping[str, Any]) -> bytes:
    body = response.get("body", response.get("content"))
    if isinstance(body, Mapping):
        body = body.get("string")
    if body is None:
        return b""
    return body.encode("utf-8", "surrogatepass") if isinstance(body, str) else bytes(body)


def to_headers(headers: Mapping[Any, Any]) -> Headers:
    """Header values of every recorded style (one text, a list, bytes) as tuples under lower-case names."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in headers.items():
        values = [value] if isinstance(value, str | bytes) else list(value)
        key = _header_text(name).lower()
        found[key] = (*found.get(key, ()), *map(_header_text, values))
    return found


def _header_text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def to_pair(interaction: Interaction) -> Pair:
    """vcrpy's view of an interaction."""
    request, response = interaction.request, interaction.response
    body = None if request.body is None else request.body.raw
    rider: dict[str, Any] = {
        "recorded_at": interaction.recorded_at,
        "hash": interaction.hash,
        "bare": interaction.bare,
        "extra": interaction.extra,
    }
    return VcrRequest(request.method, request.url, body, {}), {
        "status": {"code": response.status, "message": response.reason},
        "headers": {name: list(values) for name, values in response.headers.items()},
        "body": {"string": response.body.raw},
        RIDER: {name: value for name, value in rider.items() if value},
    }


def without_rider(response: Mapping[str, Any]) -> dict[str, Any]:
    """The response dict as other serializers know it."""
    return {name: value for name, value in response.items() if name != RIDER}


def decoded(response: dict[str, Any]) -> dict[str, Any]:
    """The response dict with its content encodings undone; the very same dict where there is none."""
    headers = response.get("headers") or {}
    names = {str(name).lower(): name for name in headers}
    if "content-encoding" not in names or "body" not in response:
        return response
    applied = content.encodings(to_headers(headers)["content-encoding"])
    raw = content.decode(_response_bytes(response), applied)
    if raw is None:  # an encoding nobody knows: kept as sent
        return response
    gone = {names.get("content-encoding"), names.get("content-length")}
    return {
        **response,
        "headers": {name: value for name, value in headers.items() if name not in gone},
        "body": {"string": raw},
    }


# --- persisters --------------------------------------------------------------------------------------


def writes_files_itself(persister: Any) -> bool:
    """Whether a persister is somebody's own (a bucket, a database), not vcrpy's or pytest-recording's files.

    pytest-recording registers its own subclass of vcrpy's for every test (``_vcr.py``, CombinedPersister).
    """
    kind = persister if isinstance(persister, type) else type(persister)
    return kind is not FilesystemPersister and kind.__module__ != "pytest_recording._vcr"


def extra_paths(persister: Any) -> Sequence[str]:
    """The extra cassettes a test names: ``CombinedPersister.extra_paths`` of ``pytest_recording/_vcr.py``."""
    return tuple(getattr(persister, "extra_paths", ()))


# --- the cassette's private names --------------------------------------------------------------------


@dataclass(slots=True)
class Lookup:
    """What was found for one live request object: the filtered request and the recording reserved for it."""

    filtered: VcrRequest | None
    body: Any
    number: int | None = None
    played: bool = False


class BridgedCassette(Cassette):  # type: ignore[misc]  # vcrpy has no type information
    """vcrpy's cassette with the private parts we need under names of ours (``vcr/cassette.py``).

    Subclasses override `to_save` and the public methods.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.lookups: weakref.WeakKeyDictionary[VcrRequest, Lookup] = weakref.WeakKeyDictionary()

    @property
    def persister(self) -> Any:
        return self._persister

    @property
    def serializer(self) -> Any:
        return self._serializer

    @property
    def matchers(self) -> Sequence[Callable[..., Any]]:
        return cast("Sequence[Callable[..., Any]]", self._match_on)

    @property
    def loaded_count(self) -> int:
        """How many interactions, from the first, came from files."""
        count: int = self._loaded_count
        return count

    def save_to(self, path: str) -> None:
        """Save to another file than the one loaded from."""
        self._path = path

    def filtered(self, request: VcrRequest) -> VcrRequest | None:
        """A copy of the request after the user's filters; None where it is to be ignored."""
        return cast("VcrRequest | None", self._before_record_request(request))

    def played(self, number: int) -> None:
        """Count a play, as vcrpy's own ``play_response`` does."""
        if self.play_counts[number] == 0 and number < self.loaded_count:
            self._played_interactions.append(self.data[number])
        self.play_counts[number] += 1

    def load_more(self, pairs: Iterable[Pair]) -> None:
        """Append interactions of other files behind those of the cassette's own, as loaded ones."""
        for request, response in pairs:
            self.append(request, response)
            self._old_interactions.append((request, response))
            self.rewound = True
        self._loaded_count = len(self.data)
        self.dirty = False

    def to_save(self) -> list[Pair] | None:
        """The interactions the file should hold from now on; None where it should stay as it is."""
        raise NotImplementedError

    def _save(self, force: bool = False) -> None:
        pairs = self.to_save()
        if pairs is None and not force:
            return
        if pairs is None:
            pairs = list(self.data)
        # _persist runs the user's before_save_interaction hooks and adds the metadata (vcrpy 9.2).
        self._persist({"requests": [pair[0] for pair in pairs], "responses": [pair[1] for pair in pairs]})
        self.dirty = False
