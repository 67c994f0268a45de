"""``vcr-llm migrate --suite``: what it reads in a suite's files, the patch it makes, and what it says.

Its texts are compared with ``golden/suite_*.txt``; ``UPDATE_GOLDEN=1`` writes them anew.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from suite import Suite
from test_audit import old_suite
from test_cli import assert_golden
from test_siblings import record_old

from vcr_llm.cli import main
from vcr_llm.suites import Change, NotPatchedError, advise, apply, in_diff, read
from vcr_llm.suites.editing import in_expecting_tests
from vcr_llm.suites.patching import edited
from vcr_llm.suites.settings import vcrpy_pin, with_package
from vcr_llm.suites.source import Source

__all__ = ["old_suite"]  # a fixture

LITERAL = {
    "tests/conftest.py": '''\
"""Shared fixtures."""

from __future__ import annotations

import json

import pytest


def scrub(request):
    request.body = json.dumps({**json.loads(request.body), "user": "x"})
    return request


@pytest.fixture(scope="module")
def vcr_config():
    """No secrets in cassettes."""
    return {
        "filter_headers": ["authorization", ("x-api-key", "hidden")],
        "match_on": ["method", "scheme", "host", "port", "path", "query", "body"],
        "record_mode": "none",
        "recordmode": "typo",
        "before_record_request": scrub,
        "decode_compressed_response": True,
    }
''',
    "tests/unit/test_app.py": """\
import json
from pathlib import Path

import pytest


@pytest.mark.vcr("tests/shared/login.yaml")
def test_one(vcr):
    assert len(vcr) == 1
    assert vcr.play_count == 1


@pytest.mark.default_cassette("other.yaml")
@pytest.mark.vcr(match_on=["method", "path"])
def test_two():
    assert Path("tests/unit/cassettes/test_app/other.yaml").read_text()


@pytest.mark.vcr
def test_naïve():
    assert "a\x0cb\u2028c"


@pytest.fixture
def vcr_config():
    return {"match_on": ["method"]}
""",
    "tests/unit/cassettes/test_app/test_one.yaml": "interactions: []\n",
    "tests/unit/cassettes/test_app/other.yaml": "interactions: []\n",
    "pyproject.toml": """\
[project]
name = "app"

[dependency-groups]
test = [
    "pytest",
    "pytest-recording>=0.13"
]
""",
}
DYNAMIC = {
    "conftest.py": """\
import pytest
from base import CustomPersister, CustomSerializer, base_config
from vcr import VCR  # type: ignore[import-untyped]


@pytest.fixture(scope="session")
def vcr_config() -> dict:
    config = base_config()
    config["match_on"] = ["method", "json_body"]
    config["serializer"] = "yaml.gz"
    config["path_transformer"] = VCR.ensure_suffix(".yaml.gz")
    return config


def json_body(one, other):
    assert one.body == other.body


def pytest_recording_configure(config, vcr):
    vcr.register_persister(CustomPersister())
    vcr.register_serializer("yaml.gz", CustomSerializer())
    vcr.register_matcher("json_body", json_body)
""",
    "sub/conftest.py": """\
import pytest
from base import OPTIONS, CustomPersister


@pytest.fixture
def vcr_config():
    return OPTIONS


def pytest_recording_configure(config, vcr):
    vcr.register_persister(CustomPersister())
""",
    "sub/more/conftest.py": """\
import pytest

@pytest.fixture
def vcr_config(vcr_config):
    return {**vcr_config, "match_on": ["method"]}
""",
    "several/conftest.py": """\
import pytest, os

@pytest.fixture
def vcr_config():
    if os.environ.get("CI"):
        return {"record_mode": "none"}
    return {}
""",
    "requirements-dev.txt": "pytest\nvcrpy>=8,<9  # for langchain-tests\npytest-recording",
    "requirements.txt": "pytest-recording",
}
PYTEST_VCR = {
    "tests/conftest.py": """\
import pytest

@pytest.fixture(scope="module")
def vcr_config():
    return dict(filter_headers=["authorization"], ignore_localhost=True)

@pytest.fixture
def vcr_cassette_name(request):
    return request.node.name + "_recorded"
