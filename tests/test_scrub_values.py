"""Values of environment variables: which count, and how they are found whatever their spelling."""

from __future__ import annotations

import base64
import json
import random
from urllib.parse import quote, quote_plus

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import BEDROCK_HEADERS, BOUNDED, amazon_message, base64_of
from test_scrub_rules import PLACES, SECRETS, answer, chunk, events, made, message, on_disk, scrubbed

from vcr_llm import jsontext
from vcr_llm.interaction import Body, Interaction, Request, Response
from vcr_llm.placeholder import PLACEHOLDER_KEY
from vcr_llm.scrub import Ledger, Scrubber, credential_values
from vcr_llm.streams import sse

VALUE = "Zq7" + "-internal.Key_" + made(16)
ODD = 'p@"ss/wö\\rd +' + "\n1&2=3"

TAKEN = {
    "OPENAI_API_KEY": SECRETS["openai project"],
    "openai_api_key": SECRETS["openai project"],
    "MISTRAL_API_KEY": made(32),
    "COHERE_APIKEY": made(40),
    "MY_TOKEN": made(12),
    "DB_PASSWORD": "correct-horse-battery",
    "APP_SECRET": "/" + made(30, "abcDEF123/"),
    "GOOGLE_CREDENTIALS": '{"type": "service_account", "private_key_id": "' + made(20) + '"}',
    "AWS_ACCESS_KEY_ID": SECRETS["aws id"],
    "AWS_SECRET_ACCESS_KEY": "a/" + made(38),
    "PROXY_TOKEN": "https://me:" + made(10) + "@proxy.internal",
    "OPENAI_API_KEY_2": made(51),
    "TOKEN": made(20),
}
NOT_TAKEN = {
    "SHORT_TOKEN": "abc123",
    "MAX_TOKENS": "4096000000000",
    "GOOGLE_APPLICATION_CREDENTIALS": "/home/me/.config/gcloud/credentials-2024.json",
    "SSL_KEY": "./certs/private-2024.key",
    "WIN_KEY": "C:\\keys\\deploy-2024.pem",
    "AUTH_TOKEN": "https://auth.internal/token-2024",
    "CACHE_KEY": "conversation",
    "PARTITION_KEY": "customer-region-name",
    "ANTHROPIC_API_KEY": PLACEHOLDER_KEY,
    "GROQ_API_KEY": "your-api-key-here",
    "XAI_API_KEY": "test-key-dummy",
    "HF_TOKEN": "**REDACTED**",
    "STRIPE_PUBLISHABLE_KEY": "pk" + "_live_" + made(24),
    "PATH": "/usr/bin:/usr/local/bin",
    "KEYBOARD": made(20),
    "HOME": made(20),
}


def test_the_environment_is_read_by_name_and_value() -> None:
    assert credential_values({**TAKEN, **NOT_TAKEN}) == dict(sorted(TAKEN.items()))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", [VALUE, ODD], ids=["plain", "odd"])
def test_a_value_in_every_place(value: str, place: str) -> None:
    if value == ODD and place in ("comment", "event that is no json"):
        pytest.skip("one line of it is not the value")
    scrubber = Scrubber(values={"MY_API_KEY": value})
    interaction = PLACES[place](f"see {value} here")
    assert Scrubber().scan(interaction) == [], "no shape tells it"
    found = scrubber.scan(interaction)
    assert [finding.rule for finding in found] == ["value-of-MY_API_KEY"]
    assert value[:4] not in repr(found)
    assert value not in repr(scrubber)
    result = scrubbed(interaction, scrubber)
    assert "<MY_API_KEY>" in on_disk(result).replace("\\x00", "")


