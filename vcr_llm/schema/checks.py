"""What a document must look like, and what is said where it does not."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["Wrong", "kind_of", "member"]


class Wrong(Exception):
    """The document is JSON, but no cassette: what is wrong, and the keys that lead to it."""

    def __init__(self, reason: str, *where: str | int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.where = where


_MISSING: Final = object()
_KINDS: Final = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a whole number",
}


def member(
    item: dict[str, Any], name: str, kind: type, where: tuple[str | int, ...], default: Any = _MISSING
) -> Any:
    """A member of an object, ``default`` where it is absent; raises `Wrong` for one of another kind."""
    value = item.get(name, default)
    if value is _MISSING:
        raise Wrong(f'{_name_of(where)} has no "{name}"', *where)
    if value is default or (isinstance(value, kind) and not (kind is int and isinstance(value, bool))):
        return value
    raise Wrong(f'"{name}" must be {_KINDS[kind]}, not {kind_of(value)}', *where, name)


def _name_of(where: tuple[str | int, ...]) -> str:
    if len(where) < 2 or not isinstance(where[1], int):
        return "The cassette"
    return " of ".join(
        ["The http", f"interaction {where[1] + 1}"] if len(where) > 2 else [f"Interaction {where[1] + 1}"]
    )


def kind_of(value: Any) -> str:
    """A value's kind in words: "an object", "null"."""
    if value is None:
        return "null"
    return next((text for kind, text in _KINDS.items() if isinstance(value, kind)), "a number")
