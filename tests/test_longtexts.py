"""Long strings that are not read: what is written is the same as if they were."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import BOUNDED, json_values, texts_with_surrogates

from vcr_llm import jsontext, longtexts

SPELLINGS = [
    jsontext.compact,
    jsontext.pretty,
    json.dumps,
    lambda value: json.dumps(value, indent="\t", ensure_ascii=False),
    lambda value: json.dumps(value).replace("/", "\\/").replace("A", "\\u0041").replace("\\n", "\\u000A"),
    lambda value: json.dumps(value, ensure_ascii=False).replace("{}", '{"b": "one", "b": "another"}'),
    lambda value: f"  {json.dumps(value)}  ",
]
odd = st.lists(
    st.sampled_from(["\\", '"', "\n", "/", "\x00", "\x1f", "\x7f", "u0041", "é", "😀", ":", ",", "A" * 9]),
    max_size=12,
).map("".join)
values = json_values(odd | texts_with_surrogates)


@pytest.fixture(autouse=True)
def _every_string_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(longtexts, "_LONG", 2)
    monkeypatch.setattr(longtexts, "_SPARSE", 0)


@BOUNDED
@given(values, st.sampled_from(SPELLINGS), texts_with_surrogates)
@example({"abc": "abc", "b": ["\ue0000\ue000", "ab\\\\"]}, json.dumps, "")
@example(["ab\\", "cd", {}], jsontext.compact, "\ue000")
@example({"ab\\": {}, "q": {}}, SPELLINGS[5], '"')
def test_a_shortened_text_is_written_as_the_whole_one_is(value: Any, spelled: Any, around: str) -> None:
    text = spelled(value)
    found = longtexts.shortened(f"{around}{text}{around}", len(around), len(around) + len(text))
    if found is None:
        return
    read = json.loads(found.text)
    if found.count(read) == len(found):
        assert found.compact(read) == jsontext.compact(json.loads(text)).encode()


def test_strings_are_left_out_but_for_keys_and_what_is_spelled_otherwise() -> None:
    text = json.dumps({"a long key": "one two", "b": ["three\nfour", "", "five/six"], "c": 'se"ven'})
    found = longtexts.shortened(text, 0, len(text))
    assert found is not None
    assert len(found) == 4
    assert found.compact(json.loads(found.text)) == jsontext.compact(json.loads(text)).encode()
    assert found.compact(json.loads(found.text)["b"]) == b'["three\\nfour","","five/six"]'
    for other in ('["caf\\u00e9"]', '["a\\/b"]', '["\ue000 marked"]', '["a\ud800"]', '{"only": 1}'):
        assert longtexts.shortened(other, 0, len(other)) is None
