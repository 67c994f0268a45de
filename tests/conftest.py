"""Fixtures shared by the tests: a provider on a real socket, and a blocked network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_recording import network
from wire import WireProvider

pytest_plugins = ["pytester"]


@pytest.fixture
def provider() -> Iterator[WireProvider]:
    with WireProvider() as provider:
        yield provider


@pytest.fixture
def offline() -> Iterator[None]:
    """No connection goes anywhere, not even to this machine."""
    with network.blocking_context():
        yield
