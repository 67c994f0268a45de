"""The serializer ``llm.json``: vcrpy's cassette dict to the text of our document, and back.

Its name is ``llm.json`` because pytest-recording makes the cassette's suffix from it. Reading goes by
content, in all formats of `formats`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vcr_llm import formats, schema, vcr_bridge
from vcr_llm.interaction import CassetteData, Interaction
from vcr_llm.pairs import Pairs
from vcr_llm.schema import Standing
from vcr_llm.schema.dumping import SaveFile
from vcr_llm.schema.loading import ReadFile
from vcr_llm.scrub import DEFAULT, Ledger, Scrubber
from vcr_llm.vcr_bridge import Pair, VcrRequest

__all__ = [
    "LLM_JSON",
    "NAME",
    "Content",
    "Item",
    "LlmJsonSerializer",
    "Stored",
    "dump_interactions",
    "dump_items",
    "load_pairs",
    "to_interactions",
    "to_items",
]

NAME: Final = "llm.json"


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
    reading = formats.read(text, read_file=read_file)
    if reading.document is None:
        pairs = [vcr_bridge.recorded_pair(recording) for recording in reading.recordings]
        return Content(pairs, metadata=reading.extra.get("metadata"))
    data = reading.document
    return _content([vcr_bridge.to_pair(interaction) for interaction in data.interactions], data)


def _content(pairs: list[Pair], data: CassetteData) -> Content:
    extra = dict(data.extra)
    metadata = extra.pop("metadata", None)
    return Content(pairs, CassetteData((), data.provider, extra), metadata)


def to_interactions(
    pairs: Iterable[Pair], scrubber: Scrubber = DEFAULT, ledger: Ledger | None = None
) -> list[Interaction]:
    """Recorded pairs as they are stored: decoded, and without what must not be stored.

    ``ledger``: the placeholders of the cassette they go into, none by default.
    """
    return [item.interaction for item in _stored(pairs, scrubber, ledger or Ledger())]


def _stored(pairs: Iterable[Pair], scrubber: Scrubber, ledger: Ledger) -> Iterator[Stored]:
    if isinstance(pairs, Pairs):
        recorded = pairs.interactions()
    else:
        recorded = (vcr_bridge.decoded_interaction(*pair) for pair in pairs)
    return (Stored(*scrubber.cleaned(interaction, ledger)) for interaction in recorded)


@dataclass(frozen=True, slots=True)
class Stored:
    """An interaction as it is stored. ``clean``: whether nothing had to be taken out, so that a scan by the
    same rules finds nothing either."""

    interaction: Interaction
    clean: bool = False


Item = Stored | Standing


def to_items(pairs: Iterable[Pair], scrubber: Scrubber = DEFAULT, ledger: Ledger | None = None) -> list[Item]:
    """The same as `to_interactions`, and what is known of each.

    What stands in a file and has nothing to scrub is looked at only once.
    """
    ledger = ledger or Ledger()
    if not isinstance(pairs, Pairs):
        return list(_stored(pairs, scrubber, ledger))
    items: list[Item] = []
    for place in range(len(pairs)):
        standing = pairs.standing(place)
        if standing is None or not scrubber.leaves(standing.parts()):
            items.append(Stored(*scrubber.cleaned(pairs.decoded(place), ledger)))
        else:
            items.append(standing)
    return items


def dump_interactions(
    interactions: Iterable[Interaction],
    head: CassetteData | None = None,
    metadata: Mapping[str, Any] | None = None,
    save_file: SaveFile | None = None,
) -> str:
    """The document of stored interactions; the same ones always give the same bytes."""
    return dump_items([Stored(each) for each in interactions], head, metadata, save_file)


def dump_items(
    items: Iterable[Item],
    head: CassetteData | None = None,
    metadata: Mapping[str, Any] | None = None,
    save_file: SaveFile | None = None,
) -> str:
    """The same of what `to_items` gives."""
    head = head or CassetteData()
    extra = {**head.extra, **({"metadata": metadata} if metadata else {})}
    plain = [item if isinstance(item, Standing) else item.interaction for item in items]
    return schema.dump_items(CassetteData((), head.provider, extra), plain, save_file)


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
