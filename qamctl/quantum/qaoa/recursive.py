"""Recursive QAOA: variables are fixed one after another by the strongest correlation, and few are left to look through.

Bravyi, Kliesch, Koenig and Tang (2020), "Obstacles to variational quantum optimization from symmetry protection". A
shallow circuit says which two spins agree or differ; that relation is put into the polynomial, and the circuit is run
again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from qamctl.errors import UsageError
from qamctl.kernels.couplings import Samples
from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.qaoa.angles import table_angles
from qamctl.quantum.qaoa.landscape import Landscape
from qamctl.quantum.qaoa.structure import ansatz_for, states_limit
from qamctl.quantum.qaoa.train import Effort, train
from qamctl.quantum.register import Register
from qamctl.qubo.model import Floats

#: Correlations that differ by less are ties, which the lowest variables win: rounding must decide nothing.
_TIE = 1e-5


@dataclass(frozen=True, slots=True)
class Elimination:
    """A variable that was fixed: x = other, x = 1 - other, or, where other is None, x = 0 or 1.

    Attributes
    ----------
    variable, other
        Of the polynomial that was given.
    correlation
        <Z Z> or <Z> in the trained state: positive means equal to the other, or 0.
    """

    variable: int
    other: int | None
    correlation: float


@dataclass(frozen=True)
class Recursion:
    """What recursive QAOA found.

    Attributes
    ----------
    sample
        [n]
    energy
        Of the polynomial in it.
    eliminations
        In their order.
    evaluations
        Circuits that were run.
    """

    sample: Samples
    energy: float
    eliminations: tuple[Elimination, ...]
    evaluations: int


def recursive_qaoa(
    polynomial: Polynomial,
    *,
    depth: int = 1,
    cutoff: int = 8,
    training: bool = True,
    threads: int = 1,
    memory: int | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Recursion:
    """Minimise a polynomial by recursive QAOA under the X mixer.

    One-hot groups are not kept: of a compiled model they are penalties in the polynomial, like any other term. There
    is no randomness. The answer is a heuristic's: without an elimination (n <= cutoff) it is the optimum, with them it
    is the best among the states that keep all of them.

    Parameters
    ----------
    polynomial
        Of any degree.
    depth
        Layers of the circuit of each round.
    cutoff
        When so few variables are left, all their states are looked through.
    training
        Whether each round trains its angles, beginning with the table's; else the table's are taken as they are.
    memory
        Bytes that may be used; None: half of what this machine has.
    stop
        Whether to end now.

    Raises
    ------
    UnsupportedError
        The states of the first round do not fit into memory.
    UsageError
        The cutoff is below 1, or more states than fit into memory.
    InterruptedError
        `stop` said so.
    """
    if cutoff < 1 or (cutoff < polynomial.n and 2**cutoff > states_limit(memory)):
        raise UsageError(f"a cutoff of {cutoff} variables cannot be looked through: choose one from 1 to about 20")
    left, names = polynomial, list(range(polynomial.n))
    done: list[Elimination] = []
    evaluations = 0
    while left.n > cutoff:
        if stop():
            raise InterruptedError
        singles, pairs, cost = _correlations(left, depth, training, threads, memory, stop)
        evaluations += cost
        i, j, value = _strongest(left, singles, pairs)
        other = None if j is None else names[j]
        done.append(Elimination(names[i], other, value))
        left = substituted(left, i, j, value < 0)
        del names[i]
    diagonal = Register(left.n).diagonal(left) if left.n else np.array([left.offset])
    sample = np.zeros(polynomial.n, np.uint8)
    sample[names] = (int(np.argmin(diagonal)) >> np.arange(left.n)) & 1
    for fixed in reversed(done):
        same = sample[fixed.other] if fixed.other is not None else 0
        sample[fixed.variable] = same ^ (fixed.correlation < 0)
    return Recursion(sample, float(polynomial.energy(sample)[0]), tuple(done), evaluations)


def substituted(polynomial: Polynomial, variable: int, other: int | None, opposite: bool) -> Polynomial:
    """The polynomial of the other variables once one is fixed.

    Parameters
    ----------
    variable
        Which is left out; higher ones move down by one.
    other, opposite
        x = other, or 1 - other; without another, x = 0, or 1.
    """
    terms: dict[tuple[int, ...], float] = {}
    offset = polynomial.offset
    number = [v - (v > variable) for v in range(polynomial.n)]

    def add(variables: set[int], weight: float) -> None:
        nonlocal offset
        if variables:
            key = tuple(sorted(number[v] for v in variables))
            terms[key] = terms.get(key, 0.0) + weight
        else:
            offset += weight

    for variables, weight in polynomial.terms.items():
        rest = set(variables) - {variable}
        if len(rest) == len(variables):
            add(rest, weight)
        elif other is None:
            if opposite:
                add(rest, weight)
        else:
            if opposite:
                add(rest, weight)
            add(rest | {other}, -weight if opposite else weight)
    kept = {key: weight for key, weight in terms.items() if weight}
    return Polynomial(polynomial.n - 1, offset, MappingProxyType(kept))


def _correlations(
    polynomial: Polynomial,
    depth: int,
    training: bool,
    threads: int,
    memory: int | None,
    stop: Callable[[], bool],
) -> tuple[Floats, Mapping[tuple[int, int], float], int]:
    """[n] <Z_i>, and <Z_i Z_j> of the pairs that stand in a term together, in the trained state; circuits run."""
    ansatz = ansatz_for(polynomial.n, (), depth, "x")
    landscape = Landscape(polynomial, ansatz, threads=threads, memory=memory, stop=stop)
    angles = table_angles(ansatz, landscape.shape)
    if training:
        found = train(landscape, angles, effort=Effort(evaluations=100, stop=stop))
        if found.status == "stopped":
            raise InterruptedError
        angles = found.angles
    spectrum = walsh(landscape.probabilities(angles))
    singles = spectrum[1 << np.arange(polynomial.n)]
    together = {(a, b) for key in polynomial.terms for k, a in enumerate(key) for b in key[k + 1 :]}
    pairs = {(a, b): float(spectrum[(1 << a) | (1 << b)]) for a, b in sorted(together)}
    return singles, pairs, landscape.evaluations


def walsh(probabilities: Floats) -> Floats:
    """[2^n] <product of Z over the bits of k>, for every k: the Walsh-Hadamard transform of a distribution."""
    out = np.array(probabilities, float)
    half = 1
    while half < len(out):
        both = out.reshape(-1, 2, half)
        out = np.stack([both[:, 0] + both[:, 1], both[:, 0] - both[:, 1]], axis=1).reshape(-1)
        half *= 2
    return out


def _strongest(
    polynomial: Polynomial, singles: Floats, pairs: Mapping[tuple[int, int], float]
) -> tuple[int, int | None, float]:
    """The variable to fix, what it follows, and the correlation; the lowest variables win ties.

    A variable that stands in no term is fixed first, as it does not matter; of a pair the higher variable is fixed.
    """
    used = {v for key in polynomial.terms for v in key}
    idle = next((v for v in range(polynomial.n) if v not in used), None)
    if idle is not None:
        return idle, None, 1.0
    found: list[tuple[int, int | None, float]] = [(v, None, float(z)) for v, z in enumerate(singles)]
    found += [(b, a, value) for (a, b), value in pairs.items()]
    most = max(abs(value) for _, _, value in found)
    return next(item for item in found if abs(item[2]) >= most - _TIE)
