"""Circuits on a state vector of this machine, without noise: counts, and exact values of observables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from qamctl.backends.base import Capabilities
from qamctl.backends.circuits import KINDS, SHOTS, measure
from qamctl.backends.local import LocalBackend

if TYPE_CHECKING:
    import dimod

    from qamctl.quantum.native import Native
    from qamctl.quantum.program import Program
    from qamctl.qubo.compile import Compiled

#: Qubits of a model's circuit that take no longer than a user would wait; larger models are improved part by part.
QUBITS: Final = 20


def backend() -> LocalBackend:
    """The engine `statevector`."""
    return LocalBackend("statevector", Capabilities(KINDS, any_variables=QUBITS, shots=SHOTS), sample)


def sample(payload: Program | Compiled | Native, options: Mapping[str, Any]) -> dimod.SampleSet:
    """Measure a circuit, or the QAOA circuit of a model; options as in `backends.circuits.measure`.

    The simulation is `qamctl.quantum.simulate.run`.

    Raises
    ------
    UnsupportedError
        The circuit is QIR, has too many qubits, or a gate that can't be simulated.
    BackendError
        A loop of the circuit does not end, or `stop` ended the simulation.
    """
    from qamctl.quantum.simulate import run

    return measure(payload, options, run, "statevector")
