"""``vcr-llm migrate``: cassettes of any known format become ours."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from vcr_llm.cli.lines import Line
    from vcr_llm.migrate import Options, Outcome, Source

_WORTH_A_BAR: Final = 20
"""Files from which on a terminal shows how far it has come."""


@click.command("migrate")
@click.argument("paths", metavar="PATH...", nargs=-1)
@click.option("--write", is_flag=True, help="Write the new cassettes; without it nothing is changed.")
@click.option(
    "--remove-old",
    is_flag=True,
    help="With --write: remove each old file whose new one has been read again and compared.",
)
@click.option("--check", is_flag=True, help="Change nothing; exit code 1 if anything is left to migrate.")
@click.option("--har", is_flag=True, help="Read HTTP archives (.har, also Polly.js' and go-vcr's) too.")
@click.option("--keep-secrets", is_flag=True, help="Leave secrets in, and say where each of them is.")
@click.option("--jobs", type=click.IntRange(1), default=None, help="Processes; one per core by default.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, an object per file.")
@click.option(
    "--suite",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="ROOT",
    help="Instead of cassettes: show what to change in the test suite at ROOT, as a patch.",
)
@click.option("--apply", "apply_patch", is_flag=True, help="With --suite: make that change.")
@click.option(
    "--run/--no-run",
    default=True,
    help="With --suite: run the suite once, offline, to find out what it needs.  [default: run]",
)
@click.option("--pytest", "pytest_arguments", default="", help="With --suite: further arguments for pytest.")
def command(
    paths: Sequence[str],
    write: bool,
    remove_old: bool,
    check: bool,
    har: bool,
    keep_secrets: bool,
    jobs: int | None,
    as_json: bool,
    suite: Path | None,
    apply_patch: bool,
    run: bool,
    pytest_arguments: str,
) -> None:
    """Turn cassettes of any known format into ….llm.json beside them.

    PATH is a cassette or a folder, in which all cassettes are meant. The format is told from the content:
    vcrpy's YAML and JSON of all ages, gzip-compressed or not, parsed bodies (pydantic-ai), parallel lists
    (langchain), llm-mock 1.0 and 2.0, cassetter, betamax, go-vcr.

    Shows what would happen; --write does it. Every new cassette is read again and compared, interaction by
    interaction, and the old file stays until --remove-old. Running it again goes on where it stopped.

    With --suite ROOT it is the suite's own files that are looked at: its conftests, marks, settings. They
    are read and never imported; nothing is changed but by --apply.

    The exit code is 1 if a file could not be migrated, or with --check if one is still to be.
    """
    if suite is not None:
        from vcr_llm.cli.suite import migrate_suite

        if paths or write:
            raise click.UsageError("--suite changes no cassettes; leave out PATH and --write")
        sys.exit(migrate_suite(suite, run=run, apply=apply_patch, pytest_arguments=pytest_arguments))
    if not paths:
        raise click.UsageError("name a cassette or a folder, or a test suite with --suite")
    if apply_patch:
        raise click.UsageError("--apply needs --suite")
    from vcr_llm.migrate import Options, Status, grouped, serious

    if remove_old and not write:
        raise click.UsageError("--remove-old needs --write")
    if check and write:
        raise click.UsageError("--check changes nothing; leave out --write")
    options = Options(write, remove_old, har, keep_secrets, jobs or 0)
    problems: list[str] = []
    groups = grouped(_sources(paths, problems))
    outcomes = [outcome for outcome in _outcomes(groups, options) if _is_told(outcome, groups)]
    if as_json:
        _print_json(outcomes)
    else:
        _print(outcomes, options, paths)
    for problem in (*problems, *(each.problem for each in outcomes if each.status is Status.FAILED)):
        click.echo(problem, err=True)
    _print_kept_secrets(outcomes)
    left = check and any(outcome.status is Status.READY for outcome in outcomes)
    sys.exit(1 if problems or serious(outcomes) or left else 0)


def _sources(paths: Sequence[str], problems: list[str]) -> Iterator[Source]:
    from vcr_llm.migrate import Source, find

    for name in paths:
        path = Path(name)
        if path.is_dir():
            found = list(find(path))
            if not found:
                click.echo(f"{name}: no cassettes in this folder", err=True)
            yield from found
        elif path.exists():
            yield Source(path, named=True)
        else:
            problems.append(f"{name}: no such file or folder")


def _is_told(outcome: Outcome, groups: Sequence[Sequence[Source]]) -> bool:
    """Not worth a word: a file outside of cassette folders that turned out to be none."""
    from vcr_llm.migrate import Status

    meant = {source.path for group in groups for source in group if source.meant}
    return outcome.status is not Status.NO_CASSETTE or outcome.path in meant


def _outcomes(groups: Sequence[Sequence[Source]], options: Options) -> Iterator[Outcome]:
    from concurrent.futures import BrokenExecutor

    from vcr_llm.migrate import migrate

    done: Iterable[list[Outcome]] = migrate(groups, options)
    if len(groups) >= _WORTH_A_BAR and sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import track

        done = track(done, "Migrating", len(groups), console=Console(stderr=True), transient=True)
    try:
        for outcomes in done:
            yield from outcomes
    except BrokenExecutor:
        raise click.ClickException(
            "A process ended in the middle of it, perhaps for want of memory. What was written is whole: "
            "run the same command again, with --jobs 1, to go on."
        ) from None


# --- what is printed ------------------------------------------------------------------------------------


def _print(outcomes: Sequence[Outcome], options: Options, paths: Sequence[str]) -> None:
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
    parts: list[str] = []
    for status, some in by_status.items():
        if some:
            size = f" ({_amount(some)})" if some == done else ""
            # An old file and what became of it are one.
            count = len({outcome.target or outcome.path for outcome in some})
            other = status is Status.NO_CASSETTE
            parts.append(
                _plural(count, "other file") if other else f"{_plural(count, 'file')} {status}{size}"
            )
    removed = sum(each.removed for each in outcomes)
    if removed:
        parts.append(f"{_plural(removed, 'old file')} removed")
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


def _print_kept_secrets(outcomes: Iterable[Outcome]) -> None:
    for outcome in outcomes:
        for place in outcome.places:
            click.echo(f"{outcome.target}: SECRET KEPT at {place}", err=True)


def _print_json(outcomes: Iterable[Outcome]) -> None:
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
