"""What a run of pytest costs: its start, and a suite of many small tests with a cassette each."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import traffic
from benchmarks.contenders import BY_NAME
from benchmarks.results import NO_CASSETTES
from benchmarks.samples import Sample

__all__ = ["SUITES", "Suite", "migration", "start_up", "suite"]

_WITHOUT_OURS = ("-p", "pytest_recording.plugin")
_WITH_OURS = (*_WITHOUT_OURS, "-p", "vcr_llm.pytest_plugin")
"""No other plugin is loaded: some import what ours then need not."""
_HEAVY = ("vcr", "openai", "anthropic", "httpx", "httpx2", "aiohttp", "requests", "rich", "click", "yaml")
"""What a run without cassettes must not import."""


def _run(arguments: Sequence[str | Path], folder: Path, environ: Mapping[str, str] = {}) -> tuple[float, str]:
    """A command's CPU time with that of its children, in seconds, and what it printed.

    Raises `RuntimeError` where it fails.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Without compiled files every start would compile this package, and pytest those it rewrites.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environ = {**inherited, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environ}
    run = subprocess.run(arguments, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode not in (0, 5):  # 5: no tests, as there are none where only the start is timed
        raise RuntimeError(run.stdout + run.stderr)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime), run.stdout


def _pytest(*more: str, python: Path | str = sys.executable) -> list[str | Path]:
    return [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *more]


_STARTS = 5
_START = """
import json, os, sys, pytest
def spent(arguments):
    child = os.fork()
    if not child:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1), os.dup2(nowhere, 2)
        os._exit(pytest.main(arguments))
    _, status, used = os.wait4(child, 0)
    assert os.waitstatus_to_exitcode(status) == pytest.ExitCode.NO_TESTS_COLLECTED
    return used.ru_utime + used.ru_stime
kinds, turns = json.loads(sys.argv[1])
found = dict.fromkeys(kinds, 0.0)
for turn in range(turns):
    for kind in sorted(kinds, reverse=bool(turn % 2)):
        found[kind] += spent(["-q", "-p", "no:cacheprovider", "--collect-only", *kinds[kind]])
print(json.dumps({kind: seconds / turns for kind, seconds in found.items()}))
"""
"""Starts pytest in one kind and another, each several times, in copies of a process that has imported it. To
import it takes longer than the rest, and differs by more from one time to the next than is to be measured."""


def start_up() -> dict[str, float]:
    """CPU seconds of collecting an empty folder, with this package's plugin and without it, pytest imported.

    ``imported``: how many of the heavy packages are imported with it that are not without it.
    """
    # For every -p pytest looks through all that is installed; a plugin that it has found by itself, as most
    # runs have, costs nothing of the kind. So without ours something else is named that does nothing.
    kinds = {"with": _WITH_OURS, "without": (*_WITHOUT_OURS, "-p", "__future__")}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\n")
        found = json.loads(_run([sys.executable, "-c", _START, json.dumps([kinds, _STARTS])], folder)[1])
        imported = {each: _imported(kinds[each], folder) for each in kinds}
    return {**found, "imported": len(imported["with"] - imported["without"])}


def _imported(plugins: Sequence[str], folder: Path) -> set[str]:
    code = (
        "import sys, pytest\n"
        f"pytest.main(['-q', '-p', 'no:cacheprovider', '--collect-only', *{list(plugins)!r}])\n"
        f"print('imported', *(name for name in {_HEAVY!r} if name in sys.modules))"
    )
    return set(_run([sys.executable, "-c", code], folder)[1].splitlines()[-1].split()[1:])


_TESTS = """
import openai, pytest
CLIENT = openai.OpenAI(api_key="sk-benchmark")
@pytest.mark.vcr
@pytest.mark.parametrize("number", range({count}))
def test_it(number):
    asked = [dict(role="system", content={system!r}), dict(role="user", content="Question %d: what is the "
             "capital of country number %d, and since when?" % (number, number))]
    found = CLIENT.chat.completions.create(model={model!r}, messages=asked)
    assert found.id == "chatcmpl-%06d" % number
"""
_FLOOR = """
import httpx2, openai, pytest
def answer(request):
    number = int(request.content.split(b"Question ")[1].split(b":")[0])
    return httpx2.Response(200, headers={headers!r}, content=traffic.answer(number))
from benchmarks import traffic
CLIENT = openai.OpenAI(api_key="x", http_client=httpx2.Client(transport=httpx2.MockTransport(answer)))
@pytest.fixture(autouse=True)
def _client(request):
    request.module.CLIENT = CLIENT
"""
_VCRPY = """
import pytest
@pytest.fixture(scope="session")
def vcr_config():
    return {options!r}
"""
_OURS = """
import pytest, vcr_llm
@pytest.fixture(scope="session")
def vcr_config():
    return vcr_llm.preset()
"""

