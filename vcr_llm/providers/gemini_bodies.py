"""What is asked of Gemini and of Vertex AI's older models, and what they answer.

Sources: ai.google.dev/api and cloud.google.com/vertex-ai/generative-ai/docs/reference/rest. The REST API
takes names in camel case and in snake case.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from vcr_llm.providers.answers import (
    Answer,
    Message,
    Places,
    ToolCall,
    Usage,
    answer_at,
    at,
    field_texts,
    items,
    members,
    number,
    string,
)

__all__ = [
    "read_cached",
    "read_content",
    "read_contents",
    "read_count",
    "read_embedded",
    "read_instances",
    "read_predictions",
    "read_vectors",
]


def read_contents(prompt: Mapping[str, Any], _rest: Mapping[str, Any]) -> tuple[Message, ...]:
    system = prompt.get("systemInstruction") or prompt.get("system_instruction")
    found = [Message("system", _text(_parts(system)))] if system else []
    contents = prompt.get("contents")
    for content in contents if isinstance(contents, list) else [contents]:
        parts = _parts(content)
        role = string(members(content).get("role")) or "user"
        results = [part for part in parts if "functionResponse" in part]
        found += [_result(members(part["functionResponse"])) for part in results]
        if parts and len(results) < len(parts):
            others = [part for part in parts if part not in results and "functionCall" not in part]
            found.append(Message(role, _text(others), _calls(parts)))
    return tuple(found)


def _result(result: Mapping[str, Any]) -> Message:
    return Message("tool", json.dumps(result.get("response")), result_of=string(result.get("id")) or None)


def _parts(content: Any) -> list[Mapping[str, Any]]:
    if isinstance(content, str):
        return [{"text": content}]
    parts = members(content).get("parts", content)
    found = [parts] if isinstance(parts, Mapping) else items(parts)
    return [{_SPELLED.get(name, name): value for name, value in part.items()} for part in found]


_SPELLED: Final = {
    "function_call": "functionCall",
    "function_response": "functionResponse",
    "inline_data": "inlineData",
    "file_data": "fileData",
}


def _text(parts: list[Mapping[str, Any]]) -> str:
    """The text of a prompt's parts; others stand as their kind (inlineData, fileData) in brackets."""
    return "\n".join(
        string(part["text"]) if "text" in part else f"[{next(iter(part), 'part')}]" for part in parts
    )


def _calls(parts: list[Mapping[str, Any]]) -> tuple[ToolCall, ...]:
    calls = [members(part.get("functionCall")) for part in parts if "functionCall" in part]
    return tuple(
        ToolCall(string(call.get("name")), call.get("args"), string(call.get("id")) or None) for call in calls
    )


def read_content(response: Any, events: Sequence[Any]) -> Answer | None:
    chunks = items(list(events)) or (items(response) if isinstance(response, list) else [members(response)])
    whole: dict[str, Any] = {}
    parts: list[Mapping[str, Any]] = []
    reason = ""
    for chunk in chunks:
        whole |= chunk
        for candidate in items(chunk.get("candidates"))[:1]:
            parts += _parts(members(candidate.get("content")).get("parts"))
            reason = string(candidate.get("finishReason")) or reason
    if not whole.keys() & {"candidates", "promptFeedback"}:
        return None
    text = "".join(string(part.get("text")) for part in parts if not part.get("thought"))
    model = string(whole.get("modelVersion")) or None
    return Answer(text, _calls(parts), _usage(whole.get("usageMetadata")), reason or None, model)


def _usage(value: Any) -> Usage | None:
    counts = members(value)
    if "promptTokenCount" not in counts:
        return None
    thought = number(counts.get("thoughtsTokenCount"))
    return Usage(
        number(counts["promptTokenCount"]) + number(counts.get("toolUsePromptTokenCount")),
        number(counts.get("candidatesTokenCount")) + thought,
        number(counts.get("cachedContentTokenCount")),
        thought,
    )


def read_count(response: Any, _events: Sequence[Any]) -> Answer | None:
    """A count is no use of tokens: nothing is billed."""
    count = members(response).get("totalTokens")
    return None if count is None else Answer(f"{count} input tokens")


read_vectors = answer_at(Places(needs=("embedding", "embeddings")))
read_cached = answer_at(
    Places(needs=("expireTime",), prompt=("usageMetadata.totalTokenCount",), model=("model",))
)


def read_predictions(response: Any, _events: Sequence[Any]) -> Answer | None:
    """Of older text models, of open models (a list of texts), and of embeddings; images have no text."""
    answer = members(response)
    if "predictions" not in answer:
        return None
    paths = ("predictions.*.content", "predictions.*.candidates.*.content", "predictions.*")
    texts = [text for path in paths for text in at(answer, path) if isinstance(text, str)]
    tokens = members(members(answer.get("metadata")).get("tokenMetadata"))
    embedded = [number(one) for one in at(answer, "predictions.*.embeddings.statistics.token_count")]
    prompt, completion = (
        number(members(tokens.get(name)).get("totalTokens"))
        for name in ("inputTokenCount", "outputTokenCount")
    )
    prompt += sum(embedded)
    model = string(answer.get("modelDisplayName")) or string(answer.get("model")) or None
    return Answer(
        "".join(texts[:1]), usage=Usage(prompt, completion) if tokens or embedded else None, model=model
    )


def read_embedded(prompt: Mapping[str, Any], _rest: Mapping[str, Any]) -> tuple[Message, ...]:
    """The contents that are to be embedded, one or several."""
    contents = [prompt.get("content"), *(one.get("content") for one in items(prompt.get("requests")))]
    return tuple(Message("content", _text(_parts(content))) for content in contents if content is not None)


def read_instances(prompt: Mapping[str, Any], rest: Mapping[str, Any]) -> tuple[Message, ...]:
    found: list[Message] = []
    for instance in items(prompt.get("instances")):
        context = string(instance.get("context"))
        found += [Message("system", context)] if context else []
        for message in items(instance.get("messages")):
            found.append(Message(string(message.get("author")), string(message.get("content"))))
        for name in ("content", "prompt"):
            if isinstance(instance.get(name), str):
                found.append(Message(name, instance[name]))
    return tuple(found) or field_texts(prompt, rest)
