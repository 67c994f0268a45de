"""llm-mock's documented surface on top of vcrpy: ``from vcr_llm import llm_mock``.

The names and modes are llm-mock's (see its README): a *fixture* is a cassette in its schema, ``record``,
``replay`` and ``auto`` say what happens to a call. What is intercepted is what vcrpy intercepts, so both SDK
generations work, and recordings are ranked as everywhere here.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar, cast

from vcr_llm import store
from vcr_llm.cassette import Cassette, CassetteMiss, Context, Settings, public_name
from vcr_llm.errors import FixtureNotFoundError, FixtureParseError, OptionError, UnreadableCassetteError
from vcr_llm.fingerprint import MATCH_ON, llm_mock_hash
from vcr_llm.interaction import Interaction
from vcr_llm.matchers import llm
from vcr_llm.persister import CassettePersister
from vcr_llm.providers import PROVIDERS, classify
from vcr_llm.ranking import Rules
from vcr_llm.report import Advice
from vcr_llm.scrub import Scrubber, credential_values
from vcr_llm.serializer import LLM_JSON
from vcr_llm.session import Session, rejected_beside
from vcr_llm.vcr_bridge import RIDER, FilesystemPersister, RecordMode, VcrRequest, status_of, to_request

__all__ = ["DISABLED_VARIABLE", "fixture_path", "is_disabled", "llm_mock"]

DISABLED_VARIABLE: Final = "LLM_MOCK_DISABLED"
MODES: Final[Mapping[str, RecordMode]] = {
    "record": RecordMode.ALL,
    "replay": RecordMode.NONE,
    "auto": RecordMode.NEW_EPISODES,
}

FIELDS: Final = (
    *MATCH_ON,
    *("system", "tools", "tool_choice", "max_tokens", "max_completion_tokens", "response_format", "top_p"),
    *(
        "input",
        "instructions",
        "prompt",
        "stream",
        "stop",
        "seed",
        "thinking",
        "reasoning_effort",
        "metadata",
    ),
)
"""Common request fields, by which a misspelt one in ``match_on`` is told."""

Function = TypeVar("Function", bound=Callable[..., Any])


_IN_CODE: Final = Advice("mode='record'", "mode='auto'", "mode='record'")
_MARKED: Final = Advice(*["pytest --llm-mock-disabled"] * 3)
"""The option is llm-mock's own too, and a marker's mode is best left alone."""


class FixtureMiss(FixtureNotFoundError, CassetteMiss):
    """No recording of this call in the fixture; vcrpy's exception too."""


public_name(FixtureMiss, FixtureNotFoundError)


class FixtureCassette(Cassette):
    """A cassette with llm-mock's modes: one provider or all, errors passed on and not saved."""

    _miss_type = FixtureMiss
    _drifts_while_recording = True
    """In ``auto`` too a recording of the same call answers, as llm-mock's hash would have it."""

    def __init__(self, *, only: str, refresh: bool, **options: Any) -> None:
        super().__init__(**options)
        self._only = only
        self.refresh = refresh

    @property
    def advice(self) -> Advice:
        """How to record, for texts: in code; a test with the marker is recorded from the command line."""
        return _IN_CODE if self.session is None else _MARKED.of_test(self.session.argument)

    def intercepts(self, request: VcrRequest) -> bool:
        """Whether a live call is the fixture's business; anything else goes live, unrecorded."""
        call = classify(to_request(request))
        return call is not None and self._only in ("all", call.provider, call.operation.provider)

    def filtered(self, request: VcrRequest) -> VcrRequest | None:
        return super().filtered(request) if self.intercepts(request) else None

    def _append(self, request: VcrRequest, response: dict[str, Any]) -> None:
        if self.loading:
            super()._append(request, response)
        elif self.intercepts(request) and status_of(response) < 400:
            super()._append(request, response)
            body = to_request(request).body
            if body is not None and isinstance(body.json, dict) and self.settings.rules.match_on != MATCH_ON:
                self.data[-1][1][RIDER]["hash"] = llm_mock_hash(body.json, self.settings.rules.match_on)

    def _identities(self) -> list[Callable[[Interaction], Hashable]]:
        """Also a changed request takes the place of the one that has the same hash for llm-mock."""

        def same_call(interaction: Interaction) -> Hashable:
            found = self._identity(interaction)
            return (str(found.call.operation) if found.call else found.place), found.key

        return [*super()._identities(), same_call]


class FixtureContext(Context):
    """Opens a fixture; what cannot be read is a `FixtureParseError`, what failed is not refreshed."""

    def __enter__(self) -> Cassette:
        try:
            return super().__enter__()
        except UnreadableCassetteError as error:
            raise FixtureParseError(
                error.reason, path=error.path, line=error.line, column=error.column
            ) from error

    def __exit__(self, *exc_info: Any) -> None:
        if any(exc_info):
            self.reject()
        super().__exit__(*exc_info)

    def reject(self) -> None:
        """What a refresh has recorded goes beside the fixture instead of into it."""
        cassette = cast(FixtureCassette, self._entered)
        if cassette.refresh:
            cassette.save_to(str(rejected_beside(Path(cassette.path))))
            store.remove(Path(cassette.path))


