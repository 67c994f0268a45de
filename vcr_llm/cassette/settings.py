"""The options of this package for one cassette, understood."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from vcr_llm.cassette.finder import Matcher
from vcr_llm.normalizers import AS_SENT, Normalizer
from vcr_llm.ranking import USUAL, Rules
from vcr_llm.scrub import DEFAULT, Scrubber
from vcr_llm.session import Session

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """See `recorder.preset`. ``fallback`` are the matchers that ``rules`` names, ``side_calls`` the kinds to
    ignore; ``session`` is the test that opens the cassette, None outside of a run of pytest."""

    rules: Rules = USUAL
    fallback: Sequence[Matcher] = ()
    record_errors: bool = False
    scrubber: Scrubber = DEFAULT
    normalizer: Normalizer = AS_SENT
    on_drift: str = "warn"
    side_calls: Collection[str] = ()
    session: Session | None = None
