"""``vcr-llm diff``: what a re-recording changed, as a conversation."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from vcr_llm.cli.lines import Line, echo_json, echo_lines, printable, screen_width

if TYPE_CHECKING:
    from vcr_llm.diff.cassettes import Comparison, Recorded

_SHOWN: Final = {True: ("+", "green"), False: ("-", "red")}


@click.command("diff")
@click.argument("paths", metavar="A B", nargs=-1, required=True)
@click.option("--git", "revision", metavar="REV", help="Compare PATHs with what they were in this revision.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, an object per changed interaction.")
def command(paths: tuple[str, ...], revision: str | None, as_json: bool) -> None:
    """Show what changed between two cassettes, or since a revision in git.

    \b
    vcr-llm diff A B
    vcr-llm diff --git REV PATH...

    Per interaction, with that of the same call: the words of the answer that changed, tool calls, tokens,
    the request; interactions that were added or removed. Ids, dates and fingerprints are left out. Cassettes
    may be of any format; with --git PATH may be a folder.

    The exit code is 0 if nothing changed, 1 if something did, 2 if a cassette cannot be read.
    """
    with tempfile.TemporaryDirectory() as folder:
        pairs = _two(paths) if revision is None else _of_revision(paths, revision, Path(folder))
        changed: list[dict[str, Any]] = []
        for title, before, after in pairs:
            found = _compared(before, after)
            if all(each.same for each in found):
                continue
            changed += [_object(title, each) for each in found if not each.same]
            if not as_json:
                echo_lines(_lines(title, found))
    if as_json:
        echo_json(changed)
    sys.exit(1 if changed else 0)


Pair = tuple[str, Path | None, Path | None]
"""A title, and two cassettes; None where there is none."""


def _two(names: Sequence[str]) -> list[Pair]:
    from vcr_llm.cli import cassettes

    if len(names) != 2:
        raise click.UsageError("Name two cassettes, or with --git REV the cassettes and folders to compare.")
    try:
        before, after = (cassettes.locate(name) for name in names)
    except cassettes.NoCassetteError as error:
        _fail(str(error))
    for path in (before, after):
        if path.is_dir():
            raise click.UsageError(f"{path} is a folder; name two cassettes.")
    return [(f"{before} → {after}", before, after)]


def _of_revision(names: Sequence[str], revision: str, folder: Path) -> Iterator[Pair]:
    from vcr_llm.cli import cassettes, revisions

    try:
        for name in names:
            path = Path(name)
            if path.is_dir():
                before = [file for file in revisions.files(path, revision) if _is_named_as_one(file)]
                files = sorted({*cassettes.find(path), *before})
            elif path.parent.is_dir() and path in revisions.files(path.parent, revision):
                files = [path]  # perhaps deleted since
            else:
                files = [cassettes.locate(name)]
            for number, file in enumerate(files):
                into = folder / f"{len(list(folder.iterdir()))}-{number}"
                now = file if file.exists() else None
                yield f"{file} ({revision} → now)", revisions.restored(file, revision, into), now
    except (revisions.RevisionError, cassettes.NoCassetteError) as error:
        _fail(str(error) or f"git knows no revision {revision}")


def _is_named_as_one(path: Path) -> bool:
    """Whether a file that may be gone was a cassette, by its name."""
    from vcr_llm.serializer import NAME

    return path.name.endswith(f".{NAME}")


def _compared(before: Path | None, after: Path | None) -> list[Comparison]:
    from vcr_llm.cli import cassettes
    from vcr_llm.diff.cassettes import compared
    from vcr_llm.errors import UnreadableCassetteError

    if before is not None and after is not None and before.read_bytes() == after.read_bytes():
        return []
    try:
        sides = [
            [entry.interaction for entry in cassettes.read(path)] if path is not None else []
            for path in (before, after)
        ]
    except UnreadableCassetteError as error:
        _fail(str(error))
    return compared(*sides)


def _fail(text: str) -> NoReturn:
    click.echo(text, err=True)
    sys.exit(2)


# --- what is printed ---------------------------------------------------------------------------------


def _object(title: str, one: Comparison) -> dict[str, Any]:
    return {
        "cassettes": title,
        "before": one.before.number if one.before else None,
        "after": one.after.number if one.after else None,
        "call": _named(one),
        "changes": [{"part": each.part, "before": each.before, "after": each.after} for each in one.changes],
    }


def _lines(title: str, found: Sequence[Comparison]) -> Iterator[Line]:
    yield [(title, "bold")]
    for one in found:
        if not one.same:
            yield from _interaction(one)
    yield [("  " + _count(found), "dim")]
    yield []


def _interaction(one: Comparison) -> Iterator[Line]:
    before, after = one.before, one.after
    if before is None or after is None:
        only = after or before
        assert only is not None
        sign, style = _SHOWN[before is None]
        word = "added" if before is None else "removed"
        yield [(f"{sign} {only.number}. {word}: {_named(one)}", style)]
        said = _said(only)
        if said:
            yield [(f"      {said}", "")]
        return
    number = f"{after.number}." if before.number == after.number else f"{before.number} → {after.number}."
    yield [(f"  {number} {_named(one)}", "bold")]
    for change in one.changes:
        for line in change.lines(screen_width() - 6):
            style = {"  - ": "red", "  + ": "green"}.get(line[:4], "")
            yield [(f"      {printable(line)}", style)]


def _named(one: Comparison) -> str:
    from vcr_llm.providers import read_messages
    from vcr_llm.report import asked, first_words

    recorded = one.after or one.before
    assert recorded is not None
    call = recorded.print_.call
    if call is None:
        request = recorded.interaction.request
        return printable(f"{request.method} {request.url.partition('?')[0]}")
    model = f", {call.model}" if call.model else ""
    return printable(f"{call.operation}{model}: {first_words(asked(read_messages(call)))}")


def _said(one: Recorded) -> str:
    from vcr_llm.report import first_words

    if one.answer is None:
        return f"status {one.interaction.response.status}"
    calls = ", ".join(f"call of `{call.name}`" for call in one.answer.tool_calls)
    return printable(f"answer: {first_words(one.answer.text)}" if one.answer.text else calls)


def _count(found: Sequence[Comparison]) -> str:
    same = sum(one.same for one in found)
    added = sum(one.before is None for one in found)
    removed = sum(one.after is None for one in found)
    counts = {
        "changed": len(found) - same - added - removed,
        "added": added,
        "removed": removed,
        "the same": same,
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)
