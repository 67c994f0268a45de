"""Hosts with operations of their own: Mistral, Hugging Face, Replicate, watsonx, Writer, Voyage, Jina.

Sources: docs.mistral.ai/api, huggingface.co/docs/inference-providers, replicate.com/docs/reference/http,
cloud.ibm.com/apidocs/watsonx-ai, dev.writer.com/api-reference, docs.voyageai.com/reference,
jina.ai/embeddings. Most speak OpenAI's protocol too. HF_TOKEN gets no placeholder: with a wrong one
huggingface_hub can no longer download what is public.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from vcr_llm.providers import openai
from vcr_llm.providers.operation import ANY_METHOD, Operation, Provider

__all__ = ["PROVIDERS"]

_CHAT = openai.OPERATIONS[0]


def _row(provider: str, name: str, path: str, *prompt: str, **rest: Any) -> Operation:
    return Operation(provider, name, re.compile(path + "/?$"), prompt, **rest)


def _like_chat(provider: str, name: str, path: str, **rest: Any) -> Operation:
    """A row whose bodies are those of OpenAI's chat."""
    return replace(_CHAT, provider=provider, name=name, path=re.compile(path + "/?$"), **rest)


def _rerank(provider: str) -> Operation:
    return _row(provider, "rerank", "/v1/rerank", "query", "documents")


MISTRAL = Provider(
    name="mistral",
    hosts=re.compile(r"(.+\.)?(api|codestral)\.mistral\.ai"),
    operations=(
        _row("mistral", "fim", "/v1/fim/completions", "prompt", "suffix", answer=_CHAT.answer),
        _like_chat("mistral", "agents", "/v1/agents/completions", model="agent_id"),
        _row("mistral", "conversations", "/v1/conversations(/[^/]+(/(history|messages|restart))?)?",
             "inputs", "instructions", methods=ANY_METHOD, temperature="completion_args.temperature"),
        _row("mistral", "ocr", "/v1/ocr", "document"),
        _row("mistral", "moderations", "/v1/(chat/)?moderations", "input"),
        _row("mistral", "classifications", "/v1/(chat/)?classifications", "input", "inputs"),
        *openai.OPERATIONS,
    ),
    key_variables=("MISTRAL_API_KEY",),
)  # fmt: skip

HUGGING_FACE = Provider(
    name="huggingface",
    hosts=re.compile(r"(router|api-inference)\.huggingface\.co|.+\.endpoints\.huggingface\.cloud"),
    operations=(
        *openai.OPERATIONS,
        _row("huggingface", "generate", "/generate(?P<stream>_stream)?", "inputs",
             temperature="parameters.temperature"),
        _row("huggingface", "inference", "/models/(?P<model>.+?)(/pipeline/[^/]+)?",
             "inputs", "prompt", "text", model="", temperature="parameters.temperature"),
        _row("huggingface", "inference", "/pipeline/[^/]+/(?P<model>.+)|^", "inputs", "prompt", "text"),
    ),
    key_variables=("HUGGINGFACE_API_KEY",),
)  # fmt: skip

REPLICATE = Provider(
    # `"stream": true` only asks for the URL of a stream, which is a call of its own.
    name="replicate",
    hosts=re.compile(r"(.+\.)?replicate\.(com|net|delivery)"),
    operations=(
        _row("replicate", "predictions",
             "/v1/(models|deployments)/(?P<model>[^/]+/[^/]+)(/versions/[^/]+)?/predictions",
             "input", model="", temperature="input.temperature", stream=""),
        _row("replicate", "predictions", "/v1/predictions",
             "input", model="version", temperature="input.temperature", stream=""),
        _row("replicate", "prediction", "/v1/predictions(/[^/]+(/cancel)?)?", methods=ANY_METHOD),
        _row("replicate", "stream", "/v1/streams/[^/]+", methods=frozenset({"GET"}), default_stream=True),
    ),
    key_variables=("REPLICATE_API_TOKEN",),
)  # fmt: skip

_WATSONX = "/ml/v1/(?:deployments/(?P<model>[^/]+)/)?text"

WATSONX = Provider(
    name="watsonx",
    hosts=re.compile(r"(.+\.)?ml\.cloud\.ibm\.com|.+\.aws\.wxai\.ibm\.com"),
    operations=(
        _like_chat("watsonx", "chat", f"{_WATSONX}/chat(?P<stream>_stream)?", model="model_id", stream=""),
        _row("watsonx", "generation", f"{_WATSONX}/generation(?P<stream>_stream)?",
             "input", "prompt_variables", model="model_id", temperature="parameters.temperature", stream=""),
        _row("watsonx", "embeddings", f"{_WATSONX}/embeddings", "inputs", model="model_id"),
        _row("watsonx", "rerank", f"{_WATSONX}/rerank", "query", "inputs", model="model_id"),
        _row("watsonx", "tokenization", f"{_WATSONX}/tokenization", "input", model="model_id"),
    ),
    key_variables=("WATSONX_APIKEY", "WATSONX_API_KEY"),
)  # fmt: skip

WRITER = Provider(
    name="writer",
    hosts=re.compile(r"api\.writer\.com"),
    operations=(
        *openai.OPERATIONS,
        _like_chat("writer", "chat", "/v1/chat"),
        _row("writer", "application", "/v1/applications/(?P<model>[^/]+)(/jobs)?", "inputs"),
        _row("writer", "question", "/v1/graphs/question", "question", "graph_ids"),
    ),
    key_variables=("WRITER_API_KEY",),
)

VOYAGE = Provider(
    name="voyage",
    hosts=re.compile(r"api\.voyageai\.com|ai\.mongodb\.com"),
    operations=(
        _rerank("voyage"),
        _row("voyage", "multimodalembeddings", "/v1/(multimodal|contextualized)embeddings", "inputs"),
        *openai.OPERATIONS,
    ),
    key_variables=("VOYAGE_API_KEY",),
)

JINA = Provider(
    name="jina",
    hosts=re.compile(r"(api|deepsearch)\.jina\.ai"),
    operations=(_rerank("jina"), _row("jina", "classify", "/v1/classify", "input"), *openai.OPERATIONS),
    key_variables=("JINA_API_KEY",),
)

PROVIDERS = (MISTRAL, HUGGING_FACE, REPLICATE, WATSONX, WRITER, VOYAGE, JINA)
