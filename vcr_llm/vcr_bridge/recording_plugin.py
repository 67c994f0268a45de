"""pytest-recording: its persister, and a say before it opens a test's cassette."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vcr.persisters.filesystem import FilesystemPersister

__all__ = [
    "Prepare",
    "default_cassette_name",
    "extra_paths",
    "merged_options",
    "prepare_cassettes",
    "writes_files_itself",
]


def writes_files_itself(persister: Any) -> bool:
    """Whether a persister is somebody's own (a bucket, a database), not vcrpy's or pytest-recording's files.

    pytest-recording registers its own subclass of vcrpy's for every test (``_vcr.py``, CombinedPersister).
    """
    kind = persister if isinstance(persister, type) else type(persister)
    return kind is not FilesystemPersister and kind.__module__ != "pytest_recording._vcr"


def extra_paths(persister: Any) -> Sequence[str]:
    """The extra cassettes a test names: ``CombinedPersister.extra_paths`` of ``pytest_recording/_vcr.py``."""
    return tuple(getattr(persister, "extra_paths", ()))


Prepare = Callable[[Mapping[str, Any], list[Any], str, Any], tuple[dict[str, Any], list[Any], str] | None]
"""(vcr_config, marks, record mode, pytest's config) of a test → the first three, changed, or None."""


def prepare_cassettes(prepare: Prepare, opened: Callable[[Any, Any], None]) -> None:
    """Have a say before pytest-recording opens a test's cassette, and be told the context it opens.

    Its fixture ``vcr`` imports ``use_cassette`` from ``pytest_recording/_vcr.py`` each time it runs; that
    function deletes the file in mode ``rewrite`` before it calls any hook. Doing this twice is doing it once.
    """
    import pytest_recording._vcr as theirs

    original = getattr(theirs.use_cassette, "_before_vcr_llm", theirs.use_cassette)

    def use_cassette(
        default_cassette: str,
        vcr_cassette_dir: str,
        record_mode: str,
        markers: list[Any],
        config: dict[str, Any],
        pytestconfig: Any,
    ) -> Any:
        prepared = prepare(config, markers, record_mode, pytestconfig)
        if prepared is not None:
            config, markers, record_mode = prepared
        context = original(default_cassette, vcr_cassette_dir, record_mode, markers, config, pytestconfig)
        if prepared is not None:
            opened(context, pytestconfig)
        return context

    use_cassette._before_vcr_llm = original  # type: ignore[attr-defined]
    theirs.use_cassette = use_cassette


def default_cassette_name(item: Any) -> str:
    """The name a test's cassette has unless it is told otherwise (``pytest_recording/plugin.py``)."""
    from pytest_recording.plugin import get_default_cassette_name

    return str(get_default_cassette_name(getattr(item, "cls", None), item.name))


def merged_options(config: Mapping[str, Any], markers: Sequence[Any]) -> dict[str, Any]:
    """A test's cassette options: the fixture's, and over them the marks', the closest mark last."""
    merged = dict(config)
    for mark in reversed(markers):
        merged.update(mark.kwargs)
    return merged
