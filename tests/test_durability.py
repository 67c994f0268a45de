"""Nothing recorded is lost: rewriting, failing tests, shared cassettes, processes side by side, retries."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from calls import async_clients, clients
from suite import Suite
from wire import WIRE_HEADER, WireProvider

import vcr_llm
from vcr_llm.session import temporary_folder

TWO = """
@pytest.mark.vcr
def test_it():
    ask("one")
    assert os.environ.get("FAIL") != "1"

@pytest.mark.default_cassette("test_it")
@pytest.mark.vcr
def test_other():
    ask("two")
    assert os.environ.get("FAIL") != "2"
"""


def prompts(path: Path) -> list[Any]:
    document = json.loads(path.read_text(encoding="utf-8"))
    return [entry["request"]["messages"][0]["content"] for entry in document["interactions"]]


def answers(path: Path) -> list[Any]:
    document = json.loads(path.read_text(encoding="utf-8"))
    return [entry["response"]["choices"][0]["message"]["content"] for entry in document["interactions"]]


def rejected(path: Path) -> Path:
    return path.with_name(f"{path.name}.rejected")


def nothing_else(suite: Suite, *names: str) -> None:
    """No temporary file lies beside the cassettes, and no folder of the run is left."""
    assert sorted(path.name for path in suite.cassette().parent.iterdir()) == sorted(names)
    runs = temporary_folder() / "runs"
    assert not runs.exists() or list(runs.iterdir()) == []


# --- rewrite -----------------------------------------------------------------------------------------


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("FAIL", raising=False)
    return monkeypatch


def test_rewrite_of_a_passing_test_replaces_the_cassette(suite: Suite, fails: pytest.MonkeyPatch) -> None:
    suite.test(TWO, sdk=False)
    suite.run("--record-mode=once", "-k", "test_it", passed=1, deselected=1)
    old = answers(suite.cassette())
    suite.run("--record-mode=rewrite", "-k", "test_it", passed=1, deselected=1)
    assert answers(suite.cassette()) != old
    assert prompts(suite.cassette()) == ["one"]
    nothing_else(suite, "test_it.llm.json")


@pytest.mark.parametrize("where", ["command line", "configuration", "mark"])
def test_rewrite_of_a_failing_test_leaves_the_old_cassette(
    where: str, suite: Suite, fails: pytest.MonkeyPatch
) -> None:
    suite.test(TWO, sdk=False)
    suite.run("--record-mode=once", "-k", "test_it", passed=1, deselected=1)
    before = suite.cassette().read_bytes()
    arguments = ["-k", "test_it"]
    if where == "command line":
        arguments.append("--record-mode=rewrite")
    elif where == "configuration":
        suite.conftest('record_mode="rewrite"')
    else:
        suite.test(TWO.replace("@pytest.mark.vcr", '@pytest.mark.vcr(record_mode="rewrite")'), sdk=False)
    fails.setenv("FAIL", "1")
    result = suite.run(*arguments, failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*test_it.llm.json stays as it was; the new recording is *.rejected"])
    assert suite.cassette().read_bytes() == before
    assert prompts(rejected(suite.cassette())) == ["one"]
    nothing_else(suite, "test_it.llm.json", "test_it.llm.json.rejected")
    fails.delenv("FAIL")
    suite.run(*arguments, passed=1, deselected=1)
    nothing_else(suite, "test_it.llm.json")


ENDS = """
@pytest.fixture
def fails_at_its_end():
    yield
    raise RuntimeError

@pytest.mark.vcr
def test_skips():
    ask("one")
    if "FAIL" in os.environ:
        pytest.skip("after a call")

@pytest.mark.vcr
@pytest.mark.xfail
def test_fails_as_expected():
    ask("one")
    assert "FAIL" not in os.environ

@pytest.mark.vcr
def test_teardown(request):
    if "FAIL" in os.environ:
        request.getfixturevalue("fails_at_its_end")
    ask("one")

@pytest.mark.vcr
def test_interrupted():
    ask("one")
    if "FAIL" in os.environ:
        raise KeyboardInterrupt
    ask("two")
