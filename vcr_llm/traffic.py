"""Connections that go past the cassettes: to hosts of providers, by ways that vcrpy does not patch.

Python tells of every look-up of a host name and every connection made with its sockets (an audit hook,
``sys.addaudithook``), whatever the HTTP library. Those that a cassette has let through are known. Of the
others, only two kinds are of interest, so that a database or a local server is no alarm: hosts of providers,
and hosts that the open cassette has recordings of (a gateway of one's own). gRPC connects by itself, in C;
its calls are seen instead. Other libraries with sockets of their own (pycurl) are not, nor is what hides
behind a proxy.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from vcr_llm import grpc_calls
from vcr_llm.interaction import Request, split_url
from vcr_llm.open_cassettes import Listener
from vcr_llm.placeholder import PLACEHOLDER_KEY
from vcr_llm.providers import owners_of

__all__ = ["Watch"]

_EVENTS: Final = frozenset({"socket.getaddrinfo", "socket.connect"})
_PORTS: Final = {"http": 80, "https": 443}

Report = Callable[[str, str], None]
"""(host and port, the key variable that holds the placeholder or "") of a connection nobody knew of."""


class Watch(Listener):
    """Listens to cassettes and to the process."""

    def __init__(self, report: Report, environment: Mapping[str, str] = os.environ) -> None:
        self._report = report
        self._environment = environment
        self._open: list[Any] = []
        self._let_through: set[str] = set()

    def opened(self, cassette: Any) -> None:
        self._open.append(cassette)

    def goes_live(self, request: Request) -> None:
        self._let_through.add((split_url(request.url).hostname or "").lower())

    def closed(self, cassette: Any) -> None:
        self._open = [other for other in self._open if other is not cassette]
        if not self._open:
            self._let_through.clear()

    def start(self) -> None:
        """Watch the process, until `stop`."""
        _watches.append(self)
        _install()
        grpc_calls.check_calls(self._calling)

    def stop(self) -> None:
        if self in _watches:
            _watches.remove(self)
        grpc_calls.stop_checking(self._calling)

    def _calling(self, place: str) -> None:
        """gRPC calls a host: what it connects with is not Python's."""
        host, _, port = place.rpartition(":")
        self.connecting((host or place).lower(), _number(port) if host else None)

    def connecting(self, host: str, port: int | None) -> None:
        """Somebody connects, or looks a name up in order to."""
        if host in self._let_through:
            return
        place = f"{host}:{port}" if port else host
        owners = owners_of(place)
        if self._open and (owners or self._is_recorded(host, port)):
            self._report(place, "")
        variables = [name for owner in owners for name in owner.key_variables]
        held = [name for name in variables if self._environment.get(name) == PLACEHOLDER_KEY]
        if held:
            self._report(place, held[0])

    def _is_recorded(self, host: str, port: int | None) -> bool:
        for cassette in self._open:
            for request, _ in cassette.data:
                url = split_url(request.uri)
                if url.hostname == host and port in (None, url.port or _PORTS.get(url.scheme)):
                    return True
        return False


_watches: list[Watch] = []
_installed = False


def _install() -> None:
    """An audit hook stays as long as the process: it is installed once, and only where there is a use."""
    global _installed
    if not _installed:
        _installed = True
        sys.addaudithook(_hook)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _EVENTS or not _watches:
        return
    try:
        place = arguments[:2] if event == "socket.getaddrinfo" else arguments[1][:2]
        host, port = place
        if isinstance(host, bytes):
            host = host.decode("ascii", "replace")
        if isinstance(host, str) and host:
            for watch in tuple(_watches):
                watch.connecting(host.lower(), _number(port))
    except Exception:
        # Whatever it is (a Unix socket's path, a fault of ours): raised here it would stop a connection.
        return


def _number(port: Any) -> int | None:
    if isinstance(port, str | bytes):
        try:
            return int(port)
        except ValueError:
            name = port.decode("ascii", "replace") if isinstance(port, bytes) else port
            return _PORTS.get(name)
    return port if isinstance(port, int) else None
