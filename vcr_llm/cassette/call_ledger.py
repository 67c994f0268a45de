"""What was asked of a cassette since it opened, and what answered: kept as it was, read when asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from typing import Any

from vcr_llm import open_cassettes, providers
from vcr_llm.calls import LlmCall, Outcome
from vcr_llm.cassette.deviations import Deviations
from vcr_llm.content import MissingDecoderError
from vcr_llm.pairs import Kept
from vcr_llm.vcr_bridge import VcrRequest, decoded, stored_request, to_interaction, to_request

__all__ = ["CallLedger"]

_Entry = tuple[Outcome, str, str, Any, Kept, float | None]
"""Outcome, method, URL, body, response dict or what makes it again, seconds if live.

Not vcrpy's request object: the look-ups of all that are alive are gone through for every call.
"""


class CallLedger:
    """One cassette's. An entry is a tuple: replaying must not cost more than that."""

    def __init__(self, on_drift: str) -> None:
        self._entries: list[_Entry] = []
        self.misses: list[str] = []
        """The texts of calls that nothing answered."""
        self._on_drift = on_drift
        self._deviations: Deviations | None = None

    @property
    def deviations(self) -> Deviations:
        """What answered although the request has changed since it was recorded."""
        if self._deviations is None:
            self._deviations = Deviations(self._on_drift)
        return self._deviations

    def replayed(self, request: VcrRequest, response: Kept) -> None:
        self._entries.append((Outcome.REPLAYED, request.method, request.uri, request.body, response, None))

    def live(
        self,
        request: VcrRequest,
        response: dict[str, Any],
        stored: dict[str, Any] | None,
        seconds: float | None,
    ) -> None:
        """What came from the network; ``stored`` is the response as recorded, None where it was not."""
        outcome = Outcome.LIVE if stored is None else Outcome.RECORDED
        if stored is None and providers.classify(to_request(request)) is None:
            return  # somebody's download, which a filter ignores
        entry = outcome, request.method, request.uri, request.body, stored or response, seconds
        self._entries.append(entry)
        open_cassettes.tell_answered(lambda: _call(entry))

    def calls(self, kept: Container[int]) -> list[LlmCall]:
        """The LLM calls in order. ``kept``: the ids of the recorded response dicts that go into the file."""
        entries = (
            # A failure that a retry mended is not kept.
            (Outcome.LIVE, *entry[1:]) if entry[0] is Outcome.RECORDED and id(entry[4]) not in kept else entry
            for entry in self._entries
        )
        return [call for call in map(_call, entries) if call is not None]

    def counts(self) -> Counter[Outcome]:
        """How many requests had which outcome, LLM calls and others."""
        return Counter(entry[0] for entry in self._entries)


def _call(entry: _Entry) -> LlmCall | None:
    """What was asked and answered; None where that was no LLM call."""
    outcome, method, url, body, response, seconds = entry
    response = response() if callable(response) else response
    interaction = to_interaction(stored_request(method, url, body), _readable(response))
    call = providers.classify(interaction.request)
    if call is None:
        return None
    return LlmCall(call, interaction.request, interaction.response, outcome, seconds)


def _readable(response: dict[str, Any]) -> dict[str, Any]:
    """A response without its content encodings, or as it came where one of them cannot be undone."""
    try:
        return decoded(response)
    except MissingDecoderError:
        return response
