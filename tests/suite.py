"""A user's test suite, run as on the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx  # noqa: F401
import openai  # noqa: F401
import pytest
from wire import WireProvider

# Runs inside this process find these loaded, as pytester forgets what a run imports.
import vcr_llm.dropin
import vcr_llm.recorder  # noqa: F401

WITHOUT = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:respx")

CONFTEST = """
import pytest, vcr_llm

@pytest.fixture(scope="session")
def vcr_config():
    return vcr_llm.preset({options})
"""
ASK = """
import openai, pytest, os
client = openai.OpenAI(base_url=os.environ["PROVIDER_URL"] + "/v1", max_retries=0)

@pytest.fixture(scope="module", autouse=True)
def closing():
    yield
    client.close()

def ask(text="hi", **more):
    messages = [{"role": "user", "content": text}]
    return client.chat.completions.create(model="g", messages=messages, **more).choices[0].message.content
"""


LIGHT = """
import httpx, os, pytest

def ask(text="hi", **more):
    body = {"model": "g", "messages": [{"role": "user", "content": text}], **more}
    url = os.environ["PROVIDER_URL"] + "/v1/chat/completions"
    answer = httpx.post(url, json=body, headers={"authorization": "Bearer k"})
    return answer.json()["choices"][0]["message"]["content"]
"""
"""The same question without an SDK, whose import takes longer than the rest of a run."""


class Suite:
    """A small test suite of a user; its runs have a folder for temporary files of their own."""

    def __init__(self, pytester: pytest.Pytester, provider: WireProvider) -> None:
        self.pytester = pytester
        self.provider = provider
        self.environment(PROVIDER_URL=provider.url, OPENAI_API_KEY="sk-live-key")
        self.conftest("")
        pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error")

    def environment(self, **variables: str | None) -> None:
        for name, value in variables.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def conftest(self, options: str, more: str = "") -> None:
        self.pytester.makeconftest(CONFTEST.format(options=options) + more)

    def test(self, source: str, name: str = "test_app", *, sdk: bool = True) -> None:
        self.pytester.makepyfile(**{name: (ASK if sdk else LIGHT) + source})

    def run(self, *arguments: str, process: bool = False, **outcomes: int) -> pytest.RunResult:
        """Run the suite; in a process of its own where asked, or where pytest-xdist (``-n``) is.

        Another process costs two seconds, most of them for importing an SDK.
        """
        alone = process or "-n" in arguments
        run = self.pytester.runpytest_subprocess if alone else self.pytester.runpytest_inprocess
        # Without plugins of our own tests that a user need not have.
        result = run(*WITHOUT, *arguments)
        assert {
            name: number for name, number in result.parseoutcomes().items() if name != "seconds"
        } == outcomes
        return result

    def cassette(self, name: str = "test_app/test_it.llm.json") -> Path:
        return self.pytester.path / "cassettes" / name

    def interactions(self, name: str = "test_app/test_it.llm.json") -> list[Any]:
        return list(json.loads(self.cassette(name).read_text(encoding="utf-8"))["interactions"])
