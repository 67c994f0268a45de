"""What to change in a suite so that it uses the preset, what becomes unnecessary, what will be different."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from vcr_llm.audit import Audit
from vcr_llm.suites import editing
from vcr_llm.suites.patching import Change, Edit, edited
from vcr_llm.suites.reading import Suite
from vcr_llm.suites.source import Fact, Source

__all__ = ["Advice", "advise"]


@dataclass(slots=True)
class Advice:
    """``changes`` are the patch; the others are lines for people, each with its place."""

    changes: list[Change] = field(default_factory=list)
    unnecessary: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)


def advise(suite: Suite, audit: Audit | None = None) -> Advice:
    """The advice for a suite; with an audit of it, the fallback only where a test needs it."""
    advice = Advice()
    fallback = audit is None or bool(audit.needs_fallback())
    from_pytest_vcr = suite.mentions("pytest-vcr") or bool(suite.facts("pytest-vcr"))
    texts: dict[str, str] = {}
    for source in suite.sources:
        after = _changed(source, fallback, advice)
        if after != source.text:
            texts[source.path] = after
    fixtures = _fixtures_to_add(suite, fallback, from_pytest_vcr)
    if fixtures:
        path = _conftest(suite)
        present = next((source.text for source in suite.sources if source.path == path), None)
        if present is None and (suite.root / path).is_file():
            present = (suite.root / path).read_text(encoding="utf-8")
        texts[path] = _with_fixtures(texts.get(path, present), fixtures)
        suite.settings.setdefault(path, present or "")
    before = {source.path: source.text for source in suite.sources}
    for path, after in texts.items():
        known = before.get(path, suite.settings.get(path)) or None
        advice.changes.append(Change(path, known, after))
    for path, text in suite.settings.items():
        after = text if path.endswith(".py") and path not in ("setup.py",) else _changed_settings(text)
        if after != text and path not in texts:
            advice.changes.append(Change(path, text, after))
    advice.changes.sort(key=lambda change: change.path)
    advice.unnecessary += _unnecessary(suite)
    advice.different += list(_different(suite, from_pytest_vcr))
    advice.by_hand += list(_by_hand(suite))
    return advice


# --- Python files ------------------------------------------------------------------------------------


def _changed(source: Source, fallback: bool, advice: Advice) -> str:
    edits: list[Edit] = []
    if not source.uses_preset:
        for config in source.configs():
            place = f"{source.path}:{config.function.lineno}"
            found = [] if config.extends else editing.in_config(source, config, fallback)
            edits += found
            if config.extends:
                advice.different.append(
                    f"{place}: extends another vcr_config; what it sets goes over the preset's options"
                )
            elif not found:
                advice.by_hand.append(
                    f"{place}: vcr_config returns in more than one place; let each return "
                    "vcr_llm.preset(fallback=<its match_on>, …) without serializer and path_transformer"
                )
        for hook in source.hooks():
            edits += editing.in_hook(source, hook)
    edits += editing.in_calls(source, fallback)
    edits += editing.renamed_fixtures(source)
    if not edits:
        return source.text
    after = edited(source.text, edits)
    needed = ["vcr_llm"] if re.search(r"\bvcr_llm\.", after) else []
    return editing.with_imports(source.text, after, needed)


def _fixtures_to_add(suite: Suite, fallback: bool, from_pytest_vcr: bool) -> list[str]:
    marked = bool(suite.facts("mark"))
    has_config = any(source.configs() or source.uses_preset for source in suite.sources)
    fixtures = [editing.new_fixture(fallback)] if marked and not has_config else []
    if marked and from_pytest_vcr and not suite.facts("cassette folder"):
        fixtures.append(editing.PYTEST_VCR_FOLDER)
    return fixtures


def _conftest(suite: Suite) -> str:
    """The conftest of the folder that all marked tests are in, where there is one above it that one."""
    folders = [os.path.dirname(fact.path) for fact in suite.facts("mark")]
    folder = os.path.commonpath(folders) if folders else ""
    configs = [source.path for source in suite.sources if source.configs()]
    if configs:
        return configs[0]
    candidate = folder
    while True:
        if (suite.root / candidate / "conftest.py").is_file() or not candidate:
            break
        candidate = os.path.dirname(candidate)
    chosen = candidate if (suite.root / candidate / "conftest.py").is_file() else folder
    return f"{chosen}/conftest.py" if chosen else "conftest.py"


def _with_fixtures(text: str | None, fixtures: Iterable[str]) -> str:
    added = "\n\n".join(fixtures)
    if not text:
        return f"import pytest\nimport vcr_llm\n\n\n{added}"
    return editing.with_imports(text, f"{text.rstrip()}\n\n\n{added}", ["pytest", "vcr_llm"])


# --- settings and requirements -----------------------------------------------------------------------

_PACKAGES: Final = r"(?P<name>pytest[-_]recording|pytest[-_]vcr|vcrpy)"
_REQUIREMENTS: Final[Sequence[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]]] = (
    (
        re.compile(
            rf"^(?P<indent>[ \t]*)(?P<quote>[\"']){_PACKAGES}\b[^\"'\n]*(?P=quote),?[ \t]*(#.*)?\n",
            re.MULTILINE,
        ),
        lambda found: f"{found['indent']}{found['quote']}vcr-llm{found['quote']},\n",
    ),
    (
        re.compile(rf"^(?P<indent>){_PACKAGES}[ \t]*=[ \t]*[^\n]*\n", re.MULTILINE),
        lambda found: 'vcr-llm = "*"\n',
    ),
    (
        re.compile(rf"^(?P<indent>[ \t]*){_PACKAGES}\b(?![ \t]*=[^=])[^\n]*\n", re.MULTILINE),
        lambda found: f"{found['indent']}vcr-llm\n",
    ),
)
_INLINE: Final = re.compile(rf"(?P<quote>[\"']){_PACKAGES}\b[^\"'\n]*(?P=quote)")
_OPTIONS: Final = (
    (re.compile(r"--vcr-record(?:-mode)?([= ])"), r"--record-mode\1"),
    (re.compile(r"--disable-vcr\b"), "--disable-recording"),
)


def _changed_settings(text: str) -> str:
    for pattern, replacement in _OPTIONS:
        text = pattern.sub(replacement, text)
    if re.search(r"\bvcr[-_]llm\b", text):
        return text
    for pattern, line in _REQUIREMENTS:
        found = pattern.search(text)
        if found is not None:
            kept = "" if "vcr" in found["name"][-4:] and found["name"] != "vcrpy" else _comma(found.group())
            return text[: found.start()] + kept + line(found) + text[found.end() :]
    found = _INLINE.search(text)
    if found is None:
        return text
    quote = found["quote"]
    kept = (
        "" if found["name"].startswith("pytest") and found["name"].endswith("vcr") else f"{found.group()}, "
    )
    return f"{text[: found.start()]}{kept}{quote}vcr-llm{quote}{text[found.end() :]}"


def _comma(line: str) -> str:
    """A line of a list that is to be followed by another."""
    return re.sub(r"([\"'])([ \t]*(#.*)?\n)$", r"\1,\2", line)


# --- words -------------------------------------------------------------------------------------------


def _unnecessary(suite: Suite) -> Iterator[str]:
    for source in suite.sources:
        for config in source.configs():
            line = config.function.lineno
            for name, why in editing.DROPPED.items():
                if name in (config.options or _assigned(source, config.function)):
                    yield f"{source.path}:{line}: {name}: {why}"
            for name in ("before_record_request", "before_record_response"):
                if name in (config.options or _assigned(source, config.function)):
                    yield (
                        f"{source.path}:{line}: {name}: it stays in the patch, since it also changes what is "
                        "compared; for keys and headers alone it is not needed"
                    )
        for hook in source.hooks():
            for kind, statement in hook.registered:
                if kind != "matcher":
                    yield f"{source.path}:{statement.lineno}: the custom {kind}: old cassettes are read by content"


def _assigned(source: Source, function: object) -> set[str]:
    text = source.segment(function)  # type: ignore[arg-type]
    return set(re.findall(r"""["'](\w+)["']\s*[\]:]""", text)) | set(
        re.findall(r"""\(\s*["'](\w+)["']""", text)
    )


