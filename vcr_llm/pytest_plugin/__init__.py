"""The pytest plugin: our matchers, serializer and cassette inside pytest-recording.

pytest-recording owns the marker ``vcr``, the fixtures and ``--record-mode``; nothing of it is defined
here again. Each file of this package is a plugin with one purpose and pytest's own hooks; a file joins by
its name in `PARTS`. State that several need is in ``config.stash`` or ``item.stash``, under keys of the
file that owns it.

All of them are imported by every test run, so they import nothing of vcrpy, click or rich by themselves.
"""

from __future__ import annotations

import importlib
from typing import Final

import pytest

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
    "audit",
    "blocked_network",
    "record_mode",
    "run_facts",
    "unplayed",
    "whole_run",
    "budget",
    "summary",
)
"""In the order in which they are registered; pytest calls the hooks of the last one first."""


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """pytest's first hook: register the parts, whose own options pytest then asks for.

    Not by ``pytest_plugins``: that would parse every part once more, to rewrite its assertions.
    """
    for name in PARTS:
        part = importlib.import_module(f"{__name__}.{name}")
        pluginmanager.register(part, part.__name__)