""",
    "tests/test_app.py": """\
import pytest

@pytest.mark.vcr()
def test_one(vcr_cassette):
    assert vcr_cassette.all_played, "vcr_cassette"
""",
    "tests/sub/conftest.py": """\
import pytest

@pytest.fixture
def vcr():
    return None
""",
    "tests/sub/test_both.py": """\
import pytest

def test_both(vcr, vcr_cassette):
    pass
""",
    "tests/cassettes/test_one.yaml": "interactions: []\n",
    "setup.cfg": "[tool:pytest]\naddopts = --vcr-record=none -ra\n",
    "requirements/test.txt": "pytest-vcr==1.0.2\n",
}
PLAIN = {
    "tests/test_app.py": """\
import unittest

import vcr
from vcr.unittest import VCRTestCase

my_vcr = vcr.VCR(
    cassette_library_dir="tests/cassettes",
    serializer="yaml",
    match_on=["uri", "method"],
    record_mode="once",
)


@my_vcr.use_cassette("one.yaml")
def test_one():
    pass


@vcr.use_cassette("tests/cassettes/two.yaml")
def test_two():
    pass


def test_three():
    with vcr.use_cassette("tests/cassettes/three.yaml", match_on=["method"], serializer="yaml") as cass:
        assert cass.play_count == 0


class TestFour(VCRTestCase):
    def test_four(self):
        pass
""",
    "tests/alias.py": "import vcr as tape\nfrom vcr import VCR as Tape\n\nTape()\ntape.use_cassette('a',)\n",
    "tests/test_broken.py": "import vcr\ndef (\n",
    "setup.py": 'from setuptools import setup\nsetup(name="app", tests_require=["pytest", "vcrpy"])\n',
}
PYTEST_VCR_FIXTURE = {
    "tests/conftest.py": """\
import pytest
import yaml


@pytest.fixture(scope="module")
def vcr_config():
    return {"decode_compressed_response": True}


class Pretty:
    serialize, deserialize = yaml.dump, yaml.safe_load


@pytest.fixture(scope="module", autouse=True)
def fixture_vcr(vcr):
    vcr.register_serializer("yaml", Pretty)
    return vcr
""",
    "tests/test_app.py": """\
def test_one(vcr):
    with vcr.use_cassette("one.yaml"):
        pass
""",
    "requirements.txt": "pytest-vcr\n",
}
REGISTRAR = {
    "conftest.py": """\
import pytest


@pytest.fixture(scope="module", autouse=True)
def fixture_vcr(vcr):
    vcr.register_serializer("yaml", str)
    vcr.register_matcher("mine", print)
    return vcr


@pytest.fixture(name="other", scope="module", autouse=True)
def setup_other(vcr):
    \"\"\"Pretty.\"\"\"
    vcr.register_serializer("other", str)
    vcr.serializer = "other"
    yield vcr


@pytest.fixture
def more(vcr):
    vcr.register_serializer("more", str)
    print("more")


@pytest.fixture(name="vcr_config")
def fixture_vcr_config():
    return {"record_mode": "none"}
