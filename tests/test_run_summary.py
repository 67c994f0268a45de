"""The end of a run: what happened is told, in the terminal and in files, and fails the run where asked."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from suite import WITHOUT, Suite
from wire import WireProvider

import vcr_llm
from vcr_llm import grpc_calls, open_cassettes, prices
from vcr_llm.interaction import Request
from vcr_llm.placeholder import PLACEHOLDER_KEY
from vcr_llm.providers import Usage
from vcr_llm.traffic import Watch

TESTS = """
@pytest.mark.vcr
def test_one(): assert ask("one")

@pytest.mark.vcr
def test_two(): assert ask("two") and ask("three")

def test_plain(): ...
"""
LESS = TESTS.replace(' and ask("three")', "")


@pytest.fixture
def recorded(suite: Suite) -> Suite:
    """A suite with two cassettes of one and two interactions; its third test has none."""
    suite.test(TESTS, sdk=False)
    suite.run("--record-mode=once", passed=3)
    return suite


def section(result: pytest.RunResult) -> list[str]:
    """The lines of our section, without what differs between machines."""
    lines = [line for line in result.outlines if not line.startswith("money:")]
    titles = [number for number, line in enumerate(lines) if line.strip("= ") == "vcr-llm"]
    assert len(titles) <= 1
    if not titles:
        return []
    rest = lines[titles[0] + 1 :]
    return rest[: next(number for number, line in enumerate(rest) if line.startswith("="))]


def header(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if line.startswith("vcr-llm: record mode")]


# --- the section and the header ----------------------------------------------------------------------


def test_what_was_recorded_and_replayed_is_told(suite: Suite) -> None:
    suite.test(TESTS, sdk=False)
    result = suite.run("--record-mode=once", "-v", passed=3)
    assert header(result) == ["vcr-llm: record mode once (command line)"]
    first, tokens, mode, slowest, *calls = section(result)
    assert first == "requests: 0 replayed, 3 recorded"
    assert tokens.startswith("tokens: ")
    assert tokens.endswith(" out recorded")
    assert mode == "record mode: once (command line) for 2 cassettes"
    assert slowest == "slowest live calls:"
    assert len(calls) == 3
    assert all("s test_app.py::test_" in call and "(g)" in call for call in calls)

    suite.provider.stop()
    result = suite.run(passed=3)
    assert header(result) == ["vcr-llm: record mode none (default)"]
    first, tokens = section(result)
    assert (first, tokens.endswith(" out replayed")) == ("requests: 3 replayed", True)


def test_findings_by_verbosity_and_over_workers(recorded: Suite) -> None:
    recorded.test(LESS, sdk=False)
    (recorded.cassette().parent / "test_gone.llm.json").write_text("{}")
    plain = [
        "unplayed: 1 interaction in 1 cassette (-v names them)",
        "orphans: 1 cassette that no test opened (-v names them)",
    ]
    named = [
        "unplayed: 1 interaction in 1 cassette:",
        "  cassettes/test_app/test_two.llm.json: interaction 2",
        "orphans: 1 cassette that no test opened:",
        "  cassettes/test_app/test_gone.llm.json",
    ]
    assert section(recorded.run(passed=3))[2:] == plain
    assert section(recorded.run("-v", passed=3))[3:] == named
    workers = section(recorded.run("-n", "2", "-v", passed=3))
    assert (workers[0], workers[3:]) == ("requests: 2 replayed", named)
    result = recorded.run("-n", "1", "test_app.py", passed=3)
    below = result.outlines.index("1 worker [3 items]")
    assert result.outlines[below + 2 : below + 4] == [
        "vcr-llm: record mode none (default)",
        "...".ljust(73) + "[100%]",
    ]
    one_file = section(result)
    assert one_file[2:] == [plain[0]]
    quiet = recorded.run("-q", passed=3)
    assert section(quiet) == header(quiet) == []
    one = (
        "vcr-llm: 2 replayed; unplayed: 1 interaction in 1 cassette; orphans: 1 cassette that no test opened"
    )
    assert [line for line in quiet.outlines if "vcr-llm" in line] == [one]
    quieter = recorded.pytester.runpytest_inprocess(*WITHOUT, "-qq")
    assert "vcr-llm" not in quieter.stdout.str()


def test_a_run_that_uses_no_cassette_says_nothing(recorded: Suite) -> None:
    for arguments in (["-k", "plain"], ["--collect-only"], ["--disable-recording", "-k", "plain"]):
        result = recorded.pytester.runpytest_inprocess(*WITHOUT, *arguments)
        assert section(result) == []
    assert header(recorded.run("-k", "plain", passed=1, deselected=2)) == []


def test_where_the_record_mode_came_from(suite: Suite) -> None:
    suite.test(
        """
