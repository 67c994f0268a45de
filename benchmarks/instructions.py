"""Instructions and cache misses of a replayed call, and of reading a cassette of one, which other work on the
machine does not change.

``python benchmarks/instructions.py [NAME…]`` runs the contenders, or those named, under cachegrind, a part of
valgrind, which has to be installed. It runs a program on a simulated processor, some fifty times slower: each
contender is run with few and with many calls, and the difference is what the calls took.
"""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.contenders import BY_NAME, CONTENDERS, OURS, Contender
from benchmarks.environments import FOLDER, NAMES, python_of
from benchmarks.measures import written
from benchmarks.samples import Sample
from benchmarks.sdk import ask, client

__all__ = ["WORKS", "Counts", "main"]

FLOOR = "floor"
SAMPLE, ONE = Sample(200), Sample(1)
FEW = 20
MANY = {"--replay": 180, "--read": 2000}
"""How often in the second process; what it takes to start one is not the same every time."""
_CACHES = ("--I1=32768,8,64", "--D1=32768,8,64", "--LL=524288,8,64")
"""Bytes, ways and bytes of a line; 512 KB is the second level of many processors of servers."""
_ROW = re.compile(rb"== (I *refs|LLi misses|LLd misses): +([\d,]+)")


@dataclass(frozen=True)
class Counts:
    """Of one time: instructions, and how often one or its data were not in a cache of 512 KB."""

    instructions: float
    misses: float

    @classmethod
    def between(cls, few: bytes, many: bytes, times: int) -> Counts:
        """From what cachegrind has printed of two runs, one with ``times`` more."""
        before, after = (
            {name: int(number.replace(b",", b"")) for name, number in _ROW.findall(text)}
            for text in (few, many)
        )
        each = {name.split()[0]: (after[name] - before[name]) / times for name in after}
        return cls(each[b"I"], each[b"LLi"] + each[b"LLd"])


def replay(name: str, times: int, folder: Path) -> None:
    """What is counted: a process that makes so many calls, each of another question."""
    with ExitStack() as stack:
        if name == FLOOR:
            one = client(SAMPLE)
        else:
            contender = BY_NAME[name]
            one = contender.client(stack.enter_context(contender.open(written(contender, SAMPLE, folder))))
        for number in range(times):
            ask(one, number, SAMPLE)


def read(name: str, times: int, folder: Path) -> None:
    """What is counted: a process that reads a cassette so many times; the floor is `json.loads` of ours."""
    contender = BY_NAME[OURS if name == FLOOR else name]
    path = written(contender, ONE, folder)
    if name == FLOOR:
        works: list[Callable[[], object]] = [lambda: json.loads(path.read_bytes())] * MANY["--read"]
    else:
        assert contender.read is not None
        works = [contender.read(path) for _ in range(MANY["--read"])]  # making these is not reading
    client()  # a test has imported its SDK before
    for work in works[:times]:
        work()


WORKS: dict[str, Callable[[str, int, Path], None]] = {"--replay": replay, "--read": read}
_TITLES = {
    "--replay": f"A replayed call, out of {SAMPLE.count}",
    "--read": "Reading a cassette of one; the floor is `json.loads` of ours",
}


def _counted(python: Path, work: str, name: str, folder: Path) -> Counts:
    run = [str(python), __file__, work, name, str(folder)]
    environ = {**os.environ, "PYTHONWARNINGS": "ignore", "PYTHONHASHSEED": "0"}
    subprocess.run([*run, "1"], env=environ, check=True)  # writes the cassette
    simulated = ["valgrind", "--tool=cachegrind", "--cache-sim=yes", *_CACHES]
    few, many = (
        subprocess.run(
            [*simulated, f"--cachegrind-out-file={os.devnull}", *run, str(times)],
            env=environ,
            capture_output=True,
            check=True,
        ).stderr
        for times in (FEW, MANY[work])
    )
    return Counts.between(few, many, MANY[work] - FEW)


def _print(work: str, contenders: Sequence[Contender], pythons: Mapping[str, Path]) -> None:
    # The file that is the floor of reading is ours, which other environments cannot write.
    floors = {one.environment: one.environment if work == "--replay" else NAMES[0] for one in contenders}
    asked = [(each, FLOOR) for each in dict.fromkeys(floors.values())]
    asked += [(one.environment, one.name) for one in contenders]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = pool.map(lambda one: _counted(pythons[one[0]], work, one[1], Path(folder)), asked)
        found = dict(zip(asked, counts, strict=True))
    print(f"**{_TITLES[work]}**\n")
    print("| | thousand instructions | ÷ the floor | cache misses | ÷ the floor |\n|---|---:|---:|---:|---:|")
    for (environment, name), each in found.items():
        floor = found[floors[environment], FLOOR]
        shown = f"the floor ({environment})" if name == FLOOR else name
        print(
            f"| {shown} | {each.instructions / 1e3:,.0f} | {each.instructions / floor.instructions:.2f} "
            f"| {each.misses:,.0f} | {each.misses / floor.misses:.2f} |"
        )
    print(flush=True)


def main(names: Sequence[str]) -> int:
    """Print the tables. Of calls every environment has a floor of its own: its generation of the SDK in
    memory."""
    if shutil.which("valgrind") is None:
        print("valgrind is not installed; your system's package manager has it", file=sys.stderr)
        return 1
    unknown = [name for name in names if name not in BY_NAME]
    if unknown:
        print(f"no contender: {', '.join(unknown)}; there are {', '.join(BY_NAME)}", file=sys.stderr)
        return 2
    chosen = [one for one in CONTENDERS if (one.name in names if names else one.runs_sdk)]
    needed = {one.environment for one in chosen}
    pythons = {name: python for name in NAMES if name in needed and (python := python_of(name, FOLDER))}
    for work, takes_part in (("--replay", chosen), ("--read", [one for one in chosen if one.read])):
        _print(work, [one for one in takes_part if one.environment in pythons], pythons)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in WORKS:
        gc.disable()
        WORKS[sys.argv[1]](sys.argv[2], int(sys.argv[4]), Path(sys.argv[3]))
    else:
        sys.exit(main(sys.argv[1:]))
