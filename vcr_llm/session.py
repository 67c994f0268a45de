"""Which test of which run records, and what the run's tests have recorded into one cassette so far.

A cassette may be shared: by several tests, and with pytest-xdist by several processes. So each test's
recordings are kept as a batch in a folder of the run (a temporary one, removed at its end), and the file
is composed of what it held before the run and of all batches, under a lock. Without a run (a script)
the file's present content takes the place of the batches.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from vcr_llm import store
from vcr_llm.callers import Caller
from vcr_llm.rerecording import Batch

__all__ = ["Session", "Shelf", "rejected_beside", "temporary_folder"]

Item = TypeVar("Item")

_REJECTED: Final = ".rejected"
_LONGEST: Final = 255
"""Bytes of a file's name, on every usual file system."""


@dataclass(frozen=True, slots=True)
class Session:
    """One test of a run. ``folder``: the run's; ``refresh``: the cassette starts empty (``rewrite``).

    ``mode`` is the record mode as the user says it and ``source`` where that was said; ``on_unplayed``
    and ``max_age`` (days) are for the run's summary. ``miss``: what a call without a recording is raised
    as, made from its text; None for this package's own error. ``place``: where the test is. ``selector``: how
    a command line names the test, where that is not its node id.
    """

    folder: Path
    test: str
    refresh: bool = False
    mode: str | None = None
    source: str = "mark"
    on_unplayed: str | None = None
    max_age: float | None = None
    miss: Callable[[str], BaseException] | None = None
    place: Caller | None = None
    selector: str | None = None

    @property
    def argument(self) -> str:
        """The test as an argument of a command to paste."""
        return self.selector or self.test


def rejected_beside(cassette: Path) -> Path:
    """The file for the new recording of a test that failed while its cassette was refreshed.

    It has the cassette's name with ``.rejected`` behind; one too long for that, its beginning and a digest.
    """
    name = f"{cassette.name}{_REJECTED}"
    if len(os.fsencode(name)) > _LONGEST:
        end = f"...{hashlib.sha256(os.fsencode(name)).hexdigest()[:32]}{_REJECTED}"
        start = cassette.name
        while len(os.fsencode(start + end)) > _LONGEST:
            start = start[:-1]
        name = f"{start}{end}"
    return cassette.with_name(name)


def temporary_folder() -> Path:
    """The folder for locks and runs, in the system's place for temporary files, one per user."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    return Path(tempfile.gettempdir()) / f"vcr-llm-{user}"


Load = Callable[[str], list[Item]]
Dump = Callable[[list[Item]], str]


class Shelf:
    """One cassette's place in a run: the text it had before, and the batches recorded into it."""

    def __init__(self, cassette: Path, folder: Path | None) -> None:
        name = hashlib.sha256(os.path.realpath(cassette).encode("utf-8", "surrogateescape")).hexdigest()[:32]
        self._lock = temporary_folder() / "locks" / f"{name}.lock"
        self._folder = None if folder is None else folder / name
        self._cassette = cassette

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone with the cassette, among all processes of this machine."""
        from filelock import FileLock

        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._lock):
            yield

    def base(self) -> str | None:
        """The cassette's text before the run (without a run: now); None where there was no file."""
        text = store.read(self._cassette)
        if self._folder is None:
            return text
        before = self._folder / "before"
        if _digest(text) != store.read(self._folder / "after"):
            # The run's first recording into it, or somebody else has changed it since: start from there.
            for file in self._folder.glob("*"):
                file.unlink()
            if text is not None:
                store.write(before, text)
        return store.read(before)

    def wrote(self) -> None:
        """Called when the cassette is as composed: what it is from now on, unless somebody changes it."""
        if self._folder is not None:
            store.write(self._folder / "after", _digest(store.read(self._cassette)))

    def add(self, batch: Batch[Item], load: Load[Item], dump: Dump[Item]) -> list[Batch[Item]]:
        """Put a batch on the shelf and take down all of them.

        A test that runs again replaces what it recorded for a refresh, and otherwise adds to it.
        """
        if self._folder is None:
            return [batch]
        path = self._folder / f"{hashlib.sha256(batch.test.encode()).hexdigest()[:32]}.batch"
        earlier = None if batch.refreshes else _read(path, load)
        if earlier is not None:
            batch = Batch(batch.test, earlier.items + batch.items, batch.replaces)
        facts = {"test": batch.test, "replaces": batch.replaces, "refreshes": batch.refreshes}
        store.write(path, json.dumps({**facts, "failed": batch.failed, "text": dump(list(batch.items))}))
        others = (_read(each, load) for each in sorted(self._folder.glob("*.batch")) if each != path)
        return [batch, *(other for other in others if other is not None)]


def _digest(text: str | None) -> str:
    return "no file" if text is None else hashlib.sha256(text.encode("utf-8")).hexdigest()


def _read(path: Path, load: Load[Item]) -> Batch[Item] | None:
    text = store.read(path)
    if text is None:
        return None
    facts: dict[str, Any] = json.loads(text)
    return Batch(
        facts["test"], tuple(load(facts["text"])), facts["replaces"], facts["refreshes"], facts["failed"]
    )
