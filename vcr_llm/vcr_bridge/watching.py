"""Being told of every cassette that anybody opens, vcrpy's own too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from vcr.cassette import CassetteContextDecorator
from vcr.request import Request as VcrRequest

from vcr_llm.vcr_bridge.cassettes import BridgedContext
from vcr_llm.vcr_bridge.shapes import Pair

__all__ = ["Watched", "watch_cassettes", "watch_vcrpys"]


@dataclass(frozen=True, slots=True)
class Watched:
    """A cassette that has been opened, ours or vcrpy's own, as it is after loading."""

    cassette: Any
    path: str
    pairs: Sequence[Pair]
    matchers: Sequence[Callable[..., Any]]
    repeats: bool

    def filtered(self, request: VcrRequest) -> VcrRequest | None:
        """The request after the user's filters; None where it is to be ignored."""
        asks = getattr(self.cassette, "filtered", self.cassette._before_record_request)
        return cast("VcrRequest | None", asks(request))


def watch_cassettes(opened: Callable[[Watched], Callable[[VcrRequest], None]]) -> Callable[[], None]:
    """Be told of every cassette that anybody opens, and by what ``opened`` returns of every call into it.

    Nothing is saved while watching. The call is told before it is played, or once it has been found to
    have no recording. Returns what ends it. (``vcr/cassette.py``: CassetteContextDecorator patches the
    HTTP libraries in ``_patch_generator`` once the cassette is loaded; the stubs ask
    ``can_play_response_for`` and then ``play_response`` of the instance.)
    """
    contexts = (CassetteContextDecorator, BridgedContext)
    originals = [context._patch_generator for context in contexts]

    def telling(original: Callable[..., Any]) -> Callable[..., Any]:
        def patching(self: Any, cassette: Any) -> Any:
            watched = Watched(
                cassette,
                str(cassette._path),
                tuple(cassette.data),
                tuple(cassette._match_on),
                bool(cassette.allow_playback_repeats),
            )
            _tell(cassette, opened(watched))
            return original(self, cassette)

        return patching

    for context, original in zip(contexts, originals, strict=True):
        context._patch_generator = telling(original)

    def end() -> None:
        for context, original in zip(contexts, originals, strict=True):
            context._patch_generator = original

    return end


def watch_vcrpys(opened: Callable[[str], None]) -> Callable[[], None]:
    """Be told the path of every cassette that a context of vcrpy's own opens, not one of ours.

    Returns what ends it. (``vcr/cassette.py``: see `watch_cassettes`.)
    """
    original = CassetteContextDecorator._patch_generator

    def patching(self: Any, cassette: Any) -> Any:
        opened(str(cassette._path))
        return original(self, cassette)

    CassetteContextDecorator._patch_generator = patching

    def end() -> None:
        if CassetteContextDecorator._patch_generator is patching:  # else another that watches has ended
            CassetteContextDecorator._patch_generator = original

    return end


def _tell(cassette: Any, called: Callable[[VcrRequest], None]) -> None:
    can_play, play = cassette.can_play_response_for, cassette.play_response

    def can_play_response_for(request: VcrRequest) -> Any:
        found = can_play(request)
        if not found:
            called(request)
        return found

    def play_response(request: VcrRequest) -> Any:
        called(request)
        return play(request)

    cassette.can_play_response_for = can_play_response_for
    cassette.play_response = play_response
    cassette._save = lambda *_: None
