"""Libraries on top of the SDKs: routers, agents, structured output. Some imports take seconds: on use."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from pydantic import BaseModel

from clients.client import KEY, Call, Client
from clients.sdks import CHAT_TOOLS, openai, openai_async, user

__all__ = ["FRAMEWORKS"]


class City(BaseModel):
    """What instructor is to make of an answer."""

    name: str
    people: int


# --- LiteLLM ------------------------------------------------------------------------------------------


@contextmanager
def litellm(url: str) -> Iterator[Any]:
    """LiteLLM has functions and no client, so the URL stands for one; it keeps the clients it makes."""
    import litellm

    yield url
    for client in litellm.in_memory_llm_clients_cache.cache_dict.values():
        if not inspect.iscoroutinefunction(client.close):
            client.close()
    asyncio.run(litellm.close_litellm_async_clients())
    litellm.in_memory_llm_clients_cache.flush_cache()


@asynccontextmanager
async def litellm_async(url: str) -> AsyncIterator[Any]:
    import litellm

    yield url
    await litellm.close_litellm_async_clients()
    litellm.in_memory_llm_clients_cache.flush_cache()


def completion(url: str, prompt: str, model: str = "openai/gpt-4o", root: str = "/v1", **more: Any) -> Any:
    import litellm

    return litellm.completion(
        model=model, messages=user(prompt), api_base=f"{url}{root}", api_key=KEY, **more
    )


def acompletion(url: str, prompt: str, model: str = "openai/gpt-4o", root: str = "/v1", **more: Any) -> Any:
    import litellm

    more |= {"api_base": f"{url}{root}", "api_key": KEY}
    return litellm.acompletion(model=model, messages=user(prompt), **more)


CLAUDE = {"model": "anthropic/claude-haiku-4-5", "root": ""}
GEMINI = {"model": "gemini/gemini-2.5-flash", "root": "/v1beta"}


async def acompletion_stream(url: str, prompt: str, **more: Any) -> Any:
    return [part async for part in await acompletion(url, prompt, stream=True, **more)]


def embedding(url: str, prompt: str) -> Any:
    import litellm

    return litellm.embedding(
        model="openai/text-embedding-3-small", input=[prompt], api_base=f"{url}/v1", api_key=KEY
    )


LITELLM = {
    "openai": Call(completion, ("openai chat",)),
    "openai tool": Call(lambda c, prompt: completion(c, prompt, tools=CHAT_TOOLS), ("openai chat",)),
    "openai stream": Call(lambda c, prompt: list(completion(c, prompt, stream=True)), ("openai chat",)),
    "anthropic": Call(lambda c, prompt: completion(c, prompt, **CLAUDE), ("anthropic messages",)),
    "anthropic stream": Call(
        lambda c, prompt: list(completion(c, prompt, stream=True, **CLAUDE)), ("anthropic messages",)
    ),
    "gemini": Call(lambda c, prompt: completion(c, prompt, **GEMINI), ("gemini generateContent",)),
    "embedding": Call(embedding, ("openai embeddings",)),
}
LITELLM_ASYNC = {
    "openai": Call(acompletion, ("openai chat",)),
    "openai stream": Call(acompletion_stream, ("openai chat",)),
    "anthropic": Call(lambda c, prompt: acompletion(c, prompt, **CLAUDE), ("anthropic messages",)),
    "anthropic stream": Call(
        lambda c, prompt: acompletion_stream(c, prompt, **CLAUDE), ("anthropic messages",)
    ),
    "gemini": Call(lambda c, prompt: acompletion(c, prompt, **GEMINI), ("gemini generateContent",)),
}


# --- LangChain ----------------------------------------------------------------------------------------


@contextmanager
def langchain(url: str) -> Iterator[Any]:
    import openai
    from langchain_openai import ChatOpenAI

    with openai.DefaultHttpxClient() as http:
        yield ChatOpenAI(model="gpt-4o", base_url=f"{url}/v1", api_key=KEY, http_client=http)


@asynccontextmanager
async def langchain_async(url: str) -> AsyncIterator[Any]:
    import openai
    from langchain_openai import ChatOpenAI

    async with openai.DefaultAsyncHttpxClient() as http:
        yield ChatOpenAI(model="gpt-4o", base_url=f"{url}/v1", api_key=KEY, http_async_client=http)


async def langchain_stream_async(c: Any, prompt: str) -> Any:
    return [part async for part in c.astream(prompt)]


LANGCHAIN = {
    "invoke": Call(lambda c, prompt: c.invoke(prompt), ("openai chat",)),
    "stream": Call(lambda c, prompt: list(c.stream(prompt)), ("openai chat",)),
    "tool": Call(lambda c, prompt: c.bind_tools(CHAT_TOOLS).invoke(prompt), ("openai chat",)),
    "batch": Call(
        lambda c, prompt: c.batch([f"{prompt} 1", f"{prompt} 2", f"{prompt} 3"]),
        ("openai chat",) * 3,
        at_once=True,
    ),
}
LANGCHAIN_ASYNC = {
    "invoke": Call(lambda c, prompt: c.ainvoke(prompt), ("openai chat",)),
    "stream": Call(langchain_stream_async, ("openai chat",)),
}


# --- Pydantic AI --------------------------------------------------------------------------------------


@asynccontextmanager
async def pydantic_ai_async(url: str) -> AsyncIterator[Any]:
    async with openai_async(url) as client:
        yield pydantic_ai_agent(client)


@contextmanager
def pydantic_ai(url: str) -> Iterator[Any]:
    """`run_sync` runs on the event loop that is set."""
    with asyncio.Runner() as runner:
        asyncio.set_event_loop(runner.get_loop())
        client = openai_async(url)
        yield pydantic_ai_agent(client)
        runner.run(client.close())


def pydantic_ai_agent(client: Any) -> Any:
    """An agent with a tool: the model asks for it, and answers when it has the result."""
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    model = OpenAIChatModel("gpt-4o", provider=OpenAIProvider(openai_client=client))
    agent = Agent(model, instructions="Be brief.")

    @agent.tool_plain
    def get_weather(city: str) -> str:
        return f"Sunny in {city}."

    return agent


async def pydantic_ai_stream(agent: Any, prompt: str) -> Any:
    async with agent.run_stream(prompt) as run:
        return [*[text async for text in run.stream_text(debounce_by=None)], run.all_messages()]


PYDANTIC_AI = {"run": Call(lambda c, prompt: c.run_sync(prompt).all_messages(), ("openai chat",) * 2)}


async def pydantic_ai_run(agent: Any, prompt: str) -> Any:
    return (await agent.run(prompt)).all_messages()


PYDANTIC_AI_ASYNC = {
    "run": Call(pydantic_ai_run, ("openai chat",) * 2),
    "stream": Call(pydantic_ai_stream, ("openai chat",) * 2),
}


# --- OpenAI's agents ----------------------------------------------------------------------------------


@asynccontextmanager
async def agents(url: str) -> AsyncIterator[Any]:
    """An agent with a tool, on the Responses API."""
    import agents

    agents.set_tracing_disabled(True)

    @agents.function_tool
    def get_weather(city: str) -> str:
        """The weather of a city."""
        return f"Sunny in {city}."

    async with openai_async(url) as client:
        model = agents.OpenAIResponsesModel("gpt-4o", openai_client=client)
        yield agents.Agent("weather", instructions="Be brief.", model=model, tools=[get_weather])


async def agent_run(agent: Any, prompt: str) -> Any:
    from agents import Runner

    result = await Runner.run(agent, prompt)
    return [result.raw_responses, result.final_output]


async def agent_stream(agent: Any, prompt: str) -> Any:
    from agents import Runner

    result = Runner.run_streamed(agent, prompt)
    return [[event.type async for event in result.stream_events()], result.raw_responses]


AGENTS = {
    "run": Call(agent_run, ("openai responses",) * 2),
    "stream": Call(agent_stream, ("openai responses",) * 2),
}


# --- Instructor ---------------------------------------------------------------------------------------


@contextmanager
def instructor(url: str) -> Iterator[Any]:
    import instructor

    with openai(url) as client:
        yield instructor.from_openai(client)


@asynccontextmanager
async def instructor_async(url: str) -> AsyncIterator[Any]:
    import instructor

    async with openai_async(url) as client:
        yield instructor.from_openai(client)


def structured(c: Any, prompt: str) -> Any:
    return c.chat.completions.create(model="gpt-4o", messages=user(prompt), response_model=City)


INSTRUCTOR = {"structured": Call(structured, ("openai chat",))}


# --- the table ----------------------------------------------------------------------------------------

LITELLM_MADE_UP = frozenset({"created", "id"})
LANGCHAIN_MADE_UP = frozenset({"id"})
PYDANTIC_MADE_UP = frozenset({"timestamp", "run_id", "conversation_id"})

FRAMEWORKS = (
    Client("litellm", ("litellm",), litellm, LITELLM, "sync", LITELLM_MADE_UP, False),
    Client("litellm", ("litellm",), litellm_async, LITELLM_ASYNC, "async", LITELLM_MADE_UP, False),
    Client("langchain-openai", ("langchain_openai",), langchain, LANGCHAIN, volatile=LANGCHAIN_MADE_UP),
    Client(
        "langchain-openai",
        ("langchain_openai",),
        langchain_async,
        LANGCHAIN_ASYNC,
        "async",
        LANGCHAIN_MADE_UP,
    ),
    Client("pydantic-ai-slim", ("pydantic_ai",), pydantic_ai, PYDANTIC_AI, volatile=PYDANTIC_MADE_UP),
    Client(
        "pydantic-ai-slim", ("pydantic_ai",), pydantic_ai_async, PYDANTIC_AI_ASYNC, "async", PYDANTIC_MADE_UP
    ),
    Client("openai-agents", ("agents",), agents, AGENTS, "async"),
    Client("instructor", ("instructor",), instructor, INSTRUCTOR),
    Client("instructor", ("instructor",), instructor_async, INSTRUCTOR, "async"),
)
