"""Domain walls: one of k as the place of the only wall in a row of k - 1 bits.

N. Chancellor, "Domain wall encoding of discrete variables for quantum annealing and QAOA", Quantum Science and
Technology 4, 2019. The bits of a group read 1 ... 1 0 ... 0; member m is chosen where the ones end, so that
x[m] = b[m - 1] - b[m] with a 1 before the first bit and a 0 after the last. Linear costs and couplings of the
members are rewritten by these differences, exactly; a group of k costs k - 1 bits and k - 2 couplings instead of
k bits and k (k - 1) / 2 couplings. A broken state has further walls; each costs the weight of the group once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from qamctl.qubo.model import Floats, Ints, Model
from qamctl.qubo.objective import margin, on_grid
from qamctl.qubo.shapes import group_of_variables, groups_apart
from qamctl.qubo.slack import Squares
from qamctl.qubo.terms import Pairs, Terms, plain_terms

if TYPE_CHECKING:
    from qamctl.qubo.penalties import Weights


@dataclass(frozen=True, slots=True)
class DomainWalls:
    """The model's variables as differences of bits: x = constant + plus[bit before] - minus[bit after].

    Attributes
    ----------
    n
        Number of bits.
    groups
        [w] the groups that have walls; members of several groups stay one-hot.
    member_start, member
        CSR over `groups`: their members, in order.
    bit_start
        [w + 1] the bits of group k are bit_start[k]:bit_start[k + 1]; the others stand for one variable each.
    constant
        [n_model] 1 for the first member of a group, else 0.
    before, after
        [n_model] the bit that is added, the bit that is taken away; -1 where there is none.
    """

    n: int
    groups: Ints
    member_start: Ints
    member: Ints
    bit_start: Ints
    constant: Floats
    before: Ints
    after: Ints

    def bits(self, samples: np.ndarray) -> np.ndarray:
        """[s, n] the bits of samples [s, n_model]: walls after the first chosen member, or after the last of none."""
        out = np.zeros((len(samples), self.n), np.uint8)
        alone = np.flatnonzero(self._alone)
        out[:, self.before[alone]] = samples[:, alone]
        for k in range(len(self.groups)):
            chosen = samples[:, self.member[self.member_start[k] : self.member_start[k + 1]]] != 0
            met = np.cumsum(chosen, axis=1) == 0
            out[:, self.bit_start[k] : self.bit_start[k + 1]] = met[:, :-1]
        return out

    def values(self, bits: np.ndarray) -> np.ndarray:
        """[s, n_model] the samples of bits [s, n]; of several walls the place counts that fewest bits speak against."""
        bits = np.asarray(bits)
        out = np.zeros((len(bits), len(self.constant)), np.uint8)
        alone = np.flatnonzero(self._alone)
        out[:, alone] = bits[:, self.before[alone]]
        rows = np.arange(len(bits))
        for k in range(len(self.groups)):
            members = self.member[self.member_start[k] : self.member_start[k + 1]]
            row = bits[:, self.bit_start[k] : self.bit_start[k + 1]].astype(np.int64)
            # Bits that are wrong with the wall at m: zeros before it and ones from it on.
            wrong = np.zeros((len(bits), len(members)), np.int64)
            wrong[:, 0] = row.sum(axis=1)
            wrong[:, 1:] = wrong[:, :1] + np.cumsum(1 - 2 * row, axis=1)
            out[rows, members[np.argmin(wrong, axis=1)]] = 1
        return out

    def broken(self, bits: np.ndarray) -> np.ndarray:
        """[s, w] further walls of each group in bits [s, n]."""
        bits = np.asarray(bits).astype(np.int64)
        out = np.zeros((len(bits), len(self.groups)), np.int64)
        for k in range(len(self.groups)):
            row = bits[:, self.bit_start[k] : self.bit_start[k + 1]]
            out[:, k] = (np.diff(row, axis=1) > 0).sum(axis=1)
        return out

    @property
    def _alone(self) -> np.ndarray:
        alone = np.ones(len(self.constant), bool)
        alone[self.member] = False
        return alone

    def _parts(self) -> tuple[tuple[Ints, float], tuple[Ints, float]]:
        return (self.before, 1.0), (self.after, -1.0)

    def rewrite(self, terms: Terms) -> Terms:
        """The same costs over the bits."""
        linear = np.zeros(self.n)
        offset = terms.offset + float(terms.linear @ self.constant)
        for bit, sign in self._parts():
            there = bit >= 0
            np.add.at(linear, bit[there], sign * terms.linear[there])
        pairs: list[Pairs] = []
        for i, j, weight in terms.pairs:
            offset += float((weight * self.constant[i] * self.constant[j]).sum())
            for bit, sign in self._parts():
                for one, other in ((i, j), (j, i)):
                    there = bit[one] >= 0
                    np.add.at(linear, bit[one][there], (sign * weight * self.constant[other])[there])
                for second, other_sign in self._parts():
                    a, b = bit[i], second[j]
                    there = (a >= 0) & (b >= 0)
                    a, b, product = a[there], b[there], sign * other_sign * weight[there]
                    same = a == b
                    np.add.at(linear, a[same], product[same])
                    pairs.append((np.minimum(a, b)[~same], np.maximum(a, b)[~same], product[~same]))
        return Terms(linear, tuple(pairs), offset)

    def rewrite_rows(self, squares: Squares) -> Squares:
        """The same equations over the bits; slack bits follow the `n` bits."""
        size = np.diff(squares.start)
        row = np.repeat(np.arange(len(size)), size)
        model_n = len(self.constant)
        own = squares.index < model_n
        at, coef, owner = squares.index[own], squares.coef[own], row[own]
        rhs = squares.rhs - np.bincount(owner, coef * self.constant[at], minlength=len(size)).astype(np.int64)
        rows, index, values = [row[~own]], [squares.index[~own] - model_n + self.n], [squares.coef[~own]]
        for bit, sign in self._parts():
            there = bit[at] >= 0
            rows.append(owner[there])
            index.append(bit[at][there])
            values.append(int(sign) * coef[there])
        # Members that follow each other share a bit: each bit once a row, those that cancel left out.
        width = int(max((part.max(initial=-1) for part in index), default=-1)) + 1
        key, place = np.unique(np.concatenate(rows) * width + np.concatenate(index), return_inverse=True)
        total = np.bincount(place, np.concatenate(values), minlength=len(key)).astype(np.int64)
        key, total = key[total != 0], total[total != 0]
        start = np.concatenate([[0], np.cumsum(np.bincount(key // max(width, 1), minlength=len(size)))])
        return replace(squares, start=start.astype(np.int64), index=key % max(width, 1), coef=total, rhs=rhs)

    def walls(self, weight: Floats) -> Terms:
        """The penalty of further walls: weight[k] * b[m] (1 - b[m - 1]) for the bits of each group."""
        size = np.diff(self.bit_start)
        follows = np.ones(int(self.bit_start[-1]), bool)
        follows[self.bit_start[:-1][size > 0]] = False
        later, scale = np.flatnonzero(follows), np.repeat(weight, size)[follows]
        linear = np.zeros(self.n)
        linear[later] = scale
        return Terms(linear, ((later - 1, later, -scale),), 0.0)


def domain_walls(model: Model) -> DomainWalls:
    """The encoding of a model: walls for every group whose members are in no other group."""
    groups = np.flatnonzero(groups_apart(model, group_of_variables(model)))
    size = np.diff(model.group_start)[groups]
    member_start = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    entry = np.arange(member_start[-1]) + np.repeat(model.group_start[groups] - member_start[:-1], size)
    member = model.group_index[entry].astype(np.int64)
    alone = np.ones(model.n, bool)
    alone[member] = False
    bit_start = np.concatenate([[0], np.cumsum(size - 1)]).astype(np.int64)
    constant, before, after = np.zeros(model.n), np.full(model.n, -1, np.int64), np.full(model.n, -1, np.int64)
    place = np.arange(len(member)) - np.repeat(member_start[:-1], size)
    first, last = place == 0, place == np.repeat(size, size) - 1
    bit = np.repeat(bit_start[:-1], size) + place
    constant[member[first]] = 1.0
    before[member[~first]] = bit[~first] - 1
    after[member[~last]] = bit[~last]
    before[alone] = bit_start[-1] + np.arange(int(alone.sum()))
    n = int(bit_start[-1]) + int(alone.sum())
    return DomainWalls(n, groups, member_start, member, bit_start, constant, before, after)


def wall_weights(model: Model, weights: Weights, upper: float | None) -> Weights:
    """The weights with those of the walls: sufficient where the rows' are sufficient for states of whole walls.

    Let q be the objective and the penalties that are products, over the bits, and low a bound with q >= low for
    all bits. Squares are never below 0. A state with a further wall then costs more than low + weight, and one
    that is feasible costs what its objective is: with weight > upper - low no state of least energy has a
    further wall. With whole walls the members are one-hot, and what is sufficient for the rows holds.

    Parameters
    ----------
    weights
        Sufficient for rows, and for groups that are no walls, among states in which all walls are whole.
    upper
        The objective of some feasible state; None takes the largest that a state can have.
    """
    walls = domain_walls(model)
    terms = walls.rewrite(plain_terms(model, weights.row))
    _, _, coupling = terms.merged()
    low = terms.offset + float(np.minimum(terms.linear, 0).sum() + np.minimum(coupling, 0).sum())
    if upper is None:
        bare = walls.rewrite(plain_terms(model, np.zeros(len(weights.row))))
        _, _, coupling = bare.merged()
        upper = bare.offset + float(np.maximum(bare.linear, 0).sum() + np.maximum(coupling, 0).sum())
    group = np.array(weights.groups(len(model.group_start) - 1))
    group[walls.groups] = max(upper - low, 0.0) + margin(model)
    return replace(weights, group=on_grid(model, group), shift=None)
