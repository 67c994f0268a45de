"""Who is compared, with which configuration; how each works is in `benchmarks.adapters`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.adapters import cassetter, clients, patching, vcrpy
from benchmarks.samples import Sample
from benchmarks.sdk import real_client

__all__ = ["BY_NAME", "CONTENDERS", "OURS", "Contender"]

OURS = "vcr-llm"


@dataclass(frozen=True)
class Contender:
    """One recorder with one configuration.

    ``environment``: see `benchmarks.environments`.
    ``open``: path → the context in which calls are replayed.
    ``record``: (path, sample, numbers) → the function that saves, after those interactions of the sample
    were recorded into the file, which may exist; only that function is timed.
    ``read``: path → the function that reads what opening reads from the file, without patching anything; only
    that function is timed. None where nothing is read.
    ``client``: what entering the context gave → the SDK's client whose calls are replayed.
    ``most``: the largest cassette it is asked to open; ``most_bytes``: the same for the sum of the answers.
    Beyond that a run would take hours.
    ``exact``: whether it tells requests to one URL apart, so that its answers can be checked.
    ``adds``: whether it can record one more into a cassette that exists.
    ``streams``, ``gathers``, ``together``: whether it replays streams, for asynchronous clients, several
    calls at once.
    ``in_order``: whether it answers only in the order recorded.
    ``runs_sdk``: False where it answers in place of a method of the SDK, so that neither the SDK nor its HTTP
    client runs.
    """

    name: str
    environment: str
    suffix: str
    open: Callable[[Path], AbstractContextManager[Any]]
    record: Callable[[Path, Sample, Sequence[int]], Callable[[], object]]
    read: Callable[[Path], Callable[[], object]] | None
    client: Callable[[Any], Any] = real_client
    most: int = 10_000
    most_bytes: int = 20_000_000
    exact: bool = True
    adds: bool = True
    streams: bool = True
    gathers: bool = True
    together: bool = True
    in_order: bool = False
    runs_sdk: bool = True

    def path(self, folder: Path, sample: Sample) -> Path:
        return folder / f"{self.name.replace(' ', '-').replace(',', '')}-{sample.name}{self.suffix}"

    def takes(self, sample: Sample) -> bool:
        """Whether it is asked to open a cassette with this in it."""
        fits = sample.count <= self.most and sample.count * sample.size <= self.most_bytes
        return fits and (self.streams or not sample.stream)


def _vcrpy(name: str, suffix: str, use: vcrpy.Use, **more: Any) -> Contender:
    functions = vcrpy.open_with(use), vcrpy.record_with(use), vcrpy.read_with(use)
    return Contender(name, "here", suffix, *functions, **more)


def _cassetter(name: str, suffix: str, *matchers: str) -> Contender:
    opened = cassetter.open_with(*matchers)
    exact = bool(matchers)
    return Contender(
        name, "cassetter", suffix, opened, cassetter.record, cassetter.read, exact=exact, adds=exact
    )


def _all_of(read: Callable[[Path], object]) -> Callable[[Path], Callable[[], object]]:
    """Everything that ``read`` does is timed."""
    return lambda path: partial(read, path)


_SMALL: dict[str, Any] = {"most": 1000}
_SLOW: dict[str, Any] = {"most": 1000, "most_bytes": 2_000_000}
_HANDED: dict[str, Any] = {"client": clients.client_with, "gathers": False}

CONTENDERS = (
    _vcrpy(OURS, ".llm.json", vcrpy.ours),
    _vcrpy("vcrpy JSON", ".json", vcrpy.vcrpys("json"), exact=False, adds=False),
    _vcrpy("vcrpy JSON, body", ".json", vcrpy.vcrpys("json", "body"), **_SMALL),
    _vcrpy("vcrpy YAML", ".yaml", vcrpy.vcrpys("yaml"), exact=False, adds=False, **_SMALL),
    _vcrpy("vcrpy YAML, body", ".yaml", vcrpy.vcrpys("yaml", "body"), **_SMALL),
    _cassetter("cassetter YAML", ".yaml"),
    _cassetter("cassetter YAML, json_body", ".yaml", "json_body"),
    _cassetter("cassetter TOML", ".toml"),
    _cassetter("cassetter TOML, json_body", ".toml", "json_body"),
    Contender(
        "llm-mock",
        "older SDK",
        ".json",
        patching.open_llm_mock,
        patching.record_llm_mock,
        _all_of(patching.read_llm_mock),
        **_SMALL,
    ),
    Contender(
        "promptecho",
        "older SDK",
        ".yaml",
        patching.open_promptecho,
        patching.record_promptecho,
        _all_of(patching.read_promptecho),
        streams=False,
        **_SLOW,
    ),
    Contender(
        "agent-replay",
        "older SDK",
        ".jsonl",
        clients.open_agent_replay,
        clients.record_agent_replay,
        _all_of(clients.read_agent_replay),
        adds=False,
        **_HANDED,
    ),
    Contender(
        "cassette-sdk",
        "older SDK",
        "",
        clients.open_cassette_sdk,
        clients.record_cassette_sdk,
        None,
        **_HANDED,
    ),
    Contender(
        "pytest-llm-vcr",
        "older SDK",
        ".yaml",
        clients.open_pytest_llm_vcr,
        clients.record_pytest_llm_vcr,
        _all_of(clients.read_pytest_llm_vcr),
        adds=False,
        **_SLOW,
        **_HANDED,
    ),
    Contender(
        "llmvcr",
        "older SDK",
        ".yaml",
        patching.open_llmvcr,
        patching.record_llmvcr,
        _all_of(patching.read_llmvcr),
        client=patching.llmvcr_client,
        streams=False,
        gathers=False,
        runs_sdk=False,
        **_SLOW,
    ),
    Contender(
        "llm-cassette",
        "older SDK",
        ".jsonl",
        patching.open_llm_cassette,
        patching.record_llm_cassette,
        _all_of(patching.read_llm_cassette),
        adds=False,
        gathers=False,
        together=False,
        in_order=True,
        runs_sdk=False,
    ),
)
BY_NAME = {contender.name: contender for contender in CONTENDERS}
