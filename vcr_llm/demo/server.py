"""The socket server of the local provider: reads requests from connections, writes answers to them."""

from __future__ import annotations

import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from vcr_llm.demo.wire_types import Answer, Received

__all__ = ["Server"]


class Server(ThreadingHTTPServer):
    """One daemon thread per connection; it knows its open connections, to close them at the stop."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024

    def __init__(self, address: tuple[str, int], respond: Callable[[Received], Answer]) -> None:
        self.respond = respond
        self._connections: set[Any] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # HTTPServer's own would ask the resolver for this host's name, which can take long without a network.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """A client that kept a connection alive must not be answered after the stop."""
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # the client was faster

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A connection that ends early is the client's right, and how an answer with a cut is made.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # each chunk of a stream leaves at once
    server: Server

    def _serve(self) -> None:
        request = Received(self.command, self.path, self._lower_case_headers(), self._body())
        self._send(self.server.respond(request))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: `LocalProvider.received` tells what came."""

    def _lower_case_headers(self) -> dict[str, str]:
        names = dict.fromkeys(name.lower() for name in self.headers)
        return {name: ", ".join(self.headers.get_all(name, [])) for name in names}

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _chunks(self) -> Iterator[bytes]:
        """Chunked transfer coding (RFC 9112, section 7.1)."""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailer fields

    def _send(self, answer: Answer) -> None:
        in_chunks = not isinstance(answer.body, bytes) and not answer.header("content-length")
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if in_chunks:
            self.send_header("transfer-encoding", "chunked")
        elif isinstance(answer.body, bytes):
            self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if isinstance(answer.body, bytes):
            self.wfile.write(answer.body)
            return
        for part in answer.body:
            if part:  # an empty chunk would end the body
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part) if in_chunks else part)
        if in_chunks:
            self.wfile.write(b"0\r\n\r\n")
