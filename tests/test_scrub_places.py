"""Places with a syntax of their own keep it: URLs, forms, headers, streams; and names count only there."""

from __future__ import annotations

import gzip
import json

import pytest
from test_scrub_rules import OK, SECRETS, answer, events, made, message, multipart, scrubbed

from vcr_llm import scrub
from vcr_llm.interaction import Body, Interaction, Request, Response
from vcr_llm.multipart import parse
from vcr_llm.scrub import Ledger, Scrubber, folded, folded_text, stored_headers
from vcr_llm.streams import sse

SECRET = "hunter2"
OPAQUE = made(30)

URLS = {
    f"https://h/p?key={OPAQUE}&q=1#f": "https://h/p?key=<API_KEY>&q=1#f",
    f"https://h/p?q=a%20b&API-Key={SECRET}": "https://h/p?q=a%20b&API-Key=<API_KEY>",
    f"https://h/p?api_key={SECRET};x=1": "https://h/p?api_key=<API_KEY>;x=1",
    f"https://h/p?access_token={SECRET}": "https://h/p?access_token=<ACCESS_TOKEN>",
    f"https://h/p#access_token={SECRET}&state=1": "https://h/p#access_token=<ACCESS_TOKEN>&state=1",
    f"https://me:{SECRET}@h:8080/p?x=%2F": "https://<URL_CREDENTIALS>@h:8080/p?x=%2F",
    f"https://{OPAQUE}@h/": "https://<URL_CREDENTIALS>@h/",
    f"//me:{SECRET}@h/": "//<URL_CREDENTIALS>@h/",
    "https://h/p?sv=1&sig=a%2Fb%3D&se=2": "https://h/p?sv=1&sig=<SAS_SIGNATURE>&se=2",
    "https://h/p?X-Amz-Signature=0f&X-Amz-Date=1": "https://h/p?X-Amz-Signature=<AWS_SIGNATURE>&X-Amz-Date=1",
    "https://h/p?X-Amz-Credential=AK%2F1": "https://h/p?X-Amz-Credential=<AWS_ACCESS_KEY_ID>",
    f"https://h/v1/{SECRETS['github']}/x": "https://h/v1/<GITHUB_TOKEN>/x",
    f"https://h/?key={SECRETS['google']}": "https://h/?key=<GOOGLE_API_KEY>",
    "https://b/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A987654321098%3Amodel%2Fx": (
        "https://b/model/arn:aws:bedrock:eu-west-1:<AWS_ACCOUNT_ID>:model%2Fx"
    ),
    f"https://h/cb?redirect=https%3A%2F%2Fh%2F%3Fsig%3D{OPAQUE}": (
        "https://h/cb?redirect=https%3A%2F%2Fh%2F%3Fsig%3D<AZURE_SAS_SIGNATURE>"
    ),
}


@pytest.mark.parametrize("url", URLS)
def test_urls(url: str) -> None:
    assert scrubbed(Interaction(Request("GET", url), OK)).request.url == URLS[url]
    headers = {"location": (url,)}
    assert scrubbed(
        Interaction(Request("GET", "/"), Response(302, "", headers, Body(b"")))
    ).response.headers == {"location": (URLS[url],)}


@pytest.mark.parametrize(
    "url",
    [
        "https://h/v1/messages?beta=true&limit=20&after=msg_01",
        "https://h/p?key=color&token=abc&q=k%65y+word&empty=&=&&",
        "https://h/p?key=uploads/2024/file-12345.txt&code=rate_limit_20241022&token=customer-agent-20241022",
        "https://h/p?key=SCRUBBED&api_key=**REDACTED**&sig=%3CSAS_SIGNATURE%3E&access_token=<ACCESS_TOKEN>",
        "http://[REDACTED]/v1/chat",
        "**REDACTED**",
        "https://h/@me/a@b:c?x=a@b",
        "https://@h/",
        "http://[::1]:80/%zz?%",
        "",
    ],
)
def test_urls_that_stay(url: str) -> None:
    request = Request("GET", url)
    assert Scrubber().request(request, Ledger()) is request


def test_the_fields_of_forms() -> None:
    body = f"grant_type=client_credentials&client_secret={SECRET}%21&scope=a+b&password=&username=me"
    result = scrubbed(message(body.encode())).request.body
    assert result == Body(
        b"grant_type=client_credentials&client_secret=<CLIENT_SECRET>&scope=a+b&password=&username=me"
    )


