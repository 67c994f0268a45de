"""Real cassettes of public projects, read where they lie."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

from shared_files import shared
from test_scrub_corpus import interactions
from vcr.serialize import deserialize
from vcr.serializers import jsonserializer, yamlserializer

import vcr_llm
from vcr_llm import schema, streams
from vcr_llm.interaction import CassetteData
from vcr_llm.scrub import DEFAULT, Ledger
from vcr_llm.serializer import LLM_JSON
from vcr_llm.vcr_bridge import status_of, to_headers, to_interaction


def vcrpys_own(path: Path) -> tuple[list[Any], list[Any]] | None:
    """What vcrpy's loaders make of a file, None where they make nothing of it."""
    serializer = jsonserializer if path.suffix == ".json" else yamlserializer
    try:
        requests, responses, *_ = deserialize(path.read_text(encoding="utf-8"), serializer)
    except Exception:
        return None
    return requests, responses


def files() -> list[tuple[str, Path]]:
    with shared("corpus/MANIFEST.tsv").open(encoding="utf-8") as manifest:
        rows = csv.DictReader(manifest, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(row["file"], shared("corpus") / row["file"]) for row in rows]


def same_request(one: Any, other: Any) -> bool:
    return (one.method, one.uri, _read(one.body), to_headers(one.headers)) == (
        other.method,
        other.uri,
        _read(other.body),
        to_headers(other.headers),  # some have values of bytes
    )


def same_response(one: Any, other: Any) -> bool:
    """The same to a client; old httpx recordings had their status and body under other names."""
    body = other["content"].encode() if "content" in other else other["body"]["string"]
    return (one["status"]["code"], one["body"]["string"]) == (status_of(other), body) and {
        name.lower(): values for name, values in to_headers(one["headers"]).items()
    } == to_headers(other["headers"])


def _read(body: Any) -> Any:
    return body.read() if hasattr(body, "read") else body


def test_what_vcrpys_loaders_read_our_serializer_reads_alike() -> None:
    read = 0
    for name, path in files():
        expected = vcrpys_own(path)
        if expected is None:
            continue
        requests, responses = deserialize(path.read_text(encoding="utf-8"), LLM_JSON)[:2]
        assert len(requests) == len(expected[0]), name
        assert all(map(same_request, requests, expected[0])), name
        assert all(map(same_response, responses, expected[1])), name
        read += 1
    assert read > 150, "most of the corpus is in vcrpy's own formats"


def test_a_corpus_cassette_saved_as_ours_replays_the_same(tmp_path: Path) -> None:
    """Through the whole cassette: load the old file, save it in our format, read that."""
    compared = 0
    for number, (name, path) in enumerate(files()):
        expected = vcrpys_own(path)
        if expected is None or not expected[0]:
            continue
        old = tmp_path / f"{number}.yaml"
        old.write_bytes(path.read_bytes())
        with vcr_llm.use_cassette(old, record_mode="new_episodes") as cassette:
            cassette.dirty = True
        assert old.with_suffix(".llm.json").read_text(encoding="utf-8").startswith("{"), name
        with vcr_llm.use_cassette(old, record_mode="none") as again:
            assert len(again) == len(cassette) == len(expected[0]), name
            ledger = Ledger()
            for before, after in zip(cassette.data, again.data, strict=True):
                # What is stored is scrubbed; that apart, nothing may have changed.
                clean = DEFAULT.interaction(to_interaction(*before), ledger)
                compare(clean, to_interaction(*after), name)
                compared += 1
    assert compared > 250


def compare(before: Any, after: Any, name: str) -> None:
    assert before.request.method == after.request.method, name
    assert before.response.status == after.response.status, name
    assert before.response.headers.get("content-type") == after.response.headers.get("content-type"), name
    for one, other in (
        (before.request.body, after.request.body),
        (before.response.body, after.response.body),
    ):
        assert (one is None) == (other is None), name
        if one is not None and one.raw != other.raw:
            assert same_json(one, other) or same_stream(one.raw, other.raw), name


def same_json(one: Any, other: Any) -> bool:
    return isinstance(one.json, dict | list) and repr(one.json) == repr(other.json)


def same_stream(one: bytes, other: bytes) -> bool:
    """The same lines, with the same JSON in each data line."""

    def lines(raw: bytes) -> list[Any]:
        found: list[Any] = []
        for line in raw.decode("utf-8").splitlines():
            field, _, value = line.partition(":")
            try:
                found.append((field, json.loads(value)))
            except ValueError:
                found.append((field, value.strip()))
        return found

    return lines(one) == lines(other)


def test_streams_of_the_corpus_are_events_and_the_same_bytes_again() -> None:
    """All but server-sent events, whose padding is not kept; those must mean the same."""
    read: Counter[str] = Counter()
    for name, interaction in interactions():
        body, headers = interaction.response.body, interaction.response.headers
        found = streams.parse(body.raw, next(iter(headers.get("content-type", ())), ""))
        if found is None:
            continue
        (entry,) = json.loads(schema.dump(CassetteData((interaction,))))["interactions"]
        assert entry["streaming"], name
        assert entry["stream_events"], name
        assert "response_body" not in entry["http"], name
        document = {"version": "2.0", "provider": "x", "interactions": [entry]}
        (again,) = schema.load(json.dumps(document)).interactions
        if found[0] is streams.SSE:
            assert same_stream(again.response.body.raw, body.raw), name
        else:
            assert again.response.body.raw == body.raw, name
        read[found[0].name] += 1
    assert read == {"sse": 58, "aws": 8, "json-array": 9, "ndjson": 3}
