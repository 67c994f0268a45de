"""The plugin inside pytest-recording, as a user's suite sees it."""

from __future__ import annotations

import os

import pytest
from suite import Suite

pytestmark = pytest.mark.sdk

ONE = """
@pytest.mark.vcr
def test_it():
    text = ask()
    with open("answers", "a") as file:
        file.write(repr(text) + "\\n")
"""


def answers(suite: Suite) -> list[str]:
    return (suite.pytester.path / "answers").read_text(encoding="utf-8").splitlines()


def test_three_lines_of_conftest_record_and_replay(suite: Suite) -> None:
    suite.test(ONE)
    suite.run("--record-mode=once", passed=1)
    suite.provider.stop()
    suite.environment(OPENAI_API_KEY="none")
    suite.run("--block-network", passed=1)
    assert len(set(answers(suite))) == 1
    assert suite.interactions()[0]["request"]["messages"] == [{"role": "user", "content": "hi"}]


def test_without_a_cassette_the_default_mode_refuses_the_call(suite: Suite) -> None:
    suite.test(ONE)
    result = suite.run(failed=1)
    result.stdout.fnmatch_lines(
        ["*No recording answers this call*", "*no such file*", "*--record-mode=once*"]
    )
    assert suite.provider.received == []


def test_a_cassette_that_cannot_be_opened_is_told_in_a_line(suite: Suite) -> None:
    suite.test(
        ONE.replace("vcr", "vcr('damaged.llm.json')", 1)
        + """
@pytest.mark.vcr(normalize=["timestmp"])
def test_option(): ...

@pytest.fixture
def mine():
    import vcr_llm
    vcr_llm.use_cassette("damaged.llm.json").__enter__()

def test_in_the_code(mine): ...
""",
        sdk=False,
    )
    folder = suite.pytester.path / "cassettes" / "test_app"
    folder.mkdir(parents=True)
    for name in (folder / "damaged.llm.json", suite.pytester.path / "damaged.llm.json"):
        name.write_text("{\n<<<<<<< HEAD\n", "utf-8")
    lines = suite.run(errors=3).outlines
    (marked,) = (number for number, line in enumerate(lines) if "ERROR at setup of test_it" in line)
    assert "damaged.llm.json:2:1: The cassette has an unresolved merge conflict." in lines[marked + 1]
    assert "ERROR at setup of test_option" in lines[marked + 2]
    assert lines[marked + 3].endswith("unknown normalizer 'timestmp'. Did you mean 'timestamp'?")
    assert any(line.startswith(">") and "damaged.llm.json" in line for line in lines)


def test_new_episodes_all_and_rewrite(suite: Suite) -> None:
    suite.test(ONE)
    suite.run("--record-mode=once", passed=1)
    suite.run("--record-mode=new_episodes", passed=1)
    assert len(suite.provider.received) == 1
    suite.run("--record-mode=all", passed=1)
    suite.run("--record-mode=rewrite", passed=1)
    assert len(suite.provider.received) == 3
    assert len(suite.interactions()) == 1
    suite.run(passed=1)
    assert answers(suite)[-1] == answers(suite)[-2]


def test_options_of_a_mark_count_for_its_test(suite: Suite) -> None:
    suite.test("""
@pytest.mark.vcr
def test_it():
    ask(max_tokens=int(os.environ["LIMIT"]))

@pytest.mark.vcr(strict=True)
def test_strict():
    ask(max_tokens=int(os.environ["LIMIT"]))
""")
    os.environ["LIMIT"] = "5"
    suite.run("--record-mode=once", passed=2)
    os.environ["LIMIT"] = "6"
    result = suite.run("-W", "default", passed=1, failed=1, warnings=1)
    result.stdout.fnmatch_lines(["*DriftWarning*max_tokens: 5 → 6*"])
    del os.environ["LIMIT"]


