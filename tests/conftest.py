"""Fixtures shared by the tests: a provider on a real socket, and a blocked network."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

import pytest
from pytest_recording import network
from suite import Suite
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


@pytest.fixture
def suite(pytester: pytest.Pytester, provider: WireProvider, monkeypatch: pytest.MonkeyPatch) -> Suite:
    names = ("PROVIDER_URL", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "PYTEST_ADDOPTS", "LLM_MOCK_DISABLED")
    for name in names:
        monkeypatch.setenv(name, "")  # restored after the test, whatever it sets
    temporary = pytester.mkdir("temporary")
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return Suite(pytester, provider)
