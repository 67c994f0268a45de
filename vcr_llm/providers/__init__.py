"""The table of providers: which requests are calls of which operation.

Adding a provider is adding a file beside this one that makes a `Provider`, and its line in `PROVIDERS`.
A gateway of one's own is registered by those who use it, as in a ``conftest.py``:

    from vcr_llm.providers import Operation, Places, Provider, answer_at, register

    ask = Operation(
        "gateway",
        "ask",
        re.compile("/ask$"),
        ("question",),
        model="engine",
        answer=answer_at(Places(text=("reply",))),
    )
    register(Provider("gateway", re.compile(r"llm\\.example\\.com"), (ask,)))
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

from vcr_llm import streams
from vcr_llm.interaction import NO_JSON, Interaction, Request, Response, split_url
from vcr_llm.providers import (
    amazon,
    anthropic,
    bedrock,
    cohere,
    compatible,
    generic,
    google,
    huggingface,
    mistral,
    ollama,
    openai,
    replicate,
    reranking,
    watsonx,
    writer,
)
from vcr_llm.providers.answers import Answer, Message, Places, ToolCall, Usage, answer_at
from vcr_llm.providers.operation import SSE_TYPE, Call, Operation, Provider, body_fields
from vcr_llm.streams import sse

__all__ = [
    "PROVIDERS",
    "Answer",
    "Call",
    "Message",
    "Operation",
    "Places",
    "Provider",
    "ToolCall",
    "Usage",
    "answer_at",
    "body_fields",
    "classify",
    "key_variables",
    "owners_of",
    "read_answer",
    "read_messages",
    "register",
    "usual_stream_type",
    "usual_url",
]

PROVIDERS: Final[list[Provider]] = [
    openai.PROVIDER,
    anthropic.PROVIDER,
    *compatible.PROVIDERS,
    google.VERTEX,
    google.GEMINI,
    amazon.BEDROCK,
    amazon.SAGEMAKER,
    cohere.PROVIDER,
    cohere.ELSEWHERE,
    ollama.PROVIDER,
    mistral.PROVIDER,
    huggingface.PROVIDER,
    replicate.PROVIDER,
    watsonx.PROVIDER,
    writer.PROVIDER,
    *reranking.PROVIDERS,
    generic.PROVIDER,
]
"""Where several claim a request, the first of the host's own, then the first of those found anywhere."""


def register(provider: Provider) -> None:
    """Add a provider, before all others; one of the same name that was there is replaced."""
    PROVIDERS[:] = [provider, *(known for known in PROVIDERS if known.name != provider.name)]
    _claims.cache_clear()


def classify(request: Request) -> Call | None:
    """The call a request makes, or None where it is no call of a known operation."""
    url = split_url(request.url)
    owner, own, others = _claims(request.method.upper(), url.netloc.rpartition("@")[2].lower(), url.path)
    if own is None and not others:
        return None
    fields = body_fields(request)
    if own is not None:
        return Call.read(own, request, fields, owner)
    for operation in others:
        if all(fields.get(name) is not None for name in operation.needs):
            call = Call.read(operation, request, fields, owner)
            if any(name in call.prompt for name in operation.prompt):
                return call
    return None


@lru_cache(maxsize=4096)
def _claims(method: str, host: str, path: str) -> tuple[str | None, Operation | None, tuple[Operation, ...]]:
    """Whose the host is, which of its operations the path is, and which operations it may be anywhere.

    Kept, because there are many patterns and few URLs.
    """
    owners = owners_of(host)
    claimed = [
        [
            operation
            for provider in providers
            for operation in provider.operations
            if method in operation.methods and re.search(operation.path, path)
        ]
        for providers in (owners, [one for one in PROVIDERS if one.anywhere])
    ]
    return (
        owners[0].name if owners else None,
        next(iter(claimed[0]), None),
        tuple(claimed[1]),
    )


def owners_of(host: str) -> list[Provider]:
    """The providers whose own a host is, given as ``host`` or ``host:port``."""
    name = _PORT.sub("", host).strip("[]")
    return [one for one in PROVIDERS if one.hosts.fullmatch(name) or one.hosts.fullmatch(host)]


