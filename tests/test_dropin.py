"""``llm_mock`` as llm-mock documents it, on whatever SDK generation is installed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from calls import CLAUDE, USER, async_clients, clients, plain
from llm_mock import llm_mock as the_real_llm_mock
from wire import WIRE_HEADER, WireProvider

import vcr_llm
from vcr_llm import FixtureNotFoundError, FixtureParseError, llm_mock
from vcr_llm.providers import PROVIDERS, Provider, register

pytestmark = pytest.mark.sdk


def ask(c: Any, text: str = "hi", **more: Any) -> str:
    answer = c.openai.chat.completions.create(model="g", messages=[{"role": "user", "content": text}], **more)
    return str(answer.choices[0].message.content)


def claude(c: Any, text: str = "hi", **more: Any) -> str:
    answer = c.anthropic.messages.create(messages=[{"role": "user", "content": text}], **CLAUDE, **more)
    return str(answer.content[0].text)


def interactions(path: Path) -> list[Any]:
    return list(json.loads(path.read_text(encoding="utf-8"))["interactions"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "fixtures" / "x.json"


def test_record_then_replay_without_the_provider(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c:
        with llm_mock(mode="record", fixture=str(path.with_suffix(""))):
            recorded = [ask(c), claude(c)]
        provider.stop()
        with llm_mock(mode="replay", fixture=path):
            assert [ask(c), claude(c)] == recorded


def test_the_mode_and_the_fixture_may_be_positional(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c, llm_mock("auto", path):
        ask(c)
    assert len(interactions(path)) == 1


def test_record_replaces_interactions_of_the_same_request_and_keeps_the_others(
    provider: WireProvider, path: Path
) -> None:
    with clients(provider.url) as c:
        with llm_mock(mode="record", fixture=path):
            one, two = ask(c, "one"), ask(c, "two")
        with llm_mock(mode="record", fixture=path):
            again = ask(c, "one")
        with llm_mock(mode="replay", fixture=path):
            assert [ask(c, "two"), ask(c, "one")] == [two, again]
    assert again != one
    assert [entry["request"]["messages"][0]["content"] for entry in interactions(path)] == ["one", "two"]


def test_record_keeps_both_answers_to_one_prompt_and_replays_them_in_order(
    provider: WireProvider, path: Path
) -> None:
    with clients(provider.url) as c:
        with llm_mock(mode="record", fixture=path):
            recorded = [ask(c), ask(c)]
        with llm_mock(mode="replay", fixture=path):
            assert [ask(c), ask(c), ask(c)] == [*recorded, recorded[-1]]


def test_a_changed_system_prompt_takes_the_place_of_the_old_one(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c:
        with llm_mock(mode="record", fixture=path):
            claude(c, system="old")
        with llm_mock(mode="record", fixture=path):
            fresh = claude(c, system="new")
        (entry,) = interactions(path)
        assert entry["request"]["system"] == "new"
        with llm_mock(mode="replay", fixture=path):
            assert claude(c, system="new") == fresh


def test_auto_records_what_is_missing_also_in_an_existing_file(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c:
        with llm_mock(mode="auto", fixture=path):
            one = ask(c, "one")
        with llm_mock(mode="auto", fixture=path):
            assert ask(c, "one") == one
            two = ask(c, "two")
        provider.stop()
        with llm_mock(mode="auto", fixture=path):
            assert [ask(c, "one"), ask(c, "two")] == [one, two]


def test_a_call_without_recording_raises_at_once_whatever_the_sdk(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c:
        with llm_mock(mode="record", fixture=path):
            ask(c)
        before = len(provider.received)
        with (
            pytest.raises(FixtureNotFoundError, match=r"(?s)No recording answers.*mode='auto'"),
            llm_mock("replay", path),
        ):
            ask(c, "other")
        with pytest.raises(FixtureNotFoundError), llm_mock("replay", path):
            claude(c)
        with pytest.raises(FixtureNotFoundError), llm_mock("replay", path):
            requests.post(f"{provider.url}/v1/messages", json={"model": "c", "messages": USER}, timeout=5)
        with pytest.raises(FixtureNotFoundError), llm_mock("replay", path):
            httpx.post(f"{provider.url}/v1/messages", json={"model": "c", "messages": USER})
        assert len(provider.received) == before


def test_a_missing_file_is_not_found_when_a_call_is_made(provider: WireProvider, path: Path) -> None:
    with (
        clients(provider.url) as c,
        llm_mock("replay", path),
        pytest.raises(FixtureNotFoundError, match="no such file"),
    ):
        ask(c)
    assert not path.exists()


@pytest.mark.parametrize("mode", ["record", "replay", "auto"])
def test_a_file_that_is_no_json_is_a_parse_error_with_its_path(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text('{"version": "2.0",\n')
    with pytest.raises(FixtureParseError, match=r"bad\.json:2:1"), llm_mock(mode, path):
        pass
    assert path.read_text() == '{"version": "2.0",\n'


def test_errors_are_passed_on_and_not_saved(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c, llm_mock("record", path):
        with pytest.raises(Exception, match=r"429|rate"):
            c.openai.with_options(max_retries=0).chat.completions.create(
                model="g", messages=USER, extra_headers={WIRE_HEADER: "status=429"}
            )
        ask(c)
    assert [entry["http"]["status"] for entry in interactions(path)] == [200]


def test_provider_limits_what_is_intercepted_and_the_rest_goes_live(
    provider: WireProvider, path: Path
) -> None:
    with clients(provider.url) as c:
        with llm_mock("record", path, provider="anthropic"):
            ask(c)
            recorded = claude(c)
        (entry,) = interactions(path)
        assert entry["http"]["url"].endswith("/v1/messages")
        live = len(provider.received)
        with llm_mock("replay", path, provider="anthropic"):
            assert claude(c) == recorded
            assert ask(c) != ask(c)
            assert requests.get(f"{provider.url}/json", timeout=5).json()
        assert len(provider.received) == live + 3
        with llm_mock("record", path, provider="openai"):
            ask(c)
        assert len(interactions(path)) == 2, "what belongs to another provider stays in the file"


def test_provider_may_be_whose_host_it_is(provider: WireProvider, path: Path) -> None:
    before = list(PROVIDERS)
    register(Provider("house", re.compile(r"127\.0\.0\.1|localhost")))
    try:
        with clients(provider.url) as c, llm_mock("record", path, provider="house"):
            ask(c)
            claude(c)
        assert len(interactions(path)) == 2, "of both protocols"
    finally:
        PROVIDERS[:] = before
        register(before[0])


@pytest.mark.parametrize(
    ("match_on", "same", "different"),
    [
        (["model", "messages"], {"temperature": 0.9}, None),
        (["model", "messages", "temperature"], {"max_tokens": 9}, {"temperature": 0.9}),
        (["model", "messages", "max_tokens"], {"temperature": 0.9}, {"max_tokens": 9}),
        (["model"], {"temperature": 0.9}, {"model": "h"}),
    ],
)
@pytest.mark.filterwarnings("ignore::vcr_llm.DriftWarning")
def test_match_on_takes_any_field_of_the_request(
    match_on: list[str],
    same: dict[str, Any],
    different: dict[str, Any] | None,
    provider: WireProvider,
    path: Path,
) -> None:
    def call(c: Any, **more: Any) -> Any:
        return c.openai.chat.completions.create(**{"model": "g", "messages": USER, **more}).model_dump()

    with clients(provider.url) as c:
        with llm_mock("record", path, match_on=match_on):
            recorded = call(c)
        with llm_mock("replay", path, match_on=match_on):
            assert call(c, **same) == recorded
            if different is not None:
                with pytest.raises(FixtureNotFoundError):
                    call(c, **different)
    # llm-mock itself finds it by the hash we stored.
    request = {**interactions(path)[0]["request"], **same}
    with the_real_llm_mock(mode="replay", fixture=str(path), match_on=match_on):
        answer = httpx.post("https://api.openai.com/v1/chat/completions", json=request)
    assert answer.json()["id"] == recorded["id"]


def test_decorated_functions_sync_async_and_generators(provider: WireProvider, path: Path) -> None:
    @llm_mock(mode="auto", fixture=path)
    def sync() -> str:
        with clients(provider.url) as c:
            return ask(c)

    @llm_mock(mode="auto", fixture=path)
    def items() -> Any:
        with clients(provider.url) as c:
            yield ask(c)

    first = sync()
    assert sync.__name__ == "sync"
    provider.stop()
    assert sync() == first
    assert list(items()) == [first]


async def test_async_blocks_and_async_functions(provider: WireProvider, path: Path) -> None:
    async def call() -> Any:
        async with async_clients(provider.url) as c:
            return plain(await c.anthropic.messages.create(messages=USER, **CLAUDE))

    async with llm_mock(mode="record", fixture=path):
        recorded = await call()
    provider.stop()

    @llm_mock(mode="replay", fixture=path)
    async def replayed() -> Any:
        return await call()

    @llm_mock(mode="replay", fixture=path)
    async def items() -> Any:
        yield await call()

    assert await replayed() == recorded
    assert [item async for item in items()] == [recorded]
    async with llm_mock(mode="replay", fixture=path):
        assert await call() == recorded


def test_one_object_can_be_entered_twice_one_inside_the_other(provider: WireProvider, path: Path) -> None:
    mock = llm_mock("auto", path)
    with clients(provider.url) as c, mock, mock:
        ask(c)
    assert len(interactions(path)) == 1


def test_what_it_does_not_know_it_says(path: Path) -> None:
    for arguments, expected in [
        (("recrod", path), "Did you mean 'record'"),
        (("replay", path, "antropic"), "Did you mean 'anthropic'"),
        (("replay", path, "all", "model"), "a list of fields"),
        (("replay", path, "all", ["modle"]), "Did you mean 'model'"),
    ]:
        with pytest.raises(vcr_llm.OptionError, match=expected):
            llm_mock(*arguments)


# --- LLM_MOCK_DISABLED -------------------------------------------------------------------------------


def test_disabled_every_call_goes_live_and_fresh_answers_replace_the_recorded(
    provider: WireProvider, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clients(provider.url) as c:
        with llm_mock("record", path):
            old, other = ask(c, "one"), ask(c, "two")
        monkeypatch.setenv("LLM_MOCK_DISABLED", "1")
        with llm_mock("replay", path):
            fresh = ask(c, "one")
        monkeypatch.setenv("LLM_MOCK_DISABLED", "0")
        assert fresh != old
        with llm_mock("replay", path):
            assert [ask(c, "one"), ask(c, "two")] == [fresh, other]


def test_disabled_a_block_that_fails_leaves_the_file_and_a_rejected_recording(
    provider: WireProvider, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clients(provider.url) as c:
        with llm_mock("record", path):
            ask(c)
        before = path.read_bytes()
        monkeypatch.setenv("LLM_MOCK_DISABLED", "1")
        mock = llm_mock("replay", path)
        mock.__enter__()
        fresh = ask(c)
        mock.__exit__(AssertionError, AssertionError(), None)
    assert path.read_bytes() == before
    rejected = interactions(path.with_name("x.json.rejected"))
    assert rejected[0]["response"]["choices"][0]["message"]["content"] == fresh
