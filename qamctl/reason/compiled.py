"""What a decision is as a circuit, and whether the circuit says the same: the block `compiled` of a result."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import numpy as np

from qamctl.errors import QamError
from qamctl.reason.exact import Exact
from qamctl.reason.plan import Plan, plan_circuit, reachable
from qamctl.reason.solution import total_variation
from qamctl.reason.solvers.sampled import accepted_counts
from qamctl.reason.spec import ReasonSpec

#: Paths of a circuit that every run compiles, and qubits of one that it simulates: both take about a second.
MOST_PATHS: Final = 64
MOST_QUBITS: Final = 14


def compiled_block(spec: ReasonSpec, exact: Exact, plan: Plan | None) -> dict[str, Any]:
    """The circuit that was measured, else the one that would be; and how far its exact distribution is from Bayes.

    Parameters
    ----------
    spec, exact
        Of the paths that were not pruned.
    plan
        What was measured; None: make the circuit where that takes no time.
    """
    if plan is None:
        if len(spec.paths.ids if spec.network is not None else reachable(spec)) > MOST_PATHS:
            why = f"more than {MOST_PATHS} paths are compiled where a circuit is asked for: by a backend, or `compile`"
            return {"kind": "circuit", "scope": "refused", "reason": why}
        try:
            plan = plan_circuit(spec, exact, method="sample", shots=1, mid_circuit=False)
        except QamError as error:
            return {"kind": "circuit", "scope": "refused", "reason": error.message}
    after = plan.figures["after"]
    return {
        "kind": "circuit", "scope": "whole", "variables": plan.circuit.num_qubits, "depth": after["depth"],
        "two_qubit": after["two_qubit"], "rounds": plan.rounds, "sha256": _digest(plan),
        "distance": _distance(plan, exact),
    }  # fmt: skip


def _digest(plan: Plan) -> str:
    """Of the circuit as OpenQASM 3."""
    from qiskit import qasm3

    return hashlib.sha256(qasm3.dumps(plan.circuit).encode()).hexdigest()


def _distance(plan: Plan, exact: Exact) -> float | None:
    """The total variation between what the circuit gives without noise and the posterior; None of a large one."""
    from qamctl.quantum.program import Program
    from qamctl.quantum.simulate import exact as distribution

    if plan.circuit.num_qubits > MOST_QUBITS:
        return None
    found = distribution(Program(plan.circuit, plan.circuit.num_clbits))
    if found is None:
        return None
    counts = accepted_counts(found[0], found[1], plan)
    posterior = np.zeros(len(exact.posterior))
    posterior[plan.paths] = counts / counts.sum()
    return float(round(total_variation(posterior, exact.posterior), 12))
