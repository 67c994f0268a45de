"""Nothing secret reaches the disk, and replaying does not need the secret back."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from calls import CLAUDE, clients, plain
from wire import WireProvider

import vcr_llm

pytestmark = pytest.mark.sdk

# Put together here, so that no scanner takes this file for a leak.
BY_SHAPE = {
    "openai": "sk-proj-" + "q7RtVw2ZxP9sKd4LmN8bHc3JyT6uGf5EaQ1wAb3xYz8",
    "anthropic": "sk-ant-api03-" + "q7RtVw2ZxP9sKd4LmN8bHc3JyT6uGf5EaQ1wAb3xYz8" * 2 + "-AAAAAA",
    "google": "AIza" + "SyDq7RtVw2ZxP9sKd4LmN8bHc3JyT6uGf5E",
    "aws": "AKIA" + "Q3EGRIJH4ZKXW7LM",
    "github": "ghp_" + "q7RtVw2ZxP9sKd4LmN8bHc3JyT6uGf5EaQ1w",
    "slack": "xoxb-" + "738291046573-9182736450192-" + "q7RtVw2ZxP9sKd4LmN8bHc3J",
    "huggingface": "hf_" + "QwzRtYhgVbNmKjHpLsXcFdEaUiOoPqWeRt",
    "jwt": "eyJhbGciOiJIUzI1NiJ9."
    + "eyJzdWIiOiIxMjM0NTY3ODkwIn0."
    + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
}
BY_VALUE = "correct horse battery staple"
VARIABLE = "INTERNAL_GATEWAY_TOKEN"


def on_disk(folder: Path) -> bytes:
    """Every byte below a folder, base64 texts in them decoded beside."""
    found = b""
    for path in folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            found += raw
            for text in re.findall(rb"[A-Za-z0-9+/]{24,}={0,2}", raw):
                for shift in range(4):
                    piece = text[shift:]
                    found += base64.b64decode(piece[: len(piece) // 4 * 4])
    return found


def leaks(folder: Path, secret: str) -> bool:
    raw = on_disk(folder)
    escaped = json.dumps(secret)[1:-1].encode()
    return secret.encode() in raw or escaped in raw or base64.b64encode(secret.encode()) in raw


def chat(c: Any, secret: str) -> Any:
    messages = [{"role": "user", "content": f"my key is {secret}, keep it"}]
    return plain(c.openai.chat.completions.create(model="g", messages=messages))


def chat_stream(c: Any, secret: str) -> Any:
    messages = [{"role": "user", "content": f"{secret} is my key"}]
    return plain(list(c.openai.chat.completions.create(model="g", messages=messages, stream=True)))


def system(c: Any, secret: str) -> Any:
    messages = [{"role": "user", "content": "hi"}]
    return plain(c.anthropic.messages.create(messages=messages, system=f"Use {secret}.", **CLAUDE))


def tool(c: Any, secret: str) -> Any:
    arguments = json.dumps({"authorization": f"Bearer {secret}"})
    call = {"id": "call_1", "type": "function", "function": {"name": "fetch", "arguments": arguments}}
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "done"},
    ]
    return plain(c.openai.chat.completions.create(model="g", messages=messages))


def responses(c: Any, secret: str) -> Any:
    return plain(c.openai.responses.create(model="g", input=f"echo {secret}"))


def form(c: Any, secret: str) -> Any:
    return plain(
        c.openai.audio.transcriptions.create(model="w", file=("a.wav", b"RIFF"), prompt=f"say {secret}")
    )


def query(c: Any, secret: str) -> Any:
    messages = [{"role": "user", "content": "hi"}]
    return plain(
        c.openai.chat.completions.create(model="g", messages=messages, extra_query={"api_key": secret})
    )


def embedding(c: Any, secret: str) -> Any:
    return plain(c.openai.embeddings.create(model="e", input=["x", secret]))


PLACES = [chat, chat_stream, system, tool, responses, form, query, embedding]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cassettes" / "x.llm.json"


@pytest.mark.parametrize("call", PLACES, ids=lambda call: call.__name__)
def test_no_known_shape_reaches_the_disk_and_replay_matches_all_the_same(
    call: Any, provider: WireProvider, path: Path
) -> None:
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        for secret in BY_SHAPE.values():
            call(c, secret)
    for name, secret in BY_SHAPE.items():
        assert not leaks(path.parent, secret), name
    provider.stop()
    with clients(provider.url) as c, vcr_llm.use_cassette(path, record_mode="none") as cassette:
        for secret in BY_SHAPE.values():
            call(c, secret)
    assert cassette.deviations == []
    assert cassette.misses == []


@pytest.mark.parametrize("call", PLACES, ids=lambda call: call.__name__)
def test_no_value_of_a_credential_variable_reaches_the_disk(
    call: Any, provider: WireProvider, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, BY_VALUE)
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        call(c, BY_VALUE)
    assert not leaks(path.parent, BY_VALUE)
    if call is not query:  # there it is the parameter's name that tells
        assert f"<{VARIABLE}>" in path.read_text(encoding="utf-8")


def test_replay_matches_whatever_the_key_is_worth_today(
    provider: WireProvider, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, BY_VALUE)
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        chat(c, BY_VALUE)
    other = "another horse, another battery"
    monkeypatch.setenv(VARIABLE, other)
    with clients(provider.url) as c, vcr_llm.use_cassette(path, record_mode="none") as cassette:
        chat(c, other)
    assert cassette.deviations == []


def test_credentials_by_name_reach_the_disk_neither_in_metadata_nor_in_arguments(
    provider: WireProvider, path: Path
) -> None:
    key, password = "Zk8Qw2" + "LmN4pRt6Yv", "R7!kd" + "Pq92xZ"

    def call(c: Any, fields: dict[str, str]) -> Any:
        function = {"name": "login", "arguments": json.dumps(fields)}
        messages = [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "tool_calls": [{"id": "c", "type": "function", "function": function}]},
            {"role": "tool", "tool_call_id": "c", "content": json.dumps({"session": fields})},
        ]
        return plain(c.openai.chat.completions.create(model="g", messages=messages, metadata=fields))

    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        call(c, {"api_key": key, "password": password})
    assert not leaks(path.parent, key)
    assert not leaks(path.parent, password)
    for fields in (
        {"api_key": key, "password": password},
        {"api_key": "test-key", "password": "<PASSWORD>"},  # no key here, and what the cassette answered
    ):
        with clients(provider.url) as c, vcr_llm.use_cassette(path, record_mode="none") as cassette:
            call(c, fields)
        assert cassette.deviations == []


def test_two_secrets_stay_two(provider: WireProvider, path: Path) -> None:
    one, two = BY_SHAPE["openai"], BY_SHAPE["openai"].replace("Ab3", "Xy7")
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        chat(c, one)
        chat(c, two)
        chat(c, one)
    asked = [
        entry["request"]["messages"][0]["content"]
        for entry in json.loads(path.read_text(encoding="utf-8"))["interactions"]
    ]
    assert asked[0] == asked[2] != asked[1]


def test_recording_again_gives_the_same_placeholder_and_adding_another_secret_a_new_one(
    provider: WireProvider, path: Path
) -> None:
    one, two = BY_SHAPE["openai"], BY_SHAPE["openai"].replace("Ab3", "Xy7")
    for mode, secret, expected in [
        ("once", one, ["<OPENAI_API_KEY>"]),
        ("all", one, ["<OPENAI_API_KEY>"]),
        ("new_episodes", two, ["<OPENAI_API_KEY>", "<OPENAI_API_KEY_2>"]),
    ]:
        with clients(provider.url) as c, vcr_llm.use_cassette(path, record_mode=mode):
            embedding(c, secret if mode != "new_episodes" else f"also {secret}")
        entries = json.loads(path.read_text(encoding="utf-8"))["interactions"]
        assert [entry["request"]["input"][1].split()[-1] for entry in entries] == expected


ORDINARY = {
    "max_tokens": 64,
    "metadata": {"note": "call +1 (555) 010-9999 about order 123456789012"},
    "messages": [
        {
            "role": "user",
            "content": "My password is hunter2. What is a token? See task-1234567890 and sk-learn.",
        },
    ],
}


def test_ordinary_words_replay_unchanged(provider: WireProvider, path: Path) -> None:
    schema = {"type": "object", "properties": {"password": {"type": "string"}, "token": {"type": "string"}}}
    tools = [{"type": "function", "function": {"name": "login", "parameters": schema}}]
    messages: Any = ORDINARY["messages"]

    def call(c: Any) -> Any:
        return plain(
            c.openai.chat.completions.create(
                model="g", messages=messages, tools=tools, logprobs=True, max_tokens=9
            )
        )

    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        recorded = call(c)
    assert recorded["choices"][0]["message"]["tool_calls"]
    (entry,) = json.loads(path.read_text(encoding="utf-8"))["interactions"]
    assert entry["request"]["messages"] == messages
    assert entry["request"]["tools"] == tools
    with clients(provider.url) as c, vcr_llm.use_cassette(path, record_mode="none"):
        assert call(c) == recorded


def test_users_add_names_patterns_and_functions(provider: WireProvider, path: Path) -> None:
    options = {
        "secret_names": ["tenant_pin"],
        "secret_patterns": [r"PIN-\d{6}", ("TICKET", r"T-\d{8}")],
        "secret_filters": [lambda text: text.replace("Project Bluebird", "Project X")],
    }
    extra = {"tenant_pin": "9876543210"}
    messages = [{"role": "user", "content": "PIN-123456 T-12345678 Project Bluebird"}]

    def call(c: Any) -> Any:
        return plain(c.openai.chat.completions.create(model="g", messages=messages, extra_body=extra))

    with clients(provider.url) as c, vcr_llm.use_cassette(path, **options):
        call(c)
    for secret in ("9876543210", "PIN-123456", "T-12345678", "Bluebird"):
        assert not leaks(path.parent, secret), secret
    with clients(provider.url) as c, vcr_llm.use_cassette(path, record_mode="none", **options) as cassette:
        call(c)
    assert cassette.deviations == []


def test_personal_data_is_replaced_on_request_only(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        chat(c, "ada.lovelace@analytical.engines.net")
    assert leaks(path.parent, "ada.lovelace@analytical.engines.net")
    other = path.with_name("personal.llm.json")
    with clients(provider.url) as c, vcr_llm.use_cassette(other, personal_data=True):
        chat(c, "ada.lovelace@analytical.engines.net")
    assert "ada.lovelace@analytical.engines.net" not in other.read_text(encoding="utf-8")


def test_the_list_of_response_headers_can_grow_and_shrink(provider: WireProvider, path: Path) -> None:
    def stored(**options: Any) -> set[str]:
        path.unlink(missing_ok=True)
        with clients(provider.url) as c, vcr_llm.use_cassette(path, **options):
            chat(c, "hi")
        return set(json.loads(path.read_text(encoding="utf-8"))["interactions"][0]["http"]["headers"])

    usual = stored()
    assert {"content-type", "x-request-id"} <= usual
    assert not usual & {"set-cookie", "openai-organization", "date"}
    assert stored(add_headers=["date"]) == usual | {"date"}
    assert stored(remove_headers=["x-request-id"]) == usual - {"x-request-id"}


def test_another_serializer_or_a_hook_does_not_switch_it_off(provider: WireProvider, tmp_path: Path) -> None:
    secret = BY_SHAPE["anthropic"]
    path = tmp_path / "cassettes" / "x.yaml"
    with (
        clients(provider.url) as c,
        vcr_llm.use_cassette(path, serializer="yaml", before_record_request=lambda request: request),
    ):
        chat(c, secret)
    assert not leaks(path.parent, secret)
    assert "sk-test-key" not in path.read_text(encoding="utf-8")
    with clients(provider.url) as c, vcr_llm.use_cassette(path, serializer="yaml", record_mode="none"):
        chat(c, secret)


def test_the_gate_refuses_what_a_save_hook_puts_in(
    provider: WireProvider, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vcr_llm.scrub import Scrubber

    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        chat(c, "one")
    before = path.read_bytes()
    secret = BY_SHAPE["github"]
    # Scrubbing that overlooks something is what the gate is for.
    monkeypatch.setattr(Scrubber, "cleaned", lambda self, interaction, ledger: (interaction, True))

    def record() -> None:
        with clients(provider.url) as c, vcr_llm.use_cassette(path, record_mode="new_episodes"):
            chat(c, secret)

    with pytest.raises(
        vcr_llm.SecretFoundError, match=r"interactions\[1\]\.request\.messages\[0\]"
    ) as caught:
        record()
    assert secret not in str(caught.value)
    assert path.read_bytes() == before


def test_a_miss_and_drift_do_not_show_the_secret(provider: WireProvider, path: Path) -> None:
    secret = BY_SHAPE["openai"]
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        chat(c, "one")
    with (
        clients(provider.url) as c,
        vcr_llm.use_cassette(path, record_mode="none"),
        pytest.raises(vcr_llm.CassetteMissError) as caught,
    ):
        chat(c, secret)
    assert secret not in str(caught.value)
