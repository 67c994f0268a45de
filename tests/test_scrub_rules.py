"""Every known secret is found in every place, and ordinary words never are."""

from __future__ import annotations

import base64
import json
import random
import re
import string
from urllib.parse import quote, quote_plus

import pytest

from vcr_llm import scrub
from vcr_llm.interaction import Body, Interaction, Request, Response
from vcr_llm.scrub import Ledger, Scrubber
from vcr_llm.scrub.name_rules import NAMED
from vcr_llm.scrub.personal import PERSONAL
from vcr_llm.scrub.placeholders import PLACEHOLDER
from vcr_llm.scrub.rules import SHAPES

ALNUM = string.ascii_letters + string.digits
WORD = ALNUM + "_-"
HEX = "0123456789abcdef"
BASE64 = ALNUM + "+/"


def made(length: int, alphabet: str = ALNUM, seed: int = 1) -> str:
    """Random characters that are always the same, with a letter at both ends."""
    inner = "".join(random.Random(f"{seed}{length}{alphabet}").choices(alphabet, k=length - 2))
    return f"{'a' if alphabet == HEX else 'Q'}{inner}{'b' if alphabet == HEX else 'w'}"


def part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


JWT = f"{part({'alg': 'HS256'})}.{part({'sub': 'me', 'n': 12345})}.{part(made(32).encode())}"
PEM = (
    "-----BEGIN RSA PRIVATE " + "KEY-----\n" + "\n".join(made(64, BASE64, n) for n in range(6)) + "\n"
    "-----END RSA PRIVATE " + "KEY-----"
)

# Put together from pieces, so that no scanner of this repository takes them for real.
SECRETS: dict[str, str] = {
    "openai project": "sk-" + "proj-" + made(120, WORD),
    "openai service account": "sk-" + "svcacct-" + made(120, WORD),
    "openai legacy": "sk-" + made(20) + "T3Blbk" + "FJ" + made(20),
    "openai like": "sk-" + made(32, HEX),
    "openai session": "sess-" + made(40),
    "openai realtime": "ek_" + made(32, HEX),
    "anthropic": "sk-" + "ant-api03-" + made(93, WORD) + "AA",
    "anthropic oauth": "sk-" + "ant-oat01-" + made(93, WORD) + "AA",
    "openrouter": "sk-" + "or-v1-" + made(64, HEX),
    "google": "AI" + "za" + made(35, WORD),
    "google oauth": "ya" + "29." + made(80, WORD),
    "google client": "GOC" + "SPX-" + made(28, WORD),
    "google refresh": "1/" + "/0" + made(60, WORD),
    "aws id": "AK" + "IA" + made(16, string.ascii_uppercase + "234567").upper(),
    "aws temporary id": "AS" + "IA" + made(16, string.ascii_uppercase + "234567").upper(),
    "aws session": "IQoJ" + "b3JpZ2lu" + "X2VjEJP" + "/" * 10 + made(300, BASE64),
    "bedrock": "AB" + "SK" + "Qm" + made(120, BASE64),
    "github": "gh" + "p_" + made(36),
    "github app": "gh" + "s_" + made(36),
    "github fine": "github" + "_pat_" + made(22) + "_" + made(59),
    "gitlab": "gl" + "pat-" + made(20, WORD),
    "slack": "xox" + "b-" + "281748201937-" + "917402846193-" + made(24),
    "huggingface": "hf" + "_" + made(34),
    "groq": "gs" + "k_" + made(52),
    "xai": "xa" + "i-" + made(80),
    "perplexity": "pp" + "lx-" + made(48),
    "replicate": "r8" + "_" + made(37),
    "stripe": "sk" + "_live_" + made(24),
    "stripe restricted": "rk" + "_live_" + made(24),
    "twilio": "S" + "K" + made(32, HEX),
    "sendgrid": "SG" + "." + made(22, WORD) + "." + made(43, WORD),
    "npm": "np" + "m_" + made(36),
    "pypi": "py" + "pi-AgE" + made(150, WORD),
    "databricks": "da" + "pi" + made(32, HEX),
    "langsmith": "ls" + "v2_pt_" + made(32, HEX) + "_" + made(10, HEX),
    "nvidia": "nv" + "api-" + made(64, WORD),
    "tavily": "tv" + "ly-" + made(32),
    "cerebras": "cs" + "k-" + made(48, string.ascii_lowercase + string.digits).lower(),
    "azure openai": made(52) + "JQQJ" + "99" + made(26),
    "jwt": JWT,
}
"""A made-up secret of each kind that is recognised by its own shape, anywhere in a text."""

