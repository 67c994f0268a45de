"""What the less common operations answer and are asked; one row per shape, in the provider's own words."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import BEDROCK_HEADERS, BOUNDED, amazon_message, base64_of, json_values, names
from test_providers_answers import lines, sse

from vcr_llm import jsontext
from vcr_llm.interaction import Body, Interaction, Request, Response
from vcr_llm.providers import (
    PROVIDERS,
    Answer,
    Message,
    ToolCall,
    Usage,
    classify,
    read_answer,
    read_messages,
)

RUNTIME = "https://bedrock-runtime.us-east-1.amazonaws.com"
INVOKE = f"{RUNTIME}/model/m/invoke"
STREAM = f"{INVOKE}-with-response-stream"
AGENTS = "https://bedrock-agent-runtime.us-east-1.amazonaws.com"
OPENAI = "https://api.openai.com/v1"
COHERE = "https://api.cohere.com/v1"
GEMINI = "https://generativelanguage.googleapis.com/v1beta"
VERTEX = "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/m"
SAGEMAKER = "https://runtime.sagemaker.us-east-1.amazonaws.com/endpoints/e/invocations"
HUGGING_FACE = "https://router.huggingface.co/hf-inference"
REPLICATE = "https://api.replicate.com/v1"
WATSONX = "https://us-south.ml.cloud.ibm.com/ml/v1/text"
WRITER = "https://api.writer.com/v1"
MISTRAL = "https://api.mistral.ai/v1"
VOYAGE = "https://api.voyageai.com/v1"
GATEWAY = "https://llm.example.com/ask"
F = ToolCall("f", {"a": 1}, "c")


def messages(*events: tuple[str, Any]) -> bytes:
    """An event stream of Amazon's."""
    return b"".join(
        amazon_message(
            ((":event-type", name), *BEDROCK_HEADERS[1:]),
            (data if isinstance(data, str) else jsontext.compact(data)).encode(),
        )
        for name, data in events
    )


def chunks(*inner: Any) -> bytes:
    """A stream of invoke: each event's JSON in base64, with padding."""
    return messages(
        *(
            (
                "chunk",
                {"bytes": base64_of(one if isinstance(one, str) else jsontext.compact(one)), "p": "abc"},
            )
            for one in inner
        )
    )


CONVERSE = [
    ("messageStart", {"p": "ab", "role": "assistant"}),
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hel"}}),
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "lo"}, "p": "abcdef"}),
    ("contentBlockStop", {"contentBlockIndex": 0}),
    ("contentBlockStart", {"contentBlockIndex": 1, "start": {"toolUse": {"name": "f", "toolUseId": "c"}}}),
    ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": '{"a":'}}}),
    ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": " 1}"}}}),
    ("messageStop", {"stopReason": "tool_use"}),
    ("metadata", {"usage": {"inputTokens": 4, "outputTokens": 2, "cacheReadInputTokens": 3}}),
]
METRICS = {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 5, "outputTokenCount": 2}}
CLAUDE = [
    {"type": "message_start", "message": {"model": "claude", "usage": {"input_tokens": 5}}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop", **METRICS},
]
INTERACTION = {"id": "i", "status": "completed", "model": "gemini-3", "object": "interaction"}
SPENT = {
    "total_input_tokens": 9,
    "total_output_tokens": 3,
    "total_cached_tokens": 2,
    "total_thought_tokens": 4,
}
STEPS = [
    {"event_type": "interaction.created", "interaction": {**INTERACTION, "status": "in_progress"}},
    {"event_type": "step.start", "index": 0, "step": {"type": "thought"}},
    {"event_type": "step.delta", "index": 0, "delta": {"type": "thought_signature", "signature": "x"}},
    {"event_type": "step.start", "index": 1, "step": {"type": "model_output"}},
    {"event_type": "step.delta", "index": 1, "delta": {"type": "text", "text": "Hel"}},
    {"event_type": "step.delta", "index": 1, "delta": {"type": "text", "text": "lo"}},
    {"event_type": "step.start", "index": 2, "step": {"type": "function_call", "name": "f", "id": "c"}},
    {"event_type": "step.delta", "index": 2, "delta": {"type": "arguments_delta", "arguments": '{"a": '}},
    {"event_type": "step.delta", "index": 2, "delta": {"type": "arguments_delta", "arguments": "1}"}},
    {"event_type": "interaction.completed", "interaction": {**INTERACTION, "usage": SPENT}},
]
USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}

