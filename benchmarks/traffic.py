"""The traffic that is replayed: questions and answers of chat completions, made up but of real shape."""

from __future__ import annotations

import json
from typing import Any

URL = "https://api.openai.com/v1/chat/completions"
MODEL = "gpt-4o"
SYSTEM = "You are terse and friendly. Answer in one sentence, whatever is asked, and always in English."
HEADERS = {
    "content-type": "application/json",
    "x-request-id": "req_0123456789abcdef",
    "openai-processing-ms": "412",
    "openai-version": "2020-10-01",
    "x-ratelimit-limit-requests": "10000",
    "x-ratelimit-remaining-requests": "9999",
}
STREAM_HEADERS = {**HEADERS, "content-type": "text/event-stream; charset=utf-8"}
SMALL = 1024
"""Bytes of an ordinary answer."""


def messages(number: int) -> list[dict[str, str]]:
    asked = f"Question {number}: what is the capital of country number {number}, and since when?"
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": asked}]


def request_body(number: int, stream: bool = False) -> bytes:
    """The bytes that OpenAI's SDK sends."""
    body: dict[str, Any] = {"model": MODEL, "messages": messages(number)}
    if stream:
        body = {"model": MODEL, "stream": True, "messages": messages(number)}
    return json.dumps(body, separators=(",", ":")).encode()


def answer(number: int, size: int = SMALL) -> bytes:
    """A response body of about ``size`` bytes."""
    if size < SMALL:
        raise ValueError("an answer has at least 1 KB")
    words = f"The capital of country {number} is where its government sits. "
    value = {
        "id": answer_id(number),
        "object": "chat.completion",
        "created": 1_700_000_000 + number,
        "model": f"{MODEL}-2024-08-06",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "", "refusal": None, "annotations": []},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 38,
            "completion_tokens": 21,
            "total_tokens": 59,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
    }
    missing = size - len(json.dumps(value))
    value["choices"][0]["message"]["content"] = (words * (missing // len(words) + 1))[:missing]  # type: ignore[index]
    return json.dumps(value).encode()


def answer_id(number: int) -> str:
    return f"chatcmpl-{number:06}"


def streamed_answer(number: int, pieces: int = 40) -> bytes:
    """A response of server-sent events."""
    events = []
    for piece in range(pieces):
        delta = {"content": f"word {piece} "} if piece else {"role": "assistant", "content": ""}
        chunk = {
            "id": answer_id(number),
            "object": "chat.completion.chunk",
            "created": 1_700_000_000 + number,
            "model": f"{MODEL}-2024-08-06",
            "service_tier": "default",
            "system_fingerprint": "fp_0123456789",
            "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}],
        }
        events.append(f"data: {json.dumps(chunk, separators=(',', ':'))}\n\n")
    return "".join([*events, "data: [DONE]\n\n"]).encode()
