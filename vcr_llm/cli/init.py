"""``vcr-llm init``: the files a project starts with."""

from __future__ import annotations

import importlib.util
import shlex
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click


@dataclass(frozen=True, slots=True)
class _Sdk:
    """What differs between the SDKs in an example."""

    client: str
    key: str
    call: str


_SDKS: Final[Mapping[str, _Sdk]] = {
    "anthropic": _Sdk(
        "Anthropic",
        "ANTHROPIC_API_KEY",
        """message = client.messages.create(
    model="claude-haiku-4-5",
    max_tokens=64,
    messages=[{"role": "user", "content": "Say hello in one sentence."}],
)
text = message.content[0].text
""",
    ),
    "openai": _Sdk(
        "OpenAI",
        "OPENAI_API_KEY",
        """completion = client.chat.completions.create(
    model="gpt-4o-mini",
    messages=[{"role": "user", "content": "Say hello in one sentence."}],
)
text = completion.choices[0].message.content
""",
    ),
}

# --- the files ---------------------------------------------------------------------------------------

_CONFTEST: Final = '''\
import pytest

import vcr_llm


@pytest.fixture(scope="session")
def vcr_config():
    """Every test marked with vcr records and replays with vcr-llm's options."""
    return vcr_llm.preset()
'''

_EXAMPLE: Final = """\
import {sdk}
import pytest


@pytest.mark.vcr
def test_hello():
    with {sdk}.{client}() as client:
{inner_call}
    assert text
"""

_PYTEST_INI: Final = """\
[pytest]
# Replaying needs no key, but the SDKs' clients want one: unset keys have a placeholder while tests run.
llm_placeholder_keys = true
"""

_GITATTRIBUTES: Final = """\
# Cassettes: the same line ends everywhere, collapsed in pull requests until someone looks.
*.llm.json text eol=lf linguist-generated=true
**/*.llm.json.blobs/*.bin binary
"""

_RECORD_FIXTURES: Final = '''\
"""Record LLM API responses for the tests. Run once, with a real API key:

    {key}=... python record_fixtures.py

Then commit tests/fixtures. The tests replay from there, without a key and a network.
"""

import {sdk}

from vcr_llm import llm_mock

with {sdk}.{client}() as client, llm_mock(mode="record", fixture="tests/fixtures/example"):
{call}
    print("Recorded:", text)
'''

_REPLAY_EXAMPLE: Final = """\
import {sdk}
import pytest

client = {sdk}.{client}(api_key="no-key-needed")


@pytest.mark.llm_replay(fixture="example")
def test_hello():
{call}
    assert text
"""


@dataclass(frozen=True, slots=True)
class _File:
    """A file to create. ``text`` None: a folder. ``sign``: what a file that needs no change says.

    ``explains``: whether a file that is already there and does not say it needs these lines.
    """

    path: str
    text: str | None
    sign: str = ""
    explains: bool = False


_CASSETTES: Final[Sequence[_File]] = (
    _File("tests/conftest.py", _CONFTEST, "vcr_llm.preset(", explains=True),
    _File("tests/test_llm_example.py", _EXAMPLE),
    _File(".gitattributes", _GITATTRIBUTES, "*.llm.json", explains=True),
)
_CONFIGURATIONS: Final[Sequence[tuple[str, str]]] = (
    ("pytest.ini", "[pytest]"),
    (".pytest.ini", "[pytest]"),
    ("pyproject.toml", "[tool.pytest.ini_options]"),
    ("tox.ini", "[pytest]"),
    ("setup.cfg", "[tool:pytest]"),
)
"""The files pytest reads its configuration from, in its order, with the section."""
_FIXTURES: Final[Sequence[_File]] = (
    _File("tests/fixtures", None),
    _File("record_fixtures.py", _RECORD_FIXTURES),
    _File("tests/test_llm_example.py", _REPLAY_EXAMPLE),
)

_CASSETTES_NEXT: Final = """\
Next steps{place}:
  1. Record, once, with a real API key:
       {key}=... pytest --record-mode=once
  2. Commit the cassettes:
       git add tests .gitattributes {configuration}
  3. Replay, without a key and a network:
       pytest
"""
_FIXTURES_NEXT: Final = """\
Next steps{place}:
  1. Record, once, with a real API key:
       {key}=... python record_fixtures.py
  2. Commit the fixtures:
       git add tests record_fixtures.py
  3. Replay, without a key and a network:
       pytest
Where llm-mock is installed too, uninstall it or put into pytest's configuration:
       llm_replay_plugin = vcr-llm
"""


@click.command("init")
@click.argument(
    "directory", default=".", type=click.Path(exists=True, file_okay=False, writable=True, path_type=Path)
)
@click.option(
    "--sdk",
    type=click.Choice(sorted(_SDKS)),
    help="The SDK the example uses.  [default: the one installed here, anthropic before openai]",
)
@click.option(
    "--llm-mock",
    "for_llm_mock",
    is_flag=True,
    help="Set up llm-mock's way of working: record_fixtures.py, tests/fixtures and @pytest.mark.llm_replay.",
)
def command(directory: Path, sdk: str | None, for_llm_mock: bool) -> None:
    """Set up a project: a conftest.py with the preset, an example test, a line for .gitattributes.

    Works in DIRECTORY, by default the current one. Nothing that exists is changed: where a file is already
    there, the lines to add are printed.
    """
    name = sdk or _installed()
    example = _SDKS[name]
    values = {"sdk": name, "client": example.client, "key": example.key}
    values |= {"call": _indented(example.call, 4), "inner_call": _indented(example.call, 8)}
    to_add: list[tuple[str, str]] = []
    configuration = _configuration(directory)
    values["configuration"] = configuration.path
    for file in _FIXTURES if for_llm_mock else (*_CASSETTES, configuration):
        text = None if file.text is None else file.text.format(**values)
        created = _create(directory / file.path, text)
        click.echo(f"  {'created' if created else 'kept   '}  {file.path}")
        if not created and text and file.explains and not _says(directory / file.path, file.sign):
            to_add.append((file.path, text))
    for path, text in to_add:
        click.echo(f"\nAdd to {path}:\n")
        click.echo("".join(f"    {line}".rstrip() + "\n" for line in text.splitlines()), nl=False)
    here = directory.resolve() == Path.cwd()
    values["place"] = "" if here else f", after cd {shlex.quote(str(directory))}"
    click.echo(f"\n{(_FIXTURES_NEXT if for_llm_mock else _CASSETTES_NEXT).format(**values)}", nl=False)


def _configuration(directory: Path) -> _File:
    """The file that configures pytest here, or would."""
    for name, section in _CONFIGURATIONS:
        if (name.endswith("pytest.ini") and (directory / name).exists()) or _says(directory / name, section):
            return _File(
                name, _PYTEST_INI.replace("[pytest]", section), "llm_placeholder_keys", explains=True
            )
    return _File("pytest.ini", _PYTEST_INI)


def _installed() -> str:
    return next((name for name in sorted(_SDKS) if importlib.util.find_spec(name)), "anthropic")


def _indented(code: str, by: int) -> str:
    return textwrap.indent(code, by * " ").rstrip()


def _create(path: Path, text: str | None) -> bool:
    """Make a file or folder; False where there is one already."""
    try:
        if text is None:
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except FileExistsError:
        return False
    except OSError as error:
        raise click.ClickException(f"{path} cannot be created: {error.strerror}") from None
    return True


def _says(path: Path, sign: str) -> bool:
    try:
        return sign in path.read_text("utf-8", errors="replace")
    except OSError:
        return False
