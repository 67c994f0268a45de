"""Record real LLM provider responses once, replay them forever: a vcrpy extension.

What is named in ``__all__`` is what this package promises. It is imported when first used: a test run
that needs no cassette pays for none of it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vcr_llm.calls import LlmCall
    from vcr_llm.cassette import Cassette
    from vcr_llm.dropin import llm_mock
    from vcr_llm.errors import (
        BudgetError,
        CassetteMissError,
        DriftError,
        DriftWarning,
        FixtureNotFoundError,
        FixtureParseError,
        MissingCassetteWarning,
        NewerCassetteError,
        OptionError,
        PlaceholderKeyError,
        SecretFoundError,
        StaleWarning,
        UnreadableCassetteError,
        UnwritableCassetteError,
        VcrLlmError,
        VcrLlmWarning,
    )
    from vcr_llm.matchers import llm, llm_strict
    from vcr_llm.recorder import VCR, preset, register, use_cassette

__version__ = "0.1.0"

_HOMES = {
    "Cassette": "cassette",
    "LlmCall": "calls",
    "VCR": "recorder",
    "llm": "matchers",
    "llm_mock": "dropin",
    "llm_strict": "matchers",
    "preset": "recorder",
    "register": "recorder",
    "use_cassette": "recorder",
}
"""The modules of the promised names; those that are not here are errors and warnings."""

__all__ = [  # noqa: RUF022 - in plain alphabetical order
    "BudgetError",
    "Cassette",
    "CassetteMissError",
    "DriftError",
    "DriftWarning",
    "FixtureNotFoundError",
    "FixtureParseError",
    "LlmCall",
    "MissingCassetteWarning",
    "NewerCassetteError",
    "OptionError",
    "PlaceholderKeyError",
    "SecretFoundError",
    "StaleWarning",
    "UnreadableCassetteError",
    "UnwritableCassetteError",
    "VCR",
    "VcrLlmError",
    "VcrLlmWarning",
    "llm",
    "llm_mock",
    "llm_strict",
    "preset",
    "register",
    "use_cassette",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
