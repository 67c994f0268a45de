"""What of a request changes with every run and is to play no part in matching: ids, dates, paths.

A normalizer puts one word in the place of what changes, in requests as they are compared, live and recorded
ones alike; what is stored stays as it was sent. It sees every text in a body but the model's name, which
may hold a date that matters (``gpt-4o-2024-08-06``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vcr_llm import jsontext
from vcr_llm.errors import OptionError
from vcr_llm.interaction import NO_JSON, Body, Request
from vcr_llm.providers import classify

__all__ = ["AS_SENT", "NAMES", "Normalizer", "normalizer"]

Rewrite = Callable[[str], str]

_MONTH: Final = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?"
    r"|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_WEEKDAY: Final = r"(?:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?,? +)?"
_DAY: Final = r"\d{1,2}(?:st|nd|rd|th)?"
_YEAR: Final = r"(?:19|20)\d\d"
_DATE: Final = (
    rf"(?:{_WEEKDAY}(?:{_YEAR}-\d\d-\d\d|{_YEAR}/\d\d/\d\d|{_MONTH} +{_DAY},? +{_YEAR}"
    rf"|{_DAY} +{_MONTH},? +{_YEAR}|\d{{1,2}}[./]\d{{1,2}}[./]{_YEAR})"
    r"|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
)
_NOON: Final = r"(?:[AaPp][Mm]\b|[AaPp]\.[Mm]\.)"
_CLOCK: Final = rf"\d{{1,2}}:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?{_NOON})?"
_ZONE: Final = r"(?:Z\b| ?[+-]\d\d:?\d\d\b| (?:UTC|GMT|[ECMP][SD]T|CES?T)\b)?"
_START: Final = r"(?<![\w.-])"
_END: Final = r"(?![\w-])"

_PATTERNS: Final[Mapping[str, tuple[str, str]]] = {
    "uuid": (
        (
            r"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32})"
            r"(?![0-9A-Za-z])"
        ),
        "<uuid>",
    ),
    "tmp_path": (
        # pytest's own, then the names that `tempfile` gives: "tmp" and eight characters. A path is bounded,
        # because base64 looks like one.
        (
            r"(?:[A-Za-z]:)?(?:[\\/]+[\w.~+-]{1,80}?){0,16}[\\/]+"
            r"(?:pytest-of-[^\\/\s\"']+[\\/]+pytest-\w+(?:[\\/]+popen-gw\d+)?"
            r"(?:[\\/]+[\w.\[\]-]{1,120}?\d+(?=[\\/\s\"',;:)]|\.(?:\s|$)|$))?"
            r"|tmp[a-z0-9_]{8})(?![A-Za-z0-9])"
        ),
        "<tmp_path>",
    ),
    "timestamp": (
        (
            rf"{_START}(?:{_DATE}(?:[T ]|,? +(?:at +)?|, ?){_CLOCK}{_ZONE}"
            rf"|\d{{1,2}}:\d\d:\d\d(?:[.,]\d+)?(?: ?{_NOON})?{_ZONE}"
            rf"|\d{{1,2}}:\d\d ?{_NOON}{_ZONE}"
            r"|1[5-9]\d{8}(?:\d{3}|\d{6}|\d{9}|\.\d+)?)" + _END
        ),
        "<timestamp>",
    ),
    "date": (_START + _DATE + r"(?!\w)", "<date>"),
}
"""In the order in which they are applied: a date inside a timestamp belongs to it."""

_CALL_IDS: Final = "tool_call_id"
NAMES: Final = (*_PATTERNS, _CALL_IDS)
"""The normalizers that have a name."""


@dataclass(frozen=True, slots=True)
class Normalizer:
    """Requests as they are compared. ``rewrites`` go over every text, one after the other; with
    ``call_ids`` the ids of tool calls are numbered in the order in which they appear.
    """

    rewrites: tuple[Rewrite, ...] = ()
    call_ids: bool = False

    def __bool__(self) -> bool:
        return bool(self.rewrites or self.call_ids)

    def __call__(self, request: Request) -> Request:
        """The request with its body normalised; the very same object where nothing changes."""
        body = request.body
        if body is None or not self:
            return request
        value = body.json
        if value is NO_JSON:
            # A form, or plain text.
            text = body.text
            changed = text if text is None else self.text(text)
            if changed is None or changed == text:
                return request
            return Request(request.method, request.url, Body(changed.encode("utf-8")))
        changed = self._value(value, _model_field(request), {})
        if changed == value:
            return request
        return Request(request.method, request.url, Body(jsontext.compact(changed).encode("utf-8")))

    def text(self, text: str) -> str:
        for rewrite in self.rewrites:
            text = rewrite(text)
        return text

    def _value(self, value: Any, kept: str, ids: dict[str, str], parent: str = "") -> Any:
        """A JSON value with its texts rewritten, but for the field ``kept`` of the outermost object."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._value(member, "", ids, parent) for member in value]
        if isinstance(value, dict):
            found = {}
            for name, member in value.items():
                if name == kept:
                    found[name] = member
                elif self.call_ids and isinstance(member, str) and _is_call_id(name, value, parent):
                    found[name] = ids.setdefault(member, f"<tool_call {len(ids) + 1}>")
                else:
                    found[name] = self._value(member, "", ids, name)
            return found
        return value


