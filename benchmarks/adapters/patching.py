"""Recorders that patch the older httpx or the older SDK: llm-mock, promptecho, llmvcr and llm-cassette."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from benchmarks import traffic
from benchmarks.samples import Sample

_RECORDED_AT = "2026-11-23T10:00:00+00:00"

# --- llm-mock: reads the file with every call, and writes all of it with every recording


def open_llm_mock(path: Path) -> AbstractContextManager[Any]:
    from llm_mock import llm_mock

    context: AbstractContextManager[Any] = llm_mock(mode="replay", fixture=str(path), provider="openai")
    return context


def read_llm_mock(path: Path) -> object:
    from llm_mock.fixture_store import Fixture

    return Fixture.model_validate_json(path.read_text("utf-8"))


def record_llm_mock(path: Path, sample: Sample, numbers: Sequence[int]) -> Callable[[], object]:
    """One is added as it does that; of many only the last write of all is timed, not one per recording."""
    from llm_mock.fixture_store import Fixture, Interaction, save
    from llm_mock.matcher import make_hash

    def entry(asked: bytes, answered: bytes) -> Any:
        request = json.loads(asked)
        return Interaction(
            hash=make_hash(request),
            request=request,
            response={} if sample.stream else json.loads(answered),
            streaming=sample.stream,
            stream_events=_events(answered) if sample.stream else [],
            recorded_at=_RECORDED_AT,
        )

    *before, last = [entry(*pair) for pair in sample.pairs(numbers)]
    if path.exists() and not before:
        return lambda: save(path, "openai", last)
    fixture = Fixture(provider="openai", interactions=[*before, last])
    return lambda: path.write_text(json.dumps(fixture.model_dump(), indent=2))


def _events(answered: bytes) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in answered.decode().split("\n\n") if line]
    return [{"data": line if line == "[DONE]" else json.loads(line)} for line in lines]


# --- promptecho


def open_promptecho(path: Path) -> AbstractContextManager[Any]:
    import promptecho

    context: AbstractContextManager[Any] = promptecho.use_cassette(str(path), mode="none")
    return context


def read_promptecho(path: Path) -> Any:
    from promptecho.cassette import Cassette

    return Cassette.load(str(path))


def record_promptecho(path: Path, sample: Sample, numbers: Sequence[int]) -> Callable[[], object]:
    from promptecho.cassette import Response
    from promptecho.normalizers import normalize

    cassette = read_promptecho(path)
    for asked, answered in sample.pairs(numbers):
        response = Response(200, dict(sample.headers), body=json.loads(answered))
        cassette.record("POST", traffic.URL, normalize(traffic.URL, json.loads(asked)), response)
    return cassette.save  # type: ignore[no-any-return]


# --- llmvcr: answers in place of ``openai.chat.completions.create``


def open_llmvcr(path: Path) -> AbstractContextManager[Any]:
    import llmvcr

    context: AbstractContextManager[Any] = llmvcr.playback(str(path), provider="openai")
    return context


def llmvcr_client(_entered: Any) -> Any:
    import openai

    openai.api_key = "sk-benchmark"
    return openai


def read_llmvcr(path: Path) -> object:
    from llmvcr import storage

    return storage.load(str(path))


def record_llmvcr(path: Path, sample: Sample, numbers: Sequence[int]) -> Callable[[], object]:
    from llmvcr.recorder import Recorder

    recorder = Recorder(str(path), "auto", "openai")
    for asked, answered in sample.pairs(numbers):
        recorder.on_response(json.loads(asked), json.loads(answered))
    return recorder.save  # type: ignore[no-any-return]


# --- llm-cassette: answers in place of the clients' ``create``, only in the order recorded


def open_llm_cassette(path: Path) -> AbstractContextManager[Any]:
    return _llm_cassette(path, "replay")


def read_llm_cassette(path: Path) -> object:
    from llm_cassette.cassette import Cassette

    return Cassette(path, "replay", strict=False, matcher=None)


def record_llm_cassette(path: Path, sample: Sample, numbers: Sequence[int]) -> Callable[[], object]:
    context = _llm_cassette(path, "record")
    session = context.__enter__()
    for asked, answered in sample.pairs(numbers):
        request = {"operation": "chat.completions.create", "body": json.loads(asked)}
        response = {"chunks": _chunks(answered)} if sample.stream else json.loads(answered)
        call = {"provider": "openai", "request": request}
        session.record_or_replay("llm_call", call, lambda response=response: response)
    return lambda: context.__exit__(None, None, None)


def _chunks(answered: bytes) -> list[Any]:
    return [event["data"] for event in _events(answered)[:-1]]


def _llm_cassette(path: Path, mode: str) -> AbstractContextManager[Any]:
    from llm_cassette import cassette
    from llm_cassette.openai import install

    install()
    context: AbstractContextManager[Any] = cassette(path, mode)
    return context
