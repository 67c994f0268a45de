"""``--block-network`` and ``@pytest.mark.block_network`` block gRPC too.

They are pytest-recording's and block Python's sockets, which gRPC does without.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

__all__ = ["extend"]


def extend(network: Any) -> None:
    """Have ``block`` and ``unblock`` of ``pytest_recording.network`` do their work for gRPC as well.

    Its fixture and its ``blocking_context`` look both up when they call them. Twice is as good as once.
    """
    if hasattr(network.block, "_extended_by_vcr_llm"):
        return
    block, unblock = network.block, network.unblock
    refusing: list[Callable[[str], None]] = []

    @functools.wraps(block)
    def blocking(allowed_hosts: list[str] | None = None) -> None:
        from vcr_llm import grpc_calls

        block(allowed_hosts=allowed_hosts)

        def refuse(host: str) -> None:
            if not network.is_host_in_allowed_hosts(host, allowed_hosts):
                raise RuntimeError(
                    f"Network is disabled for host {host!r}. This was a gRPC call, which no cassette can "
                    "record or replay: replace the client in this test, or allow the host (--allowed-hosts)."
                )

        refusing.append(refuse)
        grpc_calls.check_calls(refuse)

    @functools.wraps(unblock)
    def unblocking() -> None:
        from vcr_llm import grpc_calls

        unblock()
        while refusing:
            grpc_calls.stop_checking(refusing.pop())

    blocking._extended_by_vcr_llm = True  # type: ignore[attr-defined]
    network.block, network.unblock = blocking, unblocking
