"""``@pytest.mark.llm_replay``, llm-mock's marker, where llm-mock's own plugin does not serve it."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from vcr_llm.pytest_plugin.options import GROUP
from vcr_llm.pytest_plugin.outcome import has_passed
from vcr_llm.pytest_plugin.run_folder import session

if TYPE_CHECKING:
    from vcr_llm.dropin import llm_mock

__all__ = ["opened"]

opened = pytest.StashKey["llm_mock"]()
"""What a test with the marker has open."""

_serves = pytest.StashKey[bool]()
_INI: Final = "llm_replay_plugin"
_LLM_MOCK: Final = "llm-mock"
"""The name of llm-mock's entry point, under which pytest registers its plugin."""
_DISABLED_OPTION: Final = "--llm-mock-disabled"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        _INI,
        "Which plugin serves @pytest.mark.llm_replay where llm-mock is installed too: auto (llm-mock if its "
        "plugin is loaded), vcr-llm or llm-mock (vcr-llm).",
        default="auto",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(parser: pytest.Parser) -> None:
    """Define the option unless llm-mock's plugin has: it is loaded by now if it ever is."""
    with suppress(ValueError):
        parser.getgroup(GROUP).addoption(
            _DISABLED_OPTION,
            action="store_true",
            default=False,
            help="Replay no fixture of @pytest.mark.llm_replay: call the real API and save fresh responses "
            "of tests that pass (same as LLM_MOCK_DISABLED=1).",
        )


def pytest_configure(config: pytest.Config) -> None:
    owner = config.getini(_INI)
    if owner not in ("auto", "vcr-llm", _LLM_MOCK):
        raise pytest.UsageError(f"{_INI} must be auto, vcr-llm or llm-mock, not {owner!r}")
    theirs = config.pluginmanager.get_plugin(_LLM_MOCK)
    if owner == "vcr-llm" and theirs is not None:
        config.pluginmanager.unregister(theirs)
        theirs = None
    ours = owner != _LLM_MOCK and theirs is None
    config.stash[_serves] = ours
    if ours:
        config.addinivalue_line(
            "markers",
            "llm_replay(fixture, mode='replay', provider='all', match_on=['model', 'messages', "
            "'temperature']): replay LLM calls from fixtures/FIXTURE.json beside the test file, or from a "
            "path (vcr-llm).",
        )


def pytest_report_header(config: pytest.Config) -> str | None:
    """Which plugin serves the marker, where there could be a doubt."""
    if config.stash[_serves] and importlib.util.find_spec("llm_mock") is None:
        return None
    name = "vcr-llm" if config.stash[_serves] else _LLM_MOCK
    return f"vcr-llm: marker llm_replay served by {name} (ini {_INI})"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Open the fixture file before the first pytest fixture of the test, which may make calls itself."""
    mark = item.get_closest_marker("llm_replay")
    if mark is not None and item.config.stash[_serves]:
        replay = _llm_mock(item, mark)
        replay.__enter__()
        item.stash[opened] = replay


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Close it after the last one; only a test that has passed refreshes its recordings."""
    try:
        return (yield)
    finally:
        replay = item.stash.get(opened, None)
        if replay is not None:
            del item.stash[opened]
            replay.close(failed=not has_passed(item))


def _llm_mock(item: pytest.Item, mark: pytest.Mark) -> llm_mock:
    """The marker's arguments as those of `llm_mock`."""
    from vcr_llm.dropin import is_disabled, llm_mock
    from vcr_llm.errors import OptionError

    known = ("fixture", "mode", "provider", "match_on")
    for name in mark.kwargs:
        if name not in known:
            pytest.fail(str(OptionError("@pytest.mark.llm_replay", name, known)), pytrace=False)
    options = {**dict(zip(known, mark.args, strict=False)), **mark.kwargs}
    if not options.get("fixture") or len(mark.args) > len(known):
        pytest.fail(
            "@pytest.mark.llm_replay needs the name of a fixture: "
            '@pytest.mark.llm_replay(fixture="summarize") is fixtures/summarize.json beside the test file, '
            "a name with a slash is a path from the rootdir.",
            pytrace=False,
        )
    disabled = is_disabled() or item.config.getoption(_DISABLED_OPTION, default=False)
    fixture = _fixture_file(item, os.fspath(options.pop("fixture")))
    try:
        return llm_mock(
            **{"mode": "replay", **options}, fixture=fixture, disabled=disabled, session=session(item)
        )
    except OptionError as error:
        pytest.fail(str(error).replace("llm_mock()", "@pytest.mark.llm_replay"), pytrace=False)


def _fixture_file(item: pytest.Item, name: str) -> Path:
    if "/" in name or os.sep in name:
        return item.config.rootpath / name
    return item.path.parent / "fixtures" / name
