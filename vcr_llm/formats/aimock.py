"""aimock's fixtures: rules that answer a user's message, read as the OpenAI calls they stand for.

A rule matches part of a message and any model; a recording is of one call. So each rule with a literal
message becomes the plain chat completion (or embedding) of that message, and what cannot be written like that
(patterns, images, audio, MCP, event lists) is kept as it is and named in a warning.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from vcr_llm.formats.recording import NotACassetteError, Reading, Recording, entries_of, json_bytes, kept

__all__ = ["is_aimock", "read"]

_HOST: Final = "https://api.openai.com"
_CHAT: Final = f"{_HOST}/v1/chat/completions"
_EMBEDDINGS: Final = f"{_HOST}/v1/embeddings"


def is_aimock(document: Any) -> bool:
    fixtures = document.get("fixtures") if isinstance(document, Mapping) else None
    return isinstance(fixtures, list) and any(
        isinstance(each, Mapping) and "match" in each for each in fixtures
    )


def read(document: Mapping[str, Any]) -> Reading:
    """The reading of a file of fixtures. Raises `NotACassetteError` where none of them is a call."""
    fixtures = entries_of(document, "fixtures")
    found = [(fixture, _recording(fixture, number)) for number, fixture in enumerate(fixtures)]
    recordings = tuple(recording for _, recording in found if recording is not None)
    others = [fixture for fixture, recording in found if recording is None]
    if not recordings:
        raise NotACassetteError("fixtures of aimock, none of which is a literal message with an answer")
    warnings = []
    if others:
        warnings.append(f"{len(others)} fixtures are no calls; they are kept")
    if any("model" not in json.loads(recording.request_body or b"{}") for recording in recordings):
        warnings.append("fixtures without a model answer only calls that name none, or through fallback")
    return Reading("aimock", recordings, kept({"fixtures": others} if others else {}), tuple(warnings))


def _recording(fixture: Any, number: int) -> Recording | None:
    if not isinstance(fixture, Mapping):
        return None
    match, response = fixture.get("match"), fixture.get("response")
    if not isinstance(match, Mapping) or not isinstance(response, Mapping):
        return None
    message, text = match.get("userMessage"), match.get("inputText")
    model = {"model": match["model"]} if isinstance(match.get("model"), str) else {}
    if isinstance(message, str):
        asked: dict[str, Any] = {**model, "messages": [{"role": "user", "content": message}]}
        url, answer = _CHAT, _completion(response, number, model)
    elif isinstance(text, str):
        asked = {**model, "input": text}
        url, answer = _EMBEDDINGS, _embedding(response, model)
    else:
        return None
    status = 200
    if isinstance(response.get("error"), Mapping):
        answer, status = {"error": dict(response["error"])}, int(response.get("status") or 500)
    if answer is None:
        return None
    headers = {"content-type": ("application/json",)}
    return Recording("POST", url, headers, json_bytes(asked), status, "", headers, json_bytes(answer))


def _completion(response: Mapping[str, Any], number: int, model: Mapping[str, str]) -> dict[str, Any] | None:
    blocks = _objects(response.get("blocks"))
    texts = [str(block.get("text", "")) for block in blocks if block.get("type") == "text"]
    calls = _objects(response.get("toolCalls")) or [each for each in blocks if each.get("type") == "toolCall"]
    content = response.get("content", "".join(texts) or None)
    if not isinstance(content, str | None) or (content is None and not calls):
        return None
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if calls:
        message["tool_calls"] = [_tool_call(call, f"{number}_{place}") for place, call in enumerate(calls)]
    reason = response.get("finishReason") or ("tool_calls" if calls else "stop")
    return {
        "id": f"chatcmpl-aimock-{number}",
        "object": "chat.completion",
        "created": 0,
        "model": "aimock",
        **model,
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }


def _tool_call(call: Mapping[str, Any], number: str) -> dict[str, Any]:
    arguments = call.get("arguments", {})
    text = arguments if isinstance(arguments, str) else json_bytes(arguments).decode("ascii")
    function = {"name": str(call.get("name", "")), "arguments": text}
    return {"id": str(call.get("id") or f"call_{number}"), "type": "function", "function": function}


def _embedding(response: Mapping[str, Any], model: Mapping[str, str]) -> dict[str, Any] | None:
    vector = response.get("embedding")
    if not isinstance(vector, list):
        return None
    data = [{"object": "embedding", "index": 0, "embedding": vector}]
    return {"object": "list", "data": data, "model": "aimock", **model}


def _objects(value: Any) -> Sequence[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
