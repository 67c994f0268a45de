"""What ``use_cassette`` returns: opening and closing, and nothing raised while httpx is patched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vcr_llm import open_cassettes
from vcr_llm.errors import DriftError, VcrLlmWarning
from vcr_llm.vcr_bridge import BridgedContext

if TYPE_CHECKING:
    from vcr_llm.cassette.cassette import Cassette

__all__ = ["Context"]


class Context(BridgedContext):
    """A context manager or decorator. A failed save and all warnings come out once httpx is unpatched."""

    _entered: Cassette | None = None

    def __enter__(self) -> Cassette:
        entered: Cassette = super().__enter__()
        self._entered = entered
        open_cassettes.tell_opened(entered)
        return entered

    def __exit__(self, *exc_info: Any) -> None:
        super().__exit__(*exc_info)
        assert self._entered is not None
        open_cassettes.tell_closed(self._entered)
        try:
            self._entered.closed()
        except (VcrLlmWarning, DriftError):
            # A warning that is an error must not hide what the block itself failed with.
            if not any(exc_info):
                raise

    @property
    def is_entered(self) -> bool:
        return self._entered is not None

    @property
    def cassette(self) -> Cassette:
        """The cassette, once entered."""
        assert self._entered is not None
        return self._entered

    @property
    def refreshed(self) -> str | None:
        """The path of a cassette recorded from nothing, if something was recorded and not yet accepted."""
        return self._entered.refreshed if self._entered is not None else None

    def accept(self) -> None:
        """Called after closing when the test has passed: see `Cassette.accept`."""
        if self._entered is not None:
            self._entered.accept()
