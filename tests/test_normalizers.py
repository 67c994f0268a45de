"""What changes with every run plays no part in matching, and is stored as it was sent."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from calls import CLAUDE, clients
from hypothesis import given
from hypothesis import strategies as st
from strategies import BOUNDED, requests
from suite import Suite
from wire import WireProvider

import vcr_llm
from vcr_llm.errors import OptionError
from vcr_llm.fingerprint import fingerprint
from vcr_llm.interaction import Body, Request
from vcr_llm.normalizers import NAMES, Normalizer, normalizer

CHAT = "https://api.openai.com/v1/chat/completions"


def chat(**fields: Any) -> Request:
    return Request("POST", CHAT, Body.of_json({"model": "gpt-4o-2024-08-06", **fields}))


def body(request: Request) -> Any:
    assert request.body is not None
    return request.body.json


TEXTS = [
    ("uuid", "id 550e8400-e29b-41d4-a716-446655440000.", "id <uuid>."),
    ("uuid", "id 550e8400e29b41d4a716446655440000", "id <uuid>"),
    ("uuid", "x550e8400e29b41d4a716446655440000", None),
    ("timestamp", "Now: 2026-11-23T10:30:00.123Z, ok", "Now: <timestamp>, ok"),
    ("timestamp", "2026-11-23 10:30", "<timestamp>"),
    ("timestamp", "2026-11-23 10:30:00+01:00", "<timestamp>"),
    ("timestamp", "Mon, 23 Nov 2026 10:00:00 GMT", "<timestamp>"),
    ("timestamp", "It is November 23, 2026 at 10:30 AM.", "It is <timestamp>."),
    ("timestamp", "at 10:30:05 today", "at <timestamp> today"),
    (
        "timestamp",
        "1795429800 or 1795429800.25 or 1795429800123",
        "<timestamp> or <timestamp> or <timestamp>",
    ),
    ("timestamp", "2026-11-23", None),
    ("timestamp", "a ratio of 10:30", None),
    ("date", "Today is Monday, November 23, 2026.", "Today is <date>."),
    ("date", "on 23.11.2026 and 2026/11/23 and 20261123", "on <date> and <date> and <date>"),
    ("date", "the 23rd November 2026", "the <date>"),
    ("date", "gpt-4o-2024-08-06", None),
    ("date", "version 2.0.1", None),
    ("tmp_path", "/tmp/pytest-of-root/pytest-12/test_x0/notes.txt", "<tmp_path>/notes.txt"),
    ("tmp_path", "see /var/folders/z/T/pytest-of-me/pytest-3/popen-gw1/test_a12/x", "see <tmp_path>/x"),
    ("tmp_path", "/tmp/tmpab12cd_x/notes", "<tmp_path>/notes"),
    ("tmp_path", r"C:\Users\me\AppData\Local\Temp\tmpk3j4h5g6\x", r"<tmp_path>\x"),
    ("tmp_path", "in /tmp/template there", None),
]


@pytest.mark.parametrize(("name", "text", "expected"), TEXTS)
def test_a_named_normalizer_replaces_what_it_is_for(name: str, text: str, expected: str | None) -> None:
    normalise = normalizer([name])
    assert normalise.text(text) == (text if expected is None else expected)
    assert normalise.text(normalise.text(text)) == normalise.text(text)


def test_a_date_inside_a_timestamp_belongs_to_it_in_any_order_of_the_names() -> None:
    text = "2026-11-23T10:30:00Z on 2026-11-23"
    for names in (["date", "timestamp"], ["timestamp", "date"]):
        assert normalizer(names).text(text) == "<timestamp> on <date>"


def test_the_models_name_is_never_changed_and_everything_else_is() -> None:
    request = chat(messages=[{"role": "user", "content": "On 2026-11-23"}], metadata={"day": ["2026-11-23"]})
    seen = body(normalizer("date")(request))
    assert seen["model"] == "gpt-4o-2024-08-06"
    assert seen["messages"][0]["content"] == "On <date>"
    assert seen["metadata"] == {"day": ["<date>"]}


def conversation(one: str, two: str, results: tuple[str, str]) -> Request:
    calls = [
        {"id": each, "type": "function", "function": {"name": "f", "arguments": "{}"}} for each in (one, two)
    ]
    told = [{"role": "tool", "tool_call_id": each, "content": each[-1]} for each in results]
    return chat(messages=[{"role": "assistant", "tool_calls": calls}, *told])


def test_ids_of_tool_calls_are_numbered_so_that_it_still_counts_which_result_is_whose() -> None:
    normalise = normalizer("tool_call_id")

    def key(request: Request) -> str:
        return fingerprint(normalise(request)).key

    texts = ("call_1", "call_2")
    recorded = conversation(*texts, texts)
    assert key(recorded) == key(json_with(recorded, call_1="call_x1", call_2="call_y2"))
    crossed = json_with(recorded, **{'"tool_call_id":"call_1"': '"tool_call_id":"call_2"'})
    assert key(recorded) != key(crossed)


def json_with(request: Request, **changes: str) -> Request:
    assert request.body is not None
    text = request.body.raw.decode()
    for before, after in changes.items():
        text = text.replace(before, after)
    return Request(request.method, request.url, Body(text.encode()))


@pytest.mark.parametrize(
    "block",
    [
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "ID", "content": "x"}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "ID", "name": "f", "input": {}}]},
        {"type": "function_call_output", "call_id": "ID", "output": "x"},
        {"role": "user", "parts": [{"functionResponse": {"id": "ID", "name": "f", "response": {}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "ID", "content": []}}]},
    ],
)
def test_every_providers_ids_are_found(block: Any) -> None:
    first, second = (json_with(chat(messages=[block]), ID=name) for name in ("toolu_01", "toolu_02"))
    normalise = normalizer(["tool_call_id"])
    assert body(normalise(first)) == body(normalise(second)) != body(first)


def test_pairs_and_functions_see_texts_as_sent() -> None:
    normalise = normalizer(["date", (r"run-\d{4}", "run"), str.casefold, re.compile("x") and "uuid"])
    assert normalise.text("Run-2026 RUN-2026 on 2026-11-23") == "run-2026 run-2026 on <date>"
    assert normalizer([(r"(\w+)-\d+", r"\1")]).text("run-17") == "run"
    assert normalizer(lambda text: text[:1]).text("abc") == "a"


def test_a_form_and_a_plain_text_are_normalised_too() -> None:
    form = b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nOn 2026-11-23\r\n--b--\r\n'
    url = "https://api.openai.com/v1/audio/transcriptions"
    normalise = normalizer("date")
    one, other = (Request("POST", url, Body(form.replace(b"23", day))) for day in (b"23", b"24"))
    assert fingerprint(normalise(one)).whole == fingerprint(normalise(other)).whole
    binary = Request("POST", url, Body(b"\xff2026-11-23"))
    assert normalise(binary) is binary


@BOUNDED
@given(requests, st.lists(st.sampled_from(NAMES)))
def test_normalising_twice_is_normalising_once(request: Request, names: list[str]) -> None:
    normalise = normalizer(names)
    once = normalise(request)
    assert normalise(once) == once
    assert once is request or names
    assert Normalizer()(request) is request


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (["uid"], "normalize got an unknown normalizer 'uid'. Did you mean 'uuid'?"),
        ("nothing", "normalize got an unknown normalizer 'nothing'. It takes 'uuid', 'tmp_path', "),
        ((r"\d+", "n"), "It takes 'uuid'"),
        ([("(", "x")], "normalize got an unknown pattern (missing ), unterminated subpattern"),
        ([3], "normalize got an unknown normalizer '3'"),
        (3, "normalize got an unknown normalizer '3'"),
    ],
)
def test_what_is_no_normalizer_is_told(given: Any, text: str) -> None:
    with pytest.raises(OptionError) as caught:
        vcr_llm.preset(normalize=given)
    assert text in str(caught.value)


def test_a_changed_timestamp_and_path_match_exactly_and_the_cassette_keeps_what_was_sent(
    provider: WireProvider, tmp_path: Path
) -> None:
    path = tmp_path / "x.llm.json"

    def ask(c: Any, day: int) -> Any:
        text = f"It is 2026-11-{day}T10:30:00Z, look into /tmp/pytest-of-me/pytest-{day}/test_a0/x."
        return (
            c.anthropic.messages.create(messages=[{"role": "user", "content": text}], **CLAUDE)
            .content[0]
            .text
        )

    options = {"normalize": ["timestamp", "tmp_path"], "strict": True}
    with clients(provider.url) as c:
        with vcr_llm.use_cassette(path, **options):
            recorded = ask(c, 22)
        with vcr_llm.use_cassette(path, record_mode="none", **options) as cassette:
            assert ask(c, 23) == recorded
        assert cassette.deviations == []
        with (
            vcr_llm.use_cassette(path, record_mode="none", normalize=["uuid"]),
            pytest.raises(vcr_llm.CassetteMissError, match=r'normalize=\["tmp_path", "timestamp"\]'),
        ):
            ask(c, 23)
        with vcr_llm.use_cassette(path, record_mode="all", normalize=["timestamp", "tmp_path"]):
            ask(c, 24)
    (entry,) = json.loads(path.read_text("utf-8"))["interactions"]
    assert entry["request"]["messages"][0]["content"].startswith(
        "It is 2026-11-24T10:30:00Z, look into /tmp/py"
    )


SUITE = """
def test_nothing():
    pass

