"""The command ``vcr-llm``: one file per verb."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Final

import click

import vcr_llm

_MODULES: Final[Mapping[str, str]] = {
    "clear": "clear",
    "demo": "demo",
    "diff": "diff",
    "export": "export",
    "init": "init",
    "list": "list_",
    "migrate": "migrate",
    "prune": "prune",
    "scan": "scan",
    "show": "show",
}
"""Verb → the module here whose ``command`` it is. A verb imports what it works with when it runs."""


class _Verbs(click.Group):
    """A group whose verbs are imported when they are asked for."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return sorted(_MODULES)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _MODULES:
            return None
        command: click.Command = importlib.import_module(f"{__name__}.{_MODULES[cmd_name]}").command
        return command


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(vcr_llm.__version__, prog_name="vcr-llm")
def main() -> None:
    """Record LLM provider responses once, replay them forever."""
