"""Which requests are LLM calls, of which operation, and where their parts are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from strategies import BOUNDED, requests

from vcr_llm import streams
from vcr_llm.fingerprint import fingerprint
from vcr_llm.interaction import Body, Request
from vcr_llm.providers import (
    PROVIDERS,
    Call,
    Operation,
    Provider,
    classify,
    key_variables,
    register,
    usual_stream_type,
    usual_url,
)

OPENAI = "https://api.openai.com/v1"
ANTHROPIC = "https://api.anthropic.com/v1"
LOCAL = "http://localhost:11434/v1"
GEMINI = "https://generativelanguage.googleapis.com/v1beta"
VERTEX = "https://europe-west1-aiplatform.googleapis.com/v1/projects/p/locations/europe-west1"
BEDROCK = "https://bedrock-runtime.eu-west-1.amazonaws.com"
AGENTS = "https://bedrock-agent-runtime.eu-west-1.amazonaws.com"
AZURE = "https://x.openai.azure.com/openai"
MISTRAL = "https://api.mistral.ai/v1"
COHERE = "https://api.cohere.com"
WATSONX = "https://us-south.ml.cloud.ibm.com/ml/v1"
MESSAGES = [{"role": "user", "content": "Hi"}]
CHAT = {"model": "m", "messages": MESSAGES}
INPUT = {"model": "m", "input": "Hi"}
PROMPT = {"model": "m", "prompt": "Hi"}
UPLOAD = (
    b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
    b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n'
    b'--b\r\nContent-Disposition: form-data; name="stream"\r\n\r\ntrue\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n\x00\xff\r\n--b--\r\n'
)


def request(method: str, url: str, body: Any = None) -> Request:
    if isinstance(body, bytes):
        return Request(method, url, Body(body))
    return Request(method, url, None if body is None else Body.of_json(body))


@pytest.mark.parametrize(
    ("method", "url", "body", "operation", "model"),
    [
        ("POST", f"{OPENAI}/chat/completions", CHAT, "openai chat", "m"),
        ("POST", f"{OPENAI}/chat/completions/", CHAT, "openai chat", "m"),
        ("post", f"{OPENAI}/chat/completions", CHAT, "openai chat", "m"),
        ("POST", f"{OPENAI}/chat/completions?x=1", CHAT, "openai chat", "m"),
        ("POST", f"{OPENAI}/chat/completions", b"no JSON", "openai chat", None),
        ("POST", f"{OPENAI}/chat/completions", None, "openai chat", None),
        ("POST", "https://API.OPENAI.COM/v1/chat/completions", {}, "openai chat", None),
        ("POST", "https://eu.api.openai.com/v1/chat/completions", {}, "openai chat", None),
        ("POST", f"{OPENAI}/responses", INPUT, "openai responses", "m"),
        ("POST", f"{OPENAI}/responses", {"model": "m", "instructions": "x"}, "openai responses", "m"),
        ("GET", f"{OPENAI}/responses/resp_1", None, "openai response", None),
        ("DELETE", f"{OPENAI}/responses/resp_1", None, "openai response", None),
        ("POST", f"{OPENAI}/responses/resp_1/cancel", None, "openai response", None),
        ("GET", f"{OPENAI}/responses/resp_1/input_items?limit=2", None, "openai response", None),
        ("POST", f"{OPENAI}/embeddings", INPUT, "openai embeddings", "m"),
        ("POST", f"{OPENAI}/completions", PROMPT, "openai completions", "m"),
        ("POST", f"{OPENAI}/moderations", INPUT, "openai moderations", "m"),
        ("POST", f"{OPENAI}/images/generations", PROMPT, "openai images", "m"),
        ("POST", f"{OPENAI}/images/edits", UPLOAD, "openai images", "m"),
        ("POST", f"{OPENAI}/images/variations", UPLOAD, "openai images", "m"),
        ("POST", f"{OPENAI}/audio/speech", INPUT, "openai speech", "m"),
        ("POST", f"{OPENAI}/audio/transcriptions", UPLOAD, "openai transcription", "m"),
        ("POST", f"{OPENAI}/audio/translations", UPLOAD, "openai transcription", "m"),
        ("POST", f"{OPENAI}/files", UPLOAD, "openai files", "m"),
        ("GET", f"{OPENAI}/files", None, "openai files", None),
        ("GET", f"{OPENAI}/files/file-1/content", None, "openai files", None),
        ("DELETE", f"{OPENAI}/files/file-1", None, "openai files", None),
        ("POST", f"{OPENAI}/batches", {"input_file_id": "f"}, "openai batches", None),
        ("POST", f"{OPENAI}/batches/batch_1/cancel", None, "openai batches", None),
        ("POST", f"{ANTHROPIC}/messages", CHAT, "anthropic messages", "m"),
        ("POST", f"{ANTHROPIC}/messages?beta=true", CHAT, "anthropic messages", "m"),
        ("POST", f"{ANTHROPIC}/messages/count_tokens", CHAT, "anthropic count_tokens", "m"),
        ("POST", f"{ANTHROPIC}/messages/batches", {"requests": []}, "anthropic batches", None),
        ("GET", f"{ANTHROPIC}/messages/batches/b_1/results", None, "anthropic batches", None),
        ("POST", f"{ANTHROPIC}/messages/batches/b_1/cancel", None, "anthropic batches", None),
        ("POST", f"{ANTHROPIC}/complete", PROMPT, "anthropic complete", "m"),
        # The same protocols on other hosts and under other prefixes: the prompt decides.
        ("POST", f"{LOCAL}/chat/completions", CHAT, "openai chat", "m"),
        ("POST", "https://openrouter.ai/api/v1/chat/completions", CHAT, "openai chat", "m"),
        ("POST", "https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=1",
         {"messages": MESSAGES}, "openai chat", "d"),
        ("POST", "https://api.example.com/v1beta/openai/chat/completions", CHAT, "openai chat", "m"),
        ("POST", f"{LOCAL}/responses", INPUT, "openai responses", "m"),
        ("POST", f"{LOCAL}/embeddings", INPUT, "openai embeddings", "m"),
        ("POST", f"{LOCAL}/audio/transcriptions", UPLOAD, "openai transcription", "m"),
        ("POST", f"{LOCAL}/messages", CHAT, "anthropic messages", "m"),
        ("POST", "https://gateway.example/anthropic/v1/messages", CHAT, "anthropic messages", "m"),
        ("POST", "https://api.anthropic.com/v1/chat/completions", CHAT, "openai chat", "m"),
        ("POST", "http://[REDACTED]/v1/chat/completions", CHAT, "openai chat", "m"),
    ],
)  # fmt: skip
def test_a_request_is_a_call_of_its_operation(
    method: str, url: str, body: Any, operation: str, model: str | None
) -> None:
    call = classify(request(method, url, body))
    assert call is not None
    assert (str(call.operation), call.model) == (operation, model)


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("GET", f"{OPENAI}/chat/completions", None),
        ("GET", f"{OPENAI}/models", None),
        ("GET", f"{ANTHROPIC}/messages", None),
        ("GET", f"{ANTHROPIC}/models", None),
        ("PUT", f"{OPENAI}/files/file-1", None),
        ("POST", "https://example.org/v1/files", {"name": "x"}),
        ("GET", "https://example.org/v1/files", None),
        ("GET", "https://example.org/v1/files/1/content", None),
        ("DELETE", "https://example.org/v1/batches/1", None),
        ("POST", "https://survey.example/responses", {"answers": [1, 2]}),
        ("POST", "https://survey.example/responses", {"input": None}),
        ("GET", "https://survey.example/responses/17", None),
        ("POST", "https://survey.example/responses/17", {"input": "x"}),
        ("POST", f"{LOCAL}/chat/completions", {"model": "m"}),
        ("POST", f"{LOCAL}/chat/completions", b"no JSON"),
        ("POST", f"{LOCAL}/embeddings?input=x", None),
        ("POST", "https://evil-api.openai.com.example/v1/chat/completions", {}),
        ("POST", "https://notapi.openai.com/v1/moderations", {}),
        ("GET", f"{GEMINI}/models", None),
        ("GET", f"{GEMINI}/models/m:generateContent", None),
        ("POST", f"{GEMINI}/models/m:somethingElse", {"contents": []}),
        ("POST", "https://example.org/v1beta/models/m:generateContent", {"text": "Hi"}),
        ("GET", "https://bedrock.us-east-1.amazonaws.com/inference-profiles/x", None),
        ("POST", f"{BEDROCK}/model/m/other", {"messages": MESSAGES}),
        ("POST", "https://notbedrock-runtime.example/model/m/converse", {"text": "Hi"}),
        ("POST", "https://chat.example/api/chat", {"messages": MESSAGES}),
        ("POST", "https://example.org/rerank", {"query": "x"}),
        ("POST", "https://chat.example/messages", {"messages": MESSAGES}),
        ("POST", "https://cars.example/search", {"model": "T"}),
        ("POST", "https://cars.example/search", {"model": None, "input": "x"}),
        ("POST", "https://cars.example/search", {"model": "T", "input": None}),
        ("PUT", "https://cars.example/search", INPUT),
        ("GET", "https://api.replicate.com/v1/models/a/b", None),
    ],
)
def test_a_near_miss_is_no_llm_call(method: str, url: str, body: Any) -> None:
    assert classify(request(method, url, body)) is None


CONTENTS = {"contents": [{"parts": [{"text": "Hi"}]}]}
CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0"
ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"


@pytest.mark.parametrize(
    ("method", "url", "body", "operation", "provider", "model", "stream"),
    [
        ("POST", f"{AZURE}/deployments/d/chat/completions?api-version=1", CHAT,
         "openai chat", "azure", "m", 0),
        ("POST", f"{AZURE}/deployments/d/extensions/chat/completions", {"messages": MESSAGES, "stream": True},
         "openai chat", "azure", "d", 1),
        ("POST", f"{AZURE}/deployments/d%202/embeddings", {"input": "Hi"},
         "openai embeddings", "azure", "d 2", 0),
        ("POST", f"{AZURE}/deployments/d/audio/transcriptions", UPLOAD,
         "openai transcription", "azure", "m", 1),
        ("POST", f"{AZURE}/v1/responses", INPUT, "openai responses", "azure", "m", 0),
        ("GET", f"{AZURE}/threads/t/runs/r", None, "openai runs", "azure", None, 0),
        ("POST", f"{AZURE}/files", UPLOAD, "openai files", "azure", "m", 1),
        ("POST", "https://x.services.ai.azure.com/models/chat/completions", CHAT,
         "openai chat", "azure", "m", 0),
        ("POST", "https://x.services.ai.azure.com/anthropic/v1/messages", CHAT,
         "anthropic messages", "azure", "m", 0),
        ("POST", "https://x.cognitiveservices.azure.com/openai/deployments/d/completions", {"prompt": "Hi"},
         "openai completions", "azure", "d", 0),
        ("POST", "https://apim.example/openai/deployments/d/chat/completions", {"messages": MESSAGES},
         "openai chat", "openai", "d", 0),
        ("POST", "https://api.groq.com/openai/v1/chat/completions", CHAT, "openai chat", "groq", "m", 0),
        ("POST", "https://api.together.xyz/v1/chat/completions", CHAT, "openai chat", "together", "m", 0),
        ("POST", "https://api.together.ai/v1/rerank", {"query": "q"}, "together rerank", "together", None, 0),
        ("POST", "https://api.deepseek.com/chat/completions", CHAT, "openai chat", "deepseek", "m", 0),
        ("POST", "https://api.deepseek.com/anthropic/v1/messages", CHAT,
         "anthropic messages", "deepseek", "m", 0),
        ("POST", "https://openrouter.ai/api/v1/chat/completions", CHAT, "openai chat", "openrouter", "m", 0),
        ("POST", "https://api.cerebras.ai/v1/chat/completions", CHAT, "openai chat", "cerebras", "m", 0),
        ("POST", "https://api.fireworks.ai/inference/v1/completions", PROMPT,
         "openai completions", "fireworks", "m", 0),
        ("POST", "https://api.x.ai/v1/responses", INPUT, "openai responses", "xai", "m", 0),
        ("POST", "https://api.perplexity.ai/chat/completions", CHAT, "openai chat", "perplexity", "m", 0),
        ("POST", "https://api.portkey.ai/v1/prompts/p-1/completions", {"variables": {"a": 1}},
         "portkey prompt", "portkey", "p-1", 0),
        ("POST", f"{LOCAL}/chat/completions", CHAT, "openai chat", "ollama", "m", 0),
        ("POST", "http://[::1]:11434/v1/chat/completions", CHAT, "openai chat", "ollama", "m", 0),
        ("POST", "http://my-vllm:8000/v1/chat/completions", CHAT, "openai chat", "vllm", "m", 0),
        ("POST", "http://localhost:4000/v1/chat/completions", CHAT, "openai chat", "litellm", "m", 0),
        ("POST", "http://localhost:8000/v1/chat/completions", CHAT, "openai chat", "openai", "m", 0),
        ("POST", f"{OPENAI}/assistants", {"model": "m"}, "openai assistants", "openai", "m", 0),
        ("POST", f"{OPENAI}/threads", {}, "openai threads", "openai", None, 0),
        ("POST", f"{OPENAI}/threads/runs", {"stream": True}, "openai runs", "openai", None, 1),
        ("POST", f"{OPENAI}/threads/t/runs/r/submit_tool_outputs", {}, "openai runs", "openai", None, 0),
        ("POST", f"{OPENAI}/threads/t/messages", {"content": "x"},
         "openai thread messages", "openai", None, 0),
        ("POST", f"{OPENAI}/conversations", {}, "openai conversations", "openai", None, 0),
        ("GET", f"{OPENAI}/conversations/c/items", None, "openai conversations", "openai", None, 0),
        ("GET", f"{OPENAI}/vector_stores/v/files/f", None, "openai vector stores", "openai", None, 0),
        ("POST", f"{OPENAI}/vector_stores/v/search", {"query": "q"},
         "openai vector store search", "openai", None, 0),
        ("POST", f"{GEMINI}/models/m:generateContent", CONTENTS, "gemini generateContent", "gemini", "m", 0),
        ("POST", f"{GEMINI}/models/m%3AstreamGenerateContent?alt=sse", CONTENTS,
         "gemini generateContent", "gemini", "m", 1),
        ("POST", f"{GEMINI}/tunedModels/m:generateContent", CONTENTS,
         "gemini generateContent", "gemini", "m", 0),
        ("POST", f"{GEMINI}/models/m:countTokens", CONTENTS, "gemini countTokens", "gemini", "m", 0),
        ("POST", f"{GEMINI}/models/m:embedContent", {"model": "models/m", "content": {}},
         "gemini embedContent", "gemini", "m", 0),
        ("POST", f"{GEMINI}/models/m:batchEmbedContents", {"requests": []},
         "gemini batchEmbedContents", "gemini", "m", 0),
        ("POST", f"{GEMINI}/models/m:predict", {"instances": []}, "gemini predict", "gemini", "m", 0),
        ("POST", f"{GEMINI}/interactions", {**INPUT, "stream": True},
         "gemini interactions", "gemini", "m", 1),
        ("GET", f"{GEMINI}/interactions/i", None, "gemini interaction", "gemini", None, 0),
        ("POST", f"{GEMINI}/cachedContents", {"model": "models/m", **CONTENTS},
         "gemini cachedContents", "gemini", "models/m", 0),
        ("POST", f"{GEMINI}/openai/chat/completions", CHAT, "openai chat", "gemini", "m", 0),
        ("POST", "http://localhost/v1beta/models/m:generateContent", CONTENTS,
         "gemini generateContent", "gemini", "m", 0),
        ("POST", f"{VERTEX}/publishers/google/models/m:streamGenerateContent", CONTENTS,
         "vertex generateContent", "vertex", "m", 1),
        ("POST", f"{VERTEX}/endpoints/7:predict", {"instances": []}, "vertex predict", "vertex", "7", 0),
        ("POST", f"{VERTEX}/reasoningEngines/7:query", {"input": {}}, "vertex agent", "vertex", "7", 0),
        ("POST", f"{VERTEX}/reasoningEngines/7:streamQuery?alt=sse", {"input": {"message": "Hi"}},
         "vertex agent", "vertex", "7", 1),
        ("POST", f"{VERTEX}/publishers/anthropic/models/c@1:rawPredict", {"messages": MESSAGES},
         "vertex rawPredict", "vertex", "c@1", 0),
        ("POST", f"{VERTEX}/publishers/anthropic/models/c@1:streamRawPredict", {"messages": MESSAGES},
         "vertex rawPredict", "vertex", "c@1", 1),
        ("POST", f"{VERTEX}/publishers/anthropic/models/count-tokens:rawPredict", CHAT,
         "vertex count_tokens", "vertex", "m", 0),
        ("POST", f"{VERTEX}/cachedContents", CONTENTS, "vertex cachedContents", "vertex", None, 0),
        ("POST", f"{VERTEX}/endpoints/openapi/chat/completions", CHAT, "openai chat", "vertex", "m", 0),
        ("POST", f"{BEDROCK}/model/{CLAUDE}/converse", {"messages": []},
         "bedrock converse", "bedrock", CLAUDE, 0),
        ("POST", f"{BEDROCK}/model/{ARN.replace('/', '%2F')}/converse-stream", {"messages": []},
         "bedrock converse", "bedrock", ARN, 1),
        ("POST", f"{BEDROCK}/model/{ARN}/invoke", PROMPT, "bedrock invoke", "bedrock", ARN, 0),
        ("POST", f"{BEDROCK}/model/eu.{CLAUDE.replace(':', '%3A')}/invoke-with-response-stream",
         {"messages": []}, "bedrock invoke", "bedrock", f"eu.{CLAUDE}", 1),
        ("POST", f"{BEDROCK}/model/amazon.titan-text-express-v1/invoke", {"inputText": "Hi"},
         "bedrock invoke", "bedrock", "amazon.titan-text-express-v1", 0),
        ("POST", "http://localhost:4566/model/m/converse-stream", {"messages": []},
         "bedrock converse", "bedrock", "m", 1),
        ("POST", f"{BEDROCK}/guardrail/g/version/1/apply", {"source": "INPUT"},
         "bedrock guardrail", "bedrock", None, 0),
        ("POST", f"{AGENTS}/agents/a/agentAliases/b/sessions/c/text", {"inputText": "Hi"},
         "bedrock agent", "bedrock", None, 1),
        ("POST", f"{AGENTS}/retrieveAndGenerate", {"input": {"text": "Hi"}},
         "bedrock retrieveAndGenerate", "bedrock", None, 0),
        ("POST", f"{AGENTS}/knowledgebases/k/retrieve", {}, "bedrock retrieve", "bedrock", None, 0),
        ("POST", "https://runtime.sagemaker.us-east-1.amazonaws.com/endpoints/e/invocations",
         {"inputs": "Hi"}, "sagemaker invoke", "sagemaker", "e", 0),
        ("POST", f"{COHERE}/v1/chat", {"message": "Hi"}, "cohere chat", "cohere", None, 0),
        ("POST", f"{COHERE}/v2/chat", {**CHAT, "stream": True}, "cohere chat", "cohere", "m", 1),
        ("POST", f"{COHERE}/compatibility/v1/chat/completions", CHAT, "openai chat", "cohere", "m", 0),
        ("POST", "https://gateway.example/cohere/v2/chat", CHAT, "cohere chat", "cohere", "m", 0),
        ("POST", "https://gateway.example/v1/chat", CHAT, "generic llm", "generic", "m", 0),
        ("POST", f"{COHERE}/v2/embed", {"texts": []}, "cohere embed", "cohere", None, 0),
        ("POST", f"{COHERE}/v2/rerank", {"query": "q"}, "cohere rerank", "cohere", None, 0),
        ("POST", f"{COHERE}/v1/generate", PROMPT, "cohere generate", "cohere", "m", 0),
        ("POST", f"{MISTRAL}/chat/completions", CHAT, "openai chat", "mistral", "m", 0),
        ("POST", f"{MISTRAL}/fim/completions", PROMPT, "mistral fim", "mistral", "m", 0),
        ("POST", f"{MISTRAL}/agents/completions", {"agent_id": "a", "messages": MESSAGES},
         "mistral agents", "mistral", "a", 0),
        ("POST", f"{MISTRAL}/conversations#stream", {"inputs": "Hi", "stream": True},
         "mistral conversations", "mistral", None, 1),
        ("POST", f"{MISTRAL}/ocr", {"model": "m", "document": {}}, "mistral ocr", "mistral", "m", 0),
        ("POST", "http://localhost:11434/api/chat", CHAT, "ollama chat", "ollama", "m", 1),
        ("POST", "http://ollama:80/api/chat", {**CHAT, "stream": False}, "ollama chat", "ollama", "m", 0),
        ("POST", "http://10.0.0.7/api/generate", PROMPT, "ollama generate", "ollama", "m", 1),
        ("POST", "https://ollama.com/api/embed", INPUT, "ollama embed", "ollama", "m", 0),
        ("POST", "https://router.huggingface.co/v1/chat/completions", CHAT,
         "openai chat", "huggingface", "m", 0),
        ("POST", "https://router.huggingface.co/hf-inference/models/a/b", {"inputs": "Hi"},
         "huggingface inference", "huggingface", "a/b", 0),
        ("POST", "https://router.huggingface.co/hf-inference/models/a/b/pipeline/x", {"inputs": "Hi"},
         "huggingface inference", "huggingface", "a/b", 0),
        ("POST", "https://e.eu.endpoints.huggingface.cloud/generate_stream", {"inputs": "Hi"},
         "huggingface generate", "huggingface", None, 1),
        ("POST", "https://e.eu.endpoints.huggingface.cloud/", {"inputs": "Hi"},
         "huggingface inference", "huggingface", None, 0),
        ("POST", "https://api.replicate.com/v1/models/a/b/predictions", {"input": {}, "stream": True},
         "replicate predictions", "replicate", "a/b", 0),
        ("POST", "https://api.replicate.com/v1/predictions", {"input": {}, "version": "v"},
         "replicate predictions", "replicate", "v", 0),
        ("GET", "https://api.replicate.com/v1/predictions/p", None,
         "replicate prediction", "replicate", None, 0),
        ("POST", f"{WATSONX}/text/chat_stream", {"model_id": "m", "messages": []},
         "watsonx chat", "watsonx", "m", 1),
        ("POST", f"{WATSONX}/deployments/d/text/generation", {"input": "Hi"},
         "watsonx generation", "watsonx", "d", 0),
        ("POST", f"{WATSONX}/text/embeddings", {"inputs": []}, "watsonx embeddings", "watsonx", None, 0),
        ("POST", "https://api.writer.com/v1/chat", CHAT, "writer chat", "writer", "m", 0),
        ("POST", "https://api.writer.com:443/v1/completions", PROMPT, "openai completions", "writer", "m", 0),
        ("POST", "https://api.voyageai.com/v1/rerank", {"query": "q"}, "voyage rerank", "voyage", None, 0),
        ("POST", "https://api.voyageai.com/v1/multimodalembeddings", {"inputs": []},
         "voyage multimodalembeddings", "voyage", None, 0),
        ("POST", "https://api.jina.ai/v1/embeddings", INPUT, "openai embeddings", "jina", "m", 0),
        ("POST", "https://api.jina.ai/v1/rerank", {"query": "q"}, "jina rerank", "jina", None, 0),
        # Nobody's: what looks like a call of a model.
        ("POST", "http://localhost/rerank", {"query": "q", "documents": []},
         "generic rerank", "generic", None, 0),
        ("POST", "https://llm.example/ask", {**PROMPT, "stream": True}, "generic llm", "generic", "m", 1),
        ("POST", "https://llm.example/ask", {"model": "m", **CONTENTS}, "generic llm", "generic", "m", 0),
        ("POST", "https://chat.example/messages", CHAT, "generic llm", "generic", "m", 0),
        ("POST", f"{OPENAI}/chat/completions/extra", CHAT, "generic llm", "openai", "m", 0),
        ("POST", "**REDACTED**", CHAT, "generic llm", "generic", "m", 0),
        ("POST", "", INPUT, "generic llm", "generic", "m", 0),
    ],
)  # fmt: skip
def test_whose_call_it_is_of_which_model_and_whether_it_streams(
    method: str, url: str, body: Any, operation: str, provider: str, model: str | None, stream: int
) -> None:
    found = classify(request(method, url, body))
    assert found is not None
    assert (str(found.operation), found.provider) == (operation, provider)
    assert (found.model, found.stream) == (model, bool(stream))


@pytest.mark.parametrize(
    ("url", "body", "temperature"),
    [
        (f"{GEMINI}/models/m:generateContent", {"generationConfig": {"temperature": 0.1}}, 0.1),
        (f"{GEMINI}/models/m:generateContent", {"generation_config": {"temperature": 0.2}}, 0.2),
        (f"{GEMINI}/interactions", {"generation_config": {"temperature": 0}}, 0),
        (f"{BEDROCK}/model/m/converse", {"inferenceConfig": {"temperature": 0.4}}, 0.4),
        (f"{BEDROCK}/model/m/invoke", {"textGenerationConfig": {"temperature": 0.5}}, 0.5),
        (f"{BEDROCK}/model/{CLAUDE}/invoke", {"temperature": 0.6}, 0.6),
        ("http://localhost:11434/api/chat", {"options": {"temperature": 0.7}}, 0.7),
        (f"{WATSONX}/text/generation", {"parameters": {"temperature": 0.8}}, 0.8),
        (f"{COHERE}/v2/chat", {"temperature": 0.9}, 0.9),
    ],
)
def test_the_temperature_is_where_the_provider_keeps_it(url: str, body: Any, temperature: float) -> None:
    found = classify(request("POST", url, body))
    assert found is not None
    assert found.temperature == temperature


@pytest.mark.parametrize(
    ("url", "body", "changed"),
    [
        (f"{GEMINI}/models/m:generateContent", {"contents": ["a"]}, {"contents": ["b"]}),
        (f"{GEMINI}/models/m:generateContent", {"systemInstruction": "a"}, {"systemInstruction": "b"}),
        (f"{BEDROCK}/model/m/converse", {"messages": ["a"]}, {"messages": ["b"]}),
        (f"{BEDROCK}/model/m/invoke", {"inputText": "a"}, {"inputText": "b"}),
        (f"{COHERE}/v1/chat", {"message": "a"}, {"message": "b"}),
        (f"{COHERE}/v2/rerank", {"query": "q", "documents": ["a"]}, {"query": "q", "documents": ["b"]}),
        ("https://api.replicate.com/v1/predictions", {"input": {"prompt": "a"}}, {"input": {"prompt": "b"}}),
    ],
)
def test_another_prompt_is_another_call(url: str, body: Any, changed: Any) -> None:
    keys = {fingerprint(request("POST", url, one)).key for one in (body, changed)}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("url", "body", "key"),
    [
        (f"{OPENAI}/chat/completions", CHAT, "d742edd291515f4e"),
        (f"{OPENAI}/responses", INPUT, "ee7aaf2e534f91a7"),
        (f"{ANTHROPIC}/messages", CHAT, "2053b9a16f1fc82b"),
        ("https://api.groq.com/openai/v1/chat/completions", CHAT, "d742edd291515f4e"),
    ],
)
def test_the_keys_of_existing_cassettes_stay(url: str, body: Any, key: str) -> None:
    assert fingerprint(request("POST", url, body)).key.startswith(key)


@pytest.fixture
def gateway() -> Iterator[str]:
    """A gateway of one's own, registered in a few lines."""
    before = list(PROVIDERS)
    ask = Operation("gateway", "ask", re.compile("/ask$"), ("question",), model="engine")
    register(Provider("gateway", re.compile(r"llm\.example\.com"), (ask,), key_variables=("GATEWAY_KEY",)))
    yield "https://llm.example.com/v7/ask"
    PROVIDERS[:] = before
    register(before[0])


