"""Two requests → what differs, as a person would say it."""

from __future__ import annotations

from vcr_llm.diff.difference import Difference, in_one_line, printable
from vcr_llm.diff.requests import differences, value_differences
from vcr_llm.diff.words import WordChange, likeness, word_changes, word_counts

__all__ = [
    "Difference",
    "WordChange",
    "differences",
    "in_one_line",
    "likeness",
    "printable",
    "value_differences",
    "word_changes",
    "word_counts",
]
