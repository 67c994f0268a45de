"""The section at the end of a test run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from vcr_llm.providers import Usage
from vcr_llm.run_report.facts import PastFact
from vcr_llm.run_report.summary import Summary, counted, dollars

__all__ = [
    "TextLine",
    "alarms",
    "counts",
    "findings",
    "modes",
    "money_text",
    "numbers_text",
    "terminal_lines",
    "tokens_text",
]

_SLOWEST: Final = 5


@dataclass(frozen=True, slots=True)
class TextLine:
    """``kind``: as loud as a failure, a finding to look at, or just said."""

    text: str
    kind: Literal["loud", "finding", "said"] = "said"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at: a heading, and what it is about, one line each."""

    heading: str
    details: tuple[str, ...] = ()


def terminal_lines(summary: Summary, verbosity: int = 0) -> list[TextLine]:
    """The lines below the section's title; nothing for a run that used no cassette.

    ``verbosity`` is pytest's: from -1 (``-q``) down one line of counts and what is loud, from -2 down
    only that; from 1 (``-v``) up everything by name.
    """
    if summary.silent:
        return []
    loud = [*(TextLine(text, "loud") for text in alarms(summary))]
    loud += [TextLine(f"FAILED: {failure}", "loud") for failure in summary.failures]
    if verbosity <= -2:
        return loud
    found = list(findings(summary))
    if verbosity < 0:
        said = [counts(summary), *(finding.heading for finding in found)]
        return [TextLine(f"vcr-llm: {'; '.join(filter(None, said))}"), *loud]
    return [*_said(summary, verbosity), *_found(found, verbosity), *loud]


def _said(summary: Summary, verbosity: int) -> Iterator[TextLine]:
    if summary.cassettes:
        yield TextLine(f"requests: {counts(summary)}")
    for line in (tokens_text(summary), money_text(summary)):
        if line:
            yield TextLine(line)
    if summary.modes and verbosity > 0:
        yield TextLine(f"record mode: {'; '.join(modes(summary))}")
    if verbosity > 0:
        slowest = summary.slowest[:_SLOWEST]
        if slowest:
            yield TextLine("slowest live calls:")
        for call in slowest:
            yield TextLine(f"  {call.seconds:.2f}s {call.test or 'no test'} ({call.model or call.operation})")
    for text, bad in summary.lines:
        if not bad:
            yield TextLine(text)


def _found(found: Sequence[Finding], verbosity: int) -> Iterator[TextLine]:
    for finding in found:
        if verbosity > 0:
            yield TextLine(f"{finding.heading}:" if finding.details else finding.heading, "finding")
            yield from (TextLine(f"  {detail}", "finding") for detail in finding.details)
        else:
            hint = " (-v names them)" if finding.details else ""
            yield TextLine(f"{finding.heading}{hint}", "finding")


def counts(summary: Summary) -> str:
    """``14 replayed, 2 recorded``; what there was none of is left out, but for the first."""
    numbers = {
        "replayed": summary.requests("replayed"),
        "recorded": summary.requests("recorded"),
        "live and not recorded": summary.requests("live"),
        "missed": summary.missed,
    }
    said = [f"{number:,} {what}" for what, number in numbers.items() if number or what == "replayed"]
    return ", ".join(said) if summary.cassettes else ""


def tokens_text(summary: Summary) -> str:
    """Prompt and completion tokens, of replayed and of live calls."""
    said = [
        f"{usage.prompt:,} in and {usage.completion:,} out {what}"
        for what, usage in (
            ("replayed", summary.tokens("replayed")),
            ("recorded", summary.tokens("recorded")),
            ("live and not recorded", summary.tokens("live")),
        )
        if usage != Usage()
    ]
    return f"tokens: {'; '.join(said)}" if said else ""


def money_text(summary: Summary) -> str:
    """What replaying saved and recording cost, at list prices; calls of unknown models are counted."""
    money = summary.money
    if money is None:
        return ""
    said = [
        f"{dollars(amount)} {what}"
        for amount, what in ((money.not_spent, "not spent"), (money.spent, "spent"))
        if amount
    ]
    unpriced = sum(money.unpriced.values())
    if unpriced:
        names = ", ".join(money.unpriced)
        said.append(f"{counted(unpriced, 'call')} of a model without a known price not counted ({names})")
    return f"money: {', '.join(said)}" if said else ""


def modes(summary: Summary) -> list[str]:
    """The record modes of the cassettes and where they came from, the commonest first."""
    ranked = sorted(summary.modes.items(), key=lambda entry: -entry[1])
    return [f"{mode} ({source}) for {counted(number, 'cassette')}" for (mode, source), number in ranked]


def findings(summary: Summary) -> Iterator[Finding]:
    """What somebody should look at, mildest last."""
    for kind, what in (("drifted", "drifted"), ("stale", "stale")):
        number = summary.deviating(kind)
        if number:
            lines = (f"{each.path}: {line}" for each in summary.cassettes for line in each.lines(kind))
            yield Finding(f"{what}: {counted(number, 'recording')}", tuple(lines))
    unplayed = summary.unplayed
    if unplayed:
        number = sum(len(each.unplayed or ()) for each in unplayed)
        heading = f"unplayed: {counted(number, 'interaction')} in {counted(len(unplayed), 'cassette')}"
        yield Finding(
            heading, tuple(f"{each.path}: {numbers_text(each.unplayed or ())}" for each in unplayed)
        )
    if summary.orphans:
        yield Finding(
            f"orphans: {counted(len(summary.orphans), 'cassette')} that no test opened", summary.orphans
        )
    if summary.old:
        oldest = min(date for _, date in summary.old)
        yield Finding(
            f"too old: {counted(len(summary.old), 'cassette')}, the oldest of {oldest.date()}",
            tuple(f"{path}: {date.date()}" for path, date in summary.old),
        )
    if summary.old_files:
        yield Finding(
            f"old format: {counted(len(summary.old_files), 'cassette')} (convert with vcr-llm migrate)",
            summary.old_files,
        )
    for text, bad in summary.lines:
        if bad:
            yield Finding(text)


def numbers_text(numbers: Sequence[int]) -> str:
    """``interaction 3``, ``interactions 1, 4-6``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    said = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
    return f"interaction{'' if len(numbers) == 1 else 's'} {said}"


def alarms(summary: Summary) -> Iterable[str]:
    """What must not go unseen: connections past the cassettes, placeholder keys that left the process."""
    by_host: dict[tuple[str, str, bool], list[PastFact]] = {}
    for past in summary.past:
        by_host.setdefault((past.host, past.variable, past.outside), []).append(past)
    for (host, variable, outside), facts in by_host.items():
        tests = list(dict.fromkeys(fact.test for fact in facts if fact.test))
        more = f" and {counted(len(tests) - 1, 'more test')}" if len(tests) > 1 else ""
        where = f"{tests[0]}{more}" if tests else "code outside a test"
        if variable:
            yield f"PLACEHOLDER KEY SENT: {where} connected to {host} while {variable} held the placeholder."
        elif outside:
            yield (
                f"OUTSIDE THE CASSETTE: {where} connected to {host} when no cassette was open, "
                "before the test or after it. Open one in the fixture that calls: vcr_llm.use_cassette(...)."
            )
        else:
            yield (
                f"PAST THE CASSETTE: {where} connected to {host} although a cassette was open, through "
                "something that vcrpy does not patch. It was neither replayed nor recorded."
            )
