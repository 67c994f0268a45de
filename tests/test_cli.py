"""The verbs init, list, show and clear, as a user types them.

The texts of list, show and init are compared with ``golden/*.txt``; ``UPDATE_GOLDEN=1`` writes them anew.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from calls import ANTHROPIC_TOOLS, CLAUDE, TOOL_QUESTION, USER, clients
from click.testing import CliRunner, Result
from shared_files import shared
from wire import WireProvider

import vcr_llm
from vcr_llm.blobs import INLINE_LIMIT
from vcr_llm.cli import main
from vcr_llm.cli.lines import printable, wrapped
from vcr_llm.providers import answers

GOLDEN = Path(__file__).parent / "golden"
FIXTURES = "llm-mock/fixtures"
CORPUS = "corpus"

VERBS = {
    "init": {"--sdk", "--llm-mock", "--help"},
    "list": {"--json", "--help"},
    "show": {"--number", "--hash", "--full", "--json", "--help"},
    "clear": {"--hash", "--yes", "--help"},
    "prune": {"--write", "--help"},
}


def run(*arguments: str | Path, code: int = 0) -> Result:
    """What a command line prints where there is no terminal; it must end with this exit code."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def objects(*arguments: str | Path, code: int = 0) -> list[dict[str, Any]]:
    found = json.loads(run(*arguments, "--json", code=code).stdout)
    assert isinstance(found, list)
    return found


def assert_golden(name: str, text: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, "utf-8", newline="\n")
    assert text == path.read_text("utf-8")


