"""What to change in a suite so that it uses the preset, what becomes unnecessary, what will be different."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from vcr_llm.audit import Audit
from vcr_llm.suites import editing, settings
from vcr_llm.suites.importing import with_imports
from vcr_llm.suites.patching import Change, Edit, broken, edited
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
    expecting = audit.expect_misses() if audit is not None and suite.facts("mark") else []
    after = {source.path: _changed(source, suite, fallback, expecting, advice) for source in suite.sources}
    before: dict[str, str | None] = {source.path: source.text for source in suite.sources}
    fixtures = _fixtures_to_add(suite, fallback)
    if fixtures:
        path = _conftest(suite)
        before.setdefault(path, suite.text(path))
        after[path] = _with_fixtures(after.get(path, before[path]), fixtures)
    for path, text in suite.settings.items():
        before[path], after[path] = text, settings.with_package(text)
    changed = [path for path in sorted(after) if after[path] != before[path]]
    advice.changes += [Change(path, before[path], after[path]) for path in changed]
    advice.unnecessary += _unnecessary(suite)
    advice.different += _different(suite)
    if suite.facts("mark") and (expecting or audit is None):
        advice.different.append(
            "a call without a recording fails a marked test, even where the code catches the error; one that "
            f'expects one says on_miss="raise"{" (in the patch)" if expecting else ""}'
        )
    advice.by_hand += _by_hand(suite)
    return advice


# --- Python files ------------------------------------------------------------------------------------


def _changed(source: Source, suite: Suite, fallback: bool, expecting: Sequence[str], advice: Advice) -> str:
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
    if suite.is_for_pytest_vcr and not suite.facts("opens by fixture"):
        for registrar in source.registrars():
            if registrar.does_more:
                advice.by_hand.append(
                    f"{source.path}:{registrar.function.lineno}: what this registers with the fixture "
                    "vcr belongs into pytest_recording_configure(config, vcr); serializers can go"
                )
            else:
                edits += editing.in_registrar(source, registrar)
    edits += editing.in_expecting_tests(source, expecting)
    edits += editing.in_calls(source, fallback)
    edits += editing.renamed_fixtures(source)
    if not edits:
        return source.text
    after = edited(source.text, edits)
    error = broken(after)
    if error is not None:
        advice.by_hand.append(
            f"{source.path}:{error.lineno}: not in the patch, the file would not parse any more ({error.msg})"
        )
        return source.text
    return with_imports(source.text, after, ["vcr_llm"] if "vcr_llm." in after else [])


def _fixtures_to_add(suite: Suite, fallback: bool) -> list[str]:
    opens = suite.is_for_pytest_vcr and bool(suite.facts("opens by fixture"))
    if not (suite.facts("mark") or opens):
        return []
    fixtures = []
    if not any(source.configs() or source.uses_preset for source in suite.sources):
        fixtures.append(editing.new_fixture(fallback))
    if suite.is_for_pytest_vcr and not suite.facts("cassette folder"):
        fixtures.append(editing.PYTEST_VCR_FOLDER)
    if opens and not suite.facts("own vcr fixture"):
        fixtures.append(editing.PYTEST_VCR_FIXTURE)
    return fixtures


def _conftest(suite: Suite) -> str:
    """The file for a fixture: where another is, else the nearest conftest that all marked tests are under."""
    configs = [source.path for source in suite.sources if source.configs()]
    if configs:
        return configs[0]
    folders = [PurePosixPath(fact.path).parent for fact in suite.facts("mark", "opens by fixture")]
    common = next(folder for folder in (folders[0], *folders[0].parents) if _holds_all(folder, folders))
    candidates = [folder / "conftest.py" for folder in (common, *common.parents)]
    return str(next((each for each in candidates if (suite.root / each).is_file()), candidates[0]))


def _holds_all(folder: PurePosixPath, others: Iterable[PurePosixPath]) -> bool:
    return all(other.is_relative_to(folder) for other in others)


def _with_fixtures(text: str | None, fixtures: Iterable[str]) -> str:
    added = "\n\n".join(fixtures)
    if not text:
        return f"import pytest\nimport vcr_llm\n\n\n{added}"
    return with_imports(text, f"{text.rstrip()}\n\n\n{added}", ["pytest", "vcr_llm"])


# --- words -------------------------------------------------------------------------------------------

_WORDS: Final = {
    "named with suffix": "an old cassette's name with its suffix: the new file answers once there is one",
    "mark options": "a mark's own match_on or serializer goes over the preset's, as before",
    "reads files": "reads cassette files itself: it will not find what is migrated or recorded from now on",
    "counts": "looks into the cassette: vcrpy's attributes are all there, and count what ours played",
}
_FEW: Final = 3
"""Places of one kind that are named."""


def _unnecessary(suite: Suite) -> Iterator[str]:
    for source in suite.sources:
        for config in source.configs():
            place = f"{source.path}:{config.function.lineno}"
            named = config.options or _named(source, config.function)
            for name, why in editing.DROPPED.items():
                if name in named:
                    yield f"{place}: {name}: {why}"
            for name in editing.unknown(config.options or ()):
                yield f"{place}: {name}: no option of vcrpy or anybody else, it has never done anything"
            for name in ("before_record_request", "before_record_response"):
                if name in named:
                    yield (
                        f"{place}: {name}: not for keys and headers, which never reach the disk; it stays in "
                        "the patch, since it may also change what is compared"
                    )
        for hook in (*source.hooks(), *source.registrars()):
            for kind, statement in hook.registered:
                if kind != "matcher":
                    place = f"{source.path}:{statement.lineno}"
                    yield f"{place}: the custom {kind}: old cassettes are read by their content"


def _named(source: Source, function: ast.AST) -> set[str]:
    """The names of options that a function seems to set: keys of dicts, subscripts, first arguments."""
    found = re.findall(r"""["'](\w+)["']\s*[\]:]|\(\s*["'](\w+)["']""", source.segment(function))
    return {name for names in found for name in names}