NESTED = json.dumps(json.dumps({"a": ODD}))
SPELLINGS = {
    "as it is": lambda value: value,
    "json": lambda value: json.dumps(value)[1:-1],
    "json in json": lambda value: json.dumps(json.dumps(value))[1:-1],
    "json, unescaped": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    "careful json": lambda value: json.dumps(value)[1:-1].replace("/", "\\/").replace("&", "\\u0026"),
    "percent": lambda value: quote(value, safe=""),
    "percent, path": lambda value: quote(value),
    "percent, lower case": lambda value: quote(value, safe="").replace("%2F", "%2f").replace("%3D", "%3d"),
    "form": lambda value: quote_plus(value),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64, shifted by one": lambda value: base64.b64encode(b":" + value.encode() + b"tail").decode(),
    "base64, shifted by two": lambda value: base64.b64encode(b"me" + value.encode() + b"end").decode(),
    "base64 for urls": lambda value: base64.urlsafe_b64encode(b"user:" + value.encode()).decode(),
    "base64, percent": lambda value: quote(base64.b64encode(b"user:" + value.encode()).decode(), safe=""),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("value", [VALUE, ODD, "ÿþ~~~???>>>€😀" * 2], ids=["plain", "odd", "unicode"])
def test_a_value_in_every_spelling(value: str, spelling: str) -> None:
    scrubber = Scrubber(values={"MY_API_KEY": value})
    text = SPELLINGS[spelling](value)
    for interaction in (
        message({"input": f"x {text} y"}),
        message(f"x {text} y".encode()),
        message(b"\xff\x00" + text.encode()),
    ):
        assert scrubber.scan(interaction)
        left = on_disk(scrubbed(interaction, scrubber))
        assert "<MY_API_KEY>" in left
        assert text[4:-4] not in left


@BOUNDED
@given(
    st.text(min_size=12, max_size=40).map(str.strip).filter(lambda text: len(text) > 11),
    st.binary(max_size=7),
    st.binary(max_size=7),
)
@example("+/" * 8, b"", b"x")
def test_base64_around_a_value_never_hides_it(value: str, before: bytes, after: bytes) -> None:
    text = base64.b64encode(before + value.encode() + after).decode()
    scrubber = Scrubber(values={"A_KEY": value})
    result = scrubber.text(text, Ledger())
    assert "<A_KEY>" in result
    assert len(result.replace("<A_KEY>", "")) <= len(text) - (len(value.encode()) * 8 - 11) // 6


def test_the_name_by_value_wins_and_the_secret_stays_one() -> None:
    key = SECRETS["openai project"]
    scrubber = Scrubber(values={"WORK_OPENAI_KEY": key})
    value = {
        "a": f"use {key}",
        "b": quote(key),
        "c": base64.b64encode(key.encode()).decode(),
        "d": f"Bearer {key}",
    }
    result = scrubbed(message(value), scrubber).request.body
    assert result is not None
    name = "<WORK_OPENAI_KEY>"
    assert {**result.json, "c": ""} == {"a": f"use {name}", "b": name, "c": "", "d": f"Bearer {name}"}
    assert name in result.json["c"]


def test_two_variables_with_one_value_are_one_secret() -> None:
    scrubber = Scrubber(values={"GOOGLE_API_KEY": VALUE, "GEMINI_API_KEY": VALUE})
    assert scrubber.text(f"{VALUE} {VALUE}", Ledger()) == "<GEMINI_API_KEY> <GEMINI_API_KEY>"


@pytest.mark.parametrize("secret", [VALUE, ODD, SECRETS["anthropic"], SECRETS["jwt"]])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 20])
def test_a_secret_split_over_the_deltas_of_a_stream(secret: str, size: int) -> None:
    text = f"your key is {secret}, keep it"
    deltas = [text[at : at + size] for at in range(0, len(text), size)]
    scrubber = Scrubber(values={"MY_API_KEY": secret} if secret in (VALUE, ODD) else {})
    streams = [
        [chunk(delta) for delta in deltas],
        [{"type": "content_block_delta", "index": 1, "delta": {"partial_json": delta}} for delta in deltas],
        [responses_event(number, delta) for number, delta in enumerate(deltas)],
        [tool_chunk(number, delta) for number, delta in enumerate(deltas)],
    ]
    for values in streams:
        # Two texts at once, as with n=2 or parallel tool calls, do not disturb each other.
        mixed = [part for value in values for part in (value, other(value))]
        for raw in (
            events(*mixed),
            b"\n".join(json.dumps(value).encode() for value in values),
            json.dumps(values).encode(),
        ):
            interaction = answer(raw)
            assert scrubber.scan(interaction)
            result = scrubbed(interaction, scrubber).response.body.raw
            assert result.count(b"\n") == raw.count(b"\n")
            assert result.count(b"data: ") == raw.count(b"data: ")
            joined = "".join(leaves(result))
            assert joined.count("your key is <") == 1 + joined.count("yet another")
            assert joined.count(">, keep it") == 1 + joined.count("yet another")
            assert secret not in joined


