"""What a provider's file says about its API: operations, and where a call keeps its parts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vcr_llm import multipart
from vcr_llm.interaction import NO_JSON, Request, split_url
from vcr_llm.providers.answers import ReadAnswer, ReadMessages, field_texts, no_answer

__all__ = ["Call", "Operation", "Provider", "body_fields"]

POST = frozenset({"POST"})
ANY_METHOD = frozenset({"POST", "GET", "DELETE"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One provider API action, as a row of a table.

    ``path`` is searched for in the URL's path. ``prompt`` names the body fields that count as the
    messages, none meaning the whole body; a request that has none of them is told apart by its query.
    ``model``, ``temperature`` and ``stream`` name the body fields that hold them; a dot descends into
    an object. ``default_temperature`` is what the provider takes an absent temperature to be.
    ``messages`` reads what a request says, ``answer`` what a response says: see `answers`.
    """

    provider: str
    name: str
    path: re.Pattern[str]
    prompt: tuple[str, ...] = ()
    methods: frozenset[str] = POST
    model: str = "model"
    temperature: str = "temperature"
    default_temperature: float = 1
    stream: str = "stream"
    messages: ReadMessages = field_texts
    answer: ReadAnswer = no_answer

    def __str__(self) -> str:
        return f"{self.provider} {self.name}"


Shape = Callable[[Mapping[str, Any], Mapping[str, Any], Sequence[Any]], "str | None"]
"""(request body, response body, data of the stream's events) → the name of the operation they look like."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider family.

    ``hosts`` matches the host names that are the provider's own; on any other host an operation counts
    only when the request's body has one of its prompt fields. ``key_variables``: the environment
    variables its SDKs read a key from. ``urls``: the usual URL of an operation, for recordings that
    do not say theirs. ``shape`` tells an operation from bodies alone.
    """

    name: str
    hosts: re.Pattern[str]
    operations: tuple[Operation, ...]
    key_variables: tuple[str, ...] = ()
    urls: Mapping[str, str] = field(default_factory=dict)
    shape: Shape = lambda _request, _response, _events: None


@dataclass(frozen=True, slots=True)
class Call:
    """A request, understood: the parts that matching is about.

    ``prompt`` maps prompt fields to their values as sent; ``temperature`` is None where absent;
    ``rest`` holds the other fields of the body.
    """

    operation: Operation
    model: str | None
    prompt: Mapping[str, Any]
    temperature: Any
    stream: bool
    rest: Mapping[str, Any]

    @classmethod
    def read(cls, operation: Operation, request: Request, fields: Mapping[str, Any]) -> Call:
        own = {operation.model, operation.temperature, operation.stream}
        named = {name: _at(fields, name) for name in operation.prompt} if operation.prompt else fields
        prompt = {name: value for name, value in named.items() if name not in own and value is not None}
        if not prompt:
            prompt["?"] = split_url(request.url).query
        model = _at(fields, operation.model)
        return cls(
            operation,
            model if isinstance(model, str) else None,
            prompt,
            _at(fields, operation.temperature),
            _at(fields, operation.stream) in (True, "true"),
            {name: value for name, value in fields.items() if name not in own and name not in prompt},
        )


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
