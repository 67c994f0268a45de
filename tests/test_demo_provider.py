"""The local provider and its odd wire behaviour against the real SDKs; nothing is recorded here."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import socket
import struct
import time
import urllib.request
import zlib
from collections.abc import Iterator
from typing import Any

import anthropic
import brotli
import openai
import pytest
import zstandard
from pydantic import BaseModel
from wire import SSE_FORMS, WIRE_HEADER, WireProvider

from vcr_llm.demo.provider import LocalProvider

pytestmark = pytest.mark.sdk

MODEL = "demo-model"
ASK = [{"role": "user", "content": "What is the tallest mountain of the Alps, please?"}]
QUOTE = "“What is the tallest mountain of”"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer", "minimum": 1, "maximum": 7},
        "share": {"type": ["number", "null"]},
        "exact": {"type": "boolean"},
        "unit": {"type": "string", "enum": ["celsius", "kelvin"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "place": {"$ref": "#/$defs/Place"},
    },
    "required": ["city"],
    "$defs": {"Place": {"type": "object", "properties": {"country": {"type": "string"}}}},
}
ANTHROPIC_TOOL = {"name": "weather", "description": "The weather", "input_schema": SCHEMA}
CHAT_TOOL = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
RESPONSES_TOOL = {"type": "function", "name": "weather", "parameters": SCHEMA, "strict": False}


def is_made_up(arguments: object) -> bool:
    """Whether a tool call's arguments follow SCHEMA."""
    assert isinstance(arguments, dict)
    kinds = {name: type(value) for name, value in arguments.items()}
    assert kinds == {
        "city": str, "days": int, "share": float, "exact": bool, "unit": str, "tags": list, "place": dict,
    }  # fmt: skip
    return (
        arguments["unit"] == "celsius"
        and arguments["place"].keys() == {"country"}
        and 1 <= arguments["days"] <= 7
        and all(isinstance(tag, str) for tag in arguments["tags"])
    )


@pytest.fixture
def provider() -> Iterator[WireProvider]:
    with WireProvider() as provider:
        yield provider


@pytest.fixture
def claude(provider: WireProvider) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=provider.url, api_key="test-key", max_retries=0) as client:
        yield client


@pytest.fixture
def gpt(provider: WireProvider) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=provider.url + "/v1", api_key="test-key", max_retries=0) as client:
        yield client


def ask_claude(claude: anthropic.Anthropic, **more: Any) -> Any:
    return claude.messages.create(model=MODEL, max_tokens=99, messages=ASK, **more)


def ask_gpt(gpt: openai.OpenAI, **more: Any) -> Any:
    return gpt.chat.completions.create(model=MODEL, messages=ASK, **more)


