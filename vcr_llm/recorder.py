"""What a user writes: `preset`, `VCR`, `use_cassette`, `register`."""

from __future__ import annotations

import functools
import inspect
import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from typing import Any, Final

import vcr

from vcr_llm import siblings
from vcr_llm.callers import caller, warn_at
from vcr_llm.cassette import Cassette, Context, Settings
from vcr_llm.errors import OptionError, VcrLlmWarning
from vcr_llm.matchers import MATCHERS
from vcr_llm.normalizers import AS_SENT, normalizer
from vcr_llm.persister import CassettePersister
from vcr_llm.ranking import USUAL, Rules
from vcr_llm.scrub import Scrubber, credential_values
from vcr_llm.serializer import LLM_JSON, NAME
from vcr_llm.side_calls import KINDS

__all__ = ["OPTIONS", "SESSION", "VCR", "is_ours", "open_cassette", "preset", "register", "use_cassette"]

_RULES: Final = frozenset(field.name for field in fields(Rules)) - {"match_on", "always_first"}
_SCRUBBING: Final = {
    "secret_names": "names",
    "secret_patterns": "patterns",
    "secret_filters": "callables",
    "personal_data": "personal",
    "add_headers": "add_headers",
    "remove_headers": "remove_headers",
}
"""Our options → the arguments of `Scrubber`."""
_FOR_THE_RUN: Final = frozenset({"on_unplayed", "max_age"})
"""What the pytest plugin's summary does about this cassette; `Session` has it."""
POLICIES: Final = ("ignore", "warn", "error")
"""What something found does: nothing, a warning or a line in the run's summary, a failure."""
_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "on_drift": POLICIES,
    "on_miss": ("fail", "raise"),
    "on_unplayed": POLICIES,
}
"""Our options that are one of a few words."""
OPTIONS: Final = (
    _RULES
    | _SCRUBBING.keys()
    | _FOR_THE_RUN
    | {"ignore_side_calls", "normalize", "on_drift", "on_miss", "record_errors"}
)
"""The options of this package; they travel beside vcrpy's own."""

_SEVERAL: Final = frozenset(
    {"fallback", "secret_names", "secret_patterns", "secret_filters", "add_headers", "remove_headers"}
)
"""The options that are lists."""

SESSION: Final = "vcr_llm_session"
"""The option by which the pytest plugin says which test of which run records (a `Session`)."""

_OWN: Final = OPTIONS | {SESSION}

_DEFAULTS: Final[Mapping[str, Any]] = {"match_on": ("llm",), "serializer": NAME}
_PYTEST_RECORDING: Final = frozenset({"allowed_hosts"})


def _vcrpy_options() -> frozenset[str]:
    """The options of ``vcr.VCR`` and of one ``use_cassette`` call."""
    own = {"path", "persister", "additional_matchers", "allow_playback_repeats", "inject_cassette"}
    return frozenset(inspect.signature(vcr.VCR.__init__).parameters) - {"self"} | own


@functools.cache
def known_options() -> frozenset[str]:
    """Every option that vcrpy, pytest-recording or this package knows."""
    return OPTIONS | _vcrpy_options() | _PYTEST_RECORDING


def preset(**overrides: Any) -> dict[str, Any]:
    """The options for LLM cassettes, as the plain dict that pytest-recording's ``vcr_config`` returns.

    Matcher ``llm`` and serializer ``llm.json``; any option of vcrpy or of this package overrides or
    adds. This package's are:

    ``strict`` (False): only recordings of exactly the same request answer.
    ``fallback`` (none): vcrpy matchers that may answer where nothing else does, reported as stale.
    ``repeats`` (True): the last recording of a call answers again when all of them are played.
    ``match_host`` (True): scheme, host and port of an LLM call count.
    ``normalize`` (none): what changes with every run and plays no part in matching: "uuid", "timestamp",
    "date", "tmp_path", "tool_call_id", pairs (regular expression, replacement), functions from text to
    text. What is stored stays as it was sent.
    ``ignore_side_calls`` (False): telemetry, price lists and tokenizer files that libraries fetch pass by
    the cassette, as vcrpy's ``ignore_hosts`` lets a host; or some of "telemetry", "prices", "tokenizers".
    ``on_miss`` ("fail"): in a test with pytest's marker ``vcr`` a call without a recording fails the test,
    whatever the code under test catches; with "raise" it is an exception like any other.
    ``on_drift`` ("warn"): what happens where a recording answered although the rest of the request has
    changed; "error" fails the test, or raises `DriftError` when the cassette closes; or "ignore".
    ``record_errors`` (False): keep failures that SDKs retry (408, 409, 429, 5xx) also where a later
    attempt of the same call succeeded.
    ``on_unplayed`` ("warn"): whether interactions that no test plays are named at the end of the run
    ("warn"), fail it ("error") or are fine ("ignore"). ``max_age`` (none): days after which the cassette
    counts as too old. Both for pytest's summary only.
    ``secret_names``, ``secret_patterns``, ``secret_filters``: further names of fields that hold a secret,
    regular expressions (or pairs of a name and one), functions from text to text.
    ``personal_data`` (False): also replace email addresses, phone and card numbers.
    ``add_headers``, ``remove_headers``: response headers to store beside the usual ones, or not to.

    Raises `OptionError` for a name nobody knows.
    """
    known = known_options()
    for name in overrides:
        if name not in known:
            raise OptionError("preset()", name, known)
    return {**_DEFAULTS, **_checked(overrides)}


