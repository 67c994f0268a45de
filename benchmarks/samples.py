"""What a cassette of the benchmark holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import traffic

__all__ = ["Sample"]


@dataclass(frozen=True)
class Sample:
    """A cassette's contents: ``count`` interactions, with answers of ``size`` bytes or streamed."""

    count: int
    size: int = traffic.SMALL
    stream: bool = False

    def pairs(self, numbers: Sequence[int]) -> list[tuple[bytes, bytes]]:
        """The bodies of requests and responses."""
        return [(traffic.request_body(number, self.stream), self.answered(number)) for number in numbers]

    def answered(self, number: int) -> bytes:
        return traffic.streamed_answer(number) if self.stream else traffic.answer(number, self.size)

    @property
    def headers(self) -> dict[str, str]:
        return traffic.STREAM_HEADERS if self.stream else traffic.HEADERS

    @property
    def name(self) -> str:
        return f"{self.count}-{self.size}{'-stream' if self.stream else ''}"
