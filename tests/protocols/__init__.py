"""A local provider that speaks, beside Anthropic's and OpenAI's, the protocols of the other clients.

Shapes follow the providers' API references (named in each file) and the recordings in the shared corpus.
"""

from __future__ import annotations

import json
from dataclasses import replace

from wire import WireProvider

from protocols.bedrock import Bedrock
from protocols.cohere import Cohere
from protocols.gemini import Gemini
from protocols.ollama import Ollama
from vcr_llm.demo.provider import Answer, Received, Route

__all__ = ["EveryProvider"]


class EveryProvider(Gemini, Bedrock, Cohere, Ollama, WireProvider):
    """All protocols on one port; the path tells which one is spoken."""

    def routes(self) -> tuple[Route, ...]:
        return (
            *self.gemini_routes(),
            *self.bedrock_routes(),
            *self.cohere_routes(),
            *self.ollama_routes(),
            Route("POST", r"/openai/v1/chat/completions", self._chat_completions),  # Groq's
            Route("POST", r"/openai/deployments/[^/]+/chat/completions", self._azure_chat, needs_key=False),
            Route("POST", r".*/publishers/anthropic/models/[^/:]+:(stream)?[rR]awPredict", self._messages),
            Route("POST", r"/mistral/v1/(chat|fim)/completions", self._chat_completions),
            Route("POST", r"/mistral/v1/embeddings", self._mistral_embeddings),
            *super().routes(),
        )

    def _azure_chat(self, request: Received) -> Answer:
        """Azure's key has a header of its own."""
        if "api-key" not in request.headers:
            return self.error(request, 401, "Access denied due to missing subscription key.")
        return self._chat_completions(request)

    def _mistral_embeddings(self, request: Received) -> Answer:
        """OpenAI's, with an id."""
        answer = self._embeddings(request)
        payload = {"id": f"{self.next_number():032x}", **json.loads(answer.body)}
        return replace(answer, body=json.dumps(payload).encode())
