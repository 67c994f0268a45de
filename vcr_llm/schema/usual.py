"""Entries of the shape that most have, so that reading one cannot fail.

With `_interaction` in `loading` this says twice what a document is; a test compares the two.
"""

from __future__ import annotations

from typing import Any, Final

from vcr_llm.schema.terms import HTTP, KNOWN, MEMBERS

__all__ = ["is_usual"]

_EVENT: Final = ("event", "id", "retry")
_HTTP: Final = frozenset({*HTTP, "reason"})


def is_usual(entry: Any) -> bool:
    """Whether an entry has that shape."""
    if type(entry) is not dict or (tuple(entry) != MEMBERS and not entry.keys() <= KNOWN):
        return False
    try:
        http, events = entry["http"], entry["stream_events"]
        if type(http) is not dict or type(events) is not list:
            return False
        if tuple(http) != HTTP and not http.keys() <= _HTTP:
            return False
        status = http["status"]
        return (
            type(entry["request"]) is dict
            and type(entry["response"]) is dict
            and type(entry["streaming"]) is bool
            and type(entry["hash"]) is str
            and type(entry["recorded_at"]) is str
            and type(http["method"]) is str
            and type(http["url"]) is str
            and type(status) is int
            and 100 <= status <= 999
            and ("reason" not in http or type(http["reason"]) is str)
            and _are_headers(http["headers"])
            and (not events or all(map(_is_event, events)))
        )
    except KeyError:
        return False


def _are_headers(headers: Any) -> bool:
    if type(headers) is not dict:
        return False
    # What is still encoded may need a decoder that is not there: that is told when a cassette opens.
    if headers and (not "".join(headers).islower() or "content-encoding" in headers):
        return False
    for values in headers.values():
        if type(values) is not list:
            return False
        for value in values:
            if type(value) is not str:
                return False
    return True


def _is_event(event: Any) -> bool:
    if type(event) is not dict or "data" not in event:
        return False
    for name, value in event.items():
        if name == "data":
            continue
        if name not in _EVENT or type(value) is not str or "\n" in value or "\r" in value:
            return False
    return True
