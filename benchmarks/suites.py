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


def start_up(number: int) -> dict[str, float]:
    """CPU seconds of collecting an empty folder, with this package's plugin and without it.

    Which of the two goes first alternates with ``number``, the round. ``imported``: how many of the heavy
    packages are imported with it that are not without it.
    """
    with tempfile.TemporaryDirectory() as name:
        Path(name, "pytest.ini").write_text("[pytest]\n")
        kinds = {"with": _WITH_OURS, "without": _WITHOUT_OURS}
        names = sorted(kinds, reverse=bool(number % 2))
        found = {each: _run(_pytest("--collect-only", *kinds[each]), Path(name))[0] for each in names}
        imported = {each: _imported(kinds[each], Path(name)) for each in names}
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
