"""What the run does with its cassettes, noted as they close; with pytest-xdist sent to the controller.

Another part of the plugin adds a line to the summary with `add_line`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from vcr_llm import open_cassettes
from vcr_llm.pytest_plugin import progress
from vcr_llm.pytest_plugin.options import PLACEHOLDER_KEYS, setting, shows_calls
from vcr_llm.pytest_plugin.progress import has_failed

if TYPE_CHECKING:
    from vcr_llm.calls import LlmCall
    from vcr_llm.interaction import Request
    from vcr_llm.run_report import CallFact, OpeningFact, RunFacts
    from vcr_llm.traffic import Watch

__all__ = ["add_line", "facts", "is_empty", "opened_by_vcrpy", "openings", "relative", "take_line_back"]

_OUTPUT: Final = "vcr_llm"
_facts = pytest.StashKey["RunFacts"]()
_recorder = pytest.StashKey["_FactRecorder"]()
_openings = pytest.StashKey["list[OpeningFact]"]()
_named = pytest.StashKey[set[str]]()
"""The names of cassettes that marks ask for."""


def facts(config: pytest.Config) -> RunFacts:
    """The run's facts so far, of this process and of the workers that have ended."""
    if _facts not in config.stash:
        from vcr_llm.run_report import RunFacts

        config.stash[_facts] = RunFacts()
    return config.stash[_facts]


def is_empty(config: pytest.Config) -> bool:
    """Whether no cassette was used, as far as is known."""
    return _facts not in config.stash


def add_line(config: pytest.Config, text: str, *, is_problem: bool = False) -> None:
    """Have the summary at the end of the run say something; from a worker too. Said once, however often."""
    if (text, is_problem) not in facts(config).lines:
        facts(config).lines.append((text, is_problem))


def take_line_back(config: pytest.Config, text: str) -> None:
    """Have the summary not say what `add_line` was told, as no problem."""
    with suppress(ValueError):
        facts(config).lines.remove((text, False))


def openings(item: pytest.Item) -> list[OpeningFact]:
    """What a test has opened in its last run, where it has closed again."""
    return item.stash.get(_openings, [])


def opened_by_vcrpy(config: pytest.Config, path: str) -> None:
    """A cassette that is not ours was opened: it is in use."""
    facts(config).others.append(relative(config, path))


def relative(config: pytest.Config, path: str | os.PathLike[str]) -> str:
    """A path as the summary shows it: from the rootdir, with slashes, where it lies below it."""
    whole = os.path.abspath(path)  # noqa: PTH100 - without resolving links
    root = str(config.rootpath)
    inside = whole.startswith(root + os.sep)
    return (whole[len(root) + 1 :] if inside else whole).replace(os.sep, "/")


def pytest_configure(config: pytest.Config) -> None:
    recorder = _FactRecorder(config)
    config.stash[_recorder] = recorder
    open_cassettes.listen(recorder, config)
    if config.getini(PLACEHOLDER_KEYS):
        recorder.watch()


