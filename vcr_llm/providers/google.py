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
from typing import Any

from vcr_llm.providers import anthropic
from vcr_llm.providers.answers import Answer, Message, ToolCall, Usage, items, members, number, string
from vcr_llm.providers.operation import ANY_METHOD, Operation, Provider

__all__ = ["GEMINI", "VERTEX"]

# --- what is asked and answered ----------------------------------------------------------------------


def _contents(prompt: Mapping[str, Any], _rest: Mapping[str, Any]) -> tuple[Message, ...]:
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
    return [parts] if isinstance(parts, Mapping) else items(parts)


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


def _answer(response: Any, events: Sequence[Any]) -> Answer | None:
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


# --- the table ---------------------------------------------------------------------------------------

_PROMPT = ("contents", "systemInstruction", "system_instruction")
_TEMPERATURE = ("generationConfig.temperature", "generation_config.temperature")


def _verbs(provider: str, models: str) -> tuple[Operation, ...]:
    """The actions on a model; ``models`` leads to it in the path."""

    def verb(name: str, spelled: str, *prompt: str, **rest: Any) -> Operation:
        path = re.compile(rf"/(?:{models})/(?P<model>[^/:]+?)(?::|%3[Aa])(?:{spelled})/?$")
        return Operation(provider, name, path, prompt, model="", temperature=_TEMPERATURE, stream="", **rest)

    return (
        verb(
            "generateContent",
            r"(?P<stream>stream)?[gG]enerateContent",
            *_PROMPT,
            messages=_contents,
            answer=_answer,
        ),
        verb("countTokens", "countTokens", *_PROMPT, "instances", "generateContentRequest", answer=_count),
        verb("embedContent", "embedContent", "content"),
        verb("batchEmbedContents", "(?:async)?[bB]atchEmbedContents?", "requests", "batch"),
        verb("batchGenerateContent", "batchGenerateContent", "batch"),
        verb("predict", "predict|predictLongRunning|fetchPredictOperation", "instances", "operationName"),
    )


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
        ),
        Operation(
            "gemini",
            "interaction",
            re.compile(r"/v1[^/]*/interactions/[^/]+(/cancel)?/?$"),
            methods=ANY_METHOD,
        ),
        Operation(
            "gemini",
            "cachedContents",
            re.compile(r"/v1[^/]*/cachedContents(/[^/]+)?/?$"),
            _PROMPT,
            ANY_METHOD | {"PATCH"},
        ),
    ),
    anywhere=True,
    key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
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
        ),
        Operation(
            # The bodies of Anthropic's Messages API, or of Mistral's chat.
            "vertex",
            "rawPredict",
            re.compile(
                r"/publishers/[^/]+/models/(?P<model>[^/:]+?)(?::|%3[Aa])(?P<stream>stream)?[rR]awPredict/?$"
            ),
            ("messages", "prompt"),
            messages=anthropic.read_messages,
            answer=anthropic.read_message,
        ),
        Operation(
            "vertex",
            "cachedContents",
            re.compile(r"/locations/[^/]+/cachedContents(/[^/]+)?/?$"),
            _PROMPT,
            ANY_METHOD | {"PATCH"},
        ),
    ),
    anywhere=True,
)
