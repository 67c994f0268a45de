"""The text of a miss, on real SDK calls: ``golden/miss_*.txt``, which ``UPDATE_GOLDEN=1`` writes anew."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai
import pytest
from calls import ANTHROPIC_TOOLS, CHAT_TOOLS, CLAUDE, USER, Clients, clients
from hypothesis import given
from hypothesis import strategies as st
from shared_files import shared
from strategies import BOUNDED, requests
from wire import WireProvider

import vcr_llm
from vcr_llm.cli import cassettes
from vcr_llm.errors import UnreadableCassetteError
from vcr_llm.interaction import Request
from vcr_llm.matchers import compared
from vcr_llm.miss import Situation, miss_text
from vcr_llm.ranking import Rules
from vcr_llm.recorder import SESSION
from vcr_llm.report import PYTEST
from vcr_llm.session import Session

GOLDEN = Path(__file__).parent / "golden"

Ask = Callable[[Clients], Any]

LONG = (
    "You are a travel agent. Answer in one short sentence, be friendly, and never make up facts about "
    "hotels, flights or restaurants. Today is Monday, November {}, 2026. If you do not know, say so."
)


def chat(text: str = "Say something about the sea.", **more: Any) -> Ask:
    messages = more.pop("messages", [{"role": "user", "content": text}])
    return lambda c: c.openai.chat.completions.create(
        **{"model": "gpt-4o", "messages": messages, **more},
    )


def conversation(result: str, number: str = "call_aB3dE5") -> list[dict[str, Any]]:
    call = {"id": number, "type": "function", "function": {"name": "search", "arguments": '{"q": "Paris"}'}}
    return [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "When is the next train to Paris?"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": number, "content": result},
    ]


def messages(text: str, **more: Any) -> Ask:
    return lambda c: c.anthropic.messages.create(
        messages=[{"role": "user", "content": text}], **CLAUDE, **more
    )


def of_tool(name: str) -> list[dict[str, Any]]:
    return [{**ANTHROPIC_TOOLS[0], "name": name}]


@dataclass(frozen=True)
class Case:
    """What was recorded, what is asked now (the last call misses), and the options of the replay."""

    recorded: tuple[Ask, ...]
    asked: tuple[Ask, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


CASES: dict[str, Case] = {
    "other_all_played": Case((lambda c: c.openai.models.list(),), (lambda c: c.openai.models.list(),) * 2),
    "no_file": Case((), (chat(),)),
    "never": Case((chat("What is a monad?"), messages("Why?")), (chat("List three rivers of France."),)),
    "tool_result": Case(
        (chat("Hi"), chat(messages=conversation("2026-11-22"))),
        (chat("Hi"), chat(messages=conversation("2026-11-23"))),
    ),
    "long_prompt": Case((messages(LONG.format(22)),), (messages(LONG.format(23)),)),
    "tool_call_ids": Case(
        (chat(messages=conversation("at nine", "call_aB3dE5")),),
        (chat(messages=conversation("at nine", "call_xY9zQ1")),),
    ),
    "random_id_and_path": Case(
        (chat("Read /tmp/pytest-of-me/pytest-3/test_a0/notes.txt for session sess_8f3a9c21."),),
        (chat("Read /tmp/pytest-of-me/pytest-4/test_a0/notes.txt for session sess_77b1d204."),),
    ),
    "all_played": Case((chat(), chat()), (chat(), chat(), chat()), {"repeats": False}),
    "temperature": Case((chat(temperature=0.2),), (chat(temperature=0.7, max_tokens=9),)),
    "model": Case((chat(),), (chat(model="gpt-5"),)),
    "model_and_prompt": Case((chat(),), (chat("Say something about the sky.", model="gpt-5"),)),
    "strict": Case(
        (messages("Weather in Paris?", tools=of_tool("get_weather"), system="Be kind."),),
        (messages("Weather in Paris?", tools=of_tool("weather"), system="Be terse."),),
        {"strict": True},
    ),
    "stream": Case((chat(),), (chat(stream=True),)),
    "not_a_stream": Case((chat(stream=True),), (chat(),)),
    "operation": Case(
        (chat(),),
        (lambda c: c.openai.responses.create(model="gpt-4o", input="Say something about the sea."),),
    ),
    "host": Case((chat(),), (lambda c: chat()(Clients(None, elsewhere(c))),)),
    "once": Case((chat(),), (chat("Say something about the sky."),), {"record_mode": "once"}),
    "many_changes": Case(
        (chat(messages=[{"role": "user", "content": f"Tell me about river {n}."} for n in range(12)]),),
        (chat(messages=[{"role": "user", "content": f"Tell me about hill {n}."} for n in range(12)]),),
    ),
    "schema": Case(
        (chat(tools=CHAT_TOOLS, messages=USER),),
        (
            chat(
                tools=[
                    {
                        "type": "function",
                        "function": {"name": "get_weather", "parameters": {"type": "object"}},
                    }
                ],
                messages=USER,
            ),
        ),
        {"strict": True},
    ),
    "matcher": Case((chat(),), (chat(),), {"match_on": ("llm", "tenant")}),
}


def elsewhere(c: Clients) -> Any:
    return c.openai.with_options(base_url="http://gateway.example.com/v1")


def tenant(live: Any, recorded: Any) -> bool:
    """A user's own matcher, which never has what it wants."""
    return False


