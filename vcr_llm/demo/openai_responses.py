"""OpenAI's Responses: output items, and the stream of events that builds them up."""

from __future__ import annotations

import json
import random
import secrets
from collections.abc import Iterator

from vcr_llm.demo.answering import Answering, compact, sse_event
from vcr_llm.demo.asked import Tool, last_prompt, tool_to_call
from vcr_llm.demo.made_up import json_pieces, made_up_value, now, random_text, token_count, word_pieces
from vcr_llm.demo.wire_types import Answer, Json, Received

__all__ = ["OpenAIResponses"]


class OpenAIResponses(Answering):
    def _responses(self, request: Received) -> Answer:
        """platform.openai.com/docs/api-reference/responses"""
        body = request.json()
        messages, number = body.get("input"), self.next_number()
        tool = tool_to_call(body, messages)
        item = (
            _function_call_item(tool, number)
            if tool
            else _message_item(self._text(body, last_prompt(messages), number))
        )
        response = _response(body, item)
        if not body.get("stream"):
            return self.openai(response)
        events = (
            sse_event(compact({"type": event["type"], "sequence_number": number, **event}), event["type"])
            for number, event in enumerate(_response_events(response, item))
        )
        return self._stream(self._openai_headers(), events)


def _text_part(text: str) -> Json:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _message_item(text: str) -> Json:
    """An output item of a response that is a text."""
    return {
        "id": f"msg_{secrets.token_hex(25)}",
        "type": "message",
        "status": "completed",
        "content": [_text_part(text)],
        "role": "assistant",
    }


def _function_call_item(tool: Tool, number: int) -> Json:
    """An output item of a response that calls a tool."""
    return {
        "id": f"fc_{secrets.token_hex(25)}",
        "type": "function_call",
        "status": "completed",
        "arguments": json.dumps(made_up_value(tool.schema, number) or {}, ensure_ascii=False),
        "call_id": f"call_{random_text(24)}",
        "name": tool.name,
    }


def _response(body: Json, item: Json) -> Json:
    """A completed response; what the request set is repeated in it, as by the real API."""
    given, made = token_count(body.get("input")), token_count(item)
    return {
        "id": f"resp_{secrets.token_hex(25)}",
        "object": "response",
        "created_at": now(),
        "status": "completed",
        "background": False,
        "completed_at": now(),
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "max_tool_calls": None,
        "model": body.get("model", ""),
        "output": [item],
        "parallel_tool_calls": True,
        "previous_response_id": body.get("previous_response_id"),
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "store": body.get("store", True),
        "temperature": body.get("temperature", 1.0),
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools") or [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": {
            "input_tokens": given,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": made,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": given + made,
        },
        "user": None,
        "metadata": body.get("metadata") or {},
    }


def _response_events(response: Json, item: Json) -> Iterator[Json]:
    """The stream of a response (platform.openai.com/docs/api-reference/responses-streaming), unnumbered."""
    begun = {**response, "status": "in_progress", "completed_at": None, "output": [], "usage": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    empty: Json = {"content": []} if item["type"] == "message" else {"arguments": ""}
    added = {**item, "status": "in_progress", **empty}
    yield {"type": "response.output_item.added", "output_index": 0, "item": added}
    yield from _text_events(item) if item["type"] == "message" else _argument_events(item)
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    yield {"type": "response.completed", "response": response}


def _text_events(item: Json) -> Iterator[Json]:
    text = item["content"][0]["text"]
    place = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    yield {"type": "response.content_part.added", **place, "part": _text_part("")}
    for piece in word_pieces(text):
        hidden = {"logprobs": [], "obfuscation": random_text(random.randrange(1, 16))}
        yield {"type": "response.output_text.delta", **place, "delta": piece, **hidden}
    yield {"type": "response.output_text.done", **place, "text": text, "logprobs": []}
    yield {"type": "response.content_part.done", **place, "part": _text_part(text)}


def _argument_events(item: Json) -> Iterator[Json]:
    place = {"item_id": item["id"], "output_index": 0}
    kind = "response.function_call_arguments"
    for piece in json_pieces(item["arguments"]):
        yield {"type": f"{kind}.delta", **place, "delta": piece, "obfuscation": random_text(8)}
    yield {"type": f"{kind}.done", **place, "name": item["name"], "arguments": item["arguments"]}