ANSWERED: dict[str, tuple[str, Any, Answer | None]] = {
    # Bedrock
    "converse, streamed": (
        f"{RUNTIME}/model/m/converse-stream",
        messages(*CONVERSE),
        Answer("Hello", (F,), Usage(7, 2, 3), "tool_use"),
    ),
    "converse, cut short": (
        f"{RUNTIME}/model/m/converse-stream",
        messages(*CONVERSE[:3]),
        Answer("Hello"),
    ),
    "converse, an exception": (
        f"{RUNTIME}/model/m/converse-stream",
        amazon_message(((":exception-type", "throttlingException"),), b'{"message":"Too many"}'),
        None,
    ),
    "claude, streamed": (STREAM, chunks(*CLAUDE), Answer("Hi", (), Usage(5, 2), "end_turn", "claude")),
    "claude 2, streamed": (
        STREAM,
        chunks({"completion": "Hi"}, {"completion": "", "stop_reason": "stop", **METRICS}),
        Answer("Hi", (), Usage(5, 2), "stop"),
    ),
    "titan": (
        INVOKE,
        {
            "inputTextTokenCount": 5,
            "results": [{"outputText": "Hi", "tokenCount": 2, "completionReason": "FINISH"}],
        },
        Answer("Hi", (), Usage(5, 2), "FINISH"),
    ),
    "titan, streamed": (
        STREAM,
        chunks(
            {"outputText": "H", "index": 0.0, "inputTextTokenCount": 5.0},
            {"outputText": "i", "totalOutputTextTokenCount": 2.0, "completionReason": "FINISH", **METRICS},
        ),
        Answer("Hi", (), Usage(5, 2), "FINISH"),
    ),
    "titan embeddings": (
        INVOKE,
        {"embedding": [0.5], "inputTextTokenCount": 5},
        Answer(usage=Usage(5)),
    ),
    "llama": (
        INVOKE,
        {"generation": "Hi", "prompt_token_count": 5, "generation_token_count": 2, "stop_reason": "stop"},
        Answer("Hi", (), Usage(5, 2), "stop"),
    ),
    "llama, streamed": (
        STREAM,
        chunks(
            {"generation": "H", "prompt_token_count": 5, "generation_token_count": 1},
            {"generation": "i", "prompt_token_count": None, "generation_token_count": 2, **METRICS},
        ),
        Answer("Hi", (), Usage(5, 2)),
    ),
    "nova": (
        INVOKE,
        {
            "output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 5, "outputTokens": 2, "cacheReadInputTokenCount": 1},
        },
        Answer("Hi", (), Usage(6, 2, 1), "end_turn"),
    ),
    "nova, streamed": (
        STREAM,
        chunks(*({name: data} for name, data in CONVERSE)),
        Answer("Hello", (F,), Usage(7, 2, 3), "tool_use"),
    ),
    "mistral": (INVOKE, {"outputs": [{"text": "Hi", "stop_reason": "stop"}]}, Answer("Hi", (), None, "stop")),
    "jamba": (
        INVOKE,
        {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}], "usage": USAGE},
        Answer("Hi", (), Usage(5, 2), "stop"),
    ),
    "an imported model, streamed": (
        STREAM,
        chunks({"choices": [{"text": "H"}]}, {"choices": [{"text": "i", "finish_reason": "length"}]}),
        Answer("Hi", (), None, "length"),
    ),
    "jurassic": (
        INVOKE,
        {"completions": [{"data": {"text": "Hi"}, "finishReason": {"reason": "endoftext"}}]},
        Answer("Hi", (), None, "endoftext"),
    ),
    "command": (
        INVOKE,
        {"generations": [{"text": "Hi", "finish_reason": "COMPLETE"}]},
        Answer("Hi", (), None, "COMPLETE"),
    ),
    "command, streamed": (
        STREAM,
        chunks({"text": "H", "is_finished": False}, {"text": "i", "finish_reason": "COMPLETE", **METRICS}),
        Answer("Hi", (), Usage(5, 2), "COMPLETE"),
    ),
    "a model's error": (INVOKE, {"message": "no access"}, None),
    "agent": (
        f"{AGENTS}/agents/A/agentAliases/B/sessions/s/text",
        messages(
            ("chunk", {"bytes": base64_of("Hel")}),
            (
                "trace",
                {
                    "trace": {
                        "orchestrationTrace": {
                            "modelInvocationOutput": {
                                "metadata": {"usage": {"inputTokens": 5, "outputTokens": 2}}
                            }
                        }
                    }
                },
            ),
            ("chunk", {"bytes": base64_of("lo")}),
        ),
        Answer("Hello", (), Usage(5, 2)),
    ),
    "agent that hands back control": (
        f"{AGENTS}/agents/A/agentAliases/B/sessions/s/text",
        messages(
            (
                "returnControl",
                {
                    "invocationId": "c",
                    "invocationInputs": [
                        {
                            "functionInvocationInput": {
                                "function": "f",
                                "parameters": [{"name": "a", "type": "number", "value": "1"}],
                            }
                        }
                    ],
                },
            )
        ),
        Answer("", (ToolCall("f", {"a": "1"}, "c"),)),
    ),
    "flow": (
        f"{AGENTS}/flows/F/aliases/A",
        messages(("flowOutputEvent", {"content": {"document": "Hi"}, "nodeName": "Out"})),
        Answer("Hi"),
    ),
    "knowledge base, streamed": (
        f"{AGENTS}/retrieveAndGenerateStream",
        messages(("output", {"text": "Hel"}), ("output", {"text": "lo"}), ("citation", {"citation": {}})),
        Answer("Hello"),
    ),
    "retrieve": (f"{AGENTS}/knowledgebases/K/retrieve", {"retrievalResults": [{"score": 0.5}]}, Answer()),
    "guardrail": (
        f"{RUNTIME}/guardrail/g/version/1/apply",
        {"action": "GUARDRAIL_INTERVENED", "outputs": [{"text": "Sorry."}]},
        Answer("Sorry.", (), None, "GUARDRAIL_INTERVENED"),
    ),
    # SageMaker
    "endpoint of tokens, cut anywhere": (
        f"{SAGEMAKER}-response-stream",
        messages(
            ("PayloadPart", 'data:{"token":{"text":"H"}}\n\ndata:{"tok'),
            ("PayloadPart", 'en":{"text":"i"},"generated_text":"Hi"}\n\n'),
        ),
        Answer("Hi"),
    ),
    "endpoint of a chat": (
        SAGEMAKER,
        {"choices": [{"message": {"content": "Hi"}}], "usage": USAGE},
        Answer("Hi", (), Usage(5, 2)),
    ),
    # Google
    "interaction": (
        f"{GEMINI}/interactions",
        {
            **INTERACTION,
            "usage": SPENT,
            "steps": [
                {"type": "thought", "summary": [{"type": "text", "text": "hm"}]},
                {"type": "function_call", "name": "f", "id": "c", "arguments": {"a": 1}},
                {"type": "model_output", "content": [{"type": "text", "text": "Hello"}]},
            ],
        },
        Answer("Hello", (F,), Usage(9, 7, 2, 4), "completed", "gemini-3"),
    ),
    "interaction, streamed": (
        f"{GEMINI}/interactions",
        sse(*STEPS),
        Answer("Hello", (F,), Usage(9, 7, 2, 4), "completed", "gemini-3"),
    ),
    "interaction, as first released": (
        f"{GEMINI}/interactions",
        {**INTERACTION, "outputs": [{"type": "thought"}, {"type": "text", "text": "Hello"}]},
        Answer("Hello", (), None, "completed", "gemini-3"),
    ),
    "interaction, as first streamed": (
        f"{GEMINI}/interactions",
        sse(
            {"event_type": "content.start", "index": 0, "content": {"type": "text"}},
            {"event_type": "content.delta", "index": 0, "delta": {"type": "text", "text": "Hel"}},
            {"event_type": "content.delta", "index": 0, "delta": {"type": "text", "text": "lo"}},
            {
                "event_type": "content.delta",
                "index": 1,
                "delta": {"type": "function_call", "name": "f", "id": "c", "arguments": {"a": 1}},
            },
            {"event_type": "interaction.complete", "interaction": INTERACTION},
        ),
        Answer("Hello", (F,), None, "completed", "gemini-3"),
    ),
    "embedding": (f"{GEMINI}/models/m:embedContent", {"embedding": {"values": [0.5]}}, Answer()),
    "predicted text": (
        f"{VERTEX}:predict",
        {
            "predictions": [{"content": "Hi"}],
            "metadata": {
                "tokenMetadata": {
                    "inputTokenCount": {"totalTokens": 5},
                    "outputTokenCount": {"totalTokens": 2},
                }
            },
        },
        Answer("Hi", (), Usage(5, 2)),
    ),
    "predicted chat": (
        f"{VERTEX}:predict",
        {"predictions": [{"candidates": [{"author": "1", "content": "Hi"}]}]},
        Answer("Hi"),
    ),
    "predicted by an open model": (f"{VERTEX}:predict", {"predictions": ["Hi"]}, Answer("Hi")),
    "predicted embeddings": (
        f"{VERTEX}:predict",
        {"predictions": [{"embeddings": {"values": [1], "statistics": {"token_count": n}}} for n in (2, 3)]},
        Answer(usage=Usage(5)),
    ),
    "cached contents": (
        f"{GEMINI}/cachedContents",
        {"name": "c", "model": "models/m", "expireTime": "t", "usageMetadata": {"totalTokenCount": 5}},
        Answer(usage=Usage(5), model="models/m"),
    ),
    # Cohere
    "generate": (
        f"{COHERE}/generate",
        {
            "generations": [{"text": "Hi", "finish_reason": "COMPLETE"}],
            "meta": {"billed_units": {"input_tokens": 5, "output_tokens": 2}},
        },
        Answer("Hi", (), Usage(5, 2), "COMPLETE"),
    ),
    "embed": (
        f"{COHERE}/embed",
        {"embeddings": {"float": [[1]]}, "meta": {"billed_units": {"input_tokens": 5}}},
        Answer(usage=Usage(5)),
    ),
    "rerank": (f"{COHERE}/rerank", {"results": [], "meta": {"billed_units": {"search_units": 1}}}, Answer()),
    "classify": (
        f"{COHERE}/classify",
        {"classifications": [{"prediction": "spam"}, {"prediction": "ham"}]},
        Answer("spamham"),
    ),
    # OpenAI, and what others call the same
    "moderation": (
        f"{OPENAI}/moderations",
        {"results": [{"flagged": True, "categories": {"hate": True, "violence": False}}]},
        Answer("hate"),
    ),
    "moderation of nothing bad": (
        f"{OPENAI}/moderations",
        {"results": [{"flagged": False, "categories": {"hate": False}}]},
        Answer("not flagged"),
    ),
    "run": (
        f"{OPENAI}/threads/t/runs",
        {
            "object": "thread.run",
            "status": "requires_action",
            "model": "gpt-4o",
            "usage": USAGE,
            "required_action": {
                "submit_tool_outputs": {
                    "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": '{"a": 1}'}}]
                }
            },
        },
        Answer("", (F,), Usage(5, 2), "requires_action", "gpt-4o"),
    ),
    "run, streamed": (
        f"{OPENAI}/threads/t/runs",
        sse(
            {"object": "thread.run", "status": "queued"},
            {"object": "thread.message.delta", "delta": {"content": [{"text": {"value": "Hel"}}]}},
            {"object": "thread.message.delta", "delta": {"content": [{"text": {"value": "lo"}}]}},
            {"object": "thread.run", "status": "completed", "usage": USAGE},
        ),
        Answer("Hello", (), Usage(5, 2), "completed"),
    ),
    "thread messages": (
        f"{OPENAI}/threads/t/messages",
        {"data": [{"role": "assistant", "content": [{"text": {"value": "Hi"}}]}, {"role": "user"}]},
        Answer("Hi"),
    ),
    "a message posted": (f"{OPENAI}/threads/t/messages", {"object": "thread.message", "role": "user"}, None),
    "chat, tokens in Groq's stream": (
        "https://api.groq.com/openai/v1/chat/completions",
        sse(
            {"choices": [{"delta": {"content": "Hi"}}]},
            {"choices": [{"delta": {}, "finish_reason": "stop"}], "x_groq": {"usage": USAGE}},
        ),
        Answer("Hi", (), Usage(5, 2), "stop"),
    ),
    "chat, DeepSeek's cache": (
        "https://api.deepseek.com/chat/completions",
        {"choices": [{"message": {"content": "Hi"}}], "usage": {**USAGE, "prompt_cache_hit_tokens": 4}},
        Answer("Hi", (), Usage(5, 2, 4)),
    ),
    "chat, xAI's thoughts beside the completion": (
        "https://api.x.ai/v1/chat/completions",
        {
            "choices": [{"message": {"content": "Hi"}}],
            "usage": {
                **USAGE,
                "total_tokens": 10,
                "completion_tokens_details": {"reasoning_tokens": 3},
            },
        },
        Answer("Hi", (), Usage(5, 5, 0, 3)),
    ),
    "chat answered as a completion": (
        f"{OPENAI}/chat/completions",
        {"choices": [{"text": "Hi", "finish_reason": "stop"}]},
        Answer("Hi", (), None, "stop"),
    ),
    "voyage embeddings": (
        f"{VOYAGE}/embeddings",
        {"data": [], "model": "voyage-3", "usage": {"total_tokens": 5}},
        Answer(usage=Usage(5), model="voyage-3"),
    ),
    "voyage rerank": (
        f"{VOYAGE}/rerank",
        {"data": [{"index": 0}], "model": "rerank-2", "usage": {"total_tokens": 5}},
        Answer(usage=Usage(5), model="rerank-2"),
    ),
    # Ollama
    "ollama embed": (
        "http://localhost:11434/api/embed",
        {"model": "m", "embeddings": [[1]], "prompt_eval_count": 5},
        Answer(usage=Usage(5), model="m"),
    ),
    # Hugging Face
    "text generation": (
        f"{HUGGING_FACE}/models/gpt2",
        [{"generated_text": "Hi", "details": {"generated_tokens": 2, "finish_reason": "length"}}],
        Answer("Hi", (), Usage(0, 2), "length"),
    ),
    "text generation, streamed": (
        "https://x.endpoints.huggingface.cloud/generate_stream",
        sse({"token": {"text": "H"}}, {"token": {"text": "i"}}, {"token": {"text": "</s>", "special": True}}),
        Answer("Hi"),
    ),
    "summary": (f"{HUGGING_FACE}/models/bart", [{"summary_text": "Hi"}], Answer("Hi")),
    "features": (f"{HUGGING_FACE}/models/bge", [[0.5]], Answer()),
    "hugging face's error": (f"{HUGGING_FACE}/models/m", {"error": "loading"}, None),
    # Replicate
    "prediction": (
        f"{REPLICATE}/predictions/p",
        {
            "status": "succeeded",
            "model": "meta/llama",
            "output": ["H", "i"],
            "metrics": {"input_token_count": 5, "output_token_count": 2},
        },
        Answer("Hi", (), Usage(5, 2), "succeeded", "meta/llama"),
    ),
    "prediction that has begun": (
        f"{REPLICATE}/predictions",
        {"status": "starting", "output": None},
        Answer("", (), None, "starting"),
    ),
    "prediction's stream": (
        "https://stream.replicate.com/v1/streams/s",
        b": hi\n\nid: 1:0\ndata: Hel\n\nevent: output\ndata: lo\ndata: you\n\nevent: done\ndata: {}\n\n",
        Answer("Hello\nyou"),
    ),
    # watsonx
    "generation": (
        f"{WATSONX}/generation",
        {
            "model_id": "granite",
            "results": [
                {
                    "generated_text": "Hi",
                    "generated_token_count": 2,
                    "input_token_count": 5,
                    "stop_reason": "eos",
                }
            ],
        },
        Answer("Hi", (), Usage(5, 2), "eos", "granite"),
    ),
    "generation, streamed": (
        f"{WATSONX}/generation_stream",
        sse(
            {"results": [{"generated_text": "H", "generated_token_count": 1, "input_token_count": 5}]},
            {
                "results": [
                    {
                        "generated_text": "i",
                        "generated_token_count": 2,
                        "input_token_count": 0,  # of what comes after the first
                        "stop_reason": "eos",
                    }
                ]
            },
        ),
        Answer("Hi", (), Usage(5, 2), "eos"),
    ),
    "watsonx embeddings": (
        f"{WATSONX}/embeddings",
        {"model_id": "slate", "results": [{"embedding": [1]}], "input_token_count": 5},
        Answer(usage=Usage(5), model="slate"),
    ),
    # Writer
    "completion, streamed in values": (
        f"{WRITER}/completions",
        sse({"value": ""}, {"value": "H"}, {"value": "i"}),
        Answer("Hi"),
    ),
    "an agent's suggestion": (f"{WRITER}/applications/a", {"title": "t", "suggestion": "Hi"}, Answer("Hi")),
    "an agent, streamed": (
        f"{WRITER}/applications/a",
        sse({"delta": {"content": "H"}}, {"delta": {"content": "i"}}, {"delta": {"stages": []}}),
        Answer("Hi"),
    ),
    "a question": (f"{WRITER}/graphs/question", {"question": "?", "answer": "Hi"}, Answer("Hi")),
    # Mistral
    "conversation": (
        f"{MISTRAL}/conversations",
        {
            "outputs": [
                {"type": "function.call", "name": "f", "arguments": '{"a": 1}', "tool_call_id": "c"},
                {"type": "message.output", "content": "Hi", "model": "mistral-large"},
            ],
            "usage": USAGE,
        },
        Answer("Hi", (F,), Usage(5, 2), None, "mistral-large"),
    ),
    "conversation, streamed": (
        f"{MISTRAL}/conversations",
        sse(
            {"type": "conversation.response.started", "conversation_id": "v"},
            {"type": "message.output.delta", "output_index": 0, "content": "H", "model": "mistral-large"},
            {"type": "message.output.delta", "output_index": 0, "content": {"type": "text", "text": "i"}},
            {"type": "function.call.delta", "output_index": 1, "name": "f", "tool_call_id": "c",
             "arguments": '{"a":'},
            {"type": "function.call.delta", "output_index": 1, "arguments": " 1}"},
            {"type": "conversation.response.done", "usage": USAGE},
        ),
        Answer("Hi", (F,), Usage(5, 2), None, "mistral-large"),
    ),
    "pages": (f"{MISTRAL}/ocr", {"pages": [{"markdown": "# A"}, {"markdown": "b"}], "model": "ocr"},
              Answer("# A\n\nb", model="ocr")),
    # A gateway of one's own
    "a chat": (GATEWAY, {"choices": [{"message": {"content": "Hi"}}]}, Answer("Hi")),
    "a message": (
        GATEWAY,
        {"type": "message", "content": [{"type": "text", "text": "Hi"}]},
        Answer("Hi"),
    ),
    "a response": (
        GATEWAY,
        {"output": [{"type": "message", "content": [{"text": "Hi"}]}], "status": "completed"},
        Answer("Hi", (), None, "completed"),
    ),
    "candidates": (GATEWAY, {"candidates": [{"content": {"parts": [{"text": "Hi"}]}}]}, Answer("Hi")),
    "lines": (GATEWAY, lines({"response": "H"}, {"response": "i", "done": True}), Answer("Hi")),
    "numbers": (GATEWAY, {"data": [{}], "usage": {"total_tokens": 5}}, Answer(usage=Usage(5))),
    "a shape of its own": (GATEWAY, {"reply": "Hi"}, None),
}  # fmt: skip