@pytest.mark.vcr
def test_one(): ...
@pytest.mark.vcr(record_mode="none")
def test_two(): ...
@pytest.mark.vcr
def test_three(): ...
""",
        sdk=False,
    )
    suite.pytester.makeini(
        "[pytest]\nasyncio_default_fixture_loop_scope = function\naddopts = --record-mode=new_episodes"
    )
    result = suite.run("-v", passed=3)
    assert header(result) == [
        "vcr-llm: record mode new_episodes (ini); but none (mark) for 1 of 3 tests",
    ]
    assert "record mode: new_episodes (ini) for 2 cassettes; none (mark) for 1 cassette" in section(result)
    suite.conftest("record_mode='once'")
    assert header(suite.run("--record-mode=all", "-k", "one or three", passed=2, deselected=1)) == [
        "vcr-llm: record mode once (vcr_config)"
    ]
    suite.conftest("", "@pytest.fixture\ndef vcr_config(request): return vcr_llm.preset(record_mode='all')")
    result = suite.run("-v", "-k", "one", passed=1, deselected=2)
    assert header(result) == ["vcr-llm: record mode decided by the fixture (vcr_config)"]
    assert section(result)[-1] == "record mode: all (vcr_config) for 1 cassette"


def test_what_tests_open_themselves_counts_too(suite: Suite) -> None:
    suite.pytester.makeini(
        "[pytest]\nasyncio_default_fixture_loop_scope = function\nllm_replay_plugin = vcr-llm"
    )
    suite.test(
        """
import unittest, vcr_llm

@pytest.mark.llm_replay(fixture="x", mode="auto")
def test_marker(): ask("one")

@vcr_llm.use_cassette("cassettes/decorated.llm.json")
def decorated(): return ask("two")

def test_decorator(): assert decorated()

class TestOld(unittest.TestCase):
    @pytest.mark.vcr
    def test_it(self): ask("three")
""",
        sdk=False,
    )
    suite.run("--record-mode=once", passed=3)
    suite.provider.stop()
    result = suite.run("-v", passed=3)
    assert section(result)[0] == "requests: 3 replayed"
    modes = section(result)[2].removeprefix("record mode: ").split("; ")
    assert sorted(modes) == [
        "new_episodes (mark) for 1 cassette",
        "none (default) for 1 cassette",
        "once (in the code) for 1 cassette",
    ]
    assert len(section(result)) == 3  # no orphans


def test_suites_of_vcrpy_alone_are_left_in_peace(suite: Suite) -> None:
    suite.pytester.makeconftest("")
    suite.test("@pytest.mark.vcr\ndef test_it(): ask()", sdk=False)
    result = suite.run("--record-mode=once", "-v", passed=1)
    assert (suite.pytester.path / "cassettes/test_app/test_it.yaml").is_file()
    assert section(result) == header(result) == []


def test_another_part_of_the_plugin_may_add_a_line(suite: Suite) -> None:
    suite.conftest(
        "",
        """
from vcr_llm.pytest_plugin.run_facts import add_line
def pytest_runtest_teardown(item):
    add_line(item.config, "something to know")
    add_line(item.config, "something to mend", is_problem=True)
