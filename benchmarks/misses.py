"""How long it takes from a call without a recording to its failure, and what the caller sees of it.

    python benchmarks/misses.py

asks every client that is installed, in three ways: vcrpy alone, ``vcr_llm.use_cassette``, and as in a test
with the marker ``vcr``. Nothing is sent anywhere. Prints a table in Markdown: the median of some calls, and
whether the caller's ``except Exception`` gets the explanation, something else, or nothing (then the test
fails, whatever it catches).
"""

from __future__ import annotations

import asyncio
import importlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import vcr

import vcr_llm
from vcr_llm.recorder import SESSION
from vcr_llm.session import Session

KEY = "no-key"
QUESTION = [{"role": "user", "content": "Say something about the sea."}]


class Miss(BaseException):
    """Stands for the failure of a test: no ``Exception``."""


def openai_sdk() -> Callable[[], Any]:
    client = importlib.import_module("openai").OpenAI(api_key=KEY)
    return lambda: client.chat.completions.create(model="gpt-4o", messages=QUESTION)


def openai_async() -> Callable[[], Any]:
    client = importlib.import_module("openai").AsyncOpenAI(api_key=KEY)
    return lambda: asyncio.run(client.chat.completions.create(model="gpt-4o", messages=QUESTION))


def anthropic_sdk() -> Callable[[], Any]:
    client = importlib.import_module("anthropic").Anthropic(api_key=KEY)
    return lambda: client.messages.create(model="claude-sonnet-4-6", max_tokens=9, messages=QUESTION)


def anthropic_async() -> Callable[[], Any]:
    client = importlib.import_module("anthropic").AsyncAnthropic(api_key=KEY)
    ask = client.messages.create
    return lambda: asyncio.run(ask(model="claude-sonnet-4-6", max_tokens=9, messages=QUESTION))


def langchain_openai() -> Callable[[], Any]:
    model = importlib.import_module("langchain_openai").ChatOpenAI(model="gpt-4o", api_key=KEY)
    return lambda: model.invoke("Say something about the sea.")


def langchain_anthropic() -> Callable[[], Any]:
    module = importlib.import_module("langchain_anthropic")
    model = module.ChatAnthropic(model_name="claude-sonnet-4-6", api_key=KEY)
    return lambda: model.invoke("Say something about the sea.")


def litellm() -> Callable[[], Any]:
    module = importlib.import_module("litellm")
    return lambda: module.completion(model="openai/gpt-4o", messages=QUESTION, api_key=KEY)


def litellm_anthropic() -> Callable[[], Any]:
    module = importlib.import_module("litellm")
    return lambda: module.completion(model="anthropic/claude-sonnet-4-6", messages=QUESTION, api_key=KEY)


def pydantic_ai() -> Callable[[], Any]:
    return _agent("openai", "OpenAIChatModel", "OpenAIProvider", "gpt-4o")


def pydantic_ai_anthropic() -> Callable[[], Any]:
    return _agent("anthropic", "AnthropicModel", "AnthropicProvider", "claude-sonnet-4-6")


def _agent(name: str, model: str, provider: str, named: str) -> Callable[[], Any]:
    agent = importlib.import_module("pydantic_ai").Agent
    models = importlib.import_module(f"pydantic_ai.models.{name}")
    providers = importlib.import_module(f"pydantic_ai.providers.{name}")
    found = agent(getattr(models, model)(named, provider=getattr(providers, provider)(api_key=KEY)))
    return lambda: found.run_sync("Say something about the sea.")


CLIENTS = {
    "openai": ("openai", openai_sdk),
    "openai, async": ("openai", openai_async),
    "anthropic": ("anthropic", anthropic_sdk),
    "anthropic, async": ("anthropic", anthropic_async),
    "LangChain, openai": ("langchain-openai", langchain_openai),
    "LangChain, anthropic": ("langchain-anthropic", langchain_anthropic),
    "LiteLLM, openai": ("litellm", litellm),
    "LiteLLM, anthropic": ("litellm", litellm_anthropic),
    "pydantic-ai, openai": ("pydantic-ai-slim", pydantic_ai),
    "pydantic-ai, anthropic": ("pydantic-ai-slim", pydantic_ai_anthropic),
}


def ways(folder: Path) -> Iterator[tuple[str, int, Callable[[], AbstractContextManager[Any]]]]:
    """What is compared: a name, how many calls, and how a cassette is opened."""
    path = str(folder / "none.llm.json")
    session = Session(folder, "test_app.py::test_it", miss=Miss)
    yield "vcrpy alone", 1, lambda: vcr.use_cassette(str(folder / "none.yaml"), record_mode="none")
    yield "use_cassette", 9, lambda: vcr_llm.use_cassette(path, record_mode="none")
    yield "marker vcr", 9, lambda: vcr_llm.use_cassette(path, record_mode="none", **{SESSION: session})


def failure(ask: Callable[[], Any]) -> tuple[float, BaseException]:
    """Milliseconds to the failure, and what it is."""
    start = time.perf_counter()
    try:
        ask()
    except Exception as error:
        return (time.perf_counter() - start) * 1000, error
    except Miss as error:
        return (time.perf_counter() - start) * 1000, error
    raise AssertionError("the call was answered")


def seen(error: BaseException) -> str:
    if isinstance(error, Miss):
        return "fails"
    if isinstance(error, vcr_llm.CassetteMissError):
        return "explained"
    return type(error).__name__


def row(make: Callable[[], Callable[[], Any]], folder: Path) -> Iterator[str]:
    for _, count, opened in ways(folder):
        with opened():
            failure(make()) if count > 1 else None  # what a client does once
            found = [failure(make()) for _ in range(count)]
        yield f"{statistics.median(each[0] for each in found):,.0f} ms, {seen(found[-1][1])}"


def main() -> None:
    print("| client | vcrpy alone | `use_cassette` | marker `vcr` |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, (package, make) in CLIENTS.items():
            try:
                label = f"{name} {version(package)}"
                make()
            except ImportError:
                continue
            print(f"| {label} | {' | '.join(row(make, Path(folder)))} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
