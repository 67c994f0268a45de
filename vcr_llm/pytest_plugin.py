"""The pytest plugin: our matchers, serializer and cassette inside pytest-recording.

pytest-recording owns the marker ``vcr``, the fixtures and ``--record-mode``; nothing of it is defined
here again. Its hook hands over the ``vcr.VCR`` of each test; where the test's options ask for one of ours
(the preset, a matcher ``llm``, the serializer ``llm.json``), that instance opens our cassette.

This module is imported by every test run, so it imports nothing of vcrpy, click or rich by itself.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import uuid
from collections.abc import Generator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    import vcr

    from vcr_llm.dropin import llm_mock
    from vcr_llm.session import Session

__all__: list[str] = []

_PLACEHOLDER_INI: Final = "llm_placeholder_keys"
_REPLAY_INI: Final = "llm_replay_plugin"
_LLM_MOCK: Final = "llm-mock"
"""The name of llm-mock's entry point, under which pytest registers its plugin."""
_DISABLED_OPTION: Final = "--llm-mock-disabled"
_MISSING_KEY: Final = ("api_key", "api key", "could not resolve authentication", "OPENAI_API_KEY")
_MISSING_KEY_LINE: Final = (
    f"The client was made without an API key. Replaying needs none: with {_PLACEHOLDER_INI} = true in the "
    "pytest configuration, unset provider keys get a placeholder while tests run."
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        _PLACEHOLDER_INI,
        "Give unset provider keys a placeholder value for the test run, so that clients can be made when "
        "replaying (vcr-llm).",
        type="bool",
        default=False,
    )
    parser.addini(
        _REPLAY_INI,
        "Which plugin serves @pytest.mark.llm_replay where llm-mock is installed too: auto (llm-mock if its "
        "plugin is loaded), vcr-llm or llm-mock (vcr-llm).",
        default="auto",
    )


# --- placeholder keys --------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser) -> None:
    """Before any conftest or test module is imported: clients are often made at import."""
    _add_disabled_option(parser)
    if early_config.getini(_PLACEHOLDER_INI):
        from vcr_llm import placeholder, providers

        placeholder.fill(os.environ, providers.key_variables())


def pytest_unconfigure(config: pytest.Config) -> None:
    _remove_run_folder(config)
    if config.getini(_PLACEHOLDER_INI):
        from vcr_llm import placeholder, providers

        placeholder.remove(os.environ, providers.key_variables())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[_failed] = True
        refreshed = [context.refreshed for context in item.stash.get(_contexts, [])]
        for path in filter(None, refreshed):
            text = f"{path} stays as it was; the new recording is {path}.rejected"
            report.sections.append(("vcr-llm: the test failed while its cassette was recorded again", text))
    if item.get_closest_marker("vcr") is not None or item.stash.get(_opened, None) is not None:
        _explain_missing_key(report, call, item.config)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _explain_missing_key(report, getattr(report, "call", None), collector.config)
    return report


def _explain_missing_key(report: Any, call: Any, config: pytest.Config) -> None:
    """One line below an SDK's missing-key error, naming the option that makes replaying work."""
    if call is None or call.excinfo is None or config.getini(_PLACEHOLDER_INI):
        return
    if _is_missing_key(call.excinfo.value):
        if hasattr(report.longrepr, "addsection"):
            report.longrepr.addsection("vcr-llm", _MISSING_KEY_LINE)
        else:
            report.longrepr = f"{report.longrepr}\n{_MISSING_KEY_LINE}"


def _is_missing_key(error: BaseException | None) -> bool:
    """Whether an SDK says that it has no key: OpenAI when the client is made, Anthropic when it is used."""
    while error is not None:
        text = str(error)
        if type(error).__name__ in ("OpenAIError", "AnthropicError", "TypeError", "ValueError") and any(
            words.lower() in text.lower() for words in _MISSING_KEY
        ):
            return True
        error = error.__cause__ or error.__context__
    return False


# --- cassettes ---------------------------------------------------------------------------------------


@pytest.hookimpl(optionalhook=True)
def pytest_recording_configure(vcr: vcr.VCR) -> None:
    """pytest-recording's hook, called for each test with a cassette (``pytest_recording/_vcr.py``)."""
    from vcr_llm import recorder

    recorder.register(vcr)
    theirs = vcr.use_cassette

    def use_cassette(path: Any = None, **options: Any) -> Any:
        if recorder.is_ours(options):
            return recorder.open_cassette(vcr, path, **options)
        return theirs(path, **options)

    # On the instance: here all options of the test arrive merged (fixture and marks).
    vcr.use_cassette = use_cassette


# --- the run: which test records, and how it ends ----------------------------------------------------


_item = pytest.StashKey[pytest.Item]()
_folder = pytest.StashKey[Path]()
_contexts = pytest.StashKey[list[Any]]()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Before pytest-recording's fixture ``vcr`` opens a cassette: see `_prepare`."""
    if fixturedef.argname == "vcr" and isinstance(request.node, pytest.Item):
        if request.node.get_closest_marker("vcr") is not None:
            from vcr_llm import vcr_bridge

            vcr_bridge.prepare_cassettes(_prepare, _opened_cassette)
        request.config.stash[_item] = request.node
    return (yield)


def _prepare(
    options: Mapping[str, Any], marks: list[pytest.Mark], mode: str, config: pytest.Config
) -> tuple[dict[str, Any], list[pytest.Mark], str] | None:
    """Say which test records. ``rewrite`` becomes a refresh: the old file stays until the test has passed."""
    from vcr_llm import recorder, vcr_bridge

    merged = vcr_bridge.merged_options(options, marks)
    if _item not in config.stash or not recorder.is_ours(merged):
        return None
    refresh = merged.get("record_mode", mode) == "rewrite"
    session = _session(config.stash[_item], refresh=refresh)
    if refresh:
        options = {**options, "record_mode": "new_episodes"}
        marks = [
            pytest.Mark(each.name, each.args, _without_rewrite(each.kwargs), _ispytest=True) for each in marks
        ]
    return {**options, recorder.SESSION: session}, marks, mode


