"""Calls on the real SDKs, each a name and a function; record and replay must give equal objects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import anthropic
import openai

USER = [{"role": "user", "content": "Say something about the sea."}]
TOOL_QUESTION = [{"role": "user", "content": "What is the weather in Paris?"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ANTHROPIC_TOOLS = [{"name": "get_weather", "description": "Weather of a city", "input_schema": PARAMETERS}]
CHAT_TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS}}]
RESPONSES_TOOLS = [{"type": "function", "name": "get_weather", "parameters": PARAMETERS, "strict": False}]
CLAUDE = {"model": "claude-sonnet-4-6", "max_tokens": 64}


@dataclass(frozen=True)
class Clients:
    """One client of each SDK, all for the same provider."""

    anthropic: Any
    openai: Any


@contextmanager
def clients(url: str, **options: Any) -> Iterator[Clients]:
    with (
        anthropic.Anthropic(base_url=url, api_key="sk-ant-test-key", **options) as one,
        openai.OpenAI(base_url=f"{url}/v1", api_key="sk-test-key", **options) as two,
    ):
        yield Clients(one, two)


@asynccontextmanager
async def async_clients(url: str, **options: Any) -> AsyncIterator[Clients]:
    async with (
        anthropic.AsyncAnthropic(base_url=url, api_key="sk-ant-test-key", **options) as one,
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="sk-test-key", **options) as two,
    ):
        yield Clients(one, two)


def plain(answer: Any) -> Any:
    """SDK objects as values that compare: everything they hold, ids included."""
    if isinstance(answer, list | tuple):
        return [plain(each) for each in answer]
    if hasattr(answer, "model_dump"):
        request_id = getattr(answer, "_request_id", None)
        # The SDKs' unions make pydantic warn about members that are fine; the values are what counts.
        return {"": type(answer).__name__, "_request_id": request_id, **answer.model_dump(warnings=False)}
    return answer


# --- sync --------------------------------------------------------------------------------------------


def messages_stream(c: Clients, **more: Any) -> Any:
    with c.anthropic.messages.stream(messages=USER, **CLAUDE, **more) as stream:
        events = list(stream)
        return events, stream.get_final_message()


def chat_stream(c: Clients, **more: Any) -> Any:
    with c.openai.chat.completions.stream(model="gpt-4o", messages=USER, **more) as stream:
        events = list(stream)
        return events, stream.get_final_completion()


def responses_stream(c: Clients, **more: Any) -> Any:
    with c.openai.responses.stream(model="gpt-4o", input="Say something.", **more) as stream:
        events = list(stream)
        return events, stream.get_final_response()


SYNC: dict[str, Callable[[Clients], Any]] = {
    "anthropic messages": lambda c: c.anthropic.messages.create(messages=USER, **CLAUDE),
    "anthropic raw stream": lambda c: list(c.anthropic.messages.create(messages=USER, stream=True, **CLAUDE)),
    "anthropic stream helper": messages_stream,
    "anthropic tool call": lambda c: c.anthropic.messages.create(
        messages=TOOL_QUESTION, tools=ANTHROPIC_TOOLS, **CLAUDE
    ),
    "anthropic streamed tool call": lambda c: messages_stream(c, tools=ANTHROPIC_TOOLS),
    "anthropic count_tokens": lambda c: c.anthropic.messages.count_tokens(
        model="claude-sonnet-4-6", messages=USER
    ),
    "anthropic batch": lambda c: c.anthropic.messages.batches.create(
        requests=[{"custom_id": "one", "params": {"messages": USER, **CLAUDE}}]
    ),
    # The legacy endpoint is no method of the current SDK any more; the SDK's own raw call reaches it.
    "anthropic complete": lambda c: c.anthropic.post(
        "/v1/complete",
        body={"model": "claude-2.1", "max_tokens_to_sample": 20, "prompt": "\n\nHuman: hi\n\nAssistant:"},
        cast_to=object,
    ),
    "openai chat": lambda c: c.openai.chat.completions.create(model="gpt-4o", messages=USER),
    "openai raw stream": lambda c: list(
        c.openai.chat.completions.create(
            model="gpt-4o", messages=USER, stream=True, stream_options={"include_usage": True}
        )
    ),
    "openai stream helper": chat_stream,
    "openai tool call": lambda c: c.openai.chat.completions.create(
        model="gpt-4o", messages=TOOL_QUESTION, tools=CHAT_TOOLS
    ),
    "openai streamed tool call": lambda c: list(
        c.openai.chat.completions.create(
            model="gpt-4o", messages=TOOL_QUESTION, tools=CHAT_TOOLS, stream=True
        )
    ),
    "openai responses": lambda c: c.openai.responses.create(model="gpt-4o", input="Say something."),
    "openai responses stream": responses_stream,
    "openai responses tool call": lambda c: c.openai.responses.create(
        model="gpt-4o", input="What is the weather in Paris?", tools=RESPONSES_TOOLS
    ),
    "openai completions": lambda c: c.openai.completions.create(
        model="gpt-3.5-turbo-instruct", prompt="Once"
    ),
    "openai embeddings": lambda c: c.openai.embeddings.create(
        model="text-embedding-3-small", input=["a", "b"]
    ),
    "openai moderations": lambda c: c.openai.moderations.create(input="fine"),
    "openai image": lambda c: c.openai.images.generate(model="gpt-image-1", prompt="a boat"),
    "openai speech": lambda c: c.openai.audio.speech.create(model="tts-1", voice="alloy", input="hi").content,
    "openai transcription": lambda c: c.openai.audio.transcriptions.create(
        model="whisper-1", file=("a.wav", b"RIFF\x00\xff\xfe" * 9)
    ),
    "openai file": lambda c: c.openai.files.create(file=("a.jsonl", b'{"a": 1}\n'), purpose="batch"),
}


# --- async -------------------------------------------------------------------------------------------


async def async_messages_stream(c: Clients) -> Any:
    async with c.anthropic.messages.stream(messages=USER, **CLAUDE) as stream:
        events = [event async for event in stream]
        return events, await stream.get_final_message()


async def async_chat_stream(c: Clients) -> Any:
    async with c.openai.chat.completions.stream(model="gpt-4o", messages=USER) as stream:
        events = [event async for event in stream]
        return events, await stream.get_final_completion()


async def async_responses_stream(c: Clients) -> Any:
    async with c.openai.responses.stream(model="gpt-4o", input="Say something.") as stream:
        events = [event async for event in stream]
        return events, await stream.get_final_response()


async def async_raw_stream(c: Clients) -> Any:
    return [
        chunk async for chunk in await c.openai.chat.completions.create(model="g", messages=USER, stream=True)
    ]


ASYNC: dict[str, Callable[[Clients], Awaitable[Any]]] = {
    "anthropic messages": lambda c: c.anthropic.messages.create(messages=USER, **CLAUDE),
    "anthropic stream helper": async_messages_stream,
    "openai chat": lambda c: c.openai.chat.completions.create(model="gpt-4o", messages=USER),
    "openai raw stream": async_raw_stream,
    "openai stream helper": async_chat_stream,
    "openai responses": lambda c: c.openai.responses.create(model="gpt-4o", input="Say something."),
    "openai responses stream": async_responses_stream,
    "openai embeddings": lambda c: c.openai.embeddings.create(model="text-embedding-3-small", input="a"),
}
