"""vcrpy's cassette and its context (``vcr/cassette.py``), their private parts under names of ours."""

from __future__ import annotations

import copy
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any, Final, cast

from vcr import filters, patch
from vcr.cassette import Cassette, CassetteContextDecorator
from vcr.request import Request as VcrRequest

from vcr_llm.vcr_bridge.patching import patching
from vcr_llm.vcr_bridge.shapes import Pair

__all__ = [
    "BridgedCassette",
    "BridgedContext",
    "Lookup",
    "absent_patchers",
    "copied",
    "filters_of",
]


def copied(request: VcrRequest) -> VcrRequest:
    """What ``copy.deepcopy`` of a request gives, faster: only a body and headers can be changed."""
    twin = copy.copy(request)
    vars(twin).pop(_FOUND, None)
    if not isinstance(request._body, bytes):
        twin._body = copy.deepcopy(request._body)
    twin.headers = copy.copy(request.headers)
    twin.headers._store = dict(request.headers._store)  # vcr/util.py, CaseInsensitiveDict
    return twin


def filters_of(hook: Callable[..., Any]) -> list[Any] | None:
    """What one of vcrpy's record hooks does, in order; None for a hook of another making.

    vcrpy makes the hooks of a cassette from its options (``vcr/config.py``, ``filter_functions``) and calls
    them several times per request, on a deep copy. That costs more than all of ours; see `copied`.
    """
    names = hook.__code__.co_freevars if type(hook) is FunctionType else ()
    if "filter_functions" not in names or hook.__closure__ is None:
        return None
    found = hook.__closure__[names.index("filter_functions")].cell_contents
    return found if type(found) is list else None


def _replaces_headers(filter_: Any) -> bool:
    """Whether a filter is vcrpy's of ``filter_headers``, with values and no function of the user's."""
    if getattr(filter_, "func", None) is not filters.replace_headers:
        return False
    return not any(callable(new) for _, new in filter_.keywords["replacements"])


@dataclass(slots=True, eq=False, weakref_slot=True)
class Lookup:
    """What was found for one live request object: whether the user's filters let it pass, and the
    recording reserved for it. ``body`` is the request's at that time."""

    ignored: bool
    body: Any
    number: int | None = None
    played: bool = False
    live_since: float | None = None
    """When it was let go live, by `time.perf_counter`."""


_UNKNOWN: Final = object()
_FOUND: Final = "_vcr_llm_found"
_NOTHING: Final = (None, None)


_MADE_OF: Final = {
    "boto3": ("botocore", "_cpoolBoto3HTTPConnection"),
    "httplib2": ("httplib2", "_HTTPConnectionWithTimeout"),
    "tornado": ("tornado", "_SimpleAsyncHTTPClient_fetch_impl"),
    "aiohttp": ("aiohttp", "_AiohttpClientSessionRequest"),
    "httpx": ("httpx", "_HttpxHttpTransport_handle_request"),
    "httpx2": ("httpx2", "_Httpx2HttpTransport_handle_request"),
}
"""vcrpy's patchers, the library of each, and what ``vcr/patch.py`` has kept of it if it is installed."""

_NOT_KEPT: Final = {name: library for name, (library, kept) in _MADE_OF.items() if not hasattr(patch, kept)}
"""The patchers of libraries that could not be imported when vcrpy was, and the library of each."""


def absent_patchers() -> tuple[str, ...]:
    """The patchers of libraries that are not there, for the option ``skip_patchers``.

    vcrpy tries to import each of them for every cassette, and a search in vain is the dearest import.
    """
    return tuple([name for name, library in _NOT_KEPT.items() if library not in sys.modules])


class BridgedContext(CassetteContextDecorator):  # type: ignore[misc]  # vcrpy has no type information
    """vcrpy's context, which asks for a cassette's options once and not again when it closes, and
    whose patches are put in place faster."""

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

    def _patch_generator(self, cassette: Any) -> Iterator[Any]:
        cassette.skip_patchers = (*getattr(cassette, "skip_patchers", ()), *absent_patchers())
        return patching(cassette)


