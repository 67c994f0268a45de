"""A local provider: a small HTTP server speaking the wire protocols of Anthropic and OpenAI.

It stands in for the real thing where a recording must be made without a key or a network: in
`vcr-llm demo` and in the tests.  Every answer differs from every other one (a running number and random
ids), so that an answer seen twice can only be a replay.  No model is behind it: a text answer quotes the
first words of the prompt, a tool call gets arguments made up from the tool's JSON schema.

Shapes follow the providers' API references (docs.claude.com/en/api, platform.openai.com/docs/api-reference)
and recorded answers of both, including what only recordings show: padding inside the `data` JSON of
Anthropic's streams, indented JSON and `obfuscation` fields from OpenAI.
"""

from __future__ import annotations

import gzip
import re
import threading
from dataclasses import replace
from types import TracebackType
from typing import Self

from vcr_llm.demo.answering import speaks_anthropic
from vcr_llm.demo.anthropic_api import AnthropicApi
from vcr_llm.demo.openai_api import OpenAIApi
from vcr_llm.demo.openai_chat import OpenAIChat
from vcr_llm.demo.openai_responses import OpenAIResponses
from vcr_llm.demo.server import Server
from vcr_llm.demo.wire_types import Answer, NotFound, Received, Route

__all__ = ["Answer", "LocalProvider", "Received", "Route"]

HOST = "127.0.0.1"
# Seconds between two looks of the accept loop at the stop flag; the longest time `stop` can take.
POLL_SECONDS = 0.02


class LocalProvider(AnthropicApi, OpenAIChat, OpenAIResponses, OpenAIApi):
    """Serves on 127.0.0.1 between `start` and `stop`, or inside a `with` block.

    `url` has no trailing slash: Anthropic's `base_url` is `url`, OpenAI's is `url + "/v1"`.  `received` holds
    the requests in order of arrival.  Subclasses add rows in `routes` and change answers in `respond`.
    """

    def __init__(self, port: int = 0) -> None:
        """`port` 0 takes a free one."""
        super().__init__()
        self.received: list[Received] = []
        self._port = port
        self._server: Server | None = None
        self._routes = tuple((row, re.compile(row.path)) for row in self.routes())

    def start(self) -> Self:
        server = Server((HOST, self._port), self._take)
        self._server = server
        self.url = f"http://{HOST}:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Closes the listening socket and all open connections: from here on the provider is unreachable."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
            server.close_connections()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # --- From request to answer ---

    def routes(self) -> tuple[Route, ...]:
        """The routing table; the first row that fits answers."""
        return (
            Route("POST", r"/v1/messages", self._messages),
            Route("POST", r"/v1/messages/count_tokens", self._count_tokens),
            Route("POST", r"/v1/messages/batches", self._create_batch),
            Route("GET", r"/v1/messages/batches/[^/]+", self._batch),
            Route("GET", r"/v1/messages/batches/[^/]+/results", self._batch_results),
            Route("POST", r"/v1/complete", self._complete),
            Route("POST", r"/v1/chat/completions", self._chat_completions),
            Route("POST", r"/v1/responses", self._responses),
            Route("POST", r"/v1/completions", self._completions),
            Route("POST", r"/v1/embeddings", self._embeddings),
            Route("POST", r"/v1/moderations", self._moderations),
            Route("POST", r"/v1/images/generations", self._images),
            Route("POST", r"/v1/audio/speech", self._speech),
            Route("POST", r"/v1/audio/transcriptions", self._transcriptions),
            Route("POST", r"/v1/files", self._upload),
            Route("GET", r"/v1/files/[^/]+", self._file),
            Route("GET", r"/v1/files/[^/]+/content", self._file_content),
            Route("DELETE", r"/v1/files/[^/]+", self._delete_file),
            Route("GET", r"/v1/models", self._models),
        )

    def _take(self, request: Received) -> Answer:
        """What the server calls, once for each request."""
        self.received.append(request)
        return self.respond(request)

    def respond(self, request: Received) -> Answer:
        """The answer as it goes over the wire: JSON gzip-encoded where the client accepts it."""
        return self.compressed(request, self.answer(request))

    def answer(self, request: Received) -> Answer:
        """The answer before any content encoding."""
        fits = (row for row, path in self._routes if path.fullmatch(request.route_path))
        row = next((row for row in fits if row.method == request.method), None)
        if row is None:
            return self.error(request, 404, f"Invalid URL ({request.method} {request.route_path})")
        if row.needs_key and not request.headers.keys() & {"authorization", "x-api-key"}:
            return self.error(request, 401, "You didn't provide an API key.")
        try:
            return row.answer(request)
        except NotFound as error:
            return self.error(request, 404, str(error))
        except ValueError as error:
            return self.error(request, 400, f"The request could not be read: {error}")

    def compressed(self, request: Received, answer: Answer) -> Answer:
        acceptable = "gzip" in request.headers.get("accept-encoding", "").lower()
        is_json = answer.header("content-type").startswith("application/json")
        if not (acceptable and is_json and isinstance(answer.body, bytes)):
            return answer
        added = (("content-encoding", "gzip"), ("vary", "Accept-Encoding"))
        return replace(answer, body=gzip.compress(answer.body)).with_headers(*added)

    def _models(self, request: Received) -> Answer:
        """Both providers have this path; `anthropic-version` tells which one is asked.

        Each list ends in a model whose name holds the running number, for two lists to differ."""
        number = self.next_number()
        if speaks_anthropic(request):
            return self._anthropic_models(number)
        return self._openai_models(number)
