"""What is compared: for each recorder how its cassette is written and opened, by its own means.

Modules of the recorders are imported where they are needed: no environment has all of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import traffic

Save = Callable[[], None]
Prepare = Callable[[Path, "Sample"], Save]
"""(file, what is in it) → a function that saves it there, the only part that is timed."""


@dataclass(frozen=True)
class Sample:
    """A cassette's contents: ``count`` interactions, with answers of ``size`` bytes or streamed."""

    count: int
    size: int = traffic.SMALL
    stream: bool = False

    def pairs(self) -> list[tuple[bytes, bytes]]:
        return [(self.asked(number), self.answered(number)) for number in range(self.count)]

    def asked(self, number: int) -> bytes:
        return traffic.request_body(number, self.stream)

    def answered(self, number: int) -> bytes:
        return traffic.streamed_answer(number) if self.stream else traffic.answer(number, self.size)

    @property
    def headers(self) -> dict[str, str]:
        return traffic.STREAM_HEADERS if self.stream else traffic.HEADERS

    @property
    def name(self) -> str:
        return f"{self.count}-{self.size}{'-stream' if self.stream else ''}"


@dataclass(frozen=True)
class Contender:
    """One recorder with one configuration.

    ``environment``: see `environments`. ``most``: the largest cassette it is asked to open; beyond that a
    run would take hours. ``exact``: whether it tells requests to one URL apart, so that its answers can be
    checked. ``adds``: whether it is timed when one more interaction is recorded; ``streams``: whether its
    cassettes of streams are written here.
    """

    name: str
    environment: str
    suffix: str
    prepare: Prepare
    open: Callable[[Path, str], AbstractContextManager[Any]]
    most: int = 10_000
    exact: bool = True
    adds: bool = False
    streams: bool = True

    def path(self, folder: Path, sample: Sample) -> Path:
        return folder / f"{self.name.replace(' ', '-').replace(',', '')}-{sample.name}{self.suffix}"


# --- vcr-llm -----------------------------------------------------------------------------------------


def _prepare_ours(path: Path, sample: Sample) -> Save:
    from vcr_llm.serializer import LLM_JSON

    return lambda: _write(path, LLM_JSON.serialize(_vcrpy_dict(sample)))


def _vcrpy_dict(sample: Sample) -> dict[str, Any]:
    return {
        "interactions": [
            {
                "request": {"method": "POST", "uri": traffic.URL, "body": asked, "headers": {}},
                "response": _vcrpy_response(sample, answered),
            }
            for asked, answered in sample.pairs()
        ]
    }


def _open_ours(path: Path, mode: str) -> AbstractContextManager[Any]:
    import vcr_llm

    context: AbstractContextManager[Any] = vcr_llm.use_cassette(path, record_mode=mode)
    return context


# --- vcrpy -------------------------------------------------------------------------------------------


def _vcrpy_response(sample: Sample, answered: bytes) -> dict[str, Any]:
    return {
        "status": {"code": 200, "message": "OK"},
        "headers": {name: [value] for name, value in sample.headers.items()},
        "body": {"string": answered},
    }


def _prepare_vcrpy(serializer: str) -> Prepare:
    def prepare(path: Path, sample: Sample) -> Save:
        from vcr.request import Request
        from vcr.serialize import serialize
        from vcr.serializers import jsonserializer, yamlserializer

        pairs = sample.pairs()
        found = {
            "requests": [Request("POST", traffic.URL, asked, {"accept": "*/*"}) for asked, _ in pairs],
            "responses": [_vcrpy_response(sample, answered) for _, answered in pairs],
        }
        kind = {"yaml": yamlserializer, "json": jsonserializer}[serializer]
        return lambda: _write(path, serialize(found, kind))

    return prepare


def _open_vcrpy(serializer: str, *more: str) -> Callable[[Path, str], AbstractContextManager[Any]]:
    def opened(path: Path, mode: str) -> AbstractContextManager[Any]:
        import vcr

        matchers = ("method", "scheme", "host", "port", "path", "query", *more)
        recorder = vcr.VCR(serializer=serializer, match_on=matchers, record_mode=mode)
        context: AbstractContextManager[Any] = recorder.use_cassette(str(path))
        return context

    return opened


# --- cassetter ---------------------------------------------------------------------------------------


