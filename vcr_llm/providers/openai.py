"""OpenAI, and every server that speaks its API under another host or path prefix.

Source: OpenAI API reference (platform.openai.com/docs/api-reference).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from vcr_llm.providers import openai_bodies
from vcr_llm.providers.openai_objects import OBJECTS
from vcr_llm.providers.operation import ANY_METHOD, Operation, Provider

__all__ = ["OPERATIONS", "PROVIDER"]

_API = "https://api.openai.com/v1"


_VOLATILE = (
    *("prompt_cache_key", "safety_identifier"),
    # Thoughts, handed back: of OpenAI's own models, and of Gemini's behind this API.
    *("input.*.encrypted_content", "messages.*.tool_calls.*.extra_content.google.thought_signature"),
)


def _operation(name: str, path: str, *prompt: str, **rest: Any) -> Operation:
    # Azure's spelling too: /openai/deployments/{model}/chat/completions
    deployment = r"(?:/deployments/(?P<model>[^/]+)(?:/extensions)?)?"
    return Operation("openai", name, deployment + path + r"/?$", prompt, volatile=_VOLATILE, **rest)


OPERATIONS = (
    _operation(
        "chat",
        r"/chat/completions",
        "messages",
        messages=openai_bodies.read_chat_messages,
        answer=openai_bodies.read_chat,
    ),
    _operation(
        "responses",
        r"/responses",
        *("input", "instructions", "prompt"),
        messages=openai_bodies.read_input,
        answer=openai_bodies.read_response,
    ),
    _operation(
        "response",
        r"/responses/[^/]+(/cancel|/input_items)?",
        methods=ANY_METHOD,
        answer=openai_bodies.read_response,
    ),
    _operation("embeddings", r"/embeddings", "input", answer=openai_bodies.read_numbers),
    _operation("completions", r"/completions", "prompt", "suffix", answer=openai_bodies.read_completion),
    _operation("moderations", r"/moderations", "input", answer=openai_bodies.read_moderation),
    _operation(
        "images",
        r"/images/(generations|edits|variations)",
        "prompt",
        "image",
        "image[]",
        "mask",
        answer=openai_bodies.read_numbers,
    ),
    _operation("speech", r"/audio/speech", "input"),
    _operation(
        "transcription",
        r"/audio/(transcriptions|translations)",
        "file",
        "prompt",
        default_temperature=0,
        answer=openai_bodies.read_transcript,
    ),
    *OBJECTS,
)

_BY_OBJECT = {
    "chat.completion": "chat",
    "chat.completion.chunk": "chat",
    "text_completion": "completions",
    "response": "responses",
}


def _shape(request: Mapping[str, Any], response: Mapping[str, Any], events: Sequence[Any]) -> str | None:
    first = events[0] if events and isinstance(events[0], dict) else {}
    for answer in (response, first):
        if answer.get("object") in _BY_OBJECT:
            return _BY_OBJECT[answer["object"]]
    if str(first.get("type", "")).startswith("response."):
        return "responses"
    if "choices" in response or "choices" in first:
        return "chat" if "messages" in request else "completions"
    if isinstance(response.get("data"), list) and "input" in request:
        return "embeddings"
    return None


PROVIDER = Provider(
    name="openai",
    hosts=re.compile(r"(.+\.)?api\.openai\.com"),
    operations=OPERATIONS,
    anywhere=True,
    key_variables=("OPENAI_API_KEY",),
    urls={
        "chat": f"{_API}/chat/completions",
        "responses": f"{_API}/responses",
        "embeddings": f"{_API}/embeddings",
        "completions": f"{_API}/completions",
    },
    shape=_shape,
)
