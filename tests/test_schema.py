"""A cassette written and read back is the same; what is no cassette is refused with its place."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from llm_mock.fixture_store import Fixture
from shared_files import SHARED, shared
from strategies import (
    BEDROCK_HEADERS,
    BOUNDED,
    amazon_message,
    cassettes,
    deep,
    event_streams,
    interactions,
    json_values,
    typed,
)
from test_sse import whatwg

from vcr_llm import jsontext
from vcr_llm.errors import NewerCassetteError, UnreadableCassetteError
from vcr_llm.fingerprint import fingerprint, llm_mock_hash
from vcr_llm.interaction import EPOCH, Body, CassetteData, Interaction, Request, Response
from vcr_llm.schema import dump, is_document, load
from vcr_llm.schema.terms import phrase
from vcr_llm.streams import sse

FIXTURES = (
    "anthropic_message.json",
    "anthropic_stream.json",
    "anthropic_tools_stream.json",
    "both_providers.json",
    "hello.v1.json",
    "openai_chat.json",
    "openai_chat_stream.json",
)
SCHEMA = json.loads(files("vcr_llm.schema").joinpath("cassette.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

URL = "https://api.openai.com/v1/chat/completions"
CHAT = {"model": "gpt-5", "messages": [{"role": "user", "content": "Hi"}]}
JSON = {"content-type": ("application/json",)}
STREAM = {"content-type": ("text/event-stream; charset=utf-8",)}


def interaction(
    request: Body | None, response: Body, headers: dict[str, tuple[str, ...]] = JSON, **rest: Any
) -> Interaction:
    return Interaction(Request("POST", URL, request), Response(200, "OK", headers, response), **rest)


# --- written and read back ---------------------------------------------------------------------------


def json_of(body: Body) -> str | None:
    try:
        return None if body.text is None else typed(jsontext.parse(body.text))
    except jsontext.LossyJsonError:
        return None


def assert_same_body(loaded: Body | None, body: Body | None, *, may_parse: bool) -> None:
    """Byte for byte the same; where it ``may_parse``, the same JSON value or the same events and framing."""
    if loaded is None or body is None:
        assert loaded is body
    elif loaded.raw != body.raw:
        assert may_parse
        if json_of(body) is not None:
            assert json_of(loaded) == json_of(body)
        else:
            assert sse.parse(body.raw) is not None
            assert whatwg(loaded.raw) == whatwg(body.raw)


def assert_same(loaded: Interaction, original: Interaction) -> None:
    assert (loaded.request.method, loaded.request.url) == (original.request.method, original.request.url)
    assert_same_body(loaded.request.body, original.request.body, may_parse=True)
    ours, theirs = loaded.response, original.response
    assert (ours.status, ours.reason, ours.headers) == (theirs.status, theirs.reason, theirs.headers)
    kind = "".join(theirs.headers.get("content-type", ())[:1]).lower()
    kind = kind if "/" in kind else ""  # redacted: the body is taken by its content
    assert_same_body(ours.body, theirs.body, may_parse=not kind or "json" in kind or "event-stream" in kind)
    assert loaded.recorded_at == original.date
    assert typed(loaded.extra) == typed(original.extra)


def pydantic_of(text: str) -> Fixture:
    return Fixture.model_validate_json(text)


def check(data: CassetteData) -> CassetteData:
    text = dump(data)
    loaded = load(text)
    assert len(loaded.interactions) == len(data.interactions)
    for ours, theirs in zip(loaded.interactions, data.interactions, strict=True):
        assert_same(ours, theirs)
    assert data.provider in (loaded.provider, None)
    assert typed(loaded.extra) == typed(data.extra)
    assert dump(loaded) == text
    document = json.loads(text)
    assert is_document(document)
    VALIDATOR.validate(document)
    if "\\ud" not in text:  # half a character, which pydantic's JSON parser takes for broken JSON
        assert_llm_mock_reads_the_same(text)
    return loaded


def assert_llm_mock_reads_the_same(text: str) -> None:
    document = json.loads(text)
    fixture = pydantic_of(text)
    assert (fixture.version, fixture.provider) == ("2.0", document["provider"])
    assert [each.model_dump() for each in fixture.interactions] == [
        {name: entry[name] for name in entry if name in type(fixture.interactions[0]).model_fields}
        for entry in document["interactions"]
    ]


@BOUNDED
@given(cassettes)
@example(CassetteData((interaction(None, Body(b""), {"content-type": ()}),)))
@example(CassetteData((interaction(Body(b""), Body(b'data: "[DONE]"\n\n'), STREAM),)))
@example(CassetteData((interaction(Body(b'{"a":1,"a":2}'), Body(b"[NaN]")),)))
@example(CassetteData((interaction(Body.of_json(deep(2_000)), Body.of_json(deep(2_000))),)))
@example(CassetteData((interaction(Body.of_json({**CHAT, "x": deep(950)}), Body.of_json({})),)))
@example(CassetteData((interaction(Body.of_json({}), Body(b"data: 1\r\n\r\n"), {}),)))
def test_a_cassette_written_and_read_back_is_the_same(data: CassetteData) -> None:
    check(data)


@BOUNDED
@given(event_streams())
def test_a_stream_stands_in_the_document_as_events_only(raw: bytes) -> None:
    data = CassetteData((interaction(Body.of_json(CHAT), Body(raw), STREAM),))
    check(data)
    entry = json.loads(dump(data))["interactions"][0]
    assert entry["streaming"] is True
    assert [typed(each["data"]) for each in entry["stream_events"]] == [
        typed(event.data) for event in sse.parse(raw).events
    ]
    assert "response_body" not in entry["http"]
    assert entry["response"] == {}


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"[1, 2]", {"json": [1, 2]}),
        (b"{}", {"json": {}}),
        (b"null", {"json": None}),
        (b'"text"', {"json": "text"}),
        (b"1e400", {"text": "1e400"}),
        (b'{"a": 1, "a": 1}', {"text": '{"a": 1, "a": 1}'}),
        (b"\xef\xbb\xbf{}", {"text": "\ufeff{}"}),
        (b"<html>", {"text": "<html>"}),
        (b"\xff\x00", {"base64": "/wA="}),
        ('{"a": 1}'.encode("utf-16"), {"base64": "//57ACIAYQAiADoAIAAxAH0A"}),
        (b"[" * 101 + b"]" * 101, {"text": "[" * 101 + "]" * 101}),
    ],
    ids=repr,
)
def test_a_body_that_is_no_object_stands_in_http_in_its_simplest_form(
    body: bytes, form: dict[str, Any]
) -> None:
    data = CassetteData((interaction(Body(body), Body(body)),))
    check(data)
    entry = json.loads(dump(data))["interactions"][0]
    assert (entry["request"], entry["response"]) == ({}, {})
    assert entry["http"]["request_body"] == entry["http"]["response_body"] == form


def test_no_body_an_empty_one_and_an_empty_object_are_told_apart() -> None:
    requests = (None, Body(b""), Body(b"{}"))
    loaded = check(CassetteData(tuple(interaction(body, Body(b"")) for body in requests)))
    assert tuple(each.request.body for each in loaded.interactions) == requests


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "image/png", "text/csv"])
def test_a_download_that_happens_to_be_json_keeps_every_byte(kind: str) -> None:
    body = Body(b'{ "a" : 1.50 }\n')
    loaded = check(CassetteData((interaction(None, body, {"content-type": (kind,)}),)))
    assert loaded.interactions[0].response.body == body


@pytest.mark.parametrize(
    ("status", "reason", "written"),
    [
        (200, "OK", None),
        (200, "", ""),
        (200, "Fine", "Fine"),
        (422, "Unprocessable Content", None),
        (422, "Unprocessable Entity", "Unprocessable Entity"),
        (413, "Content Too Large", None),
        (599, "", None),
    ],
)
def test_only_an_unusual_reason_is_written(status: int, reason: str, written: str | None) -> None:
    response = Response(status, reason, {}, Body(b""))
    text = dump(CassetteData((Interaction(Request("GET", URL), response),)))
    assert json.loads(text)["interactions"][0]["http"].get("reason") == written
    assert load(text).interactions[0].response.reason == reason


def test_every_status_has_one_phrase_in_every_python() -> None:
    phrases = {413: "Content Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable"}
    assert {status: phrase(status) for status in phrases} == phrases
    assert (phrase(200), phrase(999), phrase(-1)) == ("OK", "", "")


@pytest.mark.parametrize(
    ("recorded_at", "header", "date"),
    [
        ("2026-01-02T03:04:05+00:00", "Wed, 21 Oct 2015 07:28:00 GMT", "2026-01-02T03:04:05+00:00"),
        (None, "Wed, 21 Oct 2015 07:28:00 GMT", "2015-10-21T07:28:00+00:00"),
        (None, "Wed, 21 Oct 2015 07:28:00 +0200", "2015-10-21T05:28:00+00:00"),
        (None, "Wed, 21 Oct 2015 07:28:00 -0000", "2015-10-21T07:28:00+00:00"),
        (None, "Mon, 1 Jan 99999999999 00:00:00 GMT", EPOCH),
        (None, "Mon, 1 Jan 2020 00:00:00 +99999999999", EPOCH),
        (None, "soon", EPOCH),
    ],
)
def test_the_date_is_when_it_was_recorded_or_sent_in_utc(
    recorded_at: str | None, header: str, date: str
) -> None:
    found = interaction(None, Body(b""), {"date": (header,)}, recorded_at=recorded_at)
    assert load(dump(CassetteData((found,)))).interactions[0].recorded_at == date


def test_the_hash_is_llm_mocks_where_there_are_messages_and_our_digest_elsewhere() -> None:
    embedding = Request("POST", "https://api.openai.com/v1/embeddings", Body.of_json({"input": "Hi"}))
    response = Response(200, "OK", JSON, Body(b"{}"))
    data = CassetteData((interaction(Body.of_json(CHAT), Body(b"{}")), Interaction(embedding, response)))
    first, second = json.loads(dump(data))["interactions"]
    assert first["hash"] == llm_mock_hash(CHAT)
    assert second["hash"] == fingerprint(embedding).digest


def test_the_provider_is_that_of_the_first_llm_call() -> None:
    other = Interaction(Request("GET", "https://example.org/"), Response(200, "OK", {}, Body(b"")))
    call = interaction(Body.of_json(CHAT), Body(b"{}"))
    assert json.loads(dump(CassetteData((other, call))))["provider"] == "openai"
    assert json.loads(dump(CassetteData((other,))))["provider"] == "other"
    assert json.loads(dump(CassetteData()))["provider"] == "other"


def test_a_binary_body_may_stand_beside_the_cassette() -> None:
    saved: dict[str, bytes] = {}

    def save(raw: bytes) -> str:
        saved["blob"] = raw
        return "blob"

    body = Body(b"\x89PNG\xff")
    text = dump(CassetteData((interaction(None, body, {}),)), save)
    entry = json.loads(text)["interactions"][0]
    assert entry["http"]["response_body"] == {"file": "blob"}
    VALIDATOR.validate(json.loads(text))
    assert load(text, saved.__getitem__).interactions[0].response.body == body
    assert "base64" in dump(CassetteData((interaction(None, body, {}),)), lambda raw: "")


# --- llm-mock's own files ----------------------------------------------------------------------------


def test_these_are_all_of_llm_mocks_files() -> None:
    shared("llm-mock/fixtures")
    assert sorted(path.name for path in (SHARED / "llm-mock/fixtures").iterdir()) == sorted(FIXTURES)


@pytest.mark.parametrize("name", FIXTURES)
def test_a_file_of_llm_mock_is_read_and_written_as_an_equal_document(name: str) -> None:
    text = shared(f"llm-mock/fixtures/{name}").read_text("utf-8")
    document = json.loads(text)
    data = load(text)
    assert all(each.bare for each in data.interactions)
    written = json.loads(dump(data))
    defaults = {"streaming": False, "stream_events": []}
    expected = [{**defaults, **entry} for entry in document["interactions"]]
    assert [typed(sorted(entry.items())) for entry in written["interactions"]] == [
        typed(sorted(entry.items())) for entry in expected
    ]
    assert {**written, "interactions": []} == {**document, "version": "2.0", "interactions": []}
    assert dump(load(dump(data))) == dump(data)
    VALIDATOR.validate(document)
    VALIDATOR.validate(written)


def test_a_trimmed_file_of_llm_mock_keeps_its_hash() -> None:
    document = {
        "version": "1.0",
        "provider": "anthropic",
        "interactions": [
            {
                "hash": "abc",
                "request": {"model": "claude-sonnet-4-6"},
                "response": {"content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn"},
                "recorded_at": "2026-01-01T00:00:00+00:00",
                "note": "by hand",
            }
        ],
    }
    data = load(json.dumps(document))
    (found,) = data.interactions
    assert found.request.url == "https://api.anthropic.com/v1/messages"
    assert (found.hash, found.bare, found.extra) == ("abc", True, {"note": "by hand"})
    assert json.loads(dump(data))["interactions"][0]["hash"] == "abc"


# --- bad documents -----------------------------------------------------------------------------------

GOOD = {
    "version": "2.0",
    "provider": "openai",
    "interactions": [
        {
            "hash": "0" * 64,
            "request": CHAT,
            "response": {},
            "streaming": True,
            "stream_events": [{"event": "e", "data": {"a": 1}}, {"data": "[DONE]"}],
            "recorded_at": EPOCH,
            "http": {
                "method": "POST",
                "url": URL,
                "status": 200,
                "headers": {"content-type": ["text/event-stream"]},
            },
        }
    ],
}


def changed(*keys: str | int, value: Any) -> str:
    document = json.loads(json.dumps(GOOD))
    item: Any = document
    for key in keys[:-1]:
        item = item[key]
    item[keys[-1]] = value
    return json.dumps(document, indent=1)


def entry(*keys: str | int, value: Any) -> str:
    return changed("interactions", 0, *keys, value=value)


def http(*keys: str | int, value: Any) -> str:
    return entry("http", *keys, value=value)


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("", (1, 1), "The cassette is empty"),
        (" \n\t", (1, 1), "The cassette is empty"),
        ('{\n  "a" 1\n}', (2, 7), "The cassette is not valid JSON: Expecting ':' delimiter"),
        ("<<<<<<< HEAD\n{}", (1, 1), "The cassette is not valid JSON: Expecting value"),
        ('{"interactions": [', (1, 19), "The cassette is not valid JSON: Expecting value"),
        ('{"a": NaN}', (1, 1), "The cassette is not usable JSON: NaN is not JSON"),
        ('{"a": 1e400}', (1, 1), "The cassette is not usable JSON: 1e400 does not fit a float"),
        ("[" * 100_000, (1, 1), "The cassette is not usable JSON: maximum recursion depth exceeded"),
        ("[]", (1, 1), "A cassette is a JSON object, not a list"),
        ('\n "x"', (2, 2), "A cassette is a JSON object, not a text"),
        ("{}", (1, 1), 'The cassette has no "interactions"'),
        ('{"interactions": {}}', (1, 18), '"interactions" must be a list, not an object'),
        (changed("provider", value=1), (3, 14), '"provider" must be a text, not a whole number'),
        (changed("version", value=2), (2, 13),
         "The cassette has the version 2; this vcr-llm reads 1.0 and 2.0"),
        (changed("interactions", 0, value=None), (5, 3), "Interaction 1 is null, not an object"),
        ('{"provider": "openai", "interactions": [{}]}', (1, 41), 'Interaction 1 has no "request"'),
        (entry("request", value=[]), (7, 15), '"request" must be an object, not a list'),
        (entry("streaming", value=0), (17, 17), '"streaming" must be true or false, not a whole number'),
        (entry("stream_events", 1, value={}), (25, 5), 'Stream event 2 is no object with "data"'),
        (entry("stream_events", 0, "event", value="a\nb"), (20, 15), '"event" must be one line'),
        (http(value={}), (30, 12), 'The http of interaction 1 has no "url"'),
        (http(value="x"), (30, 12), '"http" must be an object, not a text'),
        (http("status", value=True), (33, 15), '"status" must be a whole number, not true or false'),
        (http("status", value=200.5), (33, 15), '"status" must be a whole number, not a number'),
        (http("headers", value={"a": [1]}), (35, 11), 'The header "a" is no text and no list of texts'),
        (http("stream", value={"newline": "x"}), (40, 17), '"newline" must be a line ending'),
        (http("stream", value={"fields": ["data"]}), (40, 16),
         '"fields" must name event, id, retry, data once each'),
        (http("stream", value={"between": [{}]}), (41, 7),
         '"between" holds objects with "before" and "lines"'),
        (http("request_body", value={"base64": "?"}), (40, 16), "This is not base64: "),
        (http("request_body", value={"base64": "é"}), (40, 16), "This is not base64: "),
        (http("request_body", value={"file": "x"}), (39, 21),
         "The body is in the file 'x', which only a cassette on disk has"),
        (http("request_body", value={"text": 1}), (39, 21),
         '"request_body" has none of "json", "text", "base64", "file"'),
        (entry("note", value=deep(120)), (5, 3),
         "A member this package does not know is nested more than 100 deep"),
        ('{"interactions": [{"request": {}, "response": {}}]}', (1, 19),
         "Interaction 1 has no http.url, and its bodies"),
    ],
)  # fmt: skip
def test_a_broken_cassette_is_refused_with_its_place_and_reason(
    text: str, at: tuple[int, int], reason: str
) -> None:
    with pytest.raises(UnreadableCassetteError) as caught:
        load(text)
    error = caught.value
    assert type(error) is UnreadableCassetteError
    assert error.reason.startswith(reason)
    assert (error.line, error.column) == at
    assert str(error.at("c.llm.json")).startswith(f"c.llm.json:{at[0]}:{at[1]}: {reason}")
    assert "The file was left as it is. Restore it from version control" in str(error)


@pytest.mark.parametrize("version", ["2.1", "3.0", "10"])
def test_a_later_version_is_refused_with_the_command_that_updates(version: str) -> None:
    with pytest.raises(NewerCassetteError, match="pip install -U vcr-llm") as caught:
        load(changed("version", value=version))
    assert (caught.value.line, caught.value.column) == (2, 13)


def test_header_values_may_be_single_texts_and_names_in_any_case() -> None:
    text = http("headers", value={"Content-Type": "text/plain", "X-A": ["1"], "x-a": "2"})
    assert load(text).interactions[0].response.headers == {"content-type": ("text/plain",), "x-a": ("1", "2")}


def test_unknown_members_are_kept_at_the_top_in_an_interaction_and_in_http() -> None:
    (good,) = GOOD["interactions"]
    http = {**good["http"], "trailers": {"x": ["1"]}}
    document = {**GOOD, "note": {"b": 1, "a": [1.0]}, "interactions": [{**good, "http": http, "x": None}]}
    data = load(json.dumps(document))
    extra = {"x": None, "http": {"trailers": {"x": ["1"]}}}
    assert (data.extra, data.interactions[0].extra) == ({"note": {"b": 1, "a": [1.0]}}, extra)
    assert load(dump(data)) == data
    assert json.loads(dump(data))["interactions"][0]["http"]["trailers"] == {"x": ["1"]}


@pytest.mark.parametrize(
    ("document", "is_ours"),
    [
        (GOOD, True),
        ({"version": "1.0", "interactions": []}, True),
        ({"provider": "openai", "interactions": []}, True),
        ({"interactions": [{"hash": "x"}]}, True),
        ({"interactions": [{"request": {"model": "m"}}]}, True),
        ({"version": 1, "interactions": [{"request": {"method": "GET", "uri": "x"}, "response": {}}]}, False),
        ({"version": 1, "interactions": []}, False),
        ({"log": {"entries": []}}, False),
        ([], False),
        (None, False),
    ],
)
def test_our_documents_are_told_from_others(document: Any, is_ours: bool) -> None:
    assert is_document(document) is is_ours


# --- fuzz --------------------------------------------------------------------------------------------


def places(value: Any, keys: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in pairs:
        yield (*keys, key)
        yield from places(member, (*keys, key))


def load_or_refuse(text: str) -> CassetteData | None:
    """What is read can also be written and read again."""
    try:
        data = load(text, lambda name: name.encode("utf-8", "replace"))
    except UnreadableCassetteError as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        assert refused.line is not None
        assert refused.column is not None
        return None
    written = dump(data)
    assert dump(load(written)) == written
    return data


@BOUNDED
@given(
    st.text(max_size=60)
    | st.text('{}[]":,1eE+-.nultrfas "interactions"', max_size=60)
    | json_values().map(json.dumps)
)
def test_any_text_is_a_cassette_or_refused(text: str) -> None:
    load_or_refuse(text)


@BOUNDED
@given(
    interactions,
    st.randoms(use_true_random=False),
    json_values(leaves=4) | st.sampled_from([{}, [], "", -1, 2.0]),
)
def test_a_mutated_document_is_a_cassette_or_refused(
    found: Interaction, random_: random.Random, value: Any
) -> None:
    document = json.loads(dump(CassetteData((found,))))
    keys = random_.choice([each for each in places(document) if len(each) < 6])
    item = document
    for key in keys[:-1]:
        item = item[key]
    match random_.randrange(3):
        case 0:
            item[keys[-1]] = value
        case 1:
            del item[keys[-1]]
        case _ if isinstance(item, dict):
            item[random_.choice(["event", "id", "data", "text", "file", "newline", "end", "x"])] = value
        case _:
            item.insert(0, value)
    data = load_or_refuse(json.dumps(document))
    if VALIDATOR.is_valid(document) and all(
        is_within_the_json_schema(each) for each in document["interactions"]
    ):
        assert data is not None, "the JSON Schema allows what cannot be read"


def is_within_the_json_schema(entry: dict[str, Any]) -> bool:
    """Not said by it: without http the bodies must look like a provider's; 200.0 is an integer to it."""
    return "http" in entry and not isinstance(entry["http"].get("status"), float)


