"""The only module that knows vcrpy's shapes and private names (vcrpy 9.2 to 9.4, pytest-recording 0.14).

vcrpy's shapes: a request object whose body may be bytes, text, a file, an iterator, a dict (aiohttp)
or None; a response dict ``{"status": {"code", "message"}, "headers": {name: [values]}, "body":
{"string"}}``, or in old httpx recordings ``{"status_code", "headers", "content"}``. What a cassette of
ours knows beyond that rides in the response dict under the key `RIDER`; vcrpy keeps keys it does not know.
"""

from __future__ import annotations

import copy
import json
import sys
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any, Final, cast
from urllib.parse import urlencode

from vcr import filters, patch
from vcr.cassette import Cassette, CassetteContextDecorator
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.matchers import requests_match
from vcr.persisters.filesystem import CassetteNotFoundError, FilesystemPersister
from vcr.record_mode import RecordMode
from vcr.request import Request as VcrRequest
from vcr.serialize import deserialize, serialize
from vcr.serializers import jsonserializer, yamlserializer
from vcr.util import read_body

from vcr_llm import content, multipart
from vcr_llm.formats import Recording
from vcr_llm.interaction import Body, Headers, Interaction, Request, Response

__all__ = [
    "RETRIED",
    "RIDER",
    "BridgedCassette",
    "BridgedContext",
    "CannotOverwriteExistingCassetteException",
    "CassetteContextDecorator",
    "CassetteNotFoundError",
    "FilesystemPersister",
    "Pair",
    "RecordMode",
    "VcrRequest",
    "Watched",
    "decoded",
    "decoded_interaction",
    "default_cassette_name",
    "deserialize",
    "extra_paths",
    "is_bare",
    "jsonserializer",
    "merged_options",
    "prepare_cassettes",
    "recorded_pair",
    "requests_match",
    "serialize",
    "settle_body",
    "status_of",
    "stored_request",
    "to_interaction",
    "to_pair",
    "to_request",
    "to_response",
    "watch_cassettes",
    "without_rider",
    "without_waiting",
    "writes_files_itself",
    "yamlserializer",
]

Pair = tuple[VcrRequest, dict[str, Any]]
"""A recorded request and response as vcrpy holds them."""

RIDER: Final = "vcr_llm"

RETRIED: Final = frozenset({408, 409, 429, *range(500, 600)})
"""Statuses after which the SDKs ask again (``_should_retry`` in their ``_base_client.py``)."""


# --- shapes ------------------------------------------------------------------------------------------


def to_request(request: VcrRequest) -> Request:
    """Our view of vcrpy's request object; reading a body leaves it readable."""
    return Request(request.method, request.uri, _request_body(request))


def _request_body(request: VcrRequest) -> Body | None:
    value = request.body
    if value is None:
        return None
    if type(value) is bytes:
        return Body(value)
    if isinstance(value, Mapping | list | tuple):  # aiohttp: the json= or data= argument itself
        return Body(json.dumps(value, default=str).encode("utf-8"))
    if _is_aiohttp_form(value):
        return Body(_form_bytes(value))
    raw = read_body(request)  # vcr/util.py: files and iterators, from a copy
    if isinstance(raw, str):
        raw = raw.encode("utf-8", "surrogatepass")
    return Body(bytes(raw) if isinstance(raw, bytes | bytearray | memoryview) else str(raw).encode("utf-8"))


def settle_body(request: VcrRequest) -> None:
    """Make bytes of aiohttp's form object, before its files are sent and closed."""
    if _is_aiohttp_form(request.body):
        request.body = _form_bytes(request.body)


def _is_aiohttp_form(value: Any) -> bool:
    aiohttp = sys.modules.get("aiohttp")
    return aiohttp is not None and isinstance(value, aiohttp.FormData)


def _form_bytes(form: Any) -> bytes:
    """What an ``aiohttp.FormData`` sends, but for the boundary (``_fields`` of ``aiohttp/formdata.py``)."""
    parts = [
        multipart.Part(
            options["name"], _field_bytes(value), options.get("filename"), headers.get("Content-Type")
        )
        for options, headers, value in form._fields
    ]
    if form.is_multipart:
        return multipart.build(parts)
    return urlencode([(part.name, part.content) for part in parts]).encode("ascii")


