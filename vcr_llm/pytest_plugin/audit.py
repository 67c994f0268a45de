"""``pytest --llm-audit``: one offline run that tells what answers each call of the suite.

Works on suites that have never heard of this package, whatever their matchers and serializers, and on
those that have. Nothing is recorded or saved, and nothing but this machine can be reached.

This part joins a run that has one of its options (see `options`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from vcr_llm.audit import Audit

__all__: list[str] = []

_REPORT: Final = "llm_audit"
"""The attribute of a test's last report that carries what it played, from pytest-xdist's workers too."""

_watch: Final = pytest.StashKey[Any]()
_audit: Final = pytest.StashKey[Any]()
_unblock = pytest.StashKey[Callable[[], None]]()


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--record-mode", default=None) not in (None, "none"):
        raise pytest.UsageError(
            "--llm-audit records nothing; leave out --record-mode, or add --record-mode=none"
        )
    from vcr_llm.audit import Audit, Watch

    config.stash[_audit] = Audit()
    config.pluginmanager.register(_Results(config.stash[_audit]))
    current = _Current()
    config.pluginmanager.register(current)
    config.stash[_watch] = Watch(config.rootpath, lambda: current.test)
    config.stash[_watch].start()
    config.stash[_unblock] = _block_network()


def pytest_unconfigure(config: pytest.Config) -> None:
    if _watch in config.stash:
        config.stash[_watch].stop()
        config.stash[_unblock]()


class _Current:
    """Which test runs: "" while tests are collected."""

    test = ""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.test = item.nodeid
        try:
            return (yield)
        finally:
            self.test = ""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    watch = item.config.stash.get(_watch, None)
    if watch is not None and call.when == "teardown":
        from dataclasses import asdict

        setattr(report, _REPORT, [asdict(played) for played in watch.drain()])
    return report


class _Results:
    """What the tests' reports say, on the controller where there are workers."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        from vcr_llm.audit import Played

        outcome = _outcome(report)
        if outcome:
            self._audit.outcomes[report.nodeid] = outcome
        for played in getattr(report, _REPORT, ()):
            self._audit.add(Played.from_json(played))


def _outcome(report: pytest.TestReport) -> str:
    """As pytest counts it; empty for a phase that decides nothing."""
    expected = hasattr(report, "wasxfail")
    if report.failed:
        return "failed" if report.when == "call" else "error"
    if report.skipped:
        return "xfailed" if expected else "skipped"
    if report.when != "call":
        return ""
    return "xpassed" if expected else "passed"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    audit = config.stash.get(_audit, None)
    if audit is None:
        return
    from vcr_llm.audit import in_lines, to_json

    terminalreporter.section("LLM audit")
    for line in in_lines(audit, whole=config.get_verbosity() > 0):
        terminalreporter.write_line(line)
    name = config.getoption("--llm-audit-json")
    if name:
        from vcr_llm import store
        from vcr_llm.errors import UnwritableCassetteError

        try:
            store.write(Path(name), json.dumps(to_json(audit), indent=2, ensure_ascii=False) + "\n")
            terminalreporter.write_line(f"\nwritten to {name}")
        except UnwritableCassetteError as error:
            terminalreporter.write_line(f"\ncould not be written to {name}: {error.reason}", red=True)


_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "::", ""})


def _block_network() -> Callable[[], None]:
    """Refuse connections to other machines until what is returned is called.

    By Python's audit events, which no HTTP library goes past; a suite's own block stays as it is.
    """
    blocking = True

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if not blocking or event not in ("socket.connect", "socket.getaddrinfo"):
            return
        address = arguments[1] if event == "socket.connect" else arguments[:1]
        if isinstance(address, tuple) and address:
            host = address[0].decode() if isinstance(address[0], bytes) else address[0] or ""
            if host not in _LOCAL and not str(host).startswith("127."):
                raise ConnectionRefusedError(f"--llm-audit runs offline: no connection to {host}")

    def unblock() -> None:
        nonlocal blocking
        blocking = False

    sys.addaudithook(refuse)
    return unblock
