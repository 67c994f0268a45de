"""The benchmark works: one round at its smallest size. No time is asserted here or anywhere else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.contenders import BY_NAME, Sample
from benchmarks.measures import MEASURES
from benchmarks.plan import PLANS, jobs

ROOT = Path(__file__).resolve().parents[1]


def test_the_smallest_run_measures_and_writes_its_results(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--plan", "tiny", "--here-only", "--only", "replay"]
    run = subprocess.run(
        [*command, "--output", tmp_path],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    results = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert results["about"]["plan"] == "tiny"
    rows = {(row["key"], row["contender"]): row for row in results["rows"]}
    assert {"replay 10-1024 shuffled", "replay 2-1024-stream shuffled"} <= {key for key, _ in rows}
    assert all(row["call"] > 0 and row["floor"] > 0 for row in rows.values()), run.stderr
    assert "| vcr-llm |" in run.stdout
    assert (tmp_path / "results.md").read_text("utf-8").strip() in run.stdout


@pytest.mark.parametrize("measure", sorted(MEASURES.keys() - {"replay", "written", "memory"}))
def test_each_measure_takes_a_round(measure: str, tmp_path: Path) -> None:
    contender = BY_NAME["vcr-llm"]
    job = next(
        job
        for group in jobs(PLANS["tiny"])
        for job in group
        if (job.measure, job.contender) == (measure, contender)
    )
    line = job.line(seed=0)
    options = {name: line[name] for name in line.keys() - {"measure", "contender", "sample"}}
    found = MEASURES[measure](contender, Sample(3), tmp_path, **options)
    assert all(each > 0 for each in found.values() if isinstance(each, float))


def test_a_table_has_ratios_of_the_same_round() -> None:
    rows = [
        {
            "key": "replay 10-1024 shuffled",
            "contender": "vcr-llm",
            "round": number,
            "call": call,
            "floor": floor,
        }
        for number, (call, floor) in enumerate([(1.0, 1.0), (3.0, 2.0), (9.0, 3.0)])
    ]
    about = {
        "date": "",
        "python": "",
        "machine": "",
        "rounds": 3,
        "versions": {},
        "load": [0],
        "load after": [0],
    }
    assert "| vcr-llm | 1.50 |" in report.text(about, rows)