def test_the_parts_of_multipart_forms() -> None:
    raw = (
        multipart("x").replace(b'name="prompt"', b'name="api_key"').replace(b"\r\nx\r\n", b"\r\nhunter2\r\n")
    )
    result = scrubbed(message(raw)).request.body
    assert result == Body(raw.replace(b"hunter2", b"<API_KEY>"))
    text = json.dumps({"custom_id": "1", "body": {"input": SECRETS["groq"]}}) + "\n"
    batch = multipart(text * 2, filename="batch.jsonl")
    assert scrubbed(message(batch)).request.body == Body(
        batch.replace(SECRETS["groq"].encode(), b"<GROQ_API_KEY>")
    )


def test_a_form_with_a_secret_next_to_media_keeps_the_media() -> None:
    raw = multipart(SECRETS["openai project"])
    result = scrubbed(message(raw)).request.body
    assert result is not None
    before, after = parse(raw), parse(result.raw)
    assert before is not None
    assert after is not None
    assert after[0] == before[0]
    assert after[1].content == b"<OPENAI_API_KEY>"


NAMED = {
    "a proxy's key": ({"model": "m", "api_key": SECRET}, "api_key"),
    "camel case": ({"apiKey": SECRET}, "apiKey"),
    "tokens": ({"access_token": SECRET, "expires_in": 3600, "token_type": "bearer"}, "access_token"),
    "a token that looks like one": ({"token": OPAQUE}, "token"),
}


@pytest.mark.parametrize("name", NAMED)
def test_the_members_at_the_top_of_a_json_body(name: str) -> None:
    value, member = NAMED[name]
    for interaction in (message(value), answer(value)):
        result = scrubbed(interaction)
        body = result.request.body or result.response.body
        assert body.json.pop(member).startswith("<")
        assert body.json == {key: item for key, item in value.items() if key != member}


DEEPER = [
    {"mcp_servers": [{"type": "url", "authorization_token": SECRET}]},
    {"tools": [{"type": "mcp", "authorization": OPAQUE}]},
    {"tools": [{"type": "mcp", "headers": {"Authorization": "Bearer hunter2", "x-tenant": "acme"}}]},
    {"data_sources": [{"parameters": {"authentication": {"type": "api_key", "key": SECRET}}}]},
    {"client_secret": {"value": SECRET, "expires_at": 1}},
    {"Credentials": {"SecretAccessKey": made(40), "Expiration": "2026"}},
    {"anywhere": [{"secret_access_key": made(40)}]},
]


@pytest.mark.parametrize("value", DEEPER, ids=lambda value: next(iter(value)))
def test_the_places_where_requests_carry_keys_of_other_services(value: object) -> None:
    result = scrubbed(message(value)).request.body
    assert result is not None
    text = result.raw.decode()
    assert SECRET not in text
    assert OPAQUE not in text
    assert text.count("<") == 1
    assert "acme" in text or "x-tenant" not in text


GENERATED = ("R7!kd" + "Pq92xZ", made(16), made(32, "0123456789abcdef"), OPAQUE)
BELOW = {
    "metadata": lambda fields: {"model": "m", "metadata": fields},
    "tool arguments": lambda fields: {"messages": [{"tool_calls": [{"arguments": json.dumps(fields)}]}]},
    "arguments as an object": lambda fields: {"messages": [{"content": [{"input": fields}]}]},
    "tool result": lambda fields: {"messages": [{"content": f"Found: {json.dumps({'rows': [fields]})}."}]},
    "json in json in json": lambda fields: {
        "input": json.dumps({"a": json.dumps({"b": json.dumps(fields)})})
    },
    "printed": lambda fields: {"input": str(fields)},
    "xml": lambda fields: {"input": "".join(f"<{name}>{text}</{name}>" for name, text in fields.items())},
}
"""Where names mean something only together with a value that looks like a credential."""


