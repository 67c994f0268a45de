"""Secrets in one text: where they are, by which rule, and the text with placeholders instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from vcr_llm.scrub.anchors import Anchors
from vcr_llm.scrub.placeholders import PLACEHOLDER
from vcr_llm.scrub.rule import Rule

__all__ = ["LARGE", "Detector", "Match", "find", "replaced"]


@dataclass(frozen=True, slots=True)
class Match:
    """``text[start:end]`` is a secret by ``rule``; ``secret`` names it whatever its spelling there."""

    start: int
    end: int
    rule: Rule
    secret: str = field(repr=False)


_BLOB: Final = 48
"""How many characters of the base64 alphabet beside a match make it a piece of something encoded."""

_BLOB_BEHIND: Final = re.compile(rf"[A-Za-z0-9+/=]{{{_BLOB}}}")


class Detector:
    """A set of rules, prepared for one question: is there anything here at all?

    Most texts hold nothing, and to look for all anchors at once (see `anchors`) costs less than any one rule.
    What that takes is made when first needed: many sets are never asked.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._clean: set[str] = set()

    @cached_property
    def _bare(self) -> tuple[re.Pattern[str], ...]:
        return tuple(rule.pattern for rule in self.rules if not rule.anchors)

    @cached_property
    def _value_anchors(self) -> set[str]:
        return {anchor for rule in self.rules if rule.stands_for for anchor in rule.anchors}

    @cached_property
    def _of_shapes(self) -> Anchors:
        return Anchors({anchor for rule in self.rules if not rule.stands_for for anchor in rule.anchors})

    @cached_property
    def _of_all(self) -> Anchors:
        anchors = {anchor for rule in self.rules for anchor in rule.anchors}
        return Anchors(anchors, self._bare)

    def may_find(self, text: str) -> bool:
        """False only where no rule can match."""
        if len(text) > _SHORT:
            return self._may_find(text)
        if text in self._clean:
            return False
        found = self._may_find(text)
        if not found:
            if len(self._clean) >= _REMEMBERED:
                self._clean.clear()
            self._clean.add(text)
        return found

    def _may_find(self, text: str) -> bool:
        if len(text) < LARGE:
            return self.may_find_anywhere(text)
        if any(pattern.search(text) for pattern in self._bare):
            return True
        # No shape is found inside media; values may be.
        if any(anchor in text for anchor in self._value_anchors):
            return True
        return self._of_shapes.are_in(_without_media(text))

    def may_find_anywhere(self, text: str) -> bool:
        """The same, and inside media too, however large the text is."""
        return self._of_all.are_in(text)

    def may_find_in_events(self, text: str) -> bool:
        """The same as `may_find` for server-sent events."""
        return self._may_find(text) if len(text) >= LARGE else self._of_all.are_in_repeated(text)

    def narrowed(self, text: str) -> Sequence[Rule]:
        """The rules that can match somewhere in the text."""
        rest = text if len(text) < LARGE else _without_media(text)
        return [
            rule
            for rule in self.rules
            if not rule.anchors or _has(text if rule.stands_for else rest, rule.anchors)
        ]

    def narrowed_to_bytes(self, text: str) -> Sequence[Rule]:
        """The same for bytes that are looked at as Latin-1, where a shape needs a stretch one can read."""
        readable = "\n".join(_READABLE.findall(text))
        shapes = bool(readable) and self.may_find(readable)
        return [
            rule
            for rule in self.rules
            if not rule.anchors
            or ((shapes or rule.stands_for) and _has(text if rule.stands_for else readable, rule.anchors))
        ]


def _has(text: str, anchors: Sequence[str]) -> bool:
    return any(anchor in text for anchor in anchors)


_READABLE: Final = re.compile(r"[\t\n\r -~]{16,}+")

_SHORT: Final = 200
"""Characters: values of headers and parts of URLs, which are the same in every message."""

_REMEMBERED: Final = 4096

LARGE: Final = 1 << 16
"""Characters: from here on media are left out, where each letter is as rare as another."""

_KEPT: Final = 8192
"""Characters: longer than any secret, so that its beginning is never cut off from it."""

_MEDIA: Final = re.compile(rf"([A-Za-z0-9+/]{{{_KEPT}}})[A-Za-z0-9+/]++")


def _without_media(text: str) -> str:
    """The text with each very long run of base64 cut to its beginning."""
    quoted = text.split('"')  # a JSON string each, or the ends of several
    if not any(map(_may_be_media, quoted)):
        return text
    return '"'.join(_MEDIA.sub(r"\1", part) if _may_be_media(part) else part for part in quoted)


def _may_be_media(part: str) -> bool:
    return len(part) > _KEPT and " " not in part


def find(text: str, rules: Sequence[Rule]) -> list[Match]:
    """All secrets in the text, in order, none overlapping another."""
    found: list[Match] = []
    for rule in rules:
        for match in rule.pattern.finditer(text):
            start, end = match.span(1 if match.re.groups else 0)
            if start == end:
                continue
            secret = text[start:end]
            if rule.check(secret) and (rule.stands_for or not _inside_blob(text, start, end)):
                found.append(Match(start, end, rule, rule.stands_for or secret))
    if found and "<" in text:
        found = _outside_placeholders(text, found)
    return _merged(text, found) if len(found) > 1 else found


def _inside_blob(text: str, start: int, end: int) -> bool:
    """Whether the match is a chance piece of base64: part of a long run of its alphabet.

    A slash or plus beside it is also what stands in paths and prose, so the run must be long.
    """
    before, after = text[max(0, start - _BLOB) : start], text[end : end + _BLOB]
    return bool(
        (before[-1:] in ("/", "+") and _BLOB_BEHIND.fullmatch(before))
        or (after[:1] in ("/", "+") and _BLOB_BEHIND.fullmatch(after))
    )


def _outside_placeholders(text: str, found: list[Match]) -> list[Match]:
    """Without those that are only part of a placeholder (a user's pattern may well match its letters)."""
    spans = [match.span() for match in PLACEHOLDER.finditer(text)]
    return [
        match for match in found if not any(start <= match.start and match.end <= end for start, end in spans)
    ]


def _merged(text: str, found: list[Match]) -> list[Match]:
    """Overlapping matches as one that covers both, so that no end of a secret stays.

    It is named by a value if there is one, else by the rule that comes first in the table.
    """
    rank = {id(rule): place for place, rule in reversed(list(enumerate(match.rule for match in found)))}
    found.sort(key=lambda match: (match.start, -match.end, rank[id(match.rule)]))
    merged: list[Match] = []
    for match in found:
        last = merged[-1] if merged else None
        if last is None or match.start >= last.end:
            merged.append(match)
            continue
        start, end = last.start, max(last.end, match.end)
        best = min(last, match, key=lambda one: (one.rule.stands_for is None, rank[id(one.rule)]))
        secret = best.secret if best.rule.stands_for else text[start:end]
        merged[-1] = Match(start, end, best.rule, secret)
    return merged


def replaced(text: str, found: Sequence[Match], name: Callable[[Match], str]) -> str:
    """The text with each match replaced by what ``name`` says."""
    parts: list[str] = []
    at = 0
    for match in found:
        parts += text[at : match.start], name(match)
        at = match.end
    return "".join(parts) + text[at:]
