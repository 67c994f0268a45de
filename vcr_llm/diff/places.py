"""Where in a request's body something is, in the words of those who wrote the prompt.

``messages[3].content[0].content`` is "messages[3], tool result of `search`", ``tools[2].function.parameters``
is "tool `search`, parameters".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

__all__ = ["Place", "call_names", "field_place", "said", "tool_name"]

_CONVERSATIONS: Final = frozenset({"messages", "input", "contents"})
_PROMPTS: Final = _CONVERSATIONS | {"system", "instructions", "systemInstruction", "system_instruction"}
_TOOLS: Final = frozenset({"tools", "functions", "functionDeclarations", "function_declarations"})
_SILENT: Final = frozenset(
    {
        *("content", "text", "parts", "output", "function", "tool_calls", "arguments", "args", "input"),
        *("functionCall", "functionResponse", "response", "toolUse", "toolResult", "toolSpec", "json"),
    }
)
"""Fields inside a message or a tool that say nothing beside what the place is called."""
_IDS: Final = ("tool_call_id", "tool_use_id", "toolUseId", "call_id", "id")


@dataclass(frozen=True, slots=True)
class Place:
    """A place on the way down into a body.

    ``base`` is the field, message or tool, ``who`` whose words a message holds, ``path`` the fields below.
    ``named``: inside a prompt or tool, where fields of no meaning are left out. ``listed``: the field whose
    members come next. ``names``: the tools that ids of calls stand for.
    """

    base: str
    names: Mapping[str, str]
    who: str = ""
    path: str = ""
    named: bool = False
    listed: str = ""

    @property
    def text(self) -> str:
        between = "" if self.path.startswith("[") else ", " if self.named else "."
        head = f"{self.base}, {self.who}" if self.who else self.base
        return f"{head}{between}{self.path}" if self.path else head

    @property
    def lists_tools(self) -> bool:
        return self.listed in _TOOLS

    @property
    def lists_named(self) -> bool:
        """Whether its members are messages or tools."""
        return (
            self.named and not self.path and not self.who and (self.base == self.listed or self.lists_tools)
        )

    def field(self, name: str) -> Place:
        if self.named and not self.path and name in _SILENT:
            return replace(self, listed=name)
        return replace(self, path=f"{self.path}.{name}" if self.path else name, listed=name)

    def member(self, number: int, value: Any, count: int) -> Place:
        if self.lists_tools:
            name = tool_name(value)
            if name is not None:
                return Place(f"tool `{name}`", self.names, named=True)
        if not self.named or self.path:
            return replace(self, path=f"{self.path}[{number}]" if self.path else f"[{number}]", listed="")
        who = _who(value, self.names)
        if self.listed in _CONVERSATIONS and not self.who and self.base == self.listed:
            return replace(self, base=f"{self.base}[{number}]", who=who, listed="")
        if not who and count > 1:
            who = ", ".join(filter(None, [self.who, f"part {number + 1}"]))
        return replace(self, who=who or self.who, listed="")


def field_place(name: str, names: Mapping[str, str]) -> Place:
    """The place of a field of the body itself."""
    return Place(name, names, named=name in _PROMPTS or name in _TOOLS, listed=name)


def _who(value: Any, names: Mapping[str, str]) -> str:
    """Whose words a message or a part of one holds: a role, a tool's result, a call of a tool, a kind."""
    if not isinstance(value, Mapping):
        return ""
    kind = str(value.get("type", ""))
    for name, words in (("functionResponse", "result"), ("toolResult", "result")):
        if isinstance(value.get(name), Mapping):
            return _of_tool(words, _called(value[name], names))
    for name in ("functionCall", "toolUse"):
        if isinstance(value.get(name), Mapping):
            return _of_tool("call", _called(value[name], names))
    if value.get("role") == "tool" or kind.endswith(("tool_result", "_call_output")):
        return _of_tool("result", _called(value, names))
    if kind.endswith(("tool_use", "_call")) or (isinstance(value.get("function"), Mapping) and "id" in value):
        return _of_tool("call", _called(value, names))
    role = value.get("role")
    if isinstance(role, str):
        return role
    return "" if kind in ("", "text", "input_text", "output_text") else kind


def _of_tool(what: str, name: str | None) -> str:
    noun = "tool result" if what == "result" else "call"
    return f"{noun} of `{name}`" if name else ("a tool's result" if what == "result" else "call of a tool")


def _called(value: Mapping[str, Any], names: Mapping[str, str]) -> str | None:
    """The tool that is called, or whose result it is."""
    inner = value.get("function")
    for holder in (inner, value):
        if isinstance(holder, Mapping) and isinstance(holder.get("name"), str):
            return str(holder["name"])
    return next((names[value[name]] for name in _IDS if value.get(name) in names), None)


def call_names(value: Any) -> dict[str, str]:
    """The names of the tools that a prompt's calls are of, by the calls' ids."""
    found: dict[str, str] = {}
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            inner = one.get("function")
            name = inner.get("name") if isinstance(inner, Mapping) else one.get("name")
            if isinstance(name, str):
                ids = [one[field] for field in _IDS if isinstance(one.get(field), str)]
                found.update(dict.fromkeys(ids, name))
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return found


def tool_name(value: Any) -> str | None:
    """The name of a tool's definition: of OpenAI, Anthropic, Gemini or Bedrock."""
    if not isinstance(value, Mapping):
        return None
    inner = value.get("function", value.get("toolSpec", value))
    name = inner.get("name") if isinstance(inner, Mapping) else None
    return name if isinstance(name, str) else None


def said(value: Any) -> Any:
    """What a message says, for one that came or went whole; other values as they are."""
    if isinstance(value, Mapping):
        for name in ("content", "text", "parts", "output"):
            if name in value:
                return said(value[name])
    if isinstance(value, list) and value and all(isinstance(part, Mapping) for part in value):
        texts = [said(part) for part in value]
        if all(isinstance(text, str) for text in texts):
            return "\n".join(texts)
    return value
