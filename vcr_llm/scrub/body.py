"""Secrets in a body: in the strings of its JSON, in the pieces of its streamed texts, in what is no JSON."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vcr_llm import jsontext
from vcr_llm.scrub.documents import (
    Document,
    Literal,
    Path,
    documents,
    is_stream,
    joined_data,
    joined_pieces,
    literals,
    may_have_tokens,
    pieces,
    plain_data,
    uncovered,
)
from vcr_llm.scrub.names import Names, normalised_name, split_scheme
from vcr_llm.scrub.rule import Rule
from vcr_llm.scrub.text import Detector, Match, find, replaced
from vcr_llm.streams import sse

__all__ = ["BodyEditor", "escapes_ascii"]

_ROUNDS: Final = 4
"""How often a text is looked at again after a replacement; two have always been enough."""

_ESCAPED_ASCII: Final = re.compile(r"\\(?:/|u00[2-7])")

_BYTES: Final = re.compile(r'"bytes"(\s*:\s*)\[[\d,\s]*\]')


def escapes_ascii(text: str) -> bool:
    """Whether a text has JSON escapes of characters that rules look for."""
    return "\\" in text and _ESCAPED_ASCII.search(text) is not None


ReplaceMatch = Callable[[Match, Path], str]
"""What a match at a path of the body is replaced by."""


@dataclass(slots=True)
class _Piece:
    """A JSON string of the body: where it stands, and what it says by now."""

    path: Path
    is_key: bool
    start: int
    end: int
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class BodyEditor:
    """Replaces the secrets in texts. ``callables`` are the user's own, applied to each string once."""

    detector: Detector
    names: Names
    callables: Sequence[Callable[[str], str]] = ()

    # --- one string

    def text(self, text: str, path: Path, replace: ReplaceMatch, rules: Sequence[Rule] | None = None) -> str:
        """A text without its secrets, the same object where there are none."""
        for edit in self.callables:
            text = edit(text)
        if rules is None:
            if not self.detector.may_find(text):
                return text
            rules = self.detector.narrowed(text)
        for _ in range(_ROUNDS):
            matches = find(text, rules)
            if not matches:
                break
            text = replaced(text, matches, lambda match: replace(match, path))
        return text

    def named(self, value: str, placeholder: str, name: str, path: Path, replace: ReplaceMatch) -> str:
        """The value of a credential's field. Where it is a known key that is what it is called; the
        scheme word of an ``Authorization`` value stays."""
        scheme, token = split_scheme(value)
        for match in find(token, self.detector.narrowed(token)):
            if match.end - match.start == len(token):
                return scheme + replace(match, path)
        named = Rule(f"name-{normalised_name(name)[:40]}", placeholder, _EVERYTHING, ())
        return scheme + replace(Match(0, len(token), named, token), path)

    # --- a body's text

    def may_change(self, text: str) -> bool:
        """False only where no JSON object in the text is changed but for the names of its members.

        The text may be that of several objects: most hold nothing, and one look tells.
        """
        return bool(
            self.callables or may_have_tokens(text) or self.detector.may_find(text) or escapes_ascii(text)
        )

    def leaves_events(self, text: str, values: Sequence[Any]) -> bool:
        """Whether `body` leaves the text of server-sent events; False where only that can tell.

        ``values``: the data of each, where every other part of the text is a field or a comment.
        """
        found = [value for value in values if isinstance(value, dict)]
        plain = len(values) - len(found)
        # Of data that is no JSON one piece may stand there, mostly the word [DONE].
        if self.callables or len(found) < 2 or plain > 1 or text.count("data:") != len(values):
            return False
        return not (
            (plain and sse.DONE not in values)
            or self.detector.may_find_in_events(text)
            or escapes_ascii(text)
            or any(map(self.detector.may_find, joined_data(found)))
        )

    def body(self, text: str, replace: ReplaceMatch, *, whole: Any = None, named: bool = True) -> str:
        """A body's text without its secrets, the same object where there are none.

        ``whole`` is its JSON value where that is known. ``named``: whether names of JSON members count.
        """
        found = documents(text) if whole is None else [Document((), whole, text, 0, len(text))]
        if whole is None and is_stream(text):
            joined_text = self._across_plain_data(text, found, replace)
            if joined_text is not text:
                text, found = joined_text, documents(joined_text)
        if not found:
            return self.text(text, (), replace)
        in_pieces = len(found) > 1 or isinstance(found[0].value, list) or may_have_tokens(text)
        joined = joined_pieces(found) if in_pieces else []
        single = found[0] if len(found) == 1 and not found[0].path else None
        by_name = named and single is not None and self.names.may_apply(single.value, text)
        if not (
            by_name
            or self.callables
            or self.detector.may_find(text)
            or any(map(self.detector.may_find, joined))
            or escapes_ascii(text)
        ):
            return text
        strings = [_piece(document, literal) for document in found for literal in literals(document)]
        rules = self.detector.narrowed("\n".join([text, *joined, *(piece.now for piece in strings)]))
        values = {piece.path: piece for piece in strings if not piece.is_key}
        for group in pieces(found) if in_pieces else ():  # first, or the end of a secret would stay
            paths = [piece.path for piece in group]
            self._across([values[path] for path in paths if path in values], rules, replace)
        for piece in strings:
            placeholder = self.names.of_member(piece.path, piece.now) if named and not piece.is_key else None
            if placeholder is not None:
                piece.now = self.named(piece.now, placeholder, _last_name(piece.path), piece.path, replace)
            elif rules or self.callables:
                piece.now = self.text(piece.now, piece.path, replace, rules)
        return self._edited(text, found, strings, rules, replace)

    def _across(self, group: Sequence[_Piece], rules: Sequence[Rule], replace: ReplaceMatch) -> None:
        """Replace what is a secret only when the pieces are put together.

        The placeholder goes where the secret begins, and what follows of it is taken out of the other
        pieces; each piece stays, perhaps empty.
        """
        for _ in range(_ROUNDS):
            starts = [0]
            for piece in group:
                starts.append(starts[-1] + len(piece.now))
            matches = find("".join(piece.now for piece in group), rules)
            if not matches:
                return
            for match in reversed(matches):  # from the end, so that the offsets before it stay right
                first = bisect_right(starts, match.start) - 1
                for number in range(first, bisect_right(starts, match.end - 1)):
                    piece, start = group[number], starts[number]
                    word = replace(match, piece.path) if number == first else ""
                    kept = piece.now[: max(0, match.start - start)]
                    piece.now = kept + word + piece.now[max(0, match.end - start) :]

    def _across_plain_data(self, text: str, found: list[Document], replace: ReplaceMatch) -> str:
        """A stream whose events have plain text, without the secrets that are split across them."""
        spans = plain_data(text, found)
        joined = "".join(text[start:end] for start, end in spans)
        if len(spans) < 2 or not self.detector.may_find(joined):
            return text
        strings = [
            _Piece((number, "data"), False, start, end, text[start:end], text[start:end])
            for number, (start, end) in enumerate(spans)
        ]
        self._across(strings, self.detector.narrowed(joined), replace)
        edits = [(piece.start, piece.end, piece.now) for piece in strings if piece.now != piece.was]
        return _with_edits(text, edits) if edits else text

    def _edited(
        self,
        text: str,
        found: list[Document],
        strings: list[_Piece],
        rules: Sequence[Rule],
        replace: ReplaceMatch,
    ) -> str:
        """The body's text with the changed strings, and what is no JSON, written anew."""
        edits = [
            (piece.start, piece.end, jsontext.compact(piece.now))
            for piece in strings
            if piece.now != piece.was
        ]
        for start, end in uncovered(text, found):
            stretch = self.text(text[start:end], (), replace, rules)
            if stretch != text[start:end]:
                edits.append((start, end, stretch))
        if not edits:
            return text
        in_tokens = any(piece.now != piece.was and "logprobs" in piece.path for piece in strings)
        result = _with_edits(text, edits)
        # The bytes of a token say what the token said; providers send null where a token has none.
        return _BYTES.sub(r'"bytes"\1null', result) if in_tokens else result


def _with_edits(text: str, edits: Sequence[tuple[int, int, str]]) -> str:
    """A text with some of its stretches (start, end, what is there now) written anew."""
    parts: list[str] = []
    at = 0
    for start, end, new in sorted(edits):
        parts += text[at:start], new
        at = end
    return "".join(parts) + text[at:]


_EVERYTHING: Final = re.compile(r".*", re.DOTALL)


def _last_name(path: Path) -> str:
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def _piece(document: Document, literal: Literal) -> _Piece:
    raw = document.text[literal.start : literal.end]
    text = json.loads(raw) if "\\" in raw else raw[1:-1]
    return _Piece(literal.path, literal.is_key, literal.start, literal.end, text, text)
