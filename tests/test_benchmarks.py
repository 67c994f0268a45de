"""The benchmark works: one round at its smallest size. No time is asserted here or anywhere else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import instructions, profiling, report, targets
from benchmarks.contenders import BY_NAME, OURS
from benchmarks.measures import MEASURES
from benchmarks.plan import PLANS, jobs, memory_jobs
from benchmarks.results import Results
from benchmarks.samples import Sample

ROOT = Path(__file__).resolve().parents[1]
ABOUT: dict[str, Any] = {
    "date": "",
    "python": "",
    "machine": "",
    "plan": "tiny",
    "rounds": 3,
    "versions": {},
    "load": [0],
    "load after": [0],
}


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
    assert {row["rounds"] for row in results["summary"]} == {1}
    assert "| vcr-llm |" in run.stdout
    assert (tmp_path / "results.md").read_text("utf-8").strip() in run.stdout


@pytest.mark.parametrize("measure", sorted(MEASURES.keys() - {"replay", "written", "memory"}))
def test_each_measure_takes_a_round(measure: str, tmp_path: Path) -> None:
    contender = BY_NAME[OURS]
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


@pytest.mark.parametrize("plan", ["full", "short"])
def test_a_plan_has_every_measure_at_every_size(plan: str) -> None:
    asked = [job for group in jobs(PLANS[plan]) for job in group] + memory_jobs(PLANS[plan])
    keys = {job.key() for job in asked if job.contender.name == OURS}
    for size in (1, 10, 100, 1000, 10_000):
        for measure in ("load", "save", "test"):
            assert f"{measure} {size}-1024" in keys
        assert f"replay {size}-1024 shuffled" in keys
    for few in ("10-100000", "2-5000000"):
        assert {f"load {few}", f"save {few}", f"replay {few} shuffled"} <= keys
    assert {"miss 1000-1024", "threads 1000-1024", "gather 1000-1024", "add 1000-1024"} <= keys
    assert {"memory 10000-1024", "replay 10000-1024 last", "replay 100-1024-stream shuffled"} <= keys


def row(key: str, number: int, contender: str = OURS, **found: float) -> dict[str, Any]:
    return {"key": key, "contender": contender, "round": number, **found}


def test_a_table_has_ratios_of_the_same_round() -> None:
    pairs = [(1.0, 1.0), (3.0, 2.0), (9.0, 3.0)]
    rows = [
        row("replay 10-1024 shuffled", number, call=call, floor=floor)
        for number, (call, floor) in enumerate(pairs)
    ]
    assert "| vcr-llm | 1.50 |" in report.text(ABOUT, rows)


def test_measures_that_are_made_again_take_the_place_of_their_rows(tmp_path: Path) -> None:
    def row(key: str, seconds: float, contender: str = "vcr-llm") -> dict[str, Any]:
        return {"key": key, "contender": contender, "round": 0, "save": seconds, "bytes": 1}

    about = {"date": "then", "python": "3", "machine": "m", "plan": "tiny", "rounds": 1, "versions": {}}
    about |= {"load": [0.1], "load after": [0.1]}
    old = [row("save 1-1024", 1.0), row("save 10-1024", 2.0)]
    report.write(tmp_path, about, old, readme=False)
    told, rows = report.renewed(tmp_path, {**about, "date": "now"}, [row("save 1-1024", 4.0)])
    assert rows == [row("save 1-1024", 4.0), *old[1:]]
    assert told == {**about, "again": {"save 1-1024": "now"}}
    assert "Measured again now: save 1-1024." in report.text(told, rows)
    now = {**about, "date": "now", "rounds": 9}
    told, rows = report.renewed(tmp_path, now, [row("save 1-1024", 4.0), row("save 10-1024", 5.0)])
    assert told["again"] == {"save": "now, at most 9 rounds"}
    report.write(tmp_path, {**about, "again": {"save 1-1024": "then", "load": "then"}}, old, readme=False)
    told, rows = report.renewed(tmp_path, now, [row("save 1-1024", 4.0), row("save 10-1024", 5.0)])
    assert told["again"] == {"load": "then", "save": "now, at most 9 rounds"}
    assert "again" not in report.text(about, old)


def test_targets_are_computed_and_what_misses_is_bold() -> None:
    fast, slow = "replay 10-1024 shuffled", "replay 100-1024 shuffled"
    rows = [
        row(fast, 0, call=1.1, floor=1.0),
        row(slow, 0, call=1.5, floor=1.0),
        row(fast, 0, "vcrpy JSON", call=1.4, floor=1.0),
        row(fast, 0, "llmvcr", call=0.1, floor=1.0),
    ]
    text = "\n".join(targets.markdown(Results(rows)))
    assert "| 10: 1.10 (1.10–1.10); **100: 1.50 (1.50–1.50)** | no, 1 of 2 |" in text
    # llmvcr stands in for the SDK itself, so it is no peer here.
    assert "| 10: 1.10 (1.10–1.10), vcrpy JSON 1.40 | yes |" in text
    assert "json.loads" not in text, "nothing is said of what was not measured"


def test_seconds_are_compared_with_those_of_the_same_round() -> None:
    """A machine that is now slow, now fast, has medians that say nothing."""
    key = "load 1-1024"
    rows = [row(key, number, read=read, json=1.0) for number, read in enumerate((0.9, 1.8, 1.8))]
    rows += [row(key, number, "cassetter TOML", read=read) for number, read in enumerate((1.0, 2.0))]
    rows += [row(key, number, "vcrpy JSON", read=4.0) for number in range(3)]
    rows += [row(key, 0, "llm-mock", read=0.1)]
    text = "\n".join(targets.markdown(Results(rows)))
    assert "| reading ÷ vcrpy's and cassetter's ≤ 1 | 1: 0.90 (0.90–0.90) of cassetter TOML | yes |" in text
    slower = [{**each, "read": each["read"] * 1.2} if each["contender"] == OURS else each for each in rows]
    text = "\n".join(targets.markdown(Results(slower)))
    assert "| **1: 1.08 (1.08–1.08) of cassetter TOML** | no |" in text


def test_opening_is_compared_with_our_file_of_the_same_round() -> None:
    rows = [
        row("load 10-1024", number, open=json * 2, json=json) for number, json in enumerate((1.0, 2.0, 3.0))
    ]
    peers = [row("load 10-1024", number, "cassetter TOML", open=6.0) for number in range(3)]
    text = report.text(ABOUT, [*rows, *peers])
    ratios = text.partition("**Opening ÷")[2]
    assert "| vcr-llm | 2.0 |" in ratios
    assert "| cassetter TOML | 3.0 |" in ratios


def test_the_profile_names_what_replaying_adds() -> None:
    profile = profiling.run(count=5, calls=20)
    assert profile.replayed > 0 < profile.floor
    assert len(profile.top) == 10
    assert any("vcr" in one.name for one in profile.top)
    assert all(one.calls > 0 for one in profile.top)  # what the SDK does anyway is none of it
    assert f"`{profile.top[0].name}`" in profile.text()


def test_instructions_are_those_between_few_and_many_calls(tmp_path: Path) -> None:
    few, many = (
        f"==7== I   refs:      {counted[0]:,}\n==7== I1  misses:    1\n==7== LLi misses:    {counted[1]:,}\n"
        f"==7== D   refs:      9  (8 rd   + 1 wr)\n==7== LLd misses:    {counted[2]:,}  (1 rd   + 2 wr)\n"
        for counted in ((1_000_000, 1_000, 2_000), (3_000_000, 1_400, 2_600))
    )
    found = instructions.Counts.between(few.encode(), many.encode(), 200)
    assert (found.instructions, found.misses) == (10_000, 5)
    for name in (instructions.FLOOR, OURS):
        for work in instructions.WORKS.values():
            work(name, 2, tmp_path)
