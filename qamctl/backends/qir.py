"""Circuits as QIR, run by the simulator of the Quantum Development Kit: what clouds are sent, checked here.

The simulator runs the program anew for each shot, at a cost of operations * 2^qubits: for cross-checks, with few
shots. Circuits are compiled to the base profile, or to adaptive-ri where they measure or decide on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from qamctl.backends.base import Capabilities
from qamctl.backends.circuits import KINDS, measure
from qamctl.backends.local import LocalBackend

if TYPE_CHECKING:
    import dimod

    from qamctl.quantum.native import Native
    from qamctl.quantum.program import Program
    from qamctl.qubo.compile import Compiled

#: Qubits of a model's circuit that take no longer than a user would wait; larger models are improved part by part.
QUBITS: Final = 10
#: Measurements where nothing else is said.
SHOTS: Final = 100


def backend() -> LocalBackend:
    """The engine `qir`."""
    return LocalBackend("qir", Capabilities(KINDS, any_variables=QUBITS, shots=SHOTS), sample)


def sample(payload: Program | Compiled | Native, options: Mapping[str, Any]) -> dimod.SampleSet:
    """Measure a circuit, or the QAOA circuit of a model; options as in `backends.circuits.measure`.

    The simulation is `qamctl.quantum.qir.run.run`; 100 shots by default.

    Raises
    ------
    UnsupportedError
        The shots would take too long, or the profile lacks something that the circuit does.
    BackendError
        The simulator failed.
    """
    from qamctl.quantum.qir.run import run

    return measure(payload, options, run, "qir", SHOTS)