def exchange(
    provider: LocalProvider, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """A request without any decoding: status, headers (lower case), body as sent."""
    connection = http.client.HTTPConnection(provider.url.removeprefix("http://"), timeout=5)
    try:
        connection.request(
            method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        response = connection.getresponse()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
    finally:
        connection.close()


CHAT_BODY = json.dumps({"model": MODEL, "messages": ASK}).encode()
CHAT_STREAM_BODY = json.dumps({"model": MODEL, "messages": ASK, "stream": True}).encode()


def chat(
    provider: LocalProvider, body: bytes = CHAT_BODY, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    return exchange(provider, "POST", "/v1/chat/completions", body, authorization="Bearer x", **headers)


# --- Anthropic ----------------------------------------------------------------------------------------


def test_message(claude: anthropic.Anthropic) -> None:
    first, second = ask_claude(claude), ask_claude(claude)
    assert first.model == MODEL
    assert first.stop_reason == "end_turn"
    assert first.usage.input_tokens > 0
    assert first.usage.output_tokens > 0
    text = first.content[0].text
    assert QUOTE in text
    assert "\n" in text
    assert not text.isascii()
    assert text != second.content[0].text
    assert first.id != second.id


def test_message_stream(claude: anthropic.Anthropic) -> None:
    with claude.messages.stream(model=MODEL, max_tokens=99, messages=ASK) as stream:
        pieces = list(stream.text_stream)
        message = stream.get_final_message()
    assert len(pieces) > 3
    assert "".join(pieces) == message.content[0].text
    assert QUOTE in message.content[0].text
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens > 1


def test_message_events(provider: WireProvider) -> None:
    body = json.dumps({"model": MODEL, "max_tokens": 9, "messages": ASK, "stream": True}).encode()
    _, headers, sent = exchange(provider, "POST", "/v1/messages", body, x_api_key="x", accept_encoding="gzip")
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["transfer-encoding"] == "chunked"
    assert "content-encoding" not in headers
    events = [event.split(b"\n") for event in sent.removesuffix(b"\n\n").split(b"\n\n")]
    names = [event[0].removeprefix(b"event: ").decode() for event in events]
    assert list(dict.fromkeys(names)) == [
        "message_start", "content_block_start", "ping", "content_block_delta", "content_block_stop",
        "message_delta", "message_stop",
    ]  # fmt: skip
    assert [json.loads(event[1].removeprefix(b"data: "))["type"] for event in events] == names
    assert any(event[1].endswith(b" }") for event in events)


def test_tool_round(claude: anthropic.Anthropic) -> None:
    called = ask_claude(claude, tools=[ANTHROPIC_TOOL])
    (call,) = called.content
    assert called.stop_reason == "tool_use"
    assert call.name == "weather"
    assert is_made_up(call.input)
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
    turns = [
        *ASK,
        {"role": "assistant", "content": [call.model_dump()]},
        {"role": "user", "content": [result]},
    ]
    done = claude.messages.create(model=MODEL, max_tokens=99, messages=turns, tools=[ANTHROPIC_TOOL])
    assert QUOTE in done.content[0].text


def test_tool_stream(claude: anthropic.Anthropic) -> None:
    with claude.messages.stream(model=MODEL, max_tokens=99, messages=ASK, tools=[ANTHROPIC_TOOL]) as stream:
        pieces = [event.partial_json for event in stream if event.type == "input_json"]
        (call,) = stream.get_final_message().content
    assert len(pieces) > 2
    assert is_made_up(call.input)
    assert json.loads("".join(pieces)) == call.input


def test_tool_choice(claude: anthropic.Anthropic, gpt: openai.OpenAI) -> None:
    none = ask_claude(claude, tools=[ANTHROPIC_TOOL], tool_choice={"type": "none"})
    assert none.content[0].type == "text"
    other = {"type": "function", "function": {"name": "other", "parameters": {"type": "object"}}}
    chosen = {"type": "function", "function": {"name": "other"}}
    named = ask_gpt(gpt, tools=[CHAT_TOOL, other], tool_choice=chosen)
    assert named.choices[0].message.tool_calls[0].function.name == "other"


def test_tool_with_recursive_schema(claude: anthropic.Anthropic) -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}, "id": {"type": "integer"}}}
    tool = {"name": "walk", "input_schema": {"type": "object", **node, "$defs": {"Node": node}}}
    (call,) = ask_claude(claude, tools=[tool]).content
    assert call.input["next"]["next"] is None


def test_count_tokens(claude: anthropic.Anthropic) -> None:
    counts = [claude.messages.count_tokens(model=MODEL, messages=ASK).input_tokens for _ in range(2)]
    assert counts[0] != counts[1]


def test_batch(claude: anthropic.Anthropic) -> None:
    params = {"model": MODEL, "max_tokens": 9, "messages": ASK}
    batch = claude.messages.batches.create(requests=[{"custom_id": "one", "params": params}])
    assert batch.processing_status == "in_progress"
    looks = [claude.messages.batches.retrieve(batch.id) for _ in range(2)]
    assert [look.processing_status for look in looks] == ["in_progress", "ended"]
    (result,) = claude.messages.batches.results(batch.id)
    assert result.custom_id == "one"
    assert QUOTE in result.result.message.content[0].text
    with pytest.raises(anthropic.NotFoundError):
        claude.messages.batches.retrieve("msgbatch_unknown")


def test_legacy_completion(claude: anthropic.Anthropic) -> None:
    # The newest SDKs have no method for it.
    prompt = "\n\nHuman: Why is the sky blue?\n\nAssistant:"
    done: Any = claude.post("/v1/complete", body={"model": MODEL, "prompt": prompt}, cast_to=object)
    assert "“Why is the sky blue?”" in done["completion"]
    assert done["type"] == "completion"


def test_models_of_both(claude: anthropic.Anthropic, gpt: openai.OpenAI) -> None:
    assert next(model.id for model in claude.models.list()) == "claude-demo"
    first, second = ([model.id for model in gpt.models.list()] for _ in range(2))
    assert first[0] == "gpt-demo"
    assert first != second


