"""Every format and every oddity of one, with an example each; what is refused, damaged or malicious."""

from __future__ import annotations

import base64
import csv
import gzip
import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from shared_files import shared
from strategies import BOUNDED, json_values

from vcr_llm import formats
from vcr_llm.errors import UnreadableCassetteError
from vcr_llm.formats import NotACassetteError, filetext, yamltext
from vcr_llm.interaction import Interaction

CHAT = "https://api.openai.com/v1/chat/completions"


def read(text: str | bytes, **options: Any) -> formats.Reading:
    return formats.read(text.encode() if isinstance(text, str) else text, **options)


def only(text: str | bytes, **options: Any) -> Interaction:
    (interaction,) = read(text, **options).data().interactions
    return interaction


def entry(request: str = "", response: str = "") -> str:
    """A vcrpy interaction in YAML with some members replaced."""
    asked = {"method": "POST", "uri": CHAT, "body": "'hello'", "headers": "{}"}
    answered = {"status": "{code: 200, message: OK}", "headers": "{}", "body": "{string: '{}'}"}
    lines = ["interactions:", "- request:"]
    for members, changes in ((asked, request), (answered, response)):
        for line in filter(None, changes.split("|")):
            name, _, value = line.partition("=")
            members[name] = value
        lines += [f"    {name}: {value}" for name, value in members.items() if value != "-"]
        lines += ["  response:"] if members is asked else ["version: 1"]
    return "\n".join(lines) + "\n"


# --- bodies of requests ---------------------------------------------------------------------------------

BYTES_IO = "!!python/object/new:_io.BytesIO {state: !!python/tuple [!!binary aGVsbG8=, 0, null]}"
REQUEST_BODIES = {
    "text": ("'hello'", b"hello"),
    "bytes": ("!!binary aGVsbG8=", b"hello"),
    "none": ("null", None),
    "no member": ("-", None),
    "empty": ("''", b""),
    "text of Python 2": ("!!python/unicode 'hello'", b"hello"),
    "a plain text of Python 2": ("!!python/str 'hello'", b"hello"),
    "a file": (BYTES_IO, b"hello"),
    "a file by its argument": ("!!python/object/apply:_io.BytesIO [!!binary aGVsbG8=]", b"hello"),
    "an iterator": ("!!python/object/apply:builtins.iter {args: [[!!binary aGVs, !!binary bG8=]]}", b"hello"),
    "pieces": ("[hel, lo]", b"hello"),
    "aiohttp's json=": ("{model: gpt-4o, n: 1}", b'{"model": "gpt-4o", "n": 1}'),
    "an object with one string": ("{string: hello}", b"hello"),
    "bytes as Python 2 pickled them": ("!!python/object/apply:_codecs.encode [hello, latin1]", b"hello"),
    "not ASCII": ("'héllo 你好'", "héllo 你好".encode()),
}


@pytest.mark.parametrize("name", REQUEST_BODIES)
def test_bodies_of_requests(name: str) -> None:
    value, expected = REQUEST_BODIES[name]
    body = only(entry(f"body={value}")).request.body
    assert (None if body is None else body.raw) == expected


# --- responses ------------------------------------------------------------------------------------------

