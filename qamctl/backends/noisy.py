"""Circuits on a simulated machine with errors: compiled to its gates, run by qiskit-aer with its noise."""

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
QUBITS: Final = 12


def backend() -> LocalBackend:
    """The engine `noisy`."""
    return LocalBackend(
        "noisy", Capabilities(KINDS, any_variables=QUBITS, shots=SHOTS, package="qamctl[noise]"), sample
    )


def sample(payload: Program | Compiled | Native, options: Mapping[str, Any]) -> dimod.SampleSet:
    """Measure a circuit, or the QAOA circuit of a model; options as in `backends.circuits.measure`.

    The simulation is `qamctl.quantum.noise.run`.

    Raises
    ------
    UnsupportedError
        qiskit-aer is not installed, the circuit is QIR, or it has too many qubits.
    """
    from qamctl.quantum.noise import run

    return measure(payload, options, run, "noisy")