AROUND: dict[str, tuple[str, str]] = {
    "private key": ("{}", PEM),
    "bearer": ("curl -H 'Authorization: Bearer {}'", made(40)),
    "basic": ("Authorization: Basic {}", base64.b64encode(b"me:" + made(12).encode()).decode()),
    "url": ("postgresql://{}@db.internal:5432/x", "app:" + made(14)),
    "aws secret": ("AWS_SECRET_ACCESS_KEY={}", made(40, BASE64)),
    "aws secret xml": ("<SecretAccessKey>{}</SecretAccessKey>", made(40, BASE64)),
    "azure storage": ("AccountName=x;AccountKey={};EndpointSuffix=y", made(86, BASE64) + "=="),
    "azure bus": ("Endpoint=sb://x/;SharedAccessKey={}", made(43, BASE64) + "="),
    "azure sas": (
        "https://x.blob.core.windows.net/c/i.png?sv=2024&sig={}",
        quote_plus(made(43, BASE64) + "="),
    ),
    "s3 signature": ("https://b.s3.amazonaws.com/k?X-Amz-Signature={}&x=1", made(64, HEX)),
    "s3 token": (
        "https://b.s3.amazonaws.com/k?X-Amz-Security-Token={}&x=1",
        quote(made(200, BASE64), safe=""),
    ),
    "slack webhook": (
        "https://hooks.slack.com/services/{}",
        f"T{made(8)}/B{made(8)}/{made(24)}".replace("-", "x"),
    ),
    "arn": ("arn:aws:bedrock:us-east-1:{}:guardrail/abc", "87654" + "3210987"),
    "masked": ("Incorrect API key provided: {}. You can find your key", "sk-" + "proj-" + "*" * 40 + "a1Bc"),
    "masked dots": ("the key {} is not valid", "sk-" + "a...xyz"),
    "masked ellipsis": ("the key {} is not valid", "sk-" + "a…xyz"),
    "masked few": ("the key {} is not valid", "sk-" + "abc***wxyz"),
    "masked unknown": ("Incorrect API key provided: {}.", "abcd" + "*" * 24 + "9xyz"),
    "echoed": ("Incorrect API key provided: {}. You can find", "my9" + "internalkey77"),
}
"""Secrets that only what stands around them tells: (the text, the secret)."""

TEXTS = {name: ("see {} here", secret) for name, secret in SECRETS.items()} | AROUND


def on_disk(interaction: Interaction) -> str:
    """Everything of an interaction that a cassette could hold."""
    request, response = interaction.request, interaction.response
    return repr(
        [
            request.url,
            request.body and request.body.raw,
            response.reason,
            response.headers,
            response.body.raw,
            interaction.extra,
        ]
    )


def scrubbed(interaction: Interaction, scrubber: Scrubber | None = None) -> Interaction:
    """The interaction scrubbed, once it is sure that scrubbing settles and leaves nothing to find."""
    scrubber = scrubber or Scrubber()
    once = scrubber.interaction(interaction, Ledger())
    assert scrubber.scan(once) == []
    assert scrubber.interaction(once, Ledger()) is once
    return once


def events(*values: object, newline: str = "\n") -> bytes:
    return "".join(f"data: {json.dumps(value)}{newline}{newline}" for value in values).encode()


def chunk(text: str) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": {"content": text}}]}


