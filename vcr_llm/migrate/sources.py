"""Which files are to be migrated, and what they become."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vcr_llm import store
from vcr_llm.errors import UnreadableCassetteError
from vcr_llm.formats import text_of
from vcr_llm.siblings import SUFFIX, shortened

__all__ = ["Source", "find", "grouped", "speaks_of_calls", "target_of"]

_SUFFIXES: Final = (".yaml", ".yml", ".json", ".toml", ".har")
_COMPRESSED: Final = ".gz"
_HIDDEN: Final = frozenset({"node_modules", "__pycache__", "site-packages"})
_CASSETTES: Final = re.compile(r"cassette|(?:^|[/\\_.-])(?:vcr|recordings?)(?:$|[/\\_-])", re.IGNORECASE)
"""What the name of a folder says in which every file is meant as a cassette."""
_MARK: Final = re.compile(
    r"^(?:- |\{?\s*[\"']?)(?:http_)?(?:interactions|requests?)[\"']?\s*:|\"(?:http_)?interactions\"\s*:"
    r"|^\s*\[\[\s*(?:grpc_|ws_)?interactions|\"fixtures\"\s*:|\"entries\"\s*:|\"request\"\s*:",
    re.MULTILINE,
)
"""What a cassette of any format says somewhere, and hardly any other file."""
_BEGINNING: Final = re.compile(
    r"(?:---\s*)?(?:-\s+request|interactions|http_interactions|requests|version)\s*:"
    r"|\{\s*\"(?:version|interactions|http_interactions)\"\s*:"
)
"""How one begins; a file without a suffix is anything, and mostly text about something."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to migrate. ``meant``: whether it should be a cassette, because it lies among some.

    ``named``: it was asked for by its own name.
    """

    path: Path
    meant: bool = True
    named: bool = False


def target_of(path: Path) -> Path:
    """The cassette of ours that a file becomes: ``x.yaml``, ``x.yaml.gz`` → ``x.llm.json`` beside it."""
    if path.name.endswith(SUFFIX):
        return path
    name = path.name.removesuffix(_COMPRESSED)
    suffix = next((suffix for suffix in _SUFFIXES if name.lower().endswith(suffix)), "")
    stem = name[: len(name) - len(suffix)] or name
    return path.with_name(f"{shortened(stem)}{SUFFIX}")


def find(folder: Path) -> Iterator[Source]:
    """What may be a cassette in a folder and its subfolders, in the order of names.

    Hidden folders, virtual environments and installed packages are left out. Outside of folders named like
    those of cassettes only files count that look like one.
    """
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if _is_searched(Path(parent), name))
        among_cassettes = _CASSETTES.search(os.path.relpath(parent, folder.parent)) is not None
        for name in sorted(files):
            path = Path(parent, name)
            # Also among cassettes lie settings in TOML, and files without a suffix that are anything.
            meant = among_cassettes and "." in name and not name.endswith(".toml")
            if not (name.endswith(SUFFIX) or _may_be_one(name)) or not store.has_an_end(path):
                continue
            if name.endswith(SUFFIX) or meant or _looks_like_one(path):
                yield Source(path, meant)


def _is_searched(parent: Path, name: str) -> bool:
    if name.startswith(".") or name in _HIDDEN or name.endswith(f"{SUFFIX}.blobs"):
        return False
    return not (parent / name / "pyvenv.cfg").exists()


def _may_be_one(name: str) -> bool:
    lower = name.lower().removesuffix(_COMPRESSED)
    return (lower.endswith(_SUFFIXES) or "." not in name) and not name.startswith(".")


def _looks_like_one(path: Path) -> bool:
    try:
        text = text_of(path.read_bytes())
        return _MARK.search(text) is not None and ("." in path.name or _BEGINNING.match(text) is not None)
    except (OSError, UnreadableCassetteError):
        return False


def speaks_of_calls(raw: bytes) -> bool:
    """Whether a file that cannot be read may be a damaged cassette; what is compressed may be."""
    return raw.startswith(b"\x1f\x8b") or _MARK.search(raw.decode("utf-8", "replace")) is not None


def grouped(sources: Iterable[Source]) -> list[list[Source]]:
    """The sources by what they become, each file once; almost all groups have one."""
    by_target: dict[Path, list[Source]] = {}
    seen: set[Path] = set()
    for source in sources:
        if source.path not in seen:
            seen.add(source.path)
            by_target.setdefault(target_of(source.path), []).append(source)
    return list(by_target.values())
