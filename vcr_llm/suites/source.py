"""One Python file of a suite: its text, its tree, and what in it concerns cassettes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

__all__ = ["Config", "Fact", "Hook", "Source", "option_sources"]

_OLD_NAME: Final = re.compile(r"\.(ya?ml|json)(\.gz)?$")
_FOLDER: Final = re.compile(r"(^|[/_-])cassettes?(/|$)")
_READING: Final = frozenset(
    {"open", "read_text", "read_bytes", "exists", "is_file", "glob", "rglob", "iterdir"}
)
_COUNTS: Final = frozenset({"play_count", "play_counts", "all_played", "requests", "responses", "data"})
_CASSETTES: Final = frozenset({"vcr", "cassette", "cass", "vcr_cassette", "tape"})
PYTEST_VCR: Final[Mapping[str, str]] = {"vcr_cassette": "vcr", "vcr_cassette_name": "default_cassette_name"}
"""pytest-vcr's fixtures → those of pytest-recording."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something at a line (from 1) of a file; ``kind`` is one of the names used in `advising`."""

    path: str
    line: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Config:
    """A fixture ``vcr_config``.

    ``options``: name → source of its value, where it returns a dict as it is written there; None where the
    dict is made otherwise. ``extends``: it takes another ``vcr_config`` and changes that.
    """

    function: ast.FunctionDef | ast.AsyncFunctionDef
    returns: ast.Return | None
    options: Mapping[str, str] | None
    extends: bool


@dataclass(frozen=True, slots=True)
class Hook:
    """``pytest_recording_configure``, or a fixture that does its work, and what it registers.

    ``registered``: the kinds (``serializer``, ``persister``, ``matcher``) and the statements.
    """

    function: ast.FunctionDef | ast.AsyncFunctionDef
    registered: Sequence[tuple[str, ast.stmt]]

    @property
    def does_more(self) -> bool:
        """Whether it does something else than to register, to name a serializer, and to return."""
        known = [statement for _, statement in self.registered]
        return any(each not in known and not _is_idle(each) for each in self.function.body)