""",
    )
    suite.test(TESTS, sdk=False)
    lines = section(suite.run("--record-mode=once", "-n", "1", passed=3))
    assert [line for line in lines if "something" in line] == ["something to know", "something to mend"]


def test_drift_misses_old_dates_and_what_is_live(recorded: Suite) -> None:
    for name in ("one", "two"):
        path = recorded.cassette(f"test_app/test_{name}.llm.json")
        path.write_text(path.read_text().replace('"recorded_at": "20', '"recorded_at": "19'))
    path.write_text(path.read_text().replace('"model": "g"', '"model": "g", "user": "me"', 1))
    more = """
@pytest.mark.vcr(on_miss="raise")
def test_miss():
    with pytest.raises(Exception):
        ask("what?")
"""
    recorded.test(TESTS + more, sdk=False)
    result = recorded.run("-v", "-W", "ignore", "--llm-max-age=30", "--record-mode=none", passed=4)
    lines = section(result)
    assert lines[0] == "requests: 3 replayed, 1 missed"
    drift = recorded.run("--llm-on-drift=error", "-k", "two", failed=1, deselected=3)
    drift.stdout.fnmatch_lines(["*test_two.llm.json: answered although the request *"])
    assert "drifted: 1 recording:" in lines
    assert any(line.startswith("too old: 2 cassettes, the oldest of 19") for line in lines)


# --- options -----------------------------------------------------------------------------------------


def test_unplayed_interactions_fail_their_test_by_flag_mark_fixture_and_ini(recorded: Suite) -> None:
    recorded.test(LESS, sdk=False)
    run = "FAILED: 1 unplayed interaction (on_unplayed is error)"
    test = "cassettes/test_app/test_two.llm.json: the test does not play interaction 2 of 2 (on_unplayed is *"

    def fails(*arguments: str) -> bool:
        result = recorded.pytester.runpytest_inprocess(*WITHOUT, *arguments)
        outcomes = {key: value for key, value in result.parseoutcomes().items() if key != "seconds"}
        failed = result.ret == 1
        assert outcomes == ({"passed": 3, "errors": 1} if failed else {"passed": 3})
        assert (run in section(result)) is failed
        if failed:
            result.stdout.fnmatch_lines([test])
        return failed

    assert not fails()
    assert fails("--llm-on-unplayed=error")
    ini = "[pytest]\nasyncio_default_fixture_loop_scope = function\nllm_on_unplayed = error"
    recorded.pytester.makeini(ini)
    assert fails()
    recorded.conftest("on_unplayed='ignore'")
    assert not fails()
    marked = LESS.replace("vcr\ndef test_two", "vcr(on_unplayed='error')\ndef test_two")
    recorded.test(marked, sdk=False)
    assert fails()
    assert not fails("--llm-on-unplayed=warn")
    # The test itself has failed: nothing can be said of what it left.
    recorded.test(marked.replace('ask("two")', 'ask("two") and False'), sdk=False)
    assert run not in section(recorded.run("--llm-on-unplayed=error", passed=2, failed=1))


def test_unplayed_interactions_of_a_shared_cassette_fail_the_run(recorded: Suite) -> None:
    shared = LESS.replace("vcr\n", "vcr\n@pytest.mark.default_cassette('test_two')\n").replace("one", "three")
    recorded.test(shared, sdk=False)
    assert recorded.run("--llm-on-unplayed=error", passed=3).ret == 0  # each plays what the other does not
    recorded.test(shared.replace('"two"', '"three"'), sdk=False)
    result = recorded.run("--llm-on-unplayed=error", "-v", passed=3)
    assert result.ret == 1
    assert "  cassettes/test_app/test_two.llm.json: interaction 1" in section(result)
    assert section(result)[-1] == "FAILED: 1 unplayed interaction (on_unplayed is error)"
    partial = recorded.run("--llm-on-unplayed=error", "-k", "two", passed=1, deselected=2)
    assert partial.ret == 0


def test_orphans_fail_whole_runs_only(recorded: Suite) -> None:
    recorded.test(TESTS.replace("@pytest.mark.vcr\ndef test_two", "def test_renamed"), sdk=False)
    recorded.test("", name="test_other", sdk=False)
    recorded.pytester.makepyfile(test_skipped='import pytest\npytest.skip("", allow_module_level=True)')
    folder = recorded.cassette().parent.parent
    (folder / "test_skipped").mkdir()
    (folder / "test_ignored").mkdir()
    recorded.test("raise RuntimeError", name="test_ignored", sdk=False)
    recorded.conftest("", 'collect_ignore = ["test_ignored.py"]')
    for name in (
        "test_skipped/test_x.llm.json",
        "test_ignored/test_x.llm.json",
        "test_app/test_skip[a].yaml",
        "test_app/notes.json",
    ):
        (folder / name).write_text("interactions: []" if name.endswith("yaml") else "{}")
    recorded.test(
        TESTS.replace("def test_two", "@pytest.mark.skip\ndef test_two")
        + "\n@pytest.mark.vcr\n@pytest.mark.skip\n@pytest.mark.parametrize('x', 'a')"
        + "\ndef test_skip(x): ...\n",
        sdk=False,
    )
    recorded.test(
        "import vcr\ndef test_plain():\n    with vcr.use_cassette('cassettes/plain.yaml'): pass\n",
        name="test_plain",
        sdk=False,
    )
    (folder / "plain.yaml").write_text("interactions: []\nversion: 1\n")
    used = next(iter((folder / "test_app").glob("*.llm.json")))
    used.with_name(used.name.replace(".llm.json", ".yaml")).write_text("interactions: []\nversion: 1\n")
    (folder / "test_gone").mkdir()
    (folder / "test_gone/test_it.yaml").write_text("interactions: []\nversion: 1\n")
    result = recorded.run("--llm-on-orphans=error", passed=3, skipped=3)
    assert "FAILED: 1 orphan cassette (llm_on_orphans is error)" in section(result)
    assert result.ret == 1
    assert "  cassettes/test_gone/test_it.yaml" in section(recorded.run("-v", ".", passed=3, skipped=3))
    for arguments, outcomes in (
        (["-k", "one"], {"passed": 1, "deselected": 4, "skipped": 1}),
        (["test_app.py"], {"passed": 2, "skipped": 2}),
        (["-x", "--maxfail=1", "--ignore=test_other.py"], {"passed": 3, "skipped": 3}),
    ):
        partial = recorded.run("--llm-on-orphans=error", *arguments, **outcomes)
        assert partial.ret == 0
        assert "orphan" not in str(section(partial))


def test_the_report_and_the_job_summary(recorded: Suite, tmp_path: Path) -> None:
    recorded.test(LESS, sdk=False)
    recorded.environment(GITHUB_STEP_SUMMARY=str(tmp_path / "job.md"))
    (tmp_path / "job.md").write_text("before\n")
    try:
        recorded.run("--llm-report=out/report.json", "--llm-job-summary", "--llm-max-age=0", "-q", passed=3)
    finally:
        recorded.environment(GITHUB_STEP_SUMMARY=None)
    report = json.loads((recorded.pytester.path / "out/report.json").read_text())
    assert report["whole_run"]
    assert report["exit_code"] == 0
    assert report["requests"] == {"replayed": 2, "recorded": 0, "live": 0, "missed": 0}
    assert [cassette["unplayed"] for cassette in report["cassettes"]] == [[], [2]]
    assert len(report["too_old"]) == 2
    assert len(report["cassettes"][0]["sha256"]) == 64
    text = (tmp_path / "job.md").read_text()
    assert text.startswith("before\n### vcr-llm\n")
    assert "| replayed | 2 |" in text
    recorded.run("--llm-report=partial.json", "-k", "two", passed=1, deselected=2)
    partial = json.loads((recorded.pytester.path / "partial.json").read_text())
    assert (partial["whole_run"], partial["partial_because"]) == (False, "some tests were deselected")
    assert partial["orphans"] is None


@pytest.mark.parametrize(
    ("ini", "said"),
    [
        ("llm_on_orphans = maybe", "llm_on_orphans must be one of ignore, warn, error, not 'maybe'"),
        ("llm_max_calls = -1", "llm_max_calls must be a whole number from 0 up, not '-1'"),
        ("llm_max_age = soon", "llm_max_age must be a number from 0 up, not 'soon'"),
    ],
)
def test_values_that_make_no_sense(pytester: pytest.Pytester, ini: str, said: str) -> None:
    pytester.makeini(f"[pytest]\nasyncio_default_fixture_loop_scope = function\n{ini}")
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    assert result.ret == 4
    assert said in result.stderr.str()


def test_every_option_is_in_one_group_of_the_help(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    text = pytester.runpytest_inprocess("--help").stdout.str()
    group = text[text.index("\nvcr-llm:") :]
    group = group[: group.index("\n\n")]
    from vcr_llm.pytest_plugin.options import _OPTIONS

    for option in _OPTIONS:
        assert f"--{option.key.replace('_', '-')}" in group
        assert f"\n  {option.key} (" in text


# --- past the cassette -------------------------------------------------------------------------------


def test_connections_past_the_cassette_are_loud(suite: Suite) -> None:
    suite.test(
        """
