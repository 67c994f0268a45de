"""Who serves ``@pytest.mark.llm_replay``: this package (see `replay_marker`), or llm-mock's own plugin."""

from __future__ import annotations

import importlib.util
from typing import Final

import pytest

from vcr_llm.pytest_plugin.options import GROUP, REPLAY_PLUGIN

__all__ = ["DISABLED_OPTION", "define_option", "header", "is_ours", "settle"]

DISABLED_OPTION: Final = "--llm-mock-disabled"
_LLM_MOCK: Final = "llm-mock"
"""The name of llm-mock's entry point, under which pytest registers its plugin."""
_serves = pytest.StashKey[bool]()


def define_option(parser: pytest.Parser) -> None:
    """Define the option unless llm-mock's plugin has: it is loaded by now if it ever is."""
    try:
        parser.getgroup(GROUP).addoption(
            DISABLED_OPTION,
            action="store_true",
            default=False,
            help="Replay no fixture of @pytest.mark.llm_replay: call the real API and save fresh responses "
            "of tests that pass (same as LLM_MOCK_DISABLED=1).",
        )
    except ValueError:
        pass  # it has


def settle(config: pytest.Config) -> None:
    """Raises `pytest.UsageError` where the ini key is no name of a plugin."""
    owner = config.getini(REPLAY_PLUGIN)
    if owner not in ("auto", "vcr-llm", _LLM_MOCK):
        raise pytest.UsageError(f"{REPLAY_PLUGIN} must be auto, vcr-llm or llm-mock, not {owner!r}")
    theirs = config.pluginmanager.get_plugin(_LLM_MOCK)
    if owner == "vcr-llm" and theirs is not None:
        config.pluginmanager.unregister(theirs)
        theirs = None
    config.stash[_serves] = owner != _LLM_MOCK and theirs is None
    if is_ours(config):
        config.addinivalue_line(
            "markers",
            "llm_replay(fixture, mode='replay', provider='all', match_on=['model', 'messages', "
            "'temperature']): replay LLM calls from fixtures/FIXTURE.json beside the test file, or from a "
            "path (vcr-llm).",
        )


def is_ours(config: pytest.Config) -> bool:
    return config.stash[_serves]


def header(config: pytest.Config) -> str | None:
    """Which plugin serves the marker, where there could be a doubt."""
    if is_ours(config) and importlib.util.find_spec("llm_mock") is None:
        return None
    name = "vcr-llm" if is_ours(config) else _LLM_MOCK
    return f"vcr-llm: marker llm_replay served by {name} (ini {REPLAY_PLUGIN})"
