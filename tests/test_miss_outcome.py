"""A call without a recording fails its test, whatever lies between: as a user's suite sees it."""

from __future__ import annotations

import re
import shlex

import pytest
from suite import Suite

SUITE = """
import asyncio, contextlib, concurrent.futures, sys, threading, unittest
import vcr_llm

@pytest.mark.vcr
def test_plain():
    ask()

@pytest.mark.vcr
def test_except_exception():
    try:
        ask()
    except Exception:
        pass

@pytest.mark.vcr
def test_swallowed():
    with contextlib.suppress(BaseException):
        ask("swallowed")

@pytest.mark.vcr
def test_swallowed_twice():
    for _ in range(3):
        try:
            ask("asked three times")
        except BaseException:
            pass

@pytest.mark.vcr
def test_skipped():
    try:
        ask("then skipped")
    except BaseException:
        pytest.skip("no answer")

@pytest.mark.vcr
def test_fails_otherwise():
    try:
        answer = ask("hidden by an assertion")
    except BaseException:
        answer = None
    assert answer == "something"

@pytest.mark.vcr
def test_wrapped():
    try:
        ask("wrapped")
    except BaseException as error:
        raise RuntimeError("the agent gave up") from error

@pytest.mark.vcr
def test_tried_again():
    for _ in range(3):
        try:
            ask("tried again")
        except BaseException as error:
            last = error
    raise last

async def aask(text):
    async with httpx.AsyncClient() as client:
        body = {"model": "g", "messages": [{"role": "user", "content": text}]}
        return await client.post("http://127.0.0.1:9/v1/chat/completions", json=body)

@pytest.mark.vcr
@pytest.mark.asyncio
async def test_gather():
    await asyncio.gather(aask("one"), asyncio.sleep(0))

@pytest.mark.vcr
@pytest.mark.asyncio
async def test_gather_swallows():
    await asyncio.gather(aask("gathered"), return_exceptions=True)

@pytest.mark.vcr
@pytest.mark.anyio
async def test_anyio():
    await aask("by anyio")

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.vcr
@pytest.mark.asyncio
async def test_task_group():
    async with asyncio.TaskGroup() as group:
        group.create_task(aask("in a group"))

@pytest.mark.vcr
@pytest.mark.asyncio
async def test_task_not_awaited():
    task = asyncio.create_task(aask("not awaited"))
    while not task.done():
        await asyncio.sleep(0.01)

@pytest.mark.vcr
def test_pool():
    with concurrent.futures.ThreadPoolExecutor() as pool:
        pool.submit(ask, "in a pool").result()

@pytest.mark.vcr
def test_pool_not_asked():
    with concurrent.futures.ThreadPoolExecutor() as pool:
        pool.submit(ask, "in a pool, not asked")

class TestCase(unittest.TestCase):
    @pytest.mark.vcr
    def test_unittest(self):
        ask("in unittest")

    @pytest.mark.vcr
    def test_unittest_swallowed(self):
        with contextlib.suppress(BaseException):
            ask("swallowed in unittest")

@pytest.fixture
def answer(vcr):
    return ask("in a fixture")

@pytest.mark.vcr
def test_fixture(answer):
    pass

events = []

@pytest.fixture
def leaving(vcr):
    yield
    ask("in a finalizer")

@pytest.fixture
def around():
    yield
    events.append("around")

@pytest.mark.vcr
def test_finalizer(around, leaving):
    pass

def test_after():
    assert events == ["around"]
    with pytest.raises(httpx.ConnectError):  # nothing is patched any more
        httpx.post("http://127.0.0.1:9/")

@pytest.mark.vcr(on_miss="raise")
def test_expected():
    with pytest.raises(vcr_llm.CassetteMissError, match="No recording"):
        ask()

@pytest.mark.vcr(on_miss="raise")
def test_expected_as_vcrpys():
    from vcr.errors import CannotOverwriteExistingCassetteException
    with pytest.raises(CannotOverwriteExistingCassetteException) as caught:
        ask()
    assert caught.value.failed_request.method == "POST"
    assert caught.value.similar_requests == []
    with contextlib.suppress(Exception):
        ask("and this one goes unseen, as with vcrpy")

@pytest.mark.vcr
def test_expected_without_saying_so():
    with pytest.raises(vcr_llm.CassetteMissError, match="No recording"):
        ask("expected")

@pytest.mark.vcr
def test_caught_without_saying_so():
    from vcr.errors import CannotOverwriteExistingCassetteException as Overwriting
    import vcr.errors
    try:
        ask("caught")
    except (ValueError, vcr.errors.CannotOverwriteExistingCassetteException):
        pass

class TestExpecting(unittest.TestCase):
    @pytest.mark.vcr
    def test_unittest_without_saying_so(self):
        self.assertRaises(vcr_llm.CassetteMissError, ask, "asserted")

@pytest.mark.vcr
def test_another_expectation():
    with pytest.raises(ValueError):
        ask("something else")

@pytest.mark.xfail(reason="known")
@pytest.mark.vcr
def test_xfail():
    ask()
"""