@BOUNDED
@given(interactions, st.integers(0, 10_000), st.text(max_size=3), st.integers(0, 5))
def test_a_document_with_damaged_text_is_a_cassette_or_refused(
    found: Interaction, at: int, inserted: str, removed: int
) -> None:
    text = dump(CassetteData((found,)))
    at %= len(text)
    load_or_refuse(text[:at] + inserted + text[at + removed :])


# --- the JSON Schema ---------------------------------------------------------------------------------


def test_the_json_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_member_of_the_json_schema_is_described() -> None:
    def undescribed(schema: dict[str, Any], where: str) -> Iterator[str]:
        for name, member in schema.get("properties", {}).items():
            target = SCHEMA["$defs"].get(member.get("$ref", "").rpartition("/")[2], {})
            if "description" not in {**target, **member}:
                yield f"{where}.{name}"

    schemas = {"": SCHEMA, **SCHEMA["$defs"]}
    missing = [name for where, schema in schemas.items() for name in undescribed(schema, where)]
    assert set(missing) <= {"http.method", "http.status", "framing.lines"}


@pytest.mark.parametrize(
    "text",
    [
        changed("version", value="3.0"),
        entry("request", value=None),
        entry("stream_events", 0, value={"event": "e"}),
        entry("stream_events", 0, "id", value="a\nb"),
        http(value={}),
        http("status", value="200"),
        http("headers", value={"a": 1}),
        http("request_body", value={}),
        http("request_body", value={"base64": "?"}),
        http("stream", value={"fields": ["data"]}),
        "{}",
    ],
)
def test_the_json_schema_refuses_what_cannot_be_read(text: str) -> None:
    assert VALIDATOR.is_valid(GOOD)
    assert not VALIDATOR.is_valid(json.loads(text))


