"""The providers' own SDKs. Their modules are imported when a client is made, for some take seconds."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from typing import Any

from clients.client import KEY, PARAMETERS, Call, Client

__all__ = ["SDKS"]

CHAT_TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS}}]
CLAUDE = {"model": "claude-haiku-4-5", "max_tokens": 64}


def user(prompt: str) -> list[Any]:
    return [{"role": "user", "content": prompt}]


# --- OpenAI, and Groq, whose SDK is a copy of it ------------------------------------------------------


def openai(url: str) -> Any:
    import openai

    return openai.OpenAI(base_url=f"{url}/v1", api_key=KEY)


def openai_async(url: str) -> Any:
    import openai

    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY)


def openai_aiohttp(url: str) -> Any:
    import openai

    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY, http_client=openai.DefaultAioHttpClient())


def azure(url: str) -> Any:
    import openai

    return openai.AzureOpenAI(azure_endpoint=url, api_key=KEY, api_version="2025-04-01-preview")


def hugging_face(url: str) -> Any:
    import huggingface_hub

    return closing(huggingface_hub.InferenceClient(base_url=f"{url}/v1", api_key=KEY))


def groq(url: str) -> Any:
    import groq

    # It takes whatever goes wrong for a lost connection, a miss as well, and would ask twice more.
    return groq.Groq(base_url=url, api_key=KEY, max_retries=0)


def groq_async(url: str) -> Any:
    import groq

    return groq.AsyncGroq(base_url=url, api_key=KEY, max_retries=0)


def chat(c: Any, prompt: str, **more: Any) -> Any:
    return c.chat.completions.create(model="gpt-4o", messages=user(prompt), **more)


async def chat_stream_async(c: Any, prompt: str) -> Any:
    return [chunk async for chunk in await chat(c, prompt, stream=True)]


async def chats_at_once(c: Any, prompt: str) -> Any:
    return await asyncio.gather(*(chat(c, f"{prompt} {number}") for number in range(4)))


CHATS = {
    "chat": Call(chat, ("openai chat",)),
    "tool": Call(lambda c, prompt: chat(c, prompt, tools=CHAT_TOOLS), ("openai chat",)),
}
SYNC_CHATS = {
    **CHATS,
    "stream": Call(lambda c, prompt: list(chat(c, prompt, stream=True)), ("openai chat",)),
}
ASYNC_CHATS = {
    **CHATS,
    "stream": Call(chat_stream_async, ("openai chat",)),
    "at once": Call(chats_at_once, ("openai chat",) * 4, at_once=True),
}
OPENAI_ONLY = {
    "responses": Call(
        lambda c, prompt: c.responses.create(model="gpt-4o", input=prompt), ("openai responses",)
    ),
    "embeddings": Call(
        lambda c, prompt: c.embeddings.create(model="e", input=prompt), ("openai embeddings",)
    ),
}


# --- Anthropic ----------------------------------------------------------------------------------------


def anthropic(url: str) -> Any:
    import anthropic

    return anthropic.Anthropic(base_url=url, api_key=KEY)


def anthropic_async(url: str) -> Any:
    import anthropic

    return anthropic.AsyncAnthropic(base_url=url, api_key=KEY)


def anthropic_aiohttp(url: str) -> Any:
    import anthropic

    return anthropic.AsyncAnthropic(base_url=url, api_key=KEY, http_client=anthropic.DefaultAioHttpClient())


def anthropic_bedrock(url: str) -> Any:
    import anthropic

    return anthropic.AnthropicBedrock(
        base_url=url, aws_access_key=KEY, aws_secret_key="secret", aws_region="us-east-1"
    )


def anthropic_vertex(url: str) -> Any:
    import anthropic

    return anthropic.AnthropicVertex(
        base_url=f"{url}/v1", access_token=KEY, project_id="project", region="us-east5"
    )


def message(c: Any, prompt: str, **more: Any) -> Any:
    return c.messages.create(messages=user(prompt), **CLAUDE, **more)


def message_stream(c: Any, prompt: str) -> Any:
    with c.messages.stream(messages=user(prompt), **CLAUDE) as stream:
        return [*stream, stream.get_final_message()]


async def message_stream_async(c: Any, prompt: str) -> Any:
    async with c.messages.stream(messages=user(prompt), **CLAUDE) as stream:
        return [*[event async for event in stream], await stream.get_final_message()]


async def messages_at_once(c: Any, prompt: str) -> Any:
    return await asyncio.gather(*(message(c, f"{prompt} {number}") for number in range(4)))


def hosted_messages(operation: str) -> dict[str, Call]:
    """Plain and streamed, where somebody else serves Anthropic's models."""
    return {
        "message": Call(message, (operation,)),
        "stream": Call(lambda c, prompt: list(message(c, prompt, stream=True)), (operation,)),
    }


