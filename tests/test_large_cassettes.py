"""Cassettes that are read entry by entry: the same as read at once, and what a list of vcrpy's does."""

from __future__ import annotations

import base64
import copy
import json
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import BOUNDED, cassettes, json_values

import vcr_llm
from vcr_llm import schema
from vcr_llm.errors import UnreadableCassetteError
from vcr_llm.fingerprint import digests
from vcr_llm.interaction import CassetteData, Response
from vcr_llm.pairs import Pairs
from vcr_llm.schema import Entries
from vcr_llm.vcr_bridge import VcrRequest, to_pair

URL = "https://api.openai.com/v1/chat/completions"


def entry(number: int = 0, **members: Any) -> dict[str, Any]:
    """An entry of a document, of the usual shape unless ``members`` make it another."""
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": f"Question {number}"}]}
    headers = {"content-type": ["application/json"]}
    usual = {
        "hash": "0",
        "request": asked,
        "response": {"number": number},
        "streaming": False,
        "stream_events": [],
        "recorded_at": "2026-11-23T10:00:00+00:00",
        "http": {"method": "POST", "url": URL, "status": 200, "headers": headers},
    }
    return {**usual, **members}


def document(*entries: dict[str, Any], **more: Any) -> str:
    return json.dumps({"version": "2.0", "provider": "openai", **more, "interactions": entries})


def opened(text: str) -> tuple[Entries, CassetteData]:
    found = schema.open_document(text)
    assert found is not None
    return found


# --- reading entry by entry is reading ---------------------------------------------------------------


def same_as_whole(text: str) -> bool:
    """Whether a document is read by its entries, parsed together or one by one, and then with the same result
    as by the whole reader."""
    for kept in (len(text) + 1, 1):
        with mock.patch.object(schema.entries, "_KEPT", kept):
            found = schema.open_document(text)
        if found is None:
            return False
        entries, head = found
        data = schema.load(text)
        assert list(entries) == list(data.interactions)
        assert [entries.request(number) for number in range(len(entries))] == [
            interaction.request for interaction in data.interactions
        ]
        assert (head.provider, head.extra) == (data.provider, data.extra)
    return True


@BOUNDED
@given(cassettes)
def test_what_we_write_is_read_entry_by_entry(data: CassetteData) -> None:
    assert same_as_whole(schema.dump(data, lambda raw: ""))


MEMBERS = ["hash", "request", "response", "streaming", "stream_events", "recorded_at", "http", "more"]
HTTP = ["method", "url", "status", "reason", "headers", "request_body", "response_body", "stream"]
ODD = json_values() | st.sampled_from(
    [
        {"text": "text"},
        {"json": [1]},
        {"base64": "aGk="},
        {"base64": "!"},
        [{"data": {"a": 1}}],
        [{"event": "two\nlines", "data": 1}],
        [{"event": "ping"}],
        {"Content-Type": "text/plain"},
        {"content-type": ["text/plain", 1]},
        {"content-encoding": ["zstd"]},
        True,
        0.5,
    ]
)


@BOUNDED
@given(st.sampled_from(MEMBERS), st.sampled_from([None, *HTTP]), ODD, st.booleans())
def test_an_entry_is_taken_as_it_is_or_left_to_the_whole_reader(
    name: str, inner: str | None, value: Any, gone: bool
) -> None:
    odd = entry()
    place, key = (odd, name) if inner is None else (odd["http"], inner)
    place.pop(key, None) if gone else place.update({key: value})
    text = document(entry(1), odd)
    if not same_as_whole(text):
        with pytest.raises(UnreadableCassetteError):
            schema.load(text)


@pytest.mark.parametrize("layout", [{}, {"indent": 2}, {"indent": "\t"}, {"separators": (",", ":")}])
def test_any_layout_is_read(layout: dict[str, Any]) -> None:
    value = json.loads(document(entry(1), entry(2), more={"a": 1}))
    assert same_as_whole(f"\n {json.dumps(value, **layout)} \n")
    assert same_as_whole(json.dumps({**value, "interactions": []}, **layout))


