"""Laws of scrubbing: it settles, leaves nothing to find, and changes nothing where there is nothing."""

from __future__ import annotations

import json
import re
import string
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import (
    BEDROCK_HEADERS,
    amazon_message,
    base64_of,
    bodies,
    event_streams,
    interactions,
    json_values,
    odd_streams,
    requests,
)
from test_scrub_rules import OK, TEXTS, answer, events, made, message

from vcr_llm import jsontext, schema
from vcr_llm.interaction import NO_JSON, Body, CassetteData, Interaction, Request, Response
from vcr_llm.matchers import View
from vcr_llm.placeholder import PLACEHOLDER_KEY
from vcr_llm.scrub import Ledger, Scrubber, body, folded, scan_text
from vcr_llm.scrub.documents import documents, literals, may_have_tokens, pieces, uncovered
from vcr_llm.scrub.name_rules import NAMED as NAMED_RULES
from vcr_llm.scrub.placeholders import PLACEHOLDER
from vcr_llm.scrub.rules import SHAPES
from vcr_llm.streams import sse

BOUNDED = settings(max_examples=200, deadline=None)
VALUE = "vAl9" + "/ue of+mine=" + made(12)
SCRUBBER = Scrubber(values={"MY_API_KEY": VALUE}, personal=True)
NAMED = [
    "R7!kd" + "Pq92xZ",
    json.dumps({"api_key": made(16), "token": made(24)}),
    f"<password>{made(9)}</password>",
    f"export DB_PASSWORD={made(14)}",
]

secrets = st.sampled_from(
    [text.format(secret) for text, secret in TEXTS.values()] + [VALUE, "me@corp.io", *NAMED]
)
words = st.text(string.printable + "é€😀\u2028", max_size=12)
texts = st.lists(secrets | words, max_size=4).map(" ".join) | st.lists(secrets | words, max_size=4).map(
    "".join
)
values = json_values(texts)
names = st.sampled_from(["api_key", "password", "aPI-kEY", "key", "token", "input", "é"])
fields = st.dictionaries(names, texts, max_size=3)


@st.composite
def split_streams(draw: st.DrawFn) -> bytes:
    """Texts cut into the deltas of one stream, two of them mixed."""
    found: list[Any] = []
    for index in range(draw(st.integers(1, 2))):
        text = draw(texts)
        cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
        deltas = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
        found += [{"choices": [{"index": index, "delta": {"content": delta}}]} for delta in deltas]
    return events(*draw(st.permutations(found)))


@st.composite
def amazon(draw: st.DrawFn) -> bytes:
    """The same in Amazon's messages: as their payload, inside its base64, or as plain text."""
    text = draw(texts)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=4)))
    deltas = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    wrap = draw(
        st.sampled_from(
            [
                lambda delta: {"contentBlockIndex": 0, "delta": {"text": delta}, "p": "abc"},
                lambda delta: {"bytes": base64_of(jsontext.compact({"outputText": delta}))},
                lambda delta: {"bytes": base64_of(delta)},
                lambda delta: delta,
            ]
        )
    )
    payloads = [wrap(delta) for delta in deltas] + [{"more": draw(values)}]
    return b"".join(
        amazon_message(
            BEDROCK_HEADERS if index else ((":exception-type", draw(texts)),),
            (each if isinstance(each, str) else jsontext.compact(each)).encode("utf-8", "surrogatepass"),
        )
        for index, each in enumerate(payloads)
    )


@st.composite
def plain_streams(draw: st.DrawFn) -> bytes:
    """Events of plain text, a secret perhaps split over them."""
    text = " ".join(draw(texts).split())
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=4)))
    deltas = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    return "".join(f"data: {delta}\n\n" for delta in deltas).encode("utf-8", "surrogatepass")


raws = st.one_of(
    amazon(),
    plain_streams(),
    values.map(lambda value: json.dumps(value).encode()),
    (fields | values).map(
        lambda value: json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8", "replace")
    ),
    st.lists(values, min_size=1, max_size=3).map(lambda found: events(*found)),
    st.lists(fields, min_size=2, max_size=3).map(lambda found: "\n".join(map(json.dumps, found)).encode()),
    split_streams(),
    texts.map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.builds(lambda text, raw: text.encode() + raw, texts, st.binary(max_size=6)),
    st.builds(
        lambda stream, text: stream + f"\n\ndata: {text}\n\n".encode(), event_streams() | odd_streams(), words
    ),
)
urls = st.builds(lambda path, query: f"https://h/{path}?{query}", texts, texts) | texts