CLAUDE_TOOLS = [{"name": "get_weather", "input_schema": PARAMETERS}]
MESSAGES = {
    "message": Call(message, ("anthropic messages",)),
    "tool": Call(lambda c, prompt: message(c, prompt, tools=CLAUDE_TOOLS), ("anthropic messages",)),
}
SYNC_MESSAGES = {**MESSAGES, "stream": Call(message_stream, ("anthropic messages",))}
ASYNC_MESSAGES = {
    **MESSAGES,
    "stream": Call(message_stream_async, ("anthropic messages",)),
    "at once": Call(messages_at_once, ("anthropic messages",) * 4, at_once=True),
}


# --- Google -------------------------------------------------------------------------------------------

GEMINI = "gemini-2.5-flash"


def gemini(url: str) -> Any:
    from google import genai

    return genai.Client(api_key=KEY, http_options={"base_url": url})


def gemini_async(url: str) -> Any:
    return gemini(url).aio


def vertex(url: str) -> Any:
    from google import genai

    return genai.Client(vertexai=True, api_key=KEY, http_options={"base_url": url})


def gemini_tool(c: Any, prompt: str) -> Any:
    declared = {"name": "get_weather", "description": "Weather", "parameters_json_schema": PARAMETERS}
    return c.models.generate_content(
        model=GEMINI, contents=prompt, config={"tools": [{"function_declarations": [declared]}]}
    )


async def gemini_stream_async(c: Any, prompt: str) -> Any:
    return [part async for part in await c.models.generate_content_stream(model=GEMINI, contents=prompt)]


async def gemini_at_once(c: Any, prompt: str) -> Any:
    calls = (c.models.generate_content(model=GEMINI, contents=f"{prompt} {number}") for number in range(4))
    return await asyncio.gather(*calls)


def gemini_calls(provider: str) -> dict[str, Call]:
    return {
        "text": Call(
            lambda c, prompt: c.models.generate_content(
                model=GEMINI, contents=prompt, config={"temperature": 0.5, "system_instruction": "Be brief."}
            ),
            (f"{provider} generateContent",),
        ),
        "tool": Call(gemini_tool, (f"{provider} generateContent",)),
    }


def gemini_sync(provider: str) -> dict[str, Call]:
    def stream(c: Any, prompt: str) -> Any:
        return list(c.models.generate_content_stream(model=GEMINI, contents=prompt))

    return {**gemini_calls(provider), "stream": Call(stream, (f"{provider} generateContent",))}


GEMINI_ONLY = {
    "embed": Call(
        lambda c, prompt: c.models.embed_content(model="gemini-embedding-001", contents=[prompt, "b"]),
        ("gemini batchEmbedContents",),
    ),
    "count": Call(
        lambda c, prompt: c.models.count_tokens(model=GEMINI, contents=prompt), ("gemini countTokens",)
    ),
}
GEMINI_SYNC = {**gemini_sync("gemini"), **GEMINI_ONLY}
GEMINI_ASYNC = {
    **gemini_calls("gemini"),
    "stream": Call(gemini_stream_async, ("gemini generateContent",)),
    "at once": Call(gemini_at_once, ("gemini generateContent",) * 4, at_once=True),
}


# --- Amazon -------------------------------------------------------------------------------------------


def bedrock(url: str) -> Any:
    import boto3

    client = boto3.client(
        "bedrock-runtime",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=KEY,
        aws_secret_access_key="secret",
    )
    return closing(client)


HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"


def conversation(prompt: str) -> dict[str, Any]:
    return {"modelId": HAIKU, "messages": [{"role": "user", "content": [{"text": prompt}]}]}


def claude_body(prompt: str) -> dict[str, Any]:
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 64, "messages": user(prompt)}
    return {"modelId": HAIKU, "body": json.dumps(body)}


