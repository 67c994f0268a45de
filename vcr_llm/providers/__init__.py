"""The table of providers: which requests are calls of which operation.

Adding a provider is adding a file beside this one that makes a `Provider`, and its line in `PROVIDERS`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from vcr_llm import sse
from vcr_llm.interaction import NO_JSON, Interaction, Request, split_url
from vcr_llm.providers import anthropic, openai
from vcr_llm.providers.answers import Answer, Message, ToolCall, Usage
from vcr_llm.providers.operation import Call, Operation, Provider, body_fields

__all__ = [
    "PROVIDERS",
    "Answer",
    "Call",
    "Message",
    "Operation",
    "Provider",
    "ToolCall",
    "Usage",
    "body_fields",
    "classify",
    "key_variables",
    "read_answer",
    "read_messages",
    "usual_url",
]

PROVIDERS: Final[list[Provider]] = [openai.PROVIDER, anthropic.PROVIDER]


def classify(request: Request) -> Call | None:
    """The call a request makes, or None where it is no call of a known operation."""
    url = split_url(request.url)
    method = request.method.upper()
    candidates = [
        (provider, operation)
        for provider in PROVIDERS
        for operation in provider.operations
        if method in operation.methods and operation.path.search(url.path)
    ]
    if not candidates:
        return None
    fields = body_fields(request)
    host = url.hostname or ""
    for provider, operation in candidates:
        if provider.hosts.fullmatch(host):
            return Call.read(operation, request, fields)
    for _, operation in candidates:
        call = Call.read(operation, request, fields)
        if any(name in call.prompt for name in operation.prompt):
            return call
    return None


def read_messages(call: Call) -> tuple[Message, ...]:
    """What a call asks, message by message, the system prompt first."""
    return call.operation.messages(call.prompt, call.rest)


def read_answer(call: Call, interaction: Interaction) -> Answer | None:
    """What the response to a call says; None where it is an error or has a shape nobody knows.

    ``interaction`` is the one whose request the call was classified from, its body decoded.
    """
    body = interaction.response.body
    if body.json is NO_JSON:
        return call.operation.answer(None, _event_data(body.raw))
    return call.operation.answer(body.json, ())


_LINE_END: Final = re.compile(r"\r\n|\n|\r")


def _event_data(raw: bytes) -> list[Any]:
    """The data of a stream's events."""
    stream = sse.parse(raw)
    if stream is not None:
        return [event.data for event in stream.events]
    # Cut short, or otherwise not to be kept as events: what its lines of data say.
    found = []
    for line in _LINE_END.split(raw.decode("utf-8", "replace")):
        if line.startswith("data:"):
            with suppress(ValueError, RecursionError):
                found.append(json.loads(line.removeprefix("data:")))
    return found


def usual_url(
    request: Mapping[str, Any], response: Mapping[str, Any], events: Sequence[Any], provider: str | None
) -> str | None:
    """The URL that bodies of this shape usually come from; None where no provider knows the shape.

    ``provider`` (llm-mock's top-level field) decides where the bodies say nothing.
    """
    for known in PROVIDERS:
        name = known.shape(request, response, events)
        if name is not None and name in known.urls:
            return known.urls[name]
    for known in PROVIDERS:
        if known.name == provider:
            return next(iter(known.urls.values()))
    return None


def key_variables() -> tuple[str, ...]:
    """The environment variables that the providers' SDKs read keys from."""
    return tuple(name for provider in PROVIDERS for name in provider.key_variables)
