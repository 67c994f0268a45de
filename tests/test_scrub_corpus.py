"""What leaked in real cassettes is found, and nothing else is: every finding was looked at by hand."""

from __future__ import annotations

import csv
import functools
import gzip
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from shared_files import shared

from vcr_llm import schema, scrub
from vcr_llm.errors import UnreadableCassetteError
from vcr_llm.interaction import CassetteData, Interaction
from vcr_llm.scrub import Ledger, Scrubber
from vcr_llm.serializer import load_pairs
from vcr_llm.vcr_bridge import decoded, to_interaction

BODIES_AND_URLS = {
    "aws-access-key-id": 2,  # a presigned upload URL in two answers of a LangSmith cassette, with its
    "aws-session-token": 2,  # temporary session token
    "aws-signature": 2,  # and signature
    "aws-account-id": 2,  # account ids in the ARNs of a guardrail and of an imported model (in the URL)
}
"""Findings in 311 interactions and 24 files of other formats; none is a false alarm."""

IDENTIFIERS = {
    "header-openai-organization": 80,
    "header-openai-project": 41,
    "header-anthropic-organization-id": 13,
}
"""Headers that name an account; they are not stored."""


@functools.cache
def files() -> list[tuple[str, str]]:
    """Name and text of each file."""
    with shared("corpus/MANIFEST.tsv").open(encoding="utf-8") as manifest:
        rows = list(csv.DictReader(manifest, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [(row["file"], text_of(shared("corpus") / row["file"])) for row in rows]


def text_of(path: Path) -> str:
    raw = path.read_bytes()
    return (gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw).decode("utf-8")


@functools.cache
def interactions() -> list[tuple[str, Interaction]]:
    found: list[tuple[str, Interaction]] = []
    for name, text in files():
        try:
            pairs = load_pairs(text).pairs
        except UnreadableCassetteError:
            continue
        found += ((name, to_interaction(request, decoded(response))) for request, response in pairs)
    return found


class Inert(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads tags it does not know as what stands there."""


def inert(loader: Any, suffix: str, node: Any) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return tuple(loader.construct_sequence(node, deep=True))  # may be the key of a mapping
    return loader.construct_scalar(node)


Inert.add_multi_constructor("tag:yaml.org,2002:python/", inert)


def strings(value: Any) -> Iterator[str]:
    """Every text in a file's data, also what is packed or encoded."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from strings(name)
            yield from strings(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from strings(member)
    elif isinstance(value, bytes):
        plain = gzip.decompress(value) if value.startswith(b"\x1f\x8b") else value
        yield plain.decode("utf-8", "replace")
    elif isinstance(value, str):
        yield value


def test_findings_by_rule() -> None:
    assert len(interactions()) >= 311
    found = Counter(
        finding.rule for _, interaction in interactions() for finding in Scrubber().scan(interaction)
    )
    assert found == BODIES_AND_URLS | IDENTIFIERS


def test_every_text_of_every_file() -> None:
    """Whatever the format: request headers and unreadable cassettes as well."""
    found: Counter[str] = Counter()
    for _, text in files():
        for string in strings(yaml.load(text, Inert)):
            found.update(finding.rule for finding in scrub.scan_text(string))
    in_a_request_header = Counter({"aws-session-token": 1})  # X-Amz-Security-Token of a bedrock call
    assert found == Counter(BODIES_AND_URLS) + in_a_request_header


def test_what_is_scrubbed_has_nothing_left_and_the_rest_is_untouched() -> None:
    changed: set[str] = set()
    for name, interaction in interactions():
        result = scrub.clean(interaction)
        assert Scrubber().scan(result) == [], name
        assert scrub.clean(result) is result, name
        assert scrub.scan_text(schema.dump(CassetteData((result,)))) == [], name
        bodies = (interaction.request, interaction.response.body), (result.request, result.response.body)
        if bodies[0] != bodies[1]:
            changed.add(name.rpartition("/")[2])
        else:
            assert result.request is interaction.request, name
    assert len(changed) == 3


def test_with_personal_rules_too_scrubbing_settles() -> None:
    scrubber = Scrubber(personal=True, values={"A_KEY": "completely-unused-9" + "Zq"})
    for name, interaction in interactions():
        result = scrubber.interaction(interaction, Ledger())
        assert scrubber.scan(result) == [], name
