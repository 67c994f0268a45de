"""Which recording a call comes closest to: by the words of its prompt, then by everything else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from vcr_llm import providers
from vcr_llm.diff import likeness, word_counts
from vcr_llm.interaction import Request, split_url
from vcr_llm.miss.situation import Situation
from vcr_llm.providers import Call

__all__ = ["Closest", "closest"]

_TEXT: Final = 6_000
"""Characters of a prompt that are looked at, half of them its beginning and half its end."""

_SAME: Final = {"operation": 0.1, "place": 0.04, "model": 0.05, "stream": 0.03, "temperature": 0.02}
"""What is added to the likeness of the words (0 to 1) where these parts are the same."""
_UNPLAYED: Final = 0.03


@dataclass(frozen=True, slots=True)
class Closest:
    """The number of a recording, from 0, and how alike the two prompts are: 0 (not a word) to 1."""

    number: int
    likeness: float


@dataclass(frozen=True, slots=True)
class _Sketch:
    """What of a request is compared roughly, without scrubbing or digests: there may be thousands."""

    words: Counter[str]
    place: str
    call: Call | None

    @classmethod
    def of(cls, request: Request) -> _Sketch:
        call = providers.classify(request)
        url = split_url(request.url)
        place = f"{request.method} {url.netloc}{url.path}"
        if call is not None:
            texts = " ".join(_texts(call.prompt))
        else:
            texts = f"{request.method} {request.url} {(request.body and request.body.text) or ''}"
        if len(texts) > _TEXT:
            texts = f"{texts[: _TEXT // 2]} {texts[-_TEXT // 2 :]}"
        return cls(word_counts(texts), place, call)


def closest(situation: Situation) -> Closest | None:
    """The recording most like the call, None where there is none; of equal ones the first not yet played."""
    live = _Sketch.of(situation.clean(situation.live))
    best: tuple[float, Closest] | None = None
    for number in range(situation.count):
        other = _Sketch.of(situation.recorded(number))
        alike = likeness(live.words, other.words)
        score = alike + sum(_SAME[part] for part in _same_parts(live, other))
        score += 0 if situation.played(number) else _UNPLAYED
        if best is None or score > best[0]:
            best = score, Closest(number, alike)
    return best[1] if best is not None else None


def _same_parts(one: _Sketch, other: _Sketch) -> Iterator[str]:
    if one.place == other.place:
        yield "place"
    if one.call is None or other.call is None:
        if one.call is other.call:
            yield "operation"
        return
    if str(one.call.operation) == str(other.call.operation):
        yield "operation"
    for part in ("model", "stream", "temperature"):
        if getattr(one.call, part) == getattr(other.call, part):
            yield part


def _texts(value: Any) -> Iterator[str]:
    """All texts in a JSON value, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)
    elif value is not None:
        yield str(value)
