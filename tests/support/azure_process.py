"""The command line as real processes before a test service, over plain http or over https by Azure's own names."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.azure_room import connection_string
from support.canaries import KEY
from support.command_line import Ran

from qamctl.emulator.front.proxy import proxy
from qamctl.emulator.front.server import serve
from qamctl.emulator.service import AzureService

#: What a real workspace's connection string says.
AZURE = "https://eastus.quantum.azure.com/"

WAYS = ("http", "https")


@dataclass(frozen=True)
class Shell:
    """Processes in a folder of their own, and what leads them to a service.

    Attributes
    ----------
    environ
        All that they have of the environment.
    """

    service: AzureService
    folder: Path
    environ: Mapping[str, str] = field(repr=False)

    def __call__(self, *argv: str, code: int = 0, environ: Mapping[str, str] | None = None) -> Ran:
        """What a command line came to, which must end with the code."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", "qamctl", *argv], cwd=self.folder, env={**self.environ, **(environ or {})},
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == code, (argv, done.returncode, done.stdout[-2000:], done.stderr[-4000:])
        return Ran(done.returncode, done.stdout, done.stderr)


def room(tmp_path: Path) -> dict[str, str]:
    """An environment without anything of the user's."""
    away = ("AZURE_", "QAMCTL_", "XDG_", "HTTP", "http", "NO_PROXY", "no_proxy", "REQUESTS_CA", "SSL_CERT", "CURL_CA")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(away)}
    return {
        **kept, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"), "QDK_PYTHON_TELEMETRY": "none", "COLUMNS": "80",
    }  # fmt: skip


@contextmanager
def shell(way: str, tmp_path: Path, **options: Any) -> Iterator[Shell]:
    """Processes before a service that is quick, as `WAYS` says; for as long as the block.

    Parameters
    ----------
    options
        Of the service.
    """
    service = AzureService(**{"key": KEY, "queue_seconds": 0.05, "run_seconds": 0.05, "cancel_seconds": 0.05} | options)
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    name = "AZURE_QUANTUM_CONNECTION_STRING"
    if way == "http":
        with serve(service) as endpoint:
            yield Shell(service, work, {**room(tmp_path), name: connection_string(endpoint)})
        return
    with proxy(service, tmp_path) as front:
        yield Shell(service, work, {**room(tmp_path), **front.environment, name: connection_string(AZURE)})
