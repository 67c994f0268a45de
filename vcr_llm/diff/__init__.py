"""Two requests → what differs, as a person would say it."""

from __future__ import annotations

from vcr_llm.diff.difference import Difference, in_one_line
from vcr_llm.diff.requests import differences, value_differences
from vcr_llm.diff.words import WordChange, word_changes

__all__ = [
    "Difference",
    "WordChange",
    "differences",
    "in_one_line",
    "value_differences",
    "word_changes",
]
