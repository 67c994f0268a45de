"""Files that several projects share: real cassettes and facts about llm-mock, read where they lie."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

SHARED: Final[Path] = Path(__file__).resolve().parents[2] / "shared"
"""The folder ``shared`` beside the repository's."""


def shared(name: str) -> Path:
    """A shared file. Where the folder is missing the test is skipped, under ``CI=true`` it fails."""
    path = SHARED / name
    if not path.exists():
        reason = f"there is no {name} in the folder 'shared' beside the repository"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
