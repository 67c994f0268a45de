"""Keys lead to the line and column of a value in a JSON text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import BOUNDED, json_values

from vcr_llm.jsonplace import place_of

TEXT = """\
{
  "a": [1, {"b": "x"}],\r
  "a\\"b": {"c" :\t[true , null]},
  "twice": 1, "twice": [2]
}
"""


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        ((), (1, 1)),
        (("a",), (2, 8)),
        (("a", 0), (2, 9)),
        (("a", 1), (2, 12)),
        (("a", 1, "b"), (2, 18)),
        (('a"b',), (3, 11)),
        (('a"b', "c"), (3, 18)),
        (('a"b', "c", 1), (3, 26)),
        (("twice", 0), (4, 25)),
        (("a", 7), (2, 8)),
        (("a", 0, "deeper"), (2, 9)),
        (("missing", "b"), (1, 1)),
    ],
)
def test_keys_lead_to_the_value_or_as_far_as_they_go(
    keys: tuple[str | int, ...], place: tuple[int, int]
) -> None:
    assert place_of(TEXT, keys) == place


def test_white_space_before_the_document_counts() -> None:
    assert place_of('\n\n  {"a": 1}', ["a"]) == (3, 9)


def members(value: Any, keys: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield keys, value
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in pairs:
        yield from members(member, (*keys, key))


@BOUNDED
@given(json_values(), st.sampled_from([None, 0, 2]))
def test_at_the_place_of_every_member_its_own_text_begins(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    lines = text.split("\n")
    for keys, member in members(value):
        line, column = place_of(text, keys)
        rest = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
        assert json.JSONDecoder().raw_decode(rest)[0] == member
