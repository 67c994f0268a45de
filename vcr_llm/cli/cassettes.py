"""The cassettes a command line names: finding them in folders, reading them, naming their interactions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import click

from vcr_llm import VCR, fingerprint, scrub, vcr_bridge
from vcr_llm.cassette_files import find, is_meant_as_one
from vcr_llm.errors import UnreadableCassetteError
from vcr_llm.interaction import Interaction
from vcr_llm.persister import CassettePersister
from vcr_llm.providers import Answer, Call, Message, read_answer, read_messages
from vcr_llm.report import asked
from vcr_llm.schema.dumping import stored_hash
from vcr_llm.serializer import LLM_JSON, NAME

__all__ = [
    "HASH_DIGITS",
    "Entry",
    "NoCassetteError",
    "blobs_folder",
    "find",
    "is_meant_as_one",
    "locate",
    "named",
    "read",
    "row",
]

HASH_DIGITS: Final = 12
"""Digits of a hash that are shown; as many as needed to be unique may be typed."""

_SUFFIX: Final = f".{NAME}"
_WRITTEN_OUT: Final = (".json", ".yaml", ".yml", ".gz")


class NoCassetteError(Exception):
    """There is no such file; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One interaction as the verbs show it.

    ``number`` counts from 1. ``hash``: the one in the file, or that it would get in a cassette of ours.
    ``call`` is None for a request that is no LLM call, ``answer`` for a response that says nothing.
    """

    path: Path
    number: int
    hash: str
    interaction: Interaction
    call: Call | None
    messages: tuple[Message, ...]
    answer: Answer | None

    @property
    def asked(self) -> str:
        """The text that people know a call by."""
        return asked(self.messages)


def locate(name: str) -> Path:
    """The file or folder of this name; as with llm-mock, ``.json`` need not be written.

    Raises `NoCassetteError`.
    """
    candidates = [Path(name), Path(f"{name}.json"), Path(f"{name}{_SUFFIX}")]
    for path in candidates:
        if os.path.lexists(path):
            return path
    others = f", and no {candidates[1].name} or {candidates[2].name} either"
    raise NoCassetteError(f"{name}: no such cassette{'' if Path(name).suffix in _WRITTEN_OUT else others}")


def named(names: Sequence[str], complain: Callable[[str], None]) -> Iterator[Path]:
    """The cassettes that arguments name, of a folder each; ``complain`` is told of what is not there."""
    for name in names:
        try:
            path = locate(name)
        except NoCassetteError as error:
            complain(str(error))
            continue
        files = list(find(path)) if path.is_dir() else [path]
        if not files:
            click.echo(f"{name}: no cassettes in this folder", err=True)
        for file in files:
            if file.exists():
                yield file
            else:
                complain(f"{file}: {_LEADS_NOWHERE}")


_LEADS_NOWHERE: Final = "a link to a file that is not there"


def read(path: Path) -> list[Entry]:
    """The interactions of a cassette of any known format. Raises `UnreadableCassetteError`."""
    persister = CassettePersister(VCR().persister)
    try:
        requests, responses, *_ = persister.load_cassette(str(path), LLM_JSON)
    except vcr_bridge.CassetteNotFoundError:
        raise UnreadableCassetteError(f"It is {_LEADS_NOWHERE}", path=str(path)) from None
    try:
        return [
            _entry(
                path, number, scrub.clean(vcr_bridge.to_interaction(request, vcr_bridge.decoded(response)))
            )
            for number, (request, response) in enumerate(zip(requests, responses, strict=True), 1)
        ]
    except UnreadableCassetteError as error:  # a body kept in a file of its own
        raise error.at(str(path)) from None


def _entry(path: Path, number: int, interaction: Interaction) -> Entry:
    call = fingerprint.fingerprint(interaction.request).call
    return Entry(
        path,
        number,
        stored_hash(interaction),
        interaction,
        call,
        () if call is None else read_messages(call),
        None if call is None else read_answer(call, interaction),
    )


def row(entry: Entry) -> dict[str, Any]:
    """An interaction as a JSON object: what ``list --json`` prints. Token counts are null where unknown."""
    call, answer, interaction = entry.call, entry.answer, entry.interaction
    usage = answer.usage if answer else None
    return {
        "path": str(entry.path),
        "number": entry.number,
        "hash": entry.hash,
        "provider": call.provider if call else None,
        "operation": call.operation.name if call else None,
        "model": call.model if call else None,
        "stream": call.stream if call else False,
        "recorded_at": interaction.date,
        "method": interaction.request.method,
        "url": interaction.request.url,
        "status": interaction.response.status,
        "prompt": entry.asked,
        "tokens": asdict(usage) if usage else None,
    }


def blobs_folder(path: Path) -> Path:
    """Where the large bodies of a cassette are, if it has any."""
    return path.with_name(f"{path.name}.blobs")