class llm_mock:
    """Record, replay or both, inside a ``with`` or ``async with`` block or a decorated function.

    ``mode``: ``record`` (every call goes live and is saved; an interaction of the same request is replaced,
    others stay), ``replay`` (never goes live), ``auto`` (replays what is recorded, records what is not).
    ``fixture``: a path, ``.json`` added if absent. ``provider``: ``anthropic``, ``openai`` or another of
    `vcr_llm.providers`, by protocol or host; the rest goes live; ``all`` by default. ``match_on``: the
    request fields that name a call, by default model, messages and temperature.

    Entering gives the `Cassette`. Raises `FixtureNotFoundError` where a call is made that has no recording
    in ``replay``, `FixtureParseError` for a file that cannot be read, `OptionError` for a value it does
    not know.
    With the environment variable LLM_MOCK_DISABLED nothing is replayed: every call goes live, and fresh
    responses replace the recorded ones unless the block fails; then they lie in ``FIXTURE.json.rejected``.
    """

    def __init__(
        self,
        mode: str,
        fixture: str | os.PathLike[str],
        provider: str = "all",
        match_on: Sequence[str] = MATCH_ON,
        *,
        disabled: bool | None = None,
        session: Session | None = None,
    ) -> None:
        providers = ("all", *(known.name for known in PROVIDERS))
        if mode not in MODES:
            raise OptionError("llm_mock()", mode, MODES, what="mode")
        if provider not in providers:
            raise OptionError("llm_mock()", provider, providers, what="provider")
        if isinstance(match_on, str):
            raise OptionError(
                "llm_mock()", match_on, (f"[{match_on!r}]",), what="match_on (a list of fields)"
            )
        for name in match_on:
            # llm-mock takes any field; one that nothing has would make every call the same.
            if name not in FIELDS and difflib.get_close_matches(name, FIELDS, n=1, cutoff=0.75):
                raise OptionError("llm_mock()", name, FIELDS, what="field in match_on")
        self._mode = mode
        self._path = fixture_path(fixture)
        self._provider = provider
        self._match_on = tuple(match_on)
        self._disabled = disabled
        self._session = session
        self._open: list[FixtureContext] = []

    def _context(self) -> FixtureContext:
        refresh = is_disabled() if self._disabled is None else self._disabled
        scrubber = Scrubber(values=credential_values(os.environ))
        options = {
            "path": str(self._path),
            "serializer": LLM_JSON,
            "persister": CassettePersister(FilesystemPersister, scrubber),
            "settings": Settings(Rules(match_on=self._match_on), scrubber=scrubber, session=self._session),
            "match_on": (llm,),
            "record_mode": RecordMode.ALL if refresh else MODES[self._mode],
            "only": self._provider,
            "refresh": refresh,
        }
        return FixtureContext(FixtureCassette, lambda: dict(options))

    def __enter__(self) -> Cassette:
        context = self._context()
        cassette = context.__enter__()
        self._open.append(context)
        return cassette

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self._open.pop().__exit__(kind, error, trace)

    @property
    def cassette(self) -> Cassette:
        """The cassette that is open, the innermost of several."""
        return self._open[-1].cassette

    def close(self, *, failed: bool) -> None:
        """End what entering began, where the outcome is known otherwise than by an exception."""
        if failed:
            self._open[-1].reject()
        self.__exit__()

    async def __aenter__(self) -> Cassette:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: Function) -> Function:
        """Decorate a sync or async function, or a generator of either kind."""
        return cast(Function, _decorated(function, self._context))


def _decorated(function: Callable[..., Any], context: Callable[[], FixtureContext]) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def async_items(*args: Any, **kwargs: Any) -> Any:
            with context():
                async for item in function(*args, **kwargs):
                    yield item

        return async_items
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            with context():
                return await function(*args, **kwargs)

        return awaited
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def items(*args: Any, **kwargs: Any) -> Any:
            with context():
                return (yield from function(*args, **kwargs))

        return items

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        with context():
            return function(*args, **kwargs)

    return called


def fixture_path(fixture: str | os.PathLike[str]) -> Path:
    """The file of a fixture: ``.json`` is added where it is absent."""
    path = Path(fixture)
    return path if path.suffix == ".json" else path.with_name(f"{path.name}.json")


def is_disabled() -> bool:
    """Whether LLM_MOCK_DISABLED is set to anything but ``0``, ``false`` or ``no``."""
    return os.environ.get(DISABLED_VARIABLE, "").lower() not in ("", "0", "false", "no")