async def test_async_message(provider: WireProvider) -> None:
    async with anthropic.AsyncAnthropic(base_url=provider.url, api_key="test-key") as claude:
        message = await claude.messages.create(model=MODEL, max_tokens=9, messages=ASK)
        async with claude.messages.stream(model=MODEL, max_tokens=9, messages=ASK) as stream:
            text = "".join([piece async for piece in stream.text_stream])
    assert QUOTE in message.content[0].text
    assert QUOTE in text


# --- OpenAI -------------------------------------------------------------------------------------------


def test_chat_completion(gpt: openai.OpenAI) -> None:
    first, second = ask_gpt(gpt), ask_gpt(gpt)
    assert QUOTE in first.choices[0].message.content
    assert first.choices[0].finish_reason == "stop"
    assert first.usage.total_tokens == first.usage.prompt_tokens + first.usage.completion_tokens
    assert first.choices[0].message.content != second.choices[0].message.content


@pytest.mark.parametrize("usage", [False, True])
def test_chat_stream(gpt: openai.OpenAI, usage: bool) -> None:
    more: dict[str, Any] = {"stream_options": {"include_usage": True}} if usage else {}
    with gpt.chat.completions.stream(model=MODEL, messages=ASK, **more) as stream:
        pieces = [event.delta for event in stream if event.type == "content.delta"]
        done = stream.get_final_completion()
    assert len(pieces) > 3
    assert "".join(pieces) == done.choices[0].message.content
    assert QUOTE in "".join(pieces)
    assert (done.usage is not None) is usage


def test_chat_choices(gpt: openai.OpenAI) -> None:
    texts = {choice.message.content for choice in ask_gpt(gpt, n=2).choices}
    assert len(texts) == 2
    with gpt.chat.completions.stream(model=MODEL, messages=ASK, n=2) as stream:
        streamed = {choice.message.content for choice in stream.get_final_completion().choices}
    assert len(streamed | texts) == 4


def test_chat_tool_round(gpt: openai.OpenAI) -> None:
    message = ask_gpt(gpt, tools=[CHAT_TOOL]).choices[0].message
    (call,) = message.tool_calls
    assert message.content is None
    assert call.function.name == "weather"
    assert is_made_up(json.loads(call.function.arguments))
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    turns = [*ASK, message.model_dump(exclude_none=True), result]
    done = gpt.chat.completions.create(model=MODEL, messages=turns, tools=[CHAT_TOOL])
    assert QUOTE in done.choices[0].message.content


def test_chat_tool_stream(gpt: openai.OpenAI) -> None:
    with gpt.chat.completions.stream(model=MODEL, messages=ASK, tools=[CHAT_TOOL]) as stream:
        pieces = [e.arguments_delta for e in stream if e.type == "tool_calls.function.arguments.delta"]
        choice = stream.get_final_completion().choices[0]
    assert choice.finish_reason == "tool_calls"
    assert len(pieces) > 2
    assert is_made_up(json.loads(choice.message.tool_calls[0].function.arguments))


class Mountain(BaseModel):
    name: str
    height: int


def test_structured_outputs(gpt: openai.OpenAI) -> None:
    chat = gpt.chat.completions.parse(model=MODEL, messages=ASK, response_format=Mountain)
    response = gpt.responses.parse(model=MODEL, input="A mountain?", text_format=Mountain)
    assert isinstance(chat.choices[0].message.parsed, Mountain)
    assert isinstance(response.output_parsed, Mountain)


def test_response(gpt: openai.OpenAI) -> None:
    first, second = (gpt.responses.create(model=MODEL, input=prompt) for prompt in ("Hello you", ASK))
    assert first.status == "completed"
    assert "“Hello you”" in first.output_text
    assert QUOTE in second.output_text
    assert first.usage.total_tokens == first.usage.input_tokens + first.usage.output_tokens
    assert first.id != second.id


def test_response_stream(gpt: openai.OpenAI) -> None:
    with gpt.responses.stream(model=MODEL, input=ASK) as stream:
        events = list(stream)
        done = stream.get_final_response()
    assert list(dict.fromkeys(event.type.removeprefix("response.") for event in events)) == [
        "created", "in_progress", "output_item.added", "content_part.added", "output_text.delta",
        "output_text.done", "content_part.done", "output_item.done", "completed",
    ]  # fmt: skip
    assert [event.sequence_number for event in events] == list(range(len(events)))
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == done.output_text
    assert QUOTE in text