def test_a_gateway_of_ones_own_is_registered_in_a_few_lines(gateway: str) -> None:
    found = classify(request("POST", gateway, {"engine": "e", "question": "Hi", "stream": True}))
    assert found is not None
    assert (str(found.operation), found.provider, found.model) == ("gateway ask", "gateway", "e")
    assert (found.prompt, found.stream) == ({"question": "Hi"}, True)
    assert "GATEWAY_KEY" in key_variables()
    assert key_variables(request("POST", gateway, {})) == ("GATEWAY_KEY",)
    assert classify(request("POST", "https://other.example/ask", {"question": "Hi"})) is None
    chat = classify(request("POST", "https://llm.example.com/v1/chat/completions", CHAT))
    assert chat is not None
    assert (str(chat.operation), chat.provider) == ("openai chat", "gateway")


def test_registering_a_provider_again_replaces_it(gateway: str) -> None:
    register(Provider("gateway", re.compile("elsewhere")))
    assert [provider.name for provider in PROVIDERS].count("gateway") == 1
    assert classify(request("POST", gateway, {"question": "Hi"})) is None


def call(**fields: Any) -> Call:
    found = classify(request("POST", f"{OPENAI}/responses", {"model": "m", "input": "Hi", **fields}))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("value", "streams"),
    [(True, True), (False, False), (None, False), ("true", True), ("yes", False), ({}, False)],
)
def test_a_call_streams_where_it_says_so(value: Any, streams: bool) -> None:
    assert call(stream=value).stream is streams


