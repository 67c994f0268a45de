"""Ollama's own API: chat, generate, embed; answers stream as lines of JSON (docs.ollama.com/api)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vcr_llm.demo.answering import Answering, compact
from vcr_llm.demo.asked import last_prompt, tool_to_call
from vcr_llm.demo.made_up import made_up_value, rfc3339, text_answer, token_count, word_pieces
from vcr_llm.demo.provider import Answer, Received, Route

__all__ = ["Ollama"]


class Ollama(Answering):
    def ollama_routes(self) -> tuple[Route, ...]:
        return (
            Route("POST", r"/api/chat", self._ollama_chat, needs_key=False),
            Route("POST", r"/api/generate", self._ollama_generate, needs_key=False),
            Route("POST", r"/api/embed", self._ollama_embed, needs_key=False),
        )

    def _ollama_chat(self, request: Received) -> Answer:
        body = request.json()
        number = self.next_number()
        tool = tool_to_call(body, body["messages"])
        if tool is not None:
            call = {"function": {"name": tool.name, "arguments": made_up_value(tool.schema, number) or {}}}
            return self._ollama(
                body, [{"message": {"role": "assistant", "content": "", "tool_calls": [call]}}]
            )
        pieces = word_pieces(text_answer(last_prompt(body["messages"]), number))
        if body.get("stream") is False:
            pieces = ["".join(pieces)]
        return self._ollama(body, [{"message": {"role": "assistant", "content": piece}} for piece in pieces])

    def _ollama_generate(self, request: Received) -> Answer:
        body = request.json()
        pieces = word_pieces(text_answer(body["prompt"], self.next_number()))
        if body.get("stream") is False:
            pieces = ["".join(pieces)]
        return self._ollama(body, [{"response": piece} for piece in pieces])

    def _ollama(self, body: dict[str, Any], parts: list[dict[str, Any]]) -> Answer:
        """Streams unless told otherwise; the last line has the counts."""
        counts = {
            "done_reason": "stop",
            "done": True,
            "total_duration": 10_000_000 + self.next_number(),
            "prompt_eval_count": token_count(body),
            "eval_count": token_count(parts),
        }
        head = {"model": body["model"], "created_at": rfc3339()}
        if body.get("stream") is False:
            return self._ollama_json({**head, **parts[0], **counts})

        def lines() -> Iterator[bytes]:
            for part in parts[:-1]:
                yield compact({**head, **part, "done": False}).encode() + b"\n"
            yield compact({**head, **parts[-1], **counts}).encode() + b"\n"

        return Answer(200, (("content-type", "application/x-ndjson"),), lines())

    def _ollama_embed(self, request: Received) -> Answer:
        body = request.json()
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        vectors = [[self.next_number() / 8, 0.25] for _ in texts]
        return self._ollama_json({"model": body["model"], "embeddings": vectors, "prompt_eval_count": 1})

    def _ollama_json(self, payload: dict[str, Any]) -> Answer:
        return Answer(200, (("content-type", "application/json; charset=utf-8"),), compact(payload).encode())
