"""Why a recording does not answer a call: one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vcr_llm.fingerprint import Fingerprint, normalised, place, whole_request
from vcr_llm.interaction import Request
from vcr_llm.miss.closest import Closest
from vcr_llm.miss.situation import Situation
from vcr_llm.providers import Call, read_messages

__all__ = ["EMPTY", "NEVER", "NO_FILE", "Cause", "cause"]

_ALIKE: Final = 0.3
"""The likeness of two prompts below which one is not the other, changed."""


@dataclass(frozen=True, slots=True)
class Cause:
    """``kind``: a key of this module's tables, or the parts that differ, by name. ``sentence``: for people,
    to follow "No recording answers this call:".
    """

    kind: str
    sentence: str


NO_FILE: Final = Cause("no file", "there is no cassette yet")
EMPTY: Final = Cause("empty", "the cassette is empty")
NEVER: Final = Cause("never", "nothing like it was recorded")

_ONLY: Final[Mapping[str, str]] = {
    "method": "it was recorded with another method",
    "host": "it was recorded at another host",
    "path": "it was recorded at another path",
    "query": "it was recorded with another query",
    "model": "it was recorded with another model",
    "temperature": "it was recorded with another temperature",
    "prompt": "its prompt has changed since it was recorded",
}
"""Where nothing but this differs."""


def cause(situation: Situation, found: Closest) -> Cause:
    """Why the closest recording does not answer."""
    recorded = situation.recorded(found.number)
    live, other = situation.print_of(situation.live), situation.print_of(recorded)
    parts = _parts(situation, live, other, recorded)
    if "prompt" in parts and found.likeness < _ALIKE:
        return NEVER
    if not parts:
        return _same_call(situation, found, live, other)
    if "operation" in parts:
        name = "no LLM call" if other.call is None else f"{other.call.operation}"
        if "prompt" in parts and other.call is not None and live.call is not None:
            return Cause("operation", f"something like it was recorded, by another operation ({name})")
        return Cause("operation", f"it was recorded by another operation ({name})")
    if parts == ["stream"]:
        streams = other.call is not None and other.call.stream
        return Cause(
            "stream",
            "it was recorded as a stream, and this call does not stream"
            if streams
            else "it was recorded without streaming, and this call streams",
        )
    if len(parts) == 1:
        only = _ONLY.get(parts[0], f"its {parts[0]} has changed since it was recorded")
        return Cause(parts[0], only)
    names = ["stream flag" if part == "stream" else part for part in parts]
    listed = _listed(names)
    if "prompt" in parts:
        return Cause(" ".join(parts), f"its {listed} have changed since it was recorded")
    return Cause(" ".join(parts), f"it was recorded with another {listed}")


def _same_call(situation: Situation, found: Closest, live: Fingerprint, other: Fingerprint) -> Cause:
    refusing = situation.refusing(found.number)
    if refusing:
        names = " and ".join(refusing)
        return Cause(
            "matchers",
            f"the {'matcher' if len(refusing) == 1 else 'matchers'} {names} of this suite "
            f"{'refuses' if len(refusing) == 1 else 'refuse'} the recording of it",
        )
    if situation.strict and live.call is not None and live.whole != other.whole:
        fields = _listed(_changed_fields(situation, found))
        return Cause("strict", f"only {fields} changed since it was recorded, and matching is strict")
    count = sum(
        (one.place, one.key) == (live.place, live.key)
        for one in map(situation.print_of, map(situation.recorded, range(situation.count)))
    )
    if count == 1:
        return Cause("played", "its one recording has been played already")
    return Cause("played", f"its {count} recordings have all been played already")


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _changed_fields(situation: Situation, found: Closest) -> list[str]:
    """The fields of the body, or the query, that are not as recorded."""
    live, recorded = situation.seen(situation.live), situation.seen(situation.recorded(found.number))
    before, after = normalised(whole_request(recorded)), normalised(whole_request(live))
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return ["the body"]
    names = dict.fromkeys([*before, *after])
    changed = [name for name in names if before.get(name) != after.get(name)]
    return changed or ["the query"]


def _parts(situation: Situation, live: Fingerprint, other: Fingerprint, recorded: Request) -> list[str]:
    """The parts of the key that differ, by the names users know."""
    one, two = place(situation.seen(situation.live)), place(situation.seen(recorded))
    places = {"method": (one.method, two.method), "host": (one.host, two.host), "path": (one.path, two.path)}
    if not situation.rules.match_host:
        del places["host"]
    if live.call is None and other.call is None:
        places["query"] = one.query, two.query
    if live.call is None or other.call is None:
        operation = ["operation"] if live.call is not other.call else []
        return operation + [name for name, (first, second) in places.items() if first != second]
    if str(live.call.operation) != str(other.call.operation):
        words = situation.rules.match_on
        prompt = _values(live.call, words)["prompt"] != _values(other.call, words)["prompt"]
        return ["operation", *(["prompt"] if prompt and _first(live.call) != _first(other.call) else [])]
    found = [name for name, (first, second) in places.items() if first != second]
    if live.key == other.key:
        return found
    before, after = (
        _values(other.call, situation.rules.match_on),
        _values(live.call, situation.rules.match_on),
    )
    return [name for name in after if before.get(name) != after[name]] + found or ["prompt"]


def _first(call: Call) -> Any:
    """What two operations' prompts have in common where they ask the same."""
    return [message.text for message in read_messages(call) if message.role not in ("system", "developer")]


def _values(call: Call, match_on: Sequence[str]) -> dict[str, Any]:
    """The parts of an LLM call's key (see `fingerprint`), the prompt first."""
    found: dict[str, Any] = {"prompt": None, "stream": call.stream}
    for name in match_on:
        if name == "messages":
            found["prompt"] = normalised(call.prompt)
        elif name == "model":
            found["model"] = call.model
        elif name == "temperature":
            default = call.operation.default_temperature
            found["temperature"] = default if call.temperature is None else call.temperature
        else:
            found[name] = normalised(call.rest.get(name, call.prompt.get(name)))
    return found