PLACES = {
    "prompt": lambda text: message({"messages": [{"role": "user", "content": text}]}),
    "pretty prompt": lambda text: message(json.dumps({"messages": [{"content": text}]}, indent=2).encode()),
    "ascii prompt": lambda text: message(json.dumps({"input": text, "é": 1}).encode()),
    "tool arguments": lambda text: message({"arguments": json.dumps({"a": [text]})}),
    "deeper still": lambda text: message({"a": json.dumps({"b": json.dumps({"c": f"x\n{text}\ny"})})}),
    "key of an object": lambda text: message({"input": {text: 1}}),
    "not quite json": lambda text: message(b'{"a": "' + json.dumps(text)[1:-1].encode() + b'", }'),
    "utf-16 json": lambda text: message(json.dumps({"a": text}).encode("utf-16")),
    "text": lambda text: message(f"first line\n{text}\n".encode()),
    "ndjson": lambda text: message(b'{"a":1}\n' + json.dumps({"b": text}).encode() + b"\n"),
    "answer": lambda text: answer({"choices": [{"message": {"content": text}}]}),
    "array": lambda text: answer([{"candidates": [{"content": {"parts": [{"text": text}]}}]}]),
    "error": lambda text: answer({"error": {"message": text}}, 401),
    "event": lambda text: answer(events(chunk(text))),
    "crlf event": lambda text: answer(events(chunk("a"), chunk(text), newline="\r\n")),
    "event that is no json": lambda text: answer(f"data: {text.splitlines()[0]}\n\n".encode()),
    "comment": lambda text: answer(f": {text.splitlines()[0]}\n\ndata: 1\n\n".encode()),
    "reason": lambda text: Interaction(Request("GET", "/"), Response(401, text, {}, Body(b""))),
    "header": lambda text: Interaction(
        Request("GET", "/"), Response(200, "", {"x-request-id": (text,)}, Body(b""))
    ),
    "query": lambda text: Interaction(Request("GET", f"https://h/p?a=1&b={quote(text, safe='')}"), OK),
    "path": lambda text: Interaction(Request("GET", f"https://h/{quote(text, safe='')}/x"), OK),
    "form": lambda text: message(f"a=1&b={quote_plus(text)}".encode()),
    "multipart": lambda text: message(multipart(text)),
    "multipart file": lambda text: message(multipart(json.dumps({"a": text}), filename="a.jsonl")),
    "further members": lambda text: Interaction(Request("GET", "/"), OK, extra={"note": {"a": [text]}}),
}
OK = Response(200, "OK", {}, Body(b"{}"))


def message(body: object) -> Interaction:
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return Interaction(Request("POST", "https://api.openai.com/v1/chat/completions", Body(raw)), OK)


def answer(body: object, status: int = 200) -> Interaction:
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return Interaction(
        Request("POST", "https://api.openai.com/v1/responses"), Response(status, "", {}, Body(raw))
    )


def multipart(text: str, filename: str | None = None) -> bytes:
    name = f'; filename="{filename}"' if filename else ""
    audio = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.wav"\r\n\r\nRIFF\x00\xff\r\n'
    head = f'--b\r\nContent-Disposition: form-data; name="prompt"{name}\r\n\r\n'.encode()
    return audio + head + text.encode() + b"\r\n--b--\r\n"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", TEXTS)
def test_every_secret_in_every_place(kind: str, place: str) -> None:
    text, secret = TEXTS[kind]
    if place == "event that is no json" and "\n" in secret:
        pytest.skip("one line of a key block is none")
    if place == "comment" and "\n" in secret:
        pytest.skip("one line of a key block is none")
    interaction = PLACES[place](text.format(secret))
    found = Scrubber().scan(interaction, 3)
    assert found, "the scan finds it"
    assert all(finding.where.startswith("interactions[3].") for finding in found)
    assert secret not in repr(found)
    result = scrubbed(interaction)
    left = on_disk(result).replace("\\x00", "").replace("\\\\", "\\")
    for spelling in (secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)):
        for line in spelling.splitlines():
            assert line not in left
    assert PLACEHOLDER.search(left)


@pytest.mark.parametrize("rule", [*SHAPES, *NAMED, *PERSONAL], ids=lambda rule: rule.name)
def test_the_table_keeps_its_own_rules(rule: scrub.Rule) -> None:
    assert PLACEHOLDER.fullmatch(f"<{rule.placeholder}>"), "a loaded cassette's placeholders are recognised"
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", rule.name)
    tried_on_every_text = not rule.anchors
    assert not tried_on_every_text or rule in PERSONAL or rule.name == "url-credentials"


