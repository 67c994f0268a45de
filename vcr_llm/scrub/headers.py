"""Which response headers are stored: an allowlist of what SDKs and tests read.

Sources: openai 2.54 and 3.54, anthropic 0.125 and 2.12 (``_base_client.py``, ``_response.py``,
``_exceptions.py``, ``resources/*``) read content-type, x-request-id, request-id, retry-after,
retry-after-ms, x-should-retry and openai-poll-after-ms; users and instrumentations read rate limits, model
and processing headers (311 public recordings were counted). content-encoding is left only where nobody could
undo it. anthropic-workspace-id, which anthropic 2.12 offers as an attribute, names an account and is not
stored.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Final

from vcr_llm.interaction import Headers

__all__ = ["check_names", "identifier_placeholder", "stored_headers"]

_STORED: Final = re.compile(
    r"content-(?:type|disposition|range|language|encoding)|location|link"
    r"|retry-after(?:-ms)?|x-should-retry|openai-poll-after-ms"
    r"|(?:x-)?request-id|apim-request-id|x-amzn-requestid|x-generation-id|mistral-correlation-id"
    r"|(?:anthropic-|x-)?ratelimit-.+|x-endpoint-monthly-call-limit|x-trial-endpoint-call-(?:limit|remaining)"
    r"|anthropic-(?:version|fast-.+|priority-.+)"
    r"|openai-(?:processing-ms|version|model)|x-ms-(?:served-model|deployment-name)"
    r"|x-amzn-(?:errortype|bedrock-.+)|x-(?:compute|inference|queue|total)-time|x-compute-(?:type|characters)"
    r"|num_(?:tokens|chars)|x-api-warning"
)

_NEVER: Final = re.compile(
    r"set-cookie2?|cookie|(?:proxy-)?(?:authorization|authenticate)|(?:x-)?(?:goog-)?api-key|x-amz-security-token"
    r"|authentication-info|.*(?:access|auth|csrf|session)-token|.*-secret"
)
"""Credentials by nature: not even on request."""

_IDENTIFIERS: Final = {
    "openai-organization": "OPENAI_ORGANIZATION_ID",
    "openai-project": "OPENAI_PROJECT_ID",
    "anthropic-organization-id": "ANTHROPIC_ORGANIZATION_ID",
    "anthropic-workspace-id": "ANTHROPIC_WORKSPACE_ID",
    "x-ms-client-principal-id": "AZURE_PRINCIPAL_ID",
    "x-amz-account-id": "AWS_ACCOUNT_ID",
}
"""Headers that name whose account it is: not stored, and a placeholder where a user adds them."""


def check_names(add: Collection[str]) -> None:
    """Raises `ValueError` for headers that may not be stored whoever asks."""
    for name in add:
        if _NEVER.fullmatch(name.lower()):
            raise ValueError(f"The response header {name!r} holds credentials; it is never stored.")


def identifier_placeholder(name: str) -> str | None:
    """The placeholder name for the values of a header that identifies an account, else None."""
    return _IDENTIFIERS.get(name)


def stored_headers(headers: Headers, add: Collection[str] = (), remove: Collection[str] = ()) -> Headers:
    """The response headers that are stored, in their order; the very same mapping where all are.

    ``add`` and ``remove`` are names, in any case, on top of the built-in list; what is in both is
    removed, and credentials (``set-cookie``) are never stored.
    """
    names = tuple(headers)
    kept = _stored_names(names, tuple(add), tuple(remove))
    return headers if len(kept) == len(names) else {name: headers[name] for name in kept}


@lru_cache(maxsize=256)  # many responses, few sets of headers
def _stored_names(names: tuple[str, ...], add: tuple[str, ...], remove: tuple[str, ...]) -> tuple[str, ...]:
    added = {name.lower() for name in add}
    removed = {name.lower() for name in remove}
    return tuple(
        name
        for name in names
        if name not in removed and (name in added or _STORED.fullmatch(name)) and not _NEVER.fullmatch(name)
    )
