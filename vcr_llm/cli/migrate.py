"""``vcr-llm migrate``: cassettes of any known format become ours."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
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
@click.option("--jobs", type=click.IntRange(1), default=None, help="Processes; one per core for many files.")
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
    from vcr_llm.cli import migration_lines
    from vcr_llm.migrate import Options, Status, grouped, serious

    if remove_old and not write:
        raise click.UsageError("--remove-old needs --write")
    if check and write:
        raise click.UsageError("--check changes nothing; leave out --write")
    options = Options(write, remove_old, har, keep_secrets, jobs or 0)
    problems: list[str] = []
    groups = grouped(_sources(paths, problems))
    outcomes = list(_worth_telling(_outcomes(groups, options), groups))
    if problems and not outcomes:
        pass  # nothing of what was named is there
    elif as_json:
        migration_lines.print_json(outcomes)
    else:
        migration_lines.print_outcomes(outcomes, options, paths)
    for problem in (*problems, *(each.problem for each in outcomes if each.status is Status.FAILED)):
        click.echo(problem, err=True)
    migration_lines.print_kept_secrets(outcomes)
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


def _worth_telling(outcomes: Iterable[Outcome], groups: Sequence[Sequence[Source]]) -> Iterator[Outcome]:
    """All but files outside of cassette folders that turned out to be none."""
    from vcr_llm.migrate import Status

    meant = {source.path for group in groups for source in group if source.meant}
    for outcome in outcomes:
        if outcome.status is not Status.NO_CASSETTE or outcome.path in meant:
            yield outcome


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
