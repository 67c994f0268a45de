"""Taking cassettes, or single interactions of them, away: what of a file stays, and doing it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vcr_llm import schema, store
from vcr_llm.cli.cassettes import blobs_folder
from vcr_llm.interaction import Interaction
from vcr_llm.jsonplace import place_of

__all__ = ["NotCutError", "Removal", "counted", "remove", "without"]

_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Removal:
    """A file that is to go, or to be replaced by ``rest``. ``what``: goes, for the user."""

    path: Path
    what: str
    rest: bytes | None = None


class NotCutError(Exception):
    """Single interactions cannot be taken out of this file; the message is for the user."""


def without(raw: bytes, gone: Sequence[int]) -> bytes:
    """A cassette's bytes without the interactions ``gone`` (from 0); all others stay as they are.

    Cut out of the text instead of written anew: also a file of llm-mock's, or one edited by hand, differs
    afterwards by nothing else. Raises `NotCutError`.
    """
    mark, raw = (_BOM, raw.removeprefix(_BOM)) if raw.startswith(_BOM) else (b"", raw)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise NotCutError("single interactions cannot be removed from compressed cassettes") from None
    if not text.lstrip().startswith("{") or not schema.is_document(schema.load_json(text)):
        raise NotCutError(
            "single interactions cannot be removed from a cassette of vcrpy's format; "
            "convert it first with vcr-llm migrate"
        )
    before = _interactions(text)
    rest = _cut(text, len(before), gone)
    if _interactions(rest) != [each for number, each in enumerate(before) if number not in gone]:
        raise NotCutError("the interaction could not be cut out of the text")
    return mark + rest.encode("utf-8")


def _interactions(text: str) -> list[Interaction]:
    """Those of a document, to compare: a body in a file of its own counts by its name."""
    return list(schema.load(text, str.encode).interactions)


def _cut(text: str, count: int, gone: Sequence[int]) -> str:
    starts = [_offset(text, ("interactions", number)) for number in range(count)]
    ends = [json.JSONDecoder().raw_decode(text, start)[1] for start in starts]
    kept = [number for number in range(count) if number not in gone]
    if not kept:
        opening = _offset(text, ("interactions",))
        return f"{text[: opening + 1]}{text[text.index(']', ends[-1]) :]}"
    pieces = [text[starts[kept[0]] : ends[kept[0]]]]
    pieces += [text[ends[number - 1] : ends[number]] for number in kept[1:]]  # each with the comma before it
    return f"{text[: starts[0]]}{''.join(pieces)}{text[ends[-1] :]}"


def _offset(text: str, keys: Sequence[str | int]) -> int:
    line, column = place_of(text, keys)
    start = 0
    for _ in range(line - 1):
        start = text.index("\n", start) + 1
    return start + column - 1


def remove(removal: Removal) -> str:
    """Do it; what to say afterwards."""
    if removal.rest is None:
        removal.path.unlink()
    else:
        store.write_bytes(removal.path, removal.rest)
    blobs = blobs_folder(removal.path)
    # A body's file goes by its SHA-256; what the cassette still names is still needed.
    unused = [file for file in blobs.glob("*.bin") if file.name.encode() not in (removal.rest or b"")]
    for file in unused:
        file.unlink()
    with suppress(OSError):
        blobs.rmdir()
    also = f" and {counted(len(unused), 'body')} in {blobs.name}" if unused else ""
    return f"{'Deleted' if removal.rest is None else 'Rewrote'} {removal.path}{also}"


def counted(number: int, what: str = "interaction") -> str:
    """A number and what it counts, in the plural where it is not one."""
    plural = what if number == 1 else f"{what.removesuffix('y')}ies" if what.endswith("y") else f"{what}s"
    return f"{number} {plural}"
