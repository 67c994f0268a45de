"""Credentials by the name of the field they stand in, where no shape tells them.

Where HTTP or the provider's API gives a name its meaning, any value but an invented one counts. That is

- in a URL's query and in form fields (urlencoded and multipart),
- in the top-level members of a JSON body (``{"api_key": …}`` of proxies, ``{"access_token": …}`` of token
  endpoints), and
- at the places of `_PLACES`: where LLM requests carry keys of other services.

Everywhere else (messages, metadata, tool arguments and results, also as JSON in a string: see `name_rules`)
people and models write what they like, and the value must look like a credential too:
``{"password": "hunter2"}`` as a tool's arguments replays unchanged, and a tool's schema has no value
there. Names that a user adds count at any depth, whatever the value.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from vcr_llm.scrub import judging
from vcr_llm.scrub.anchors import Anchors
from vcr_llm.scrub.placeholders import placeholder_name

__all__ = ["DEEP", "DEEP_WEAK", "Names", "is_credential", "normalised_name", "split_scheme"]

Path = tuple[str | int, ...]


@lru_cache(maxsize=4096)
def normalised_name(name: str) -> str:
    """``X-API-Key``, ``x_api_key`` and ``xApiKey`` are one name."""
    return _letters(name)


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


_SCHEME: Final = re.compile(r"((?:bearer|basic|token|apikey) +)?(.*)", re.IGNORECASE | re.DOTALL)


def split_scheme(value: str) -> tuple[str, str]:
    """An ``Authorization`` value as its scheme with the space (or "") and its token."""
    match = _SCHEME.fullmatch(value)
    assert match is not None
    return match.group(1) or "", match.group(2)


_STRONG: Final = {
    "API_KEY": "apikey xapikey apisecret apitoken apisecretkey subscriptionkey xgoogapikey",
    "ACCESS_TOKEN": "accesstoken authtoken bearertoken authorizationtoken oauthtoken adtoken azureadtoken",
    "REFRESH_TOKEN": "refreshtoken",
    "ID_TOKEN": "idtoken",
    "SESSION_TOKEN": "sessiontoken sessionkey",
    "CLIENT_SECRET": "clientsecret",
    "CLIENT_ASSERTION_TOKEN": "clientassertion assertion subjecttoken actortoken",
    "PASSWORD": "password passwd passphrase",
    "AWS_SECRET_ACCESS_KEY": "secretaccesskey awssecretaccesskey awssecretkey",
    "AWS_SESSION_TOKEN": "xamzsecuritytoken awssessiontoken securitytoken",
    "AWS_ACCESS_KEY_ID": "awsaccesskeyid xamzcredential googleaccessid xgoogcredential",
    "AWS_SIGNATURE": "xamzsignature",
    "SAS_SIGNATURE": "sig",
    "URL_SIGNATURE": "xgoogsignature",
    "PRIVATE_KEY": "privatekey",
    "AUTHORIZATION_SECRET": "authorization xauthorization proxyauthorization",
}
"""Placeholder → names that mean a credential and nothing else; any value but an invented one counts."""

_WEAK: Final = {
    "ACCESS_TOKEN": "token jwt auth",
    "CLIENT_SECRET": "secret",
}
"""Names that mean ordinary things too: only long values that look random count."""

_WEAK_IN_FIELDS: Final = {
    "API_KEY": "key",
    "AUTHORIZATION_SECRET": "code codeverifier devicecode",
    "URL_SIGNATURE": "signature",
}
"""The same, but never in JSON, where ``code`` is an error's and ``key`` an object's in a bucket."""


def _table(placeholders: dict[str, str]) -> dict[str, str]:
    return {name: placeholder for placeholder, names in placeholders.items() for name in names.split()}


_STRONG_NAMES: Final = _table(_STRONG)
_WEAK_NAMES: Final = _table(_WEAK)
_WEAK_FIELDS: Final = _WEAK_NAMES | _table(_WEAK_IN_FIELDS)

_PLACES: Final[tuple[tuple[str | None, ...], ...]] = (
    ("mcp_servers", None, "authorization_token"),  # Anthropic: remote MCP servers
    ("tools", None, "authorization"),  # OpenAI Responses: the same
    ("session", "tools", None, "authorization"),
    ("tools", None, "headers", None),
    ("session", "tools", None, "headers", None),
    ("data_sources", None, "parameters", "authentication", None),  # Azure OpenAI "on your data"
    ("data_sources", None, "parameters", "embedding_dependency", "authentication", None),
    ("dataSources", None, "parameters", None),
    ("Credentials", None),  # AWS STS
    ("client_secret", "value"),  # OpenAI realtime sessions
)
"""Deeper places where the last name counts; None is any name or number."""

DEEP: Final = {
    "API_KEY": "api_key api_secret api_token secret_key subscription_key",
    "ACCESS_TOKEN": "access_token auth_token bearer_token authorization_token oauth_token ad_token",
    "REFRESH_TOKEN": "refresh_token",
    "ID_TOKEN": "id_token",
    "SESSION_TOKEN": "session_token",
    "CLIENT_SECRET": "client_secret",
    "CLIENT_ASSERTION_TOKEN": "client_assertion",
    "PASSWORD": "password passwd passphrase",
    "AWS_SECRET_ACCESS_KEY": "secret_access_key",
    "PRIVATE_KEY": "private_key",
    "AUTHORIZATION_SECRET": "authorization",
}
"""Placeholder → ends of names, word by word, that mean a credential at any depth (``db_password``), where
the value looks like one."""

DEEP_WEAK: Final = {"ACCESS_TOKEN": "token jwt auth", "CLIENT_SECRET": "secret"}
"""The same for whole names that mean ordinary things too (not ``next_page_token``)."""

_DEEP_ENDS: Final = sorted(
    ((normalised_name(name), placeholder) for placeholder, names in DEEP.items() for name in names.split()),
    key=lambda entry: -len(entry[0]),
)
_DEEP_LAST: Final = tuple(end for end, _ in _DEEP_ENDS)


def is_credential(value: str, weak: bool = False) -> bool:
    """Whether a value below the top, under a name of a credential, is one."""
    return (
        judging.is_generated(value)
        and not (judging.is_redacted(value) or judging.is_public(value))
        and not (weak and not judging.is_opaque(value))
    )


_HEADS: Final = frozenset(place[0] for place in _PLACES)
_EXTRA_AT_PLACES: Final = {"value": "CLIENT_SECRET", "key": "API_KEY"}

_UNMISTAKABLE: Final = {
    "secretaccesskey": ("AWS_SECRET_ACCESS_KEY", re.compile("[A-Za-z0-9/+]{40}")),
    "awssecretaccesskey": ("AWS_SECRET_ACCESS_KEY", re.compile("[A-Za-z0-9/+]{40}")),
    "accountkey": ("AZURE_STORAGE_KEY", re.compile("[A-Za-z0-9/+]{86}==")),
}
_UNMISTAKABLE_LETTERS: Final = Anchors(
    ("ecretAccess", "ecret_access", "ecretaccess", "ccountKey", "ccount_key", "SECRET_ACCESS")
)


@dataclass(frozen=True, slots=True)
class Names:
    """The built-in names and a user's ``added`` ones (normalised name → placeholder).

    ``folding``: every value at a credential's place counts, invented or not, as is right where requests
    are compared: a call made with ``test-key`` is the one recorded with a real key.
    """

    added: dict[str, str] = field(default_factory=dict)
    folding: bool = False

    @classmethod
    def including(cls, names: Collection[str]) -> Names:
        return cls({normalised_name(name): placeholder_name(name) for name in names})

    def of_field(self, name: str, value: str) -> str | None:
        """The placeholder for the value of a query parameter or form field, None for no credential."""
        return self._of_name(name, value, _WEAK_FIELDS)

    def _of_name(self, name: str, value: str, weak: dict[str, str]) -> str | None:
        key = normalised_name(name)
        if key in self.added:
            return None if not value or self._redacted(value) else self.added[key]
        if key in _STRONG_NAMES:
            return None if self._redacted(value) else _STRONG_NAMES[key]
        if key in weak:
            random = judging.is_opaque(value) and judging.is_random(value)
            counts = random and not self._redacted(value)
            return weak[key] if counts or (self.folding and judging.is_stand_in(value)) else None
        return None

    def of_member(self, path: Path, value: str) -> str | None:
        """The placeholder for a string in a JSON body, at a path of keys and indices."""
        name = next((step for step in reversed(path) if isinstance(step, str)), "")
        if len(path) == 1 and path[0] == name:
            return self._of_name(name, value, _WEAK_NAMES)
        key = normalised_name(name)
        if key in self.added:
            return None if not value or self._redacted(value) else self.added[key]
        if key in _UNMISTAKABLE:
            placeholder, shape = _UNMISTAKABLE[key]
            if shape.fullmatch(value) and not judging.is_invented(value):
                return placeholder
        if path and path[0] in _HEADS and any(_is_at(path, place) for place in _PLACES):
            if key in _EXTRA_AT_PLACES:
                return None if self._redacted(value) else _EXTRA_AT_PLACES[key]
            return self._of_name(name, value, _WEAK_NAMES)
        return self._below(key, value) if path and path[-1] is name else None

    def _below(self, key: str, value: str) -> str | None:
        """The same where a name alone says nothing."""
        weak = key in _WEAK_NAMES
        if not weak and not key.endswith(_DEEP_LAST):
            return None
        token = split_scheme(value)[1]
        if not (is_credential(token, weak) or (self.folding and judging.is_stand_in(token))):
            return None
        if weak:
            return _WEAK_NAMES[key]
        return next(placeholder for end, placeholder in _DEEP_ENDS if key.endswith(end))

    def may_apply(self, body: Any, text: str) -> bool:
        """Whether a JSON body (its parsed value and its text) can have a member whose name alone counts."""
        if self.added:
            letters = _letters(text)
            if any(name in letters for name in self.added):
                return True
        if _UNMISTAKABLE_LETTERS.are_in(text):
            return True
        return (
            isinstance(body, dict)
            and (self.folding or len(body) > _FEW or _may_count(tuple(body)))
            and any(self.of_member(path, value) is not None for path, value in _shallow(body))
        )

    def _redacted(self, value: str) -> bool:
        token = split_scheme(value)[1]
        return not self.folding and (judging.is_redacted(token) or judging.is_public(token))


_FEW: Final = 64


@lru_cache(maxsize=512)
def _may_count(names: tuple[str, ...]) -> bool:
    """Whether one of the names of a body's members can be a credential's, or that of one of `_PLACES`.

    Of all the bodies of a cassette there are but few sets of names.
    """
    keys = set(map(normalised_name, names))
    return not (keys.isdisjoint(_STRONG_NAMES) and keys.isdisjoint(_WEAK_NAMES) and _HEADS.isdisjoint(names))


def _is_at(path: Path, place: tuple[str | None, ...]) -> bool:
    return len(path) == len(place) and all(
        expected in (None, step) for step, expected in zip(path, place, strict=True)
    )


def _shallow(body: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """The strings at the places where built-in names count, without looking into the rest of the body."""
    for name, value in body.items():
        if isinstance(value, str):
            yield (name,), value
    for place in _PLACES:
        if place[0] in body:
            yield from _descended(body, place, ())


def _descended(value: Any, place: tuple[str | None, ...], path: Path) -> Iterator[tuple[Path, str]]:
    if not place:
        if isinstance(value, str):
            yield path, value
        return
    members: Any = ()
    if isinstance(value, dict):
        members = value.items() if place[0] is None else ((place[0], value.get(place[0])),)
    elif isinstance(value, list) and place[0] is None:
        members = enumerate(value)
    for step, member in members:
        yield from _descended(member, place[1:], (*path, step))
