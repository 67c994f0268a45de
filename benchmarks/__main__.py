"""``python -m benchmarks``: measure everything, print the table, write the results."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib.metadata import version
from math import inf
from pathlib import Path
from typing import Any

from benchmarks import profiling, report, suites
from benchmarks.contenders import OURS
from benchmarks.environments import FOLDER, NAMES, python_of
from benchmarks.plan import PLANS, Job, Plan, jobs, memory_jobs

HERE = Path(__file__).resolve().parent
Row = dict[str, Any]


class Worker:
    """A process in one environment that measures what it is told, one job after the other."""

    def __init__(self, python: Path) -> None:
        environ = {**os.environ, "PYTHONPATH": str(HERE.parent), "PYTHONWARNINGS": "ignore"}
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environ,
        )

    def measure(self, line: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(line)}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        found: dict[str, Any] = json.loads(answer) if answer else {"error": "the process ended"}
        return found

    def close(self) -> None:
        self._process.communicate()


@contextmanager
def worker(python: Path) -> Iterator[Worker]:
    one = Worker(python)
    try:
        yield one
    finally:
        one.close()


def measured(plan: Plan, pythons: dict[str, Path], only: str) -> Iterator[Row]:
    """The results of all jobs, a line per job and round; contenders take turns."""
    with ExitStack() as stack:
        workers = {name: stack.enter_context(worker(python)) for name, python in pythons.items()}
        for group in jobs(plan):
            group = [job for job in group if job.contender.environment in workers and only in job.key()]
            for job in group:
                if job.is_of_written:
                    workers[job.contender.environment].measure(job.written())
            spent = dict.fromkeys((job.contender.name for job in group), 0.0)
            times = plan.closely if any(job.is_close for job in group) else 1
            for number in range(plan.rounds * times):
                for job in group:
                    name = job.contender.name
                    if spent[name] > plan.patience * times:
                        continue
                    start = time.monotonic()
                    found = workers[job.contender.environment].measure(job.line(number))
                    took = time.monotonic() - start
                    spent[name] += took
                    if "error" in found:
                        spent[name] = inf
                        print(f"  {job.key()}: {name}: {found['error']}", file=sys.stderr)
                    yield _line(job.key(), name, number, {**found, "took": round(took, 3)})
            if group:
                print(f"{time.strftime('%H:%M:%S')} {group[0].key()}", file=sys.stderr)


def memories(plan: Plan, pythons: dict[str, Path], only: str) -> Iterator[Row]:
    """Memory, each in a process of its own; the file is written by another."""
    for job in memory_jobs(plan):
        python = pythons.get(job.contender.environment)
        if python is None or only not in job.key():
            continue
        with tempfile.TemporaryDirectory() as folder:
            yield _line(job.key(), job.contender.name, 0, _alone(python, job, folder))


def _alone(python: Path, job: Job, folder: str) -> dict[str, Any]:
    """Two processes: one writes the cassette, the other measures."""
    for line in (job.written(), job.line(0)):
        run = subprocess.run(
            [python, "-m", "benchmarks.worker", folder],
            input=json.dumps(line) + "\n",
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(HERE.parent)},
            check=True,
        )
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def runs_of_pytest(plan: Plan, pythons: dict[str, Path], only: str) -> Iterator[Row]:
    """Start-up, the suites in turns, and migration: whole processes, each with a start of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(plan.starts if only in "start-up" else 0):
            yield _line("start-up", OURS, number, suites.start_up())
        taking_part = [each for each in suites.SUITES if suites.SUITES[each].environment in pythons]
        for number in range(plan.suite_rounds if only in "suite" else 0):
            for each in taking_part:
                environment = suites.SUITES[each].environment
                seconds = suites.suite(each, pythons[environment], folder, plan.suite)
                found = {"environment": environment, "seconds": seconds}
                yield _line(f"suite {plan.suite}", each, number, found)
        for number in range(plan.suite_rounds if only in "migration" else 0):
            for count in plan.migrated:
                yield _line(f"migration {count}", OURS, number, suites.migration(folder, count))


def _line(key: str, contender: str, number: int, found: Row) -> Row:
    return {"key": key, "contender": contender, "round": number, **found}


def _about(name: str, plan: Plan) -> dict[str, Any]:
    return {
        "plan": name,
        "rounds": plan.rounds * plan.closely,
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "load": [round(each, 1) for each in os.getloadavg()],
        "versions": {each: version(each) for each in ("vcr-llm", "vcrpy", "pytest-recording", "openai")},
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--plan", choices=PLANS, default="full", help="how much is measured")
    parser.add_argument("--rounds", type=int, metavar="N", help="of each measure, not the plan's")
    parser.add_argument("--patience", type=float, metavar="SECONDS", help="with each measure, not the plan's")
    parser.add_argument("--only", default="", metavar="TEXT", help="only measures with this in their names")
    parser.add_argument("--here-only", action="store_true", help="only what is installed in this environment")
    parser.add_argument(
        "--environments",
        type=Path,
        default=FOLDER,
        help="where the peers' environments are made, and kept",
    )
    parser.add_argument("--output", type=Path, default=Path(), help="folder for the results")
    parser.add_argument("--publish", action="store_true", help="also put table and plot into benchmarks/")
    parser.add_argument(
        "--profile", action="store_true", help="instead: where the time of a replayed call goes, the top ten"
    )
    parser.add_argument("--package", type=Path, help="with --profile: a folder with another vcr_llm in it")
    chosen = parser.parse_args()
    if chosen.profile:
        print(profiling.run(package=chosen.package).text())
        return 0
    given = {"rounds": chosen.rounds, "patience": chosen.patience}
    given = {name: value for name, value in given.items() if value is not None}
    plan = replace(PLANS[chosen.plan], **given, **({"closely": 1} if given else {}))
    names = NAMES[:1] if chosen.here_only else NAMES
    pythons = {name: python for name in names if (python := python_of(name, chosen.environments))}
    about = _about(chosen.plan, plan)
    rows: list[Row] = []
    stages = (
        runs_of_pytest(plan, pythons, chosen.only),
        memories(plan, pythons, chosen.only),
        measured(plan, pythons, chosen.only),
    )
    for stage in stages:
        try:
            rows.extend(stage)
        except KeyboardInterrupt:
            print("stopped; the results so far are kept", file=sys.stderr)
            break
        except (OSError, RuntimeError, ValueError, subprocess.CalledProcessError) as error:
            print(f"left out: {error}", file=sys.stderr)
    about["load after"] = [round(each, 1) for each in os.getloadavg()]
    if chosen.publish and chosen.only:
        about, rows = report.renewed(HERE, about, rows)
    print(report.text(about, rows))
    report.write(HERE if chosen.publish else chosen.output, about, rows, readme=chosen.publish)
    return 0


if __name__ == "__main__":
    sys.exit(main())
