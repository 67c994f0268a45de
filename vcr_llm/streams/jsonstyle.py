"""How a server spells its JSON, so that a value can be written again as the very text it came from.

Nearly every server uses one of a few writers. A text that none of them would have written (other white
space, ``1.0E-5``, an escaped slash) is held as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from vcr_llm import jsontext

__all__ = ["COMPACT", "Style", "hold", "spell", "style_of"]


@dataclass(frozen=True, slots=True)
class Style:
    """A way of writing JSON.

    ``spaced``: a space after commas and colons, as Python's ``json``. ``escaped``: the characters that
    stand as ``\\uXXXX`` beside those that must: ``html`` for ``<>&`` and two line separators, as Go does,
    ``ascii`` for all that is not ASCII, as Python does. ``indent``: spaces per level, 0 for one line.
    """

    spaced: bool = False
    escaped: str = ""
    indent: int = 0


COMPACT: Final = Style()

_ESCAPED: Final = ("", "html", "ascii")
_HTML: Final = re.compile("[<>&\u2028\u2029]")


def spell(value: Any, style: Style) -> str:
    """The JSON text of a value in a style."""
    if style == COMPACT:
        return jsontext.compact(value)
    ascii_only = style.escaped == "ascii"
    try:
        if style.indent:
            text = json.dumps(value, ensure_ascii=ascii_only, indent=style.indent)
        else:
            separators = (", ", ": ") if style.spaced else (",", ":")
            text = json.dumps(value, ensure_ascii=ascii_only, separators=separators)
    except RecursionError:  # deeper than any server writes: a file by hand
        text = jsontext.compact(value)
    # Outside its strings a JSON text has none of these characters.
    return _HTML.sub(lambda found: f"\\u{ord(found.group()):04x}", text) if style.escaped == "html" else text


def hold(text: str, style: Style) -> Any:
    """The object or list that the text spells in this style; any other text as it is."""
    if not text.startswith(("{", "[")):
        return text
    try:
        value = jsontext.parse(text)
    except jsontext.LossyJsonError:
        return text
    return value if spell(value, style) == text else text


_SAMPLE: Final = 1000


def style_of(texts: Sequence[str], indent: int = 0) -> Style:
    """The style in which most of these texts are spelled, by the first thousand; `COMPACT` where none is."""
    candidates = [
        Style(spaced, escaped, indent)
        for spaced in ((False,) if indent else (False, True))
        for escaped in _ESCAPED
    ]
    texts = texts[:_SAMPLE]
    values = [(text, _value(text)) for text in texts]
    best, most = candidates[0], 0
    for style in candidates:
        fitting = sum(spell(value, style) == text for text, value in values)
        if fitting > most:
            best, most = style, fitting
        if most == len(texts):
            break
    return best


def _value(text: str) -> Any:
    try:
        return jsontext.parse(text)
    except jsontext.LossyJsonError:
        return None
