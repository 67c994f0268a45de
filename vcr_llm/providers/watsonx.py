"""IBM watsonx.ai: text generation, chat, embeddings and reranking, of models and of deployments.

Source: cloud.ibm.com/apidocs/watsonx-ai. A chat has OpenAI's bodies. A stream has a path of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from vcr_llm.providers import openai
from vcr_llm.providers.answers import Places, answer_at, at, members
from vcr_llm.providers.operation import Operation, Provider

__all__ = ["PROVIDER"]

_TEXT = "/ml/v1/(?:deployments/(?P<model>[^/]+)/)?text"

_GENERATED = answer_at(
    Places(
        text=("results.*.generated_text",),
        prompt=("results.*.input_token_count",),
        completion=("results.*.generated_token_count",),
        reason=("results.*.stop_reason",),
        model=("model_id",),
    )
)
_NUMBERS = answer_at(Places(needs=("results",), prompt=("input_token_count",), model=("model_id",)))
_COUNTED = answer_at(Places(needs=("result.token_count",), model=("model_id",)))


def _row(name: str, path: str, *prompt: str, **rest: Any) -> Operation:
    return Operation("watsonx", name, f"{_TEXT}/{path}/?$", prompt, **{"model": "model_id", **rest})


def _shape(_request: Mapping[str, Any], response: Mapping[str, Any], events: Sequence[Any]) -> str | None:
    answers = (response, *map(members, events[:1]))
    return "generation" if any(at(answer, "results.*.generated_text") for answer in answers) else None


_URL = "https://us-south.ml.cloud.ibm.com/ml/v1/text/generation"

PROVIDER = Provider(
    name="watsonx",
    hosts=re.compile(r"(.+\.)?ml\.cloud\.ibm\.com|.+\.aws\.wxai\.ibm\.com"),
    operations=(
        replace(
            openai.OPERATIONS[0],
            provider="watsonx",
            path=re.compile(f"{_TEXT}/chat(?P<stream>_stream)?/?$"),
            model="model_id",
            stream="",
        ),
        _row(
            "generation",
            "generation(?P<stream>_stream)?",
            *("input", "prompt_variables"),
            temperature="parameters.temperature",
            stream="",
            answer=_GENERATED,
        ),
        _row("embeddings", "embeddings", "inputs", answer=_NUMBERS),
        _row("rerank", "rerank", "query", "inputs", answer=_NUMBERS),
        _row("tokenization", "tokenization", "input", answer=_COUNTED),
    ),
    key_variables=("WATSONX_APIKEY", "WATSONX_API_KEY"),
    urls={"generation": _URL},
    stream_urls={"generation": f"{_URL}_stream"},
    shape=_shape,
)
