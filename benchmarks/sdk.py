"""OpenAI's SDK, of whichever generation is installed, and the floor: its client on an in-memory transport."""

from __future__ import annotations

import gc
from functools import cache
from types import ModuleType
from typing import Any

from benchmarks import traffic
from benchmarks.samples import Sample

__all__ = ["ask", "client", "real_client"]


def _httpx() -> ModuleType:
    """The HTTP library of the SDK that is installed."""
    import openai._base_client as base

    return base.httpx2 if hasattr(base, "httpx2") else base.httpx  # type: ignore[attr-defined,no-any-return]


@cache
def client(sample: Sample | None = None, kind: str = "OpenAI") -> Any:
    """A client of the SDK: a real one, or with ``sample`` one on an in-memory transport (the floor)."""
    import openai

    gc.freeze()  # the SDK's thousands of classes: to look through them takes longer than what is measured
    if sample is None:
        return getattr(openai, kind)(api_key="sk-benchmark")
    httpx = _httpx()
    # What is measured is the way there and back: the same answer does for all.
    answered, headers = sample.answered(0), sample.headers
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, headers=headers, content=answered))
    session = httpx.AsyncClient if kind.startswith("Async") else httpx.Client
    return getattr(openai, kind)(api_key="sk-benchmark", http_client=session(transport=transport))


def real_client(_entered: object) -> Any:
    """The client of most contenders, which patch what lies below it."""
    return client()


def ask(openai_client: Any, number: int, sample: Sample) -> str:
    """One call; answers the id of what came."""
    asked: Any = {"model": traffic.MODEL, "messages": traffic.messages(number)}
    if not sample.stream:
        return str(openai_client.chat.completions.create(**asked).id)
    return str([chunk.id for chunk in openai_client.chat.completions.create(**asked, stream=True)][-1])
