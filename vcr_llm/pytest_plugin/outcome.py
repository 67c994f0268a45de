"""Whether a test has failed or passed, as far as is known when its cassettes close."""

from __future__ import annotations

from collections.abc import Generator

import pytest

__all__ = ["has_failed", "has_passed"]

_failed = pytest.StashKey[bool]()
_passed = pytest.StashKey[bool]()


def has_failed(item: pytest.Item) -> bool:
    return item.stash.get(_failed, False)


def has_passed(item: pytest.Item) -> bool:
    """Whether it ran to its end and nothing has failed: not skipped, nor failed as expected."""
    return item.stash.get(_passed, False) and not has_failed(item)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[_failed] = item.stash[_passed] = False  # also when a plugin runs the test again


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """For plugins that run a failed test again without a report of each attempt (pytest-retry)."""
    result = yield
    item.stash[_passed] = True
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[_failed] = True
    elif report.when == "call":
        item.stash[_passed] = report.passed
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """A fixture's finalizer that fails makes the test fail."""
    try:
        return (yield)
    except BaseException:
        item.stash[_failed] = True
        raise
