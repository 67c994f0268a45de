"""``vcr-llm diff``: two cassettes, or one and its version in git."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from calls import CLAUDE, USER, clients
from hypothesis import given, settings
from shared_files import shared
from strategies import BOUNDED, cassettes
from test_cli import assert_golden, run
from wire import WireProvider

import vcr_llm
from vcr_llm.diff.cassettes import compared
from vcr_llm.interaction import CassetteData

CHAT = "https://api.openai.com/v1/chat/completions"


EMBEDDINGS = "https://api.openai.com/v1/embeddings"


def chat(
    asked: str, answer: str = "", *, number: int = 1, calls: Any = None, tokens: int = 9, **more: Any
) -> dict[str, Any]:
    """A recorded chat; ``number`` makes its ids and dates others."""
    message: dict[str, Any] = {"role": "assistant", "content": answer or None}
    if calls:
        message["tool_calls"] = [
            {
                "id": f"call_{number}{place}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(given)},
            }
            for place, (name, given) in enumerate(calls)
        ]
    response = {
        "id": f"chatcmpl-{number}",
        "created": 1795429800 + number,
        "system_fingerprint": f"fp_{number}",
        "model": "gpt-4o-2024-08-06",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": tokens, "total_tokens": 12 + tokens},
    }
    messages = more.pop("messages", [{"role": "user", "content": asked}])
    return entry({"model": "gpt-4o", "messages": messages, **more}, response, number)


def entry(request: Any, response: Any, number: int = 1, url: str = CHAT) -> dict[str, Any]:
    return {
        "hash": "0" * 64,
        "request": request,
        "response": response,
        "streaming": False,
        "stream_events": [],
        "recorded_at": f"2026-11-{number:02}T10:00:00+00:00",
        "http": {
            "method": "POST",
            "url": url,
            "status": 200,
            "headers": {"content-type": ["application/json"], "x-request-id": [f"req_{number}"]},
        },
    }


def write(path: Path, *interactions: Mapping[str, Any]) -> Path:
    document = {"version": "2.0", "provider": "openai", "interactions": interactions}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), "utf-8")
    return path


LONG = (
    "It is {} in Paris, with {} degrees and a light wind from the sea. Take a jacket if you go out in the "
    "evening, and do not forget that museums are closed on Mondays. Enjoy your stay{}"
)


def turn(number: int, result: str) -> list[dict[str, Any]]:
    call = {"id": f"call_{number}0", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    return [
        {"role": "user", "content": "Will it rain?"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": f"call_{number}0", "content": result},
    ]


BEFORE = (
    chat("Say hello.", "Hello!"),
    chat("What is the weather in Paris?", LONG.format("sunny", "21", "!")),
    chat("Book a table.", calls=[("search", {"city": "Paris", "open": True}), ("search", {"city": "Rome"})]),
    chat("Is this still asked?", "Not any more."),
    chat("Say something about the sea.", "Blue.", max_tokens=5),
    chat("", "No rain.", messages=turn(1, "dry")),
    entry({"model": "e", "input": "x"}, {"data": [{"embedding": [0.1, 0.2]}]}, url=EMBEDDINGS),
)  # fmt: skip
AFTER = (
    chat("Say hello.", "Hello!", number=2),
    chat("What is the weather in Paris?", LONG.format("cloudy", "12", "."), number=2, tokens=31),
    chat("Something new.", "Indeed.", number=2),
    chat(
        "Book a table.",
        number=2,
        calls=[("search", {"city": "Lyon", "open": True}), ("search", {"city": "Rome"}), ("book", {"at": 8})],
    ),
    chat("Say something about the blue sea.", "Blue.", number=2, max_tokens=6),
    chat("", "No rain.", messages=turn(2, "dry"), number=2),
    entry({"model": "e", "input": "x"}, {"data": [{"embedding": [0.1, 0.3]}]}, 2, EMBEDDINGS),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "old.llm.json", *BEFORE)
    write(tmp_path / "new.llm.json", *AFTER)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_what_a_re_recording_changed_is_a_conversation() -> None:
    assert_golden("diff", run("diff", "old", "new", code=1).stdout)


def test_ids_dates_and_fingerprints_are_no_difference(folder: Path) -> None:
    write(folder / "a.llm.json", *BEFORE[:3], BEFORE[5])
    again = [
        chat("Say hello.", "Hello!", number=7),
        chat("What is the weather in Paris?", LONG.format("sunny", "21", "!"), number=7),
        chat(
            "Book a table.",
            number=7,
            calls=[("search", {"open": True, "city": "Paris"}), ("search", {"city": "Rome"})],
        ),
        chat("", "No rain.", messages=turn(7, "dry"), number=7),
    ]
    write(folder / "b.llm.json", *again)
    assert run("diff", "a", "b").stdout == ""
    assert run("diff", "a", "a").stdout == ""
    # The same calls in another order are the same calls.
    write(folder / "b.llm.json", *again[::-1])
    assert run("diff", "a", "b").stdout == ""


@pytest.mark.usefixtures("folder")
def test_json_has_the_changes() -> None:
    found = json.loads(run("diff", "old", "new", "--json", code=1).stdout)
    assert [(each["before"], each["after"]) for each in found] == [
        (2, 2), (None, 3), (3, 4), (4, None), (5, 5), (7, 7)
    ]  # fmt: skip
    assert found[0]["changes"][-1] == {"part": "tokens", "before": "12 in, 9 out", "after": "12 in, 31 out"}
    assert json.loads(run("diff", "old", "old", "--json").stdout) == []


def git(folder: Path, *arguments: str) -> None:
    identity = {
        f"GIT_{who}_{what}": "x@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, env={**os.environ, **identity}
    )


def test_a_cassette_and_its_version_in_git(folder: Path, provider: WireProvider) -> None:
    project = folder / "project"
    path = write(project / "tests" / "cassettes" / "x.llm.json", *BEFORE)
    write(project / "tests" / "cassettes" / "gone.llm.json", BEFORE[0])
    with clients(provider.url) as c, vcr_llm.use_cassette(project / "tests" / "speech.llm.json"):
        c.openai.audio.speech.create(model="tts-1", voice="alloy", input="hi " * 9000).read()
        c.anthropic.messages.create(messages=USER, **CLAUDE)
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-qm", "one")
    os.chdir(project)
    assert run("diff", "--git", "HEAD", "tests").stdout == ""
    write(path, *AFTER)
    (path.parent / "gone.llm.json").unlink()
    write(path.parent / "new.llm.json", BEFORE[0])
    one = run("diff", "--git", "HEAD", "tests/cassettes/x.llm.json", code=1).stdout
    title, _, rest = one.partition("\n")
    assert title == "tests/cassettes/x.llm.json (HEAD → now)"
    assert rest == run("diff", folder / "old", folder / "new", code=1).stdout.partition("\n")[2]
    text = run("diff", "--git", "HEAD", "tests", code=1).stdout
    assert [line for line in text.splitlines() if line.endswith("now)")] == [
        "tests/cassettes/gone.llm.json (HEAD → now)",
        "tests/cassettes/new.llm.json (HEAD → now)",
        "tests/cassettes/x.llm.json (HEAD → now)",
    ]
    assert '- 1. removed: openai chat, gpt-4o: "Say hello."' in text
    assert '+ 1. added: openai chat, gpt-4o: "Say hello."' in text
    assert (
        'removed: openai chat, gpt-4o: "Say hello."'
        in run("diff", "--git", "HEAD", "tests/cassettes/gone.llm.json", code=1).stdout
    )
    os.chdir(path.parent)
    assert run("diff", "--git", "HEAD", "x.llm.json", code=1).stdout.partition("\n")[2] == rest


def test_what_cannot_be_compared_is_told(folder: Path) -> None:
    (folder / "bad.llm.json").write_text("{", "utf-8")
    assert "bad.llm.json:1:2" in run("diff", "old", "bad", code=2).stderr
    assert "no such cassette" in run("diff", "old", "nothing", code=2).stderr
    assert "Name two cassettes" in run("diff", "old", code=2).stderr
    assert "is a folder" in run("diff", "old", ".", code=2).stderr
    assert "not a git repository" in run("diff", "--git", "HEAD", "old", code=2).stderr
    git(folder, "init", "-q")
    assert "git knows no revision nowhere" in run("diff", "--git", "nowhere", ".", code=2).stderr


def test_other_formats_and_streams(folder: Path) -> None:
    (path,) = shared("corpus").rglob("test_agent_with_tool_calls.yaml")
    assert run("diff", path, path).stdout == ""
    stream = shared("llm-mock/fixtures") / "anthropic_tools_stream.json"
    (folder / "changed.json").write_text(stream.read_text("utf-8").replace("Paris", "Milan"), "utf-8")
    text = run("diff", stream, folder / "changed.json", code=1).stdout
    assert "Milan" in text


@settings(BOUNDED, max_examples=30)
@given(cassettes)
def test_a_cassette_does_not_differ_from_itself(data: CassetteData) -> None:
    assert all(each.same for each in compared(data.interactions, data.interactions))


@settings(BOUNDED, max_examples=30)
@given(cassettes, cassettes)
def test_every_interaction_is_told_once(before: CassetteData, after: CassetteData) -> None:
    found = compared(before.interactions, after.interactions)
    old = sorted(each.before.number for each in found if each.before)
    new = [each.after.number for each in found if each.after]
    assert old == list(range(1, len(before.interactions) + 1))
    assert new == list(range(1, len(after.interactions) + 1))
