"""Every interaction of the corpus: which operation it is, or that it is no LLM call.

``python tests/test_providers_corpus.py`` prints the table: what each operation claims, what is answered in
words or tokens there, and what is left by host and path.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections import Counter

import pytest
from test_scrub_corpus import interactions

from vcr_llm.interaction import split_url
from vcr_llm.providers import Call, classify, read_answer, read_messages

OPERATIONS = {
    ("anthropic complete", "anthropic"): 2,
    ("anthropic messages", "anthropic"): 40,
    ("bedrock agent", "bedrock"): 2,
    ("bedrock converse", "bedrock"): 8,
    ("bedrock guardrail", "bedrock"): 1,
    ("bedrock invoke", "bedrock"): 8,
    ("bedrock retrieveAndGenerate", "bedrock"): 1,
    ("cohere chat", "cohere"): 22,
    ("cohere generate", "cohere"): 1,
    ("cohere rerank", "cohere"): 1,
    ("gemini batchEmbedContents", "gemini"): 1,
    ("gemini cachedContents", "gemini"): 1,
    ("gemini generateContent", "gemini"): 18,
    ("gemini interactions", "gemini"): 2,
    ("generic llm", "generic"): 28,
    ("ollama chat", "ollama"): 4,
    ("ollama generate", "ollama"): 2,
    ("openai assistants", "openai"): 2,
    ("openai chat", "azure"): 5,
    ("openai chat", "deepseek"): 2,
    ("openai chat", "groq"): 14,
    ("openai chat", "mistral"): 4,
    ("openai chat", "openai"): 42,
    ("openai chat", "openrouter"): 2,
    ("openai chat", "portkey"): 1,
    ("openai chat", "together"): 2,
    ("openai completions", "azure"): 1,
    ("openai completions", "openai"): 12,
    ("openai completions", "together"): 2,
    ("openai completions", "writer"): 2,
    ("openai embeddings", "azure"): 4,
    ("openai embeddings", "mistral"): 1,
    ("openai embeddings", "openai"): 2,
    ("openai embeddings", "voyage"): 1,
    ("openai files", "openai"): 2,
    ("openai images", "openai"): 2,
    ("openai moderations", "openai"): 1,
    ("openai responses", "openai"): 18,
    ("openai runs", "openai"): 13,
    ("openai speech", "openai"): 1,
    ("openai thread messages", "openai"): 4,
    ("openai threads", "openai"): 2,
    ("openai transcription", "openai"): 1,
    ("portkey prompt", "portkey"): 1,
    ("replicate prediction", "replicate"): 12,
    ("replicate predictions", "replicate"): 4,
    ("replicate stream", "replicate"): 1,
    ("sagemaker invoke", "sagemaker"): 2,
    ("vertex generateContent", "vertex"): 2,
    ("voyage rerank", "voyage"): 1,
    ("writer chat", "writer"): 4,
}
"""(operation, whose host) → interactions."""

UNCLASSIFIED = {
    "DELETE api-staging.traceloop.com/v2/datasets": 1,
    "DELETE api.openai.com/v1/models": 1,
    "DELETE localhost:8080/v1/schema": 2,
    "DELETE localhost:8882/indexes/TestIndex": 2,
    "GET **REDACTED**": 4,
    "GET 20.102.90.50:2017/wiki17_abstracts": 1,
    "GET api-staging.traceloop.com/v2/datasets": 2,
    "GET api.openai.com/v1/models": 1,
    "GET api.replicate.com/v1/models": 3,
    "GET b80fa06d4f.ssl.cf2.rackcdn.com/images/characters": 1,
    "GET edrock.us-east-1.amazonaws.com/inference-profiles/arn%3Aaws%3Abedrock%3Aus-east-": 1,
    "GET erativelanguage.googleapis.com/v1beta/models": 2,
    "GET localhost:3000/v1/read-token-info": 1,
    "GET localhost:8080/v1/meta": 2,
    "GET localhost:8080/v1/nodes": 1,
    "GET localhost:8080/v1/schema": 5,
    "GET localhost:8882/": 1,
    "HEAD static.simonwillison.net/static/2024": 2,
    "POST **REDACTED**": 2,
    "POST api-staging.traceloop.com/v2/datasets": 8,
    "POST api.openai.com/v1/traces": 4,
    "POST eu-api.i.posthog.com/batch/": 1,
    "POST localhost:3000/v2/query": 1,
    "POST localhost:8080/v1/schema": 2,
    "POST localhost:8882/indexes/TestIndex": 5,
    "POST os-api.agno.com/telemetry/runs": 2,
    "POST telemetry.crewai.com:4319/v1/traces": 1,
    "PUT api-staging.traceloop.com/v2/datasets": 2,
}
"""Telemetry, vector databases, media, lists of models, data sets: looked at one by one."""

SAMPLE: list[tuple[str, str, str | None, bool, str]] = [
    ("anthropic complete", "anthropic", "claude-2.1", True, "92a5452e0c9a"),
    ("anthropic complete", "anthropic", "claude-instant-1.2", False, "8c2a6ef368bb"),
    ("anthropic messages", "anthropic", "claude-3-7-sonnet-20250219", False, "e989b7fdb4ec"),
    ("anthropic messages", "anthropic", "claude-sonnet-4-20250514", True, "6fae5154d26b"),
    ("bedrock agent", "bedrock", None, True, "e2a820018e8e"),
    ("bedrock converse", "bedrock", "anthropic.claude-3-haiku-20240307-v1:0", True, "70d36462ae6f"),
    ("bedrock converse", "bedrock", "anthropic.claude-3-sonnet-20240229-v1:0", False, "d35b40769fd6"),
    ("bedrock guardrail", "bedrock", None, False, "e0d58c546b95"),
    ("bedrock invoke", "bedrock", "amazon.nova-micro-v1:0", True, "759b3d056409"),
    ("bedrock invoke", "bedrock", "anthropic.claude-3-haiku-20240307-v1:0", False, "7fb7f648aca9"),
    (
        "bedrock retrieveAndGenerate",
        "bedrock",
        "anthropic.claude-3-haiku-20240307-v1:0",
        False,
        "4556f09033e9",
    ),
    ("cohere chat", "cohere", "command", True, "b3badc699191"),
    ("cohere chat", "cohere", "command-r", False, "7ef078c22b52"),
    ("cohere generate", "cohere", "command", False, "b894cd62bab4"),
    ("cohere rerank", "cohere", "rerank-english-v3.0", False, "95c62004990b"),
    ("gemini batchEmbedContents", "gemini", "gemini-embedding-001", False, "0885c08386d7"),
    ("gemini cachedContents", "gemini", "models/gemini-2.5-flash", False, "f89742acefbb"),
    ("gemini generateContent", "gemini", "gemini-2.0-flash", False, "efb489e796a3"),
    ("gemini generateContent", "gemini", "gemini-2.0-flash", True, "4f9876b555f4"),
    ("gemini interactions", "gemini", "gemini-2.5-flash-lite", True, "46070321f1b3"),
    ("gemini interactions", "gemini", None, False, "a74b22747ccb"),
    ("generic llm", "generic", "gpt-5-nano", False, "204db8fe5d2f"),
    ("generic llm", "generic", "gpt-5.5", True, "0848d99701ee"),
    ("ollama chat", "ollama", "llama3", True, "2ef728d37746"),
    ("ollama chat", "ollama", "nonexistent-model:latest", False, "2a6870bf5a6b"),
    ("ollama generate", "ollama", "llama3", False, "a7ab0467d49d"),
    ("ollama generate", "ollama", "llama3", True, "a7ab0467d49d"),
    ("openai assistants", "openai", "gpt-4-1106-preview", False, "6d5b8a74bc08"),
    ("openai chat", "azure", "gpt-5-nano", False, "a63217037e9e"),
    ("openai chat", "azure", "gpt-5.2_2025-12-11", True, "02f0845e00f7"),
    ("openai chat", "deepseek", "deepseek-chat", False, "931671ef8976"),
    ("openai chat", "deepseek", "deepseek-chat", True, "f2490f9fe517"),
    ("openai chat", "groq", "llama3-8b-8192", False, "9431f7e279d9"),
    ("openai chat", "groq", "llama3-8b-8192", True, "197f82d89769"),
    ("openai chat", "mistral", "mistral-tiny", False, "2ef728d37746"),
    ("openai chat", "mistral", "mistral-tiny", True, "2ef728d37746"),
    ("openai chat", "openai", "gpt-3.5-turbo", True, "0e4bdb4b7acf"),
    ("openai chat", "openai", "gpt-4o", False, "f2d882b68587"),
    ("openai chat", "openrouter", "google/gemini-2.5-flash", True, "721c28be4143"),
    ("openai chat", "openrouter", "openai/gpt-oss-120b", False, "728f159cf7f5"),
    ("openai chat", "portkey", "gpt-4o-mini", False, "1fa12a8fcb89"),
    ("openai chat", "together", "meta-llama/Llama-3.3-70B-Instruct-Turbo", True, "a60e9bc86a7e"),
    ("openai chat", "together", "mistralai/Mixtral-8x7B-Instruct-v0.1", False, "3321a5f7db56"),
    ("openai completions", "azure", "gpt-35-turbo", False, "dabd2ed90605"),
    ("openai completions", "openai", "gpt-3.5-turbo-instruct", False, "6c236b74eaa5"),
    ("openai completions", "openai", "gpt-3.5-turbo-instruct", True, "905e05821691"),
    ("openai completions", "together", "mistralai/Mixtral-8x7B-Instruct-v0.1", False, "44cf16ebf878"),
    ("openai completions", "writer", "palmyra-x4", False, "819617e45aee"),
    ("openai completions", "writer", "palmyra-x4", True, "819617e45aee"),
    ("openai embeddings", "azure", "embedding", False, "9efdd7d84b80"),
    ("openai embeddings", "mistral", "mistral-embed", False, "7a0191ecca94"),
    ("openai embeddings", "openai", "text-embedding-3-small", False, "fd77994bacf9"),
    ("openai embeddings", "voyage", "voyage-3-lite", False, "238fc8e537d1"),
    ("openai files", "openai", None, False, "c5318f3ff08a"),
    ("openai images", "openai", "dall-e-2", False, "eb4180f07b83"),
    ("openai moderations", "openai", "text-moderation-latest", False, "4d202311bdda"),
    ("openai responses", "openai", "gpt-4o", True, "4ac7855e6a55"),
    ("openai responses", "openai", "gpt-4o-mini", False, "0546c9a10473"),
    ("openai runs", "openai", None, False, "d76860b68dcd"),
    ("openai runs", "openai", None, True, "cff273fedae8"),
    ("openai speech", "openai", "gpt-4o-mini-tts", False, "0ede9981a9ed"),
    ("openai thread messages", "openai", None, False, "e80a7ef4cee6"),
    ("openai threads", "openai", None, False, "5059007c1cec"),
    ("openai transcription", "openai", "gpt-4o-transcribe", False, "d15b92e55a55"),
    ("portkey prompt", "portkey", "pp-weather-pr-b74c4f", False, "940af9c29161"),
    ("replicate prediction", "replicate", None, False, "5059007c1cec"),
    (
        "replicate predictions",
        "replicate",
        "ac732df83cea7fff18b8472768c88ad041fa750ff7682a21affe81863cbe77e4",
        False,
        "518e9bc3e560",
    ),
    ("replicate stream", "replicate", None, True, "5059007c1cec"),
    ("sagemaker invoke", "sagemaker", "my-llama2-endpoint", False, "83c9138beb18"),
    ("vertex generateContent", "vertex", "gemini-2.5-flash", False, "5d70daf76cfe"),
    ("vertex generateContent", "vertex", "gemini-2.5-flash", True, "5d70daf76cfe"),
    ("voyage rerank", "voyage", "rerank-2-lite", False, "fede3f545931"),
    ("writer chat", "writer", "palmyra-x4", False, "a53cf4f33e7b"),
    ("writer chat", "writer", "palmyra-x4", True, "a53cf4f33e7b"),
]
"""(operation, whose host, model, stream flag, digest of the prompt)."""


@functools.cache
def calls() -> list[tuple[str, Call | None]]:
    """The place and the call of each interaction; hosts and ids are cut where they are long."""
    found = []
    for _, interaction in interactions():
        url = split_url(interaction.request.url)
        place = f"{interaction.request.method.upper()} {url.netloc[-30:]}{_short(url.path)[:50]}"
        found.append((place, classify(interaction.request)))
    return found


def _short(path: str) -> str:
    """At most two steps of a path: what follows is ids."""
    return "/".join(path.split("/")[:3])


def prompt_digest(call: Call) -> str:
    text = json.dumps(call.prompt, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def sample() -> list[tuple[str, str, str | None, bool, str]]:
    """Of each operation at each provider the first call that streams and the first that does not."""
    found = {}
    for _, call in calls():
        if call is not None:
            key = (str(call.operation), call.provider, call.stream)
            found.setdefault(key, (*key[:2], call.model, call.stream, prompt_digest(call)))
    return sorted(found.values(), key=str)


def test_the_operations_of_the_corpus() -> None:
    counted = Counter((str(call.operation), call.provider) for _, call in calls() if call is not None)
    assert counted == OPERATIONS


def test_what_is_no_llm_call() -> None:
    assert Counter(place for place, call in calls() if call is None) == UNCLASSIFIED


def test_every_interaction_is_one_or_the_other() -> None:
    assert len(calls()) == 373 == sum(OPERATIONS.values()) + sum(UNCLASSIFIED.values())


def test_model_stream_flag_and_prompt_of_a_sample_of_each() -> None:
    assert sample() == SAMPLE


@pytest.mark.parametrize("provider", ["anthropic", "gemini", "vertex", "bedrock", "cohere", "ollama"])
def test_prompts_are_read_as_messages(provider: str) -> None:
    """Whatever the provider calls its prompt, somebody says something in it."""
    asked = [
        read_messages(call)
        for _, call in calls()
        if call is not None
        and call.operation.provider == provider
        and {"messages", "contents"} & call.prompt.keys()
    ]
    assert asked
    assert all(messages and all(message.role for message in messages) for messages in asked)
    assert all(any(message.text or message.tool_calls for message in messages) for messages in asked)


UNREAD = {
    "openai assistants": 2,
    "openai chat": 1,  # whose body was recorded empty
    "openai files": 2,
    "openai speech": 1,
    "openai thread messages": 3,  # the user's own, as they are posted
    "openai threads": 2,
}
"""Of answers that are no errors those that say nothing in words or tokens."""


def test_answers_are_read() -> None:
    unread: Counter[str] = Counter()
    for _, interaction in interactions():
        call = classify(interaction.request)
        if call is not None and interaction.response.status < 400 and read_answer(call, interaction) is None:
            unread[str(call.operation)] += 1
    assert unread == UNREAD


# --- the table, for people ---------------------------------------------------------------------------


def table() -> str:
    """Per operation and host: interactions, streams among them, answers read and answers with tokens."""
    rows: dict[tuple[str, str], Counter[str]] = {}
    for _, interaction in interactions():
        call = classify(interaction.request)
        if call is not None:
            row = rows.setdefault((str(call.operation), call.provider), Counter())
            answer = read_answer(call, interaction)
            row["calls"] += 1
            row["streams"] += call.stream
            row["errors"] += interaction.response.status >= 400
            row["read"] += answer is not None
            row["tokens"] += answer is not None and answer.usage is not None
    columns = ("calls", "streams", "errors", "read", "tokens")
    lines = [f"{'operation':34}{'at':12}" + "".join(f"{name:>9}" for name in columns)]
    for (operation, provider), row in sorted(rows.items()):
        lines.append(f"{operation:34}{provider:12}" + "".join(f"{row[name]:9}" for name in columns))
    total = sum(rows.values(), Counter())
    lines.append(f"{'':46}" + "".join(f"{total[name]:9}" for name in columns))
    left = Counter(place for place, call in calls() if call is None)
    lines += ["", f"left unclassified: {left.total()}"]
    lines += [f"{count:4}  {place}" for place, count in sorted(left.items())]
    return "\n".join(lines)


def test_the_table_counts_everything_once() -> None:
    lines = table().splitlines()
    assert len(lines) == len(OPERATIONS) + len(UNCLASSIFIED) + 4
    assert sum(OPERATIONS.values()) == int(lines[len(OPERATIONS) + 1].split()[0])


if __name__ == "__main__":
    print(table())
