"""``vcr-llm migrate`` and ``export``: the whole corpus there and back, compared by a reader of its own."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import brotli
import httpx
import pytest
import vcr
import yaml
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from llm_mock import fixture_store
from shared_files import shared
from strategies import json_objects
from suite import CONFTEST, WITHOUT
from test_cli import assert_golden

import vcr_llm
from vcr_llm.cli import main
from vcr_llm.migrate import Options, Status, convert, difference, find, grouped, migrate, target_of
from vcr_llm.persister import CassettePersister
from vcr_llm.scrub import DEFAULT
from vcr_llm.serializer import LLM_JSON

NO_CASSETTES = 2
"""Files of the corpus that lie among cassettes and are none."""


def run(*arguments: str | Path, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


# --- an independent reader: plain YAML and JSON, and the decoders of the standard library ---------------


class Inert(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads a tag it does not know as what stands there."""


def inert(loader: Any, _suffix: str, node: Any) -> Any:
    (value,) = loader.construct_sequence(node, deep=True)
    return value


Inert.add_multi_constructor("tag:yaml.org,2002:python/object/apply:multidict", inert)


def plain_pairs(raw: bytes) -> list[tuple[Any, Any]]:
    """Requests and responses as they stand in a file of the corpus."""
    text = (gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw).decode("utf-8")
    document = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, Inert)
    if "requests" in document:
        return list(zip(document["requests"], document["responses"], strict=True))
    entries = document.get("interactions", [document])
    return [(entry["request"], entry["response"]) for entry in entries]


def raw_body(body: Any) -> bytes:
    if isinstance(body, Mapping):
        body = body.get("string")
    return b"" if body is None else body.encode("utf-8") if isinstance(body, str) else body


def header(headers: Any, name: str) -> list[str]:
    for key, value in (headers or {}).items():
        if key.lower() == name:
            return [value] if isinstance(value, str) else list(value)
    return []


DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "deflate": zlib.decompress,
}


def decoded_body(response: Any) -> bytes:
    body = raw_body(response.get("body", response.get("content")))
    for name in reversed(", ".join(header(response.get("headers"), "content-encoding")).split(", ")):
        # An earlier tool may have decoded it and kept the header.
        with suppress(OSError, EOFError, zlib.error, brotli.error):
            body = DECODERS.get(name, bytes)(body)
    return body


def lines_of(raw: bytes) -> list[Any]:
    """A stream's lines, the JSON in them by value."""
    found: list[Any] = []
    for line in raw.decode("utf-8", "replace").splitlines():
        field, _, value = line.partition(":")
        try:
            found.append((field, json.loads(value)))
        except ValueError:
            found.append((field, value.strip()))
    return found


def same(one: bytes, other: bytes) -> bool:
    if one == other:
        return True
    try:
        return json.dumps(json.loads(one)) == json.dumps(json.loads(other))
    except ValueError:
        return lines_of(one) == lines_of(other)


def compare(old: list[tuple[Any, Any]], new: list[tuple[Any, Any]], name: str, secrets: bool) -> None:
    """``secrets``: whether some are replaced in the new ones."""
    assert len(old) == len(new), name
    for (asked, answered), (request, response) in zip(old, new, strict=True):
        assert request.method == asked["method"], name
        status = answered.get("status") or {"code": answered.get("status_code")}
        assert response["status"]["code"] == status["code"], name
        types = [header(each.get("headers"), "content-type") for each in (answered, response)]
        assert types[0] == types[1], name
        for before, after in (
            (raw_body(asked.get("body")), request.body or b""),
            (decoded_body(answered), response["body"]["string"]),
            ((asked.get("uri") or asked.get("url")).encode(), request.uri.encode()),
        ):
            assert same(before, after) or (secrets and b"<" in after), name


def ours(path: Path) -> list[tuple[Any, Any]]:
    """What vcrpy is given of a cassette of ours."""
    persister = CassettePersister(vcr_llm.VCR().persister)
    requests, responses, *_ = persister.load_cassette(str(path), LLM_JSON)
    return list(zip(requests, responses, strict=True))


