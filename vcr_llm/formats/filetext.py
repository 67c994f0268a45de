"""The text of a cassette's file, whatever its format: bytes → text."""

from __future__ import annotations

import zlib
from typing import Final

from vcr_llm.errors import UnreadableCassetteError

__all__ = ["MAX_SIZE", "refuse_stand_in", "text_of"]

MAX_SIZE: Final = 512 * 1024 * 1024
"""Bytes of a decompressed file; a few kilobytes of gzip can stand for terabytes."""

_BOMS: Final = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_STAND_INS: Final = (
    (
        b"version https://git-lfs.github.com/spec/",
        "only a pointer of Git LFS; what it stands for has not been fetched",
        "Fetch it with git lfs pull",
    ),
    (b"\x00GITCRYPT\x00", "encrypted by git-crypt", "Decrypt it with git-crypt unlock"),
)
"""What a checkout may have in a file's place: how it begins, what it is, what to do."""


def refuse_stand_in(raw: bytes, what: str) -> None:
    """Raises `UnreadableCassetteError` for a file that a tool of git has put in another's place.

    ``what`` begins the sentence that says so.
    """
    for beginning, is_this, remedy in _STAND_INS:
        if raw.startswith(beginning):
            raise UnreadableCassetteError(f"{what} is {is_this}", remedy=f"{remedy}.")


def text_of(raw: bytes) -> str:
    """The text of a file: decompressed, without a byte order mark. Raises `UnreadableCassetteError`."""
    encoding = "utf-8"
    if not raw.startswith(b"{"):  # what we write does, and every test reads some of it
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
