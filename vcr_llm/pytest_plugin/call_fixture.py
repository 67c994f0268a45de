"""The fixture ``llm_cassette``: what a test asked, and what it was answered."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

import pytest

from vcr_llm.pytest_plugin.replay_marker import opened

if TYPE_CHECKING:
    from vcr_llm.cassette import Cassette

__all__ = ["shown"]


def shown(request: pytest.FixtureRequest, vcr: Any) -> Cassette:
    """The cassette of the test, whose fixture ``vcr`` is what pytest-recording has opened."""
    replay = request.node.stash.get(opened, None)
    if replay is not None:
        return cast("Cassette", replay.cassette)
    # pytest-recording's fixture is used by every test and has opened the cassette by now.
    module = sys.modules.get("vcr_llm.cassette")
    if module is not None and isinstance(vcr, module.Cassette):
        return cast("Cassette", vcr)
    if vcr is not None:
        reason = "the test's cassette is vcrpy's own: let vcr_config return vcr_llm.preset()"
    elif request.config.getoption("--disable-recording", False):
        reason = "--disable-recording opens no cassettes"
    else:
        reason = "the test has no cassette: mark it with @pytest.mark.vcr"
    pytest.fail(f"The fixture llm_cassette has nothing to show: {reason}.", pytrace=False)
