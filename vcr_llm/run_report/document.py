"""The summary of a run as a JSON document, for CI and for ``vcr-llm prune``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from vcr_llm.run_report.summary import CassetteSum, Summary

__all__ = ["VERSION", "document"]

VERSION: Final = 1
"""Goes up when a member changes its meaning or goes away; new ones may come without."""

Digest = Callable[[str], str | None]
"""A cassette's path → the SHA-256 of its file as it is now, None where there is none."""


def document(
    summary: Summary,
    *,
    rootdir: str,
    finished: datetime,
    exit_code: int,
    version: str,
    digest: Digest = lambda _path: None,
) -> dict[str, Any]:
    """The document's value. Paths are relative to ``rootdir``, dates ISO 8601, ``cost`` is in US dollars."""
    return {
        "version": VERSION,
        "tool": f"vcr-llm {version}",
        "finished": finished.isoformat(timespec="seconds"),
        "rootdir": rootdir,
        "exit_code": exit_code,
        "whole_run": not summary.partial,
        "partial_because": summary.partial or None,
        "requests": {
            **{outcome: summary.requests(outcome) for outcome in ("replayed", "recorded", "live")},
            "missed": summary.missed,
        },
        "tokens": {outcome: asdict(summary.tokens(outcome)) for outcome in ("replayed", "recorded", "live")},
        "cost": _cost(summary),
        "record_modes": [
            {"mode": mode, "source": source, "cassettes": number}
            for (mode, source), number in summary.modes.items()
        ],
        "cassettes": [_cassette(each, digest) for each in summary.cassettes],
        "orphans": None if summary.orphans is None else list(summary.orphans),
        "too_old": [{"path": path, "oldest": date.isoformat()} for path, date in summary.old],
        "past_the_cassette": [
            {
                "host": past.host,
                "test": past.test or None,
                "placeholder_of": past.variable or None,
                "cassette_open": not past.outside,
            }
            for past in summary.past
        ],
        "live_calls": [
            {**asdict(call), "seconds": round(call.seconds, 3), "test": call.test or None}
            for call in summary.slowest
        ],
        "notes": [text for text, _ in summary.lines],
        "failures": list(summary.failures),
    }


def _cost(summary: Summary) -> dict[str, Any] | None:
    money = summary.money
    if money is None:
        return None
    return {
        "currency": "USD",
        "not_spent": float(money.not_spent),
        "spent": float(money.spent),
        "calls_without_price": sum(money.unpriced.values()),
        "models_without_price": list(money.unpriced),
    }


def _cassette(cassette: CassetteSum, digest: Digest) -> dict[str, Any]:
    return {
        "path": cassette.path,
        "sha256": digest(cassette.path),
        "interactions": cassette.interactions,
        "unplayed": None if cassette.unplayed is None else list(cassette.unplayed),
        **{outcome: cassette.requests(outcome) for outcome in ("replayed", "recorded", "live")},
        "missed": sum(opening.missed for opening in cassette.openings),
        "drifted": list(cassette.lines("drifted")),
        "stale": list(cassette.lines("stale")),
        "oldest": cassette.oldest.isoformat() if cassette.oldest else None,
        "tests": list(cassette.tests),
    }
