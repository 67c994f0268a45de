"""``@pytest.mark.llm_replay`` and ``--llm-mock-disabled`` in a user's suite."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from suite import Suite

pytestmark = pytest.mark.sdk

OURS = ("-p", "no:llm-mock")
"""As where llm-mock is not installed."""


def fixture_file(suite: Suite, name: str = "x") -> Path:
    return suite.pytester.path / "fixtures" / f"{name}.json"


def texts(path: Path) -> list[Any]:
    document = json.loads(path.read_text(encoding="utf-8"))
    return [entry["request"]["messages"][0]["content"] for entry in document["interactions"]]


MARKED = """
@pytest.mark.llm_replay(fixture="x", mode=os.environ.get("MODE", "replay"))
def test_it():
    with open("answers", "a") as file:
        file.write(repr(ask()) + "\\n")
    assert os.environ.get("FAIL") != "1"
    if os.environ.get("FAIL") == "skip":
        pytest.skip("after a call")
"""


@pytest.fixture(autouse=True)
def environment(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MODE", "FAIL"):
        monkeypatch.delenv(name, raising=False)
    suite.pytester.makeconftest("")


def answers(suite: Suite) -> list[str]:
    return (suite.pytester.path / "answers").read_text(encoding="utf-8").splitlines()


def test_a_fixture_lies_beside_the_test_file_and_replays_offline(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.test(MARKED)
    monkeypatch.setenv("MODE", "record")
    suite.run(*OURS, passed=1)
    assert fixture_file(suite).is_file()
    monkeypatch.setenv("MODE", "replay")
    suite.provider.stop()
    suite.run(*OURS, "--block-network", passed=1)
    monkeypatch.setenv("MODE", "auto")
    suite.run(*OURS, "--block-network", passed=1)
    assert len(set(answers(suite))) == 1


def test_a_name_with_a_slash_is_a_path_from_the_rootdir_and_the_first_argument_is_the_fixture(
    suite: Suite,
) -> None:
    suite.test("""
@pytest.mark.llm_replay("data/deep/y", mode="auto")
def test_it():
    ask()
""")
    suite.run(*OURS, passed=1)
    assert texts(suite.pytester.path / "data" / "deep" / "y.json") == ["hi"]


def test_it_works_on_classes_modules_async_and_parametrized_tests(suite: Suite) -> None:
    suite.test("""
pytestmark = pytest.mark.llm_replay(fixture="module", mode="auto")

def test_module():
    ask("module")

@pytest.mark.llm_replay(fixture="class", mode="auto")
class TestAll:
    @pytest.mark.parametrize("word", ["a", "b"])
    def test_word(self, word):
        assert word in ask(word)

    @pytest.mark.asyncio
    @pytest.mark.llm_replay(fixture="async", mode="auto")
    async def test_async(self):
        async with openai.AsyncOpenAI(base_url=os.environ["PROVIDER_URL"] + "/v1") as client:
            messages = [{"role": "user", "content": "async"}]
            await client.chat.completions.create(model="g", messages=messages)
""")
    suite.run(*OURS, passed=4)
    assert texts(fixture_file(suite, "module")) == ["module"]
    assert texts(fixture_file(suite, "class")) == ["a", "b"]
    assert texts(fixture_file(suite, "async")) == ["async"]
    suite.provider.stop()
    suite.run(*OURS, "--block-network", passed=4)


def test_calls_of_pytest_fixtures_are_part_of_it(suite: Suite) -> None:
    suite.test("""
@pytest.fixture(scope="module")
def setting():
    return ask("setting")

@pytest.fixture
def place():
    yield ask("place")
    ask("leaving")

@pytest.mark.llm_replay(fixture="x", mode="auto")
def test_it(setting, place):
    assert "place" in place
""")
    suite.run(*OURS, passed=1)
    assert texts(fixture_file(suite)) == ["setting", "place", "leaving"]
    suite.provider.stop()
    suite.run(*OURS, "--block-network", passed=1)


def test_wrong_use_is_told(suite: Suite) -> None:
    suite.test("""
@pytest.mark.llm_replay
def test_nameless():
    pass

@pytest.mark.llm_replay(fixture="x", mode="reply")
def test_mode():
    pass

@pytest.mark.llm_replay(fixtur="x")
def test_name():
    pass
""")
    result = suite.run(*OURS, errors=3)
    result.stdout.fnmatch_lines(
        [
            '*llm_replay needs the name of a fixture: @pytest.mark.llm_replay(fixture="summarize")*',
            "*unknown mode 'reply'. Did you mean 'replay'?*",
            "*unknown option 'fixtur'. Did you mean 'fixture'?*",
        ]
    )


def test_a_missing_recording_fails_with_llm_mocks_error(suite: Suite) -> None:
    suite.test(MARKED)
    result = suite.run(*OURS, failed=1)
    result.stdout.fnmatch_lines(["*No recording answers this call*", "*no such file*"])
    (line,) = {line.removeprefix("E").strip() for line in result.outlines if "To record it:" in line}
    assert line == "To record it:  pytest --llm-mock-disabled test_app.py::test_it"
    suite.run(*OURS, *line.split()[4:], passed=1)  # as pasted
    suite.provider.stop()
    suite.run(*OURS, passed=1)


@pytest.mark.parametrize("switch", ["option", "variable"])
def test_disabled_fresh_answers_are_kept_only_of_tests_that_pass(
    switch: str, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.test(MARKED)
    monkeypatch.setenv("MODE", "auto")
    suite.run(*OURS, passed=1)
    before = fixture_file(suite).read_bytes()
    arguments = [*OURS]
    if switch == "option":
        arguments.append("--llm-mock-disabled")
    else:
        monkeypatch.setenv("LLM_MOCK_DISABLED", "1")
    monkeypatch.setenv("FAIL", "1")
    suite.run(*arguments, failed=1)
    assert fixture_file(suite).read_bytes() == before
    rejected = fixture_file(suite).with_name("x.json.rejected")
    assert texts(rejected) == ["hi"]
    monkeypatch.setenv("FAIL", "skip")
    suite.run(*arguments, skipped=1)
    assert fixture_file(suite).read_bytes() == before
    monkeypatch.delenv("FAIL")
    suite.run(*arguments, passed=1)
    assert fixture_file(suite).read_bytes() != before
    assert len(suite.provider.received) == 4


# --- beside llm-mock ---------------------------------------------------------------------------------


def test_beside_llm_mock_the_marker_is_its_own_unless_the_ini_option_says_so(suite: Suite) -> None:
    suite.test("""
