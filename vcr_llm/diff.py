"""Two requests → what differs, as a person would say it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from vcr_llm.fingerprint import normalised, whole_request
from vcr_llm.interaction import Request

__all__ = ["Difference", "differences", "in_one_line"]

_SHORT = 40
"""Values up to this many characters are shown whole."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One part of a request that changed. ``before`` and ``after`` are None where it is not there."""

    part: str
    before: Any
    after: Any

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.part} added ({_shown(self.after)})"
        if self.after is None:
            return f"{self.part} removed (was {_shown(self.before)})"
        return f"{self.part}: {_shown(self.before)} → {_shown(self.after)}"


def differences(recorded: Request, live: Request) -> list[Difference]:
    """What the live request has otherwise than the recorded one, in the order of the recorded fields.

    Bodies are compared field by field; null equals absent and 1 equals 1.0, as in matching.
    """
    found = [
        Difference(part, before, after)
        for part, before, after in zip(_PLACE, _place(recorded), _place(live), strict=True)
        if before != after
    ]
    before, after = normalised(whole_request(recorded)), normalised(whole_request(live))
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return [*found, Difference("body", before, after)] if before != after else found
    names = [*before, *(name for name in after if name not in before)]
    found += [
        Difference(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    ]
    return found


def in_one_line(found: list[Difference]) -> str:
    return "; ".join(map(str, found))


_PLACE = ("method", "host", "path", "query")


def _place(request: Request) -> tuple[str, str, str, str]:
    url = urlsplit(request.url)
    return request.method.upper(), f"{url.scheme}://{url.netloc}", url.path, url.query


def _shown(value: Any) -> str:
    """A value for one line of text: short ones whole, long texts by their first words, others by size."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= _SHORT:
        return text
    if isinstance(value, str):
        return json.dumps(value[: _SHORT - 2].rstrip(), ensure_ascii=False)[:-1] + '…"'
    noun = "item" if isinstance(value, list) else "field"
    return f"{len(value)} {noun}{'' if len(value) == 1 else 's'}"
