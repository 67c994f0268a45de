"""What is measured of one recorder, one round at a time, in seconds of the thread's own CPU time.

Wall-clock time would count what else the machine does; where several threads work it is said.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

from benchmarks import traffic
from benchmarks.contenders import Contender, Sample

Result = dict[str, Any]
CALLS = 20
"""Calls of a round."""
TOGETHER = 48
"""Calls at once."""


def _httpx() -> ModuleType:
    """The HTTP library of the SDK that is installed."""
    import openai._base_client as base

    return base.httpx2 if hasattr(base, "httpx2") else base.httpx  # type: ignore[attr-defined,no-any-return]


@cache
def client(sample: Sample | None = None, kind: str = "OpenAI") -> Any:
    """A client of the SDK: a real one, or with ``sample`` one on an in-memory transport (the floor)."""
    import openai

    gc.freeze()  # the SDK's thousands of classes: to look through them takes longer than what is measured
    if sample is None:
        return getattr(openai, kind)(api_key="sk-benchmark")
    httpx = _httpx()
    # What is measured is the way there and back: the same answer does for all.
    answered, headers = sample.answered(0), sample.headers
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, headers=headers, content=answered))
    session = httpx.AsyncClient if kind.startswith("Async") else httpx.Client
    return getattr(openai, kind)(api_key="sk-benchmark", http_client=session(transport=transport))


def ask(openai_client: Any, number: int, sample: Sample) -> str:
    """One call; answers the id of what came."""
    asked: Any = {"model": traffic.MODEL, "messages": traffic.messages(number)}
    if not sample.stream:
        return str(openai_client.chat.completions.create(**asked).id)
    return str([chunk.id for chunk in openai_client.chat.completions.create(**asked, stream=True)][-1])


def _seconds(work: Callable[[], Any]) -> float:
    gc.collect()
    gc.disable()
    try:
        start = time.thread_time()
        work()
        return time.thread_time() - start
    finally:
        gc.enable()


def written(contender: Contender, sample: Sample, folder: Path) -> Path:
    """The contender's cassette with the sample, written when it is first needed."""
    path = contender.path(folder, sample)
    if not path.exists():
        contender.prepare(path, sample)()
    return path


