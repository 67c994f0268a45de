"""What a provider's file says about its API: operations, and where a call keeps its parts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from vcr_llm import multipart
from vcr_llm.interaction import NO_JSON, Request, split_url
from vcr_llm.providers.answers import ReadAnswer, ReadMessages, field_texts, no_answer

__all__ = ["SSE_TYPE", "Call", "Operation", "Provider", "body_fields"]

SSE_TYPE: Final = "text/event-stream"
POST = frozenset({"POST"})
ANY_METHOD = frozenset({"POST", "GET", "DELETE"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One provider API action, as a row of a table.

    ``path``, a regular expression, is searched for in the URL's path; where a group named ``model`` takes
    part, the model is there unless the body names one, and where one named ``stream`` does, the call
    streams. ``prompt`` names the body fields that count as the messages, none meaning the whole body; a
    request that has none of them is told apart by its other fields, or by its query. ``model``,
    ``temperature`` (of several names the first that is there) and ``stream`` name the body fields that hold
    them, "" where none does; a dot descends into an object. ``default_temperature`` and ``default_stream``
    are what the provider takes an absent one to be. ``needs``: fields that a body must have besides to be
    told on a host nobody knows. ``volatile``: what of a body changes by nature and plays no part in
    matching (signatures, ids a client makes up), as paths in which ``*`` is each item of a list.
    ``messages`` reads what a request says, ``answer`` what a response says: see `answers`.
    """

    provider: str
    name: str
    path: str | re.Pattern[str]
    prompt: tuple[str, ...] = ()
    methods: frozenset[str] = POST
    model: str = "model"
    temperature: str | tuple[str, ...] = "temperature"
    default_temperature: float = 1
    stream: str = "stream"
    default_stream: bool = False
    needs: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()
    messages: ReadMessages = field_texts
    answer: ReadAnswer = no_answer

    def __str__(self) -> str:
        return f"{self.provider} {self.name}"


Shape = Callable[[Mapping[str, Any], Mapping[str, Any], Sequence[Any]], "str | None"]
"""(request body, response body, data of the stream's events) → the name of the operation they look like."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider family.

    ``hosts`` matches the host names that are the provider's own, or ``host:port``. With ``anywhere`` its
    operations count on every other host too, when the request's body has one of their prompt fields.
    ``key_variables``: the environment variables its SDKs read an API key from; they get a placeholder
    where they are unset, so none whose mere presence changes what a program does. ``urls``: the usual
    URL of an operation, for recordings that do not say theirs, with ``{model}`` where the model stands in
    it; ``stream_urls`` where a stream has another. ``stream_type``: the content type of its streams.
    ``shape`` tells an operation from bodies alone.
    """

    name: str
    hosts: re.Pattern[str]
    operations: tuple[Operation, ...] = ()
    anywhere: bool = False
    key_variables: tuple[str, ...] = ()
    urls: Mapping[str, str] = field(default_factory=dict)
    stream_urls: Mapping[str, str] = field(default_factory=dict)
    stream_type: str = SSE_TYPE
    shape: Shape = lambda _request, _response, _events: None


@dataclass(frozen=True, slots=True)
class Call:
    """A request, understood: the parts that matching is about.

    ``prompt`` maps prompt fields to their values as sent; ``temperature`` is None where absent;
    ``rest`` holds the other fields of the body. ``provider`` is whose host it is, where somebody's:
    Groq's for a call of OpenAI's operation at Groq.
    """

    operation: Operation
    model: str | None
    prompt: Mapping[str, Any]
    temperature: Any
    stream: bool
    rest: Mapping[str, Any]
    provider: str

    @classmethod
    def read(
        cls, operation: Operation, request: Request, fields: Mapping[str, Any], provider: str | None = None
    ) -> Call:
        temperatures = operation.temperature
        if isinstance(temperatures, str):
            temperatures = (temperatures,)
        own = {operation.model, *temperatures, operation.stream}
        named = {name: _at(fields, name) for name in operation.prompt} if operation.prompt else fields
        prompt = {name: value for name, value in named.items() if name not in own and value is not None}
        url = split_url(request.url)
        if not prompt:
            others = {name: value for name, value in fields.items() if name not in own and value is not None}
            prompt = others or {"?": url.query}
        found = re.search(operation.path, url.path)
        parts = found.groupdict() if found else {}
        return cls(
            operation,
            _model(_at(fields, operation.model), parts.get("model")),
            prompt,
            next((value for name in temperatures if (value := _at(fields, name)) is not None), None),
            bool(parts.get("stream")) or _streams(operation, fields),
            {name: value for name, value in fields.items() if name not in own and name not in prompt},
            provider or operation.provider,
        )


def _model(named: Any, in_url: str | None) -> str | None:
    if isinstance(named, str):
        return named
    return unquote(in_url) if in_url else None


def _streams(operation: Operation, fields: Mapping[str, Any]) -> bool:
    value = _at(fields, operation.stream)
    return operation.default_stream if value is None else value in (True, "true")


def _at(fields: Mapping[str, Any], path: str) -> Any:
    value: Any = fields
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def body_fields(request: Request) -> Mapping[str, Any]:
    """The named fields of a request's body: of a JSON object or of a form, else none.

    A form's file stands as its name, type and SHA-256; of a repeated field the values stand in a list.
    """
    if request.body is None:
        return {}
    value = request.body.json
    if value is not NO_JSON:
        return value if isinstance(value, dict) else {}
    fields: dict[str, Any] = {}
    for part in multipart.parse(request.body.raw) or ():
        found = _part_value(part)
        if part.name not in fields:
            fields[part.name] = found
        elif isinstance(fields[part.name], list):
            fields[part.name].append(found)
        else:
            fields[part.name] = [fields[part.name], found]
    return fields


def _part_value(part: multipart.Part) -> Any:
    if part.filename is None:
        return part.content.decode("utf-8", "replace")
    return {
        "filename": part.filename,
        "content_type": part.content_type,
        "sha256": hashlib.sha256(part.content).hexdigest(),
    }
