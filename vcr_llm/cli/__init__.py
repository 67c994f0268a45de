"""The command ``vcr-llm``: one file per verb."""

from __future__ import annotations

import click

import vcr_llm


class _Verbs(click.Group):
    """A group whose verbs are imported when they are asked for."""

    NAMES = ("demo",)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.NAMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.NAMES:
            return None
        import importlib

        command: click.Command = importlib.import_module(f"vcr_llm.cli.{cmd_name}").command
        return command


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(vcr_llm.__version__, prog_name="vcr-llm")
def main() -> None:
    """Record LLM provider responses once, replay them forever."""