@pytest.mark.parametrize("spelled", [lambda text: text, lambda text: text.replace("long", "l\\u006fng")])
def test_entries_with_long_texts_are_read_alike(spelled: Any) -> None:
    long = 'long "text"\n' + "é " * 9_000
    stream = [{"data": {"delta": long}}, {"data": "[DONE]"}]
    text = document(
        entry(1, response={"said": long, "n": 1}),
        entry(2, request={"input": long, "more": [long, 1.50]}, response={"a": [long, long]}),
        entry(3, request={"input": long}, response={}, streaming=True, stream_events=stream),
        entry(4, hash=long),
        entry(5, response={}, http={**entry()["http"], "response_body": {"text": long}}),
    )
    value = spelled(json.dumps(json.loads(text), ensure_ascii=False, indent=2))
    assert same_as_whole(value)
    assert same_as_whole(value.replace('"n": 1', '"said": "the last one counts"'))
    # What `longtexts` puts in the places of long texts, spelled so that it does not see it.
    assert same_as_whole(value.replace('"n": 1', r'"n": "\ue0000\ue000"'))
    entries, _ = opened(value)
    body = entries[1].request.body
    assert body is not None
    assert body.json["more"][0] == long


BROKEN = (
    lambda text: text + "x",
    lambda text: text[:-1],
    lambda text: text.replace('"version"', "version"),
    lambda text: text.replace("2.0", "9.0"),
    lambda text: text.replace("[{", "[,{", 1),
    lambda text: text[:-2] + ",]}",
    lambda text: text.replace('"number": 1', '"number": NaN'),
    lambda text: text.replace('"number": 1', '"number": 1e999'),
    lambda text: text.replace('"provider": "openai"', '"provider": 1'),
    lambda text: text.replace("Question", "Quest\nion"),
)


@pytest.mark.parametrize("broken", BROKEN)
def test_a_damaged_document_is_left_to_the_whole_reader(broken: Any) -> None:
    text = broken(document(entry(1)))
    assert schema.open_document(text) is None
    with pytest.raises(UnreadableCassetteError):
        schema.load(text)


def test_a_document_whose_head_comes_last_is_left_to_the_whole_reader() -> None:
    value = json.loads(document(entry(1)))
    for names in (["interactions", "version", "provider"], ["version", "interactions", "provider"]):
        text = json.dumps({name: value[name] for name in names})
        assert schema.open_document(text) is None
        assert len(schema.load(text).interactions) == 1


def of(response: Response) -> tuple[Any, ...]:
    """What `Entries.answer` says of a response."""
    return response.status, response.reason, {**response.headers}, response.body.raw


@BOUNDED
@given(cassettes, st.integers(0, 2_000))
def test_an_entry_answers_as_it_reads_whether_or_not_it_was_kept(data: CassetteData, kept: int) -> None:
    """Each is asked for twice: what was kept is given away the first time."""
    with mock.patch.object(schema.entries, "_KEPT", kept):
        entries, _ = opened(schema.dump(data, lambda raw: ""))
    for number, interaction in enumerate(entries):
        for _ in range(2):
            status, reason, headers, raw = entries.answer(number)
            listed = {name: tuple(values) for name, values in headers.items()}
            assert (status, reason, listed, raw) == of(interaction.response)


@BOUNDED
@given(cassettes, st.integers(0, 2_000), st.booleans())
def test_the_digests_of_an_entry_are_those_of_its_request(data: CassetteData, kept: int, later: bool) -> None:
    with mock.patch.object(schema.entries, "_KEPT", kept):
        entries, _ = opened(schema.dump(data, lambda raw: ""))
    for number in range(len(entries)):
        if later:
            entries.answer(number)
        assert entries.digests(number) == digests(entries.request(number))


def test_only_so_much_of_a_large_cassette_is_kept_parsed() -> None:
    kept = len(document(entry())) + schema.entries._KEPT
    entries, _ = opened(document(*(entry(number, response={"text": "x" * 9_000}) for number in range(600))))
    assert sum(entries._starts()[number] for number in entries._parsed) > 0
    assert max(entries._starts()[number] for number in entries._parsed) < kept
    assert len(entries._parsed) + len(entries._digests) == 600
    assert entries._digests


