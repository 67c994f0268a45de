"""What may be stored: headers by allowlist, keys in URLs by placeholder."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final
from urllib.parse import urlunsplit

from vcr_llm.interaction import EPOCH, Headers, Interaction, Request, Response, split_url

__all__ = ["clean", "stored_headers"]

_STORED: Final = re.compile(
    r"content-(type|disposition|range)|location|link|retry-after(-ms)?|x-should-retry"
    r"|(x-)?request-id|apim-request-id|x-amzn-requestid|anthropic-ratelimit-.+|x-ratelimit-.+"
    r"|openai-(processing-ms|version|model)|x-amzn-bedrock-.+"
)
"""Response headers that SDKs and tests read: type, ids to quote, rate limits, retry hints, model."""

_KEY_PARAMETER: Final = re.compile(
    r"(?<=[?&])(key|api[_-]?key|access_token|x-amz-(?:signature|credential|security-token)|sig)=[^&#]*",
    re.IGNORECASE,
)


def clean(interaction: Interaction) -> Interaction:
    """The interaction without what must not be stored. Cleaning twice is cleaning once."""
    request, response = interaction.request, interaction.response
    date = None if interaction.date == EPOCH else interaction.date  # the header Date is not stored
    return replace(
        interaction,
        request=_request(request),
        response=_response(response),
        recorded_at=interaction.recorded_at or date,
    )


def _request(request: Request) -> Request:
    return replace(request, url=_url(request.url))


def _response(response: Response) -> Response:
    return replace(response, headers=stored_headers(response.headers))


def stored_headers(headers: Headers) -> Headers:
    """The response headers that are stored, in their order."""
    return {
        name: tuple(map(_url, values)) if name == "location" else values
        for name, values in headers.items()
        if _STORED.fullmatch(name)
    }


def _url(url: str) -> str:
    parts = split_url(url)
    host = parts.netloc.rpartition("@")[2]
    return _KEY_PARAMETER.sub(
        r"\1=SCRUBBED", urlunsplit(parts._replace(netloc=host)) if host != parts.netloc else url
    )
