"""cassetter: a recorder written in Rust, with cassettes in YAML or TOML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from benchmarks import traffic
from benchmarks.samples import Sample


def open_with(*more: str) -> Callable[[Path], AbstractContextManager[Any]]:
    """Matching by ``method`` and ``uri`` (the default) and ``more``."""

    def opened(path: Path) -> AbstractContextManager[Any]:
        import cassetter

        context: AbstractContextManager[Any] = cassetter.use_cassette(
            str(path), record_mode="none", match_on=["method", "uri", *more]
        )
        return context

    return opened


def read(path: Path) -> Callable[[], object]:
    return lambda: _loaded(path, "none")


def record(path: Path, sample: Sample, numbers: Sequence[int]) -> Callable[[], object]:
    cassette = _loaded(path, "new_episodes")
    headers = {name: [value] for name, value in sample.headers.items()}
    sent = {"accept": ["application/json"], "content-type": ["application/json"]}
    for asked, answered in sample.pairs(numbers):
        cassette.record("POST", traffic.URL, sent, asked, 200, headers, answered)
    return cassette.save  # type: ignore[no-any-return]


def _loaded(path: Path, mode: str) -> Any:
    import cassetter

    cassette = cassetter.Cassette(str(path), record_mode=cassetter.RecordMode.from_str(mode))
    cassette.load()
    return cassette
