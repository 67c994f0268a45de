"""The end of the run: the section in the terminal, the files for CI, and whether the run fails as a whole."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from vcr_llm.pytest_plugin.options import GROUP, setting, shows_calls
from vcr_llm.pytest_plugin.run_facts import facts, is_empty
from vcr_llm.pytest_plugin.whole_run import orphans

if TYPE_CHECKING:
    from vcr_llm.run_report import CallFact, Price, Summary

__all__: list[str] = []

_summary = pytest.StashKey["Summary"]()
_JOB_SUMMARY: Final = "GITHUB_STEP_SUMMARY"
_LOOK: Final[dict[str, dict[str, bool]]] = {
    "loud": {"red": True, "bold": True},
    "finding": {"yellow": True},
    "said": {},
}


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """On the controller, when all workers have ended; the terminal's summary comes after it."""
    config = session.config
    if hasattr(config, "workerinput") or (is_empty(config) and not setting(config, "report")):
        return
    if config.getoption("setuponly", False):  # no test has run, and so none has played anything
        return
    from vcr_llm.run_report import Policy, summarized

    found = summarized(
        facts(config),
        now=datetime.now(UTC),
        orphans=orphans(config),
        policy=Policy(
            orphans=setting(config, "on_orphans"),
            past=setting(config, "on_bypass"),
            age=setting(config, "on_age"),
        ),
        price=_price(config),
    )
    fine = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    if found.failures and fine:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    problems = [
        *_not_written("the report", lambda: _write_report(config, found, int(session.exitstatus))),
        *_not_written("the job summary", lambda: _write_job_summary(config, found)),
    ]
    if problems and fine:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    config.stash[_summary] = replace(found, failures=(*found.failures, *problems))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    found = config.stash.get(_summary, None)
    if found is None:
        return
    from vcr_llm.run_report import terminal_lines

    verbosity = config.option.verbose
    lines = terminal_lines(found, verbosity)
    if lines and verbosity >= 0:
        terminalreporter.write_sep("=", GROUP)
    for line in lines:
        terminalreporter.write_line(line.text, **_LOOK[line.kind])


def _price(config: pytest.Config) -> Price | None:
    """None where nobody would see it, too: the price lists take a third of a second to import."""
    from vcr_llm import prices

    if not shows_calls(config) or not prices.are_known():
        return None

    def price(call: CallFact) -> Any:
        return call.usage and prices.cost(call.provider, call.model, call.usage)

    return price


# --- files for CI ------------------------------------------------------------------------------------


def _not_written(what: str, write: Callable[[], None]) -> list[str]:
    """Write a file; what went wrong, for the summary, which is worth more."""
    from vcr_llm.errors import UnwritableCassetteError

    try:
        write()
    except UnwritableCassetteError as error:
        return [f"{what} could not be written to {error.path}: {error.reason}"]
    except OSError as error:
        return [f"{what} could not be written to {error.filename}: {error.strerror}"]
    return []


def _write_report(config: pytest.Config, found: Summary, exit_code: int) -> None:
    named = setting(config, "report")
    if not named:
        return
    from vcr_llm import __version__, jsontext, store
    from vcr_llm.run_report import document

    value = document(
        found,
        rootdir=str(config.rootpath),
        finished=datetime.now(UTC),
        exit_code=exit_code,
        version=__version__,
        digest=lambda path: store.digest(config.rootpath / path),
    )
    # As pytest's own --junit-xml: from the current folder; an ini's from the rootdir.
    given = config.getoption("llm_report") is not None
    path = Path(config.invocation_params.dir if given else config.rootpath, os.path.expandvars(named))
    store.write(path.expanduser(), jsontext.pretty(value))


def _write_job_summary(config: pytest.Config, found: Summary) -> None:
    path = os.environ.get(_JOB_SUMMARY)
    if not setting(config, "job_summary") or not path:
        return
    from vcr_llm.run_report import markdown

    with Path(path).open("a", encoding="utf-8") as file:  # other steps of the job write to it too
        file.write(markdown(found))
