"""A call without a recording fails its test, whatever the code under test catches.

In a test with the marker ``vcr`` a miss is raised as one of pytest's outcomes: no ``Exception``, so it passes
SDKs, frameworks and applications, and yet an ordinary failure for pytest, in fixtures and finalizers too.
Where something swallows it all the same, the test fails at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import pytest

from vcr_llm.pytest_plugin.cassettes import cassettes

if TYPE_CHECKING:
    from vcr_llm.callers import Caller

__all__ = ["miss_kind"]

_TITLE: Final = "vcr-llm: a call had no recording"
_DRIFTED: Final = "vcr-llm: recordings answered changed requests"
_SWALLOWED: Final = (
    "  The call was made {place}; the failure was caught there, or raised in a thread or task that nobody "
    'waited for. A test that expects it says so: @pytest.mark.vcr(on_miss="raise").'
)


_EXPECTED: Final = '\n  A test that expects this error says so:  @pytest.mark.vcr(on_miss="raise")'


class _Missed:
    """A miss of a test. ``told``: a failure or a section of the test's report says so."""

    __slots__ = ("place", "text", "told")  # no dataclass: every run would pay for making one

    def __init__(self, text: str, place: Caller | None) -> None:
        self.text = text
        self.place = place
        self.told = False


_missed = pytest.StashKey[list[_Missed]]()


class CassetteMiss(pytest.fail.Exception):  # type: ignore[misc, name-defined]
    """A call without a recording, in a test with the marker ``vcr``."""

    __module__ = "builtins"  # as pytest's own outcomes, which are shown by their bare names

    def __init__(self, text: str, missed: _Missed | None = None) -> None:
        super().__init__(text, pytrace=missed is not None)
        self.missed = missed


class Drift(pytest.fail.Exception):  # type: ignore[misc, name-defined]
    """A recording answered a changed request, in a test whose ``on_drift`` is "error"."""

    __module__ = "builtins"


def miss_kind(item: pytest.Item) -> Callable[[str], BaseException]:
    """What a miss of the test is raised as, made from its text."""
    found = item.stash[_missed]

    def raised(text: str) -> CassetteMiss:
        from vcr_llm.callers import caller

        found.append(_Missed(text, caller()))
        return CassetteMiss(text, found[-1])

    return raised


def _untold(item: pytest.Item) -> list[str]:
    """The texts of misses that nothing has said yet, each once: a call may have been tried again."""
    found = item.stash.get(_missed, [])
    told = {missed.text for missed in found if missed.told}
    texts: dict[str, str] = {}
    for missed in found:
        if missed.text not in told:
            where = f"at {missed.place}" if missed.place else "in a thread or task"
            texts.setdefault(missed.text, f"{missed.text}\n{_SWALLOWED.format(place=where)}")
        missed.told = True
    return list(texts.values())


def _fail_by_untold(item: pytest.Item) -> None:
    texts = _untold(item)
    if texts:
        raise CassetteMiss("\n\n".join(texts))
    for cassette in cassettes(item):
        drift = cassette.drift_error()
        if drift is not None:
            raise Drift(str(drift), pytrace=False)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[_missed] = []  # also when a plugin runs the test again


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    skipped: BaseException | None = None
    try:
        yield
    except pytest.skip.Exception as error:  # "skip if the API is not there" must not hide a miss
        skipped = error
    _fail_by_untold(item)
    if skipped is not None:
        raise skipped


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """For calls that finalizers make, and threads that come late."""
    result = yield
    _fail_by_untold(item)
    return result


# --- reports -----------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The user's own lines and the text, nothing of what lies between; and what another failure hides."""
    known = call.excinfo
    _shortened(known, item)
    report = yield
    if call.excinfo is None:
        return report
    if call.excinfo is not known and _shortened(call.excinfo, item):
        # A unittest.TestCase: pytest learns of its errors while it makes the report.
        report.longrepr = item.repr_failure(call.excinfo)
    for error in _chain(call.excinfo.value):
        if isinstance(error, CassetteMiss) and error.missed is not None:
            error.missed.told = True
    if report.failed:
        report.sections += [(_TITLE, text) for text in _untold(item)]
        drifted = filter(None, [cassette.drift_error() for cassette in cassettes(item)])
        report.sections += [(_DRIFTED, str(drift)) for drift in drifted]
    return report


def _shortened(excinfo: pytest.ExceptionInfo[BaseException] | None, item: pytest.Item) -> bool:
    """Leave only the user's frames in the traceback of a miss, or of one behind; whether there is one."""
    if excinfo is None:
        return False
    misses = [error for error in _chain(excinfo.value) if isinstance(error, CassetteMiss)]
    for miss in misses:
        _hint(miss)
    if not item.config.getoption("fulltrace", False):
        for miss in misses:
            miss.__traceback__ = _users_only(miss.__traceback__)
            if miss is excinfo.value and miss.__traceback__ is not None:
                excinfo.traceback = type(excinfo.traceback)(miss.__traceback__)
    return bool(misses)


def _hint(miss: CassetteMiss) -> None:
    from vcr_llm.pytest_plugin.expected_misses import expects_a_miss

    if expects_a_miss(miss.__traceback__) and not miss.msg.endswith(_EXPECTED):
        miss.msg += _EXPECTED


def _users_only(trace: TracebackType | None) -> TracebackType | None:
    """A traceback of the frames that are the user's: pytest cuts it itself, by the chain of its entries."""
    from vcr_llm.callers import is_users

    entries = []
    while trace is not None:
        entries.append(trace)
        trace = trace.tb_next
    found: TracebackType | None = None
    for entry in reversed(entries):
        if is_users(entry.tb_frame.f_code.co_filename):
            found = TracebackType(found, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return found


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception, and those that are shown with it: its causes, its contexts, a group's members."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting.append(one.__cause__ or (None if one.__suppress_context__ else one.__context__))
        waiting += getattr(one, "exceptions", ())