ZIPPED = base64.b64encode(gzip.compress(b'{"a": 1}', mtime=0)).decode()
TWICE = base64.b64encode(gzip.compress(gzip.compress(b'{"a": 1}', mtime=0), mtime=0)).decode()
RESPONSES = {
    "as today": ("", 200, b"{}"),
    "a bare string": ("body='{}'", 200, b"{}"),
    "bare bytes": ("body=!!binary e30=", 200, b"{}"),
    "no body": ("body=-", 200, b""),
    "null": ("body=null", 200, b""),
    "an object without its string": ("body={}", 200, b""),
    "a null string": ("body={string: null}", 200, b""),
    "an old httpx stub": ("status=-|body=-|status_code=201|http_version=HTTP/1.1|content='{}'", 201, b"{}"),
    "a number as status": ("status=404", 404, b"{}"),
    "a line as status": ("status=429 Too Many Requests", 429, b"{}"),
    "no status": ("status=-", 200, b"{}"),
    "an aborted call": ("status=0", 0, b"{}"),
    "an enumeration as status": ("status={code: !!python/object/apply:http.HTTPStatus [204]}", 204, b"{}"),
    "go-vcr's": (
        "status=503 Service Unavailable|code=503|body='{}'|duration=1s|uncompressed=true",
        503,
        b"{}",
    ),
    "gzip": (f"headers={{Content-Encoding: [gzip]}}|body={{string: !!binary {ZIPPED}}}", 200, b'{"a": 1}'),
    "gzip twice": (
        f"headers={{content-encoding: 'gzip, GZIP'}}|body={{string: !!binary {TWICE}}}",
        200,
        b'{"a": 1}',
    ),
    "not encoded as it says": ("headers={Content-Encoding: gzip}|body={string: '{}'}", 200, b"{}"),
    "betamax's base64": ("body={base64_string: e30=, encoding: utf-8}", 200, b"{}"),
    "a parsed body under another name": ("body={yaml: {a: [1, null]}}", 200, b'{"a": [1, null]}'),
}


@pytest.mark.parametrize("name", RESPONSES)
def test_responses(name: str) -> None:
    changes, status, body = RESPONSES[name]
    response = only(entry(response=changes)).response
    assert (response.status, response.body.raw) == (status, body)
    assert "content-encoding" not in response.headers