def _different(suite: Suite) -> Iterator[str]:
    for kind, words in _WORDS.items():
        facts = suite.facts(kind)
        if facts:
            named = [f"{_place(fact)} ({_short(fact.text)})" for fact in facts[:_FEW]]
            more = f" and {len(facts) - _FEW} more places" if len(facts) > _FEW else ""
            yield f"{words}: {', '.join(named)}{more}"
    for source in suite.sources:
        for config in source.configs():
            if "record_mode" in (config.options or _named(source, config.function)):
                yield (
                    f"{source.path}:{config.function.lineno}: record_mode in vcr_config goes over "
                    "--record-mode, as before; leave it out to choose on the command line"
                )
    if suite.is_for_pytest_vcr:
        yield "pytest-vcr and pytest-recording cannot both be installed: pip uninstall pytest-vcr"
        if suite.facts("mark"):
            yield "without --record-mode marked tests record nothing (pytest-vcr's default was once)"
    for path, text in suite.settings.items():
        pin = settings.vcrpy_pin(text)
        if pin is not None:
            yield f"{path}: {pin}: vcr-llm needs vcrpy 9.2 or later"


def _by_hand(suite: Suite) -> Iterator[str]:
    for fact in suite.facts("own vcr fixture"):
        yield (
            f"{_place(fact)}: a fixture vcr of its own takes the place of pytest-recording's: move what it "
            "registers to pytest_recording_configure(config, vcr), and remove it"
        )
    if suite.is_for_pytest_vcr and suite.facts("opens by fixture") and suite.facts("mark"):
        (fact, *_) = suite.facts("mark")
        yield (
            f"{_place(fact)}: marked tests beside tests that open cassettes with the fixture vcr: call that "
            "fixture otherwise, it hides pytest-recording's, which serves the mark"
        )
    for fact in suite.facts("unittest"):
        yield (
            f"{_place(fact)}: {fact.text} is a VCRTestCase: override _get_vcr to return "
            "vcr_llm.VCR(fallback=…, cassette_library_dir=self._get_cassette_library_dir())"
        )
    for fact in suite.unparsed:
        yield f"{_place(fact)}: not read: {fact.text}"


def _place(fact: Fact) -> str:
    return f"{fact.path}:{fact.line}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"