"""


def test_rewrite_is_accepted_only_of_a_test_that_has_passed(suite: Suite, fails: pytest.MonkeyPatch) -> None:
    suite.test(ENDS, sdk=False)
    suite.run("--record-mode=once", passed=3, xpassed=1)
    names = [f"test_app/test_{name}.llm.json" for name in ("skips", "fails_as_expected", "teardown")]
    before = [suite.cassette(name).read_bytes() for name in names]
    interrupted = suite.cassette("test_app/test_interrupted.llm.json")
    whole = interrupted.read_bytes()
    fails.setenv("FAIL", "1")
    # An interrupt would end the run of this test, too.
    arguments = ("--record-mode=rewrite", "--tb=no")
    result = suite.run(*arguments, process=True, passed=1, skipped=1, xfailed=1, errors=1)
    result.stdout.fnmatch_lines(["not passed: *test_skips; *test_skips.llm.json stays as it was; *.rejected"])
    assert [suite.cassette(name).read_bytes() for name in names] == before
    assert interrupted.read_bytes() == whole
    assert all(rejected(suite.cassette(name)).is_file() for name in names)
    assert prompts(rejected(interrupted)) == ["one"]


RETRYING = """
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call" and report.failed:  # as pytest-retry does it: no other report, no setup's either
        item.ihook.pytest_runtest_teardown(item=item, nextitem=None)
        item._initrequest()
        item.ihook.pytest_runtest_setup(item=item)
        again = pytest.CallInfo.from_call(lambda: item.ihook.pytest_runtest_call(item=item), when="call")
        report.outcome = "failed" if again.excinfo else "passed"
    return report
"""


def test_a_test_that_passes_when_it_is_run_again_refreshes_its_cassette(suite: Suite) -> None:
    suite.conftest("", RETRYING)
    suite.test(
        """
attempts = []

@pytest.mark.vcr
def test_it():
    attempts.append(ask(f"attempt {len(attempts)}"))
    assert len(attempts) == 2

@pytest.mark.vcr
def test_never():
    ask("in vain")
    assert False
""",
        sdk=False,
    )
    result = suite.run("--record-mode=rewrite", passed=1, failed=1)
    assert prompts(suite.cassette()) == ["attempt 1"]
    never = suite.cassette("test_app/test_never.llm.json")
    assert not never.exists()
    assert prompts(rejected(never)) == ["in vain"]
    said = [line for line in result.outlines if line.startswith("not passed")]
    assert len(said) == 1
    assert "test_never.llm.json was not made; the new recording is" in said[0]
    nothing_else(suite, "test_it.llm.json", "test_never.llm.json.rejected")


def test_a_name_as_long_as_a_file_may_have_can_be_rejected_too(
    suite: Suite, fails: pytest.MonkeyPatch
) -> None:
    suite.test(
        """
@pytest.mark.vcr
@pytest.mark.parametrize("n", [pytest.param(1, id="x" * 230), pytest.param(2, id="y" * 400)])
def test_it(n):
    ask(f"long {n}")
    assert "FAIL" not in os.environ
