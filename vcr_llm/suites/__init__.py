"""A suite as it stands in its files, and what to change in it so that it uses the preset.

`reading` finds out by ``ast``, importing nothing of the project; `advising` says what to change and what
that means; `patching` makes a patch of it and applies it.
"""

from vcr_llm.suites.advising import Advice, advise
from vcr_llm.suites.patching import Change, NotPatchedError, apply, in_diff
from vcr_llm.suites.reading import Suite, project_root, read

__all__ = [
    "Advice",
    "Change",
    "NotPatchedError",
    "Suite",
    "advise",
    "apply",
    "in_diff",
    "project_root",
    "read",
]
