"""Cassettes in an older format answer in place of those that are not there yet, and are left as they are."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import vcr
from pytest_recording._vcr import use_cassette
from suite import Suite
from wire import WireProvider

import vcr_llm
from vcr_llm import UnreadableCassetteError
from vcr_llm.siblings import OLD_SUFFIXES, own_path, sibling


def ask(url: str, text: str) -> str:
    body = {"model": "g", "messages": [{"role": "user", "content": text}]}
    answer = httpx.post(f"{url}/v1/chat/completions", json=body, headers={"authorization": "Bearer k"})
    return str(answer.json()["choices"][0]["message"]["content"])


def record_old(path: Path, url: str, *texts: str) -> list[str]:
    """A cassette as plain vcrpy writes it, compressed where its name says so."""
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    kind = "json" if plain.suffix == ".json" else "yaml"
    recorder = vcr.VCR(serializer=kind, match_on=("method", "uri", "body"), decode_compressed_response=True)
    with recorder.use_cassette(str(plain)):
        answers = [ask(url, text) for text in texts]
    if plain != path:
        path.write_bytes(gzip.compress(plain.read_bytes()))
        plain.unlink()
    return answers


def asked(path: Path) -> list[Any]:
    document = json.loads(path.read_text(encoding="utf-8"))
    return [entry["request"]["messages"][0]["content"] for entry in document["interactions"]]


@pytest.mark.parametrize("suffix", OLD_SUFFIXES)
def test_an_old_cassette_beside_it_is_replayed(suffix: str, provider: WireProvider, tmp_path: Path) -> None:
    old = tmp_path / f"x{suffix}"
    answers = record_old(old, provider.url, "one", "two")
    before = old.read_bytes()
    provider.stop()
    with vcr_llm.use_cassette(tmp_path / "x.llm.json") as cassette:
        assert [ask(provider.url, text) for text in ("one", "two")] == answers
    assert cassette.old_files == [str(old)]
    assert old.read_bytes() == before
    assert list(tmp_path.iterdir()) == [old]


@pytest.mark.parametrize("mode", ["new_episodes", "all"])
def test_recording_into_it_carries_everything_over(mode: str, provider: WireProvider, tmp_path: Path) -> None:
    old, new = tmp_path / "x.yaml", tmp_path / "x.llm.json"
    record_old(old, provider.url, "one", "two")
    before = old.read_bytes()
    with vcr_llm.use_cassette(new, record_mode=mode):
        ask(provider.url, "two")
        ask(provider.url, "three")
    assert asked(new) == ["one", "two", "three"]
    assert old.read_bytes() == before
    with vcr_llm.use_cassette(new, record_mode="none") as cassette:
        ask(provider.url, "three")
    assert cassette.old_files == []


def test_once_takes_the_old_cassette_for_the_recording(provider: WireProvider, tmp_path: Path) -> None:
    record_old(tmp_path / "x.yaml", provider.url, "one")
    with (
        vcr_llm.use_cassette(tmp_path / "x.llm.json") as cassette,
        pytest.raises(vcr_llm.CassetteMissError, match="1 interaction"),
    ):
        ask(provider.url, "two")
    assert cassette.misses
    assert not (tmp_path / "x.llm.json").exists()


def test_a_call_that_names_the_old_file_finds_the_new_one(provider: WireProvider, tmp_path: Path) -> None:
    old, new = tmp_path / "x.yaml", tmp_path / "x.llm.json"
    record_old(old, provider.url, "one")
    before = old.read_bytes()
    with vcr_llm.use_cassette(old, record_mode="new_episodes"):
        ask(provider.url, "one")
        ask(provider.url, "two")
    assert asked(new) == ["one", "two"]
    assert old.read_bytes() == before
    old.unlink()
    provider.stop()
    with vcr_llm.use_cassette(old, record_mode="none") as cassette:
        ask(provider.url, "two")
    assert cassette.old_files == []


def test_a_new_cassette_is_named_as_asked(provider: WireProvider, tmp_path: Path) -> None:
    for _ in range(2):
        with vcr_llm.use_cassette(tmp_path / "x.yaml", record_mode="new_episodes"):
            ask(provider.url, "one")
    assert [path.name for path in tmp_path.iterdir()] == ["x.yaml"]
    assert asked(tmp_path / "x.yaml") == ["one"]


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("x.yaml", "interactions:\n- request: {body: 'a\n", ":"),
        ("x.yml", "interactions:\n- !!python/object/apply:os.system ['false']\n", ":2:"),
        ("x.json", '{"interactions": [{"request": ', ":1:"),
        ("x.yaml.gz", b"\x1f\x8b\x08\x00damaged", ""),
    ],
)
@pytest.mark.parametrize("mode", ["none", "once", "new_episodes", "all"])
def test_a_bad_old_file_is_an_error_that_names_it(
    mode: str, name: str, text: str | bytes, place: str, tmp_path: Path
) -> None:
    old = tmp_path / name
    old.write_bytes(text.encode() if isinstance(text, str) else text)
    before = old.read_bytes()
    with (
        pytest.raises(UnreadableCassetteError) as error,
        vcr_llm.use_cassette(tmp_path / "x.llm.json", record_mode=mode),
    ):
        pass
    assert str(error.value).startswith(f"{old}{place}")
    assert old.read_bytes() == before
    assert list(tmp_path.iterdir()) == [old]


def test_other_json_of_the_same_name_is_no_cassette(provider: WireProvider, tmp_path: Path) -> None:
    other = tmp_path / "x.json"
    other.write_text('{"name": "x", "cases": []}', encoding="utf-8")
    with vcr_llm.use_cassette(tmp_path / "x.llm.json"):
        ask(provider.url, "one")
    assert asked(tmp_path / "x.llm.json") == ["one"]


def test_names(tmp_path: Path) -> None:
    for name in ("a.yaml", "a.llm.json", "b.yaml.gz", "d"):
        (tmp_path / name).write_bytes(b"interactions: []")

    def own(name: str) -> str:
        return Path(own_path(str(tmp_path / name))).name

    assert own("a.yaml") == own("a.yaml.llm.json") == own("a.llm.json") == "a.llm.json"
    assert own("b.yaml.gz") == own("b.yaml.gz.llm.json") == "b.llm.json"
    assert own("c.yaml") == "c.yaml"
    assert own("c.yaml.llm.json") == "c.yaml.llm.json"
    assert own("c") == "c"
    assert own("d") == own("d.llm.json") == "d.llm.json"
    assert sibling(tmp_path / "d.llm.json") == tmp_path / "d"
    assert sibling(tmp_path / "b.llm.json") == tmp_path / "b.yaml.gz"
    assert sibling(tmp_path / "b.yaml") is None


@pytest.mark.parametrize("length", [200, 240, 250, 251, 400])
def test_names_that_pytest_recording_shortens(length: int, tmp_path: Path) -> None:
    """Our suffix is longer than vcrpy's: names are cut at another place, or one is and the other not."""
    hook = SimpleNamespace(pytest_recording_configure=lambda **_: None)
    name = "q" * length
    context = use_cassette(name, str(tmp_path), "none", [], {}, SimpleNamespace(hook=hook))
    options = context._args_getter()
    old = Path(options["path_transformer"](options["path"]))
    old.write_text("interactions: []", encoding="utf-8")
    new = Path(own_path(str(tmp_path / f"{name}.llm.json")))
    assert sibling(new) == old
    new.touch()


