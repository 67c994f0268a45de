"""OpenAI's Chat Completions and the legacy Completions, whose streams end in `[DONE]`."""

from __future__ import annotations

import itertools
import json
import random
import secrets
from collections.abc import Iterable, Iterator

from vcr_llm.demo.answering import Answering, compact, sse_event
from vcr_llm.demo.asked import Tool, last_prompt, tool_to_call
from vcr_llm.demo.made_up import (
    json_pieces,
    made_up_value,
    now,
    random_text,
    text_answer,
    token_count,
    word_pieces,
)
from vcr_llm.demo.wire_types import Answer, Json, Received

__all__ = ["OpenAIChat"]


class OpenAIChat(Answering):
    def _chat_completions(self, request: Received) -> Answer:
        """platform.openai.com/docs/api-reference/chat"""
        body = request.json()
        messages = body.get("messages")
        tool = tool_to_call(body, messages)
        choices = [
            self._tool_choice(tool) if tool else self._text_choice(body, last_prompt(messages))
            for _ in range(body.get("n") or 1)
        ]
        usage = _usage(messages, choices)
        head = {
            "id": f"chatcmpl-{random_text(29)}",
            "object": "chat.completion",
            "created": now(),
            "model": body.get("model", ""),
        }
        tail = {"service_tier": "default", "system_fingerprint": f"fp_{secrets.token_hex(5)}"}
        if body.get("stream"):
            head["object"] = "chat.completion.chunk"
            with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
            chunks = self._chat_chunks({**head, **tail}, choices, usage if with_usage else None)
            return self._stream(self._openai_headers(), self._data_events(chunks))
        finish = "tool_calls" if tool else "stop"
        rows = [
            {"index": index, "message": message, "logprobs": None, "finish_reason": finish}
            for index, message in enumerate(choices)
        ]
        return self.openai({**head, "choices": rows, "usage": usage, **tail})

    def _text_choice(self, body: Json, prompt: str) -> Json:
        content = self._text(body, prompt, self.next_number())
        return {"role": "assistant", "content": content, "refusal": None, "annotations": []}

    def _tool_choice(self, tool: Tool) -> Json:
        arguments = json.dumps(made_up_value(tool.schema, self.next_number()) or {}, ensure_ascii=False)
        function = {"name": tool.name, "arguments": arguments}
        call = {"id": f"call_{random_text(24)}", "type": "function", "function": function}
        message: Json = {"role": "assistant", "content": None, "refusal": None, "annotations": []}
        return {**message, "tool_calls": [call]}

    def _chat_chunks(self, head: Json, messages: list[Json], usage: Json | None) -> Iterator[Json]:
        """Chunks of several choices are interleaved, as from the real API."""
        blank: Json = {} if usage is None else {"usage": None}

        def chunk(index: int, delta: Json, finish: str | None = None) -> Json:
            choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
            hidden = {"obfuscation": random_text(random.randrange(1, 12))}
            return {**head, "choices": [choice], **blank, **hidden}

        for deltas in itertools.zip_longest(*map(_chat_deltas, messages)):
            for index, delta in enumerate(deltas):
                if delta is not None:
                    yield chunk(index, delta)
        for index, message in enumerate(messages):
            yield chunk(index, {}, "tool_calls" if message.get("tool_calls") else "stop")
        if usage is not None:
            yield {**head, "choices": [], "usage": usage}

    def _data_events(self, chunks: Iterable[Json]) -> Iterator[bytes]:
        for chunk in chunks:
            yield sse_event(compact(chunk))
        yield sse_event("[DONE]")

    def _completions(self, request: Received) -> Answer:
        """The legacy Completions (platform.openai.com/docs/api-reference/completions)."""
        body = request.json()
        prompts = body.get("prompt", "")
        texts = [
            "\n\n" + text_answer(str(prompt), self.next_number())
            for prompt in (prompts if isinstance(prompts, list) else [prompts])
        ]
        head = {
            "id": f"cmpl-{random_text(29)}",
            "object": "text_completion",
            "created": now(),
            "model": body.get("model", ""),
        }

        def choice(index: int, text: str, finish: str | None) -> Json:
            return {"text": text, "index": index, "logprobs": None, "finish_reason": finish}

        if body.get("stream"):
            rows = [
                choice(index, piece, None) for index, text in enumerate(texts) for piece in word_pieces(text)
            ]
            rows += [choice(index, "", "stop") for index in range(len(texts))]
            chunks = ({**head, "choices": [row]} for row in rows)
            return self._stream(self._openai_headers(), self._data_events(chunks))
        choices = [choice(index, text, "stop") for index, text in enumerate(texts)]
        return self.openai({**head, "choices": choices, "usage": _usage(prompts, texts)})


def _usage(prompt: object, answers: object) -> Json:
    """Token counts in the form of Chat Completions."""
    given, made = token_count(prompt), token_count(answers)
    return {
        "prompt_tokens": given,
        "completion_tokens": made,
        "total_tokens": given + made,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _chat_deltas(message: Json) -> Iterator[Json]:
    """The deltas of one choice of a streamed chat completion."""
    if not message.get("tool_calls"):
        yield {"role": "assistant", "content": "", "refusal": None}
        for piece in word_pieces(message["content"]):
            yield {"content": piece}
        return
    (call,) = message["tool_calls"]
    begun = {"index": 0, **call, "function": {**call["function"], "arguments": ""}}
    yield {"role": "assistant", "content": None, "tool_calls": [begun], "refusal": None}
    for piece in json_pieces(call["function"]["arguments"]):
        yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
