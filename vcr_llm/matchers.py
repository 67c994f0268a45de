"""The matchers ``llm`` and ``llm_strict``, for any ``vcr.VCR``.

vcrpy's matchers are yes or no, so they know nothing of tiers: ``llm`` accepts recordings of the same
call (model, messages, temperature), ``llm_strict`` only those of the same whole request. Requests that are
no LLM call are compared by method, scheme, host, port, path and query, vcrpy's default. The ranking
lives in our own `Cassette`.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from vcr_llm.fingerprint import MATCH_ON, Fingerprint, fingerprint
from vcr_llm.interaction import Request
from vcr_llm.normalizers import AS_SENT, Normalizer
from vcr_llm.scrub import DEFAULT, Ledger, Scrubber, folded, untouched
from vcr_llm.scrub.text import Detector
from vcr_llm.vcr_bridge import VcrRequest, to_request

__all__ = ["MATCHERS", "View", "compared", "fingerprint_of", "llm", "llm_strict"]

_Known = tuple[str, str, Any, Any, Fingerprint]
_known: weakref.WeakKeyDictionary[VcrRequest, _Known] = weakref.WeakKeyDictionary()


class View:
    """What of a request is compared: the request without its secrets, see `scrub.folded`, and normalised.

    The very same object where nothing of this applies.
    """

    def __init__(self, scrubber: Scrubber = DEFAULT, normalise: Normalizer = AS_SENT) -> None:
        self._scrubber = scrubber
        self._normalise = normalise
        editor = scrubber.editor
        self._urls = {} if editor.callables else _urls_of(editor.detector, tuple(editor.names.added))

    @property
    def normalises(self) -> bool:
        """Whether requests that say different things may be seen as the same."""
        return self._normalise != AS_SENT

    def __call__(self, request: Request) -> Request:
        return self.of_all([request])[0]

    def of_all(self, requests: Sequence[Request]) -> list[Request]:
        """The same for many, which costs less than one by one."""
        return [self._normalise(request) for request in self._clean(requests)]

    def clean(self, request: Request) -> Request:
        """The request without its secrets, otherwise as sent."""
        return self._clean([request])[0]

    def _clean(self, requests: Sequence[Request]) -> list[Request]:
        plain = untouched(self._scrubber, [request.body for request in requests])
        return [self._one(request, same) for request, same in zip(requests, plain, strict=True)]

    def _one(self, request: Request, same_body: bool) -> Request:
        url = self._urls.get(request.url)
        if url is None:
            if len(self._urls) >= _URLS:
                self._urls.clear()
            url = self._urls[request.url] = self._of(Request(request.method, request.url)).url
        body = request.body if same_body else self._of(Request(request.method, "", request.body)).body
        same = url == request.url and body is request.body
        return request if same else Request(request.method, url, body)

    def _of(self, request: Request) -> Request:
        return folded(self._scrubber.request(request, Ledger()))


@lru_cache(maxsize=16)
def _urls_of(_detector: Detector, _names: tuple[str, ...]) -> dict[str, str]:
    """URLs and how they are seen, kept for all cassettes of a session whose rules are the same."""
    return {}


_URLS: Final = 1024
"""A cassette has many requests and few URLs."""

compared: Final = View()
"""A request as it is compared: whatever the key, and whatever placeholder stands for it."""


def fingerprint_of(
    request: VcrRequest,
    *,
    match_host: bool = True,
    match_on: tuple[str, ...] = MATCH_ON,
    view: View = compared,
) -> Fingerprint:
    """The fingerprint of vcrpy's request object, computed once as long as the request stays the same.

    vcrpy asks every matcher about every stored request, twice per call.
    """
    body = request.body
    rules = (match_host, match_on, view)
    known = _known.get(request)
    if known and known[2] is body and (known[0], known[1], known[3]) == (request.method, request.uri, rules):
        return known[4]
    found = fingerprint(view(to_request(request)), match_host=match_host, match_on=match_on)
    _known[request] = (request.method, request.uri, body, rules, found)
    return found


def llm(live: VcrRequest, recorded: VcrRequest) -> None:
    """The same model, messages and temperature of the same operation, at the same place."""
    one, other = fingerprint_of(live), fingerprint_of(recorded)
    assert (one.place, one.key) == (other.place, other.key), _what_differs(one, other)


def llm_strict(live: VcrRequest, recorded: VcrRequest) -> None:
    """The same whole request; for a request that is no LLM call, vcrpy's default matchers."""
    llm(live, recorded)
    one, other = fingerprint_of(live), fingerprint_of(recorded)
    assert one.call is None or one.whole == other.whole, "the rest of the request differs"


MATCHERS = {"llm": llm, "llm_strict": llm_strict}


def _what_differs(one: Fingerprint, other: Fingerprint) -> str:
    if one.place != other.place:
        return f"{one.place} != {other.place}"
    if one.call is None or other.call is None:
        return "the query differs" if one.call is other.call else "only one of them is an LLM call"
    parts = {
        "operation": (str(one.call.operation), str(other.call.operation)),
        "model": (one.call.model, other.call.model),
        "messages": (one.call.prompt, other.call.prompt),
        "temperature": (one.call.temperature, other.call.temperature),
        "stream": (one.call.stream, other.call.stream),
    }
    return f"{' and '.join(name for name, pair in parts.items() if pair[0] != pair[1])} differ"
