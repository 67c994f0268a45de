"""Made-up contents of answers: random ids, texts and their pieces, values for JSON schemas."""

from __future__ import annotations

import datetime
import json
import math
import re
import secrets
import string
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from vcr_llm.demo.wire_types import Json

# Words of the prompt that a text answer quotes.
QUOTED_WORDS = 6


# --- Random parts, moments, counts --------------------------------------------------------------------


def random_text(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def request_id() -> str:
    return f"req_011C{random_text(20)}"


def now() -> int:
    """Seconds since the epoch, the form of OpenAI's `created` fields."""
    return int(time.time())


def rfc3339(seconds_from_now: float = 0) -> str:
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds_from_now)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def token_count(value: object) -> int:
    """An estimate of the tokens in a text or a JSON value: four bytes each, as both providers advise."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return len(text.encode()) // 4 + 1


# --- Texts and their pieces ---------------------------------------------------------------------------


def text_answer(prompt: str, number: int) -> str:
    """A text with what tends to break recordings: a line break, characters of two to four bytes."""
    quoted = " ".join(prompt.split()[:QUOTED_WORDS])
    return f"You said “{quoted}”.\nAnswer no. {number} from a naïve café, 你好 🎞 {random_text(6)}."


def word_pieces(text: str) -> list[str]:
    """A text cut as a model streams it, at the words; the pieces joined are the text."""
    return re.findall(r"\s*\S+|\s+$", text)


def json_pieces(arguments: str) -> list[str]:
    """A tool call's JSON cut without regard to its tokens, as both providers do."""
    size = max(4, math.ceil(len(arguments) / 5))
    return [arguments[start : start + size] for start in range(0, len(arguments), size)]


# --- Values for JSON schemas --------------------------------------------------------------------------

STRING_FORMATS: Mapping[str, str] = {
    "date": "2026-01-31",
    "time": "12:34:56Z",
    "date-time": "2026-01-31T12:34:56Z",
    "duration": "PT1H",
    "email": "ada@example.com",
    "uri": "https://example.com/",
    "uuid": "6a1b4c8e-3d2f-4e5a-9b7c-0d1e2f3a4b5c",
    "ipv4": "192.0.2.1",
}


def _within(schema: Json, value: float) -> float:
    low, high = schema.get("minimum", value), schema.get("maximum", value)
    return float(min(max(value, low), high))


def _first_type(schema: Json) -> str:
    """The schema's type; of several the first that is not null."""
    declared = schema.get("type", "object" if "properties" in schema else "null")
    names = declared if isinstance(declared, list) else [declared]
    return next((str(name) for name in names if name != "null"), "null")


@dataclass(frozen=True)
class _Example:
    """Makes up values for JSON schemas; `number` goes into them so that two calls differ."""

    number: int
    definitions: Json

    def value(self, schema: object, name: str = "value") -> Any:
        if not isinstance(schema, dict):
            return None
        if "$ref" in schema:
            # Inside of a definition it is unknown: a schema that refers to itself must come to an end.
            rest = dict(self.definitions)
            target = rest.pop(str(schema["$ref"]).rsplit("/", 1)[-1], {})
            return replace(self, definitions=rest).value(target, name)
        for keyword in ("anyOf", "oneOf", "allOf"):
            if schema.get(keyword):
                return self.value(schema[keyword][0], name)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        by_type: dict[str, Callable[[], Any]] = {
            "object": lambda: {
                key: self.value(part, key) for key, part in schema.get("properties", {}).items()
            },
            "array": lambda: [self.value(schema["items"], name)] if "items" in schema else [],
            "string": lambda: STRING_FORMATS.get(str(schema.get("format")), f"{name} №{self.number}"),
            "integer": lambda: int(_within(schema, self.number)),
            "number": lambda: _within(schema, self.number + 0.5),
            "boolean": lambda: True,
        }
        return by_type.get(_first_type(schema), lambda: None)()


def made_up_value(schema: Json, number: int) -> Any:
    return _Example(number, schema.get("$defs") or schema.get("definitions") or {}).value(schema)
