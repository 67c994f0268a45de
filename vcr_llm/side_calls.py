"""Calls that are made beside the calls a test is about: telemetry, price lists, tokenizer files.

A row of `SIDE_CALLS` knows them by method, host and path. Reading what such a service holds (a prompt, a
dataset, the runs of a project) is no side call: a test may be about that.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from vcr_llm.interaction import NO_JSON, Request, split_url

__all__ = ["KINDS", "SIDE_CALLS", "SideCall", "side_call"]

KINDS: Final = ("telemetry", "prices", "tokenizers")


@dataclass(frozen=True, slots=True)
class SideCall:
    """``place``, a regular expression, fits ``METHOD host:port/path`` as a whole. ``switch``: the setting by
    which the library that makes the call leaves it out, "" where there is none.
    """

    kind: str
    name: str
    place: str
    switch: str = ""
    otlp: bool = False
    """Only a request whose body is OpenTelemetry's: its paths are short enough to be anybody's."""


def _row(kind: str, name: str, *places: str, switch: str = "", otlp: bool = False) -> SideCall:
    return SideCall(kind, name, "|".join(places), switch, otlp)


SIDE_CALLS: Final = (
    _row(
        "telemetry",
        "OpenAI Agents' tracing",
        r"POST [^/]+/v1/traces/ingest",
        switch="OPENAI_AGENTS_DISABLE_TRACING=1",
    ),
    _row(
        "telemetry",
        "LangSmith's tracing",
        r"(POST|PATCH) ([^/]+\.)?api\.smith\.langchain\.com/(.*/)?runs(/batch|/multipart|/[0-9a-f-]{36})?",
        r"POST ([^/]+\.)?api\.smith\.langchain\.com/(.*/)?otel/.*",
        r"GET ([^/]+\.)?api\.smith\.langchain\.com/(.*/)?info",
        switch="LANGSMITH_TRACING=false",
    ),
    _row(
        "telemetry",
        "Langfuse's tracing",
        r"POST [^/]+/api/public/(ingestion|otel/v1/[a-z]+)",
        switch="LANGFUSE_TRACING_ENABLED=false",
    ),
    _row(
        "telemetry",
        "Logfire",
        r"\w+ logfire(-[a-z]+)?\.pydantic\.dev/v1/.*",
        switch="LOGFIRE_SEND_TO_LOGFIRE=false",
    ),
    _row(
        "telemetry",
        "Weave's tracing",
        r"POST trace\.wandb\.ai/(call|calls|otel|obj|table|file)/.*",
        switch="WEAVE_DISABLED=true",
    ),
    _row(
        "telemetry",
        "Datadog's tracing",
        r"POST [^/]*\bintake[^/]*\.datadoghq\.(com|eu)/.*",
        r"\w+ [^/]+:8126/(v0\.\d/.*|info|telemetry/.*|evp_proxy/.*)",
        switch="DD_TRACE_ENABLED=false",
    ),
    _row(
        "telemetry",
        "CrewAI's telemetry",
        r"POST telemetry\.crewai\.com(:\d+)?/.*",
        switch="CREWAI_DISABLE_TELEMETRY=true",
    ),
    _row(
        "telemetry",
        "Agno's telemetry",
        r"POST (os-)?api\.agno\.com/(.*/)?telemetry/.*",
        switch="AGNO_TELEMETRY=false",
    ),
    _row(
        "telemetry",
        "Hugging Face's telemetry",
        r"\w+ huggingface\.co/api/telemetry/.*",
        switch="HF_HUB_DISABLE_TELEMETRY=1",
    ),
    _row("telemetry", "PostHog", r"\w+ [a-z-]+(\.i)?\.posthog\.com/.*"),
    _row("telemetry", "Sentry", r"POST [^/]+\.ingest(\.[a-z]+)?\.sentry\.io/.*"),
    _row("telemetry", "Scarf", r"\w+ ([^/]+\.)?gateway\.scarf\.sh/.*", switch="SCARF_NO_ANALYTICS=true"),
    _row("telemetry", "Segment", r"POST api\.segment\.io/.*"),
    _row("telemetry", "Mixpanel", r"POST api\.mixpanel\.com/.*"),
    _row("telemetry", "Amplitude", r"POST api2?\.amplitude\.com/.*"),
    _row(
        "telemetry",
        "OpenTelemetry over HTTP",
        r"POST [^/]+/(.*/)?v1/(traces|metrics|logs)",
        switch="OTEL_SDK_DISABLED=true",
        otlp=True,
    ),
    _row(
        "prices",
        "LiteLLM's price map",
        r"GET raw\.githubusercontent\.com/BerriAI/litellm/.*\.json",
        switch="LITELLM_LOCAL_MODEL_COST_MAP=True",
    ),
    _row("prices", "genai-prices", r"GET raw\.githubusercontent\.com/pydantic/genai-prices/.*\.json"),
    _row("tokenizers", "tiktoken's encodings", r"GET openaipublic\.blob\.core\.windows\.net/.*"),
    _row(
        "tokenizers",
        "Hugging Face's files",
        r"(GET|HEAD) huggingface\.co/.+/resolve/.*",
        r"(GET|HEAD) huggingface\.co/api/(resolve-cache/.*|models/.+/tree/.*)",
        r"(GET|HEAD) (cdn-lfs[^/]*\.(huggingface|hf)\.co|[^/]+\.xethub\.hf\.co)/.*",
        switch="HF_HUB_OFFLINE=1",
    ),
)
"""The first that fits counts; docs/side-calls.md lists them."""

_OTLP: Final = frozenset({"resourceSpans", "resourceMetrics", "resourceLogs"})
"""What OpenTelemetry's JSON has at its top; its usual encoding is no JSON at all."""
_USUAL_PORT: Final = re.compile(r":(80|443)$")


def side_call(request: Request, kinds: Collection[str] = KINDS) -> SideCall | None:
    """Which of these calls a request is, None for a call that is none of ``kinds``."""
    url = split_url(request.url)
    host = _USUAL_PORT.sub("", url.netloc.rpartition("@")[2].lower())
    place = f"{request.method.upper()} {host}{url.path}"
    for known in SIDE_CALLS:
        fits = known.kind in kinds and re.fullmatch(known.place, place)
        if fits and (not known.otlp or _is_otlp(request)):
            return known
    return None


def _is_otlp(request: Request) -> bool:
    value = NO_JSON if request.body is None else request.body.json
    return value is NO_JSON or (isinstance(value, dict) and bool(_OTLP & value.keys()))
