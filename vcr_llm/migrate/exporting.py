"""Back from our cassettes to vcrpy's formats and to strict llm-mock files, saying what is lost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vcr_llm import formats, schema, streams, vcr_bridge
from vcr_llm.errors import VcrLlmError
from vcr_llm.interaction import EPOCH, CassetteData, Interaction
from vcr_llm.jsontext import pretty
from vcr_llm.migrate.conversion import LossError, difference
from vcr_llm.providers import classify

__all__ = ["FORMATS", "Export", "ExportError", "Exported"]


class ExportError(VcrLlmError):
    """A cassette that the other format cannot hold. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Exported:
    """The text of another format. ``interactions``: how many are in it. ``lost``: what is not, a phrase each.

    ``text`` is "" where nothing of the cassette fits.
    """

    text: str
    interactions: int
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Export:
    """One format to export to. ``suffix`` takes the place of ``.llm.json``."""

    suffix: str
    dump: Callable[[CassetteData], Exported]


# --- vcrpy's ------------------------------------------------------------------------------------------


def _by_vcrpy(serializer: Any, data: CassetteData) -> Exported:
    pairs = [_vcrpys_pair(interaction) for interaction in data.interactions]
    cassette = {"requests": [pair[0] for pair in pairs], "responses": [pair[1] for pair in pairs]}
    if data.extra.get("metadata"):
        cassette["metadata"] = data.extra["metadata"]
    text: str = vcr_bridge.serialize(cassette, serializer)
    again = formats.read(text).data().interactions
    for number, (one, other) in enumerate(zip(data.interactions, again, strict=True)):
        what = difference(one, other)
        if what is not None:
            raise LossError(number, what)
    more = sum(bool(each.extra) for each in data.interactions) + bool(data.extra.keys() - {"metadata"})
    lost = ("members of the document that vcrpy does not know",) if more else ()
    return Exported(text, len(pairs), lost)


def _vcrpys_pair(interaction: Interaction) -> vcr_bridge.Pair:
    request, response = vcr_bridge.to_pair(interaction)
    # vcrpy keeps members of a response that it does not know; ours is read again from there.
    date = {} if interaction.date == EPOCH else {"recorded_at": interaction.date}
    return request, {**vcr_bridge.without_rider(response), **date}


def _to_yaml(data: CassetteData) -> Exported:
    return _by_vcrpy(vcr_bridge.yamlserializer, data)


def _to_json(data: CassetteData) -> Exported:
    for number, interaction in enumerate(data.interactions, 1):
        bodies = (interaction.request.body, interaction.response.body)
        if any(body is not None and body.text is None for body in bodies):
            raise ExportError(
                f"Interaction {number} has a body that is no text, which vcrpy's JSON cannot hold. "
                "Use: vcr-llm export --to vcr-yaml"
            )
    return _by_vcrpy(vcr_bridge.jsonserializer, data)


# --- llm-mock's ---------------------------------------------------------------------------------------

_MEMBERS: Final = ("hash", "request", "response", "streaming", "stream_events", "recorded_at")
_REPLAYED: Final = frozenset({("openai", "chat"), ("anthropic", "messages")})
"""The operations that llm-mock 1.0.1 answers, each on its provider's own host."""


def _to_llm_mock(data: CassetteData) -> Exported:
    document = json.loads(schema.dump(data))
    entries: list[Mapping[str, Any]] = []
    left_out: Counter[str] = Counter()
    silent = 0
    for interaction, entry in zip(data.interactions, document["interactions"], strict=True):
        reason = _unsuitable(interaction, entry)
        if reason:
            left_out[reason] += 1
            continue
        call = classify(interaction.request)
        operation = (call.operation.provider, call.operation.name) if call else None
        silent += operation not in _REPLAYED
        entries.append({**{name: entry[name] for name in _MEMBERS}, "stream_events": _events(entry)})
    lost = [f"{_plural(count)} with {reason}" for reason, count in left_out.items()]
    if entries and any("http" in entry for entry in document["interactions"]):
        lost.append("http (method, URL, status and headers)")
    if silent:
        lost.append(f"the replay of {_plural(silent)}: llm-mock answers only chat completions and messages")
    if not entries and data.interactions:
        return Exported("", 0, tuple(lost))
    strict = {"version": document["version"], "provider": document["provider"], "interactions": entries}
    return Exported(pretty(strict, long_members=frozenset({"stream_events"})), len(entries), tuple(lost))


def _plural(count: int) -> str:
    return f"{count} interaction" if count == 1 else f"{count} interactions"


def _unsuitable(interaction: Interaction, entry: Mapping[str, Any]) -> str:
    """Why llm-mock's schema has no room for an interaction; "" where it has."""
    response = interaction.response
    if response.status != 200:
        return f"the status {response.status}"
    body = interaction.request.body
    if body is None or not isinstance(body.json, dict):
        return "a request that is no JSON object"
    if entry["streaming"]:
        content_type = next(iter(response.headers.get("content-type", ())), "")
        found = streams.parse(response.body.raw, content_type)
        return "" if found and found[0] is streams.SSE else "a stream of another kind than server-sent events"
    return "" if entry["response"] else "a response that is no JSON object"


def _events(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {name: event[name] for name in ("event", "data") if name in event} for event in entry["stream_events"]
    ]


FORMATS: Final[Mapping[str, Export]] = {
    "vcr-yaml": Export(".yaml", _to_yaml),
    "vcr-json": Export(".json", _to_json),
    "llm-mock": Export(".json", _to_llm_mock),
}
"""What ``vcr-llm export --to`` takes."""
