"""Two cassettes → what was asked and answered otherwise, interaction by interaction.

What differs between any two recordings of the same call (ids, dates, fingerprints, the ids of tool calls)
is no difference.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vcr_llm.diff.difference import Difference
from vcr_llm.diff.requests import differences, parsed_text, value_differences
from vcr_llm.diff.words import likeness, word_counts
from vcr_llm.fingerprint import Fingerprint, fingerprint
from vcr_llm.interaction import NO_JSON, Interaction, Request
from vcr_llm.normalizers import normalizer
from vcr_llm.providers import Answer, read_answer, read_messages

__all__ = ["Comparison", "Recorded", "compared"]

_ALIKE: Final = 0.5
"""The likeness of two prompts from which one is taken for the other, changed."""

_VOLATILE: Final = frozenset(
    {
        *("id", "created", "created_at", "createTime", "completed_at", "responseId", "response_id"),
        *("system_fingerprint", "request_id", "obfuscation", "signature", "encrypted_content"),
        *("usage", "usageMetadata", "metrics", "latencyMs", "tool_call_id", "call_id", "item_id"),
        *("total_duration", "load_duration", "prompt_eval_duration", "eval_duration", "timestamp"),
    }
)
"""Fields of responses that are never twice the same; tokens are told by themselves."""

_FEW: Final = 8


@dataclass(frozen=True, slots=True)
class Recorded:
    """One interaction of a cassette: its number, from 1, and what it says."""

    number: int
    interaction: Interaction
    request: Request
    print_: Fingerprint
    answer: Answer | None

    @classmethod
    def of(cls, number: int, interaction: Interaction) -> Recorded:
        request = _NORMALISE(interaction.request)
        print_ = fingerprint(request)
        answer = read_answer(print_.call, interaction) if print_.call is not None else None
        return cls(number, interaction, request, print_, answer)


_NORMALISE: Final = normalizer("tool_call_id")


@dataclass(frozen=True, slots=True)
class Comparison:
    """An interaction before and after: None where it was added or removed. ``changes``: what differs."""

    before: Recorded | None
    after: Recorded | None
    changes: Sequence[Difference] = ()

    @property
    def same(self) -> bool:
        return self.before is not None and self.after is not None and not self.changes


def compared(before: Sequence[Interaction], after: Sequence[Interaction]) -> list[Comparison]:
    """The interactions of two cassettes side by side, in the order of the second."""
    old = [Recorded.of(number, each) for number, each in enumerate(before, 1)]
    new = [Recorded.of(number, each) for number, each in enumerate(after, 1)]
    partners = _partners(old, new)
    left = deque(each for each in old if each not in partners.values())
    found: list[Comparison] = []
    for each in new:
        partner = partners.get(each.number)
        while partner is not None and left and left[0].number < partner.number:
            found.append(Comparison(left.popleft(), None))
        found.append(Comparison(partner, each, _changes(partner, each) if partner is not None else ()))
    return found + [Comparison(each, None) for each in left]


def _partners(old: Sequence[Recorded], new: Sequence[Recorded]) -> dict[int, Recorded]:
    """For numbers of the new ones the old recording: of the same request, else call, else prompt."""
    identities: tuple[Callable[[Recorded], Hashable], ...] = (
        lambda one: (one.print_.place, one.print_.key, one.print_.whole),
        lambda one: (one.print_.place, one.print_.key),
    )
    partners: dict[int, Recorded] = {}
    waiting, free = list(new), list(old)
    for identity in identities:
        queues: dict[Hashable, deque[Recorded]] = defaultdict(deque)
        for each in free:
            queues[identity(each)].append(each)
        for each in waiting:
            if queues[identity(each)]:
                partners[each.number] = queues[identity(each)].popleft()
        taken = {each.number for each in partners.values()}
        waiting = [each for each in waiting if each.number not in partners]
        free = [each for each in free if each.number not in taken]
    words = {id(each): word_counts(_prompt(each)) for each in [*waiting, *free]}
    for each in waiting:
        alike = [
            (likeness(words[id(each)], words[id(other)]), -other.number, other)
            for other in free
            if _operation(each) == _operation(other)
        ]
        best = max(alike, default=None)
        if best is not None and best[0] >= _ALIKE:
            partners[each.number] = best[2]
            free.remove(best[2])
    return partners


def _operation(one: Recorded) -> str:
    return one.print_.place if one.print_.call is None else str(one.print_.call.operation)


def _prompt(one: Recorded) -> str:
    if one.print_.call is None:
        return one.request.url
    return "\n".join(message.text for message in read_messages(one.print_.call))


# --- one interaction ---------------------------------------------------------------------------------


def _changes(before: Recorded, after: Recorded) -> list[Difference]:
    found = [
        Difference(f"request, {each.part}", each.before, each.after)
        for each in differences(before.request, after.request, _FEW)
    ]
    one, other = before.interaction.response.status, after.interaction.response.status
    if one != other:
        found.append(Difference("status", one, other))
    if before.answer is None or after.answer is None:
        return found + _body_changes(before.interaction, after.interaction)
    said = _answer_changes(before.answer, after.answer)
    if not any(each.part == "answer" or each.part.startswith("call of") for each in said):
        # What an answer has besides its text (sources, thoughts), where it was not asked as a stream.
        said = _body_changes(before.interaction, after.interaction)[:_FEW] + said
    return found + said


def _answer_changes(before: Answer, after: Answer) -> list[Difference]:
    found = []
    if before.text != after.text:
        found.append(Difference("answer", before.text or None, after.text or None))
    calls = [_calls(answer) for answer in (before, after)]
    found += value_differences(calls[0], calls[1], _FEW)
    for name in ("finish_reason", "model"):
        one, other = getattr(before, name), getattr(after, name)
        if one != other:
            found.append(Difference(name.replace("_", " "), one, other))
    if before.usage != after.usage:
        texts = [None if each.usage is None else _tokens(each) for each in (before, after)]
        found.append(Difference("tokens", *texts))
    return found


def _calls(answer: Answer) -> dict[str, Any]:
    """An answer's tool calls by what they are called in texts."""
    found: dict[str, Any] = {}
    for call in answer.tool_calls:
        name = f"call of `{call.name}`"
        count = sum(known == name or known.startswith(f"{name} (") for known in found)
        found[f"{name} ({count + 1})" if count else name] = call.arguments
    return found


