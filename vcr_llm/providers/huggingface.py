"""Hugging Face: the inference router, and Text Generation Inference wherever it runs.

Sources: huggingface.co/docs/inference-providers and huggingface.co/docs/text-generation-inference. The
router speaks OpenAI's protocol too. HF_TOKEN gets no placeholder: with a wrong one huggingface_hub can no
longer download what is public.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from vcr_llm.providers import openai
from vcr_llm.providers.answers import (
    Answer,
    Message,
    Places,
    Usage,
    answer_at,
    at,
    content_text,
    field_texts,
    items,
    members,
    number,
    string,
)
from vcr_llm.providers.operation import Operation, Provider

__all__ = ["PROVIDER", "asked", "read_answer"]


def asked(prompt: Mapping[str, Any], rest: Mapping[str, Any]) -> tuple[Message, ...]:
    """The prompt among the fields of a body that has no fixed ones."""
    messages = items(prompt.get("messages"))
    if messages:
        return tuple(Message(string(one.get("role")), content_text(one.get("content"))) for one in messages)
    named = {name: prompt[name] for name in ("inputs", "prompt", "text_inputs", "text") if name in prompt}
    return field_texts(named or prompt, rest)


_TEXTS = answer_at(
    Places(text=("*.generated_text", "*.summary_text", "*.translation_text", "answer", "*.answer"))
)
_VECTORS = answer_at(Places(needs=("*", "embeddings", "scores")))


def read_answer(response: Any, events: Sequence[Any]) -> Answer | None:
    """Of text generation an object, a list of them, or a stream's tokens; of other tasks a list."""
    said = events or (response if isinstance(response, list) else [response])
    parts = [part for part in map(members, said) if part.keys() & {"generated_text", "token"}]
    if not parts:
        return _TEXTS(response, ()) or (_VECTORS(response, ()) if isinstance(response, list) else None)
    whole = [string(part.get("generated_text")) for part in parts if part.get("generated_text")]
    tokens = [members(part.get("token")) for part in parts]
    pieces = [string(token.get("text")) for token in tokens if not token.get("special")]
    details: Mapping[str, Any] = next((one for part in parts for one in at(part, "details")), {})
    generated = number(details.get("generated_tokens"))
    prompt = number(details.get("input_length")) or len(items(details.get("prefill")))
    return Answer(
        "".join(whole[-1:] or pieces),
        usage=Usage(prompt, generated) if generated else None,
        finish_reason=string(details.get("finish_reason")) or None,
    )


def _row(name: str, path: str, *prompt: str, **rest: Any) -> Operation:
    return Operation("huggingface", name, path + "/?$", prompt, messages=asked, answer=read_answer, **rest)


PROVIDER = Provider(
    name="huggingface",
    hosts=re.compile(r"(router|api-inference)\.huggingface\.co|.+\.endpoints\.huggingface\.cloud"),
    operations=(
        *openai.OPERATIONS,
        _row("generate", "/generate(?P<stream>_stream)?", "inputs", temperature="parameters.temperature"),
        _row(
            "inference",
            "/models/(?P<model>.+?)(/pipeline/[^/]+)?",
            *("inputs", "prompt", "text"),
            model="",
            temperature="parameters.temperature",
        ),
        _row("inference", "/pipeline/[^/]+/(?P<model>.+)|^", "inputs", "prompt", "text"),
    ),
    key_variables=("HUGGINGFACE_API_KEY",),
)
