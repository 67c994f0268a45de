"""The texts about a run, from facts: golden files of every form, and the sums behind them."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from vcr_llm import jsontext
from vcr_llm.providers import Usage
from vcr_llm.run_report import (
    CallFact,
    OpeningFact,
    PastFact,
    Policy,
    RunFacts,
    Summary,
    document,
    markdown,
    summarized,
    terminal_lines,
)
from vcr_llm.run_report.summary import dollars

GOLDEN = Path(__file__).parent / "golden"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CHAT = CallFact("openai", "openai chat", "gpt-4o", "replayed", Usage(1200, 80))
LIVE = CallFact("anthropic", "anthropic messages", "claude-sonnet-4-6", "recorded", Usage(500, 40), 1.234)
UNKNOWN = CallFact("openai", "openai chat", "in-house", "live", Usage(10, 1), 0.2)
DRIFT = "interaction 1 (openai chat): tools[0] | description: “old” → “new”"
ONE = OpeningFact(
    "tests/cassettes/test_a/test_one.llm.json",
    "tests/test_a.py::test_one",
    interactions=7,
    played=(1, 3, 7),
    own=True,
    drifted=(DRIFT,),
    oldest="2026-01-02T03:04:05+00:00",
    requests={"replayed": 3},
    calls=(CHAT, CHAT),
    max_age=90,
)
TWO = OpeningFact(
    "tests/cassettes/test_a/test_two.llm.json",
    "tests/test_a.py::test_two",
    "new_episodes",
    "mark",
    interactions=1,
    written=True,
    missed=1,
    requests={"recorded": 1, "live": 1},
    calls=(LIVE, UNKNOWN),
    old_files=("tests/cassettes/test_a/test_two.yaml",),
    stale=("interaction 1 (openai chat): messages[0]",),
)
PAST = [
    PastFact("api.openai.com:443", "tests/test_a.py::test_one"),
    PastFact("api.openai.com:443", "tests/test_a.py::test_two"),
    PastFact("api.groq.com:443", "", "GROQ_API_KEY"),
]


def price(call: CallFact) -> Decimal | None:
    return None if call.model == "in-house" else Decimal("0.0021")


@pytest.fixture
def eventful() -> Summary:
    facts = RunFacts([ONE, TWO, ONE], past=PAST, lines=[("a note", False), ("a problem", True)])
    policy = Policy(orphans="error", age="error", past="error")
    return summarized(facts, now=NOW, orphans=["tests/cassettes/old.llm.json"], policy=policy, price=price)


def assert_golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, "utf-8", newline="\n")
    assert text == path.read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "verbosity"), [("plain", 0), ("verbose", 1), ("quiet", -1), ("quieter", -2)]
)
def test_the_section(eventful: Summary, name: str, verbosity: int) -> None:
    lines = terminal_lines(eventful, verbosity)
    assert_golden(f"run_{name}.txt", "".join(f"{line.kind:8} {line.text}\n" for line in lines))


def test_the_job_summary(eventful: Summary) -> None:
    assert_golden("run_summary.md", markdown(eventful))


def test_the_json_report(eventful: Summary) -> None:
    value = document(
        eventful, rootdir="/project", finished=NOW, exit_code=1, version="9", digest=lambda path: path[-14:]
    )
    assert_golden("run_report.json", jsontext.pretty(value))
    assert json.loads(json.dumps(value)) == value


def test_a_run_without_cassettes_says_nothing() -> None:
    silent = summarized(RunFacts(), now=NOW)
    assert [terminal_lines(silent, verbosity) for verbosity in (-2, 0, 2)] == [[], [], []]
    assert markdown(silent) == ""


def test_facts_travel_between_processes() -> None:
    facts = RunFacts([ONE, TWO], ["x.yaml"], PAST, [("note", False)], "", ["test_three"], 4)
    plain = json.loads(json.dumps(facts.plain()))
    assert RunFacts.of_plain(plain) == facts
    both = RunFacts([], [], [], [("note", False)], "some tests were deselected", [], 3)
    both.add(facts)
    assert (both.partial, both.collected, both.openings) == ("some tests were deselected", 4, [ONE, TWO])
    assert both.lines == [("note", False)]


# --- what counts as unplayed -------------------------------------------------------------------------


def unplayed(*openings: dict[str, Any], partial: str = "") -> Any:
    facts = RunFacts([OpeningFact(**{"path": "c", "interactions": 3, **each}) for each in openings])
    facts.partial = partial
    (cassette,) = summarized(facts, now=NOW).cassettes
    return cassette.unplayed


def test_unplayed_is_what_no_test_of_a_shared_cassette_played() -> None:
    assert unplayed({"played": (1,)}, {"played": (3,)}) == (2,)
    assert unplayed({"played": (1, 2)}, {"played": (3,)}) == ()


@pytest.mark.parametrize(
    "openings",
    [
        [{"written": True}],
        [{"failed": True}, {}],
        [{}, {"interactions": 4}],
    ],
    ids=["recorded into", "a test failed", "changed meanwhile"],
)
def test_unplayed_cannot_be_told(openings: list[dict[str, Any]]) -> None:
    assert unplayed(*openings) is None


def test_after_some_tests_only_a_tests_own_cassette_is_judged() -> None:
    assert unplayed({}, partial="some tests were deselected") is None
    assert unplayed({"own": True, "played": (1,)}, partial="some tests were deselected") == (2, 3)


def test_policies_decide_what_is_told_and_what_fails() -> None:
    def run(policy: str) -> Summary:
        opening = OpeningFact("c", interactions=1, on_unplayed=policy, oldest="2026-01-01", max_age=1)
        return summarized(
            RunFacts([opening], past=[PastFact("api.openai.com")]),
            now=NOW,
            orphans=["o"],
            policy=Policy(policy, policy, policy),
        )

    assert terminal_lines(run("ignore"))[1:] == []
    assert run("warn").failures == ()
    assert len(terminal_lines(run("warn"))) == 5
    assert run("error").failures == (
        "1 unplayed interaction (on_unplayed is error)",
        "1 orphan cassette (llm_on_orphans is error)",
        "1 cassette older than allowed (llm_on_age is error)",
        "1 connection that no cassette let through (llm_on_bypass is error)",
    )


def test_dates_that_say_nothing_are_no_age() -> None:
    for oldest in ("1970-01-01T00:00:00+00:00", "yesterday", None):
        facts = RunFacts([OpeningFact("c", oldest=oldest, max_age=1)])
        assert summarized(facts, now=NOW).old == ()


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0.00001", "less than $0.0001"), ("0.02134", "$0.0213"), ("1234.5", "$1,234.50"), ("0", "$0.0000")],
)
def test_dollars(amount: str, text: str) -> None:
    assert dollars(Decimal(amount)) == text


def test_every_member_of_the_report_is_documented(eventful: Summary) -> None:
    page = (Path(__file__).parents[1] / "docs" / "runs.md").read_text("utf-8")
    value = document(eventful, rootdir="/", finished=NOW, exit_code=0, version="9")
    for name in (*value, *value["cost"], *value["cassettes"][0]):
        assert f"`{name}`" in page, name


def test_the_section_in_the_readme_is_what_a_run_says() -> None:
    """Of two cassettes with unplayed interactions, one that was recorded into, and an orphan."""
    replayed = CallFact("openai", "openai chat", "gpt-4o", "replayed", Usage(18204, 3377))
    recorded = CallFact("openai", "openai chat", "gpt-4o", "recorded", Usage(812, 140))
    test = "test_app.py::test_ask"
    facts = RunFacts(
        [
            OpeningFact("a", test, interactions=42, played=tuple(range(1, 41)), requests={"replayed": 40}),
            OpeningFact("b", test, interactions=2, played=(1,), drifted=("x",), requests={"replayed": 1}),
            OpeningFact("c", test, written=True, requests={"recorded": 2}, calls=(replayed, recorded)),
        ],
        past=[PastFact("api.openai.com:443", test)],
    )
    prices = {"replayed": Decimal("0.0963"), "recorded": Decimal("0.0045")}
    summary = summarized(facts, now=NOW, orphans=["d"], price=lambda call: prices[call.outcome])
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    shown = next(block for block in readme.split("```") if "= vcr-llm =" in block)
    said = " ".join(line.text for line in terminal_lines(summary))
    assert " ".join(shown.partition("==\n")[2].split()) == said
