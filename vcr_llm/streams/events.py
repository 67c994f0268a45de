"""A stream as values: the events people read, and the framing that they do not.

What every kind of stream has in common; `sse`, `ndjson`, `jsonarray` and `eventstream` turn bytes into
this and back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

__all__ = ["EventStream", "StreamEvent"]

Framing = TypeVar("Framing")


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event of a stream.

    ``data`` is its JSON value, or what its format says. ``event`` is its name, ``id`` and ``retry`` are
    texts that only server-sent events have, ``headers`` those of a message of Amazon's; None where the
    stream has none.
    """

    data: Any
    event: str | None = None
    id: str | None = None
    retry: str | None = None
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class EventStream(Generic[Framing]):
    """A whole stream, in the order sent, and what else is needed to build it again."""

    events: tuple[StreamEvent, ...]
    framing: Framing
