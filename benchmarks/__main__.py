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
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import report, suites
from benchmarks.environments import python_of
from benchmarks.plan import PLANS, Job, Plan, jobs

HERE = Path(__file__).resolve().parent


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


def measured(plan: Plan, pythons: dict[str, Path], only: str) -> Iterator[dict[str, Any]]:
    """The results of all jobs, a line per job and round; contenders take turns."""
    with ExitStack() as stack:
        workers = {name: stack.enter_context(worker(python)) for name, python in pythons.items()}
        for group in jobs(plan):
            group = [job for job in group if job.contender.environment in workers and only in job.key()]
            failed: set[str] = set()
            for number in range(plan.rounds):
                for job in group:
                    if job.contender.name in failed:
                        continue
                    found = workers[job.contender.environment].measure(job.line(number))
                    if "error" in found:
                        failed.add(job.contender.name)
                        print(f"  {job.key()}: {job.contender.name}: {found['error']}", file=sys.stderr)
                    yield _line(job.key(), job.contender.name, number, found)
            if group:
                print(f"{time.strftime('%H:%M:%S')} {group[0].key()}", file=sys.stderr)


def memories(plan: Plan, pythons: dict[str, Path], only: str) -> Iterator[dict[str, Any]]:
    """Memory, each in a process of its own; the file is written by another."""
    biggest = max(plan.sizes)
    for group in jobs(plan):
        for job in group:
            python = pythons.get(job.contender.environment)
            wanted = job.measure == "load" and job.sample.count == biggest
            if not wanted or python is None or only not in "memory":
                continue
            with tempfile.TemporaryDirectory() as folder:
                found = _alone(python, Job("memory", job.contender, job.sample), folder)
            yield _line(f"memory {job.sample.name}", job.contender.name, 0, found)


def _alone(python: Path, job: Job, folder: str) -> dict[str, Any]:
    """Two processes: one writes the cassette, the other measures."""
    lines = [json.dumps({**job.line(0), "measure": name}) for name in ("written", "memory")]
    for line in lines:
        run = subprocess.run(
            [python, "-m", "benchmarks.worker", folder],
            input=line + "\n",
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(HERE.parent)},
            check=True,
        )
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def runs_of_pytest(plan: Plan, only: str) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(plan.starts if only in "start-up" else 0):
            yield _line("start-up", "vcr-llm", number, suites.start_up())
        for number in range(min(plan.rounds, 3) if only in "suite" else 0):
            for one in suites.SUITES:
                seconds = suites.suite(one, folder, plan.suite)
                yield _line(f"suite {plan.suite}", one, number, {"seconds": seconds})
        for number in range(min(plan.rounds, 3) if only in "migration" else 0):
            yield _line(
                f"migration {plan.migrated}", "vcr-llm", number, suites.migration(folder, plan.migrated)
            )


def _line(key: str, contender: str, number: int, found: dict[str, Any]) -> dict[str, Any]:
    return {"key": key, "contender": contender, "round": number, **found}


def _about(name: str, plan: Plan) -> dict[str, Any]:
    return {
        "plan": name,
        "rounds": plan.rounds,
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "load": [round(each, 1) for each in os.getloadavg()],
        "versions": {each: version(each) for each in ("vcr-llm", "vcrpy", "pytest-recording", "openai")},
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--plan", choices=PLANS, default="full", help="how much is measured")
    parser.add_argument("--only", default="", metavar="TEXT", help="only measures with this in their names")
    parser.add_argument("--here-only", action="store_true", help="only what is installed in this environment")
    parser.add_argument(
        "--environments",
        type=Path,
        default=Path(tempfile.gettempdir()) / "vcr-llm-benchmarks",
        help="where the peers' environments are made, and kept",
    )
    parser.add_argument("--output", type=Path, default=Path(), help="folder for the results")
    parser.add_argument("--publish", action="store_true", help="also put table and plot into benchmarks/")
    chosen = parser.parse_args()
    plan = PLANS[chosen.plan]
    names = ["here"] if chosen.here_only else ["here", "cassetter", "older SDK"]
    pythons = {name: python for name in names if (python := python_of(name, chosen.environments))}
    about = _about(chosen.plan, plan)
    rows: list[dict[str, Any]] = []
    stages = (
        runs_of_pytest(plan, chosen.only),
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
    print(report.text(about, rows))
    report.write(HERE if chosen.publish else chosen.output, about, rows, readme=chosen.publish)
    return 0


if __name__ == "__main__":
    sys.exit(main())