@pytest.mark.parametrize("place", BELOW)
@pytest.mark.parametrize("secret", GENERATED)
def test_a_name_and_a_value_that_say_credential_are_one_at_any_depth(place: str, secret: str) -> None:
    for name in ("api_key", "apiKey", "X-API-Key", "db_password", "PASSWORD", "githubAccessToken"):
        value = BELOW[place]({"user": "ada", name: secret})
        for interaction in (message(value), answer(value), answer(events(value, {})), message([value])):
            assert Scrubber().scan(interaction)
            left = scrubbed(interaction)
            body = left.request.body or left.response.body
            assert secret.encode() not in body.raw
            assert b"ada" in body.raw
            assert any(word in body.raw for word in (b"<API_KEY>", b"<PASSWORD>", b"<ACCESS_TOKEN>"))


@pytest.mark.parametrize("place", BELOW)
def test_names_of_ordinary_things_need_a_long_value(place: str) -> None:
    for value, count in ((OPAQUE, 1), ("Zk8Qw2Lm", 0), ("customer-support-agent-20241022", 0)):
        fields = {"token": value, "next_page_token": OPAQUE, "n": 1}
        assert len(Scrubber().scan(message(BELOW[place](fields)))) == count


NONE_OF_THEM = """hunter2 hunter2-long-1 your-key-here test-key string *** P@ssw0rd! SecurePass123!
    Summer2024! abc123def456 a1b2c3d4e5f6 correct-horse-battery-staple OPENAI_API_KEY $API_KEY {{api_key}}
    <API_KEY_2> str|None Optional[str] https://h/p?x=1aB2 vault:secret/data/app#key 2024-11-23 changeme123456
    phc_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3z qwertyuiop"""
WORDS = NONE_OF_THEM.split()


@pytest.mark.parametrize("place", BELOW)
def test_a_credentials_name_with_words_stays(place: str) -> None:
    for name in ("password", "api_key"):
        for word in WORDS:
            interaction = message(BELOW[place]({name: word}))
            assert Scrubber().scan(interaction) == [], word
            assert Scrubber().interaction(interaction, Ledger()) is interaction


@pytest.mark.parametrize("secret", GENERATED)
def test_variables_as_they_are_set_in_a_shell_or_an_env_file(secret: str) -> None:
    for name in ("API_KEY", "DB_PASSWORD", "MY_APIKEY", "AWS_SECRET_ACCESS_KEY", "STRIPE_SECRET_KEY"):
        for line in (f"{name}={secret}", f'export {name}="{secret}"', f"USER=ada\n{name}='{secret}'\nX=1"):
            for text in (line, json.dumps({"stdout": line}), json.dumps(json.dumps({"stdout": line}))):
                interaction = message({"messages": [{"role": "tool", "content": text}]})
                assert Scrubber().scan(interaction)
                assert is_gone(scrubbed(interaction), secret, name)
    for name in ("JWT_SECRET", "CI_JOB_TOKEN"):
        assert len(Scrubber().scan(message({"input": f"{name}={OPAQUE}"}))) == 1
        assert Scrubber().scan(message({"input": f"{name}=Zk8Qw2Lm"})) == []


def is_gone(interaction: Interaction, secret: str, name: str) -> bool:
    raw = interaction.request.body.raw if interaction.request.body else b""
    return secret.encode() not in raw and f"{name}=".encode() in raw


@pytest.mark.parametrize(
    "text",
    [
        *(f"DB_PASSWORD={word}" for word in WORDS),
        *("API_KEY=getKey2()", 'API_KEY=os.environ["K1"]', "PASSWORD=${PW1a2B3c}", "API_KEY=$(pass k1)"),
        *("password=pw2_hash1x", "client(api_key=key1_v2x9)", "MAX_TOKENS=4096", "API_KEY=", "PASSWORD= x"),
    ],
)
def test_what_is_no_secret_in_a_line_that_sets_a_variable_stays(text: str) -> None:
    interaction = message({"input": f"Run\n{text}\nand see."})
    assert Scrubber().scan(interaction) == []
    assert Scrubber().interaction(interaction, Ledger()) is interaction


def test_what_a_name_says_is_split_over_the_deltas_of_a_stream() -> None:
    text = json.dumps({"user": "ada", "api_key": OPAQUE, "password": GENERATED[0]})
    deltas = [{"index": 0, "delta": {"partial_json": text[at : at + 5]}} for at in range(0, len(text), 5)]
    result = scrubbed(answer(events(*deltas))).response.body.raw
    found = sse.parse(result)
    assert found is not None
    joined = "".join(event.data["delta"]["partial_json"] for event in found.events)
    assert json.loads(joined) == {"user": "ada", "api_key": "<API_KEY>", "password": "<PASSWORD>"}


