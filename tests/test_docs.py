"""The pages under docs: their code runs as it stands, and what they say of commands and options is so."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner
from suite import WITHOUT

from vcr_llm.cli import main
from vcr_llm.migrate import convert
from vcr_llm.scrub import DEFAULT

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
MIGRATING = (ROOT / "docs/migrating.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", MIGRATING, re.MULTILINE | re.DOTALL)
FILES = {text.splitlines()[0].removeprefix("# "): text for kind, text in BLOCKS if kind == "python"}

BODY = '{"model": "g", "messages": [{"role": "user", "content": "hi"}]}'
CASSETTE = yaml.safe_dump(
    {
        "interactions": [
            {
                "request": {
                    "method": method,
                    "uri": f"http://example.test{path}",
                    "body": body,
                    "headers": {},
                },
                "response": {
                    "status": {"code": 200, "message": "OK"},
                    "headers": {"Content-Type": ["text/plain"]},
                    "body": {"string": answer},
                },
            }
            for method, path, body, answer in (
                ("GET", "/hello", None, "hello"),
                ("POST", "/v1/chat/completions", BODY, "answer"),
            )
        ],
        "version": 1,
    }
)
TEST = """
import httpx, pytest

def ask(content):
    body = {"model": "g", "messages": [{"role": "user", "content": content}]}
    with httpx.Client() as client:
        return client.post("http://example.test/v1/chat/completions", json=body).text

@pytest.mark.vcr
def test_it():
    assert httpx.get("http://example.test/hello").text == "hello"
    assert ask("hi") == "answer"

@pytest.mark.vcr
@pytest.mark.filterwarnings("ignore::vcr_llm.StaleWarning")
@pytest.mark.default_cassette("test_it")
def test_what_only_the_fallback_answers():
    assert ask("something else than was recorded") == "answer"
"""
LANGCHAIN_TESTS = """
def base_vcr_config():
    return {
        "record_mode": "once",
        "match_on": ["method", "uri"],
        "allow_playback_repeats": True,
        "decode_compressed_response": True,
        "filter_headers": ["authorization"],
        "serializer": "yaml.gz",
        "path_transformer": str,
    }
"""


def cassette(path: Path) -> None:
    """The old cassette as ``vcr-llm migrate`` leaves it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(convert(CASSETTE.encode(), DEFAULT).text, encoding="utf-8")


def test_every_python_block_is_run_below() -> None:
    conftests = {name for name in FILES if name.endswith("conftest.py")}
    assert FILES.keys() - conftests == {"from_vcrpy.py"}
    assert len(conftests) == 5


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith("conftest.py")])
@pytest.mark.parametrize("migrated", [True, False], ids=["migrated", "not migrated"])
def test_a_suite_with_this_conftest_passes(name: str, migrated: bool, pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error")
    pytester.makeconftest(FILES[name])
    pytester.makepyfile(test_app=TEST)
    (pytester.mkpydir("langchain_tests") / "conftest.py").write_text(LANGCHAIN_TESTS)
    pytester.syspathinsert()
    folder = pytester.path / "cassettes" / ("" if "pytest_vcr" in name else "test_app")
    if migrated:
        cassette(folder / "test_it.llm.json")
    else:
        folder.mkdir(parents=True)
        (folder / "test_it.yaml").write_text(CASSETTE)
    result = pytester.runpytest_inprocess(*WITHOUT, "--block-network")
    result.assert_outcomes(passed=2)


def test_the_script_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cassette(tmp_path / "fixtures/hello.llm.json")
    exec(compile(FILES["from_vcrpy.py"], "from_vcrpy.py", "exec"), {"__name__": "__main__"})


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every ``vcr-llm`` command line in a console block: the verb and its words."""
    for page in [*PAGES, ROOT / "README.md"]:
        for block in re.findall(
            r"^```console\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
        ):
            for line in block.splitlines():
                words = shlex.split(line.partition("  #")[0])
                if words[:1] == ["vcr-llm"]:
                    yield words[1], words[2:]


def options_of(verb: str) -> set[str]:
    command = main.get_command(click.Context(main), verb)
    assert command is not None, verb
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}


def test_the_command_lines_shown_exist() -> None:
    found = list(commands())
    assert {"migrate", "export"} <= {verb for verb, _ in found}
    for verb, words in found:
        assert {word for word in words if word.startswith("--")} <= options_of(verb), (verb, words)


@pytest.mark.parametrize("verb", ["migrate", "export"])
def test_every_option_is_on_the_page(verb: str) -> None:
    for name in options_of(verb):
        if name.startswith("--") and name != "--run":
            assert name in MIGRATING, name


def test_every_format_is_on_the_page() -> None:
    from vcr_llm.migrate.exporting import FORMATS

    for name in FORMATS:
        assert f"| `{name}` |" in MIGRATING


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
    assert f"docs/{page.name}" in (ROOT / "README.md").read_text(encoding="utf-8"), "linked from the README"


def test_the_short_way_is_all_there_is_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "tests/cassettes"
    folder.mkdir(parents=True)
    (folder / "x.yaml").write_text(CASSETTE)
    lines = [line for line in MIGRATING.splitlines() if line.startswith("vcr-llm migrate tests")]
    assert len(lines) == 3
    for line in lines:
        result = CliRunner().invoke(main, shlex.split(line.partition("#")[0])[1:])
        assert result.exit_code == 0, result.output
    assert [path.name for path in folder.iterdir()] == ["x.llm.json"]