# --- streams by hand, of other providers -------------------------------------------------------------

BY_HAND: dict[str, tuple[Any, list[Any], bytes]] = {
    "ollama": (
        {"model": "llama3", "messages": []},
        [{"data": {"message": {"content": "Hi"}, "done": False}}, {"data": {"done": True}}],
        b'{"message":{"content":"Hi"},"done":false}\n{"done":true}\n',
    ),
    "gemini": (
        {"model": "gemini-3", "contents": []},
        [{"data": {"candidates": []}}],
        b'data: {"candidates":[]}\n\n',
    ),
    "bedrock": (
        {"modelId": "nova", "messages": []},
        [{"event": "messageStop", "data": {"stopReason": "end_turn"}}],
        amazon_message(((":event-type", "messageStop"), *BEDROCK_HEADERS[1:]), b'{"stopReason":"end_turn"}'),
    ),
}


@pytest.mark.parametrize("provider", BY_HAND)
def test_a_stream_by_hand_is_of_the_providers_own_kind(provider: str) -> None:
    request, events, raw = BY_HAND[provider]
    entry = {
        "hash": "h",
        "request": request,
        "recorded_at": EPOCH,
        "streaming": True,
        "stream_events": events,
    }
    text = json.dumps({"version": "2.0", "provider": provider, "interactions": [entry]})
    (found,) = load(text).interactions
    assert found.response.body.raw == raw
    assert found.bare
    (again,) = json.loads(dump(load(text)))["interactions"]
    assert again["stream_events"] == events
    assert "http" not in again


