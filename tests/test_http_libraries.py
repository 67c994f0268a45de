"""The HTTP libraries that vcrpy stubs, through our cassette: LLM calls by prompt, others by vcrpy's rule."""

from __future__ import annotations

import asyncio
import http.client
import io
import json
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx
import pytest
import requests
import urllib3
import vcr
import vcr.stubs.requests_stubs
from clients.client import require
from wire import WireProvider

import vcr_llm
from vcr_llm.vcr_bridge import patching

pytestmark = pytest.mark.sdk

Fetch = Callable[[str, str, Any], Any]


def by_httpx(method: str, url: str, body: Any) -> Any:
    with httpx.Client() as client:
        return client.request(method, url, json=body, headers=KEY).json()


def by_httpx2(method: str, url: str, body: Any) -> Any:
    httpx2 = pytest.importorskip("httpx2")
    with httpx2.Client() as client:
        return client.request(method, url, json=body, headers=KEY).json()


def by_requests(method: str, url: str, body: Any) -> Any:
    with requests.Session() as session:
        return session.request(method, url, json=body, headers=KEY, timeout=5).json()


def by_urllib3(method: str, url: str, body: Any) -> Any:
    with urllib3.PoolManager() as pool:
        return pool.request(method, url, json=body, headers=KEY).json()


