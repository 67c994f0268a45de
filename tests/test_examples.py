"""The project's own cassettes in ``cassettes/``, one of each kind: recorded and replayed by these tests.

To record them again: ``pytest tests/test_examples.py --record-mode=rewrite``. No key is needed: the
provider is the local one, on a port of its own, so that the URLs in the cassettes stay the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from calls import ANTHROPIC_TOOLS, CLAUDE, TOOL_QUESTION, Clients, clients

import vcr_llm
from vcr_llm.demo.provider import LocalProvider

pytestmark = pytest.mark.sdk

PORT = 18790
CASSETTES = Path(__file__).resolve().parents[1] / "cassettes"
QUESTION = [{"role": "user", "content": "Say hello in one sentence."}]


@pytest.fixture(scope="module")
def vcr_config() -> dict[str, Any]:
    return vcr_llm.preset(strict=True)


@pytest.fixture(scope="module")
def vcr_cassette_dir() -> str:
    return str(CASSETTES)


@pytest.fixture
def client(record_mode: str) -> Iterator[Clients]:
    with clients(f"http://127.0.0.1:{PORT}") as both:
        if record_mode == "none":
            yield both
        else:
            with LocalProvider(PORT):
                yield both


def cassette(name: str) -> Any:
    return json.loads((CASSETTES / f"{name}.llm.json").read_text(encoding="utf-8"))


@pytest.mark.vcr
@pytest.mark.default_cassette("chat")
def test_chat(client: Clients) -> None:
    message = client.anthropic.messages.create(messages=QUESTION, **CLAUDE)
    assert "Say hello" in message.content[0].text


@pytest.mark.vcr
@pytest.mark.default_cassette("stream")
def test_stream(client: Clients) -> None:
    stream = client.openai.chat.completions.create(model="gpt-4o", messages=QUESTION, stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert "Say hello" in text


@pytest.mark.vcr
@pytest.mark.default_cassette("tools")
def test_tools(client: Clients) -> None:
    with client.anthropic.messages.stream(messages=TOOL_QUESTION, tools=ANTHROPIC_TOOLS, **CLAUDE) as stream:
        message = stream.get_final_message()
    (use,) = [block for block in message.content if block.type == "tool_use"]
    assert use.name == "get_weather"
    assert isinstance(use.input["city"], str)


@pytest.mark.vcr
@pytest.mark.default_cassette("both_providers")
def test_both_providers(client: Clients) -> None:
    draft = client.openai.responses.create(model="gpt-4o", input="Draft a haiku about the sea.")
    review = [{"role": "user", "content": f"Review: {draft.output_text}"}]
    assert client.anthropic.messages.create(messages=review, **CLAUDE).content[0].text


@pytest.mark.vcr
@pytest.mark.default_cassette("binary")
def test_binary(client: Clients) -> None:
    speech = client.openai.audio.speech.create(model="tts-1", voice="alloy", input="Hello")
    with pytest.raises(UnicodeDecodeError):
        speech.content.decode("utf-8")


@pytest.mark.parametrize("name", ["chat", "stream", "tools", "both_providers", "binary"])
def test_what_lies_in_the_folder_is_canonical_and_clean(name: str) -> None:
    from vcr_llm import schema

    text = (CASSETTES / f"{name}.llm.json").read_text(encoding="utf-8")
    assert schema.dump(schema.load(text)) == text
    assert "test-key" not in text
    assert "authorization" not in text.lower()
