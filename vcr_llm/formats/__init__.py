"""Every cassette format that can be read, told by its content: bytes → `Reading`.

One file here per family of formats, each a detector (does a parsed document look like mine?) and a reader;
the table is in `reading`. Pure: nothing here knows vcrpy's classes, and no tag of a YAML file is executed.
"""

from __future__ import annotations

from vcr_llm.formats.filetext import MAX_SIZE, refuse_stand_in, text_of
from vcr_llm.formats.recording import NotACassetteError, Reading, Recording
from vcr_llm.formats.seeming import what_it_seems
from vcr_llm.schema.loading import ReadFile

__all__ = [
    "MAX_SIZE",
    "NotACassetteError",
    "Reading",
    "Recording",
    "read",
    "refuse_stand_in",
    "text_of",
    "what_it_seems",
]


def read(raw: bytes | str, *, har_too: bool = False, read_file: ReadFile | None = None) -> Reading:
    """What a cassette of any known format holds.

    ``raw``: the file's bytes, gzip-compressed or not, or its text. ``har_too``: HTTP archives as well.
    ``read_file``: see `schema.load`. Raises `UnreadableCassetteError`, and `NotACassetteError` for what can
    be read but is no cassette.
    """
    from vcr_llm.formats import reading  # all readers: most runs have nothing but our own format

    return reading.read_text(raw if isinstance(raw, str) else text_of(raw), har_too, read_file)
