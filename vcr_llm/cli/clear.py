"""``vcr-llm clear``: delete cassettes or interactions."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

if TYPE_CHECKING:
    from vcr_llm.cli.cassettes import Entry
    from vcr_llm.interaction import Interaction


_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class _Removal:
    """A file that is to go, or to be replaced by ``rest``. ``what``: goes, for the user."""

    path: Path
    what: str
    rest: bytes | None = None


class _NotCutError(Exception):
    """Single interactions cannot be taken out of this file; the message is for the user."""


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

    The exit code is 1 if nothing was removed, or a file could not be read.
    """
    from vcr_llm.cli import cassettes
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
    damaged: list[_Removal] = []
    if prefix is None and not place.is_dir() and cassettes.is_meant_as_one(place):
        damaged = [_Removal(file, "a file that cannot be read") for file in unreadable]
    if damaged and yes:
        unreadable = {}
    for text in unreadable.values():
        click.echo(text, err=True)
    if damaged and not yes:
        _fail("Add --yes to delete it all the same.")
    removals = [*(_whole(contents) if prefix is None else _by_hash(contents, prefix)), *damaged]
    if not removals:
        _fail(f"{path}: nothing to remove")
    for removal in removals:
        click.echo(f"{removal.path}: {removal.what}")
    if not yes:
        _ask()
    try:
        for removal in removals:
            click.echo(_remove(removal))
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


def _whole(contents: dict[Path, list[Entry]]) -> list[_Removal]:
    return [_Removal(path, f"the cassette, {_count(len(entries))}") for path, entries in contents.items()]


def _by_hash(contents: dict[Path, list[Entry]], prefix: str) -> list[_Removal]:
    """Raises SystemExit for a prefix of no hash, or of several."""
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
            rest = _without(path.read_bytes(), [number - 1 for number in numbers])
        except (_NotCutError, OSError, UnreadableCassetteError) as error:
            _fail(f"{path}: {error}. Nothing was removed.")
        named = ", ".join(map(str, numbers))
        plural = "" if len(numbers) == 1 else "s"
        removals.append(_Removal(path, f"interaction{plural} {named} of {len(contents[path])}", rest))
    return removals


def _without(raw: bytes, gone: Sequence[int]) -> bytes:
    """A cassette's bytes without the interactions ``gone`` (from 0); all others stay as they are.

    Cut out of the text instead of written anew: also a file of llm-mock's, or one edited by hand, differs
    afterwards by nothing else. Raises `_NotCutError`.
    """
    from vcr_llm import schema

    mark, raw = (_BOM, raw.removeprefix(_BOM)) if raw.startswith(_BOM) else (b"", raw)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _NotCutError("single interactions cannot be removed from compressed cassettes") from None
    if not text.lstrip().startswith("{") or not schema.is_document(schema.load_json(text)):
        raise _NotCutError(
            "single interactions cannot be removed from a cassette of vcrpy's format; "
            "convert it first with vcr-llm migrate"
        )
    before = _interactions(text)
    rest = _cut(text, len(before), gone)
    if _interactions(rest) != [each for number, each in enumerate(before) if number not in gone]:
        raise _NotCutError("the interaction could not be cut out of the text")
    return mark + rest.encode("utf-8")


def _interactions(text: str) -> list[Interaction]:
    """Those of a document, to compare: a body in a file of its own counts by its name."""
    from vcr_llm import schema

    return list(schema.load(text, str.encode).interactions)


def _cut(text: str, count: int, gone: Sequence[int]) -> str:
    starts = [_offset(text, ("interactions", number)) for number in range(count)]
    ends = [json.JSONDecoder().raw_decode(text, start)[1] for start in starts]
    kept = [number for number in range(count) if number not in gone]
    if not kept:
        opening = _offset(text, ("interactions",))
        return f"{text[: opening + 1]}{text[text.index(']', ends[-1]) :]}"
    pieces = [text[starts[kept[0]] : ends[kept[0]]]]
    pieces += [text[ends[number - 1] : ends[number]] for number in kept[1:]]  # each with the comma before it
    return f"{text[: starts[0]]}{''.join(pieces)}{text[ends[-1] :]}"


def _offset(text: str, keys: Sequence[str | int]) -> int:
    from vcr_llm.jsonplace import place_of

    line, column = place_of(text, keys)
    start = 0
    for _ in range(line - 1):
        start = text.index("\n", start) + 1
    return start + column - 1


# --- doing it ----------------------------------------------------------------------------------------


def _ask() -> None:
    if not sys.stdin.isatty():
        _fail("Nothing was removed: there is no terminal to ask at. Add --yes to remove without asking.")
    if not click.confirm("Remove?"):
        _fail("Nothing was removed.")


def _remove(removal: _Removal) -> str:
    """Do it; what to say afterwards."""
    from vcr_llm import store
    from vcr_llm.cli.cassettes import blobs_folder

    if removal.rest is None:
        removal.path.unlink()
    else:
        store.write_bytes(removal.path, removal.rest)
    blobs = blobs_folder(removal.path)
    # A body's file goes by its SHA-256; what the cassette still names is still needed.
    unused = [file for file in blobs.glob("*.bin") if file.name.encode() not in (removal.rest or b"")]
    for file in unused:
        file.unlink()
    with suppress(OSError):
        blobs.rmdir()
    also = f" and {_count(len(unused), 'body')} in {blobs.name}" if unused else ""
    return f"{'Deleted' if removal.rest is None else 'Rewrote'} {removal.path}{also}"


def _count(number: int, what: str = "interaction") -> str:
    plural = what if number == 1 else f"{what.removesuffix('y')}ies" if what.endswith("y") else f"{what}s"
    return f"{number} {plural}"