def _field_bytes(value: Any) -> bytes:
    """The value of a field; a file is left where it stood."""
    if hasattr(value, "read"):
        if not value.seekable():
            return b""
        start = value.tell()
        value, _ = value.read(), value.seek(start)
    return bytes(value) if isinstance(value, bytes | bytearray | memoryview) else str(value).encode("utf-8")


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


def decoded_interaction(request: VcrRequest, response: dict[str, Any]) -> Interaction:
    """Our view of a recorded pair, its content encodings undone; raises `content.MissingDecoderError`."""
    return to_interaction(request, decoded(response))


def is_bare(response: Mapping[str, Any]) -> bool:
    """Whether the recording says nothing of HTTP, see `Interaction`."""
    return bool(response.get(RIDER, {}).get("bare"))


def status_of(response: Mapping[str, Any]) -> int:
    status = response.get("status")
    return int(status["code"] if status else response.get("status_code", 200))


def _to_response(response: Mapping[str, Any]) -> Response:
    return Response(
        status_of(response),
        (response.get("status") or {}).get("message") or "",
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


def stored_request(method: str, url: str, body: Any, headers: Mapping[str, Any] | None = None) -> VcrRequest:
    """vcrpy's request of a recording; a URL that is none (``http://[REDACTED``) has no parts.

    vcrpy parses it when it is set (``uri`` in ``vcr/request.py``) and lets `urllib.parse` raise.
    """
    try:
        return VcrRequest(method, url, body, headers or {})
    except ValueError:
        request = VcrRequest(method, "", body, headers or {})
        request._uri = url
        return request


def to_pair(interaction: Interaction) -> Pair:
    """vcrpy's view of an interaction."""
    request = interaction.request
    body = None if request.body is None else request.body.raw
    return stored_request(request.method, request.url, body), to_response(interaction)


def to_response(interaction: Interaction) -> dict[str, Any]:
    """vcrpy's view of an interaction's response, with the rider."""
    response = interaction.response
    rider: dict[str, Any] = {
        "recorded_at": interaction.recorded_at,
        "hash": interaction.hash,
        "bare": interaction.bare,
        "extra": interaction.extra,
    }
    return {
        "status": {"code": response.status, "message": response.reason},
        "headers": {name: list(values) for name, values in response.headers.items()},
        "body": {"string": response.body.raw},
        RIDER: {name: value for name, value in rider.items() if value},
    }


def recorded_pair(recording: Recording) -> Pair:
    """vcrpy's view of a recording of any format: with its headers, bodies as they were stored."""
    request = stored_request(
        recording.method,
        recording.url,
        recording.request_body,
        {name: list(values) for name, values in recording.request_headers.items()},
    )
    rider = {name: value for name in ("recorded_at", "extra") if (value := getattr(recording, name))}
    return request, {
        "status": {"code": recording.status, "message": recording.reason},
        "headers": {name: list(values) for name, values in recording.response_headers.items()},
        "body": {"string": recording.response_body},
        **({RIDER: rider} if rider else {}),
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


def without_waiting(response: dict[str, Any]) -> dict[str, Any]:
    """A replayed response after which no SDK sleeps before it asks again.

    ``retry-after: 0`` still makes them sleep for half a second; one millisecond is heeded by all.
    """
    names = {str(name).lower(): name for name in response.get("headers") or {}}
    if not names.keys() & {"retry-after", "retry-after-ms"} and status_of(response) not in RETRIED:
        return response
    waits = {names.get("retry-after"), names.get("retry-after-ms")}
    headers = {name: value for name, value in (response.get("headers") or {}).items() if name not in waits}
    return {**response, "headers": {**headers, "retry-after-ms": ["1"]}}


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


def copied(request: VcrRequest) -> VcrRequest:
    """What ``copy.deepcopy`` of a request gives, faster: only a body and headers can be changed."""
    twin = copy.copy(request)
    if not isinstance(request._body, bytes):
        twin._body = copy.deepcopy(request._body)
    twin._headers = copy.copy(request._headers)
    twin._headers._store = dict(request._headers._store)  # vcr/util.py, CaseInsensitiveDict
    return twin


# --- the cassette's private names --------------------------------------------------------------------


def filters_of(hook: Callable[..., Any]) -> list[Any] | None:
    """What one of vcrpy's record hooks does, in order; None for a hook of another making.

    vcrpy makes the hooks of a cassette from its options (``vcr/config.py``, ``filter_functions``) and calls
    them several times per request, on a deep copy. That costs more than all of ours; see `copied`.
    """
    names = hook.__code__.co_freevars if isinstance(hook, FunctionType) else ()
    cells = dict(zip(names, getattr(hook, "__closure__", None) or (), strict=True))
    found = cells["filter_functions"].cell_contents if "filter_functions" in cells else None
    return found if isinstance(found, list) else None


@dataclass(slots=True)
class Lookup:
    """What was found for one live request object: whether the user's filters let it pass, and the
    recording reserved for it. ``body`` is the request's at that time."""

    ignored: bool
    body: Any
    number: int | None = None
    played: bool = False
    live_since: float | None = None
    """When it was let go live, by `time.perf_counter`."""


_ABSENT_IF_MISSING: Final = {
    "boto3": ("botocore", "_cpoolBoto3HTTPConnection"),
    "httplib2": ("httplib2", "_HTTPConnectionWithTimeout"),
    "tornado": ("tornado", "_SimpleAsyncHTTPClient_fetch_impl"),
    "aiohttp": ("aiohttp", "_AiohttpClientSessionRequest"),
    "httpx": ("httpx", "_HttpxHttpTransport_handle_request"),
    "httpx2": ("httpx2", "_Httpx2HttpTransport_handle_request"),
}
"""vcrpy's patchers, the library of each, and what ``vcr/patch.py`` has kept of it if it is installed."""


def absent_patchers() -> tuple[str, ...]:
    """The patchers of libraries that are not there, for the option ``skip_patchers``.

    vcrpy tries to import each of them for every cassette, and a search in vain is the dearest import.
    """
    return tuple(
        name
        for name, (library, kept) in _ABSENT_IF_MISSING.items()
        if not hasattr(patch, kept) and library not in sys.modules
    )


class BridgedContext(CassetteContextDecorator):  # type: ignore[misc]  # vcrpy has no type information
    """vcrpy's context, which asks for a cassette's options once and not again when it closes."""

    _args_getter: Callable[[], dict[str, Any]]

    def __enter__(self) -> Any:
        self._original_getter = self._args_getter
        options = self._args_getter()
        self._args_getter = lambda: options
        try:
            return super().__enter__()
        except BaseException:
            self._args_getter = self._original_getter
            raise

    def __exit__(self, *exc_info: Any) -> None:
        try:
            super().__exit__(*exc_info)
        finally:
            self._args_getter = self._original_getter


class BridgedCassette(Cassette):  # type: ignore[misc]  # vcrpy has no type information
    """vcrpy's cassette with the private parts we need under names of ours (``vcr/cassette.py``).

    Subclasses override `to_save` and the public methods.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.lookups: weakref.WeakKeyDictionary[VcrRequest, Lookup] = weakref.WeakKeyDictionary()
        self._filters = filters_of(self._before_record_request)
        self.skip_patchers = (*getattr(self, "skip_patchers", ()), *absent_patchers())

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
        """The request after the user's filters (a copy, if there are any); None where it is to be ignored."""
        if self._filters is None:
            return cast("VcrRequest | None", self._before_record_request(request))
        found: VcrRequest | None = copied(request) if self._filters else request
        for each in self._filters:
            if found is None:
                break
            found = each(found)
        return found

    def played(self, number: int) -> None:
        """Count a play, as vcrpy's own ``play_response`` does; its list of what was played only it reads."""
        self.play_counts[number] += 1

    @property
    def has_load_hooks(self) -> bool:
        """Whether ``after_load_interaction`` or ``filter_sensitive_data`` looks at what is loaded."""
        return bool(self._after_load_interaction)

    @property
    def filters_headers_only(self) -> bool:
        """Whether no record hook changes interactions of a file that has no request headers (ours)."""
        requests, responses = self._filters, filters_of(self._before_record_response)
        return (
            requests is not None
            and responses is not None
            and all(getattr(each, "func", None) is filters.replace_headers for each in requests)
            and all(each is filters.decode_response for each in responses)
        )

    def take(self, pairs: list[Pair], metadata: Mapping[str, Any] | None) -> None:
        """What ``_load`` does with a file's interactions, but for copying and filtering each."""
        self.data = pairs
        self._old_interactions: list[Pair] = []
        self._loaded_count = len(pairs)
        self._metadata = dict(metadata or {})
        self.dirty, self.rewound = False, True

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
        self.persist(pairs)

    def persist(self, pairs: Sequence[Pair]) -> None:
        """Give the persister interactions after the user's save hooks, with the metadata (vcrpy 9.2)."""
        self._persist({"requests": [pair[0] for pair in pairs], "responses": [pair[1] for pair in pairs]})
        self.dirty = False

    def forget_loaded(self) -> None:
        """As if there had been no file."""
        self.data.clear()
        self._old_interactions.clear()
        self._loaded_count = 0
        self.rewound = False


# --- watching every cassette -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Watched:
    """A cassette that has been opened, ours or vcrpy's own, as it is after loading."""

    cassette: Any
    path: str
    pairs: Sequence[Pair]
    matchers: Sequence[Callable[..., Any]]
    repeats: bool

    def filtered(self, request: VcrRequest) -> VcrRequest | None:
        """The request after the user's filters; None where it is to be ignored."""
        return cast("VcrRequest | None", self.cassette._before_record_request(request))


def watch_cassettes(opened: Callable[[Watched], Callable[[VcrRequest], None]]) -> Callable[[], None]:
    """Be told of every cassette that anybody opens, and by what ``opened`` returns of every call into it.

    Nothing is saved while watching. The call is told before it is played, or once it has been found to
    have no recording. Returns what ends it. (``vcr/cassette.py``: CassetteContextDecorator patches the
    HTTP libraries in ``_patch_generator`` once the cassette is loaded; the stubs ask
    ``can_play_response_for`` and then ``play_response`` of the instance.)
    """
    original = CassetteContextDecorator._patch_generator

    def patching(self: Any, cassette: Any) -> Any:
        watched = Watched(
            cassette,
            str(cassette._path),
            tuple(cassette.data),
            tuple(cassette._match_on),
            bool(cassette.allow_playback_repeats),
        )
        _tell(cassette, opened(watched))
        return original(self, cassette)

    CassetteContextDecorator._patch_generator = patching

    def end() -> None:
        CassetteContextDecorator._patch_generator = original

    return end


def _tell(cassette: Any, called: Callable[[VcrRequest], None]) -> None:
    can_play, play = cassette.can_play_response_for, cassette.play_response

    def can_play_response_for(request: VcrRequest) -> Any:
        found = can_play(request)
        if not found:
            called(request)
        return found

    def play_response(request: VcrRequest) -> Any:
        called(request)
        return play(request)

    cassette.can_play_response_for = can_play_response_for
    cassette.play_response = play_response
    cassette._save = lambda *_: None


# --- pytest-recording --------------------------------------------------------------------------------

Prepare = Callable[[Mapping[str, Any], list[Any], str, Any], tuple[dict[str, Any], list[Any], str] | None]
"""(vcr_config, marks, record mode, pytest's config) of a test → the first three, changed, or None."""


def prepare_cassettes(prepare: Prepare, opened: Callable[[Any, Any], None]) -> None:
    """Have a say before pytest-recording opens a test's cassette, and be told the context it opens.

    Its fixture ``vcr`` imports ``use_cassette`` from ``pytest_recording/_vcr.py`` each time it runs; that
    function deletes the file in mode ``rewrite`` before it calls any hook. Doing this twice is doing it once.
    """
    import pytest_recording._vcr as theirs

    original = getattr(theirs.use_cassette, "_before_vcr_llm", theirs.use_cassette)

    def use_cassette(
        default_cassette: str,
        vcr_cassette_dir: str,
        record_mode: str,
        markers: list[Any],
        config: dict[str, Any],
        pytestconfig: Any,
    ) -> Any:
        prepared = prepare(config, markers, record_mode, pytestconfig)
        if prepared is not None:
            config, markers, record_mode = prepared
        context = original(default_cassette, vcr_cassette_dir, record_mode, markers, config, pytestconfig)
        if prepared is not None:
            opened(context, pytestconfig)
        return context

    use_cassette._before_vcr_llm = original  # type: ignore[attr-defined]
    theirs.use_cassette = use_cassette


def default_cassette_name(item: Any) -> str:
    """The name a test's cassette has unless it is told otherwise (``pytest_recording/plugin.py``)."""
    from pytest_recording.plugin import get_default_cassette_name

    return str(get_default_cassette_name(getattr(item, "cls", None), item.name))


def merged_options(config: Mapping[str, Any], markers: Sequence[Any]) -> dict[str, Any]:
    """A test's cassette options: the fixture's, and over them the marks', the closest mark last."""
    merged = dict(config)
    for mark in reversed(markers):
        merged.update(mark.kwargs)
    return merged
