"""Reading a text of any format: which one it is, and its reader."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from typing import Any, Final

from vcr_llm import schema
from vcr_llm.errors import UnreadableCassetteError
from vcr_llm.formats import aimock, cassetter, har, vcrpy, yamltext
from vcr_llm.formats.recording import NotACassetteError, Reading, Wrong
from vcr_llm.formats.seeming import what_it_seems
from vcr_llm.jsonplace import place_of
from vcr_llm.schema.loading import ReadFile

__all__ = ["read_text"]

_FORMATS: Final = (*vcrpy.FORMATS, (aimock.is_aimock, aimock.read))
"""What is told from a parsed document alone: does it look like one → its reading."""
_HAR: Final = (har.is_har, har.read)

_TOML: Final = re.compile(r"^\s*\[\[\s*\w*interactions\s*\]\]", re.MULTILINE)
_FLOW_YAML: Final = re.compile(r"""\s*[\[{]\s*[^\s"{}\[\]\d-]""")
"""What begins like JSON and is YAML: a key or item without quotation marks."""
_CONFLICT: Final = re.compile(r"^<{7} ", re.MULTILINE)


def read_text(text: str, har_too: bool, read_file: ReadFile | None) -> Reading:
    """See `formats.read`."""
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
    for looks_like, reader in (*_FORMATS, *([_HAR] if har_too else [])):
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
