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
from types import FrameType
from typing import Any, Final

from vcr_llm import grpc_calls
from vcr_llm.interaction import Request, split_url
from vcr_llm.open_cassettes import Listener
from vcr_llm.placeholder import PLACEHOLDER_KEY
from vcr_llm.providers import owners_of

__all__ = ["Watch"]

_EVENTS: Final = frozenset({"socket.getaddrinfo", "socket.connect"})
_PORTS: Final = {"http": 80, "https": 443}

Report = Callable[[str, str, str, bool], None]
"""A connection nobody knew of: host and port, the test, the key variable that holds the placeholder or "",
and whether no cassette was open."""


class Watch(Listener):
    """Listens to cassettes and to the process. ``test`` says which test runs, "" for none."""

    def __init__(
        self, report: Report, test: Callable[[], str], environment: Mapping[str, str] = os.environ
    ) -> None:
        self._report = report
        self._test = test
        self._environment = environment
        self._open: list[Any] = []
        self._recorded: dict[int, frozenset[tuple[str | None, int | None]]] = {}
        self._let_through: set[str] = set()
        self._suspects: list[tuple[str, str, str]] = []

    def opened(self, cassette: Any) -> None:
        self._open.append(cassette)

    def goes_live(self, request: Request) -> None:
        self._let_through.add((split_url(request.url).hostname or "").lower())

    def closed(self, cassette: Any) -> None:
        self._open = [other for other in self._open if other is not cassette]
        self._recorded.pop(id(cassette), None)
        if not self._open:
            self._judge()

    def start(self) -> None:
        """Watch the process, until `stop`."""
        _watches.append(self)
        _install()
        grpc_calls.check_calls(self._calling)

    def stop(self) -> None:
        if self in _watches:
            _watches.remove(self)
        grpc_calls.stop_checking(self._calling)
        self._judge()

    def connecting(self, host: str, port: int | None) -> None:
        """Somebody connects, or looks a name up in order to."""
        place = f"{host}:{port}" if port else host
        owners = owners_of(place)
        if host in self._let_through or not (owners or self._is_recorded(host, port)) or _vcrpy_connects():
            return
        if self._open:
            self._suspects.append((host, place, self._test()))
        variables = [name for owner in owners for name in owner.key_variables]
        held = [name for name in variables if self._environment.get(name) == PLACEHOLDER_KEY]
        if held:
            self._report(place, self._test(), held[0], False)
        elif owners and not self._open:
            self._report(place, self._test(), "", True)

    def _judge(self) -> None:
        """Report the hosts that no cassette let through after all: some libraries connect before they ask."""
        suspects, self._suspects = self._suspects, []
        for host, place, test in suspects:
            if host not in self._let_through:
                self._report(place, test, "", False)
        self._let_through.clear()

    def _is_recorded(self, host: str, port: int | None) -> bool:
        places = {place for cassette in self._open for place in self._places(cassette)}
        return (host, port) in places or (port is None and any(host == known for known, _ in places))

    def _places(self, cassette: Any) -> frozenset[tuple[str | None, int | None]]:
        """Hosts and ports that a cassette had recordings of when this was first asked."""
        if id(cassette) not in self._recorded:
            from vcr_llm.pairs import recorded_request  # with vcrpy, where a cassette is open anyway

            urls = (split_url(recorded_request(cassette.data, at).url) for at in range(len(cassette.data)))
            self._recorded[id(cassette)] = frozenset(
                (url.hostname, url.port or _PORTS.get(url.scheme)) for url in urls
            )
        return self._recorded[id(cassette)]

    def _calling(self, place: str) -> None:
        """gRPC calls a host: what it connects with is not Python's."""
        host, _, port = place.rpartition(":")
        self.connecting((host or place).lower(), _number(port) if host else None)


def _vcrpy_connects() -> bool:
    """Whether vcrpy itself (``vcr/stubs``) connects; some versions do so before they know what for."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith("vcr.stubs"):
            return True
        frame = frame.f_back
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
