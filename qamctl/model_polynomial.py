"""Hamiltonians of many-body terms that are small enough: every state is looked at, which proves the best one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from qamctl.model_samples import make_table
from qamctl.model_task import Outcome, Question, Task
from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.quadratize import with_products
from qamctl.quantum.register import Register

#: Qubits up to which every state is looked at: 2^24 energies take a part of a second.
ENUMERATED: Final = 24

#: States that rounding cannot tell from the best one and that are added up exactly; with more there is no proof.
CLOSE: Final = 4096


def enumerable(question: Question) -> bool:
    """Whether the model stands for a polynomial whose states can all be looked at."""
    return question.polynomial is not None and question.polynomial.n <= ENUMERATED


def enumerate_states(task: Task) -> Sequence[Outcome]:
    """The least state of a polynomial, proved: those that rounding leaves in doubt are added up exactly."""
    question, polynomial = task.question, task.question.polynomial
    assert polynomial is not None
    diagonal = Register(polynomial.n).diagonal(polynomial)
    slack = 1e-12 * (abs(polynomial.offset) + sum(map(abs, polynomial.terms.values())))
    close = np.flatnonzero(diagonal <= diagonal.min() + slack)
    samples = Register(polynomial.n).samples(close[:CLOSE])
    best = min(range(len(samples)), key=lambda k: _exactly(polynomial, samples[k]))
    table = make_table(question.model, question.objective, with_products(samples[best][None, :], question.pairs))
    proved = len(close) <= CLOSE
    bound = float(table.energies[0]) if proved else float(diagonal.min()) - slack
    return [
        Outcome("exact", "optimal" if proved else "feasible", table, bound, variables=polynomial.n,
                feasible_fraction=1.0, info={"method": "enumeration of the polynomial", "states": len(diagonal)})
    ]  # fmt: skip


def spin_bound(polynomial: Polynomial) -> float:
    """No state has less: every product of spins at its least; below by what sums may have been rounded."""
    from qamctl.quantum.hamiltonian import diagonal_of

    spins = diagonal_of(polynomial)
    reach = math.fsum(abs(weight) for _, weight in spins.terms)
    bound = math.fsum([spins.offset, -reach])
    size = abs(spins.offset) + reach
    exact = size < 2**50 and all(float(16 * weight).is_integer() for _, weight in spins.terms)
    return bound if exact and float(16 * spins.offset).is_integer() else bound - 1e-12 * size


def _exactly(polynomial: Polynomial, sample: np.ndarray) -> float:
    """The value of one sample, rounded once."""
    held = (weight for term, weight in polynomial.terms.items() if all(sample[v] for v in term))
    return math.fsum([polynomial.offset, *held])