# --- a list of pairs, made when asked for ------------------------------------------------------------


def pairs(count: int = 3) -> Pairs:
    return Pairs(opened(document(*map(entry, range(count))))[0])


def made_of(data: Pairs) -> list[int]:
    """The places of the pairs that have been made; a list's own iterator makes none."""
    return [place for place, found in enumerate(list.__iter__(data)) if not isinstance(found, int)]


def made(count: int = 3) -> list[Any]:
    return [to_pair(each) for each in opened(document(*map(entry, range(count))))[0]]


def shown(given: Any) -> Any:
    """Pairs as values that compare: vcrpy's requests only equal themselves."""
    return [(request.uri, request.body, response) for request, response in given]


def test_pairs_are_a_list() -> None:
    plain = shown(made())
    assert shown(pairs()) == plain
    assert shown(pairs()[1:]) == plain[1:]
    assert shown(reversed(pairs())) == plain[::-1]
    more = made(1)
    assert shown(pairs() + more) == plain + shown(more)
    assert shown(more + pairs()) == shown(more) + plain
    assert shown([pairs().pop()]) == plain[-1:]
    assert shown(pairs().copy()) == shown(copy.deepcopy(pairs())) == shown([*pairs()]) == plain
    assert [type(each) for pair in pairs() * 2 for each in pair].count(dict) == 6
    assert "Request" in repr(pairs())
    assert shown([pairs()[-1]]) == plain[-1:]
    with pytest.raises(IndexError):
        pairs()[3]


def test_a_pair_is_made_once_and_stays_as_it_was_changed() -> None:
    data = pairs()
    assert made_of(data) == []
    data[1][1]["status"]["code"] = 201
    assert made_of(data) == [1]
    assert data[1][1]["status"]["code"] == 201
    assert data[1] in data
    assert data.index(data[2]) == 2
    assert data == list(data)
    del data[0]
    data.insert(0, made(1)[0])
    assert [json.loads(data.request(place).body.raw)["messages"][0]["content"] for place in range(3)] == [
        f"Question {number}" for number in range(3)
    ]


# --- cassettes ---------------------------------------------------------------------------------------


def written(folder: Path, *entries: dict[str, Any]) -> Path:
    path = folder / "x.llm.json"
    path.write_text(document(*entries))
    return path


def test_a_replayed_cassette_makes_only_what_it_plays(tmp_path: Path) -> None:
    import httpx2

    path = written(tmp_path, *map(entry, range(20)))
    with vcr_llm.use_cassette(path, record_mode="none") as cassette:
        answer = httpx2.post(URL, json=entry(7)["request"])
        assert answer.json() == {"number": 7}
        assert made_of(cassette.data) == []
        assert len(cassette) == 20
        assert [response["status"]["code"] for response in cassette.responses] == [200] * 20
    assert path.read_text() == document(*map(entry, range(20)))


def test_what_cannot_be_decoded_or_found_is_told_when_the_cassette_opens(tmp_path: Path) -> None:
    encoded = entry()
    encoded["http"] = {
        **encoded["http"],
        "headers": {"content-encoding": ["gzip"]},
        "response_body": {"base64": base64.b64encode(b"\x1f\x8bno").decode()},
    }
    lost = entry()
    lost["http"] = {**lost["http"], "response_body": {"file": f"{'0' * 64}.bin"}}
    with pytest.raises(UnreadableCassetteError, match="cannot be read"):
        vcr_llm.use_cassette(written(tmp_path, lost)).__enter__()
    with vcr_llm.use_cassette(written(tmp_path, entry(), encoded), record_mode="none") as cassette:
        assert made_of(cassette.data) == [1]


def test_a_filter_sees_every_interaction_it_saw_before(tmp_path: Path) -> None:
    path = written(tmp_path, *map(entry, range(3)))
    seen: list[str] = []

    def note(request: Any) -> Any:
        seen.append(request.uri)
        return request

    with vcr_llm.use_cassette(path, before_record_request=note, record_mode="none") as cassette:
        assert seen == [URL] * 3
        assert not isinstance(cassette.data, Pairs)
    with vcr_llm.use_cassette(path, filter_headers=["authorization"], record_mode="none") as cassette:
        assert isinstance(cassette.data, Pairs)