@pytest.mark.parametrize(
    ("stream", "event", "reason"),
    [
        ({"format": "tape"}, {"data": 1}, '"format" must be one of sse, aws, ndjson, json-array'),
        ({"format": "ndjson", "newline": "\r"}, {"data": 1}, '"newline" must be a line ending'),
        (
            {"format": "ndjson", "json": {"escaped": "all"}},
            {"data": 1},
            '"escaped" must be "html" or "ascii"',
        ),
        ({"format": "json-array", "json": []}, {"data": 1}, '"json" must be an object, not a list'),
        ({"format": "aws"}, {"event": 1, "data": 1}, '"event" must be a text, not a whole number'),
        ({"format": "aws"}, {"event": "e" * 70_000, "data": 1}, "A name is too long for an event stream"),
        ({"format": "aws"}, {"headers": {"a": 1}, "data": 1}, 'The header "a" is no text'),
        (
            {"format": "aws", "headers": {"a" * 256: ""}},
            {"data": 1},
            "A header is too long for an event stream",
        ),
    ],
)
def test_a_stream_that_could_not_be_built_is_refused(stream: Any, event: Any, reason: str) -> None:
    http = {"url": URL, "stream": stream}
    entry = {"request": {}, "streaming": True, "stream_events": [event], "http": http}
    with pytest.raises(UnreadableCassetteError, match=re.escape(reason)):
        load(json.dumps({"version": "2.0", "provider": "x", "interactions": [entry]}))
