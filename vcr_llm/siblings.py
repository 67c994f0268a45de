"""Which file holds a cassette: its own, or one in an older format of the same name beside it.

A suite that has not migrated has ``x.yaml`` where the serializer asks for ``x.llm.json``; one that has
may still name ``x.yaml`` in a mark or a call. Both are the cassette ``x``. An old file is only ever read.
"""

from __future__ import annotations

import glob
import gzip
import hashlib
import re
import zlib
from pathlib import Path
from typing import Final

__all__ = ["OLD_SUFFIXES", "own_path", "sibling"]

_SUFFIX: Final = ".llm.json"
OLD_SUFFIXES: Final = (".yaml", ".yml", ".json", ".yaml.gz", ".yml.gz", ".json.gz")
"""In this order they are looked for; the first one that is there answers."""

_OURS: Final = re.compile(rb'\s*\{\s*"version"\s*:\s*"')
_SHORTENED: Final = re.compile(r"(.+)\.\.\.([0-9a-f]{32})", re.DOTALL)
_HEAD: Final = 4096
"""Bytes of a file that show whether it is our document."""
_INTERACTIONS: Final = re.compile(rb'"(interactions|requests)"\s*:')
"""What a JSON file says somewhere if it is a cassette; other JSON of the same name is none of ours."""


def own_path(name: str) -> str:
    """Where the cassette of this name is kept in our format.

    A name in an older format (``x.yaml``, also ``x`` alone, and ``x.yaml.llm.json``, what pytest-recording
    makes of the first) is the cassette ``x.llm.json`` once there is one, and before that as soon as the old
    file is there: what is recorded goes beside it. Any other name is what it says.
    """
    named = name.removesuffix(_SUFFIX)
    stem = _without_old_suffix(named)
    if named != name and (stem is None or Path(name).exists()):
        return name
    own = f"{stem if stem is not None else named}{_SUFFIX}"
    if Path(own).exists() or (Path(named).is_file() and not _is_ours(Path(named))):
        return own
    return name


def sibling(path: Path) -> Path | None:
    """The old-format file beside a cassette of ours; None where there is none."""
    if not path.name.endswith(_SUFFIX):
        return None
    stem = path.name.removesuffix(_SUFFIX)
    candidates = [path.with_name(f"{stem}{suffix}") for suffix in (*OLD_SUFFIXES, "")]
    candidates += _of_shortened(path, stem)
    return next((file for file in candidates if file.is_file() and _may_be_cassette(file)), None)


def _of_shortened(path: Path, stem: str) -> list[Path]:
    """The old files of a name that pytest-recording has shortened: by suffix they are cut elsewhere, or not.

    (``pytest_recording/_vcr.py``, use_cassette: the beginning, three dots and the MD5 of the whole name.)
    """
    shortened = _SHORTENED.fullmatch(stem)
    if shortened is None or not path.parent.is_dir():
        return []
    beginning, digest = shortened.groups()
    found = []
    for file in sorted(path.parent.glob(f"{glob.escape(beginning)}*")):
        name = _without_old_suffix(file.name)
        if name is not None and (name.endswith(f"...{digest}") or _md5(name) == digest):
            found.append(file)
    return found


def _md5(name: str) -> str:
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


def _without_old_suffix(name: str) -> str | None:
    """The name without its old suffix; None where it has none."""
    suffix = next((suffix for suffix in reversed(OLD_SUFFIXES) if name.endswith(suffix)), None)
    return None if suffix is None else name.removesuffix(suffix)


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