BEDROCK_TOOLS = {
    "tools": [{"toolSpec": {"name": "get_weather", "inputSchema": {"json": PARAMETERS}}}],
}
BEDROCK = {
    "converse": Call(lambda c, prompt: c.converse(**conversation(prompt)), ("bedrock converse",)),
    "converse stream": Call(
        lambda c, prompt: list(c.converse_stream(**conversation(prompt))["stream"]), ("bedrock converse",)
    ),
    "tool": Call(
        lambda c, prompt: c.converse(**conversation(prompt), toolConfig=BEDROCK_TOOLS), ("bedrock converse",)
    ),
    "streamed tool": Call(
        lambda c, prompt: list(c.converse_stream(**conversation(prompt), toolConfig=BEDROCK_TOOLS)["stream"]),
        ("bedrock converse",),
    ),
    "invoke": Call(
        lambda c, prompt: json.loads(c.invoke_model(**claude_body(prompt))["body"].read()),
        ("bedrock invoke",),
    ),
    "invoke stream": Call(
        lambda c, prompt: list(c.invoke_model_with_response_stream(**claude_body(prompt))["body"]),
        ("bedrock invoke",),
    ),
}


# --- Cohere -------------------------------------------------------------------------------------------


def cohere(url: str) -> Any:
    import cohere

    return cohere.ClientV2(api_key=KEY, base_url=url)


def cohere_async(url: str) -> Any:
    import cohere

    return cohere.AsyncClientV2(api_key=KEY, base_url=url)


COMMAND = "command-a-03-2025"


async def cohere_stream_async(c: Any, prompt: str) -> Any:
    return [event async for event in c.chat_stream(model=COMMAND, messages=user(prompt))]


COHERE = {
    "chat": Call(lambda c, prompt: c.chat(model=COMMAND, messages=user(prompt)), ("cohere chat",)),
    "tool": Call(
        lambda c, prompt: c.chat(model=COMMAND, messages=user(prompt), tools=CHAT_TOOLS), ("cohere chat",)
    ),
}
COHERE_ONLY = {
    "stream": Call(
        lambda c, prompt: list(c.chat_stream(model=COMMAND, messages=user(prompt))), ("cohere chat",)
    ),
    "embed": Call(
        lambda c, prompt: c.embed(
            model="embed-v4.0", input_type="search_query", texts=[prompt], embedding_types=["float"]
        ),
        ("cohere embed",),
    ),
    "rerank": Call(
        lambda c, prompt: c.rerank(model="rerank-v3.5", query=prompt, documents=["a", "b"]),
        ("cohere rerank",),
    ),
}


# --- Mistral ------------------------------------------------------------------------------------------


def mistral(url: str) -> Any:
    try:
        from mistralai.client import Mistral
    except ImportError:  # before 2.0
        from mistralai import Mistral

    return Mistral(api_key=KEY, server_url=f"{url}/mistral")


def mistral_stream(c: Any, prompt: str) -> Any:
    with c.chat.stream(model="mistral-small-latest", messages=user(prompt)) as stream:
        return list(stream)


async def mistral_stream_async(c: Any, prompt: str) -> Any:
    async with await c.chat.stream_async(model="mistral-small-latest", messages=user(prompt)) as stream:
        return [event async for event in stream]


MISTRAL = {
    "chat": Call(
        lambda c, prompt: c.chat.complete(model="mistral-small-latest", messages=user(prompt)),
        ("openai chat",),
    ),
    "stream": Call(mistral_stream, ("openai chat",)),
    "tool": Call(
        lambda c, prompt: c.chat.complete(model="m", messages=user(prompt), tools=CHAT_TOOLS),
        ("openai chat",),
    ),
    "embeddings": Call(
        lambda c, prompt: c.embeddings.create(model="mistral-embed", inputs=[prompt]), ("openai embeddings",)
    ),
    "fim": Call(
        lambda c, prompt: c.fim.complete(model="codestral-latest", prompt=prompt, suffix="end"),
        ("openai completions",),
    ),
}
MISTRAL_ASYNC = {
    "chat": Call(
        lambda c, prompt: c.chat.complete_async(model="mistral-small-latest", messages=user(prompt)),
        ("openai chat",),
    ),
    "stream": Call(mistral_stream_async, ("openai chat",)),
}


# --- Ollama -------------------------------------------------------------------------------------------


def ollama(url: str) -> Any:
    import ollama

    return ollama.Client(host=url, headers={"authorization": f"Bearer {KEY}"})


