"""Anthropic's API: messages, token counts, message batches, legacy completions, its list of models."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

from vcr_llm.demo.answering import Answering, compact, sse_event
from vcr_llm.demo.asked import last_prompt, tool_to_call
from vcr_llm.demo.made_up import (
    json_pieces,
    made_up_value,
    random_text,
    rfc3339,
    text_answer,
    token_count,
    word_pieces,
)
from vcr_llm.demo.wire_types import Answer, Json, NotFound, Received

__all__ = ["AnthropicApi"]


class AnthropicApi(Answering):
    def __init__(self) -> None:
        super().__init__()
        self._batches: dict[str, Json] = {}
        self._batch_looks: dict[str, int] = {}
        self._batch_requests: dict[str, list[Json]] = {}

    # --- Messages ---

    def _message(self, body: Json) -> Json:
        """An answer to a Messages request (docs.claude.com/en/api/messages), complete."""
        messages, number = body.get("messages"), self.next_number()
        tool = tool_to_call(body, messages)
        content: Json = {"type": "text", "text": self._text(body, last_prompt(messages), number)}
        if tool:
            call = {"id": f"toolu_01{random_text(22)}", "name": tool.name}
            content = {"type": "tool_use", **call, "input": made_up_value(tool.schema, number) or {}}
        return {
            "model": body.get("model", ""),
            "id": f"msg_01{random_text(22)}",
            "type": "message",
            "role": "assistant",
            "content": [content],
            "stop_reason": "tool_use" if tool else "end_turn",
            "stop_sequence": None,
            "usage": {
                "input_tokens": token_count(messages),
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
                "output_tokens": token_count(content.get("text", content.get("input"))),
                "service_tier": "standard",
            },
        }

    def _messages(self, request: Received) -> Answer:
        body = request.json()
        message = self._message(body)
        if not body.get("stream"):
            return self.anthropic(message)
        return self._stream(self._anthropic_headers(), map(_anthropic_event, self._message_events(message)))

    def _message_events(self, message: Json) -> Iterator[Json]:
        """docs.claude.com/en/docs/build-with-claude/streaming"""
        (block,) = message["content"]
        empty: Json = {"text": ""} if block["type"] == "text" else {"input": {}}
        usage = message["usage"]
        begun: Json = {"content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
        yield {"type": "message_start", "message": {**message, **begun}}
        yield {"type": "content_block_start", "index": 0, "content_block": {**block, **empty}}
        yield {"type": "ping"}
        for delta in _block_deltas(block):
            yield {"type": "content_block_delta", "index": 0, "delta": delta}
        yield {"type": "content_block_stop", "index": 0}
        stop = {"stop_reason": message["stop_reason"], "stop_sequence": None}
        counts = {key: value for key, value in usage.items() if key.endswith("_tokens")}
        yield {"type": "message_delta", "delta": stop, "usage": counts}
        yield {"type": "message_stop"}

    def _count_tokens(self, request: Received) -> Answer:
        # The running number is added: a count alone would be the same for the same request.
        return self.anthropic(
            {"input_tokens": token_count(request.json().get("messages")) + self.next_number()}
        )

    # --- Message batches ---

    def _create_batch(self, request: Received) -> Answer:
        requests = request.json().get("requests") or []
        batch_id = f"msgbatch_01{random_text(22)}"
        counts = {"processing": len(requests), "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
        batch = {
            "id": batch_id,
            "type": "message_batch",
            "processing_status": "in_progress",
            "request_counts": counts,
            "ended_at": None,
            "created_at": rfc3339(),
            "expires_at": rfc3339(24 * 3600),
            "archived_at": None,
            "cancel_initiated_at": None,
            "results_url": None,
        }
        self._batches[batch_id] = batch
        self._batch_requests[batch_id] = requests
        return self.anthropic(batch)

    def _batch(self, request: Received) -> Answer:
        """In progress at the first look, ended from the next on: a replay has to keep that order."""
        batch_id = request.route_path.split("/")[4]
        if batch_id not in self._batches:
            raise NotFound(f"Message Batch {batch_id} not found.")
        batch = self._batches[batch_id]
        with self._lock:
            looks = self._batch_looks[batch_id] = self._batch_looks.get(batch_id, 0) + 1
        if looks == 1:
            return self.anthropic(batch)
        succeeded = len(self._batch_requests[batch_id])
        ended = {
            "processing_status": "ended",
            "request_counts": {**batch["request_counts"], "processing": 0, "succeeded": succeeded},
            "ended_at": rfc3339(),
            "results_url": f"{self.url}{request.route_path}/results",
        }
        return self.anthropic({**batch, **ended})

    def _batch_results(self, request: Received) -> Answer:
        """JSON lines, one per request of the batch."""
        rows = (
            {
                "custom_id": row.get("custom_id"),
                "result": {"type": "succeeded", "message": self._message(row.get("params") or {})},
            }
            for row in self._batch_requests.get(request.route_path.split("/")[4], [])
        )
        headers = (*self._anthropic_headers(), ("content-type", "application/x-jsonl"))
        return Answer(200, headers, "".join(compact(row) + "\n" for row in rows).encode())

    # --- Legacy completions and models ---

    def _complete(self, request: Received) -> Answer:
        """The legacy Text Completions (docs.claude.com/en/api/complete)."""
        body = request.json()
        prompt = str(body.get("prompt", "")).rsplit("\n\nHuman:", 1)[-1].split("\n\nAssistant:")[0]
        done = {
            "type": "completion",
            "id": f"compl_01{random_text(22)}",
            "completion": " " + text_answer(prompt, self.next_number()),
            "stop_reason": "stop_sequence",
            "model": body.get("model", ""),
            "stop": "\n\nHuman:",
            "log_id": f"compl_01{random_text(22)}",
        }
        if not body.get("stream"):
            return self.anthropic(done)
        pieces = [
            {**done, "completion": piece, "stop_reason": None} for piece in word_pieces(done["completion"])
        ]
        events = [sse_event(compact(piece), "completion") for piece in [*pieces, {**done, "completion": ""}]]
        return self._stream(self._anthropic_headers(), events)

    def _anthropic_models(self, number: int) -> Answer:
        rows = [
            {
                "type": "model",
                "id": name,
                "display_name": name.title().replace("-", " "),
                "created_at": "2026-01-31T00:00:00Z",
                "lifecycle": "active",
            }
            for name in ("claude-demo", f"claude-demo-{number}")
        ]
        ends = {"first_id": rows[0]["id"], "last_id": rows[-1]["id"], "has_more": False}
        return self.anthropic({"data": rows, **ends})


def _anthropic_event(payload: Json) -> bytes:
    """Anthropic pads most events with up to 15 spaces before the last brace, against guessing lengths."""
    padding = " " * random.randrange(16)
    return sse_event(compact(payload)[:-1] + padding + "}", payload["type"])


def _block_deltas(block: Json) -> Iterator[Json]:
    """The deltas of one content block of a streamed message; a tool's input begins with an empty one."""
    if block["type"] == "text":
        yield from ({"type": "text_delta", "text": piece} for piece in word_pieces(block["text"]))
        return
    pieces = json_pieces(json.dumps(block["input"], ensure_ascii=False))
    yield from ({"type": "input_json_delta", "partial_json": piece} for piece in ["", *pieces])
