"""The clients people use, each recorded from the local provider and replayed without it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from clients import CLIENTS, Client, plain
from clients.client import KEY, require
from protocols import EveryProvider
from pytest_recording import network

import vcr_llm
from vcr_llm import providers
from vcr_llm.vcr_bridge import to_request

pytestmark = [
    pytest.mark.sdk,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # the clients' own
]


@pytest.fixture
def everything() -> Iterator[EveryProvider]:
    with EveryProvider() as provider:
        yield provider


@dataclass
class Run:
    """What came of one run of a client's calls, by their names."""

    answers: dict[str, Any] = field(default_factory=dict)
    recorded: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The operations of the interactions that the call added to the cassette."""
    missed: dict[str, int] = field(default_factory=dict)
    """How many misses there were; only where the call failed."""


async def ask(client: Client, opened: Any, prompt: str, cassette: Any, run: Run) -> None:
    """All calls of a client, one after the other."""
    for name, call in client.calls.items():
        before, misses = len(cassette), len(cassette.misses)
        try:
            answer = call.ask(opened, prompt)
            run.answers[name] = plain(
                await answer if inspect.isawaitable(answer) else answer, client.volatile
            )
        except Exception as error:
            if not misses_behind(error):
                raise
            run.missed[name] = len(cassette.misses) - misses
        run.recorded[name] = tuple(map(operation_of, cassette.requests[before:]))


def misses_behind(error: BaseException | None) -> bool:
    """Whether an error is a miss, or was made of one."""
    while error is not None and not isinstance(error, vcr_llm.CassetteMissError):
        error = error.__cause__ or error.__context__
    return error is not None


def run_sync(client: Client, url: str, prompt: str, cassette: Any, run: Run) -> None:
    """Outside of an event loop, in which some clients refuse to work in sync."""
    with client.make(url) as opened:
        steps = ask(client, opened, prompt, cassette, run)
        with pytest.raises(StopIteration):
            steps.send(None)


async def run_async(client: Client, url: str, prompt: str, cassette: Any, run: Run) -> None:
    async with client.make(url) as opened:
        await ask(client, opened, prompt, cassette, run)


def run(client: Client, url: str, prompt: str, cassette: Any) -> Run:
    found = Run()
    if client.is_async:
        asyncio.run(run_async(client, url, prompt, cassette, found))
    else:
        run_sync(client, url, prompt, cassette, found)
    return found


def operation_of(request: Any) -> str:
    call = providers.classify(to_request(request))
    return str(call.operation) if call else f"{request.method} {request.path}"


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_a_client_records_and_replays(
    client: Client, everything: EveryProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require(*client.needs, beside_current=client.beside_current)
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # or importing it goes to the network
    path = tmp_path / "x.llm.json"

    with vcr_llm.use_cassette(path) as cassette:
        recorded = run(client, everything.url, "Weather in Paris?", cassette)
    assert recorded.recorded == {name: call.recorded for name, call in client.calls.items()}
    assert not recorded.missed
    assert len(everything.received) == len(cassette)
    assert all(KEY in f"{request.path} {request.headers}" for request in everything.received)
    assert KEY not in path.read_text(encoding="utf-8")
    everything.stop()

    with network.blocking_context():
        with vcr_llm.use_cassette(path, record_mode="none") as cassette:
            replayed = run(client, everything.url, "Weather in Paris?", cassette)
        assert replayed.answers == recorded.answers
        assert cassette.all_played
        assert not cassette.deviations
        with vcr_llm.use_cassette(path, record_mode="none") as cassette:
            changed = run(client, everything.url, "Weather in Rome?", cassette)
        assert not changed.answers
        # At once: nothing is asked again.
        most = {name: len(call.recorded) if call.at_once else 1 for name, call in client.calls.items()}
        assert changed.missed.keys() == most.keys()
        assert all(changed.missed[name] <= most[name] for name in most)