AS_SENT: Final = Normalizer()
"""Nothing is normalised."""


def normalizer(given: Any) -> Normalizer:
    """The normalizer of the option ``normalize``: names, pairs (regular expression, replacement), functions.

    A function takes a text and returns a text. The pairs and functions come first, in the order given, so
    that they see texts as they were sent. Raises `OptionError`.
    """
    if isinstance(given, str | re.Pattern) or callable(given):
        given = [given]
    if not isinstance(given, Iterable):
        raise _unknown(given)
    own: list[Rewrite] = []
    named: set[str] = set()
    for one in given:
        if isinstance(one, str):
            if one not in NAMES:
                raise _unknown(one)
            named.add(one)
        else:
            own.append(_rewrite(one))
    own += [
        _substitution(re.compile(pattern), written)
        for name, (pattern, written) in _PATTERNS.items()
        if name in named
    ]
    return Normalizer(tuple(own), _CALL_IDS in named)


def _rewrite(one: Any) -> Rewrite:
    if isinstance(one, tuple | list) and len(one) == 2:
        pattern, replacement = one
        try:
            return _substitution(re.compile(pattern), replacement)
        except (re.error, TypeError) as error:
            reason = f"pattern ({error})"
            raise OptionError("normalize", str(pattern), (), what=reason) from None
    if callable(one):
        rewrite: Rewrite = one
        return rewrite
    raise _unknown(one)


def _substitution(pattern: re.Pattern[str], replacement: Any) -> Rewrite:
    return lambda text: pattern.sub(replacement, text)


def _unknown(one: Any) -> OptionError:
    text = one if isinstance(one, str) else repr(one)
    known = (*NAMES, "(regular expression, replacement)", "a function from text to text")
    return OptionError("normalize", text, known, what="normalizer")


# --- where things are --------------------------------------------------------------------------------

_ID_FIELDS: Final = frozenset({"tool_call_id", "tool_use_id", "call_id", "toolCallId", "toolUseId"})
_CALL_PARENTS: Final = frozenset({"tool_calls", "functionCall", "functionResponse"})
_CALL_TYPES: Final = ("tool_use", "tool_call", "tool_result", "function_call", "function_call_output")


def _is_call_id(name: str, fields: Mapping[str, Any], parent: str) -> bool:
    """Whether a field holds the id of a tool call: by its name, or it is the ``id`` of what is one."""
    if name in _ID_FIELDS:
        return True
    return name == "id" and (parent in _CALL_PARENTS or str(fields.get("type")).endswith(_CALL_TYPES))


def _model_field(request: Request) -> str:
    call = classify(request)
    return "model" if call is None else call.operation.model
