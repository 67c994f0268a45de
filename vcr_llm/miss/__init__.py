"""Why a call has no answer: the text of a miss. Imported when the first call misses."""

from __future__ import annotations

from vcr_llm.miss.situation import Situation
from vcr_llm.miss.text import miss_text

__all__ = ["Situation", "miss_text"]
