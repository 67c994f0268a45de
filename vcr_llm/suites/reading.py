"""The files of a suite that matter: its Python files that mention cassettes, settings, cassettes."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from vcr_llm import cassette_files, store
from vcr_llm.siblings import OLD_SUFFIXES
from vcr_llm.suites.source import Fact, Source

__all__ = ["Suite", "project_root", "read"]

_LEFT_OUT: Final = frozenset({"node_modules", "__pycache__", "site-packages", "build", "dist", "venv", "env"})
_WORDS: Final = re.compile(r"\bvcr|cassette|pytest_recording", re.IGNORECASE)
_SETTINGS: Final = ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
_REQUIREMENTS: Final = re.compile(r"(requirements.*\.(txt|in)|requirements/.*\.(txt|in)|setup\.py)$")
_SUFFIXES: Final = (".llm.json", *reversed(OLD_SUFFIXES))


@dataclass(slots=True)
class Suite:
    """What was found under a root; paths are relative to it, with slashes.

    ``settings``: texts of pytest's and the project's settings and requirement files. ``unparsed``: Python
    files that are none. ``cassettes``: by suffix, how many; ``folders``: where they lie.
    """

    root: Path
    sources: list[Source] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    unparsed: list[Fact] = field(default_factory=list)
    cassettes: Counter[str] = field(default_factory=Counter)
    folders: list[str] = field(default_factory=list)

    def facts(self, *kinds: str) -> list[Fact]:
        return [fact for source in self.sources for fact in source.facts if fact.kind in kinds]

    def text(self, path: str) -> str | None:
        """The text of a file of the suite; None where there is none."""
        file = self.root / path
        return _text(file) if file.is_file() else None

    @property
    def is_for_pytest_vcr(self) -> bool:
        """Whether it works with pytest-vcr, whose fixtures are named otherwise than pytest-recording's."""
        return self.mentions("pytest-vcr") or self.mentions("pytest_vcr") or bool(self.facts("pytest-vcr"))

    def mentions(self, word: str) -> bool:
        """Whether settings or requirements name something."""
        return any(word in text for text in self.settings.values())


def project_root(path: Path) -> Path:
    """The nearest folder upwards, inside the repository, that has settings of pytest or the project."""
    here = path.resolve()
    here = here if here.is_dir() else here.parent
    for folder in (here, *here.parents):
        if any((folder / name).is_file() for name in _SETTINGS):
            return folder
        if (folder / ".git").exists():
            break
    return here


def read(root: Path) -> Suite:
    """Everything that concerns cassettes under a folder, without importing or running any of it."""
    suite = Suite(root)
    folders: set[str] = set()
    for path in _files(root):
        name = path.relative_to(root).as_posix()
        if path.suffix == ".py":
            _read_python(suite, name, path)
        elif path.name in _SETTINGS or _REQUIREMENTS.search(name):
            suite.settings[name] = _text(path)
        else:
            suffix = next((suffix for suffix in _SUFFIXES if path.name.endswith(suffix)), None)
            folder = None if suffix is None else _folder(path, root)
            if suffix is not None and folder is not None:
                suite.cassettes[suffix] += 1
                folders.add(folder)
    if (root / "setup.py").is_file():
        suite.settings["setup.py"] = _text(root / "setup.py")
    suite.folders = sorted(folders)
    return suite


def _folder(path: Path, root: Path) -> str | None:
    """The folder to name for a cassette: the one of that name, or its own; None for a file that is none."""
    parts = path.relative_to(root).parts[:-1]
    named = next((number for number, part in enumerate(parts, 1) if "cassette" in part), None)
    if named is None and not (store.has_an_end(path) and cassette_files.is_meant_as_one(path)):
        return None
    return "/".join(parts[:named]) or "."


def _read_python(suite: Suite, name: str, path: Path) -> None:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            text = file.read()
    except UnicodeDecodeError:
        if _WORDS.search(_text(path)):
            suite.unparsed.append(Fact(name, 1, "unparsed", "it is not UTF-8"))
        return
    if not _WORDS.search(text):
        return
    try:
        suite.sources.append(Source(name, text))
    except (SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None) or 1
        suite.unparsed.append(Fact(name, line, "unparsed", getattr(error, "msg", None) or str(error)))


def _text(path: Path) -> str:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return file.read()


def _files(root: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(root):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name not in _LEFT_OUT
            and not name.endswith(".egg-info")
            and not Path(parent, name, "pyvenv.cfg").exists()
        )
        for name in sorted(files):
            yield Path(parent, name)
