"""Whether all tests ran, and which cassettes then belong to none of them.

A cassette that no test opened is an orphan only if every test that could have opened it was collected and
ran. So nothing is said after ``-k``, ``-x``, single files or tests, ``--lf``, or a worker that crashed; only
folders below those that pytest was given count; and the cassettes of tests that were skipped, and of test
modules that were left out, are spared.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Final

import pytest

from vcr_llm.pytest_plugin import progress
from vcr_llm.pytest_plugin.fixture_lookup import definitions
from vcr_llm.pytest_plugin.options import setting
from vcr_llm.pytest_plugin.run_facts import facts, is_empty, opened_by_vcrpy, relative

__all__ = ["orphans"]

_FOLDER: Final = "cassettes"
"""pytest-recording keeps a module's cassettes in ``cassettes/MODULE`` beside it."""

_spared = pytest.StashKey[list[str]]()
_unsure = pytest.StashKey[str]()
"""Why no name can be spared that should be."""
_end = pytest.StashKey[Callable[[], None]]()
"""What ends the watch for cassettes of vcrpy's own."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Be told of the cassettes that the code opens with vcrpy itself, as soon as it can."""
    config = item.config
    if "vcr.cassette" in sys.modules and _end not in config.stash:
        from vcr_llm import vcr_bridge

        config.stash[_end] = vcr_bridge.watch_vcrpys(functools.partial(opened_by_vcrpy, config))


def pytest_unconfigure(config: pytest.Config) -> None:
    if _end in config.stash:
        config.stash[_end]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    if item.get_closest_marker("vcr") is None:
        return (yield)
    before = _opened(item.config)
    try:
        return (yield)
    finally:
        if _opened(item.config) == before:
            _spare(item)


def _opened(config: pytest.Config) -> int:
    if is_empty(config):
        return 0
    known = facts(config)
    return len(known.openings) + len(known.others)


def _spare(item: pytest.Item) -> None:
    from vcr_llm import vcr_bridge
    from vcr_llm.siblings import shortened

    name = vcr_bridge.default_cassette_name(item)
    spared = item.config.stash.setdefault(_spared, [])
    spared += [name, shortened(name)]
    for mark in item.iter_markers():
        if mark.name in ("vcr", "default_cassette"):
            spared += [Path(str(name)).name for name in mark.args]
    if len(definitions(item, "default_cassette_name")) > 1:
        item.config.stash[_unsure] = "skipped tests name their cassettes themselves"


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Add what is known to the facts of the run."""
    config, known = session.config, progress.of(session.config)
    modules = [f"{each.path.stem}/" for each in known.skipped if isinstance(each, pytest.File)]
    spared = modules + config.stash.get(_spared, [])
    if is_empty(config) and not spared and not setting(config, "report"):
        return
    run = facts(config)
    run.collected = max(run.collected, known.collected)
    run.spared += spared
    run.modules = run.modules or sorted(map(str, known.modules))
    run.partial = (
        run.partial or known.narrowed or config.stash.get(_unsure, "") or _narrowed_by_arguments(config)
    )
    if len(known.finished) < run.collected and not hasattr(config, "workerinput"):
        run.partial = run.partial or "the run stopped early"


def _narrowed_by_arguments(config: pytest.Config) -> str:
    """Why pytest was not asked to run all tests; "" if it was."""
    if config.getoption("lf", False):
        return "only tests that failed last time ran"
    if any(str(argument).startswith("--ignore") for argument in config.invocation_params.args):
        return "some files were ignored"
    if not all(Path(each).is_dir() for each in _given(config)):
        return "only some files or tests were named"
    return ""


def _given(config: pytest.Config) -> list[str]:
    """The files and folders that pytest was told to run: its arguments, else the folder it runs for."""
    match config.args_source.name:  # a name of it was misspelt in pytest 7
        case "ARGS":
            return [str(Path(config.invocation_params.dir, argument)) for argument in config.args]
        case "TESTPATHS":
            return [str(config.rootpath)]
        case _:
            return [str(config.invocation_params.dir)]


# --- orphans -----------------------------------------------------------------------------------------


def orphans(config: pytest.Config) -> list[str] | None:
    """The cassettes no test opened, as the summary shows them; None after a run that was not a whole one."""
    known = facts(config)
    if known.partial or not known.openings:
        return None
    from vcr_llm.cassette_files import find
    from vcr_llm.siblings import sibling

    used = {path for opening in known.openings for path in (opening.path, *opening.files, *opening.old_files)}
    root = str(config.rootpath)
    used_files = {_real(os.path.join(root, path)) for path in (*used, *known.others)}  # noqa: PTH118
    below = [os.path.realpath(each) for each in _given(config)]
    spared, modules = set(known.spared), set(known.modules)
    found = [
        path
        for folder in _cassette_folders(config, [*used, *known.others])
        if any(Path(os.path.realpath(folder)).is_relative_to(each) for each in below)
        for path in find(folder)
        if _real(path) not in used_files
        and not _is_spared(path, spared)
        and not _is_of_module_left_out(path, modules)
    ]
    if not found:
        return []
    # The old file of a migrated cassette, kept beside it until the team removes it.
    old_files = {os.path.realpath(old) for path in used if (old := sibling(config.rootpath / path))}
    return [relative(config, path) for path in found if os.path.realpath(path) not in old_files]


def _real(path: str | Path) -> str:
    """``os.path.realpath``, whose way through all the folders is the same for many cassettes."""
    folder, name = os.path.split(path)
    if os.path.islink(path):  # noqa: PTH114 - no object for each of many files
        return os.path.realpath(path)
    return os.path.join(_real_folder(folder), name)  # noqa: PTH118


_real_folder = functools.lru_cache(maxsize=256)(os.path.realpath)


def _cassette_folders(config: pytest.Config, paths: list[str]) -> Iterator[Path]:
    """The folders that cassettes in use lie in, of several nested ones the outermost."""
    parents = {os.path.dirname(path) for path in paths}  # noqa: PTH120
    found = {_folder(config.rootpath / parent, config.rootpath) for parent in parents}
    for folder in sorted(found):
        if not any(other in folder.parents for other in found):
            yield folder


def _folder(own: Path, root: Path) -> Path:
    """The folder ``cassettes`` below the rootdir where there is one on the way, else the file's own."""
    for parent in (*reversed(own.parents), own):
        if parent.name == _FOLDER and root in parent.parents:
            return parent
    return own


def _is_spared(path: Path, spared: set[str]) -> bool:
    name = path.name
    stems = {name, *(name[: -len(suffix)] for suffix in _SUFFIXES if name.endswith(suffix))}
    return bool(stems & spared) or f"{path.parent.name}/" in spared


def _is_of_module_left_out(path: Path, collected: set[str]) -> bool:
    """Whether a cassette's test module is there, but none of its tests was collected (an ignored file)."""
    folder = path.parent
    module = folder.parent.parent / f"{folder.name}.py"
    return folder.parent.name == _FOLDER and str(module) not in collected and module.is_file()


_SUFFIXES: Final = (".llm.json", ".json", ".yaml", ".yml", ".yaml.gz", ".json.gz")
