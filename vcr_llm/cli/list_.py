"""``vcr-llm list``: the interactions of cassettes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from vcr_llm.cli.lines import Line, echo_json, echo_lines

if TYPE_CHECKING:
    from vcr_llm.cli.cassettes import Entry


@click.command("list")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "--json", "as_json", is_flag=True, help="Print a JSON list, an object per interaction, in full."
)
def command(paths: Sequence[str], as_json: bool) -> None:
    """List the recorded interactions in cassettes.

    PATH is a cassette of any format (vcr-llm, llm-mock, vcrpy's YAML and JSON) or a folder, in which all
    cassettes are listed. ".json" need not be written.

    Per interaction: number, first digits of the hash, provider and operation, model, date, tokens
    (prompt/completion), whether it was streamed, a status that is not 200, and the first words of the prompt.

    The exit code is 1 if a cassette cannot be read; the others are listed all the same. If none can, --json
    prints nothing.
    """
    from vcr_llm.cli import cassettes
    from vcr_llm.errors import UnreadableCassetteError

    found: list[Entry] = []
    problems: list[str] = []
    looked_at = False
    for file in cassettes.named(paths, problems.append):
        try:
            entries = cassettes.read(file)
        except UnreadableCassetteError as error:
            problems.append(str(error))
            continue
        looked_at = True
        if as_json:
            found += entries
        else:
            echo_lines(_lines(str(file), entries))
    if as_json and (looked_at or not problems):
        echo_json([cassettes.row(entry) for entry in found])
    for problem in problems:
        click.echo(problem, err=True)
    sys.exit(1 if problems else 0)


def _lines(path: str, entries: Sequence[Entry]) -> Iterator[Line]:
    from vcr_llm.report import first_words

    count = f"{len(entries)} interaction{'' if len(entries) == 1 else 's'}"
    yield [(path, "bold"), (f"  {count}", "")]
    rows = [_cells(entry) for entry in entries]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for entry, cells in zip(entries, rows, strict=True):
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True) if width]
        yield [(f"{entry.number:>3}. ", "bold"), (padded[0], "cyan"), ("  " + "  ".join(padded[1:]), "")]
        if entry.asked:
            yield [(f"       {first_words(entry.asked)}", "green")]
    yield []


def _cells(entry: Entry) -> tuple[str, ...]:
    from vcr_llm.cli.cassettes import HASH_DIGITS
    from vcr_llm.cli.lines import printable
    from vcr_llm.interaction import EPOCH

    call, interaction = entry.call, entry.interaction
    usage = entry.answer.usage if entry.answer else None
    status = interaction.response.status
    place = f"{interaction.request.method} {interaction.request.url.partition('?')[0]}"
    return (
        entry.hash[:HASH_DIGITS],
        str(call.operation) if call else printable(place),
        printable(call.model or "-") if call else "",
        interaction.date[:19] if interaction.date != EPOCH else "no date",
        f"{usage.prompt}/{usage.completion} tokens" if usage else "",
        "streamed" if call and call.stream else "",
        f"status {status}" if status != 200 else "",
    )