HEADERS = {
    "lists": "{Content-Type: [a, b]}",
    "a text": "{Content-Type: a}",
    "bytes": "{content-type: [!!binary YQ==]}",
    "a name of aiohttp's": "{? !!python/object/apply:multidict._multidict.istr [Content-Type] : [a]}",
    "a tuple": "{Content-Type: !!python/tuple [a]}",
    "pairs": "[[Content-Type, a]]",
    "lines": "['Content-Type: a']",
    "objects": "[{name: Content-Type, value: a}]",
    "aiohttp's dictionary": (
        "!!python/object/apply:multidict._multidict.CIMultiDict [[!!python/tuple [Content-Type, a]]]"
    ),
    "an ordered dictionary": "!!python/object/apply:collections.OrderedDict [[[Content-Type, a]]]",
    "vcrpy's dictionary": (
        "!!python/object:vcr.util.CaseInsensitiveDict "
        "{state: {_store: {content-type: !!python/tuple [Content-Type, a]}}}"
    ),
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers(name: str) -> None:
    values = only(entry(response=f"headers={HEADERS[name]}")).response.headers["content-type"]
    assert values == (("a", "b") if name == "lists" else ("a",))


def test_a_request_keeps_its_headers_and_the_spelling_of_its_method() -> None:
    (recording,) = read(entry("method=post|headers={User-Agent: x, Accept: [a, b]}")).recordings
    assert recording.method == "post"
    assert recording.request_headers == {"User-Agent": ("x",), "Accept": ("a", "b")}


def test_the_date_is_vcrpys_or_the_responses() -> None:
    dated = entry(response="recorded_at='2024-05-06T07:08:09.123456789Z'")
    assert only(dated).date == "2024-05-06T07:08:09.123456+00:00"
    assert only(entry(response="recorded_at=2024-05-06 07:08:09")).date == "2024-05-06T07:08:09+00:00"
    rubys = entry(response="recorded_at='Mon, 06 May 2024 07:08:09 GMT'")
    assert only(rubys).date == "2024-05-06T07:08:09+00:00"
    assert only(entry(response="recorded_at=long ago")).date.startswith("1970")
    header = entry(response="headers={Date: ['Mon, 06 May 2024 07:08:09 GMT']}")
    assert only(header).date == "2024-05-06T07:08:09+00:00"
    assert only(entry()).date.startswith("1970")


def test_what_has_no_place_is_kept() -> None:
    reading = read(entry("timeout=5", "history=[1]") + "metadata: {a: 1}\nttl: 3\n")
    assert reading.extra == {"metadata": {"a": 1}, "recorded": {"ttl": 3}}
    (recording,) = reading.recordings
    assert recording.extra == {"recorded": {"request": {"timeout": 5}, "response": {"history": [1]}}}


# --- shapes of files ------------------------------------------------------------------------------------

MESSAGE = {"method": "POST", "uri": CHAT, "body": "hello", "headers": {}}
ANSWER: dict[str, Any] = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "{}"}}
PAIR = {"request": MESSAGE, "response": ANSWER}
OLD = {"protocol": "https", "host": "api.openai.com", "port": 443, "path": "/v1/chat/completions"}
OLD_YAML = """\
- request: !!python/object:vcr.request.Request
    body: hello
    headers: !!python/object/apply:__builtin__.frozenset
    - - !!python/tuple [Accept, '*/*']
    host: api.openai.com
    method: POST
    path: /v1/chat/completions
    port: 443
    protocol: https
  response:
    body: {string: !!python/unicode '{}'}
    headers: ["Content-Type: application/json\\r\\n"]
    status: {code: 200, message: OK}
"""
PARSED = {
    "interactions": [
        {
            "request": {"method": "POST", "uri": CHAT, "parsed_body": {"model": "gpt-4o"}, "headers": {}},
            "response": {"status": ANSWER["status"], "headers": {}, "parsed_body": {"a": None}},
        }
    ]
}
HAR = {
    "log": {
        "creator": {"name": "Polly.JS"},
        "entries": [
            {
                "startedDateTime": "2024-05-06T07:08:09.000Z",
                "request": {
                    "method": "POST",
                    "url": CHAT,
                    "headers": [{"name": ":path", "value": "/"}, {"name": "accept", "value": "*/*"}],
                    "postData": {"mimeType": "text/plain", "text": "hello"},
                },
                "response": {
                    "status": 200,
                    "statusText": "OK",
                    "headers": [{"name": "content-encoding", "value": "gzip"}],
                    "content": {"text": json.dumps([gzip.compress(b"{}", mtime=0).hex()])},
                },
            }
        ],
    }
}
CASSETTER = """\
version: 1
interactions:
- request:
    method: POST
    uri: https://api.openai.com/v1/chat/completions
    headers: {x-multi: [one, two]}
    body: {type: text, content: hello}
  response:
    status: 200
    headers: {content-type: [application/json]}
    body: {type: json, content: {}}
  recorded_at: 2024-05-06T07:08:09Z
"""
CASSETTER_TOML = f"""\
version = 1

[[interactions]]
recorded_at = "2024-05-06T07:08:09Z"

[interactions.request]
method = "POST"
uri = "{CHAT}"
body_type = "binary"
body_content = "68656c6c6f"

[interactions.response]
status = 200
body_type = "json"
body_content = '{{}}'
"""
SHAPES: dict[str, tuple[str, str | bytes]] = {
    "JSON": ("vcrpy", json.dumps({"version": 1, "interactions": [PAIR]})),
    "a version in quotes": ("vcrpy", json.dumps({"version": "1", "interactions": [PAIR]})),
    "YAML": ("vcrpy", yaml.safe_dump({"version": 1, "interactions": [PAIR]})),
    "YAML that begins like JSON": (
        "vcrpy",
        yaml.safe_dump({"interactions": [PAIR]}, default_flow_style=True),
    ),
    "UTF-16": ("vcrpy", yaml.safe_dump({"interactions": [PAIR]}).encode("utf-16")),
    "a byte order mark": ("vcrpy", b"\xef\xbb\xbf" + yaml.safe_dump({"interactions": [PAIR]}).encode()),
    "the line ends of Windows": ("vcrpy", yaml.safe_dump({"interactions": [PAIR]}).replace("\n", "\r\n")),
    "gzip": ("vcrpy", gzip.compress(json.dumps({"interactions": [PAIR]}).encode())),
    "gzip in two members": (
        "vcrpy",
        gzip.compress(b'{"interactions": [') + gzip.compress(json.dumps(PAIR).encode() + b"]}"),
    ),
    "a list from before 1.0": (
        "vcrpy before 1.0",
        json.dumps([{"request": {**MESSAGE, "uri": None, **OLD}, "response": {**ANSWER, "headers": []}}]),
    ),
    "the same with Python objects": ("vcrpy before 1.0", OLD_YAML),
    "parallel lists": ("parallel lists", yaml.safe_dump({"requests": [MESSAGE], "responses": [ANSWER]})),
    "a single interaction": ("single interaction", json.dumps(PAIR)),
    "betamax": (
        "betamax",
        json.dumps({"http_interactions": [PAIR], "recorded_with": "betamax/0.9"}),
    ),
    "Ruby's VCR": ("Ruby VCR", yaml.safe_dump({"http_interactions": [PAIR], "recorded_with": "VCR 6.0"})),
    "go-vcr": (
        "go-vcr",
        yaml.safe_dump(
            {
                "version": 2,
                "interactions": [
                    {
                        "id": 0,
                        "request": {
                            "body": "hello",
                            "url": CHAT,
                            "method": "POST",
                            "form": {},
                            "headers": {},
                        },
                        "response": {"body": "{}", "headers": {}, "status": "200 OK", "code": 200},
                    }
                ],
            }
        ),
    ),
    "cassetter": ("cassetter", CASSETTER),
    "cassetter in TOML": ("cassetter", CASSETTER_TOML),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_of_files(name: str) -> None:
    expected, text = SHAPES[name]
    reading = read(text)
    assert reading.format == expected
    (interaction,) = reading.data().interactions
    assert (interaction.request.method, interaction.request.url) == ("POST", CHAT)
    assert interaction.request.body is not None
    assert interaction.request.body.raw == b"hello"
    assert (interaction.response.status, interaction.response.body.raw) == (200, b"{}")


def test_bodies_that_were_stored_parsed() -> None:
    reading = read(yaml.safe_dump(PARSED))
    assert reading.format == "parsed-body YAML"
    (interaction,) = reading.data().interactions
    assert interaction.request.body is not None
    assert interaction.request.body.raw == b'{"model": "gpt-4o"}'
    assert interaction.response.body.raw == b'{"a": null}'


def test_an_archive_is_read_when_asked_for() -> None:
    with pytest.raises(NotACassetteError, match=r"HTTP archive \(HAR\); vcr-llm migrate --har"):
        read(json.dumps(HAR))
    reading = read(json.dumps(HAR), har_too=True)
    assert reading.format == "HAR (Polly.JS)"
    (interaction,) = reading.data().interactions
    assert interaction.request.body is not None
    assert (interaction.request.body.raw, interaction.response.body.raw) == (b"hello", b"{}")
    assert interaction.date == "2024-05-06T07:08:09+00:00"
    assert reading.recordings[0].request_headers == {"accept": ("*/*",)}


def test_fixtures_of_aimock_are_the_calls_they_stand_for() -> None:
    call = {"name": "weather", "arguments": {"city": "NYC"}}
    fixtures = [
        {"match": {"userMessage": "hi", "model": "gpt-4o"}, "response": {"content": "hello"}},
        {"match": {"userMessage": "weather?"}, "response": {"toolCalls": [call]}},
        {"match": {"userMessage": "x"}, "response": {"error": {"message": "slow down"}, "status": 429}},
        {"match": {"inputText": "cat"}, "response": {"embedding": [0.5]}},
        {"match": {"toolName": "x"}, "response": {"content": "y"}},
    ]
    reading = read(json.dumps({"fixtures": fixtures}))
    chat, tools, error, embedding = reading.data().interactions
    assert chat.request.body is not None
    assert chat.request.body.json == {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
    assert chat.response.body.json["choices"][0]["message"]["content"] == "hello"
    (called,) = tools.response.body.json["choices"][0]["message"]["tool_calls"]
    assert called["function"] == {"name": "weather", "arguments": '{"city": "NYC"}'}
    assert (error.response.status, error.response.body.json) == (429, {"error": {"message": "slow down"}})
    assert embedding.response.body.json["data"][0]["embedding"] == [0.5]
    assert reading.extra == {"recorded": {"fixtures": [fixtures[4]]}}
    assert len(reading.warnings) == 2
    with pytest.raises(NotACassetteError, match="none of which is a literal message"):
        read(json.dumps({"fixtures": fixtures[4:]}))


def test_cassetters_yaml_is_of_version_1_2() -> None:
    text = CASSETTER.replace("content: {}", "content: {at: 12:30:45, yes: on, n: 1e3, b: 0o17}")
    assert only(text).response.body.json == {"at": "12:30:45", "yes": "on", "n": 1000.0, "b": 15}


def test_grpc_beside_http_is_kept_and_said() -> None:
    reading = read(CASSETTER + "grpc_interactions: [{request: {method: /a/B}}]\n")
    assert len(reading.recordings) == 1
    assert reading.extra == {"recorded": {"grpc_interactions": [{"request": {"method": "/a/B"}}]}}
    assert reading.warnings == ("1 gRPC calls cannot be replayed; they are kept in the member 'recorded'",)


def test_our_own_and_llm_mocks_documents() -> None:
    for name in ("hello.v1.json", "openai_chat.json", "anthropic_stream.json"):
        reading = read(shared(f"llm-mock/fixtures/{name}").read_bytes())
        assert reading.format == ("llm-mock 1.0" if "v1" in name else "llm-mock 2.0")
        assert reading.data().interactions


REFUSED = {
    "a recording of gRPC calls alone": "grpc_interactions: [{request: {method: /a/B}}]",
    "an agent's transcript": "messages: [{role: user}]",
    "a response without its request": '{"status": 200, "headers": {}, "body": "{}"}',
    "a conversation": '[{"role": "user", "content": "hi"}]',
    "a list of responses without their requests": "responses: [{status: 200}]",
    "an OpenAPI description": "openapi: 3.1.0",
    "some other document .its members: name, version": '{"name": "x", "version": "1.0.0"}',
    "a list of something else": "[1, 2]",
    "a recording of something else than HTTP calls": "interactions: {a1b2: [{token: 1}]}",
    "a text file": "just some words",
    "stubs of WireMock": '{"mappings": []}',
}


@pytest.mark.parametrize("seems", REFUSED)
def test_what_is_no_cassette_is_refused_with_a_word(seems: str) -> None:
    with pytest.raises(NotACassetteError, match=seems):
        read(REFUSED[seems])


def test_what_is_wrong_in_json_has_its_place() -> None:
    text = '{"interactions": [\n {"request": {"method": "GET", "uri": "x"}}]}'
    with pytest.raises(UnreadableCassetteError, match=r"^2:2: Interaction 1 has no response"):
        read(text)


# --- tags are data, never code --------------------------------------------------------------------------

MALICIOUS = [
    "!!python/object/apply:os.system ['touch {}']",
    "!!python/object/apply:subprocess.check_output [[touch, '{}']]",
    "!!python/object/new:builtins.open ['{}', w]",
    '!!python/object/apply:builtins.eval [\'open("{}", "w")\']',
    "!!python/name:os.system",
    "!!python/module:os",
    "!!python/object/new:type {{args: [x, !!python/tuple [], {{}}], listitems: []}}",
    "!!python/object:pathlib.Path {{}}",
    "!unknown value",
]


@pytest.mark.parametrize("tag", MALICIOUS)
def test_a_malicious_tag_is_refused_and_never_executed(tag: str, tmp_path: Path) -> None:
    witness = tmp_path / "executed"
    text = entry(f"body={tag.format(witness)}")
    with pytest.raises(
        UnreadableCassetteError, match=r"^5:\d+: .*could not determine a constructor"
    ) as caught:
        read(text)
    assert (caught.value.line, caught.value.column) == (5, 11)
    assert not witness.exists()


def test_a_few_lines_that_stand_for_terabytes_are_refused_at_once() -> None:
    lines = ["a: &a ['" + "x" * 1000 + "']"]
    lines += [f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 20)}]" for n in range(12)]
    started = time.perf_counter()
    with pytest.raises(UnreadableCassetteError, match="aliases stand for more"):
        read("\n".join(lines))
    assert time.perf_counter() - started < 1


