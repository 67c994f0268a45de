"""Content encodings: bytes as sent to bytes as meant.

Source: RFC 9110, section 8.4 (names are case-insensitive; several are listed in the order they were
applied, so they are undone from the last). gzip and deflate are in the standard library; br and zstd
come with ``pip install 'vcr-llm[encodings]'``.

Real recordings hold plain bytes under a ``Content-Encoding`` header, where an earlier tool decoded
them and kept the header. `decode` therefore takes a body that is not in the named encoding as it is.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable
from typing import Final

__all__ = ["MissingDecoderError", "decode", "encodings"]


class MissingDecoderError(Exception):
    """The package for an encoding is not installed; the message names the command that installs it."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        super().__init__(
            f"A body is encoded with {encoding!r}, and the package that decodes it is not installed. "
            "Install it with: pip install 'vcr-llm[encodings]'"
        )


class _NotEncoded(Exception):
    """The bytes are not in the encoding that was named."""


def _gzip(raw: bytes) -> bytes:
    if raw[:2] != b"\x1f\x8b":
        raise _NotEncoded
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise _NotEncoded from error


def _deflate(raw: bytes) -> bytes:
    # RFC 9110 means zlib's format; some servers send the bare deflate stream instead.
    for window in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        stream = zlib.decompressobj(window)
        try:
            body = stream.decompress(raw)
        except zlib.error:
            continue
        # Plain text can begin like a bare stream (JSON's "{" does); then it does not end like one.
        if stream.eof and not stream.unused_data:
            return body
    raise _NotEncoded


def _br(raw: bytes) -> bytes:
    try:
        import brotli
    except ImportError:
        try:
            import brotlicffi as brotli  # what httpx takes on PyPy, with the same names
        except ImportError as error:
            raise MissingDecoderError("br") from error
    try:
        return bytes(brotli.decompress(raw))
    except brotli.error as error:
        raise _NotEncoded from error


def _zstd(raw: bytes) -> bytes:
    if raw[:4] != b"\x28\xb5\x2f\xfd":
        raise _NotEncoded
    try:
        import zstandard
    except ImportError as error:
        raise MissingDecoderError("zstd") from error
    try:
        # A response may be several frames, and a frame need not say its size.
        body = b""
        while raw:
            frame = zstandard.ZstdDecompressor().decompressobj()
            body += frame.decompress(raw)
            if not frame.eof:
                raise _NotEncoded
            raw = frame.unused_data
        return body
    except zstandard.ZstdError as error:
        raise _NotEncoded from error


_DECODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _br,
    "zstd": _zstd,
    "identity": bytes,
}


def encodings(header_values: Iterable[str]) -> list[str]:
    """The encodings a message's ``content-encoding`` values name, in the order applied, lower-case."""
    names = (name.strip().lower() for value in header_values for name in value.split(","))
    return [name for name in names if name]


def decode(raw: bytes, applied: Iterable[str]) -> bytes | None:
    """The body with all encodings undone; None where one of them is unknown to everybody.

    Bytes that are not in a named encoding are passed on as they are (see above). Raises
    `MissingDecoderError` where an optional package is needed.
    """
    for name in reversed(list(applied)):
        decoder = _DECODERS.get(name)
        if decoder is None:
            return None
        if not raw:
            continue
        try:
            raw = decoder(raw)
        except _NotEncoded:
            continue
    return raw
