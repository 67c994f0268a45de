"""Replicate: a prediction is asked for, then polled, or its stream is read.

Source: replicate.com/docs/reference/http. What goes into ``input`` and comes as ``output`` is the model's
own affair; a language model's output is a list of pieces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from vcr_llm.providers.answers import (
    Answer,
    Message,
    Places,
    answer_at,
    members,
    string,
)
from vcr_llm.providers.operation import ANY_METHOD, Operation, Provider

__all__ = ["PROVIDER"]


def _asked(prompt: Mapping[str, Any], _rest: Mapping[str, Any]) -> tuple[Message, ...]:
    """The texts of the input; its numbers and switches are settings."""
    fields = members(prompt.get("input"))
    system = string(fields.get("system_prompt"))
    found = [Message("system", system)] if system else []
    texts = {name: value for name, value in fields.items() if isinstance(value, str) and value}
    return (*found, *(Message(name, text) for name, text in texts.items() if name != "system_prompt"))


_OUTPUT = answer_at(
    Places(
        text=("output.*", "output"),
        needs=("status",),
        prompt=("metrics.input_token_count",),
        completion=("metrics.output_token_count",),
        reason=("status",),
        model=("model",),
    )
)


def _streamed(_response: Any, events: Sequence[Any]) -> Answer | None:
    """Pieces of text, one per event; the last event, ``{}``, is no piece."""
    pieces = [event for event in events if isinstance(event, str)]
    return Answer("".join(pieces)) if pieces else None


def _row(name: str, path: str, *prompt: str, **rest: Any) -> Operation:
    return Operation("replicate", name, path + "/?$", prompt, **rest)


def _shape(request: Mapping[str, Any], response: Mapping[str, Any], _events: Sequence[Any]) -> str | None:
    return "predictions" if "urls" in response and "version" in request else None


PROVIDER = Provider(
    # `"stream": true` only asks for the URL of a stream, which is a call of its own.
    name="replicate",
    hosts=re.compile(r"(.+\.)?replicate\.(com|net|delivery)"),
    operations=(
        _row(
            "predictions",
            "/v1/(models|deployments)/(?P<model>[^/]+/[^/]+)(/versions/[^/]+)?/predictions",
            "input",
            model="",
            temperature="input.temperature",
            stream="",
            messages=_asked,
            answer=_OUTPUT,
        ),
        _row(
            "predictions",
            "/v1/predictions",
            "input",
            model="version",
            temperature="input.temperature",
            stream="",
            messages=_asked,
            answer=_OUTPUT,
        ),
        _row("prediction", "/v1/predictions(/[^/]+(/cancel)?)?", methods=ANY_METHOD, answer=_OUTPUT),
        _row(
            "stream",
            "/v1/streams/[^/]+",
            methods=frozenset({"GET"}),
            default_stream=True,
            answer=_streamed,
        ),
    ),
    key_variables=("REPLICATE_API_TOKEN",),
    urls={"predictions": "https://api.replicate.com/v1/predictions"},
    shape=_shape,
)
