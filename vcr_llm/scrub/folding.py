"""Requests as they are compared: blind to which secret it was, and to whether there was one."""

from __future__ import annotations

from typing import Any

from vcr_llm.interaction import Request
from vcr_llm.scrub.body import BodyEditor
from vcr_llm.scrub.documents import Path
from vcr_llm.scrub.message import MessagePass
from vcr_llm.scrub.names import Names
from vcr_llm.scrub.placeholders import FOLDED, Ledger, folded_text
from vcr_llm.scrub.text import Detector, Match

__all__ = ["folded"]


def folded(request: Request) -> Request:
    """A scrubbed request with all placeholders as one token, the very same object where there are none.

    Numbers and names of placeholders are nothing in a comparison: they depend on what else was found
    first, and on which environment variables were set. Neither is what stands in a credential's own
    field, so that a call made with ``test-key`` is the one recorded with a real key.
    """
    return _FoldingPass().request(request)


class _FoldingPass(MessagePass):
    def __init__(self) -> None:
        super().__init__(_EDITOR, _NOTHING, Ledger())

    def _replace(self, _match: Match, _path: Path) -> str:
        return FOLDED

    def text(self, text: str, _path: Path) -> str:
        return folded_text(text)

    def body_text(self, text: str, place: Path, *, whole: Any = None, named: bool = True) -> str:
        return super().body_text(folded_text(text), place, whole=whole, named=named)


_NOTHING = Detector(())
_EDITOR = BodyEditor(_NOTHING, Names(folding=True))
