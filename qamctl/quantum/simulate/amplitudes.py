"""Amplitudes of qubits in plain numpy: gates by their matrices, measured bits, samples; never a matrix of 2^n rows.

The state is one array of 2^n complex numbers whose index has qubit v as bit v. A gate sees it as a view with an axis
for each of its high qubits, so that only the slices that it changes are touched; qubits below `LOW` share rows of
2^LOW amplitudes, which a small matrix multiplies at once, because slices of single numbers are slow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

State = npt.NDArray[np.complex128]
Matrix = npt.NDArray[np.complex128]

#: Qubits below this are multiplied in rows.
LOW = 4

#: Entries of a matrix that are nothing but rounding.
NOTHING = 1e-15

#: How far factors that are equal may lie apart.
ROUNDING = 4e-15

#: A matrix of more qubits, and with more entries per row, is multiplied whole.
SPARSE_QUBITS, SPARSE_ENTRIES = 3, 4

_Block = complex | Matrix


def ground(n: int) -> State:
    """[2^n] all qubits 0."""
    state = np.zeros(2**n, np.complex128)
    state[0] = 1
    return state


@dataclass(frozen=True)
class Kernel:
    """A gate that is ready to be applied to states of n qubits, again and again.

    Attributes
    ----------
    shape
        Of the view.
    slices
        The view's index for each value of the high targets.
    rows
        (slice that changes, [(slice that it is made of, what that is multiplied by)]).
    whole
        A dense matrix with the view's axes of its qubits, in place of `rows`.
    """

    shape: tuple[int, ...]
    slices: tuple[tuple[Any, ...], ...]
    rows: tuple[tuple[int, tuple[tuple[int, _Block], ...]], ...] = ()
    whole: tuple[Matrix, tuple[int, ...]] | None = field(default=None)

    @property
    def idle(self) -> bool:
        """Whether it changes nothing."""
        return not self.rows and self.whole is None

    def __call__(self, state: State) -> None:
        """Apply the gate in place."""
        view = state.reshape(self.shape)
        if self.whole is not None:
            matrix, axes = self.whole
            moved = np.moveaxis(view[self.slices[0]], axes, range(len(axes)))
            moved[...] = (matrix @ moved.reshape(len(matrix), -1)).reshape(moved.shape)
            return
        if all(len(terms) == 1 and terms[0][0] == row and _scales(terms[0][1]) for row, terms in self.rows):
            for row, terms in self.rows:
                view[self.slices[row]] *= terms[0][1]
            return
        wanted = {column for _, terms in self.rows for column, _ in terms}
        inputs = {column: view[self.slices[column]].copy() for column in wanted}
        for row, terms in self.rows:
            out = view[self.slices[row]]
            (column, block), *more = terms
            out[...] = _times(inputs[column], block)
            for column, block in more:
                out += _times(inputs[column], block)


def _scales(block: _Block) -> bool:
    return not isinstance(block, np.ndarray) or block.ndim == 1


def _times(amplitudes: State, block: _Block) -> State:
    if not isinstance(block, np.ndarray):
        return amplitudes if block == 1 else amplitudes * block
    if block.ndim == 1:
        return amplitudes * block
    return (amplitudes.reshape(-1, len(block)) @ block).reshape(amplitudes.shape)


def make_kernel(
    n: int, targets: Sequence[int], matrix: npt.ArrayLike, controls: Sequence[tuple[int, int]] = ()
) -> Kernel:
    """A gate on qubits of n.

    Parameters
    ----------
    targets
        [k] the first one is the lowest bit of the matrix' indices, as in qiskit.
    matrix
        [2^k, 2^k].
    controls
        (qubit, value): the gate acts where every one of these qubits has its value.
    """
    small = np.asarray(matrix, np.complex128)
    low = min(LOW, n)
    # Low controls are no axes: they become part of the matrix.
    for qubit, value in [control for control in controls if control[0] < low]:
        small, targets = _controlled(small, value), (*targets, qubit)
    high_controls = {qubit: value for qubit, value in controls if qubit >= low}
    high = [qubit for qubit in targets if qubit >= low]
    if high and len(targets) > SPARSE_QUBITS and (np.abs(small) > NOTHING).sum() > SPARSE_ENTRIES * len(small):
        return _whole(n, targets, small, high_controls)
    shape, axis = _shape(n, sorted({*high, *high_controls}, reverse=True), low)
    fixed = {axis[qubit]: value for qubit, value in high_controls.items()}
    slices = []
    for number in range(2 ** len(high)):
        at = fixed | {axis[qubit]: number >> k & 1 for k, qubit in enumerate(high)}
        slices.append(tuple(at.get(k, slice(None)) for k in range(len(shape))))
    blocks = _blocks(small, targets, high, low)
    rows = []
    for row in range(len(slices)):
        terms = tuple((column, block) for column in range(len(slices)) if (block := blocks[row][column]) is not None)
        unchanged = len(terms) == 1 and terms[0][0] == row and np.ndim(terms[0][1]) == 0 and terms[0][1] == 1
        if not unchanged:
            rows.append((row, terms))
    return Kernel(shape, tuple(slices), tuple(rows))


def _controlled(matrix: Matrix, value: int) -> Matrix:
    """The matrix with a control as its highest qubit."""
    size = len(matrix)
    out = np.eye(2 * size, dtype=np.complex128)
    at = slice(size, None) if value else slice(0, size)
    out[at, at] = matrix
    return out


def _shape(n: int, qubits: Sequence[int], low: int) -> tuple[tuple[int, ...], dict[int, int]]:
    """The view with an axis for each of the qubits, the highest first, and where those axes are."""
    shape, axis, above = [], {}, n
    for qubit in qubits:
        shape += [2 ** (above - qubit - 1), 2]
        axis[qubit] = len(shape) - 1
        above = qubit
    return (*shape, 2 ** (above - low), 2**low), axis


def _blocks(matrix: Matrix, targets: Sequence[int], high: list[int], low: int) -> list[list[_Block | None]]:
    """For each pair of values of the high targets, what multiplies rows of 2^low amplitudes; None: nothing."""
    lows = [qubit for qubit in targets if qubit < low]
    order = [list(targets).index(qubit) for qubit in (*lows, *high)]
    number = np.arange(len(matrix))
    place = np.zeros(len(matrix), np.int64)
    for k, at in enumerate(order):
        place |= (number >> k & 1) << at
    ordered = matrix[np.ix_(place, place)]
    ordered[np.abs(ordered) < NOTHING] = 0
    size = 2 ** len(lows)
    found: list[list[_Block | None]] = []
    for row in range(2 ** len(high)):
        parts = [ordered[row * size : (row + 1) * size, c * size : (c + 1) * size] for c in range(2 ** len(high))]
        found.append([_block(part, lows, low) for part in parts])
    return found


def _block(part: Matrix, lows: list[int], low: int) -> _Block | None:
    if not part.any():
        return None
    diagonal = np.diagonal(part)
    if np.count_nonzero(part) == np.count_nonzero(diagonal):
        if np.abs(diagonal - diagonal[0]).max() < ROUNDING:
            return 1.0 if abs(diagonal[0] - 1) < ROUNDING else complex(diagonal[0])
        return np.array(diagonal[_bits(lows, low)])
    number = np.arange(2**low)
    inner, mask = _bits(lows, low), sum(1 << qubit for qubit in lows)
    rest = number & ~mask
    embedded = np.where(rest[:, None] == rest, part[inner[:, None], inner], 0)
    return np.ascontiguousarray(embedded.T)  # rows of amplitudes are multiplied from the right


def _bits(lows: list[int], low: int) -> npt.NDArray[np.int64]:
    """[2^low] the value that the low targets have in each place of a row."""
    number = np.arange(2**low)
    out = np.zeros(2**low, np.int64)
    for k, qubit in enumerate(lows):
        out |= (number >> qubit & 1) << k
    return out


def _whole(n: int, targets: Sequence[int], matrix: Matrix, controls: dict[int, int]) -> Kernel:
    """A dense gate: its axes are brought to the front, multiplied at once, and brought back."""
    index = tuple(controls.get(n - 1 - k, slice(None)) for k in range(n))
    left = [n - 1 - k for k in range(n) if n - 1 - k not in controls]  # the qubits of the axes that remain
    axes = tuple(left.index(qubit) for qubit in reversed(tuple(targets)))
    return Kernel((2,) * n, (index,), (), (matrix, axes))


def chance(state: State, qubit: int) -> float:
    """The probability that a qubit is measured as 1; the state need not be normalised exactly."""
    view = state.reshape(-1, 2, 2**qubit)
    ones, zeros = _norm(view[:, 1]), _norm(view[:, 0])
    return ones / (ones + zeros)


def _norm(amplitudes: State) -> float:
    return float((amplitudes.real**2).sum() + (amplitudes.imag**2).sum())


def collapse(state: State, qubit: int, value: int, probability: float) -> None:
    """Leave, in place, what remains once a qubit was measured as `value`, which had this probability."""
    view = state.reshape(-1, 2, 2**qubit)
    view[:, 1 - value] = 0
    view[:, value] /= np.sqrt(probability)


def flip(state: State, qubit: int) -> None:
    """Exchange 0 and 1 of a qubit, in place."""
    view = state.reshape(-1, 2, 2**qubit)
    ones = view[:, 1].copy()
    view[:, 1] = view[:, 0]
    view[:, 0] = ones


def probabilities(state: State) -> npt.NDArray[np.float64]:
    """[2^n] of each state of the qubits."""
    found: npt.NDArray[np.float64] = state.real**2
    found += state.imag**2
    return found


def draw(state: State, shots: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """[shots] numbers of measured states, in ascending order."""
    rising = probabilities(state)
    np.cumsum(rising, out=rising)
    found = np.searchsorted(rising, np.sort(rng.random(shots)) * rising[-1], side="right")
    return np.asarray(np.minimum(found, len(state) - 1), np.int64)
