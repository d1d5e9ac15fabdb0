"""One-hot groups that a model without constraints hides in its penalties: found, and searched as groups.

A penalty P * (1 - sum of x)^2 leaves -P on each member of a group and 2 P between any two of them. Single flips hardly
get from one choice to another through such walls; shifts and swaps within the groups need not climb them. That a
group is one is a guess about the best state, no more: energies are those of the whole model, and another search
goes on from the result with nothing taken for granted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from qamctl.kernels.couplings import Couplings
from qamctl.qubo.search.base import Budget, Found
from qamctl.qubo.search.whole import whole_model

#: Groups of fewer variables are accidents; where groups hold less than this share of the variables, they are, too.
LEAST, SHARE = 3, 0.5

#: Couplings, each counted twice, up to which a look costs a small part of a second.
MOST = 16_000_000

Groups = tuple[np.ndarray, np.ndarray]


def hidden_groups(model: Couplings) -> Groups | None:
    """(start [g + 1], index) of the groups that penalties make, None where there are none to speak of.

    Two variables are apart where each is worth having and both together are worth no more than one; a group is a set
    of variables that are apart from each other and from nothing else.
    """
    if len(model.weight) > MOST:
        return None
    n, worth = model.n, -model.linear
    dear = np.where(worth > 0, worth, np.iinfo(np.int32).max if model.integral else np.inf)
    entry = np.flatnonzero((model.weight > 0) & (model.weight >= np.repeat(dear, np.diff(model.first))))
    other = model.other[entry]
    apart = model.weight[entry] >= dear[other]
    entry, other = entry[apart], other[apart]
    if not len(entry) or len(entry) < (LEAST - 1) * SHARE * n:
        return None
    row = np.searchsorted(model.first, entry, side="right") - 1
    degree = np.bincount(row, minlength=n)
    if np.mean(degree[row] == degree[other]) < SHARE:
        return None
    first = np.flatnonzero(np.diff(row, prepend=-1))
    leader = np.arange(n)  # the first of a group: rows are ascending
    leader[row[first]] = np.minimum(row[first], other[first])
    size = np.bincount(leader, minlength=n)
    whole = (size >= LEAST) & (np.bincount(leader[row], minlength=n) == size * (size - 1))
    whole[leader[row[leader[row] != leader[other]]]] = False
    if size[whole].sum() < SHARE * n:
        return None
    held = np.flatnonzero(whole[leader])
    order = np.argsort(leader[held], kind="stable")
    return np.concatenate([[0], np.cumsum(size[whole])]).astype(np.int64), held[order].astype(np.int32)


def search(
    model: Couplings,
    *,
    budget: Budget,
    seed: int,
    stop: Callable[[], bool] = lambda: False,
    report: Callable[[np.ndarray, float], None] = lambda sample, energy: None,
    initial: np.ndarray | None = None,
) -> Found:
    """Search the states that choose one of each hidden group; see `qamctl.qubo.search.base.Search`.

    A step is one attempt for each variable. A start that breaks groups is mended first, and stands in for the result
    where that is no better.
    """
    from qamctl.qubo.search import groups

    target = None if budget.target is None else (budget.target - model.offset) * model.scale
    found = groups.search(
        whole_model(model, hidden_groups(model)), budget=replace(budget, target=target), seed=seed, stop=stop,
        report=lambda sample, total: report(sample, total / model.scale + model.offset), initial=initial,
    )  # fmt: skip
    samples, met = found.samples, found.occurrences
    if initial is not None:
        samples, met = np.vstack([samples, np.asarray(initial, np.uint8)[None, :]]), np.append(met, 1)
    energies = np.array([model.energy(sample) for sample in samples])
    order = np.argsort(energies, kind="stable")
    curve = tuple((at, total / model.scale + model.offset) for at, total in found.curve)
    return Found(
        samples[order], energies[order], met[order], found.steps, found.attempts, curve,
        {**found.info, "method": "hidden one-hot groups"},
    )  # fmt: skip
