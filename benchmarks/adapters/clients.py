"""Recorders that hand out an ``httpx.Client`` for the SDK: agent-replay, cassette-sdk and pytest-llm-vcr.

Entering their context gives that client; a test makes its SDK client with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks import traffic
from benchmarks.samples import Sample


def client_with(entered: Any) -> Any:
    import openai

    return openai.OpenAI(api_key="sk-benchmark", http_client=entered)


# --- agent-replay: a line of JSON per interaction


@contextmanager
def open_agent_replay(path: Path) -> Iterator[Any]:
    import agentreplay

    with agentreplay.cassette(str(path), mode="replay") as cassette, cassette.httpx_client() as client:
        yield client


def read_agent_replay(path: Path) -> object:
    from agentreplay.cassette import Cassette

    return Cassette(str(path), mode="replay").__enter__()


def record_agent_replay(path: Path, sample: Sample, numbers: Sequence[int]) -> Callable[[], object]:
    """It writes with every recording; all of that is timed."""
    from agentreplay.cassette import Cassette

    parts = urlsplit(traffic.URL)
    read = [(json.loads(asked), *_answered(sample, answered)) for asked, answered in sample.pairs(numbers)]

    def save() -> None:
        with Cassette(str(path), mode="record") as cassette:
            for asked, body, events in read:
                cassette.record("POST", parts.hostname, parts.path, asked, 200, body, events)

    return save


def _answered(sample: Sample, answered: bytes) -> tuple[Any, list[dict[str, Any]] | None]:
    if not sample.stream:
        return json.loads(answered), None
    events = [f"{event}\n\n" for event in answered.decode().split("\n\n") if event]
    return None, [{"delay_ms": 0, "data": event} for event in events]


# --- cassette-sdk: a folder with a file per interaction


@contextmanager
def open_cassette_sdk(path: Path) -> Iterator[Any]:
    from cassette.recorder import http_client

    with http_client(project=path.name, mode="replay", cassette_dir=str(path.parent)) as client:
        yield client


def record_cassette_sdk(path: Path, sample: Sample, numbers: Sequence[int]) -> Callable[[], object]:
    """It writes with every call; the calls, in memory, are timed with it."""
    import httpx
    from cassette.recorder import CassetteTransport

    pairs = iter(sample.pairs(numbers))
    requests = [httpx.Request("POST", traffic.URL, content=asked) for asked, _ in sample.pairs(numbers)]
    live = httpx.MockTransport(lambda _: httpx.Response(200, headers=sample.headers, content=next(pairs)[1]))
    transport = CassetteTransport(live, path, "record")
    return lambda: [transport.handle_request(request) for request in requests]


# --- pytest-llm-vcr


@contextmanager
def open_pytest_llm_vcr(path: Path) -> Iterator[Any]:
    """What its decorator and its fixture do."""
    import httpx
    from llm_vcr.transport import VCRTransport

    transport = VCRTransport(read_pytest_llm_vcr(path), record_mode=False)
    with httpx.Client(transport=transport) as client:
        yield client


def read_pytest_llm_vcr(path: Path) -> Any:
    from llm_vcr.cassette import Cassette

    return Cassette.load(path)


def record_pytest_llm_vcr(path: Path, sample: Sample, numbers: Sequence[int]) -> Callable[[], object]:
    from llm_vcr.cassette import Cassette, Interaction, record_interaction
    from llm_vcr.streaming import parse_sse

    cassette = Cassette(path.stem)
    for asked, answered in sample.pairs(numbers):
        interaction = Interaction(
            "POST",
            traffic.URL,
            {"accept": "application/json", "content-type": "application/json"},
            json.loads(asked),
            200,
            dict(sample.headers),
            None if sample.stream else json.loads(answered),
            sample.stream,
            parse_sse(answered.decode()) if sample.stream else [],
        )
        record_interaction(cassette, interaction)
    return lambda: cassette.save(path)
