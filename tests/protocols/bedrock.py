"""Amazon Bedrock runtime: converse and invoke, plain and as AWS event streams.

docs.aws.amazon.com/bedrock/latest/APIReference, and for the framing of events
smithy.io/2.0/aws/amazon-eventstream.html: a message is its length, the length of its headers and the CRC of
both, then the headers, the payload, and the CRC of all of it. The `p` members are padding, as on the wire.
"""

from __future__ import annotations

import base64
import json
import string
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from vcr_llm.demo.answering import Answering, compact
from vcr_llm.demo.made_up import (
    json_pieces,
    made_up_value,
    random_text,
    text_answer,
    token_count,
    word_pieces,
)
from vcr_llm.demo.provider import Answer, Received, Route

__all__ = ["Bedrock", "event_message"]


def event_message(headers: dict[str, str], payload: bytes) -> bytes:
    """One message of an AWS event stream; header values are text (type 7)."""
    head = b"".join(
        struct.pack(f">B{len(name)}sBH", len(name), name.encode(), 7, len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + payload
    return message + struct.pack(">I", zlib.crc32(message))


def _padded(payload: dict[str, Any]) -> dict[str, Any]:
    return {**payload, "p": string.ascii_letters[: len(compact(payload)) % 50 + 1]}


def _event(kind: str, payload: dict[str, Any]) -> bytes:
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return event_message(headers, compact(_padded(payload)).encode())


class Bedrock(Answering):
    def bedrock_routes(self) -> tuple[Route, ...]:
        return (
            Route("POST", r"/model/[^/]+/converse", self._converse),
            Route("POST", r"/model/[^/]+/converse-stream", self._converse_stream),
            Route("POST", r"/model/[^/]+/invoke", self._invoke),
            Route("POST", r"/model/[^/]+/invoke-with-response-stream", self._invoke_stream),
        )

    # --- converse ---

    def _converse(self, request: Received) -> Answer:
        block = self._block(request.json())
        answer = {
            "metrics": {"latencyMs": 300 + self.next_number()},
            "output": {"message": {"content": [block], "role": "assistant"}},
            "stopReason": _stop_reason(block),
            "usage": _usage(request, block),
        }
        return self._bedrock(compact(answer).encode())

    def _converse_stream(self, request: Received) -> Answer:
        block = self._block(request.json())
        return self._event_stream(_converse_events(block, _usage(request, block), self.next_number()))

    def _block(self, body: dict[str, Any]) -> dict[str, Any]:
        """The answer's content: the call of the first tool, or a text."""
        number = self.next_number()
        last = body["messages"][-1]["content"]
        tools = (body.get("toolConfig") or {}).get("tools")
        if tools and not any("toolResult" in part for part in last):
            spec = tools[0]["toolSpec"]
            given = made_up_value(spec["inputSchema"]["json"], number) or {}
            return {
                "toolUse": {"toolUseId": f"tooluse_{random_text(22)}", "name": spec["name"], "input": given}
            }
        return {"text": text_answer(" ".join(part.get("text", "") for part in last), number)}

    # --- invoke: Anthropic's messages ---

    def _invoke(self, request: Received) -> Answer:
        return self._bedrock(compact(self._claude(request)).encode())

    def _invoke_stream(self, request: Received) -> Answer:
        def chunks() -> Iterator[bytes]:
            for event in _claude_events(self._claude(request)):
                yield _event("chunk", {"bytes": base64.b64encode(compact(event).encode()).decode()})

        return self._event_stream(chunks())

    def _claude(self, request: Received) -> dict[str, Any]:
        text = text_answer(json.dumps(request.json()["messages"][-1]["content"]), self.next_number())
        return {
            "model": "claude-haiku-4-5-20251001",
            "id": f"msg_bdrk_{random_text(24)}",
            "type": "message",
            "role": "assistant",
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": token_count(request.body.decode()), "output_tokens": token_count(text)},
        }

    # --- answers ---

    def _bedrock(self, body: bytes) -> Answer:
        return Answer(200, (self._amazon_id(), ("content-type", "application/json")), body)

    def _event_stream(self, events: Iterable[bytes]) -> Answer:
        return Answer(
            200, (self._amazon_id(), ("content-type", "application/vnd.amazon.eventstream")), events
        )

    def _amazon_id(self) -> tuple[str, str]:
        return "x-amzn-requestid", f"{random_text(8)}-4f2a-{random_text(12)}"


def _usage(request: Received, block: dict[str, Any]) -> dict[str, int]:
    given, made = token_count(request.body.decode()), token_count(block)
    return {"inputTokens": given, "outputTokens": made, "totalTokens": given + made}


def _stop_reason(block: dict[str, Any]) -> str:
    return "tool_use" if "toolUse" in block else "end_turn"


def _converse_events(block: dict[str, Any], usage: dict[str, int], latency: int) -> Iterator[bytes]:
    yield _event("messageStart", {"role": "assistant"})
    call = block.get("toolUse")
    if call:
        start = {"toolUse": {"toolUseId": call["toolUseId"], "name": call["name"]}}
        yield _event("contentBlockStart", {"contentBlockIndex": 0, "start": start})
        deltas: list[dict[str, Any]] = [
            {"toolUse": {"input": piece}} for piece in json_pieces(compact(call["input"]))
        ]
    else:
        deltas = [{"text": piece} for piece in word_pieces(block["text"])]
    for delta in deltas:
        yield _event("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta})
    yield _event("contentBlockStop", {"contentBlockIndex": 0})
    yield _event("messageStop", {"stopReason": _stop_reason(block)})
    yield _event("metadata", {"metrics": {"latencyMs": latency}, "usage": usage})


def _claude_events(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    begun = {**message, "content": [], "stop_reason": None}
    yield {"type": "message_start", "message": begun}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    for piece in word_pieces(message["content"][0]["text"]):
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
    yield {"type": "content_block_stop", "index": 0}
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {
        "type": "message_delta",
        "delta": delta,
        "usage": {"output_tokens": message["usage"]["output_tokens"]},
    }
    yield {"type": "message_stop"}