def test_a_few_kilobytes_of_gzip_that_stand_for_gigabytes_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(filetext, "MAX_SIZE", 2**20)
    with pytest.raises(UnreadableCassetteError, match="more than 1 MiB"):
        read(gzip.compress(b"\0" * 2**21))


DEEP = {
    "dashes": "- " * 200_000,
    "brackets": "[" * 200_000,
    "braces": "{a: " * 200_000,
    "JSON": '{"a":' * 200_000,
    "indentation": "\n".join(" " * level + "a:" for level in range(3000)),
    "in a member": '{"interactions": ' + "[" * 50_000 + "]" * 50_000 + "}",
}


@pytest.mark.parametrize("name", DEEP)
def test_what_is_nested_too_deep_is_refused(name: str) -> None:
    with pytest.raises(UnreadableCassetteError):
        read(DEEP[name])


# --- the YAML reader against PyYAML's own ---------------------------------------------------------------


@given(json_values(leaves=20))
@BOUNDED
def test_what_pyyaml_writes_is_read_as_pyyaml_reads_it(value: Any) -> None:
    for options in ({}, {"default_flow_style": True}, {"allow_unicode": True, "width": 20}):
        text = yaml.dump({"value": value}, Dumper=yaml.SafeDumper, **options)
        assert yamltext.load(text) == yaml.safe_load(text)


