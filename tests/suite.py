"""A user's test suite, run in a process of its own as on the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from wire import WireProvider

CONFTEST = """
import pytest, vcr_llm

@pytest.fixture(scope="session")
def vcr_config():
    return vcr_llm.preset({options})
"""
ASK = """
import openai, pytest, os
client = openai.OpenAI(base_url=os.environ["PROVIDER_URL"] + "/v1", max_retries=0)

def ask(text="hi", **more):
    messages = [{"role": "user", "content": text}]
    return client.chat.completions.create(model="g", messages=messages, **more).choices[0].message.content
"""


class Suite:
    """A small test suite of a user, run in a process of its own as on the command line."""

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

    def test(self, source: str, name: str = "test_app") -> None:
        self.pytester.makepyfile(**{name: ASK + source})

    def run(self, *arguments: str, **outcomes: int) -> pytest.RunResult:
        result = self.pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)
        assert {
            name: number for name, number in result.parseoutcomes().items() if name != "seconds"
        } == outcomes
        return result

    def cassette(self, name: str = "test_app/test_it.llm.json") -> Path:
        return self.pytester.path / "cassettes" / name

    def interactions(self, name: str = "test_app/test_it.llm.json") -> list[Any]:
        return list(json.loads(self.cassette(name).read_text(encoding="utf-8"))["interactions"])