def _without_rewrite(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if (name, value) != ("record_mode", "rewrite")}


def _opened_cassette(context: Any, config: pytest.Config) -> None:
    config.stash[_item].stash.setdefault(_contexts, []).append(context)


def _session(item: pytest.Item, *, refresh: bool = False) -> Session:
    from vcr_llm.session import Session, temporary_folder

    stash = item.config.stash
    if _folder not in stash:
        given = getattr(item.config, "workerinput", {}).get("vcr_llm_run")
        stash[_folder] = Path(given) if given else temporary_folder() / "runs" / uuid.uuid4().hex
    return Session(stash[_folder], item.nodeid, refresh)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """pytest-xdist's hook on the controller: all workers of a run share its folder."""
    from vcr_llm.session import temporary_folder

    stash = node.config.stash
    if _folder not in stash:
        stash[_folder] = temporary_folder() / "runs" / uuid.uuid4().hex
    node.workerinput["vcr_llm_run"] = str(stash[_folder])


def _remove_run_folder(config: pytest.Config) -> None:
    if _folder in config.stash and not hasattr(config, "workerinput"):
        shutil.rmtree(config.stash[_folder], ignore_errors=True)


# --- @pytest.mark.llm_replay -------------------------------------------------------------------------


def _add_disabled_option(parser: pytest.Parser) -> None:
    """Define the option unless llm-mock's plugin has: it is loaded by now if it ever is."""
    with suppress(ValueError):
        parser.addoption(
            _DISABLED_OPTION,
            action="store_true",
            default=False,
            help="Replay no fixture of @pytest.mark.llm_replay: call the real API and save fresh responses "
            "of tests that pass (same as LLM_MOCK_DISABLED=1).",
        )


def pytest_configure(config: pytest.Config) -> None:
    owner = config.getini(_REPLAY_INI)
    if owner not in ("auto", "vcr-llm", _LLM_MOCK):
        raise pytest.UsageError(f"{_REPLAY_INI} must be auto, vcr-llm or llm-mock, not {owner!r}")
    theirs = config.pluginmanager.get_plugin(_LLM_MOCK)
    if owner == "vcr-llm" and theirs is not None:
        config.pluginmanager.unregister(theirs)
        theirs = None
    ours = owner != _LLM_MOCK and theirs is None
    config.stash[_serves] = ours
    if ours:
        config.addinivalue_line(
            "markers",
            "llm_replay(fixture, mode='replay', provider='all', match_on=['model', 'messages', "
            "'temperature']): replay LLM calls from fixtures/FIXTURE.json beside the test file, or from a "
            "path (vcr-llm).",
        )


_serves = pytest.StashKey[bool]()
_opened = pytest.StashKey["llm_mock"]()
_failed = pytest.StashKey[bool]()


def pytest_report_header(config: pytest.Config) -> str | None:
    """Which plugin serves the marker, where there could be a doubt."""
    if config.stash[_serves] and importlib.util.find_spec("llm_mock") is None:
        return None
    name = "vcr-llm" if config.stash[_serves] else _LLM_MOCK
    return f"vcr-llm: marker llm_replay served by {name} (ini {_REPLAY_INI})"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Open the fixture file before the first pytest fixture of the test, which may make calls itself."""
    item.stash[_failed] = False  # also when a plugin runs the test again
    mark = item.get_closest_marker("llm_replay")
    if mark is not None and item.config.stash[_serves]:
        replay = _llm_mock(item, mark)
        replay.__enter__()
        item.stash[_opened] = replay


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Close it after the last one; a test that has failed does not refresh its recordings."""
    if item.stash.get(_failed, False):
        for context in item.stash.get(_contexts, []):
            context.reject()
    try:
        return (yield)
    except BaseException:
        item.stash[_failed] = True
        raise
    finally:
        replay = item.stash.get(_opened, None)
        if replay is not None:
            del item.stash[_opened]
            replay.close(failed=item.stash.get(_failed, False))


def _llm_mock(item: pytest.Item, mark: pytest.Mark) -> llm_mock:
    """The marker's arguments as those of `llm_mock`."""
    from vcr_llm.dropin import is_disabled, llm_mock
    from vcr_llm.errors import OptionError

    known = ("fixture", "mode", "provider", "match_on")
    for name in mark.kwargs:
        if name not in known:
            pytest.fail(str(OptionError("@pytest.mark.llm_replay", name, known)), pytrace=False)
    options = {**dict(zip(known, mark.args, strict=False)), **mark.kwargs}
    if not options.get("fixture") or len(mark.args) > len(known):
        pytest.fail(
            "@pytest.mark.llm_replay needs the name of a fixture: "
            '@pytest.mark.llm_replay(fixture="summarize") is fixtures/summarize.json beside the test file, '
            "a name with a slash is a path from the rootdir.",
            pytrace=False,
        )
    disabled = is_disabled() or item.config.getoption(_DISABLED_OPTION, default=False)
    fixture = _fixture_file(item, os.fspath(options.pop("fixture")))
    try:
        return llm_mock(
            **{"mode": "replay", **options}, fixture=fixture, disabled=disabled, session=_session(item)
        )
    except OptionError as error:
        pytest.fail(str(error).replace("llm_mock()", "@pytest.mark.llm_replay"), pytrace=False)


def _fixture_file(item: pytest.Item, name: str) -> Path:
    if "/" in name or os.sep in name:
        return item.config.rootpath / name
    return item.path.parent / "fixtures" / name
