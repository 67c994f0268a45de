"""Which record mode tests have, and where it came from: told before the first test runs.

pytest-recording's order: the mark, then the fixture ``vcr_config``, then ``--record-mode``, then ``none``.
"""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pytest

from vcr_llm.pytest_plugin.fixture_lookup import definitions

__all__ = ["source"]

_OPTION: Final = "--record-mode"
_UNKNOWN: Final = ("decided by the fixture", "vcr_config")


def source(config: pytest.Config, options: Mapping[str, Any], marks: Sequence[pytest.Mark], mode: str) -> str:
    """Where a test's record mode was said. ``options``: the fixture's; ``mode``: what holds without both."""
    if any("record_mode" in mark.kwargs for mark in marks):
        return "mark"
    if "record_mode" in options:
        return "vcr_config"
    if config.getoption(_OPTION) is None:
        return "default" if mode == "none" else "fixture record_mode"
    if any(str(argument).startswith(_OPTION) for argument in config.invocation_params.args):
        return "command line"
    return "PYTEST_ADDOPTS" if _OPTION in os.environ.get("PYTEST_ADDOPTS", "") else "ini"


def pytest_report_collectionfinish(config: pytest.Config, items: Sequence[pytest.Item]) -> str | None:
    """Below "collected … items", where it is known whether cassettes will be used."""
    if config.get_verbosity() < 0 or config.getoption("--disable-recording", False):
        return None
    marked = [item for item in items if item.get_closest_marker("vcr") is not None]
    if not marked:
        return None
    found = Counter(_effective(config, item) for item in marked)
    (mode, where), _ = found.most_common(1)[0]
    line = f"vcr-llm: record mode {mode} ({where})"
    others = [f"{mode} ({where}) for {number}" for (mode, where), number in found.most_common()[1:]]
    return f"{line}; but {', '.join(others)} of {len(marked)} tests" if others else line


def _effective(config: pytest.Config, item: pytest.Item) -> tuple[str, str]:
    marks = list(item.iter_markers("vcr"))
    options = _fixture_options(item)
    if options is None and not any("record_mode" in mark.kwargs for mark in marks):
        return _UNKNOWN
    mode = config.getoption(_OPTION) or "none"
    where = source(config, options or {}, marks, mode)
    merged = dict(options or {})
    for mark in reversed(marks):
        merged.update(mark.kwargs)
    return str(merged.get("record_mode", mode)), where


def _fixture_options(item: pytest.Item) -> Mapping[str, Any] | None:
    """What the fixture ``vcr_config`` will be; None where that cannot be told without running tests.

    A fixture function without arguments, as in all the documentation there is, is asked beforehand; one that
    has some, or yields, is not.
    """
    known = definitions(item, "vcr_config")
    if not known:
        return {}
    definition = known[-1]
    cache: dict[Any, Any] = item.config.stash.setdefault(_asked, {})
    if definition.func not in cache:
        cache[definition.func] = _ask(definition)
    return cache[definition.func]  # type: ignore[no-any-return]


_asked = pytest.StashKey[dict[Any, Any]]()


def _ask(definition: Any) -> Mapping[str, Any] | None:
    import inspect

    function = definition.func
    if definition.argnames or inspect.isgeneratorfunction(function) or inspect.iscoroutinefunction(function):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = function()
    except Exception:
        return None  # the tests that use it will show what is wrong
    return found if isinstance(found, Mapping) else None
