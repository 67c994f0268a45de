"""Who is told of the cassettes of this process: that one opens, that a call goes live, that one closes.

The pytest plugin listens for its summary, for the budget and for traffic that goes past a cassette. Where
nobody listens, telling costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from vcr_llm.interaction import Request

__all__ = ["Listener", "listen", "stop_listening", "tell_closed", "tell_live", "tell_opened"]


class Listener(Protocol):
    """``cassette`` is a `vcr_llm.Cassette`."""

    def opened(self, cassette: Any) -> None:
        """A cassette has been loaded."""

    def goes_live(self, cassette: Any, request: Request) -> None:
        """A request is about to leave the process; an error raised here keeps it from doing so."""

    def closed(self, cassette: Any) -> None:
        """A cassette has been saved, where there was something to save."""


_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    _listeners.append(listener)


def stop_listening(listener: Listener) -> None:
    if listener in _listeners:
        _listeners.remove(listener)


def tell_opened(cassette: Any) -> None:
    for listener in _listeners:
        listener.opened(cassette)


def tell_live(cassette: Any, request: Request) -> None:
    for listener in _listeners:
        listener.goes_live(cassette, request)


def tell_closed(cassette: Any) -> None:
    for listener in _listeners:
        listener.closed(cassette)
