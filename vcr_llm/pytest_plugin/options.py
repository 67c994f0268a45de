"""The options of the group ``vcr-llm``, each a flag and an ini key: flag > mark > fixture > ini."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

__all__ = [
    "GROUP",
    "PLACEHOLDER_KEYS",
    "POLICIES",
    "REPLAY_PLUGIN",
    "asks_for_all",
    "asks_for_audit",
    "asks_for_budget",
    "check",
    "define",
    "flag",
    "setting",
    "shows_calls",
]

GROUP: Final = "vcr-llm"
POLICIES: Final = ("ignore", "warn", "error")
"""What a finding does: nothing, a line in the summary, or that and a failure."""


class _Option:
    """``--llm-NAME`` and ``llm_name``. ``kind``: what makes a value of a text, None for a switch."""

    __slots__ = ("default", "flag", "help", "key", "kind", "metavar", "name")

    def __init__(
        self, name: str, help: str, kind: Callable[[str], Any] | None, default: Any, metavar: str = ""
    ) -> None:
        self.name = name
        self.key = f"llm_{name}"
        self.flag = f"--{self.key.replace('_', '-')}"
        self.help = help
        self.kind = kind
        self.default = default
        self.metavar = metavar


def _policy(text: str) -> str:
    if text not in POLICIES:
        raise ValueError(f"one of {', '.join(POLICIES)}")
    return text


def _amount(text: str) -> float:
    try:
        number = float(text.removeprefix("$"))
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ValueError("a number from 0 up")
    return number


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ValueError("a whole number from 0 up")
    return int(text)


_OPTIONS: Final = (
    _Option(
        "on_unplayed",
        "Interactions of a cassette that no test played: ignore, warn (default) or error.",
        _policy,
        "warn",
        "POLICY",
    ),
    _Option(
        "on_drift",
        "Calls answered although the request changed since it was recorded: ignore, warn (default) or error.",
        _policy,
        "warn",
        "POLICY",
    ),
    _Option(
        "on_orphans",
        "Cassettes that no test opened, judged in whole runs only: ignore, warn (default) or error.",
        _policy,
        "warn",
        "POLICY",
    ),
    _Option(
        "on_bypass",
        "Connections to a provider that go past an open cassette: ignore, warn (default) or error.",
        _policy,
        "warn",
        "POLICY",
    ),
    _Option(
        "max_age",
        "Cassettes older than this many days are too old (default: none is).",
        _amount,
        None,
        "DAYS",
    ),
    _Option(
        "on_age",
        "Cassettes that are too old: ignore, warn (default) or error. Nothing is recorded again by itself.",
        _policy,
        "warn",
        "POLICY",
    ),
    _Option("max_calls", "Stop the run before it makes more live LLM calls than this.", _count, None, "N"),
    _Option(
        "max_cost",
        "Stop the run before another live LLM call once it has spent this many US dollars (needs "
        "vcr-llm[prices]).",
        _amount,
        None,
        "USD",
    ),
    _Option("report", "Write what the run did with its cassettes to this JSON file.", str, None, "PATH"),
    _Option(
        "job_summary",
        "Add the summary as Markdown to the job summary on GitHub ($GITHUB_STEP_SUMMARY).",
        None,
        False,
    ),
)


_BY_NAME: Final = {option.name: option for option in _OPTIONS}

PLACEHOLDER_KEYS: Final = "llm_placeholder_keys"
REPLAY_PLUGIN: Final = "llm_replay_plugin"
"""The ini keys that are no flags."""


def define(parser: pytest.Parser) -> None:
    group = parser.getgroup(GROUP)
    for option in _OPTIONS:
        if option.kind is None:
            group.addoption(option.flag, dest=option.key, action="store_true", default=None, help=option.help)
            parser.addini(option.key, f"{option.help} (vcr-llm)", type="bool", default=option.default)
        else:
            more: dict[str, Any] = {"choices": POLICIES} if option.kind is _policy else {}
            group.addoption(
                option.flag, dest=option.key, metavar=option.metavar, default=None, help=option.help, **more
            )
            parser.addini(option.key, f"{option.help} (vcr-llm)", default=None)
    group.addoption(
        "--llm-audit",
        action="store_true",
        default=False,
        help="Run the suite offline, record nothing, and tell at the end what answers each call: exact, same "
        "call, fallback or nothing, and where vcrpy's own matchers give another answer.",
    )
    group.addoption(
        "--llm-audit-json",
        metavar="FILE",
        default=None,
        help="Write the audit as JSON to FILE too; implies --llm-audit.",
    )
    parser.addini(
        PLACEHOLDER_KEYS,
        "Give unset provider keys a placeholder value for the test run, so that clients can be made when "
        "replaying (vcr-llm).",
        type="bool",
        default=False,
    )
    parser.addini(
        REPLAY_PLUGIN,
        "Which plugin serves @pytest.mark.llm_replay where llm-mock is installed too: auto (llm-mock if its "
        "plugin is loaded), vcr-llm or llm-mock (vcr-llm).",
        default="auto",
    )


def asks_for_audit(config: pytest.Config) -> bool:
    return bool(config.getoption("--llm-audit") or config.getoption("--llm-audit-json"))


def asks_for_budget(config: pytest.Config) -> bool:
    return setting(config, "max_calls") is not None or setting(config, "max_cost") is not None


def asks_for_all(config: pytest.Config) -> bool:
    """Whether what needs cassettes is needed in any case: for a report, to watch who uses a placeholder key,
    and on pytest-xdist's controller, which sees no tests itself.
    """
    return bool(
        setting(config, "report")
        or config.getini(PLACEHOLDER_KEYS)
        or getattr(config.option, "dist", "no") != "no"
    )


def shows_calls(config: pytest.Config) -> bool:
    """Whether anybody sees single calls, their tokens and prices; reading them takes time."""
    quiet = getattr(config.option, "verbose", 0) < 0  # the option is the terminal plugin's
    return not quiet or bool(setting(config, "report") or setting(config, "job_summary"))


def check(config: pytest.Config) -> None:
    """Raises `pytest.UsageError` for what is no value."""
    for name in _BY_NAME:
        setting(config, name)


def flag(config: pytest.Config, name: str) -> Any:
    """The value given on the command line, or None. ``name`` is that of the option without ``llm_``."""
    option = _BY_NAME[name]
    given = getattr(config.option, option.key, None)
    return None if given is None else _value(option, given, option.flag)


def setting(config: pytest.Config, name: str) -> Any:
    """The value given on the command line, else that of the ini key, else the default.

    Raises `pytest.UsageError` for what is no value.
    """
    option = _BY_NAME[name]
    given = flag(config, name)
    if given is not None:
        return given
    if option.kind is None:
        return config.getini(option.key)
    found = _value(option, config.getini(option.key) or None, option.key)
    return option.default if found is None else found


def _value(option: _Option, text: Any, named: str) -> Any:
    if text is None or option.kind is None:
        return text
    try:
        return option.kind(text)
    except ValueError as error:
        raise pytest.UsageError(f"{named} must be {error}, not {text!r}") from None
