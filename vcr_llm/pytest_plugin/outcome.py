"""Whether a test has failed, as far as is known when its cassettes close."""

from __future__ import annotations

from collections.abc import Generator

import pytest

__all__ = ["has_failed"]

_failed = pytest.StashKey[bool]()


def has_failed(item: pytest.Item) -> bool:
    return item.stash.get(_failed, False)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[_failed] = False  # also when a plugin runs the test again


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[_failed] = True
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """A fixture's finalizer that fails makes the test fail."""
    try:
        return (yield)
    except BaseException:
        item.stash[_failed] = True
        raise
