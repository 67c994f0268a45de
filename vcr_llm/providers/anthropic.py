"""Anthropic.

Source: Anthropic API reference (docs.anthropic.com/en/api). Streams are named server-sent events, from
``message_start`` to ``message_stop``. ``system`` is no message here: it stands beside them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from vcr_llm.providers.operation import ANY_METHOD, Operation, Provider

_API = "https://api.anthropic.com/v1"


def _operation(name: str, path: str, *prompt: str, **rest: Any) -> Operation:
    return Operation("anthropic", name, re.compile(path + r"/?$"), prompt, **rest)


OPERATIONS = (
    _operation("messages", r"/v1/messages", "messages"),
    _operation("count_tokens", r"/v1/messages/count_tokens", "messages"),
    _operation(
        "batches", r"/v1/messages/batches(/[^/]+(/cancel|/results)?)?", "requests", methods=ANY_METHOD
    ),
    _operation("complete", r"/v1/complete", "prompt"),
)

_BY_TYPE = {"message": "messages", "message_start": "messages", "completion": "complete"}


def _shape(_request: Mapping[str, Any], response: Mapping[str, Any], events: Sequence[Any]) -> str | None:
    first = events[0] if events and isinstance(events[0], dict) else {}
    for answer in (response, first):
        if answer.get("type") in _BY_TYPE:
            return _BY_TYPE[answer["type"]]
    if "completion" in response:
        return "complete"
    if isinstance(response.get("content"), list) or "stop_reason" in response:
        return "messages"
    return None


PROVIDER = Provider(
    name="anthropic",
    hosts=re.compile(r"(.+\.)?api\.anthropic\.com"),
    operations=OPERATIONS,
    key_variables=("ANTHROPIC_API_KEY",),
    urls={"messages": f"{_API}/messages", "complete": f"{_API}/complete"},
    shape=_shape,
)
