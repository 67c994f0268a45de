"""``vcr-llm export``: cassettes in vcrpy's formats, or as strict llm-mock files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from vcr_llm.interaction import CassetteData
    from vcr_llm.migrate.exporting import Exported

_FORMATS: Final = ("vcr-yaml", "vcr-json", "llm-mock")
_OURS: Final = ".llm.json"


@click.command("export")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--to", "to", type=click.Choice(_FORMATS), required=True, help="The format to export to.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write to; by default each file goes beside its cassette.",
)
@click.option("--force", is_flag=True, help="Replace files that are there already.")
def command(paths: Sequence[str], to: str, output: Path | None, force: bool) -> None:
    """Write cassettes in another format: x.llm.json becomes x.yaml or x.json.

    PATH is a cassette or a folder, in which all ….llm.json are meant. vcr-yaml and vcr-json are vcrpy's own
    formats. llm-mock is that tool's schema and nothing else; what it has no room for is left out and named.

    The exit code is 1 if a cassette could not be exported.
    """
    from vcr_llm.errors import VcrLlmError

    problems = 0
    for path, name in _cassettes(paths):
        target = (output / name if output else path.with_name(name.name)).with_name(_named(path.name, to))
        try:
            exported = _exported(path, to)
            if exported.text:
                _write(target, exported.text, force)
        except VcrLlmError as error:
            text = str(error)
            click.echo(text if str(path) in text or str(target) in text else f"{path}: {text}", err=True)
            problems += 1
            continue
        count = exported.interactions
        if exported.text:
            click.echo(f"{target}: {count} interaction{'' if count == 1 else 's'}")
        else:
            click.echo(f"{path}: not written, because no interaction fits")
        for lost in exported.lost:
            click.echo(f"  lost: {lost}")
    sys.exit(1 if problems else 0)


def _cassettes(paths: Sequence[str]) -> Iterator[tuple[Path, Path]]:
    """Each cassette, and its path below the folder that was named."""
    for name in paths:
        path = Path(name)
        if not path.is_dir():
            yield path, Path(path.name)
            continue
        found = list(_below(path))
        if not found:
            click.echo(f"{name}: no {_OURS} in this folder", err=True)
        yield from ((each, each.relative_to(path)) for each in found)


def _below(folder: Path) -> Iterator[Path]:
    from vcr_llm.store import has_an_end

    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        found = (Path(parent, file) for file in sorted(files) if file.endswith(_OURS))
        yield from filter(has_an_end, found)


def _named(name: str, to: str) -> str:
    from vcr_llm.migrate import target_of
    from vcr_llm.migrate.exporting import FORMATS

    return target_of(Path(name)).name.removesuffix(_OURS) + FORMATS[to].suffix


def _exported(path: Path, to: str) -> Exported:
    from vcr_llm.migrate.exporting import FORMATS

    return FORMATS[to].dump(_read(path))


def _read(path: Path) -> CassetteData:
    """What a cassette of any format holds, without secrets."""
    from vcr_llm.blobs import Blobs
    from vcr_llm.content import MissingDecoderError
    from vcr_llm.errors import UnreadableCassetteError
    from vcr_llm.migrate import convert
    from vcr_llm.migrate.exporting import ExportError
    from vcr_llm.scrub import Scrubber, credential_values

    try:
        raw = path.read_bytes()
        scrubber = Scrubber(values=credential_values(os.environ))
        return convert(raw, scrubber, har_too=True, read_file=Blobs(path).read).data
    except UnreadableCassetteError as error:
        raise error.at(str(path)) from None
    except OSError as error:
        raise ExportError(f"{path}: The file cannot be read: {error.strerror or error}") from None
    except MissingDecoderError as error:
        raise ExportError(f"{path}: {error}") from None


def _write(target: Path, text: str, force: bool) -> None:
    from vcr_llm import store
    from vcr_llm.migrate.exporting import ExportError

    if os.path.lexists(target) and not force:
        if target.is_file() and target.read_bytes() == text.encode("utf-8"):
            return
        raise ExportError(
            f"{target}: There is such a file already. Replace it with --force, or use --output."
        )
    store.write(target, text)