_CASSETTER = _VCRPY.format(options={"match_on": ["method", "uri", "json_body"]})
_FLOOR_CONFTEST = _FLOOR.format(headers=traffic.HEADERS)
_NONE = ("--record-mode=none",)
_RECORDING = (*_WITHOUT_OURS, *_NONE)
_BODY = ["method", "uri", "body"]


@dataclass(frozen=True)
class Suite:
    """A suite whose cassettes are the ``contender``'s (None: the floor, without cassettes).

    ``plugins``: pytest's arguments for the plugins; ``environment``: see `benchmarks.environments`.
    """

    contender: str | None
    conftest: str
    plugins: tuple[str, ...] = ()
    environment: str = "here"


SUITES = {
    NO_CASSETTES: Suite(None, _FLOOR_CONFTEST),
    "vcr-llm": Suite("vcr-llm", _OURS, (*_WITH_OURS, *_NONE)),
    "vcrpy YAML, body": Suite("vcrpy YAML, body", _VCRPY.format(options={"match_on": _BODY}), _RECORDING),
    "vcrpy JSON, body": Suite(
        "vcrpy JSON, body", _VCRPY.format(options={"match_on": _BODY, "serializer": "json"}), _RECORDING
    ),
    f"{NO_CASSETTES}, cassetter's environment": Suite(None, _FLOOR_CONFTEST, (), "cassetter"),
    "cassetter YAML, json_body": Suite(
        "cassetter YAML, json_body", _CASSETTER, ("-p", "cassetter.pytest_plugin"), "cassetter"
    ),
}


def suite(name: str, python: Path, folder: Path, count: int) -> float:
    """CPU seconds of one run of a suite, which is written when it is first needed."""
    chosen = SUITES[name]
    home = folder / f"suite-{count}-{re.sub(r'[^A-Za-z0-9]+', '-', name)}"
    root = {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    if not home.exists():
        home.mkdir()
        (home / "pytest.ini").write_text("[pytest]\nmarkers = vcr\n")
        (home / "conftest.py").write_text(chosen.conftest)
        (home / "test_suite.py").write_text(
            _TESTS.format(count=count, system=traffic.SYSTEM, model=traffic.MODEL)
        )
        if chosen.contender is not None:
            _run([python, "-m", "benchmarks.suites", chosen.contender, str(count)], home, root)
    return _run(_pytest(*chosen.plugins, python=python), home, root)[0]


def write_cassettes(contender: str, folder: Path, count: int) -> None:
    """A cassette of one interaction for each test, written in the contender's own environment."""
    found = BY_NAME[contender]
    folder.mkdir(parents=True)
    for number in range(count):
        found.record(folder / f"test_it[{number}]{found.suffix}", Sample(1), [number])()


def migration(folder: Path, count: int) -> dict[str, float]:
    """CPU seconds of ``vcr-llm migrate`` for a vcrpy YAML cassette, its start included; the file's bytes."""
    home = folder / f"migration-{count}"
    if not home.exists():
        home.mkdir()
        BY_NAME["vcrpy YAML"].record(home / "old.yaml", Sample(count), range(count))()
    for made in home.glob("*.llm.json"):
        made.unlink()
    command = [sys.executable, "-c", "from vcr_llm.cli import main; main()", "migrate", "--write", "."]
    seconds, _ = _run(command, home)
    written = list(home.glob("*.llm.json"))
    if len(written) != 1 or len(json.loads(written[0].read_text())["interactions"]) != count:
        raise RuntimeError("the migration did not write what was expected")
    return {"seconds": seconds, "bytes": (home / "old.yaml").stat().st_size}


if __name__ == "__main__":
    write_cassettes(sys.argv[1], Path("cassettes/test_suite"), int(sys.argv[2]))