import socket
PORT = int(os.environ["PROVIDER_URL"].rpartition(":")[2])

def connect(port):
    with socket.socket() as one:
        one.settimeout(1)
        one.connect_ex(("127.0.0.1", port))

@pytest.mark.vcr
def test_past():
    ask()
    connect(PORT)

@pytest.mark.vcr
def test_fine():
    ask()
    connect(9)  # some database

@pytest.mark.vcr
def test_provider():
    ask()
    with pytest.raises(OSError):
        socket.getaddrinfo("api.openai.com", 443, socket.AF_INET, 99)

def test_no_cassette():
    connect(PORT)
""",
        sdk=False,
    )
    alarm = "although a cassette was open"
    # What vcrpy connects to record is no alarm, nor what happens on the same host besides.
    recording = suite.run("--record-mode=once", "-v", passed=4)
    assert [line for line in section(recording) if "127.0.0.1" in line and alarm in line] == []
    suite.provider.stop()
    result = suite.run(passed=4)
    loud = [line for line in section(result) if line.startswith("PAST THE CASSETTE")]
    assert len(loud) == 2
    assert result.ret == 0
    assert loud[0].startswith("PAST THE CASSETTE: test_app.py::test_past connected to 127.0.0.1:")
    assert loud[1].startswith(
        "PAST THE CASSETTE: test_app.py::test_provider connected to api.openai.com:443 "
    )
    assert "FAILED: 2 connections" in str(section(suite.run("--llm-on-bypass=error", passed=4)))
    assert loud[0] in suite.run("-q", passed=4).outlines


def test_a_placeholder_key_that_leaves_the_process_is_loud(suite: Suite) -> None:
    suite.environment(OPENAI_API_KEY=None)
    suite.pytester.makeini(
        "[pytest]\nasyncio_default_fixture_loop_scope = function\nllm_placeholder_keys = true"
    )
    suite.pytester.makepyfile(
        test_app="""