def ollama_async(url: str) -> Any:
    import ollama

    return ollama.AsyncClient(host=url, headers={"authorization": f"Bearer {KEY}"})


async def ollama_stream_async(c: Any, prompt: str) -> Any:
    return [part async for part in await c.chat(model="llama3.2", messages=user(prompt), stream=True)]


OLLAMA = {
    "chat": Call(lambda c, prompt: c.chat(model="llama3.2", messages=user(prompt)), ("ollama chat",)),
    "tool": Call(
        lambda c, prompt: c.chat(model="llama3.2", messages=user(prompt), tools=CHAT_TOOLS), ("ollama chat",)
    ),
    "generate": Call(lambda c, prompt: c.generate(model="llama3.2", prompt=prompt), ("ollama generate",)),
    "embed": Call(lambda c, prompt: c.embed(model="llama3.2", input=prompt), ("ollama embed",)),
}
OLLAMA_SYNC = {
    **OLLAMA,
    "stream": Call(
        lambda c, prompt: list(c.chat(model="llama3.2", messages=user(prompt), stream=True)), ("ollama chat",)
    ),
}
OLLAMA_ASYNC = {**OLLAMA, "stream": Call(ollama_stream_async, ("ollama chat",))}


# --- the table ----------------------------------------------------------------------------------------

GOOGLE_MADE_UP = frozenset({"sdk_http_response"})  # all response headers, and cassettes keep some
AMAZON_MADE_UP = frozenset({"HTTPHeaders"})

SDKS = (
    Client("openai", ("openai",), openai, {**SYNC_CHATS, **OPENAI_ONLY}),
    Client("openai", ("openai",), openai_async, {**ASYNC_CHATS, **OPENAI_ONLY}, "async"),
    Client("openai", ("openai", "aiohttp"), openai_aiohttp, {**ASYNC_CHATS, **OPENAI_ONLY}, "aiohttp"),
    Client("openai", ("openai",), azure, SYNC_CHATS, "azure"),
    Client("huggingface-hub", ("huggingface_hub",), hugging_face, SYNC_CHATS),
    Client("groq", ("groq",), groq, SYNC_CHATS),
    Client("groq", ("groq",), groq_async, ASYNC_CHATS, "async"),
    Client(
        "anthropic",
        ("anthropic",),
        anthropic,
        {**MESSAGES, "stream": Call(message_stream, ("anthropic messages",))},
    ),
    Client("anthropic", ("anthropic",), anthropic_async, ASYNC_MESSAGES, "async"),
    Client("anthropic", ("anthropic", "aiohttp"), anthropic_aiohttp, ASYNC_MESSAGES, "aiohttp"),
    Client(
        "anthropic",
        ("anthropic", "boto3"),
        anthropic_bedrock,
        hosted_messages("bedrock invoke"),
        "bedrock",
    ),
    Client(
        "anthropic",
        ("anthropic", "google.auth"),
        anthropic_vertex,
        hosted_messages("vertex rawPredict"),
        "vertex",
    ),
    Client(
        "google-genai",
        ("google.genai",),
        gemini,
        {**gemini_sync("gemini"), **GEMINI_ONLY},
        "sync",
        GOOGLE_MADE_UP,
    ),
    Client(
        "google-genai",
        ("google.genai",),
        gemini_async,
        GEMINI_ASYNC,
        "async",
        GOOGLE_MADE_UP,
    ),
    Client("google-genai", ("google.genai",), vertex, gemini_sync("vertex"), "vertex", GOOGLE_MADE_UP),
    Client("boto3", ("boto3",), bedrock, BEDROCK, "sync", AMAZON_MADE_UP),
    Client("cohere", ("cohere",), cohere, {**COHERE, **COHERE_ONLY}),
    Client(
        "cohere",
        ("cohere",),
        cohere_async,
        {**COHERE, "stream": Call(cohere_stream_async, ("cohere chat",))},
        "async",
    ),
    Client("mistralai", ("mistralai",), mistral, MISTRAL),
    Client("mistralai", ("mistralai",), mistral, MISTRAL_ASYNC, "async"),
    Client("ollama", ("ollama",), ollama, OLLAMA_SYNC),
    Client(
        "ollama",
        ("ollama",),
        ollama_async,
        {**OLLAMA, "stream": Call(ollama_stream_async, ("ollama chat",))},
        "async",
    ),
)
