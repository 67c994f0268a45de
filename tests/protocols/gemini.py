"""Gemini and Vertex AI: generateContent and its stream, embeddings, token counts (ai.google.dev/api)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vcr_llm.demo.answering import Answering, compact, sse_event
from vcr_llm.demo.made_up import made_up_value, random_text, text_answer, token_count, word_pieces
from vcr_llm.demo.provider import Answer, Received, Route

__all__ = ["Gemini"]

JSON = ("content-type", "application/json; charset=UTF-8")
HEADERS = (("vary", "Origin"), ("server", "scaffolding on HTTPServer2"), ("x-frame-options", "SAMEORIGIN"))


class Gemini(Answering):
    def gemini_routes(self) -> tuple[Route, ...]:
        def verb(name: str, answer: Any) -> Route:
            models = r"/v1(?:beta1?)?/(?:publishers/google/)?models/[^/:]+"
            return Route("POST", f"{models}:{name}", answer, needs_key=False)

        return (
            verb("generateContent", self._generate),
            verb("streamGenerateContent", self._stream_generate),
            verb("batchEmbedContents", self._embed),
            verb("countTokens", self._count),
        )

    def _generate(self, request: Received) -> Answer:
        return self._gemini(self._generated(request, self._parts(request.json())))

    def _stream_generate(self, request: Received) -> Answer:
        """Events end in CRLF, and each of them is a whole answer with a piece of the text."""
        parts = self._parts(request.json())
        if "text" in parts[0]:
            parts = [{"text": piece} for piece in word_pieces(parts[0]["text"])]
        pieces = [[part] for part in parts]

        def events() -> Iterator[bytes]:
            for number, piece in enumerate(pieces, 1):
                answer = self._generated(request, piece, last=number == len(pieces))
                yield sse_event(compact(answer)).replace(b"\n", b"\r\n")

        return Answer(200, (*HEADERS, ("content-type", "text/event-stream")), events())

    def _parts(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        number = self.next_number()
        last = body["contents"][-1]["parts"]
        prompt = " ".join(part.get("text", "") for part in last)
        declared = [
            tool for group in body.get("tools") or [] for tool in group.get("functionDeclarations") or []
        ]
        if declared and not any("functionResponse" in part for part in last):
            schema = declared[0].get("parameters") or declared[0].get("parametersJsonSchema") or {}
            call = {"name": declared[0]["name"], "args": made_up_value(_lower_types(schema), number) or {}}
            return [{"functionCall": call, "thoughtSignature": random_text(40)}]
        config = body.get("generationConfig") or {}
        schema = config.get("responseSchema") or config.get("responseJsonSchema")
        text = compact(made_up_value(_lower_types(schema), number)) if schema else text_answer(prompt, number)
        return [{"text": text}]

    def _generated(self, request: Received, parts: list[Any], last: bool = True) -> dict[str, Any]:
        given, made = token_count(request.body.decode()), token_count(parts)
        candidate = {"content": {"parts": parts, "role": "model"}, "index": 0}
        return {
            "candidates": [{**candidate, **({"finishReason": "STOP"} if last else {})}],
            "usageMetadata": {
                "promptTokenCount": given,
                "candidatesTokenCount": made,
                "totalTokenCount": given + made,
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": given}],
            },
            "modelVersion": request.route_path.rpartition("/")[2].partition(":")[0],
            "responseId": random_text(23),
        }

    def _embed(self, request: Received) -> Answer:
        rows = request.json()["requests"]
        return self._gemini({"embeddings": [{"values": [self.next_number() / 8, 0.5]} for _ in rows]})

    def _count(self, request: Received) -> Answer:
        return self._gemini({"totalTokens": self.next_number()})

    def _gemini(self, payload: dict[str, Any]) -> Answer:
        return Answer(200, (*HEADERS, JSON), compact(payload).encode())


def _lower_types(schema: Any) -> Any:
    """A schema with the types of JSON schema, whose names Gemini writes in capitals."""
    if isinstance(schema, dict):
        return {
            key: value.lower() if key == "type" and isinstance(value, str) else _lower_types(value)
            for key, value in schema.items()
        }
    return [_lower_types(part) for part in schema] if isinstance(schema, list) else schema