""",
    "test_app.py": "import pytest\n\n@pytest.mark.vcr()\ndef test_one():\n    pass\n",
    "tox.ini": "[testenv]\ndeps =\n    pytest-vcr\n",
}
MARKS_ONLY = {
    "tests/a/test_a.py": "import pytest\n\n@pytest.mark.vcr\ndef test_a():\n    pass\n",
    "tests/b/test_b.py": "import pytest\n\npytestmark = [pytest.mark.vcr]\n\ndef test_b():\n    pass\n",
    "pytest.ini": "[pytest]\n",
}
STYLES = {
    "literal": LITERAL,
    "dynamic": DYNAMIC,
    "pytest_vcr": PYTEST_VCR,
    "pytest_vcr_fixture": PYTEST_VCR_FIXTURE,
    "registrar": REGISTRAR,
    "plain": PLAIN,
    "marks_only": MARKS_ONLY,
}


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode())


def run(*arguments: object) -> str:
    result = CliRunner().invoke(main, ["migrate", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.stdout


def files_of(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes().decode()
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("style", STYLES)
def test_what_it_says(style: str, tmp_path: Path) -> None:
    write(tmp_path, STYLES[style])
    before = files_of(tmp_path)
    said = run("--suite", tmp_path, "--no-run")
    assert_golden(f"suite_{style}", said.replace(str(tmp_path), "/project"))
    assert files_of(tmp_path) == before


@pytest.mark.parametrize("style", STYLES)
def test_applying_it_once_is_enough(style: str, tmp_path: Path) -> None:
    """The patch parses, does what ``git apply`` would, and leaves nothing for a second time."""
    write(tmp_path, STYLES[style])
    copy = tmp_path / "copy"
    copy.mkdir()
    write(copy, STYLES[style])
    diff = "\n".join(in_diff(advise(read(copy)).changes)) + "\n"
    subprocess.run(["git", "apply", "--unsafe-paths", "-"], input=diff.encode(), cwd=copy, check=True)
    apply(copy.parent, [])
    patched = files_of(copy)
    write(copy, STYLES[style])
    for path in set(patched) - set(STYLES[style]):
        (copy / path).unlink()
    apply(copy, advise(read(copy)).changes)
    assert files_of(copy) == patched
    assert [change.path for change in advise(read(copy)).changes] == []


def test_line_ends_stay_and_what_is_no_utf_8_is_told(tmp_path: Path) -> None:
    text = (
        "import pytest\n\n@pytest.fixture\ndef vcr_config():\n    return {'ignore_hosts': [\n'a']}  # café\n"
    )
    text = text.replace("\n", "\r\n")
    (tmp_path / "conftest.py").write_bytes(text.encode())
    (tmp_path / "other.py").write_bytes(text.encode("latin-1"))
    advice = advise(read(tmp_path))
    apply(tmp_path, advice.changes)
    changed = (tmp_path / "conftest.py").read_bytes()
    assert "# café\r\n".encode() in changed
    assert changed.count(b"\n") == changed.count(b"\r\n") == changed.count(b"\r") > 6
    assert advice.by_hand == ["other.py:1: not read: it is not UTF-8"]


def test_it_applies_all_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a = 1\n", encoding="utf-8")
    (tmp_path / "b.py").write_text("b = 1\n", encoding="utf-8")
    fine = Change("a.py", "a = 1\n", "a = 2\n")
    for bad, words in [
        (Change("b.py", "b = 0\n", "b = 2\n"), "has changed since"),
        (Change("b.py", "b = 1\n", "b = (\n"), r"b.py:1: the file would not parse"),
        (Change("new.py", None, "def\n"), "would not parse"),
    ]:
        with pytest.raises(NotPatchedError, match=words):
            apply(tmp_path, [fine, bad])
    assert files_of(tmp_path) == {"a.py": "a = 1\n", "b.py": "b = 1\n"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("pytest-recording==0.13\n", "pytest-recording==0.13\nvcr-llm\n"),
        ("vcrpy", "vcrpy\nvcr-llm\n"),
        ("pytest_vcr>=1\n", "vcr-llm\n"),
        ('vcrpy = "^6"\n', 'vcrpy = "^6"\nvcr-llm = "*"\n'),
        ('  "vcrpy[tests]>=6",  # why\n', '  "vcrpy[tests]>=6",  # why\n  "vcr-llm",\n'),
        ('dev = ["pytest-vcr", "x"]\n', 'dev = ["vcr-llm", "x"]\n'),
        ("dev = ['vcrpy']\n", "dev = ['vcrpy', 'vcr-llm']\n"),
        ("vcrpy\nvcr-llm\n", "vcrpy\nvcr-llm\n"),
        (
            "addopts = --vcr-record-mode=once --disable-vcr\n",
            "addopts = --record-mode=once --disable-recording\n",
        ),
        ("requests\n", "requests\n"),
    ],
)
def test_requirements_and_options(before: str, after: str) -> None:
    assert with_package(before) == after


def test_a_pin_that_is_too_old_is_told() -> None:
    assert vcrpy_pin('"vcrpy>=8,<9.0",') == "vcrpy>=8,<9.0"
    assert vcrpy_pin('"vcrpy>=9.2"') is None


def test_a_suite_is_changed_run_and_compared(old_suite: Suite) -> None:
    """Everything at once, on a suite that needs the fallback; then nothing is left to change."""
    root = old_suite.pytester.path
    settings = (root / "tox.ini").read_text(encoding="utf-8")
    (root / "tox.ini").write_text(f"{settings}\naddopts = --record-mode=once\n", encoding="utf-8")
    said = run("--suite", root, "--apply", "--pytest", "-p no:respx -W ignore")
    assert "Ran the suite once, offline: 7 passed" in said
    assert "The fallback is needed by 1 test." in said
    assert '+    return vcr_llm.preset(fallback=["method", "uri"], record_mode="none")' in said
    assert '+@pytest.mark.vcr(on_miss="raise")' in said
    assert "7 of the 7 tests that passed before pass now." in said
    again = run("--suite", root, "--no-run")
    assert "Nothing to change in the project's files." in again


def test_a_script_that_was_vcrpys(tmp_path: Path, provider: object) -> None:
    """Decorators and a VCR of one's own replay the old files by their names, and record beside them."""
    url = provider.url  # type: ignore[attr-defined]
    (tmp_path / "tapes").mkdir()
    record_old(tmp_path / "tapes" / "one.yaml", url, "one")
    (tmp_path / "tapes" / "one.yaml").rename(tmp_path / "tapes" / "bare")
    record_old(tmp_path / "tapes" / "one.yaml", url, "one")
    before = files_of(tmp_path)
    script = f"""\
import httpx
import vcr

my_vcr = vcr.VCR(cassette_library_dir="tapes", match_on=["method", "uri"], record_mode="new_episodes")


def ask(text):
    body = {{"model": "g", "messages": [{{"role": "user", "content": text}}]}}
    return httpx.post("{url}/v1/chat/completions", json=body)


@my_vcr.use_cassette("one.yaml")
def one():
    ask("one")
    ask("two")


one()
with my_vcr.use_cassette("bare", record_mode="none"):
    ask("one")
"""
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    apply(tmp_path, advise(read(tmp_path)).changes)
    result = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    after = files_of(tmp_path)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"script.py", "tapes/one.llm.json"}


