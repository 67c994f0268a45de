"""A Python file of a suite → the same file with the preset."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from vcr_llm.recorder import known_options
from vcr_llm.suites.patching import Edit
from vcr_llm.suites.places import is_text, line_end, offset, removed, replaced, without_blank_lines
from vcr_llm.suites.source import PYTEST_VCR, Config, Hook, Source

__all__ = [
    "DROPPED",
    "PYTEST_VCR_FIXTURE",
    "PYTEST_VCR_FOLDER",
    "VCRPY_MATCH_ON",
    "in_calls",
    "in_config",
    "in_expecting_tests",
    "in_hook",
    "in_registrar",
    "new_fixture",
    "renamed_fixtures",
    "unknown",
]

VCRPY_MATCH_ON: Final = '["method", "scheme", "host", "port", "path", "query"]'
"""What vcrpy matches on unless told otherwise."""
DROPPED: Final[Mapping[str, str]] = {
    "serializer": "cassettes are written in our format; the old ones are read as they are",
    "path_transformer": "the suffix comes from the serializer",
    "decode_compressed_response": "content encodings are always undone",
    "filter_headers": "request headers are never stored",
}
"""vcrpy's options that the preset makes unnecessary, and why."""
_FORMAT: Final = ("serializer", "path_transformer")
_WIDTH: Final = 88
_INDENT: Final = "    "


def in_config(source: Source, config: Config, fallback: bool) -> list[Edit]:
    """The edits that make a ``vcr_config`` return the preset; none where its return is not the last thing.

    ``fallback``: the suite's own matchers are to answer where nothing else does.
    """
    statement = config.returns
    if statement is None or statement.value is None:
        return []
    indent = " " * statement.col_offset
    if config.options is not None:
        text = _call("return vcr_llm.preset", _arguments(config.options, fallback), indent)
        return [replaced(source.text, statement, text)]
    name, lines = _name_of(source, config, statement.value)
    lines += [f'{name}.pop("{option}", None)' for option in _FORMAT]
    if fallback:
        popped = f'fallback={name}.pop("match_on", {VCRPY_MATCH_ON})'
        lines.append(_call("return vcr_llm.preset", [popped, f"**{name}"], indent))
    else:
        lines += [f'{name}.pop("match_on", None)', f"return vcr_llm.preset(**{name})"]
    edits = [replaced(source.text, statement, f"\n{indent}".join(lines))]
    return edits + [removed(source.text, each) for each in _settings(config.function, name)]


def _name_of(source: Source, config: Config, value: ast.expr) -> tuple[str, list[str]]:
    """The local name of the dict that is returned, and the lines that make it one of our own."""
    if isinstance(value, ast.Name):
        assigned = any(
            isinstance(node, ast.Name) and node.id == value.id and isinstance(node.ctx, ast.Store)
            for node in ast.walk(config.function)
        )
        if assigned:
            return value.id, []
    return "config", [f"config = dict({source.segment(value)})"]


def _settings(function: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> Iterator[ast.stmt]:
    """The statements that say ``config["serializer"] = …`` and the like."""
    for statement in function.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript):
            target = statement.targets[0]
            key = target.slice.value if isinstance(target.slice, ast.Constant) else None
            if isinstance(target.value, ast.Name) and target.value.id == name and key in _FORMAT:
                yield statement


def _arguments(options: Mapping[str, str], fallback: bool) -> list[str]:
    gone = {*DROPPED, "match_on", *unknown(options)}
    kept = [f"{name}={value}" for name, value in options.items() if name not in gone]
    own = options.get("match_on", VCRPY_MATCH_ON)
    return [f"fallback={own}", *kept] if fallback else kept


def unknown(options: Iterable[str]) -> list[str]:
    """The options that neither vcrpy nor anybody else knows: vcrpy ignored them, the preset would not."""
    return [name for name in options if name not in known_options()]


def _call(function: str, arguments: Sequence[str], indent: str) -> str:
    line = f"{function}({', '.join(arguments)})"
    if len(indent) + len(line) <= _WIDTH and "\n" not in line:
        return line
    inside = "".join(f"{indent}{_INDENT}{argument},\n" for argument in arguments)
    return f"{function}(\n{inside}{indent})"


def new_fixture(fallback: bool) -> str:
    """A ``vcr_config`` for a suite that has none: vcrpy's default matchers as fallback."""
    arguments = [f"fallback={VCRPY_MATCH_ON}"] if fallback else []
    call = _call("return vcr_llm.preset", arguments, _INDENT)
    return f'@pytest.fixture(scope="session")\ndef vcr_config():\n{_INDENT}{call}\n'


PYTEST_VCR_FIXTURE: Final = '''\
@pytest.fixture(scope="module")
def vcr(request, vcr_config, vcr_cassette_dir):
    """pytest-vcr's fixture, for tests that open their cassettes themselves."""
    mode = request.config.getoption("--record-mode") or "once"
    options = {"cassette_library_dir": vcr_cassette_dir, "record_mode": mode}
    return vcr_llm.VCR(**{**options, **vcr_config})
'''
PYTEST_VCR_FOLDER: Final = '''\
@pytest.fixture(scope="module")
def vcr_cassette_dir(request):
    """Where pytest-vcr kept cassettes: one folder for all test modules beside it."""
    return str(request.path.parent / "cassettes")
'''


