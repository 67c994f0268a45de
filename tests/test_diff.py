"""What changed between two requests, in one line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from strategies import BOUNDED, requests, texts

from vcr_llm.diff import differences, in_one_line, word_changes
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


TOOL_TALK: dict[str, Any] = {
    "model": "gpt-5",
    "messages": [
        {"role": "system", "content": "You are a travel agent who answers in one sentence. It is Monday."},
        {"role": "user", "content": "Next train?"},
        {
            "role": "assistant",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "search", "arguments": '{"q": "Paris", "n": [1, 2]}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "2026-11-22"},
    ],
    "tools": [
        {"type": "function", "function": {"name": "search", "parameters": {"required": ["q"]}}},
        {"type": "function", "function": {"name": "book"}},
    ],
}


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("2026-11-22", "2026-11-23", 'messages[3], tool result of `search`: "2026-11-22" → "2026-11-23"'),
        ("Paris", "Rome", 'messages[2], call of `search`, q: "Paris" → "Rome"'),
        ("[1, 2]", "[1, 3]", "messages[2], call of `search`, n[1]: 2 → 3"),
        ("Monday", "Tuesday",
         'messages[0], system: "…in one sentence. It is Monday." → "…in one sentence. It is Tuesday."'),
        ('["q"]', '["q", "n"]', 'tool `search`, parameters.required[1] added ("n")'),
        ('"book"', '"fly"', "tool `book` removed (was 2 fields); tool `fly` added (2 fields)"),
        ('{"role": "user", "content": "Next train?"}, ', "", 'messages[1], user removed (was "Next train?")'),
        ('"user", "content": "Next train?"',
         '"user", "content": [{"type": "text", "text": "Next"}, {"type": "image"}]',
         'messages[1], user: "Next train?" → 2 items'),
    ],
)  # fmt: skip
def test_parts_of_a_conversation_have_the_names_people_give_them(old: str, new: str, text: str) -> None:
    # In JSON inside JSON the quotation marks are escaped.
    source = json.dumps(TOOL_TALK)
    if old not in source:
        old, new = (json.dumps(each)[1:-1] for each in (old, new))
    assert old in source
    assert line(request(TOOL_TALK), request(json.loads(source.replace(old, new)))) == text


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (
            {"messages": [
                {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "a"}]},
            ]},
            ('"a"', '"b"'), 'messages[1], tool result of `f`: "a" → "b"',
        ),
        ({"system": [{"type": "text", "text": "Be kind"}], "messages": []}, ("kind", "terse"),
         'system: "Be kind" → "Be terse"'),
        ({"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
                    {"type": "function_call_output", "call_id": "c", "output": "1"}]}, ('"1"', '"2"'),
         'input[1], tool result of `f`: "1" → "2"'),
        ({"contents": [{"parts": [{"functionResponse": {"name": "f", "response": {"r": 1}}}]}]}, ("1", "2"),
         "contents[0], tool result of `f`, r: 1 → 2"),
        ({"messages": [
            {"role": "user", "content": [{"toolResult": {"toolUseId": "t", "content": [{"text": "a"}]}}]},
            {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t", "name": "f"}}]},
         ]},
         ('"a"', '"b"'), 'messages[0], tool result of `f`: "a" → "b"'),
        ({"tools": [{"name": "a"}, {"name": "b"}]}, ("", ""), "tools in another order"),
    ],
)  # fmt: skip
def test_so_they_have_in_every_providers_shape(before: Any, after: tuple[str, str], text: str) -> None:
    changed = json.loads(json.dumps(before).replace(*after)) if after[0] else {"tools": before["tools"][::-1]}
    assert line(request(before), request(changed)) == text


def test_of_long_texts_only_the_changed_words_are_shown() -> None:
    words = [f"word{number}" for number in range(400)]
    changed = words.copy()
    changed[30], changed[200] = "AAA", "BBB"
    changed.insert(300, "new")
    (found,) = differences(request({"system": " ".join(words)}), request({"system": " ".join(changed)}))
    assert found.lines(100) == [
        "system: 3 changes in 401 words",
        "  - …word27 word28 word29 word30 word31 word32 word33…",
        "  + …word27 word28 word29 AAA word31 word32 word33…",
        "  - …word197 word198 word199 word200 word201 word202 word203…",
        "  + …word197 word198 word199 BBB word201 word202 word203…",
        "  - …word297 word298 word299 word300 word301 word302…",
        "  + …word297 word298 word299 new word300 word301 word302…",
    ]


@BOUNDED
@given(texts, texts)
def test_word_changes_lead_from_one_text_to_the_other(before: str, after: str) -> None:
    changes = word_changes(before, after)
    assert bool(changes) is (before != after)
    place = 0
    for change in changes:
        place = before.index(change.before, place) + len(change.before)
        assert change.after in after
        assert change.before != change.after


@BOUNDED
@given(requests, requests)
def test_more_room_names_more_parts(before: Request, after: Request) -> None:
    few, many = differences(before, after), differences(before, after, 100)
    assert bool(few) is bool(many)
    assert len(few) <= len(many)
    assert all("\n" not in text for each in many for text in each.lines(80))


@BOUNDED
@given(requests, requests)
def test_a_difference_is_one_printable_line(before: Request, after: Request) -> None:
    text = line(before, after)
    assert text.isprintable()
    text.encode("utf-8")