def test_response_tool_round(gpt: openai.OpenAI) -> None:
    (call,) = gpt.responses.create(model=MODEL, input=ASK, tools=[RESPONSES_TOOL]).output
    assert call.type == "function_call"
    assert is_made_up(json.loads(call.arguments))
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    turns = [*ASK, call.model_dump(exclude_none=True), result]
    assert QUOTE in gpt.responses.create(model=MODEL, input=turns, tools=[RESPONSES_TOOL]).output_text


def test_response_tool_stream(gpt: openai.OpenAI) -> None:
    with gpt.responses.stream(model=MODEL, input=ASK, tools=[RESPONSES_TOOL]) as stream:
        events = list(stream)
        (call,) = stream.get_final_response().output
    pieces = [event.delta for event in events if event.type == "response.function_call_arguments.delta"]
    assert len(pieces) > 2
    assert "".join(pieces) == call.arguments
    assert is_made_up(json.loads(call.arguments))


def test_legacy_completions(gpt: openai.OpenAI) -> None:
    done = gpt.completions.create(model=MODEL, prompt="Say something nice")
    assert "“Say something nice”" in done.choices[0].text
    with gpt.completions.create(model=MODEL, prompt="Say something nice", stream=True) as stream:
        streamed = "".join(chunk.choices[0].text for chunk in stream)
    assert "“Say something nice”" in streamed
    assert streamed != done.choices[0].text


def test_embeddings(gpt: openai.OpenAI) -> None:
    both = gpt.embeddings.create(model=MODEL, input=["one", "two"], dimensions=4)
    floats = gpt.embeddings.create(model=MODEL, input="one", encoding_format="float")
    assert [len(row.embedding) for row in both.data] == [4, 4]
    assert both.data[0].embedding != both.data[1].embedding
    assert sum(x * x for x in floats.data[0].embedding) == pytest.approx(1)
    assert len(gpt.embeddings.create(model=MODEL, input=[1, 2, 3]).data) == 1


def test_embeddings_as_base64(provider: WireProvider) -> None:
    body = json.dumps({"model": MODEL, "input": "one", "encoding_format": "base64"}).encode()
    _, _, sent = exchange(provider, "POST", "/v1/embeddings", body, authorization="Bearer x")
    raw = base64.b64decode(json.loads(sent)["data"][0]["embedding"])
    assert sum(x * x for x in struct.unpack("<8f", raw)) == pytest.approx(1)


def test_moderation(gpt: openai.OpenAI) -> None:
    first, second = (gpt.moderations.create(input="hello").results[0] for _ in range(2))
    assert 0 <= first.category_scores.harassment_threatening <= 1
    assert first.categories.violence == (first.category_scores.violence > 0.5)
    assert first.category_scores != second.category_scores


def test_image(gpt: openai.OpenAI) -> None:
    png = base64.b64decode(gpt.images.generate(model=MODEL, prompt="a dot").data[0].b64_json)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert png.endswith(b"IEND" + zlib.crc32(b"IEND").to_bytes(4, "big"))


def test_speech(gpt: openai.OpenAI) -> None:
    first, second = (gpt.audio.speech.create(model=MODEL, voice="alloy", input="hello") for _ in range(2))
    assert first.response.headers["content-type"] == "audio/mpeg"
    with pytest.raises(UnicodeDecodeError):
        first.content.decode()
    assert first.content != second.content


def test_transcription(gpt: openai.OpenAI) -> None:
    sound = b"RIFF\x00\xff\r\n--not the boundary\r\n"
    heard = gpt.audio.transcriptions.create(model="whisper-1", file=("hello.wav", sound))
    assert f"hello.wav, {len(sound)} bytes" in heard.text
    text = gpt.audio.transcriptions.create(model="whisper-1", file=("a.wav", b""), response_format="text")
    assert "a.wav, 0 bytes" in text


def test_files(gpt: openai.OpenAI) -> None:
    content = b'{"a": 1}\r\n\x00\xff\r\n'
    file = gpt.files.create(file=("rows.jsonl", content), purpose="fine-tune")
    assert (file.filename, file.bytes, file.purpose) == ("rows.jsonl", len(content), "fine-tune")
    assert gpt.files.retrieve(file.id) == file
    assert gpt.files.content(file.id).content == content
    assert gpt.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError):
        gpt.files.retrieve(file.id)


