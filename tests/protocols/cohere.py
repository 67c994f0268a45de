"""Cohere v2: chat and its stream, embed, rerank (docs.cohere.com/reference)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from vcr_llm.demo.answering import Answering, compact, sse_event
from vcr_llm.demo.asked import last_prompt, tool_to_call
from vcr_llm.demo.made_up import (
    json_pieces,
    made_up_value,
    random_text,
    text_answer,
    token_count,
    word_pieces,
)
from vcr_llm.demo.provider import Answer, Received, Route

__all__ = ["Cohere"]

HEADERS = (("x-debug-trace-id", "6f2a1c"), ("server", "envoy"), ("x-trial-endpoint-call-limit", "20"))


class Cohere(Answering):
    def cohere_routes(self) -> tuple[Route, ...]:
        return (
            Route("POST", r"/v2/chat", self._cohere_chat),
            Route("POST", r"/v2/embed", self._cohere_embed),
            Route("POST", r"/v2/rerank", self._cohere_rerank),
        )

    def _cohere_chat(self, request: Received) -> Answer:
        body = request.json()
        message = self._cohere_message(body)
        tokens = {"input_tokens": token_count(request.body.decode()), "output_tokens": token_count(message)}
        end = {
            "finish_reason": "TOOL_CALL" if "tool_calls" in message else "COMPLETE",
            "usage": {"billed_units": tokens, "tokens": tokens},
        }
        identity = str(uuid.uuid4())
        if body.get("stream"):
            events = (sse_event(compact(event), event["type"]) for event in _events(identity, message, end))
            return self._stream(HEADERS, events)
        return self._cohere({"id": identity, "message": message, **end})

    def _cohere_message(self, body: dict[str, Any]) -> dict[str, Any]:
        number = self.next_number()
        tool = tool_to_call(body, body["messages"])
        if tool is None:
            text = text_answer(last_prompt(body["messages"]), number)
            return {"role": "assistant", "content": [{"type": "text", "text": text}]}
        function = {"name": tool.name, "arguments": compact(made_up_value(tool.schema, number) or {})}
        call = {"id": f"{tool.name}_{random_text(12)}", "type": "function", "function": function}
        return {"role": "assistant", "tool_plan": f"I will use {tool.name}.", "tool_calls": [call]}

    def _cohere_embed(self, request: Received) -> Answer:
        texts = request.json()["texts"]
        vectors = [[self.next_number() / 8, 0.25] for _ in texts]
        meta = {"api_version": {"version": "2"}, "billed_units": {"input_tokens": len(texts)}}
        return self._cohere(
            {"id": str(uuid.uuid4()), "texts": texts, "embeddings": {"float": vectors}, "meta": meta}
        )

    def _cohere_rerank(self, request: Received) -> Answer:
        rows = range(len(request.json()["documents"]))
        results = [{"index": row, "relevance_score": 1 / (self.next_number() + 1)} for row in rows]
        meta = {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}}
        return self._cohere({"id": str(uuid.uuid4()), "results": results, "meta": meta})

    def _cohere(self, payload: dict[str, Any]) -> Answer:
        return Answer(200, (*HEADERS, ("content-type", "application/json")), compact(payload).encode())


def _events(identity: str, message: dict[str, Any], end: dict[str, Any]) -> Iterator[dict[str, Any]]:
    def event(kind: str, **parts: Any) -> dict[str, Any]:
        return {"type": kind, "index": 0, "delta": {"message": parts}}

    blank = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    yield {"id": identity, "type": "message-start", "delta": {"message": blank}}
    for call in message.get("tool_calls", []):
        yield event("tool-plan-delta", tool_plan=message["tool_plan"])
        begun = {**call, "function": {**call["function"], "arguments": ""}}
        yield event("tool-call-start", tool_calls=begun)
        for piece in json_pieces(call["function"]["arguments"]):
            yield event("tool-call-delta", tool_calls={"function": {"arguments": piece}})
        yield {"type": "tool-call-end", "index": 0}
    for block in message.get("content", []):
        yield event("content-start", content={"type": "text", "text": ""})
        for piece in word_pieces(block["text"]):
            yield event("content-delta", content={"text": piece})
        yield {"type": "content-end", "index": 0}
    yield {"type": "message-end", "delta": end}