def _prepare_cassetter(path: Path, sample: Sample) -> Save:
    import cassetter

    path.unlink(missing_ok=True)
    cassette = cassetter.Cassette(str(path), record_mode="new_episodes")
    cassette.load()
    headers = {name: [value] for name, value in sample.headers.items()}
    sent = {"content-type": ["application/json"]}
    for asked, answered in sample.pairs():
        cassette.record("POST", traffic.URL, sent, asked, 200, headers, answered)
    return cassette.save  # type: ignore[no-any-return]


def _open_cassetter(*more: str) -> Callable[[Path, str], AbstractContextManager[Any]]:
    def opened(path: Path, mode: str) -> AbstractContextManager[Any]:
        import cassetter

        context: AbstractContextManager[Any] = cassetter.use_cassette(
            str(path), record_mode=mode, match_on=["method", "uri", *more]
        )
        return context

    return opened


# --- llm-mock and promptecho, which know the older SDKs ----------------------------------------------


def _prepare_llm_mock(path: Path, sample: Sample) -> Save:
    from llm_mock.matcher import make_hash

    def entry(asked: bytes, answered: bytes) -> dict[str, Any]:
        request = json.loads(asked)
        return {
            "hash": make_hash(request),
            "request": request,
            "response": {} if sample.stream else json.loads(answered),
            "streaming": sample.stream,
            "stream_events": _events(answered) if sample.stream else [],
            "recorded_at": "2026-11-23T10:00:00+00:00",
        }

    entries = [entry(*pair) for pair in sample.pairs()]
    document = {"version": "2.0", "provider": "openai", "interactions": entries}
    return lambda: _write(path, json.dumps(document, indent=2))


def _events(answered: bytes) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in answered.decode().split("\n\n") if line]
    return [{"data": line if line == "[DONE]" else json.loads(line)} for line in lines]


def _open_llm_mock(path: Path, mode: str) -> AbstractContextManager[Any]:
    from llm_mock import llm_mock

    context: AbstractContextManager[Any] = llm_mock(
        mode={"none": "replay"}.get(mode, "auto"), fixture=str(path), provider="openai"
    )
    return context


def _prepare_promptecho(path: Path, sample: Sample) -> Save:
    from promptecho.cassette import Cassette, Response
    from promptecho.normalizers import normalize

    cassette = Cassette(str(path))
    for asked, answered in sample.pairs():
        response = Response(200, dict(sample.headers), body=json.loads(answered))
        cassette.record("POST", traffic.URL, normalize(traffic.URL, json.loads(asked)), response)
    return cassette.save  # type: ignore[no-any-return]


def _open_promptecho(path: Path, mode: str) -> AbstractContextManager[Any]:
    import promptecho

    context: AbstractContextManager[Any] = promptecho.use_cassette(str(path), mode=mode)
    return context


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


_YAML, _JSON = _prepare_vcrpy("yaml"), _prepare_vcrpy("json")

CONTENDERS = (
    Contender("vcr-llm", "here", ".llm.json", _prepare_ours, _open_ours, adds=True),
    Contender("vcrpy JSON", "here", ".json", _JSON, _open_vcrpy("json"), exact=False),
    Contender("vcrpy JSON, body", "here", ".json", _JSON, _open_vcrpy("json", "body"), most=1000, adds=True),
    Contender("vcrpy YAML", "here", ".yaml", _YAML, _open_vcrpy("yaml"), most=1000, exact=False),
    Contender("vcrpy YAML, body", "here", ".yaml", _YAML, _open_vcrpy("yaml", "body"), most=1000, adds=True),
    Contender("cassetter YAML", "cassetter", ".yaml", _prepare_cassetter, _open_cassetter(), exact=False),
    Contender(
        "cassetter YAML, json_body", "cassetter", ".yaml", _prepare_cassetter, _open_cassetter("json_body")
    ),
    Contender("cassetter TOML", "cassetter", ".toml", _prepare_cassetter, _open_cassetter(), exact=False),
    Contender(
        "cassetter TOML, json_body", "cassetter", ".toml", _prepare_cassetter, _open_cassetter("json_body")
    ),
    Contender("llm-mock", "older SDK", ".json", _prepare_llm_mock, _open_llm_mock, most=1000),
    Contender(
        "promptecho", "older SDK", ".yaml", _prepare_promptecho, _open_promptecho, most=1000, streams=False
    ),
)
BY_NAME = {contender.name: contender for contender in CONTENDERS}
