"""A pair of coupled qubits, measured on Azure Quantum: as a team would write it, with the SDK and nothing else."""

from __future__ import annotations

import contextlib
import io

from azure.quantum import Workspace

CIRCUIT = {
    "qubits": 2,
    "circuit": [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}],
}


def open_workspace() -> Workspace:
    """The workspace that the environment names."""
    return Workspace()


def measure(workspace: Workspace, target: str = "ionq.simulator", shots: int = 100) -> dict[str, float]:
    """Outcomes and their frequencies."""
    job = workspace.get_targets(target).submit(CIRCUIT, name="bell", shots=shots)
    with contextlib.redirect_stdout(io.StringIO()):  # the SDK prints dots while it waits
        found = job.get_results(timeout_secs=60)
    return {str(outcome): chance for outcome, chance in found["histogram"].items()}


def names_of_jobs(workspace: Workspace) -> list[str]:
    """Names of all jobs."""
    return [job.details.name for job in workspace.list_jobs()]
