"""What is kept of a bug: the whole trace in a log file, one line for the user."""

from __future__ import annotations

import os
import platform
import re
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from qamctl import __version__
from qamctl.azure.clean import Cleaner
from qamctl.errors import QamError
from qamctl.runs.record import state_folder

#: Variables whose values are secrets, whatever they look like.
_SECRET: Final = (
    "QAMCTL_AZURE_KEY", "AZURE_QUANTUM_API_KEY", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
)  # fmt: skip


def crash_fault(bug: Exception, args: Sequence[str], environ: Mapping[str, str]) -> QamError:
    """Keep the trace of `bug` in the state folder, and tell where, as a fault with exit code 1."""
    clean_text = Cleaner(_secrets(environ)).clean_text
    what = clean_text(f"{type(bug).__name__}: {bug}".splitlines()[0])
    now = datetime.now(UTC)
    # Whatever the trace, the command line or a message hold of keys and signed addresses is not written down.
    text = clean_text("\n".join(
        [
            f"qamctl {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"time: {now.isoformat()}",
            f"command: {['qamctl', *args]}",
            "",
            "".join(traceback.format_exception(bug)),
        ]
    ))  # fmt: skip
    try:
        file = state_folder(environ) / "crashes" / f"{now:%Y%m%dT%H%M%S%fZ}-{os.getpid()}.log"
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as log:
            log.write(text)
    except (OSError, QamError) as fault:
        where = f"its trace could not be kept: {fault}"
    else:
        where = f"its trace is in {file}, please report it with the problem file"
    return QamError(f"a bug in qamctl: {what}; {where}")


def _secrets(environ: Mapping[str, str]) -> list[str]:
    """Secrets of the environment: a bug may have one in its text without a word that tells what it is."""
    keys = re.findall(r"(?i)(?:^|;)\s*ApiKey\s*=([^;]+)", environ.get("AZURE_QUANTUM_CONNECTION_STRING", ""))
    return [*(environ.get(name, "") for name in _SECRET), *(key.strip() for key in keys)]
