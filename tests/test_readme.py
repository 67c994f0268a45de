"""The README's code is run as it stands, and what it shows is what is there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from click.testing import CliRunner
from wire import WireProvider

import vcr_llm
from vcr_llm import providers
from vcr_llm.cli import main

pytestmark = pytest.mark.sdk

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def files(language: str) -> dict[str, str]:
    """The blocks of a language that begin with a comment naming their file."""
    named = ((re.match(r"# ([\w./-]+)\n", text), text) for kind, text in BLOCKS if kind == language)
    return {match.group(1): text for match, text in named if match}


@pytest.fixture
def project(tmp_path: Path, provider: WireProvider, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project made of the README's files, its SDKs pointed at the local provider."""
    for name, text in {**files("python"), **files("ini")}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{provider.url}/v1")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", provider.url)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    return tmp_path


def run(project: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=project, capture_output=True, text=True, check=False, timeout=120
    )


def test_every_python_block_is_a_named_file_and_so_is_run() -> None:
    assert len(files("python")) == sum(kind == "python" for kind, _ in BLOCKS)
    scripts = {"plain.py", "piecemeal.py", "record_and_replay.py"}
    assert set(files("python")) == {
        "conftest.py",
        "test_pipeline.py",
        "test_prompts.py",
        "gateway.py",
        *scripts,
    }


def test_the_quick_start_records_and_replays(
    project: Path, provider: WireProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-real")
    recorded = run(project, "-m", "pytest", "--record-mode=once")
    assert recorded.returncode == 0, recorded.stdout + recorded.stderr
    assert (project / "cassettes/test_pipeline/test_summarize.llm.json").is_file()
    provider.stop()
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    replayed = run(project, "-m", "pytest", "--block-network")
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr


@pytest.mark.parametrize("name", ["plain.py", "piecemeal.py", "record_and_replay.py"])
def test_the_scripts_run(name: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-real")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-real")
    result = run(project, name)
    assert result.returncode == 0, result.stderr


class Gateway(BaseHTTPRequestHandler):
    """The in-house API of the README."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        reply = {"reply": asked["question"][::-1], "tokens": {"in": 5, "out": 2}}
        body = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def test_the_gateway_is_recorded_replayed_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "PROVIDERS", list(providers.PROVIDERS))
    exec(files("python")["gateway.py"], {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    Thread(target=server.serve_forever, daemon=True).start()

    def ask(question: str, **rest: object) -> str:
        trace = uuid.uuid4().hex
        body = {"engine": "small", "question": question, "trace_id": trace, **rest}
        url = f"http://127.0.0.1:{server.server_port}/v1/ask"
        with httpx.Client() as client:
            reply: str = client.post(url, json=body).json()["reply"]
        return reply

    path = tmp_path / "gateway.llm.json"
    with vcr_llm.use_cassette(path):
        recorded = [ask("Who?"), ask("Why?")]
    server.shutdown()
    server.server_close()
    with vcr_llm.use_cassette(path, record_mode="none", strict=True) as cassette:
        assert [ask("Why?"), ask("Who?")] == recorded[::-1] == ["?yhW", "?ohW"]
        assert cassette.all_played
    with pytest.warns(vcr_llm.DriftWarning, match="options"), vcr_llm.use_cassette(path, record_mode="none"):
        ask("Who?", options={"top_p": 1})
    shown = CliRunner().invoke(main, ["show", str(path), "--number", "1"]).stdout
    assert "gateway ask  small" in shown
    assert "answer     ?ohW" in shown
    assert "5 prompt, 2 completion" in shown


def test_the_cassette_shown_is_the_one_in_the_folder() -> None:
    (shown,) = [text for kind, text in BLOCKS if kind == "json"]
    assert shown == (ROOT / "cassettes/chat.llm.json").read_text(encoding="utf-8")


def test_every_option_is_in_its_table() -> None:
    from vcr_llm.recorder import OPTIONS

    for option in OPTIONS:
        assert f"| `{option}` |" in README


def test_every_public_name_is_mentioned() -> None:
    import vcr_llm

    for name in vcr_llm.__all__:
        assert re.search(rf"\b{name}\b", README), name


def test_links_to_files_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