@st.composite
def leaky(draw: st.DrawFn) -> Interaction:
    """An interaction with secrets anywhere."""
    found = draw(interactions)
    request, response = found.request, found.response
    if draw(st.booleans()):
        request = replace(request, url=draw(urls))
    if draw(st.booleans()):
        request = replace(request, body=Body(draw(raws)))
    if draw(st.booleans()):
        response = replace(response, body=Body(draw(raws)), reason=draw(texts))
    return replace(found, request=request, response=response, extra=draw(st.just({}) | fields))


@BOUNDED
@given(leaky())
def test_scrubbing_settles_and_leaves_nothing_to_find(interaction: Interaction) -> None:
    once = SCRUBBER.interaction(interaction, Ledger())
    assert SCRUBBER.scan(once) == []
    assert SCRUBBER.interaction(once, Ledger()) is once


@BOUNDED
@given(leaky())
def test_a_scan_finds_something_exactly_where_scrubbing_changes_something(interaction: Interaction) -> None:
    kept = SCRUBBER.response(interaction.response, Ledger()).headers
    stored = replace(interaction, response=replace(interaction.response, headers=kept), recorded_at="2026")
    changed = SCRUBBER.interaction(stored, Ledger())
    assert (SCRUBBER.scan(stored) == []) == (changed is stored)


@BOUNDED
@given(leaky())
def test_a_scrubbed_cassette_has_no_secret_in_its_text(interaction: Interaction) -> None:
    once = SCRUBBER.interaction(interaction, Ledger())
    document = schema.dump(CassetteData((once,)))
    assert scan_text(document) == []


@BOUNDED
@given(values)
def test_json_keeps_its_shape(value: Any) -> None:
    before = message(json.dumps(value).encode())
    after = SCRUBBER.interaction(before, Ledger()).request.body
    assert after is not None
    assert after.json is not NO_JSON
    assert shape(after.json) == shape(value)


def shape(value: Any) -> Any:
    """A JSON value without its texts."""
    if isinstance(value, dict):
        return [shape(member) for member in value.values()]
    if isinstance(value, list):
        return [shape(member) for member in value]
    return "" if isinstance(value, str) else repr(value)


@BOUNDED
@given(st.lists(values, min_size=1, max_size=4).map(lambda found: events(*found)) | split_streams())
def test_streams_keep_their_events_and_framing(raw: bytes) -> None:
    after = SCRUBBER.interaction(answer(raw), Ledger()).response.body.raw
    one, other = sse.parse(raw), sse.parse(after)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert len(one.events) == len(other.events)
        assert one.framing == other.framing
        assert [shape(event.data) for event in one.events] == [shape(event.data) for event in other.events]


tokens = st.sampled_from(["logprobs", "type", "a", 'logprobs": null', "content"])