def in_hook(source: Source, hook: Hook) -> list[Edit]:
    """The edits that take custom serializers and persisters out of ``pytest_recording_configure``."""
    gone = [statement for kind, statement in hook.registered if kind != "matcher"]
    rest = [each for each in hook.function.body if each not in gone and not is_text(each)]
    if not gone:
        return []
    if rest:
        return [removed(source.text, statement) for statement in gone]
    first = min([hook.function.lineno, *(each.lineno for each in hook.function.decorator_list)])
    start = without_blank_lines(source.text, offset(source.text, first, 0))
    return [Edit(start, line_end(source.text, hook.function.end_lineno or first), "")]


def in_registrar(source: Source, hook: Hook) -> list[Edit]:
    """The edits that make a fixture that registers matchers with pytest-vcr's ``vcr`` a hook.

    A fixture that registers only serializers and persisters is taken out.
    """
    kept = [source.segment(statement) for kind, statement in hook.registered if kind == "matcher"]
    first = min([hook.function.lineno, *(each.lineno for each in hook.function.decorator_list)])
    whole = Edit(offset(source.text, first, 0), line_end(source.text, hook.function.end_lineno or first), "")
    if not kept:
        return [Edit(without_blank_lines(source.text, whole.start), whole.end, "")]
    body = "".join(f"{_INDENT}{statement}\n" for statement in kept)
    return [Edit(whole.start, whole.end, f"def pytest_recording_configure(config, vcr):\n{body}")]


def in_calls(source: Source, fallback: bool) -> list[Edit]:
    """The edits that make ``vcr.VCR(…)`` and ``vcr.use_cassette(…)`` this package's."""
    edits: list[Edit] = []
    for node in ast.walk(source.tree):
        new = source.vcrpy_calls.get(source.segment(node.func)) if isinstance(node, ast.Call) else None
        if new is None or not isinstance(node, ast.Call):
            continue
        edits.append(replaced(source.text, node.func, new))
        edits += _in_arguments(source, node, fallback)
    return edits


def _in_arguments(source: Source, call: ast.Call, fallback: bool) -> Iterator[Edit]:
    matches = False
    for keyword in call.keywords:
        start = offset(source.text, keyword.lineno, keyword.col_offset)
        if keyword.arg == "match_on":
            matches = True
            if fallback:
                yield Edit(start, start + len("match_on"), "fallback")
                continue
        if keyword.arg in (*DROPPED, "match_on"):
            end = offset(source.text, keyword.value.end_lineno or 0, keyword.value.end_col_offset or 0)
            after = re.compile(r"\s*,[ \t]*(\r?\n[ \t]*(?=\S))?").match(source.text, end)
            before = re.search(r",\s*$", source.text[:start])
            if after is not None:
                yield Edit(start, after.end(), "")
            else:
                yield Edit(start - len(before.group()) if before else start, end, "")
    if fallback and not matches:
        first = [*call.args, *(keyword.value for keyword in call.keywords)]
        end = offset(source.text, call.end_lineno or 0, (call.end_col_offset or 1) - 1)
        inside = source.text[:end].rstrip()
        comma = "" if not first else " " if inside.endswith(",") else ", "
        yield Edit(len(inside), len(inside), f"{comma}fallback={VCRPY_MATCH_ON}")


def renamed_fixtures(source: Source) -> list[Edit]:
    """The edits that call pytest-vcr's fixtures by their names in pytest-recording."""
    edits = []
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.NAME and token.string in PYTEST_VCR:
            start = line_end(source.text, token.start[0] - 1) + token.start[1]
            edits.append(Edit(start, start + len(token.string), PYTEST_VCR[token.string]))
    return edits


def in_expecting_tests(source: Source, tests: Iterable[str]) -> list[Edit]:
    """The edits that mark tests (``file::Class::test``) as expecting a call without a recording."""
    edits = []
    for function in _tests(source, tests):
        marks = [each for each in function.decorator_list if _is_vcr_mark(source, each)]
        if not marks:
            first = min([function.lineno, *(each.lineno for each in function.decorator_list)])
            start = offset(source.text, first, 0)
            indent = " " * function.col_offset
            edits.append(Edit(start, start, f"{indent}@pytest.mark.vcr({_EXPECTS})\n"))
        elif not isinstance(marks[0], ast.Call):
            edits.append(replaced(source.text, marks[0], f"{source.segment(marks[0])}({_EXPECTS})"))
        elif not any(keyword.arg == "on_miss" for keyword in marks[0].keywords):
            end = offset(source.text, marks[0].end_lineno or 0, (marks[0].end_col_offset or 1) - 1)
            empty = not (marks[0].args or marks[0].keywords)
            comma = "" if empty or source.text[:end].rstrip().endswith(",") else ", "
            edits.append(Edit(end, end, f"{comma}{_EXPECTS}"))
    return edits


_EXPECTS: Final = 'on_miss="raise"'


def _is_vcr_mark(source: Source, decorator: ast.expr) -> bool:
    return source.segment(decorator).partition("(")[0].endswith("mark.vcr")


def _tests(source: Source, names: Iterable[str]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    wanted = {
        tuple(rest.partition("[")[0].split("::"))
        for path, _, rest in (name.partition("::") for name in names)
        if path == source.path
    }

    def inside(body: Iterable[ast.stmt], outer: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], ast.AST]]:
        for node in body:
            if isinstance(node, ast.ClassDef):
                yield from inside(node.body, (*outer, node.name))
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield (*outer, node.name), node

    for name, node in inside(source.tree.body, ()):
        if name in wanted and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
