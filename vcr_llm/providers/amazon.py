"""Amazon Bedrock: converse, invoke, guardrails, agents and knowledge bases; SageMaker endpoints.

Sources: docs.aws.amazon.com/bedrock/latest/APIReference (Bedrock Runtime, Agents for Bedrock Runtime) and
docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html. The model is in the URL,
percent-encoded (an ARN has slashes); a stream has a path of its own and comes as an AWS event stream, the
only answer that agents have. AWS credentials are no API keys: no placeholders for them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from vcr_llm.providers import anthropic
from vcr_llm.providers.answers import (
    Answer,
    Message,
    ToolCall,
    Usage,
    content_text,
    items,
    members,
    number,
    string,
)
from vcr_llm.providers.operation import Operation, Provider

__all__ = ["BEDROCK", "SAGEMAKER"]

# --- what is asked and answered ----------------------------------------------------------------------


def _converse_messages(prompt: Mapping[str, Any], rest: Mapping[str, Any]) -> tuple[Message, ...]:
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


def _converse(response: Any, _events: Sequence[Any]) -> Answer | None:
    answer = members(response)
    if "output" not in answer:
        return None
    blocks = items(members(members(answer["output"]).get("message")).get("content"))
    counts = members(answer.get("usage"))
    cached = number(counts.get("cacheReadInputTokens"))
    written = number(counts.get("cacheWriteInputTokens"))
    prompt = number(counts.get("inputTokens")) + cached + written
    return Answer(
        "".join(string(block.get("text")) for block in blocks),
        _calls(blocks),
        Usage(prompt, number(counts.get("outputTokens")), cached) if "inputTokens" in counts else None,
        string(answer.get("stopReason")) or None,
    )


def _generated(response: Any, _events: Sequence[Any]) -> Answer | None:
    output = members(members(response).get("output"))
    return Answer(string(output["text"])) if "text" in output else None


# --- the table ---------------------------------------------------------------------------------------

_MODEL = r"/model/(?P<model>.+)"
_INVOKE = "/invoke(?P<stream>-with-response-stream)?"
_BODIES = (
    *("messages", "prompt", "message", "chat_history", "inputText", "inputImage", "embeddingInput", "texts"),
    *("images", "input_text", "text_prompts", "textToImageParams", "query", "documents", "inputs", "input"),
)
"""Where the makers of models keep the prompt in a body: Meta, Mistral, Cohere, AI21, Titan, Nova."""


def _operation(name: str, path: str, *prompt: str, **rest: Any) -> Operation:
    return Operation("bedrock", name, re.compile(path + "/?$"), prompt, **{"stream": "", **rest})


BEDROCK = Provider(
    name="bedrock",
    hosts=re.compile(
        r"(.+\.)?bedrock(-agent)?-runtime(-fips)?\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|api\.aws|vpce\..+)"
    ),
    operations=(
        _operation(
            "converse",
            rf"{_MODEL}/converse(?P<stream>-stream)?",
            "messages",
            "promptVariables",
            temperature="inferenceConfig.temperature",
            messages=_converse_messages,
            answer=_converse,
        ),
        _operation(
            "invoke",
            rf"/model/(?P<model>[^/]*anthropic\.claude.*){_INVOKE}",
            "messages",
            "prompt",
            model="",
            messages=anthropic.read_messages,
            answer=anthropic.read_message,
        ),
        _operation(
            "invoke",
            rf"{_MODEL}{_INVOKE}",
            *_BODIES,
            model="",
            temperature=("temperature", "inferenceConfig.temperature", "textGenerationConfig.temperature"),
        ),
        _operation("count-tokens", rf"{_MODEL}/count-tokens", "input"),
        _operation("async-invoke", "/async-invoke", "modelInput", model="modelId"),
        _operation("guardrail", "/guardrail/[^/]+/version/[^/]+/apply", "content", "source"),
        _operation(
            "agent",
            "/agents/[^/]+/agentAliases/[^/]+/sessions/[^/]+/text",
            "inputText",
            "sessionState",
            default_stream=True,
        ),
        _operation(
            "inline agent", "/agents/[^/]+", "inputText", model="foundationModel", default_stream=True
        ),
        _operation("flow", "/flows/.+/aliases/[^/]+", "inputs", default_stream=True),
        _operation(
            "retrieveAndGenerate",
            "/retrieveAndGenerate(?P<stream>Stream)?",
            "input",
            model="retrieveAndGenerateConfiguration.knowledgeBaseConfiguration.modelArn",
            answer=_generated,
        ),
        _operation("retrieve", "/knowledgebases/[^/]+/retrieve", "retrievalQuery"),
        _operation("rerank", "/rerank", "queries", "sources", needs=("queries", "sources")),
    ),
    anywhere=True,
)

SAGEMAKER = Provider(
    name="sagemaker",
    hosts=re.compile(r"(.+\.)?runtime(-fips)?\.sagemaker\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|vpce\..+)"),
    operations=(
        Operation(
            "sagemaker",
            "invoke",
            re.compile("/endpoints/(?P<model>[^/]+)/invocations(?P<stream>-response-stream)?/?$"),
            temperature="parameters.temperature",
        ),
    ),
)
