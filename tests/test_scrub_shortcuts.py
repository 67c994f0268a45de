"""Laws of what makes scrubbing fast: where a shortcut sees nothing, the long way finds nothing."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st
from strategies import BOUNDED
from test_scrub_laws import SCRUBBER, raws, texts, words

from vcr_llm.scrub import DEFAULT, Scrubber
from vcr_llm.scrub.documents import Document, documents, joined_pieces, pieces

SCRUBBERS: Final = [DEFAULT, SCRUBBER, Scrubber(personal=True)]

anchors = st.sampled_from(
    sorted({anchor for each in SCRUBBERS for rule in each.editor.detector.rules for anchor in rule.anchors})
)
broken = st.builds(
    lambda anchor, start, end: anchor[start:end], anchors, st.integers(0, 2), st.integers(-2, -1)
)


@BOUNDED
@given(st.lists(anchors | broken | words, max_size=5).map("".join), st.sampled_from(SCRUBBERS))
def test_one_look_sees_every_anchor(text: str, scrubber: Scrubber) -> None:
    detector = scrubber.editor.detector
    named = any(anchor in text for rule in detector.rules for anchor in rule.anchors)
    bare = any(rule.pattern.search(text) for rule in detector.rules if not rule.anchors)
    assert detector.may_find_anywhere(text) == (named or bare)
    assert detector.may_find(text) == (named or bare)


# --- pieces of one text ------------------------------------------------------------------------------

TELLS_APART: Final = ("index", "output_index", "content_index", "summary_index", "contentBlockIndex")


def grouped(value: Any, path: Any, key: Any, several: bool) -> Any:
    """Every string that may be a piece, as (key, path, string): what `pieces` says, said plainly."""
    in_order = "logprobs" in key
    if isinstance(value, dict):
        inner = (*key, *[value[name] for name in TELLS_APART if isinstance(value.get(name), int)])
        for name, member in value.items():
            if isinstance(member, str) and (several or in_order):
                yield (*inner, name), (*path, name), member
            elif isinstance(member, dict | list):
                yield from grouped(member, (*path, name), (*inner, name), several)
    elif isinstance(value, list):
        for number, member in enumerate(value):
            if isinstance(member, str) and (several or in_order):
                yield (*key, "*" if in_order else number), (*path, number), member
            elif isinstance(member, dict | list):
                indexed = isinstance(member, dict) and "index" in member
                yield from grouped(
                    member, (*path, number), key if in_order or indexed else (*key, number), several
                )


def plainly(found: list[Document]) -> list[list[tuple[Any, str]]]:
    several = [(document.path, document.value) for document in found]
    if len(found) == 1 and isinstance(found[0].value, list):
        several = [((*found[0].path, number), value) for number, value in enumerate(found[0].value)]
    groups: dict[Any, list[tuple[Any, str]]] = {}
    for path, value in several:
        kind = value.get("type") if isinstance(value, dict) else None
        if isinstance(value, str):
            groups.setdefault(("",), []).append((path, value))
        for key, place, text in grouped(
            value, path, (kind,) if isinstance(kind, str) else (), len(several) > 1
        ):
            groups.setdefault(key, []).append((place, text))
    return [group for group in groups.values() if len({text for _, text in group}) > 1]


members = st.sampled_from([*TELLS_APART, "type", "logprobs", "content", "", "token"])
events = st.recursive(
    texts | st.sampled_from(["a", "b", "logprobs"]) | st.integers(0, 2) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(members, inner, max_size=4),
    max_leaves=8,
)


@BOUNDED
@given(st.lists(events, max_size=4))
def test_pieces_of_one_text_are_put_together(values: list[Any]) -> None:
    found = [Document((number, "data"), value, "", 0, 0) for number, value in enumerate(values)]
    for each in (found, [Document((), values, "", 0, 0)]):
        expected = plainly(each)
        assert [[(piece.path, piece.text) for piece in group] for group in pieces(each)] == expected
        assert joined_pieces(each) == ["".join(text for _, text in group) for group in expected]


@BOUNDED
@given(raws)
def test_pieces_of_a_body_are_put_together(raw: bytes) -> None:
    found = documents(raw.decode("utf-8", "replace"))
    assert [[(piece.path, piece.text) for piece in group] for group in pieces(found)] == plainly(found)
