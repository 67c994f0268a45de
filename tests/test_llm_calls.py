"""Assertions about calls: ``cassette.calls`` and the fixture ``llm_cassette``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from calls import CHAT_TOOLS, SYNC, clients
from suite import Suite
from wire import WireProvider

import vcr_llm
from vcr_llm.interaction import Body, Request
from vcr_llm.providers import Usage, classify
from vcr_llm.providers.tools import Tool, read_tools

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
WEATHER = Tool("weather", "Of a city", SCHEMA)


def tools(url: str, **fields: Any) -> tuple[Tool, ...]:
    call = classify(Request("POST", url, Body(json.dumps(fields).encode())))
    assert call is not None
    return read_tools(call)


@pytest.mark.parametrize(
    ("url", "fields"),
    [
        (
            "https://api.openai.com/v1/chat/completions",
            {"messages": [], "tools": [{"type": "function", "function": {"parameters": SCHEMA}}]},
        ),
        (
            "https://api.openai.com/v1/responses",
            {"input": "x", "tools": [{"type": "function", "parameters": SCHEMA}]},
        ),
        (
            "https://api.openai.com/v1/chat/completions",
            {"messages": [], "functions": [{"parameters": SCHEMA}]},
        ),
        ("https://api.anthropic.com/v1/messages", {"messages": [], "tools": [{"input_schema": SCHEMA}]}),
        (
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent",
            {"contents": [], "tools": [{"functionDeclarations": [{"parameters": SCHEMA}]}]},
        ),
        (
            "https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse",
            {"messages": [], "toolConfig": {"tools": [{"toolSpec": {"inputSchema": {"json": SCHEMA}}}]}},
        ),
    ],
    ids=["chat", "responses", "functions", "anthropic", "gemini", "bedrock"],
)
def test_tools_read_alike_whatever_the_provider(url: str, fields: dict[str, Any]) -> None:
    named = json.loads(
        json.dumps(fields)
        .replace('"parameters"', '"name": "weather", "description": "Of a city", "parameters"')
        .replace('"input_schema"', '"name": "weather", "description": "Of a city", "input_schema"')
        .replace('"inputSchema"', '"name": "weather", "description": "Of a city", "inputSchema"')
    )
    assert tools(url, **named) == (WEATHER,)


def test_tools_of_the_provider_and_odd_shapes() -> None:
    url = "https://api.openai.com/v1/responses"
    offered = [{"type": "web_search"}, {"type": "custom", "name": "sql"}, {"googleSearch": {}}, {}, 7, None]
    assert [tool.name for tool in tools(url, input="x", tools=offered)] == [
        "web_search",
        "sql",
        "googleSearch",
    ]
    assert tools(url, input="x", tools="none") == tools(url, input="x") == ()


@pytest.mark.sdk
def test_calls_say_what_was_asked_and_answered(provider: WireProvider, tmp_path: Path) -> None:
    path = tmp_path / "calls.llm.json"
    names = ("openai chat tools", "anthropic messages stream")
    names = (
        tuple(name for name in SYNC if "chat" in name)[:1]
        + tuple(name for name in SYNC if "messages" in name)[:1]
    )

    def ask(c: Any) -> None:
        c.openai.chat.completions.create(
            model="g", messages=[{"role": "user", "content": "Weather?"}], tools=CHAT_TOOLS
        )
        for name in names:
            SYNC[name](c)

    with clients(provider.url) as c, vcr_llm.use_cassette(path) as recording:
        ask(c)
    provider.stop()
    with clients(provider.url) as c, vcr_llm.use_cassette(path, record_mode="none") as cassette:
        assert cassette.calls == []
        ask(c)
    first, *others = cassette.calls
    assert isinstance(first, vcr_llm.LlmCall)
    assert (first.provider, first.operation, first.model) == ("openai", "chat", "g")
    assert [message.text for message in first.messages] == ["Weather?"]
    assert [tool.name for tool in first.tools] == ["get_weather"]
    assert (first.outcome, first.replayed, first.recorded, first.seconds) == ("replayed", True, False, None)
    assert [call.provider for call in others] == ["openai", "anthropic"]
    assert all(call.text or call.tool_calls for call in cassette.calls)
    assert repr(first) == "<LlmCall openai chat g, replayed>"

    live = recording.calls
    assert {call.outcome for call in live} == {"recorded"}
    assert all(call.seconds is not None and 0 < call.seconds < 60 for call in live)
    assert [call.text for call in live] == [call.text for call in cassette.calls]
    assert [call.usage for call in live] == [call.usage for call in cassette.calls]
    assert cassette.usage == recording.usage
    assert cassette.usage.prompt == sum(call.usage.prompt for call in cassette.calls if call.usage) > 0


def test_what_is_no_llm_call_is_not_among_them_and_what_is_ignored_is_live(
    provider: WireProvider, tmp_path: Path
) -> None:
    body = {"model": "g", "messages": [{"role": "user", "content": "hi"}]}

    key = {"authorization": "Bearer k"}

    def ignoring(request: Any) -> Any:
        return None if b"secret" in (request.body or b"") else request

    with vcr_llm.use_cassette(tmp_path / "c.llm.json", before_record_request=ignoring) as cassette:
        httpx.get(f"{provider.url}/health")
        httpx.post(f"{provider.url}/v1/chat/completions", json=body, headers=key)
        httpx.post(f"{provider.url}/v1/chat/completions", json={**body, "user": "secret"}, headers=key)
        httpx.post(f"{provider.url}/other", json={"x": "secret"})
    assert [call.outcome for call in cassette.calls] == ["recorded", "live"]
    assert cassette.calls[1].text
    assert cassette.answered == {"recorded": 2, "live": 1}
    assert cassette.usage != Usage()


def test_the_fixture(suite: Suite) -> None:
    suite.test(
        """
import json, vcr_llm
from pathlib import Path

@pytest.fixture
def asked(llm_cassette):
    return ask()

@pytest.mark.vcr
def test_it(llm_cassette, asked, vcr):
    assert llm_cassette is vcr
    (call,) = llm_cassette.calls
    assert call.text == asked and call.recorded
    assert call.messages[0].text == "hi" and llm_cassette.usage == call.usage

def test_unmarked(llm_cassette): ...

@pytest.mark.vcr(match_on=["uri"], serializer="yaml")
def test_vcrpys_own(llm_cassette): ...

@pytest.mark.llm_replay(fixture="x", mode="record")
def test_marker(llm_cassette):
    ask("more")
    assert [call.messages[0].text for call in llm_cassette.calls] == ["more"]
""",
        sdk=False,
    )
    suite.pytester.makeini(
        "[pytest]\nasyncio_default_fixture_loop_scope = function\nllm_replay_plugin = vcr-llm"
    )
    result = suite.run("--record-mode=once", passed=2, errors=2)
    result.stdout.fnmatch_lines(
        [
            "*has nothing to show: the test has no cassette: mark it with @pytest.mark.vcr.",
            "*has nothing to show: the test's cassette is vcrpy's own: let vcr_config return *",
        ]
    )
