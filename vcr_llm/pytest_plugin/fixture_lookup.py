"""Which fixture a test would be given, without setting it up (pytest keeps that to itself)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

__all__ = ["definitions"]


def definitions(item: pytest.Item, name: str) -> Sequence[pytest.FixtureDef[Any]]:
    """The definitions of a fixture that the test can see, the one it gets last (``_pytest/fixtures.py``)."""
    session: Any = item.session
    return session._fixturemanager.getfixturedefs(name, item) or ()
