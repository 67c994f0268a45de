"""``vcr-llm clear``: delete cassettes or interactions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from vcr_llm.cli.cassettes import Entry
    from vcr_llm.cli.removing import Removal


@click.command("clear")
@click.argument("path", metavar="PATH")
@click.option(
    "--hash",
    "prefix",
    metavar="PREFIX",
    help="Remove only the interactions whose hash starts like this. They must all have the same hash.",
)
@click.option(
    "--yes", is_flag=True, help="Do not ask. Needed where nobody can answer, and to delete a damaged file."
)
def command(path: str, prefix: str | None, yes: bool) -> None:
    """Delete a cassette, or single interactions of it.

    PATH is a cassette of any format (".json" need not be written) or a folder, in which all cassettes are
    meant. Shows what would go and asks. Bodies kept beside a cassette (NAME.blobs) go with it.

    A file that cannot be read is deleted only if it is named itself and with --yes.

    The exit code is 1 if a file could not be read, or nothing was removed that should have been.
    """
    from vcr_llm.cli import cassettes
    from vcr_llm.cli.removing import Removal, remove
    from vcr_llm.errors import UnwritableCassetteError

    if prefix is not None:
        prefix = prefix.lower().rstrip("…")
        if not prefix:  # an empty variable in a script, not a wish to remove everything
            raise click.BadParameter("the prefix is empty.", param_hint="--hash")
    try:
        place = cassettes.locate(path)
    except cassettes.NoCassetteError as error:
        _fail(str(error))
    files = list(cassettes.find(place)) if place.is_dir() else [place]
    contents, unreadable = _read(files)
    damaged: list[Removal] = []
    if prefix is None and not place.is_dir() and cassettes.is_meant_as_one(place):
        damaged = [Removal(file, "a file that cannot be read") for file in unreadable]
    if damaged and yes:
        unreadable = {}
    for text in unreadable.values():
        click.echo(text, err=True)
    if damaged and not yes:
        _fail("Add --yes to delete it all the same.")
    if unreadable and not contents:
        sys.exit(1)
    removals = [*(_whole(contents) if prefix is None else _by_hash(contents, prefix)), *damaged]
    if not removals:
        click.echo(f"{path}: no cassettes here, nothing to do")
        return
    for removal in removals:
        click.echo(f"{removal.path}: {removal.what}")
    if not yes:
        _ask()
    try:
        for removal in removals:
            click.echo(remove(removal))
    except (OSError, UnwritableCassetteError) as error:
        _fail(str(error))
    sys.exit(1 if unreadable else 0)


def _fail(text: str) -> NoReturn:
    click.echo(text, err=True)
    sys.exit(1)


def _read(files: Sequence[Path]) -> tuple[dict[Path, list[Entry]], dict[Path, str]]:
    """The interactions of the cassettes, and what is wrong with those that cannot be read."""
    from vcr_llm.cli import cassettes
    from vcr_llm.errors import UnreadableCassetteError

    contents: dict[Path, list[Entry]] = {}
    unreadable: dict[Path, str] = {}
    for file in files:
        try:
            contents[file] = cassettes.read(file)
        except UnreadableCassetteError as error:
            unreadable[file] = str(error)
    return contents, unreadable


def _whole(contents: dict[Path, list[Entry]]) -> list[Removal]:
    from vcr_llm.cli.removing import Removal, counted

    return [Removal(path, f"the cassette, {counted(len(entries))}") for path, entries in contents.items()]


def _by_hash(contents: dict[Path, list[Entry]], prefix: str) -> list[Removal]:
    """Raises SystemExit for a prefix of no hash, or of several."""
    from vcr_llm.cli.removing import NotCutError, Removal, without
    from vcr_llm.errors import UnreadableCassetteError

    found = [entry for entries in contents.values() for entry in entries if entry.hash.startswith(prefix)]
    hashes = dict.fromkeys(entry.hash for entry in found)
    if not found:
        _fail(f"No interaction has a hash that starts with {prefix!r}. vcr-llm list PATH shows them.")
    if len(hashes) > 1:
        _fail("\n  ".join([f"{prefix!r} is the beginning of {len(hashes)} hashes:", *hashes]))
    removals = []
    for path in dict.fromkeys(entry.path for entry in found):
        numbers = [entry.number for entry in found if entry.path == path]
        try:
            rest = without(path.read_bytes(), [number - 1 for number in numbers])
        except (NotCutError, OSError, UnreadableCassetteError) as error:
            _fail(f"{path}: {error}. Nothing was removed.")
        named = ", ".join(map(str, numbers))
        plural = "" if len(numbers) == 1 else "s"
        removals.append(Removal(path, f"interaction{plural} {named} of {len(contents[path])}", rest))
    return removals


# --- doing it ----------------------------------------------------------------------------------------


def _ask() -> None:
    if not sys.stdin.isatty():
        _fail("Nothing was removed: there is no terminal to ask at. Add --yes to remove without asking.")
    if not click.confirm("Remove?"):
        _fail("Nothing was removed.")