def recorded(url: str, response: Any) -> Interaction:
    asked = {"model": "m", "input": "Hi"} if url == GATEWAY else {}
    body = Body(response) if isinstance(response, bytes) else Body.of_json(response)
    return Interaction(Request("POST", url, Body.of_json(asked)), Response(200, "OK", {}, body))


@pytest.mark.parametrize("name", ANSWERED)
def test_what_is_answered(name: str) -> None:
    url, response, answer = ANSWERED[name]
    interaction = recorded(url, response)
    if "/v1/streams/" in url:
        interaction = Interaction(Request("GET", url), interaction.response)
    call = classify(interaction.request)
    assert call is not None
    assert read_answer(call, interaction) == answer


def test_tokens_that_only_the_headers_name() -> None:
    found = recorded(INVOKE, {"generations": [{"text": "Hi"}]})
    headers = {
        f"x-amzn-bedrock-{kind}-token-count": (count,) for kind, count in (("input", "9"), ("output", "2"))
    }
    call = classify(found.request)
    assert call is not None
    for sent, usage in ((headers, Usage(9, 2)), ({**headers, next(iter(headers)): ("many",)}, None)):
        answered = replace(found, response=replace(found.response, headers=sent))
        assert read_answer(call, answered) == Answer("Hi", usage=usage)


