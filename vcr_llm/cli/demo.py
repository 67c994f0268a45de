"""``vcr-llm demo``: record a small suite from a local provider and replay it, without a key and a network."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click


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

    Starts a local provider that speaks the protocols of Anthropic and OpenAI, records a pytest suite that
    uses both SDKs from it, stops the provider and runs the suite again, offline. Then shows a cassette and
    whether both runs got the same answers. Needs no key and no network.

    The exit code is 0 only if both runs passed and all answers are identical.
    """
    from vcr_llm.demo import trial

    missing = trial.missing_packages()
    if missing:
        click.echo(
            f"The demo runs a real pytest suite with both SDKs. Not installed here: {', '.join(missing)}.\n"
            f"Install with:  pip install {' '.join(missing)}",
            err=True,
        )
        sys.exit(1)
    from vcr_llm.demo import tour  # imports rich

    with _folder(keep) as folder:
        succeeded = tour.guide(folder, is_kept=keep is not None)
    sys.exit(0 if succeeded else 1)


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="vcr-llm-demo-") as name:
            yield Path(name)
        return
    try:
        keep.mkdir(parents=True, exist_ok=True)
        is_empty = not any(keep.iterdir())
    except OSError as error:
        raise click.BadParameter(f"{keep} cannot be used: {error.strerror}.", param_hint="--keep") from error
    if not is_empty:
        raise click.BadParameter(f"{keep} is not empty.", param_hint="--keep")
    yield keep
