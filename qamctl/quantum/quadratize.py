"""Polynomials of any degree as quadratic models: a variable stands for a product of two others, and rows say so.

Engines that know couplings of two variables solve them through the model's pipeline as they solve everything else.
Pairs that stand in most terms are replaced first (Rosenberg 1975; Boros and Hammer 2002, section 4.4); in place of
Rosenberg's penalty there are rows (McCormick 1976), which native engines keep and the compiler gives weights that
suffice.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType

import numpy as np

from qamctl.kernels.couplings import Samples
from qamctl.quantum.polynomial import Polynomial
from qamctl.qubo.model import LE, Model

#: A product's variable stands for these two.
Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Quadratized:
    """A polynomial, and the quadratic model that has its values.

    Attributes
    ----------
    model
        Its first variables are the polynomial's, `q0`, `q1`, ...; then one for each pair, called after its product.
    pairs
        The two variables of each product; the second may itself be a product.
    """

    model: Model
    polynomial: Polynomial
    pairs: tuple[Pair, ...]

    def extend(self, samples: np.ndarray) -> Samples:
        """[s, n + pairs] or [n + pairs]: samples of the qubits with the products that follow from them."""
        return with_products(samples, self.pairs)

    def restore(self, samples: np.ndarray) -> np.ndarray:
        """The qubits' part of samples of the model."""
        return np.asarray(samples)[..., : self.polynomial.n]

    @property
    def row_names(self) -> list[str]:
        """A name for each row of the model."""
        labels, n = self.model.labels, self.polynomial.n
        names = []
        for k, (i, j) in enumerate(self.pairs):
            a, b, product = labels[i], labels[j], labels[n + k]
            names += [f"{product} <= {a}", f"{product} <= {b}", f"{product} >= {a} + {b} - 1"]
        return names


def quadratize(polynomial: Polynomial) -> Quadratized:
    """The quadratic model of a polynomial; without constraints where none of its terms has more than two variables."""
    n = polynomial.n
    terms, pairs = _reduced(polynomial)
    total = n + len(pairs)
    linear = np.zeros(total)
    for term, weight in terms.items():
        if len(term) == 1:
            linear[term[0]] += weight
    couplings = sorted(term for term in terms if len(term) == 2)
    ends = np.array(couplings, np.int32).reshape(-1, 2)
    index, coef, rhs = _rows(n, pairs)
    model = Model(
        n=total,
        linear=linear,
        row=ends[:, 0].copy(),
        col=ends[:, 1].copy(),
        weight=np.array([terms[pair] for pair in couplings], np.float64),
        offset=float(polynomial.offset),
        group_start=np.zeros(1, np.int64),
        group_index=np.zeros(0, np.int32),
        con_start=np.cumsum([0, *[2, 2, 3] * len(pairs)]).astype(np.int64),
        con_index=np.array(index, np.int32),
        con_coef=np.array(coef, np.int64),
        con_sense=np.full(len(rhs), LE, np.int8),
        con_rhs=np.array(rhs, np.int64),
        con_kind=np.zeros(len(rhs), np.int8),
        con_kinds=("product",),
        labels=_labels(n, pairs),
    )
    return Quadratized(model, polynomial, pairs)


def with_products(samples: np.ndarray, pairs: Sequence[Pair]) -> Samples:
    """[s, n + pairs] or [n + pairs]: samples [s, n] or [n], and behind them the products of pairs."""
    rows = np.atleast_2d(np.asarray(samples)) != 0
    n = rows.shape[1]
    full = np.zeros((len(rows), n + len(pairs)), np.uint8)
    full[:, :n] = rows
    for k, (i, j) in enumerate(pairs):
        full[:, n + k] = full[:, i] & full[:, j]
    return full if np.ndim(samples) == 2 else full[0]


def negated(polynomial: Polynomial) -> Polynomial:
    """The polynomial that is least where this one is greatest."""
    terms = {term: -weight for term, weight in polynomial.terms.items()}
    return Polynomial(polynomial.n, 0.0 - polynomial.offset, MappingProxyType(terms))


def _reduced(polynomial: Polynomial) -> tuple[dict[tuple[int, ...], float], tuple[Pair, ...]]:
    """Terms of at most two variables, and the pairs that the further ones stand for.

    The pair of most terms is replaced in all of them at once; of several, the one of the lowest variables.
    """
    done = {term: weight for term, weight in polynomial.terms.items() if len(term) <= 2}
    long = [(term, weight) for term, weight in polynomial.terms.items() if len(term) > 2]
    members = [term for term, _ in long]  # always ascending: products come behind what there is
    where: dict[Pair, set[int]] = {}
    for t, (term, _) in enumerate(long):
        for pair in combinations(term, 2):
            where.setdefault(pair, set()).add(t)
    heap = [(-len(held), pair) for pair, held in where.items()]
    heapq.heapify(heap)
    pairs: list[Pair] = []
    while heap:
        count, pair = heapq.heappop(heap)
        held = where[pair]
        if -count != len(held):  # it was counted before others were replaced
            if held:
                heapq.heappush(heap, (-len(held), pair))
            continue
        product = polynomial.n + len(pairs)
        pairs.append(pair)
        for t in sorted(held):
            for i, j in combinations(members[t], 2):
                where[i, j].discard(t)
            members[t] = (*(v for v in members[t] if v not in pair), product)
            if len(members[t]) > 2:
                for i, j in combinations(members[t], 2):
                    where.setdefault((i, j), set()).add(t)
                    heapq.heappush(heap, (-len(where[i, j]), (i, j)))
    done |= {term: weight for term, (_, weight) in zip(members, long, strict=True)}
    return done, tuple(pairs)


def _rows(n: int, pairs: Sequence[Pair]) -> tuple[list[int], list[int], list[int]]:
    """z <= a, z <= b, z >= a + b - 1: variables and coefficients, entry by entry, and right sides of rows <=."""
    index: list[int] = []
    for k, (a, b) in enumerate(pairs):
        z = n + k
        index += [a, z, b, z, a, b, z]
    return index, [-1, 1, -1, 1, 1, 1, -1] * len(pairs), [0, 0, 1] * len(pairs)


def _labels(n: int, pairs: Sequence[Pair]) -> list[str]:
    """q0, q1, ..., and the products of those that the further variables stand for: q0*q3."""
    factors: list[tuple[int, ...]] = [(q,) for q in range(n)]
    for a, b in pairs:
        factors.append(tuple(sorted(factors[a] + factors[b])))
    return ["*".join(f"q{q}" for q in product) for product in factors]
