"""What vcrpy cannot record fails where the network is blocked, and so is never live without notice."""

from __future__ import annotations

import asyncio
import importlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import pytest
from clients.client import require
from pytest_recording import network

from vcr_llm import grpc_calls

pytestmark = pytest.mark.sdk
BLOCKED = r"Network is disabled for host '(127\.0\.0\.1|localhost)'"
SAY, REPEAT = "/echo.Echo/Say", "/echo.Echo/Repeat"


# --- what goes by Python's sockets --------------------------------------------------------------------


def test_a_socket_of_ones_own(offline: None) -> None:
    with socket.socket() as one, pytest.raises(RuntimeError, match=BLOCKED):
        one.connect(("127.0.0.1", 9))


async def test_an_asyncio_stream(offline: None) -> None:
    with pytest.raises(RuntimeError, match=BLOCKED):
        await asyncio.open_connection("127.0.0.1", 9)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of the socket left open
def test_a_web_socket_as_of_realtime_apis() -> None:
    require("websockets")
    from websockets.asyncio.client import connect as connect_async
    from websockets.sync.client import connect
    from websockets.sync.server import serve

    async def ask_async(url: str) -> Any:
        async with connect_async(url) as connection:
            await connection.send("hi")
            return await connection.recv()

    with serve(lambda connection: connection.send(connection.recv()), "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        assert asyncio.run(ask_async(url)) == "hi"
        with network.blocking_context():
            with pytest.raises(RuntimeError, match=BLOCKED):
                connect(url)
            with pytest.raises(RuntimeError, match=BLOCKED):
                asyncio.run(ask_async(url))
        server.shutdown()


# --- gRPC ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where a server is that says what it hears, once or three times."""
    require("grpc")
    import grpc

    methods = {
        "Say": grpc.unary_unary_rpc_method_handler(lambda request, _: request),
        "Repeat": grpc.unary_stream_rpc_method_handler(lambda request, _: iter([request] * 3)),
    }
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("echo.Echo", methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def test_a_grpc_call_on_a_channel_that_was_there_before(address: str) -> None:
    import grpc

    with grpc.insecure_channel(address) as channel:
        say, repeat = channel.unary_unary(SAY), channel.unary_stream(REPEAT)
        assert say(b"hi", timeout=5) == b"hi"
        with network.blocking_context():
            calls = (lambda: say(b"hi"), lambda: say.with_call(b"hi"), lambda: say.future(b"hi"))
            for call in (*calls, lambda: repeat(b"hi")):
                with pytest.raises(RuntimeError, match=BLOCKED):
                    call()
            with grpc.insecure_channel(address) as later, pytest.raises(RuntimeError, match="no cassette"):
                later.unary_unary(SAY)(b"hi")
        assert list(repeat(b"hi", timeout=5)) == [b"hi"] * 3


def test_a_grpc_channel_that_does_not_say_where_it_leads() -> None:
    """grpcio 1.60's asynchronous ones; where nothing is allowed, they may not call either."""

    class Method:
        _channel = object()

        def __call__(self) -> str:
            return "called"

    say = grpc_calls._checked(Method.__call__)
    assert say(Method()) == "called"
    with network.blocking_context(), pytest.raises(RuntimeError, match="Network is disabled for host ''"):
        say(Method())


async def test_an_asynchronous_grpc_call(address: str) -> None:
    import grpc.aio

    async with grpc.aio.insecure_channel(address) as channel:
        say, repeat = channel.unary_unary(SAY), channel.unary_stream(REPEAT)
        with network.blocking_context():
            for method in (say, repeat):
                with pytest.raises(RuntimeError, match="Network is disabled"):
                    await method(b"hi")
        assert await say(b"hi", timeout=5) == b"hi"
        assert [part async for part in repeat(b"hi", timeout=5)] == [b"hi"] * 3


def test_a_grpc_call_to_an_allowed_host(address: str) -> None:
    import grpc

    with network.blocking_context(allowed_hosts=[r"127\.0\..*"]), grpc.insecure_channel(address) as channel:
        assert channel.unary_unary(SAY)(b"hi", timeout=5) == b"hi"


def test_grpc_imported_when_the_network_is_blocked_already(address: str) -> None:
    """In a process of its own, where nothing has imported it."""
    code = f"""
from pytest_recording import network
from vcr_llm.pytest_plugin import blocked_network

blocked_network.extend(network)
with network.blocking_context():
    import grpc
    with grpc.insecure_channel({address!r}) as channel:
        channel.unary_unary({SAY!r})(b"hi", timeout=5)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "RuntimeError: Network is disabled for host '127.0.0.1'. This was a gRPC call" in run.stderr


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("dns:///example.com:443", "example.com"),
        ("dns://1.1.1.1/example.com:443", "example.com"),
        ("dns:example.com:443", "example.com"),
        ("example.com", "example.com"),
        ("ipv4:127.0.0.1:50051", "127.0.0.1"),
        ("ipv6:[::1]:50051", "::1"),
        ("unix:/tmp/x.sock", "/tmp/x.sock"),
        (b"dns:///localhost:1", "localhost"),
    ],
)
def test_the_host_of_a_grpc_target(target: Any, host: str) -> None:
    assert grpc_calls._host(target) == host


def test_the_private_names_of_grpcio_are_still_there() -> None:
    require("grpc")
    for module, names in grpc_calls.CALLS.items():
        kinds = vars(importlib.import_module(module))
        assert [name for name in names if "__call__" not in vars(kinds.get(name, object))] == []
