"""Which group of agents gets which tasks, as a constrained binary model: the top of the hierarchy.

Components are bundled, a few bundles for each group, and every bundle is on exactly one group. What is minimised is the
sum of the squares of how far each group is used, by each kind of work: it is least where all are used alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from qamctl.qubo.model import EQ, Floats, Index, Ints, Model
from qamctl.qubo.partition import Mask, deal

#: Bundles for each group.
BUNDLES: Final = 8

#: A group that is used as much as the mean has so many units of use by each kind of work.
SCALE: Final = 100


@dataclass(frozen=True, eq=False)
class Bundles:
    """Components that go together.

    Attributes
    ----------
    of
        [c] the bundle of each component.
    use
        [b, p, d] by how much a bundle would use a group by each kind of work, in whole units.
    allowed
        [b, p] the groups that can do all of a bundle.
    """

    of: Ints
    use: Ints
    allowed: Mask

    def imbalance(self, group: Ints) -> int:
        """The sum of squares of what all groups are used, if each bundle is on the group given."""
        total = np.zeros(self.use.shape[1:], np.int64)
        np.add.at(total, group, self.use[np.arange(len(group)), group])
        return int((total**2).sum())


def bundled(load: Floats, supply: Floats, allowed: Mask) -> Bundles:
    """Bundle components that may be on the same groups, each bundle about as much work as the others.

    Parameters
    ----------
    load
        [c, d] work of each kind in each component.
    supply
        [p, d] what each group has to do it with.
    allowed
        [c, p] the groups that can do it.
    """
    _, kind = np.unique(allowed, axis=0, return_inverse=True)
    kind, of, number = kind.reshape(-1), np.zeros(len(load), np.int64), 0
    total = max(float(load.sum()), 1e-9)
    for one in range(int(kind.max(initial=-1)) + 1):
        mine = np.flatnonzero(kind == one)
        want = max(1, round(BUNDLES * len(supply) * float(load[mine].sum()) / total))
        many = min(want, len(mine))
        found = deal(load[mine], np.repeat(supply.mean(axis=0)[None, :], many, axis=0))
        assert found is not None  # nothing is forbidden
        used, inside = np.unique(found, return_inverse=True)  # what is no work fills no bundle
        of[mine] = number + inside.reshape(-1)
        number += len(used)
    together = np.zeros((number, load.shape[1]))
    np.add.at(together, of, load)
    fits = np.ones((number, len(supply)), bool)
    np.logical_and.at(fits, of, allowed)
    mean = np.maximum(load.sum(axis=0) / np.maximum(supply.sum(axis=0), 1e-9), 1e-9)
    use = np.rint(SCALE * together[:, None, :] / (np.maximum(supply, 1e-9) * mean)[None, :, :])
    return Bundles(of, use.astype(np.int64), fits)


def assignment_model(bundles: Bundles) -> Model:
    """One variable for each bundle and group that may have it; energies are those of `Bundles.imbalance`."""
    bundle, group = np.nonzero(bundles.allowed)
    use = bundles.use[bundle, group]
    pairs = [_pairs(use, np.flatnonzero(group == g), bundle) for g in range(bundles.allowed.shape[1])]
    row, col, weight = (np.concatenate(columns) for columns in zip(*pairs, strict=True))
    nothing = np.zeros(0, np.int64)
    return Model(
        n=len(bundle), linear=(use**2).sum(axis=1).astype(np.float64), row=row.astype(np.int32),
        col=col.astype(np.int32), weight=weight.astype(np.float64), offset=0.0,
        group_start=np.concatenate([[0], np.cumsum(bundles.allowed.sum(axis=1))]).astype(np.int64),
        group_index=np.arange(len(bundle), dtype=np.int32), con_start=np.zeros(1, np.int64),
        con_index=nothing.astype(np.int32), con_coef=nothing, con_sense=np.full(0, EQ, np.int8), con_rhs=nothing,
        con_kind=nothing.astype(np.int8), con_kinds=("assignment",),
        labels=[f"bundle {b} on group {g}" for b, g in zip(bundle.tolist(), group.tolist(), strict=True)],
    )  # fmt: skip


def _pairs(use: Ints, mine: Ints, bundle: Ints) -> tuple[Index, Index, Ints]:
    """Couplings between the bundles that may be on one group."""
    first, second = np.triu_indices(len(mine), k=1)
    a, b = mine[first], mine[second]
    weight = 2 * (use[a] * use[b]).sum(axis=1)
    some = (weight != 0) & (bundle[a] != bundle[b])
    return a[some].astype(np.int32), b[some].astype(np.int32), weight[some]


def chosen(bundles: Bundles, sample: np.ndarray) -> Ints:
    """[b] the group of each bundle in a sample of the model; where it has none or several, the least used of these."""
    bundle, group = np.nonzero(bundles.allowed)
    on = np.asarray(sample)[: len(bundle)] != 0
    picked = np.full(len(bundles.use), -1, np.int64)
    total = np.zeros(bundles.use.shape[1:], np.int64)
    number = np.bincount(bundle[on], minlength=len(picked))
    sure = on & (number[bundle] == 1)
    picked[bundle[sure]] = group[sure]
    np.add.at(total, group[sure], bundles.use[bundle[sure], group[sure]])
    for b in np.flatnonzero(picked < 0).tolist():
        mine = (bundle == b) & (on if number[b] else True)
        options = group[mine]
        after = ((total[options] + bundles.use[b, options]) ** 2 - total[options] ** 2).sum(axis=1)
        picked[b] = options[np.argmin(after)]
        total[picked[b]] += bundles.use[b, picked[b]]
    return picked
