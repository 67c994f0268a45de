"""Instructions and cache misses of a replayed call, which other work on the machine does not change.

``python benchmarks/instructions.py [NAME…]`` runs the contenders, or those named, under cachegrind, a part of
valgrind, which has to be installed. It runs a program on a simulated processor, some fifty times slower: each
contender is run with few and with many calls, and the difference is what the calls took.
"""

from __future__ import annotations

import gc
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.contenders import BY_NAME, CONTENDERS
from benchmarks.environments import FOLDER, NAMES, python_of
from benchmarks.measures import written
from benchmarks.samples import Sample
from benchmarks.sdk import ask, client

__all__ = ["Counts", "main"]

FLOOR = "floor"
SAMPLE = Sample(200)
FEW, MANY = 20, 180
_CACHES = ("--I1=32768,8,64", "--D1=32768,8,64", "--LL=524288,8,64")
"""Bytes, ways and bytes of a line; 512 KB is the second level of many processors of servers."""
_ROW = re.compile(rb"== (I *refs|LLi misses|LLd misses): +([\d,]+)")


@dataclass(frozen=True)
class Counts:
    """Of a call: instructions, and how often one or its data were not in a cache of 512 KB."""

    instructions: float
    misses: float

    @classmethod
    def between(cls, few: bytes, many: bytes, calls: int) -> Counts:
        """From what cachegrind has printed of two runs, one with ``calls`` more."""
        before, after = (
            {name: int(number.replace(b",", b"")) for name, number in _ROW.findall(text)}
            for text in (few, many)
        )
        each = {name.split()[0]: (after[name] - before[name]) / calls for name in after}
        return cls(each[b"I"], each[b"LLi"] + each[b"LLd"])


def replay(name: str, calls: int, folder: Path) -> None:
    """What is counted: a process that makes so many calls, each of another question."""
    with ExitStack() as stack:
        if name == FLOOR:
            one = client(SAMPLE)
        else:
            contender = BY_NAME[name]
            one = contender.client(stack.enter_context(contender.open(written(contender, SAMPLE, folder))))
        for number in range(calls):
            ask(one, number, SAMPLE)


def _counted(python: Path, name: str, folder: Path) -> Counts:
    run = [str(python), __file__, "--replay", name, str(folder)]
    environ = {**os.environ, "PYTHONWARNINGS": "ignore", "PYTHONHASHSEED": "0"}
    subprocess.run([*run, "1"], env=environ, check=True)  # writes the cassette
    simulated = ["valgrind", "--tool=cachegrind", "--cache-sim=yes", *_CACHES]
    few, many = (
        subprocess.run(
            [*simulated, f"--cachegrind-out-file={os.devnull}", *run, str(calls)],
            env=environ,
            capture_output=True,
            check=True,
        ).stderr
        for calls in (FEW, MANY)
    )
    return Counts.between(few, many, MANY - FEW)


def main(names: Sequence[str]) -> int:
    """Print the table. Every environment has a floor of its own: its generation of the SDK in memory."""
    if shutil.which("valgrind") is None:
        print("valgrind is not installed; your system's package manager has it", file=sys.stderr)
        return 1
    unknown = [name for name in names if name not in BY_NAME]
    if unknown:
        print(f"no contender: {', '.join(unknown)}; there are {', '.join(BY_NAME)}", file=sys.stderr)
        return 2
    chosen = [one for one in CONTENDERS if (one.name in names if names else one.runs_sdk and one.exact)]
    needed = {one.environment for one in chosen}
    pythons = {name: python for name in NAMES if name in needed and (python := python_of(name, FOLDER))}
    asked = [(one.environment, one.name) for one in chosen if one.environment in pythons]
    asked = [*((name, FLOOR) for name in pythons), *asked]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = pool.map(lambda one: _counted(pythons[one[0]], one[1], Path(folder)), asked)
        found = dict(zip(asked, counts, strict=True))
    print("| | instructions | ÷ the floor | cache misses | ÷ the floor |\n|---|---:|---:|---:|---:|")
    for (environment, name), counts in found.items():
        floor = found[environment, FLOOR]
        shown = f"the floor ({environment})" if name == FLOOR else name
        print(
            f"| {shown} | {counts.instructions / 1e6:.2f} M | {counts.instructions / floor.instructions:.2f} "
            f"| {counts.misses:,.0f} | {counts.misses / floor.misses:.2f} |"
        )
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--replay"]:
        gc.disable()
        replay(sys.argv[2], int(sys.argv[4]), Path(sys.argv[3]))
    else:
        sys.exit(main(sys.argv[1:]))
