"""What Google, Amazon, Cohere and Ollama answer and are asked, in the same words as everybody's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vcr_llm.interaction import Body, Interaction, Request, Response
from vcr_llm.providers import Answer, Message, ToolCall, Usage, classify, read_answer, read_messages

GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/m"
BEDROCK = "https://bedrock-runtime.us-east-1.amazonaws.com/model/m"
COHERE = "https://api.cohere.com"
OLLAMA = "http://localhost:11434/api"

CHUNKS = [
    {
        "candidates": [
            {"content": {"role": "model", "parts": [{"text": "hm", "thought": True}, {"text": "Hel"}]}}
        ]
    },
    {
        "candidates": [{"content": {"parts": [{"text": "lo"}]}, "finishReason": "STOP"}],
        "usageMetadata": {
            "promptTokenCount": 5,
            "candidatesTokenCount": 2,
            "thoughtsTokenCount": 3,
            "cachedContentTokenCount": 1,
        },
        "modelVersion": "m-001",
    },
]
HELLO = Answer("Hello", (), Usage(5, 5, 1, 3), "STOP", "m-001")
CALL = {"functionCall": {"name": "f", "args": {"a": 1}, "id": "c"}}
F = ToolCall("f", {"a": 1}, "c")
PIECES = [
    {"type": "message-start"},
    {"type": "content-delta", "delta": {"message": {"content": {"text": "Hel"}}}},
    {"type": "content-delta", "delta": {"message": {"content": {"text": "lo"}}}},
    {"type": "tool-call-start", "delta": {"message": {"tool_calls": {"id": "c", "function": {"name": "f"}}}}},
    {
        "type": "tool-call-delta",
        "delta": {"message": {"tool_calls": {"function": {"arguments": '{"a": 1}'}}}},
    },
    {
        "type": "message-end",
        "delta": {
            "finish_reason": "COMPLETE",
            "usage": {"billed_units": {"input_tokens": 3, "output_tokens": 2}},
        },
    },
]
LINES = [
    {"model": "m", "message": {"role": "assistant", "content": "Hel"}, "done": False},
    {"model": "m", "message": {"content": "lo"}, "done": True, "done_reason": "stop", "eval_count": 2},
]


def sse(*events: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\r\n\r\n" for event in events)


def lines(*values: Any) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


@pytest.mark.parametrize(
    ("url", "response", "answer"),
    [
        (f"{GEMINI}:streamGenerateContent", CHUNKS, HELLO),
        (f"{GEMINI}:streamGenerateContent?alt=sse", sse(*CHUNKS), HELLO),
        (
            f"{GEMINI}:generateContent",
            {"candidates": [{"content": {"parts": [CALL]}, "finishReason": "STOP"}]},
            Answer("", (F,), None, "STOP"),
        ),
        (f"{GEMINI}:generateContent", {"promptFeedback": {"blockReason": "SAFETY"}}, Answer()),
        (f"{GEMINI}:generateContent", {"error": {"code": 404}}, None),
        (f"{GEMINI}:countTokens", {"totalTokens": 7}, Answer("7 input tokens")),
        (
            f"{BEDROCK}/converse",
            {
                "output": {
                    "message": {
                        "content": [
                            {"text": "Hi"},
                            {"toolUse": {"toolUseId": "c", "name": "f", "input": {"a": 1}}},
                        ]
                    }
                },
                "stopReason": "tool_use",
                "usage": {"inputTokens": 4, "outputTokens": 2, "cacheReadInputTokens": 3},
            },
            Answer("Hi", (F,), Usage(7, 2, 3), "tool_use"),
        ),
        (f"{BEDROCK}/converse", {"message": "The security token is expired"}, None),
        (f"{COHERE}/v2/chat", sse(*PIECES), Answer("Hello", (F,), Usage(3, 2), "COMPLETE")),
        (
            f"{COHERE}/v1/chat",
            {"text": "Hi", "finish_reason": "COMPLETE"},
            Answer("Hi", (), None, "COMPLETE"),
        ),
        (
            f"{COHERE}/v1/chat",
            lines({"event_type": "stream-start"}, {"event_type": "stream-end", "response": {"text": "Hi"}}),
            Answer("Hi"),
        ),
        (f"{COHERE}/v2/chat", {"message": "model was removed"}, None),
        (f"{OLLAMA}/chat", lines(*LINES), Answer("Hello", (), Usage(0, 2), "stop", "m")),
        (f"{OLLAMA}/generate", {"model": "m", "response": "Hi"}, Answer("Hi", model="m")),
        (f"{OLLAMA}/chat", {"error": "model not found"}, None),
    ],
)
def test_what_is_answered(url: str, response: Any, answer: Answer | None) -> None:
    body = Body(response) if isinstance(response, bytes) else Body.of_json(response)
    interaction = Interaction(Request("POST", url, Body.of_json({})), Response(200, "OK", {}, body))
    call = classify(interaction.request)
    assert call is not None
    assert read_answer(call, interaction) == answer


@pytest.mark.parametrize(
    ("url", "body", "messages"),
    [
        (
            f"{GEMINI}:generateContent",
            {
                "systemInstruction": {"parts": [{"text": "Be terse"}]},
                "contents": [
                    {"role": "user", "parts": [{"text": "Hi"}, {"inlineData": {"data": ""}}]},
                    {"role": "model", "parts": [CALL]},
                    {"role": "user", "parts": [{"functionResponse": {"id": "c", "response": {"b": 2}}}]},
                ],
            },
            (
                Message("system", "Be terse"),
                Message("user", "Hi\n[inlineData]"),
                Message("model", "", (F,)),
                Message("tool", '{"b": 2}', (), "c"),
            ),
        ),
        (
            f"{BEDROCK}/converse",
            {
                "system": [{"text": "Be terse"}],
                "messages": [
                    {"role": "user", "content": [{"text": "Hi"}, {"image": {}}]},
                    {
                        "role": "user",
                        "content": [{"toolResult": {"toolUseId": "c", "content": [{"json": {}}]}}],
                    },
                ],
            },
            (
                Message("system", "Be terse"),
                Message("user", "Hi\n[image]"),
                Message("tool", "[json]", (), "c"),
            ),
        ),
        (
            f"{COHERE}/v1/chat",
            {"preamble": "Be terse", "chat_history": [{"role": "USER", "message": "a"}], "message": "b"},
            (Message("system", "Be terse"), Message("USER", "a"), Message("user", "b")),
        ),
        (f"{OLLAMA}/chat", {"messages": [{"role": "user", "content": "Hi"}]}, (Message("user", "Hi"),)),
    ],
)
def test_what_is_asked(url: str, body: Any, messages: tuple[Message, ...]) -> None:
    call = classify(Request("POST", url, Body.of_json(body)))
    assert call is not None
    assert read_messages(call) == messages