@pytest.mark.parametrize("secret", [VALUE, ODD, SECRETS["anthropic"]])
@pytest.mark.parametrize("size", [1, 7])
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_secret_split_over_amazons_messages(secret: str, size: int, wrapped: bool) -> None:
    text = f"your key is {secret}, keep it"
    deltas = [text[at : at + size] for at in range(0, len(text), size)]
    scrubber = Scrubber(values={"MY_API_KEY": secret} if secret in (VALUE, ODD) else {})
    said = [
        {"contentBlockIndex": block, "delta": {"text": delta}}
        for delta in deltas
        for block, delta in enumerate((delta, "-"))
    ]
    payloads = [{"bytes": base64_of(jsontext.compact(each))} if wrapped else each for each in said]
    raw = b"".join(
        amazon_message(BEDROCK_HEADERS, jsontext.compact({**each, "p": "abcd"}).encode()) for each in payloads
    )
    interaction = answer(raw)
    first = scrubber.scan(interaction)[0]
    assert first.where.startswith("stream_events[")
    assert ".data." in first.where
    result = scrubbed(interaction, scrubber).response.body.raw
    buffer = EventStreamBuffer()
    buffer.add_data(result)
    read = [json.loads(message.payload) for message in buffer]  # raises where a checksum is wrong
    assert len(read) == len(payloads)
    assert all(each["p"] == "abcd" for each in read)
    inner = [json.loads(base64.b64decode(each["bytes"])) if wrapped else each for each in read]
    assert "".join(each["delta"]["text"] for each in inner if not each["contentBlockIndex"]) in (
        "your key is <MY_API_KEY>, keep it",
        "your key is <ANTHROPIC_API_KEY>, keep it",
    )
    assert scrubber.scan(answer(result)) == []


@pytest.mark.parametrize("end", [b"", b"event: done\ndata: {}\n\n"])
@pytest.mark.parametrize("size", [1, 5])
def test_a_secret_split_over_events_of_plain_text(end: bytes, size: int) -> None:
    """Replicate's streams: the data is the text itself."""
    text = f"your key is {VALUE}, keep it"
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    raw = b": hi\n\n" + b"".join(f"event: output\ndata: {piece}\n\n".encode() for piece in pieces) + end
    scrubber = Scrubber(values={"MY_API_KEY": VALUE})
    assert scrubber.scan(answer(raw))
    result = scrubbed(answer(raw), scrubber).response.body.raw
    said = "".join(sse.data_texts(result)).removesuffix("{}")
    assert said == "your key is <MY_API_KEY>, keep it"
    assert result.count(b"\n") == raw.count(b"\n")
    assert scrubber.scan(answer(result)) == []


def test_a_secret_in_an_exceptions_headers() -> None:
    headers = ((":error-message", f"bad key {VALUE}"), (":message-type", "error"))
    scrubber = Scrubber(values={"MY_API_KEY": VALUE})
    interaction = answer(amazon_message(headers, b""))
    result = scrubbed(interaction, scrubber).response.body.raw
    assert result == amazon_message(((":error-message", "bad key <MY_API_KEY>"), headers[1]), b"")
    (found,) = scrubber.scan(interaction)
    assert found.where == 'stream_events[0].headers[":error-message"]'


