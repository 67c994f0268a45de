"""The tools that a request offers, in the same words for every provider.

The shapes are few and tell themselves apart, so they are read by shape and not by operation: OpenAI's
``{"type": "function", "function": {…}}`` (Cohere, Ollama and most others too), its flat form of the
Responses API, Anthropic's ``input_schema``, Gemini's ``functionDeclarations``, Bedrock's ``toolSpec``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vcr_llm.providers.answers import items, members, string
from vcr_llm.providers.operation import Call

__all__ = ["Tool", "read_tools"]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool the model may call. ``parameters``: the JSON Schema of its arguments, empty where there is none.

    Of a tool that runs at the provider (``web_search_20250305``) the name is its name, else its type.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


_LISTS: Final = ("functionDeclarations", "function_declarations")
_WRAPPERS: Final = ("function", "toolSpec", "custom")
_SCHEMAS: Final = (
    "parameters",
    "input_schema",
    "inputSchema",
    "parametersJsonSchema",
    "parameter_definitions",
)


def read_tools(call: Call) -> tuple[Tool, ...]:
    """The tools a call offers, in order; what has no recognisable shape is left out."""
    fields = {**call.rest, **call.prompt}
    offered = [
        *items(fields.get("tools")),
        *items(fields.get("functions")),
        *items(members(fields.get("toolConfig")).get("tools")),
    ]
    return tuple(tool for each in offered for tool in _read(each))


def _read(offered: Mapping[str, Any]) -> Iterator[Tool]:
    listed = [one for name in _LISTS for one in items(offered.get(name))]
    if listed:
        for one in listed:
            yield from _read(one)
        return
    named = next((members(offered[name]) for name in _WRAPPERS if members(offered.get(name))), offered)
    name = string(named.get("name")) or string(named.get("type"))
    if name:
        yield Tool(name, string(named.get("description")), _schema(named))
    elif named is offered and len(offered) == 1:  # Gemini: {"googleSearch": {}}
        yield Tool(next(iter(offered)))


def _schema(named: Mapping[str, Any]) -> Mapping[str, Any]:
    found = next((members(named[name]) for name in _SCHEMAS if members(named.get(name))), {})
    return members(found["json"]) if set(found) == {"json"} else found
