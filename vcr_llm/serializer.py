"""The serializer ``llm.json``: vcrpy's cassette dict to the text of our document, and back.

Its name is ``llm.json`` because pytest-recording makes the cassette's suffix from it. Reading goes by
content: our own document, llm-mock's, and vcrpy's JSON and YAML cassettes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml

from vcr_llm import schema, vcr_bridge
from vcr_llm.errors import UnreadableCassetteError
from vcr_llm.interaction import CassetteData, Interaction
from vcr_llm.pairs import Pairs
from vcr_llm.schema.dumping import SaveFile
from vcr_llm.schema.loading import ReadFile
from vcr_llm.scrub import DEFAULT, Ledger, Scrubber
from vcr_llm.vcr_bridge import Pair, VcrRequest

__all__ = [
    "LLM_JSON",
    "NAME",
    "Content",
    "LlmJsonSerializer",
    "dump_interactions",
    "load_pairs",
    "to_interactions",
]

NAME: Final = "llm.json"
_CONFLICT: Final = re.compile(r"^<{7} ", re.MULTILINE)


class Content:
    """What a cassette's text holds: vcrpy's pairs, and what belongs to the cassette as a whole."""

    def __init__(
        self, pairs: list[Pair], head: CassetteData | None = None, metadata: Mapping[str, Any] | None = None
    ) -> None:
        self.pairs = pairs
        self.head = head
        """The document without its interactions, None for a cassette of another format."""
        self.metadata = metadata
        """vcrpy's metadata (``Cassette.get_metadata``)."""


def load_pairs(text: str, read_file: ReadFile | None = None) -> Content:
    """A cassette's text in any known format. Raises `UnreadableCassetteError`."""
    opened = schema.open_document(text, read_file)
    if opened is not None:
        entries, data = opened
        return _content(Pairs(entries), data)
    try:
        if text.lstrip()[:1] not in ("{", "[", ""):
            return _from_vcrpy(text, vcr_bridge.yamlserializer)
        document = schema.load_json(text)
        if schema.is_document(document):
            data = schema.load(text, read_file, document)
            return _content([vcr_bridge.to_pair(interaction) for interaction in data.interactions], data)
        return _from_vcrpy(text, vcr_bridge.jsonserializer)
    except UnreadableCassetteError:
        conflict = _CONFLICT.search(text)
        if conflict is None:
            raise
        raise UnreadableCassetteError(
            "The cassette has an unresolved merge conflict",
            line=text.count("\n", 0, conflict.start()) + 1,
            column=1,
            remedy="Take one side whole (git checkout --ours or --theirs), or record it again.",
        ) from None


def _content(pairs: list[Pair], data: CassetteData) -> Content:
    extra = dict(data.extra)
    metadata = extra.pop("metadata", None)
    return Content(pairs, CassetteData((), data.provider, extra), metadata)


def _from_vcrpy(text: str, serializer: Any) -> Content:
    """A cassette that vcrpy wrote. Its loaders raise whatever the damage leads to."""
    try:
        requests, responses, *metadata = vcr_bridge.deserialize(text, serializer)
    except Exception as error:
        # vcrpy turns a tag it refuses into a ValueError with the YAML error as its cause.
        cause = error if isinstance(error, yaml.MarkedYAMLError) else error.__cause__
        if isinstance(cause, yaml.MarkedYAMLError):
            raise _yaml_error(cause) from None
        raise UnreadableCassetteError(
            "This is neither an LLM cassette nor one of vcrpy's: it has no list of interactions that could "
            "be read" + (f" ({error})" if isinstance(error, ValueError) else ""),
            line=1,
            column=1,
            remedy="Name a cassette, or delete the file and record again with --record-mode=once.",
        ) from None
    return Content(list(zip(requests, responses, strict=True)), metadata=metadata[0] if metadata else None)


def to_interactions(
    pairs: Iterable[Pair], scrubber: Scrubber = DEFAULT, ledger: Ledger | None = None
) -> list[Interaction]:
    """Recorded pairs as they are stored: decoded, and without what must not be stored.

    ``ledger``: the placeholders of the cassette they go into, none by default.
    """
    ledger = ledger or Ledger()
    return [
        scrubber.interaction(vcr_bridge.to_interaction(request, vcr_bridge.decoded(response)), ledger)
        for request, response in pairs
    ]


def dump_interactions(
    interactions: Iterable[Interaction],
    head: CassetteData | None = None,
    metadata: Mapping[str, Any] | None = None,
    save_file: SaveFile | None = None,
) -> str:
    """The document of stored interactions; the same ones always give the same bytes."""
    head = head or CassetteData()
    extra = {**head.extra, **({"metadata": metadata} if metadata else {})}
    return schema.dump(CassetteData(tuple(interactions), head.provider, extra), save_file)


def _yaml_error(error: yaml.MarkedYAMLError) -> UnreadableCassetteError:
    mark = error.problem_mark or error.context_mark
    return UnreadableCassetteError(
        f"The cassette is not valid YAML: {error.problem or error.context}",
        line=mark.line + 1 if mark else None,
        column=mark.column + 1 if mark else None,
    )


class LlmJsonSerializer:
    """What ``register_serializer`` of any ``vcr.VCR`` takes."""

    @staticmethod
    def deserialize(cassette_string: str) -> dict[str, Any]:
        content = load_pairs(cassette_string)
        interactions = [
            {
                "request": {
                    "method": request.method,
                    "uri": request.uri,
                    "body": request.body,
                    "headers": dict(request.headers),
                },
                "response": response,
            }
            for request, response in content.pairs
        ]
        metadata = {"metadata": content.metadata} if content.metadata else {}
        return {"version": 1, "interactions": interactions, **metadata}

    @staticmethod
    def serialize(cassette_dict: Mapping[str, Any]) -> str:
        pairs = [
            (VcrRequest(**entry["request"]), entry["response"]) for entry in cassette_dict["interactions"]
        ]
        return dump_interactions(to_interactions(pairs), metadata=cassette_dict.get("metadata"))


LLM_JSON: Final = LlmJsonSerializer()
