"""Record on a real socket, stop the provider, block the network, replay: the same Python objects."""

from __future__ import annotations

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest
from calls import ASYNC, CHAT_TOOLS, CLAUDE, SYNC, USER, async_clients, clients, messages_stream, plain
from pytest_recording import network
from vcr.errors import CannotOverwriteExistingCassetteException
from wire import WIRE_HEADER, WireProvider

import vcr_llm

pytestmark = pytest.mark.sdk


def replay(path: Path, **options: Any) -> Any:
    return vcr_llm.use_cassette(path, record_mode="none", **options)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cassettes" / "test.llm.json"


@pytest.mark.parametrize("name", SYNC)
def test_a_replayed_call_gives_the_object_that_was_recorded(
    name: str, provider: WireProvider, path: Path
) -> None:
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        recorded = plain(SYNC[name](c))
    provider.stop()
    with network.blocking_context(), clients(provider.url) as c, replay(path) as cassette:
        assert plain(SYNC[name](c)) == recorded
    assert cassette.all_played


@pytest.mark.parametrize("name", ASYNC)
async def test_the_same_with_the_async_clients(name: str, provider: WireProvider, path: Path) -> None:
    async with async_clients(provider.url) as c:
        with vcr_llm.use_cassette(path):
            recorded = plain(await ASYNC[name](c))
    provider.stop()
    async with async_clients(provider.url) as c:
        with network.blocking_context(), replay(path):
            assert plain(await ASYNC[name](c)) == recorded