def _checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options with a single text where several may be as a list of one, and with patterns compiled.

    Raises `OptionError` for a value that the option does not take.
    """
    checked = dict(options)
    for name in _SEVERAL & options.keys():
        given = options[name]
        checked[name] = (given,) if isinstance(given, str | re.Pattern) else tuple(given)
    if "secret_patterns" in checked:
        checked["secret_patterns"] = tuple(map(_pattern, checked["secret_patterns"]))
    if "normalize" in options:
        normalizer(options["normalize"])  # raises for what is none
    if "ignore_side_calls" in options:
        _kinds(options["ignore_side_calls"])
    for name in _VALUES.keys() & options.keys():
        if options[name] not in _VALUES[name]:
            raise OptionError(name, str(options[name]), _VALUES[name], what="value")
    return checked


def _kinds(given: Any) -> Collection[str]:
    """The kinds of side calls to ignore: all, none, or those named."""
    if isinstance(given, bool) or given is None:
        return KINDS if given else ()
    named = (given,) if isinstance(given, str) else tuple(given)
    for name in named:
        if name not in KINDS:
            raise OptionError("ignore_side_calls", str(name), KINDS, what="value")
    return named


def register(recorder: vcr.VCR) -> vcr.VCR:
    """Make the matchers ``llm`` and ``llm_strict`` and the serializer ``llm.json`` available by name."""
    for name, matcher in MATCHERS.items():
        recorder.register_matcher(name, matcher)
    recorder.register_serializer(NAME, LLM_JSON)
    return recorder


def is_ours(options: Mapping[str, Any]) -> bool:
    """Whether a cassette with these options is one of this package's: by matcher, serializer or option."""
    matchers = {*options.get("match_on", ()), *options.get("additional_matchers", ())}
    return bool(matchers & MATCHERS.keys() or options.get("serializer") == NAME or options.keys() & OPTIONS)


def open_cassette(recorder: vcr.VCR, path: Any = None, **options: Any) -> Any:
    """What ``recorder.use_cassette`` does, with our cassette and persister.

    A context manager or decorator; given a function as ``path``, that function decorated. Options of this
    package are understood beside vcrpy's; others are warned about, since vcrpy would ignore them.
    """
    _warn_of_unknown(options)
    if callable(path) and not isinstance(path, str | os.PathLike):
        return open_cassette(recorder, **options)(path)
    if path is not None:
        options["path"] = path
    return Cassette.use_arg_getter(functools.partial(_cassette_options, recorder, options))


def _warn_of_unknown(options: Mapping[str, Any]) -> None:
    known = known_options() | {SESSION}
    for name in options:
        if name not in known:
            session = options.get(SESSION)
            place = (session.place if session is not None else None) or caller()
            warn_at(place, VcrLlmWarning(str(OptionError("vcr", name, known))))


