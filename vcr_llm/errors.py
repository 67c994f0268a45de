"""Everything this package raises or warns about, with the remedy in the message.

VcrLlmError
├── UnreadableCassetteError     a cassette that exists but cannot be read (never overwritten)
│   └── NewerCassetteError      written by a later version of the format
├── UnwritableCassetteError     a cassette that could not be saved (the old file stays)
├── CassetteMissError           a call that has no recording and may not be recorded
├── DriftError                  a recording answered a changed request, and on_drift is "error"
├── BudgetError                 a live call that the run's record budget does not allow
├── PlaceholderKeyError         a live call that would go out with a placeholder key
└── OptionError                 an option this package does not know (also a TypeError)

VcrLlmWarning (a UserWarning)
├── DriftWarning                matched, but the rest of the request changed since it was recorded
├── StaleWarning                answered only by the fallback matchers
└── MissingCassetteWarning      an extra cassette that is named but does not exist
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "BudgetError",
    "CassetteMissError",
    "DriftWarning",
    "FixtureNotFoundError",
    "FixtureParseError",
    "MissingCassetteWarning",
    "NewerCassetteError",
    "OptionError",
    "PlaceholderKeyError",
    "SecretFoundError",
    "StaleWarning",
    "UnreadableCassetteError",
    "UnwritableCassetteError",
    "VcrLlmError",
    "VcrLlmWarning",
]


class VcrLlmError(Exception):
    """Base of every error this package raises."""


class UnreadableCassetteError(VcrLlmError):
    """A cassette that exists but cannot be read. The file is left as it is, in every record mode.

    ``reason`` says what is wrong; ``line`` and ``column`` count from 1 and are None where the
    trouble has no place in the text (a directory, no permission). ``path`` is None until the code
    that knows the file adds it with `at`.
    """

    remedy = "Restore it from version control, or delete it and record it again with --record-mode=once."

    def __init__(
        self,
        reason: str,
        *,
        path: str | None = None,
        line: int | None = None,
        column: int | None = None,
        remedy: str | None = None,
    ) -> None:
        self.reason = reason
        self.path = path
        self.line = line
        self.column = column
        if remedy is not None:
            self.remedy = remedy
        super().__init__(reason)

    def at(self, path: str) -> UnreadableCassetteError:
        """The same error, naming the file. A path that is already named stays."""
        if self.path is None:
            self.path = path
        return self

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)
        where = f"{place}: " if place else ""
        return f"{where}{self.reason}. The file was left as it is. {self.remedy}"


class NewerCassetteError(UnreadableCassetteError):
    """A cassette of a later format version than this package knows."""

    remedy = "Update with: pip install -U vcr-llm"


class FixtureParseError(UnreadableCassetteError):
    """``llm_mock`` was given a file that cannot be read (llm-mock's name for it)."""

    remedy = "Restore it from version control, or delete it and record it again with mode='record'."


class UnwritableCassetteError(VcrLlmError):
    """A cassette that could not be saved; what was on disk before is still there."""

    def __init__(self, path: str, reason: str, remedy: str) -> None:
        self.path = path
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{path}: the cassette was not saved: {reason}. {remedy}")


class SecretFoundError(VcrLlmError):
    """The last gate before a write found a secret. Nothing was written; what was on disk before is there.

    ``findings``: a line each, with the place in the document and the rule, never the secret.
    """

    def __init__(self, path: str, findings: Iterable[str]) -> None:
        self.path = path
        self.findings = list(findings)
        lines = "\n".join(f"  {line}" for line in self.findings)
        super().__init__(
            f"{path}: the cassette was not saved, a secret is still in it:\n{lines}\n"
            "The file is as it was before. Name the secret in preset(secret_names=…) or "
            "preset(secret_patterns=…), or take it out in before_record_request or before_record_response."
        )


class CassetteMissError(VcrLlmError):
    """A call that has no recording, in a record mode that does not allow recording it."""


class FixtureNotFoundError(CassetteMissError):
    """``llm_mock`` has no file, or no recording of this call (llm-mock's name for it)."""


class DriftError(VcrLlmError):
    """Recordings answered although the requests have changed, and ``on_drift`` is ``"error"``."""


class PlaceholderKeyError(VcrLlmError):
    """A live call that would have gone out with a placeholder key."""

    def __init__(self, url: str, variables: Iterable[str]) -> None:
        names = " or ".join(variables) or "the provider's key variable"
        self.url = url
        super().__init__(
            f"A live call to {url} needs a real API key, but the client was made with the placeholder that "
            f"the ini option llm_placeholder_keys provides for replaying. Nothing was sent. "
            f"To record, set {names} and run again; to replay, record this call first."
        )


class BudgetError(VcrLlmError):
    """A live LLM call beyond the budget (``--llm-max-calls``, ``--llm-max-cost``). It was not sent."""

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(f"The record budget is used up: {reason}. The call to {url} was not sent.")


class OptionError(VcrLlmError, TypeError):
    """An option, or the value of one, that neither vcrpy, pytest-recording nor this package knows."""

    def __init__(self, function: str, unknown: str, known: Iterable[str], what: str = "option") -> None:
        known = list(known)
        close = difflib.get_close_matches(unknown, known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        if not close and len(known) < 20:
            hint = f" It takes {', '.join(map(repr, known))}."
        super().__init__(f"{function} got an unknown {what} {unknown!r}.{hint}")


class VcrLlmWarning(UserWarning):
    """Base of every warning this package gives, for use in ``filterwarnings``."""


class DriftWarning(VcrLlmWarning):
    """A recording answered a call of the same model, messages and temperature; the rest differs."""


class StaleWarning(VcrLlmWarning):
    """A recording answered a call only because the ``fallback`` matchers accept it."""


class MissingCassetteWarning(VcrLlmWarning):
    """``@pytest.mark.vcr("name")`` names an extra cassette, and there is no such file."""
