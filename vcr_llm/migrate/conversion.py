"""From any known format to our document, and the proof that nothing was lost on the way. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from vcr_llm import formats, jsontext, schema, streams
from vcr_llm.errors import UnreadableCassetteError, VcrLlmError
from vcr_llm.fingerprint import fingerprint
from vcr_llm.formats.recording import KEPT
from vcr_llm.interaction import Body, CassetteData, Interaction, Request, Response
from vcr_llm.providers import classify
from vcr_llm.schema.dumping import SaveFile
from vcr_llm.schema.loading import ReadFile
from vcr_llm.scrub import Finding, Ledger, Scrubber, stored_headers

__all__ = ["OURS", "Conversion", "LossError", "convert", "difference", "verify"]

OURS: Final = "vcr-llm"
"""The format's name of what needs no converting."""


class LossError(VcrLlmError):
    """A converted cassette that would not replay what the old one does. Nothing was written."""

    def __init__(self, number: int, what: str) -> None:
        super().__init__(
            f"Interaction {number + 1} would change: {what}. The old file was left as it is and nothing was "
            "written. Please report this, with the file if you may."
        )


@dataclass(frozen=True)
class Conversion:
    """What became of one file.

    ``data``: as it is stored, without secrets. ``text``: its document. ``providers``: name → number of
    calls, "other" for requests that are no LLM call. ``secrets``: rule → how many were found; they were
    replaced by placeholders unless the caller kept them. ``warnings``: a sentence each.
    """

    format: str
    data: CassetteData
    text: str
    providers: Mapping[str, int]
    secrets: Mapping[str, int]
    warnings: tuple[str, ...] = ()
    places: tuple[str, ...] = field(default=(), repr=False)
    """Where in the document the secrets are, a line each; only where they were kept."""


def convert(
    raw: bytes,
    scrubber: Scrubber,
    *,
    har_too: bool = False,
    keep_secrets: bool = False,
    read_file: ReadFile | None = None,
    save_file: SaveFile | None = None,
) -> Conversion:
    """Our document of a cassette of any known format.

    Raises `UnreadableCassetteError` (`formats.NotACassetteError` for what is no cassette), and
    `content.MissingDecoderError` where a package is needed.
    """
    reading = formats.read(raw, har_too=har_too, read_file=read_file)
    found = reading.data()
    cleaner = _Cleaner(scrubber, keep_secrets)
    stored = tuple(cleaner.interaction(number, each) for number, each in enumerate(found.interactions))
    data = CassetteData(stored, found.provider, cleaner.extra(found.extra))
    return Conversion(
        reading.format,
        data,
        schema.dump(data, save_file),
        Counter(_provider(interaction.request) for interaction in stored),
        cleaner.secrets,
        (*reading.warnings, *_warnings(data)),
        tuple(cleaner.places) if keep_secrets else (),
    )


class _Cleaner:
    """What is read, as it is stored: without the headers that are not, and without secrets unless those are
    kept. Counts them, and says where they are."""

    def __init__(self, scrubber: Scrubber, keep: bool) -> None:
        self._scrubber = scrubber
        self._keep = keep
        self._ledger = Ledger()
        self.secrets: Counter[str] = Counter()
        self.places: list[str] = []

    def interaction(self, number: int, interaction: Interaction) -> Interaction:
        response = interaction.response
        scrubber = self._scrubber
        headers = stored_headers(response.headers, scrubber.add_headers, scrubber.remove_headers)
        unscrubbed = replace(interaction, response=replace(response, headers=headers))
        clean = scrubber.interaction(interaction, self._ledger)
        if _scrubbed(unscrubbed, clean):
            self._count(scrubber.scan(unscrubbed, number))
        return replace(unscrubbed, recorded_at=clean.recorded_at) if self._keep else clean

    def extra(self, extra: Mapping[str, Any]) -> Mapping[str, Any]:
        """The cassette's own further members."""
        if not extra:
            return extra
        text = jsontext.compact(dict(extra))
        self._count(self._scrubber.scan_text(text))
        cleaned: dict[str, Any] = json.loads(self._scrubber.text(text, self._ledger))
        return extra if self._keep else cleaned

    def _count(self, findings: Sequence[Finding]) -> None:
        self.secrets.update(finding.rule for finding in findings)
        self.places += map(str, findings)