def missed(case: Case, url: str, folder: Path) -> str:
    """Record, replay without the provider, and give the text of the one miss."""
    recorder = vcr_llm.VCR()
    recorder.register_matcher("tenant", tenant)
    path = folder / "cassettes" / "test_app.llm.json"
    with clients(url, max_retries=2) as c:
        if case.recorded:
            with recorder.use_cassette(path):
                for ask in case.recorded:
                    list(answer) if isinstance(answer := ask(c), openai.Stream) else None
        with recorder.use_cassette(path, **{"record_mode": "none", **case.options}) as cassette:
            *before, last = case.asked
            for ask in before:
                ask(c)
            with pytest.raises(vcr_llm.CassetteMissError) as caught:
                last(c)
    assert cassette.misses == [str(caught.value)]
    return f"{caught.value}\n"


def situation(live: Request, recorded: list[Request], **more: Any) -> Situation:
    facts: dict[str, Any] = {
        "live": live,
        "count": len(recorded),
        "recorded": recorded.__getitem__,
        "seen": compared,
        "clean": compared.clean,
        "played": lambda _number: False,
        "refusing": lambda _number: [],
        "rules": Rules(),
        "strict": False,
        "path": "x.llm.json",
        "exists": True,
        "mode": "none",
        "source": "",
        "advice": PYTEST,
    }
    return Situation(**{**facts, **more})


@BOUNDED
@given(requests, st.lists(requests, max_size=4), st.booleans(), st.booleans())
def test_every_miss_has_a_text(
    live: Request, recorded: list[Request], strict: bool, match_host: bool
) -> None:
    rules = Rules(strict=strict, match_host=match_host)
    text = miss_text(situation(live, recorded, rules=rules, strict=strict))
    first, *lines = text.split("\n")
    assert re.fullmatch(r"No recording answers this call: .+\.", first)
    assert [line[:11] for line in lines[:2]] == ["  asked:   ", "  cassette:"]
    assert (lines[2][:11] == "  closest: ") is bool(recorded)
    assert all(line.isprintable() for line in text.split("\n"))
    text.encode("utf-8")


def test_every_request_of_the_corpus_is_explained_against_every_other_of_its_file() -> None:
    count = 0
    for path in sorted(shared("corpus").rglob("*"))[::9]:
        if path.suffix not in (".yaml", ".json") or path.name == "MANIFEST.tsv":
            continue
        try:
            recorded = [entry.interaction.request for entry in cassettes.read(path)]
        except UnreadableCassetteError:
            continue
        for number, live in enumerate(recorded[:3]):
            others = recorded[:number] + recorded[number + 1 :]
            assert miss_text(situation(live, others[:20])).startswith("No recording answers this call: ")
            count += 1
    assert count > 10


def test_a_request_that_is_no_llm_call_and_a_mode_that_a_flag_cannot_change() -> None:
    live, other = (Request("GET", f"https://example.com/weather?{query}") for query in ("q=a", "q=b"))
    text = miss_text(situation(live, [other], source="vcr_config"))
    assert text.splitlines() == [
        "No recording answers this call: it was recorded with another query.",
        "  asked:     GET https://example.com/weather",
        "  cassette:  x.llm.json (1 interaction; record mode none)",
        "  closest:   interaction 1: GET https://example.com/weather",
        '    query: "q=b" → "q=a"',
        "  To record it too:  pytest --record-mode=new_episodes",
        "  To record again:   pytest --record-mode=rewrite",
        "  (The record mode is set in vcr_config, which goes before the command line.)",
    ]


def test_the_text_in_the_readme_is_real(
    provider: WireProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("tests/cassettes/test_agent/test_train.llm.json")
    test = Session(tmp_path, "tests/test_agent.py::test_train", mode="none", source="default")
    with clients(provider.url) as c:
        with vcr_llm.use_cassette(path):
            chat("When is the next train to Paris?")(c)
            chat(messages=conversation("2026-11-22"))(c)
        with (
            vcr_llm.use_cassette(path, record_mode="none", **{SESSION: test}),
            pytest.raises(vcr_llm.CassetteMissError) as caught,
        ):
            chat(messages=conversation("2026-11-23"))(c)
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    assert f"```text\n{caught.value}\n```" in readme


@pytest.mark.parametrize("name", CASES)
def test_the_text_of_a_miss(
    name: str, provider: WireProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1", missed(CASES[name], provider.url, tmp_path))
    golden = GOLDEN / f"miss_{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, "utf-8", newline="\n")
    assert text == golden.read_text("utf-8")
