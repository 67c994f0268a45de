"""A test fails at its end where its own cassette keeps interactions it did not play, if they are an error.

Of a cassette that several tests share, only the end of the run can tell: see `summary`.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

from vcr_llm.pytest_plugin.run_facts import openings

__all__: list[str] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    result = yield
    found = [each for each in openings(item) if each.own and each.on_unplayed == "error"]
    if found:
        from vcr_llm.run_report import numbers_text, unplayed

        for opening in found:
            numbers = unplayed([opening], whole=False)
            if numbers:
                which = f"{numbers_text(numbers)} of {opening.interactions}"
                pytest.fail(
                    f"{opening.path}: the test does not play {which} (on_unplayed is error). "
                    "Take them out with vcr-llm prune, or record again: pytest --record-mode=rewrite",
                    pytrace=False,
                )
    return result
