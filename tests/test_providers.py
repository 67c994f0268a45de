"""Which requests are LLM calls, of which operation, and where their parts are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from strategies import BOUNDED, requests

from vcr_llm.interaction import Body, Request
from vcr_llm.providers import PROVIDERS, Call, classify, key_variables, usual_url

OPENAI = "https://api.openai.com/v1"
ANTHROPIC = "https://api.anthropic.com/v1"
LOCAL = "http://localhost:11434/v1"
MESSAGES = [{"role": "user", "content": "Hi"}]
CHAT = {"model": "m", "messages": MESSAGES}
INPUT = {"model": "m", "input": "Hi"}
PROMPT = {"model": "m", "prompt": "Hi"}
UPLOAD = (
    b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
    b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n'
    b'--b\r\nContent-Disposition: form-data; name="stream"\r\n\r\ntrue\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n\x00\xff\r\n--b--\r\n'
)


def request(method: str, url: str, body: Any = None) -> Request:
    if isinstance(body, bytes):
        return Request(method, url, Body(body))
    return Request(method, url, None if body is None else Body.of_json(body))


@pytest.mark.parametrize(
    ("method", "url", "body", "operation", "model"),
    [
        ("POST", f"{OPENAI}/chat/completions", CHAT, "openai chat", "m"),
        ("POST", f"{OPENAI}/chat/completions/", CHAT, "openai chat", "m"),
        ("post", f"{OPENAI}/chat/completions", CHAT, "openai chat", "m"),
        ("POST", f"{OPENAI}/chat/completions?x=1", CHAT, "openai chat", "m"),
        ("POST", f"{OPENAI}/chat/completions", b"no JSON", "openai chat", None),
        ("POST", f"{OPENAI}/chat/completions", None, "openai chat", None),
        ("POST", "https://API.OPENAI.COM/v1/chat/completions", {}, "openai chat", None),
        ("POST", "https://eu.api.openai.com/v1/chat/completions", {}, "openai chat", None),
        ("POST", f"{OPENAI}/responses", INPUT, "openai responses", "m"),
        ("POST", f"{OPENAI}/responses", {"model": "m", "instructions": "x"}, "openai responses", "m"),
        ("GET", f"{OPENAI}/responses/resp_1", None, "openai response", None),
        ("DELETE", f"{OPENAI}/responses/resp_1", None, "openai response", None),
        ("POST", f"{OPENAI}/responses/resp_1/cancel", None, "openai response", None),
        ("GET", f"{OPENAI}/responses/resp_1/input_items?limit=2", None, "openai response", None),
        ("POST", f"{OPENAI}/embeddings", INPUT, "openai embeddings", "m"),
        ("POST", f"{OPENAI}/completions", PROMPT, "openai completions", "m"),
        ("POST", f"{OPENAI}/moderations", INPUT, "openai moderations", "m"),
        ("POST", f"{OPENAI}/images/generations", PROMPT, "openai images", "m"),
        ("POST", f"{OPENAI}/images/edits", UPLOAD, "openai images", "m"),
        ("POST", f"{OPENAI}/images/variations", UPLOAD, "openai images", "m"),
        ("POST", f"{OPENAI}/audio/speech", INPUT, "openai speech", "m"),
        ("POST", f"{OPENAI}/audio/transcriptions", UPLOAD, "openai transcription", "m"),
        ("POST", f"{OPENAI}/audio/translations", UPLOAD, "openai transcription", "m"),
        ("POST", f"{OPENAI}/files", UPLOAD, "openai files", "m"),
        ("GET", f"{OPENAI}/files", None, "openai files", None),
        ("GET", f"{OPENAI}/files/file-1/content", None, "openai files", None),
        ("DELETE", f"{OPENAI}/files/file-1", None, "openai files", None),
        ("POST", f"{OPENAI}/batches", {"input_file_id": "f"}, "openai batches", None),
        ("POST", f"{OPENAI}/batches/batch_1/cancel", None, "openai batches", None),
        ("POST", f"{ANTHROPIC}/messages", CHAT, "anthropic messages", "m"),
        ("POST", f"{ANTHROPIC}/messages?beta=true", CHAT, "anthropic messages", "m"),
        ("POST", f"{ANTHROPIC}/messages/count_tokens", CHAT, "anthropic count_tokens", "m"),
        ("POST", f"{ANTHROPIC}/messages/batches", {"requests": []}, "anthropic batches", None),
        ("GET", f"{ANTHROPIC}/messages/batches/b_1/results", None, "anthropic batches", None),
        ("POST", f"{ANTHROPIC}/messages/batches/b_1/cancel", None, "anthropic batches", None),
        ("POST", f"{ANTHROPIC}/complete", PROMPT, "anthropic complete", "m"),
        # The same protocols on other hosts and under other prefixes: the prompt decides.
        ("POST", f"{LOCAL}/chat/completions", CHAT, "openai chat", "m"),
        ("POST", "https://openrouter.ai/api/v1/chat/completions", CHAT, "openai chat", "m"),
        ("POST", "https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=1",
         {"messages": MESSAGES}, "openai chat", None),
        ("POST", "https://api.example.com/v1beta/openai/chat/completions", CHAT, "openai chat", "m"),
        ("POST", f"{LOCAL}/responses", INPUT, "openai responses", "m"),
        ("POST", f"{LOCAL}/embeddings", INPUT, "openai embeddings", "m"),
        ("POST", f"{LOCAL}/audio/transcriptions", UPLOAD, "openai transcription", "m"),
        ("POST", f"{LOCAL}/messages", CHAT, "anthropic messages", "m"),
        ("POST", "https://gateway.example/anthropic/v1/messages", CHAT, "anthropic messages", "m"),
        ("POST", "https://api.anthropic.com/v1/chat/completions", CHAT, "openai chat", "m"),
        ("POST", "http://[REDACTED]/v1/chat/completions", CHAT, "openai chat", "m"),
    ],
)  # fmt: skip
def test_a_request_is_a_call_of_its_operation(
    method: str, url: str, body: Any, operation: str, model: str | None
) -> None:
    call = classify(request(method, url, body))
    assert call is not None
    assert (str(call.operation), call.model) == (operation, model)


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("GET", f"{OPENAI}/chat/completions", None),
        ("GET", f"{OPENAI}/models", None),
        ("GET", f"{ANTHROPIC}/messages", None),
        ("GET", f"{ANTHROPIC}/models", None),
        ("PUT", f"{OPENAI}/files/file-1", None),
        ("POST", f"{OPENAI}/threads/t/messages", CHAT),
        ("POST", f"{OPENAI}/chat/completions/extra", CHAT),
        ("POST", "https://example.org/v1/files", {"name": "x"}),
        ("GET", "https://example.org/v1/files", None),
        ("GET", "https://example.org/v1/files/1/content", None),
        ("DELETE", "https://example.org/v1/batches/1", None),
        ("POST", "https://survey.example/responses", {"answers": [1, 2]}),
        ("POST", "https://survey.example/responses", {"input": None}),
        ("GET", "https://survey.example/responses/17", None),
        ("POST", "https://survey.example/responses/17", {"input": "x"}),
        ("POST", "https://survey.example/survey_responses", INPUT),
        ("POST", f"{LOCAL}/chat/completions", {"model": "m"}),
        ("POST", f"{LOCAL}/chat/completions", b"no JSON"),
        ("POST", f"{LOCAL}/embeddings?input=x", None),
        ("POST", "https://evil-api.openai.com.example/v1/chat/completions", {}),
        ("POST", "https://notapi.openai.com/v1/moderations", {}),
        ("POST", "https://example.org/chat/v1/messages/7", CHAT),
        ("POST", "https://chat.example/messages", CHAT),
        ("POST", "**REDACTED**", CHAT),
        ("POST", "", CHAT),
    ],
)
def test_a_near_miss_is_no_llm_call(method: str, url: str, body: Any) -> None:
    assert classify(request(method, url, body)) is None


def call(**fields: Any) -> Call:
    found = classify(request("POST", f"{OPENAI}/responses", {"model": "m", "input": "Hi", **fields}))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("value", "streams"),
    [(True, True), (False, False), (None, False), ("true", True), ("yes", False), ({}, False)],
)
def test_a_call_streams_where_it_says_so(value: Any, streams: bool) -> None:
    assert call(stream=value).stream is streams


def test_the_stream_field_of_a_form_counts() -> None:
    found = classify(request("POST", f"{OPENAI}/audio/transcriptions", UPLOAD))
    assert found is not None
    assert found.stream
    assert found.prompt["file"]["filename"] == "a.wav"


def test_prompt_temperature_and_the_rest_are_told_apart() -> None:
    found = call(temperature=0.5, instructions="Be terse", tools=[], top_p=None)
    assert found.prompt == {"input": "Hi", "instructions": "Be terse"}
    assert found.temperature == 0.5
    assert found.rest == {"tools": [], "top_p": None}


def test_an_operation_without_prompt_fields_has_its_whole_body_as_prompt() -> None:
    found = classify(request("POST", f"{OPENAI}/responses/r/cancel", {"a.b": 1, "stream": True}))
    assert found is not None
    assert (found.prompt, found.stream, found.rest) == ({"a.b": 1}, True, {})


def test_a_call_without_body_has_its_query_as_prompt() -> None:
    found = classify(request("GET", f"{OPENAI}/files?limit=2"))
    assert found is not None
    assert found.prompt == {"?": "limit=2"}


@BOUNDED
@given(requests)
def test_every_request_is_classified(request: Request) -> None:
    found = classify(request)
    assert found is None or isinstance(found, Call)


@pytest.mark.parametrize(
    ("body", "response", "events", "provider", "url"),
    [
        (CHAT, {"type": "message", "content": []}, [], None, f"{ANTHROPIC}/messages"),
        (CHAT, {"content": [{"type": "text"}], "stop_reason": "end_turn"}, [], None, f"{ANTHROPIC}/messages"),
        (CHAT, {}, [{"type": "message_start"}], None, f"{ANTHROPIC}/messages"),
        (PROMPT, {"completion": "x"}, [], None, f"{ANTHROPIC}/complete"),
        (CHAT, {"object": "chat.completion"}, [], None, f"{OPENAI}/chat/completions"),
        (CHAT, {"choices": []}, [], None, f"{OPENAI}/chat/completions"),
        (CHAT, {}, [{"object": "chat.completion.chunk"}, "[DONE]"], None, f"{OPENAI}/chat/completions"),
        (PROMPT, {"choices": []}, [], None, f"{OPENAI}/completions"),
        (PROMPT, {"object": "text_completion"}, [], None, f"{OPENAI}/completions"),
        (INPUT, {"object": "response"}, [], None, f"{OPENAI}/responses"),
        (INPUT, {}, [{"type": "response.created"}], None, f"{OPENAI}/responses"),
        (INPUT, {"object": "list", "data": []}, [], None, f"{OPENAI}/embeddings"),
        (CHAT, {"object": "chat.completion"}, [], "anthropic", f"{OPENAI}/chat/completions"),
        (CHAT, {}, [], "anthropic", f"{ANTHROPIC}/messages"),
        (CHAT, {}, ["[DONE]"], "openai", f"{OPENAI}/chat/completions"),
        (CHAT, {}, [], "other", None),
        (CHAT, {}, [], None, None),
    ],
)
def test_bodies_alone_tell_where_they_usually_come_from(
    body: Any, response: Any, events: list[Any], provider: str | None, url: str | None
) -> None:
    assert usual_url(body, response, events, provider) == url


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_a_usual_url_is_one_of_its_own_operation(provider: Any) -> None:
    for name, url in provider.urls.items():
        found = classify(request("POST", url))
        assert found is not None
        assert (found.operation.provider, found.operation.name) == (provider.name, name)


def test_the_sdks_key_variables_are_known() -> None:
    assert {"OPENAI_API_KEY", "ANTHROPIC_API_KEY"} <= set(key_variables())
