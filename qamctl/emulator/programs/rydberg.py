"""Evolves atoms that lasers drive between their ground state and a Rydberg state, and samples what they end as.

    H(t)/ħ = Σ_i (Ω_i(t)/2 (e^{-iφ_i(t)} |g><r|_i + h.c.) - δ_i(t) n_i) + Σ_{i<j} C6/r_ij^6 n_i n_j

as Pulser writes it (docs, "Conventions"): all start in g, and n = |r><r|. Frequencies are in rad/µs, and sample k holds
from k to k + 1 ns. Where samples vary smoothly, blocks of them are one step of the commutator-free Magnus integrator
of fourth order (Blanes & Moan 2006, Alvermann & Fehske 2011); its exponentials are taken in Krylov spaces by Lanczos
(Park & Light 1986), which neither strong interactions nor large detunings slow down much.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qamctl.emulator.programs.fault import BadProgram

Floats = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]

#: Driven atoms at most: 2^14 amplitudes.
MOST_ATOMS: Final = 14

#: Turns of all amplitudes at most, which takes about a minute; and as how many amplitudes each turn counts at least.
_MOST_WORK: Final = 1e9
_LEAST: Final = 1000

#: Nanoseconds of a block, and by how much (rad/µs) samples beside each other in it may differ.
_BLOCK: Final = 16
_SMOOTH: Final = 0.5

#: Error of an exponential, and vectors of a Krylov space.
_ERROR: Final = 1e-9
_VECTORS: Final = 32

#: Amplitude below which a state that nothing is in resonance with is left out.
_FAINT: Final = 1e-5


@dataclass(frozen=True, slots=True)
class Drive:
    """What acts on each atom in each nanosecond.

    Attributes
    ----------
    rabi
        [T, n] Ω e^{-iφ} in rad/µs.
    detuning
        [T, n] δ in rad/µs.
    """

    rabi: Complexes = field(repr=False)
    detuning: Floats = field(repr=False)


def interactions(places: Floats, c6: float) -> Floats:
    """C6/r^6 of each pair.

    Parameters
    ----------
    places
        [n, d] in µm, no two the same.
    c6
        In rad/µs µm^6.
    """
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    np.fill_diagonal(apart, np.inf)
    return np.asarray(c6 / apart**6)


def sample(drive: Drive, coupling: Floats, shots: int, seed: int) -> dict[str, int]:
    """Counts of what the atoms are measured as, the most frequent first: 1 is r, and the first atom is leftmost.

    Parameters
    ----------
    coupling
        [n, n], as `interactions` gives it.

    Raises
    ------
    BadProgram
        It is too large to be simulated.
    """
    atoms = drive.rabi.shape[1]
    drawn = np.random.default_rng(seed).multinomial(shots, probabilities(drive, coupling))
    met = np.argsort(-drawn, kind="stable")[: np.count_nonzero(drawn)].tolist()
    return {f"{state:0{atoms}b}" if atoms else "": int(drawn[state]) for state in met}


def probabilities(drive: Drive, coupling: Floats) -> Floats:
    """[2^n] The probability of each outcome at the end; the first atom is the highest bit.

    Raises
    ------
    BadProgram
        It is too large to be simulated.
    """
    found = np.abs(evolved(drive, coupling)) ** 2
    return np.asarray(found / found.sum())


def evolved(drive: Drive, coupling: Floats) -> Complexes:
    """[2^n] The amplitudes at the end.

    Raises
    ------
    BadProgram
        There are more atoms than `MOST_ATOMS`, or it would take too long.
    """
    atoms = drive.rabi.shape[1]
    check_size(atoms)
    _check_work(drive, 0, 0.0)
    energy = _Energy(drive, coupling)
    _check_work(drive, len(energy.states), float(energy.pairs.max()))
    state = np.zeros(len(energy.states), np.complex128)
    state[0] = 1.0
    space = np.empty((min(_VECTORS, len(state)) + 1, len(state)), np.complex128)
    for start, stop in _blocks(drive):
        for rabi, detuning, span in _exponents(drive, start, stop):
            energy.put(rabi, detuning)
            state = _exponential(energy.matrix, state, span, space)
    found = np.zeros(1 << atoms, np.complex128)
    found[energy.states] = state
    return found


def check_size(atoms: int) -> None:
    """Refuse what is too large for this emulator, before memory is taken.

    Raises
    ------
    BadProgram
        There are more atoms than `MOST_ATOMS`.
    """
    if atoms > MOST_ATOMS:
        raise BadProgram(f"The pulses drive {atoms} atoms, and this emulator simulates {MOST_ATOMS} of them at most.")


def _check_work(drive: Drive, states: int, pairs: float) -> None:
    """Refuse what would take too long, by how often amplitudes are turned: by a radian, and for a nanosecond."""
    strongest = np.abs(drive.rabi).max(axis=0, initial=0.0) / 2 + np.abs(drive.detuning).max(axis=0, initial=0.0)
    turns = len(drive.rabi) * (1 + 1e-3 * (float(strongest.sum()) + pairs))
    if not turns * (states + _LEAST) <= _MOST_WORK:
        size = f"{len(drive.rabi)} ns of these pulses on {len(strongest)} atoms"
        raise BadProgram(f"{size} would take longer than a minute here: take fewer atoms, or shorter or weaker pulses.")


class _Energy:
    """H/ħ of the states that can be met, a sparse matrix: in each row an entry for each atom, and the diagonal."""

    def __init__(self, drive: Drive, coupling: Floats) -> None:
        from scipy.sparse import csr_array

        atoms = len(coupling)
        masks = 1 << np.arange(atoms)[::-1]
        occupied = ((np.arange(1 << atoms)[:, None] & masks) != 0).astype(np.float64)
        self.states = _met(drive, occupied, coupling)
        self.occupied = occupied[self.states]
        self.pairs = _pairs(self.occupied, coupling)
        place = np.full(1 << atoms, -1, np.int32)
        place[self.states] = np.arange(len(self.states), dtype=np.int32)
        beside, own = place[self.states[:, None] ^ masks], place[self.states, None]
        atom = np.arange(atoms)
        self.which = np.where(beside < 0, 2 * atoms, np.where(self.occupied > 0, atoms + atom, atom))
        columns = np.hstack([np.where(beside >= 0, beside, own), own])
        rows = np.arange(len(own) + 1, dtype=np.int32) * np.int32(atoms + 1)
        values = np.zeros(columns.size, np.complex128)
        self.matrix: Any = csr_array((values, columns.ravel(), rows), shape=(len(own), len(own)))
        self.values = self.matrix.data.reshape(columns.shape)

    def put(self, rabi: Complexes, detuning: Floats) -> None:
        """Take the values for this drive."""
        self.values[:, :-1] = np.concatenate([rabi / 2, rabi.conj() / 2, [0.0]])[self.which]
        self.values[:, -1] = self.pairs - np.einsum("si,i->s", self.occupied, detuning)


def _pairs(occupied: Floats, coupling: Floats) -> Floats:
    """Interaction of each state."""
    return np.asarray(0.5 * np.einsum("si,si->s", occupied @ coupling, occupied))


def _met(drive: Drive, occupied: Floats, coupling: Floats) -> npt.NDArray[np.int64]:
    """The states that can be met: those that the drive may bring into resonance with others, and those beside them.

    Out of resonance, exciting one more atom takes an amplitude of Ω/2 over what that costs; the best way counts.
    """
    atoms = len(coupling)
    half = np.abs(drive.rabi).max(axis=0, initial=0.0) / 2
    detuning = np.abs(drive.detuning).max(initial=0.0)
    cost = np.maximum(occupied @ coupling - detuning, np.maximum(half, np.finfo(np.float64).tiny))
    ways = np.where(occupied > 0, half / cost, 0.0)
    before = np.arange(1 << atoms)[:, None] & ~(1 << np.arange(atoms)[::-1])
    amplitude = np.zeros(1 << atoms)
    amplitude[0] = 1.0
    for _ in range(atoms):
        np.maximum(amplitude, (amplitude[before] * ways).max(axis=1, initial=0.0), out=amplitude)
    resonant = _pairs(occupied, coupling) <= 2 * detuning * atoms + 40 * half.max(initial=0.0)
    return np.flatnonzero(resonant | (amplitude >= _FAINT))


def _blocks(drive: Drive) -> Iterator[tuple[int, int]]:
    """Nanoseconds that are one step: those in which nothing changes, or those in which all changes are smooth."""
    change = np.maximum(np.abs(np.diff(drive.rabi, axis=0)), np.abs(np.diff(drive.detuning, axis=0)))
    change = change.max(axis=1, initial=0.0)
    rough = np.append(np.flatnonzero(change > _SMOOTH), len(change))
    varied = np.append(np.flatnonzero(change), len(change))
    start = 0
    while start < len(drive.rabi):
        stop = int(varied[np.searchsorted(varied, start)]) + 1
        if stop - start < _BLOCK:
            stop = min(start + _BLOCK, int(rough[np.searchsorted(rough, start)]) + 1)
        yield start, stop
        start = stop


def _exponents(drive: Drive, start: int, stop: int) -> Iterator[tuple[Complexes, Floats, float]]:
    """What one step is the product of: drives that stay the same, each with how long it acts (µs)."""
    span = (stop - start) * 1e-3
    rabi, detuning = drive.rabi[start:stop], drive.detuning[start:stop]
    if (rabi == rabi[0]).all() and (detuning == detuning[0]).all():
        yield rabi[0], detuning[0], span
        return
    moments = 4 * (np.arange(len(rabi)) + 0.5 - len(rabi) / 2) / len(rabi) ** 2
    for weights in (1 / len(rabi) - moments, 1 / len(rabi) + moments):
        yield weights @ rabi, weights @ detuning, span / 2


def _exponential(matrix: Any, state: Complexes, span: float, space: Complexes) -> Complexes:
    """exp(-i H span) of a state.

    Parameters
    ----------
    space
        Room for the vectors of the Krylov space, and one more.
    """
    left = span
    while left > 0:
        state, step = _krylov(matrix, state, left, space)
        left -= step
    return state


def _krylov(matrix: Any, state: Complexes, span: float, space: Complexes) -> tuple[Complexes, float]:
    """The state after as much of the span as the space is exact enough for, and how much that is."""
    size = len(space) - 1
    diagonal, beside = np.zeros(size), np.zeros(size)
    space[0] = state
    for k in range(size):
        vector = matrix @ space[k]
        diagonal[k] = _overlap(space[k], vector)
        vector -= diagonal[k] * space[k]
        if k:
            vector -= beside[k - 1] * space[k - 1]
        beside[k] = np.sqrt(_overlap(vector, vector))
        closed = beside[k] < 1e-12 or k + 1 == len(state)
        if closed or k % 4 == 3 or k + 1 == size:
            weights, error = _weights(diagonal[: k + 1], beside[: k + 1], span)
            if closed or error <= _ERROR:
                return _combined(weights, space), span
        np.divide(vector, beside[k], out=space[k + 1])
    while error > _ERROR:
        span /= 2
        weights, error = _weights(diagonal, beside, span)
    return _combined(weights, space), span


def _weights(diagonal: Floats, beside: Floats, span: float) -> tuple[Complexes, float]:
    """The state's coordinates in its Krylov space after some time, and how far off they are about."""
    from scipy.linalg import eigh_tridiagonal

    values, vectors = eigh_tridiagonal(diagonal, beside[:-1])
    weights = (vectors * vectors[0]) @ np.exp(-1j * span * values)
    return weights, float(beside[-1] * span * abs(weights[-1]))


def _overlap(first: Complexes, second: Complexes) -> float:
    """The real part of <first|second>. No BLAS: its threads wait for each other on a busy machine."""
    return float(np.einsum("i,i->", first.view(np.float64), second.view(np.float64)))


def _combined(weights: Complexes, vectors: Complexes) -> Complexes:
    """A sum of vectors."""
    return np.asarray(np.einsum("k,ki->i", weights, vectors[: len(weights)]))