@given(st.text(max_size=30))
@BOUNDED
def test_any_text_is_read_as_pyyaml_reads_it_or_refused(text: str) -> None:
    try:
        expected = yaml.load(text, yaml.CSafeLoader)
    except Exception:
        return
    try:
        found = yamltext.load(text)
    except UnreadableCassetteError:
        return
    assert str(found) == str(expected) or "-" in text  # dates stay text


def test_halves_of_a_surrogate_pair_are_one_character() -> None:
    assert yamltext.load(r'a: "\ud83d\ude00"') == {"a": "😀"}


# --- damage ---------------------------------------------------------------------------------------------


def corpus() -> list[Path]:
    with shared("corpus/MANIFEST.tsv").open(encoding="utf-8") as manifest:
        rows = csv.DictReader(manifest, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [shared("corpus") / row["file"] for row in rows]


def damaged(raw: bytes, chance: random.Random) -> list[bytes]:
    """Cut off, a bit turned, a tag changed, a part doubled, a part gone."""
    at, to = sorted(chance.sample(range(len(raw) + 1), 2))
    turned = bytearray(raw)
    turned[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return [
        raw[:at],
        bytes(turned),
        raw[:at] + raw[to:],
        raw[:to] + raw[at:],
        raw.replace(b"!!binary", b"!!python/object/apply:os.getcwd", 1),
        raw.replace(b"string:", b"string: &a [*a]\n      x:", 1),
        raw.replace(b"code: 200", b"code: [x]", 1),
        raw.replace(b"headers:", b"headers: 5\n    other:", 1),
        raw.replace(b": ", b": !!map ", 1),
    ]


def test_damaged_files_give_our_own_errors_only() -> None:
    chance = random.Random(7)
    files = corpus()
    outcomes = {"read": 0, "refused": 0}
    for path in chance.sample(files, 60):
        raw = path.read_bytes()
        text = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
        if len(text) > 100_000:
            continue
        variants = [*damaged(text, chance), *(damaged(raw, chance)[:2] if raw is not text else [])]
        for variant in variants:
            try:
                read(variant).data()
            except UnreadableCassetteError:
                outcomes["refused"] += 1
            else:
                outcomes["read"] += 1
    assert outcomes["refused"] > 150, outcomes


@given(json_values(leaves=15), st.sampled_from(["interactions", "requests", "http_interactions", "log"]))
@BOUNDED
def test_any_value_in_the_place_of_interactions_is_read_or_refused(value: Any, name: str) -> None:
    for document in (
        {name: value, "responses": value, "entries": value},
        {name: [value]},
        {name: [{"request": value, "response": value}]},
        {name: [{"request": {"uri": value, "body": value}, "response": {"status": value, "headers": value}}]},
        {"log": {"entries": [{"request": {"url": "x", "postData": value}, "response": {"content": value}}]}},
        [{"request": value, "response": value}],
        {"fixtures": [{"match": value, "response": value}]},
        {"fixtures": [{"match": {"userMessage": "x", "model": value}, "response": {"toolCalls": value}}]},
        {"fixtures": [{"match": {"inputText": "x"}, "response": {"error": {}, "status": value}}]},
    ):
        try:
            read(json.dumps(document), har_too=True).data()
        except UnreadableCassetteError:
            continue