""",
        sdk=False,
    )
    suite.run("--record-mode=once", passed=2)
    folder = suite.cassette().parent
    before = {path: path.read_bytes() for path in folder.iterdir()}
    fails.setenv("FAIL", "1")
    suite.run("--record-mode=rewrite", "--tb=line", failed=2)
    assert {path: path.read_bytes() for path in before} == before
    assert sorted(prompts(path) for path in folder.glob("*.rejected")) == [["long 1"], ["long 2"]]
    fails.delenv("FAIL")
    suite.run("--record-mode=rewrite", passed=2)
    assert set(folder.iterdir()) == before.keys()
    assert all(path.read_bytes() != raw for path, raw in before.items())


def test_rewrite_without_any_call_leaves_the_cassette(suite: Suite) -> None:
    suite.test(TWO, sdk=False)
    suite.run("--record-mode=once", "-k", "test_it", passed=1, deselected=1)
    before = suite.cassette().read_bytes()
    suite.test("@pytest.mark.vcr\ndef test_it():\n    pass\n", sdk=False)
    suite.run("--record-mode=rewrite", passed=1)
    assert suite.cassette().read_bytes() == before


def test_two_tests_that_share_a_cassette_both_end_up_in_it(suite: Suite, fails: pytest.MonkeyPatch) -> None:
    suite.test(TWO, sdk=False)
    suite.run("--record-mode=new_episodes", passed=2)
    assert prompts(suite.cassette()) == ["one", "two"]
    old = answers(suite.cassette())
    for arguments in ([], ["-n", "2"]):
        suite.run("--record-mode=rewrite", *arguments, passed=2)
        assert prompts(suite.cassette()) == ["one", "two"]
        assert not set(answers(suite.cassette())) & set(old)
        old = answers(suite.cassette())
    nothing_else(suite, "test_it.llm.json")


@pytest.mark.parametrize("failing", ["1", "2"])
@pytest.mark.parametrize("arguments", [[], ["-n", "2"]], ids=["serial", "xdist"])
def test_when_one_of_two_sharing_tests_fails_the_old_cassette_stays(
    arguments: list[str], failing: str, suite: Suite, fails: pytest.MonkeyPatch
) -> None:
    suite.test(TWO, sdk=False)
    suite.run("--record-mode=new_episodes", passed=2)
    before = answers(suite.cassette())
    fails.setenv("FAIL", failing)
    suite.run("--record-mode=rewrite", *arguments, passed=1, failed=1)
    assert answers(suite.cassette()) == before
    assert prompts(rejected(suite.cassette())) == ["one", "two"]


def test_rewrite_refuses_a_cassette_that_cannot_be_read(suite: Suite) -> None:
    suite.test(TWO, sdk=False)
    suite.cassette().parent.mkdir(parents=True)
    suite.cassette().write_text("{")
    suite.run("--record-mode=rewrite", "-k", "test_it", errors=1, deselected=1)
    assert suite.cassette().read_text() == "{"


@pytest.mark.sdk
def test_rewrite_records_extra_cassettes_calls_not_again(suite: Suite) -> None:
    suite.test(TWO, sdk=False)
    suite.run("--record-mode=once", "-k", "test_it", passed=1, deselected=1)
    suite.test(
        '@pytest.mark.vcr("test_it.llm.json")\ndef test_more():\n    ask("one")\n    ask("more")\n', sdk=False
    )
    suite.run("--record-mode=rewrite", passed=1)
    assert prompts(suite.cassette("test_app/test_more.llm.json")) == ["more"]


@pytest.mark.sdk
def test_with_another_serializer_too_all_keeps_what_was_not_asked_again(
    provider: WireProvider, tmp_path: Path
) -> None:
    path = tmp_path / "x.yaml"
    with clients(provider.url) as c, vcr_llm.use_cassette(path, serializer="yaml"):
        recorded = [question(c, 1), question(c, 2)]
    with clients(provider.url) as c, vcr_llm.use_cassette(path, serializer="yaml", record_mode="all"):
        fresh = question(c, 1)
    with clients(provider.url) as c, vcr_llm.use_cassette(path, record_mode="none"):
        assert [question(c, 1), question(c, 2)] == [fresh, recorded[1]]


def test_with_another_serializer_too_a_failed_rewrite_leaves_the_old_cassette(
    suite: Suite, fails: pytest.MonkeyPatch
) -> None:
    suite.test(TWO.replace("@pytest.mark.vcr", '@pytest.mark.vcr(serializer="yaml")'), sdk=False)
    suite.run("--record-mode=once", "-k", "test_it", passed=1, deselected=1)
    path = suite.cassette("test_app/test_it.yaml")
    before = path.read_bytes()
    fails.setenv("FAIL", "1")
    suite.run("--record-mode=rewrite", "-k", "test_it", failed=1, deselected=1)
    assert path.read_bytes() == before
    assert rejected(path).is_file()


# --- shared under pytest-xdist -----------------------------------------------------------------------

MANY = """
@pytest.mark.parametrize("number", range(12))
@pytest.mark.default_cassette("shared")
@pytest.mark.vcr
def test_it(number):
    ask("the same")
    ask(f"own {number}")
    ask("the same")
