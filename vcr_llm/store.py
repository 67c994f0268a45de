"""The disk: reading text with the place of what is wrong, writing all or nothing."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
import time
from contextlib import suppress
from io import FileIO
from pathlib import Path

from vcr_llm.errors import UnreadableCassetteError, UnwritableCassetteError
from vcr_llm.formats import text_of

__all__ = ["digest", "has_an_end", "read", "read_bytes", "remove", "write", "write_bytes"]

_PREFIX, _SUFFIX = ".vcr-llm-", ".tmp"
_ABANDONED = 600
"""Seconds after which nobody is still writing a temporary file."""


def read(path: Path | str) -> str | None:
    """A cassette's text, decompressed where it is gzip; None where there is no such file.

    Raises `UnreadableCassetteError` for anything else that is not Unicode text in a readable file.
    """
    raw = read_bytes(path)
    try:
        return None if raw is None else text_of(raw)
    except UnreadableCassetteError as error:
        raise error.at(str(path)) from None


def read_bytes(path: Path | str) -> bytes | None:
    """A cassette's bytes; None where there is no such file. Raises `UnreadableCassetteError`.

    With fewer calls to the system than ``Path.read_bytes``, since every test's cassette comes by, and without
    `os.read`, which suites that guard their event loops refuse there.
    """
    try:
        with FileIO(path) as file:
            raw = file.read(_SMALL)
            if len(raw) < _SMALL and raw.endswith(_END):  # a pipe gives what it has by then
                return raw
            more = file.read(1)
            if more and file.seekable():
                file.seek(0)
                return file.readall()
            return raw + more + file.readall() if more else raw
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnreadableCassetteError(
            f"The cassette cannot be read: {error.strerror}",
            path=str(path),
            remedy=_REMEDIES.get(type(error), "Make it readable for the user who runs the tests."),
        ) from None


_SMALL = 1 << 14
"""Bytes that most files do not have."""

_END = b"\n}\n"
"""Ends a document as we lay it out, and stands nowhere else in it."""


_REMEDIES: dict[type[OSError], str] = {
    IsADirectoryError: "Remove the folder, or name the cassette otherwise.",
    NotADirectoryError: "A part of its path is a file; remove it, or name the cassette otherwise.",
}


def has_an_end(path: Path) -> bool:
    """False for pipes, sockets and devices, behind links too: who reads one of a folder may wait for ever."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return True  # reading it will say what is wrong
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def digest(path: Path) -> str | None:
    """The SHA-256 of a file's bytes, in hexadecimal; None where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def write(path: Path, text: str) -> None:
    """Replace a cassette in one step: after a crash at any instant the file is the old or the new one."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, raw: bytes) -> None:
    """Replace a file in one step: a temporary file beside it, synced, then renamed over it.

    Links are followed and permissions kept. Raises `UnwritableCassetteError`; the old file then stays.
    """
    target = Path(os.path.realpath(path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.parent / f"{_PREFIX}{secrets.token_hex(8)}{_SUFFIX}"
        try:
            # os.open gives a new file the permissions the umask allows; mkstemp would make it private.
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileNotFoundError):
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
            temporary.replace(target)
            _remove_abandoned(target.parent, target.stat().st_mtime)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        remedy = _TO_WRITE.get(error.errno or 0, "Make the folder writable")
        raise UnwritableCassetteError(
            str(path),
            error.strerror or str(error),
            f"What was there before is unchanged. {remedy} and record again.",
        ) from error


_TO_WRITE = {
    errno.ENOSPC: "Make room on the disk",
    errno.EDQUOT: "Make room on the disk",
    errno.ENAMETOOLONG: "Give the cassette a shorter name",
}
"""What helps, by the operating system's reason."""


_looked_at: dict[Path, float] = {}
"""Folder → when this process last looked for abandoned files there, in `time.monotonic`'s seconds."""


def _remove_abandoned(folder: Path, written: float) -> None:
    """Temporary files that a killed process has left; younger ones may be somebody's.

    Not at every write: a folder of thousands of cassettes takes longer to list than one to write.
    ``written``: the time of a file that was written just now, which no test can set, as it can the clock.
    """
    now = time.monotonic()
    if now - _looked_at.get(folder, -_ABANDONED) < _ABANDONED:
        return
    _looked_at[folder] = now
    for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        with suppress(OSError):
            if written - path.stat().st_mtime > _ABANDONED:
                path.unlink()


def remove(path: Path) -> None:
    """Remove a file; that there is none is fine."""
    with suppress(FileNotFoundError):
        path.unlink()
