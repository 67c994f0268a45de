"""``vcr-llm scan``: what it finds, in every format, and what ``--fix`` leaves."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from test_secrets import BY_SHAPE, leaks

from vcr_llm import VCR
from vcr_llm.cli import main
from vcr_llm.serializer import load_pairs

SECRET = BY_SHAPE["anthropic"]
URL = "https://api.openai.com/v1/chat/completions"
VALUE = "Tr0ub4dor-and-3-more"


def body() -> dict[str, Any]:
    return {"model": "g", "messages": [{"role": "user", "content": f"use {SECRET}"}]}


def vcrpys() -> dict[str, Any]:
    request = {
        "method": "POST",
        "uri": f"{URL}?api_key={VALUE}",
        "body": json.dumps(body()),
        "headers": {"authorization": [f"Bearer {BY_SHAPE['openai']}"]},
    }
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "{}"}}
    return {"version": 1, "interactions": [{"request": request, "response": response}]}


def ours() -> dict[str, Any]:
    http = {
        "method": "POST",
        "url": "https://api.openai.com/v1/chat/completions",
        "status": 200,
        "headers": {},
    }
    entry = {
        "hash": "x",
        "request": body(),
        "response": {"choices": []},
        "recorded_at": "2026-01-01T00:00:00+00:00",
    }
    return {"version": "2.0", "provider": "openai", "interactions": [{**entry, "http": http}]}


FORMATS = {
    "x.llm.json": lambda: json.dumps(ours(), indent=2).encode(),
    "bare.json": lambda: json.dumps(
        {**ours(), "interactions": [{k: v for k, v in ours()["interactions"][0].items() if k != "http"}]}
    ).encode(),
    "vcrpy.yaml": lambda: yaml.safe_dump(vcrpys()).encode(),
    "vcrpy.json": lambda: json.dumps(vcrpys()).encode(),
    "vcrpy.yaml.gz": lambda: gzip.compress(yaml.safe_dump(vcrpys()).encode()),
}


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["scan", *arguments])


@pytest.mark.parametrize("name", FORMATS)
def test_a_secret_is_found_and_fixed_in_every_format(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FORMATS[name]())
    result = run(str(path))
    assert result.exit_code == 1, result.output
    assert "anthropic" in result.output
    assert SECRET not in result.output
    fixed = run(str(path), "--fix")
    assert fixed.exit_code == 0, fixed.output
    assert "replaced by placeholders" in fixed.output
    text = (gzip.decompress(path.read_bytes()) if name.endswith("gz") else path.read_bytes()).decode()
    assert SECRET not in text
    assert len(load_pairs(text).pairs) == 1
    assert run(str(path)).exit_code == 0


OPAQUE = "9f3c1d7ae0b24c58a6d17be94f02c35d"


@pytest.mark.parametrize("name", ["vcrpy.yaml", "vcrpy.json"])
def test_credentials_in_request_headers_are_known_by_their_names(name: str, tmp_path: Path) -> None:
    """Azure's keys, and many a gateway's, have no shape of their own."""
    document = vcrpys()
    document["interactions"][0] = {**document["interactions"][0]}
    request = document["interactions"][0]["request"]
    request["uri"], request["body"] = URL, None
    bearer = f"Bearer {OPAQUE[::-1]}"
    request["headers"] = {
        "api-key": [OPAQUE],
        "Accept": ["*/*"],
        "X-Api-Key": ["REDACTED"],
        "authorization": [bearer],
    }
    path = tmp_path / name
    path.write_text(json.dumps(document) if name.endswith("json") else yaml.safe_dump(document))
    rows = json.loads(run(str(path), "--json").stdout)
    assert [row["rule"] for row in rows if row["where"].endswith("headers.api-key")] == ["name-apikey"]
    assert [row["rule"] for row in rows].count("bearer-token") == len(rows) - 1 == 1
    assert run(str(path), "--fix").exit_code == 0
    ((fixed, _),) = load_pairs(path.read_text()).pairs
    assert fixed.headers["api-key"] == "<API_KEY>"
    assert fixed.headers["authorization"].startswith("Bearer <")
    assert (fixed.headers["Accept"], fixed.headers["X-Api-Key"]) == ("*/*", "REDACTED")
    assert OPAQUE not in path.read_text()


def test_a_document_of_ours_is_told_by_its_path_and_line(tmp_path: Path) -> None:
    path = tmp_path / "x.llm.json"
    path.write_bytes(FORMATS["x.llm.json"]())
    output = run(str(path)).output
    assert "interactions[0].request.messages[0].content" in output
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "use sk-" in text)
    assert f"{path}:{line}: " in output


def test_values_of_credential_variables_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.llm.json"
    document = ours()
    document["interactions"][0]["request"]["messages"][0]["content"] = f"use {VALUE}"
    path.write_text(json.dumps(document))
    assert run(str(path)).exit_code == 0
    monkeypatch.setenv("GATEWAY_TOKEN", VALUE)
    result = run(str(path))
    assert result.exit_code == 1
    assert "value-of-GATEWAY_TOKEN" in result.output
    assert VALUE not in result.output


def test_personal_data_is_found_on_request(tmp_path: Path) -> None:
    path = tmp_path / "x.llm.json"
    document = ours()
    document["interactions"][0]["request"]["messages"][0]["content"] = "ada.lovelace@analytical.engines.net"
    path.write_text(json.dumps(document))
    assert run(str(path)).exit_code == 0
    assert run(str(path), "--personal-data").exit_code == 1


def test_a_folder_json_and_sarif(tmp_path: Path) -> None:
    for name, content in FORMATS.items():
        (tmp_path / name).write_bytes(content())
    result = run(str(tmp_path), "--json")
    rows = json.loads(result.stdout)
    assert result.exit_code == 1
    assert {Path(row["path"]).name for row in rows} >= {"x.llm.json", "bare.json", "vcrpy.yaml", "vcrpy.json"}
    assert not any(SECRET in json.dumps(row) for row in rows)
    log = json.loads(run(str(tmp_path), "--sarif").stdout)
    assert log["version"] == "2.1.0"
    (only,) = log["runs"]
    assert len(only["results"]) == len(rows)
    assert {each["ruleId"] for each in only["results"]} == {
        rule["id"] for rule in only["tool"]["driver"]["rules"]
    }
    assert all(
        each["locations"][0]["physicalLocation"]["region"]["startLine"] >= 1 for each in only["results"]
    )


def test_what_is_clean_or_missing_or_damaged_is_told(tmp_path: Path) -> None:
    clean = tmp_path / "clean.llm.json"
    clean.write_text('{"version": "2.0", "provider": "openai", "interactions": []}')
    result = run(str(clean))
    assert (result.exit_code, result.output) == (0, "No secrets found.\n")
    missing = run(str(tmp_path / "nowhere"))
    assert missing.exit_code == 1
    assert "No secrets found" not in missing.output
    assert run(str(clean), "--json", "--sarif").exit_code == 2
    damaged = tmp_path / "damaged.llm.json"
    damaged.write_text('{"version": "2.0", "interactions": [')
    result = run(str(damaged))
    assert result.exit_code == 1
    assert "damaged.llm.json:1:" in result.output
    assert damaged.read_text() == '{"version": "2.0", "interactions": ['


def test_what_was_recorded_is_found_clean(tmp_path: Path) -> None:
    from vcr.request import Request

    path = tmp_path / "recorded.llm.json"
    with VCR().use_cassette(path) as cassette:
        request = Request(
            "POST", "https://api.openai.com/v1/chat/completions", json.dumps(body()).encode(), {}
        )
        response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b"{}"}}
        cassette.append(request, response)
    assert not leaks(tmp_path, SECRET)
    assert run(str(path)).exit_code == 0


def test_the_pre_commit_hook_runs_this_verb() -> None:
    import re

    root = Path(__file__).resolve().parents[1]
    (hook,) = yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"] == "vcr-llm scan"
    for name in ("cassettes/test_a/test_b.llm.json", "tests/fixtures/x.json", "t/cassettes/a.yaml.gz"):
        assert re.search(hook["files"], name)
    assert not re.search(hook["files"], "package.json")


def test_every_option_is_in_the_help() -> None:
    output = run("--help").output
    for option in ("--fix", "--json", "--sarif", "--personal-data"):
        assert option in output
