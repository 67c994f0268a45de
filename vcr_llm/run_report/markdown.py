"""The summary of a run as Markdown, for a job summary on GitHub."""

from __future__ import annotations

from collections.abc import Iterator

from vcr_llm.providers import Usage
from vcr_llm.run_report.summary import Summary
from vcr_llm.run_report.text import alarms, findings, modes, money_text

__all__ = ["markdown"]

_OUTCOMES = (("replayed", "replayed"), ("recorded", "recorded"), ("live, not recorded", "live"))


def markdown(summary: Summary) -> str:
    """A heading, a table of requests and tokens, and what to look at; "" for a run without cassettes."""
    return "" if summary.silent else "\n".join(_lines(summary)) + "\n"


def _lines(summary: Summary) -> Iterator[str]:
    yield "### vcr-llm"
    yield ""
    for text in (*alarms(summary), *(f"FAILED: {failure}" for failure in summary.failures)):
        yield f"> [!CAUTION]\n> {_escaped(text)}"
        yield ""
    yield "| | requests | tokens in | tokens out |"
    yield "|---|--:|--:|--:|"
    for name, outcome in _OUTCOMES:
        number, usage = summary.requests(outcome), summary.tokens(outcome)
        if number or usage != Usage() or outcome == "replayed":
            yield f"| {name} | {number:,} | {usage.prompt:,} | {usage.completion:,} |"
    if summary.missed:
        yield f"| missed | {summary.missed:,} | | |"
    yield ""
    said = [f"Record mode {each}." for each in modes(summary)]
    money = money_text(summary)
    if money:
        said.append(f"{_escaped(money.capitalize())}.")
    if summary.partial:
        said.append(f"Not all tests ran: {_escaped(summary.partial)}.")
    said += [_escaped(text) for text, bad in summary.lines if not bad]
    if said:
        yield " ".join(said)
        yield ""
    for finding in findings(summary):
        if not finding.details:
            yield f"- {_escaped(finding.heading)}"
            yield ""
            continue
        yield f"<details><summary>{_escaped(finding.heading)}</summary>"
        yield ""
        yield from (f"- {_escaped(detail)}" for detail in finding.details)
        yield ""
        yield "</details>"
        yield ""


def _escaped(text: str) -> str:
    """Recorded words as words: no markup, no end of a table's cell."""
    for mark in "\\`*_[]<>|":
        text = text.replace(mark, f"\\{mark}")
    return text
