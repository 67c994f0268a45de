"""Personal data: email addresses, phone and card numbers."""

from __future__ import annotations

import re
from typing import Final

from vcr_llm.scrub import judging
from vcr_llm.scrub.rule import Rule, around

__all__ = ["PERSONAL"]


def _real_address(text: str) -> bool:
    domain = text.rpartition("@")[2].lower()
    return not re.search(r"(?:^|\.)(?:example|test|invalid|localhost)(?:\.(?:com|org|net))?$", domain)


def _phone(text: str) -> bool:
    return 9 <= sum(map(str.isdigit, text)) <= 15


PERSONAL: Final[tuple[Rule, ...]] = (
    around(
        "email-address",
        "EMAIL_ADDRESS",
        r"(?<![A-Za-z0-9._%+-])([A-Za-z0-9._%+-]{1,64}+@(?:[A-Za-z0-9-]{1,63}+\.){1,8}[A-Za-z]{2,24})(?![A-Za-z0-9-])",
        "@",
        check=_real_address,
    ),
    around(
        "phone-number",
        "PHONE_NUMBER",
        r"(?<![\w+.])(\+[1-9](?:[ .()-]{0,2}\d){7,14}|\(\d{3}\) ?\d{3}-\d{4}|\d{3}-\d{3}-\d{4})(?![\w-])",
        *("+", "(", "-"),
        check=_phone,
    ),
    around(
        "card-number",
        "CARD_NUMBER",
        r"(?<![\w.-])(\d{13,19}|\d{4}(?:[ -]\d{4}){3}|\d{4}[ -]\d{6}[ -]\d{5})(?![\w-]|\.\d)",
        check=judging.is_luhn,
    ),
)
"""Personal data, off unless asked for: prompts are full of invented names and numbers."""
