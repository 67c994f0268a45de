"""What a miss is explained from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vcr_llm.fingerprint import Fingerprint, fingerprint
from vcr_llm.interaction import Request
from vcr_llm.ranking import Rules
from vcr_llm.report import Advice

__all__ = ["Situation"]


@dataclass(frozen=True, slots=True)
class Situation:
    """One call without a recording, and the cassette it was looked for in.

    ``recorded(number)`` is a recorded request as stored, of ``count``; ``seen`` makes of a request what is
    compared (no secrets, normalised), ``clean`` only takes the secrets out. ``played(number)``: it has
    answered already. ``refusing(number)``: the names of the user's own matchers that refuse it. ``exists``:
    there is a file. ``mode``: the record mode, with ``source`` saying where it came from if a flag cannot
    change it.
    """

    live: Request
    count: int
    recorded: Callable[[int], Request]
    seen: Callable[[Request], Request]
    clean: Callable[[Request], Request]
    played: Callable[[int], bool]
    refusing: Callable[[int], Sequence[str]]
    rules: Rules
    strict: bool
    path: str
    exists: bool
    mode: str
    source: str
    advice: Advice

    def print_of(self, request: Request) -> Fingerprint:
        """The fingerprint of a request, by this cassette's rules."""
        rules = self.rules
        return fingerprint(self.seen(request), match_host=rules.match_host, match_on=rules.match_on)

    def is_same(self, one: Request, other: Request) -> bool:
        """Whether one request, as compared, would answer the other."""
        rules = self.rules
        first, second = (
            fingerprint(each, match_host=rules.match_host, match_on=rules.match_on) for each in (one, other)
        )
        same_call = (first.place, first.key) == (second.place, second.key)
        return same_call and (first.whole == second.whole or not self.strict)
