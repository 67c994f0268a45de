"""What ``vcr-llm migrate`` prints: the table of files, warnings, a summary; or JSON."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from vcr_llm.cli.lines import Line
    from vcr_llm.migrate import Options, Outcome

__all__ = ["print_json", "print_kept_secrets", "print_outcomes"]


def print_outcomes(outcomes: Sequence[Outcome], options: Options, paths: Sequence[str]) -> None:
    from vcr_llm.cli.lines import echo_lines
    from vcr_llm.migrate import Status

    converted = [each for each in outcomes if each.status in (Status.READY, Status.MIGRATED)]
    if converted:
        echo_lines(_table(converted))
    echo_lines(_notes(outcomes))
    echo_lines(_summary(outcomes, options, paths))


_HEADINGS: Final = ("file", "format", "interactions", "providers", "warnings", "before", "after")
_NUMBERS: Final = frozenset({2, 4, 5, 6})
"""Columns that are set to the right."""


def _table(outcomes: Iterable[Outcome]) -> Iterator[Line]:
    outcomes = list(outcomes)
    rows = [_cells(outcome) for outcome in outcomes]
    widths = [max(map(len, column)) for column in zip(_HEADINGS, *rows, strict=True)]
    yield ((_row_text(_HEADINGS, widths), "bold"),)
    folder = None
    for outcome, row in zip(outcomes, rows, strict=True):
        if outcome.path.parent != folder:
            folder = outcome.path.parent
            yield ((f"{_shown(folder)}/", "dim"),)
        yield ((_row_text(row, widths), ""),)


def _cells(outcome: Outcome) -> tuple[str, ...]:
    from vcr_llm.cli.lines import printable

    return (
        f"  {printable(outcome.path.name)}",
        outcome.format,
        str(outcome.interactions),
        _counted(outcome.providers),
        str(len(outcome.warnings) or ""),
        _size(outcome.before),
        _size(outcome.after),
    )


def _row_text(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(
        cell.rjust(width) if column in _NUMBERS else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )


def _notes(outcomes: Sequence[Outcome]) -> Iterator[Line]:
    """Warnings, and files that are no cassettes, each with the files it is about."""
    from vcr_llm.migrate import Status

    about: dict[tuple[str, str], list[str]] = {}
    for outcome in outcomes:
        for warning in outcome.warnings:
            about.setdefault(("warning", warning), []).append(_shown(outcome.path))
        if outcome.status is Status.NO_CASSETTE:
            about.setdefault(("no cassette", outcome.problem), []).append(_shown(outcome.path))
    for (kind, text), files in about.items():
        which = files[0] if len(files) == 1 else f"{len(files)} files, the first is {files[0]}"
        yield (f"{kind}: ", "yellow"), (f"{which}: {text}", "")


def _summary(outcomes: Sequence[Outcome], options: Options, paths: Sequence[str]) -> Iterator[Line]:
    from vcr_llm.migrate import Status

    by_status = {status: [each for each in outcomes if each.status is status] for status in Status}
    done = [*by_status[Status.READY], *by_status[Status.MIGRATED]]
    removed = [each for each in outcomes if each.removed]
    told = {each.target for each in removed if each.status is Status.ALREADY}
    parts: list[str] = []
    for status, some in by_status.items():
        # An old file and what became of it are one; where all that was done is removing it, it counts there.
        count = len({outcome.target or outcome.path for outcome in some} - told)
        if status is Status.NO_CASSETTE and count:
            parts.append(_plural(count, "other file"))
        elif count:
            more = "other " if told and status is Status.ALREADY else ""
            size = f" ({_amount(some)})" if some == done else ""
            parts.append(f"{_plural(count, f'{more}file')} {status}{size}")
    if removed:
        parts.insert(1 if done else 0, f"{_plural(len(removed), 'old file')} removed")
    yield (("; ".join(parts) or "nothing to migrate", "bold"),)
    secrets: Counter[str] = Counter()
    for outcome in done:
        secrets.update(outcome.secrets)
    if secrets and not options.keep_secrets:
        verb = "replaced" if options.write else "to be replaced"
        files = sum(bool(outcome.secrets) for outcome in done)
        found = _plural(secrets.total(), "secret")
        yield ((f"{found} {verb} in {_plural(files, 'file')}: {_counted(secrets)}", "yellow"),)
    if by_status[Status.READY]:
        again = shlex.join(["vcr-llm", "migrate", *paths, "--write"])
        yield ((f"Nothing was changed. Write the new cassettes with: {again}", ""),)


def _amount(outcomes: Sequence[Outcome]) -> str:
    interactions = _plural(sum(outcome.interactions for outcome in outcomes), "interaction")
    before, after = sum(each.before for each in outcomes), sum(each.after for each in outcomes)
    return f"{interactions}, {_size(before)} become {_size(after)}"


def print_kept_secrets(outcomes: Iterable[Outcome]) -> None:
    for outcome in outcomes:
        for place in outcome.places:
            click.echo(f"{outcome.target}: SECRET KEPT at {place}", err=True)


def print_json(outcomes: Iterable[Outcome]) -> None:
    from vcr_llm.cli.lines import echo_json

    echo_json([_row(outcome) for outcome in outcomes])


def _row(outcome: Outcome) -> dict[str, Any]:
    return {
        "path": str(outcome.path),
        "status": str(outcome.status),
        "target": str(outcome.target) if outcome.target else None,
        "format": outcome.format or None,
        "interactions": outcome.interactions,
        "providers": dict(outcome.providers),
        "secrets": dict(outcome.secrets),
        "warnings": list(outcome.warnings),
        "bytes_before": outcome.before,
        "bytes_after": outcome.after,
        "removed": outcome.removed,
        "problem": outcome.problem or None,
    }


def _shown(path: Path) -> str:
    from vcr_llm.cli.lines import printable

    try:
        return printable(str(path.absolute().relative_to(Path.cwd())))
    except ValueError:
        return printable(str(path))


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(name if count == 1 else f"{name} {count}" for name, count in counts.items())


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _size(count: int) -> str:
    """Bytes as people read them."""
    if count < 1000:
        return f"{count} B"
    power = min((len(str(count)) - 1) // 3, 3)
    return f"{count / 1000**power:.1f} {('B', 'kB', 'MB', 'GB')[power]}"
