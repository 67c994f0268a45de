"""Telemetry, price lists and tokenizer files: known, and let by where a suite asks for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from pytest_recording import network
from shared_files import shared
from suite import Suite
from wire import WireProvider

import vcr_llm
from vcr_llm import side_calls
from vcr_llm.interaction import Body, Request
from vcr_llm.recorder import OPTIONS
from vcr_llm.serializer import load_pairs
from vcr_llm.side_calls import SIDE_CALLS, side_call
from vcr_llm.store import read
from vcr_llm.vcr_bridge import to_request

SPANS = b"\n\x8b\x01\n\x1c\n\x1a"
"""The beginning of OpenTelemetry's protobuf."""
RUN = "0d3c1f2e-8f4a-4b7e-9f63-2f3a1c9d7b11"
HUB = "https://huggingface.co"

KNOWN = {
    "POST https://api.openai.com/v1/traces/ingest": "OpenAI Agents' tracing",
    "POST https://api.openai.com:443/v1/traces/ingest": "OpenAI Agents' tracing",
    "POST https://api.smith.langchain.com/runs/multipart": "LangSmith's tracing",
    f"PATCH https://eu.api.smith.langchain.com/runs/{RUN}": "LangSmith's tracing",
    "POST https://api.smith.langchain.com/runs/query": None,
    "GET https://api.smith.langchain.com/api/v1/datasets": None,
    "GET https://api.smith.langchain.com/info": "LangSmith's tracing",
    "POST https://cloud.langfuse.com/api/public/ingestion": "Langfuse's tracing",
    "POST http://langfuse.local:3000/api/public/otel/v1/traces": "Langfuse's tracing",
    "GET https://cloud.langfuse.com/api/public/v2/prompts/greeting": None,
    "POST https://logfire-eu.pydantic.dev/v1/metrics": "Logfire",
    "POST https://trace.wandb.ai/call/upsert_batch": "Weave's tracing",
    "POST https://api.inference.wandb.ai/v1/chat/completions": None,
    "POST https://llmobs-intake.datadoghq.com/api/v2/llmobs": "Datadog's tracing",
    "PUT http://localhost:8126/v0.5/traces": "Datadog's tracing",
    "POST https://telemetry.crewai.com:4319/v1/traces": "CrewAI's telemetry",
    "POST https://os-api.agno.com/telemetry/runs": "Agno's telemetry",
    f"HEAD {HUB}/api/telemetry/transformers": "Hugging Face's telemetry",
    "POST https://eu-api.i.posthog.com/batch/": "PostHog",
    "GET https://us.i.posthog.com/flags/?v=2": "PostHog",
    "POST https://o1.ingest.us.sentry.io/api/2/envelope/": "Sentry",
    "POST https://api.segment.io/v1/batch": "Segment",
    "POST http://127.0.0.1:4318/v1/traces": "OpenTelemetry over HTTP",
    "POST https://api.traceloop.com/v1/metrics": "OpenTelemetry over HTTP",
    "GET http://127.0.0.1:4318/v1/traces": None,
    "GET https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json": (
        "LiteLLM's price map"
    ),
    "GET https://raw.githubusercontent.com/someone/dataset/main/questions.json": None,
    "GET https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken": "tiktoken's encodings",
    f"HEAD {HUB}/bert-base-uncased/resolve/main/tokenizer.json": "Hugging Face's files",
    "GET https://cdn-lfs-us-1.hf.co/repos/ab/cd": "Hugging Face's files",
    f"GET {HUB}/api/models/gpt2?expand=inferenceProviderMapping": None,
    "POST https://router.huggingface.co/v1/chat/completions": None,
    "POST https://api.openai.com/v1/chat/completions": None,
    "GET http://[REDACTED": None,
}


@pytest.mark.parametrize("line", KNOWN)
def test_a_side_call_is_known_by_method_host_and_path(line: str) -> None:
    method, _, url = line.partition(" ")
    found = side_call(Request(method, url, Body(SPANS) if method == "POST" else None))
    assert (found and found.name) == KNOWN[line]
    if found:
        assert side_call(Request(method, url, Body(SPANS)), [found.kind]) is found
        others = [kind for kind in side_calls.KINDS if kind != found.kind]
        assert side_call(Request(method, url, Body(SPANS)), others) is None


def test_opentelemetry_in_json_is_known_by_its_body() -> None:
    url = "http://collector.local/v1/logs"
    assert side_call(Request("POST", url, Body(b'{"resourceLogs": []}')))
    assert side_call(Request("POST", url, Body(b'{"level": "info"}'))) is None
    assert side_call(Request("POST", url, Body(b"[]"))) is None


def test_those_in_real_cassettes_are_known_and_no_llm_call_is_one() -> None:
    found: dict[str, int] = {}
    for path in sorted(shared("corpus").rglob("*.yaml")):
        text = read(path)
        if text and re.search("v1/traces|telemetry|posthog", text):
            for request, _ in load_pairs(text).pairs:
                known = side_call(to_request(request))
                if known:
                    found[known.name] = found.get(known.name, 0) + 1
    assert found == {
        "OpenAI Agents' tracing": 4,
        "CrewAI's telemetry": 1,
        "Agno's telemetry": 2,
        "PostHog": 1,
    }


