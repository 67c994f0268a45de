"""Cassettes are read with the place of what is wrong, and written all or nothing."""

from __future__ import annotations

import errno
import gzip
import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import BOUNDED

from vcr_llm import store
from vcr_llm.errors import UnreadableCassetteError, UnwritableCassetteError

TEXT = '{\n  "answer": "Zürich 🏔"\n}\n'


def unreadable(path: Path) -> UnreadableCassetteError:
    with pytest.raises(UnreadableCassetteError) as caught:
        store.read(path)
    assert caught.value.path == str(path)
    assert str(path) in str(caught.value)
    return caught.value


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- reading -----------------------------------------------------------------------------------------


def test_a_missing_file_is_none(tmp_path: Path) -> None:
    assert store.read(tmp_path / "no.json") is None
    assert store.read(tmp_path / "no" / "folder" / "no.json") is None


@pytest.mark.parametrize("size", [0, 1, store._SMALL - 1, store._SMALL, store._SMALL + 1, 3 * store._SMALL])
def test_a_file_of_any_size_is_read_whole(tmp_path: Path, size: int) -> None:
    path = tmp_path / "some.llm.json"
    path.write_bytes(b"x" * size)
    assert store.read_bytes(path) == b"x" * size


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("parts", [[b"x"], [b"x", b"y" * 10], [b"x" * store._SMALL, b"y"], [b"{", b"\n}\n"]])
def test_a_pipe_is_read_to_its_end(tmp_path: Path, parts: list[bytes]) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)

    def write() -> None:
        with path.open("wb", buffering=0) as pipe:
            for part in parts:
                pipe.write(part)
                time.sleep(0.05)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        assert store.read_bytes(path) == b"".join(parts)
        writing.result()


def test_reading_asks_for_nothing_that_guards_of_event_loops_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "some.llm.json"
    path.write_text(TEXT, encoding="utf-8")
    for name in ("read", "stat", "listdir", "scandir", "access"):
        monkeypatch.setattr(os, name, lambda *_, called=name: pytest.fail(f"os.{called} in an event loop"))
    assert store.read(str(path)) == TEXT


