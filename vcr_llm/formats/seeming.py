"""What a file that is no cassette seems to be: a word for the error that refuses it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

__all__ = ["what_it_seems"]


def _has(*names: str) -> Callable[[Any], bool]:
    return lambda document: isinstance(document, Mapping) and all(name in document for name in names)


def _list_of(*names: str) -> Callable[[Any], bool]:
    return lambda document: isinstance(document, list) and bool(document) and _has(*names)(document[0])


def _any(*tests: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda document: any(test(document) for test in tests)


def _is_grpc(document: Any) -> bool:
    if not isinstance(document, Mapping):
        return False
    words = " ".join(map(str, document)).lower()
    return "grpc" in words or ("service" in document and "method" in document)


_LOOKS: Final[tuple[tuple[Callable[[Any], bool], str], ...]] = (
    (_has("log"), "an HTTP archive (HAR); vcr-llm migrate --har reads it"),
    (_is_grpc, "a recording of gRPC calls, which vcrpy cannot replay"),
    (
        _any(_has("messages"), _has("transcript"), _has("conversation"), _has("events", "agent")),
        "an agent's transcript",
    ),
    (_any(_list_of("role", "content"), _list_of("role", "parts")), "a conversation"),
    (_has("interactions"), "a recording of something else than HTTP calls"),
    (_has("mappings"), "stubs of WireMock"),
    (_list_of("scope", "method"), "a recording of nock"),
    (_has("fixtures"), "fixtures of a mock server"),
    (_has("status", "body"), "a response without its request"),
    (_has("status_code", "data"), "a response of placebo, without its request"),
    (_has("responses"), "a list of responses without their requests"),
    (_has("requests"), "a list of requests without their responses"),
    (_has("openapi"), "an OpenAPI description"),
    (_has("$schema"), "a document with a schema of its own"),
    (_any(_has("choices"), _has("type", "content", "role"), _has("candidates")), "a lone answer of a model"),
)


def what_it_seems(document: Any) -> str:
    """What a parsed JSON, YAML or TOML document looks like, with an article."""
    for looks_like, words in _LOOKS:
        if looks_like(document):
            return words
    match document:
        case Mapping():
            names = ", ".join(str(name)[:30] for name in list(document)[:3])
            return f"some other document (its members: {names or 'none'})"
        case list():
            return "a list of something else"
        case None:
            return "a document without content"
        case str():
            return "a text file"
    return "a lone value"