def _scrubbed(one: Interaction, other: Interaction) -> bool:
    """Whether scrubbing found anything. It gives back the very same parts where it did not."""
    return (
        one.request is not other.request
        or one.response.body is not other.response.body
        or one.response.headers != other.response.headers
        or one.extra is not other.extra
    )


def _provider(request: Request) -> str:
    call = classify(request)
    return call.operation.provider if call else "other"


def _warnings(data: CassetteData) -> list[str]:
    warnings = [] if data.interactions else ["it has no interactions"]
    encoded = [each for each in data.interactions if "content-encoding" in each.response.headers]
    if encoded:
        names = sorted({value for each in encoded for value in each.response.headers["content-encoding"]})
        warnings.append(
            f"{_bodies(len(encoded))} encoded as {', '.join(names)} cannot be decoded and stay so"
        )
    if any(KEPT in each.extra for each in data.interactions):
        warnings.append(f"members that replaying does not need are kept under {KEPT!r}")
    return warnings


def _bodies(count: int) -> str:
    return "a body" if count == 1 else f"{count} bodies"


# --- the proof --------------------------------------------------------------------------------------


def verify(conversion: Conversion, text: str, read_file: ReadFile | None = None) -> None:
    """Load a document and compare every interaction with what was to be stored. Raises `LossError`."""
    try:
        again = schema.load(text, read_file).interactions
    except UnreadableCassetteError as error:
        raise LossError(0, f"the new document cannot be read ({error.reason})") from None
    before = conversion.data.interactions
    if len(again) != len(before):
        raise LossError(0, f"there are {len(again)} interactions, not {len(before)}")
    for number, (one, other) in enumerate(zip(before, again, strict=True)):
        what = difference(one, other)
        if what is not None:
            raise LossError(number, what)


def difference(one: Interaction, other: Interaction) -> str | None:
    """What a replay, or a search for a recording, would see of two interactions: None, or the first part
    that differs. JSON is compared by value, streams event by event, anything else byte by byte."""
    asked, asked_again = one.request, other.request
    answer, again = one.response, other.response
    parts = (
        ("the method", asked.method == asked_again.method),
        ("the URL", asked.url == asked_again.url),
        ("the request's body", _same_body(asked.body, asked_again.body, "application/json")),
        ("the digest it is found by", _digests(asked) == _digests(asked_again)),
        ("the status", (answer.status, answer.reason) == (again.status, again.reason)),
        ("the response's headers", answer.headers == again.headers),
        ("the response's body", _same_body(answer.body, again.body, _content_type(answer))),
        ("the date", one.date == other.date),
    )
    return next((what for what, same in parts if not same), None)


def _digests(request: Request) -> tuple[str, str, str]:
    found = fingerprint(request)
    return found.place, found.key, found.whole


def _content_type(response: Response) -> str:
    return next(iter(response.headers.get("content-type", ())), "")


def _same_body(one: Body | None, other: Body | None, content_type: str) -> bool:
    if one is None or other is None:
        # An empty body and none at all are the same on the wire.
        return not (one.raw if one else b"") and not (other.raw if other else b"")
    if one.raw == other.raw:
        return True
    if one.text is None or other.text is None:
        return False
    try:
        return jsontext.compact(jsontext.parse(one.text)) == jsontext.compact(jsontext.parse(other.text))
    except jsontext.LossyJsonError:
        found, again = streams.parse(one.raw, content_type), streams.parse(other.raw, content_type)
        return found is not None and found == again
