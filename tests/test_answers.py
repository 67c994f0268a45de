"""What a recording says, against the SDKs' own view of the same answer, and on shapes nobody sends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from calls import ANTHROPIC_TOOLS, CHAT_TOOLS, CLAUDE, RESPONSES_TOOLS, TOOL_QUESTION, USER, Clients, clients
from hypothesis import given, settings
from hypothesis import strategies as st
from wire import WireProvider

import vcr_llm
from vcr_llm import schema
from vcr_llm.interaction import Body, Interaction, Request, Response
from vcr_llm.providers import (
    PROVIDERS,
    Answer,
    Message,
    ToolCall,
    Usage,
    classify,
    read_answer,
    read_messages,
)

pytestmark = pytest.mark.sdk

URLS = {
    "messages": "https://api.anthropic.com/v1/messages",
    "count_tokens": "https://api.anthropic.com/v1/messages/count_tokens",
    "complete": "https://api.anthropic.com/v1/complete",
    "chat": "https://api.openai.com/v1/chat/completions",
    "responses": "https://api.openai.com/v1/responses",
    "completions": "https://api.openai.com/v1/completions",
    "embeddings": "https://api.openai.com/v1/embeddings",
    "images": "https://api.openai.com/v1/images/generations",
    "transcription": "https://api.openai.com/v1/audio/transcriptions",
}


def answer_of(interaction: Interaction) -> Answer | None:
    call = classify(interaction.request)
    assert call is not None
    return read_answer(call, interaction)


def answered(operation: str, response: Any) -> Answer | None:
    """The answer in a JSON response, or in bytes as they are."""
    body = Body(response) if isinstance(response, bytes) else Body.of_json(response)
    request = Request("POST", URLS[operation], Body.of_json({}))
    return answer_of(Interaction(request, Response(200, "OK", {}, body)))


def streamed(*events: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


def asked(operation: str, **body: Any) -> tuple[Message, ...]:
    call = classify(Request("POST", URLS[operation], Body.of_json(body)))
    assert call is not None
    return read_messages(call)


# --- as the SDKs see it ------------------------------------------------------------------------------

CHAT = {"model": "gpt-4o", "messages": USER}
CHAT_TOOL = {"model": "gpt-4o", "messages": TOOL_QUESTION, "tools": CHAT_TOOLS}
CLAUDE_TOOL = {**CLAUDE, "messages": TOOL_QUESTION, "tools": ANTHROPIC_TOOLS}
RESPOND_TOOL = {"model": "gpt-4o", "input": TOOL_QUESTION, "tools": RESPONSES_TOOLS}


def _final_message(c: Clients, **options: Any) -> Any:
    with c.anthropic.messages.stream(**options) as stream:
        return stream.get_final_message()


def _final_chat(c: Clients, **options: Any) -> Any:
    with c.openai.chat.completions.stream(stream_options={"include_usage": True}, **options) as stream:
        return stream.get_final_completion()


def _final_response(c: Clients, **options: Any) -> Any:
    with c.openai.responses.stream(**options) as stream:
        return stream.get_final_response()


def of_message(message: Any) -> Answer:
    return Answer(
        "".join(block.text for block in message.content if block.type == "text"),
        tuple(ToolCall(one.name, one.input, one.id) for one in message.content if one.type == "tool_use"),
        Usage(message.usage.input_tokens, message.usage.output_tokens),
        message.stop_reason,
        message.model,
    )


def of_chat(completion: Any) -> Answer:
    choice = completion.choices[0]
    calls = choice.message.tool_calls or ()
    return Answer(
        choice.message.content or "",
        tuple(ToolCall(one.function.name, json.loads(one.function.arguments), one.id) for one in calls),
        Usage(completion.usage.prompt_tokens, completion.usage.completion_tokens),
        choice.finish_reason,
        completion.model,
    )


def of_response(response: Any) -> Answer:
    calls = [item for item in response.output if item.type == "function_call"]
    return Answer(
        response.output_text,
        tuple(ToolCall(one.name, json.loads(one.arguments), one.call_id) for one in calls),
        Usage(response.usage.input_tokens, response.usage.output_tokens),
        response.status,
        response.model,
    )


def of_embeddings(response: Any) -> Answer:
    return Answer("", (), Usage(response.usage.prompt_tokens), None, response.model)


def of_completion(completion: Any) -> Answer:
    choice = completion.choices[0]
    usage = Usage(completion.usage.prompt_tokens, completion.usage.completion_tokens)
    return Answer(choice.text, (), usage, choice.finish_reason, completion.model)


CALLS: dict[str, tuple[Callable[[Clients], Any], Callable[[Any], Answer]]] = {
    "messages": (lambda c: c.anthropic.messages.create(messages=USER, **CLAUDE), of_message),
    "messages tool": (lambda c: c.anthropic.messages.create(**CLAUDE_TOOL), of_message),
    "messages stream": (lambda c: _final_message(c, messages=USER, **CLAUDE), of_message),
    "messages tool stream": (lambda c: _final_message(c, **CLAUDE_TOOL), of_message),
    "chat": (lambda c: c.openai.chat.completions.create(**CHAT), of_chat),
    "chat tool": (lambda c: c.openai.chat.completions.create(**CHAT_TOOL), of_chat),
    "chat stream": (lambda c: _final_chat(c, **CHAT), of_chat),
    "chat tool stream": (lambda c: _final_chat(c, **CHAT_TOOL), of_chat),
    "responses": (lambda c: c.openai.responses.create(model="gpt-4o", input=USER), of_response),
    "responses tool": (lambda c: c.openai.responses.create(**RESPOND_TOOL), of_response),
    "responses stream": (lambda c: _final_response(c, model="gpt-4o", input=USER), of_response),
    "responses tool stream": (lambda c: _final_response(c, **RESPOND_TOOL), of_response),
    "completions": (lambda c: c.openai.completions.create(model="gpt", prompt="The sea"), of_completion),
    "embeddings": (lambda c: c.openai.embeddings.create(model="e", input="The sea"), of_embeddings),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_answer_is_what_the_sdk_returns(name: str, provider: WireProvider, tmp_path: Path) -> None:
    call, expected = CALLS[name]
    path = tmp_path / "x.llm.json"
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        returned = call(c)
    (interaction,) = schema.load(path.read_text("utf-8")).interactions
    answer = answer_of(interaction)
    assert answer == expected(returned)
    assert answer.text or answer.tool_calls or name == "embeddings"
    assert answer.usage is not None
    assert answer.usage.prompt > 0


def test_the_pieces_of_a_text_completion_make_its_text(provider: WireProvider, tmp_path: Path) -> None:
    path = tmp_path / "x.llm.json"
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        chunks = c.openai.completions.create(model="gpt", prompt="The sea", stream=True)
        text = "".join(chunk.choices[0].text for chunk in chunks if chunk.choices)
    (interaction,) = schema.load(path.read_text("utf-8")).interactions
    answer = answer_of(interaction)
    assert answer is not None
    assert answer.text == text != ""
    assert answer.finish_reason == "stop"


# --- tokens ------------------------------------------------------------------------------------------


def test_the_prompt_counts_what_anthropic_wrote_to_and_read_from_its_cache() -> None:
    counts = {"input_tokens": 3, "cache_creation_input_tokens": 100, "cache_read_input_tokens": 20}
    answer = answered("messages", {"content": [], "usage": {**counts, "output_tokens": 7}})
    assert answer == Answer("", (), Usage(prompt=123, completion=7, cached=20))


def test_a_streams_last_counts_replace_the_first_and_zeros_do_not() -> None:
    answer = answered(
        "messages",
        streamed(
            {"type": "message_start", "message": {"usage": {"input_tokens": 5, "output_tokens": 1}}},
            {"type": "message_delta", "delta": {}, "usage": {"input_tokens": 0, "output_tokens": 30}},
        ),
    )
    assert answer is not None
    assert answer.usage == Usage(5, 30)


@pytest.mark.parametrize(
    ("operation", "usage", "expected"),
    [
        (
            "chat",
            {
                "prompt_tokens": 50,
                "completion_tokens": 40,
                "prompt_tokens_details": {"cached_tokens": 30},
                "completion_tokens_details": {"reasoning_tokens": 20},
            },
            Usage(50, 40, 30, 20),
        ),
        (
            "responses",
            {
                "input_tokens": 50,
                "output_tokens": 40,
                "input_tokens_details": {"cached_tokens": 30},
                "output_tokens_details": {"reasoning_tokens": 20},
            },
            Usage(50, 40, 30, 20),
        ),
        ("embeddings", {"prompt_tokens": 8, "total_tokens": 8}, Usage(8)),
        ("images", {"input_tokens": 8, "output_tokens": 900}, Usage(8, 900)),
        ("transcription", {"type": "duration", "seconds": 3}, None),
        ("chat", None, None),
        ("chat", {"prompt_tokens": "many", "completion_tokens": True}, Usage(0, 0)),
    ],
)
def test_openai_counts(operation: str, usage: Any, expected: Usage | None) -> None:
    answer = answered(operation, {"choices": [], "output": [], "data": [], "text": "", "usage": usage})
    assert answer is not None
    assert answer.usage == expected


def test_counting_tokens_uses_none() -> None:
    assert answered("count_tokens", {"input_tokens": 17}) == Answer("17 input tokens")


# --- shapes ------------------------------------------------------------------------------------------

_CALL = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}

ANSWERS: dict[str, tuple[str, Any, Answer | None]] = {
    "an error": ("chat", {"error": {"message": "no"}}, None),
    "an anthropic error": ("messages", {"type": "error", "error": {"message": "no"}}, None),
    "nothing": ("messages", b"", None),
    "no JSON": ("responses", b"<html>", None),
    "a list": ("chat", [], None),
    "another operation's": ("responses", {"choices": []}, None),
    "a failed response": ("responses", {"output": None, "status": "failed"}, None),
    "trimmed by hand": (
        "messages",
        {"content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn"},
        Answer("hi", finish_reason="end_turn"),
    ),
    "trimmed more": ("messages", {"content": "hi"}, Answer("hi")),
    "thoughts are no text": (
        "messages",
        {"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "hi"}]},
        Answer("hi"),
    ),
    "the provider's own tool": (
        "messages",
        {"content": [{"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}}]},
        Answer("", (ToolCall("web_search", {"query": "x"}, "s1"),)),
    ),
    "anthropic cut short": (
        "messages",
        streamed(
            {"type": "message_start", "message": {"model": "m"}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Half a"}},
        )
        + b'data: {"type": "content_bl',
        Answer("Half a", model="m"),
    ),
    "an old text completion": (
        "complete",
        {"completion": " Hi", "stop_reason": "stop_sequence", "model": "m"},
        Answer(" Hi", finish_reason="stop_sequence", model="m"),
    ),
    "an old text completion, streamed": (
        "complete",
        streamed(
            {"type": "completion", "completion": " H", "stop_reason": None, "model": "m"},
            {"type": "ping"},
            {"type": "completion", "completion": "i", "stop_reason": "max_tokens", "model": "m"},
        ),
        Answer(" Hi", finish_reason="max_tokens", model="m"),
    ),
    "two choices": (
        "chat",
        {"choices": [{"index": 0, "message": {"content": "a"}}, {"index": 1, "message": {"content": "b"}}]},
        Answer("a"),
    ),
    "two choices streamed": (
        "chat",
        streamed(
            {"choices": [{"index": 1, "delta": {"content": "b"}}]},
            {"choices": [{"index": 0, "delta": {"content": "a"}}]},
        ),
        Answer("a"),
    ),
    "a refusal": ("chat", {"choices": [{"message": {"content": None, "refusal": "No."}}]}, Answer("No.")),
    "two calls at once": (
        "chat",
        streamed(
            {"choices": [{"delta": {"tool_calls": [_CALL, {**_CALL, "index": 1, "id": "c2"}]}}]},
            {"choices": [{"delta": {"tool_calls": [{"index": 1, "function": {"arguments": '{"a"'}}]}}]},
            {"choices": [{"delta": {"tool_calls": [{"index": 1, "function": {"arguments": ": 1}"}}]}}]},
        ),
        Answer("", (ToolCall("f", {}, "c1"), ToolCall("f", {"a": 1}, "c2"))),
    ),
    "a function of old": (
        "chat",
        {"choices": [{"message": {"function_call": {"name": "f", "arguments": "{}"}}}]},
        Answer("", (ToolCall("f", {}),)),
    ),
    "a function of old, streamed": (
        "chat",
        streamed(
            {"choices": [{"delta": {"function_call": {"name": "f", "arguments": ""}}}]},
            {"choices": [{"delta": {"function_call": {"arguments": '{"a": 1}'}}}]},
        ),
        Answer("", (ToolCall("f", {"a": 1}),)),
    ),
    "a tool for free text": (
        "chat",
        {"choices": [{"message": {"tool_calls": [{"id": "c", "custom": {"name": "sh", "input": "ls -l"}}]}}]},
        Answer("", (ToolCall("sh", "ls -l", "c"),)),
    ),
    "arguments cut short": (
        "chat",
        {"choices": [{"message": {"tool_calls": [{"function": {"name": "f", "arguments": '{"a'}}]}}]},
        Answer("", (ToolCall("f", '{"a'),)),
    ),
    "an incomplete response": (
        "responses",
        {"output": [], "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
        Answer("", finish_reason="max_output_tokens"),
    ),
    "a response refuses": (
        "responses",
        {"output": [{"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}]},
        Answer("No."),
    ),
    "a response's other tools": (
        "responses",
        {
            "output": [
                {"type": "reasoning", "summary": []},
                {"type": "custom_tool_call", "name": "sh", "input": "ls", "call_id": "c"},
                {"type": "mcp_call", "name": "ask", "arguments": '{"q": 1}'},
            ]
        },
        Answer("", (ToolCall("sh", "ls", "c"), ToolCall("ask", {"q": 1}))),
    ),
    "a response cut short": (
        "responses",
        streamed(
            {"type": "response.created", "response": {"model": "m", "status": "in_progress", "output": []}},
            {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message"}},
            {"type": "response.output_text.delta", "output_index": 0, "delta": "Half "},
            {"type": "response.output_text.delta", "output_index": 0, "delta": "a"},
            {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{}"},
        ),
        Answer("Half a", (ToolCall("", {}),), finish_reason="in_progress", model="m"),
    ),
    "a transcript streamed": (
        "transcription",
        streamed(
            {"type": "transcript.text.delta", "delta": "Hel"},
            {
                "type": "transcript.text.done",
                "text": "Hello",
                "usage": {"input_tokens": 1, "output_tokens": 2},
            },
        ),
        Answer("Hello", usage=Usage(1, 2)),
    ),
    "a stream with line separators in its texts": (
        "completions",
        'data: {"choices": [{"text": "a\u2028b"}]}\r\ndata: broken\r\n'.encode(),
        Answer("a\u2028b"),
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_of_odd_shapes(name: str) -> None:
    operation, response, expected = ANSWERS[name]
    assert answered(operation, response) == expected


MESSAGES: dict[str, tuple[str, dict[str, Any], tuple[Message, ...]]] = {
    "a system prompt beside the messages": (
        "messages",
        {"system": [{"type": "text", "text": "Be brief."}], "messages": [{"role": "user", "content": "hi"}]},
        (Message("system", "Be brief."), Message("user", "hi")),
    ),
    "anthropic tools": (
        "messages",
        {
            "messages": [
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "hm"},
                        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "tool_result",
                            "tool_use_id": "t",
                            "content": [{"type": "text", "text": "42"}],
                        },
                        {"type": "image", "source": {}},
                        {"type": "text", "text": "and now?"},
                    ],
                },
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "u"}]},
            ]
        },
        (
            Message("assistant", "[thinking]", (ToolCall("f", {"a": 1}, "t"),)),
            Message("tool", "42", result_of="t"),
            Message("user", "[image]\nand now?"),
            Message("tool", "", result_of="u"),
        ),
    ),
    "chat tools": (
        "chat",
        {
            "messages": [
                {"role": "developer", "content": "Be brief."},
                {"role": "assistant", "content": None, "tool_calls": [{**_CALL, "id": "c"}]},
                {"role": "tool", "tool_call_id": "c", "content": "42"},
            ]
        },
        (
            Message("developer", "Be brief."),
            Message("assistant", "", (ToolCall("f", {}, "c"),)),
            Message("tool", "42", result_of="c"),
        ),
    ),
    "a response to one text": (
        "responses",
        {"input": "hi", "instructions": "Be brief."},
        (Message("system", "Be brief."), Message("user", "hi")),
    ),
    "a response to items": (
        "responses",
        {
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "hi"}, {"type": "input_file"}]},
                {"type": "reasoning", "id": "r"},
                {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c"},
                {"type": "function_call_output", "call_id": "c", "output": "42"},
            ]
        },
        (
            Message("user", "hi\n[input_file]"),
            Message("assistant", "[reasoning]"),
            Message("assistant", "", (ToolCall("f", {}, "c"),)),
            Message("tool", "42", result_of="c"),
        ),
    ),
    "texts to embed": ("embeddings", {"input": ["a", "b"]}, (Message("input", "a"), Message("input", "b"))),
    "tokens to embed": ("embeddings", {"input": [5, 7, 9]}, (Message("input", "[3 values]"),)),
    "a prompt and what follows": (
        "completions",
        {"prompt": "a", "suffix": "z"},
        (Message("prompt", "a"), Message("suffix", "z")),
    ),
    "nothing": ("messages", {}, ()),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_messages(name: str) -> None:
    operation, body, expected = MESSAGES[name]
    assert asked(operation, **body) == expected


# --- never an error ----------------------------------------------------------------------------------

_NAMES = """arguments call_id choices completion content content_block delta finish_reason function
    function_call id incomplete_details index input input_tokens instructions item message messages name
    output output_index output_tokens partial_json prompt_tokens refusal response role stop_reason system text
    tool_calls type usage custom data""".split()  # noqa: SIM905  # words, not a page of quotes
_WORDS = """message_start content_block_start content_block_delta message_delta text tool_use tool_result
    message function_call function_call_output response.output_item.done response.output_text.delta
    response.function_call_arguments.delta response.completed transcript.text.done {}""".split()  # noqa: SIM905

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False) | st.sampled_from(_WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=5),
    max_leaves=25,
)


def _readers() -> Iterator[Any]:
    return (operation for provider in PROVIDERS for operation in provider.operations)


@settings(max_examples=200, deadline=None)
@given(_VALUES, st.lists(_VALUES, max_size=5))
def test_no_shape_is_an_error(value: Any, events: list[Any]) -> None:
    for operation in _readers():
        answer = operation.answer(value, ())
        assert answer is None or isinstance(answer.text, str)
        operation.answer(None, events)
        prompt = dict.fromkeys(operation.prompt, value)
        for message in operation.messages(prompt, {"system": value}):
            assert isinstance(message.text, str)
            assert isinstance(message.role, str)
