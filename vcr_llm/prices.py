"""What calls cost, by the list prices of genai-prices where that is installed (the extra ``prices``).

A model it does not know has no price here: nothing is guessed.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from vcr_llm.providers import Usage

__all__ = ["are_known", "cost", "has_price"]

_NAMES: Final[Mapping[str, str]] = {
    "bedrock": "aws",
    "gemini": "google",
    "vertex": "google",
    "voyage": "voyageai",
    "xai": "x-ai",
    "moonshot": "moonshotai",
}
"""Our names of providers → genai-prices' ids, where they differ."""


def are_known() -> bool:
    """Whether genai-prices is installed."""
    return importlib.util.find_spec("genai_prices") is not None


def cost(provider: str, model: str | None, usage: Usage) -> Decimal | None:
    """US dollars at list price; None for a model or provider without a known price."""
    if model is None:
        return None
    genai = _genai_prices()
    tokens = genai.Usage(
        input_tokens=usage.prompt, cache_read_tokens=usage.cached, output_tokens=usage.completion
    )
    try:
        price = genai.calc_price(tokens, model, provider_id=_NAMES.get(provider, provider)).total_price
    except (LookupError, ValueError):  # not known; or a count that makes no sense, in an edited recording
        return None
    return Decimal(price)


def has_price(provider: str, model: str | None) -> bool:
    return cost(provider, model, Usage(1, 1)) is not None


@functools.cache
def _genai_prices() -> Any:
    return importlib.import_module("genai_prices")
