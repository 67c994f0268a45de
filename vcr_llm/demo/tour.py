"""The course of `vcr-llm demo`, step by step: record, replay, look at a cassette, compare, go on."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vcr_llm.demo import trial
from vcr_llm.demo.provider import LocalProvider
from vcr_llm.demo.showing import Showing

__all__ = ["guide"]

README: Final = "https://pypi.org/project/vcr-llm/"


def guide(folder: Path, *, is_kept: bool) -> bool:
    """The whole demo in an empty folder; whether everything was as it should be."""
    showing = Showing.on_stdout()
    keys = trial.fake_keys()
    _write_suite(showing, folder)
    with LocalProvider() as provider:
        stage = _Stage(showing, folder, provider)
        recorded = stage.record(keys)
    if recorded.exit_code:
        showing.failure(f"The recording run failed: pytest's exit code is {recorded.exit_code}.")
        return False
    replayed = stage.replay()
    _show_cassette(showing, folder)
    succeeded = _compare(showing, recorded, replayed, trial.findings(folder, recorded, replayed, keys))
    if succeeded:
        _next_steps(showing)
    if is_kept:
        _how_to_replay_again(showing, folder, trial.addresses(provider))
    return succeeded


@dataclass(frozen=True)
class _Stage:
    """What both runs have in common."""

    showing: Showing
    folder: Path
    provider: LocalProvider

    def record(self, keys: Mapping[str, str]) -> trial.Run:
        self.showing.heading("2. Run 1 records")
        self.showing.paragraph(
            f"A local provider answers at {self.provider.url}. The keys are made up for this run."
        )
        return self._run("recorded", trial.RECORD, keys)

    def replay(self) -> trial.Run:
        self.showing.heading("3. Run 2 replays")
        self.showing.paragraph("The provider is stopped, no key is set, pytest blocks the network.")
        return self._run("replayed", trial.REPLAY, {})

    def _run(self, name: str, options: tuple[str, ...], keys: Mapping[str, str]) -> trial.Run:
        self.showing.command(f"python -m pytest {' '.join(options)}")
        environment = {
            **trial.clean_environment(),
            **trial.pytest_environment(self.showing.output_width, self.showing.has_color),
            **trial.addresses(self.provider),
            **keys,
        }
        return trial.perform(self.folder, name, options, environment, self.provider, self.showing.output_line)


def _write_suite(showing: Showing, folder: Path) -> None:
    showing.heading("1. A test suite")
    names = trial.write_suite(folder)
    showing.paragraph(f"In {folder}: {', '.join(names)}.")
    showing.paragraph("It tests a small program that uses the SDKs of Anthropic and OpenAI.")


def _show_cassette(showing: Showing, folder: Path) -> None:
    showing.heading("4. What was recorded")
    cassette = folder / trial.STREAMED
    if not cassette.exists():
        showing.failure(f"There is no {trial.STREAMED}.")
        return
    showing.paragraph(
        f"{trial.STREAMED}\nA streamed tool call, event by event; … stands for what is left out here.\n"
    )
    showing.cassette(cassette.read_text(encoding="utf-8"))


def _compare(showing: Showing, recorded: trial.Run, replayed: trial.Run, found: list[trial.Finding]) -> bool:
    showing.heading("5. The answers of both runs")
    showing.answers(recorded.answers, replayed.answers)
    showing.findings(found)
    if not all(finding.holds for finding in found):
        showing.failure("The demo failed: not everything is as it should be.")
        return False
    showing.paragraph(
        "\nAnswers differ every time the provider is asked; "
        "here they are the same because they were replayed."
    )
    return True


def _next_steps(showing: Showing) -> None:
    showing.heading("6. In your project")
    showing.paragraph("In conftest.py:\n")
    showing.source(trial.suite_text("conftest.py"), "python")
    showing.paragraph("\nAbove each test that asks a model: @pytest.mark.vcr")
    showing.paragraph("Record once, with your key; commit the folder cassettes; replay ever after:\n")
    showing.command("pytest --record-mode=once")
    showing.command("pytest")
    showing.paragraph("\nNo key where tests replay? In pytest.ini: llm_placeholder_keys = true")
    showing.paragraph(f"More: {README}")


def _how_to_replay_again(showing: Showing, folder: Path, addresses: Mapping[str, str]) -> None:
    showing.paragraph("\nThe folder is kept. Replay it again with:\n")
    showing.command(f"cd {shlex.quote(str(folder.absolute()))}")
    variables = " ".join(f"{name}={value}" for name, value in addresses.items())
    showing.command(f"{variables} python -m pytest --block-network")
