"""Requests as they are compared: blind to which secret it was, and to whether there was one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from vcr_llm.interaction import Body, Request
from vcr_llm.scrub.body import BodyEditor
from vcr_llm.scrub.documents import Path
from vcr_llm.scrub.engine import Scrubber
from vcr_llm.scrub.message import MessagePass
from vcr_llm.scrub.name_rules import STAND_INS
from vcr_llm.scrub.names import Names
from vcr_llm.scrub.placeholders import FOLDED, Ledger, folded_text, may_fold
from vcr_llm.scrub.text import Detector, Match

__all__ = ["folded", "untouched"]


def folded(request: Request) -> Request:
    """A scrubbed request with all placeholders as one token, the very same object where there are none.

    Numbers and names of placeholders are nothing in a comparison: they depend on what else was found
    first, and on which environment variables were set. Neither is what stands in a credential's own
    field, so that a call made with ``test-key`` is the one recorded with a real key.
    """
    return _FoldingPass().request(request)


def untouched(scrubber: Scrubber, bodies: Sequence[Body | None]) -> list[bool]:
    """For each body whether both scrubbing and `folded` leave it as it is; False where only they can tell.

    Many bodies cost little more than one: what most do not have is looked for in all of them at once.
    """
    found = [body is None for body in bodies]
    chunk: list[tuple[int, Body]] = []
    size = 0
    for place, body in enumerate(bodies):
        if body is None or json.detect_encoding(body.raw) != "utf-8" or not isinstance(body.json, dict):
            continue
        if size + len(body.raw) > _CHUNK:
            _look(scrubber, chunk, found)
            chunk, size = [], 0
        chunk.append((place, body))
        size += len(body.raw)
    _look(scrubber, chunk, found)
    return found


_CHUNK: Final = 1 << 15
"""Bytes: `Detector.may_find` looks otherwise at large texts than at small ones."""


def _look(scrubber: Scrubber, chunk: list[tuple[int, Body]], found: list[bool]) -> None:
    texts = [body.text for _, body in chunk]
    known = [text for text in texts if text is not None]
    if _may_change(scrubber.editor, "\n".join(known)):
        if len(chunk) > 1:
            half = len(chunk) // 2
            _look(scrubber, chunk[:half], found)
            _look(scrubber, chunk[half:], found)
        return
    for (place, body), text in zip(chunk, texts, strict=True):
        found[place] = text is not None and not (
            _EDITOR.names.may_apply(body.json, text)
            # Folding counts all names that scrubbing counts, but for a user's own.
            or (scrubber.names and scrubber.editor.names.may_apply(body.json, text))
        )


def _may_change(editor: BodyEditor, text: str) -> bool:
    return may_fold(text) or editor.may_change(text)


class _FoldingPass(MessagePass):
    def __init__(self) -> None:
        super().__init__(_EDITOR, _NO_VALUES, Ledger())

    def _replace(self, _match: Match, _path: Path) -> str:
        return FOLDED

    def text(self, text: str, _path: Path) -> str:
        return folded_text(text)

    def body_text(self, text: str, place: Path, *, whole: Any = None, named: bool = True) -> str:
        return super().body_text(folded_text(text), place, whole=whole, named=named)

    def _binary(self, raw: bytes, _side: str) -> bytes:
        found = folded_text(raw.decode("latin-1")).encode("latin-1")
        return raw if found == raw else found

    def _events_text(self, text: str, events: list[Any] | None) -> str:
        return super()._events_text(folded_text(text), events)


_NO_VALUES = Detector(())
_EDITOR = BodyEditor(Detector(STAND_INS), Names(folding=True))
