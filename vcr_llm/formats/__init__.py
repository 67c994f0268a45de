"""Every cassette format that can be read, told by its content: bytes → `Reading`.

One file here per family of formats, each a detector (does a parsed document look like mine?) and a reader;
the table is `_FORMATS`. Pure: nothing here knows vcrpy's classes, and no tag of a YAML file is executed.
"""

from __future__ import annotations

import re
import tomllib
import zlib
from collections.abc import Callable, Sequence
from typing import Any, Final

from vcr_llm import schema
from vcr_llm.errors import UnreadableCassetteError
from vcr_llm.formats import aimock, cassetter, har, vcrpy, yamltext
from vcr_llm.formats.recording import NotACassetteError, Reading, Recording, Wrong
from vcr_llm.formats.seeming import what_it_seems
from vcr_llm.jsonplace import place_of
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

_FORMATS: Final = (*vcrpy.FORMATS, (aimock.is_aimock, aimock.read))
"""What is told from a parsed document alone: does it look like one → its reading."""

MAX_SIZE: Final = 512 * 1024 * 1024
"""Bytes of a decompressed file; a few kilobytes of gzip can stand for terabytes."""

_BOMS: Final = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_TOML: Final = re.compile(r"^\s*\[\[\s*\w*interactions\s*\]\]", re.MULTILINE)
_FLOW_YAML: Final = re.compile(r"""\s*[\[{]\s*[^\s"{}\[\]\d-]""")
"""What begins like JSON and is YAML: a key or item without quotation marks."""
_CONFLICT: Final = re.compile(r"^<{7} ", re.MULTILINE)


_STAND_INS: Final = (
    (
        b"version https://git-lfs.github.com/spec/",
        "only a pointer of Git LFS; what it stands for has not been fetched",
        "Fetch it with git lfs pull",
    ),
    (b"\x00GITCRYPT\x00", "encrypted by git-crypt", "Decrypt it with git-crypt unlock"),
)
"""What a checkout may have in a file's place: how it begins, what it is, what to do."""


def read(raw: bytes | str, *, har_too: bool = False, read_file: ReadFile | None = None) -> Reading:
    """What a cassette of any known format holds.

    ``raw``: the file's bytes, gzip-compressed or not, or its text. ``har_too``: HTTP archives as well.
    ``read_file``: see `schema.load`. Raises `UnreadableCassetteError`, and `NotACassetteError` for what can
    be read but is no cassette.
    """
    text = raw if isinstance(raw, str) else text_of(raw)
    try:
        return _read(text, har_too, read_file)
    except UnreadableCassetteError:
        conflict = _CONFLICT.search(text)
        if conflict is None:
            raise
        raise UnreadableCassetteError(
            "The cassette has an unresolved merge conflict",
            line=text.count("\n", 0, conflict.start()) + 1,
            column=1,
            remedy="Take one side whole (git checkout --ours or --theirs), or record it again.",
        ) from None


def _read(text: str, har_too: bool, read_file: ReadFile | None) -> Reading:
    document, is_json = _parsed(text)
    if is_json and schema.is_document(document) and not vcrpy.says_http(document["interactions"]):
        return _own(text, document, read_file)
    if cassetter.is_cassetter(document):
        if not is_json and not _TOML.search(text):
            document = yamltext.load(text, version_1_2=True)
        return _placed(cassetter.read, document, text, is_json)
    formats = [
        *vcrpy.FORMATS,
        (aimock.is_aimock, aimock.read),
        *([(har.is_har, har.read)] if har_too else []),
    ]
    for looks_like, reader in formats:
        if looks_like(document):
            return _placed(reader, document, text, is_json)
    raise NotACassetteError(what_it_seems(document))


def _placed(reader: Callable[[Any], Reading], document: Any, text: str, is_json: bool) -> Reading:
    """A reading; what is wrong in it gets its place, which only JSON text tells."""
    try:
        return reader(document)
    except Wrong as wrong:
        steps: Sequence[str | int] = wrong.where
        if isinstance(document, dict) and "interactions" in document:
            steps = ("interactions", *wrong.where)
        line, column = place_of(text, steps) if is_json else (None, None)
        reason = wrong.reason[:1].upper() + wrong.reason[1:]
        raise UnreadableCassetteError(reason, line=line, column=column) from None
    except (TypeError, ValueError, AttributeError, LookupError, RecursionError) as error:
        # A damaged document has anything anywhere.
        raise UnreadableCassetteError(
            f"This has the shape of a cassette, but not its contents ({error})"
        ) from None


def _own(text: str, document: dict[str, Any], read_file: ReadFile | None) -> Reading:
    data = schema.load(text, read_file, document)
    with_http = any(isinstance(entry, dict) and "http" in entry for entry in document["interactions"])
    name = "vcr-llm" if with_http else f"llm-mock {document.get('version', '2.0')}"
    return Reading(name, document=data)


def _parsed(text: str) -> tuple[Any, bool]:
    """The value of a text in JSON, TOML or YAML, and whether it is JSON."""
    if text.lstrip()[:1] in ("{", "[", "") and not _FLOW_YAML.match(text):
        return schema.load_json(text), True
    if _TOML.search(text):
        try:
            return tomllib.loads(text), False
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            where = re.search(r"at line (\d+), column (\d+)", str(error))
            line, column = map(int, where.groups()) if where else (None, None)
            raise UnreadableCassetteError(
                f"The cassette is not valid TOML: {error}", line=line, column=column
            ) from None
    return yamltext.load(text), False


def refuse_stand_in(raw: bytes, what: str) -> None:
    """Raises `UnreadableCassetteError` for a file that a tool of git has put in another's place.

    ``what`` begins the sentence that says so.
    """
    for beginning, is_this, remedy in _STAND_INS:
        if raw.startswith(beginning):
            raise UnreadableCassetteError(f"{what} is {is_this}", remedy=f"{remedy}.")


def text_of(raw: bytes) -> str:
    """The text of a file: decompressed, without a byte order mark. Raises `UnreadableCassetteError`."""
    refuse_stand_in(raw, "The file")
    if raw.startswith(b"\x1f\x8b"):
        raw = _decompressed(raw)
    encoding = next((name for mark, name in _BOMS if raw.startswith(mark)), "utf-8-sig")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        raise UnreadableCassetteError(
            f"The byte 0x{raw[error.start]:02x} is not {encoding.removesuffix('-sig').upper()}",
            line=before.count(b"\n") + 1,
            column=len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1,
        ) from None


def _decompressed(raw: bytes) -> bytes:
    """All members of a gzip file."""
    found = b""
    try:
        while raw:
            member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            found += member.decompress(raw, MAX_SIZE - len(found))
            if member.unconsumed_tail:
                raise UnreadableCassetteError(f"Decompressed it has more than {MAX_SIZE // 2**20} MiB")
            if not member.eof:
                raise zlib.error("it ends too early")
            raw = member.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise UnreadableCassetteError(f"The gzip data is damaged: {error}") from None
    return found
