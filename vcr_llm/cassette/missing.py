"""What is raised where a call has no recording, and where it would go out with a placeholder for a key."""

from __future__ import annotations

import os

from vcr_llm import providers
from vcr_llm.errors import CassetteMissError, PlaceholderKeyError
from vcr_llm.placeholder import PLACEHOLDER_KEY
from vcr_llm.sdk_errors import passing
from vcr_llm.vcr_bridge import (
    BridgedCassette,
    CannotOverwriteExistingCassetteException,
    VcrRequest,
    to_request,
)

__all__ = ["CassetteMiss", "public_name", "refuse_placeholder", "shown"]


class CassetteMiss(CassetteMissError, CannotOverwriteExistingCassetteException):  # type: ignore[misc]
    """A call without a recording. It is vcrpy's own exception, with its attributes, and ours."""

    def __init__(self, cassette: BridgedCassette, request: VcrRequest, text: str) -> None:
        Exception.__init__(self, text)
        self.cassette = cassette
        self.failed_request = request
        self.similar_requests = cassette.find_requests_with_most_matches(request)
        self.reason = "no_match" if len(cassette) else "cassette_not_found"


def public_name(kind: type[Exception], promised: type[Exception]) -> None:
    """Let a class that joins vcrpy's exception to a promised one show itself under the promised name."""
    kind.__name__ = kind.__qualname__ = promised.__name__
    kind.__module__ = "vcr_llm"


public_name(CassetteMiss, CassetteMissError)


def refuse_placeholder(request: VcrRequest) -> None:
    """Raises `PlaceholderKeyError` for a request that would go out with a placeholder for a key."""
    texts = [str(value) for value in request.headers.values()]
    if any(PLACEHOLDER_KEY in text for text in (*texts, request.uri)):
        raise passing(
            PlaceholderKeyError(request.uri.partition("?")[0], providers.key_variables(to_request(request)))
        )


def shown(path: str) -> str:
    """A path as people would type it: relative, if it is below the current folder."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return path
    return path if relative.startswith("..") else relative
