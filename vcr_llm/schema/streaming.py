"""A stream in the document: its events in ``stream_events``, its framing in ``http.stream``.

Server-sent events need no ``http.stream`` unless something in them is unusual; other formats are named
there. Members with their default are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vcr_llm import streams
from vcr_llm.interaction import Body
from vcr_llm.schema.checks import Wrong, member
from vcr_llm.streams import Format, eventstream, jsonarray, ndjson, sse
from vcr_llm.streams.events import EventStream, StreamEvent
from vcr_llm.streams.jsonstyle import Style

__all__ = ["event_objects", "framing_object", "stream_body", "usual_stream_body"]

Where = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class _View:
    """How the document shows a format: what an event has beside ``data``, and its framing."""

    fields: tuple[str, ...]
    event: Callable[[dict[str, Any], Where], StreamEvent]
    dump: Callable[[Any], dict[str, Any]]
    load: Callable[[dict[str, Any], Where], Any]


# --- writing -----------------------------------------------------------------------------------------


def event_objects(form: Format, stream: EventStream[Any]) -> list[dict[str, Any]]:
    """The events as the objects of ``stream_events``."""
    fields = _VIEWS[form.name].fields
    return [_event_object(event, fields) for event in stream.events]


def _event_object(event: StreamEvent, fields: tuple[str, ...]) -> dict[str, Any]:
    if event.event is event.id is event.retry is None and event.headers is None:
        return {"data": event.data}
    item: dict[str, Any] = {}
    for name in fields:
        value = getattr(event, name)
        if value is not None:
            item[name] = dict(value) if name == "headers" else value
    item["data"] = event.data
    return item


def framing_object(form: Format, stream: EventStream[Any]) -> dict[str, Any]:
    """What stands in ``http.stream``; empty for ordinary server-sent events."""
    named = {} if form is streams.SSE else {"format": form.name}
    return {**named, **_VIEWS[form.name].dump(stream.framing)}


def _sse_object(framing: sse.Framing) -> dict[str, Any]:
    item: dict[str, Any] = {}
    if framing.newline != "\n":
        item["newline"] = framing.newline
    if framing.fields != sse.FIELDS:
        item["fields"] = list(framing.fields)
    if framing.between:
        item["between"] = [{"before": before, "lines": list(lines)} for before, lines in framing.between]
    if framing.end is not None:
        item["end"] = framing.end
    return item


def _lines_object(framing: ndjson.Framing) -> dict[str, Any]:
    item: dict[str, Any] = {}
    if framing.newline != "\n":
        item["newline"] = framing.newline
    if framing.end is not None:
        item["end"] = framing.end
    return {**item, **_style_object(framing.json)}


def _array_object(framing: jsonarray.Framing) -> dict[str, Any]:
    return _style_object(framing.json)


def _amazon_object(framing: eventstream.Framing) -> dict[str, Any]:
    usual = list(framing.headers.items()) == list(eventstream.USUAL_HEADERS.items())
    return {**({} if usual else {"headers": dict(framing.headers)}), **_style_object(framing.json)}


def _style_object(style: Style) -> dict[str, Any]:
    item: dict[str, Any] = {}
    if style.spaced:
        item["spaced"] = True
    if style.escaped:
        item["escaped"] = style.escaped
    return {"json": item} if item else {}


# --- reading -----------------------------------------------------------------------------------------


def stream_body(
    events: list[Any], framing: dict[str, Any], entry: Where, usual: Format = streams.SSE
) -> Body:
    """The body that events and framing stand for, its bytes made when they are first needed.

    ``entry`` leads to the interaction; ``usual`` is the format where the framing names none. Raises `Wrong`.
    """
    place = (*entry, "http", "stream")
    name = member(framing, "format", str, place, usual.name)
    form = streams.FORMATS.get(name)
    if form is None:
        raise Wrong(f'"format" must be one of {", ".join(streams.FORMATS)}', *place, "format")
    view = _VIEWS[name]
    where = (*entry, "stream_events")
    read = tuple(
        view.event(_with_data(item, (*where, number)), (*where, number)) for number, item in enumerate(events)
    )
    stream = EventStream(read, view.load(framing, place))
    build = form.build
    return Body.lazily(lambda: build(stream))


def usual_stream_body(events: list[dict[str, Any]]) -> Body:
    """The same for server-sent events without framing, whose members are what they must be."""

    return Body.lazily(lambda: sse.build_usual(events))


def _with_data(item: Any, where: Where) -> dict[str, Any]:
    if not isinstance(item, dict) or "data" not in item:
        raise Wrong(f'Stream event {int(where[-1]) + 1} is no object with "data"', *where)
    return item


def _plain_event(item: dict[str, Any], _where: Where) -> StreamEvent:
    return StreamEvent(item["data"])


def _sse_event(item: dict[str, Any], where: Where) -> StreamEvent:
    event, id_, retry = (_line(item, name, where) for name in ("event", "id", "retry"))
    return StreamEvent(item["data"], event, id_, retry)


def _line(item: dict[str, Any], name: str, where: Where) -> str | None:
    value: str | None = member(item, name, str, where, None)
    if value is not None and ("\n" in value or "\r" in value):
        raise Wrong(f'"{name}" must be one line', *where, name)
    return value


def _amazon_event(item: dict[str, Any], where: Where) -> StreamEvent:
    name = member(item, "event", str, where, None)
    if name is not None and _size(name) > eventstream.MAX_VALUE:
        raise Wrong("A name is too long for an event stream", *where, "event")
    return StreamEvent(item["data"], name, headers=_header_texts(item, "headers", where))


def _header_texts(item: dict[str, Any], name: str, where: Where) -> Mapping[str, str] | None:
    headers: dict[str, Any] | None = member(item, name, dict, where, None)
    for key, value in (headers or {}).items():
        if not isinstance(value, str):
            raise Wrong(f'The header "{key}" is no text', *where, name, key)
        if _size(key) > eventstream.MAX_NAME or _size(value) > eventstream.MAX_VALUE:
            raise Wrong("A header is too long for an event stream", *where, name, key)
    return headers


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _sse_framing(item: dict[str, Any], where: Where) -> sse.Framing:
    newline = _newline(item, where, "\n", "\r\n", "\r")
    fields = member(item, "fields", list, where, list(sse.FIELDS))
    if sorted(map(str, fields)) != sorted(sse.FIELDS):
        raise Wrong(f'"fields" must name {", ".join(sse.FIELDS)} once each', *where, "fields")
    between = []
    for number, entry in enumerate(member(item, "between", list, where, [])):
        match entry:
            case {"before": int(before), "lines": [*lines]} if all(isinstance(line, str) for line in lines):
                between.append((before, tuple(lines)))
            case _:
                raise Wrong('"between" holds objects with "before" and "lines"', *where, "between", number)
    return sse.Framing(newline, tuple(fields), tuple(between), member(item, "end", str, where, None))


def _lines_framing(item: dict[str, Any], where: Where) -> ndjson.Framing:
    newline = _newline(item, where, "\n", "\r\n")
    return ndjson.Framing(newline, member(item, "end", str, where, None), _style(item, where))


def _array_framing(item: dict[str, Any], where: Where) -> jsonarray.Framing:
    return jsonarray.Framing(_style(item, where, jsonarray.INDENT))


def _amazon_framing(item: dict[str, Any], where: Where) -> eventstream.Framing:
    headers = _header_texts(item, "headers", where)
    return eventstream.Framing(eventstream.USUAL_HEADERS if headers is None else headers, _style(item, where))


def _newline(item: dict[str, Any], where: Where, *known: str) -> str:
    newline: str = member(item, "newline", str, where, "\n")
    if newline not in known:
        raise Wrong('"newline" must be a line ending', *where, "newline")
    return newline


def _style(item: dict[str, Any], where: Where, indent: int = 0) -> Style:
    place = (*where, "json")
    style = member(item, "json", dict, where, {})
    escaped = member(style, "escaped", str, place, "")
    if escaped not in ("", "html", "ascii"):
        raise Wrong('"escaped" must be "html" or "ascii"', *place, "escaped")
    return Style(member(style, "spaced", bool, place, False), escaped, indent)


_VIEWS: Final = {
    "sse": _View(("event", "id", "retry"), _sse_event, _sse_object, _sse_framing),
    "aws": _View(("event", "headers"), _amazon_event, _amazon_object, _amazon_framing),
    "ndjson": _View((), _plain_event, _lines_object, _lines_framing),
    "json-array": _View((), _plain_event, _array_object, _array_framing),
}
