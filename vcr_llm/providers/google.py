"""Google: the Gemini API and Vertex AI, and Anthropic's models on Vertex AI.

Sources: ai.google.dev/api, cloud.google.com/vertex-ai/generative-ai/docs/reference/rest, and
docs.claude.com (Claude on Vertex AI). The model is in the URL and a verb after a colon. A stream is asked
for by the verb, and comes as server-sent events with ``alt=sse``, else as one JSON list of the same chunks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from vcr_llm.providers import anthropic, gemini_bodies, gemini_interactions, openai_bodies
from vcr_llm.providers.answers import Answer, members
from vcr_llm.providers.operation import ANY_METHOD, Operation, Provider

__all__ = ["GEMINI", "VERTEX"]


def _raw(response: Any, events: Sequence[Any]) -> Answer | None:
    return anthropic.read_message(response, events) or openai_bodies.read_chat(response, events)


# --- the table ---------------------------------------------------------------------------------------

_PROMPT = ("contents", "systemInstruction", "system_instruction")
_VOLATILE = ("contents.*.parts.*.thoughtSignature", "contents.*.parts.*.thought_signature")
_TEMPERATURE = ("generationConfig.temperature", "generation_config.temperature")


def _verbs(provider: str, models: str) -> tuple[Operation, ...]:
    """The actions on a model; ``models`` leads to it in the path."""

    def verb(name: str, spelled: str, *prompt: str, **rest: Any) -> Operation:
        path = rf"/(?:{models})/(?P<model>[^/:]+?)(?::|%3[Aa])(?:{spelled})/?$"
        fixed = {"model": "", "temperature": _TEMPERATURE, "stream": "", "volatile": _VOLATILE}
        return Operation(provider, name, path, prompt, **{**fixed, **rest})

    return (
        verb(
            "generateContent",
            r"(?P<stream>stream)?[gG]enerateContent",
            *_PROMPT,
            messages=gemini_bodies.read_contents,
            answer=gemini_bodies.read_content,
        ),
        verb(
            "countTokens",
            "countTokens",
            *_PROMPT,
            "instances",
            "generateContentRequest",
            answer=gemini_bodies.read_count,
        ),
        verb(
            "embedContent",
            "embedContent",
            "content",
            messages=gemini_bodies.read_embedded,
            answer=gemini_bodies.read_vectors,
        ),
        verb(
            "batchEmbedContents",
            "(?:async)?[bB]atchEmbedContents?",
            *("requests", "batch"),
            messages=gemini_bodies.read_embedded,
            answer=gemini_bodies.read_vectors,
        ),
        verb("batchGenerateContent", "batchGenerateContent", "batch"),
        verb(
            "predict",
            "predict|predictLongRunning|fetchPredictOperation",
            *("instances", "operationName"),
            messages=gemini_bodies.read_instances,
            answer=gemini_bodies.read_predictions,
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
            messages=gemini_bodies.read_contents,
            answer=gemini_bodies.read_cached,
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
            messages=gemini_bodies.read_contents,
            answer=gemini_bodies.read_cached,
        ),
    ),
    anywhere=True,
)