def test_drift_under_warnings_as_errors_fails_at_the_end_of_the_test(suite: Suite) -> None:
    suite.test("""
@pytest.mark.vcr
def test_it():
    ask(max_tokens=int(os.environ["LIMIT"]))
""")
    os.environ["LIMIT"] = "5"
    suite.run("--record-mode=once", passed=1)
    os.environ["LIMIT"] = "6"
    suite.run(passed=1, errors=1)
    del os.environ["LIMIT"]


def test_an_unknown_option_of_a_mark_is_told(suite: Suite) -> None:
    suite.test("""
@pytest.mark.vcr(strickt=True)
def test_it():
    ask()
""")
    result = suite.run("--record-mode=once", "-W", "default", passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*unknown option 'strickt'*Did you mean 'strict'*"])


def test_default_cassette_names_the_file(suite: Suite) -> None:
    suite.test("""
@pytest.mark.default_cassette("shared")
@pytest.mark.vcr
def test_it():
    ask()
""")
    suite.run("--record-mode=once", passed=1)
    assert len(suite.interactions("test_app/shared.llm.json")) == 1


def test_extra_cassettes_answer_whatever_their_format_and_stay_where_they_are(suite: Suite) -> None:
    suite.test("""
@pytest.mark.vcr
def test_it():
    ask("one")

@pytest.mark.vcr(serializer="yaml")
def test_old():
    ask("two")
""")
    suite.run("--record-mode=once", passed=2)
    assert "interactions:" in suite.cassette("test_app/test_old.yaml").read_text(encoding="utf-8")
    suite.test("""
@pytest.mark.vcr("test_it.llm.json", "test_old.yaml")
def test_both():
    assert "one" in ask("one")
    assert "two" in ask("two")
    ask(os.environ["THIRD"])
""")
    os.environ["THIRD"] = "three"
    suite.run("--record-mode=new_episodes", passed=1)
    (entry,) = suite.interactions("test_app/test_both.llm.json")
    assert entry["request"]["messages"][0]["content"] == "three"
    suite.provider.stop()
    suite.run(passed=1)
    del os.environ["THIRD"]


def test_a_missing_extra_cassette_is_warned_about(suite: Suite) -> None:
    suite.test("""
@pytest.mark.vcr("nowhere.yaml")
def test_it():
    ask()
""")
    result = suite.run("--record-mode=once", "-W", "default", passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*MissingCassetteWarning*nowhere.yaml does not exist*"])


def test_the_vcr_fixture_is_the_cassette(suite: Suite) -> None:
    suite.test("""
import vcr as vcrpy, vcr_llm

@pytest.mark.vcr
def test_it(vcr):
    ask()
    assert isinstance(vcr, vcr_llm.Cassette) and isinstance(vcr, vcrpy.cassette.Cassette)
    assert len(vcr) == 1
""")
    suite.run("--record-mode=once", passed=1)


def test_without_the_preset_vcrpy_is_left_alone(suite: Suite) -> None:
    suite.pytester.makeconftest("")
    suite.test("""
import vcr_llm

@pytest.mark.vcr
def test_it(vcr):
    ask()
    assert not isinstance(vcr, vcr_llm.Cassette)

@pytest.mark.vcr(match_on=["llm"])
def test_matcher_only(vcr):
    ask()
    assert isinstance(vcr, vcr_llm.Cassette)
""")
    suite.run("--record-mode=once", passed=2)
    assert suite.cassette("test_app/test_it.yaml").is_file()
    assert suite.cassette("test_app/test_matcher_only.yaml").is_file()


def test_the_users_own_hook_still_has_its_say(suite: Suite) -> None:
    suite.conftest(
        'match_on=("llm", "tenant")',
        """
def tenant(one, two):
    return one.headers.get("x-tenant") == two.headers.get("x-tenant") or not two.headers

def pytest_recording_configure(config, vcr):
    vcr.register_matcher("tenant", tenant)
""",
    )
    suite.test(ONE)
    suite.run("--record-mode=once", passed=1)
    suite.run(passed=1)


def test_async_tests_classes_and_parameters(suite: Suite) -> None:
    suite.test("""
import asyncio

class TestAll:
    @pytest.mark.vcr
    @pytest.mark.parametrize("word", ["a/b", "c"])
    def test_word(self, word):
        assert word in ask(word)

@pytest.mark.vcr
@pytest.mark.asyncio
async def test_async():
    async with openai.AsyncOpenAI(base_url=os.environ["PROVIDER_URL"] + "/v1") as client:
        calls = [client.embeddings.create(model="e", input=word) for word in "abc"]
        assert len(await asyncio.gather(*calls)) == 3
""")
    suite.run("--record-mode=once", passed=3)
    suite.provider.stop()
    suite.run("--block-network", passed=3)
    suite.run("--block-network", "-n", "2", passed=3)


def test_a_failing_test_keeps_what_was_recorded(suite: Suite) -> None:
    suite.test("""
@pytest.mark.vcr
def test_it():
    ask()
    assert False
""")
    suite.run("--record-mode=once", failed=1)
    assert len(suite.interactions()) == 1


def test_what_a_failed_test_left_half_is_completed_or_recorded_anew(suite: Suite) -> None:
    suite.test(
        """
@pytest.mark.vcr
def test_it():
    ask("one")
    assert "FAIL" not in os.environ
    ask("two")
""",
        sdk=False,
    )
    suite.environment(FAIL="1")
    suite.run("--record-mode=once", failed=1)
    suite.environment(FAIL=None)
    suite.run(failed=1)  # "two" was never recorded
    (one,) = suite.interactions()
    suite.run("--record-mode=new_episodes", passed=1)
    assert suite.interactions()[0] == one
    assert len(suite.interactions()) == 2
    suite.run("--record-mode=rewrite", passed=1)
    assert one not in suite.interactions()
    assert len(suite.interactions()) == 2


def test_disable_recording_goes_live(suite: Suite) -> None:
    suite.test(ONE)
    suite.run("--disable-recording", passed=1)
    assert len(suite.provider.received) == 1
    assert not suite.cassette().exists()


# --- placeholder keys --------------------------------------------------------------------------------


def ini(suite: Suite, line: str) -> None:
    suite.pytester.makeini(f"[pytest]\nasyncio_default_fixture_loop_scope = function\n{line}")


def test_with_placeholder_keys_a_client_made_at_import_replays(suite: Suite) -> None:
    suite.test(ONE)
    suite.run("--record-mode=once", passed=1)
    ini(suite, "llm_placeholder_keys = true")
    suite.environment(OPENAI_API_KEY=None)
    suite.run("--block-network", passed=1)
    suite.run("--block-network", "-n", "1", passed=1)


def test_the_placeholder_is_gone_after_the_run(suite: Suite) -> None:
    suite.test(ONE)
    suite.run("--record-mode=once", passed=1)
    ini(suite, "llm_placeholder_keys = true")
    suite.environment(OPENAI_API_KEY=None)
    suite.pytester.makepyfile(
        run="""
import os, pytest
assert pytest.main(["-p", "no:cacheprovider", "-q"]) == 0
assert "OPENAI_API_KEY" not in os.environ
print("gone")
"""
    )
    suite.pytester.runpython("run.py").stdout.fnmatch_lines(["gone"])


def test_a_live_call_with_a_placeholder_key_says_what_to_set(suite: Suite) -> None:
    suite.test(ONE)
    ini(suite, "llm_placeholder_keys = true")
    suite.environment(OPENAI_API_KEY=None)
    result = suite.run("--record-mode=once", failed=1)
    result.stdout.fnmatch_lines(["*PlaceholderKeyError*needs a real API key*OPENAI_API_KEY*"])
    assert suite.provider.received == []


def test_a_real_key_is_never_replaced(suite: Suite) -> None:
    suite.test(ONE)
    ini(suite, "llm_placeholder_keys = true")
    suite.run("--record-mode=once", passed=1)
    assert suite.provider.received[0].headers["authorization"] == "Bearer sk-live-key"


def test_a_missing_key_names_the_option_where_it_would_help(suite: Suite) -> None:
    suite.test(ONE)
    suite.environment(OPENAI_API_KEY=None)
    suite.run(errors=1).stdout.fnmatch_lines(["*without an API key*llm_placeholder_keys*"])
    suite.pytester.makepyfile(
        test_app="""
import anthropic, openai, pytest

@pytest.mark.vcr
def test_openai():
    openai.OpenAI()

@pytest.mark.vcr
def test_anthropic():
    anthropic.Anthropic().messages.create(model="c", max_tokens=1, messages=[])

def test_without_cassette():
    openai.OpenAI()
"""
    )
    result = suite.run(failed=3)
    assert result.stdout.str().count("llm_placeholder_keys") == 2


# --- what a run has a use for ------------------------------------------------------------------------

TOLD = """
def pytest_unconfigure(config):
    import sys
    from vcr_llm.pytest_plugin import WHEN_USED
    joined = [name for name in WHEN_USED if config.pluginmanager.hasplugin(f"vcr_llm.pytest_plugin.{name}")]
    loaded = {"vcr", "yaml", "vcr_llm.recorder", "vcr_llm.run_report"} & sys.modules.keys()
    print("joined:", ", ".join(joined) or "nothing", "loaded:", ", ".join(sorted(loaded)) or "nothing")
"""


def test_nothing_joins_a_run_without_cassettes(suite: Suite) -> None:
    suite.pytester.makeconftest(TOLD)
    suite.test("def test_plain(): ...", sdk=False)
    result = suite.run("-s", process=True, passed=1)
    result.stdout.fnmatch_lines(["joined: nothing loaded: nothing"])


def test_a_test_that_is_marked_when_it_runs_has_all_that_others_have(suite: Suite) -> None:
    suite.conftest(
        "",
        """
def pytest_runtest_setup(item):
    if "plain" not in item.name:
        item.add_marker(pytest.mark.vcr)
"""
        + TOLD,
    )
    suite.test(
        """
def test_plain(): ...
def test_it(): assert ask()
def test_swallowing():
    try:
        ask("something else")
    except BaseException:
        pass
""",
        sdk=False,
    )
    suite.run("--record-mode=once", "-k", "plain or test_it", process=True, passed=2, deselected=1)
    result = suite.run("-s", process=True, passed=2, failed=1)
    result.stdout.fnmatch_lines(["*No recording answers this call*", "requests: 1 replayed*"])
    result.stdout.fnmatch_lines(["joined: run_folder, *, summary loaded: vcr, *"])


def test_a_cassette_opened_in_the_code_is_in_the_summary(suite: Suite) -> None:
    suite.test(
        """
def test_plain(): ...

def test_it(tmp_path):
    import vcr_llm
    with vcr_llm.use_cassette(tmp_path / "x.llm.json"):
        assert ask()
""",
        sdk=False,
    )
    suite.run(process=True, passed=2).stdout.fnmatch_lines(["requests: 0 replayed, 1 recorded"])


def test_a_cassette_goes_with_its_test(suite: Suite) -> None:
    suite.conftest(
        "",
        """
def pytest_sessionfinish():
    import gc
    gc.collect()
    kept = [each for each in gc.get_objects() if type(each) is vcr_llm.Cassette]
    print("kept:", [each for each in kept if "goes_with_its_test" in str(each._path)])
""",
    )
    suite.test("@pytest.mark.vcr\ndef test_it(llm_cassette): assert ask()", sdk=False)
    result = suite.run("--record-mode=once", "-s", passed=1)
    result.stdout.fnmatch_lines(["*kept: []*"])