async def test_async_openai(provider: WireProvider) -> None:
    async with openai.AsyncOpenAI(base_url=provider.url + "/v1", api_key="test-key") as gpt:
        done = await gpt.chat.completions.create(model=MODEL, messages=ASK)
        async with gpt.responses.stream(model=MODEL, input=ASK) as stream:
            response = await stream.get_final_response()
        file = await gpt.files.create(file=("a.txt", b"abc"), purpose="assistants")
    assert QUOTE in done.choices[0].message.content
    assert QUOTE in response.output_text
    assert file.bytes == 3


# --- Around the answers -------------------------------------------------------------------------------


def test_response_headers(claude: anthropic.Anthropic, gpt: openai.OpenAI) -> None:
    of_claude = claude.messages.with_raw_response.create(model=MODEL, max_tokens=9, messages=ASK).headers
    of_gpt = gpt.chat.completions.with_raw_response.create(model=MODEL, messages=ASK).headers
    shared = {"date", "set-cookie", "content-encoding"}
    assert shared | {"request-id", "anthropic-organization-id", "anthropic-ratelimit-requests-limit"} <= {
        *of_claude
    }
    assert shared | {"x-request-id", "openai-organization", "openai-processing-ms"} <= {*of_gpt}
    assert "x-ratelimit-limit-requests" in of_gpt
    assert of_claude["set-cookie"].startswith("__cf_bm=")
    assert len(of_gpt.get_list("set-cookie")) == 2


def test_missing_key(provider: WireProvider) -> None:
    status, _, body = exchange(provider, "POST", "/v1/messages", b"{}")
    assert status == 401
    assert json.loads(body)["error"]["type"] == "authentication_error"
    status, _, body = exchange(provider, "POST", "/v1/responses", b"{}")
    assert status == 401
    assert json.loads(body)["error"]["code"] == "invalid_api_key"


def test_unknown_path(gpt: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as error:
        gpt.get("/nothing", cast_to=object)
    assert error.value.type == "invalid_request_error"


def test_unreadable_body(provider: WireProvider) -> None:
    assert chat(provider, b"{")[0] == 400
    assert chat(provider, b"[]")[0] == 400


def test_received(provider: WireProvider, gpt: openai.OpenAI) -> None:
    ask_gpt(gpt, extra_query={"a": "b"}, extra_headers={"X-Extra": "yes"})
    exchange(provider, "DELETE", "/json")
    first, second = provider.received
    assert (first.method, first.path) == ("POST", "/v1/chat/completions?a=b")
    assert first.route_path == "/v1/chat/completions"
    assert first.headers["authorization"] == "Bearer test-key"
    assert first.headers["x-extra"] == "yes"
    assert first.json()["messages"] == ASK
    assert (second.method, second.path, second.body) == ("DELETE", "/json", b"")


def test_chunked_request(provider: WireProvider) -> None:
    connection = http.client.HTTPConnection(provider.url.removeprefix("http://"), timeout=5)
    try:
        connection.request("POST", "/echo", iter([b"ab", b"\xffc"]), encode_chunked=True)
        assert connection.getresponse().read() == b"ab\xffc"
    finally:
        connection.close()


def test_connection_is_kept_alive_and_closed_by_stop() -> None:
    provider = LocalProvider().start()
    connection = http.client.HTTPConnection(provider.url.removeprefix("http://"), timeout=5)
    try:
        ports = set()
        for _ in range(2):
            connection.request("GET", "/v1/models", headers={"authorization": "x"})
            connection.getresponse().read()
            assert connection.sock is not None
            ports.add(connection.sock.getsockname()[1])
        assert len(ports) == 1
        provider.stop()
        connection.request("GET", "/v1/models", headers={"authorization": "x"})
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            connection.getresponse()
    finally:
        connection.close()
        provider.stop()
    host, port = provider.url.removeprefix("http://").split(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=5).close()


def test_gzip_only_where_accepted(provider: WireProvider) -> None:
    _, headers, body = chat(provider, accept_encoding="br, gzip")
    assert headers["content-encoding"] == "gzip"
    assert QUOTE in json.loads(gzip.decompress(body))["choices"][0]["message"]["content"]
    _, headers, body = chat(provider, accept_encoding="br")
    assert "content-encoding" not in headers
    assert json.loads(body)["object"] == "chat.completion"


# --- Odd wire behaviour -------------------------------------------------------------------------------

DECODERS = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
    "gzip,br": lambda body: gzip.decompress(brotli.decompress(body)),
    "GZIP": gzip.decompress,
    "raw-deflate": lambda body: zlib.decompress(body, -15),
    "x-gzip": gzip.decompress,
    "identity": bytes,
    "none": bytes,
}
LABELS = {"gzip,br": "gzip, br", "raw-deflate": "deflate", "none": None}