import socket, pytest
def test_it():
    with pytest.raises(OSError):
        socket.getaddrinfo("api.openai.com", 443, socket.AF_INET, 99)
"""
    )
    assert (
        "PLACEHOLDER KEY SENT: test_app.py::test_it connected to api.openai.com:443 while OPENAI_API_KEY "
        "held the placeholder." in section(suite.run(passed=1))
    )


def test_an_audit_hook_never_stops_a_connection(recorded: Suite) -> None:
    recorded.run(passed=3)  # the hook is installed now
    for family, address in ((socket.AF_UNIX, "/nowhere"), (socket.AF_INET6, ("::1", 9, 0, 0))):
        with socket.socket(family) as one:
            one.settimeout(1)
            assert one.connect_ex(address) != 0


Found = list[tuple[str, str, str, bool]]
GEMINI = "generativelanguage.googleapis.com"


@pytest.fixture
def found() -> Found:
    return []


@pytest.fixture
def watch(found: Found) -> Iterator[Watch]:
    watch = Watch(lambda *fact: found.append(fact), lambda: "test", {"GEMINI_API_KEY": PLACEHOLDER_KEY})
    watch.start()
    yield watch
    watch.stop()


def test_calls_by_grpc_are_seen(watch: Watch, found: Found) -> None:
    cassette = SimpleNamespace(data=[])
    watch.opened(cassette)
    for place in (f"{GEMINI}:443", "localhost:50051", "/run/database.sock"):
        for check in grpc_calls._checks:
            check(place)
    with pytest.raises(OSError, match=r"ai_socktype|ai_family|not supported"):
        socket.getaddrinfo(GEMINI.encode(), "https", socket.AF_INET, 99)
    watch.closed(cassette)
    place = f"{GEMINI}:443"
    held = [(place, "test", "GEMINI_API_KEY", False)]
    assert found == held * 2 + [(place, "test", "", False)] * 2


def test_calls_of_a_fixture_of_a_wider_scope_are_told(suite: Suite) -> None:
    suite.test(
        """
