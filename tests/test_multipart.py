"""Forms are the same parts whoever sends them, under whatever boundary."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import BOUNDED

from vcr_llm import multipart
from vcr_llm.multipart import Part

URL = "https://api.openai.com/v1/audio/transcriptions"
FIELDS = {"model": "whisper-1", "language": "de", "prompt": "Grüße\r\nund -- mehr"}
FILES = {"file": ('a "b" ü.wav', b"RIFF\x00\xff\r\n--x\r\n\r\n--", "audio/wav")}
PARTS = [
    Part("model", b"whisper-1"),
    Part("language", b"de"),
    Part("prompt", "Grüße\r\nund -- mehr".encode()),
    Part("file", FILES["file"][1], "a %22b%22 ü.wav", "audio/wav"),
]


def sent(client: str) -> bytes:
    """The body that an HTTP library makes of the form."""
    library: Any = pytest.importorskip(client)
    if client == "requests":
        return library.Request("POST", URL, data=FIELDS, files=FILES).prepare().body
    return library.Request("POST", URL, data=FIELDS, files=FILES).read()


@pytest.mark.parametrize("client", ["httpx", "httpx2", "requests"])
def test_every_client_sends_the_same_parts(client: str) -> None:
    assert multipart.parse(sent(client)) == PARTS


@pytest.mark.parametrize("client", ["httpx", "httpx2", "requests"])
def test_a_client_draws_another_boundary_each_time_and_it_does_not_matter(client: str) -> None:
    first, second = sent(client), sent(client)
    assert first != second
    assert multipart.parse(first) == multipart.parse(second)


@BOUNDED
@given(
    st.lists(st.tuples(st.text("abc[]-_é", min_size=1), st.binary(max_size=50)), max_size=4),
    st.text("abcdef0123456789-'()+_,./:=?", min_size=1, max_size=70),
)
def test_contents_come_back_byte_for_byte(fields: list[tuple[str, bytes]], boundary: str) -> None:
    mark = b"--" + boundary.encode() + b"~"  # "~" is in no content below
    fields = [(name, content.replace(b"~", b"")) for name, content in fields] or [("a", b"")]
    raw = b"".join(
        mark + f'\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + content + b"\r\n"
        for name, content in fields
    )
    assert multipart.parse(raw + mark + b"--\r\n") == [Part(name, content) for name, content in fields]
    assert multipart.parse(raw) is None


@BOUNDED
@given(
    st.lists(
        st.builds(
            Part,
            st.text("abc[]-_é", min_size=1),
            st.binary(max_size=50) | st.just(b"\r\n--vcr-llm-form\r\n"),
            st.none() | st.text("abc. ü"),
            st.none() | st.just("audio/wav"),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_what_is_built_is_the_same_parts(parts: list[Part]) -> None:
    assert multipart.parse(multipart.build(parts)) == parts


def test_quotes_and_line_ends_in_names_are_escaped() -> None:
    built = multipart.build([Part('a"b', b"", "x\r\ny")])
    assert multipart.parse(built) == [Part("a%22b", b"", "x%0D%0Ay")]


@BOUNDED
@given(
    st.binary(max_size=120)
    | st.lists(st.sampled_from([b"--b", b"--", b"\r\n", b"x", b'; name="'])).map(b"".join)
)
def test_any_bytes_are_parts_or_none(raw: bytes) -> None:
    parts = multipart.parse(raw)
    assert parts is None or all(isinstance(part, Part) for part in parts)


@BOUNDED
@given(st.data())
def test_a_damaged_form_is_parts_or_none(data: st.DataObject) -> None:
    raw = bytearray(sent("httpx"))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        raw[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=5))
    multipart.parse(bytes(raw))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"--",
        b"--b\r\n",
        b'{"a": 1}',
        b"--b\r\n\r\nno name\r\n--b--\r\n",
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n--b--',
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\ncut',
        b'--b\r\nContent-Disposition: form-data; filename="a"\r\n\r\n\r\n--b--',
    ],
)
def test_what_is_no_complete_form_is_none(raw: bytes) -> None:
    assert multipart.parse(raw) is None
