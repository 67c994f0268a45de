"""Words about calls, and how to record them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from vcr_llm.providers import Message

__all__ = ["PLAIN", "PYTEST", "Advice", "asked", "first_words"]

_WORDS = 60


@dataclass(frozen=True, slots=True)
class Advice:
    """How to record: a call without a cassette, one more call into a cassette, everything again.

    ``option``: how an option is given, ``{}`` for its text, and ``option_here`` for this one cassette; None
    where it cannot be.
    """

    first: str
    more: str
    again: str
    option: str | None = None
    option_here: str | None = None

    def of_test(self, name: str) -> Advice:
        """The same for one test: commands with its node id behind."""
        test = shlex.quote(name)
        first, more, again = (f"{command} {test}" for command in (self.first, self.more, self.again))
        return Advice(first, more, again, self.option, self.option_here)


PYTEST = Advice(
    "pytest --record-mode=once",
    "pytest --record-mode=new_episodes",
    "pytest --record-mode=rewrite",
    "preset({})",
    "@pytest.mark.vcr({})",
)
PLAIN = Advice("record_mode='once'", "record_mode='new_episodes'", "record_mode='all'", "{}", "{}")


def asked(messages: Sequence[Message]) -> str:
    """The text that people know a call by: the user's last words, else the prompt's last."""
    texts = [message for message in messages if message.text.strip()]
    by_user = [message for message in texts if message.role == "user"]
    return (by_user or texts)[-1].text if texts else ""


def first_words(text: str) -> str:
    """A text on one line, quoted, its first words."""
    line = " ".join(text.split())
    return json.dumps(line if len(line) <= _WORDS else line[: _WORDS - 1].rstrip() + "…", ensure_ascii=False)
