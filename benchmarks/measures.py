"""What is measured of one recorder, one round at a time, in seconds of the thread's own CPU time.

Wall-clock time would count what else the machine does; where several threads work it is said.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import traffic
from benchmarks.clock import seconds
from benchmarks.contenders import Contender
from benchmarks.samples import Sample
from benchmarks.sdk import ask, client

Result = dict[str, Any]
CALLS = 20
"""Calls of a round."""
TOGETHER = 48
"""Calls at once."""
_REPEATS = {1: 20, 10: 10, 100: 5}
"""Interactions → how often a round opens so small a cassette."""


def written(contender: Contender, sample: Sample, folder: Path) -> Path:
    """The contender's cassette with the sample, written when it is first needed."""
    path = contender.path(folder, sample)
    if not path.exists():
        contender.record(path, sample, range(sample.count))()
    return path


def _bytes(path: Path) -> int:
    """Of a cassette, which with some recorders is a folder."""
    if path.is_dir():
        return sum(each.stat().st_size for each in path.iterdir())
    return path.stat().st_size


def _gone(path: Path) -> Path:
    """A path with nothing there."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    return path


def _own(contender: Contender, sample: Sample, folder: Path, what: str) -> Path:
    """A path with nothing there, and no other contender's cassette of the same name beside it: ours would
    take over what that holds."""
    return _gone(folder / f"{what}-{contender.path(folder, sample).name}")


def _numbers(order: str, count: int, seed: int) -> tuple[int | None, list[int]]:
    """A question to begin with, and those that are timed: each at most once."""
    if count == 1:
        return None, [0]
    calls = min(CALLS, count - 1)
    first = {"first": 1, "middle": (count - calls) // 2 + 1, "last": count - calls}.get(order)
    if first is None:
        return 0, random.Random(seed).sample(range(1, count), calls)
    return 0, list(range(first, first + calls))[: count - first]


def _check(contender: Contender, ids: list[str], numbers: list[int]) -> None:
    if contender.exact and ids != [traffic.answer_id(number) for number in numbers]:
        raise AssertionError(f"{contender.name} gave wrong answers")


def replay(contender: Contender, sample: Sample, folder: Path, order: str, seed: int) -> Result:
    """The first call after opening, each further call, and the floor's in the same round, right after.

    A cassette of one interaction is opened many times, since it has but one call; the least time counts.
    """
    path = written(contender, sample, folder)
    rounds = CALLS if sample.count == 1 else 1
    asked = "first" if contender.in_order else order
    found = [_replay(contender, sample, path, asked, seed) for _ in range(rounds)]
    return _least(found)


def _least(found: list[Result]) -> Result:
    """Of the same done many times: what else a machine does only adds."""
    return {name: min(each[name] for each in found) for name in found[0]}


def _replay(contender: Contender, sample: Sample, path: Path, order: str, seed: int) -> Result:
    begin, numbers = _numbers(order, sample.count, seed)
    floor = client(sample)
    ask(floor, 0, sample)
    found: Result = {}
    ids: list[str] = []
    with contender.open(path) as entered:
        real = contender.client(entered)
        if begin is not None:
            found["first"] = seconds(lambda: ask(real, begin, sample))
        found["call"] = seconds(lambda: ids.extend(ask(real, number, sample) for number in numbers))
    found["floor"] = seconds(lambda: [ask(floor, number, sample) for number in numbers])
    _check(contender, ids, numbers)
    return {**found, "call": found["call"] / len(numbers), "floor": found["floor"] / len(numbers)}


def test(contender: Contender, sample: Sample, folder: Path, seed: int) -> Result:
    """What a test pays that makes one call: opening, the call, closing; and the floor's call.

    Any of the interactions is asked for; what a client of its own costs counts as opening.
    """
    path = written(contender, sample, folder)
    chosen = random.Random(seed)
    repeats = _REPEATS.get(sample.count, 1)
    numbers = [0 if contender.in_order else chosen.randrange(sample.count) for _ in range(repeats)]
    found = [_test(contender, sample, path, number) for number in numbers]
    return {name: median(each[name] for each in found) for name in found[0]}


def _test(contender: Contender, sample: Sample, path: Path, number: int) -> Result:
    floor = client(sample)
    client()
    ask(floor, 0, sample)
    context = contender.open(path)
    clients: list[Any] = []
    ids: list[str] = []
    found: Result = {"open": seconds(lambda: clients.append(contender.client(context.__enter__())))}
    try:
        found["call"] = seconds(lambda: ids.append(ask(clients[0], number, sample)))
    finally:
        found["close"] = seconds(lambda: context.__exit__(None, None, None))
    found["floor"] = seconds(lambda: ask(floor, number, sample))
    _check(contender, ids, [number])
    return found


def load(contender: Contender, sample: Sample, folder: Path) -> Result:
    """Opening with all patches, reading alone, and Python's own parser on the file where that is JSON.

    A small cassette is opened many times; the least time counts.
    """
    path = written(contender, sample, folder)
    client()  # a test has imported its SDK before it opens a cassette
    repeats = _REPEATS.get(sample.count, 1)
    return {"bytes": _bytes(path), **_least([_load(contender, path) for _ in range(repeats)])}


def _load(contender: Contender, path: Path) -> Result:
    context, read = contender.open(path), contender.read
    found: Result = {"open": seconds(context.__enter__)}
    context.__exit__(None, None, None)
    if read is not None:
        found["read"] = seconds(read(path))
    if path.suffix == ".json":
        found["json"] = seconds(lambda: json.loads(path.read_bytes()))
    return found


def save(contender: Contender, sample: Sample, folder: Path) -> Result:
    """Writing all of it once: closing after all of it was recorded into a new file."""
    path = _own(contender, sample, folder, "save")
    work = contender.record(path, sample, range(sample.count))
    return {"save": seconds(work), "bytes": _bytes(path)}


def add(contender: Contender, sample: Sample, folder: Path, seed: int) -> Result:
    """Recording one more into a cassette that has many, and in the same round writing all of them once.

    ``open``: opening the cassette that is there; ``add``: closing after one was recorded;
    ``save``: closing after all, with that one, were recorded into a new file.
    """
    original = written(contender, sample, folder)
    path = _own(contender, sample, folder, "add")
    (shutil.copytree if original.is_dir() else shutil.copyfile)(original, path)
    before = _bytes(path)
    number = sample.count + seed
    works: list[Callable[[], object]] = []
    found: Result = {"open": seconds(lambda: works.append(contender.record(path, sample, [number])))}
    found["add"] = seconds(works[0])
    if _bytes(path) <= before:
        raise AssertionError(f"{contender.name} did not add to the cassette")
    work = contender.record(_gone(path), sample, [*range(sample.count), number])
    return {**found, "save": seconds(work)}


def miss(contender: Contender, sample: Sample, folder: Path) -> Result:
    """From the call to its error, in wall-clock time: some SDKs wait before they ask again."""
    path = written(contender, sample, folder)
    with contender.open(path) as entered:
        real = contender.client(entered)
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
    with contender.open(path) as entered:
        real = contender.client(entered)
        ask(real, 0, sample)
        spent, ids = round_of(real)
    _check(contender, ids, numbers)
    return {"call": spent, "floor": round_of(floor)[0]}


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

    with contender.open(path):
        spent, ids = asyncio.run(round_of(floor=False))
    _check(contender, ids, numbers)
    return {"call": spent, "floor": asyncio.run(round_of(floor=True))[0]}


def memory(contender: Contender, sample: Sample, folder: Path) -> Result:
    """The most memory the process had while opening a cassette and replaying from it, above what it had
    before. To be asked of a fresh process; in bytes, from ``/proc`` (Linux)."""
    small = Sample(1)
    with contender.open(written(contender, small, folder)) as entered:
        ask(contender.client(entered), 0, small)
    path = contender.path(folder, sample)
    if not path.exists():
        raise FileNotFoundError("the file is to be written by another process")
    gc.collect()
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    with contender.open(path) as entered:
        real = contender.client(entered)
        for number in range(min(CALLS, sample.count)):
            ask(real, number, sample)
        peak, after = _status("VmHWM"), _status("VmRSS")
    return {"peak": peak - before, "kept": after - before, "bytes": _bytes(path)}


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def only_written(contender: Contender, sample: Sample, folder: Path) -> Result:
    """The cassette that other measures replay or read, of which none has the time it takes to write."""
    return {"bytes": _bytes(written(contender, sample, folder))}


MEASURES: dict[str, Callable[..., Result]] = {
    "replay": replay,
    "test": test,
    "load": load,
    "save": save,
    "add": add,
    "miss": miss,
    "threads": threads,
    "gather": gather,
    "memory": memory,
    "written": only_written,
}
