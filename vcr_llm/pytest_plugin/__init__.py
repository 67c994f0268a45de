"""The pytest plugin: our matchers, serializer and cassette inside pytest-recording.

pytest-recording owns the marker ``vcr``, the fixtures and ``--record-mode``; nothing of it is defined
here again. Each file of this package is a plugin with one purpose and pytest's own hooks; a file joins by
its name in `PARTS`. State that several need is in ``config.stash`` or ``item.stash``, under keys of the
file that owns it.

Those of `PARTS` are imported by every test run, so they import nothing of vcrpy, click or rich by
themselves; those of `WHEN_ASKED_FOR` only by a run whose options ask for them.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Final

import pytest

from vcr_llm.pytest_plugin import options

__all__: list[str] = []

PARTS: Final = (
    "options",
    "run_folder",
    "outcome",
    "placeholder_keys",
    "cassettes",
    "misses",
    "replay_marker",
    "call_fixture",
    "blocked_network",
    "record_mode",
    "run_facts",
    "unplayed",
    "whole_run",
    "summary",
)
"""In the order in which they are registered; pytest calls the hooks of the last one first."""

WHEN_ASKED_FOR: Final[dict[str, Callable[[pytest.Config], bool]]] = {
    "audit": options.asks_for_audit,
    "budget": options.asks_for_budget,
}


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """pytest's first hook: register the parts, whose own options pytest then asks for.

    Not by ``pytest_plugins``: that would parse every part once more, to rewrite its assertions.
    """
    for name in PARTS:
        _register(name, pluginmanager)


def pytest_configure(config: pytest.Config) -> None:
    for name, is_asked_for in WHEN_ASKED_FOR.items():
        if is_asked_for(config):
            _register(name, config.pluginmanager)


def _register(name: str, pluginmanager: pytest.PytestPluginManager) -> None:
    part = importlib.import_module(f"{__name__}.{name}")
    pluginmanager.register(_hooks(part), part.__name__)


def _hooks(part: ModuleType) -> ModuleType:
    """A part's hooks and fixtures alone: pytest examines every name of a plugin, what it imports too."""
    plugin = ModuleType(part.__name__, part.__doc__)
    found = {name: value for name, value in vars(part).items() if name.startswith(("pytest_", "llm_"))}
    vars(plugin).update(found)
    return plugin
