"""A workspace of the test service on this machine, and an environment that names it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from support.canaries import KEY

from qamctl.emulator.front.server import serve
from qamctl.emulator.service import AzureService

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
WORKSPACE = f"{SUBSCRIPTION}/rg/ws"
BELL = 'OPENQASM 3;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n'
QUBO = "p qubo 0 3 3 2\n0 0 -1\n1 1 -1\n2 2 1\n0 1 2\n1 2 -2\n"


def connection_string(endpoint: str, *, workspace: str = "ws", key: str = KEY) -> str:
    """As the portal gives it."""
    return (
        f"SubscriptionId={SUBSCRIPTION};ResourceGroupName=rg;WorkspaceName={workspace};ApiKey={key};"
        f"QuantumEndpoint={endpoint}"
    )


@dataclass(frozen=True)
class Azure:
    """A running test service."""

    service: AzureService
    endpoint: str

    def environ(self, **more: str) -> Mapping[str, str]:
        """What names its workspace."""
        return {"AZURE_QUANTUM_CONNECTION_STRING": connection_string(self.endpoint, **more)}


@contextmanager
def azure(**options: Any) -> Iterator[Azure]:
    """A service that is quick, for as long as the block."""
    settings = {"key": KEY, "queue_seconds": 0.05, "run_seconds": 0.05, "cancel_seconds": 0.05} | options
    service = AzureService(**settings)
    with serve(service) as endpoint:
        yield Azure(service, endpoint)
