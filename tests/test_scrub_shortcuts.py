"""Laws of what makes scrubbing fast: where a shortcut sees nothing, the long way finds nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import BOUNDED, event_streams
from test_scrub_laws import SCRUBBER, leaky, raws, split_streams, texts, words
from test_scrub_rules import events

from vcr_llm import schema
from vcr_llm.interaction import Body, Interaction, Request, Response
from vcr_llm.scrub import DEFAULT, Ledger, Scrubber
from vcr_llm.scrub.documents import Document, documents, joined_data, joined_pieces, pieces
from vcr_llm.scrub.text import Detector, Match
from vcr_llm.serializer import Stored, document, lay_out, leaves
from vcr_llm.streams import sse

SCRUBBERS: Final = [DEFAULT, SCRUBBER, Scrubber(personal=True)]

anchors = st.sampled_from(
    sorted({anchor for each in SCRUBBERS for rule in each.editor.detector.rules for anchor in rule.anchors})
)
broken = st.builds(
    lambda anchor, start, end: anchor[start:end], anchors, st.integers(0, 2), st.integers(-2, -1)
)


@BOUNDED
@given(
    st.lists(anchors | broken | words | st.just(',"'), max_size=5).map("".join), st.sampled_from(SCRUBBERS)
)
def test_one_look_sees_every_anchor(text: str, scrubber: Scrubber) -> None:
    detector = scrubber.editor.detector
    # A long text is looked at in other ways, and one of few strings in another again.
    for around in ("", *LONG):
        whole = f"{around}{text}{around}"
        named = any(anchor in whole for rule in detector.rules for anchor in rule.anchors)
        bare = any(rule.pattern.search(whole) for rule in detector.rules if not rule.anchors)
        assert detector.may_find_anywhere(whole) == (named or bare)
        assert detector.may_find(whole) == (named or bare)
        assert detector.may_find_in_events(whole) == (named or bare)


LONG: Final = ["The capital, of course. " * 200, '"index": 1, "w_k-p.x": "Tb", ' * 100, "ab " * 24_000]


# --- what has been gone through ----------------------------------------------------------------------


@BOUNDED
@given(split_streams() | event_streams() | raws, texts, st.sampled_from(SCRUBBERS))
def test_events_that_are_left_have_nothing(raw: bytes, more: str, scrubber: Scrubber) -> None:
    for each in (raw, raw + b"data: [DONE]\n\n", raw + f"data: {' '.join(more.split())}\n\n".encode()):
        found = sse.parse(each)
        text = each.decode("utf-8", "replace")
        if found is None or not sse.looks_like_it(each):
            continue
        values = [event.data for event in found.events]
        if not scrubber.editor.leaves_events(text, values):
            continue
        assert scrubber.editor.body(text, refused) == text
        assert [document.value for document in documents(text)] == [v for v in values if v != sse.DONE]


def refused(match: Match, path: Any) -> str:
    raise AssertionError(f"{match} at {path}")


@BOUNDED
@given(leaky(), st.sampled_from(SCRUBBERS), st.sampled_from(SCRUBBERS))
def test_what_was_gone_through_need_not_be_again(
    found: Interaction, scrubber: Scrubber, other: Scrubber
) -> None:
    stored, clean = other.cleaned(found, Ledger())
    (entry,) = lay_out([Stored(stored)])
    read = schema.load(document([entry])).interactions[0]
    if leaves(scrubber, entry, stored):
        assert scrubber.scan(read) == []
    if clean and usual(read):
        (again,) = lay_out([Stored(stored)])
        assert leaves(other, again, stored)


def usual(interaction: Interaction) -> bool:
    """Whether a look at the interaction can tell: no more than one of these bodies, and nothing special."""
    body = interaction.request.body
    return (
        isinstance(body and body.json, dict)
        and not interaction.extra
        and not interaction.bare
        and not interaction.response.body.raw
        and not interaction.response.headers
    )


def test_the_gate_goes_through_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Body(b'{"model":"m","messages":[{"role":"user","content":"Question"}]}')
    stream = events(*({"choices": [{"index": 0, "delta": {"content": f"w{n} "}}]} for n in range(9)))
    interactions = [
        Interaction(
            Request("POST", "https://api.openai.com/v1/chat/completions", asked),
            Response(200, "OK", {"content-type": (content_type,)}, Body(raw)),
        )
        for content_type, raw in (("application/json", b'{"id": 1}'), ("text/event-stream", stream))
    ]
    cleaned = [DEFAULT.cleaned(each, Ledger())[0] for each in interactions]
    entries = lay_out(map(Stored, cleaned))
    monkeypatch.setattr(Detector, "may_find", lambda _self, text: "Question" in text)
    monkeypatch.setattr(Detector, "may_find_anywhere", lambda _self, text: "Question" in text)
    assert all(leaves(DEFAULT, entry, each) for entry, each in zip(entries, cleaned, strict=True))
    others = lay_out(map(Stored, interactions))
    assert not any(
        leaves(DEFAULT, entry, copied(each)) for entry, each in zip(others, interactions, strict=True)
    )


def copied(interaction: Interaction) -> Interaction:
    """The same of other bodies, which nobody has gone through."""
    request, response = interaction.request, interaction.response
    body = None if request.body is None else Body(request.body.raw)
    return replace(
        interaction,
        request=replace(request, body=body),
        response=replace(response, body=Body(response.body.raw)),
    )


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
datas = st.recursive(
    texts | st.sampled_from(["a", "b", "logprobs"]) | st.integers(0, 2) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(members, inner, max_size=4),
    max_leaves=8,
)


@BOUNDED
@given(st.lists(datas, max_size=4))
def test_pieces_of_one_text_are_put_together(values: list[Any]) -> None:
    found = [Document((number, "data"), value, "", 0, 0) for number, value in enumerate(values)]
    for each in (found, [Document((), values, "", 0, 0)]):
        expected = plainly(each)
        assert [[(piece.path, piece.text) for piece in group] for group in pieces(each)] == expected
        assert joined_pieces(each) == ["".join(text for _, text in group) for group in expected]
    if len(values) > 1:
        assert joined_data(values) == joined_pieces(found)


@BOUNDED
@given(raws)
def test_pieces_of_a_body_are_put_together(raw: bytes) -> None:
    found = documents(raw.decode("utf-8", "replace"))
    assert [[(piece.path, piece.text) for piece in group] for group in pieces(found)] == plainly(found)