@pytest.fixture
def fixtures(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files llm-mock wrote, in the current folder."""
    folder = shared(FIXTURES)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def copies(fixtures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copies of them, to change, in the current folder."""
    folder = tmp_path / "fixtures"
    folder.mkdir()
    for file in fixtures.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def recorded(provider: WireProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a cassette of ours: a message, a tool call as a stream, embeddings, an error, a page."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "cassettes" / "mixed.llm.json"
    with clients(provider.url, max_retries=0) as c, vcr_llm.use_cassette(path):
        c.anthropic.messages.create(messages=USER, system="Be brief.", **CLAUDE)
        list(
            c.anthropic.messages.create(messages=TOOL_QUESTION, tools=ANTHROPIC_TOOLS, stream=True, **CLAUDE)
        )
        c.openai.embeddings.create(model="e", input=["The sea", "The hills"])
        with pytest.raises(Exception, match="404"):
            c.openai.chat.completions.create(
                model="gpt-4o", messages=USER, extra_headers={"x-wire": "status=404"}
            )
        c.openai.models.list()
    return path.parent


# --- help --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS)
def test_help_names_every_option(verb: str) -> None:
    text = run(verb, "--help").stdout
    assert set(re.findall(r"^ +(?:-\w, )?(--[\w-]+)", text, re.MULTILINE)) == VERBS[verb]
    assert verb in run("--help").stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_is_explained(verb: str) -> None:
    command = main.get_command(click.Context(main), verb)
    assert command is not None
    assert command.help
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    assert {name for option in options for name in option.opts} == VERBS[verb] - {"--help"}
    assert [option.name for option in options if not option.help] == []


def test_a_verb_imports_what_it_needs_when_it_runs() -> None:
    code = (
        "import sys; from vcr_llm.cli import main\n"
        "try: main(['--help'])\n"
        "finally: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "list" in done.stdout
    assert not {"vcr", "yaml", "rich", "pytest"} & set(done.stderr.split())


def test_a_verb_nobody_knows_is_a_usage_error() -> None:
    assert "No such command 'lsit'" in run("lsit", code=2).stderr


@pytest.mark.parametrize("verb", ["list", "show", "clear"])
def test_a_path_is_needed(verb: str) -> None:
    assert "Missing argument" in run(verb, code=2).stderr


# --- list --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("fixtures")
def test_list_shows_a_folder_of_llm_mocks_files() -> None:
    assert_golden("list", run("list", ".").stdout)


@pytest.mark.usefixtures("fixtures")
def test_json_need_not_be_written() -> None:
    assert run("list", "hello.v1").stdout == run("list", "hello.v1.json").stdout


@pytest.mark.usefixtures("fixtures")
def test_list_json_has_full_values() -> None:
    first = objects("list", "openai_chat")[0]
    assert first == {
        "path": "openai_chat.json",
        "number": 1,
        "hash": "017dce6b229505d38060fce92cbecf01f2c41f16838c897933e7403b391de844",
        "provider": "openai",
        "operation": "chat",
        "model": "gpt-4o",
        "stream": False,
        "recorded_at": "2026-11-23T10:42:40.963394+00:00",
        "method": "POST",
        "url": "https://api.openai.com/v1/chat/completions",
        "status": 200,
        "prompt": "Say hello in one sentence.",
        "tokens": {"prompt": 9, "completion": 19, "cached": 0, "reasoning": 0},
    }
    streams = [row["path"] for row in objects("list", ".") if row["stream"]]
    assert "anthropic_stream.json" in streams


def test_list_shows_every_kind_of_interaction_of_ours(recorded: Path) -> None:
    rows = objects("list", recorded)
    assert [(row["provider"], row["operation"], row["status"]) for row in rows] == [
        ("anthropic", "messages", 200),
        ("anthropic", "messages", 200),
        ("openai", "embeddings", 200),
        ("openai", "chat", 404),
        (None, None, 200),
    ]
    assert [row["number"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row["tokens"] is not None for row in rows] == [True, True, True, False, False]
    text = run("list", recorded).stdout
    assert "mixed.llm.json  5 interactions" in text
    assert re.search(r"2\. \w{12}  anthropic messages .* streamed", text)
    assert re.search(r"4\. \w{12}  openai chat .* status 404", text)
    assert re.search(r"5\. \w{12}  GET http://127\.0\.0\.1:\d+/v1/models", text)
    assert '"What is the weather in Paris?"' in text


def test_the_hash_is_the_one_in_the_file(recorded: Path) -> None:
    path = recorded / "mixed.llm.json"
    document = json.loads(path.read_text("utf-8"))
    document["interactions"][0]["hash"] = "ab" * 32  # by an older version, or of a request trimmed later
    path.write_text(json.dumps(document), "utf-8")
    assert [row["hash"] for row in objects("list", recorded)] == [
        entry["hash"] for entry in document["interactions"]
    ]


CORPUS_FILES: Mapping[str, tuple[str, int]] = {
    "test_anthropic_instrumentation_completions_streaming.yaml": ("anthropic complete", 1),
    "test_agent_with_tool_calls.yaml": ("openai responses", 2),
    "test_voice_pipeline.yaml": ("openai transcription", 3),
}


@pytest.mark.parametrize("name", CORPUS_FILES)
def test_list_reads_vcrpys_yaml(name: str) -> None:
    (path,) = shared(CORPUS).rglob(name)
    operation, count = CORPUS_FILES[name]
    rows = objects("list", path)
    assert len(rows) == count
    assert f"{rows[0]['provider']} {rows[0]['operation']}" == operation


def test_list_shows_the_good_and_reports_the_bad(copies: Path) -> None:
    (copies / "half.json").write_text((copies / "openai_chat.json").read_text("utf-8")[:900], "utf-8")
    (copies / "half.yaml").write_text("interactions:\n- request: {\n", "utf-8")
    (copies / "binary.llm.json").write_bytes(b"\xff")
    (copies / "package.json").write_text('{"scripts": {"interactions": []}}', "utf-8")
    (copies / "notes.yaml").write_text("a: 1\n", "utf-8")
    (copies / "notes.txt").write_text("interactions:\n", "utf-8")
    (copies / ".hidden").mkdir()
    (copies / ".hidden" / "x.llm.json").write_text("{", "utf-8")
    result = run("list", ".", code=1)
    assert result.stdout == (GOLDEN / "list.txt").read_text("utf-8")
    lines = result.stderr.splitlines()
    assert [re.match(r"[^ ]+:\d+:\d+: ", line) is not None for line in lines] == [True, True, True]
    assert [line.partition(":")[0] for line in lines] == ["binary.llm.json", "half.json", "half.yaml"]
    assert len(objects("list", ".", code=1)) == 10


@pytest.mark.parametrize("verb", ["list", "scan"])
def test_a_folders_cassettes_are_found_whatever_their_encoding(verb: str, tmp_path: Path) -> None:
    """A secret in one of them is not to be overlooked."""
    request = {
        "method": "GET",
        "uri": "http://h/",
        "body": None,
        "headers": {"Authorization": ["Bearer kT4vN8qLz2WcXr7Hb5YmJd3PfGs9Ua1E"]},
    }
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "{}"}}
    cassette = {"interactions": [{"request": request, "response": response}], "version": 1}
    text = yaml.safe_dump(cassette, sort_keys=False)
    encoded = {
        "bom.yaml": text.encode("utf-8-sig"),
        "wide.yml": text.encode("utf-16"),
        "zip.yaml.gz": gzip.compress(text.encode()),
        "zip.json.gz": gzip.compress(json.dumps(cassette).encode()),
    }
    others = {
        "other.yaml.gz": gzip.compress(b"a: 1\n"),
        "broken.yaml.gz": gzip.compress(text.encode())[:50],
        "zip.txt.gz": gzip.compress(text.encode()),
    }
    for name, raw in {**encoded, **others}.items():
        (tmp_path / name).write_bytes(raw)
    rows = objects(verb, tmp_path, code=1 if verb == "scan" else 0)
    assert {Path(row["path"]).name for row in rows} == set(encoded)


def test_list_says_what_is_not_there(tmp_path: Path) -> None:
    missing = run("list", tmp_path / "nothing", code=1)
    assert f"{tmp_path / 'nothing'}: no such cassette, and no nothing.json" in missing.stderr
    whole = run("list", tmp_path / "x.llm.json", code=1)
    assert whole.stderr == f"{tmp_path / 'x.llm.json'}: no such cassette\n"
    empty = run("list", tmp_path)
    assert "no cassettes in this folder" in empty.stderr
    assert objects("list", tmp_path) == []


@pytest.mark.parametrize("verb", ["list", "scan", "migrate"])
def test_json_of_nothing_that_is_there_is_nothing(verb: str, copies: Path, tmp_path: Path) -> None:
    missing = run(verb, "--json", tmp_path / "nothing", code=1)
    assert missing.stdout == ""
    assert f"{tmp_path / 'nothing'}: no such" in missing.stderr
    some = run(verb, "--json", tmp_path / "nothing", "anthropic_message.json", code=1)
    assert isinstance(json.loads(some.stdout), list)
    (tmp_path / "empty").mkdir()
    empty = run(verb, "--json", tmp_path / "empty")
    assert json.loads(empty.stdout) == []
    assert "no cassettes in this folder" in empty.stderr


def test_a_cassette_that_cannot_be_read_is_no_all_clear(tmp_path: Path) -> None:
    (tmp_path / "bad.llm.json").write_text("{")
    for form in ("--json", "--sarif"):
        assert run("scan", form, tmp_path, code=1).stdout == ""
    assert run("list", "--json", tmp_path, code=1).stdout == ""


@pytest.mark.parametrize("verb", ["list", "scan", "migrate", "export"])
def test_pipes_and_devices_in_a_folder_are_left_alone(verb: str, copies: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cassettes"
    folder.mkdir()
    os.mkfifo(folder / "pipe.llm.json")
    (folder / "zero.llm.json").symlink_to("/dev/zero")
    (folder / "again").symlink_to(folder)
    (folder / "whole.llm.json").write_bytes((copies / "openai_chat.json").read_bytes())
    more = ["--to", "vcr-yaml"] if verb == "export" else []
    said = run(verb, *more, folder)
    assert "pipe.llm.json" not in said.output
    assert "zero.llm.json" not in said.output
    (folder / "gone.llm.json").symlink_to(tmp_path / "nowhere")
    again = [*more, "--force"] if more else more
    assert "gone.llm.json: " in run(verb, *again, folder, code=1).stderr


def test_a_link_that_leads_nowhere_is_no_cassette(tmp_path: Path) -> None:
    (tmp_path / "gone.llm.json").symlink_to(tmp_path / "nowhere")
    for verb in ("show", "list", "scan"):
        said = run(verb, tmp_path / "gone.llm.json", code=1).stderr
        assert "a link to a file that is not there" in said
    assert "No secrets found" not in run("scan", tmp_path, code=1).output


# --- show --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("fixtures")
@pytest.mark.parametrize(
    "name", ["anthropic_tools_stream", "both_providers", "openai_chat", "openai_chat_stream"]
)
def test_show_is_a_readable_conversation(name: str) -> None:
    assert_golden(f"show_{name}", run("show", name).stdout)


def test_show_follows_a_tool_through_a_conversation() -> None:
    (path,) = shared(CORPUS).rglob("test_agent_with_tool_calls.yaml")
    # The hash is ours here, and may change with what counts in a call.
    text = re.sub(r"^(\d+)\. [0-9a-f]{12} ", r"\1. ", run("show", path).stdout, flags=re.MULTILINE)
    assert_golden("show_agent_with_tool_calls", text)


def test_show_says_what_is_no_answer(recorded: Path) -> None:
    text = run("show", recorded / "mixed").stdout
    assert re.search(r"^  system     Be brief\.\n  user       Say something", text, re.MULTILINE)
    assert re.search(r'^  answer     → get_weather\(\{"city":', text, re.MULTILINE)
    assert re.search(r"^  status     404 Not Found\n  answer     \{", text, re.MULTILINE)
    assert re.search(r"no LLM call.*\n  sent       GET http", text)
    assert re.search(r"^  input      The sea\n  input      The hills\n  answer     \{", text, re.MULTILINE)


@pytest.mark.usefixtures("fixtures")
def test_show_picks_by_number_and_hash() -> None:
    third = objects("list", "both_providers")[2]
    for picked in (("--number", "3"), ("--hash", third["hash"][:8]), ("--hash", third["hash"][:8].upper())):
        assert [one["number"] for one in objects("show", "both_providers", *picked)] == [3]
    nothing = run("show", "both_providers", "--number", "4", code=1)
    assert "none of its 3 interactions has that number or hash" in nothing.stderr
    run("show", "both_providers", "--hash", "xyz", code=1)
    run("show", "both_providers", "--number", "0", code=2)


@pytest.mark.usefixtures("fixtures")
def test_show_json_has_messages_and_answer() -> None:
    (shown,) = objects("show", "anthropic_tools_stream")
    assert shown["temperature"] == 0
    assert [message["role"] for message in shown["messages"]] == ["system", "user"]
    assert shown["answer"] == {
        "text": "",
        "tool_calls": [
            {"name": "get_weather", "arguments": {"city": "Paris"}, "id": "toolu_ugrhpfxbj7OX7ndw"}
        ],
        "usage": {"prompt": 0, "completion": 0, "cached": 0, "reasoning": 0},
        "finish_reason": "tool_use",
        "model": "claude-sonnet-4-6",
    }
    assert shown["body"] is None


def test_show_json_has_the_body_where_it_says_nothing(recorded: Path) -> None:
    error = objects("show", recorded / "mixed", "--number", "4")[0]
    assert error["answer"] is None
    assert "error" in json.loads(error["body"])


def test_show_shortens_long_texts_unless_full(copies: Path) -> None:
    path = copies / "openai_chat.json"
    long = "word " * 400
    path.write_text(path.read_text("utf-8").replace("Say hello in one sentence.", long.strip()), "utf-8")
    short, full = run("show", path).stdout, run("show", path, "--full").stdout
    assert "more characters; --full shows them)" in short
    assert short.count("word") == 120
    assert full.count("word") == 400
    assert max(map(len, full.splitlines())) <= 100


@pytest.mark.usefixtures("fixtures")
def test_show_wants_one_readable_cassette(tmp_path: Path) -> None:
    assert "is a folder" in run("show", ".", code=2).stderr
    assert "no such cassette" in run("show", "nothing", code=1).stderr
    (tmp_path / "x.llm.json").write_text('{"interactions": 1}', "utf-8")
    assert "x.llm.json:1:" in run("show", tmp_path / "x", code=1).stderr


def test_a_recording_cannot_move_the_cursor(copies: Path) -> None:
    path = copies / "openai_chat.json"
    text = path.read_text("utf-8").replace("Be brief.", "\\u001b[2J\\u202e\\ud800 x")
    path.write_text(text, "utf-8")
    assert r"\x1b[2J\u202e\ud800 x" in run("show", path).stdout
    assert printable("a\tb\r\nc\rd\u2028") == "a\tb\nc\nd\\u2028"


def test_an_output_without_the_characters_gets_escapes(fixtures: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    code = "from vcr_llm.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "show", "openai_chat"], capture_output=True, env=environment, check=True
    )
    assert rb"Bonjour \u2014 this" in done.stdout


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("aa bb cc", ["aa bb", "cc"]),
        ("aa\n\nbb", ["aa", "", "bb"]),
        ("aaaaaaaa b", ["aaaaa", "aaa b"]),
        ("  aaaaaa", ["  aaa", "aaa"]),
        ("", [""]),
    ],
)
def test_lines_break_between_words(text: str, expected: list[str]) -> None:
    assert wrapped(text, 5) == expected


# --- clear -------------------------------------------------------------------------------------------


def test_clear_deletes_a_cassette(copies: Path) -> None:
    result = run("clear", "openai_chat", "--yes")
    assert result.stdout == "openai_chat.json: the cassette, 1 interaction\nDeleted openai_chat.json\n"
    assert not (copies / "openai_chat.json").exists()
    assert (copies / "hello.v1.json").exists()


def test_clear_asks_and_without_a_terminal_does_nothing(copies: Path) -> None:
    result = run("clear", "openai_chat", code=1)
    assert "there is no terminal to ask at. Add --yes" in result.stderr
    assert (copies / "openai_chat.json").exists()


def test_clear_empties_a_folder_of_cassettes_only(copies: Path) -> None:
    (copies / "package.json").write_text("{}", "utf-8")
    run("clear", ".", "--yes")
    assert [file.name for file in copies.iterdir()] == ["package.json"]
    assert run("clear", ".", "--yes").stdout == ".: no cassettes here, nothing to do\n"


@pytest.mark.parametrize("name", ["both_providers.json", "hello.v1.json"])
@pytest.mark.parametrize("number", [0, 1, -1])
def test_clear_cuts_one_interaction_out_and_touches_nothing_else(
    name: str, number: int, copies: Path
) -> None:
    path = copies / name
    before = path.read_text("utf-8")
    document = json.loads(before)
    gone = document["interactions"].pop(number)
    run("clear", path, "--hash", gone["hash"][:12], "--yes")
    after = path.read_text("utf-8")
    assert json.loads(after) == document
    # What is left is the very text of before, ASCII escapes and all.
    assert after == json.dumps(document, indent=2)
    assert before == before.replace("\r", "")


def test_clear_cuts_one_interaction_out_of_ours(recorded: Path) -> None:
    path = recorded / "mixed.llm.json"
    lines = path.read_text("utf-8").splitlines()
    document = json.loads(path.read_text("utf-8"))
    run("clear", path, "--hash", document["interactions"][2]["hash"], "--yes")
    after = path.read_text("utf-8")
    assert json.loads(after)["interactions"] == [*document["interactions"][:2], *document["interactions"][3:]]
    assert set(after.splitlines()) <= set(lines)


@pytest.mark.parametrize("indent", [None, 1, 2])
@pytest.mark.parametrize("gone", [{0}, {1}, {2}, {0, 2}, {0, 1}, {1, 2}, {0, 1, 2}])
def test_clear_cuts_several_out_of_any_layout(gone: set[int], indent: int | None, tmp_path: Path) -> None:
    entry = {"request": {"messages": []}, "response": {"content": []}}
    entries = [{**entry, "hash": "aa" if number in gone else f"b{number}"} for number in range(3)]
    document = {"interactions": entries, "provider": "anthropic", "note": "]"}
    path = tmp_path / "x.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(document, indent=indent).replace("\n", "\r\n").encode())
    run("clear", path, "--hash", "aa", "--yes")
    kept = [entry for number, entry in enumerate(entries) if number not in gone]
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert json.loads(raw.decode("utf-8-sig")) == {**document, "interactions": kept}
    if kept:
        expected = json.dumps({**document, "interactions": kept}, indent=indent).replace("\n", "\r\n")
        assert raw.decode("utf-8-sig") == expected


def test_clear_refuses_a_hash_of_none_or_of_several(copies: Path) -> None:
    before = (copies / "both_providers.json").read_bytes()
    assert "the prefix is empty" in run("clear", "both_providers", "--hash", "", "--yes", code=2).stderr
    unknown = run("clear", "both_providers", "--hash", "0000", "--yes", code=1)
    assert "No interaction has a hash that starts with '0000'" in unknown.stderr
    ambiguous = run("clear", "both_providers", "--hash", "a", "--yes", code=1)
    hashes = [row["hash"] for row in objects("list", "both_providers") if row["hash"].startswith("a")]
    assert ambiguous.stderr == "\n  ".join(["'a' is the beginning of 2 hashes:", *hashes]) + "\n"
    assert (copies / "both_providers.json").read_bytes() == before


def test_clear_takes_a_hash_out_of_every_cassette_of_a_folder(copies: Path) -> None:
    gone = objects("list", "both_providers")[0]["hash"]
    result = run("clear", ".", "--hash", gone, "--yes")
    assert "both_providers.json: interaction 1 of 3" in result.stdout
    assert "hello.v1.json: interaction 1 of 2" in result.stdout
    assert gone not in [row["hash"] for row in objects("list", ".")]


def test_clear_does_not_take_single_interactions_out_of_vcrpys_files(tmp_path: Path) -> None:
    (source,) = shared(CORPUS).rglob("test_agent_with_tool_calls.yaml")
    path = tmp_path / "x.yaml"
    path.write_bytes(source.read_bytes())
    prefix = objects("list", path)[0]["hash"]
    result = run("clear", path, "--hash", prefix, "--yes", code=1)
    assert "a cassette of vcrpy's format" in result.stderr
    assert path.read_bytes() == source.read_bytes()
    run("clear", path, "--yes")
    assert not path.exists()


def test_clear_deletes_the_bodies_beside_a_cassette(provider: WireProvider, tmp_path: Path) -> None:
    path = tmp_path / "x.llm.json"
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        c.openai.embeddings.create(model="e", input="The sea")
        for size in (1, 2):
            raw = bytes([255, 0]) * INLINE_LIMIT * size
            c.openai.files.create(file=("x.bin", raw), purpose="user_data")
    blobs = tmp_path / "x.llm.json.blobs"
    names = {file.name for file in blobs.iterdir()}
    assert len(names) == 2
    assert {hashlib.sha256(file.read_bytes()).hexdigest() for file in blobs.iterdir()} == {
        name.removesuffix(".bin") for name in names
    }
    third = objects("list", path)[2]["hash"]
    assert "and 1 body in x.llm.json.blobs" in run("clear", path, "--hash", third, "--yes").stdout
    (left,) = blobs.iterdir()
    assert left.name in path.read_text("utf-8")
    run("clear", path, "--yes")
    assert list(tmp_path.iterdir()) == []


def test_clear_deletes_a_damaged_file_only_by_its_name_and_with_yes(copies: Path) -> None:
    broken = copies / "broken.llm.json"
    broken.write_text('{"version"', "utf-8")
    refused = run("clear", "broken.llm.json", code=1).stderr
    assert refused.startswith("broken.llm.json:1:")
    assert refused.endswith("Add --yes to delete it all the same.\n")
    assert broken.exists()
    assert "broken.llm.json:1:" in run("clear", ".", "--yes", code=1).stderr
    assert [file.name for file in copies.iterdir()] == ["broken.llm.json"]
    assert run("clear", broken, "--hash", "a", "--yes", code=1).stderr.count("\n") == 1
    assert broken.exists()
    assert "a file that cannot be read" in run("clear", "broken.llm.json", "--yes").stdout
    assert not broken.exists()


@pytest.mark.parametrize("name", ["test_x.py", "package.json", "notes.yaml"])
def test_clear_never_deletes_what_is_no_cassette(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text('{"name": "x"}', "utf-8")
    run("clear", path, "--yes", code=1)
    assert path.exists()


def test_clear_says_what_is_not_there(tmp_path: Path) -> None:
    assert "no such cassette" in run("clear", tmp_path / "nothing", "--yes", code=1).stderr


# --- in a terminal -----------------------------------------------------------------------------------


def in_terminal(*arguments: str | Path, typed: str = "") -> tuple[str, int]:
    """What a command line prints in a terminal of 80 columns, and its exit code."""
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [sys.executable, "-c", "from vcr_llm.cli import main; main()", *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    output = b""
    try:
        while piece := os.read(ours, 4096):
            output += piece
    except OSError:  # Linux's way of saying that the other end is closed
        pass
    os.close(ours)
    return output.decode().replace("\r\n", "\n"), process.wait()


def test_clear_takes_yes_for_an_answer(copies: Path) -> None:
    output, code = in_terminal("clear", "openai_chat", typed="n\n")
    assert "Remove? [y/N]" in output
    assert "Nothing was removed." in output
    assert code == 1
    assert (copies / "openai_chat.json").exists()
    output, code = in_terminal("clear", "openai_chat", typed="y\n")
    assert "Deleted openai_chat.json" in output
    assert code == 0
    assert not (copies / "openai_chat.json").exists()


@pytest.mark.usefixtures("fixtures")
@pytest.mark.parametrize("verb", ["list", "show"])
def test_a_terminal_gets_colours_and_its_width(verb: str) -> None:
    output, code = in_terminal(verb, "openai_chat")
    assert code == 0
    assert "\x1b[" in output
    plain = re.sub(r"\x1b\[[\d;]*m", "", output)
    assert "017dce6b2295" in plain
    if verb == "show":
        assert max(map(len, plain.splitlines())) <= 80


@pytest.mark.usefixtures("fixtures")
def test_json_has_no_colours_in_a_terminal() -> None:
    output, _ = in_terminal("list", "openai_chat", "--json")
    assert json.loads(output)[0]["model"] == "gpt-4o"


# --- init --------------------------------------------------------------------------------------------


def test_init_says_what_it_creates_and_what_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_golden("init", run("init", ".", "--sdk", "anthropic").stdout)
    assert_golden("init_again", run("init", tmp_path, "--sdk", "anthropic").stdout)
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert files == [".gitattributes", "pytest.ini", "tests/conftest.py", "tests/test_llm_example.py"]
    assert "vcr_llm.preset()" in (tmp_path / "tests/conftest.py").read_text("utf-8")
    assert "*.llm.json text eol=lf" in (tmp_path / ".gitattributes").read_text("utf-8")


def test_init_works_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("init")
    assert (tmp_path / "tests" / "conftest.py").is_file()


def test_init_says_where_its_next_steps_are_to_be_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my project").mkdir()
    monkeypatch.chdir(tmp_path)
    assert "\nNext steps, after cd 'my project':\n  1. " in run("init", "my project").stdout


def test_init_never_changes_a_file_but_prints_what_to_add(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "conftest.py").write_text("import pytest\n", "utf-8")
    (tmp_path / ".gitattributes").write_text("* text=auto\n", "utf-8")
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n", "utf-8")
    (tmp_path / "tests" / "test_llm_example.py").write_text("# mine\n", "utf-8")
    assert_golden("init_existing", run("init", tmp_path, "--sdk", "openai").stdout)
    assert (tmp_path / "tests" / "conftest.py").read_text("utf-8") == "import pytest\n"
    assert (tmp_path / ".gitattributes").read_text("utf-8") == "* text=auto\n"
    assert (tmp_path / "pyproject.toml").read_text("utf-8") == "[tool.pytest.ini_options]\n"
    assert (tmp_path / "tests" / "test_llm_example.py").read_text("utf-8") == "# mine\n"


def test_init_refuses_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert "does not exist" in run("init", tmp_path / "nothing", code=2).stderr


def test_init_takes_the_sdk_that_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name == "openai" or None)
    run("init", tmp_path)
    assert "import openai" in (tmp_path / "tests" / "test_llm_example.py").read_text("utf-8")


PYTEST = ("-m", "pytest", "-W", "error", "-p", "no:asyncio")
"""Without pytest-asyncio, which warns where it is not configured."""


def environment(provider: WireProvider) -> dict[str, str]:
    """Of a user with keys whose providers are ours."""
    return {
        **os.environ,
        "ANTHROPIC_BASE_URL": provider.url,
        "OPENAI_BASE_URL": f"{provider.url}/v1",
        "ANTHROPIC_API_KEY": "sk-ant-test-key",
        "OPENAI_API_KEY": "sk-test-key",
    }


def without_keys(of: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in of.items() if not name.endswith("_API_KEY")}


def python(folder: Path, env: Mapping[str, str], *arguments: str) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, env=dict(env), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("sdk", ["anthropic", "openai"])
def test_what_init_creates_records_and_replays(sdk: str, provider: WireProvider, tmp_path: Path) -> None:
    run("init", tmp_path, "--sdk", sdk)
    env = environment(provider)
    python(tmp_path, env, *PYTEST, "--record-mode=once")
    cassette = tmp_path / "tests" / "cassettes" / "test_llm_example" / "test_hello.llm.json"
    assert [row["provider"] for row in objects("list", cassette)] == [sdk]
    provider.stop()
    assert "1 passed" in python(tmp_path, without_keys(env), *PYTEST)


@pytest.mark.parametrize("sdk", ["anthropic", "openai"])
def test_init_sets_up_llm_mocks_way(sdk: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = run("init", tmp_path, "--llm-mock", "--sdk", sdk).stdout
    if sdk == "anthropic":
        assert_golden("init_llm_mock", text)
    assert (tmp_path / "tests" / "fixtures").is_dir()
    script = (tmp_path / "record_fixtures.py").read_text("utf-8")
    assert "from vcr_llm import llm_mock" in script
    compile(script, "record_fixtures.py", "exec")
    example = (tmp_path / "tests" / "test_llm_example.py").read_text("utf-8")
    assert '@pytest.mark.llm_replay(fixture="example")' in example
    compile(example, "test_llm_example.py", "exec")


@pytest.mark.parametrize("sdk", ["anthropic", "openai"])
def test_what_init_creates_records_and_replays_llm_mocks_way(
    sdk: str, provider: WireProvider, tmp_path: Path
) -> None:
    run("init", tmp_path, "--llm-mock", "--sdk", sdk)
    env = environment(provider)
    python(tmp_path, env, "record_fixtures.py")
    assert [row["provider"] for row in objects("list", tmp_path / "tests" / "fixtures" / "example")] == [sdk]
    provider.stop()
    assert "1 passed" in python(tmp_path, without_keys(env), *PYTEST, "-o", "llm_replay_plugin=vcr-llm")


def test_what_is_exported_of_answers_is_there() -> None:
    assert [name for name in answers.__all__ if not hasattr(answers, name)] == []