@pytest.mark.llm_replay(fixture="x", mode="auto")
def test_it(request):
    names = [type(plugin).__name__ for plugin in request.config.pluginmanager.get_plugins()]
    assert request.config.getoption("--llm-mock-disabled") is False
    import vcr.patch, openai._base_client
    from vcr_llm.pytest_plugin.replay_marker import opened
    print("OURS" if request.node.stash.get(opened, None) else "THEIRS")
""")
    result = suite.run("-s", passed=1)
    result.stdout.fnmatch_lines(["vcr-llm: *llm_replay served by llm-mock*", "*THEIRS*"])
    base = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"
    suite.pytester.makeini(base + "llm_replay_plugin = vcr-llm")
    result = suite.run("-s", passed=1)
    result.stdout.fnmatch_lines(["vcr-llm: *llm_replay served by vcr-llm*", "*OURS*"])
    suite.pytester.makeini(base + "llm_replay_plugin = llm-mock")
    suite.run("-s", passed=1).stdout.fnmatch_lines(["*THEIRS*"])
    suite.pytester.makeini(base + "llm_replay_plugin = mine")
    result = suite.pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.stderr.fnmatch_lines(["*llm_replay_plugin must be auto, vcr-llm or llm-mock, not 'mine'*"])


def test_the_option_is_there_with_and_without_llm_mock(suite: Suite) -> None:
    for arguments in ((), OURS):
        result = suite.pytester.runpytest_subprocess("--help", *arguments)
        assert result.stdout.str().count("--llm-mock-disabled") == 1
        assert result.ret == 0


def test_without_llm_mock_the_header_says_nothing(suite: Suite) -> None:
    (suite.pytester.path / "sitecustomize.py").write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        "u.find_spec = lambda name, package=None: None if name == 'llm_mock' else find(name, package)\n"
    )
    suite.test("def test_it():\n    pass\n")
    os.environ["PYTHONPATH"] = str(suite.pytester.path)
    try:
        assert "llm_replay" not in suite.run(*OURS, process=True, passed=1).stdout.str()
    finally:
        del os.environ["PYTHONPATH"]


# --- the article's example ---------------------------------------------------------------------------

PIPELINE = """
import anthropic

client = anthropic.Anthropic()

def summarize(text: str) -> str:
    message = client.messages.create(
        model="claude-haiku-4-5-20251001",
        max_tokens=256,
        messages=[{"role": "user", "content": f"Summarize in one sentence: {text}"}],
    )
    return message.content[0].text
"""
RECORD = """
from vcr_llm import llm_mock
from my_app.pipeline import summarize

with llm_mock(mode="record", fixture="tests/fixtures/summarize"):
    print(summarize("Long article about climate change..."))
"""
TEST = """
import pytest
from my_app.pipeline import summarize

@pytest.mark.llm_replay(fixture="summarize", mode="replay")
def test_summarize():
    assert "Summarize" in summarize("Long article about climate change...")
"""


@pytest.fixture
def article(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Suite:
    root = suite.pytester.path
    for folder in ("my_app", "tests"):
        (root / folder).mkdir()
    (root / "my_app" / "__init__.py").touch()
    (root / "my_app" / "pipeline.py").write_text(PIPELINE)
    (root / "record.py").write_text(RECORD)
    (root / "tests" / "test_pipeline.py").write_text(TEST)
    suite.pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\npythonpath = .\n")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", suite.provider.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-real")
    return suite


def test_the_articles_project_records_replays_and_refreshes(
    article: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = article.pytester.path
    path = root / "tests" / "fixtures" / "summarize.json"
    assert article.pytester.runpython("record.py").ret == 0
    recorded = path.read_bytes()
    article.provider.stop()
    monkeypatch.setenv("ANTHROPIC_API_KEY", "none")
    article.run(*OURS, "--block-network", passed=1)

    article.provider.start()
    monkeypatch.setenv("ANTHROPIC_BASE_URL", article.provider.url)
    test = root / "tests" / "test_pipeline.py"
    test.write_text(TEST.replace('"replay"', '"auto"').replace("Long article", "Another article"))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-real")
    article.run(*OURS, passed=1)
    assert len(texts(path)) == 2
    before = len(article.provider.received)
    article.run(*OURS, passed=1)
    assert len(article.provider.received) == before

    article.run(*OURS, "--llm-mock-disabled", passed=1)
    assert len(article.provider.received) == before + 1
    assert path.read_bytes() != recorded
    assert len(texts(path)) == 2


def test_without_a_key_the_articles_test_replays_with_the_placeholder_option(
    article: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert article.pytester.runpython("record.py").ret == 0
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    article.run(*OURS, "--block-network", failed=1).stdout.fnmatch_lines(["*llm_placeholder_keys*"])
    article.run(*OURS, "--block-network", "-o", "llm_placeholder_keys=true", passed=1)
