"""Calls by gRPC, which pass by vcrpy and by Python's sockets: gRPC's core connects by itself, in C.

So what blocks Python's sockets (``--block-network``) does not block them, and no audit hook tells of them.
What can be seen is the call itself, in the classes below: private names of grpcio, the same for years (seen
in 1.60 and 1.85).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final

import wrapt

__all__ = ["CALLS", "METHODS", "Check", "check_calls", "stop_checking"]

Check = Callable[[str], None]
"""Told the host (of a Unix socket, the path; "" where grpcio does not say) before a call goes out; an error
raised keeps it from it."""

CALLS: Final[Mapping[str, tuple[str, ...]]] = {
    "grpc._channel": (
        "_UnaryUnaryMultiCallable",
        "_UnaryStreamMultiCallable",
        "_SingleThreadedUnaryStreamMultiCallable",
        "_StreamUnaryMultiCallable",
        "_StreamStreamMultiCallable",
    ),
    "grpc.aio._channel": (
        "UnaryUnaryMultiCallable",
        "UnaryStreamMultiCallable",
        "StreamUnaryMultiCallable",
        "StreamStreamMultiCallable",
    ),
}
"""Module → the classes whose instances are the methods of a remote service."""

METHODS: Final = ("__call__", "with_call", "future")
"""Each of them calls; an asynchronous class has only the first."""

_checks: list[Check] = []


def check_calls(check: Check) -> None:
    """Have ``check`` told of every gRPC call, also on channels that exist, also if gRPC is imported later."""
    if check not in _checks:
        _checks.append(check)
    for name in CALLS:
        wrapt.register_post_import_hook(_extend, name)


def stop_checking(check: Check) -> None:
    if check in _checks:
        _checks.remove(check)


def _extend(module: ModuleType) -> None:
    """Put our look in front of the methods of the module's classes, once."""
    for kind in (getattr(module, name, None) for name in CALLS[module.__name__]):
        for name in METHODS:
            method = getattr(kind, name, None)
            if method is not None and kind is not None and not hasattr(method, "_checked_by_vcr_llm"):
                setattr(kind, name, _checked(method))


def _checked(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def checked(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _checks:
            # A method, of asynchronous channels a value, which older releases keep to themselves.
            target = getattr(self._channel, "target", "")
            host = _host(target() if callable(target) else target)
            for check in tuple(_checks):
                check(host)
        return method(self, *args, **kwargs)

    checked._checked_by_vcr_llm = True  # type: ignore[attr-defined]
    return checked


def _host(target: bytes | str) -> str:
    """The host of a target (``dns:///host:443``, ``ipv4:1.2.3.4:443``, ``host:443``, ``unix:/path``).

    Their syntax: github.com/grpc/grpc/blob/master/doc/naming.md.
    """
    text = target.decode("utf-8", "replace") if isinstance(target, bytes) else target
    if text.startswith("unix"):
        return text.partition(":")[2]
    text = re.sub(r"^(ipv[46]:|[a-z0-9+.-]+://[^/]*/|dns:)", "", text)
    return re.sub(r":\d+$", "", text).strip("[]")
