"""Large problems in parts that are solved on their own: what belongs together, in which order, and on which part.

Schedules are divided so, and fleets. What has to stay together is one *component*; components that wait for each other
may be cut in *waves*, one after the other; and each wave is *dealt* to parts that have a share of the agents each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

#: How many fair shares may hang together before they are cut in waves.
UNCUT = 1.5

#: Times that the waves of one problem are halved, at most.
HALVINGS = 10


def components(n: int, a: npt.NDArray[np.integer], b: npt.NDArray[np.integer]) -> Ints:
    """[n] the component of each item, by number of its first item, where a[k] and b[k] belong together."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if n == 0:
        return np.zeros(0, np.int64)
    links = coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(n, n))
    _, label = connected_components(links, directed=False)
    _, first = np.unique(label, return_index=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    out: Ints = rank[label]
    return out


def waves(moment: Ints, work: Floats, before: Ints, after: Ints, parts: Callable[[int], int], least: int = 1) -> Ints:
    """[n] the wave of each item, so that what hangs together within a wave can be dealt to its parts evenly.

    The items are cut by time in waves of about the same work, first `least`, then twice as many each time, until no
    component is more than `UNCUT` fair shares of its wave, or a wave has one part, or nothing in it waits for anything.

    Parameters
    ----------
    moment
        [n] by which they are ordered: the items that come first have the least.
    work
        [n] of each item.
    before, after
        [e] item after[k] waits for before[k]; no cycles.
    parts
        Into how many parts each wave is divided where there are so many of them.
    least
        Waves to begin with.
    """
    order = np.lexsort((np.arange(len(moment)), moment))
    done = np.empty(len(work))
    done[order] = np.cumsum(work[order])
    total = max(float(work.sum()), 1.0)
    wave = np.zeros(len(moment), np.int64)
    for halving in range(HALVINGS + 1):
        number = least * 2**halving
        wave = np.minimum((done - work / 2) * number // total, number - 1).astype(np.int64)
        while True:  # nothing comes before what it waits for
            late = wave[before] > wave[after]
            if not late.any():
                break
            np.maximum.at(wave, after[late], wave[before[late]])
        inside = wave[before] == wave[after]
        share = np.bincount(wave, work) * UNCUT / parts(number)
        if not inside.any() or parts(number) == 1:
            break
        label = components(len(moment), before[inside], after[inside])
        _, first = np.unique(label, return_index=True)
        if (np.bincount(label, work) <= share[wave[first]]).all():
            break
    return np.unique(wave, return_inverse=True)[1].reshape(-1).astype(np.int64)


def deal(load: Floats, supply: Floats, allowed: Mask | None = None) -> Ints | None:
    """[c] the part of each component: large ones first, each where the scarcest of what it needs is least used.

    R. L. Graham, "Bounds on multiprocessing timing anomalies", SIAM J. Appl. Math. 17 (1969), over several kinds of
    work at once.

    Parameters
    ----------
    load
        [c, d] work of each kind in each component.
    supply
        [p, d] what each part has to do it with.
    allowed
        [c, p] the parts that can do the component at all; None: all of them.

    Returns
    -------
    array or None
        None where a component is allowed nowhere.
    """
    part = np.zeros(len(load), np.int64)
    if allowed is not None and not allowed.any(axis=1).all():
        return None
    rate = 1.0 / np.maximum(supply, 1e-9)
    used = np.zeros(supply.shape)
    mean = load.sum(axis=0) / np.maximum(supply.sum(axis=0), 1e-9)
    size = (load * (mean > 0)).sum(axis=1)
    for c in np.argsort(-size, kind="stable").tolist():
        needs = np.flatnonzero(load[c])
        full = ((used[:, needs] + load[c, needs]) * rate[:, needs]).max(axis=1, initial=0.0)
        full = full + 1e-6 * used.sum(axis=1) / max(1.0, float(load.sum()))
        if allowed is not None:
            full = np.where(allowed[c], full, np.inf)
        part[c] = int(np.argmin(full))
        used[part[c]] += load[c]
    return part


def imbalance(load: Floats, supply: Floats, part: Ints) -> float:
    """The sum of squares of how far each part is used by each kind of work; least where all are used alike."""
    used = np.zeros(supply.shape)
    np.add.at(used, part, load)
    mean = np.maximum(load.sum(axis=0) / np.maximum(supply.sum(axis=0), 1e-9), 1e-9)
    return float(((used / np.maximum(supply, 1e-9) / mean) ** 2).sum())


def shared(total: int, need: Floats, least: Ints) -> Ints:
    """[p] what each part gets of something that all draw on: in proportion to its need, at least `least`.

    Nothing is left over. Where the least amounts are more than there is, each part gets its own, and the sum is too
    great: callers see to it that this can't be.
    """
    wants = need > 0
    share = np.where(wants, np.floor(total * need / max(float(need.sum()), 1e-300)), 0).astype(np.int64)
    share = np.maximum(share, least)
    while (over := int(share.sum()) - total) > 0 and (share > least).any():
        richest = int(np.argmax(np.where(share > least, share / np.maximum(need, 1e-300), -1.0)))
        share[richest] -= min(over, max(1, int(share[richest] - least[richest]) // 2))
    if (left := total - int(share.sum())) > 0 and wants.any():
        share[int(np.argmax(np.where(wants, need / np.maximum(share, 1), -1.0)))] += left
    return share


def members(label: Ints, count: int) -> Iterator[Ints]:
    """The items of each label from 0 to count - 1, ascending."""
    order = np.argsort(label, kind="stable")
    edges = np.searchsorted(label[order], np.arange(count + 1))
    for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        yield order[begin:end]