import socket

@pytest.fixture(scope="session")
def corpus():
    with pytest.raises(OSError):
        socket.getaddrinfo("api.openai.com", 443, socket.AF_INET, 99)

@pytest.mark.vcr
def test_it(corpus):
    ask()

def test_live(corpus):
    pass
""",
        sdk=False,
    )
    text = (
        "OUTSIDE THE CASSETTE: test_app.py::test_it connected to api.openai.com:443 when no cassette was open"
    )
    result = suite.run("--record-mode=once", passed=2)
    assert [line for line in section(result) if line.startswith(text)]
    assert "FAILED: 1 connection" in str(section(suite.run("--llm-on-bypass=error", passed=2)))
    assert text not in str(section(suite.run("-k", "test_live", passed=1, deselected=1)))


def test_a_connection_before_the_request_that_a_cassette_lets_through_is_none_past_it(
    watch: Watch, found: Found
) -> None:
    cassette = SimpleNamespace(data=[])
    watch.opened(cassette)
    watch.connecting("api.openai.com", 443)
    watch.goes_live(Request("POST", "https://api.openai.com/v1/responses"))
    watch.connecting("api.openai.com", 443)
    watch.closed(cassette)
    assert found == []
    watch.connecting("api.openai.com", 443)
    assert found == [("api.openai.com:443", "test", "", True)]


@pytest.mark.parametrize("mode", ["once", "new_episodes", "all"])
def test_what_vcrpy_connects_to_is_never_past_the_cassette(
    watch: Watch, found: Found, mode: str, provider: WireProvider, tmp_path: Path
) -> None:
    host, port = "127.0.0.1", int(provider.url.rpartition(":")[2])
    open_cassettes.listen(watch, watch)
    try:
        for _ in range(2):
            with vcr_llm.use_cassette(tmp_path / "c.llm.json", record_mode=mode):
                connection = http.client.HTTPConnection(host, port)
                connection.connect()
                connection.request("GET", "/json")
                assert connection.getresponse().status == 200
                connection.close()
                assert requests.get(f"{provider.url}/json", timeout=5).status_code == 200
    finally:
        open_cassettes.stop_listening(watch)
    assert found == []


# --- the budget --------------------------------------------------------------------------------------

BUDGET = "".join(f"@pytest.mark.vcr\ndef test_{n}(): assert ask('{n}')\n" for n in range(4))


def test_a_budget_of_calls_stops_the_run(suite: Suite) -> None:
    suite.test(BUDGET, sdk=False)
    result = suite.run("--record-mode=once", "--llm-max-calls=2", passed=2, failed=1)
    assert len(suite.provider.received) == 2
    result.stdout.fnmatch_lines(
        [
            "*BudgetError: The record budget is used up: 2 of 2 live calls made (llm_max_calls). The *",
            "*the record budget is used up (2 of 2 live calls made (llm_max_calls))*",
        ]
    )
    suite.run("--llm-max-calls=0", "-k", "0 or 1", passed=2, deselected=2)  # replaying costs nothing


def test_workers_share_the_budget(suite: Suite) -> None:
    suite.test(BUDGET, sdk=False)
    result = suite.pytester.runpytest_subprocess(
        *(*WITHOUT, "-n", "2", "--record-mode=once", "--llm-max-calls=1")
    )
    assert len(suite.provider.received) == 1
    assert result.ret in (1, 2)  # pytest-xdist's own when a worker stops


def test_a_budget_of_money_stops_the_run(suite: Suite) -> None:
    priced = BUDGET.replace("ask(", "ask(model='gpt-4o', text=")
    suite.test(priced, sdk=False)
    result = suite.run("--record-mode=once", "--llm-max-cost=0.0000001", passed=1, failed=1)
    result.stdout.fnmatch_lines(["*BudgetError: * of $*spent (llm_max_cost)*", "money: * spent*"])
    suite.test(priced.replace("gpt-4o", "in-house"), sdk=False)
    result = suite.run("--record-mode=new_episodes", "--llm-max-cost=5", failed=1)
    result.stdout.fnmatch_lines(["*the price of in-house is unknown (llm_max_cost)*"])


def test_prices_are_known_or_unknown_but_never_guessed() -> None:
    usage = Usage(prompt=1_000_000, completion=1_000_000)
    known = [("openai", "gpt-4o"), ("gemini", "gemini-2.5-flash"), ("anthropic", "claude-sonnet-4-6")]
    for provider, model in known:
        price = prices.cost(provider, model, usage)
        cached = prices.cost(provider, model, Usage(prompt=1_000_000, cached=900_000, completion=1_000_000))
        assert price is not None
        assert cached is not None
        assert 0 < cached < price
    assert prices.has_price("bedrock", "anthropic.claude-3-5-sonnet-20240620-v1:0")
    for provider, model in (("openai", "acme-1"), ("acme", "gpt-4o"), ("openai", None)):
        assert prices.cost(provider, model, usage) is None
    assert prices.cost("openai", "gpt-4o", Usage(prompt=1, cached=5)) is None  # a count that makes no sense


# --- what may go wrong -------------------------------------------------------------------------------


def test_files_that_cannot_be_written_fail_the_run_and_not_pytest(
    recorded: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_way = recorded.pytester.path / "file"
    in_the_way.touch()
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(in_the_way / "summary.md"))
    result = recorded.run("--llm-job-summary", f"--llm-report={in_the_way}/report.json", passed=3)
    assert result.ret == 1
    assert section(result)[0] == "requests: 3 replayed"
    assert section(result)[-2:] == [
        f"FAILED: the report could not be written to {in_the_way}/report.json: File exists",
        f"FAILED: the job summary could not be written to {in_the_way}/summary.md: Not a directory",
    ]
    audited = recorded.run(f"--llm-audit-json={in_the_way}/audit.json", passed=3)
    audited.stdout.fnmatch_lines([f"could not be written to {in_the_way}/audit.json: *"])


def test_a_run_that_only_sets_up_leaves_nothing_unplayed(recorded: Suite) -> None:
    result = recorded.run("--setup-only", "--llm-on-unplayed=error")
    assert result.ret == 0
    assert section(result) == []


@pytest.mark.parametrize("plugin", ["recording", "terminal"])
def test_without_another_plugin_there_is_no_error(plugin: str, recorded: Suite) -> None:
    run = recorded.pytester.runpytest_inprocess(*WITHOUT, "-p", f"no:{plugin}", "-k", "plain")
    assert run.ret == 0
    assert "INTERNALERROR" not in run.stdout.str() + run.stderr.str()
