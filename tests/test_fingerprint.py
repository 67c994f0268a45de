"""Requests that ask for the same are equal, whatever their spelling; others are not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from shared_files import shared
from strategies import BOUNDED, bodies, deep, json_objects, json_values, methods, requests, shuffled, urls

from vcr_llm import fingerprint as fingerprint_module
from vcr_llm import jsontext
from vcr_llm.diff import differences
from vcr_llm.fingerprint import (
    digests,
    fingerprint,
    llm_mock_hash,
    normalised,
    request_digest,
    whole_request,
)
from vcr_llm.interaction import Body, Request

URL = "https://api.openai.com/v1/chat/completions"
CHAT: dict[str, Any] = {
    "model": "gpt-5",
    "messages": [{"role": "user", "content": "Hi", "name": None}],
    "n": 1,
}


def chat(url: str = URL, method: str = "POST", **changes: Any) -> Request:
    return Request(method, url, Body.of_json({**CHAT, **changes}))


def form(boundary: str, model: str = "whisper-1") -> Request:
    parts = (f'\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n' for name in ("model", "prompt"))
    model_part, prompt_part = parts
    text = f"--{boundary}{model_part}{model}\r\n--{boundary}{prompt_part}Names: Zoë\r\n--{boundary}--\r\n"
    return Request("POST", "https://api.openai.com/v1/audio/transcriptions", Body(text.encode()))


def test_the_hash_is_llm_mocks_for_each_of_its_vectors() -> None:
    vectors = json.loads(shared("llm-mock/hash_vectors.json").read_text("utf-8"))
    assert len(vectors) == 18
    for vector in vectors:
        assert llm_mock_hash(vector["request"], vector["match_on"]) == vector["hash"], vector


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(Request("POST", URL, Body(json.dumps(CHAT, indent=3).encode())), id="white space"),
        pytest.param(Request("POST", URL, Body.of_json(dict(reversed(CHAT.items())))), id="key order"),
        pytest.param(chat(n=1.0), id="1.0 for 1"),
        pytest.param(chat(temperature=None), id="null temperature"),
        pytest.param(chat(stop=None), id="null for absent"),
        pytest.param(chat(messages=[{"role": "user", "content": "Hi"}]), id="absent for null, inside"),
        pytest.param(chat("https://API.OpenAI.com/v1/chat/completions"), id="host in capitals"),
        pytest.param(chat("https://api.openai.com:443/v1/chat/completions"), id="default port"),
        pytest.param(chat("https://user:pw@api.openai.com/v1/chat/completions"), id="user in URL"),
        pytest.param(chat(URL + "?api_key=sk-1"), id="API key in query"),
        pytest.param(chat(URL + "?KEY=AIza"), id="key in query, in capitals"),
        pytest.param(chat(URL + "#part"), id="fragment"),
        pytest.param(chat(method="post"), id="method in small letters"),
    ],
)
def test_spelling_plays_no_part(same: Request) -> None:
    assert fingerprint(same).digest == fingerprint(chat()).digest
    assert fingerprint(same).whole == fingerprint(chat()).whole


@pytest.mark.parametrize("temperature", [1, 1.0, None])
def test_the_default_temperature_is_the_same_call(temperature: float | None) -> None:
    assert fingerprint(chat(temperature=temperature)).digest == fingerprint(chat()).digest


def test_a_transcription_is_by_default_of_temperature_zero() -> None:
    def transcription(**fields: Any) -> str:
        url = "https://api.openai.com/v1/audio/transcriptions"
        return fingerprint(Request("POST", url, Body.of_json({"file": "a", **fields}))).key

    assert transcription() == transcription(temperature=0) != transcription(temperature=1)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(chat(stream=True), id="stream"),
        pytest.param(chat(model="gpt-5-mini"), id="model"),
        pytest.param(chat(messages=[{"role": "user", "content": "Ho"}]), id="messages"),
        pytest.param(chat(messages=CHAT["messages"] * 2), id="a message more"),
        pytest.param(chat(temperature=0), id="temperature"),
        pytest.param(chat(temperature=0.5), id="half temperature"),
        pytest.param(chat("https://example.org/v1/chat/completions"), id="host"),
        pytest.param(chat("http://api.openai.com/v1/chat/completions"), id="scheme"),
        pytest.param(chat("https://api.openai.com:8443/v1/chat/completions"), id="port"),
        pytest.param(chat("https://api.openai.com/v2/chat/completions"), id="path"),
        pytest.param(chat("https://api.openai.com/v1/completions"), id="operation"),
    ],
)
def test_another_call_has_another_digest(other: Request) -> None:
    assert fingerprint(other).digest != fingerprint(chat()).digest


@pytest.mark.parametrize(
    "change",
    [
        {"system": "Be terse"},
        {"tools": [{"name": "t"}]},
        {"max_tokens": 9},
        {"n": 2},
        {"n": True},
        {"stop": []},
    ],
)
def test_what_is_beside_the_call_changes_only_the_whole_request(change: dict[str, Any]) -> None:
    assert fingerprint(chat(**change)).digest == fingerprint(chat()).digest
    assert fingerprint(chat(**change)).whole != fingerprint(chat()).whole


def test_the_query_is_part_of_the_whole_request_of_a_call() -> None:
    live = fingerprint(chat(URL + "?api-version=2"))
    assert live.digest == fingerprint(chat()).digest
    assert live.whole != fingerprint(chat()).whole
    assert live.whole == fingerprint(chat(URL + "?key=1&api-version=2")).whole


def test_without_the_host_scheme_host_and_port_play_no_part() -> None:
    elsewhere = chat("http://localhost:8000/v1/chat/completions")
    assert fingerprint(elsewhere, match_host=False) == fingerprint(chat(), match_host=False)
    assert fingerprint(elsewhere).digest != fingerprint(chat()).digest


def test_a_request_that_is_no_llm_call_is_told_by_place_and_query() -> None:
    def get(url: str) -> str:
        return fingerprint(Request("GET", url)).digest

    assert get("https://example.org/a?x=1&y=2") == get("https://EXAMPLE.org/a?y=2&x=1")
    assert get("https://example.org") == get("https://example.org/")
    assert len({get(f"https://example.org/{rest}") for rest in ("a", "b", "a?x=1", "a?x=2", "a?x=")}) == 5


@pytest.mark.parametrize(
    ("match_on", "change", "is_same"),
    [
        (("model",), {"messages": [], "temperature": 0}, True),
        (("model",), {"model": "gpt-6"}, False),
        (("messages",), {"model": "gpt-6"}, True),
        (("model", "messages", "temperature", "system"), {"system": "Be terse"}, False),
        (("model", "messages", "temperature", "system"), {"max_tokens": 5}, True),
        (("model", "messages"), {"stream": True}, False),
        (("absent",), {"model": "gpt-6"}, True),
    ],
)
def test_the_parts_of_the_key_may_be_chosen(
    match_on: tuple[str, ...], change: dict[str, Any], is_same: bool
) -> None:
    keys = {fingerprint(each, match_on=match_on).key for each in (chat(), chat(**change))}
    assert (len(keys) == 1) is is_same


def test_a_form_is_its_fields_under_any_boundary() -> None:
    assert fingerprint(form("one")) == fingerprint(form("two"))
    assert fingerprint(form("one")).key != fingerprint(form("one", "whisper-2")).key


def test_an_empty_body_is_no_body() -> None:
    url = "https://api.openai.com/v1/batches/b_1/cancel"
    assert fingerprint(Request("POST", url, Body(b""))) == fingerprint(Request("POST", url))


@pytest.mark.parametrize("url", [URL, "https://example.org/x", "https://example.org/v1/messages"])
@pytest.mark.parametrize("levels", [101, 900, 990, 1_000, 20_000])
def test_a_body_nested_too_deep_counts_as_its_bytes(url: str, levels: int) -> None:
    def nested(bottom: str) -> Request:
        text = '{"model":"m","messages":' + "[" * levels + bottom + "]" * levels + "}"
        return Request("POST", url, Body(text.encode()))

    assert whole_request(nested("1")).keys() == {"sha256"}
    assert fingerprint(nested("1")) == fingerprint(nested("1"))
    assert fingerprint(nested("1")).whole != fingerprint(nested("2")).whole
    if url == URL:
        assert fingerprint(nested("1")).key != fingerprint(nested("2")).key


def test_a_deep_body_counts_the_same_however_it_came_about() -> None:
    value = {"model": "m", "messages": deep(400)}
    loaded, sent = Body.of_json(value), Body(jsontext.compact(value).encode())
    assert fingerprint(Request("POST", URL, loaded)) == fingerprint(Request("POST", URL, sent))


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00", b"[1, 2]", b"plain text", b"\x1f\x8b"])
def test_calls_whose_body_has_no_fields_are_told_apart_by_it(raw: bytes) -> None:
    assert (
        fingerprint(Request("POST", URL, Body(raw))).key
        != fingerprint(Request("POST", URL, Body(raw + b"2"))).key
    )


@BOUNDED
@given(requests, st.booleans())
@example(Request("POST", URL, Body(b'{"model": "\\ud800", "messages": NaN}')), True)
@example(Request("POST", "http://[::1/v1/chat/completions?\ud800", Body(b"{}")), True)
@example(Request("POST", "http://host:port/responses", Body(b'{"input": 1e400}')), True)
def test_every_request_has_a_fingerprint(request: Request, match_host: bool) -> None:
    found = fingerprint(request, match_host=match_host)
    assert [len(digest) for digest in (found.key, found.whole, found.digest)] == [64, 64, 64]
    assert found == fingerprint(request, match_host=match_host)


@BOUNDED
@given(methods, urls, st.none() | bodies)
def test_equal_requests_have_equal_fingerprints(method: str, url: str, body: Body | None) -> None:
    again = None if body is None else Body(bytes(body.raw))
    assert fingerprint(Request(method, url, body)) == fingerprint(Request(method, url, again))


@BOUNDED
@given(
    json_objects, st.integers(), st.sampled_from([None, 2]), st.sampled_from([URL, "https://example.org/"])
)
def test_neither_order_nor_white_space_changes_a_fingerprint(
    value: dict[str, Any], seed: int, indent: int | None, url: str
) -> None:
    spelled = json.dumps(shuffled(value, seed), indent=indent).encode()
    assert fingerprint(Request("POST", url, Body(spelled))) == fingerprint(
        Request("POST", url, Body.of_json(value))
    )


@BOUNDED
@given(json_values())
def test_normalising_twice_is_normalising_once(value: Any) -> None:
    assert normalised(normalised(value)) == normalised(value)


# --- what is volatile by nature ----------------------------------------------------------------------

GOOGLE = "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent"
RUNTIME = "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse"


def _signed(signature: str) -> dict[str, tuple[str, Any]]:
    thought = {"type": "thinking", "thinking": "hm", "signature": signature}
    part = {"text": "hm", "thoughtSignature": signature}
    reasoned = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": signature}}}
    item = {"type": "reasoning", "encrypted_content": signature}
    return {
        "anthropic": (
            "https://api.anthropic.com/v1/messages",
            {
                "model": "m",
                "messages": [{"role": "assistant", "content": [thought]}, {"role": "user", "content": "Go"}],
                "metadata": {"user_id": signature},
            },
        ),
        "gemini": (GOOGLE, {"contents": [{"role": "model", "parts": [part]}]}),
        "bedrock": (RUNTIME, {"messages": [{"role": "assistant", "content": [reasoned]}]}),
        "responses": (
            "https://api.openai.com/v1/responses",
            {"model": "m", "input": [item, {"role": "user", "content": "Go"}], "prompt_cache_key": signature},
        ),
    }


@pytest.mark.parametrize("name", _signed(""))
def test_signatures_and_made_up_ids_play_no_part(name: str) -> None:
    (url, one), (_, other) = _signed("abc")[name], _signed("xyz")[name]
    prints = [fingerprint(Request("POST", url, Body.of_json(body))) for body in (one, other)]
    assert prints[0].key == prints[1].key
    assert prints[0].whole == prints[1].whole
    assert differences(*(Request("POST", url, Body.of_json(body)) for body in (one, other))) == []
    assert one == _signed("abc")[name][1], "nothing is changed in place"


def test_a_member_of_that_name_elsewhere_counts() -> None:
    url = "https://api.anthropic.com/v1/messages"
    bodies = [
        {"model": "m", "messages": [{"role": "user", "content": "Go"}], "tools": [{"signature": text}]}
        for text in ("a", "b")
    ]
    one, other = (fingerprint(Request("POST", url, Body.of_json(body))) for body in bodies)
    assert one.key == other.key
    assert one.whole != other.whole


@BOUNDED
@given(urls, methods, json_objects, st.integers(0, 9), st.sampled_from([None, 1]), st.booleans())
def test_requests_of_one_digest_have_one_fingerprint(
    url: str, method: str, value: dict[str, Any], seed: int, indent: int | None, more: bool
) -> None:
    """The digest is as blind to spelling as the fingerprint, and to nothing else."""
    one = Request(method, url, Body.of_json(value))
    spelled = {**shuffled(value, seed), **({"absent, or null": None} if more else {})}
    other = Request(method, url, Body(json.dumps(spelled, indent=indent).encode()))
    assert request_digest(one) == request_digest(other)
    prints = fingerprint(one), fingerprint(other)
    assert len({(each.place, each.key, each.whole, each.call is None) for each in prints}) == 1
    changed = [
        Request(method, f"{url}x", one.body),
        Request(f"{method}X", url, one.body),
        Request(method, url),
        Request(method, url, Body.of_json({**value, "changed": seed})),
    ]
    assert request_digest(one) not in map(request_digest, changed)
    assert digests(one).sent not in [digests(each).sent for each in changed]
    assert digests(Request(method, url, Body(one.body.raw if one.body else b""))) == digests(one)


def test_where_hashes_are_short_a_request_is_known_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    request = Request("POST", "https://api.openai.com/v1/chat/completions", Body(b'{"model": "m"}'))
    monkeypatch.setattr(fingerprint_module, "_LONG_HASHES", False)
    assert digests(request).sent == (request.method, request.url, b'{"model": "m"}')
