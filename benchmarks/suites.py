"""What a run of pytest costs: its start, and a suite of many small tests with a cassette each."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import traffic
from benchmarks.contenders import BY_NAME, Sample

__all__ = ["SUITES", "migration", "start_up", "suite"]

_WITHOUT_OURS = ("-p", "pytest_recording.plugin")
_WITH_OURS = (*_WITHOUT_OURS, "-p", "vcr_llm.pytest_plugin")
"""No other plugin is loaded: some import what ours then need not."""


def _cpu_seconds(arguments: Sequence[str], folder: Path, environ: Mapping[str, str] = {}) -> float:
    """A command's CPU time with that of its children. Raises `RuntimeError` where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environ}
    run = subprocess.run(arguments, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode not in (0, 5):  # 5: no tests, as there are none where only the start is timed
        raise RuntimeError(run.stdout + run.stderr)
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def _pytest(*more: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *more]


def start_up() -> dict[str, float]:
    """CPU seconds of collecting an empty folder, with this package's plugin and without it."""
    with tempfile.TemporaryDirectory() as name:
        Path(name, "pytest.ini").write_text("[pytest]\n")
        return {
            "with": _cpu_seconds(_pytest("--collect-only", *_WITH_OURS), Path(name)),
            "without": _cpu_seconds(_pytest("--collect-only", *_WITHOUT_OURS), Path(name)),
        }


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

SUITES: dict[str, tuple[str | None, str, tuple[str, ...]]] = {
    "no cassettes": (None, _FLOOR.format(headers=traffic.HEADERS), ()),
    "vcr-llm": ("vcr-llm", _OURS, _WITH_OURS),
    "vcrpy YAML, body": (
        "vcrpy YAML, body",
        _VCRPY.format(options={"match_on": ["method", "uri", "body"]}),
        _WITHOUT_OURS,
    ),
    "vcrpy JSON, body": (
        "vcrpy JSON, body",
        _VCRPY.format(options={"match_on": ["method", "uri", "body"], "serializer": "json"}),
        _WITHOUT_OURS,
    ),
}
"""name → (contender whose cassettes they are, conftest.py, pytest's arguments)."""


def suite(name: str, folder: Path, count: int) -> float:
    """CPU seconds of one run of a suite, which is written when it is first needed."""
    contender, conftest, more = SUITES[name]
    home = folder / f"suite-{count}-{name.replace(' ', '-').replace(',', '')}"
    if not home.exists():
        home.mkdir()
        (home / "pytest.ini").write_text("[pytest]\nmarkers = vcr\n")
        (home / "conftest.py").write_text(conftest)
        (home / "test_suite.py").write_text(
            _TESTS.format(count=count, system=traffic.SYSTEM, model=traffic.MODEL)
        )
        if contender is not None:
            _write_cassettes(contender, home / "cassettes/test_suite", count)
    root = str(Path(__file__).resolve().parents[1])
    record = () if contender is None else ("--record-mode=none",)
    return _cpu_seconds(_pytest(*more, *record), home, {"PYTHONPATH": root})


def _write_cassettes(contender: str, folder: Path, count: int) -> None:
    found = BY_NAME[contender]
    folder.mkdir(parents=True)
    for number in range(count):
        found.prepare(folder / f"test_it[{number}]{found.suffix}", _One(1, number=number))()


class _One(Sample):
    """A cassette of one interaction, that of a certain number."""

    def __init__(self, count: int, *, number: int) -> None:
        super().__init__(count)
        object.__setattr__(self, "number", number)

    def pairs(self) -> list[tuple[bytes, bytes]]:
        number: int = self.__dict__["number"]
        return [(self.asked(number), self.answered(number))]


def migration(folder: Path, count: int) -> dict[str, float]:
    """CPU seconds of ``vcr-llm migrate`` for one vcrpy YAML cassette, and the file's bytes."""
    home = folder / f"migration-{count}"
    if not home.exists():
        home.mkdir()
        BY_NAME["vcrpy YAML"].prepare(home / "old.yaml", Sample(count))()
    for made in home.glob("*.llm.json"):
        made.unlink()
    command = [sys.executable, "-c", "from vcr_llm.cli import main; main()", "migrate", "--write", "."]
    seconds = _cpu_seconds(command, home)
    written = list(home.glob("*.llm.json"))
    if len(written) != 1 or len(json.loads(written[0].read_text())["interactions"]) != count:
        raise RuntimeError("the migration did not write what was expected")
    return {"seconds": seconds, "bytes": (home / "old.yaml").stat().st_size}