_WORDS: Final = {
    "named with suffix": "names a cassette with its old suffix: the new file of that name answers once there is one",
    "mark options": "a mark's own match_on or serializer goes over the preset's, as before",
    "reads files": "reads cassette files itself: it will not find what has been migrated or recorded since",
    "counts": "looks into the cassette: vcrpy's attributes are all there, but count what ours played",
}


def _different(suite: Suite, from_pytest_vcr: bool) -> Iterator[str]:
    for kind, words in _WORDS.items():
        for fact in suite.facts(kind):
            yield f"{_place(fact)}: {_short(fact.text)}: {words}"
    for source in suite.sources:
        for config in source.configs():
            if "record_mode" in (config.options or _assigned(source, config.function)):
                yield (
                    f"{source.path}:{config.function.lineno}: record_mode in vcr_config goes over "
                    "--record-mode, as before; leave it out to choose on the command line"
                )
    if from_pytest_vcr:
        yield "pytest-vcr and pytest-recording cannot both be installed: pip uninstall pytest-vcr"
        yield "without --record-mode nothing is recorded (pytest-vcr's default was once)"
    for path, text in suite.settings.items():
        pin = re.search(r"vcrpy[^\"'\n]*<[ ]*(=[ ]*)?[0-9][^\"'\n,]*", text)
        if pin is not None:
            yield f"{path}: {pin.group()}: vcr-llm needs vcrpy 9.2 or later"


def _by_hand(suite: Suite) -> Iterator[str]:
    for fact in suite.facts("unittest"):
        yield (
            f"{_place(fact)}: {fact.text} is a VCRTestCase: override _get_vcr to return "
            "vcr_llm.VCR(fallback=…, cassette_library_dir=self._get_cassette_library_dir())"
        )
    for fact in suite.unparsed:
        yield f"{_place(fact)}: not read, it is no Python that this version parses: {fact.text}"


def _place(fact: Fact) -> str:
    return f"{fact.path}:{fact.line}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"
