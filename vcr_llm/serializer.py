"""The serializer ``llm.json``: vcrpy's cassette dict to the text of our document, and back.

Its name is ``llm.json`` because pytest-recording makes the cassette's suffix from it. Reading goes by
content, in all formats of `formats`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    "document",
    "dump_interactions",
    "lay_out",
    "leaves",
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

    def again(self, text: str) -> Content | None:
        """The same as it was when it was read, if it was read from this text; else None."""
        pairs = self.pairs.again(text) if isinstance(self.pairs, Pairs) else None
        return None if pairs is None else Content(pairs, self.head, self.metadata)


def load_pairs(text: str, read_file: ReadFile | None = None, raw: bytes | None = b"") -> Content:
    """A cassette's text in any known format. ``raw``: see `schema.open_document`. Raises
    `UnreadableCassetteError`."""
    opened = schema.open_document(text, read_file, raw)
    if opened is not None:
        entries, data = opened
        return _content(Pairs(entries), data) if data.extra else Content(Pairs(entries), data)
    reading = formats.read(text, read_file=read_file)
    if reading.document is None:
        pairs = [vcr_bridge.recorded_pair(recording) for recording in reading.recordings]
        return Content(pairs, metadata=reading.extra.get("metadata"))
    data = reading.document
    return _content([vcr_bridge.to_pair(interaction) for interaction in data.interactions], data)


def _content(pairs: list[Pair], data: CassetteData) -> Content:
    if "metadata" not in data.extra and not data.interactions:
        return Content(pairs, data)
    extra = dict(data.extra)
    metadata = extra.pop("metadata", None)
    return Content(pairs, CassetteData((), data.provider, extra), metadata)


def to_interactions(
    pairs: Iterable[Pair], scrubber: Scrubber = DEFAULT, ledger: Ledger | None = None
) -> list[Interaction]:
    """Recorded pairs as they are stored: decoded, and without what must not be stored.

    ``ledger``: the placeholders of the cassette they go into, none by default.
    """
    ledger = ledger or Ledger()
    return [scrubber.interaction(interaction, ledger) for interaction in _recorded(pairs)]


def _recorded(pairs: Iterable[Pair]) -> Iterator[Interaction]:
    if isinstance(pairs, Pairs):
        return pairs.interactions()
    return (vcr_bridge.decoded_interaction(*pair) for pair in pairs)


@dataclass(frozen=True, slots=True)
class Stored:
    """An interaction as it is stored. ``clean``: it stood in a file, and scrubbing found nothing in it, so
    that a scan by the same rules finds nothing either."""

    interaction: Interaction
    clean: bool = False


Item = Stored | Standing
"""What a document is to hold: an interaction, or an entry that stands as it is and has nothing to scrub."""


def to_items(pairs: Iterable[Pair], scrubber: Scrubber = DEFAULT, ledger: Ledger | None = None) -> list[Item]:
    """The same as `to_interactions` and what is known of each, for `lay_out`."""
    ledger = ledger or Ledger()
    if not isinstance(pairs, Pairs):
        return [Stored(interaction) for interaction in to_interactions(pairs, scrubber, ledger)]
    return [_standing_item(pairs, place, scrubber, ledger) for place in range(len(pairs))]


def _standing_item(pairs: Pairs, place: int, scrubber: Scrubber, ledger: Ledger) -> Item:
    standing = pairs.standing(place)
    if standing is not None and leaves(scrubber, standing):
        return standing
    return Stored(*scrubber.cleaned(pairs.decoded(place), ledger))


def leaves(scrubber: Scrubber, entry: Standing, source: Interaction | None = None) -> bool:
    """Whether one look at an entry tells that there is nothing to scrub; ``source``: what it was made of."""
    parts = entry.parts()
    return parts is not None and scrubber.leaves(parts, source)


def lay_out(
    items: Iterable[Item], head: CassetteData | None = None, save_file: SaveFile | None = None
) -> list[Standing]:
    """The entries of the document that is to hold these."""
    plain = [item if isinstance(item, Standing) else item.interaction for item in items]
    return schema.lay_out(head or CassetteData(), plain, save_file)


def document(
    entries: Sequence[Standing],
    head: CassetteData | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> str:
    """The text of the document."""
    head = head or CassetteData()
    extra = {**head.extra, **({"metadata": metadata} if metadata else {})}
    return schema.document(CassetteData((), head.provider, extra), entries)


def dump_interactions(
    interactions: Iterable[Interaction],
    head: CassetteData | None = None,
    metadata: Mapping[str, Any] | None = None,
    save_file: SaveFile | None = None,
) -> str:
    """The document of stored interactions; the same ones always give the same bytes."""
    return document(lay_out(map(Stored, interactions), head, save_file), head, metadata)


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
