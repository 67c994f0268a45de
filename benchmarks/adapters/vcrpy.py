"""vcr-llm and vcrpy, which record and open in the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import traffic
from benchmarks.samples import Sample

Use = Callable[..., AbstractContextManager[Any]]
"""``use_cassette`` of one or the other: (path, **options) → the context."""


def ours(path: Path, **options: Any) -> AbstractContextManager[Any]:
    import vcr_llm

    context: AbstractContextManager[Any] = vcr_llm.use_cassette(str(path), **options)
    return context


def vcrpys(serializer: str, *more: str) -> Use:
    """vcrpy with its default matchers and ``more``."""

    def use(path: Path, **options: Any) -> AbstractContextManager[Any]:
        import vcr

        matchers = ("method", "scheme", "host", "port", "path", "query", *more)
        recorder = vcr.VCR(serializer=serializer, match_on=matchers)
        context: AbstractContextManager[Any] = recorder.use_cassette(str(path), **options)
        return context

    return use


def open_with(use: Use) -> Callable[[Path], AbstractContextManager[Any]]:
    return partial(_open, use)


def read_with(use: Use) -> Callable[[Path], Callable[[], object]]:
    return partial(_read, use)


def record_with(use: Use) -> Callable[[Path, Sample, Sequence[int]], Callable[[], object]]:
    return partial(_record, use)


def _open(use: Use, path: Path) -> AbstractContextManager[Any]:
    return use(path, record_mode="none")


def _read(use: Use, path: Path) -> Callable[[], object]:
    """``Cassette.load``, which entering the context calls before anything is patched."""
    context: Any = use(path, record_mode="none")
    options = context._args_getter()
    for name in context._non_cassette_arguments:
        options.pop(name, None)
    return lambda: context.cls.load(**options)


def _record(use: Use, path: Path, sample: Sample, numbers: Sequence[int]) -> Callable[[], object]:
    """What the stubs do after a live call: appending to an open cassette. Closing saves."""
    from vcr.request import Request

    context = use(path, record_mode="new_episodes")
    cassette = context.__enter__()
    for asked, answered in sample.pairs(numbers):
        sent = {"accept": "application/json", "content-type": "application/json"}
        cassette.append(Request("POST", traffic.URL, asked, sent), _response(sample, answered))
    return lambda: context.__exit__(None, None, None)


def _response(sample: Sample, answered: bytes) -> dict[str, Any]:
    return {
        "status": {"code": 200, "message": "OK"},
        "headers": {name: [value] for name, value in sample.headers.items()},
        "body": {"string": answered},
    }
