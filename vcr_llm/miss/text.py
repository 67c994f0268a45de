"""The text of a miss: what was asked, the closest recording, what differs, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from vcr_llm.diff import Difference, differences, in_one_line, printable
from vcr_llm.fingerprint import Fingerprint, Place, fingerprint
from vcr_llm.interaction import Request
from vcr_llm.miss.cause import EMPTY, NEVER, NO_FILE, Cause, cause
from vcr_llm.miss.closest import Closest, closest
from vcr_llm.miss.hints import normalizers_that_match
from vcr_llm.miss.situation import Situation
from vcr_llm.providers import read_messages
from vcr_llm.report import asked, first_words
from vcr_llm.side_calls import side_call

__all__ = ["miss_text"]

_WIDTH: Final = 110
_FEW: Final = 8
"""Differences that are named one by one."""
_FIELD: Final = re.compile(r"[^.\[,]+")


def miss_text(situation: Situation) -> str:
    """Why a call has no answer, and what to do: lines of text, the first for a summary."""
    found = closest(situation)
    if found is None:
        reason = EMPTY if situation.exists else NO_FILE
        lines = [*_head(situation, reason), f"  To record it:  {situation.advice.first}"]
    else:
        reason = cause(situation, found)
        lines = [*_head(situation, reason), *_compared(situation, found, reason)]
    lines += _beside(situation)
    if situation.source:
        lines.append(f"  (The record mode is set in {situation.source}, which goes before the command line.)")
    return "\n".join(map(printable, lines))


def _head(situation: Situation, reason: Cause) -> Iterator[str]:
    count = f"{situation.count} interaction{'' if situation.count == 1 else 's'}"
    state = count if situation.exists else "no such file"
    yield f"No recording answers this call: {reason.sentence}."
    yield f"  asked:     {_described(situation.clean(situation.live))}"
    yield f"  cassette:  {situation.path} ({state}; record mode {situation.mode})"


def _compared(situation: Situation, found: Closest, reason: Cause) -> Iterator[str]:
    recorded = situation.recorded(found.number)
    played = ", played already" if situation.played(found.number) else ""
    yield f"  closest:   interaction {found.number + 1}{played}: {_described(situation.clean(recorded))}"
    matters: list[Difference] = []
    if reason is not NEVER:
        all_found = differences(situation.seen(recorded), situation.seen(situation.live), _FEW)
        matters, rest = _sorted(situation, situation.print_of(situation.live), all_found)
        if reason.kind == "operation":  # bodies of two shapes
            matters = [each for each in matters if each.part in Place._fields]
            rest = []
        for difference in matters[:_FEW]:
            yield from (f"    {line}" for line in difference.lines(_WIDTH))
        if len(matters) > _FEW:
            yield f"    … and {len(matters) - _FEW} more"
        if rest:
            yield f"    (and what does not count: {in_one_line(rest[:3])}{'; …' if len(rest) > 3 else ''})"
    yield f"  To record it too:  {situation.advice.more}"
    if reason not in (NEVER,) and reason.kind not in ("played", "operation"):
        yield f"  To record again:   {situation.advice.again}"
    yield from _otherwise(situation, recorded, reason, matters)


def _otherwise(
    situation: Situation, recorded: Request, reason: Cause, matters: Sequence[Difference]
) -> Iterator[str]:
    """What else would help: an option, where there is one for this."""
    option, here = situation.advice.option, situation.advice.option_here
    if option is None or here is None:
        return
    if reason.kind == "host":
        yield f"  If the host is not to count:  {option.format('match_host=False')}"
    elif reason.kind == "played" and situation.print_of(situation.live).call is None:
        yield f"  If it is to answer again:  {here.format('allow_playback_repeats=True')}"
    elif reason.kind == "played":
        yield f"  If the last one is to answer again:  {option.format('repeats=True')}, the default"
    elif reason.kind == "strict":
        yield "  If that is not to count:  leave out strict=True (or the matcher llm_strict)"
    if "prompt" in reason.kind.split() or reason.kind == "strict":
        given = normalizers_that_match(situation, recorded, matters)
        if given:
            values = ", ".join(_literal(value) for value in given)
            text = option.format(f"normalize=[{values}]")
            yield f"  If that changes with every run:  {text}, with which this recording answers"


def _beside(situation: Situation) -> Iterator[str]:
    """For telemetry and the like, which nobody meant to record."""
    found = side_call(situation.live)
    if found is None:
        return
    if situation.advice.option is not None:
        option = situation.advice.option.format("ignore_side_calls=True")
        yield f"  It is a side call ({found.name}). To let those pass by:  {option}"
    if found.switch:
        yield f"  To turn it off:  {found.switch}"


def _literal(value: object) -> str:
    """A value of the option ``normalize`` as Python source."""
    if isinstance(value, tuple):
        pattern, replacement = value
        return f'(r"{pattern}", "{replacement}")'
    return f'"{value}"'


def _sorted(
    situation: Situation, live: Fingerprint, found: Sequence[Difference]
) -> tuple[list[Difference], list[Difference]]:
    """The differences that make it another call, and the others."""
    if situation.strict or live.call is None:
        return list(found), []
    operation = live.call.operation
    temperatures = operation.temperature
    counting = {
        "method",
        "path",
        *operation.prompt,
        operation.model,
        operation.stream,
        *situation.rules.match_on,
    }
    counting |= {temperatures} if isinstance(temperatures, str) else set(temperatures)
    if situation.rules.match_host:
        counting.add("host")
    if not operation.prompt:
        return list(found), []

    def counts(difference: Difference) -> bool:
        field = _FIELD.match(difference.part)
        return field is not None and any(
            name == field.group() or name.startswith(f"{field.group()}.") for name in counting
        )

    return [each for each in found if counts(each)], [each for each in found if not counts(each)]


def _described(request: Request) -> str:
    call = fingerprint(request).call
    if call is None:
        return f"{request.method} {request.url.partition('?')[0]}"
    model = f", {call.model}" if call.model else ""
    stream = ", streamed" if call.stream else ""
    return f"{call.operation}{model}{stream}: {first_words(asked(read_messages(call)))}"
