"""``pytest --llm-audit``: what answers each call, by vcrpy's own matchers and by ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import vcr
from suite import Suite
from test_siblings import ask

OLD_CONFTEST = """
import pytest

@pytest.fixture(scope="session")
def vcr_config():
    return {"match_on": ["method", "uri"], "record_mode": "none"}
"""
TESTS = """
@pytest.mark.vcr
def test_it():
    ask("one")

@pytest.mark.vcr
def test_accident():
    ask("second")

@pytest.mark.default_cassette("test_it")
@pytest.mark.vcr
def test_shared():
    ask("one")

@pytest.mark.vcr
def test_drift():
    httpx.post(os.environ["PROVIDER_URL"] + "/v1/chat/completions", json={
        "model": "g", "max_tokens": 5, "messages": [{"role": "user", "content": "drift"}]})

@pytest.mark.vcr
def test_stale():
    ask("now")

@pytest.mark.vcr
def test_missing():
    with pytest.raises(Exception):
        ask("nobody")

def test_other():
    with pytest.raises(httpx.ConnectError, match="--llm-audit runs offline"):
        httpx.get("http://192.0.2.1/")
"""


def record(folder: Path, name: str, url: str, *texts: str) -> None:
    recorder = vcr.VCR(match_on=("method", "uri", "body"), decode_compressed_response=True)
    with recorder.use_cassette(str(folder / f"{name}.yaml")):
        for text in texts:
            ask(url, text)


@pytest.fixture
def old_suite(suite: Suite) -> Suite:
    folder, url = suite.cassette().parent, suite.provider.url
    record(folder, "test_it", url, "one", "never")
    record(folder, "test_accident", url, "first", "second")
    record(folder, "test_drift", url, "drift")
    record(folder, "test_stale", url, "then")
    suite.pytester.makeconftest(OLD_CONFTEST)
    suite.test(TESTS, sdk=False)
    suite.provider.stop()
    return suite


def audit(suite: Suite, *arguments: str, **outcomes: int) -> tuple[dict[str, Any], str]:
    result = suite.run("--llm-audit-json=audit.json", *arguments, **outcomes)
    found = json.loads((suite.pytester.path / "audit.json").read_text(encoding="utf-8"))
    lines = result.stdout.lines
    (start,) = [number for number, line in enumerate(lines) if " LLM audit " in line]
    return found, "\n".join(lines[start:])


def tiers(found: dict[str, Any]) -> dict[str, list[tuple[str, int | None, int | None]]]:
    return {
        test["test"].rpartition("::")[2]: [
            (call["tier"], call["by_vcrpy"], call["by_llm"])
            for cassette in test["cassettes"]
            for call in cassette["calls"]
        ]
        for test in found["tests"]
    }


EXPECTED = {
    "test_it": [("exact", 1, 1)],
    "test_accident": [("exact", 1, 2)],
    "test_shared": [("exact", 1, 1)],
    "test_drift": [("same call", 1, 1)],
    "test_stale": [("fallback", 1, 1)],
    "test_missing": [("miss", None, None)],
}


def test_an_old_suite_and_the_same_one_changed(old_suite: Suite) -> None:
    suite = old_suite
    files = sorted(path.name for path in suite.cassette().parent.iterdir())
    found, text = audit(suite, passed=7)
    assert tiers(found) == EXPECTED
    assert found["needs_fallback"] == ["test_app.py::test_stale"]
    assert found["expect_misses"] == ["test_app.py::test_missing"]
    path = "cassettes/test_app/test_it.yaml"
    assert found["shared"] == {path: ["test_app.py::test_it", "test_app.py::test_shared"]}
    assert found["unplayed"] == {path: [2], "cassettes/test_app/test_accident.yaml": [2]}
    assert found["totals"]["other_answers"] == 1
    assert "6 calls: 3 exact, 1 same call (drift), 1 by fallback (stale), 0 no LLM call, 1 without" in text
    assert "test_drift: interaction 1: max_tokens added (5)" in text
    assert 'test_accident: interaction 2 (exact), by vcrpy 1: openai chat, g: "second"' in text

    suite.conftest('fallback=("method", "uri"), on_miss="raise"')
    changed, text = audit(suite, "-n2", "-W", "ignore", passed=7)
    assert tiers(changed) == EXPECTED
    assert changed["unplayed"] == {
        "cassettes/test_app/test_it.llm.json": [2],
        "cassettes/test_app/test_accident.llm.json": [1],
    }
    assert sorted(path.name for path in suite.cassette().parent.iterdir()) == files


def test_it_refuses_to_record(suite: Suite) -> None:
    suite.test("def test_it():\n    pass\n", sdk=False)
    result = suite.pytester.runpytest_subprocess("--llm-audit", "--record-mode=once")
    assert "--llm-audit records nothing; leave out --record-mode" in str(result.stderr)