def test_tests_that_expect_a_miss_are_marked() -> None:
    text = """\
import pytest


class TestIt:
    @pytest.mark.vcr("extra.yaml")
    def test_one(self):
        pass

    @pytest.mark.parametrize("a", [1])
    @pytest.mark.vcr()
    def test_two(self, a):
        pass

    async def test_three(self):
        pass


@pytest.mark.vcr
def test_one():
    pass
"""
    names = [
        "t.py::TestIt::test_one",
        "t.py::TestIt::test_two[1]",
        "t.py::TestIt::test_three",
        "u.py::test_one",
    ]
    source = Source("t.py", text)
    after = edited(text, in_expecting_tests(source, names))
    assert after == text.replace('"extra.yaml"', '"extra.yaml", on_miss="raise"').replace(
        "vcr()", 'vcr(on_miss="raise")'
    ).replace("    async", '    @pytest.mark.vcr(on_miss="raise")\n    async')
    again = Source("t.py", after)
    assert in_expecting_tests(again, names) == []


def test_cassettes_are_counted_wherever_they_lie(tmp_path: Path) -> None:
    texts = {
        "tests/cassettes/test_a/x.yaml": "of any kind",
        "tests/recs/test_b/y.yaml": "interactions: []\nversion: 1\n",
        "tests/recs/z.yaml": "a: 1\n",
        "package.json": '{"interactions": {}}',
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    found = read(tmp_path)
    assert found.cassettes == {".yaml": 2}
    assert found.folders == ["tests/cassettes", "tests/recs/test_b"]


def test_wrong_usage() -> None:
    for arguments, words in [
        (["--suite", ".", "x.yaml"], "--suite changes no cassettes"),
        (["--suite", ".", "--write"], "--suite changes no cassettes"),
        (["--apply", "x.yaml"], "--apply needs --suite"),
        ([], "name a cassette or a folder"),
    ]:
        result = CliRunner().invoke(main, ["migrate", *arguments])
        assert result.exit_code == 2
        assert words in result.output
