"""The two runs of `vcr-llm demo`: one records from the local provider, one replays without it.

The suite they run is a real one; its files are in `suite/`. Their names end in `.txt` there, so that nobody's
test run collects them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import secrets
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from vcr_llm.demo.provider import LocalProvider

__all__ = [
    "RECORD",
    "REPLAY",
    "STREAMED",
    "Answers",
    "Finding",
    "Run",
    "addresses",
    "clean_environment",
    "fake_keys",
    "findings",
    "missing_packages",
    "perform",
    "pytest_environment",
    "suite_text",
    "write_suite",
]

Answers = Mapping[str, list[str]]
"""Test → what the provider answered in it."""

RECORD: Final = ("--record-mode=once", "-v")
REPLAY: Final = ("--block-network", "-v")
STREAMED: Final = "cassettes/test_demo/test_streamed_tool_call.llm.json"

_SECONDS: Final = 180
"""How long one run may take; it takes about two seconds."""

_PACKAGES: Final = {
    "anthropic": "anthropic",
    "openai": "openai",
    "pytest": "pytest",
    "pytest_recording": "pytest-recording",
}
"""Module → its name on PyPI."""

_PASSED_ON: Final = (
    *("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "NO_COLOR"),
    *("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP"),
    *("USERPROFILE", "APPDATA", "LOCALAPPDATA"),
)
"""What Python needs to start and to find the packages. All else stays out: keys, proxies, pytest options."""

_PYTEST_OPTIONS: Final = (
    "-c",
    "pytest.ini",
    "--rootdir=.",
    "-p",
    "recording",
    "-p",
    "vcr_llm",
    "-p",
    "no:cacheprovider",
)
_HEADERS_WITH_KEYS: Final = ("authorization", "x-api-key")


@dataclass(frozen=True)
class Run:
    """What one pytest run left."""

    exit_code: int
    answers: Answers
    requests: int  # that reached the provider meanwhile
    cassettes: Mapping[str, str]  # path → digest, after the run


@dataclass(frozen=True)
class Finding:
    """One thing that must be so after both runs, and whether it is."""

    holds: bool
    text: str


# --- before the runs ----------------------------------------------------------------------------------


def missing_packages() -> list[str]:
    """The PyPI names of what the suite needs and this Python does not have. Nothing is imported."""
    return [name for module, name in _PACKAGES.items() if not _is_importable(module)]


def _is_importable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ValueError:  # imported already, but put there by hand
        return True


def suite_text(name: str) -> str:
    """One file of the suite."""
    return (resources.files("vcr_llm.demo") / "suite" / f"{name}.txt").read_text(encoding="utf-8")


def write_suite(folder: Path) -> list[str]:
    """Write the suite's files; their names."""
    stored = (resources.files("vcr_llm.demo") / "suite").iterdir()
    names = sorted(file.name.removesuffix(".txt") for file in stored if file.name.endswith(".txt"))
    for name in names:
        (folder / name).write_text(suite_text(name), encoding="utf-8")
    return names


def fake_keys() -> dict[str, str]:
    """Keys that look real and are made up for this one run."""
    return {
        "ANTHROPIC_API_KEY": f"sk-ant-api03-{secrets.token_urlsafe(69)}-{secrets.token_urlsafe(6)}AA",
        "OPENAI_API_KEY": f"sk-proj-{secrets.token_urlsafe(55)}T3BlbkFJ{secrets.token_urlsafe(55)}",
    }


# --- a run --------------------------------------------------------------------------------------------


def perform(
    folder: Path,
    name: str,
    options: Iterable[str],
    environment: Mapping[str, str],
    provider: LocalProvider,
    show: Callable[[str], object],
) -> Run:
    """Run the suite in ``folder`` with these pytest options; ``show`` gets each line of pytest's output."""
    answers = folder.absolute() / "answers" / f"{name}.json"
    received = len(provider.received)
    exit_code = _run_pytest(folder, options, {**environment, "DEMO_ANSWERS": str(answers)}, show)
    return Run(
        exit_code,
        json.loads(answers.read_text(encoding="utf-8")) if answers.exists() else {},
        len(provider.received) - received,
        _digests(folder),
    )


