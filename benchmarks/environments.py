"""The environments that recorders need: this one, and two made for the peers that cannot be installed here.

cassetter and pytest-recording define the same fixtures; the others know httpx, which the current SDKs have
left.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

__all__ = ["FOLDER", "NAMES", "python_of"]

PACKAGES = {
    "cassetter": ("cassetter", "openai", "pytest"),
    "older SDK": (
        "llm-mock==1.0.1",
        "promptecho",
        "agent-replay-py",
        "cassette-sdk",
        "pytest-llm-vcr",
        "llmvcr",
        "llm-cassette",
        "openai<3",
    ),
}
NAMES = ("here", *PACKAGES)
FOLDER = Path(tempfile.gettempdir()) / "vcr-llm-benchmarks"
"""Where they are made unless told otherwise, and kept."""


def python_of(name: str, folder: Path) -> Path | None:
    """The interpreter of an environment, made if it is missing or old; None where it cannot be made."""
    if name == "here":
        return Path(sys.executable)
    home = folder / name.replace(" ", "-")
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    complete, packages = home / "complete", "\n".join(PACKAGES[name])
    if not complete.exists() or complete.read_text("utf-8") != packages:
        print(f"making the environment for {', '.join(PACKAGES[name])} ...", file=sys.stderr)
        try:
            venv.create(home, with_pip=True, clear=True)
            subprocess.run([python, "-m", "pip", "install", "-qqq", *PACKAGES[name]], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"left out: {name} ({error})", file=sys.stderr)
            return None
        complete.write_text(packages, encoding="utf-8")
    return python