def _tokens(answer: Answer) -> str:
    usage = answer.usage
    assert usage is not None
    more = [f"{usage.cached:,} cached"] if usage.cached else []
    more += [f"{usage.reasoning:,} of reasoning"] if usage.reasoning else []
    return ", ".join([f"{usage.prompt:,} in", f"{usage.completion:,} out", *more])


def _body_changes(before: Interaction, after: Interaction) -> list[Difference]:
    """The differences of two bodies that are JSON, or that there are some; none of two streams."""
    one, other = before.response.body, after.response.body
    if one.json is NO_JSON or other.json is NO_JSON:
        streams = [
            _kind(each).endswith(("event-stream", "ndjson", "eventstream")) for each in (before, after)
        ]
        return [] if any(streams) or one == other else [Difference("body", one.text or "", other.text or "")]
    return value_differences(_lasting(one.json), _lasting(other.json), _FEW, "body")


def _kind(interaction: Interaction) -> str:
    return next(iter(interaction.response.headers.get("content-type", ())), "").partition(";")[0]


def _lasting(value: Any) -> Any:
    """A JSON value without what is never twice the same, JSON inside texts (tool calls) included."""
    if isinstance(value, str):
        parsed = parsed_text(value)
        return value if parsed is None else _lasting(parsed)
    if isinstance(value, Mapping):
        return {name: _lasting(member) for name, member in value.items() if name not in _VOLATILE}
    return [_lasting(member) for member in value] if isinstance(value, list) else value
