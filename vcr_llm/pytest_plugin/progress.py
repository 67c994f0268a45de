"""What the run has come to: what was collected, which test runs, how it went. From the start of every run."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

__all__ = ["Progress", "has_failed", "has_passed", "of"]

_failed = pytest.StashKey[bool]()
_passed = pytest.StashKey[bool]()


def has_failed(item: pytest.Item) -> bool:
    """Whether a test has failed, as far as is known when its cassettes close."""
    return item.stash.get(_failed, False)


def has_passed(item: pytest.Item) -> bool:
    """Whether it ran to its end and nothing has failed: not skipped, nor failed as expected."""
    return item.stash.get(_passed, False) and not has_failed(item)


class Progress:
    """Of one run, in this process; ``finished`` on pytest-xdist's controller is that of all workers."""

    def __init__(self) -> None:
        self.found: list[pytest.Item] = []
        """All tests, before some were deselected."""
        self.collected = 0
        self.modules: set[Path] = set()
        self.skipped: list[pytest.Collector] = []
        """Those that were skipped as a whole, a module by a skip or a missing import."""
        self.narrowed = ""
        """Why the tests collected are not all there are; "" if they are."""
        self.test: pytest.Item | None = None
        """The test that runs."""
        self.finished: set[str] = set()

    def __dir__(self) -> list[str]:
        """What pytest is to find: it examines every name of a plugin several times."""
        return [name for name in vars(Progress) if name.startswith("pytest_")]

    # --- collecting

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if report.skipped:
            self.skipped.append(collector)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.found = list(items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.collected = len(session.items)
        self.modules = {item.path for item in session.items}
        if self.collected < len(self.found):
            self.narrowed = "some tests were deselected"
        elif session.testsfailed:
            self.narrowed = "some files could not be collected"

    # --- running

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        outer, self.test = self.test, item  # a plugin may run a test within a test
        try:
            return (yield)
        finally:
            self.test = outer

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        item.stash[_failed] = item.stash[_passed] = False  # also when a plugin runs the test again

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None]:
        """For plugins that run a failed test again without a report of each attempt (pytest-retry)."""
        result = yield
        item.stash[_passed] = True
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.failed:
            item.stash[_failed] = True
        elif report.when == "call":
            item.stash[_passed] = report.passed
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None]:
        """A fixture's finalizer that fails makes the test fail."""
        try:
            return (yield)
        except BaseException:
            item.stash[_failed] = True
            raise

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.finished.add(nodeid)


_progress = pytest.StashKey[Progress]()


def of(config: pytest.Config) -> Progress:
    if _progress not in config.stash:
        config.stash[_progress] = Progress()
    return config.stash[_progress]
