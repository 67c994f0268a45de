"""OpenAI's operations on things it keeps: files, batches, conversations, vector stores, assistants.

Source: OpenAI API reference (platform.openai.com/docs/api-reference) and, for the paths without ``/v1``,
Azure OpenAI's (learn.microsoft.com/azure/ai-foundry/openai/reference). Most are polled or paged, so what
tells two calls apart beside their path is their query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vcr_llm.providers.answers import (
    Answer,
    Message,
    ToolCall,
    arguments,
    at,
    content_text,
    field_texts,
    items,
    members,
    string,
)
from vcr_llm.providers.openai_usage import read_usage
from vcr_llm.providers.operation import ANY_METHOD, Operation

__all__ = ["OBJECTS"]


def _said(prompt: Mapping[str, Any], rest: Mapping[str, Any]) -> tuple[Message, ...]:
    """A message that is put into a thread, or the messages a thread begins with."""
    thread = members(prompt.get("thread")) or prompt
    messages = items(thread.get("messages")) or ([prompt] if "role" in prompt else [])
    return tuple(
        Message(string(message.get("role")), content_text(message.get("content"))) for message in messages
    ) or field_texts(prompt, rest)


def _run(response: Any, events: Sequence[Any]) -> Answer | None:
    """How a run stands; of a streamed one also what it says. Its answer is a message of the thread."""
    parts = [members(part) for part in events or [response]]
    runs = [part for part in parts if part.get("object") == "thread.run"]
    if not runs:
        return None
    run = runs[-1]
    pieces = [part for part in parts if part.get("object") == "thread.message.delta"]
    calls = [one for call in at(run, "required_action.submit_tool_outputs.tool_calls") for one in items(call)]
    return Answer(
        "".join(string(text) for piece in pieces for text in at(piece, "delta.content.*.text.value")),
        tuple(
            ToolCall(
                string(members(call.get("function")).get("name")),
                arguments(members(call.get("function")).get("arguments")),
                string(call.get("id")) or None,
            )
            for call in calls
        ),
        read_usage(run.get("usage")),
        string(run.get("status")) or None,
        string(run.get("model")) or None,
    )


def _thread_message(response: Any, _events: Sequence[Any]) -> Answer | None:
    """The model's newest message in a list, where the newest comes first, or the one asked for."""
    messages = items(members(response).get("data")) or [members(response)]
    message = next((one for one in messages if one.get("role") == "assistant"), None)
    if message is None:
        return None
    return Answer("\n".join(string(text) for text in at(message, "content.*.text.value")))


def _operation(name: str, path: str, *prompt: str, **rest: Any) -> Operation:
    pattern = rf"/(?:v1|openai)/{path}/?$"
    return Operation("openai", name, pattern, prompt, methods=ANY_METHOD, **rest)


OBJECTS = (
    _operation("files", r"files(/[^/]+(/content)?)?", "file", "purpose"),
    _operation("batches", r"batches(/[^/]+(/cancel)?)?", "input_file_id"),
    _operation("conversations", r"conversations(/[^/]+(/items(/[^/]+)?)?)?"),
    _operation("vector store search", r"vector_stores/[^/]+/search", "query"),
    _operation("vector stores", r"vector_stores(/[^/]+(/(files|file_batches)(/[^/]+)*)?)?"),
    _operation("assistants", r"assistants(/[^/]+)?"),
    _operation(
        "runs",
        r"threads/(runs|[^/]+/runs(/[^/]+(/(cancel|submit_tool_outputs|steps(/[^/]+)?))?)?)",
        messages=_said,
        answer=_run,
    ),
    _operation("thread messages", r"threads/[^/]+/messages(/[^/]+)?", messages=_said, answer=_thread_message),
    _operation("threads", r"threads(/[^/]+)?", messages=_said),
    _operation("videos", r"videos(/[^/]+(/(content|remix))?)?", "prompt"),
)
