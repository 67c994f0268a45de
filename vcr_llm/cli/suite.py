"""``vcr-llm migrate --suite``: what to change in a test suite, as a patch and in words."""

from __future__ import annotations

import importlib.util
import json
import shlex
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from vcr_llm.audit import Audit
    from vcr_llm.suites import Advice, Suite

__all__ = ["migrate_suite"]

_RAN: Final = (0, 1)
"""pytest's exit codes for a run that ended: all passed, some failed."""
_TAIL: Final = 12
"""Lines of pytest's output that are shown where it did not run."""


def migrate_suite(given: Path, *, run: bool, apply: bool, pytest_arguments: str) -> int:
    """Print the advice for the suite at a folder, with ``apply`` make the change; returns the exit code.

    ``run``: the suite runs once, offline, to find out what it needs, and with ``apply`` once more.
    """
    from vcr_llm import suites

    root = suites.project_root(given)
    suite = suites.read(root)
    tests = given.resolve().relative_to(root).as_posix() if given.resolve() != root else ""
    _say(_about(suite))
    arguments = [*([tests] if tests else []), *shlex.split(pytest_arguments)]
    # What settings say of recording goes for every run, but the audit records nothing.
    replaying = (
        ["--record-mode=none"] if suite.mentions("--record-mode") or suite.mentions("--vcr-rec") else []
    )
    before = _audit(root, [*arguments, *replaying]) if run and not suite.is_for_pytest_vcr else None
    # pytest-recording refuses to work beside pytest-vcr: before the change it is left out, then the other.
    both = suite.is_for_pytest_vcr and importlib.util.find_spec("pytest_vcr") is not None
    if run and both:
        before = _audit(root, [*arguments, "-p", "no:recording"])
    advice = suites.advise(suite, before)
    _say(_run(before, "Ran the suite once, offline"))
    _say(_patch(advice))
    _say(_section("No longer necessary", advice.unnecessary))
    _say(_section("What will be different", advice.different))
    _say(_section("To change by hand", advice.by_hand))
    if not apply:
        _say(_next(given, advice))
        return 0
    try:
        suites.apply(root, advice.changes)
    except suites.NotPatchedError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"\n{len(advice.changes)} file{'' if len(advice.changes) == 1 else 's'} changed.")
    without = ("-p", "no:vcr") if both else ()
    after = _audit(root, [*arguments, *replaying, *without]) if run else None
    _say(_run(after, "Ran the changed suite, offline"))
    return _compared(before, after)


def _say(lines: Iterator[str]) -> None:
    from vcr_llm.cli.lines import echo_lines, printable

    echo_lines(((printable(line), ""),) for line in lines)


# --- running -----------------------------------------------------------------------------------------


def _audit(root: Path, arguments: Sequence[str]) -> Audit | None:
    """What ``pytest --llm-audit`` finds; None where pytest could not run the suite."""
    from vcr_llm.audit import from_json

    with tempfile.TemporaryDirectory(prefix="vcr-llm-audit-") as folder:
        found = Path(folder) / "audit.json"
        command = [sys.executable, "-m", "pytest", f"--llm-audit-json={found}", "-q", *arguments]
        result = subprocess.run(
            [*command, "-p", "no:cacheprovider"], cwd=root, capture_output=True, text=True, check=False
        )
        if result.returncode in _RAN and found.is_file():
            return from_json(json.loads(found.read_text(encoding="utf-8")))
    click.echo("\nThe suite did not run; the advice below goes by its files alone.", err=True)
    click.echo(f"  {shlex.join(command)}", err=True)
    for line in (result.stdout + result.stderr).splitlines()[-_TAIL:]:
        click.echo(f"  | {line}", err=True)
    return None


def _compared(before: Audit | None, after: Audit | None) -> int:
    """Tell which tests do not pass any more; 1 if there are any."""
    if before is None or after is None:
        return 0
    passed = [name for name, outcome in before.outcomes.items() if outcome == "passed"]
    lost = [name for name in passed if after.outcomes.get(name) != "passed"]
    click.echo(f"\n{len(passed) - len(lost)} of the {len(passed)} tests that passed before pass now.")
    for name in lost:
        click.echo(f"  {name}: {after.outcomes.get(name, 'not run')}")
    return 1 if lost else 0


# --- texts -------------------------------------------------------------------------------------------


def _about(suite: Suite) -> Iterator[str]:
    yield f"Suite      {suite.root}"
    kinds = ", ".join(f"{count} {suffix}" for suffix, count in sorted(suite.cassettes.items()))
    yield f"Cassettes  {kinds or 'none found'}{' in ' if suite.folders else ''}{', '.join(suite.folders)}"


def _run(audit: Audit | None, title: str) -> Iterator[str]:
    from vcr_llm.audit import in_lines

    if audit is None:
        return
    counts = Counter(audit.outcomes.values())
    yield ""
    yield f"{title}: {', '.join(f'{counts[outcome]} {outcome}' for outcome in sorted(counts)) or 'no tests'}"
    for line in in_lines(audit):
        yield f"  {line}" if line else ""
    if audit.tiers:
        yield ""
        needed = audit.needs_fallback()
        yield (
            f"  The fallback is needed by {len(needed)} test{'' if len(needed) == 1 else 's'}."
            if needed
            else "  No test needs a fallback."
        )


def _patch(advice: Advice) -> Iterator[str]:
    from vcr_llm.suites import in_diff

    yield ""
    if not advice.changes:
        yield "Nothing to change in the project's files."
        return
    yield "Change"
    yield ""
    yield from in_diff(advice.changes)


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield title
        yield from (f"  {line}" for line in lines)


def _next(given: Path, advice: Advice) -> Iterator[str]:
    folder = shlex.quote(str(given))
    steps = [
        ("make the change and run the suite again:", f"vcr-llm migrate --suite {folder} --apply"),
        ("replay the old cassettes as they are:", "pytest"),
        ("convert them, whenever you like:", f"vcr-llm migrate {folder} --write"),
    ]
    yield ""
    yield "Next"
    yield from (f"  {what:<42}{command}" for what, command in (steps if advice.changes else steps[1:]))