@pytest.fixture
def missing(suite: Suite) -> Suite:
    suite.test(SUITE, sdk=False)
    return suite


def reports(text: str) -> dict[str, str]:
    """What is said of each test that failed, by its name."""
    parts = re.split(r"^_{3,} (?:ERROR at \w+ of )?(?:Test\w+\.)?(\w+) _{3,}$", text, flags=re.MULTILINE)
    last = re.split(r"^=+ (?:short test summary|warnings summary)", parts[-1], flags=re.MULTILINE)[0]
    return dict(zip(parts[1::2], [*parts[2:-1:2], last], strict=True))


def test_a_miss_fails_its_test_whatever_swallows_it(missing: Suite) -> None:
    result = missing.run("-W", "default", "-o", "xfail_strict=true", failed=21, errors=2, passed=4, xfailed=1)
    text = result.stdout.str()
    said = reports(text)
    for name, report in said.items():
        report = report.partition("Captured log")[0]
        assert report.count("No recording answers this call") == 1, (name, report)
        assert "During handling" not in report, (name, report)
        assert "site-packages" not in report or name == "test_task_group", (name, report)
    assert len(said) == 23
    hinted = {
        name for name, report in said.items() if 'error says so:  @pytest.mark.vcr(on_miss="raise")' in report
    }
    assert hinted == {
        *("test_expected_without_saying_so", "test_caught_without_saying_so"),
        "test_unittest_without_saying_so",
    }
    swallowed = {name for name, report in said.items() if "the failure was caught there" in report}
    assert swallowed == {
        *("test_swallowed", "test_swallowed_twice", "test_skipped", "test_fails_otherwise"),
        *("test_gather_swallows", "test_task_not_awaited", "test_pool_not_asked", "test_unittest_swallowed"),
    }
    assert "test_app.py:6, in ask" in said["test_swallowed"]
    assert "vcr-llm: a call had no recording" in said["test_fails_otherwise"]
    assert "assert None == 'something'" in said["test_fails_otherwise"]
    assert re.search(r"^>\s+ask\(\)$", said["test_plain"], re.MULTILINE)
    assert re.search(r"^FAILED test_app.py::test_plain - CassetteMiss: No recording", text, re.MULTILINE)
    assert re.search(r"^FAILED test_app.py::test_swallowed - CassetteMiss: No rec", text, re.MULTILINE)
    assert missing.provider.received == []


def test_with_xdist_it_is_the_same(missing: Suite) -> None:
    missing.run("-W", "default", "-n", "2", "-k", "plain or swallow or expected", failed=6, passed=2)


def test_the_command_is_right_where_the_run_was_started(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node id counts from the rootdir, a command line from the current folder, as pytest's own summary."""
    suite.test(
        '@pytest.mark.vcr\n@pytest.mark.parametrize("q", ["a b"])\ndef test_q(q):\n    ask(q)\n',
        "tests/deep/test_app",
        sdk=False,
    )

    def command() -> list[str]:
        result = suite.run(failed=1)
        # In CI pytest's short summary has it once more.
        told = {line.partition("To record it:")[2] for line in result.outlines if "To record it:" in line}
        (line,) = told
        return shlex.split(line)

    from_root = ["pytest", "--record-mode=once", "tests/deep/test_app.py::test_q[a b]"]
    assert command() == from_root
    monkeypatch.chdir(suite.pytester.path / "tests" / "deep")
    from_here = command()
    assert from_here == ["pytest", "--record-mode=once", "test_app.py::test_q[a b]"]
    suite.run(*from_here[1:], passed=1)  # as pasted
    suite.run(passed=1)