"""


def test_workers_that_share_a_cassette_lose_nothing_and_their_timing_is_not_seen(suite: Suite) -> None:
    suite.test(MANY, sdk=False)
    path = suite.cassette("test_app/shared.llm.json")
    orders = []
    for arguments in (["-n", "4"], ["-n", "2"], []):
        path.unlink(missing_ok=True)
        suite.run("--record-mode=all", *arguments, passed=12)
        orders.append(prompts(path))
        assert len(set(answers(path))) == 36
    found = orders[0]
    assert orders == [found] * 3
    assert sorted(found) == sorted(["the same"] * 24 + [f"own {number}" for number in range(12)])
    # In the order of the tests' names, whoever was first.
    assert [text for text in found if text != "the same"] == [
        f"own {number}" for number in sorted(range(12), key=lambda number: f"{number}]")
    ]
    suite.provider.stop()
    suite.run("-n", "2", passed=12)
    nothing_else(suite, "shared.llm.json")


def test_processes_without_pytest_add_to_what_the_file_holds_by_then(
    provider: WireProvider, tmp_path: Path
) -> None:
    path = tmp_path / "shared.llm.json"
    script = """
import sys, openai, vcr_llm
with openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key="k") as client:
    with vcr_llm.use_cassette(sys.argv[2], record_mode="new_episodes"):
        for number in range(5):
            messages = [{"role": "user", "content": f"{sys.argv[3]} {number}"}]
            client.chat.completions.create(model="g", messages=messages)
"""
    running = [
        subprocess.Popen([sys.executable, "-c", script, provider.url, str(path), str(number)])
        for number in range(4)
    ]
    assert [process.wait(120) for process in running] == [0, 0, 0, 0]
    assert sorted(prompts(path)) == sorted(f"{one} {two}" for one in range(4) for two in range(5))
    assert [file.name for file in tmp_path.iterdir()] == ["shared.llm.json"]


@pytest.mark.sdk
def test_what_somebody_changes_between_two_tests_stays(suite: Suite) -> None:
    suite.test(
        """
@pytest.mark.vcr
def test_it():
    ask("one")

def test_b_somebody_empties_it():
    path = "cassettes/test_app/test_it.llm.json"
    with open(path, "w") as file:
        file.write('{"version": "2.0", "provider": "openai", "interactions": []}')

@pytest.mark.default_cassette("test_it")
@pytest.mark.vcr
def test_other():
    ask("two")
""",
        sdk=False,
    )
    suite.run("--record-mode=new_episodes", passed=3)
    assert prompts(suite.cassette()) == ["two"]


# --- a kill at any instant ---------------------------------------------------------------------------


def test_killed_while_saving_the_cassette_is_the_old_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "x.llm.json"
    script = """
import sys, time
from pathlib import Path
from vcr_llm import store
texts = [("a" * 200_000) + "\\n", ("b" * 300_000) + "\\n"]
print("ready", flush=True)
number = 0
while True:
    store.write(Path(sys.argv[1]), texts[number % 2])
    number += 1
