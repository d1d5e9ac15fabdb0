"""Where the data shared between projects lies; tests that need it are skipped where it is absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def shared_path(*parts: str) -> Path:
    """A file or folder of the shared data: QAMCTL_SHARED, else `shared` beside the project."""
    path = Path(os.environ.get("QAMCTL_SHARED") or ROOT.parent / "shared").joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs {'/'.join(('shared', *parts))}; set QAMCTL_SHARED to where it is")
    return path
