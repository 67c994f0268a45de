"""Which file holds a cassette: its own, or one in an older format of the same name beside it.

A suite that has not migrated has ``x.yaml`` where the serializer asks for ``x.llm.json``; one that has
may still name ``x.yaml`` in a mark or a call. Both are the cassette ``x``. An old file is only ever read.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["OLD_SUFFIXES", "SUFFIX", "own_path", "shortened", "sibling"]

SUFFIX: Final = ".llm.json"
OLD_SUFFIXES: Final = (".yaml", ".yml", ".json", ".yaml.gz", ".yml.gz", ".json.gz")
"""In this order they are looked for; the first one that is there answers."""

_LONGEST: Final = 255
"""Bytes of a file's name, on every usual file system."""
_SHORTENED: Final = re.compile(r"(.*)\.\.\.([0-9a-f]{32})", re.DOTALL)

_OURS: Final = re.compile(rb'\s*\{\s*"version"\s*:\s*"')
_HEAD: Final = 4096
"""Bytes of a file that show whether it is our document."""
_INTERACTIONS: Final = re.compile(rb'"(interactions|requests)"\s*:')
"""What a JSON file says somewhere if it is a cassette; other JSON of the same name is none of ours."""


def own_path(name: str) -> str:
    """Where the cassette of this name is kept in our format.

    A name in an older format (``x.yaml``, also ``x`` alone, and ``x.yaml.llm.json``, what pytest-recording
    makes of the first) is the cassette ``x.llm.json`` once there is one, and before that as soon as the old
    file is there: what is recorded goes beside it. Any other name is what it says,
    shortened where it is too long.
    """
    if name.endswith(SUFFIX):
        file = os.path.basename(name)  # noqa: PTH119 (every cassette that opens comes by here)
        short = f"{shortened(file.removesuffix(SUFFIX))}{SUFFIX}"
        name = name.removesuffix(file) + short if short != file else name
    named = name.removesuffix(SUFFIX)
    stem = _without_old_suffix(named)
    if named != name and (stem is None or Path(name).exists()):
        return name
    own = f"{stem if stem is not None else named}{SUFFIX}"
    if Path(own).exists() or (Path(named).is_file() and not _is_ours(Path(named))):
        return own
    return name


def sibling(path: Path) -> Path | None:
    """The old-format file beside a cassette of ours; None where there is none."""
    if not path.name.endswith(SUFFIX):
        return None
    stem = path.name.removesuffix(SUFFIX)
    candidates = [path.with_name(f"{stem}{suffix}") for suffix in (*OLD_SUFFIXES, "")]
    candidates += _longer(path, stem)
    found = (file for file in candidates if file.is_file() and _may_be_cassette(file))
    return next(found, None)


def shortened(stem: str) -> str:
    """The stem; where it would make too long a file name with our suffix, its beginning and a digest.

    pytest-recording does the same with the names of tests (``_vcr.py``, ``use_cassette``), but takes the
    serializer's name for the suffix, which is a dot shorter; and with ``.yaml`` it had more room.
    """
    if len(os.fsencode(stem + SUFFIX)) <= _LONGEST:
        return stem
    already = _SHORTENED.fullmatch(stem)
    start, digest = already.groups() if already else (stem, _digest(stem))
    room = _LONGEST - len(f"...{digest}{SUFFIX}")
    while len(os.fsencode(start)) > room:
        start = start[:-1]
    return f"{start}...{digest}"


def _digest(stem: str) -> str:
    return hashlib.md5(stem.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


def _longer(path: Path, stem: str) -> Iterator[Path]:
    """The old files whose names became too long with our suffix."""
    found = _SHORTENED.fullmatch(stem)
    if found is None or not path.parent.is_dir():
        return
    for file in sorted(path.parent.iterdir()):
        if file.name.startswith(found.group(1)):
            longer = _without_old_suffix(file.name)
            if longer is not None and shortened(longer) == stem:
                yield file


def _without_old_suffix(name: str) -> str | None:
    """The name without its old suffix; None where it has none."""
    if not name.endswith(OLD_SUFFIXES):
        return None
    return name.removesuffix(next(suffix for suffix in reversed(OLD_SUFFIXES) if name.endswith(suffix)))


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        return _OURS.match(file.read(_HEAD)) is not None


def _may_be_cassette(path: Path) -> bool:
    """Whether a file beside the cassette is one, perhaps a damaged one: any but JSON always is."""
    if ".json" not in path.suffixes:
        return True
    raw = path.read_bytes()
    if path.suffix == ".gz":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error):
            return True
    return _INTERACTIONS.search(raw) is not None