@pytest.mark.parametrize("spaced", [False, True])
def test_a_request_of_the_same_bytes_is_answered_as_any_equal_one(tmp_path: Path, spaced: bool) -> None:
    """The short way and the long way to a fingerprint lead to the same recordings, in the same order."""
    import httpx2

    asked, drifted = entry(1)["request"], {**entry(1)["request"], "max_tokens": 5}
    entries = [
        entry(1, response={"number": "drifted"}, request=drifted),
        entry(1, response={"number": "first"}),
        entry(1, response={"number": "second"}, request=dict(reversed(asked.items()))),
        entry(1, response={"number": "third"}),
    ]
    body = json.dumps(asked, separators=(", ", ": ") if spaced else (",", ":")).encode()
    with vcr_llm.use_cassette(written(tmp_path, *entries), record_mode="none"):
        answers = [httpx2.post(URL, content=body).json()["number"] for _ in range(4)]
    assert answers == ["first", "second", "third", "third"]


def test_a_recorded_request_is_found_without_being_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import httpx2

    from vcr_llm.cassette import index

    path, understood = written(tmp_path, *map(entry, range(20))), []

    def fingerprint(seen: Any, **rules: Any) -> Any:
        understood.append(seen)
        return original(seen, **rules)

    original = index.fingerprint
    monkeypatch.setattr(index, "fingerprint", fingerprint)
    with vcr_llm.use_cassette(path, record_mode="none"):
        for number in (7, 0, 19):
            assert httpx2.post(URL, json=entry(number)["request"]).json() == {"number": number}
        assert understood == []
        assert httpx2.post(URL, json=entry(7)["request"]).json() == {"number": 7}  # asked more than recorded
        assert len(understood) == 20


def asked_for(number: int) -> VcrRequest:
    return VcrRequest("POST", URL, json.dumps(entry(number)["request"]).encode(), {})


def test_a_recording_is_reserved_for_as_long_as_who_has_asked_is_there(tmp_path: Path) -> None:
    """vcrpy's stubs ask, and play afterwards; in between another call may ask the same."""
    path = written(tmp_path, entry(1), entry(1, response={"number": "again"}), entry(2))
    with vcr_llm.use_cassette(path, record_mode="none") as cassette:

        def played(request: VcrRequest) -> Any:
            return json.loads(cassette.play_response(request)["body"]["string"])["number"]

        first, second = asked_for(1), asked_for(1)
        assert cassette.can_play_response_for(first)
        assert cassette.can_play_response_for(first)
        assert cassette.can_play_response_for(second)
        assert (played(second), played(first)) == ("again", 1)
        cassette.rewind()
        gone = asked_for(1)
        assert cassette.can_play_response_for(gone)
        del gone
        assert played(asked_for(1)) == 1
        changed = asked_for(1)
        assert cassette.can_play_response_for(changed)
        changed.body = asked_for(2).body
        assert played(changed) == 2
        assert played(asked_for(1)) == "again"


def test_headers_are_filtered_for_whoever_looks_at_them(tmp_path: Path) -> None:
    import httpx2

    path, seen = written(tmp_path, entry(1)), []

    def replaced(key: str, value: str, request: Any) -> None:
        seen.append(value)

    def without_a_key(live: Any, recorded: Any) -> bool:
        return "authorization" not in live.headers

    def ask() -> Any:
        return httpx2.post(URL, json=entry(1)["request"], headers={"authorization": "Bearer x"}).json()

    with vcr_llm.use_cassette(path, filter_headers=[("authorization", replaced)], record_mode="none"):
        assert ask() == {"number": 1}
    assert set(seen) == {"Bearer x"}
    recorder = vcr_llm.VCR(match_on=["llm", "without_a_key"], record_mode="none")
    recorder.register_matcher("without_a_key", without_a_key)
    with recorder.use_cassette(str(path), filter_headers=["authorization"]):
        assert ask() == {"number": 1}
    with recorder.use_cassette(str(path)), pytest.raises(vcr_llm.CassetteMissError):
        ask()