def _numbers(order: str, count: int, seed: int) -> tuple[int | None, list[int]]:
    """A question to begin with, and those that are timed: each at most once."""
    if count == 1:
        return None, [0]
    calls = min(CALLS, count - 1)
    first = {"first": 1, "middle": (count - calls) // 2 + 1, "last": count - calls}.get(order)
    if first is None:
        return 0, random.Random(seed).sample(range(1, count), calls)
    return 0, list(range(first, first + calls))[: count - first]


def replay(contender: Contender, sample: Sample, folder: Path, order: str, seed: int) -> Result:
    """Opening, the first call, each further call (and the floor's, in the same round), closing.

    A cassette of one interaction is opened many times, since it has but one call.
    """
    path = written(contender, sample, folder)
    rounds = CALLS if sample.count == 1 else 1
    found = [_replay(contender, sample, path, order, seed) for _ in range(rounds)]
    return {name: median(each[name] for each in found) for name in found[0]}


def _replay(contender: Contender, sample: Sample, path: Path, order: str, seed: int) -> Result:
    begin, numbers = _numbers(order, sample.count, seed)
    real, floor = client(), client(sample)
    ask(floor, 0, sample)
    context = contender.open(path, "none")
    found: Result = {"open": _seconds(context.__enter__)}
    try:
        if begin is not None:
            found["first"] = _seconds(lambda: ask(real, begin, sample))
        ids: list[str] = []
        found["call"] = _seconds(lambda: ids.extend(ask(real, number, sample) for number in numbers))
    finally:
        found["close"] = _seconds(lambda: context.__exit__(None, None, None))
    found["floor"] = _seconds(lambda: [ask(floor, number, sample) for number in numbers])
    if contender.exact and ids != [traffic.answer_id(number) for number in numbers]:
        raise AssertionError(f"{contender.name} gave wrong answers")
    return {**found, "call": found["call"] / len(numbers), "floor": found["floor"] / len(numbers)}


def load(contender: Contender, sample: Sample, folder: Path) -> Result:
    """Opening and closing, beside Python's own parser on the file where that is JSON."""
    path = written(contender, sample, folder)
    context = contender.open(path, "none")
    found: Result = {"open": _seconds(context.__enter__), "bytes": path.stat().st_size}
    found["close"] = _seconds(lambda: context.__exit__(None, None, None))
    if path.suffix == ".json":
        raw = path.read_bytes()
        found["json"] = _seconds(lambda: json.loads(raw))
    return found


def save(contender: Contender, sample: Sample, folder: Path) -> Result:
    """Writing all of it."""
    path = folder / f"save{contender.suffix}"
    work = contender.prepare(path, sample)
    return {"save": _seconds(work), "bytes": path.stat().st_size}


def add(contender: Contender, sample: Sample, folder: Path, seed: int) -> Result:
    """Recording one more interaction into a cassette that has many: everything after the call itself."""
    original = written(contender, sample, folder)
    path = folder / f"add{contender.suffix}"
    path.write_bytes(original.read_bytes())
    context = contender.open(path, "new_episodes")
    found: Result = {"open": _seconds(context.__enter__)}
    number = sample.count + seed
    ask(client(sample), number, sample)
    return {**found, "add": _seconds(lambda: context.__exit__(None, None, None))}


def miss(contender: Contender, sample: Sample, folder: Path) -> Result:
    """From the call to its error, in wall-clock time: some SDKs wait before they ask again."""
    path = written(contender, sample, folder)
    real = client()
    with contender.open(path, "none"):
        ask(real, 0, sample)
        start = time.perf_counter()
        try:
            ask(real, sample.count + 5, sample)
        except BaseException as error:  # some are none of Exception's, so that no SDK retries
            return {"miss": time.perf_counter() - start, "as": type(error).__name__}
    raise AssertionError(f"{contender.name} answered what was never recorded")


def threads(contender: Contender, sample: Sample, folder: Path, seed: int, workers: int = 8) -> Result:
    """Calls of several threads at once, in CPU time of the process; the floor's likewise."""
    path = written(contender, sample, folder)
    numbers = random.Random(seed).sample(range(1, sample.count), min(TOGETHER, sample.count - 1))

    def round_of(one: Any) -> tuple[float, list[str]]:
        start = time.process_time()
        with ThreadPoolExecutor(workers) as pool:
            ids = list(pool.map(lambda number: ask(one, number, sample), numbers))
        return (time.process_time() - start) / len(numbers), ids

    floor = client(sample)
    ask(floor, 0, sample)
    with contender.open(path, "none"):
        real = client()
        ask(real, 0, sample)
        seconds, ids = round_of(real)
    if contender.exact and ids != [traffic.answer_id(number) for number in numbers]:
        raise AssertionError(f"{contender.name} gave wrong answers")
    return {"call": seconds, "floor": round_of(floor)[0]}


def gather(contender: Contender, sample: Sample, folder: Path, seed: int) -> Result:
    """The same with one event loop and ``asyncio.gather``."""
    path = written(contender, sample, folder)
    numbers = random.Random(seed).sample(range(1, sample.count), min(TOGETHER, sample.count - 1))

    async def round_of(floor: bool) -> tuple[float, list[str]]:
        async with client.__wrapped__(sample if floor else None, "AsyncOpenAI") as one:
            create = one.chat.completions.create
            await create(model=traffic.MODEL, messages=traffic.messages(0))
            start = time.thread_time()
            found = await asyncio.gather(
                *(create(model=traffic.MODEL, messages=traffic.messages(number)) for number in numbers)
            )
            return (time.thread_time() - start) / len(numbers), [each.id for each in found]

    with contender.open(path, "none"):
        seconds, ids = asyncio.run(round_of(floor=False))
    if contender.exact and ids != [traffic.answer_id(number) for number in numbers]:
        raise AssertionError(f"{contender.name} gave wrong answers")
    return {"call": seconds, "floor": asyncio.run(round_of(floor=True))[0]}


def memory(contender: Contender, sample: Sample, folder: Path) -> Result:
    """The most memory the process had while opening a cassette and replaying from it, above what it had
    before. To be asked of a fresh process; in bytes, from ``/proc`` (Linux)."""
    small = Sample(1)
    real = client()
    with contender.open(written(contender, small, folder), "none"):
        ask(real, 0, small)
    path = contender.path(folder, sample)
    if not path.exists():
        raise FileNotFoundError("the file is to be written by another process")
    gc.collect()
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    with contender.open(path, "none"):
        for number in range(CALLS):
            ask(real, number, sample)
        peak, after = _status("VmHWM"), _status("VmRSS")
    return {"peak": peak - before, "kept": after - before, "bytes": path.stat().st_size}


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def write_for_memory(contender: Contender, sample: Sample, folder: Path) -> Result:
    """Only what `memory` needs."""
    return {"bytes": written(contender, sample, folder).stat().st_size}


MEASURES: dict[str, Callable[..., Result]] = {
    "replay": replay,
    "load": load,
    "save": save,
    "add": add,
    "miss": miss,
    "threads": threads,
    "gather": gather,
    "memory": memory,
    "written": write_for_memory,
}