@pytest.mark.parametrize("name", DECODERS)
def test_encoding(provider: WireProvider, name: str) -> None:
    _, headers, body = chat(provider, x_wire=f"encoding={name}")
    assert headers.get("content-encoding") == LABELS.get(name, name)
    assert json.loads(DECODERS[name](body))["object"] == "chat.completion"
    _, headers, body = chat(provider, CHAT_STREAM_BODY, x_wire=f"encoding={name}")
    assert headers.get("content-encoding") == LABELS.get(name, name)
    assert DECODERS[name](body).endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("name", [name for name in DECODERS if name != "x-gzip"])
def test_encoding_read_by_the_sdks(
    provider: WireProvider, claude: anthropic.Anthropic, gpt: openai.OpenAI, name: str
) -> None:
    extra = {WIRE_HEADER: f"encoding={name}"}
    claude.models.list()
    accepted = {*provider.received[0].headers["accept-encoding"].lower().split(", "), "identity", "none"}
    codings = (LABELS.get(name) or name).lower().split(", ")
    if not accepted.issuperset(codings):
        pytest.skip(f"the SDKs' HTTP client does not decode {name}")
    assert QUOTE in ask_claude(claude, extra_headers=extra).content[0].text
    with ask_gpt(gpt, stream=True, extra_headers=extra) as stream:
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    assert QUOTE in text


def test_lying_header(provider: WireProvider) -> None:
    _, headers, body = chat(provider, x_wire="lie=gzip")
    assert headers["content-encoding"] == "gzip"
    assert json.loads(body)["object"] == "chat.completion"


@pytest.mark.parametrize(
    ("form", "sent"),
    [
        ("crlf", b"}\r\n\r\ndata: {"),
        ("cr", b"}\r\rdata: {"),
        ("comments", b": keep-alive\n\n: a comment\ndata: {"),
        ("ids", b"id: 1\nretry: 3000\ndata: {"),
        ("multiline", b'data: {\ndata:  "id": "'),
        ("nospace", b"\n\ndata:{"),
        ("trailing", b"}   \n\n"),
        ("crlf+ids", b"\r\nid: 1\r\nretry: 3000\r\ndata: {"),
    ],
)
def test_stream_form(provider: WireProvider, form: str, sent: bytes) -> None:
    _, _, body = chat(provider, CHAT_STREAM_BODY, x_wire=f"sse={form}")
    assert sent in body
    assert b"[DONE]" in body


def test_stream_end(provider: WireProvider) -> None:
    _, _, unterminated = chat(provider, CHAT_STREAM_BODY, x_wire="sse=unterminated")
    _, _, undone = chat(provider, CHAT_STREAM_BODY, x_wire="sse=undone")
    assert unterminated.endswith(b"data: [DONE]")
    assert b"[DONE]" not in undone
    assert undone.endswith(b"}\n\n")


# An event without its blank line is none (by the standard), so that the SDKs miss the end of that stream.
@pytest.mark.parametrize("form", [form for form in SSE_FORMS if form != "unterminated"])
def test_stream_form_read_by_the_sdks(claude: anthropic.Anthropic, gpt: openai.OpenAI, form: str) -> None:
    extra = {WIRE_HEADER: f"sse={form}; encoding=gzip; chunks=utf8"}
    with claude.messages.stream(model=MODEL, max_tokens=9, messages=ASK, extra_headers=extra) as stream:
        assert QUOTE in stream.get_final_text()
    with gpt.responses.stream(model=MODEL, input=ASK, extra_headers=extra) as responses:
        assert QUOTE in responses.get_final_response().output_text


def raw_chunks(provider: WireProvider, wire: str) -> list[bytes]:
    """The chunks of a streamed chat completion as the server framed them."""
    request = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: x\r\nconnection: close\r\n"
    request += (
        f"x-wire: {wire}\r\ncontent-length: {len(CHAT_STREAM_BODY)}\r\n\r\n".encode() + CHAT_STREAM_BODY
    )
    host, port = provider.url.removeprefix("http://").split(":")
    with (
        socket.create_connection((host, int(port)), timeout=5) as connection,
        connection.makefile("rb") as file,
    ):
        connection.sendall(request)
        while file.readline() != b"\r\n":
            pass
        chunks = []
        while size := int(file.readline(), 16):
            chunks.append(file.read(size))
            file.readline()
    return chunks


