"""``vcr-llm demo``: record a small suite from a local provider and replay it, without a key and a network."""

from __future__ import annotations

import contextlib
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from vcr_llm.demo.showing import Showing
    from vcr_llm.demo.trial import Run

README: Final = "https://pypi.org/project/vcr-llm/"


@click.command("demo")
@click.option(
    "--keep",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Work in this folder and keep it: the suite, its cassettes, the answers of both runs. "
    "It must be new or empty.  [default: a temporary folder, removed at the end]",
)
def command(keep: Path | None) -> None:
    """Record and replay a small test suite, here and now.

    Starts a local provider that speaks the protocols of Anthropic and OpenAI, records a pytest suite that uses
    both SDKs from it, stops the provider and runs the suite again offline. Then shows a cassette and
    whether both runs got the same answers. Needs no key and no network, and calls nobody.

    The exit code is 0 only if both runs passed and all answers are identical.
    """
    from vcr_llm.demo import trial

    missing = trial.missing_packages()
    if missing:
        click.echo(
            f"The demo uses both SDKs in a real pytest suite; not installed here: {', '.join(missing)}.\n"
            f"Install with:  pip install {' '.join(missing)}",
            err=True,
        )
        sys.exit(1)

    from vcr_llm.demo.showing import Showing

    with _folder(keep) as folder:
        holds = _demonstrate(folder, Showing.on_stdout(), is_kept=keep is not None)
    sys.exit(0 if holds else 1)


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="vcr-llm-demo-") as name:
            yield Path(name)
        return
    if keep.exists() and any(keep.iterdir()):
        raise click.BadParameter(f"{keep} is not empty.", param_hint="--keep")
    keep.mkdir(parents=True, exist_ok=True)
    yield keep


def _demonstrate(folder: Path, showing: Showing, *, is_kept: bool) -> bool:
    """Both runs and what came of them; whether all is as it should be."""
    from vcr_llm.demo import trial
    from vcr_llm.demo.provider import LocalProvider

    showing.heading("1. A test suite")
    names = trial.write_suite(folder)
    showing.paragraph(f"In {folder}: {', '.join(names)}.")
    showing.paragraph("Six tests of a small program that uses the SDKs of Anthropic and OpenAI.")

    keys = trial.fake_keys()
    with LocalProvider() as provider:
        showing.heading("2. Run 1 records")
        showing.paragraph(f"A local provider answers at {provider.url}, each time differently.")
        recorded = _run(showing, folder, provider, "recorded", trial.RECORD, keys)
    if recorded.exit_code:
        showing.paragraph(f"\nThe recording run failed (exit code {recorded.exit_code}).", "bold red")
        return False

    showing.heading("3. Run 2 replays")
    showing.paragraph("The provider is stopped, no key is set, pytest blocks the network.")
    replayed = _run(showing, folder, provider, "replayed", trial.REPLAY, {})

    showing.heading("4. What was recorded")
    _show_cassette(showing, folder)

    showing.heading("5. The answers of both runs")
    showing.answers(recorded.answers, replayed.answers)
    found = trial.findings(folder, recorded, replayed, keys)
    holds = all(finding.holds for finding in found)
    if holds:
        showing.paragraph(
            "Answers differ every time the provider is asked; here they are the same because they were replayed."
        )
    showing.findings(found)
    if not holds:
        showing.paragraph("\nThe demo failed: not everything above is as it should be.", "bold red")
    else:
        _show_next_steps(showing)
    if is_kept:
        variables = " ".join(f"{name}={value}" for name, value in trial.addresses(provider).items())
        showing.paragraph("\nThe folder is kept. To replay it again:")
        showing.command(f"cd {shlex.quote(str(folder))}")
        showing.command(f"{variables} pytest --block-network")
    return holds


def _run(
    showing: Showing, folder: Path, provider: LocalProvider, name: str, options: tuple[str, ...], keys: dict[str, str]
) -> Run:
    from vcr_llm.demo import trial

    showing.command(f"python -m pytest {' '.join(options)}")
    return trial.perform(
        folder,
        name,
        options,
        provider,
        keys=keys,
        width=showing.output_width,
        color=showing.color,
        show=showing.output_line,
    )
