"""Placeholder keys while replaying (ini ``llm_placeholder_keys``), and a hint where a key is missing."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any, Final

import pytest

from vcr_llm.pytest_plugin.options import PLACEHOLDER_KEYS
from vcr_llm.pytest_plugin.replay_marker import opened

__all__ = ["explain_missing_key", "fill", "remove"]

_MISSING_KEY: Final = ("api_key", "api key", "could not resolve authentication", "OPENAI_API_KEY")
_MISSING_KEY_LINE: Final = (
    f"The client was made without an API key. Replaying needs none: with {PLACEHOLDER_KEYS} = true in the "
    "pytest configuration, unset provider keys get a placeholder while tests run. To record, set the key."
)


def fill() -> None:
    """Give the unset ones their placeholder."""
    from vcr_llm import placeholder, providers

    placeholder.fill(os.environ, providers.key_variables())


def remove() -> None:
    from vcr_llm import placeholder, providers

    placeholder.remove(os.environ, providers.key_variables())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if item.get_closest_marker("vcr") is not None or opened in item.stash:
        explain_missing_key(report, call, item.config)
    return report


def explain_missing_key(report: Any, call: Any, config: pytest.Config) -> None:
    """One line below an SDK's missing-key error, naming the option that makes replaying work."""
    if call is None or call.excinfo is None or config.getini(PLACEHOLDER_KEYS):
        return
    if _is_missing_key(call.excinfo.value):
        if hasattr(report.longrepr, "addsection"):
            report.longrepr.addsection("vcr-llm", _MISSING_KEY_LINE)
        else:
            report.longrepr = f"{report.longrepr}\n{_MISSING_KEY_LINE}"


def _is_missing_key(error: BaseException | None) -> bool:
    """Whether an SDK says that it has no key: OpenAI when the client is made, Anthropic when it is used."""
    while error is not None:
        text = str(error)
        if type(error).__name__ in ("OpenAIError", "AnthropicError", "TypeError", "ValueError") and any(
            words.lower() in text.lower() for words in _MISSING_KEY
        ):
            return True
        error = error.__cause__ or error.__context__
    return False