_PORT: Final = re.compile(r":\d*$")


def read_messages(call: Call) -> tuple[Message, ...]:
    """What a call asks, message by message, the system prompt first."""
    return call.operation.messages(call.prompt, call.rest)


def read_answer(call: Call, interaction: Interaction) -> Answer | None:
    """What the response to a call says; None where it is an error or has a shape nobody knows.

    ``interaction`` is the one whose request the call was classified from, its body decoded.
    """
    response = interaction.response
    if response.body.json is NO_JSON:
        answer = call.operation.answer(None, _event_data(response))
    else:
        answer = call.operation.answer(response.body.json, ())
    if answer is None or answer.usage is not None:
        return answer
    return replace(answer, usage=bedrock.header_usage(response.headers))


def _event_data(response: Response) -> list[Any]:
    """The data of a stream's events; texts that are JSON as what they say."""
    content_type = next(iter(response.headers.get("content-type", ())), "")
    # Recordings that were edited have lost their type, or have another.
    found = streams.parse(response.body.raw, content_type) or streams.parse(response.body.raw, "")
    if found is not None:
        return [_value(event.data) for event in found[1].events]
    # Cut short, or otherwise not to be kept as events: what its data, or its lines of JSON, say.
    texts = sse.data_texts(response.body.raw) or [response.body.raw.decode("utf-8", "replace")]
    return [value for text in texts for value in _values(text)]


def _values(text: str) -> list[Any]:
    """What a text says as JSON, whole or line by line; else the text."""
    value = _value(text)
    lines = [_value(line) for line in _LINE_END.split(text)] if value is text else []
    return [line for line in lines if not isinstance(line, str)] or [value]


_LINE_END: Final = re.compile(r"\r\n|\n|\r")


def _value(data: Any) -> Any:
    if isinstance(data, str) and data.lstrip().startswith(("{", "[")):
        with suppress(ValueError, RecursionError):
            return json.loads(data)
    return data


def usual_url(
    request: Mapping[str, Any], response: Mapping[str, Any], events: Sequence[Any], provider: str | None
) -> str | None:
    """The URL that bodies of this shape usually come from; None where no provider knows the shape.

    ``provider`` (llm-mock's top-level field) decides where the bodies say nothing. Where the model is part of
    the URL, one of the bodies must name it.
    """
    for known in PROVIDERS:
        name = known.shape(request, response, events)
        if name is not None and name in known.urls:
            url = known.stream_urls.get(name, known.urls[name]) if events else known.urls[name]
            return _with_model(url, [request, response, *events])
    for known in PROVIDERS:
        if known.name == provider and known.urls:
            return _with_model(next(iter(known.urls.values())), [request])
    return None


_MODEL_NAMES: Final = ("model", "modelId", "modelVersion")


def _with_model(url: str, bodies: Sequence[Any]) -> str | None:
    if "{model}" not in url:
        return url
    named = (body.get(name) for body in bodies if isinstance(body, Mapping) for name in _MODEL_NAMES)
    model = next((name for name in named if isinstance(name, str)), None)
    return None if model is None else url.replace("{model}", quote(model.removeprefix("models/"), safe=""))


def usual_stream_type(url: str) -> str:
    """The content type of the streams that the provider whose URL this is sends."""
    host = split_url(url).netloc.lower()
    owners = (
        one for one in PROVIDERS if one.hosts.fullmatch(host) or one.hosts.fullmatch(_PORT.sub("", host))
    )
    return next((one.stream_type for one in owners), SSE_TYPE)


def key_variables(request: Request | None = None) -> tuple[str, ...]:
    """The environment variables that the providers' SDKs read keys from; of one request those of its own."""
    if request is None:
        return tuple(dict.fromkeys(name for provider in PROVIDERS for name in provider.key_variables))
    call = classify(request)
    own = [provider for provider in PROVIDERS if call is not None and provider.name == call.provider]
    return tuple(name for provider in own for name in provider.key_variables)