@pytest.mark.vcr
def test_preset():
    ask("session " + os.environ["RUN"])

@pytest.mark.vcr(normalize=[("run", "x"), str.upper, "date"])
def test_mark():
    ask(f"on 2026-11-{os.environ['RUN']}")

@pytest.mark.vcr
def test_drift():
    ask("drift", user=os.environ["RUN"])

@pytest.mark.vcr(on_drift="ignore")
def test_ignored():
    ask("ignored", user=os.environ["RUN"])

@pytest.mark.vcr(on_drift="error")
def test_error():
    ask("error", user=os.environ["RUN"])

@pytest.mark.vcr(on_drift="error")
def test_error_behind_another():
    ask("error", user=os.environ["RUN"])
    assert os.environ["RUN"] == "21"
"""


def test_the_options_in_a_suite(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.conftest('normalize=[(r"session \\d+", "session")]')
    suite.test(SUITE, sdk=False)
    monkeypatch.setenv("RUN", "21")
    suite.run("--record-mode=once", passed=7)
    suite.provider.stop()
    monkeypatch.setenv("RUN", "22")
    result = suite.run("-W", "default", passed=5, failed=2, warnings=1)
    text = result.stdout.str()
    said = 'interaction 1 (openai chat): user: "21" → "22". To record again: pytest --record-mode=rewrite'
    assert "cassettes/test_app/test_drift.llm.json: answered although the request has changed since" in text
    assert f"{said} test_app.py::test_drift\n" in text
    # The warning is the test's, at its own line.
    assert re.search(r"^test_app.py::test_drift\n +.*/test_app.py:\d+: DriftWarning: ", text, re.MULTILINE)
    assert text.count("\ncassettes/test_app/test_error.llm.json: answered although") == 1
    assert f"  {said.replace('. To', chr(10) + '  To')} test_app.py::test_error\n" in text
    assert re.search(r"^FAILED test_app.py::test_error - Drift: cassettes/", text, re.MULTILINE)
    assert re.search(r"^-+ vcr-llm: recordings answered changed requests -+\ncass", text, re.MULTILINE)
    everywhere = suite.run(
        "-W", "default", "--llm-on-drift=error", "-k", "drift or ignored", failed=2, deselected=5
    )
    everywhere.stdout.fnmatch_lines(["cassettes/test_app/test_ignored.llm.json: answered although*"])


def test_a_value_that_is_none_is_told() -> None:
    with pytest.raises(
        OptionError, match=r"on_miss got an unknown value 'explode'\. It takes 'fail', 'raise'"
    ):
        vcr_llm.preset(on_miss="explode")
    with pytest.raises(OptionError, match="on_drift"):
        vcr_llm.preset(on_drift="fail")


def broken(_answer: Any) -> None:
    raise ZeroDivisionError


def test_without_pytest_drift_as_an_error_is_raised_when_the_cassette_closes(
    provider: WireProvider, tmp_path: Path
) -> None:
    path = tmp_path / "x.llm.json"
    call = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
    with clients(provider.url) as c:
        with vcr_llm.use_cassette(path):
            c.openai.chat.completions.create(**call)
        with (
            pytest.raises(vcr_llm.DriftError, match=r"interaction 1 \(openai chat\): user added"),
            vcr_llm.use_cassette(path, record_mode="none", on_drift="error"),
        ):
            c.openai.chat.completions.create(user="me", **call)
        with (
            pytest.raises(ZeroDivisionError),
            vcr_llm.use_cassette(path, record_mode="none", on_drift="error"),
        ):
            broken(c.openai.chat.completions.create(user="me", **call))
        with (
            pytest.warns(vcr_llm.DriftWarning) as told,
            vcr_llm.use_cassette(path, record_mode="none"),
        ):
            c.openai.chat.completions.create(user="me", **call)
    assert told[0].filename == __file__
