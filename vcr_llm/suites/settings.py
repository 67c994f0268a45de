"""pytest's settings and a project's requirements, with this package in them."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["vcrpy_pin", "with_package"]

_PACKAGES: Final = r"(?P<name>pytest[-_]recording|pytest[-_]vcr|vcrpy)\b"
_END: Final = r"[ \t]*(?:#[^\n]*)?(?:\n|$)"
_LINES: Final = (
    # A line of a list in TOML or Python.
    (
        rf"^(?P<lead>[ \t]*[\"']){_PACKAGES}[^\"'\n]*(?P<quote>[\"'])(?P<comma>,?){_END}",
        "{lead}vcr-llm{quote},\n",
    ),
    # Poetry's table of dependencies.
    (rf"^(?P<lead>){_PACKAGES}[ \t]*=[ \t]*[\"'{{][^\n]*{_END}", '{lead}vcr-llm = "*"\n'),
    # A line of a requirements file, or of tox's dependencies.
    (
        rf"^(?P<lead>[ \t]*){_PACKAGES}(?:\[[^\n\]]*\])?[ \t]*(?:[<>=~!;@][^\n]*)?{_END}",
        "{lead}vcr-llm\n",
    ),
)
"""Where a requirement is a line of its own, and the line to put behind it."""
_INLINE: Final = re.compile(rf"(?P<quote>[\"']){_PACKAGES}[^\"'\n]*(?P=quote)")
_OPTIONS: Final = (
    (re.compile(r"--vcr-record(?:-mode)?([= ])"), r"--record-mode\1"),
    (re.compile(r"--disable-vcr\b"), "--disable-recording"),
)
"""pytest-vcr's options → pytest-recording's."""
_PIN: Final = re.compile(r"vcrpy[^\"'\n#]*<[ ]*=?[ ]*[0-9][^\"'\n,;# ]*")


def with_package(text: str) -> str:
    """A settings or requirements file that requires vcr-llm where it requires what that works with.

    pytest-vcr goes, since pytest-recording refuses to work beside it.
    """
    for option, ours in _OPTIONS:
        text = option.sub(ours, text)
    if re.search(r"\bvcr[-_]llm\b", text):
        return text
    for pattern, line in _LINES:
        found = re.search(pattern, text, re.MULTILINE)
        if found is not None:
            added = line.format_map(found.groupdict())
            kept = "" if _is_pytest_vcr(found) else _listed(found)
            return f"{text[: found.start()]}{kept}{added}{text[found.end() :]}"
    found = _INLINE.search(text)
    if found is None:
        return text
    kept = "" if _is_pytest_vcr(found) else f"{found.group()}, "
    quoted = f"{found['quote']}vcr-llm{found['quote']}"
    return f"{text[: found.start()]}{kept}{quoted}{text[found.end() :]}"


def vcrpy_pin(text: str) -> str | None:
    """The requirement that forbids later versions of vcrpy, if there is one."""
    found = _PIN.search(text)
    return None if found is None else found.group()


def _is_pytest_vcr(found: re.Match[str]) -> bool:
    return found["name"].replace("_", "-") == "pytest-vcr"


def _listed(found: re.Match[str]) -> str:
    """The line as one that another follows."""
    line = found.group() if found.group().endswith("\n") else f"{found.group()}\n"
    if found.groupdict().get("comma") == "":
        end = found.end("quote") - found.start()
        line = f"{line[:end]},{line[end:]}"
    return line
