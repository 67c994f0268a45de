"""The key that stands in where replaying needs none but an SDK insists on having one."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from typing import Final

__all__ = ["PLACEHOLDER_KEY", "fill", "remove"]

PLACEHOLDER_KEY: Final = "vcr-llm-placeholder-no-real-key"


def fill(environment: MutableMapping[str, str], variables: Iterable[str]) -> None:
    """Give each variable that is unset or empty the placeholder."""
    for name in variables:
        if not environment.get(name):
            environment[name] = PLACEHOLDER_KEY


def remove(environment: MutableMapping[str, str], variables: Iterable[str]) -> None:
    """Take the placeholders out again; what somebody else has set meanwhile stays."""
    for name in variables:
        if environment.get(name) == PLACEHOLDER_KEY:
            del environment[name]
