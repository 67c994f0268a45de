"""What a request asks for, in any of the three protocols: its prompt, a tool call, a structured output."""

from __future__ import annotations

from dataclasses import dataclass

from vcr_llm.demo.wire_types import Json

__all__ = ["Tool", "last_prompt", "output_schema", "tool_to_call"]

# Blocks and items by which a client hands back what a tool returned.
TOOL_RESULT_TYPES = frozenset({"tool_result", "function_call_output", "custom_tool_call_output"})


def _plain_text(content: object) -> str:
    """The text of a message's content: a string, or a list of blocks of which those with `text` count."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = (part.get("text", "") if isinstance(part, dict) else str(part) for part in content)
        return " ".join(map(_plain_text, texts))
    return ""


def _asks(message: object) -> bool:
    """Whether a message (or an item of a Responses input) is a user's in plain words, no tool's result."""
    if isinstance(message, str):
        return True
    if not isinstance(message, dict) or message.get("role") != "user":
        return False
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    types = {block.get("type") for block in blocks if isinstance(block, dict)}
    return not types & TOOL_RESULT_TYPES and bool(_plain_text(content).strip())


def last_prompt(messages: object) -> str:
    """The text of the last message that is a user's."""
    if isinstance(messages, str):
        return messages
    asked = [message for message in messages if _asks(message)] if isinstance(messages, list) else []
    if not asked:
        return ""
    return asked[-1] if isinstance(asked[-1], str) else _plain_text(asked[-1].get("content"))


def _last_asks(messages: object) -> bool:
    if isinstance(messages, list):
        return bool(messages) and _asks(messages[-1])
    return isinstance(messages, str)


@dataclass(frozen=True)
class Tool:
    """A client-side tool, whichever way the request declared it."""

    name: str
    schema: Json  # JSON schema of its arguments


def _tool(declared: Json) -> Tool | None:
    """The tool of Anthropic's, Chat Completions' or Responses' declaration; None for tools of the server."""
    function: Json = declared.get("function") or declared
    if "name" not in function or not ("input_schema" in function or declared.get("type") == "function"):
        return None
    return Tool(function["name"], function.get("input_schema") or function.get("parameters") or {})


def tool_to_call(request: Json, messages: object) -> Tool | None:
    """The tool that the answer calls: the one `tool_choice` names, or else the first; None for a text."""
    tools = [tool for tool in map(_tool, request.get("tools") or []) if tool]
    choice = request.get("tool_choice")
    chosen: Json = choice if isinstance(choice, dict) else {"type": choice}
    if chosen.get("type") == "none" or not tools or not _last_asks(messages):
        return None
    wanted = (chosen.get("function") or chosen).get("name")
    return next((tool for tool in tools if tool.name == wanted), tools[0])


def output_schema(request: Json) -> Json | None:
    """The JSON schema that a structured output has to meet, wherever the three protocols put it."""
    places = (
        (request.get("output_config") or {}).get("format"),
        request.get("output_format"),
        (request.get("response_format") or {}).get("json_schema"),
        (request.get("text") or {}).get("format"),
    )
    return next((place["schema"] for place in places if isinstance(place, dict) and "schema" in place), None)