def by_http_client(method: str, url: str, body: Any) -> Any:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    headers = {**KEY, "content-type": "application/json"}
    connection.request(method, f"{parts.path}?{parts.query}", json.dumps(body) if body else None, headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def by_httplib2(method: str, url: str, body: Any) -> Any:
    require("httplib2")
    import httplib2

    headers = {**KEY, "content-type": "application/json"}
    with closing(httplib2.Http()) as client:
        return json.loads(client.request(url, method, json.dumps(body) if body else None, headers)[1])


def by_botocore(method: str, url: str, body: Any) -> Any:
    require("botocore")
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session

    headers = {**KEY, "content-type": "application/json"}
    request = AWSRequest(method, url, headers, json.dumps(body) if body else None).prepare()
    with closing(URLLib3Session()) as session:
        return json.loads(session.send(request).content)


KEY = {"authorization": "Bearer sk-test"}
LIBRARIES: list[Fetch] = [
    *(by_httpx, by_httpx2, by_requests, by_urllib3, by_http_client, by_httplib2, by_botocore)
]


def chat(text: str) -> dict[str, Any]:
    return {"model": "g", "messages": [{"role": "user", "content": text}]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.llm.json"


@pytest.mark.parametrize("fetch", LIBRARIES, ids=lambda fetch: fetch.__name__)
def test_llm_calls_and_others_record_and_replay(fetch: Fetch, provider: WireProvider, path: Path) -> None:
    url = provider.url

    def calls(order: list[str]) -> dict[str, Any]:
        answers: dict[str, Any] = {}
        for text in order:
            answers[text] = fetch("POST", f"{url}/v1/chat/completions", chat(text))
        answers["first"] = fetch("GET", f"{url}/json?a=1", None)
        answers["second"] = fetch("GET", f"{url}/json?a=1", None)
        return answers

    with vcr_llm.use_cassette(path) as cassette:
        recorded = calls(["one", "two", "three"])
    assert recorded["first"] != recorded["second"]
    assert len(cassette) == len(provider.received) == 5
    provider.stop()
    with vcr_llm.use_cassette(path, record_mode="none") as cassette:
        assert calls(["three", "one", "two"]) == recorded
        assert cassette.all_played
        with pytest.raises(vcr_llm.CassetteMissError):
            fetch("GET", f"{url}/json?a=1", None)
        with pytest.raises(vcr_llm.CassetteMissError):
            fetch("POST", f"{url}/v1/chat/completions", chat("four"))
    assert cassette.play_count == 5


def test_a_kept_alive_connection_takes_no_recording_twice(provider: WireProvider, path: Path) -> None:
    """urllib3 asks the stub to connect again, with the request before, when it reuses a connection."""
    url = f"{provider.url}/v1/chat/completions"

    def calls() -> list[Any]:
        with requests.Session() as session:
            return [session.post(url, json=chat("same"), headers=KEY, timeout=5).json() for _ in range(3)]

    with vcr_llm.use_cassette(path):
        recorded = calls()
    with vcr_llm.use_cassette(path, record_mode="none") as cassette:
        assert calls() == recorded
    assert [cassette.play_counts[number] for number in range(3)] == [1, 1, 1]


async def test_aiohttp_whose_json_bodies_arrive_as_dicts(provider: WireProvider, path: Path) -> None:
    url = f"{provider.url}/v1/chat/completions"

    async def calls(order: list[str]) -> dict[str, Any]:
        async with aiohttp.ClientSession(headers=KEY) as session:
            found = {}
            for text in order:
                async with session.post(url, json=chat(text)) as answer:
                    found[text] = await answer.json()
            for number in range(3):  # the same redirect again: each has an answer of its own
                async with session.get(f"{provider.url}/redirect") as answer:
                    found[f"redirected {number}"] = await answer.json()
            return found

    with vcr_llm.use_cassette(path):
        recorded = await calls(["one", "two"])
    provider.stop()
    with vcr_llm.use_cassette(path, record_mode="none"):
        assert await calls(["two", "one"]) == recorded


async def test_aiohttp_at_once_and_streamed(provider: WireProvider, path: Path) -> None:
    url = f"{provider.url}/v1/chat/completions"

    async def lines(session: aiohttp.ClientSession, text: str) -> list[bytes]:
        body = json.dumps({**chat(text), "stream": True}).encode()
        async with session.post(url, data=body, headers={"content-type": "application/json"}) as answer:
            return [line async for line in answer.content]

    async def whole(session: aiohttp.ClientSession, text: str) -> Any:
        async with session.post(url, json=chat(text)) as answer:
            return await answer.json()

    async def calls(texts: list[str]) -> list[Any]:
        async with aiohttp.ClientSession(headers=KEY) as session:
            return await asyncio.gather(*(ask(session, text) for text in texts for ask in (lines, whole)))

    with vcr_llm.use_cassette(path) as cassette:
        recorded = await calls(["one", "two", "three"])
    assert len(cassette) == len(provider.received) == 6
    provider.stop()
    with vcr_llm.use_cassette(path, record_mode="none") as cassette:
        assert await calls(["one", "two", "three"]) == recorded
        assert cassette.all_played


async def test_aiohttp_forms_of_fields_and_of_files(provider: WireProvider, path: Path) -> None:
    """A form object, unlike bytes and dicts, can be sent once and closes its files."""

    async def send(session: aiohttp.ClientSession, path: str, form: aiohttp.FormData) -> Any:
        async with session.post(f"{provider.url}{path}", data=form) as answer:
            return await answer.json()

    async def calls(spoken: bytes) -> list[Any]:
        audio = aiohttp.FormData({"model": "whisper-1"})
        audio.add_field("file", io.BytesIO(spoken), filename="a.wav", content_type="audio/wav")
        async with aiohttp.ClientSession(headers=KEY) as session:
            return [
                await send(session, "/v1/audio/transcriptions", audio),
                await send(session, "/json", aiohttp.FormData({"a": "1 ü"})),
            ]

    with vcr_llm.use_cassette(path) as cassette:
        recorded = await calls(b"RIFF\x00\xff")
    assert recorded[0]["text"].startswith("You said “a.wav, 6 bytes”")
    assert cassette.requests[1].body == b"a=1+%C3%BC"
    provider.stop()
    with vcr_llm.use_cassette(path, record_mode="none") as cassette:
        assert await calls(b"RIFF\x00\xff") == recorded
        assert cassette.all_played
        assert not cassette.deviations
    with vcr_llm.use_cassette(path, record_mode="none"), pytest.raises(vcr_llm.CassetteMissError):
        await calls(b"RIFF\x00\xfe")


def test_the_first_cassette_of_vcrpys_own_opens_within_one_of_ours(
    provider: WireProvider, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """vcrpy defines the classes it puts in place of urllib3's when the first cassette opens."""
    monkeypatch.delitem(sys.modules, "vcr.stubs.requests_stubs")
    monkeypatch.delattr(vcr.stubs, "requests_stubs")
    monkeypatch.setattr(patching, "_spare", [])  # as in a new process

    def get() -> list[Any]:
        return [requests.get(f"{provider.url}/json", timeout=5).json()["number"] for _ in range(2)]

    def nested() -> list[Any]:
        with vcr_llm.use_cassette(path):
            first = get()
            with vcr.use_cassette(path.with_name("inner.yaml")) as inner:
                second = get()
            assert len(inner) == 2
            return [first, second, get()]

    assert nested() == nested()


def test_redirects_are_followed_when_replaying(provider: WireProvider, path: Path) -> None:
    def get() -> Any:
        return requests.get(f"{provider.url}/redirect", timeout=5).json()

    with vcr_llm.use_cassette(path):
        recorded = get()
    provider.stop()
    with vcr_llm.use_cassette(path, record_mode="none"):
        assert get() == recorded


def test_bodies_of_other_types_keep_their_bytes(provider: WireProvider, path: Path) -> None:
    def get() -> list[bytes]:
        return [requests.get(f"{provider.url}/{name}", timeout=5).content for name in ("plain", "binary")]

    with vcr_llm.use_cassette(path):
        recorded = get()
    with vcr_llm.use_cassette(path, record_mode="none"):
        assert get() == recorded


def test_the_users_filters_ignore_hosts_and_see_decoded_bodies(provider: WireProvider, path: Path) -> None:
    seen: list[Any] = []

    def look(response: Any) -> Any:
        seen.append(response["body"]["string"][:1])
        return response

    with vcr_llm.use_cassette(path, before_record_response=look):
        by_httpx("POST", f"{provider.url}/v1/chat/completions", chat("hi"))
    assert seen == [b"{"]
    ignoring = vcr_llm.use_cassette(path, record_mode="none", ignore_hosts=["127.0.0.1"])
    with ignoring as cassette:
        assert by_httpx("GET", f"{provider.url}/json", None)["number"]
    assert cassette.misses == []
