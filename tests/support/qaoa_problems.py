"""Random problems that QAOA angles are made from and judged by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.quantum.polynomial import Polynomial

Groups = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Problem:
    """A polynomial, the one-hot groups among its variables, and what it is called."""

    name: str
    polynomial: Polynomial
    groups: Groups = ()


KINDS = ("uniform", "normal", "signs")
DENSITIES = (0.2, 0.5, 1.0)


def ising_problem(k: int, rng: np.random.Generator, least: int = 9, most: int = 14) -> Problem:
    """Ising models of 9 to 14 spins: weights uniform in [-1, 1], normal, or +-1; a share 0.2, 0.5 or 1 of all pairs
    coupled; fields of the same kind as the couplings, or none."""
    kind, density, fields = KINDS[k % 3], DENSITIES[k // 3 % 3], bool(k // 9 % 2)
    n = int(rng.integers(least, most + 1))
    first, other = np.triu_indices(n, 1)
    coupled = rng.random(len(first)) < density
    coupled[int(rng.integers(len(first)))] = True  # never a model without couplings
    pairs = list(zip(first[coupled].tolist(), other[coupled].tolist(), strict=True))
    strength = _weights(kind, len(pairs), rng).tolist()
    field = (_weights(kind, n, rng) * fields).tolist()
    name = f"{n} spins, {kind}, density {density:g}, {'fields' if fields else 'no fields'}"
    return Problem(name, from_spins(n, dict(zip(pairs, strength, strict=True)), field))


def penalty_problem(k: int, rng: np.random.Generator) -> Problem:
    """Penalty QUBOs of 9 and 12 variables: assignments of 3, and three one-hot groups of 3 or 4 members, costs in
    [0, 1], penalties 1.5, coupled at random, or where two groups choose alike."""
    if k % 3 == 0:
        return assignment(3, rng, keep=False)
    size, alike, weight = int(rng.integers(3, 5)), k % 3 == 1, 1.5
    number = np.arange(3 * size).reshape(3, size)
    terms: dict[tuple[int, ...], float] = {(v,): float(rng.uniform(0, 1)) - weight for v in range(3 * size)}
    for a in range(3):
        terms |= {(i, j): 2 * weight for i in number[a].tolist() for j in number[a].tolist() if i < j}
        for b in range(a + 1, 3):
            for i, v in enumerate(number[a].tolist()):
                for j, w in enumerate(number[b].tolist()):
                    terms[(v, w)] = (weight if i == j else 0.0) if alike else 0.3 * float(rng.normal())
    terms = {key: value for key, value in terms.items() if value}
    return Problem(f"3 groups of {size} by penalty", Polynomial(3 * size, 3 * weight, terms))


def free_problem(k: int, rng: np.random.Generator) -> Problem:
    """What angles of the X mixer are made from: five Ising models for each penalty QUBO."""
    return penalty_problem(k // 6, rng) if k % 6 == 5 else ising_problem(k - k // 6, rng)


def from_spins(n: int, couplings: dict[tuple[int, int], float], fields: list[float]) -> Polynomial:
    """The polynomial over x of a sum over spins z = 1 - 2 x."""
    terms: dict[tuple[int, ...], float] = {(v,): -2 * field for v, field in enumerate(fields)}
    for (i, j), weight in couplings.items():
        terms[(i,)] -= 2 * weight
        terms[(j,)] -= 2 * weight
        terms[(i, j)] = 4 * weight
    offset = sum(fields) + sum(couplings.values())
    return Polynomial(n, float(offset), {key: value for key, value in terms.items() if value})


def group_problem(k: int, rng: np.random.Generator) -> Problem:
    """Assignments of 3 and 4 (integer costs 1 to 19, rows kept, columns by penalty) and random models of 3 to 8 one-hot
    groups of 2 to 5 members, a seventh of them with free variables: normal costs, all or half of the pairs of groups
    coupled member by member, normal."""
    if k % 7 < 2:
        return assignment(3 + k % 7, rng)
    sizes = ([2], [3], [4], [2, 3, 5], [1, 3, 4])[k % 7 - 2]
    chosen = [int(rng.choice(sizes)) for _ in range(int(rng.integers(3, 9 if sizes == [2] else 6)))]
    if max(chosen) == 1:
        chosen[0] = 3
    ends = np.cumsum(chosen).tolist()
    sets = tuple(tuple(range(end - size, end)) for end, size in zip(ends, chosen, strict=True))
    terms: dict[tuple[int, ...], float] = {(v,): float(rng.normal()) for v in range(ends[-1])}
    density = (1.0, 0.5)[k // 7 % 2]
    for a, group in enumerate(sets):
        for other in sets[a + 1 :]:
            if rng.random() < density:
                terms |= {(i, j): float(rng.normal()) for i in group for j in other}
    groups = tuple(group for group in sets if len(group) > 1)
    name = f"{len(sets)} sets of {', '.join(map(str, sizes))}, density {density:g}"
    return Problem(name, Polynomial(ends[-1], 0.0, terms), groups)


def assignment(size: int, rng: np.random.Generator, *, keep: bool = True) -> Problem:
    """size^2 variables: each row to one column, each column once, by penalties; integer costs from 1 to 19."""
    costs = rng.integers(1, 20, (size, size)).astype(float)
    return assignment_of(costs, float(costs.max()), keep=keep)


def assignment_of(costs: np.ndarray, weight: float, *, keep: bool = True) -> Problem:
    """The same for given costs; with `keep` the rows' penalties are left out, because the mixer keeps the rows."""
    size = len(costs)
    number = np.arange(size * size).reshape(size, size)
    sets = [*number.T.tolist()] + ([] if keep else [*number.tolist()])
    terms: dict[tuple[int, ...], float] = {(int(v),): float(c) for v, c in zip(number.flat, costs.flat, strict=True)}
    for members in sets:
        for i, v in enumerate(members):
            terms[(v,)] -= weight
            for other in members[i + 1 :]:
                terms[(v, other)] = terms.get((v, other), 0.0) + 2 * weight
    groups = tuple(tuple(row) for row in number.tolist()) if keep else ()
    terms = {key: value for key, value in terms.items() if value}
    return Problem(f"assignment {size} x {size}", Polynomial(size * size, weight * len(sets), terms), groups)


def _weights(kind: str, count: int, rng: np.random.Generator) -> np.ndarray:
    if kind == "uniform":
        return rng.uniform(-1, 1, count)
    return rng.normal(size=count) if kind == "normal" else rng.choice([-1.0, 1.0], count)