"""
    store_text = {"a" * 200_000 + "\n", "b" * 300_000 + "\n"}
    for kill in range(40):
        process = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        while not path.exists():
            pass
        try:
            process.wait(0.0007 * kill)
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
        process.stdout.close()
        assert path.read_text() in store_text


# --- retries -----------------------------------------------------------------------------------------


def statuses(path: Path) -> list[int]:
    document = json.loads(path.read_text(encoding="utf-8"))
    return [entry["http"]["status"] for entry in document["interactions"]]


def ask(c: Any, wire: str = "") -> str:
    answer = c.openai.chat.completions.create(
        model="g", messages=[{"role": "user", "content": "hi"}], extra_headers={WIRE_HEADER: wire}
    )
    return str(answer.choices[0].message.content)


@pytest.mark.sdk
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_failure_that_a_retry_mended_is_not_recorded(
    status: int, provider: WireProvider, tmp_path: Path
) -> None:
    path = tmp_path / "x.llm.json"
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        recorded = ask(c, f"status={status}*2")
    assert len(provider.received) == 3
    assert statuses(path) == [200]
    with clients(provider.url, max_retries=0) as c, vcr_llm.use_cassette(path, record_mode="none"):
        assert ask(c) == recorded


@pytest.mark.sdk
def test_a_failure_that_ended_the_call_is_recorded_and_replays_without_waiting(
    provider: WireProvider, tmp_path: Path
) -> None:
    import openai

    path = tmp_path / "x.llm.json"
    with clients(provider.url) as c, vcr_llm.use_cassette(path), pytest.raises(openai.RateLimitError):
        ask(c, "status=429")
    assert statuses(path) == [429, 429, 429]
    with (
        clients(provider.url) as c,
        vcr_llm.use_cassette(path, record_mode="none") as cassette,
        pytest.raises(openai.RateLimitError) as caught,
    ):
        ask(c)
    assert cassette.play_count == 3
    assert caught.value.response.headers["retry-after-ms"] == "1"
    assert "retry-after" not in caught.value.response.headers


@pytest.mark.sdk
def test_record_errors_keeps_them_all(provider: WireProvider, tmp_path: Path) -> None:
    path = tmp_path / "x.llm.json"
    with clients(provider.url) as c, vcr_llm.use_cassette(path, record_errors=True):
        recorded = ask(c, "status=503*2")
    assert statuses(path) == [503, 503, 200]
    with clients(provider.url) as c, vcr_llm.use_cassette(path, record_mode="none"):
        assert ask(c) == recorded


def test_a_test_that_stops_the_clock_does_not_date_its_recordings(
    provider: WireProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Stopped:
            return cls(1999, 12, 31, tzinfo=tz)

    path = tmp_path / "x.llm.json"
    monkeypatch.setattr("vcr_llm.cassette.cassette.datetime", Stopped)  # as freezegun does it
    before = datetime.now(UTC) - timedelta(seconds=2)
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        c.openai.models.list()
    (entry,) = json.loads(path.read_text(encoding="utf-8"))["interactions"]
    assert before <= datetime.fromisoformat(entry["recorded_at"]) <= datetime.now(UTC)


@pytest.mark.sdk
def test_an_exception_in_the_application_keeps_what_was_recorded(
    provider: WireProvider, tmp_path: Path
) -> None:
    path = tmp_path / "x.llm.json"

    def application() -> None:
        with clients(provider.url) as c, vcr_llm.use_cassette(path):
            ask(c)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        application()
    assert statuses(path) == [200]


# --- the disk ----------------------------------------------------------------------------------------


def test_in_another_locale_cassettes_are_utf_8_all_the_same(provider: WireProvider, tmp_path: Path) -> None:
    script = """
import sys, openai, vcr_llm
for mode in ("once", "none"):
    with openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key="k") as client:
        with vcr_llm.use_cassette("x.llm.json", record_mode=mode):
            messages = [{"role": "user", "content": "na\\u00efve \\u4f60\\u597d"}]
            client.chat.completions.create(model="g", messages=messages)
