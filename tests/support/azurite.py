"""A real Azurite in a process of its own, for tests of what lies in it; they are skipped where there is none."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from qamctl.emulator.azurite import PUBLIC_KEY, Azurite

#: Clients of the SDK speak a younger version of the API than any that Azurite knows.
ANY_VERSION = "--skipApiVersionCheck"

#: It tells nobody that it is used, and keeps nothing.
_QUIET = ("--silent", "--disableTelemetry", "--inMemoryPersistence", "--blobPort", "0")


@dataclass(frozen=True)
class Running:
    """An Azurite that listens.

    Attributes
    ----------
    url
        Without the account.
    """

    url: str
    process: subprocess.Popen[bytes]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it and to whatever it started."""
        os.killpg(self.process.pid, number)


def executable() -> str:
    """`azurite-blob`: the one that QAMCTL_AZURITE names, else the one on the path."""
    found = shutil.which(os.environ.get("QAMCTL_AZURITE") or "azurite-blob")
    if found is None:
        pytest.skip("needs azurite-blob (npm install azurite); set QAMCTL_AZURITE to where it is")
    return found


@contextmanager
def started(folder: Path, *options: str, accounts: str | None = None) -> Iterator[Running]:
    """An Azurite on a free port while the block runs.

    Parameters
    ----------
    folder
        Its own, where its output goes.
    accounts
        As `AZURITE_ACCOUNTS`; None: its own account with the public key.
    """
    command = [executable(), *_QUIET, *options]
    environ = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder)}
    environ |= {} if accounts is None else {"AZURITE_ACCOUNTS": accounts}
    output = folder / "output"
    with output.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=environ, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield Running(_listening(process, output), process)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def owner(azurite: Azurite) -> Any:
    """Whoever has the account's key, by the SDK for storage."""
    from azure.storage.blob import BlobServiceClient

    return BlobServiceClient(azurite.url, credential={"account_name": "devstoreaccount1", "account_key": PUBLIC_KEY})


def closed_port() -> int:
    """Where nothing listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _listening(process: subprocess.Popen[bytes], output: Path) -> str:
    """Where it listens, as soon as it says so."""
    for _ in range(1200):
        told = output.read_text()
        found = re.search(r"listens on (http://127\.0\.0\.1:[0-9]+)\s", told)
        if found is not None:
            return found[1]
        assert process.poll() is None, told
        time.sleep(0.05)
    raise AssertionError(f"Azurite does not listen: {told}")
