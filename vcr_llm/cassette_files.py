"""Which files of a folder are cassettes."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from vcr_llm import store
from vcr_llm.errors import UnreadableCassetteError
from vcr_llm.formats import text_of
from vcr_llm.serializer import NAME

__all__ = ["find", "is_meant_as_one"]

_SUFFIX: Final = f".{NAME}"
_HIDDEN: Final = frozenset({"node_modules", "__pycache__"})

_MARKS: Final[Mapping[str, re.Pattern[str]]] = {
    ".json": re.compile(r'"interactions"\s*:\s*\['),
    ".yaml": re.compile(r"^(interactions\s*:|\{\s*[\"']?interactions)", re.MULTILINE),
}
"""What a file with this suffix says somewhere if it is, or was before it was damaged, a cassette."""
_SAME_SUFFIX: Final = {".yml": ".yaml"}
_COMPRESSED: Final = ".gz"


def find(folder: Path) -> Iterator[Path]:
    """The cassettes in a folder and its subfolders, by suffix and content; damaged ones count.

    Hidden folders and those of installed packages are left out.
    """
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _HIDDEN)
        for name in sorted(files):
            path = Path(parent, name)
            if store.has_an_end(path) and is_meant_as_one(path):
                yield path


def is_meant_as_one(path: Path) -> bool:
    """Whether a file is a cassette, perhaps a damaged one, by its name and content."""
    if path.name.endswith(_SUFFIX):
        return True
    suffix = Path(path.name.lower().removesuffix(_COMPRESSED)).suffix
    mark = _MARKS.get(_SAME_SUFFIX.get(suffix, suffix))
    if mark is None:
        return False
    try:
        text = _text(path.read_bytes())
    except OSError:
        return False
    if not mark.search(text):
        return False
    try:
        document = json.loads(text) if suffix == ".json" else None
    except (ValueError, RecursionError):
        return True
    # In other JSON files the word stands somewhere inside.
    return document is None or (isinstance(document, dict) and isinstance(document.get("interactions"), list))


def _text(raw: bytes) -> str:
    """The text of a file, as far as there is one."""
    try:
        return text_of(raw)
    except UnreadableCassetteError:
        return raw.decode("utf-8", "replace")
