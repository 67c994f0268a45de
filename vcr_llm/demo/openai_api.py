"""OpenAI's API besides prompts: vectors, classes, images, sound, files, its list of models."""

from __future__ import annotations

import base64
import math
import random
import secrets
import struct
import zlib

from vcr_llm.demo.answering import Answering
from vcr_llm.demo.made_up import now, random_text, text_answer, token_count
from vcr_llm.demo.wire_types import Answer, Json, NotFound, Received, multipart_fields

__all__ = ["OpenAIApi"]

# Length of an embedding when the request has no `dimensions`; the real models' 1536 make cassettes long.
EMBEDDING_DIMENSIONS = 8
MODERATION_CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)


class OpenAIApi(Answering):
    def __init__(self) -> None:
        super().__init__()
        self._files: dict[str, tuple[Json, bytes]] = {}

    # --- Vectors, classes, images, sound ---

    def _embeddings(self, request: Received) -> Answer:
        body = request.json()
        asked = body.get("input", "")
        # A list of token numbers is one input, like a string.
        is_one = not isinstance(asked, list) or all(isinstance(item, int) for item in asked)
        inputs = [asked] if is_one else asked
        dimensions = body.get("dimensions") or EMBEDDING_DIMENSIONS
        vectors = [_embedding(dimensions) for _ in inputs]
        as_base64 = body.get("encoding_format") == "base64"
        rows = [
            {
                "object": "embedding",
                "index": index,
                "embedding": base64.b64encode(vector).decode()
                if as_base64
                else list(struct.unpack(f"<{dimensions}f", vector)),
            }
            for index, vector in enumerate(vectors)
        ]
        tokens = token_count(asked)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return self.openai({"object": "list", "data": rows, "model": body.get("model", ""), "usage": usage})

    def _moderations(self, request: Received) -> Answer:
        body = request.json()
        asked = body.get("input", "")
        scores = [
            {category: random.random() for category in MODERATION_CATEGORIES}
            for _ in (asked if isinstance(asked, list) else [asked])
        ]
        results = [
            {
                "flagged": any(value > 0.5 for value in row.values()),
                "categories": {category: value > 0.5 for category, value in row.items()},
                "category_scores": row,
                "category_applied_input_types": {category: ["text"] for category in row},
            }
            for row in scores
        ]
        model = body.get("model", "omni-moderation-latest")
        return self.openai({"id": f"modr-{secrets.token_hex(16)}", "model": model, "results": results})

    def _images(self, request: Received) -> Answer:
        body = request.json()
        images = [{"b64_json": base64.b64encode(_png()).decode()} for _ in range(body.get("n") or 1)]
        tokens = token_count(body.get("prompt", ""))
        usage = {
            "input_tokens": tokens,
            "input_tokens_details": {"image_tokens": 0, "text_tokens": tokens},
            "output_tokens": 1056 * len(images),
            "total_tokens": tokens + 1056 * len(images),
        }
        look = {"background": "opaque", "output_format": "png", "quality": "medium", "size": "1024x1024"}
        return self.openai({"created": now(), **look, "data": images, "usage": usage})

    def _speech(self, request: Received) -> Answer:
        """An ID3 tag and the head of an MPEG frame; its 0xFF byte is never valid UTF-8."""
        request.json()
        sound = b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x90\xc4" + secrets.token_bytes(256)
        return Answer(200, (*self._openai_headers(), ("content-type", "audio/mpeg")), sound)

    def _transcriptions(self, request: Received) -> Answer:
        fields = multipart_fields(request)
        name, sound = fields.get("file", (None, b""))
        text = text_answer(f"{name}, {len(sound)} bytes", self.next_number())
        if fields.get("response_format", (None, b""))[1] == b"text":
            kind = ("content-type", "text/plain; charset=utf-8")
            return Answer(200, (*self._openai_headers(), kind), text.encode() + b"\n")
        return self.openai({"text": text, "usage": {"type": "duration", "seconds": 1}})

    # --- Files and models ---

    def _upload(self, request: Received) -> Answer:
        fields = multipart_fields(request)
        name, content = fields.get("file", (None, b""))
        file: Json = {
            "object": "file",
            "id": f"file-{random_text(22)}",
            "purpose": fields.get("purpose", (None, b"user_data"))[1].decode(),
            "filename": name or "file",
            "bytes": len(content),
            "created_at": now(),
            "expires_at": None,
            "status": "processed",
            "status_details": None,
        }
        self._files[file["id"]] = (file, content)
        return self.openai(file)

    def _stored(self, request: Received) -> tuple[Json, bytes]:
        file_id = request.route_path.split("/")[3]
        if file_id not in self._files:
            raise NotFound(f"No such File object: {file_id}")
        return self._files[file_id]

    def _file(self, request: Received) -> Answer:
        file, _ = self._stored(request)
        return self.openai(file)

    def _file_content(self, request: Received) -> Answer:
        _, content = self._stored(request)
        return Answer(200, (*self._openai_headers(), ("content-type", "application/octet-stream")), content)

    def _delete_file(self, request: Received) -> Answer:
        file, _ = self._stored(request)
        self._files.pop(file["id"], None)
        return self.openai({"object": "file", "deleted": True, "id": file["id"]})

    def _openai_models(self, number: int) -> Answer:
        models = [
            {"id": name, "object": "model", "created": now(), "owned_by": "system"}
            for name in ("gpt-demo", f"gpt-demo-{number}")
        ]
        return self.openai({"object": "list", "data": models})


def _png() -> bytes:
    """A PNG of one pixel in a random colour (www.w3.org/TR/png)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\0" + secrets.token_bytes(3))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


def _embedding(dimensions: int) -> bytes:
    """A random unit vector as little-endian float32."""
    values = [random.gauss(0, 1) for _ in range(dimensions)]
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return struct.pack(f"<{dimensions}f", *(value / length for value in values))
