"""Secrets: found and replaced in any part of an interaction, before it is stored and before it is compared.

Pure: the values of environment variables are passed in. `Scrubber` says what counts as a secret, a
`Ledger` which placeholder stands for which in one cassette, `folded` what of a request is compared.

Floors inside: `anchors`, `placeholders`, `judging` ← `rules` ← `values`, `text`; `names` ← `name_rules`;
`documents`, `places`, `headers`, `findings` ← `body` ← `message` ← `glance` ← `engine`, `folding`.
"""

from __future__ import annotations

from vcr_llm.interaction import Interaction
from vcr_llm.scrub.engine import Scrubber
from vcr_llm.scrub.findings import Finding
from vcr_llm.scrub.folding import folded, untouched
from vcr_llm.scrub.glance import Parts
from vcr_llm.scrub.headers import stored_headers
from vcr_llm.scrub.placeholders import Ledger, folded_text
from vcr_llm.scrub.rule import Rule
from vcr_llm.scrub.values import credential_values

__all__ = [
    "DEFAULT",
    "Finding",
    "Ledger",
    "Parts",
    "Rule",
    "Scrubber",
    "clean",
    "credential_values",
    "folded",
    "folded_text",
    "scan",
    "scan_text",
    "stored_headers",
    "untouched",
]

DEFAULT = Scrubber()
"""The built-in rules alone."""


def clean(interaction: Interaction) -> Interaction:
    """The interaction without what must not be stored, by the built-in rules alone."""
    return DEFAULT.interaction(interaction, Ledger())


def scan(interaction: Interaction, number: int | None = None) -> list[Finding]:
    """The secrets in an interaction by the built-in rules; a `Scrubber` also knows values and additions."""
    return DEFAULT.scan(interaction, number)


def scan_text(text: str) -> list[Finding]:
    """The secrets in any text by the built-in rules."""
    return DEFAULT.scan_text(text)