def test_the_stream_field_of_a_form_counts() -> None:
    found = classify(request("POST", f"{OPENAI}/audio/transcriptions", UPLOAD))
    assert found is not None
    assert found.stream
    assert found.prompt["file"]["filename"] == "a.wav"


def test_prompt_temperature_and_the_rest_are_told_apart() -> None:
    found = call(temperature=0.5, instructions="Be terse", tools=[], top_p=None)
    assert found.prompt == {"input": "Hi", "instructions": "Be terse"}
    assert found.temperature == 0.5
    assert found.rest == {"tools": [], "top_p": None}


def test_an_operation_without_prompt_fields_has_its_whole_body_as_prompt() -> None:
    found = classify(request("POST", f"{OPENAI}/responses/r/cancel", {"a.b": 1, "stream": True}))
    assert found is not None
    assert (found.prompt, found.stream, found.rest) == ({"a.b": 1}, True, {})


def test_a_prompt_kept_at_the_provider_counts_with_its_variables() -> None:
    """``responses.create(prompt={"id": …, "variables": …})`` has no input at all."""

    def key(provider: str, **variables: str) -> str:
        prompt = {"id": "pmpt_1", "version": "2", "variables": variables}
        return fingerprint(request("POST", f"{provider}/responses", {"model": "m", "prompt": prompt})).key

    for provider in (OPENAI, "https://gateway.example.com/v1"):
        assert key(provider, city="Paris") == key(provider, city="Paris")
        assert key(provider, city="Paris") != key(provider, city="Rome")


