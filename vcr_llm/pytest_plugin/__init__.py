"""The pytest plugin: our matchers, serializer and cassette inside pytest-recording.

pytest-recording owns the marker ``vcr``, the fixtures and ``--record-mode``; nothing of it is defined
here again. Every test run pays for what is imported here: the options, who serves the marker ``llm_replay``,
what the run has come to (`progress`), and the signs that a part is needed. The parts themselves join a run
that has a use for them. Each is a file of this package, a plugin with one purpose and pytest's own hooks,
which joins by its name in `WHEN_USED` or `WHEN_ASKED_FOR`. State that several need is in ``config.stash`` or
``item.stash``, under keys of the file that owns it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Generator
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import pytest

from vcr_llm import open_cassettes
from vcr_llm.pytest_plugin import blocked_network, options, progress, replay_owner

if TYPE_CHECKING:
    from vcr_llm.cassette import Cassette

__all__: list[str] = []

WHEN_USED: Final = (
    "run_folder",
    "placeholder_keys",
    "cassettes",
    "misses",
    "replay_marker",
    "record_mode",
    "run_facts",
    "unplayed",
    "whole_run",
    "summary",
)
"""What a run with cassettes needs, in the order in which they are registered; pytest calls the hooks of the
last one first."""

WHEN_ASKED_FOR: Final[dict[str, Callable[[pytest.Config], bool]]] = {
    "audit": options.asks_for_audit,
    "budget": options.asks_for_budget,
}
"""What only the options ask for."""

_MARKERS: Final = frozenset({"vcr", "llm_replay"})


def __dir__() -> list[str]:
    """What pytest is to find: it examines every name of a plugin several times, what it imports too."""
    return [name for name in globals() if name.startswith("pytest_") or name == llm_cassette.__name__]


# --- from the start ----------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    options.define(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser) -> None:
    """Before any conftest or test module is imported: clients are often made at import."""
    replay_owner.define_option(parser)
    if early_config.getini(options.PLACEHOLDER_KEYS):
        from vcr_llm.pytest_plugin import placeholder_keys

        placeholder_keys.fill()


def pytest_configure(config: pytest.Config) -> None:
    options.check(config)
    replay_owner.settle(config)
    if _has_recording(config):
        from pytest_recording import network  # by now its plugin has

        blocked_network.extend(network)
    config.pluginmanager.register(progress.of(config), progress.__name__)
    open_cassettes.listen(_FirstCassette(config), config)
    for name, is_asked_for in WHEN_ASKED_FOR.items():
        if is_asked_for(config):
            _join(name, config)
    if options.asks_for_all(config):
        join(config)


def _has_recording(config: pytest.Config) -> bool:
    """Whether pytest-recording takes part, under whatever name (``-p pytest_recording.plugin``)."""
    return hasattr(config.option, "record_mode")


def pytest_unconfigure(config: pytest.Config) -> None:
    open_cassettes.stop_listening(config)
    if config.getini(options.PLACEHOLDER_KEYS):
        from vcr_llm.pytest_plugin import placeholder_keys

        placeholder_keys.remove()


def pytest_report_header(config: pytest.Config) -> str | None:
    return replay_owner.header(config)


@pytest.fixture
def llm_cassette(request: pytest.FixtureRequest, vcr: Any) -> Cassette:
    """The test's cassette (vcr-llm): ``.calls`` in order, each with provider, operation, model, messages,
    tools, text, tool_calls, usage, streamed, replayed, recorded; ``.usage`` adds up their tokens.
    """
    from vcr_llm.pytest_plugin.call_fixture import shown

    return shown(request, vcr)


# --- when the others join ----------------------------------------------------------------------------

_has_joined = pytest.StashKey[bool]()


def join(config: pytest.Config) -> None:
    """Have the parts of `WHEN_USED` take part in the run; one that comes in the midst of a test begins it."""
    if config.stash.get(_has_joined, False):
        return
    config.stash[_has_joined] = True
    test = progress.of(config).test
    parts = [_join(name, config) for name in WHEN_USED]
    for part in parts:
        if test is not None and hasattr(part, "pytest_runtest_setup"):
            part.pytest_runtest_setup(test)


def _join(name: str, config: pytest.Config) -> ModuleType:
    part = importlib.import_module(f"{__name__}.{name}")
    config.pluginmanager.register(_hooks(part), part.__name__)
    return part


def _hooks(part: ModuleType) -> ModuleType:
    """A part's hooks alone, see `__dir__`."""
    plugin = ModuleType(part.__name__, part.__doc__)
    vars(plugin).update({name: value for name, value in vars(part).items() if name.startswith("pytest_")})
    return plugin


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """When all other plugins have marked tests as they like. A cassette may be opened in the code, too."""
    yield
    markers = _MARKERS if _has_recording(config) else _MARKERS - {"vcr"}
    if "vcr_llm.cassette" in sys.modules or any(
        mark.name in markers for item in items for mark in item.iter_markers()
    ):
        join(config)


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
    """A fixture may mark its test when it is set up, before pytest-recording's ``vcr`` looks."""
    if fixturedef.argname == "vcr" and request.node.get_closest_marker("vcr") is not None:
        join(request.config)


class _FirstCassette(open_cassettes.Listener):
    """A cassette that no marker has announced."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def opened(self, cassette: Any) -> None:  # noqa: ARG002
        join(self._config)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A client made at import fails there, before any test is known to have a cassette."""
    report = yield
    if report.failed:
        from vcr_llm.pytest_plugin import placeholder_keys

        placeholder_keys.explain_missing_key(report, getattr(report, "call", None), collector.config)
    return report