def pytest_unconfigure(config: pytest.Config) -> None:
    if _recorder in config.stash:
        config.stash[_recorder].stop()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Watch what fixtures of a wider scope do before the first cassette opens."""
    item.stash[_openings] = []  # also when a plugin runs the test again
    disabled = item.config.getoption("--disable-recording", True)
    if _recorder in item.config.stash and item.get_closest_marker("vcr") is not None and not disabled:
        item.config.stash[_recorder].watch()


# --- pytest-xdist ------------------------------------------------------------------------------------


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None and not is_empty(session.config):
        output[_OUTPUT] = facts(session.config).plain()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """On the controller; a worker that crashed says nothing."""
    output = getattr(node, "workeroutput", None)
    if output is None:
        facts(node.config).partial = facts(node.config).partial or "a worker crashed"
    elif _OUTPUT in output:
        from vcr_llm.run_report import RunFacts

        facts(node.config).add(RunFacts.of_plain(output[_OUTPUT]))


# --- noting ------------------------------------------------------------------------------------------


class _FactRecorder(open_cassettes.Listener):
    """Listens to the cassettes of this process."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._watch: Watch | None = None

    def watch(self) -> Watch:
        """Watch connections, from the first cassette on, or from the start where keys are placeholders."""
        if self._watch is None:
            from vcr_llm.traffic import Watch

            self._watch = Watch(self._went_past, self._test)
            self._watch.start()
        return self._watch

    def stop(self) -> None:
        if self._watch is not None:
            self._watch.stop()

    def opened(self, cassette: Any) -> None:
        self.watch().opened(cassette)

    def goes_live(self, request: Request) -> None:
        self.watch().goes_live(request)

    def closed(self, cassette: Any) -> None:
        self.watch().closed(cassette)
        item = progress.of(self._config).test
        try:
            opening = _opening(self._config, cassette, item)
        except Exception as error:  # whatever a recording may hold: telling of it must not fail a test
            text = f"not counted: {relative(self._config, cassette.path)} ({type(error).__name__}: {error})"
            add_line(self._config, text, is_problem=True)
            return
        facts(self._config).openings.append(opening)
        if item is not None:
            item.stash.setdefault(_openings, []).append(opening)

    def _test(self) -> str:
        item = progress.of(self._config).test
        return item.nodeid if item is not None else ""

    def _went_past(self, host: str, test: str, variable: str, outside: bool) -> None:
        from vcr_llm.run_report import PastFact

        fact = PastFact(host, test, variable, outside)
        if fact not in facts(self._config).past:
            facts(self._config).past.append(fact)


def _is_own(item: pytest.Item, path: str) -> bool:
    """Whether a cassette is this one test's: named after it, and asked for by no mark of another."""
    from vcr_llm import vcr_bridge
    from vcr_llm.siblings import shortened

    own = shortened(vcr_bridge.default_cassette_name(item))
    folder, name = os.path.split(path)
    if not name.startswith(f"{own}.") or os.path.basename(folder) != item.path.stem:  # noqa: PTH119
        return False
    stash = item.config.stash
    if _named not in stash:
        stash[_named] = {
            Path(str(named)).name
            for each in progress.of(item.config).found
            for mark in each.iter_markers()
            if mark.name in ("vcr", "default_cassette")
            for named in mark.args
        }
    return not stash[_named] & {name, own}


def _call(call: LlmCall) -> CallFact:
    from vcr_llm.run_report import CallFact

    operation = f"{call.provider} {call.operation}"
    return CallFact(call.provider, operation, call.model, str(call.outcome), call.usage, call.seconds)


def _opening(config: pytest.Config, cassette: Any, item: pytest.Item | None) -> OpeningFact:
    from vcr_llm import vcr_bridge
    from vcr_llm.ranking import Tier
    from vcr_llm.run_report import OpeningFact

    session = cassette.session
    path = os.fspath(cassette.path)
    answered = cassette.answered

    def deviating(tier: Tier) -> tuple[str, ...]:
        return tuple(str(each) for each in cassette.deviations if each.tier is tier)

    def policy(name: str) -> Any:
        given = getattr(session, name, None)
        return setting(config, name) if given is None else given

    return OpeningFact(
        path=relative(config, path),
        test=item.nodeid if item is not None else "",
        mode=getattr(session, "mode", None) or vcr_bridge.RecordMode(cassette.record_mode).value,
        source=session.source if session is not None else "in the code",
        interactions=cassette.own_count,
        played=cassette.own_played,
        own=item is not None and _is_own(item, path),
        written=bool(answered["recorded"]) or cassette.drop_unused_requests,
        failed=item is not None and (has_failed(item) or config.getoption("setuponly", False)),
        drifted=deviating(Tier.SAME_CALL),
        stale=deviating(Tier.FALLBACK),
        missed=len(cassette.misses),
        oldest=cassette.oldest if policy("max_age") is not None else None,
        files=tuple(relative(config, each) for each in cassette.extra_files),
        old_files=tuple(relative(config, each) for each in cassette.old_files),
        requests={str(outcome): number for outcome, number in answered.items()},
        calls=tuple(map(_call, cassette.calls)) if shows_calls(config) else (),
        on_unplayed=policy("on_unplayed"),
        max_age=policy("max_age"),
    )
