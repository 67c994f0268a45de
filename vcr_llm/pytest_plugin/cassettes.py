"""Our cassette inside pytest-recording's fixture ``vcr``, and ``rewrite`` that loses no recording.

pytest-recording's hook hands over the ``vcr.VCR`` of each test; where the test's options ask for one of
ours (the preset, a matcher ``llm``, the serializer ``llm.json``), that instance opens our cassette.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from vcr_llm.errors import OptionError, UnreadableCassetteError
from vcr_llm.pytest_plugin import progress
from vcr_llm.pytest_plugin.options import flag, setting
from vcr_llm.pytest_plugin.progress import has_passed
from vcr_llm.pytest_plugin.record_mode import source
from vcr_llm.pytest_plugin.run_facts import add_line, opened_by_vcrpy, relative, take_line_back
from vcr_llm.pytest_plugin.run_folder import session

if TYPE_CHECKING:
    import vcr

    from vcr_llm.callers import Caller
    from vcr_llm.cassette import Cassette

__all__ = ["cassettes"]

_contexts = pytest.StashKey[list[Any]]()
"""The `cassette.Context` objects that a test has opened."""


@pytest.hookimpl(optionalhook=True)
def pytest_recording_configure(config: pytest.Config, vcr: vcr.VCR) -> None:
    """pytest-recording's hook, called for each test with a cassette (``pytest_recording/_vcr.py``)."""
    from vcr_llm import recorder, vcr_bridge

    recorder.register(vcr)
    theirs = vcr.use_cassette

    def use_cassette(path: Any = None, **options: Any) -> Any:
        if recorder.is_ours(options):
            return recorder.open_cassette(vcr, path, **options)
        opened_by_vcrpy(config, vcr.get_merged_config(path=path, **options)["path"])
        for extra in vcr_bridge.extra_paths(vcr.persister):
            opened_by_vcrpy(config, extra)
        return theirs(path, **options)

    # On the instance: here all options of the test arrive merged (fixture and marks).
    vcr.use_cassette = use_cassette


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let a test's cassettes go with it: pytest keeps all tests, and what hangs on them, to the end."""
    try:
        return (yield)
    finally:
        item.stash[_contexts] = []


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before pytest-recording's fixture ``vcr`` opens a cassette: see `_prepare`."""
    item.stash[_contexts] = []  # also when a plugin runs the test again
    if item.get_closest_marker("vcr") is not None:
        from vcr_llm import vcr_bridge

        vcr_bridge.prepare_cassettes(_prepare, _opened)


def _prepare(
    options: Mapping[str, Any], marks: list[pytest.Mark], mode: str, config: pytest.Config
) -> tuple[dict[str, Any], list[pytest.Mark], str] | None:
    """Say which test records. ``rewrite`` becomes a refresh: the old file stays until the test has passed."""
    from vcr_llm import recorder, vcr_bridge
    from vcr_llm.pytest_plugin.misses import miss_kind

    merged = vcr_bridge.merged_options(options, marks)
    item = progress.of(config).test  # pytest-recording's functions are not told
    if item is None or not recorder.is_ours(merged):
        return None
    effective = merged.get("record_mode", mode)
    refresh = effective == "rewrite"
    for name in _BY_FLAG:
        given = flag(config, name)
        if given is not None:
            marks = [_without(mark, name, mark.kwargs.get(name)) for mark in marks]
        options = {**options, name: options.get(name, setting(config, name)) if given is None else given}
    told = vcr_bridge.merged_options(options, marks)
    recording = replace(
        session(item, refresh=refresh),
        mode=str(effective),
        source=source(config, options, marks, mode),
        on_unplayed=told["on_unplayed"],
        max_age=told["max_age"],
        miss=miss_kind(item) if told.get("on_miss", "fail") == "fail" else None,
        place=_place(item),
    )
    if refresh:
        options = {**options, "record_mode": "new_episodes"}
        marks = [_without(mark, "record_mode", "rewrite") for mark in marks]
    return {**options, recorder.SESSION: recording}, marks, mode


_BY_FLAG: Final = ("on_drift", "on_unplayed", "max_age")
"""The cassette's options that are flags and ini keys too."""


def _without(mark: pytest.Mark, name: str, value: Any) -> pytest.Mark:
    kept = {known: each for known, each in mark.kwargs.items() if (known, each) != (name, value)}
    return pytest.Mark(mark.name, mark.args, kept, _ispytest=True)


def _place(item: pytest.Item) -> Caller:
    from vcr_llm.callers import Caller

    path, line, _ = item.location  # as `reportinfo`, which pytest has asked already
    return Caller(os.path.normpath(item.config.rootpath / path), (line or 0) + 1)


def cassettes(item: pytest.Item) -> list[Cassette]:
    """The cassettes of ours that a test's marks have opened."""
    return [context.cassette for context in item.stash.get(_contexts, []) if context.is_entered]


def _opened(context: Any, config: pytest.Config) -> None:
    item = progress.of(config).test
    assert item is not None
    item.stash[_contexts].append(context)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        if call.excinfo is not None and _is_of_opening(call.excinfo):
            # What lies between is no code of the user's.
            report.longrepr = call.excinfo.getrepr(style="value")
        title = "vcr-llm: the test failed while its cassette was recorded again"
        report.sections += [(title, _what_became_of(item.config, path)) for path in _refreshed(item)]
    return report


def _is_of_opening(failure: pytest.ExceptionInfo[BaseException]) -> bool:
    """Whether the test's cassette could not be opened: its file, or an option, is wrong."""
    told = isinstance(failure.value, UnreadableCassetteError | OptionError)
    return told and any(Path(entry.path).parent.name == "pytest_recording" for entry in failure.traceback)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Around the end of all fixtures: only a test that has passed refreshes its recordings."""
    try:
        result = yield
        if has_passed(item):
            for text in item.stash.get(_not_passed, []):  # of an attempt before
                take_line_back(item.config, text)
            for context in item.stash.get(_contexts, []):
                context.accept()
        return result
    finally:
        for path in _refreshed(item):
            text = f"not passed: {item.nodeid}; {_what_became_of(item.config, path)}"
            item.stash.setdefault(_not_passed, []).append(text)
            add_line(item.config, text)


def _what_became_of(config: pytest.Config, path: str) -> str:
    """What there is of a cassette whose new recording was not accepted."""
    from vcr_llm.session import rejected_beside

    cassette, new = Path(path), rejected_beside(Path(path))
    old = "stays as it was" if cassette.exists() else "was not made"
    what = f"the new recording is {relative(config, new)}" if new.exists() else "nothing was saved"
    return f"{relative(config, path)} {old}; {what}"


_not_passed = pytest.StashKey[list[str]]()
"""What the summary was given to say of a test."""


def _refreshed(item: pytest.Item) -> list[str]:
    """The cassettes that a test has recorded again and that do not hold it yet."""
    return [path for context in item.stash.get(_contexts, []) if (path := context.refreshed) is not None]
