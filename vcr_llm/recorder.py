"""What a user writes: `preset`, `VCR`, `use_cassette`, `register`."""

from __future__ import annotations

import functools
import inspect
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Final

import vcr

from vcr_llm.cassette import Cassette, Context
from vcr_llm.errors import OptionError, VcrLlmWarning
from vcr_llm.matchers import MATCHERS
from vcr_llm.persister import CassettePersister
from vcr_llm.ranking import Rules
from vcr_llm.serializer import LLM_JSON, NAME

__all__ = ["VCR", "is_ours", "open_cassette", "preset", "register", "use_cassette"]

OPTIONS: Final = frozenset(field.name for field in fields(Rules)) - {"match_on", "repeat_others"}
"""The options of this package; they travel beside vcrpy's own."""

_DEFAULTS: Final[Mapping[str, Any]] = {"match_on": ("llm",), "serializer": NAME}
_PYTEST_RECORDING: Final = frozenset({"allowed_hosts"})


def _vcrpy_options() -> frozenset[str]:
    """The options of ``vcr.VCR`` and of one ``use_cassette`` call."""
    own = {"path", "persister", "additional_matchers", "allow_playback_repeats", "inject_cassette"}
    return frozenset(inspect.signature(vcr.VCR.__init__).parameters) - {"self"} | own


def preset(**overrides: Any) -> dict[str, Any]:
    """The options for LLM cassettes, as the plain dict that pytest-recording's ``vcr_config`` returns.

    Matcher ``llm`` and serializer ``llm.json``; any option of vcrpy or of this package overrides or
    adds. This package's are:

    ``strict`` (False): only recordings of exactly the same request answer.
    ``fallback`` (none): vcrpy matchers that may answer where nothing else does, reported as stale.
    ``repeats`` (True): the last recording of a call answers again when all of them are played.
    ``match_host`` (True): scheme, host and port of an LLM call count.

    Raises `OptionError` for a name nobody knows.
    """
    known = OPTIONS | _vcrpy_options() | _PYTEST_RECORDING
    for name in overrides:
        if name not in known:
            raise OptionError("preset()", name, known)
    return {**_DEFAULTS, **overrides}


def register(recorder: vcr.VCR) -> vcr.VCR:
    """Make the matchers ``llm`` and ``llm_strict`` and the serializer ``llm.json`` available by name."""
    for name, matcher in MATCHERS.items():
        recorder.register_matcher(name, matcher)
    recorder.register_serializer(NAME, LLM_JSON)
    return recorder


def is_ours(recorder: vcr.VCR, options: Mapping[str, Any]) -> bool:
    """Whether a cassette with these options is one of this package's: by matcher, serializer or option."""
    matchers = {*options.get("match_on", recorder.match_on), *options.get("additional_matchers", ())}
    serializer = options.get("serializer", recorder.serializer)
    return bool(matchers & MATCHERS.keys() or serializer == NAME or options.keys() & OPTIONS)


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
    known = OPTIONS | _vcrpy_options() | _PYTEST_RECORDING
    for name in options:
        if name not in known:
            warnings.warn(VcrLlmWarning(str(OptionError("vcr", name, known))), stacklevel=4)


def _cassette_options(recorder: vcr.VCR, options: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments of `Cassette`, from the recorder's defaults and one call's options."""
    ours = {name: value for name, value in options.items() if name in OPTIONS}
    theirs = {name: value for name, value in options.items() if name not in OPTIONS}
    merged: dict[str, Any] = recorder.get_merged_config(**theirs)
    rules = Rules(
        **{**getattr(recorder, "rules", {}), **ours}, repeat_others=merged["allow_playback_repeats"]
    )
    merged["rules"] = rules
    merged["fallback"] = [_matcher(recorder, name) for name in rules.fallback]
    merged["persister"] = CassettePersister(merged["persister"])
    return merged


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
        self.rules = {name: settings.pop(name) for name in OPTIONS & settings.keys()}
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
