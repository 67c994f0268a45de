"""What changed between two requests, in one line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from strategies import BOUNDED, requests

from vcr_llm.diff import differences, in_one_line
from vcr_llm.fingerprint import fingerprint
from vcr_llm.interaction import Body, Request

URL = "https://api.openai.com/v1/chat/completions"
RECORDED: dict[str, Any] = {
    "model": "gpt-5",
    "messages": [{"role": "user", "content": "Hi"}],
    "system": "Be kind",
}


def request(body: Any, url: str = URL, method: str = "POST") -> Request:
    return Request(method, url, None if body is None else Body.of_json(body))


def line(before: Request, after: Request) -> str:
    return in_one_line(differences(before, after))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"system": "Be terse"}, 'system: "Be kind" → "Be terse"'),
        ({"system": None}, 'system removed (was "Be kind")'),
        ({"max_tokens": 64}, "max_tokens added (64)"),
        ({"tools": [{"name": "weather"}]}, 'tools added ([{"name": "weather"}])'),
        ({"tools": [{"name": f"tool {n}"} for n in range(5)]}, "tools added (5 items)"),
        ({"tools": ["x" * 50]}, "tools added (1 item)"),
        ({"response_format": {"schema": "x" * 50}}, "response_format added (1 field)"),
        ({"system": "word " * 20}, 'system: "Be kind" → "word word word word word word word wor…"'),
        ({"system": "é\n\x07\u2028"}, 'system: "Be kind" → "é\\n\\u0007\\u2028"'),
        ({"n": True}, "n added (true)"),
        ({"seed": 10**50}, "seed added (1000000000000000000000000000000000000000…)"),
        ({"a\nb": 1}, "a\\nb added (1)"),
        ({"model": "gpt-6", "top_p": 0.5}, 'model: "gpt-5" → "gpt-6"; top_p added (0.5)'),
    ],
)
def test_a_changed_field_is_named_with_what_it_was_and_is(change: dict[str, Any], text: str) -> None:
    assert line(request(RECORDED), request({**RECORDED, **change})) == text


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (request(None, method="GET"), request(None), 'method: "GET" → "POST"'),
        (request({}), request({}, "http://localhost:1/v1/chat/completions"),
         'host: "https://api.openai.com" → "http://localhost:1"'),
        (request({}), request({}, "https://api.openai.com/v1/responses"),
         'path: "/v1/chat/completions" → "/v1/responses"'),
        (request({}), request({}, URL + "?a=1"), 'query added ("a=1")'),
        (request({}, URL + "?a=1"), request({}), 'query removed (was "a=1")'),
        (request(None), request({"a": 1}), 'body added ({"a": 1})'),
        (request([1]), request([1, 2]), "body: [1] → [1, 2]"),
        (request({"n": 1}), request({"n": True}), "n: 1 → true"),
    ],
)  # fmt: skip
def test_a_changed_part_of_the_request_is_named(before: Request, after: Request, text: str) -> None:
    assert line(before, after) == text


@pytest.mark.parametrize(
    "same",
    [
        request(dict(reversed(RECORDED.items()))),
        request({**RECORDED, "stop": None}),
        request(RECORDED, "https://API.openai.com:443/v1/chat/completions"),
        request(RECORDED, URL + "?api_key=sk-live"),
        request(RECORDED, method="post"),
    ],
    ids=["order", "null", "host", "key", "method"],
)
def test_equal_requests_differ_in_nothing(same: Request) -> None:
    assert differences(request(RECORDED), same) == []
    assert line(request(RECORDED), same) == ""


def test_an_api_key_in_the_query_is_never_shown() -> None:
    live = request(RECORDED, URL + "?key=AIza-secret&a=2")
    assert line(request(RECORDED), live) == 'query added ("a=2")'


@BOUNDED
@given(requests, requests)
def test_there_is_a_difference_exactly_where_matching_sees_one(before: Request, after: Request) -> None:
    first, second = fingerprint(before), fingerprint(after)
    is_same = (first.place, first.whole) == (second.place, second.whole)
    assert (differences(before, after) == []) is is_same
    assert differences(before, before) == []


@BOUNDED
@given(requests, requests)
def test_a_difference_is_one_printable_line(before: Request, after: Request) -> None:
    text = line(before, after)
    assert text.isprintable()
    text.encode("utf-8")
