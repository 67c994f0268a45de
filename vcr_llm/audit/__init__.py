"""What answers each call of a suite: by vcrpy's own matchers, and by ours.

`facts` says it as values and lines of text; `watching` finds it out from vcrpy's cassettes while tests run.
"""

from vcr_llm.audit.facts import MISS, TIERS, Answered, Audit, Played, from_json, to_json
from vcr_llm.audit.texts import in_lines
from vcr_llm.audit.watching import Watch

__all__ = ["MISS", "TIERS", "Answered", "Audit", "Played", "Watch", "from_json", "in_lines", "to_json"]
