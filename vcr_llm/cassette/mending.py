"""Failures that a later attempt of the same call has mended: SDKs retry, and a replay need not."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from vcr_llm.interaction import Interaction
from vcr_llm.vcr_bridge import RETRIED, Pair, status_of, to_interaction

__all__ = ["without_mended"]


def without_mended(recorded: list[Pair], same_request: Callable[[Interaction], Hashable]) -> list[Pair]:
    """The recordings but for failures that SDKs retry (`RETRIED`) before a success of the same request."""
    if not any(status_of(response) in RETRIED for _, response in recorded):
        return recorded
    kept: list[Pair] = []
    mended: set[Hashable] = set()
    for request, response in reversed(recorded):
        identity = same_request(to_interaction(request, response))
        status = status_of(response)
        if status < 400:
            mended.add(identity)
        if not (status in RETRIED and identity in mended):
            kept.append((request, response))
    return kept[::-1]