def addresses(provider: LocalProvider) -> dict[str, str]:
    """The variables from which both SDKs take the provider's address."""
    return {"ANTHROPIC_BASE_URL": provider.url, "OPENAI_BASE_URL": f"{provider.url}/v1"}


def clean_environment() -> dict[str, str]:
    """This process's environment without anything that could change a run, or be a secret."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    if "PYTHONPATH" in passed_on:  # may be relative to this folder; the run is in another one
        folders = passed_on["PYTHONPATH"].split(os.pathsep)
        passed_on["PYTHONPATH"] = os.pathsep.join(str(Path(folder).absolute()) for folder in folders)
    return passed_on


def pytest_environment(width: int, has_color: bool) -> dict[str, str]:
    """Options that make a run the same everywhere, out of sight: the command shown is the command run."""
    options = (*_PYTEST_OPTIONS, f"--color={'yes' if has_color else 'no'}")
    return {
        "PYTEST_ADDOPTS": shlex.join(options),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # other plugins may change order and output
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONIOENCODING": "utf-8",
        "COLUMNS": str(width),
        "NO_PROXY": "*",  # else proxies from the operating system's settings are used
    }


def _run_pytest(
    folder: Path, options: Iterable[str], environment: Mapping[str, str], show: Callable[[str], object]
) -> int:
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", *options],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        limit = threading.Timer(_SECONDS, process.kill)
        limit.start()
        try:
            for line in process.stdout or ():
                show(line.rstrip("\r\n"))
        except BaseException:
            process.kill()
            raise
        finally:
            limit.cancel()
    return process.returncode


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "cassettes").rglob("*"))
        if path.is_file()
    }


# --- after the runs -----------------------------------------------------------------------------------


def findings(folder: Path, recorded: Run, replayed: Run, keys: Mapping[str, str]) -> list[Finding]:
    """What was to be shown, and whether it was."""
    return [
        _passed(recorded, replayed),
        *_same_answers(recorded.answers, replayed.answers),
        _asked_once(recorded, replayed),
        _untouched(recorded.cassettes, replayed.cassettes),
        _without_keys(folder, keys),
    ]


def _passed(recorded: Run, replayed: Run) -> Finding:
    codes = (recorded.exit_code, replayed.exit_code)
    if codes == (0, 0):
        return Finding(True, "Both pytest runs passed.")
    return Finding(False, f"pytest ended with exit code {codes[0]} in run 1 and {codes[1]} in run 2.")


def _same_answers(recorded: Answers, replayed: Answers) -> list[Finding]:
    if recorded and recorded == replayed:
        count = sum(map(len, recorded.values()))
        return [Finding(True, f"All {count} answers are identical in both runs.")]
    if not recorded:
        return [Finding(False, "Run 1 left no answers.")]
    return [
        Finding(False, f"{test}: run 1 got {recorded.get(test)}, run 2 got {replayed.get(test)}.")
        for test in {**recorded, **replayed}
        if recorded.get(test) != replayed.get(test)
    ]


def _asked_once(recorded: Run, replayed: Run) -> Finding:
    told = (
        f"The provider got {recorded.requests} requests in run 1 and {replayed.requests or 'none'} in run 2."
    )
    return Finding(recorded.requests > 0 and replayed.requests == 0, told)


def _untouched(before: Mapping[str, str], after: Mapping[str, str]) -> Finding:
    changed = sorted(path for path in {**before, **after} if before.get(path) != after.get(path))
    if changed or not before:
        return Finding(False, f"Run 2 changed cassettes: {', '.join(changed) or 'there are none'}.")
    return Finding(True, f"Run 2 left all {len(before)} cassettes as they were.")


def _without_keys(folder: Path, keys: Mapping[str, str]) -> Finding:
    """Run 1 had keys and sent them in headers; none of either may be in a file."""
    traces = [text.lower().encode() for text in (*keys.values(), *_HEADERS_WITH_KEYS)]
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    leaking = [path.name for path in files if any(text in path.read_bytes().lower() for text in traces)]
    if leaking:
        return Finding(False, f"A key or an authorization header is in: {', '.join(leaking)}.")
    return Finding(True, f"No key and no authorization header is in any of the {len(files)} files.")