# --- the corpus ----------------------------------------------------------------------------------------


def manifest() -> list[dict[str, str]]:
    with shared("corpus/MANIFEST.tsv").open(encoding="utf-8") as rows:
        return list(csv.DictReader(rows, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus, migrated, with its old files."""
    folder = tmp_path_factory.mktemp("corpus") / "cassettes"
    for row in manifest():
        target = folder / row["file"]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(shared("corpus") / row["file"], target)
    outcomes = list(outcomes_of(folder, Options(write=True, jobs=1)))
    assert {outcome.status for outcome in outcomes} == {Status.MIGRATED, Status.NO_CASSETTE}
    return folder


def outcomes_of(folder: Path, options: Options) -> Iterator[Any]:
    for outcomes in migrate(grouped(find(folder)), options):
        yield from outcomes


def test_the_whole_corpus_is_migrated_without_a_loss(corpus: Path) -> None:
    compared = interactions = 0
    for row in manifest():
        old = corpus / row["file"]
        new = target_of(old)
        assert old.read_bytes() == (shared("corpus") / row["file"]).read_bytes(), "the old file stays"
        if row["format"].endswith("unknown"):
            assert not new.exists()
            continue
        conversion = convert(old.read_bytes(), DEFAULT)
        pairs = plain_pairs(old.read_bytes())
        compare(pairs, ours(new), row["file"], bool(conversion.secrets))
        compared += 1
        interactions += len(pairs)
        assert row["interactions"] in ("", str(len(pairs))), row["file"]
    assert compared == len(manifest()) - NO_CASSETTES
    assert interactions >= 373


def test_migrating_twice_is_migrating_once(corpus: Path) -> None:
    before = {path: path.read_bytes() for path in corpus.rglob("*") if path.is_file()}
    again = list(outcomes_of(corpus, Options(write=True, jobs=1)))
    assert {each.status for each in again} == {Status.ALREADY, Status.NO_CASSETTE}
    assert {path: path.read_bytes() for path in corpus.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("to", ["vcr-yaml", "vcr-json"])
def test_the_corpus_exported_is_the_corpus_again(corpus: Path, tmp_path: Path, to: str) -> None:
    """vcrpy's own loader reads what we exported, and it is what the migrated cassette holds."""
    result = CliRunner().invoke(main, ["export", str(corpus), "--to", to, "--output", str(tmp_path)])
    refused = [line for line in result.output.splitlines() if "which vcrpy's JSON cannot hold" in line]
    assert result.exit_code == bool(refused)
    assert bool(refused) == (to == "vcr-json")
    exported = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(exported) == len(manifest()) - NO_CASSETTES - len(refused)
    for path in exported:
        cassette = corpus / path.relative_to(tmp_path).with_name(target_of(path).name)
        old = [({**request._to_dict(), "body": request.body}, answer) for request, answer in ours(cassette)]
        text = path.read_text(encoding="utf-8")
        loaded = json.loads(text) if to == "vcr-json" else yaml.load(text, Inert)
        compare(old, [as_pair(entry) for entry in loaded["interactions"]], str(path), secrets=False)


def as_pair(entry: Any) -> tuple[Any, Any]:
    from vcr.request import Request

    response = {**entry["response"], "body": {"string": raw_body(entry["response"]["body"])}}
    return Request(**entry["request"]), response


class Literal(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes long texts as pydantic-ai's serializer does."""


def literal(dumper: Any, text: str) -> Any:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


Literal.add_representer(str, literal)


def parsed(body: bytes | None, name: str) -> dict[str, Any]:
    """A body as that serializer stores it: JSON as a value, anything else as it is."""
    try:
        return {"parsed_body": json.loads(body or b"")}
    except ValueError:
        whole = body.decode("utf-8") if body and body.isascii() else body
        return {"body": whole if name == "request" else {"string": whole}}


def test_the_corpus_with_its_bodies_parsed_is_the_same_cassette() -> None:
    compared = 0
    for row in manifest()[::4]:
        raw = (shared("corpus") / row["file"]).read_bytes()
        if row["format"].endswith("unknown"):
            continue
        before = convert(raw, DEFAULT).data.interactions
        entries = [
            {
                "request": {
                    "method": each.request.method,
                    "uri": each.request.url,
                    "headers": {},
                    **parsed(each.request.body.raw if each.request.body else None, "request"),
                },
                "response": {
                    "status": {"code": each.response.status, "message": each.response.reason},
                    "headers": {name: list(values) for name, values in each.response.headers.items()},
                    "recorded_at": each.date,
                    **parsed(each.response.body.raw, "response"),
                },
            }
            for each in before
        ]
        text = yaml.dump({"interactions": entries}, Dumper=Literal, allow_unicode=True, sort_keys=False)
        after = convert(text.encode(), DEFAULT).data.interactions
        for one, other in zip(before, after, strict=True):
            assert difference(one, other) is None, row["file"]
            compared += 1
    assert compared > 70


MEMBERS = ["hash", "request", "response", "streaming", "stream_events", "recorded_at"]


def test_an_export_to_llm_mock_says_what_is_lost_and_llm_mock_reads_it(corpus: Path, tmp_path: Path) -> None:
    result = run("export", corpus, "--to", "llm-mock", "--output", tmp_path)
    exported = list(tmp_path.rglob("*.json"))
    assert len(exported) > 100
    assert "lost: 1 interaction with the status 404" in result.output
    assert "lost: http (method, URL, status and headers)" in result.output
    for path in exported:
        document = json.loads(path.read_text(encoding="utf-8"))
        assert document.keys() == {"version", "provider", "interactions"}
        for entry in document["interactions"]:
            assert list(entry) == MEMBERS
            assert fixture_store.load(path, entry["hash"]).recorded_at


# --- safety --------------------------------------------------------------------------------------------

CASSETTE = """\
interactions:
- request:
    body: '{"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}'
    headers: {}
    method: POST
    uri: https://api.openai.com/v1/chat/completions
  response:
    body: {string: '{"object": "chat.completion", "choices": []}'}
    headers: {Content-Type: [application/json]}
    status: {code: 200, message: OK}
version: 1
"""
KEY = "sk-proj-" + "a1B2c3D4" * 6


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder ``cassettes`` with the cassette ``x.yaml``, in the current folder."""
    monkeypatch.chdir(tmp_path)
    cassettes = tmp_path / "cassettes"
    cassettes.mkdir()
    (cassettes / "x.yaml").write_text(CASSETTE, encoding="utf-8")
    return cassettes


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_dry_run_shows_a_table_and_changes_nothing(folder: Path) -> None:
    (folder / "notes.yaml").write_text("messages: []\n")
    (folder / "empty.yml").write_text("interactions: []\n")
    result = run("migrate", folder)
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["file", "format", "interactions", "providers", "warnings", "before", "after"]
    assert lines[1] == ["cassettes/"]
    assert lines[2][:4] == ["empty.yml", "vcrpy", "0", "1"]
    assert lines[3] == ["x.yaml", "vcrpy", "1", "openai", f"{len(CASSETTE)}", "B", *lines[3][6:]]
    assert "warning: cassettes/empty.yml: it has no interactions" in result.stdout
    assert "no cassette: cassettes/notes.yaml: it seems to be an agent's transcript" in result.stdout
    assert "2 files to migrate (1 interaction" in result.stdout
    assert f"vcr-llm migrate {folder} --write" in result.stdout
    assert files(folder) == {"x.yaml", "notes.yaml", "empty.yml"}


def test_what_a_run_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text that the page on migrating shows, word for word."""
    monkeypatch.chdir(tmp_path)
    cassettes = tmp_path / "tests/cassettes"
    (cassettes / "test_agent").mkdir(parents=True)
    (cassettes / "test_chat.yaml").write_text(CASSETTE.replace('"hi"', f'"{KEY}"'), encoding="utf-8")
    for name in ("test_thinking.yaml.gz", "test_web_fetch.yaml.gz"):
        old = shared(f"corpus/pypi+langchain_anthropic-1.7.10/tests/cassettes/{name}")
        shutil.copyfile(old, cassettes / "test_agent" / name)
    (cassettes / "test_agent/empty.yaml").write_text("interactions: []\nversion: 1\n", encoding="utf-8")
    (cassettes / "test_agent/session.yaml").write_text("messages: []\n", encoding="utf-8")
    shown = "$ vcr-llm migrate tests\n" + run("migrate", "tests").output
    shown += "$ vcr-llm migrate tests --write\n" + run("migrate", "tests", "--write").output
    shown += "$ vcr-llm migrate tests --check\n" + run("migrate", "tests", "--check").output
    assert_golden("migrate", shown)
    page = Path(__file__).parents[1] / "docs/migrating.md"
    assert f"```text\n{shown}```" in page.read_text(encoding="utf-8")


def test_write_then_check_then_remove_the_old(folder: Path) -> None:
    run("migrate", folder, "--check", code=1)
    assert "1 file migrated" in run("migrate", folder, "--write").stdout
    assert files(folder) == {"x.yaml", "x.llm.json"}
    new = (folder / "x.llm.json").read_bytes()
    run("migrate", folder, "--check")
    assert "1 file already migrated" in run("migrate", folder).stdout
    (folder / "other.llm.json").write_bytes(new)
    removing = run("migrate", folder, "--write", "--remove-old").stdout
    assert removing == "1 old file removed; 1 other file already migrated\n"
    assert run("migrate", folder, "--write", "--remove-old").stdout == "2 files already migrated\n"
    (folder / "other.llm.json").unlink()
    assert files(folder) == {"x.llm.json"}
    assert (folder / "x.llm.json").read_bytes() == new


def test_an_interrupted_run_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        (folder / f"y{number}.yaml").write_text(CASSETTE, encoding="utf-8")
    groups = grouped(find(folder))
    running = migrate(groups, Options(write=True, jobs=1))
    next(running), next(running)
    running.close()  # type: ignore[attr-defined]
    assert len(files(folder)) == 6 + 2
    run("migrate", folder, "--write")
    assert len(files(folder)) == 12


def test_a_crash_while_writing_leaves_the_old_file_and_no_half_of_the_new(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = run("migrate", folder, "--write", "--remove-old", code=1)
    assert "No space left on device" in result.stderr
    assert files(folder) == {"x.yaml"}


def test_what_was_written_is_read_again_before_the_old_file_goes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vcr_llm import store

    write = store.write
    monkeypatch.setattr(store, "write", lambda path, text: write(path, text.replace("gpt-4o", "gpt-5")))
    result = run("migrate", folder, "--write", "--remove-old", code=1)
    assert "Interaction 1 would change: the request's body" in result.stderr
    assert "x.yaml" in files(folder)


def test_a_cassette_changed_since_is_never_overwritten(folder: Path) -> None:
    run("migrate", folder, "--write")
    new = folder / "x.llm.json"
    new.write_text(new.read_text().replace('"hi"', '"changed"'))
    changed = new.read_bytes()
    result = run("migrate", folder, "--write", "--remove-old")
    assert "x.llm.json was changed since, so the old file stays; 1 of its interactions" in result.stdout
    assert files(folder) == {"x.yaml", "x.llm.json"}
    assert new.read_bytes() == changed


def test_one_cassette_in_other_words_is_the_same(folder: Path) -> None:
    run("migrate", folder, "--write")
    new = folder / "x.llm.json"
    new.write_text(json.dumps(json.loads(new.read_text())))
    assert "1 old file removed" in run("migrate", folder, "--write", "--remove-old").stdout


def test_two_files_for_one_cassette_the_second_is_refused(folder: Path) -> None:
    (folder / "x.yaml.gz").write_bytes(gzip.compress(CASSETTE.replace("hi", "ho").encode()))
    result = run("migrate", folder, "--write", code=1)
    assert "x.yaml.gz: x.yaml becomes x.llm.json too" in result.stderr
    assert files(folder) == {"x.yaml", "x.yaml.gz", "x.llm.json"}


def test_a_damaged_file_is_reported_and_the_others_migrated(folder: Path) -> None:
    damaged = folder / "damaged.yaml"
    damaged.write_text("interactions: [\n", encoding="utf-8")
    result = run("migrate", folder, "--write", code=1)
    assert "damaged.yaml:2:1: The cassette is not valid YAML" in result.stderr
    assert damaged.read_text() == "interactions: [\n"
    assert files(folder) == {"damaged.yaml", "x.yaml", "x.llm.json"}


def test_what_cannot_be_read_and_says_nothing_of_calls_is_no_cassette(folder: Path) -> None:
    (folder / "log.json").write_text('{"a": 1}\n{"a": 2}\n')
    (folder / "mkdocs.yml").write_text("site: !ENV NAME\n")
    (folder / "image.json").write_bytes(b"\xff\xfe\xfd" * 9)
    (folder / "cut.yaml.gz").write_bytes(gzip.compress(CASSETTE.encode())[:50])
    result = run("migrate", folder, "--write", code=1)
    for name in ("log.json", "mkdocs.yml", "image.json"):
        assert f"no cassette: cassettes/{name}: it says nothing of HTTP calls" in result.stdout
    assert "cut.yaml.gz: The gzip data is damaged" in result.stderr
    run("migrate", folder / "log.json", code=1)


def test_what_is_named_must_be_a_cassette(folder: Path) -> None:
    har = folder / "x.har"
    har.write_text('{"log": {"entries": []}}')
    result = run("migrate", har, code=1)
    assert "an HTTP archive (HAR); vcr-llm migrate --har reads it" in result.stdout
    assert "1 file to migrate" in run("migrate", har, "--har").stdout
    assert "no such file or folder" in run("migrate", folder / "none.yaml", code=1).stderr


def test_a_whole_repository_is_searched_for_what_looks_like_a_cassette(folder: Path) -> None:
    root = folder.parent
    for name in (".github/workflows", "tests/data", "venv/lib", "src"):
        (root / name).mkdir(parents=True)
    (root / "venv/pyvenv.cfg").touch()
    (root / "venv/lib/y.yaml").write_text(CASSETTE)
    (root / "tests/data/y.yaml").write_text(CASSETTE)
    (root / "tests/data/other.yaml").write_text("a: 1\n")
    (root / ".github/workflows/ci.yaml").write_text("jobs: {}\n")
    (root / "src/config.toml").write_text("[tool]\nrequest = 1\n")
    (root / "PKG-INFO").write_text("Name: x\n\n" + CASSETTE)
    (root / "Makefile").write_text("all:\n\ttrue\n")
    (root / "tests/data/no_suffix").write_text(CASSETTE)
    (root / "package.json").write_text('{"interactions": "none"}')
    found = [outcome["path"] for outcome in json.loads(run("migrate", root, "--json").stdout)]
    data = root / "tests/data"
    assert found == [str(path) for path in (folder / "x.yaml", data / "no_suffix", data / "y.yaml")]


def test_names_of_cassettes() -> None:
    for name in ("x.yaml", "x.yml", "x.json", "x.yaml.gz", "x.YAML", "x.toml", "x.har", "x", "x.llm.json"):
        assert target_of(Path("a.b", name)) == Path("a.b/x.llm.json")
    assert target_of(Path("T.test[a.b].yaml")) == Path("T.test[a.b].llm.json")


@pytest.mark.parametrize("length", [246, 247, 248, 250, 251, 300])
def test_a_test_with_a_long_name_finds_its_cassette(length: int, pytester: pytest.Pytester) -> None:
    """pytest-recording shortens names by the length of the suffix, and ours is longer than ``.yaml``."""
    name = f"test_{'x' * (length - 5)}"
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error")
    pytester.makepyfile(
        test_long="import httpx, pytest\n@pytest.mark.vcr\n"
        f"def {name}():\n    assert httpx.get('http://example.test/').text == 'hello'\n"
    )
    if len(name) > 250:
        name = f"{name[:215]}...{hashlib.md5(name.encode()).hexdigest()}"
    folder = pytester.mkdir("cassettes") / "test_long"
    folder.mkdir()
    old = folder / f"{name}.yaml"
    request = {"method": "GET", "uri": "http://example.test/", "body": None, "headers": {}}
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "hello"}}
    old.write_text(yaml.safe_dump({"interactions": [{"request": request, "response": response}]}))
    pytester.runpytest_inprocess(*WITHOUT).assert_outcomes(passed=1)  # vcrpy's own
    pytester.makeconftest(CONFTEST.format(options=""))
    pytester.runpytest_inprocess(*WITHOUT).assert_outcomes(passed=1)  # the old file beside
    run("migrate", folder, "--write", "--remove-old")
    assert not old.exists()
    pytester.runpytest_inprocess(*WITHOUT).assert_outcomes(passed=1)
    assert len(list(folder.iterdir())) == 1


def test_secrets_are_replaced_and_counted_or_kept_out_loud(folder: Path) -> None:
    (folder / "x.yaml").write_text(CASSETTE.replace('"hi"', f'"{KEY}"'), encoding="utf-8")
    dry = run("migrate", folder)
    assert "1 secret to be replaced in 1 file: openai-api-key" in dry.stdout
    kept = run("migrate", folder, "--keep-secrets", "--write")
    assert "SECRET KEPT at interactions[0].request.messages[0].content: openai-api-key" in kept.stderr
    assert KEY in (folder / "x.llm.json").read_text()
    assert KEY not in kept.output
    (folder / "x.llm.json").unlink()
    assert "1 secret replaced in 1 file" in run("migrate", folder, "--write").stdout
    assert KEY not in (folder / "x.llm.json").read_text()
    assert "<OPENAI_API_KEY>" in (folder / "x.llm.json").read_text()


def test_many_files_are_shared_out_among_processes(folder: Path) -> None:
    for number in range(60):
        (folder / f"y{number:02}.yaml").write_text(CASSETTE, encoding="utf-8")
    (folder / "z.yaml").write_text("interactions: [", encoding="utf-8")
    result = run("migrate", folder, "--write", "--jobs", "2", "--json", code=1)
    rows = json.loads(result.stdout)
    assert [row["path"] for row in rows] == sorted(row["path"] for row in rows)
    assert [row["status"] for row in rows] == ["migrated"] * 61 + ["failed"]
    assert "z.yaml:2:1: The cassette is not valid YAML" in rows[-1]["problem"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminals")
def test_a_terminal_shows_how_far_it_has_come(folder: Path) -> None:
    import pty

    for number in range(25):
        (folder / f"y{number}.yaml").write_text(CASSETTE, encoding="utf-8")
    ours, theirs = pty.openpty()
    shown = b""
    start = "from vcr_llm.cli import main; main()"
    command = [sys.executable, "-c", start, "migrate", str(folder), "--jobs", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        with suppress(OSError):  # that is how a terminal ends
            while part := os.read(ours, 4096):
                shown += part
        assert process.stdout is not None
        printed = process.stdout.read()
    os.close(ours)
    assert b"Migrating" in shown
    assert b"100%" in shown
    assert b"26 files to migrate" in printed


def test_wrong_usage() -> None:
    assert "--remove-old needs --write" in run("migrate", ".", "--remove-old", code=2).stderr
    assert "--check changes nothing" in run("migrate", ".", "--check", "--write", code=2).stderr


def test_an_export_does_not_replace_a_file_unless_forced(folder: Path) -> None:
    run("migrate", folder, "--write", "--remove-old")
    run("export", folder, "--to", "vcr-yaml")
    run("export", folder, "--to", "vcr-yaml")  # the same again is fine
    (folder / "x.yaml").write_text("mine")
    result = run("export", folder, "--to", "vcr-yaml", code=1)
    assert "Replace it with --force" in result.stderr
    assert (folder / "x.yaml").read_text() == "mine"
    run("export", folder, "--to", "vcr-yaml", "--force")
    old, new = (convert(text, DEFAULT).data for text in (CASSETTE.encode(), (folder / "x.yaml").read_bytes()))
    assert difference(old.interactions[0], new.interactions[0]) is None


@pytest.mark.parametrize(("to", "suffix"), [("vcr-yaml", "yaml"), ("vcr-json", "json")])
def test_vcrpy_alone_replays_an_export(to: str, suffix: str, folder: Path) -> None:
    dated = CASSETTE.replace("Content-Type:", "Date: ['Mon, 06 May 2024 07:08:09 GMT'], Content-Type:")
    (folder / "x.yaml").write_text(dated, encoding="utf-8")
    run("migrate", folder, "--write", "--remove-old")
    run("export", folder, "--to", to)
    recorder = vcr.VCR(record_mode="none", match_on=["method", "uri", "body"], serializer=suffix)
    body = b'{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}'
    with recorder.use_cassette(str(folder / f"x.{suffix}")) as cassette, httpx.Client() as client:
        answer = client.post("https://api.openai.com/v1/chat/completions", content=body)
        assert answer.json() == {"object": "chat.completion", "choices": []}
        assert cassette.all_played
    assert "2024-05-06T07:08:09+00:00" in (folder / f"x.{suffix}").read_text()


def test_llm_mock_files_become_ours_and_go_back(tmp_path: Path) -> None:
    for name in ("hello.v1.json", "openai_chat_stream.json", "both_providers.json"):
        shutil.copyfile(shared(f"llm-mock/fixtures/{name}"), tmp_path / name)
    run("migrate", tmp_path / "hello.v1.json", tmp_path / "both_providers.json", "--write")
    assert json.loads((tmp_path / "hello.v1.llm.json").read_text())["version"] == "2.0"
    run("export", tmp_path / "both_providers.llm.json", "--to", "llm-mock", "--output", tmp_path / "back")
    back = json.loads((tmp_path / "back/both_providers.json").read_text())
    assert back["interactions"] == json.loads((tmp_path / "both_providers.json").read_text())["interactions"]


# --- laws ----------------------------------------------------------------------------------------------


@given(
    json_objects, json_objects, st.binary(max_size=40), st.sampled_from(["json", "gzip", "bytes", "parsed"])
)
@settings(max_examples=60, deadline=None, database=None)
def test_migrating_twice_equals_once_whatever_is_in_it(asked: Any, told: Any, raw: bytes, kind: str) -> None:
    zipped = gzip.compress(json.dumps(told).encode())
    body = {"json": json.dumps(told), "gzip": zipped, "bytes": raw}.get(kind)
    request: dict[str, Any] = {"method": "POST", "uri": "https://x.test/v1/chat/completions", "headers": {}}
    headers = {"Content-Type": ["application/json"]}
    if kind == "gzip":
        headers["Content-Encoding"] = ["gzip"]
    response: dict[str, Any] = {"status": {"code": 200, "message": "OK"}, "headers": headers}
    if kind == "parsed":
        request["parsed_body"], response["parsed_body"] = asked, told
    else:
        request["body"], response["body"] = json.dumps(asked), {"string": body}
    text = yaml.safe_dump({"interactions": [{"request": request, "response": response}], "version": 1})
    once = convert(text.encode(), DEFAULT)
    twice = convert(once.text.encode(), DEFAULT)
    assert twice.text == once.text
    (one,), (other,) = once.data.interactions, twice.data.interactions
    assert difference(one, other) is None
    assert one.request.body is not None
    assert json.loads(one.request.body.raw) == asked
    if kind != "bytes":
        assert json.loads(one.response.body.raw) == told
