"""Which fixture a test would be given, without setting it up (pytest keeps that to itself)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

__all__ = ["definitions"]


def definitions(item: pytest.Item, name: str) -> Sequence[pytest.FixtureDef[Any]]:
    """The definitions of a fixture that the test can see, the one it gets last (``_pytest/fixtures.py``).

    None at all where pytest has come to keep them elsewhere: nothing they are used for is worth a failed run.
    """
    session: Any = item.session
    for node in (item, item.nodeid):  # pytest 8.0 takes the id, later versions the node
        try:
            return session._fixturemanager.getfixturedefs(name, node) or ()
        except (AttributeError, TypeError):
            continue
    return ()
