"""The environments that recorders need: this one, and two made for the peers that cannot be installed here.

cassetter and pytest-recording define the same fixtures; llm-mock and promptecho patch httpx, which the
current SDKs have left.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

PACKAGES = {
    "cassetter": ("cassetter", "openai"),
    "older SDK": ("llm-mock==1.0.1", "promptecho", "openai<3"),
}


def python_of(name: str, folder: Path) -> Path | None:
    """The interpreter of an environment, made if it is not there yet; None where it cannot be made."""
    if name == "here":
        return Path(sys.executable)
    home = folder / name.replace(" ", "-")
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    complete = home / "complete"
    if not complete.exists():
        print(f"making the environment for {', '.join(PACKAGES[name])} ...", file=sys.stderr)
        try:
            venv.create(home, with_pip=True, clear=True)
            subprocess.run([python, "-m", "pip", "install", "-qqq", *PACKAGES[name]], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"left out: {name} ({error})", file=sys.stderr)
            return None
        complete.touch()
    return python
