"""Migrating files: each is converted, written beside the old one, read again and compared.

A dry run does all of that but the writing. Whatever goes wrong with one file is its `Outcome`; the old file
is removed only when asked for, and only when the new one on the disk has been compared with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from vcr_llm import schema, store
from vcr_llm.blobs import Blobs
from vcr_llm.content import MissingDecoderError
from vcr_llm.errors import UnreadableCassetteError, VcrLlmError
from vcr_llm.formats import NotACassetteError
from vcr_llm.migrate.conversion import OURS, Conversion, convert, difference, verify
from vcr_llm.migrate.sources import Source, speaks_of_calls, target_of
from vcr_llm.scrub import Scrubber, credential_values

__all__ = ["Options", "Outcome", "Status", "migrate"]

_WORTH_A_POOL: Final = 4.0
"""Seconds of work from which on processes are started, unless their number is given; starting takes one."""

_OF_A_FILE: Final = 0.0015
_OF_A_BYTE: Final = 0.25e-6
"""Seconds that the work takes, about."""


class Status(StrEnum):
    """What became of a file. ``READY``: a dry run would have migrated it."""

    READY = "to migrate"
    MIGRATED = "migrated"
    ALREADY = "already migrated"
    NO_CASSETTE = "no cassette"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Options:
    """How to migrate. ``har``: read HTTP archives too. ``jobs``: processes, 0 for one per core."""

    write: bool = False
    remove_old: bool = False
    har: bool = False
    keep_secrets: bool = False
    jobs: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file. Sizes in bytes, those of bodies kept beside the cassette included.

    ``problem``: why it failed or is no cassette. ``serious``: whether that should end in exit code 1.
    """

    path: Path
    status: Status
    target: Path | None = None
    format: str = ""
    interactions: int = 0
    providers: Mapping[str, int] = field(default_factory=dict)
    secrets: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    before: int = 0
    after: int = 0
    removed: bool = False
    problem: str = ""
    serious: bool = False


def migrate(groups: Sequence[Sequence[Source]], options: Options) -> Iterator[list[Outcome]]:
    """The outcomes of each group of sources that become the same cassette, in order.

    Many files are shared out among processes.
    """
    jobs = options.jobs or os.cpu_count() or 1
    scrubber_values = credential_values(os.environ)
    if jobs == 1 or (not options.jobs and _seconds(groups) < _WORTH_A_POOL):
        scrubber = Scrubber(values=scrubber_values)
        yield from (_group(group, options, scrubber) for group in groups)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # Not forked: the progress bar is a thread of its own.
    new = get_context("spawn")
    given = (options, scrubber_values)
    with ProcessPoolExecutor(jobs, mp_context=new, initializer=_prepare, initargs=given) as pool:
        yield from pool.map(_in_a_worker, groups, chunksize=max(1, min(16, len(groups) // (4 * jobs))))


def _seconds(groups: Sequence[Sequence[Source]]) -> float:
    seconds = 0.0
    for source in (source for group in groups for source in group):
        with suppress(OSError):
            seconds += _OF_A_FILE + _OF_A_BYTE * source.path.stat().st_size
    return seconds


_prepared: tuple[Options, Scrubber]


def _prepare(options: Options, values: Mapping[str, str]) -> None:
    global _prepared
    _prepared = (options, Scrubber(values=values))


def _in_a_worker(group: Sequence[Source]) -> list[Outcome]:
    return _group(group, *_prepared)


def _group(group: Sequence[Source], options: Options, scrubber: Scrubber) -> list[Outcome]:
    outcomes: list[Outcome] = []
    owner: Outcome | None = None
    for source in group:
        outcome = _one(source, options, scrubber, owner)
        if outcome.target is not None and outcome.path != outcome.target and owner is None:
            owner = outcome
        outcomes.append(outcome)
    return outcomes


def _one(source: Source, options: Options, scrubber: Scrubber, owner: Outcome | None) -> Outcome:
    path = source.path
    raw = b""
    try:
        raw = path.read_bytes()
        return _converted(source, raw, options, scrubber, owner)
    except NotACassetteError as error:
        problem = f"it seems to be {error.seems}"
        return Outcome(path, Status.NO_CASSETTE, problem=problem, serious=source.named)
    except UnreadableCassetteError as error:
        if source.named or error.path is not None or speaks_of_calls(raw):
            return Outcome(path, Status.FAILED, problem=str(error.at(str(path))), serious=True)
        problem = f"it says nothing of HTTP calls, and cannot be read either: {error.reason}"
        return Outcome(path, Status.NO_CASSETTE, problem=problem)
    except (VcrLlmError, MissingDecoderError) as error:
        return Outcome(path, Status.FAILED, problem=f"{path}: {error}", serious=True)
    except OSError as error:
        problem = f"{path}: The file cannot be read: {error.strerror or error}"
        return Outcome(path, Status.FAILED, problem=problem, serious=True)


def _converted(
    source: Source, raw: bytes, options: Options, scrubber: Scrubber, owner: Outcome | None
) -> Outcome:
    path, target = source.path, target_of(source.path)
    blobs = Blobs(target)
    conversion = convert(
        raw,
        scrubber,
        har_too=options.har,
        keep_secrets=options.keep_secrets,
        read_file=Blobs(path).read,
        save_file=blobs.save,
    )
    outcome = Outcome(
        path,
        Status.READY,
        target,
        conversion.format,
        len(conversion.data.interactions),
        conversion.providers,
        conversion.secrets,
        conversion.warnings,
        conversion.places,
        before=len(raw),
        after=len(conversion.text.encode("utf-8")) + blobs.size,
    )
    if conversion.format == OURS or path == target:
        return replace(outcome, status=Status.ALREADY, target=path, secrets={}, warnings=(), after=len(raw))
    if owner is not None:
        problem = (
            f"{path}: {owner.path.name} becomes {target.name} too. The file was left as it is. "
            "Rename one of the two, and the test's cassette with it, and migrate again."
        )
        return replace(outcome, status=Status.FAILED, target=None, problem=problem, serious=True)
    verify(conversion, conversion.text, blobs.read_new)
    there = store.read(target)
    if there is not None and there != conversion.text:
        warning = _other(conversion, there, target)
        if warning:
            return replace(outcome, status=Status.ALREADY, warnings=(warning,), secrets={})
    if options.write and there is None:
        blobs.write()
        store.write(target, conversion.text)
    if options.write and options.remove_old:
        verify(conversion, store.read(target) or "", Blobs(target).read)
        path.unlink()
    removed = options.write and options.remove_old
    if there is not None:
        return replace(outcome, status=Status.ALREADY, warnings=(), secrets={}, removed=removed)
    return replace(outcome, status=Status.MIGRATED if options.write else Status.READY, removed=removed)


def _other(conversion: Conversion, there: str, target: Path) -> str:
    """How the cassette that is there already differs from what the old file becomes; "" where it says the
    same in other words. It is never overwritten."""
    try:
        held = schema.load(there, Blobs(target).read).interactions
        old = conversion.data.interactions
        missing = [one for one in old if all(difference(one, other) for other in held)]
    except UnreadableCassetteError as error:
        raise error.at(str(target)) from None
    if not missing and len(held) == len(old):
        return ""
    warning = f"{target.name} was changed since, so the old file stays"
    if missing:
        warning += f"; {len(missing)} of its interactions are not in the new one"
    return warning


def serious(outcomes: Iterable[Outcome]) -> bool:
    """Whether a run with these outcomes ends in exit code 1."""
    return any(outcome.serious for outcome in outcomes)
