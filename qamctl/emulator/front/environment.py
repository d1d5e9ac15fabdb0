"""The variables with which a command finds the service, and nothing of a real workspace."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from qamctl.emulator.front.management import LOCATION

#: The workspace that commands are told of; the service takes any.
SUBSCRIPTION: Final = "00000000-0000-0000-0000-0000000e0e0e"
GROUP: Final = "emulator"
WORKSPACE: Final = "emulator"

#: Who logs in where a token of Microsoft Entra is asked for: secret and assertion are the service's key.
_TENANT: Final = "00000000-0000-0000-0000-00000000e0e1"
_CLIENT: Final = "00000000-0000-0000-0000-00000000e0e2"

#: Variables that could lead a command to a real workspace, or log it in there: a test must not cost anything.
_REAL: Final = re.compile(
    r"AZURE_QUANTUM_.+|QAMCTL_AZURE_KEY"
    r"|QAMCTL_(?:SUBSCRIPTION|RESOURCE_GROUP|WORKSPACE|LOCATION|RESOURCE_ID|ENDPOINT|CREDENTIAL|KEY_FILE)"
    r"|(?:AZURE|MSI|IDENTITY)_(?:CLIENT|TENANT|FEDERATED|AUTHORITY|USERNAME|PASSWORD|ENDPOINT|SECRET|HEADER).*"
    r"|SUBSCRIPTION_ID|RESOURCE_GROUP|LOCATION"
)


def variables(
    key: str, key_file: Path, endpoint: str, client_state: Path, front: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What a command needs: our own options, the SDK's variables, and a service principal.

    Parameters
    ----------
    key_file
        A file with the key, for options that may name another one.
    endpoint
        The address of the data plane.
    client_state
        Where `qamctl` keeps its own runs, jobs, credits and cached results while it speaks to this service: apart
        from real ones, which they would else be taken for.
    front
        The variables of the proxy (`proxy.Front.environment`), with which `endpoint` is one of Azure's hosts and
        clients need no change. None: `endpoint` is on this machine, which only clients take that are told.
    """
    resource = (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Quantum/Workspaces/{WORKSPACE}"
    )
    ours = {
        "QAMCTL_SUBSCRIPTION": SUBSCRIPTION,
        "QAMCTL_RESOURCE_GROUP": GROUP,
        "QAMCTL_WORKSPACE": WORKSPACE,
        "QAMCTL_LOCATION": LOCATION,
        "QAMCTL_RESOURCE_ID": resource,
        "QAMCTL_ENDPOINT": endpoint,
        "QAMCTL_CREDENTIAL": "key",
        "QAMCTL_KEY_FILE": str(key_file),
        "XDG_STATE_HOME": str(client_state),
    }
    theirs = {
        "AZURE_QUANTUM_SUBSCRIPTION_ID": SUBSCRIPTION,
        "AZURE_QUANTUM_WORKSPACE_RG": GROUP,
        "AZURE_QUANTUM_WORKSPACE_NAME": WORKSPACE,
        "AZURE_QUANTUM_WORKSPACE_LOCATION": LOCATION,
        "AZURE_QUANTUM_RESOURCE_ID": resource,
        "AZURE_QUANTUM_API_KEY": key,
        "QDK_PYTHON_TELEMETRY": "none",
    }
    if front is None:
        return {**ours, **theirs}
    login = {
        "AZURE_TENANT_ID": _TENANT,
        "AZURE_CLIENT_ID": _CLIENT,
        "AZURE_CLIENT_SECRET": key,
        "AZURE_FEDERATED_TOKEN_FILE": str(key_file),
    }
    string = (
        f"SubscriptionId={SUBSCRIPTION};ResourceGroupName={GROUP};WorkspaceName={WORKSPACE};ApiKey={key};"
        f"QuantumEndpoint={endpoint};"
    )
    return {**ours, **theirs, **login, "AZURE_QUANTUM_CONNECTION_STRING": string, **front}


def around(environ: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """An environment with these variables, and without whatever else could lead to a real workspace."""
    return {name: value for name, value in environ.items() if not _REAL.fullmatch(name)} | dict(given)


#: The first line of a file of variables, by which one that is left over is known.
MARK: Final = "# Azure Quantum's emulator, as long as it is up\n"


def as_shell(given: Mapping[str, str]) -> str:
    """The variables as lines that a shell reads with `.`."""
    return MARK + "".join(f"export {name}={shlex.quote(value)}\n" for name, value in given.items())