"""
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    subprocess.run(
        [sys.executable, "-c", script, provider.url], cwd=tmp_path, env=environment, check=True, timeout=60
    )
    assert prompts(tmp_path / "x.llm.json") == ["naïve 你好"]


@pytest.mark.sdk
def test_a_symlink_is_followed_and_permissions_stay(provider: WireProvider, tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "x.llm.json"
    real.write_text('{"version": "2.0", "provider": "openai", "interactions": []}')
    real.chmod(0o640)
    link.symlink_to(real)
    with clients(provider.url) as c, vcr_llm.use_cassette(link, record_mode="new_episodes"):
        ask(c)
    assert link.is_symlink()
    assert prompts(real) == ["hi"]
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_full_disk_leaves_the_old_cassette_and_says_so(provider: WireProvider, tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk; the write fails in its middle."""
    script = """
import resource, signal, sys, openai, vcr_llm
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key="k") as client:
    def ask(mode, text):
        with vcr_llm.use_cassette("x.llm.json", record_mode=mode):
            client.chat.completions.create(model="g", messages=[{"role": "user", "content": text}])
    ask("once", "short")
    before = open("x.llm.json", "rb").read()
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
    try:
        ask("new_episodes", "long " * 5000)
    except vcr_llm.UnwritableCassetteError as error:
        print(error)
    assert open("x.llm.json", "rb").read() == before
"""
    run = subprocess.run(
        [sys.executable, "-c", script, provider.url],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "the cassette was not saved: File too large" in run.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["x.llm.json"]


@pytest.mark.sdk
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_told(provider: WireProvider, tmp_path: Path) -> None:
    folder = tmp_path / "cassettes"
    folder.mkdir()
    folder.chmod(0o555)
    with (
        pytest.raises(vcr_llm.UnwritableCassetteError, match="Permission denied"),
        clients(provider.url) as c,
        vcr_llm.use_cassette(folder / "x.llm.json"),
    ):
        ask(c)
    folder.chmod(0o755)


# --- threads and tasks -------------------------------------------------------------------------------


def question(c: Any, number: int) -> str:
    messages = [{"role": "user", "content": f"question {number}"}]
    return str(c.openai.chat.completions.create(model="g", messages=messages).choices[0].message.content)


@pytest.mark.sdk
def test_sixty_four_threads_lose_and_double_nothing(provider: WireProvider, tmp_path: Path) -> None:
    path = tmp_path / "x.llm.json"
    numbers = [number % 32 for number in range(128)]
    with clients(provider.url) as c, vcr_llm.use_cassette(path), ThreadPoolExecutor(64) as pool:
        recorded = list(pool.map(lambda number: question(c, number), numbers))
    assert len(set(recorded)) == 128
    assert sorted(answers(path)) == sorted(recorded)
    provider.stop()
    with (
        clients(provider.url) as c,
        vcr_llm.use_cassette(path, record_mode="none") as cassette,
        ThreadPoolExecutor(64) as pool,
    ):
        replayed = list(pool.map(lambda number: question(c, number), numbers))
    assert sorted(replayed) == sorted(recorded)
    assert set(cassette.play_counts.values()) == {1}


@pytest.mark.sdk
async def test_five_hundred_tasks_lose_and_double_nothing(provider: WireProvider, tmp_path: Path) -> None:
    path = tmp_path / "x.llm.json"
    numbers = [number % 100 for number in range(500)]

    async def all_at_once(c: Any) -> list[Any]:
        async def one(number: int) -> Any:
            messages = [{"role": "user", "content": f"question {number}"}]
            answer = await c.openai.chat.completions.create(model="g", messages=messages)
            return answer.choices[0].message.content

        return await asyncio.gather(*map(one, numbers))

    async with async_clients(provider.url, timeout=60) as c:
        with vcr_llm.use_cassette(path):
            recorded = await all_at_once(c)
    assert len(set(recorded)) == 500
    provider.stop()
    async with async_clients(provider.url) as c:
        with vcr_llm.use_cassette(path, record_mode="none") as cassette:
            replayed = await all_at_once(c)
    assert sorted(replayed) == sorted(recorded)
    assert set(cassette.play_counts.values()) == {1}


def test_an_extra_cassette_may_be_compressed(suite: Suite) -> None:
    import gzip

    suite.test(TWO, sdk=False)
    suite.run("--record-mode=once", "-k", "test_it", passed=1, deselected=1)
    extra = suite.cassette("test_app/old.yaml.gz")
    extra.write_bytes(gzip.compress(suite.cassette().read_bytes()))
    suite.test('@pytest.mark.vcr("old.yaml.gz")\ndef test_more():\n    ask("one")\n', sdk=False)
    suite.provider.stop()
    suite.run(passed=1)
