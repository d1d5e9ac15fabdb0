"""The distribution of a circuit in place of shots, as IonQ's simulator tells it, which draws none.

Its JSON circuits give the probabilities themselves. QIR gives counts: each outcome of all the qubits has its share of
the shots, and they stand in the order of the outcomes (learn.microsoft.com/azure/quantum, provider-ionq, "Output
format"). The service rounds each share by itself: of five qubits in superposition, one of them measured, 1,000 shots
were recorded as 31 of each of 32 outcomes, 992 in all. Here what is missing goes to the largest remainders, so that
there are as many shots as were asked for, as on every other target.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from qamctl.emulator.programs.sampled import Sampled, in_columns
from qamctl.quantum.program import Program

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Qubits whose outcomes are listed; wider circuits are sampled.
_WIDEST: Final = 20


def distribution(circuit: QuantumCircuit) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64]] | None:
    """Outcomes [k, n] and their probabilities [k]; None where there may be too many.

    Raises
    ------
    QamError
        It is too large, or can't be simulated.
    """
    if circuit.num_qubits > _WIDEST:
        return None
    from qamctl.quantum.simulate import exact

    return exact(Program(circuit, circuit.num_clbits))


def scaled(circuit: QuantumCircuit, recorded: Sequence[int], shots: int) -> Sampled | None:
    """The distribution scaled to so many shots; None where it has no such form, and shots are to be drawn.

    So it is where a measurement or a reset is not the last thing that happens to a qubit, and where the circuit is too
    wide.

    Parameters
    ----------
    recorded
        The circuit's bits, in the order in which they become columns.
    """
    from qamctl.quantum.simulate.lowering import final_columns

    measured = {bit: qubit for qubit, bit in final_columns(circuit).items()}
    names = [one.operation.name for one in circuit.data]
    if "reset" in names or names.count("measure") != len(measured) or not measured.keys() >= set(recorded):
        return None
    whole = circuit.copy_empty_like()
    for one in circuit.data:
        if one.operation.name != "measure":
            whole.append(one)
    found = distribution(whole.measure_all(inplace=False, add_bits=True))
    if found is None:
        return None
    rows, chances = found
    columns = [circuit.num_clbits + measured[bit] for bit in recorded]
    return in_columns(Sampled(rows, np.repeat(np.arange(len(rows)), _shared_out(chances, shots))), columns)


def _shared_out(chances: npt.NDArray[np.float64], shots: int) -> npt.NDArray[np.int64]:
    """[k] whole numbers that sum to the shots, by largest remainder; the first of equal ones goes first."""
    shares = np.round(shots * chances / chances.sum(), 9)  # what is equal may differ by rounding
    counts: npt.NDArray[np.int64] = np.floor(shares).astype(np.int64)
    most = np.argsort(counts - shares, kind="stable")[: shots - int(counts.sum())]
    counts[most] += 1
    return counts
