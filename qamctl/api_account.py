"""What engines far away work with, for Python callers: the workspace, shots, caps and rounds of their client."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qamctl import engines
from qamctl.azure.account import account_of
from qamctl.config import resolve
from qamctl.errors import UsageError
from qamctl.measuring import NOTHING, Settings, settings_of
from qamctl.runs.record import state_folder

if TYPE_CHECKING:
    from qamctl.api import AzureQuantumClient


def settings_for(names: Sequence[str], kind: str, name: str, client: AzureQuantumClient | None) -> Settings:
    """The settings of engines that measure circuits, for a problem of this kind and name.

    Raises
    ------
    UsageError
        One of them is far away, and there is no client, or an engine is not known.
    """
    remote = [one for one in engines.expand(names, kind) if engines.remote(one)]
    if client is None:
        if remote:
            raise UsageError(f"{remote[0]} needs an account: give `client=AzureQuantumClient(...)`")
        return NOTHING
    options = resolve(
        client.options, {}, profile=client.profile, config_file=client.config_file, cwd=Path.cwd(), environ=os.environ
    ).options  # fmt: skip
    return settings_of(options, name, account_of(options, state_folder(os.environ), os.environ))
