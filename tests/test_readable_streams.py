"""Real streams of other kinds as people find them: in the cassette, and on the screen.

The texts are compared with ``golden/stream_*``; ``UPDATE_GOLDEN=1`` writes them anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from click.testing import CliRunner
from strategies import amazon_message
from test_scrub_corpus import interactions

import vcr_llm
from vcr_llm import schema, scrub
from vcr_llm.cli import main
from vcr_llm.interaction import Body, CassetteData, Interaction, Request, Response

GOLDEN = Path(__file__).parent / "golden"

STREAMS = {
    "bedrock_converse": "bedrock_cassettes/bedrock_converse_stream.yaml",
    "bedrock_invoke": "TestNovaInvokeModelWithResponseStream.test_nova_micro_streaming.yaml",
    "gemini": "test_gemini/test_tools.yaml",
    "ollama": "test_chat/test_ollama_streaming_chat_legacy.yaml",
}


def cassette(name: str) -> str:
    """The document as it is written, without its secrets."""
    found = [scrub.clean(one) for file, one in interactions() if file.endswith(STREAMS[name])]
    assert found
    return schema.dump(CassetteData(tuple(found)))


def assert_golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, "utf-8", newline="\n")
    assert text == path.read_text("utf-8")


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_can_be_read_in_the_cassette(name: str) -> None:
    text = cassette(name)
    assert_golden(f"stream_{name}.llm.json", text)
    for entry in json.loads(text)["interactions"]:
        assert entry["streaming"]
        assert not any(isinstance(event["data"], str) for event in entry["stream_events"])


@contextmanager
def serving(answers: Mapping[str, Response]) -> Iterator[str]:
    """A server that answers each path with one recorded response, in chunks of a few bytes; its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            response = answers[self.path]
            self.send_response(response.status)
            for value in response.headers["content-type"]:
                self.send_header("content-type", value)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            raw = response.body.raw
            for chunk in [*(raw[at : at + 997] for at in range(0, len(raw), 997)), b""]:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_over_a_socket_each_stream_is_recorded_as_events_and_replayed_byte_for_byte(tmp_path: Path) -> None:
    found = [one for file, one in interactions() if file.endswith(tuple(STREAMS.values()))]
    answers = {f"/{number}": one.response for number, one in enumerate(found)}
    path = tmp_path / "streams.llm.json"

    def ask(url: str) -> list[bytes]:
        with httpx.Client() as client:
            return [client.post(url + place, json={"ask": place}).content for place in answers]

    with serving(answers) as url, vcr_llm.use_cassette(path):
        recorded = ask(url)
    with vcr_llm.use_cassette(path, record_mode="none") as cassette:
        assert ask(url) == recorded == [one.response.body.raw for one in found]
        assert cassette.all_played
    entries = json.loads(path.read_text("utf-8"))["interactions"]
    assert all(entry["streaming"] and entry["stream_events"] for entry in entries)
    assert {entry["http"]["stream"]["format"] for entry in entries} == {"aws", "json-array", "ndjson"}


def test_a_stream_that_is_no_answer_is_shown_by_its_events(tmp_path: Path) -> None:
    headers = ((":exception-type", "throttlingException"), (":message-type", "exception"))
    raw = amazon_message(headers, b'{"message":"Too many requests"}')
    url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse-stream"
    kind = {"content-type": ("application/vnd.amazon.eventstream",)}
    found = Interaction(
        Request("POST", url, Body.of_json({"messages": []})), Response(200, "OK", kind, Body(raw))
    )
    file = tmp_path / "throttled.llm.json"
    file.write_text(schema.dump(CassetteData((found,))), "utf-8")
    result = CliRunner().invoke(main, ["show", str(file)])
    assert '{"message":"Too many requests"}' in result.stdout


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_can_be_read_on_the_screen(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    file = tmp_path / f"{name}.llm.json"
    file.write_text(cassette(name), "utf-8")
    result = CliRunner().invoke(main, ["show", str(file)])
    assert result.exit_code == 0, result.output
    assert_golden(f"stream_{name}.txt", result.stdout)