def responses_event(number: int, delta: str) -> object:
    """Some servers give every event an ``item_id`` of its own."""
    kind = "response.output_text.delta"
    return {"type": kind, "item_id": str(number), "output_index": 0, "delta": delta}


def tool_chunk(number: int, delta: str) -> object:
    """Only the first piece of a tool call says that it is one."""
    head = {} if number else {"type": "function", "id": "call_1"}
    call = {"index": 0, **head, "function": {"arguments": delta}}
    return {"choices": [{"delta": {"tool_calls": [call]}}]}


def other(value: object) -> object:
    """An event of another text of the same stream."""
    text = json.dumps(value).replace('"index": 0', '"index": 5').replace('"index": 1', '"index": 6')
    text = text.replace('"output_index": 0', '"output_index": 4')
    if '"index"' not in text and '"output_index"' not in text:
        return {"type": "ping"}
    return json.loads(text, object_hook=emptied)


def emptied(value: dict[str, object]) -> dict[str, object]:
    return {
        name: "~"
        if name in ("content", "partial_json", "delta", "arguments") and isinstance(member, str)
        else member
        for name, member in value.items()
    }


def leaves(raw: bytes) -> list[str]:
    """The text pieces of a stream in order."""
    found: list[str] = []

    def collect(value: object) -> None:
        if isinstance(value, dict):
            for name, member in value.items():
                if (
                    isinstance(member, str)
                    and name in ("content", "partial_json", "delta", "arguments")
                    and member != "~"
                ):
                    found.append(member)
                collect(member)
        elif isinstance(value, list):
            for member in value:
                collect(member)

    text = raw.decode()
    if text.startswith("["):
        collect(json.loads(text))
    else:
        for line in text.splitlines():
            if line:
                collect(json.loads(line.removeprefix("data: ")))
    return found


def test_a_secret_in_the_tokens_of_logprobs() -> None:
    secret = SECRETS["openai project"]
    tokens = [secret[at : at + 3] for at in range(0, len(secret), 3)]
    content = [{"token": token, "bytes": list(token.encode()), "top_logprobs": []} for token in tokens]
    value = {
        "choices": [{"logprobs": {"content": [{"token": "x", "bytes": [120]}, {"token": " "}, *content]}}]
    }
    result = scrubbed(answer(value)).response.body
    assert (
        "".join(item["token"] for item in result.json["choices"][0]["logprobs"]["content"])
        == "x <OPENAI_API_KEY>"
    )
    assert b'"bytes": null' in result.raw
    assert bytes(list(secret.encode())[:3]) not in result.raw
    assert str(list(secret[:3].encode())) not in result.raw.decode()


def test_binary_bodies_lose_secrets_and_nothing_else() -> None:
    raw = b"\x89PNG\xff\x00" + SECRETS["github"].encode() + b"\xfe" + VALUE.encode() + b"\xff" + b"*" * 40
    interaction = Interaction(Request("POST", "/", Body(raw)), Response(200, "", {}, Body(raw)))
    result = scrubbed(interaction, Scrubber(values={"MY_TOKEN": VALUE}))
    expected = raw.replace(VALUE.encode(), b"<MY_TOKEN>").replace(
        SECRETS["github"].encode(), b"<GITHUB_TOKEN>"
    )
    assert result.request.body == result.response.body == Body(expected)


def test_in_bytes_a_letter_of_latin_1_is_no_part_of_a_word() -> None:
    result = scrubbed(message(b"\x00\xffBearer " + made(40).encode() + b"\xfe")).request.body
    assert result == Body(b"\x00\xffBearer <BEARER_TOKEN>\xfe")


def test_media_are_left_alone() -> None:
    raw = b"RIFF\xff" + random.Random(7).randbytes(1 << 20) + b"*" * 100 + b"sk-abc\x00AKIA\xff"
    for body in (Body(raw), Body.of_json({"data": base64.b64encode(raw).decode()})):
        interaction = Interaction(Request("POST", "/", body), Response(200, "", {}, body))
        assert Scrubber().interaction(interaction, Ledger()) is interaction