def test_with_pytest_recording(suite: Suite) -> None:
    """The test's own path, an own name with a suffix, and extra cassettes in marks; rewrite refreshes."""
    folder = suite.cassette().parent
    for name in ("test_it.yaml", "named.yaml", "extra.yaml.gz", "migrated.yaml"):
        record_old(folder / name, suite.provider.url, name)
    with vcr_llm.use_cassette(folder / "migrated.llm.json", record_mode="new_episodes"):
        ask(suite.provider.url, "migrated.yaml")
        ask(suite.provider.url, "since")
    (folder / "migrated.yaml").unlink()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    suite.test(
        """
@pytest.mark.vcr
def test_it():
    ask("test_it.yaml")

@pytest.mark.default_cassette("named.yaml")
@pytest.mark.vcr
def test_named():
    ask("named.yaml")

@pytest.mark.parametrize("text", ["long " * 60])
@pytest.mark.vcr
def test_long(text):
    ask(text)

@pytest.mark.vcr("extra.yaml.gz", "migrated.yaml")
def test_extra():
    ask("extra.yaml.gz")
    ask("migrated.yaml")
    ask("since")
""",
        sdk=False,
    )
    suite.run("--block-network", "--deselect=test_app.py::test_long", passed=3, deselected=1)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    suite.run("--record-mode=rewrite", passed=4)
    suite.run("--block-network", passed=4)
    for name in ("test_it", "named"):
        assert asked(folder / f"{name}.llm.json") == [f"{name}.yaml"]
    assert {name: (folder / name).read_bytes() for name in before} == before