class Source:
    """A Python file by its name (relative to the suite's root). Raises SyntaxError where it is none."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.tree = ast.parse(text)

    @property
    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        return (
            node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        )

    def segment(self, node: ast.AST) -> str:
        return ast.get_source_segment(self.text, node) or ""

    @property
    def uses_preset(self) -> bool:
        return any(
            isinstance(node, ast.Attribute | ast.Name)
            and (getattr(node, "attr", None) or getattr(node, "id", None)) == "preset"
            for node in ast.walk(self.tree)
        ) and any(name.partition(".")[0] == "vcr_llm" for name in self.imported)

    @cached_property
    def imported(self) -> dict[str, str]:
        """The modules and names imported anywhere: full name → the name they have here."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found.update({each.name: each.asname or each.name for each in node.names})
            elif isinstance(node, ast.ImportFrom):
                prefix = f"{node.module or ''}."
                found.update({prefix + each.name: each.asname or each.name for each in node.names})
        return found

    @cached_property
    def vcrpy_calls(self) -> dict[str, str]:
        """What vcrpy's ``VCR`` and ``use_cassette`` are called here → the names of ours."""
        names: dict[str, str] = {}
        for name in ("VCR", "use_cassette"):
            if "vcr" in self.imported:
                names[f"{self.imported['vcr']}.{name}"] = f"vcr_llm.{name}"
            if f"vcr.{name}" in self.imported:
                names[self.imported[f"vcr.{name}"]] = f"vcr_llm.{name}"
        return names

    def configs(self) -> list[Config]:
        return [self._config(each) for each in self.functions if _fixture_name(each) == "vcr_config"]

    def _config(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Config:
        returns = [node for node in _own_nodes(function) if isinstance(node, ast.Return)]
        extends = any(argument.arg == "vcr_config" for argument in function.args.args)
        last = function.body[-1]
        if len(returns) != 1 or returns[0] is not last or returns[0].value is None:
            return Config(function, None, None, extends)
        value = returns[0].value
        return Config(function, returns[0], option_sources(value, self.text), extends)

    def registrars(self) -> list[Hook]:
        """Fixtures that register something with pytest-vcr's fixture ``vcr``."""
        return [
            Hook(each, found)
            for each in self.functions
            if _fixture_name(each) and any(argument.arg == "vcr" for argument in each.args.args)
            if (found := list(_registrations(each)))
        ]

    def hooks(self) -> list[Hook]:
        return [
            Hook(each, list(_registrations(each)))
            for each in self.functions
            if each.name == "pytest_recording_configure"
        ]

    @cached_property
    def facts(self) -> list[Fact]:
        """Everything else that matters, in the order of lines."""
        found: list[Fact] = []
        for node in ast.walk(self.tree):
            found += self._facts(node)
        return sorted(set(found), key=lambda fact: (fact.line, fact.kind))

    def _facts(self, node: ast.AST) -> Iterator[Fact]:
        def fact(kind: str, text: str) -> Fact:
            return Fact(self.path, getattr(node, "lineno", 1), kind, text)

        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            fixture = _fixture_name(node)
            if fixture in PYTEST_VCR:
                yield fact("pytest-vcr", fixture)
            if fixture == "vcr" and not any(_registrations(node)):
                yield fact("own vcr fixture", fixture)
            if fixture == "vcr_cassette_dir":
                yield fact("cassette folder", fixture)
            for argument in node.args.args:
                if argument.arg in PYTEST_VCR:
                    yield fact("pytest-vcr", argument.arg)
                if argument.arg == "vcr" and "vcr.use_cassette" in map(_dotted, ast.walk(node)):
                    yield fact("opens by fixture", node.name)
        elif isinstance(node, ast.Call):
            name = _dotted(node.func)
            if name.endswith("mark.vcr"):
                yield fact("mark", self.segment(node))
                if any(keyword.arg in ("match_on", "serializer") for keyword in node.keywords):
                    yield fact("mark options", self.segment(node))
            if name.endswith(("mark.vcr", "mark.default_cassette", ".use_cassette")):
                for given in node.args:
                    if isinstance(given, ast.Constant) and _OLD_NAME.search(str(given.value)):
                        yield fact("named with suffix", str(given.value))
            if name == "len" and node.args and _dotted(node.args[0]) in _CASSETTES:
                yield fact("counts", self.segment(node))
            if name.rpartition(".")[2] in _READING and self._mentions_cassettes(node):
                yield fact("reads files", self.segment(node))
        elif isinstance(node, ast.Attribute):
            if node.attr in _COUNTS and _dotted(node.value) in _CASSETTES:
                yield fact("counts", self.segment(node))
            if node.attr == "vcr" and _dotted(node).endswith("mark.vcr"):
                yield fact("mark", self.segment(node))
        elif isinstance(node, ast.ClassDef) and any(map(_is_vcr_test_case, node.bases)):
            yield fact("unittest", node.name)

    def _mentions_cassettes(self, call: ast.Call) -> bool:
        return any(
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and (_FOLDER.search(node.value) or (_OLD_NAME.search(node.value) and "cassette" in node.value))
            for node in ast.walk(call)
        )


def option_sources(value: ast.expr, text: str) -> dict[str, str] | None:
    """The options of a dict as it is written, ``{...}`` or ``dict(...)``: name → source of the value."""
    pairs: list[tuple[str | None, ast.expr]]
    if isinstance(value, ast.Dict):
        pairs = [
            (str(key.value) if isinstance(key, ast.Constant) else None, member)
            for key, member in zip(value.keys, value.values, strict=True)
        ]
    elif isinstance(value, ast.Call) and _dotted(value.func) == "dict" and not value.args:
        pairs = [(keyword.arg, keyword.value) for keyword in value.keywords]
    else:
        return None
    if any(name is None or not name.isidentifier() for name, _ in pairs):
        return None
    return {str(name): ast.get_source_segment(text, member) or "" for name, member in pairs}


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions inside it."""
    for child in ast.iter_child_nodes(function):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _own_nodes(child)


def _fixture_name(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The name of the fixture that a function makes; empty where it makes none."""
    for each in function.decorator_list:
        if _dotted(each.func if isinstance(each, ast.Call) else each).rpartition(".")[2] == "fixture":
            keywords = each.keywords if isinstance(each, ast.Call) else []
            given = [keyword.value for keyword in keywords if keyword.arg == "name"]
            return str(given[0].value) if given and isinstance(given[0], ast.Constant) else function.name
    return ""


def _is_vcr_test_case(base: ast.expr) -> bool:
    return _dotted(base).endswith(("VCRTestCase", "VCRMixin"))


def _is_idle(statement: ast.stmt) -> bool:
    """A docstring, ``return vcr``, ``yield vcr`` or ``vcr.serializer = …``."""
    if isinstance(statement, ast.Assign):
        return [_dotted(target) for target in statement.targets] == ["vcr.serializer"]
    value = getattr(statement, "value", None)
    if isinstance(statement, ast.Expr) and isinstance(value, ast.Yield):
        value = value.value
    is_plain = value is None or isinstance(value, ast.Constant) or _dotted(value) == "vcr"
    return isinstance(statement, ast.Expr | ast.Return | ast.Pass) and is_plain


def _registrations(function: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            name = _dotted(node.value.func).rpartition(".")[2]
            if name in ("register_persister", "register_serializer", "register_matcher"):
                yield name.removeprefix("register_"), node


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""
