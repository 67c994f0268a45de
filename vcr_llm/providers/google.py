"""Google: the Gemini API and Vertex AI, and Anthropic's models on Vertex AI.

Sources: ai.google.dev/api, cloud.google.com/vertex-ai/generative-ai/docs/reference/rest, and
docs.claude.com (Claude on Vertex AI). The model is in the URL and a verb after a colon. A stream is asked
for by the verb, and comes as server-sent events with ``alt=sse``, else as one JSON list of the same chunks.
The REST API takes names in camel case and in snake case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from vcr_llm.providers import anthropic, gemini_interactions, openai
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
from vcr_llm.providers.operation import ANY_METHOD, Operation, Provider

__all__ = ["GEMINI", "VERTEX", "read_content", "read_contents"]

# --- what is asked and answered ----------------------------------------------------------------------


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


def _count(response: Any, _events: Sequence[Any]) -> Answer | None:
    """A count is no use of tokens: nothing is billed."""
    count = members(response).get("totalTokens")
    return None if count is None else Answer(f"{count} input tokens")


_NUMBERS = answer_at(Places(needs=("embedding", "embeddings")))
_CACHED = answer_at(
    Places(needs=("expireTime",), prompt=("usageMetadata.totalTokenCount",), model=("model",))
)


def _predicted(response: Any, _events: Sequence[Any]) -> Answer | None:
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


def _embedded(prompt: Mapping[str, Any], _rest: Mapping[str, Any]) -> tuple[Message, ...]:
    """The contents that are to be embedded, one or several."""
    contents = [prompt.get("content"), *(one.get("content") for one in items(prompt.get("requests")))]
    return tuple(Message("content", _text(_parts(content))) for content in contents if content is not None)


def _instances(prompt: Mapping[str, Any], rest: Mapping[str, Any]) -> tuple[Message, ...]:
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


def _raw(response: Any, events: Sequence[Any]) -> Answer | None:
    return anthropic.read_message(response, events) or openai.read_chat(response, events)


# --- the table ---------------------------------------------------------------------------------------

_PROMPT = ("contents", "systemInstruction", "system_instruction")
_VOLATILE = ("contents.*.parts.*.thoughtSignature", "contents.*.parts.*.thought_signature")
_TEMPERATURE = ("generationConfig.temperature", "generation_config.temperature")


def _verbs(provider: str, models: str) -> tuple[Operation, ...]:
    """The actions on a model; ``models`` leads to it in the path."""

    def verb(name: str, spelled: str, *prompt: str, **rest: Any) -> Operation:
        path = re.compile(rf"/(?:{models})/(?P<model>[^/:]+?)(?::|%3[Aa])(?:{spelled})/?$")
        fixed = {"model": "", "temperature": _TEMPERATURE, "stream": "", "volatile": _VOLATILE}
        return Operation(provider, name, path, prompt, **{**fixed, **rest})

    return (
        verb(
            "generateContent",
            r"(?P<stream>stream)?[gG]enerateContent",
            *_PROMPT,
            messages=read_contents,
            answer=read_content,
        ),
        verb("countTokens", "countTokens", *_PROMPT, "instances", "generateContentRequest", answer=_count),
        verb("embedContent", "embedContent", "content", messages=_embedded, answer=_NUMBERS),
        verb(
            "batchEmbedContents",
            "(?:async)?[bB]atchEmbedContents?",
            *("requests", "batch"),
            messages=_embedded,
            answer=_NUMBERS,
        ),
        verb("batchGenerateContent", "batchGenerateContent", "batch"),
        verb(
            "predict",
            "predict|predictLongRunning|fetchPredictOperation",
            *("instances", "operationName"),
            messages=_instances,
            answer=_predicted,
        ),
    )


_MODELS = "https://generativelanguage.googleapis.com/v1beta/models/{model}"


def _shape(request: Mapping[str, Any], response: Mapping[str, Any], events: Sequence[Any]) -> str | None:
    first = members(next(iter(events), None))
    if any("candidates" in answer or "usageMetadata" in answer for answer in (response, first)):
        return "generateContent"
    if response.get("object") == "interaction" or "interaction" in first:
        return "interactions"
    if "embeddings" in response and "requests" in request:
        return "batchEmbedContents"
    if "values" in members(response.get("embedding")):
        return "embedContent"
    return "generateContent" if "contents" in request else None


GEMINI = Provider(
    name="gemini",
    hosts=re.compile(r"(.+\.)?generativelanguage\.googleapis\.com"),
    operations=(
        *_verbs("gemini", "models|tunedModels|dynamic"),
        Operation(
            "gemini",
            "interactions",
            re.compile(r"/v1[^/]*/interactions/?$"),
            ("input", "system_instruction"),
            temperature="generation_config.temperature",
            volatile=("input.*.signature",),
            messages=gemini_interactions.read_messages,
            answer=gemini_interactions.read_answer,
        ),
        Operation(
            "gemini",
            "interaction",
            re.compile(r"/v1[^/]*/interactions/[^/]+(/cancel)?/?$"),
            methods=ANY_METHOD,
            answer=gemini_interactions.read_answer,
        ),
        Operation(
            "gemini",
            "cachedContents",
            re.compile(r"/v1[^/]*/cachedContents(/[^/]+)?/?$"),
            _PROMPT,
            ANY_METHOD | {"PATCH"},
            messages=read_contents,
            answer=_CACHED,
        ),
    ),
    anywhere=True,
    key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    urls={
        "generateContent": f"{_MODELS}:generateContent",
        "interactions": "https://generativelanguage.googleapis.com/v1beta/interactions",
        "batchEmbedContents": f"{_MODELS}:batchEmbedContents",
        "embedContent": f"{_MODELS}:embedContent",
    },
    stream_urls={"generateContent": f"{_MODELS}:streamGenerateContent?alt=sse"},
    shape=_shape,
)

VERTEX = Provider(
    name="vertex",
    hosts=re.compile(
        r"([a-z0-9-]+-)?aiplatform\.googleapis\.com|aiplatform\.[a-z0-9-]+\.rep\.googleapis\.com"
    ),
    operations=(
        *_verbs("vertex", r"publishers/[^/]+/models|endpoints|locations/[^/]+/models"),
        Operation(
            "vertex",
            "count_tokens",
            re.compile(r"/publishers/anthropic/models/count-tokens(?::|%3[Aa])rawPredict/?$"),
            ("messages",),
            messages=anthropic.read_messages,
            answer=anthropic.read_count,
        ),
        Operation(
            # The bodies of Anthropic's Messages API, or of Mistral's chat.
            "vertex",
            "rawPredict",
            re.compile(
                r"/publishers/[^/]+/models/(?P<model>[^/:]+?)(?::|%3[Aa])(?P<stream>stream)?[rR]awPredict/?$"
            ),
            ("messages", "prompt"),
            volatile=anthropic.VOLATILE,
            messages=anthropic.read_messages,
            answer=_raw,
        ),
        Operation(
            # An agent that runs on Vertex; its answers are its author's own.
            "vertex",
            "agent",
            re.compile(
                r"/reasoningEngines/(?P<model>[^/:]+?)(?::|%3[Aa])(?:async)?(?P<stream>[sS]tream)?[qQ]uery/?$"
            ),
            ("input", "classMethod", "class_method"),
            model="",
            stream="",
        ),
        Operation(
            "vertex",
            "cachedContents",
            re.compile(r"/locations/[^/]+/cachedContents(/[^/]+)?/?$"),
            _PROMPT,
            ANY_METHOD | {"PATCH"},
            messages=read_contents,
            answer=_CACHED,
        ),
    ),
    anywhere=True,
)
