"""Which record mode tests have, and where it came from: told before the first test runs.

pytest-recording's order: the mark, then the fixture ``vcr_config``, then ``--record-mode``, then ``none``.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pytest

from vcr_llm.pytest_plugin.fixture_lookup import definitions
from vcr_llm.pytest_plugin.run_folder import folder

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
    # The first option is the terminal plugin's, the second pytest-recording's; both may be left out.
    if getattr(config.option, "verbose", 0) < 0 or config.getoption("--disable-recording", True):
        return None
    marked = [item for item in items if item.get_closest_marker("vcr") is not None]
    if not marked:
        return None
    found = Counter(effective for item in marked if (effective := _effective(config, item)))
    if not found:
        return None
    (mode, where), _ = found.most_common(1)[0]
    line = f"vcr-llm: record mode {mode} ({where})"
    others = [f"{mode} ({where}) for {number}" for (mode, where), number in found.most_common()[1:]]
    return f"{line}; but {', '.join(others)} of {found.total()} tests" if others else line


# --- under pytest-xdist --------------------------------------------------------------------------------

_LINE: Final = "record-mode"
"""The file of the run's folder by which a worker tells the controller, which collects nothing."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Before pytest-xdist's own, which tells the controller that it may go on."""
    if hasattr(session.config, "workerinput"):
        line = pytest_report_collectionfinish(session.config, session.items)
        if line is not None:
            path = folder(session.config) / _LINE
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(line, encoding="utf-8")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """pytest-xdist's hook on the controller, for each worker."""
    if not node.config.pluginmanager.hasplugin(_Header.__name__):
        node.config.pluginmanager.register(_Header(node.config), _Header.__name__)


class _Header:
    """Says what the workers have found, below "2 workers [9 items]"."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        self._config.pluginmanager.unregister(self)
        path = folder(self._config) / _LINE
        reporter = self._config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None and path.is_file():
            reporter.write_line(path.read_text(encoding="utf-8"))


def _effective(config: pytest.Config, item: pytest.Item) -> tuple[str, str] | None:
    """A test's record mode and where it comes from; None where its cassette is vcrpy's own business."""
    marks = list(item.iter_markers("vcr"))
    options = _fixture_options(item)
    merged = dict(options or {})
    for each in reversed(marks):
        merged.update(each.kwargs)
    if options is None:
        if "record_mode" not in merged:
            return _UNKNOWN if _uses_ours(item) else None
    elif not _is_ours(merged):
        return None
    mode = config.getoption(_OPTION) or "none"
    return str(merged.get("record_mode", mode)), source(config, options or {}, marks, mode)


def _is_ours(options: Mapping[str, Any]) -> bool:
    """As `recorder.is_ours`, which costs an import where nothing of this package is used."""
    if "vcr_llm.recorder" not in sys.modules and "llm" not in repr(options):
        return False
    from vcr_llm import recorder

    return recorder.is_ours(options)


def _uses_ours(item: pytest.Item) -> bool:
    """Whether the module of the fixture knows this package."""
    modules = [sys.modules.get(each.func.__module__) for each in definitions(item, "vcr_config")[-1:]]
    values = [value for module in modules if module is not None for value in vars(module).values()]
    return any(str(getattr(value, "__name__", "")).partition(".")[0] == "vcr_llm" for value in values)


def _fixture_options(item: pytest.Item) -> Mapping[str, Any] | None:
    """What the fixture ``vcr_config`` will be; None where that cannot be told without running tests.

    A fixture function without arguments, as in all the documentation there is, is asked beforehand; one that
    has some, or yields, is not.
    """
    known = definitions(item, "vcr_config")
    if not known:
        return None
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
