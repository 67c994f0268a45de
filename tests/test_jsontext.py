"""JSON text keeps its meaning when it is parsed and written again, or it is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import BOUNDED, LOSSY_JSON, deep, json_values, texts_with_surrogates, typed

from vcr_llm import jsontext
from vcr_llm.jsontext import LossyJsonError

any_value = json_values(texts_with_surrogates)


@BOUNDED
@given(any_value)
@example([1, 1.0, True, -0.0, 1e300, 10**400])
@example({"\ud800": "\udfff", "😀": "\u2028\x85\x7f"})
def test_a_value_written_compactly_is_read_back_with_its_types_and_order(value: Any) -> None:
    text = jsontext.compact(value)
    assert typed(jsontext.parse(text)) == typed(value)
    assert "\n" not in text
    assert "\r" not in text
    text.encode("utf-8")


@BOUNDED
@given(any_value)
def test_a_value_laid_out_for_people_is_read_back_too(value: Any) -> None:
    text = jsontext.pretty(value)
    assert typed(jsontext.parse(text)) == typed(value)
    assert text.endswith("\n")
    text.encode("utf-8")


@BOUNDED
@given(any_value)
def test_pieces_without_recursion_make_the_same_text_as_the_json_module(value: Any) -> None:
    assert "".join(jsontext._tokens(value)) == json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def test_a_value_deeper_than_python_recurses_is_still_written() -> None:
    text = jsontext.compact(deep(5_000))
    assert text.count("[") + text.count("{") == 5_000
    assert text.startswith('[{"down":[')
    assert '"bottom"' in text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NaN", "NaN is not JSON"),
        ('{"a": [Infinity]}', "Infinity is not JSON"),
        ("-Infinity", "-Infinity is not JSON"),
        ("1e400", "1e400 does not fit a float"),
        ("[-1e400]", "-1e400 does not fit a float"),
        ('{"a": 1, "b": {"c": 1, "c": 1}}', "an object has the same key twice"),
        ("[" * 101 + "]" * 101, "nested more than 100 deep"),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, "maximum recursion depth exceeded|nested more than"),
        ("9" * 5_000, "Exceeds the limit"),
        ("", "Expecting value"),
        ("\ufeff{}", "Expecting value"),
        ("{} {}", "Extra data"),
        ("'a'", "Expecting value"),
    ],
)
def test_text_whose_value_would_not_stand_for_it_is_refused(text: str, reason: str) -> None:
    with pytest.raises(LossyJsonError, match=reason):
        jsontext.parse(text)


def test_a_hundred_levels_are_not_too_deep() -> None:
    text = "[" * 100 + "]" * 100
    assert jsontext.compact(jsontext.parse(text)) == text


@BOUNDED
@given(
    st.text(st.characters(exclude_categories=()))
    | st.sampled_from(LOSSY_JSON)
    | st.text('[]{}",:0123456789.eE+-\\ nultrefasNI\n', max_size=40)
)
def test_any_text_is_parsed_or_refused_in_one_way(text: str) -> None:
    try:
        jsontext.parse(text)
    except LossyJsonError:
        pass


@pytest.mark.parametrize(("levels", "is_refused"), [(0, False), (100, False), (101, True), (5_000, True)])
def test_depth_is_counted_without_recursion(levels: int, is_refused: bool) -> None:
    try:
        jsontext.check_depth(deep(levels))
    except LossyJsonError:
        assert is_refused
    else:
        assert not is_refused
