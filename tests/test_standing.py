"""Adding to a cassette: what stands in it is not gone through, nor made anew, where that is sure.

What is left out must not show: the same bytes, and the same findings, as with everything done again.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import BOUNDED
from test_large_cassettes import HTTP, MEMBERS, ODD, entry
from test_large_cassettes import document as written
from test_scrub_laws import NAMED, VALUE, leaky, secrets, texts
from test_scrub_rules import made

from vcr_llm import schema
from vcr_llm.interaction import CassetteData, Interaction
from vcr_llm.persister import Adding, CassettePersister
from vcr_llm.schema import Standing
from vcr_llm.scrub import DEFAULT, Ledger, Scrubber
from vcr_llm.serializer import (
    LLM_JSON,
    Stored,
    document,
    dump_interactions,
    lay_out,
    leaves,
    load_pairs,
    to_interactions,
    to_items,
)
from vcr_llm.vcr_bridge import FilesystemPersister

SCRUBBERS = [
    DEFAULT,
    Scrubber(values={"MY_API_KEY": VALUE}, personal=True),
    Scrubber(names=["content"]),
    Scrubber(patterns=[re.compile("^Q.*")]),
    Scrubber(callables=[lambda text: text.replace("Question", "Q")]),
    Scrubber(add_headers=["x-a"], remove_headers=["request-id"]),
]


def law(text: str, scrubber: Scrubber) -> list[Any]:
    """Look at a cassette's text both ways; answers what is known of its interactions."""
    content = load_pairs(text)
    items = to_items(content.pairs, scrubber)
    anew = to_interactions(load_pairs(text).pairs, scrubber)
    assert document(lay_out(items, content.head), content.head) == dump_interactions(anew, content.head)
    for item, interaction in zip(items, anew, strict=True):
        assert item.interaction == interaction
        if isinstance(item, Standing) or item.clean:
            assert scrubber.scan(interaction) == []
    return items


SPELLINGS = [
    lambda text: text,
    lambda text: json.dumps(json.loads(text)),
    lambda text: json.dumps(json.loads(text), indent=1, ensure_ascii=False),
    lambda text: text.replace("/", "\\/"),
    lambda text: re.sub("(?<=[ -])s(?=k[-_])", r"\\u0073", text),
]
scrubbers = st.sampled_from(SCRUBBERS)
spellings = st.sampled_from(SPELLINGS)


@BOUNDED
@given(st.lists(leaky(), min_size=1, max_size=3), scrubbers, spellings, st.booleans())
def test_an_interaction_that_stands_is_one_that_everything_leaves(
    found: list[Interaction], scrubber: Scrubber, spelled: Any, scrubbed: bool
) -> None:
    if scrubbed:
        ledger = Ledger()
        found = [SCRUBBERS[1].interaction(each, ledger) for each in found]
    law(spelled(schema.dump(CassetteData(tuple(found)))), scrubber)


@BOUNDED
@given(st.sampled_from(MEMBERS), st.sampled_from([None, *HTTP]), ODD, scrubbers)
def test_an_odd_entry_is_written_as_it_always_was(
    name: str, inner: str | None, value: Any, scrubber: Scrubber
) -> None:
    odd = entry()
    place, key = (odd, name) if inner is None else (odd["http"], inner)
    place.update({key: value})
    text = written(entry(1), odd)
    if schema.open_document(text) is not None:
        law(text, scrubber)


@BOUNDED
@given(st.lists(leaky(), min_size=1, max_size=2), st.sampled_from(SCRUBBERS[:2]))
def test_one_look_at_what_is_to_be_written_lets_nothing_through(
    found: list[Interaction], scrubber: Scrubber
) -> None:
    entries = lay_out(map(Stored, found))
    text = document(entries)
    for entry_, read in zip(entries, schema.load(text, lambda name: b"").interactions, strict=True):
        if leaves(scrubber, entry_):
            assert scrubber.scan(read) == []