class BridgedCassette(Cassette):  # type: ignore[misc]  # vcrpy has no type information
    """vcrpy's cassette with the private parts we need under names of ours (``vcr/cassette.py``).

    Subclasses override `to_save` and the public methods.
    """

    # A look-up hangs on its live request, and what it has reserved is free again when they are gone. Weak
    # references to the requests themselves would cost more than finding the recording.

    _reserved: dict[int, weakref.ref[Lookup]] | None = None

    def forget_lookups(self) -> None:
        """As if nothing had been asked."""
        self._reserved = None

    def lookup_of(self, request: VcrRequest) -> Lookup | None:
        """What was found for a live request, if it was asked for."""
        reserved, found = getattr(request, _FOUND, _NOTHING)
        return found if reserved is self._reserved else None

    def keep_lookup(self, request: VcrRequest, found: Lookup) -> None:
        """Also reserves its recording; what it has found before is forgotten."""
        reserved = self._reserved
        if reserved is None:
            reserved = self._reserved = {}
        setattr(request, _FOUND, (reserved, found))
        if found.number is not None:
            reserved[found.number] = weakref.ref(found)

    _known_filters: Any = _UNKNOWN

    @property
    def _filters(self) -> list[Any] | None:
        found = self._known_filters
        if found is _UNKNOWN:
            found = self._known_filters = filters_of(self._before_record_request)
        return found  # type: ignore[no-any-return]

    def is_free(self, number: int) -> bool:
        """Whether a recording has neither been played nor waits for its request to be."""
        if self.play_counts.get(number):
            return False
        reference = self._reserved.get(number) if self._reserved is not None else None
        found = None if reference is None else reference()
        return found is None or found.number != number

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
        filters_ = self._filters
        if filters_ is None:
            return cast("VcrRequest | None", self._before_record_request(request))
        found: VcrRequest | None = copied(request) if filters_ else request
        for each in filters_:
            if found is None:
                break
            found = each(found)
        return found

    def played(self, number: int) -> None:
        """Count a play, as vcrpy's own ``play_response`` does; its list of what was played only it reads."""
        self.play_counts[number] = self.play_counts.get(number, 0) + 1
        if self._reserved is not None:
            self._reserved.pop(number, None)

    def find_requests_with_most_matches(self, request: VcrRequest) -> list[tuple[VcrRequest, Any, Any]]:
        """What vcrpy's own answers, with copies of the recorded requests.

        The stub of aiohttp asks for one of them to follow a redirect (``vcr/stubs/aiohttp_stubs.py``,
        ``play_responses``), and what is looked up for a live request hangs on it as long as it lives.
        """
        found = super().find_requests_with_most_matches(request)
        return [(copied(recorded), *rest) for recorded, *rest in found]

    @property
    def has_load_hooks(self) -> bool:
        """Whether ``after_load_interaction`` or ``filter_sensitive_data`` looks at what is loaded."""
        return bool(self._after_load_interaction)

    @property
    def filters_change_headers_only(self) -> bool:
        """Whether what the user's filters say of a request, but for its headers, is what was asked."""
        return self._filters is not None and all(map(_replaces_headers, self._filters))

    @property
    def filters_headers_only(self) -> bool:
        """Whether no record hook changes interactions of a file that has no request headers (ours)."""
        requests, responses = self._filters, filters_of(self._before_record_response)
        if requests is None or responses is None:
            return False
        if not requests and not responses:
            return True
        return all(getattr(each, "func", None) is filters.replace_headers for each in requests) and all(
            each is filters.decode_response for each in responses
        )

    def take(self, pairs: list[Pair], metadata: Mapping[str, Any] | None) -> None:
        """What ``_load`` does with a file's interactions, but for copying and filtering each."""
        self.data = pairs
        self._old_interactions: list[Pair] = []
        self._loaded_count = len(pairs)
        if metadata:
            self._metadata = dict(metadata)
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
