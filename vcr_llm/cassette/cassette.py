"""The cassette: vcrpy's, with a look-up that ranks recordings, and nothing raised while httpx is patched."""

from __future__ import annotations

import functools
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from vcr_llm import open_cassettes, store
from vcr_llm.callers import caller, warn_at
from vcr_llm.calls import LlmCall, Outcome, total_usage
from vcr_llm.cassette.call_ledger import CallLedger
from vcr_llm.cassette.context import Context
from vcr_llm.cassette.deviations import Deviations
from vcr_llm.cassette.finder import Finder
from vcr_llm.cassette.mending import without_mended
from vcr_llm.cassette.missing import CassetteMiss, refuse_placeholder, shown
from vcr_llm.cassette.settings import Settings
from vcr_llm.content import MissingDecoderError
from vcr_llm.errors import (
    DriftError,
    MissingCassetteWarning,
    UnreadableCassetteError,
    VcrLlmError,
    VcrLlmWarning,
)
from vcr_llm.fingerprint import Fingerprint
from vcr_llm.interaction import EPOCH, Interaction
from vcr_llm.matchers import View
from vcr_llm.pairs import Pairs, recorded_answer, recorded_interaction, recorded_request
from vcr_llm.persister import Adding, CassettePersister
from vcr_llm.providers import Usage
from vcr_llm.ranking import Choice
from vcr_llm.report import PLAIN, PYTEST, Advice
from vcr_llm.rerecording import replaced_in_place
from vcr_llm.sdk_errors import passing
from vcr_llm.session import Session, rejected_beside
from vcr_llm.side_calls import side_call
from vcr_llm.vcr_bridge import (
    RIDER,
    BridgedCassette,
    CassetteNotFoundError,
    Lookup,
    Pair,
    RecordMode,
    VcrRequest,
    decoded,
    settle_body,
    to_interaction,
    to_request,
    without_waiting,
)

__all__ = ["Cassette"]


