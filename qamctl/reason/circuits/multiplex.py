"""Rotations whose angle depends on other qubits, in as few two-qubit gates as are known.

A rotation with k controls becomes rotations by the Walsh-Hadamard transform of its angles, with a CZ between each two
of them in the order of a Gray code (Moettoenen, Vartiainen, Bergholm and Salomaa, Phys. Rev. Lett. 93, 130502, 2004):
Z turns a rotation about X or Y into its inverse. Rotations by nothing are left out, and CZs that meet cancel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from qamctl.reason.spec import Floats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qiskit import QuantumCircuit

#: Angles below this are rounding.
NOTHING: Final = 1e-12


def multiplexed(
    circuit: QuantumCircuit, axis: str, angles: Floats, controls: Sequence[int], target: int, *, close: bool = True
) -> int:
    """Rotate a qubit by an angle for each state of its controls.

    Parameters
    ----------
    axis
        "rx" or "ry".
    angles
        [2 ^ controls] bit i of the index is the state of control i.
    close
        False: leave out the CZs behind the last rotation.

    Returns
    -------
    The controls, as bits, of the CZs that were left out: Z on the target follows where an odd number of them is 1.
    """
    rotate = getattr(circuit, axis)
    k = len(controls)
    transformed = walsh(np.asarray(angles, float))
    pending = 0
    for step in range(1 << k):
        gray = step ^ (step >> 1)
        if abs(transformed[gray]) > NOTHING:
            _flip(circuit, pending, controls, target)
            rotate(float(transformed[gray]), target)
            pending = 0
        # The next code differs in the bit of the lowest 1 of the next number; the last one returns to 0.
        pending ^= 1 << min(_lowest(step + 1), k - 1) if k else 0
    if close:
        _flip(circuit, pending, controls, target)
        return 0
    return pending


def walsh(angles: Floats) -> Floats:
    """[2 ^ k] rotations r with angles[c] = sum over g of (-1)^(bits of c and g) r[g]."""
    out = angles.copy()
    size = 1
    while size < len(out):
        pairs = out.reshape(-1, 2, size)
        out = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1).reshape(-1)
        size *= 2
    return out / len(out)


def _flip(circuit: QuantumCircuit, mask: int, controls: Sequence[int], target: int) -> None:
    for place, control in enumerate(controls):
        if mask >> place & 1:
            circuit.cz(control, target)


def _lowest(number: int) -> int:
    """The place of the lowest 1."""
    return (number & -number).bit_length() - 1
