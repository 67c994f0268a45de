"""The run's folder of temporary files, which all pytest-xdist workers of a run share."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from vcr_llm.session import Session

__all__ = ["folder", "session"]

_folder = pytest.StashKey[Path]()
_INPUT: Final = "vcr_llm_run"
"""Under this name the controller tells its workers the folder."""


def session(item: pytest.Item, *, refresh: bool = False) -> Session:
    """The test as what records in this run; with ``refresh`` its cassette starts empty."""
    from vcr_llm.session import Session

    return Session(folder(item.config), item.nodeid, refresh, selector=_selector(item))


def _selector(item: pytest.Item) -> str | None:
    """The test's node id from the folder that pytest was started in, where that is not the rootdir."""
    here, root = item.config.invocation_params.dir, item.config.rootpath
    if here == root:
        return None
    file, separator, inside = item.nodeid.partition("::")
    try:
        path = os.path.relpath(root / file, here)
    except ValueError:  # another drive
        return None
    return f"{path}{separator}{inside}"


def folder(config: pytest.Config) -> Path:
    """The folder, which need not exist yet."""
    given = getattr(config, "workerinput", {}).get(_INPUT)
    return Path(given) if given else _own(config)


def _own(config: pytest.Config) -> Path:
    if _folder not in config.stash:
        from vcr_llm.session import temporary_folder

        config.stash[_folder] = temporary_folder() / "runs" / uuid.uuid4().hex
    return config.stash[_folder]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """pytest-xdist's hook on the controller, for each worker."""
    node.workerinput[_INPUT] = str(_own(node.config))


def pytest_unconfigure(config: pytest.Config) -> None:
    if _folder in config.stash:
        shutil.rmtree(config.stash[_folder], ignore_errors=True)
