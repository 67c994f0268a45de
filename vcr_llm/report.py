"""Facts about a run or a cassette → lines of text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from vcr_llm import diff
from vcr_llm.fingerprint import fingerprint
from vcr_llm.interaction import Request
from vcr_llm.providers import Message, read_messages

__all__ = ["PLAIN", "PYTEST", "Advice", "asked", "first_words", "miss_text"]

_WORDS = 60


@dataclass(frozen=True, slots=True)
class Advice:
    """How to record: a call without a cassette, one more call into a cassette, everything again."""

    first: str
    more: str
    again: str


PYTEST = Advice(
    "pytest --record-mode=once", "pytest --record-mode=new_episodes", "pytest --record-mode=rewrite"
)
PLAIN = Advice("record_mode='once'", "record_mode='new_episodes'", "record_mode='all'")


def miss_text(
    request: Request,
    recorded: Sequence[Request],
    *,
    path: str,
    mode: str,
    exists: bool,
    strict: bool,
    advice: Advice = PYTEST,
) -> str:
    """Why a call has no answer: what was asked, the closest recording and what differs, what to do."""
    lines = [
        f"No recording answers this call, and record mode {mode!r} does not record it.",
        f"  asked:    {_described(request)}",
        f"  cassette: {path} ({_count(len(recorded))})" if exists else f"  cassette: {path} (no such file)",
    ]
    closest = _closest(request, recorded)
    if closest is None:
        lines.append(f"  To record it:  {advice.first}")
        return "\n".join(lines)
    number, found = closest
    lines.append(f"  closest:  interaction {number + 1}: {_described(recorded[number])}")
    lines += [f"    {difference}" for difference in found]
    if not found:
        lines.append("    the same request; its recordings are all played (see the option repeats)")
    elif strict and fingerprint(request).key == fingerprint(recorded[number]).key:
        lines.append("    the same call otherwise; strict matching refuses it")
    lines.append(f"  To record it too:        {advice.more}")
    lines.append(f"  To record again:         {advice.again}")
    return "\n".join(lines)


def _closest(request: Request, recorded: Sequence[Request]) -> tuple[int, list[diff.Difference]] | None:
    """The recording of the same operation with the fewest differences, else the one at the same place."""
    call = fingerprint(request).call
    ranked = []
    for number, other in enumerate(recorded):
        found = diff.differences(other, request)
        other_call = fingerprint(other).call
        same = call is not None and other_call is not None and call.operation == other_call.operation
        ranked.append((not same, len(found), number, found))
    if not ranked:
        return None
    *_, number, found = min(ranked, key=lambda entry: entry[:3])
    return number, found


def _described(request: Request) -> str:
    call = fingerprint(request).call
    if call is None:
        return f"{request.method} {request.url.partition('?')[0]}"
    model = f", {call.model}" if call.model else ""
    stream = ", streamed" if call.stream else ""
    return f"{call.operation}{model}{stream}: {first_words(asked(read_messages(call)))}"


def _count(number: int) -> str:
    return f"{number} interaction{'' if number == 1 else 's'}"


def asked(messages: Sequence[Message]) -> str:
    """The text that people know a call by: the user's last words, else the prompt's last."""
    texts = [message for message in messages if message.text.strip()]
    by_user = [message for message in texts if message.role == "user"]
    return (by_user or texts)[-1].text if texts else ""


def first_words(text: str) -> str:
    """A text on one line, quoted, its first words."""
    line = " ".join(text.split())
    return json.dumps(line if len(line) <= _WORDS else line[: _WORDS - 1].rstrip() + "…", ensure_ascii=False)
