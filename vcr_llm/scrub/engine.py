"""The scrubber: an interaction without its secrets, or what secrets it has."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from vcr_llm.interaction import EPOCH, Interaction, Request, Response
from vcr_llm.scrub import headers as response_headers
from vcr_llm.scrub.body import BodyEditor
from vcr_llm.scrub.findings import Finding
from vcr_llm.scrub.glance import Glance, Parts
from vcr_llm.scrub.message import MessagePass, preview_of
from vcr_llm.scrub.name_rules import NAMED, added_rules
from vcr_llm.scrub.names import Names
from vcr_llm.scrub.personal import PERSONAL
from vcr_llm.scrub.placeholders import Ledger, placeholder_name
from vcr_llm.scrub.rule import Rule
from vcr_llm.scrub.rules import IN_BYTES, SHAPES
from vcr_llm.scrub.text import Detector, find
from vcr_llm.scrub.values import value_rules

__all__ = ["Scrubber"]

Pattern = re.Pattern[str] | tuple[str, re.Pattern[str]]


@dataclass(frozen=True)
class Scrubber:
    """What counts as a secret; made once for a cassette, or for a session.

    ``values``: environment variables whose values are secrets wherever they appear (see
    `credential_values`). ``names``: further field names, at any depth of JSON bodies. ``patterns``: further
    regular expressions, bare or with a name; the first group is the secret, or the whole match.
    ``callables``: applied to every text first; what they change a scan does not know of. ``personal``:
    also email addresses, phone and card numbers. ``add_headers``, ``remove_headers``: response headers to
    store beside the usual ones, or not to. Raises `ValueError` for headers that are never stored.
    """

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    names: Collection[str] = ()
    patterns: Collection[Pattern] = field(default=(), repr=False)
    callables: Collection[Callable[[str], str]] = ()
    personal: bool = False
    add_headers: Collection[str] = ()
    remove_headers: Collection[str] = ()

    def __post_init__(self) -> None:
        response_headers.check_names(self.add_headers)

    @cached_property
    def editor(self) -> BodyEditor:
        """What edits the texts of bodies."""
        rules = (*value_rules(self.values), *_pattern_rules(self.patterns), *added_rules(self.names))
        detector = _detector(rules, self.personal)
        return BodyEditor(detector, Names.including(self.names), tuple(self.callables))

    @cached_property
    def _in_bytes(self) -> Detector:
        return _detector_of_bytes(value_rules(self.values))

    @cached_property
    def _glance(self) -> Glance:
        custom = bool(self.callables or self.patterns)
        return Glance(self.editor, self.add_headers, self.remove_headers, custom)

    # --- replacing

    def request(self, request: Request, ledger: Ledger) -> Request:
        """The request as it is stored, and as it is compared; the very same object where nothing is found."""
        return MessagePass(self.editor, self._in_bytes, ledger).request(request)

    def response(self, response: Response, ledger: Ledger) -> Response:
        """The response as it is stored; the very same object where nothing is found and no header goes."""
        kept = self._with_stored_headers(response)
        return MessagePass(self.editor, self._in_bytes, ledger).response(kept)

    def _with_stored_headers(self, response: Response) -> Response:
        kept = response_headers.stored_headers(response.headers, self.add_headers, self.remove_headers)
        return response if kept is response.headers else replace(response, headers=kept)

    def interaction(self, interaction: Interaction, ledger: Ledger) -> Interaction:
        """The interaction as it is stored; the very same object where nothing is found."""
        return self.cleaned(interaction, ledger)[0]

    def cleaned(self, interaction: Interaction, ledger: Ledger) -> tuple[Interaction, bool]:
        """The same, and whether there was nothing to replace: `scan` then finds nothing in it."""
        through = MessagePass(self.editor, self._in_bytes, ledger)
        for body in (interaction.request.body, interaction.response.body):
            if body is not None:
                body.parsed_exactly()  # as the document needs it: once for both
        request = through.request(interaction.request)
        kept = self._with_stored_headers(interaction.response)
        response = through.response(kept)
        extra = through.extra(interaction.extra)
        same = request is interaction.request and response is kept and extra is interaction.extra
        recorded_at = interaction.recorded_at
        if recorded_at is None and "date" not in response.headers and interaction.date != EPOCH:
            recorded_at = interaction.date  # the header Date is not stored
        clean = same and not through.findings
        if same and response is interaction.response and recorded_at == interaction.recorded_at:
            return interaction, clean
        found = replace(interaction, request=request, response=response, extra=extra, recorded_at=recorded_at)
        return found, clean

    def leaves(self, parts: Parts, source: Interaction | None = None) -> bool:
        """Whether `interaction` leaves a stored one as it is, and `scan` finds nothing in it.

        Fast; False where only they can tell. ``source``: the interaction that the parts were made of, which
        this scrubber may have gone through before.
        """
        return self._glance.leaves(parts, source)

    def text(self, text: str, ledger: Ledger) -> str:
        """Any text (a report, a log, a document's own members) without its secrets."""
        return MessagePass(self.editor, self._in_bytes, ledger).text(text, ())

    # --- finding

    def scan(self, interaction: Interaction, number: int | None = None) -> list[Finding]:
        """The secrets in an interaction, `number` from 0 in its cassette; empty for what was scrubbed.

        Headers are scanned as they are: one that would not be stored is no finding of its own.
        """
        found = MessagePass(self._scanning, self._in_bytes, Ledger())
        found.where = ("interactions", number) if number is not None else ()
        found.request(interaction.request)
        found.response(interaction.response)
        found.extra(interaction.extra)
        return sorted(set(found.findings))

    def scan_text(self, text: str) -> list[Finding]:
        """The secrets in any text: a cassette of any format, a log. Names of fields do not count here."""
        found = MessagePass(self._scanning, self._in_bytes, Ledger())
        found.body_text(text, (), named=False)
        if found.findings and not _is_json(text):
            return sorted(_line_findings(text, self._scanning.detector))
        return sorted(set(found.findings))

    @cached_property
    def _scanning(self) -> BodyEditor:
        return replace(self.editor, callables=())


@lru_cache(maxsize=16)
def _detector(rules: tuple[Rule, ...], personal: bool) -> Detector:
    return Detector((*rules, *SHAPES, *NAMED, *(PERSONAL if personal else ())))


@lru_cache(maxsize=16)
def _detector_of_bytes(rules: tuple[Rule, ...]) -> Detector:
    return Detector((*rules, *IN_BYTES, *NAMED))


def _pattern_rules(patterns: Collection[Pattern]) -> tuple[Rule, ...]:
    named = [pattern if isinstance(pattern, tuple) else ("pattern", pattern) for pattern in patterns]
    return tuple(
        Rule(name if name != "pattern" else "user-pattern", placeholder_name(name), pattern, ())
        for name, pattern in named
    )


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _line_findings(text: str, detector: Detector) -> list[Finding]:
    found = []
    for match in find(text, detector.narrowed(text)):
        line = text.count("\n", 0, match.start) + 1
        column = match.start - text.rfind("\n", 0, match.start)
        where = f"line {line}, column {column}"
        found.append(Finding(where, match.start, match.rule.name, preview_of(match)))
    return found