def test_the_page_lists_them_as_they_are() -> None:
    page = Path(__file__).resolve().parents[1].joinpath("docs/side-calls.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| (.+?) \| (?:`(.*)` )?\|$", page, re.MULTILINE)
    assert len(rows) == len(SIDE_CALLS)
    for (kind, calls, switch), known in zip(rows, SIDE_CALLS, strict=True):
        assert (kind, switch) == (known.kind, known.switch)
        assert calls.startswith(known.name)


# --- passing by --------------------------------------------------------------------------------------


class Collector(ThreadingHTTPServer):
    """Takes whatever telemetry is sent."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        taken = self.taken

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                taken.append(self.path)
                self.send_response(200)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *arguments: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def send(url: str) -> int:
    return httpx.post(f"{url}/v1/traces/ingest", json={"data": [{"object": "trace"}]}).status_code


def ask(url: str) -> str:
    body = {"model": "g", "messages": [{"role": "user", "content": "hi"}]}
    answer = httpx.post(f"{url}/v1/chat/completions", json=body, headers={"authorization": "Bearer k"})
    return str(answer.json()["choices"][0]["message"]["content"])


def test_they_pass_by_where_asked_for(provider: WireProvider, collector: Collector, tmp_path: Path) -> None:
    path = tmp_path / "x.llm.json"
    with vcr_llm.use_cassette(path, ignore_side_calls=True) as cassette:
        recorded = ask(provider.url)
        assert send(collector.url) == 200
    assert len(cassette) == 1
    assert cassette.answered == {"recorded": 1}
    with vcr_llm.use_cassette(path, record_mode="none", ignore_side_calls=["telemetry"]) as cassette:
        assert ask(provider.url) == recorded
        assert send(collector.url) == 200
    assert cassette.misses == []
    assert collector.taken == ["/v1/traces/ingest"] * 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the socket that was refused
def test_a_blocked_network_stops_what_passes_by(tmp_path: Path) -> None:
    passing = vcr_llm.use_cassette(tmp_path / "x.llm.json", ignore_side_calls=True)
    with network.blocking_context(), passing, pytest.raises(RuntimeError, match="Network is disabled"):
        send("http://127.0.0.1:9")


def test_what_was_recorded_before_stays_in_the_file_and_is_not_played(
    provider: WireProvider, collector: Collector, tmp_path: Path
) -> None:
    path = tmp_path / "x.llm.json"
    with vcr_llm.use_cassette(path):
        send(collector.url)
        ask(provider.url)
    with vcr_llm.use_cassette(path, record_mode="new_episodes", ignore_side_calls=True) as cassette:
        send(collector.url)
        ask(provider.url)
        assert cassette.own_played == (2,)
        assert cassette.own_count == 2
    with vcr_llm.use_cassette(path, ignore_side_calls=True) as cassette:
        assert len(cassette) == 2
    assert len(collector.taken) == 2


def test_other_kinds_and_a_user_s_own_filters_stay(
    provider: WireProvider, collector: Collector, tmp_path: Path
) -> None:
    seen: list[str] = []

    def note(request: object) -> object:
        seen.append(request.path)  # type: ignore[attr-defined]
        return request

    path = tmp_path / "x.llm.json"
    options = {"ignore_side_calls": "prices", "ignore_hosts": ["127.0.0.1"], "before_record_request": note}
    with vcr_llm.use_cassette(path, **options) as cassette:
        assert send(collector.url) == 200
        ask(provider.url)
    assert len(cassette) == 0
    assert seen == []
    none_of_these = vcr_llm.use_cassette(path, record_mode="none", ignore_side_calls=["prices"])
    with none_of_these, pytest.raises(vcr_llm.CassetteMissError):
        send(collector.url)


def test_a_value_nobody_knows_is_an_error() -> None:
    assert "ignore_side_calls" in OPTIONS
    for value in ("tracing", ["telemetry", "price"]):
        with pytest.raises(vcr_llm.OptionError, match="ignore_side_calls got an unknown value"):
            vcr_llm.preset(ignore_side_calls=value)
    assert vcr_llm.preset(ignore_side_calls=False)["ignore_side_calls"] is False


def test_a_miss_of_one_names_the_option_and_the_setting(suite: Suite, collector: Collector) -> None:
    suite.environment(COLLECTOR_URL=collector.url)
    suite.test(
        """
import threading
def trace():
    return httpx.post(os.environ["COLLECTOR_URL"] + "/v1/traces/ingest", json={"data": []})

@pytest.mark.vcr
def test_it():
    trace()

@pytest.mark.vcr(ignore_side_calls=True)
def test_let_by():
    assert trace().status_code == 200
        """,
        sdk=False,
    )
    result = suite.run(passed=1, failed=1)
    assert len(collector.taken) == 1
    result.stdout.fnmatch_lines(
        [
            "*No recording answers this call: there is no cassette yet.",
            "*It is a side call (OpenAI Agents' tracing). To let those pass by:  "
            "preset(ignore_side_calls=True)",
            "*To turn it off:  OPENAI_AGENTS_DISABLE_TRACING=1",
        ]
    )
