"""Large binary bodies in files beside their cassette. Nothing of vcrpy: migrating needs them too."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from vcr_llm import store
from vcr_llm.errors import UnreadableCassetteError
from vcr_llm.formats import refuse_stand_in

__all__ = ["INLINE_LIMIT", "Blobs"]

INLINE_LIMIT: Final = 32 * 1024
"""Bytes; a binary body above this goes into a file of its own, ``NAME.blobs/SHA256.bin``."""

_LONGEST_NAME: Final = 255
"""Bytes of a file's name, on every usual file system."""

_BLOB: Final = re.compile(r"[0-9a-f]{64}\.bin")


class Blobs:
    """The files with large binary bodies that belong to one cassette, named by their SHA-256."""

    def __init__(self, cassette: Path) -> None:
        self._folder = cassette.with_name(f"{cassette.name}.blobs")
        self._new: dict[str, bytes] = {}

    @property
    def _can_be(self) -> bool:
        """Whether there can be a folder of that name."""
        return len(os.fsencode(self._folder.name)) <= _LONGEST_NAME

    def save(self, raw: bytes) -> str:
        if len(raw) <= INLINE_LIMIT or not self._can_be:
            return ""
        name = f"{hashlib.sha256(raw).hexdigest()}.bin"
        self._new[name] = raw
        return name

    @property
    def size(self) -> int:
        """Bytes of the bodies that are to be kept here."""
        return sum(map(len, self._new.values()))

    def read_new(self, name: str) -> bytes:
        """A body that `save` was given, whether it is on the disk yet or not."""
        return self._new[name]

    def write(self) -> None:
        """Before the cassette that names them, so that it never names what is not there."""
        for name, raw in self._new.items():
            if not (self._folder / name).is_file():
                store.write_bytes(self._folder / name, raw)

    def remove_others(self) -> None:
        """After it: what it no longer names."""
        if not self._can_be or not self._folder.is_dir():
            return
        for file in self._folder.iterdir():
            if _BLOB.fullmatch(file.name) and file.name not in self._new:
                file.unlink()
        with suppress(OSError):
            self._folder.rmdir()

    def read(self, name: str) -> bytes:
        path = self._folder / name
        if not _BLOB.fullmatch(name):
            raise UnreadableCassetteError(f"{name!r} is no name of a body's file")
        try:
            raw = path.read_bytes()
        except OSError as error:
            reason = f"The body in {path} cannot be read: {error.strerror}"
            raise UnreadableCassetteError(reason) from None
        refuse_stand_in(raw, f"The body in {path}")
        if hashlib.sha256(raw).hexdigest() != path.stem:
            raise UnreadableCassetteError(f"The body in {path} is damaged: its SHA-256 is not its name")
        return raw
