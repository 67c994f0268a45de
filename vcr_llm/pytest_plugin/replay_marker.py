"""``@pytest.mark.llm_replay``, llm-mock's marker, where llm-mock's own plugin does not serve it (see
`replay_owner`).
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vcr_llm.pytest_plugin.progress import has_passed
from vcr_llm.pytest_plugin.replay_owner import DISABLED_OPTION, is_ours
from vcr_llm.pytest_plugin.run_folder import session

if TYPE_CHECKING:
    from vcr_llm.dropin import llm_mock

__all__ = ["opened"]

opened = pytest.StashKey["llm_mock"]()
"""What a test with the marker has open."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Open the fixture file before the first pytest fixture of the test, which may make calls itself."""
    mark = item.get_closest_marker("llm_replay")
    if mark is not None and is_ours(item.config):
        replay = _llm_mock(item, mark)
        replay.__enter__()
        item.stash[opened] = replay


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Close it after the last one; only a test that has passed refreshes its recordings."""
    try:
        return (yield)
    finally:
        replay = item.stash.get(opened, None)
        if replay is not None:
            del item.stash[opened]
            replay.close(failed=not has_passed(item))


def _llm_mock(item: pytest.Item, mark: pytest.Mark) -> llm_mock:
    """The marker's arguments as those of `llm_mock`."""
    from vcr_llm.dropin import is_disabled, llm_mock
    from vcr_llm.errors import OptionError

    known = ("fixture", "mode", "provider", "match_on")
    for name in mark.kwargs:
        if name not in known:
            pytest.fail(str(OptionError("@pytest.mark.llm_replay", name, known)), pytrace=False)
    options = {**dict(zip(known, mark.args, strict=False)), **mark.kwargs}
    if not options.get("fixture") or len(mark.args) > len(known):
        pytest.fail(
            "@pytest.mark.llm_replay needs the name of a fixture: "
            '@pytest.mark.llm_replay(fixture="summarize") is fixtures/summarize.json beside the test file, '
            "a name with a slash is a path from the rootdir.",
            pytrace=False,
        )
    disabled = is_disabled() or item.config.getoption(DISABLED_OPTION, default=False)
    fixture = _fixture_file(item, os.fspath(options.pop("fixture")))
    try:
        return llm_mock(
            **{"mode": "replay", **options}, fixture=fixture, disabled=disabled, session=session(item)
        )
    except OptionError as error:
        pytest.fail(str(error).replace("llm_mock()", "@pytest.mark.llm_replay"), pytrace=False)


def _fixture_file(item: pytest.Item, name: str) -> Path:
    if "/" in name or os.sep in name:
        return item.config.rootpath / name
    return item.path.parent / "fixtures" / name