@pytest.mark.parametrize("place", BELOW)
def test_below_the_top_too_another_key_is_the_same_call(place: str) -> None:
    def seen(key: str) -> Request:
        body = Body.of_json(BELOW[place]({"user": "ada", "api_key": key}))
        return folded(Scrubber().request(Request("POST", "https://h/", body), Ledger()))

    assert len({seen(key) for key in (OPAQUE, made(32), "test-key")}) == 1
    assert seen("hunter2") != seen("hunter3")


def test_a_users_own_names_count_in_texts_too() -> None:
    scrubber = Scrubber(names=["tenant pin"])
    for place in BELOW.values():
        left = scrubbed(message(place({"tenantPin": "4711", "user": "ada"})), scrubber).request.body
        assert left is not None
        assert b"4711" not in left.raw
        assert b"<TENANT_PIN_SECRET>" in left.raw


def test_everything_outside_the_string_keeps_its_bytes() -> None:
    secret = SECRETS["anthropic"]
    raw = ' \n{"n": 1.50, "big": 1e400, "é\\u00e9": "\\u00e9", "a": "x @", "a": "twice @", "z": NaN }\n'
    raw = raw.replace("@", secret)
    result = scrubbed(message(raw.encode())).request.body
    assert result == Body(raw.replace(secret, "<ANTHROPIC_API_KEY>").encode())


def test_streams_keep_their_framing() -> None:
    secret = SECRETS["github"]
    raw = (
        f': hello\r\n\r\nevent: message_start\r\ndata: {{"a":   "{secret}"}}   \r\n\r\nid: 7\r\nretry: 5\r\n'
        f'data: {{"b":\r\ndata: "{secret}"}}\r\n\r\ndata: [DONE]\r\n\r\n'
    )
    result = scrubbed(answer(raw.encode())).response.body.raw
    assert result == raw.replace(secret, "<GITHUB_TOKEN>").encode()
    before, after = sse.parse(raw.encode()), sse.parse(result)
    assert before is not None
    assert after is not None
    assert len(after.events) == len(before.events)
    assert after.framing == before.framing


def test_where_a_finding_is() -> None:
    secret = SECRETS["npm"]
    cases = {
        "interactions[2].request.messages[0].content": message({"messages": [{"content": f"a {secret}"}]}),
        "interactions[2].response.choices[0].text": answer({"choices": [{"text": f"a {secret}"}]}),
        "interactions[2].stream_events[1].data.x": answer(events({"x": ""}, {"x": f"a {secret}"})),
        "interactions[2].http.request_body.json[0]": message([f"a {secret}"]),
        "interactions[2].http.response_body.text": answer(f"a {secret}".encode()),
        'interactions[2].request["a b"]["<NPM_TOKEN>"]': message({"a b": {secret: 1}}),
        "interactions[2].http.url": Interaction(Request("GET", f"https://h/a {secret}"), OK),
        "interactions[2].note.x": Interaction(Request("GET", "/"), OK, extra={"note": {"x": secret}}),
    }
    for where, interaction in cases.items():
        found = Scrubber().scan(interaction, 2)
        assert [finding.where for finding in found] == [where]
        assert found[0].rule == "npm-token"
        assert found[0].preview == "npm_… (40 characters)"
    assert [finding.where for finding in scrub.scan_text(f"a:\n  b: {secret}\n")] == ["line 2, column 6"]
    assert [finding.where for finding in scrub.scan_text(json.dumps({"a": [secret]}))] == ["a[0]"]
    assert "npm-token" in str(scrub.scan_text(secret)[0])


@pytest.mark.parametrize("side", ["request", "response"])
def test_a_body_that_is_a_gzip_file(side: str) -> None:
    raw = gzip.compress(json.dumps({"input": SECRETS["xai"]}).encode(), mtime=1)
    interaction = message(raw) if side == "request" else answer(raw)
    result = scrubbed(interaction)
    body = result.request.body or result.response.body
    assert json.loads(gzip.decompress(body.raw)) == {"input": "<XAI_API_KEY>"}
    clean = message(gzip.compress(b'{"a": 1}', mtime=1))
    assert Scrubber().interaction(clean, Ledger()) is clean
    assert Scrubber().interaction(message(raw[:30]), Ledger()) == message(raw[:30])


