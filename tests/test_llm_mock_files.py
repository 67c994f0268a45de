"""Files both ways: llm-mock itself reads what we write, and we replay what it wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest
from calls import ANTHROPIC_TOOLS, CLAUDE, TOOL_QUESTION, USER, clients
from llm_mock import llm_mock
from pytest_recording import network
from shared_files import shared
from wire import WireProvider

import vcr_llm

pytestmark = pytest.mark.sdk

ENDPOINTS = {
    "anthropic": "https://api.anthropic.com/v1/messages",
    "openai": "https://api.openai.com/v1/chat/completions",
}


def document(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_llm_mock_replays_what_we_recorded(provider: WireProvider, tmp_path: Path) -> None:
    path = tmp_path / "ours.json"
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        c.anthropic.messages.create(messages=USER, **CLAUDE)
        list(
            c.anthropic.messages.create(messages=TOOL_QUESTION, tools=ANTHROPIC_TOOLS, stream=True, **CLAUDE)
        )
        c.openai.chat.completions.create(model="gpt-4o", messages=USER, temperature=0.2)
        list(c.openai.chat.completions.create(model="gpt-4o", messages=TOOL_QUESTION, stream=True))
    provider.stop()
    with llm_mock(mode="replay", fixture=str(path)):
        for entry in document(path)["interactions"]:
            kind = "anthropic" if "/v1/messages" in entry["http"]["url"] else "openai"
            answer = httpx.post(ENDPOINTS[kind], json=entry["request"])
            assert answer.status_code == 200
            if entry["streaming"]:
                assert events(answer.text) == [event["data"] for event in entry["stream_events"]]
            else:
                assert answer.json() == entry["response"]


def events(text: str) -> list[Any]:
    data = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [each if each == "[DONE]" else json.loads(each) for each in data]


def ask(client: Any, entry: dict[str, Any]) -> Any:
    """Make the recorded request with the SDK and give back what it received, as plain values."""
    request = dict(entry["request"])
    more = {"extra_body": {"temperature": request.pop("temperature")}} if "temperature" in request else {}
    create = (
        client.messages.create if isinstance(client, anthropic.Anthropic) else client.chat.completions.create
    )
    answer = create(**request, **more)
    if entry.get("streaming"):
        return [event.model_dump(mode="json", exclude_unset=True, warnings=False) for event in answer]
    return answer.model_dump(mode="json", exclude_unset=True, warnings=False)


def expected(entry: dict[str, Any]) -> Any:
    if entry.get("streaming"):
        return [event["data"] for event in entry["stream_events"] if event["data"] != "[DONE]"]
    return entry["response"]


@pytest.mark.parametrize(
    "name",
    [
        "anthropic_message.json",
        "anthropic_stream.json",
        "anthropic_tools_stream.json",
        "both_providers.json",
        "hello.v1.json",
        "openai_chat.json",
        "openai_chat_stream.json",
    ],
)
def test_every_file_llm_mock_wrote_replays_on_the_installed_sdks(name: str) -> None:
    path = shared("llm-mock/fixtures") / name
    with (
        network.blocking_context(),
        anthropic.Anthropic(api_key="k") as one,
        openai.OpenAI(api_key="k") as two,
        vcr_llm.use_cassette(path, record_mode="none") as cassette,
    ):
        for entry in document(path)["interactions"]:
            client = one if entry["request"]["model"].startswith("claude") else two
            assert ask(client, entry) == expected(entry)
    assert cassette.all_played
    assert cassette.deviations == []


def test_the_list_of_files_above_is_all_of_them() -> None:
    names = {path.name for path in shared("llm-mock/fixtures").iterdir()}
    (mark,) = test_every_file_llm_mock_wrote_replays_on_the_installed_sdks.pytestmark
    assert names == set(mark.args[1])


def test_a_request_trimmed_by_hand_still_matches_by_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "trimmed.json"
    whole = document(shared("llm-mock/fixtures/anthropic_message.json"))
    entry = whole["interactions"][0]
    request = entry["request"]
    entry["request"] = {"model": request["model"]}
    entry["response"] = {"content": [{"type": "text", "text": "by hand"}], "stop_reason": "end_turn"}
    path.write_text(json.dumps(whole))
    with (
        anthropic.Anthropic(api_key="k") as client,
        pytest.warns(vcr_llm.DriftWarning),
        vcr_llm.use_cassette(path, record_mode="none"),
    ):
        assert client.messages.create(**request).content[0].text == "by hand"


def test_a_file_without_http_answers_at_any_host(provider: WireProvider) -> None:
    path = shared("llm-mock/fixtures/openai_chat.json")
    entry = document(path)["interactions"][0]
    with clients(provider.url) as c, vcr_llm.use_cassette(path, record_mode="none") as cassette:
        assert ask(c.openai, entry) == expected(entry)
    assert cassette.deviations == []


def test_recording_into_a_file_of_llm_mock_leaves_its_interactions_as_they_are(
    provider: WireProvider, tmp_path: Path
) -> None:
    path = tmp_path / "grown.json"
    path.write_bytes(shared("llm-mock/fixtures/both_providers.json").read_bytes())
    before = document(path)
    with clients(provider.url) as c, vcr_llm.use_cassette(path, record_mode="new_episodes"):
        c.openai.chat.completions.create(model="gpt-4o", messages=USER)
    after = document(path)
    assert after["interactions"][:-1] == before["interactions"]
    assert after["provider"] == before["provider"]
    assert "http" in after["interactions"][-1]
