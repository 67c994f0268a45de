"""``vcr-llm prune``: takes out what no test played, and nothing it cannot be sure of."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from suite import Suite
from test_cli import assert_golden, run

from vcr_llm import store
from vcr_llm.errors import UnwritableCassetteError

TESTS = """
@pytest.mark.vcr
def test_one():
    for text in ("one", "two", "three", "four"): ask(text)

@pytest.mark.vcr
def test_two(): ask("five")
"""


@pytest.fixture
def project(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite whose tests have come to ask less than was recorded, and the report of its last run."""
    suite.test(TESTS, sdk=False)
    suite.run("--record-mode=once", passed=2)
    suite.test(TESTS.replace('"two", "three", ', "").replace(': ask("five")', ": ..."), sdk=False)
    suite.run("--llm-report=report.json", passed=2)
    monkeypatch.chdir(suite.pytester.path)
    return suite.pytester.path


def asked(path: Path) -> list[str]:
    interactions = json.loads(path.read_text("utf-8"))["interactions"]
    return [interaction["request"]["messages"][0]["content"] for interaction in interactions]


def changed(report: Path, change: Callable[[Any], object]) -> None:
    value = json.loads(report.read_text("utf-8"))
    change(value)
    report.write_text(json.dumps(value), "utf-8")


def test_prune_previews_and_then_removes(project: Path) -> None:
    one, two = (project / f"cassettes/test_app/test_{name}.llm.json" for name in ("one", "two"))
    before = one.read_bytes()
    assert_golden("prune", run("prune", "report.json").stdout)
    assert one.read_bytes() == before
    assert two.exists()

    done = run("prune", "report.json", "--write").stdout
    assert asked(one) == ["one", "four"]
    assert not two.exists()
    assert "Rewrote cassettes/test_app/test_one.llm.json" in done
    assert "Deleted cassettes/test_app/test_two.llm.json" in done

    again = run("prune", "report.json", "--write", code=1)
    assert "test_one.llm.json: has changed since the report" in again.stderr
    assert "test_two.llm.json: no such file" in again.stderr
    assert again.stdout == "Nothing to prune.\n"


def test_prune_may_be_restricted_to_paths_and_works_from_anywhere(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = project / "cassettes"
    assert run("prune", project / "report.json", "nothing").stdout == "Nothing to prune.\n"
    run("prune", project / "report.json", folder / "test_app/test_two.llm.json", "--write")
    assert asked(folder / "test_app/test_one.llm.json") == ["one", "two", "three", "four"]
    run("prune", project / "report.json", folder, "--write", code=1)  # the one that is gone
    assert asked(folder / "test_app/test_one.llm.json") == ["one", "four"]


def test_prune_of_a_cassette_does_not_advise_to_write_a_report_over_it(project: Path) -> None:
    cassette = project / "cassettes/test_app/test_one.llm.json"
    said = run("prune", cassette, code=2).stderr
    assert "is no report of a run. Run all tests again with --llm-report=vcr-llm.json." in " ".join(
        said.split()
    )


def test_prune_refuses_what_it_cannot_be_sure_of(project: Path) -> None:
    report, cassette = project / "report.json", project / "cassettes/test_app/test_one.llm.json"
    before = cassette.read_bytes()
    cassette.write_bytes(before + b" ")
    assert "has changed since the report" in run("prune", report, "--write", code=1).stderr
    assert cassette.read_bytes() == before + b" "
    cassette.write_bytes(before)

    changed(report, lambda value: value.update(whole_run=False, partial_because="some tests were deselected"))
    refused = run("prune", report, "--write", code=1).stderr
    assert "not all tests ran (some tests were deselected)" in refused
    assert "Run all tests again with --llm-report=" in refused
    changed(report, lambda value: value.update(version=99))
    assert "was written by another version" in run("prune", report, code=2).stderr
    for text in ("[]", "{", '{"cassettes": 1}'):
        report.write_text(text, "utf-8")
        run("prune", report, code=2)
    assert cassette.read_bytes() == before


def test_prune_says_what_it_could_not_write(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, raw: bytes) -> None:
        raise UnwritableCassetteError(str(path), "No space left on device", "Free some.")

    monkeypatch.setattr(store, "write_bytes", fail)
    result = run("prune", "report.json", "--write", code=1)
    assert "test_one.llm.json: the cassette was not saved: No space left on device" in result.stderr
    assert "Deleted cassettes/test_app/test_two.llm.json" in result.stdout


def test_prune_leaves_other_formats_alone(project: Path) -> None:
    cassette = project / "cassettes/test_app/test_one.llm.json"
    report = project / "report.json"
    one = "- request: {method: GET, uri: 'http://x/', body: null, headers: {}}\n"
    one += "  response: {status: {code: 200, message: OK}, headers: {}, body: {string: ''}}\n"
    text = f"interactions:\n{one}{one}"
    cassette.write_text(text + "version: 1\n", "utf-8")
    digest = store.digest(cassette)
    changed(report, lambda value: value["cassettes"][0].update(sha256=digest, interactions=2, unplayed=[1]))
    assert "convert it first with vcr-llm migrate" in run("prune", report, cassette, code=1).stderr
