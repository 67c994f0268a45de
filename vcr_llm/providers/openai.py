"""OpenAI, and every server that speaks its API under another host or path prefix.

Source: OpenAI API reference (platform.openai.com/docs/api-reference). Streams are server-sent events;
chat and completions send unnamed ones that end in [DONE], responses named ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from vcr_llm.providers.operation import ANY_METHOD, Operation, Provider

_API = "https://api.openai.com/v1"


def _operation(name: str, path: str, *prompt: str, **rest: Any) -> Operation:
    return Operation("openai", name, re.compile(path + r"/?$"), prompt, **rest)


OPERATIONS = (
    _operation("chat", r"/chat/completions", "messages"),
    _operation("responses", r"/responses", "input", "instructions"),
    _operation("response", r"/responses/[^/]+(/cancel|/input_items)?", methods=ANY_METHOD),
    _operation("embeddings", r"/embeddings", "input"),
    _operation("completions", r"/completions", "prompt", "suffix"),
    _operation("moderations", r"/moderations", "input"),
    _operation("images", r"/images/(generations|edits|variations)", "prompt", "image", "image[]", "mask"),
    _operation("speech", r"/audio/speech", "input"),
    _operation(
        "transcription", r"/audio/(transcriptions|translations)", "file", "prompt", default_temperature=0
    ),
    _operation("files", r"/v1/files(/[^/]+(/content)?)?", "file", "purpose", methods=ANY_METHOD),
    _operation("batches", r"/v1/batches(/[^/]+(/cancel)?)?", "input_file_id", methods=ANY_METHOD),
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
    key_variables=("OPENAI_API_KEY",),
    urls={
        "chat": f"{_API}/chat/completions",
        "responses": f"{_API}/responses",
        "embeddings": f"{_API}/embeddings",
        "completions": f"{_API}/completions",
    },
    shape=_shape,
)