def test_chunk_boundaries(provider: WireProvider) -> None:
    plain = raw_chunks(provider, "")
    assert all(chunk.startswith(b"data: ") and chunk.endswith(b"\n\n") for chunk in plain)
    split = raw_chunks(provider, "chunks=utf8")
    assert all(chunk[-1] >= 0xC0 for chunk in split[:-1])
    assert QUOTE.split()[0][1:].encode() in b"".join(split)
    assert {len(chunk) for chunk in raw_chunks(provider, "chunks=7")[:-1]} == {7}


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, "BadRequestError"), (429, "RateLimitError"), (500, "InternalServerError"), (529, None)],
)
def test_status(claude: anthropic.Anthropic, gpt: openai.OpenAI, status: int, error: str | None) -> None:
    extra = {WIRE_HEADER: f"status={status}"}
    with pytest.raises(getattr(anthropic, error) if error else anthropic.APIStatusError) as of_claude:
        ask_claude(claude, extra_headers=extra)
    with pytest.raises(getattr(openai, error) if error else openai.APIStatusError) as of_gpt:
        ask_gpt(gpt, extra_headers=extra)
    for seen in (of_claude.value, of_gpt.value):
        assert seen.status_code == status
        assert ("retry-after" in seen.response.headers) is (status in {429, 529})
    assert of_claude.value.body["type"] == "error"


def test_status_for_the_first_requests(provider: WireProvider) -> None:
    extra = {WIRE_HEADER: "status=429*2"}
    with anthropic.Anthropic(base_url=provider.url, api_key="test-key", max_retries=2) as claude:
        assert QUOTE in ask_claude(claude, extra_headers=extra).content[0].text
    with openai.OpenAI(base_url=provider.url + "/v1", api_key="test-key", max_retries=2) as gpt:
        assert QUOTE in ask_gpt(gpt, extra_headers=extra).choices[0].message.content
    assert len(provider.received) == 6
    assert len({request.body for request in provider.received}) == 2


def test_unknown_directive(gpt: openai.OpenAI) -> None:
    for directive in ("encodign=gzip", "encoding=zip", "sse=crlf+id"):
        with pytest.raises(openai.UnprocessableEntityError):
            ask_gpt(gpt, extra_headers={WIRE_HEADER: directive})


def test_slow_answers(provider: WireProvider) -> None:
    start = time.monotonic()
    exchange(provider, "GET", "/json", x_wire="delay=0.2")
    chat(provider, CHAT_STREAM_BODY, x_wire="pause=0.01")
    assert time.monotonic() - start > 0.3


@pytest.mark.parametrize("body", [CHAT_BODY, CHAT_STREAM_BODY])
def test_cut(provider: WireProvider, body: bytes) -> None:
    with pytest.raises(http.client.IncompleteRead) as error:
        chat(provider, body, x_wire="cut")
    assert len(error.value.partial) > 50


def test_cut_seen_by_the_sdk(gpt: openai.OpenAI) -> None:
    with pytest.raises(openai.APIConnectionError):
        ask_gpt(gpt, extra_headers={WIRE_HEADER: "cut"})


def test_other_paths(provider: WireProvider) -> None:
    first, second = (json.loads(exchange(provider, "GET", "/json?a=b")[2]) for _ in range(2))
    assert first["path"] == "/json?a=b"
    assert first["number"] != second["number"]
    status, headers, body = exchange(provider, "GET", "/plain")
    assert (status, headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert b"no JSON" in body
    assert b"\xff" in exchange(provider, "GET", "/binary")[2]
    status, headers, _ = exchange(provider, "GET", "/redirect")
    assert (status, headers["location"]) == (302, "/json?redirected=1")
    with urllib.request.urlopen(provider.url + "/redirect", timeout=5) as response:
        assert json.load(response)["path"] == "/json?redirected=1"
    status, headers, body = exchange(provider, "POST", "/echo", b"\x00\xff", content_type="image/x")
    assert (status, headers["content-type"], body) == (200, "image/x", b"\x00\xff")
    assert exchange(provider, "HEAD", "/json")[2] == b""