places = st.sampled_from(
    [
        lambda odd, text: odd["request"].update(model=text),
        lambda odd, text: odd["request"].update(metadata={"pass-word": text, "a": [{"password": text}]}),
        lambda odd, text: odd["request"].update(api_key=text),
        lambda odd, text: odd["request"].update(tools=[{"authorization": text}]),
        lambda odd, text: odd["request"].update({text: 1}),
        lambda odd, text: odd["response"].update(
            choices=[{"logprobs": {"content": [{"token": part} for part in re.split("(?<=-)", text)]}}]
        ),
        lambda odd, text: odd["http"].update(url=f"https://h/{text}"),
        lambda odd, text: odd["http"].update(reason=text),
        lambda odd, text: odd["http"]["headers"].update({"x-request-id": ["a", text]}),
        lambda odd, text: odd["http"]["headers"].update(location=[f"/x?key={text}"]),
        lambda odd, text: odd["http"]["headers"].update({"openai-organization": [text]}),
        lambda odd, text: stream(odd, text),
        lambda odd, text: stream(odd, text, event=text.replace("\n", "").replace("\r", "")),
        lambda odd, text: stream(odd, f"{text}{text}", id="1", size=7),
    ]
)


def stream(odd: dict[str, Any], text: str, size: int = 3, **fields: str) -> None:
    """Make a stream of the text of an entry, cut into pieces."""
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    found = [{**fields, "data": {"choices": [{"index": 0, "delta": {"content": piece}}]}} for piece in pieces]
    headers = {"content-type": ["text/event-stream"]}
    odd.update(response={}, streaming=True, stream_events=[*found, {"data": "[DONE]"}])
    odd["http"].update(headers=headers)


@BOUNDED
@given(places, st.one_of(secrets, texts, st.sampled_from([*NAMED, "\ud800", "[DONE]"])), scrubbers, spellings)
def test_a_secret_at_any_place_of_a_usual_entry_is_seen(
    put: Any, text: str, scrubber: Scrubber, spelled: Any
) -> None:
    odd = entry()
    put(odd, text)
    found = spelled(written(entry(1), odd))
    law(found, scrubber)
    leaked = schema.load(found).interactions[1]
    if DEFAULT.interaction(leaked, Ledger()) != leaked:
        assert isinstance(to_items(load_pairs(found).pairs)[1], Stored)


@pytest.mark.parametrize(
    "event", [{"event": "\ud800", "data": {}}, {"id": "\ud800", "data": {}}, {"data": "\ud800"}]
)
def test_an_event_that_no_stream_can_hold_is_looked_at_as_ever(event: dict[str, Any]) -> None:
    odd = entry(2)
    stream(odd, "Paris")
    odd["stream_events"].insert(0, event)
    law(written(entry(1), odd), DEFAULT)


def test_ordinary_recordings_stand() -> None:
    streamed = entry(2)
    stream(streamed, "Paris is the capital of France.")
    image = entry(3, response={"data": [{"b64_json": "iVBORw0K" * 9_000}]})
    floats = entry(4, response={"data": [{"embedding": [number / 7 for number in range(9_000)], "index": 0}]})
    text = written(entry(1), streamed, image, floats, entry(5, response={}), metadata={"a": 1})
    assert [type(item) for item in law(text, DEFAULT)] == [Standing] * 5
    assert law(document(lay_out(law(text, DEFAULT))), SCRUBBERS[1])


def test_what_is_not_sure_is_looked_at_as_ever() -> None:
    deep: Any = "end"
    for _ in range(99):
        deep = [deep]
    odd = [
        entry(1, more=1),
        entry(2, request={"messages": deep}),
        {**entry(3), "hash": "0", "request": entry(3).pop("request")},
        entry(4, streaming=True),
        dict(reversed(entry(5).items())),
    ]
    assert [type(item) for item in law(written(*odd), DEFAULT)] == [Stored, Stored, Standing, Stored, Stored]


@pytest.mark.parametrize("count", [1, 40])
def test_what_is_added_to_is_written_as_if_all_were_new(count: int, tmp_path: Path) -> None:
    """The file is spelled by hand, and holds a secret that nobody knew when it was written."""
    token = "sk-" + "ant-api03-" + made(40)
    leaked = entry(7, response={"said": f"your key is {token}"})
    before = [*(entry(number) for number in range(count)), leaked]
    path = tmp_path / "x.llm.json"
    path.write_text(written(*before), "utf-8")
    persister = CassettePersister(FilesystemPersister)
    persister.adding = Adding([lambda interaction: interaction.hash])
    ((request, response),) = load_pairs(written(entry(8))).pairs
    persister.save_cassette(str(path), {"requests": [request], "responses": [response]}, LLM_JSON)
    text = path.read_text("utf-8")
    assert token not in text
    whole = to_interactions(load_pairs(written(*before, entry(8))).pairs)
    assert text == dump_interactions(whole, CassetteData((), "openai"))