# --- headers -----------------------------------------------------------------------------------------

NAMES_KEPT = """content-type request-id x-request-id retry-after retry-after-ms x-should-retry
    openai-processing-ms openai-version openai-model openai-poll-after-ms anthropic-ratelimit-tokens-limit
    x-ratelimit-reset-requests ratelimit-remaining apim-request-id x-amzn-requestid x-amzn-errortype
    x-amzn-bedrock-input-token-count location link content-disposition"""
NAMES_DROPPED = """set-cookie openai-organization openai-project anthropic-organization-id date server cf-ray
    anthropic-workspace-id via alt-svc content-length authorization x-api-key nel"""
KEPT, DROPPED = NAMES_KEPT.split(), NAMES_DROPPED.split()


def test_headers_by_allowlist() -> None:
    headers = dict.fromkeys((*DROPPED, *KEPT), ("1",))
    assert list(stored_headers(headers)) == KEPT
    assert stored_headers(kept := dict.fromkeys(KEPT, ("1",))) is kept


def test_headers_added_and_removed() -> None:
    headers = dict.fromkeys(("set-cookie", "cf-ray", "content-type", "link", "server"), ("1",))
    assert list(stored_headers(headers, ["CF-Ray", "Set-Cookie"], ["Link"])) == ["cf-ray", "content-type"]
    with pytest.raises(ValueError, match="'Set-Cookie' holds credentials"):
        Scrubber(add_headers=["Set-Cookie"])


def test_an_account_in_a_header_that_a_user_adds_is_a_placeholder() -> None:
    headers = {"openai-organization": ("acme-1",), "openai-project": ("proj_" + made(20),), "x": ("y",)}
    scrubber = Scrubber(add_headers=["openai-organization", "openai-project"])
    result = scrubbed(Interaction(Request("GET", "/"), Response(200, "", headers, Body(b""))), scrubber)
    assert result.response.headers == {
        "openai-organization": ("<OPENAI_ORGANIZATION_ID>",),
        "openai-project": ("<OPENAI_PROJECT_ID>",),
    }


def test_clean_keeps_the_date_of_a_header_it_drops() -> None:
    headers = {"date": ("Mon, 23 Nov 2026 10:00:00 GMT",), "set-cookie": ("a=b",)}
    result = scrub.clean(Interaction(Request("GET", "/"), Response(200, "", headers, Body(b""))))
    assert (result.recorded_at, result.response.headers) == ("2026-11-23T10:00:00+00:00", {})


# --- comparing ---------------------------------------------------------------------------------------


def test_recorded_with_one_key_and_replayed_with_any_other() -> None:
    def request(key: str) -> Request:
        body = {"model": "m", "messages": [{"content": "hi"}], "api_key": key}
        return Request("POST", f"https://h/v1?key={key}", Body.of_json(body))

    keys = [SECRETS["openai project"], SECRETS["google"], VALUE, "test-key", "<OPENAI_API_KEY_7>"]
    values = {"MY_KEY": VALUE}
    seen = {folded(Scrubber(values=values).request(request(key), Ledger())) for key in keys}
    assert len(seen) == 1
    assert request("x").body != seen.pop().body


VALUE = "Zq7" + "-internal.Key_" + made(16)


def test_folding_sees_every_spelling_of_a_placeholder() -> None:
    assert folded_text("a <GITHUB_TOKEN> <GITHUB_TOKEN_2>") == "a <SECRET> <SECRET>"
    assert folded_text("%3CSAS_SIGNATURE%3E \\u003cMY_API_KEY_12\\u003e") == "<SECRET> <SECRET>"
    assert folded_text("vcr-llm-placeholder-no-real-key") == "<SECRET>"
    assert (
        folded_text("<b> <Instructions> <INSTRUCTIONS> <EXAMPLE_1>")
        == "<b> <Instructions> <INSTRUCTIONS> <EXAMPLE_1>"
    )


def test_folding_leaves_a_request_without_placeholders_as_it_is() -> None:
    for body in (None, Body.of_json({"input": "hi"}), Body(b"\xff"), Body(b"a=1&b=2")):
        request = Request("POST", "https://h/p?key=color&q=%3Cb%3E", body)
        assert folded(request) is request
    assert folded(Request("GET", "https://a:b@h/")).url == "https://<SECRET>@h/"
