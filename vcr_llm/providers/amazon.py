"""Amazon Bedrock: converse, invoke, guardrails, agents and knowledge bases; SageMaker endpoints.

What models say through Bedrock is read in `bedrock`.

Sources: docs.aws.amazon.com/bedrock/latest/APIReference (Bedrock Runtime, Agents for Bedrock Runtime) and
docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html. The model is in the URL,
percent-encoded (an ARN has slashes); a stream has a path of its own and comes as an AWS event stream, the
only answer that agents have. AWS credentials are no API keys: no placeholders for them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from vcr_llm.providers import anthropic, bedrock, huggingface
from vcr_llm.providers.answers import (
    Answer,
    Message,
    Places,
    ToolCall,
    Usage,
    answer_at,
    at,
    field_texts,
    items,
    members,
    number,
    string,
)
from vcr_llm.providers.operation import Operation, Provider

__all__ = ["BEDROCK", "SAGEMAKER"]

# --- what is asked and answered: agents, knowledge bases, guardrails ---------------------------------


def _agent(_response: Any, events: Sequence[Any]) -> Answer | None:
    """Text in chunks; calls of tools that the caller is to make; tokens in the trace, where it is on."""
    parts = [members(event) for event in events]
    texts = [string(text) for part in parts for path in _SAID for text in at(part, path)]
    calls = tuple(call for part in parts for call in _handed_back(part))
    if not any(texts) and not calls:
        return None
    steps = [step for part in parts for step in members(part.get("trace")).values()]
    spent = [members(counts) for step in steps for counts in at(step, "modelInvocationOutput.metadata.usage")]
    prompt, completion = (
        sum(number(counts.get(name)) for counts in spent) for name in ("inputTokens", "outputTokens")
    )
    return Answer("".join(texts), calls, Usage(prompt, completion) if spent else None)


_SAID = ("bytes", "text", "content.document")
"""Where an agent, an inline agent and a flow say something."""


def _handed_back(event: Mapping[str, Any]) -> Iterator[ToolCall]:
    """The calls in an event of type ``returnControl``."""
    for asked in items(event.get("invocationInputs")):
        inputs = members(asked.get("functionInvocationInput") or asked.get("apiInvocationInput"))
        name = string(inputs.get("function")) or string(inputs.get("apiPath"))
        values = {string(one.get("name")): one.get("value") for one in items(inputs.get("parameters"))}
        yield ToolCall(name, values, string(event.get("invocationId")) or None)


def _guarded(response: Any, _events: Sequence[Any]) -> Answer | None:
    """What a guardrail puts in place of a text, and whether it did."""
    answer = members(response)
    if "action" not in answer:
        return None
    texts = [string(text) for text in at(answer, "outputs.*.text")]
    return Answer("\n".join(texts), finish_reason=string(answer["action"]) or None)


def _content_texts(prompt: Mapping[str, Any], _rest: Mapping[str, Any]) -> tuple[Message, ...]:
    """What a guardrail is asked about: it says whether a user's or a model's."""
    texts = [string(text) for text in at(prompt, "content.*.text.text")]
    return (Message(string(prompt.get("source")).lower() or "content", "\n".join(texts)),)


def _question(prompt: Mapping[str, Any], _rest: Mapping[str, Any]) -> tuple[Message, ...]:
    paths = ("input.text", "retrievalQuery.text", "queries.*.textQuery.text", "inputs.*.content.document")
    texts = [string(text) for path in paths for text in at(prompt, path)]
    return tuple(Message("user", text) for text in texts) or field_texts(prompt, {})


_GENERATED = answer_at(Places(text=("output.text", "text")))
_RETRIEVED = answer_at(Places(needs=("retrievalResults", "results")))
_COUNTED = answer_at(Places(needs=("inputTokens",)))

# --- the table ---------------------------------------------------------------------------------------

_MODEL = r"/model/(?P<model>.+)"
_INVOKE = "/invoke(?P<stream>-with-response-stream)?"
_BODIES = (
    *("messages", "prompt", "message", "chat_history", "inputText", "inputImage", "embeddingInput", "texts"),
    *("images", "input_text", "text_prompts", "textToImageParams", "query", "documents", "inputs", "input"),
)
"""Where the makers of models keep the prompt in a body: Meta, Mistral, Cohere, AI21, Titan, Nova."""


def _operation(name: str, path: str, *prompt: str, **rest: Any) -> Operation:
    return Operation("bedrock", name, path + "/?$", prompt, **{"stream": "", **rest})


_MODEL_URL = "https://bedrock-runtime.us-east-1.amazonaws.com/model/{model}"
_EVENTS = frozenset({"contentBlockIndex", "stopReason"})


def _shape(_request: Mapping[str, Any], response: Mapping[str, Any], events: Sequence[Any]) -> str | None:
    if "message" in members(response.get("output")) and "stopReason" in response:
        return "converse"
    return "converse" if any(members(event).keys() & _EVENTS for event in events) else None


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
            volatile=("messages.*.content.*.reasoningContent.reasoningText.signature",),
            messages=bedrock.converse_messages,
            answer=bedrock.converse,
        ),
        _operation(
            "invoke",
            rf"/model/(?P<model>[^/]*anthropic\.claude.*){_INVOKE}",
            "messages",
            "prompt",
            model="",
            volatile=anthropic.VOLATILE,
            messages=anthropic.read_messages,
            answer=bedrock.invoke,
        ),
        _operation(
            "invoke",
            rf"{_MODEL}{_INVOKE}",
            *_BODIES,
            model="",
            temperature=("temperature", "inferenceConfig.temperature", "textGenerationConfig.temperature"),
            messages=bedrock.invoke_messages,
            answer=bedrock.invoke,
        ),
        _operation("count-tokens", rf"{_MODEL}/count-tokens", "input", answer=_COUNTED),
        _operation(
            "async-invoke",
            "/async-invoke",
            "modelInput",
            model="modelId",
            volatile=("clientRequestToken",),
        ),
        _operation(
            "guardrail",
            "/guardrail/[^/]+/version/[^/]+/apply",
            *("content", "source"),
            messages=_content_texts,
            answer=_guarded,
        ),
        _operation(
            "agent",
            "/agents/[^/]+/agentAliases/[^/]+/sessions/[^/]+/text",
            "inputText",
            "sessionState",
            default_stream=True,
            answer=_agent,
        ),
        _operation(
            "inline agent",
            "/agents/[^/]+",
            "inputText",
            model="foundationModel",
            default_stream=True,
            answer=_agent,
        ),
        _operation(
            "flow",
            "/flows/.+/aliases/[^/]+",
            "inputs",
            default_stream=True,
            messages=_question,
            answer=_agent,
        ),
        _operation(
            "retrieveAndGenerate",
            "/retrieveAndGenerate(?P<stream>Stream)?",
            "input",
            model="retrieveAndGenerateConfiguration.knowledgeBaseConfiguration.modelArn",
            messages=_question,
            answer=_GENERATED,
        ),
        _operation(
            "retrieve",
            "/knowledgebases/[^/]+/retrieve",
            "retrievalQuery",
            messages=_question,
            answer=_RETRIEVED,
        ),
        _operation(
            "rerank",
            "/rerank",
            *("queries", "sources"),
            needs=("queries", "sources"),
            messages=_question,
            answer=_RETRIEVED,
        ),
    ),
    anywhere=True,
    urls={"converse": f"{_MODEL_URL}/converse"},
    stream_urls={"converse": f"{_MODEL_URL}/converse-stream"},
    stream_type="application/vnd.amazon.eventstream",
    shape=_shape,
)


def _endpoint(response: Any, events: Sequence[Any]) -> Answer | None:
    """What a model behind an endpoint says, in the shapes of Hugging Face's servers or of OpenAI's.

    A stream's payloads are pieces of what the server streams, cut anywhere.
    """
    said = "".join(event for event in events if isinstance(event, str))
    if said:
        events = _said(said)
    return huggingface.read_answer(response, events) or bedrock.invoke(response, events)


def _said(text: str) -> list[Any]:
    """The JSON values in lines of text, events or not."""
    found = []
    for line in text.splitlines():
        with suppress(ValueError, RecursionError):
            found.append(json.loads(line.removeprefix("data:")))
    return found


SAGEMAKER = Provider(
    name="sagemaker",
    hosts=re.compile(r"(.+\.)?runtime(-fips)?\.sagemaker\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|vpce\..+)"),
    operations=(
        Operation(
            "sagemaker",
            "invoke",
            re.compile("/endpoints/(?P<model>[^/]+)/invocations(?P<stream>-response-stream)?/?$"),
            temperature="parameters.temperature",
            messages=huggingface.asked,
            answer=_endpoint,
        ),
    ),
)
