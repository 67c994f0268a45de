"""``vcr-llm prune``: take out the interactions that the last run of the tests did not play."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from vcr_llm.cli.removing import Removal

_CHANGED = "has changed since the report. Nothing of it is removed."
_AGAIN = "Run all tests again with --llm-report={report}."


@dataclass(frozen=True, slots=True)
class _Unplayed:
    """What a report says of one cassette: how many interactions, which unplayed, the file's SHA-256."""

    path: Path
    interactions: int
    numbers: tuple[int, ...]
    sha256: str | None


class _RefusedError(Exception):
    """A cassette is left as it is; the message is for the user."""


@click.command("prune")
@click.argument("report", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="Do it. Without, only what would go is shown.")
def command(report: Path, paths: tuple[Path, ...], write: bool) -> None:
    """Remove the interactions that no test played in the run that wrote REPORT.

    REPORT is what pytest --llm-report=REPORT wrote. PATHs (cassettes or folders) restrict what is pruned.
    Shows what would go; nothing is changed without --write. A cassette of which nothing would be left is
    deleted.

    Refused are reports of runs of only some tests, and cassettes that have changed since the report.

    The exit code is 1 if something was refused.
    """
    found = _read(report)
    if not found.get("whole_run"):
        _fail(
            f"{report}: not all tests ran ({found.get('partial_because') or 'it does not say why'}), so what "
            f"these did not play others may. {_AGAIN.format(report=report)}"
        )
    refused = False
    removals: list[Removal] = []
    for unplayed in _unplayed(found, paths):
        try:
            removal, lines = _previewed(unplayed, report)
        except _RefusedError as error:
            click.echo(str(error), err=True)
            refused = True
            continue
        removals.append(removal)
        click.echo("\n".join([f"{removal.path}: {removal.what}", *lines]))
    if not removals:
        click.echo("Nothing to prune.")
    elif write:
        refused = not _removed(removals) or refused
    else:
        click.echo("Nothing was changed. Add --write to remove them.")
    sys.exit(1 if refused else 0)


def _fail(text: str) -> NoReturn:
    click.echo(text, err=True)
    sys.exit(1)


# --- the report --------------------------------------------------------------------------------------


def _read(report: Path) -> Mapping[str, Any]:
    """Raises `click.BadParameter` for what is no report of this package, or of a later version of it."""
    from vcr_llm.run_report.document import VERSION

    try:
        found = json.loads(report.read_bytes())
    except (ValueError, RecursionError, OSError) as error:
        raise click.BadParameter(f"{report} cannot be read: {error}", param_hint="REPORT") from None
    if not isinstance(found, dict) or not isinstance(found.get("cassettes"), list):
        raise click.BadParameter(
            f"{report} is no report of a run. {_AGAIN.format(report='vcr-llm.json')}", param_hint="REPORT"
        )
    if found.get("version") != VERSION:
        raise click.BadParameter(
            f"{report} was written by another version ({found.get('tool')}). {_AGAIN.format(report=report)}",
            param_hint="REPORT",
        )
    return found


def _unplayed(report: Mapping[str, Any], paths: Sequence[Path]) -> Iterator[_Unplayed]:
    """The report's cassettes with unplayed interactions, those below ``paths`` where there are some."""
    root = Path(str(report.get("rootdir", "")))
    chosen = [os.path.realpath(path) for path in paths]
    for each in report["cassettes"]:
        name, numbers = Path(each["path"]), each["unplayed"]
        # Where the project lies here; a report from CI names the folder there.
        path = name if name.exists() else root / name
        real = Path(os.path.realpath(path))
        if numbers and (not chosen or any(real.is_relative_to(one) for one in chosen)):
            yield _Unplayed(path, each["interactions"], tuple(numbers), each["sha256"])


# --- what would go -----------------------------------------------------------------------------------


def _previewed(unplayed: _Unplayed, report: Path) -> tuple[Removal, list[str]]:
    """What is to be done with a cassette, and a line for each interaction that goes.

    Raises `_RefusedError`.
    """
    from vcr_llm import store
    from vcr_llm.cli import cassettes
    from vcr_llm.cli.removing import NotCutError, Removal, counted, without
    from vcr_llm.errors import UnreadableCassetteError

    path, numbers = unplayed.path, unplayed.numbers
    if store.digest(path) != unplayed.sha256 or unplayed.sha256 is None:
        reason = _CHANGED if path.exists() else "no such file."
        raise _RefusedError(f"{path}: {reason} {_AGAIN.format(report=report)}")
    try:
        entries = cassettes.read(path)
        if len(entries) != unplayed.interactions:
            raise _RefusedError(f"{path}: {_CHANGED} {_AGAIN.format(report=report)}")
        gone = [entry for entry in entries if entry.number in numbers]
        rest = None
        if len(gone) < len(entries):
            rest = without(path.read_bytes(), [entry.number - 1 for entry in gone])
    except (NotCutError, UnreadableCassetteError, OSError) as error:
        raise _RefusedError(f"{path}: {error}. Nothing of it is removed.") from None
    what = f"{len(gone)} of {counted(len(entries))}"
    lines = [f"  {entry.number}  {_described(entry)}" for entry in gone]
    return Removal(path, f"{what}{'' if rest is not None else ', and so the file'}", rest), lines


def _described(entry: Any) -> str:
    from vcr_llm.cli.lines import printable
    from vcr_llm.report import first_words

    if entry.call is None:
        request = entry.interaction.request
        return printable(f"{request.method} {request.url.partition('?')[0]}")
    model = f", {entry.call.model}" if entry.call.model else ""
    return printable(f"{entry.call.operation}{model}: {first_words(entry.asked)}")


def _removed(removals: Sequence[Removal]) -> bool:
    """Do it; False where a file could not be written."""
    from vcr_llm.cli.removing import remove
    from vcr_llm.errors import UnwritableCassetteError

    done = True
    for removal in removals:
        try:
            click.echo(remove(removal))
        except (OSError, UnwritableCassetteError) as error:
            click.echo(str(error), err=True)
            done = False
    return done
