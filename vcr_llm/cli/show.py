"""``vcr-llm show``: a cassette as conversations."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

from vcr_llm.cli.lines import Line, echo_json, echo_lines, printable, screen_width, wrapped

if TYPE_CHECKING:
    from vcr_llm.cli.cassettes import Entry
    from vcr_llm.interaction import Body, Response
    from vcr_llm.providers import Answer, Message

_LABEL: Final = 11
"""Columns of the label in front of a text."""
_LONG: Final = 600
"""Characters of a text that are shown without ``--full``."""


@click.command("show")
@click.argument("path", metavar="PATH")
@click.option("--number", type=click.IntRange(min=1), metavar="N", help="Show only the interaction number N.")
@click.option(
    "--hash", "prefix", metavar="PREFIX", help="Show only interactions whose hash starts like this."
)
@click.option("--full", is_flag=True, help=f"Show texts of more than {_LONG} characters in full.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print a JSON list, an object per interaction, in full."
)
def command(path: str, number: int | None, prefix: str | None, full: bool, as_json: bool) -> None:
    """Show a cassette as conversations.

    PATH is a cassette of any format; ".json" need not be written. Per interaction: what was asked (operation,
    model, temperature, messages, tool calls and their results) and what was answered (text, tool calls,
    tokens; of a stream, what its events make up).

    The exit code is 1 if the cassette cannot be read or nothing in it has that number or hash.
    """
    from vcr_llm.cli import cassettes
    from vcr_llm.errors import UnreadableCassetteError

    try:
        file = cassettes.locate(path)
        if file.is_dir():
            raise click.UsageError(f"{path} is a folder; name one cassette. vcr-llm list {path} lists them.")
        entries = cassettes.read(file)
    except (cassettes.NoCassetteError, UnreadableCassetteError) as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    picked = [
        entry
        for entry in entries
        if number in (None, entry.number) and entry.hash.startswith((prefix or "").lower().rstrip("…"))
    ]
    if as_json:
        echo_json([_object(entry) for entry in picked])
    else:
        for entry in picked:
            echo_lines(_lines(entry, None if full else _LONG))
    if not picked and entries:
        click.echo(f"{file}: none of its {len(entries)} interactions has that number or hash", err=True)
        sys.exit(1)


# --- JSON --------------------------------------------------------------------------------------------


def _object(entry: Entry) -> dict[str, Any]:
    from vcr_llm.cli.cassettes import row

    call, answer = entry.call, entry.answer
    return {
        **{name: value for name, value in row(entry).items() if name not in ("prompt", "tokens")},
        "temperature": call.temperature if call else None,
        "messages": [asdict(message) for message in entry.messages],
        "answer": asdict(answer) if answer else None,
        # Where nothing could be read from it: an error, a file, a provider nobody knows.
        "body": None if answer else entry.interaction.response.body.text,
    }


# --- text --------------------------------------------------------------------------------------------


def _lines(entry: Entry, limit: int | None) -> Iterator[Line]:
    """The lines of one interaction; texts end after ``limit`` characters."""
    yield _head(entry)
    interaction = entry.interaction
    if entry.call is None:
        request = interaction.request
        yield from _part("sent", f"{request.method} {request.url}", "", limit)
        if request.body is not None:
            yield from _part("", _body_text(request.body), "", limit)
    for message in entry.messages:
        yield from _said(message.role, message, "", limit)
    if interaction.response.status != 200:
        yield from _part(
            "status", f"{interaction.response.status} {interaction.response.reason}", "red", limit
        )
    yield from _answer(entry, entry.answer, limit)
    yield []


def _head(entry: Entry) -> Line:
    from vcr_llm.cli.cassettes import HASH_DIGITS
    from vcr_llm.interaction import EPOCH

    call, date = entry.call, entry.interaction.date
    facts = [
        *([str(call.operation), printable(call.model or "")] if call else ["no LLM call"]),
        f"temperature {call.temperature}" if call and call.temperature is not None else "",
        "streamed" if call and call.stream else "",
        date[:19] if date != EPOCH else "",
    ]
    rest = "  ".join(fact for fact in facts if fact)
    return [(f"{entry.number}.", "bold"), (f" {entry.hash[:HASH_DIGITS]}", "cyan"), (f"  {rest}", "bold")]


def _answer(entry: Entry, answer: Answer | None, limit: int | None) -> Iterator[Line]:
    if answer is None or not (answer.text or answer.tool_calls):
        yield from _part("answer", _response_text(entry.interaction.response), "green", limit)
    else:
        yield from _said("answer", answer, "green", limit)
    if answer is None:
        return
    if answer.finish_reason:
        yield from _part("finish", answer.finish_reason, "dim", limit)
    if usage := answer.usage:
        parts = [f"{usage.prompt} prompt", f"{usage.completion} completion"]
        parts += [f"{usage.cached} of the prompt from the cache"] if usage.cached else []
        parts += [f"{usage.reasoning} of the completion for reasoning"] if usage.reasoning else []
        yield from _part("tokens", ", ".join(parts), "dim", limit)


def _said(label: str, said: Message | Answer, style: str, limit: int | None) -> Iterator[Line]:
    """A text, and a line ``→ name(arguments)`` per tool call."""
    from vcr_llm import jsontext

    if said.text or not said.tool_calls:
        yield from _part(label, said.text, style, limit)
        label = ""
    for call in said.tool_calls:
        text = call.arguments if isinstance(call.arguments, str) else jsontext.compact(call.arguments)
        yield from _part(label, f"→ {call.name}({text})", "yellow", limit)
        label = ""


def _response_text(response: Response) -> str:
    """A response as it stands; of a binary stream what its events say, a line each."""
    from vcr_llm import jsontext, streams

    if response.body.text is None:
        found = streams.parse(response.body.raw, next(iter(response.headers.get("content-type", ())), ""))
        if found is not None:
            return "\n".join(jsontext.compact(event.data) for event in found[1].events)
    return _body_text(response.body)


def _body_text(body: Body) -> str:
    if body.text is not None:
        return body.text or "(empty)"
    return f"{len(body.raw):,} bytes that are no text"


def _part(label: str, text: str, style: str, limit: int | None) -> Iterator[Line]:
    """A text beside its label, its further lines below it."""
    text = printable(text)
    left_out = len(text) - limit if limit is not None else 0
    if left_out > 0:
        text = f"{text[:limit].rstrip()}…"
    label = printable(label)[: _LABEL - 1].ljust(_LABEL)
    for line in wrapped(text, screen_width() - _LABEL - 2):
        yield [(f"  {label}", "dim"), (line, style)]
        label = " " * _LABEL
    if left_out > 0:
        yield [(f"  {label}({left_out:,} more characters; --full shows them)", "dim")]
