"""What a run is called, where runs are kept, and what it ran on."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from qamctl.errors import UsageError

#: Packages whose version belongs to a run, where they were imported.
_PACKAGES = ("numpy", "yaml", "dimod", "neal", "ortools", "pyarrow", "scipy", "qiskit")


def state_folder(environ: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/qamctl`, by default `~/.local/state/qamctl`; a relative path is ignored, as XDG says.

    Raises
    ------
    UsageError
        Neither XDG_STATE_HOME nor HOME says where.
    """
    base = environ.get("XDG_STATE_HOME", "")
    if base.startswith("/"):
        return Path(base) / "qamctl"
    if home := environ.get("HOME", ""):
        return Path(home) / ".local" / "state" / "qamctl"
    raise UsageError("no place for the state folder: set XDG_STATE_HOME or HOME to an absolute path")


def run_id(name: str, now: datetime, token: str) -> str:
    """`<utc>-<name>-<8 hex>`: sorts by time, is safe as a folder's name, and does not repeat.

    Parameters
    ----------
    name
        The spec's name; what a folder name can't hold becomes a dash, and 60 characters are kept.
    token
        8 hexadecimal digits, random.
    """
    slug = re.sub(r"[^A-Za-z0-9_.]+", "-", name)[:60].strip("-.") or "run"
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{slug}-{token}"


def utc_now() -> datetime:
    """The clock of runs, with its time zone."""
    return datetime.now(UTC)


def loaded_versions(own: str) -> dict[str, str]:
    """Versions of qamctl (`own`), Python and the packages imported so far; imports nothing."""
    modules = {name: getattr(sys.modules.get(name), "__version__", None) for name in _PACKAGES}
    python = ".".join(map(str, sys.version_info[:3]))
    return {"qamctl": own, "python": python} | {name: str(version) for name, version in modules.items() if version}
