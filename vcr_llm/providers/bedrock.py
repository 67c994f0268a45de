"""What is asked of Bedrock's models, and what they answer, through converse and through invoke.

Sources: docs.aws.amazon.com/bedrock/latest/APIReference (Converse, ConverseStream) and
docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html. Converse has one shape for all models;
invoke has the body of each maker's own API, and its streams hold that maker's events inside ``bytes``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from vcr_llm.interaction import Headers
from vcr_llm.providers import anthropic, cohere, openai_bodies
from vcr_llm.providers.answers import (
    Answer,
    Message,
    Places,
    ReadAnswer,
    ToolCall,
    Usage,
    answer_at,
    arguments,
    content_text,
    field_texts,
    items,
    members,
    number,
    string,
)

__all__ = ["converse", "converse_messages", "header_usage", "invoke", "invoke_messages"]

# --- converse ----------------------------------------------------------------------------------------


def converse_messages(prompt: Mapping[str, Any], rest: Mapping[str, Any]) -> tuple[Message, ...]:
    system = content_text(rest.get("system"))
    found = [Message("system", system)] if system else []
    for message in items(prompt.get("messages")):
        blocks = items(message.get("content"))
        results = [members(block["toolResult"]) for block in blocks if "toolResult" in block]
        found += [
            Message("tool", _text(items(result.get("content"))), result_of=string(result.get("toolUseId")))
            for result in results
        ]
        if len(results) < len(blocks):
            others = [block for block in blocks if not block.keys() & {"toolResult", "toolUse"}]
            found.append(Message(string(message.get("role")), _text(others), _calls(blocks)))
    return tuple(found)


def _text(blocks: list[Mapping[str, Any]]) -> str:
    """The text of blocks; others stand as their kind (image, document, json) in brackets."""
    return "\n".join(
        string(block["text"]) if "text" in block else f"[{next(iter(block), 'block')}]" for block in blocks
    )


def _calls(blocks: list[Mapping[str, Any]]) -> tuple[ToolCall, ...]:
    calls = [members(block["toolUse"]) for block in blocks if "toolUse" in block]
    return tuple(
        ToolCall(string(call.get("name")), call.get("input"), string(call.get("toolUseId")) or None)
        for call in calls
    )


def converse(response: Any, events: Sequence[Any]) -> Answer | None:
    answer = _joined(events) if events else members(response)
    if "output" not in answer:
        return None
    blocks = items(members(members(answer["output"]).get("message")).get("content"))
    return Answer(
        "".join(string(block.get("text")) for block in blocks),
        _calls(blocks),
        _usage(members(answer.get("usage"))),
        string(answer.get("stopReason")) or None,
    )


def _usage(counts: Mapping[str, Any]) -> Usage | None:
    """``inputTokens`` leaves out what was read from or written to the cache, as Anthropic's does."""
    if "inputTokens" not in counts:
        return None
    # Nova's own streams say TokenCount.
    read, written = (
        number(counts.get(f"cache{kind}InputTokens", counts.get(f"cache{kind}InputTokenCount")))
        for kind in ("Read", "Write")
    )
    prompt = number(counts["inputTokens"]) + read + written
    return Usage(prompt, number(counts.get("outputTokens")), read)


def _joined(events: Sequence[Any]) -> Mapping[str, Any]:
    """The answer that a stream's events make up. Nova's own stream has each under its name."""
    answer: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    pieces: dict[int, str] = {}
    for event in map(members, events):
        said = next((members(event[name]) for name in _EVENTS if name in event), event)
        index = number(said.get("contentBlockIndex"))
        if "role" in said or "contentBlockIndex" in said:
            answer.setdefault("output", {})
        answer |= {name: said[name] for name in ("usage", "stopReason") if name in said}
        if "start" in said:
            blocks[index] = {**members(said["start"])}
        delta = members(said.get("delta"))
        if "text" in delta:
            block = blocks.setdefault(index, {})
            block["text"] = string(block.get("text")) + string(delta["text"])
        pieces[index] = pieces.get(index, "") + string(members(delta.get("toolUse")).get("input"))
    for index, piece in pieces.items():
        call = members(blocks.get(index, {}).get("toolUse"))
        if call:
            blocks[index]["toolUse"] = {**call, "input": arguments(piece)}
    if "output" in answer:
        answer["output"] = {"message": {"content": [blocks[index] for index in sorted(blocks)]}}
    return answer


_EVENTS: Final = (
    *("messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop"),
    "metadata",
)

# --- invoke ------------------------------------------------------------------------------------------


def invoke_messages(prompt: Mapping[str, Any], rest: Mapping[str, Any]) -> tuple[Message, ...]:
    """Messages as in converse (Nova), in Cohere's words, or as in OpenAI's chat; else texts."""
    messages = items(prompt.get("messages"))
    if any(isinstance(message.get("content"), list) for message in messages):
        return converse_messages(prompt, rest)
    if messages or "message" in prompt:
        return cohere.read_messages(prompt, rest)
    return field_texts(prompt, rest)


_METRICS: Final = "amazon-bedrock-invocationMetrics"

_TITAN = Places(
    text=("outputText", "results.*.outputText"),
    prompt=("inputTextTokenCount",),
    completion=("totalOutputTextTokenCount", "results.*.tokenCount"),
    reason=("completionReason", "results.*.completionReason"),
)
_LLAMA = Places(
    text=("generation",),
    prompt=("prompt_token_count",),
    completion=("generation_token_count",),
    reason=("stop_reason",),
)
_MISTRAL = Places(text=("outputs.*.text",), reason=("outputs.*.stop_reason",))
_COHERE = Places(
    text=("text", "generations.*.text"),
    reason=("finish_reason", "generations.*.finish_reason"),
)
_AI21 = Places(text=("completions.*.data.text",), reason=("completions.*.finishReason.reason",))
_VECTORS = Places(
    needs=("embedding", "embeddings", "embeddingsByType", "images", "artifacts", "results.*.relevance_score"),
    prompt=("inputTextTokenCount",),
)

_READERS: Final[tuple[ReadAnswer, ...]] = (
    anthropic.read_message,
    anthropic.read_completion,
    converse,
    openai_bodies.read_chat,
    openai_bodies.read_completion,
    *map(answer_at, (_TITAN, _LLAMA, _MISTRAL, _AI21)),
    cohere.read_chat,
    *map(answer_at, (_COHERE, _VECTORS)),
)
"""The makers of models, those first whose answers cannot be taken for another's."""


def invoke(response: Any, events: Sequence[Any]) -> Answer | None:
    """The answer of whichever maker's model it is; where it names no tokens, Bedrock's metrics do."""
    said = [members(event).get("bytes", event) for event in events]
    answer = next((found for read in _READERS if (found := read(response, said)) is not None), None)
    if answer is None or answer.usage is not None:
        return answer
    for event in map(members, said):
        counts = members(event.get(_METRICS))
        if counts:
            spent = Usage(number(counts.get("inputTokenCount")), number(counts.get("outputTokenCount")))
            return Answer(answer.text, answer.tool_calls, spent, answer.finish_reason, answer.model)
    return answer


def header_usage(headers: Headers) -> Usage | None:
    """The tokens in the headers that invoke sends for every model; also those whose bodies name none."""
    prompt, completion = (
        next(iter(headers.get(f"x-amzn-bedrock-{kind}-token-count", ())), "") for kind in ("input", "output")
    )
    return Usage(int(prompt), int(completion)) if prompt.isdecimal() and completion.isdecimal() else None