def test_a_cassette_holds_no_key_and_no_request_header(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        for call in SYNC.values():
            call(c)
    text = path.read_text(encoding="utf-8")
    for secret in ("sk-ant-test-key", "sk-test-key", "authorization", "x-api-key", "user-agent", "stainless"):
        assert secret not in text.lower()
    for header in ("set-cookie", "__cf_bm", "organization", "date"):
        assert f'"{header}"' not in text


def test_replaying_needs_no_particular_key(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        recorded = plain(SYNC["openai chat"](c))
    with clients(provider.url) as c, replay(path):
        c.openai.api_key = "another"
        assert plain(SYNC["openai chat"](c)) == recorded


def test_what_is_said_of_an_option_is_said_at_the_user_s_line(path: Path) -> None:
    with pytest.warns(vcr_llm.VcrLlmWarning, match="'strickt'.*'strict'") as told, replay(path, strickt=True):
        pass
    assert [warning.filename for warning in told] == [__file__]


# --- order and repeats -------------------------------------------------------------------------------


def ask(c: Any, text: str = "hi", **more: Any) -> str:
    answer = c.openai.chat.completions.create(model="g", messages=[{"role": "user", "content": text}], **more)
    return str(answer.choices[0].message.content)


def test_the_same_prompt_gives_its_answers_in_order_and_then_the_last_again(
    provider: WireProvider, path: Path
) -> None:
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        recorded = [ask(c) for _ in range(3)]
    assert len(set(recorded)) == 3
    with clients(provider.url) as c, replay(path):
        assert [ask(c) for _ in range(5)] == [*recorded, recorded[-1], recorded[-1]]


def test_without_repeats_a_call_too_many_is_a_miss(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        recorded = ask(c)
    with clients(provider.url) as c, replay(path, repeats=False):
        assert ask(c) == recorded
        with pytest.raises(vcr_llm.CassetteMissError, match="played already"):
            ask(c)


def test_a_plain_and_a_streamed_call_of_one_prompt_never_meet(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        message, stream = SYNC["anthropic messages"](c), plain(messages_stream(c))
    with clients(provider.url) as c, replay(path):
        assert plain(messages_stream(c)) == stream
        assert plain(SYNC["anthropic messages"](c)) == plain(message)
    only_plain = path.with_name("plain.llm.json")
    with clients(provider.url) as c, vcr_llm.use_cassette(only_plain):
        SYNC["anthropic messages"](c)
    with clients(provider.url) as c, replay(only_plain), pytest.raises(vcr_llm.CassetteMissError):
        messages_stream(c)


@pytest.mark.parametrize(
    ("one", "two"),
    [({"system": "Be terse."}, {"system": "Be verbose."}), ({"max_tokens": 5}, {"max_tokens": 50})],
)
def test_calls_that_differ_outside_the_key_replay_right_in_either_order(
    one: dict[str, Any], two: dict[str, Any], provider: WireProvider, path: Path
) -> None:
    def call(c: Any, more: dict[str, Any]) -> str:
        return str(c.anthropic.messages.create(**{**CLAUDE, "messages": USER, **more}).content[0].text)

    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        recorded = [call(c, one), call(c, two)]
    with clients(provider.url) as c, replay(path) as cassette:
        assert [call(c, two), call(c, one)] == recorded[::-1]
    assert cassette.deviations == []


def test_calls_that_differ_in_tools_replay_right_in_either_order(provider: WireProvider, path: Path) -> None:
    def call(c: Any, name: str) -> Any:
        tool = {"type": "function", "function": {**CHAT_TOOLS[0]["function"], "name": name}}  # type: ignore[dict-item]
        return plain(c.openai.chat.completions.create(model="g", messages=USER, tools=[tool]))

    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        recorded = [call(c, "one"), call(c, "two")]
    with clients(provider.url) as c, replay(path):
        assert [call(c, "two"), call(c, "one")] == recorded[::-1]


# --- concurrency -------------------------------------------------------------------------------------


async def test_twenty_concurrent_calls_each_get_their_own_answer(provider: WireProvider, path: Path) -> None:
    async def one(c: Any, number: int) -> Any:
        messages = [{"role": "user", "content": f"question {number}"}]
        return (
            (await c.openai.chat.completions.create(model="g", messages=messages)).choices[0].message.content
        )

    async with async_clients(provider.url) as c:
        with vcr_llm.use_cassette(path):
            recorded = await asyncio.gather(*(one(c, number) for number in range(20)))
    provider.stop()
    async with async_clients(provider.url) as c:
        with replay(path) as cassette:
            numbers = list(range(20))[::-1]
            assert await asyncio.gather(*(one(c, number) for number in numbers)) == recorded[::-1]
    assert cassette.play_count == 20


def test_threads_share_a_cassette(provider: WireProvider, path: Path) -> None:
    def texts(number: int) -> str:
        return ask(c, f"question {number % 8}")

    with clients(provider.url) as c, vcr_llm.use_cassette(path), ThreadPoolExecutor(8) as pool:
        recorded = list(pool.map(texts, range(32)))
    assert len(set(recorded)) == 32
    with clients(provider.url) as c, replay(path), ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(texts, range(32))) == sorted(recorded)


# --- drift, strict, fallback -------------------------------------------------------------------------


def test_a_changed_system_prompt_replays_with_one_line_of_drift(provider: WireProvider, path: Path) -> None:
    call = {"messages": USER, **CLAUDE}
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        recorded = c.anthropic.messages.create(system="Be terse.", **call)

    def replayed_twice() -> Any:
        with clients(provider.url) as c, replay(path) as cassette:
            for _ in range(2):
                assert plain(c.anthropic.messages.create(system="Be kind.", **call)) == plain(recorded)
        return cassette

    with pytest.warns(vcr_llm.DriftWarning) as caught:
        cassette = replayed_twice()
    assert [str(each) for each in cassette.deviations] == [
        'interaction 1 (anthropic messages): system: "Be terse." → "Be kind."'
    ]
    assert len(caught) == 1
    assert len(str(caught[0].message).splitlines()) == 1


@pytest.mark.parametrize("options", [{"strict": True}, {"match_on": ["llm_strict"]}])
def test_under_strict_a_changed_system_prompt_is_a_miss(
    options: dict[str, Any], provider: WireProvider, path: Path
) -> None:
    call = {"messages": USER, **CLAUDE}
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        c.anthropic.messages.create(system="Be terse.", **call)
    with clients(provider.url) as c, replay(path, **options):
        with pytest.raises(vcr_llm.CassetteMissError, match="matching is strict"):
            c.anthropic.messages.create(system="Be kind.", **call)
        c.anthropic.messages.create(system="Be terse.", **call)


def test_a_changed_prompt_is_a_miss_that_no_sdk_retries(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        ask(c, "one")
        c.anthropic.messages.create(messages=USER, **CLAUDE)
    before = len(provider.received)
    with clients(provider.url) as c, replay(path) as cassette:
        with pytest.raises(vcr_llm.CassetteMissError, match=r'"one".*→.*"two"'):
            ask(c, "two")
        with pytest.raises(vcr_llm.CassetteMissError):
            c.anthropic.messages.create(messages=[{"role": "user", "content": "other"}], **CLAUDE)
    assert len(cassette.misses) == 2
    assert len(provider.received) == before


async def test_a_miss_passes_the_async_clients_too(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        ask(c, "one")
    async with async_clients(provider.url) as c:
        with replay(path) as cassette:
            with pytest.raises(vcr_llm.CassetteMissError):
                await c.openai.chat.completions.create(model="g", messages=USER)
            with pytest.raises(vcr_llm.CassetteMissError):
                await c.anthropic.messages.create(messages=USER, **CLAUDE)
    assert len(cassette.misses) == 2


def test_the_fallback_answers_what_nothing_else_does_and_says_so(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        recorded = [ask(c, "one"), ask(c, "two")]

    def replayed() -> Any:
        with clients(provider.url) as c, replay(path, fallback=("method", "uri")) as cassette:
            assert ask(c, "two") == recorded[1]
            assert ask(c, "changed") == recorded[0]
        return cassette

    with pytest.warns(vcr_llm.StaleWarning, match="fallback"):
        cassette = replayed()
    assert [deviation.tier.value for deviation in cassette.deviations] == ["fallback"]


def test_the_host_counts_unless_told_otherwise(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        recorded = ask(c)
    with clients("http://127.0.0.1:9") as c:
        with replay(path), pytest.raises(vcr_llm.CassetteMissError, match="host"):
            ask(c)
        with replay(path, match_host=False):
            assert ask(c) == recorded


def test_additional_matchers_narrow_the_choice(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        recorded = [ask(c, extra_query={"tenant": name}) for name in ("one", "two")]
    with clients(provider.url) as c, replay(path, additional_matchers=["query"]):
        assert ask(c, extra_query={"tenant": "two"}) == recorded[1]
        with pytest.raises(vcr_llm.CassetteMissError):
            ask(c, extra_query={"tenant": "three"})


# --- record modes ------------------------------------------------------------------------------------


def interactions(path: Path) -> list[Any]:
    return list(json.loads(path.read_text(encoding="utf-8"))["interactions"])


def test_new_episodes_plays_what_is_recorded_and_records_the_rest(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        recorded = ask(c, "one")
    with clients(provider.url) as c, vcr_llm.use_cassette(path, record_mode="new_episodes"):
        assert ask(c, "one") == recorded
        fresh = [ask(c, "two"), ask(c, "two")]
        changed = ask(c, "one", max_tokens=7)
    assert len({recorded, *fresh, changed}) == 4
    with clients(provider.url) as c, replay(path):
        assert [ask(c, "two"), ask(c, "one", max_tokens=7), ask(c, "two"), ask(c, "one")] == [
            fresh[0],
            changed,
            fresh[1],
            recorded,
        ]


def test_once_records_into_a_new_file_only(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        ask(c, "one")
    before = path.read_bytes()
    with clients(provider.url) as c, vcr_llm.use_cassette(path), pytest.raises(vcr_llm.CassetteMissError):
        ask(c, "two")
    assert path.read_bytes() == before


def test_all_replaces_exactly_what_was_asked_again_in_its_place(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        recorded = [ask(c, "one"), ask(c, "one", max_tokens=7), ask(c, "two")]
    with clients(provider.url) as c, vcr_llm.use_cassette(path, record_mode="all"):
        fresh, new = ask(c, "one"), ask(c, "three")
    texts = [entry["response"]["choices"][0]["message"]["content"] for entry in interactions(path)]
    assert texts == [fresh, recorded[1], recorded[2], new]


def test_none_never_records(provider: WireProvider, path: Path) -> None:
    with (
        clients(provider.url) as c,
        replay(path),
        pytest.raises(vcr_llm.CassetteMissError, match="no such file"),
    ):
        ask(c)
    assert provider.received == []
    assert not path.exists()


def test_unused_recordings_can_be_dropped(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        ask(c, "one")
        ask(c, "two")
    with clients(provider.url) as c, replay(path, drop_unused_requests=True):
        ask(c, "two")
    assert [entry["request"]["messages"][0]["content"] for entry in interactions(path)] == ["two"]


# --- what goes over the wire -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "encoding", ["gzip", "deflate", "br", "zstd", "gzip,br", "GZIP", "raw-deflate", "identity"]
)
def test_bodies_are_decoded_in_the_cassette(encoding: str, provider: WireProvider, path: Path) -> None:
    wire = {"extra_headers": {WIRE_HEADER: f"encoding={encoding}"}}
    with clients(provider.url, max_retries=0) as c, vcr_llm.use_cassette(path):
        try:
            recorded = ask(c, **wire)
        except Exception:
            # This SDK's HTTP library does not know the encoding; the recording must be readable all the same.
            recorded = ""
    entry = interactions(path)[0]
    assert entry["response"]["object"] == "chat.completion"
    assert "content-encoding" not in entry["http"]["headers"]
    with clients(provider.url) as c, replay(path):
        assert ask(c) == (recorded or entry["response"]["choices"][0]["message"]["content"])


def test_a_body_nobody_here_can_decode_is_told_when_the_cassette_closes(
    provider: WireProvider, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "brotli", None)
    monkeypatch.setitem(sys.modules, "brotlicffi", None)
    wire = {"extra_headers": {WIRE_HEADER: "encoding=br"}}

    def record() -> str:
        with clients(provider.url, max_retries=0) as c, vcr_llm.use_cassette(path):
            return ask(c, **wire)

    with pytest.raises(vcr_llm.VcrLlmError, match=r"pip install 'vcr-llm\[encodings\]'"):
        record()
    assert not path.exists()


def test_an_encoding_header_over_a_plain_body_is_seen_through(provider: WireProvider, path: Path) -> None:
    wire = {"extra_headers": {WIRE_HEADER: "lie=gzip"}}
    with (
        clients(provider.url, max_retries=0) as c,
        vcr_llm.use_cassette(path),
        pytest.raises(openai.APIError),
    ):
        ask(c, **wire)
    with clients(provider.url) as c, replay(path):
        assert "hi" in ask(c)


@pytest.mark.parametrize(
    "form",
    ["crlf", "cr", "comments", "ids", "multiline", "nospace", "trailing", "undone", "crlf+comments+ids"],
)
@pytest.mark.parametrize("sdk", ["anthropic", "openai"])
def test_odd_streams_replay_event_for_event(form: str, sdk: str, provider: WireProvider, path: Path) -> None:
    wire = {"extra_headers": {WIRE_HEADER: f"sse={form}"}}

    def call(c: Any) -> Any:
        if sdk == "anthropic":
            return plain(list(c.anthropic.messages.create(messages=USER, stream=True, **CLAUDE, **wire)))
        chat = c.openai.chat.completions
        try:
            return plain(list(chat.create(model="g", messages=USER, stream=True, **wire)))
        except Exception as error:
            return repr(error)  # what the SDK makes of the live stream, it must make of the replayed one

    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        recorded = call(c)
    provider.stop()
    with clients(provider.url) as c, replay(path):
        assert call(c) == recorded
    entry = interactions(path)[0]
    assert entry["streaming"] is True
    assert len(entry["stream_events"]) > 3


def test_a_large_binary_body_lies_beside_the_cassette(provider: WireProvider, path: Path) -> None:
    audio = bytes(range(256)) * 300

    def call(c: Any) -> Any:
        return plain(c.openai.audio.transcriptions.create(model="whisper-1", file=("a.wav", audio)))

    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        recorded = call(c)
    (blob,) = path.with_name(f"{path.name}.blobs").iterdir()
    assert audio in blob.read_bytes()
    assert len(path.read_bytes()) < 5_000
    with clients(provider.url) as c, replay(path):
        assert call(c) == recorded
    with clients(provider.url) as c, vcr_llm.use_cassette(path, record_mode="new_episodes"):
        ask(c)
    assert blob.exists(), "a body that is still named must survive a rewrite"
    with clients(provider.url) as c, replay(path, drop_unused_requests=True):
        ask(c)
    assert not blob.parent.exists()


def test_another_file_in_a_form_is_another_call(provider: WireProvider, path: Path) -> None:
    def call(c: Any, sound: bytes) -> Any:
        return plain(c.openai.audio.transcriptions.create(model="whisper-1", file=("a.wav", sound)))

    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        recorded = [call(c, b"one"), call(c, b"two")]
    with clients(provider.url) as c, replay(path):
        assert [call(c, b"two"), call(c, b"one")] == recorded[::-1]
        with pytest.raises(vcr_llm.CassetteMissError):
            call(c, b"three")


def test_an_interaction_that_broke_off_is_not_recorded(provider: WireProvider, path: Path) -> None:
    with (
        clients(provider.url, max_retries=0) as c,
        vcr_llm.use_cassette(path),
        pytest.raises(openai.APIError),
    ):
        ask(c, extra_headers={WIRE_HEADER: "cut"})
    assert not path.exists()


# --- ways to write it --------------------------------------------------------------------------------


def test_a_decorator_names_the_cassette_after_the_function(
    provider: WireProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = vcr_llm.VCR(cassette_library_dir=tmp_path)

    @library.use_cassette
    def summarize() -> str:
        with clients(provider.url) as c:
            return ask(c)

    recorded = summarize()
    assert (tmp_path / "summarize.llm.json").is_file()
    provider.stop()
    assert summarize() == recorded


async def test_a_decorator_works_on_async_functions(provider: WireProvider, path: Path) -> None:
    @vcr_llm.use_cassette(path)
    async def summarize() -> Any:
        async with async_clients(provider.url) as c:
            return plain(await c.anthropic.messages.create(messages=USER, **CLAUDE))

    recorded = await summarize()
    provider.stop()
    assert await summarize() == recorded


def test_a_client_made_before_any_cassette_is_recorded(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c:
        ask(c, "live")
        with vcr_llm.use_cassette(path):
            recorded = ask(c, "one")
        with replay(path):
            assert ask(c, "one") == recorded


def test_cassettes_nest_and_the_inner_one_answers(provider: WireProvider, tmp_path: Path) -> None:
    outer, inner = tmp_path / "outer.llm.json", tmp_path / "inner.llm.json"
    with clients(provider.url) as c, vcr_llm.use_cassette(outer):
        first = ask(c, "one")
        with vcr_llm.use_cassette(inner):
            second = ask(c, "one")
    with clients(provider.url) as c, replay(outer):
        with replay(inner):
            assert ask(c, "one") == second
        assert ask(c, "one") == first


def test_registered_on_a_plain_vcr_the_matchers_and_the_serializer_work(
    provider: WireProvider, path: Path
) -> None:
    import vcr

    recorder = vcr_llm.register(vcr.VCR(serializer="llm.json", match_on=["llm"]))
    with clients(provider.url) as c, recorder.use_cassette(str(path)):
        recorded = [ask(c, "one"), ask(c, "two")]
    assert interactions(path)[0]["request"]["messages"][0]["content"] == "one"
    with clients(provider.url) as c, recorder.use_cassette(str(path), record_mode="none"):
        assert [ask(c, "two", max_tokens=3), ask(c, "one")] == recorded[::-1]
    strict = vcr_llm.register(vcr.VCR(serializer="llm.json", match_on=["llm_strict"], record_mode="none"))
    with clients(provider.url, max_retries=0) as c, strict.use_cassette(str(path)):
        assert ask(c, "two") == recorded[1]
        # vcrpy's own exception; some SDKs wrap it.
        with pytest.raises((openai.APIConnectionError, CannotOverwriteExistingCassetteException)):
            ask(c, "one", max_tokens=3)


def test_a_live_call_with_a_placeholder_key_fails_before_it_leaves(
    provider: WireProvider, path: Path
) -> None:
    from vcr_llm.placeholder import PLACEHOLDER_KEY

    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        c.openai.api_key = c.anthropic.api_key = PLACEHOLDER_KEY
        with pytest.raises(vcr_llm.PlaceholderKeyError, match="OPENAI_API_KEY"):
            ask(c)
        with pytest.raises(vcr_llm.PlaceholderKeyError):
            SYNC["anthropic messages"](c)
    assert provider.received == []
    assert not path.exists()


def test_vcrpys_own_view_of_a_cassette_is_there(provider: WireProvider, path: Path) -> None:
    with clients(provider.url) as c, vcr_llm.use_cassette(path):
        ask(c, "one")
        ask(c, "two")
    with clients(provider.url) as c, replay(path) as cassette:
        assert len(cassette) == 2
        ask(c, "two")
        assert (cassette.play_count, cassette.all_played) == (1, False)
        assert json.loads(cassette.requests[1].body)["messages"][0]["content"] == "two"
        assert json.loads(cassette.responses[1]["body"]["string"])["object"] == "chat.completion"
        assert cassette.requests[0] in cassette
        ask(c, "one")
        assert cassette.all_played
        cassette.rewind()
        assert cassette.play_count == 0


def test_an_unknown_option_is_refused_with_the_close_one() -> None:
    with pytest.raises(vcr_llm.OptionError, match="Did you mean 'strict'"):
        vcr_llm.preset(strickt=True)
    with pytest.raises(TypeError):
        vcr_llm.VCR(fallbak=("method",))
    with (
        pytest.raises(vcr_llm.OptionError, match="methods"),
        vcr_llm.use_cassette("x", fallback=("methods",)),
    ):
        pass
    assert not Path("x").exists()


def test_one_text_stands_for_a_list_of_one_and_a_bad_pattern_is_told_at_once() -> None:
    assert vcr_llm.preset(fallback="uri")["fallback"] == ("uri",)
    assert vcr_llm.preset(secret_names="pin")["secret_names"] == ("pin",)
    (pattern,) = vcr_llm.preset(secret_patterns=r"PIN-\d+")["secret_patterns"]
    assert pattern.search("PIN-12")
    with pytest.raises(vcr_llm.OptionError, match=r"secret_patterns.*unterminated"):
        vcr_llm.preset(secret_patterns=["("])


def test_a_miss_shows_itself_by_its_public_name_and_says_how_to_record_here(
    provider: WireProvider, path: Path
) -> None:
    with clients(provider.url) as c, replay(path), pytest.raises(vcr_llm.CassetteMissError) as caught:
        ask(c)
    assert f"{type(caught.value).__module__}.{type(caught.value).__name__}" == "vcr_llm.CassetteMissError"
    assert "record_mode='once'" in str(caught.value)
