"""The clients people use, each recorded from the local provider and replayed without it."""

from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from clients import CLIENTS, Client, plain
from clients.client import KEY, Call, require
from protocols import EveryProvider
from pytest_recording import network

import vcr_llm
from vcr_llm import providers
from vcr_llm.vcr_bridge import to_request

pytestmark = [
    pytest.mark.sdk,
    # The clients' own: what they use is deprecated, and what they open they do not all close.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


T = TypeVar("T")


@pytest.fixture(scope="module", autouse=True)
def _nothing_left_open() -> Iterator[None]:
    """What the clients leave open must not come to light in another module, where it would be an error."""
    yield
    gc.collect()


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


async def ask(client: Client, opened: Any, prompt: str, cassette: Any) -> Run:
    """All calls of a client, one after the other."""
    run = Run()
    for name, call in client.calls.items():
        before, misses = len(cassette), len(cassette.misses)
        try:
            run.answers[name] = plain(await answer_of(call, opened, prompt), client.volatile)
        except Exception as error:
            if not misses_behind(error):
                raise
            run.missed[name] = len(cassette.misses) - misses
        run.recorded[name] = tuple(map(operation_of, cassette.requests[before:]))
    return run


async def answer_of(call: Call, opened: Any, prompt: str) -> Any:
    answer = call.ask(opened, prompt)
    return await answer if inspect.isawaitable(answer) else answer


def misses_behind(error: BaseException | None) -> bool:
    """Whether an error is a miss, or was made of one."""
    while error is not None and not isinstance(error, vcr_llm.CassetteMissError):
        error = error.__cause__ or error.__context__
    return error is not None


def use(client: Client, url: str, steps: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
    """Open a client and do something with it; a sync one outside of any event loop, as some insist on."""
    made = client.make(url)
    if not client.is_async:
        with made as opened, pytest.raises(StopIteration) as done:
            steps(opened).send(None)
        return done.value.value

    async def on_a_loop() -> T:
        async with made as opened:
            return await steps(opened)

    return asyncio.run(on_a_loop())


def run(client: Client, url: str, prompt: str, cassette: Any) -> Run:
    return use(client, url, lambda opened: ask(client, opened, prompt, cassette))


def operation_of(request: Any) -> str:
    call = providers.classify(to_request(request))
    return str(call.operation) if call else f"{request.method} {request.path}"


@pytest.fixture(params=CLIENTS, ids=str)
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Client:
    found: Client = request.param
    require(*found.needs, beside_current=found.beside_current)
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # or importing it goes to the network
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.llm.json"


def test_a_client_records_and_replays(client: Client, everything: EveryProvider, path: Path) -> None:
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


def test_a_client_that_was_used_before(client: Client, everything: EveryProvider, path: Path) -> None:
    """As one made at import is: the connections that it keeps must not lead past a cassette."""
    call = next(iter(client.calls.values()))

    async def steps(opened: Any) -> None:
        await answer_of(call, opened, "Weather in Rome?")
        with vcr_llm.use_cassette(path) as cassette:
            recorded = plain(await answer_of(call, opened, "Weather in Paris?"), client.volatile)
        assert tuple(map(operation_of, cassette.requests)) == call.recorded
        everything.stop()
        with network.blocking_context(), vcr_llm.use_cassette(path, record_mode="none") as cassette:
            replayed = plain(await answer_of(call, opened, "Weather in Paris?"), client.volatile)
        assert replayed == recorded
        assert cassette.all_played

    use(client, everything.url, steps)