def test_two_secrets_of_one_name_stay_two() -> None:
    one, other = "sk-" + "proj-" + made(60, WORD, 1), "sk-" + "proj-" + made(60, WORD, 2)
    result = scrubbed(message({"input": [one, other, one]}))
    assert result.request.body is not None
    assert result.request.body.json == {
        "input": ["<OPENAI_API_KEY>", "<OPENAI_API_KEY_2>", "<OPENAI_API_KEY>"]
    }


def test_one_ledger_goes_through_a_whole_cassette() -> None:
    ledger, scrubber = Ledger(), Scrubber()
    one, other = SECRETS["github"], "gh" + "p_" + made(36, seed=9)
    urls = [
        scrubber.request(Request("GET", f"https://h/?q={text}"), ledger).url for text in (one, other, one)
    ]
    assert urls == [f"https://h/?q=<GITHUB_TOKEN{number}>" for number in ("", "_2", "")]


def test_a_ledger_primed_with_a_cassette_gives_no_number_twice() -> None:
    ledger = Ledger.primed(['{"a": "<GITHUB_TOKEN>"}', "https://h/?q=%3CGITHUB_TOKEN_2%3E <b>"])
    assert ledger.placeholder("GITHUB_TOKEN", "x") == "<GITHUB_TOKEN_2>", (
        "a percent-encoded one is the same word"
    )
    assert "x" not in repr(vars(Scrubber(values={"K": "x"}))["names"])