def _cassette_options(recorder: vcr.VCR, options: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments of `Cassette`, from the recorder's defaults and one call's options."""
    ours: Mapping[str, Any] = getattr(recorder, "own_options", {})
    given = _OWN & options.keys()
    if given:
        ours = {**ours, **_checked({name: options[name] for name in given})}
    merged: dict[str, Any] = recorder.get_merged_config(
        **{name: value for name, value in options.items() if name not in _OWN}
    )
    rules = _rules(ours, merged["allow_playback_repeats"])
    scrubber = _scrubber(ours)
    old_formats = merged["serializer"] is LLM_JSON
    if old_formats:
        merged["path_transformer"] = _own_path(merged["path_transformer"])
    return {
        **merged,
        "settings": Settings(
            rules,
            fallback=[_matcher(recorder, name) for name in rules.fallback],
            record_errors=ours.get("record_errors", False),
            scrubber=scrubber,
            normalizer=normalizer(ours["normalize"]) if "normalize" in ours else AS_SENT,
            on_drift=ours.get("on_drift", "warn"),
            side_calls=_kinds(ours.get("ignore_side_calls")),
            session=ours.get(SESSION),
        ),
        "persister": CassettePersister(merged["persister"], scrubber, old_formats=old_formats),
    }


def _rules(ours: Mapping[str, Any], always_first: bool) -> Rules:
    named = _RULES & ours.keys()
    if not named and not always_first:
        return USUAL
    return Rules(**{name: ours[name] for name in named}, always_first=always_first)


def _own_path(transformer: Callable[[str], str] | None) -> Callable[[str], str]:
    """The path vcrpy opens, for a name in an older format too: see `siblings.own_path`."""
    return lambda name: siblings.own_path(os.fspath(transformer(name) if transformer else name))


def _scrubber(options: Mapping[str, Any]) -> Scrubber:
    """What is a secret in this cassette: by the options, and by value what the environment has for keys."""
    chosen = [(_SCRUBBING[name], options[name]) for name in sorted(_SCRUBBING.keys() & options.keys())]
    values = _credentials()
    try:
        return _made_scrubber(values, tuple(chosen))
    except TypeError:  # a function that cannot be hashed
        return Scrubber(values=dict(values), **dict(chosen))


class _Credentials:
    """What the environment has for keys; it is gone through again when it has changed."""

    def __init__(self) -> None:
        self._looked_at: dict[Any, Any] | None = None
        self._found: tuple[tuple[str, str], ...] = ()

    def __call__(self) -> tuple[tuple[str, str], ...]:
        present = getattr(os.environ, "_data", None)  # what the mapping decodes at every look (Lib/os.py)
        if present is None or present != self._looked_at:
            self._looked_at = None if present is None else dict(present)
            self._found = tuple(credential_values(os.environ).items())
        return self._found


_credentials: Final = _Credentials()


@functools.lru_cache(maxsize=16)  # a suite asks for the same one in every test
def _made_scrubber(values: tuple[tuple[str, str], ...], chosen: tuple[tuple[str, Any], ...]) -> Scrubber:
    return Scrubber(values=dict(values), **dict(chosen))


def _pattern(given: Any) -> Any:
    """A regular expression, or a pair of a name and one, compiled."""
    try:
        return (given[0], re.compile(given[1])) if isinstance(given, tuple | list) else re.compile(given)
    except re.error as error:
        raise OptionError("secret_patterns", str(given), (), what=f"pattern ({error})") from None


def _matcher(recorder: vcr.VCR, name: str) -> Callable[..., Any]:
    try:
        found: Callable[..., Any] = recorder.matchers[name]
    except KeyError:
        raise OptionError("fallback", name, recorder.matchers) from None
    return found


class VCR(vcr.VCR):  # type: ignore[misc]  # vcrpy has no type information
    """A ``vcr.VCR`` whose defaults are the preset's; takes its options and vcrpy's.

    A decorated function without a path gets ``FUNCTION.llm.json`` beside its module.
    """

    def __init__(self, **options: Any) -> None:
        settings = preset(**options)
        self.own_options = {name: settings.pop(name) for name in OPTIONS & settings.keys()}
        super().__init__(**settings)
        register(self)

    def use_cassette(self, path: Any = None, **options: Any) -> Any:
        return open_cassette(self, path, **options)

    def get_merged_config(self, **options: Any) -> dict[str, Any]:
        merged: dict[str, Any] = super().get_merged_config(**options)
        if options.get("func_path_generator", self.func_path_generator) is None:
            by_function = merged["func_path_generator"] or Context.get_function_name
            suffix = f".{options.get('serializer', self.serializer)}"
            merged["func_path_generator"] = lambda function: f"{by_function(function)}{suffix}"
        return merged


def use_cassette(path: Any = None, **options: Any) -> Any:
    """A cassette without pytest: ``with vcr_llm.use_cassette("cassettes/x.llm.json"): ...``, or a decorator.

    Takes the options of `preset`. The record mode is vcrpy's default, ``once``.
    """
    return VCR().use_cassette(path, **options)
