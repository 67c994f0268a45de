"""A cassette's interactions as vcrpy holds them, those of a file made when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from vcr_llm.fingerprint import Digests, Sent, digests, to_sent
from vcr_llm.interaction import Interaction, Request
from vcr_llm.schema import Entries, Standing
from vcr_llm.vcr_bridge import (
    Pair,
    decoded_interaction,
    is_bare,
    to_bare_response,
    to_interaction,
    to_pair,
    to_request,
)

__all__ = [
    "Pairs",
    "bare_interaction",
    "recorded_answer",
    "recorded_digests",
    "recorded_interaction",
    "recorded_request",
    "recorded_sent",
]


Kept = dict[str, Any] | Callable[[], dict[str, Any]]
"""A response, or what makes it again."""

_LARGE: Final = 1 << 17
"""Bytes of a response from which on it is rather made again than kept."""


class Pairs(list[Any]):
    """A list of ``(request, response)``; each is made once, so that what somebody changes stays changed.

    Where nobody has asked for a pair yet its number in the file stands.
    """

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        super().__init__(range(len(entries)))
        if entries.made:
            for number, made in entries.made.items():
                self[number] = to_pair(made)

    def again(self, text: str) -> Pairs | None:
        """The pairs as they were when the file was read, if they were read from this text."""
        return Pairs(self._entries) if self._entries.are_of(text) else None

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        found = super().__getitem__(index)
        if isinstance(found, int):
            found = to_pair(self._entries[found])
            self[index] = found
        return found

    def __iter__(self) -> Iterator[Pair]:
        place = 0
        while place < len(self):
            yield self[place]
            place += 1

    def __radd__(self, other: list[Pair]) -> list[Pair]:
        return [*other, *self]

    def unusual(self) -> list[tuple[int, Pair]]:
        """The pairs that were made when the file was read, each behind its place (see `Entries.made`)."""
        made = self._entries.made
        return [(place, self[place]) for place in made] if made else []

    def request(self, place: int) -> Request:
        """The request of a pair; the pair is not made for this."""
        found = super().__getitem__(place)
        return self._entries.request(found) if isinstance(found, int) else to_request(found[0])

    def sent(self, place: int) -> Sent:
        """A pair's request as it is sent; neither the pair nor its request is made for this."""
        found = super().__getitem__(place)
        return self._entries.sent(found) if isinstance(found, int) else to_sent(to_request(found[0]))

    def digests(self, place: int) -> Digests:
        """The digests of a pair's request; neither the pair nor its request is made for this."""
        found = super().__getitem__(place)
        return self._entries.digests(found) if isinstance(found, int) else digests(to_request(found[0]))

    def interaction(self, place: int) -> Interaction:
        """What a pair stands for; the pair is not made for this."""
        found = super().__getitem__(place)
        return self._entries[found] if isinstance(found, int) else to_interaction(*found)

    def decoded(self, place: int) -> Interaction:
        """The same without content encodings."""
        found = super().__getitem__(place)
        return self._entries[found] if isinstance(found, int) else decoded_interaction(*found)

    def interactions(self) -> Iterator[Interaction]:
        """What the pairs stand for, decoded; no pair is made for this."""
        return map(self.decoded, range(len(self)))

    def standing(self, place: int) -> Standing | None:
        """The entry of a pair that would be written again as it is; None where that is not sure."""
        found = super().__getitem__(place)
        return self._entries.standing(found) if isinstance(found, int) else None

    def answer(self, place: int) -> tuple[dict[str, Any], Kept]:
        """The response of a pair, to answer a call with, and what to keep of it: a large one can be made
        again of the cassette's text. The pair is not made for this."""
        found = _of_list(self, place)
        if not isinstance(found, int):
            return found[1], found[1]
        status, reason, headers, raw = self._entries.answer(found)
        response = to_bare_response(status, reason, headers, raw)
        return response, response if len(raw) < _LARGE else partial(_answer, self._entries, found)

    def bare(self, place: int) -> Interaction | None:
        """The interaction if it says nothing of HTTP; those are made when they are read."""
        found = super().__getitem__(place)
        return None if isinstance(found, int) or not is_bare(found[1]) else to_interaction(*found)


_of_list: Final = list.__getitem__


def _answer(entries: Entries, number: int) -> dict[str, Any]:
    return to_bare_response(*entries.answer(number))


def _with_all_made(method: Callable[..., Any]) -> Callable[..., Any]:
    def called(pairs: Pairs, *arguments: Any, **named: Any) -> Any:
        for _ in pairs:
            pass
        return method(pairs, *arguments, **named)

    return called


_COMPARING = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__contains__", "count", "index")
_COPYING = ("__add__", "__mul__", "__rmul__", "__repr__", "__reversed__", "copy")
_CHANGING = ("pop", "remove", "sort")

for _name in (*_COMPARING, *_COPYING, *_CHANGING):
    # A list does these with its elements in C, that is, with the numbers.
    setattr(Pairs, _name, _with_all_made(getattr(list, _name)))


def recorded_request(data: Sequence[Pair], place: int) -> Request:
    """The request of a recording."""
    return data.request(place) if isinstance(data, Pairs) else to_request(data[place][0])


def recorded_sent(data: Sequence[Pair], place: int) -> Sent:
    """A recording's request as it is sent."""
    return data.sent(place) if isinstance(data, Pairs) else to_sent(to_request(data[place][0]))


def recorded_digests(data: Sequence[Pair], place: int) -> Digests:
    """The digests of a recording's request."""
    return data.digests(place) if isinstance(data, Pairs) else digests(to_request(data[place][0]))


def recorded_answer(data: Sequence[Pair], place: int) -> tuple[dict[str, Any], Kept]:
    """The response of a recording, to answer a call with, and what to keep of it."""
    return data.answer(place) if isinstance(data, Pairs) else (data[place][1], data[place][1])


def recorded_interaction(data: Sequence[Pair], place: int) -> Interaction:
    """A recording as an interaction."""
    return data.interaction(place) if isinstance(data, Pairs) else to_interaction(*data[place])


def bare_interaction(data: Sequence[Pair], place: int) -> Interaction | None:
    """The recording if it says nothing of HTTP (see `Interaction`), else None."""
    if isinstance(data, Pairs):
        return data.bare(place)
    pair = data[place]
    return to_interaction(*pair) if is_bare(pair[1]) else None
