"""Content encodings are undone, however they are named or stacked, and lies are passed through."""

from __future__ import annotations

import gzip
import sys
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from strategies import BOUNDED

from vcr_llm import content
from vcr_llm.content import MissingDecoderError


def raw_deflate(raw: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(raw) + compressor.flush()


def frames(raw: bytes) -> bytes:
    """Two zstd frames, the first without its size."""
    first = zstandard.ZstdCompressor(write_content_size=False).compress(raw[:7])
    return first + zstandard.ZstdCompressor().compress(raw[7:])


ENCODERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "identity": bytes,
}
FORMS = [
    *ENCODERS.items(),
    ("deflate", raw_deflate),
    ("gzip", lambda raw: gzip.compress(raw[:7]) + gzip.compress(raw[7:])),
    ("gzip", lambda raw: gzip.compress(raw) + bytes(12)),
    ("zstd", frames),
]
TEXT = '{"answer": "Zürich 🏔, or plain ASCII; ' + "more " * 50 + '"}'


@pytest.mark.parametrize(("name", "encode"), FORMS)
@pytest.mark.parametrize(
    "raw", [TEXT.encode(), bytes(range(256)), b"x", b""], ids=["text", "bytes", "x", "empty"]
)
def test_every_form_of_every_encoding_is_undone(name, encode, raw: bytes) -> None:
    assert content.decode(encode(raw), [name]) == raw


@BOUNDED
@given(st.binary(max_size=300), st.lists(st.sampled_from(sorted(ENCODERS)), max_size=4), st.data())
def test_any_stack_of_encodings_in_any_case_is_undone(
    raw: bytes, stack: list[str], data: st.DataObject
) -> None:
    encoded = raw
    for name in stack:
        encoded = ENCODERS[name](encoded)
    said = [name.upper() if data.draw(st.booleans()) else name.title() for name in stack]
    separator = data.draw(st.sampled_from([",", ", ", " ,\t"]))
    values = [separator.join(said)] if data.draw(st.booleans()) else said
    assert content.encodings(values) == stack
    assert content.decode(encoded, content.encodings(values)) == raw


@pytest.mark.parametrize("name", sorted(ENCODERS))
def test_a_plain_body_under_an_encoding_header_passes_through(name: str) -> None:
    assert content.decode(TEXT.encode(), [name]) == TEXT.encode()


def test_of_a_stack_only_what_was_applied_is_undone() -> None:
    assert content.decode(gzip.compress(b"body"), ["gzip", "br", "zstd"]) == b"body"


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_a_body_cut_short_passes_through(name: str) -> None:
    cut = ENCODERS[name](TEXT.encode())[:-9]
    assert content.decode(cut, [name]) == cut


@BOUNDED
@given(st.binary(max_size=100), st.lists(st.sampled_from(sorted(ENCODERS)), max_size=3))
def test_any_bytes_under_any_header_give_bytes(raw: bytes, stack: list[str]) -> None:
    assert isinstance(content.decode(raw, stack), bytes)


@pytest.mark.parametrize("stack", [["compress"], ["gzip", "aws-chunked"], ["dcb", "gzip"]])
def test_an_encoding_nobody_knows_gives_none(stack: list[str]) -> None:
    assert content.decode(gzip.compress(b"body"), stack) is None


def test_empty_header_values_name_no_encoding() -> None:
    assert content.encodings(["", " , "]) == []
    assert content.decode(b"body", []) == b"body"


@pytest.mark.parametrize(("name", "package"), [("br", "brotli"), ("zstd", "zstandard")])
def test_a_missing_package_is_named_by_the_command_that_installs_it(
    name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = ENCODERS[name](b"body")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDecoderError, match=r"pip install 'vcr-llm\[encodings\]'") as caught:
        content.decode(encoded, [name])
    assert caught.value.encoding == name
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize("name", ["gzip", "deflate", "identity"])
def test_the_standard_encodings_need_no_package(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("brotli", "zstandard"):
        monkeypatch.setitem(sys.modules, package, None)
    assert content.decode(ENCODERS[name](b"body"), [name]) == b"body"