class Cassette(BridgedCassette):
    """A cassette whose recordings are ranked when its matchers include ``llm`` or ``llm_strict``.

    Beyond vcrpy's own attributes: ``calls`` and ``usage`` say what was asked and answered; ``deviations``
    lists drift and stale answers; ``misses`` the texts of calls that had no recording.
    """

    @classmethod
    def use_arg_getter(cls, arg_getter: Callable[[], dict[str, Any]]) -> Context:
        return Context(cls, arg_getter)

    @classmethod
    def use(cls, **options: Any) -> Context:
        return Context(cls, lambda: dict(options))

    def __init__(
        self,
        *,
        settings: Settings,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        # Few attributes, the others made when they are needed: beyond thirty an object costs more.
        self.settings = settings
        self._lock = threading.RLock()

    _own_count = 0
    _missing_extras: Sequence[str] = ()
    _save_error: Exception | None = None

    _known_ledger: CallLedger | None = None
    _known_finder: Finder | None = None

    @property
    def _ledger(self) -> CallLedger:
        found = self._known_ledger
        if found is None:
            found = self._known_ledger = CallLedger(self.settings.on_drift)
        return found

    @property
    def _finder(self) -> Finder:
        found = self._known_finder
        if found is None:
            settings = self.settings
            found = self._known_finder = Finder(
                settings.rules,
                self.matchers,
                settings.fallback,
                View(settings.scrubber, settings.normalizer),
                headers_count=not self.filters_change_headers_only,
                passes_by=bool(settings.side_calls),
                drifts_while_recording=self._drifts_while_recording,
            )
        return found

    _drifts_while_recording = False
    """Whether a recording of the same call answers although the call may be recorded."""

    @property
    def advice(self) -> Advice:
        """How to record, for texts: outside pytest's marker ``vcr`` by the argument ``record_mode``."""
        session = self.session
        return PLAIN if session is None else PYTEST.of_test(session.argument)

    # --- refreshing: what is recorded waits for its test to pass

    _accepted = _waits = False
    _refreshed_path: str | None = None

    @property
    def _refreshes(self) -> bool:
        session = self.settings.session
        return session is not None and session.refresh

    @property
    def refreshed(self) -> str | None:
        """The path of the cassette, if it was recorded from nothing and that is not accepted yet."""
        if self._refreshes and (self.dirty or self._waits):
            return self._refreshed_path or os.fspath(self.path)
        return None

    def accept(self) -> None:
        """Let what a refresh has recorded take the place of the old cassette.

        Until then it lies beside it as rejected: a test may be skipped or interrupted, or fail in the
        teardown of a fixture, after its cassette has closed. Raises what saving raises.
        """
        path = self.refreshed
        if not self._waits or path is None:
            return
        self._accepted, self._waits = True, False
        self.dirty = True
        self.save_to(path)
        self._save()
        if self._save_error is not None:
            raise self._save_error
        if not self._adds():  # else the persister has: another test of the cassette may have failed
            store.remove(rejected_beside(Path(path)))

    @property
    def old_files(self) -> list[str]:
        """The files in an older format that were read because there is none of ours (extras included)."""
        return list(getattr(self.persister, "old_files", ()))

    # --- loading and recording

    def _load(self) -> None:
        self.loading = True
        persister, path = self.persister, os.fspath(self.path)
        if getattr(persister, "own", False) and not self.has_load_hooks:
            self._load_file(persister, path)
        else:
            super()._load()
        if self._refreshes:
            # Read all the same: what cannot be read is never replaced.
            self.forget_loaded()
        self._own_count = len(self.data)
        if getattr(persister, "extras", ()):
            pairs, self._missing_extras = persister.load_extras(self.serializer, path)
            if pairs:
                self.load_more(pairs)
        self.loading = False

    def _load_file(self, persister: CassettePersister, path: str) -> None:
        """What vcrpy's ``_load`` does, without copying each interaction where no filter looks at it."""
        try:
            content = persister.load(path, self.serializer)
        except CassetteNotFoundError:
            return
        pairs = content.pairs
        if isinstance(pairs, Pairs) and self.filters_headers_only:
            for place, (request, response) in pairs.unusual():
                pairs[place] = (request, self._decoded(response))
            self.take(pairs, content.metadata)
        else:
            self.take([], content.metadata)
            self.load_more(pairs)

    def _decoded(self, response: dict[str, Any]) -> dict[str, Any]:
        try:
            return decoded(response)
        except MissingDecoderError as error:
            if self.loading:
                raise UnreadableCassetteError(str(error), path=os.fspath(self.path), remedy="") from None
            raise

    loading = False

    def append(self, request: VcrRequest, response: dict[str, Any]) -> None:
        """Record an interaction (vcrpy's stubs call this, and loading does)."""
        if self.loading:
            self._append(request, response)
            return
        with self._lock:
            before = len(self.data)
            if not self._passes_by(request):
                self._append(request, response)
            stored = self.data[-1][1] if len(self.data) > before else None
            found = self.lookup_of(request)
            since = found.live_since if found is not None else None
            seconds = None if since is None else time.perf_counter() - since
            self._ledger.live(request, response, stored, seconds)

    def _append(self, request: VcrRequest, response: dict[str, Any]) -> None:
        try:
            response = self._decoded(response)
        except MissingDecoderError as error:
            self._save_error = VcrLlmError(f"{self.path}: a response was not recorded. {error}")
            return
        with self._lock:
            before = len(self.data)
            super().append(request, response)
            if len(self.data) > before and not self.loading:
                self.data[-1][1].setdefault(RIDER, {}).setdefault("recorded_at", _when(self.data[-1]))

    # --- finding and playing

    def can_play_response_for(self, request: VcrRequest) -> bool:
        """Whether a recording answers the request. It is then reserved until the request is played."""
        settle_body(request)
        with self._lock:
            found = self._lookup(request)
            if found.played or found.number is not None:
                return True
        if found.ignored or not self.write_protected:
            refuse_placeholder(request)
            if found.live_since is None:  # vcrpy asks more than once
                open_cassettes.tell_live(to_request(request))
                found.live_since = time.perf_counter()
        return False

    def __contains__(self, request: VcrRequest) -> bool:
        with self._lock:
            filtered = self.filtered(request)
            return filtered is not None and self.choose(filtered) is not None

    def play_response(self, request: VcrRequest) -> dict[str, Any]:
        with self._lock:
            found = self._lookup(request)
            if found.number is None:
                filtered = self.filtered(request)
                if filtered is not None and self._finder.ranks:
                    raise self._miss(filtered)
                return super().play_response(request)  # type: ignore[no-any-return]
            number, found.number, found.played = found.number, None, True
            self.played(number)
            response, kept = recorded_answer(self.data, number)
            (self._known_ledger or self._ledger).replayed(request, kept)
            return without_waiting(response)

    def filter_request(self, request: VcrRequest) -> VcrRequest | None:
        """The request after the user's filters; vcrpy's stubs ask this last before they refuse a call.

        So this is where a call without a recording fails, as an error that the SDKs let through.
        """
        filtered = self.filtered(request)
        found = self.lookup_of(request)
        unanswered = self.write_protected and found is not None and not found.played
        if filtered is not None and unanswered and self._finder.ranks:
            raise self._miss(filtered)
        return filtered

    def filtered(self, request: VcrRequest) -> VcrRequest | None:
        """The request after the user's filters; None where it is to be ignored, as a side call may be."""
        return None if self._passes_by(request) else super().filtered(request)

    def _looked_at(self, request: VcrRequest) -> VcrRequest | None:
        """What `filtered` answers; the request itself where it differs in headers alone and none counts."""
        if self._finder.headers_count:
            return self.filtered(request)
        return None if self._passes_by(request) else request

    def _passes_by(self, request: VcrRequest) -> bool:
        kinds = self.settings.side_calls
        return bool(kinds) and side_call(to_request(request), kinds) is not None

    def rewind(self) -> None:
        super().rewind()
        self.forget_lookups()

    def _lookup(self, request: VcrRequest) -> Lookup:
        """What answers this request object; a request is looked up again when its body has changed since."""
        found = self.lookup_of(request)
        if found is not None:
            if found.body is request.body:
                return found
            found.number = None
        number = (self._known_finder or self._finder).sent(self, request)
        found = Lookup(False, request.body, number) if number is not None else self._chosen(request)
        self.keep_lookup(request, found)
        return found

    def _chosen(self, request: VcrRequest) -> Lookup:
        """The same where more has to be looked at than what was sent."""
        filtered = self._looked_at(request)
        choice = None if filtered is None else self.choose(filtered)
        if choice is None:
            return Lookup(filtered is None, request.body)
        deviation = self._finder.deviation(self, choice, filtered)
        if deviation is not None:
            self.deviations.note(deviation)
        return Lookup(False, request.body, choice.number)

    def choose(self, request: VcrRequest) -> Choice | None:
        """The recording that answers a filtered request, neither reserved nor played by asking."""
        return self._finder.choose(self, request)

    # --- what is told afterwards

    @property
    def misses(self) -> list[str]:
        """The texts of calls that had no recording."""
        return self._ledger.misses

    @property
    def deviations(self) -> Deviations:
        """What answered although the request has changed since it was recorded."""
        return self._ledger.deviations

    @property
    def calls(self) -> list[LlmCall]:
        """The LLM calls that were answered since the cassette opened, in order, replayed and live ones."""
        return self._ledger.calls({id(response) for _, response in self._recorded()})

    @property
    def usage(self) -> Usage:
        """The tokens of all calls together, replayed and live ones."""
        return total_usage(self.calls)

    @property
    def session(self) -> Session | None:
        """Which test of which run has opened it; None where no run of pytest has."""
        return self.settings.session

    @property
    def own_count(self) -> int:
        """How many interactions its own file had when it was opened."""
        return self._own_count

    @property
    def own_played(self) -> tuple[int, ...]:
        """The numbers, from 1, of those that were played."""
        return tuple(n + 1 for n in range(self._own_count) if self.play_counts[n])

    @property
    def extra_files(self) -> Sequence[str]:
        """The extra cassettes that were read with it."""
        return tuple(getattr(self.persister, "extra_files", ()))

    @property
    def oldest(self) -> str | None:
        """The oldest date among its own recordings, ISO 8601; None where none says."""
        dates = (recorded_interaction(self.data, number).date for number in range(self._own_count))
        return min((date for date in dates if date != EPOCH), default=None)

    @property
    def answered(self) -> Counter[Outcome]:
        """How many requests were replayed, recorded, and sent without being stored; LLM calls and others."""
        return self._ledger.counts()

    _miss_type: type[CassetteMiss] = CassetteMiss

    def _miss(self, request: VcrRequest) -> BaseException:
        """The error of a call without a recording: one that the SDKs pass on, or what the test asked for."""
        from vcr_llm.miss import Situation, miss_text

        session, finder = self.session, self._finder
        situation = Situation(
            live=to_request(request),
            count=len(self.data),
            recorded=functools.partial(recorded_request, self.data),
            seen=finder.view,
            clean=finder.view.clean,
            played=lambda number: bool(self.play_counts[number]),
            refusing=functools.partial(finder.refusing, self, request),
            rules=self.settings.rules,
            strict=finder.strict,
            path=shown(os.fspath(self.path)),
            exists=self.rewound,
            mode=RecordMode(self.record_mode).value,
            source=_FIRST.get(session.source, "") if session is not None and session.mode else "",
            advice=self.advice,
        )
        text = miss_text(situation)
        self.misses.append(text)
        if session is not None and session.miss is not None:
            return session.miss(text)
        return passing(self._miss_type(self, request, text))

    def closed(self) -> None:
        """Called when nothing is patched any more: raises what saving raised, then warns."""
        if self._save_error is not None:
            error, self._save_error = self._save_error, None
            raise error
        warnings = self._warnings()
        if warnings:
            place = (self.session.place if self.session is not None else None) or caller()
            for category, text in warnings:
                warn_at(place, category(text))
        drift = self.drift_error()
        if drift is not None:
            raise drift

    def drift_error(self) -> DriftError | None:
        """Drift that is an error and has not been told yet."""
        if not self.deviations:
            return None
        return self.deviations.error(shown(os.fspath(self.path)), self.advice.again)

    def _warnings(self) -> list[tuple[type[VcrLlmWarning], str]]:
        missing = self._missing_extras
        if missing:
            self._missing_extras = ()
        found: list[tuple[type[VcrLlmWarning], str]] = [
            (MissingCassetteWarning, f"The extra cassette {path} does not exist.") for path in missing
        ]
        if self.deviations:
            found += self.deviations.warnings(shown(os.fspath(self.path)), self.advice.again)
        return found

    # --- saving

    def _save(self, force: bool = False) -> None:
        path = None if self._accepted else self.refreshed
        try:
            if not force and self._adds():
                self._save_recorded()
            else:
                if path is not None:
                    self._refreshed_path = path
                    self.save_to(str(rejected_beside(Path(path))))
                super()._save(force)
            self._waits = path is not None
        except Exception as error:
            # vcrpy would leave httpx patched (vcr/cassette.py, __exit__); it comes out in `closed`.
            self._save_error = error

    def _adds(self) -> bool:
        """Whether saving means adding what was recorded: not where unplayed interactions are dropped."""
        return not self.drop_unused_requests and self.persister.can_add(self.serializer)

    def _save_recorded(self) -> None:
        if not self.dirty:
            return
        self.persister.adding = Adding(
            self._identities(),
            self.record_mode == RecordMode.ALL,
            self._refreshes and not self._accepted,
            self.session,
        )
        self.persist(self._recorded())

    def _recorded(self) -> list[Pair]:
        """What was recorded since loading, but for failures that a later attempt of the same call mended."""
        recorded: list[Pair] = self.data[self.loaded_count :]
        (same_request, *_) = self._identities()
        return recorded if self.settings.record_errors else without_mended(recorded, same_request)

    def to_save(self) -> list[Pair] | None:
        """The whole file, where it is not simply added to."""
        own: list[Pair] = self.data[: self._own_count]
        recorded = self._recorded()
        if self.record_mode == RecordMode.ALL:
            if not self.dirty or self.drop_unused_requests:
                return recorded if self.dirty else None
            identities = [_of_pair(identity) for identity in self._identities()]
            return replaced_in_place(own, recorded, identities)
        if self.drop_unused_requests:
            played = [pair for number, pair in enumerate(own) if self.play_counts[number]]
            if len(played) < len(own):
                return played + recorded
        return own + recorded if self.dirty else None

    def _identities(self) -> list[Callable[[Interaction], Hashable]]:
        """What a re-recording replaces: exactly the same request, or a changed sibling would be lost."""

        def same_request(interaction: Interaction) -> Hashable:
            found = self._identity(interaction)
            return found.place, found.key, found.whole

        return [same_request]

    def _identity(self, interaction: Interaction) -> Fingerprint:
        return self._finder.identity(interaction)


def _of_pair(identity: Callable[[Interaction], Hashable]) -> Callable[[Pair], Hashable]:
    return lambda pair: identity(to_interaction(*pair))


def _when(pair: Pair) -> str:
    """When a response came: by its own ``Date``, for a test may have stopped the clock; else by the clock."""
    date = to_interaction(*pair).date
    return date if date != EPOCH else datetime.now(UTC).isoformat(timespec="seconds")


_FIRST: Final = {"mark": "the mark", "vcr_config": "vcr_config"}
"""Where a record mode is said that ``--record-mode`` does not change."""