@pytest.mark.parametrize(
    "raw",
    [
        TEXT.encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        gzip.compress(TEXT.encode()),
        gzip.compress(b"\xef\xbb\xbf" + TEXT.encode()),
        gzip.compress(TEXT[:9].encode()) + gzip.compress(TEXT[9:].encode()),
    ],
    ids=["plain", "byte order mark", "gzip", "gzip and byte order mark", "two gzip members"],
)
def test_text_is_read_plain_or_compressed_without_its_byte_order_mark(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(raw)
    assert store.read(path) == TEXT


@pytest.mark.parametrize(
    ("raw", "byte", "at"),
    [
        (b"\xff", "0xff", (1, 1)),
        (b"{\n  \xe9", "0xe9", (2, 3)),
        ("é\n ü".encode() + b"\x80", "0x80", (2, 3)),
        (b"abc\r\n\xc3", "0xc3", (2, 1)),
        ("ü\n".encode("latin-1"), "0xfc", (1, 1)),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_byte_that_is_not_utf8_is_named_with_line_and_column(
    raw: bytes, byte: str, at: tuple[int, int], pack, tmp_path: Path
) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(pack(raw))
    error = unreadable(path)
    assert (error.line, error.column) == at
    assert error.reason == f"The byte {byte} is not UTF-8"


@pytest.mark.parametrize("cut", [2, 5, 12, -5, -1])
def test_damaged_gzip_data_is_an_error(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(gzip.compress(TEXT.encode())[:cut])
    assert unreadable(path).reason.startswith("The gzip data is damaged")


def test_a_folder_is_an_error_that_says_so(tmp_path: Path) -> None:
    error = unreadable(tmp_path)
    assert error.reason == "The cassette cannot be read: Is a directory"
    assert "Remove the folder" in str(error)
    assert error.line is None


def test_a_file_in_the_path_is_an_error_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "A part of its path is a file" in str(unreadable(tmp_path / "file" / "c.json"))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_an_error_that_says_so(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(TEXT)
    path.chmod(0)
    assert "Make it readable for the user who runs the tests" in str(unreadable(path))


# --- writing -----------------------------------------------------------------------------------------


@BOUNDED
@given(st.text())
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "round-trip.json"
    store.write(path, text)
    assert store.read(path) == text.removeprefix("\ufeff")
    assert path.read_bytes() == text.encode("utf-8")


def test_folders_are_made_and_no_temporary_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "cassettes" / "test_a" / "c.llm.json"
    store.write(path, "old")
    store.write(path, TEXT)
    assert store.read(path) == TEXT
    assert names_in(path.parent) == ["c.llm.json"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o440])
def test_permissions_are_kept(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text("old")
    path.chmod(mode)
    store.write(path, TEXT)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert store.read(path) == TEXT


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_a_new_file_has_the_permissions_that_the_umask_allows(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        store.write(tmp_path / "c.json", TEXT)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "c.json").stat().st_mode) == 0o640


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "elsewhere" / "c.json", tmp_path / "link.json"
    target.parent.mkdir()
    target.write_text("old")
    link.symlink_to(target)
    store.write(link, TEXT)
    assert link.is_symlink()
    assert store.read(target) == TEXT
    assert names_in(target.parent) == ["c.json"]


def test_a_link_to_nothing_yet_is_followed_too(tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "new" / "c.json")
    store.write(link, TEXT)
    assert link.is_symlink()
    assert store.read(tmp_path / "new" / "c.json") == TEXT


def fail(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def stop(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("before", ["old", None])
def test_a_write_that_fails_leaves_what_was_there(
    step: str, before: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.json"
    if before is not None:
        path.write_text(before)
    monkeypatch.setattr(os, step, fail)
    if step == "replace":
        monkeypatch.setattr(Path, step, fail)
    with pytest.raises(UnwritableCassetteError) as caught:
        store.write(path, TEXT)
    monkeypatch.undo()
    assert caught.value.path == str(path)
    assert caught.value.reason == "No space left on device"
    assert "What was there before is unchanged" in str(caught.value)
    assert store.read(path) == before
    assert names_in(tmp_path) == ([] if before is None else ["c.json"])


def test_a_write_that_is_interrupted_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.json"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        store.write(path, TEXT)
    assert store.read(path) == "old"
    assert names_in(tmp_path) == ["c.json"]


def test_the_old_file_is_whole_until_the_new_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.json"
    path.write_text("old")
    seen: list[str | None] = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: (seen.append(store.read(path)), sync(number)))
    store.write(path, TEXT)
    assert seen == ["old"]
    assert store.read(path) == TEXT


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_an_error_that_says_so(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text("old")
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(UnwritableCassetteError, match="Make the folder writable"):
            store.write(path, TEXT)
    finally:
        tmp_path.chmod(0o700)
    assert store.read(path) == "old"


@pytest.mark.parametrize("place", ["folder", "file/c.json"])
def test_a_place_that_cannot_be_a_file_is_an_error(place: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(UnwritableCassetteError):
        store.write(tmp_path / place, TEXT)
    assert names_in(tmp_path) == ["file", "folder"]


def test_what_a_killed_process_left_is_removed_by_a_later_write(tmp_path: Path) -> None:
    old, young = tmp_path / ".vcr-llm-1.tmp", tmp_path / ".vcr-llm-2.tmp"
    for path in (old, young):
        path.touch()
    os.utime(old, (0, 0))
    store.write(tmp_path / "x.json", "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".vcr-llm-2.tmp", "x.json"]


def test_a_test_that_turns_the_clock_takes_no_temporary_file_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", lambda: 4e9)
    (tmp_path / ".vcr-llm-1.tmp").touch()
    store.write(tmp_path / "x.json", "text")
    assert (tmp_path / ".vcr-llm-1.tmp").exists()


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "Make room on the disk and"), (errno.EROFS, "Make the folder writable and")],
)
def test_the_remedy_is_for_what_went_wrong(
    number: int, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(
        UnwritableCassetteError, match=f"{os.strerror(number)}. What .* {remedy} record again"
    ):
        store.write(tmp_path / "x.json", "text")
    assert list(tmp_path.iterdir()) == []