@BOUNDED
@given(st.dictionaries(tokens, json_values(tokens, leaves=8), max_size=3), st.sampled_from([None, 1, 2]))
def test_a_text_without_tokens_has_no_pieces(value: dict[str, Any], indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    (document,) = documents(text)
    assert may_have_tokens(text) or not pieces([document])
    assert not may_have_tokens('{"logprobs" : null, "type": "text"}')


@BOUNDED
@given(raws | bodies.map(lambda body: body.raw))
def test_the_strings_of_a_body_and_the_rest_are_the_whole_body(raw: bytes) -> None:
    text = raw.decode("utf-8", "replace")
    found = documents(text)
    for document in found:
        strings = [literal for literal in literals(document) if not literal.is_key]
        assert all(json.loads(document.text[at.start : at.end], strict=False) is not None for at in strings)
        assert len(strings) >= count_strings(document.value)
    spans = sorted([*uncovered(text, found), *((document.start, document.end) for document in found)])
    assert "".join(text[start:end] for start, end in spans) == text


def count_strings(value: Any) -> int:
    if isinstance(value, dict | list):
        members = value.values() if isinstance(value, dict) else value
        return sum(map(count_strings, members))
    return isinstance(value, str)


@BOUNDED
@given(requests)
def test_folding_settles(request: Request) -> None:
    once = folded(request)
    assert folded(once) == once
    assert folded(SCRUBBER.request(once, Ledger())) == folded(SCRUBBER.request(request, Ledger()))


@BOUNDED
@given(st.lists(st.tuples(st.sampled_from(["A_KEY", "B_TOKEN"]), st.sampled_from("abcdef")), max_size=12))
def test_a_ledger_is_one_to_one(found: list[tuple[str, str]]) -> None:
    ledger = Ledger()
    given = {secret: ledger.placeholder(name, secret) for name, secret in found}
    assert len(set(given.values())) == len(given)
    assert all(PLACEHOLDER.fullmatch(placeholder) for placeholder in given.values())
    assert all(
        ledger.placeholder("OTHER_KEY", secret) == placeholder for secret, placeholder in given.items()
    )


# --- cost, by counting -------------------------------------------------------------------------------


def test_a_body_without_secrets_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(body, "find", lambda text, _rules: calls.append(text) or [])
    prose = "The quick brown fox asks about tokens. " * 500
    request = message({"model": "m", "messages": [{"content": prose}], "max_tokens": 5})
    stream = answer(
        events(*({"choices": [{"index": 0, "delta": {"content": f"w{n} "}}]} for n in range(200)))
    )
    scrubber = Scrubber(values={"OPENAI_API_KEY": made(50)})
    assert scrubber.interaction(request, Ledger()) is request
    assert scrubber.interaction(stream, Ledger()) is stream
    assert calls == []


def test_a_scrubber_prepares_its_rules_once() -> None:
    one, other = (Scrubber(values={"A_KEY": VALUE}) for _ in range(2))
    assert one.editor.detector is other.editor.detector
    assert one.editor is one.editor


@pytest.mark.parametrize("rule", [*SHAPES, *NAMED_RULES], ids=lambda rule: rule.name)
def test_no_text_makes_a_rule_slow(rule: Any) -> None:
    """A pattern that backtracks would not come to its end here: each text repeats what nearly matches."""
    starts = set(rule.anchors) | {re.sub(r"\\(.)", r"\1", anchor) for anchor in rule.anchors}
    for start in starts:
        for unit in (
            start,
            f" {start}",
            f" {start}aB3",
            f" {start}{'aB3-' * 30}",
            f"{start}:",
            f"{start}/a@",
        ):
            text = unit * (120_000 // len(unit))
            for _ in rule.pattern.finditer(text):
                pass


@pytest.mark.parametrize(
    "unit", ["sk-", "eyJa.", "-----BEGIN PRIVATE KEY-----", "a://b:", "*", "Bearer ", '"', "{", "\\u003c"]
)
def test_no_body_is_slow(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    for raw in (
        text.encode(),
        json.dumps({"a": text}).encode(),
        b"data: " + text.encode(),
        f"a={text}".encode(),
    ):
        interaction = Interaction(Request("POST", text[:50_000], Body(raw)), Response(200, "", {}, Body(raw)))
        SCRUBBER.interaction(interaction, Ledger())
    assert SCRUBBER.interaction(answer(b"[" * 50_000), Ledger()).response != OK


# --- many at once ------------------------------------------------------------------------------------

marked = st.sampled_from(
    ["<OPENAI_API_KEY>", "%3CA_TOKEN_2%3E", "\\u003cX_SECRET\\u003e", PLACEHOLDER_KEY, "<SECRET>"]
)
codecs = st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])
bodies_of_all_kinds = (
    raws.map(Body)
    | json_values(texts | marked).map(Body.of_json)
    | st.dictionaries(names, texts | marked, max_size=3).map(Body.of_json)
    | st.builds(lambda text, codec: Body(json.dumps({"a": text}).encode(codec)), texts, codecs)
)
EDITS = (lambda text: text.replace("e", "a"),)


KEY = "sk-" + f"proj-{made(60)}"


@settings(BOUNDED, max_examples=100)
@given(st.lists(st.builds(Request, st.just("POST"), urls, st.none() | bodies_of_all_kinds), max_size=6))
@example([Request("POST", f"https://h/?see {KEY} here", Body(f"see {KEY}".encode() + b"\x80"))])
@pytest.mark.parametrize("scrubber", [SCRUBBER, Scrubber(names=("note", "input")), Scrubber(callables=EDITS)])
def test_many_requests_are_seen_as_each_of_them_is(scrubber: Scrubber, asked: list[Request]) -> None:
    seen = View(scrubber).of_all(asked)
    assert seen == [folded(scrubber.request(request, Ledger())) for request in asked]
