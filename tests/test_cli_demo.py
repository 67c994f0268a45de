"""`vcr-llm demo` as a user runs it: a process of its own, both SDKs, a real pytest, real cassettes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from vcr_llm.demo import LocalProvider, trial

pytestmark = pytest.mark.sdk

MAIN = "import sys; from vcr_llm.cli import main; sys.argv[0] = 'vcr-llm'; main()"
OWN_KEY = "sk-proj-the-users-own-key-which-must-not-be-used-0123456789"
TESTS = [
    "test_claude",
    "test_gpt",
    "test_streamed_text",
    "test_streamed_tool_call",
    "test_same_question",
    "test_at_the_same_time",
]


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in another process, with the user's own settings for other things all around it."""
    hostile = {
        "PYTEST_ADDOPTS": "--no-such-option",
        "PYTEST_PLUGINS": "no_such_plugin",
        "OPENAI_API_KEY": OWN_KEY,
        "OPENAI_ORG_ID": "org-own",
        "ANTHROPIC_AUTH_TOKEN": OWN_KEY,
        "OPENAI_BASE_URL": "http://127.0.0.1:9/own",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
    }
    unset = {"COLUMNS", "FORCE_COLOR", "NO_COLOR"}
    inherited = {name: value for name, value in os.environ.items() if name not in unset}
    return subprocess.run(
        [sys.executable, "-c", MAIN, "demo", *arguments],
        cwd=cwd,
        env={**inherited, **hostile, "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


@dataclass(frozen=True)
class Kept:
    """What one run of the command with `--keep` left."""

    exit_code: int
    output: str
    folder: Path

    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]

    def answers(self, name: str) -> dict[str, list[str]]:
        answers: dict[str, list[str]] = json.loads(
            (self.folder / "answers" / f"{name}.json").read_text("utf-8")
        )
        return answers


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Run in a project whose pytest settings would stop any pytest run."""
    project = tmp_path_factory.mktemp("project")
    (project / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (project / "conftest.py").write_text("raise SystemError('the conftest of another project')\n")
    done = run("--keep", "kept", cwd=project)
    assert done.stderr == ""
    return Kept(done.returncode, done.stdout, project / "kept")


def test_both_runs_pass_and_everything_is_identical(kept: Kept) -> None:
    assert kept.exit_code == 0, kept.output
    assert len(re.findall(r"^  =+ 6 passed in ", kept.output, re.MULTILINE)) == 2
    for test in TESTS:
        assert len(re.findall(rf"^  test_demo.py::{test} PASSED", kept.output, re.MULTILINE)) == 2
    assert re.findall(r"^  yes  (.+)$", kept.output, re.MULTILINE) == [
        "Both pytest runs passed.",
        "All 9 answers are identical in both runs.",
        "The provider got 9 requests in run 1 and none in run 2.",
        "Run 2 left all 6 cassettes as they were.",
        "No key and no authorization header is in any of the 12 files.",
    ]
    assert "  NO " not in kept.output


def test_the_answers_are_those_in_the_files(kept: Kept) -> None:
    recorded = kept.answers("recorded")
    assert list(recorded) == TESTS
    assert recorded == kept.answers("replayed")
    every = [answer for answers in recorded.values() for answer in answers]
    assert len(set(every)) == len(every) == 9
    for answer in every:
        assert kept.output.count(answer.splitlines()[-1]) == 2


def test_the_streamed_tool_call_is_shown_event_by_event(kept: Kept) -> None:
    shown = kept.output.partition("4. What was recorded")[2].partition("5. The answers")[0]
    assert "cassettes/test_demo/test_streamed_tool_call.llm.json" in shown
    assert shown.count("input_json_delta") >= 3
    assert '"tools": […],' in shown
    assert len(shown.splitlines()) <= 70
    document = json.loads((kept.folder / trial.STREAMED).read_text("utf-8"))
    assert document["version"] == "2.0"


def test_the_output_fits_into_80_columns(kept: Kept) -> None:
    # What pytest says of this machine and lines to copy are not broken.
    unbroken = ("  $ ", "  platform ", "  rootdir: ")
    lines = [line for line in kept.output.splitlines() if not line.startswith(unbroken)]
    assert [line for line in lines if cell_len(line) > 80] == []
    assert "\x1b" not in kept.output


def test_no_file_holds_a_key(kept: Kept) -> None:
    assert len(kept.files()) == 12
    for path in kept.files():
        text = path.read_text("utf-8").lower()
        assert not re.search(r"sk-(ant|proj)-|authorization|x-api-key|set-cookie", text), path


def test_next_steps_end_the_output(kept: Kept) -> None:
    end = kept.output.partition("6. In your project")[2]
    assert '  @pytest.fixture(scope="session")\n  def vcr_config():\n      return vcr_llm.preset()\n' in end
    for words in (
        "@pytest.mark.vcr",
        "$ pytest --record-mode=once",
        "llm_placeholder_keys = true",
        "https://",
    ):
        assert words in end


def test_the_kept_suite_replays_with_every_installed_plugin(kept: Kept) -> None:
    """The lines printed at the end, typed by hand: pytest finds its plugins, also llm-mock and xdist."""
    variables = dict(re.findall(r"(\w+_BASE_URL)=(\S+)", kept.output))
    assert sorted(variables) == ["ANTHROPIC_BASE_URL", "OPENAI_BASE_URL"]
    keys = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "PYTEST_ADDOPTS")
    environment = {name: value for name, value in os.environ.items() if name not in keys}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--block-network", "-p", "no:cacheprovider", "-p", "xdist"],
        cwd=kept.folder,
        env={**environment, **variables, "DEMO_ANSWERS": str(kept.folder.parent / "again.json")},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert "6 passed" in done.stdout, done.stdout
    assert json.loads((kept.folder.parent / "again.json").read_text("utf-8")) == kept.answers("recorded")


def test_colours_an_ascii_pipe_and_a_temporary_folder_that_goes_away(tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    done = run(
        cwd=tmp_path,
        FORCE_COLOR="1",
        TERM="xterm-256color",
        PYTHONIOENCODING="ascii",
        COLUMNS="100",
        TMPDIR=str(temporary),
        TEMP=str(temporary),
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "\x1b[32mPASSED" in done.stdout
    assert done.stdout.isascii()
    # Empty lock files stay, as they must: removing one that somebody waits for would let two in.
    assert {path.suffix for path in temporary.rglob("*") if path.is_file()} <= {".lock"}
    assert [path.name for path in tmp_path.iterdir()] == ["temporary"]


# --- what stops it ------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [["anthropic", "openai"], ["openai"]])
def test_a_missing_sdk_is_named_with_the_command_that_installs_it(missing: list[str], tmp_path: Path) -> None:
    # What `python` imports at its start hides the packages from everybody.
    hidden = "".join(f"sys.modules[{name!r}] = None\n" for name in missing)
    (tmp_path / "sitecustomize.py").write_text(f"import sys\n{hidden}")
    done = run("--keep", "kept", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(f"pip install {' '.join(missing)}\n")
    assert not (tmp_path / "kept").exists()


def test_looking_for_packages_imports_none() -> None:
    program = (
        "import sys; import vcr_llm.cli.demo; from vcr_llm.demo import trial\n"
        "print(trial.missing_packages())\n"
        "print([name for name in ('anthropic', 'openai', 'pytest', 'rich', 'vcr') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == "[]\n[]\n"


def test_a_recording_run_that_fails_ends_it(tmp_path: Path) -> None:
    (tmp_path / "openai.py").write_text("raise ImportError('a broken installation')\n")
    done = run(cwd=tmp_path, PYTHONPATH=".")
    assert done.returncode == 1
    assert "a broken installation" in done.stdout
    assert "The recording run failed: pytest's exit code is 2." in done.stdout
    assert "Run 2" not in done.stdout


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("# mine")
    done = run("--keep", ".", cwd=tmp_path)
    assert done.returncode == 2
    assert "is not empty" in done.stderr
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("conftest.py", "# mine")]


def test_a_path_that_can_be_no_folder_is_an_error_of_usage(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("--keep", "file/kept", cwd=tmp_path)
    assert done.returncode == 2
    assert "cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


# --- the comparison -----------------------------------------------------------------------------------


def perform(
    folder: Path, name: str, options: tuple[str, ...], provider: LocalProvider, keys: dict[str, str]
) -> trial.Run:
    environment = {
        **trial.clean_environment(),
        **trial.pytest_environment(80, has_color=False),
        **trial.addresses(provider),
        **keys,
    }
    return trial.perform(folder, name, options, environment, provider, print)


def test_another_answer_and_a_lost_cassette_are_told(tmp_path: Path) -> None:
    trial.write_suite(tmp_path)
    keys = trial.fake_keys()
    with LocalProvider() as provider:
        recorded = perform(tmp_path, "recorded", trial.RECORD, provider, keys)
    cassettes = tmp_path / "cassettes" / "test_demo"
    changed = cassettes / "test_gpt.llm.json"
    changed.write_text(changed.read_text("utf-8").replace("no. 2", "no. 22"), "utf-8")
    (cassettes / "test_claude.llm.json").unlink()
    replayed = perform(tmp_path, "replayed", trial.REPLAY, provider, {})
    found = trial.findings(tmp_path, recorded, replayed, keys)
    assert [finding.text.partition(":")[0] for finding in found if not finding.holds] == [
        "pytest ended with exit code 0 in run 1 and 1 in run 2.",
        "test_claude",
        "test_gpt",
        "Run 2 changed cassettes",
    ]


RUN = trial.Run(0, {"test_a": ["one"]}, 1, {"cassettes/a": "digest"})


def failures(recorded: trial.Run, replayed: trial.Run, folder: Path) -> list[str]:
    found = trial.findings(folder, recorded, replayed, {"KEY": "sk-Secret"})
    return [finding.text for finding in found if not finding.holds]


def test_nothing_is_told_where_all_is_well(tmp_path: Path) -> None:
    assert failures(RUN, replace(RUN, requests=0), tmp_path) == []


def test_two_runs_without_answers_are_not_identical(tmp_path: Path) -> None:
    empty = trial.Run(0, {}, 0, {})
    assert len(failures(empty, empty, tmp_path)) == 3


def test_a_request_in_run_two_is_told(tmp_path: Path) -> None:
    told = failures(RUN, RUN, tmp_path)
    assert told == ["The provider got 1 requests in run 1 and 1 in run 2."]


@pytest.mark.parametrize("leak", ["…sk-secret…", '"Authorization": "x"'])
def test_a_key_in_a_file_is_told(leak: str, tmp_path: Path) -> None:
    (tmp_path / "cassette").write_text(leak, "utf-8")
    told = failures(RUN, replace(RUN, requests=0), tmp_path)
    assert told == ["A key or an authorization header is in: cassette."]
