"""The facts of a run added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from vcr_llm.interaction import EPOCH
from vcr_llm.providers import Usage
from vcr_llm.run_report.facts import CallFact, OpeningFact, PastFact, RunFacts

__all__ = ["CassetteSum", "Money", "Policy", "Price", "SlowCall", "Summary", "summarized", "unplayed"]

Price = Callable[[CallFact], Decimal | None]
"""What a call costs in US dollars; None where its model has no known price."""

_SMALLEST: Final = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Policy:
    """What the run as a whole has to say of a finding: ``ignore``, ``warn`` or ``error``."""

    orphans: str = "warn"
    past: str = "warn"
    age: str = "warn"


@dataclass(frozen=True, slots=True)
class CassetteSum:
    """One cassette over the whole run. ``unplayed``: numbers (from 1), None where it cannot be told."""

    path: str
    openings: tuple[OpeningFact, ...]
    unplayed: tuple[int, ...] | None

    @property
    def interactions(self) -> int:
        return max(opening.interactions for opening in self.openings)

    @property
    def on_unplayed(self) -> str:
        return _strictest(opening.on_unplayed for opening in self.openings)

    @property
    def tests(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(opening.test for opening in self.openings if opening.test))

    def lines(self, kind: str) -> tuple[str, ...]:
        """What its openings say under a name (``drifted``, ``stale``), each once."""
        return tuple(dict.fromkeys(line for opening in self.openings for line in getattr(opening, kind)))

    @property
    def oldest(self) -> datetime | None:
        dates = [date for opening in self.openings if (date := _date(opening.oldest))]
        return min(dates, default=None)

    def requests(self, outcome: str) -> int:
        return sum(opening.requests.get(outcome, 0) for opening in self.openings)


@dataclass(frozen=True, slots=True)
class Money:
    """US dollars. ``unpriced``: models without a known price, with how many calls they had."""

    not_spent: Decimal
    spent: Decimal
    unpriced: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SlowCall:
    seconds: float
    test: str
    operation: str
    model: str | None


@dataclass(frozen=True, slots=True)
class Summary:
    """A run. ``partial``: why it was not a whole one, "" if it was; ``orphans`` is None where not judged.

    ``money`` is None where genai-prices is not installed. ``old``: cassettes older than they may be,
    with their oldest date. ``failures``: why the run as a whole fails, a line each.
    """

    cassettes: tuple[CassetteSum, ...] = ()
    orphans: tuple[str, ...] | None = None
    old: tuple[tuple[str, datetime], ...] = ()
    past: tuple[PastFact, ...] = ()
    lines: tuple[tuple[str, bool], ...] = ()
    money: Money | None = None
    partial: str = ""
    failures: tuple[str, ...] = ()
    modes: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def requests(self, outcome: str) -> int:
        """How many requests were ``replayed``, ``recorded`` or sent ``live`` and not stored."""
        return sum(cassette.requests(outcome) for cassette in self.cassettes)

    @property
    def missed(self) -> int:
        return sum(opening.missed for cassette in self.cassettes for opening in cassette.openings)

    def deviating(self, kind: str) -> int:
        """How many recordings ``drifted`` or are ``stale``."""
        return sum(len(cassette.lines(kind)) for cassette in self.cassettes)

    @property
    def unplayed(self) -> tuple[CassetteSum, ...]:
        """The cassettes with unplayed interactions that are not to be ignored."""
        return tuple(each for each in self.cassettes if each.unplayed and each.on_unplayed != "ignore")

    @property
    def old_files(self) -> tuple[str, ...]:
        found = [file for each in self.cassettes for opening in each.openings for file in opening.old_files]
        return tuple(dict.fromkeys(found))

    def calls(self) -> Iterable[tuple[str, CallFact]]:
        """Each LLM call with its test."""
        for cassette in self.cassettes:
            for opening in cassette.openings:
                yield from ((opening.test, call) for call in opening.calls)

    def tokens(self, *outcomes: str) -> Usage:
        known = [call.usage for _, call in self.calls() if call.usage and call.outcome in outcomes]
        return Usage(
            prompt=sum(usage.prompt for usage in known),
            completion=sum(usage.completion for usage in known),
            cached=sum(usage.cached for usage in known),
            reasoning=sum(usage.reasoning for usage in known),
        )

    @property
    def slowest(self) -> list[SlowCall]:
        """The live calls, slowest first."""
        found = [
            SlowCall(call.seconds, test, call.operation, call.model)
            for test, call in self.calls()
            if call.seconds is not None
        ]
        return sorted(found, key=lambda call: -call.seconds)

    @property
    def silent(self) -> bool:
        """Whether there is nothing to tell: no cassette was used."""
        return not (self.cassettes or self.past or self.lines or self.failures)


def summarized(
    facts: RunFacts,
    *,
    now: datetime,
    orphans: Sequence[str] | None = None,
    policy: Policy | None = None,
    price: Price | None = None,
) -> Summary:
    """Add up the facts of all processes of a run."""
    policy = policy or Policy()
    by_path: dict[str, list[OpeningFact]] = {}
    for opening in facts.openings:
        by_path.setdefault(opening.path, []).append(opening)
    cassettes = tuple(
        CassetteSum(path, tuple(openings), unplayed(openings, whole=not facts.partial))
        for path, openings in sorted(by_path.items())
    )
    old = tuple(
        (each.path, each.oldest) for each in cassettes if each.oldest and _is_old(each, each.oldest, now)
    )
    tests = {opening.test for opening in facts.openings}
    seen = [fact for fact in dict.fromkeys(facts.past) if not fact.outside or fact.test in tests]
    past = () if policy.past == "ignore" else tuple(seen)
    orphans = None if orphans is None or policy.orphans == "ignore" else tuple(orphans)
    old = () if policy.age == "ignore" else old
    return Summary(
        cassettes=cassettes,
        orphans=orphans,
        old=old,
        past=past,
        lines=tuple(facts.lines),
        money=None if price is None else _money(facts, price),
        partial=facts.partial,
        failures=tuple(_failures(cassettes, orphans or (), old, past, policy)),
        modes=Counter(
            (mode, source)
            for _, mode, source in dict.fromkeys(
                (each.path, each.mode, each.source) for each in facts.openings
            )
        ),
    )


def unplayed(openings: Sequence[OpeningFact], *, whole: bool) -> tuple[int, ...] | None:
    """Which interactions of one cassette no test played.

    None where that cannot be told: something was recorded into the cassette, a test of it failed, or it may
    belong to tests that did not run.
    """
    counts = {opening.interactions for opening in openings}
    if len(counts) > 1 or any(opening.written or opening.failed for opening in openings):
        return None
    if not whole and not all(opening.own for opening in openings):
        return None
    played = {number for opening in openings for number in opening.played}
    return tuple(number for number in range(1, counts.pop() + 1) if number not in played)


def _is_old(cassette: CassetteSum, oldest: datetime, now: datetime) -> bool:
    allowed = [opening.max_age for opening in cassette.openings if opening.max_age is not None]
    return bool(allowed) and now - oldest > timedelta(days=min(allowed))


def _date(text: str | None) -> datetime | None:
    if text is None or text == EPOCH:
        return None
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return None
    return date.replace(tzinfo=date.tzinfo or UTC)


def _money(facts: RunFacts, price: Price) -> Money:
    not_spent = spent = Decimal(0)
    unpriced: Counter[str] = Counter()
    for opening in facts.openings:
        for call in opening.calls:
            if call.usage is None:
                continue
            cost = price(call)
            if cost is None:
                unpriced[call.model or "no model"] += 1
            elif call.outcome == "replayed":
                not_spent += cost
            else:
                spent += cost
    return Money(not_spent, spent, dict(sorted(unpriced.items())))


def _strictest(policies: Iterable[str]) -> str:
    return max(policies, key=("ignore", "warn", "error").index)


def _failures(
    cassettes: Sequence[CassetteSum],
    orphans: Sequence[str],
    old: Sequence[tuple[str, datetime]],
    past: Sequence[PastFact],
    policy: Policy,
) -> Iterable[str]:
    left = [each for each in cassettes if each.unplayed and each.on_unplayed == "error"]
    if left:
        number = sum(len(each.unplayed or ()) for each in left)
        yield f"{counted(number, 'unplayed interaction')} (on_unplayed is error)"
    for found, what, option, chosen in (
        (orphans, "orphan cassette", "llm_on_orphans", policy.orphans),
        (old, "cassette", "llm_on_age", policy.age),
        (past, "connection", "llm_on_bypass", policy.past),
    ):
        if found and chosen == "error":
            more = {
                "llm_on_age": " older than allowed",
                "llm_on_bypass": " that no cassette let through",
            }.get(option, "")
            yield f"{counted(len(found), what)}{more} ({option} is error)"


def counted(number: int, what: str) -> str:
    """A number and what it counts: ``1 cassette``, ``2 cassettes``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def dollars(amount: Decimal) -> str:
    """As much as is needed to see that it is not nothing."""
    if amount and amount < _SMALLEST:
        return f"less than ${_SMALLEST}"
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:.4f}"
