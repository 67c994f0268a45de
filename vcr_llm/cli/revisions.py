"""Cassettes as they were in a revision of git."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

__all__ = ["RevisionError", "files", "restored"]


class RevisionError(Exception):
    """git does not know the revision, or there is no repository; the message is git's own."""


def _git(folder: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False)
    except OSError as error:
        raise RevisionError(f"git cannot be run: {error.strerror}") from None
    if done.returncode:
        raise RevisionError(done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: "))
    return done.stdout


def files(folder: Path, revision: str) -> list[Path]:
    """The files in a folder and its subfolders, as they were in the revision."""
    _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    names = _git(folder, "ls-tree", "-r", "-z", "--name-only", revision, "--", ".")
    return [
        folder / PurePosixPath(name) for name in names.decode("utf-8", "surrogateescape").split("\0") if name
    ]


def restored(path: Path, revision: str, into: Path) -> Path | None:
    """A cassette as it was, written into a folder with the files that belong to it; None if it was not there.

    Raises `RevisionError`.
    """
    folder = path.parent
    known = files(folder, revision)
    if path not in known:
        return None
    blobs = folder / f"{path.name}.blobs"
    for file in known:
        if file == path or blobs in file.parents:
            target = into / file.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            name = f"./{file.relative_to(folder).as_posix()}"
            target.write_bytes(_git(folder, "show", f"{revision}:{name}"))
    return into / path.name
