"""An audit as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vcr_llm.audit.facts import MISS, Answered, Audit

__all__ = ["in_lines"]

_MANY = 12
"""Lines of one kind that are shown unless all are asked for."""


def in_lines(audit: Audit, *, whole: bool = False) -> list[str]:
    """What an audit found, for a person; ``whole`` leaves nothing out."""
    tiers = audit.tiers
    answered = sum(tiers.values()) - tiers[MISS]
    lines = [
        f"{_count(len(audit.tests), 'test')} with a cassette, {_count(len(audit.cassettes), 'cassette')}, "
        f"{_count(answered + tiers[MISS], 'call')}: {tiers['exact']} exact, "
        f"{tiers['same call']} same call (drift), {tiers['fallback']} by fallback (stale), "
        f"{tiers['no LLM call']} no LLM call, {tiers[MISS]} without a recording"
    ]
    sections: Sequence[tuple[str, Iterable[str]]] = (
        (
            "Another answer than by vcrpy, which plays the first that matches: the test may have passed "
            "by accident",
            (_otherwise(*entry) for entry in audit.other_answers()),
        ),
        (
            "Answered by vcrpy, but not by the preset with the same matchers as fallback",
            (_line(*entry) for entry in audit.lost()),
        ),
        (
            "Only the fallback answers; record these again when you like",
            (_line(*entry) for entry in audit.calls("fallback")),
        ),
        (
            "Same call, but the rest of the request has changed since it was recorded",
            (_line(*entry) for entry in audit.calls("same call")),
        ),
        (
            "Without a recording",
            (_line(*entry) for entry in audit.calls(MISS) if entry[2].by_vcrpy is None),
        ),
        (
            "Cassettes of several tests",
            (f"{path}: {', '.join(map(_short, tests))}" for path, tests in audit.shared().items()),
        ),
        (
            "Cassettes with recordings that no test played",
            (f"{path}: {', '.join(map(str, numbers))}" for path, numbers in audit.unplayed().items()),
        ),
    )
    for title, entries in sections:
        lines += _section(title, list(dict.fromkeys(entries)), whole)
    return lines


def _section(title: str, entries: list[str], whole: bool) -> list[str]:
    if not entries:
        return []
    shown = entries if whole or len(entries) <= _MANY else entries[: _MANY - 1]
    rest = len(entries) - len(shown)
    more = [f"  … and {rest} more (-v shows all)"] if rest else []
    return ["", f"{title} ({len(entries)})", *(f"  {entry}" for entry in shown), *more]


def _line(test: str, _cassette: str, call: Answered) -> str:
    number = f"interaction {call.by_llm}: " if call.by_llm is not None else ""
    return f"{test}: {number}{call.difference or call.asked}"


def _otherwise(test: str, _cassette: str, call: Answered) -> str:
    return f"{test}: interaction {call.by_llm} ({call.tier}), by vcrpy {call.by_vcrpy}: {call.asked}"


def _short(test: str) -> str:
    return test.rpartition("::")[2]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
