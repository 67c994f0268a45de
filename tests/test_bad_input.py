"""A cassette that cannot be read: an error with path, line and column, and the file left as it was."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import vcr_llm
from vcr_llm.cli import main

MODES = ["none", "once", "new_episodes", "all"]

GOOD = '{"version": "2.0", "provider": "openai", "interactions": []}'
BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", ":1:1: The cassette is empty"),
    "only white space": (b" \n\n", ":1:1: The cassette is empty"),
    "not JSON": (b'{"version": "2.0",\n "interactions": [}', ":2:19: The cassette is not valid JSON"),
    "truncated": (
        b'{"version": "2.0",\n "interactions": [\n  {"request": {"model',
        ":3:16: .*not valid JSON",
    ),
    "a merge conflict": (
        b'{\n<<<<<<< HEAD\n{"version": "2.0"}\n',
        ":2:1: The cassette has an unresolved merge conflict",
    ),
    "a list": (b"[]", ":1:1: This is neither an LLM cassette nor one of vcrpy"),
    "another document": (b'{"name": "package", "version": 3}', ":1:1: This is neither an LLM cassette"),
    "a newer version": (
        b'{\n "version": "3.0", "interactions": []}',
        ":2:13: .*version '3.0'.*pip install -U vcr-llm",
    ),
    "wrong type": (
        b'{"version": "2.0", "interactions": [\n{"request": []}]}',
        ':2:13: "request" must be an object, not a list',
    ),
    "no request": (
        b'{"version": "2.0", "interactions": [\n{"response": {}}]}',
        ':2:1: Interaction 1 has no "request"',
    ),
    "no response": (
        b'{"version": "2.0", "interactions": [\n{"request": {"model": "g", "messages": []}}]}',
        ':2:1: Interaction 1 has no "response"',
    ),
    "no status": (
        b'{"version": "2.0", "interactions": [\n{"request": {}, "response": {},\n'
        b' "http": {"url": "http://x/", "status": -5}}]}',
        ":3:41: -5 is no HTTP status",
    ),
    "unknown provider": (
        b'{"version": "2.0", "interactions": [{"request": {"a": 1}, "response": {}}]}',
        "has no http.url",
    ),
    "not UTF-8": (b'{"version":\n "2.0\xff"}', ":2:6: The byte 0xff is not UTF-8"),
    "bad YAML": (b"interactions:\n- request: [\n", ":3:1: The cassette is not valid YAML"),
    "YAML with a live object": (
        b"interactions:\n- !!python/object/apply:os.system ['true']\n",
        ":2:3: The cassette is not valid YAML: could not determine a constructor",
    ),
    "YAML of something else": (b"name: x\n", "neither an LLM cassette nor one of vcrpy"),
    "a pointer of Git LFS": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n",
        "only a pointer of Git LFS; what it stands for has not been fetched.*Fetch it with git lfs pull",
    ),
    "encrypted by git-crypt": (b"\x00GITCRYPT\x00\xa1\xb2", "encrypted by git-crypt.*git-crypt unlock"),
    "damaged gzip": (b"\x1f\x8b\x08\x00\x00", "The gzip data is damaged"),
}


def open_and_close(path: Path, mode: str) -> Any:
    with vcr_llm.use_cassette(path, record_mode=mode) as cassette:
        return cassette


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", BAD)
def test_it_is_reported_and_left_alone(name: str, mode: str, tmp_path: Path) -> None:
    content, expected = BAD[name]
    path = tmp_path / "bad.llm.json"
    path.write_bytes(content)
    with pytest.raises(vcr_llm.UnreadableCassetteError, match=expected) as caught:
        open_and_close(path, mode)
    assert str(caught.value).startswith(str(path))
    assert "left as it is" in str(caught.value)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", MODES)
def test_a_folder_in_its_place_is_told(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "folder.llm.json"
    path.mkdir()
    with pytest.raises(vcr_llm.UnreadableCassetteError, match=r"Is a directory.*Remove the folder"):
        open_and_close(path, mode)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
@pytest.mark.parametrize("mode", MODES)
def test_a_file_without_permission_is_told(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "private.llm.json"
    path.write_text(GOOD)
    path.chmod(0)
    with pytest.raises(vcr_llm.UnreadableCassetteError, match="Permission denied"):
        open_and_close(path, mode)


def test_a_bad_cassette_leaves_http_unpatched(tmp_path: Path) -> None:
    import httpx

    before = httpx.HTTPTransport.handle_request
    path = tmp_path / "bad.llm.json"
    path.write_bytes(b"{")
    with pytest.raises(vcr_llm.UnreadableCassetteError):
        open_and_close(path, "once")
    assert httpx.HTTPTransport.handle_request is before


def test_a_failed_save_comes_out_after_unpatching_and_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import httpx

    before = httpx.HTTPTransport.handle_request
    path = tmp_path / "x.llm.json"
    path.write_text(GOOD)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    def record() -> None:
        with vcr_llm.use_cassette(path, record_mode="new_episodes") as cassette:
            response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b""}}
            cassette.append(_request(), response)
            monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(vcr_llm.UnwritableCassetteError, match="No space left on device"):
        record()
    assert httpx.HTTPTransport.handle_request is before
    assert path.read_text() == GOOD
    assert list(tmp_path.iterdir()) == [path]


def _request() -> Any:
    from vcr.request import Request

    return Request("GET", "http://127.0.0.1/", None, {})


def test_a_bad_extra_cassette_is_an_error_too(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    pytester.makeconftest(
        "import pytest, vcr_llm\n@pytest.fixture\ndef vcr_config():\n    return vcr_llm.preset()\n"
    )
    pytester.makepyfile(test_app="import pytest\n@pytest.mark.vcr('extra.yaml')\ndef test_it():\n    pass\n")
    folder = pytester.mkdir("cassettes") / "test_app"
    folder.mkdir()
    extra = folder / "extra.yaml"
    extra.write_text("interactions: [\n")
    for mode in [*MODES, "rewrite"]:
        result = pytester.runpytest_inprocess(f"--record-mode={mode}", "-p", "no:cacheprovider")
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(["*extra.yaml:2:1: The cassette is not valid YAML*"])
        assert extra.read_text() == "interactions: [\n"


def test_a_url_that_is_none_is_a_recording_like_others(tmp_path: Path) -> None:
    path = tmp_path / "x.llm.json"
    entry = {"request": {}, "response": {}, "http": {"url": "http://[::1/v1/chat/completions"}}
    document = {"version": "2.0", "provider": "openai", "interactions": [entry]}
    path.write_text(json.dumps(document), encoding="utf-8")
    with vcr_llm.use_cassette(path, record_mode="none") as cassette:
        assert [request.uri for request in cassette.requests] == ["http://[::1/v1/chat/completions"]
    for verb in ("list", "show", "scan"):
        assert CliRunner().invoke(main, [verb, str(path)]).exit_code == 0


def test_events_are_a_stream_even_where_the_entry_says_it_is_none(tmp_path: Path) -> None:
    path = tmp_path / "x.llm.json"
    events = [{"event": "e", "data": {"a": 1}}]
    http = {"url": "http://x/", "headers": {"content-type": "text/event-stream"}}
    entry = {"request": {}, "response": {}, "streaming": False, "stream_events": events, "http": http}
    path.write_text(
        json.dumps({"version": "2.0", "provider": "x", "interactions": [entry]}), encoding="utf-8"
    )
    with vcr_llm.use_cassette(path, record_mode="none") as cassette:
        assert cassette.responses[0]["body"]["string"] == b'event: e\ndata: {"a":1}\n\n'