ASKED: dict[str, tuple[str, Any, tuple[Message, ...]]] = {
    "nova": (
        INVOKE,
        {"system": [{"text": "Be terse"}], "messages": [{"role": "user", "content": [{"text": "Hi"}]}]},
        (Message("system", "Be terse"), Message("user", "Hi")),
    ),
    "jamba": (INVOKE, {"messages": [{"role": "user", "content": "Hi"}]}, (Message("user", "Hi"),)),
    "command": (
        INVOKE,
        {"message": "Hi", "chat_history": [{"role": "USER", "message": "Ho"}]},
        (Message("USER", "Ho"), Message("user", "Hi")),
    ),
    "titan": (INVOKE, {"inputText": "Hi"}, (Message("inputText", "Hi"),)),
    "guardrail": (
        f"{RUNTIME}/guardrail/g/version/1/apply",
        {"source": "OUTPUT", "content": [{"text": {"text": "Hi"}}]},
        (Message("output", "Hi"),),
    ),
    "knowledge base": (
        f"{AGENTS}/knowledgebases/K/retrieve",
        {"retrievalQuery": {"text": "Hi"}},
        (Message("user", "Hi"),),
    ),
    "endpoint": (SAGEMAKER, {"inputs": "Hi", "parameters": {"top_p": 1}}, (Message("inputs", "Hi"),)),
    "interaction": (
        f"{GEMINI}/interactions",
        {
            "system_instruction": "Be terse",
            "input": [{"type": "text", "text": "Hi"}, {"type": "image", "data": ""}],
        },
        (Message("system", "Be terse"), Message("user", "Hi\n[image]")),
    ),
    "interaction of turns": (
        f"{GEMINI}/interactions",
        {
            "input": [
                {"role": "user", "content": "Hi"},
                {"type": "function_result", "call_id": "c", "result": "2"},
            ]
        },
        (Message("user", "Hi"), Message("tool", "2", (), "c")),
    ),
    "contents in snake case": (
        f"{GEMINI}/models/m:generateContent",
        {
            "system_instruction": {"parts": [{"text": "Be terse"}]},
            "contents": [
                {"role": "user", "parts": [{"text": "Hi"}, {"inline_data": {"data": ""}}]},
                {"role": "model", "parts": [{"function_call": {"name": "f", "args": {"a": 1}, "id": "c"}}]},
                {"role": "user", "parts": [{"function_response": {"id": "c", "response": {"b": 2}}}]},
            ],
        },
        (
            Message("system", "Be terse"),
            Message("user", "Hi\n[inlineData]"),
            Message("model", "", (F,)),
            Message("tool", '{"b": 2}', (), "c"),
        ),
    ),
    "embedding": (
        f"{GEMINI}/models/m:batchEmbedContents",
        {"requests": [{"content": {"parts": [{"text": "a"}]}}, {"content": {"parts": [{"text": "b"}]}}]},
        (Message("content", "a"), Message("content", "b")),
    ),
    "predict": (
        f"{VERTEX}:predict",
        {"instances": [{"context": "Be terse", "messages": [{"author": "user", "content": "Hi"}]}]},
        (Message("system", "Be terse"), Message("user", "Hi")),
    ),
    "predict embeddings": (
        f"{VERTEX}:predict",
        {"instances": [{"content": "a", "task_type": "T"}, {"content": "b"}]},
        (Message("content", "a"), Message("content", "b")),
    ),
    "prediction": (
        f"{REPLICATE}/models/meta/llama/predictions",
        {"input": {"prompt": "Hi", "system_prompt": "Be terse", "top_k": 5}},
        (Message("system", "Be terse"), Message("prompt", "Hi")),
    ),
    "an agent's form": (
        f"{WRITER}/applications/a",
        {"inputs": [{"id": "topic", "value": ["Hi"]}]},
        (Message("topic", "Hi"),),
    ),
    "conversation": (
        f"{MISTRAL}/conversations",
        {
            "instructions": "Be terse",
            "inputs": [
                {"role": "user", "content": "Hi"},
                {"type": "function.call", "name": "f", "arguments": {"a": 1}, "tool_call_id": "c"},
                {"type": "function.result", "tool_call_id": "c", "result": "2"},
            ],
        },
        (
            Message("system", "Be terse"),
            Message("user", "Hi"),
            Message("assistant", "", (F,)),
            Message("tool", "2", (), "c"),
        ),
    ),
    "a prompt kept at the provider": (
        f"{OPENAI}/responses",
        {"model": "m", "prompt": {"id": "pmpt_1", "version": "2", "variables": {"city": "Paris"}}},
        (Message("prompt", "[pmpt_1 version 2]\ncity: Paris"),),
    ),
    "thread": (
        f"{OPENAI}/threads",
        {"messages": [{"role": "user", "content": "Hi"}]},
        (Message("user", "Hi"),),
    ),
    "variables": (
        "https://api.portkey.ai/v1/prompts/p/completions",
        {"variables": {"city": "Paris", "year": "2026"}},
        (Message("variables", "city: Paris\nyear: 2026"),),
    ),
    "gateway": (
        GATEWAY,
        {"model": "m", "system": "Be terse", "messages": [{"role": "user", "content": "Hi"}]},
        (Message("system", "Be terse"), Message("user", "Hi")),
    ),
    "gateway of responses": (
        GATEWAY,
        {"model": "m", "input": [{"role": "user", "content": "Hi"}], "instructions": "Be terse"},
        (Message("system", "Be terse"), Message("user", "Hi")),
    ),
    "gateway of contents": (
        GATEWAY,
        {"model": "m", "contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
        (Message("user", "Hi"),),
    ),
}


@pytest.mark.parametrize("name", ASKED)
def test_what_is_asked(name: str) -> None:
    url, body, expected = ASKED[name]
    call = classify(Request("POST", url, Body.of_json(body)))
    assert call is not None
    assert read_messages(call) == expected


# --- they take what they recognise -------------------------------------------------------------------

WORDS = st.sampled_from(
    (
        *("choices", "message", "content", "delta", "text", "type", "usage", "output", "status", "steps"),
        *("results", "generations", "bytes", "prompt_tokens", "candidates", "parts", "toolUse", "input"),
        *("role", "messages", "contents", "prompt", "name", "arguments", "data", "metrics", "token", "id"),
    )
)
values = json_values(WORDS | names, leaves=10)
READERS = {operation.answer: str(operation) for one in PROVIDERS for operation in one.operations}
ASKERS = {operation.messages: str(operation) for one in PROVIDERS for operation in one.operations}


@BOUNDED
@given(values, st.lists(values, max_size=3))
def test_no_reader_of_answers_ever_raises(response: Any, events: list[Any]) -> None:
    for read in READERS:
        for answer in (read(response, ()), read(None, events)):
            assert answer is None or isinstance(answer.text, str)


@BOUNDED
@given(st.dictionaries(WORDS, values, max_size=4), st.dictionaries(WORDS, values, max_size=2))
def test_no_reader_of_messages_ever_raises(prompt: dict[str, Any], rest: dict[str, Any]) -> None:
    for read in ASKERS:
        assert all(isinstance(message.text, str) for message in read(prompt, rest))


@pytest.mark.parametrize("read", READERS, ids=READERS.values())
def test_nothing_is_no_answer(read: Any) -> None:
    assert read(None, ()) is None or read({}, ()) is None
    assert json.dumps(read({"error": {"message": "no"}}, ()), default=repr) == "null"
