"""Who is told of the cassettes of this process: that one opens, that a call goes live, that one closes.

The pytest plugin listens for its summary, for the budget and for traffic that goes past a cassette. Where
nobody listens, telling costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vcr_llm.calls import LlmCall
    from vcr_llm.interaction import Request

__all__ = ["Listener", "listen", "stop_listening", "tell_answered", "tell_closed", "tell_live", "tell_opened"]


class Listener:
    """What can be listened for; nothing happens by itself. ``cassette`` is a `vcr_llm.Cassette`."""

    def opened(self, cassette: Any) -> None:
        """A cassette has been loaded."""

    def goes_live(self, request: Request) -> None:
        """A request is about to leave the process; an error raised here keeps it from doing so."""

    def answered(self, call: LlmCall) -> None:
        """A live LLM call has its answer."""

    def closed(self, cassette: Any) -> None:
        """A cassette has been saved, where there was something to save."""


_listeners: list[tuple[object, Listener]] = []


def listen(listener: Listener, run: object) -> None:
    """``run``: whose listener it is (pytest's config). Of runs within runs only the innermost's are told."""
    _listeners.append((run, listener))


def stop_listening(run: object) -> None:
    _listeners[:] = [entry for entry in _listeners if entry[0] is not run]


def _current() -> Iterator[Listener]:
    """Those of the innermost run; one that is added meanwhile, by one that is told, is told as well."""
    for run, listener in _listeners:
        if run is _listeners[-1][0]:
            yield listener


def tell_opened(cassette: Any) -> None:
    for listener in _current():
        listener.opened(cassette)


def tell_live(request: Request) -> None:
    for listener in _current():
        listener.goes_live(request)


def tell_answered(call: Callable[[], LlmCall | None]) -> None:
    """``call`` makes the call out of what the network answered, None if that is no LLM call."""
    made = call() if _listeners else None
    if made is not None:
        for listener in _current():
            listener.answered(made)


def tell_closed(cassette: Any) -> None:
    for listener in _current():
        listener.closed(cassette)
