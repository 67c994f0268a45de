"""Places inside a text or body that have a syntax of their own: URLs, form fields, parts of a form.

Each function takes the whole and a function for the parts, and gives the whole with the parts the function
has changed; every other byte stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from vcr_llm import multipart

__all__ = ["edited_fields", "edited_parts", "edited_url", "is_form"]

EditField = Callable[[str, str], str]
"""(name, value), both decoded → the value as it is to be."""

EditText = Callable[[str], str]

_READABLE: Final = "<>"
"""Not percent-encoded in what is written anew: placeholders stay readable."""

_URL: Final = re.compile(
    r"((?:[A-Za-z][A-Za-z0-9+.-]*:)?//)?(?:([^/?#@]*)@)?([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL
)
_FORM: Final = re.compile(
    r"[^\s=&{}\[\]\"<>]{1,200}(?:\[[^\s=&\"<>]{0,100}\])?=[^\s&\"]*+(?:&[^\s=&]*+(?:=[^\s&]*+)?)*+"
)


def edited_url(url: str, edit_field: EditField, edit_text: EditText, edit_userinfo: EditText) -> str:
    """A URL (absolute, relative, or any text) with its user information, path, query and fragment edited."""
    match = _URL.fullmatch(url)
    if match is None:  # cannot be: every part is optional
        return edit_text(url)
    scheme, userinfo, path, query, fragment = (part or "" for part in match.groups())
    if match.group(2) is not None and scheme:
        userinfo = f"{edit_userinfo(userinfo)}@" if userinfo else "@"
    elif match.group(2) is not None:
        path, userinfo = f"{userinfo}@{path}", ""
    path = "/".join(_edited(part, unquote, _quoted_path, edit_text) for part in path.split("/"))
    if query:
        query = "?" + edited_fields(query[1:], edit_field)
    if fragment:
        inside = fragment[1:]
        fragment = "#" + (edited_fields(inside, edit_field) if "=" in inside else edit_text(inside))
    return f"{scheme}{userinfo}{path}{query}{fragment}"


def _quoted_path(text: str) -> str:
    return quote(text, safe=f"{_READABLE}:@!$&'()*+,;=-._~")


def _quoted_field(text: str) -> str:
    return quote_plus(text, safe=_READABLE)


def _edited(raw: str, decode: EditText, encode: EditText, edit: EditText) -> str:
    """An encoded piece, written anew only where its decoded text is changed."""
    decoded = decode(raw)
    found = edit(decoded)
    return raw if found == decoded else encode(found)


def is_form(text: str) -> bool:
    """Whether a body can be ``application/x-www-form-urlencoded``: fields, no white space, no JSON."""
    return _FORM.fullmatch(text) is not None


def edited_fields(text: str, edit: EditField) -> str:
    """``a=b&c=d`` with its values edited; names, order and untouched values keep their bytes."""

    def one(field: str) -> str:
        name, equals, raw = field.partition("=")
        label = unquote_plus(name)
        if not equals:
            return _edited(name, unquote_plus, _quoted_field, lambda value: edit("", value))
        # A name may hold a secret as well (``?sk-…=``), under no name of its own.
        name = _edited(name, unquote_plus, _quoted_field, lambda value: edit("", value))
        return f"{name}={_edited(raw, unquote_plus, _quoted_field, lambda value: edit(label, value))}"

    # Some servers take ";" as well; a value that contains one is then two fields, which is safe.
    return "".join(part if part in ("&", ";") else one(part) for part in re.split("([&;])", text))


def edited_parts(raw: bytes, edit: Callable[[str, bytes, bool], bytes], edit_head: EditText) -> bytes | None:
    """A multipart form with its parts edited: ``edit(name, content, is_file)``; None for no such body.

    The boundary and the parts' order stay.
    """
    parts = multipart.parse(raw)
    if not parts:
        return None
    first_line = raw[: raw.index(b"\r\n")]
    delimiter = b"\r\n" + first_line
    opening, *chunks, closing = (b"\r\n" + raw).split(delimiter)
    edited: list[bytes] = [opening]
    for part, chunk in zip(parts, chunks, strict=True):
        head, separator, content = chunk.partition(b"\r\n\r\n")
        found = edit(part.name, content, part.filename is not None)
        text = edit_head(head.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        edited.append(text + separator + found)
    return delimiter.join([*edited, closing])[2:]