def test_a_request_without_its_prompt_fields_is_told_apart_by_the_others() -> None:
    one, other = (
        fingerprint(request("POST", f"{OPENAI}/chat/completions", {"model": "m", "question": text}))
        for text in ("a", "b")
    )
    assert one.key != other.key


def test_a_call_without_body_has_its_query_as_prompt() -> None:
    found = classify(request("GET", f"{OPENAI}/files?limit=2"))
    assert found is not None
    assert found.prompt == {"?": "limit=2"}


@BOUNDED
@given(requests)
def test_every_request_is_classified(request: Request) -> None:
    found = classify(request)
    assert found is None or isinstance(found, Call)


@pytest.mark.parametrize(
    ("body", "response", "events", "provider", "url"),
    [
        (CHAT, {"type": "message", "content": []}, [], None, f"{ANTHROPIC}/messages"),
        (CHAT, {"content": [{"type": "text"}], "stop_reason": "end_turn"}, [], None, f"{ANTHROPIC}/messages"),
        (CHAT, {}, [{"type": "message_start"}], None, f"{ANTHROPIC}/messages"),
        (PROMPT, {"completion": "x"}, [], None, f"{ANTHROPIC}/complete"),
        (CHAT, {"object": "chat.completion"}, [], None, f"{OPENAI}/chat/completions"),
        (CHAT, {"choices": []}, [], None, f"{OPENAI}/chat/completions"),
        (CHAT, {}, [{"object": "chat.completion.chunk"}, "[DONE]"], None, f"{OPENAI}/chat/completions"),
        (PROMPT, {"choices": []}, [], None, f"{OPENAI}/completions"),
        (PROMPT, {"object": "text_completion"}, [], None, f"{OPENAI}/completions"),
        (INPUT, {"object": "response"}, [], None, f"{OPENAI}/responses"),
        (INPUT, {}, [{"type": "response.created"}], None, f"{OPENAI}/responses"),
        (INPUT, {"object": "list", "data": []}, [], None, f"{OPENAI}/embeddings"),
        (CHAT, {"object": "chat.completion"}, [], "anthropic", f"{OPENAI}/chat/completions"),
        (CHAT, {}, [], "anthropic", f"{ANTHROPIC}/messages"),
        (CHAT, {}, ["[DONE]"], "openai", f"{OPENAI}/chat/completions"),
        (
            {"contents": []},
            {"candidates": [], "modelVersion": "m-1"},
            [],
            None,
            f"{GEMINI}/models/m-1:generateContent",
        ),
        (
            {"model": "models/m", "contents": []},
            {},
            [{"candidates": []}],
            None,
            f"{GEMINI}/models/m:streamGenerateContent?alt=sse",
        ),
        ({"contents": []}, {"candidates": []}, [], None, None),  # nobody says which model
        (INPUT, {"object": "interaction"}, [], None, f"{GEMINI}/interactions"),
        ({"model": "m"}, {"embedding": {"values": []}}, [], None, f"{GEMINI}/models/m:embedContent"),
        (CHAT, {"message": {"content": []}}, [], None, "https://api.cohere.com/v2/chat"),
        (CHAT, {}, [{"type": "message-start"}], None, "https://api.cohere.com/v2/chat"),
        (
            {"query": "q", "documents": []},
            {"results": [{"relevance_score": 1}]},
            [],
            None,
            "https://api.cohere.com/v2/rerank",
        ),
        (CHAT, {"message": {}, "done": True}, [], None, "http://localhost:11434/api/chat"),
        (PROMPT, {}, [{"response": "", "done": False}], None, "http://localhost:11434/api/generate"),
        (
            {"modelId": "a:b", "messages": []},
            {"output": {"message": {}}, "stopReason": "x"},
            [],
            None,
            "https://bedrock-runtime.us-east-1.amazonaws.com/model/a%3Ab/converse",
        ),
        (
            {"modelId": "m"},
            {},
            [{"role": "assistant"}, {"contentBlockIndex": 0}],
            None,
            "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse-stream",
        ),
        ({"version": "v", "input": {}}, {"urls": {}}, [], None, "https://api.replicate.com/v1/predictions"),
        (
            INPUT,
            {"results": [{"generated_text": "x"}]},
            [],
            None,
            "https://us-south.ml.cloud.ibm.com/ml/v1/text/generation",
        ),
        (CHAT, {}, [], "other", None),
        (CHAT, {}, [], None, None),
    ],
)
def test_bodies_alone_tell_where_they_usually_come_from(
    body: Any, response: Any, events: list[Any], provider: str | None, url: str | None
) -> None:
    assert usual_url(body, response, events, provider) == url


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_a_usual_url_is_one_of_its_own_operation(provider: Any) -> None:
    for name, url in (*provider.urls.items(), *provider.stream_urls.items()):
        found = classify(request("POST", url))
        assert found is not None
        assert (found.operation.provider, found.operation.name) == (provider.name, name)
        assert found.stream or url not in provider.stream_urls.values()
        assert streams.is_stream_type(usual_stream_type(url))


def test_the_sdks_key_variables_are_known() -> None:
    known = set(key_variables())
    assert {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GROQ_API_KEY", "GEMINI_API_KEY", "CO_API_KEY"} <= known
    # A placeholder in these would change what a program does, or be sent where none is needed.
    assert not known & {"AZURE_OPENAI_API_KEY", "HF_TOKEN"}
    assert not [name for name in known if name.startswith("AWS_")]
    groq = request("POST", "https://api.groq.com/openai/v1/chat/completions", CHAT)
    assert key_variables(groq) == ("GROQ_API_KEY",)
    assert key_variables(request("GET", "https://example.org")) == ()