ORDINARY = {
    "counts": {
        "max_tokens": 64,
        "usage": {"prompt_tokens": 12, "total_tokens": 20},
        "max_output_tokens": "4096",
    },
    "logprobs": {
        "logprobs": {"content": [{"token": "sk-", "bytes": [115]}, {"token": "proj"}, {"token": " key"}]}
    },
    "digits": {
        "input": "call +1 (555) 010-1234, 2026-11-23T10:00:00, 4111 1111 1111 1111, 550e8400-e29b-41d4-a716"
    },
    "schema": {
        "tools": [
            {"input_schema": {"properties": {"password": {"type": "string"}, "api_key": {"type": "x"}}}}
        ]
    },
    "arguments": {
        "messages": [{"tool_calls": [{"function": {"arguments": '{"password": "hunter2", "token": "abc"}'}}]}]
    },
    "arguments as object": {
        "messages": [{"content": [{"type": "tool_use", "input": {"password": "hunter2-long-1"}}]}]
    },
    "words": {
        "input": "sk-learn-contrib-2024-pipelines-and-more, sk-folding-cube, task-oriented-dialogues-2024"
    },
    "docs": {
        "input": "Set OPENAI_API_KEY=sk-... or sk-proj-... or `sk-your-key-here`, Bearer $TOKEN, Bearer <x>"
    },
    "fakes": {
        "input": "sk-" + "1234567890abcdef" * 2 + ", sk-" + "x" * 28 + ", AKIA" + "IOSFODNN7" + "EXAMPLE"
    },
    "uris": {
        "input": "postgres://user:"
        + "password@localhost/db http://host:8080/a@b mailto:me@host https://a/b?sig=1"
    },
    "bearer words": {
        "input": "the bearer authentication-mechanisms, a Bearer of news, Basic instructions follow"
    },
    "markdown": {
        "input": "**Hello****World** ****** a*** and so on... hf... xai-like... ```-----BEGIN-----```"
    },
    "pem words": {
        "input": "it starts with -----BEGIN RSA PRIVATE "
        + "KEY----- and ends with -----END RSA PRIVATE "
        + "KEY-----"
    },
    "ids": {
        "id": "chatcmpl-" + made(29),
        "system_fingerprint": "fp_" + made(10),
        "item": "rs_" + made(50, HEX),
    },
    "more ids": {
        "id": "msg_01" + made(22),
        "tool": "toolu_01" + made(22),
        "call": "call_" + made(24),
        "r": "resp_" + made(48),
    },
    "signature": {"content": [{"type": "thinking", "thinking": "x", "signature": made(400, BASE64) + "=="}]},
    "encrypted": {"output": [{"type": "reasoning", "encrypted_content": "gAAAAAB" + made(800, WORD)}]},
    "redacted": {
        "api_key": "**REDACTED**",
        "access_token": "SCRUBBED",
        "password": "<…>",
        "client_secret": "test",
    },
    "own": {"input": "key <OPENAI_API_KEY_2>", "api_key": "<API_KEY>", "b": "Bearer <BEARER_TOKEN>"},
    "dummies": {"api_key": "fake-key", "token": "DUMMY", "refresh_token": "[REDACTED]", "key": "color"},
    "keys of things": {
        "key": "uploads/2024/Report-Final3.txt",
        "code": "model_not_found_20241022",
        "auth": "none",
    },
    "opaque words": {"token": "customer-support-agent-20241022", "secret": "the-rabbit-of-seville-1950"},
    "public": {"api_key": "phc" + "_" + made(43)},
    "documented": {"input": "arn:aws:iam::123456789012:role/x and arn:aws:s3:::bucket/key"},
    "jwt-like": {
        "input": "eyJ.eyJ.eyJ and " + ".".join([part(b"no json at all, longer"), part(b"none"), made(20)])
    },
    "code": {"input": "def get(api_key: str, token=os.environ['TOKEN']): return password or secret_key"},
    "hashes": {"input": f"sha256:{made(64, HEX)} commit {made(40, HEX)} md5 {made(32, HEX)}"},
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_words_are_left_alone(name: str) -> None:
    value = ORDINARY[name]
    for interaction in (message(value), answer(value), answer(events(value)), answer([value, value])):
        assert Scrubber().scan(interaction) == []
        assert Scrubber().interaction(interaction, Ledger()) is interaction


@pytest.mark.parametrize("prefix", ["sk-", "AIza", "AKIA", "hf_", "eyJ", "SK", "dapi", "ghp_"])
def test_media_that_happens_to_contain_a_prefix_is_no_secret(prefix: str) -> None:
    run = made(3000, BASE64)
    for text in (f"{run}{prefix}{run}", f"{run}/{prefix}{made(35)}/{run}", f"{run}+{prefix}{made(35)}+{run}"):
        if prefix in ("sk-", "hf_", "ghp_"):
            text = text.replace("+", "-").replace("/", "_")  # only base64url has these characters
        value = {"image_url": {"url": "data:image/png;base64," + text}, "b64_json": text}
        assert Scrubber().scan(message(value)) == []


def test_personal_data_is_found_only_on_request() -> None:
    others = "not: a@example.com, 1234 5678 9012 3456"
    text = f"me@corp.io, +49 30 1234567-8, (212) 555-0143, 4242 4242 4242 4242; {others}"
    interaction = message({"input": text})
    assert Scrubber().scan(interaction) == []
    result = scrubbed(interaction, Scrubber(personal=True))
    assert result.request.body is not None
    assert result.request.body.json["input"] == (
        f"<EMAIL_ADDRESS>, <PHONE_NUMBER>, <PHONE_NUMBER_2>, <CARD_NUMBER>; {others}"
    )


def test_a_users_patterns_names_and_functions_count() -> None:
    scrubber = Scrubber(
        names=("customer-ref",),
        patterns=(("ticket", re.compile(r"TICKET-(\d+)")), re.compile("[A-Z]{4}KEY")),
        callables=(lambda text: text.replace("Miller", "M."),),
    )
    value = {"input": {"customerRef": "Acme & Co"}, "b": "TICKET-77 and ABCDKEY", "c": "Miller"}
    result = scrubber.interaction(message(value), Ledger())
    assert result.request.body is not None
    assert result.request.body.json == {
        "input": {"customerRef": "<CUSTOMER_REF_SECRET>"},
        "b": "TICKET-<TICKET_SECRET> and <PATTERN_SECRET>",
        "c": "M.",
    }
    assert scrubber.interaction(result, Ledger()) is result
    assert scrubber.scan(result) == []
