"""The optimum of models that are thin somewhere everywhere: variable elimination along a tree decomposition.

Variables are eliminated one by one: what a variable costs at best is a table over its neighbours, which become
neighbours of each other (U. Bertele and F. Brioschi, "Nonserial dynamic programming", 1972; R. Dechter, "Bucket
elimination", 1999). The order decides the size of the largest table: a front that sweeps the model, least degree
and least fill are tried (H. Bodlaender and A. Koster, "Treewidth computations I: upper bounds", 2010). Memory is
one bit for each cell of each table, and time some eight nanoseconds for each.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from qamctl.kernels.couplings import Couplings, Samples

#: Neighbours of a variable when it is eliminated: a table has 2 to this power cells at most.
MAX_WIDTH = 24
#: Cells of all tables together: about 17 seconds, and a quarter of a gigabyte of answers.
MAX_CELLS = 2**31
#: Largest part that is looked at.
MAX_VARIABLES = 500_000
#: A front may be so much larger than the widest table: its variables are not all neighbours of each other.
FRONT = 8
#: Pairs of neighbours at most, for counting which are no neighbours.
MAX_FILL = 100_000
#: A round of the search for a core must take away one in so many variables.
CORE = 100
#: An order with so few cells for each variable is good enough.
WORTH = 64


@dataclass(frozen=True, slots=True)
class Order:
    """An elimination order.

    Attributes
    ----------
    variables
        [n] in the order of elimination.
    scopes
        For each of them its neighbours then, the one that is eliminated last first.
    width
        Most neighbours.
    cells
        Of all tables.
    """

    variables: tuple[int, ...]
    scopes: tuple[tuple[int, ...], ...]
    width: int
    cells: int


@dataclass(frozen=True, slots=True)
class Optimum:
    """A state of least energy, and that energy as `Couplings.energy` gives it."""

    sample: Samples
    energy: float


def elimination_order(
    model: Couplings, max_width: int = MAX_WIDTH, max_cells: int = MAX_CELLS, stop: Callable[[], bool] = lambda: False
) -> Order | None:
    """The best of three orders; None where all of them need larger tables than allowed, or `stop` says so."""
    if model.n == 0:
        return Order((), (), 0, 0)
    max_width = min(max_width, max_cells.bit_length() - 1)
    if model.n > MAX_VARIABLES or _has_core(model, max_width) or stop():
        return None
    bounds = model.first.tolist()
    rows = [set(model.other[a:b].tolist()) for a, b in itertools.pairwise(bounds)]
    best: Order | None = None
    for make in (_along, _by_degree, _by_fill):
        price = make(rows, max_width, stop)
        if price is None:
            continue
        found = _ordered(rows, price, max_width, max_cells if best is None else best.cells - 1, stop)
        best = found or best
        if best is not None and best.cells <= WORTH * model.n:
            break
    return best


def _has_core(model: Couplings, width: int) -> bool:
    """Whether variables are left when those with at most `width` neighbours go again and again: no order will do."""
    row = np.repeat(np.arange(model.n), np.diff(model.first))
    degree = np.diff(model.first)
    there = np.ones(model.n, bool)
    while True:
        goes = there & (degree <= width)
        if not goes.any():
            return bool(there.any())
        if int(goes.sum()) * CORE < model.n:
            return False  # it would take long, and the orders themselves will tell
        there &= ~goes
        degree = np.bincount(row[there[model.other]], minlength=model.n)


#: Asks what it costs to eliminate a variable now, given the neighbours of all.
Price = Callable[[list[set[int]], int], int]


def _along(rows: list[set[int]], max_width: int, stop: Callable[[], bool]) -> Price | None:
    """From one end of the model to the other, behind a front that grows as little as it can.

    The next variable is the one of the front with the fewest neighbours ahead of it; of several, the one that
    has waited longest. None where the front grows too large.
    """
    ahead = [set(row) for row in rows]
    fixed = [-1] * len(rows)
    since, taken = itertools.count(), itertools.count()
    for begin in range(len(rows)):
        if fixed[begin] >= 0:
            continue
        front = {_far(rows, begin): next(since)}
        _close(ahead, rows, front)
        while front:
            i = min(front, key=lambda j: (len(ahead[j]), front[j]))
            del front[i]
            fixed[i] = next(taken)
            new = {j: next(since) for j in sorted(ahead[i])}
            _close(ahead, rows, new)
            front |= new
            if len(front) > max_width + FRONT or (fixed[i] % 64 == 0 and stop()):
                return None
    return lambda _, i: fixed[i]


def _close(ahead: list[set[int]], rows: list[set[int]], variables: Iterable[int]) -> None:
    """Variables join the front: they are ahead of nothing any more."""
    for i in variables:
        for j in rows[i]:
            ahead[j].discard(i)


def _far(rows: list[set[int]], begin: int) -> int:
    """A variable at one end: the last that is reached from the last that is reached from `begin`."""
    for _ in range(2):
        reached, known = [begin], {begin}
        for i in reached:  # grows while it is read
            new = sorted(rows[i] - known)
            reached += new
            known.update(new)
        begin = reached[-1]
    return begin


def _by_degree(rows: list[set[int]], max_width: int, stop: Callable[[], bool]) -> Price:
    """The fewest neighbours first."""
    return lambda now, i: len(now[i])


def _by_fill(rows: list[set[int]], max_width: int, stop: Callable[[], bool]) -> Price | None:
    """The fewest pairs of neighbours first that are no neighbours yet; None where counting them takes long."""
    if sum(len(row) ** 2 for row in rows) > MAX_FILL:
        return None

    def fill(now: list[set[int]], i: int) -> int:
        row = now[i]
        return sum(len(row) - 1 - len(row & now[j]) for j in row) // 2

    return fill


def _ordered(
    rows: list[set[int]], price: Price, max_width: int, max_cells: int, stop: Callable[[], bool]
) -> Order | None:
    """Eliminates what is cheapest now, ties by index."""
    rows = [set(row) for row in rows]
    place = [0] * len(rows)
    heap = [(price(rows, i), i) for i in range(len(rows))]
    heapq.heapify(heap)
    done = [False] * len(rows)
    order: list[int] = []
    scopes: list[list[int]] = []
    cells = width = 0
    while heap:
        known, i = heapq.heappop(heap)
        if done[i]:
            continue
        now = price(rows, i)
        if now > known:  # it has become dearer since it was put there
            heapq.heappush(heap, (now, i))
            continue
        row = rows[i]
        width, cells = max(width, len(row)), cells + 2 ** len(row)
        if width > max_width or cells > max_cells or (len(order) % 64 == 0 and stop()):
            return None
        done[i] = True
        place[i] = len(order)
        order.append(i)
        scopes.append(list(row))
        for j in row:
            rows[j] |= row
            rows[j] -= {i, j}
        for j in row:
            heapq.heappush(heap, (price(rows, j), j))
    # The first of a scope is eliminated last: it is the highest bit of a table's index, and the last the lowest.
    ordered = tuple(tuple(sorted(scope, key=lambda j: -place[j])) for scope in scopes)
    return Order(tuple(order), ordered, width, cells)


def eliminate(model: Couplings, order: Order, stop: Callable[[], bool] = lambda: False) -> Optimum | None:
    """The optimum by dynamic programming along `order`; None when `stop` says so first.

    Of several optima the answer depends on the order alone.
    """
    kind = _table_type(model)
    linear, weight = model.linear.tolist(), model.weight.tolist()
    first, other = model.first.tolist(), model.other.tolist()
    rows = [dict(zip(other[a:b], weight[a:b], strict=True)) for a, b in itertools.pairwise(first)]
    place = np.empty(model.n, np.int64)
    place[list(order.variables)] = np.arange(model.n)
    waiting: list[list[tuple[tuple[int, ...], np.ndarray]]] = [[] for _ in range(model.n)]
    answers: list[np.ndarray] = []
    for step, (i, scope) in enumerate(zip(order.variables, order.scopes, strict=True)):
        if (len(scope) > 12 or step % 64 == 0) and stop():
            return None
        off = np.zeros(2 ** len(scope), kind)
        on = _field(linear[i], [rows[i].get(j, 0) for j in scope], kind)
        for inner, table in waiting[step]:
            # This variable goes first of all in the table: its last axis.
            _add(off, scope, inner, table[0::2])
            _add(on, scope, inner, table[1::2])
        waiting[step] = []
        answers.append(np.packbits(on < off))
        if scope:
            waiting[int(place[scope[-1]])].append((scope[:-1], np.minimum(on, off)))
    sample = np.zeros(model.n, np.uint8)
    for i, scope, answer in zip(reversed(order.variables), reversed(order.scopes), reversed(answers), strict=True):
        cell = 0
        for j in scope:
            cell = cell << 1 | int(sample[j])
        sample[i] = answer[cell >> 3] >> (7 - (cell & 7)) & 1
    return Optimum(sample, model.energy(sample))


def _table_type(model: Couplings) -> type[np.int32] | type[np.int64] | type[np.float64]:
    """int32 where no sum of coefficients can leave it, int64 where all are whole, else float64."""
    reach = float(np.abs(model.linear).sum(dtype=float) + np.abs(model.weight).sum(dtype=float) / 2)
    if not model.exact:
        return np.float64
    return np.int32 if reach < 2**31 else np.int64


def _field(linear: float, weights: list[float], kind: type[np.generic]) -> np.ndarray:
    """[2^k] linear plus the weights of the neighbours that are 1; the first neighbour is the highest bit."""
    field = np.array([linear], kind)
    for weight in reversed(weights):
        field = np.concatenate([field, field + np.array(weight, kind)])
    return field


def _add(total: np.ndarray, scope: tuple[int, ...], inner: tuple[int, ...], table: np.ndarray) -> None:
    """Adds a table over `inner`, a part of `scope` in the same order, to one over `scope`.

    Axes that follow each other and are both in the part, or both not, are one axis.
    """
    inside = set(inner)
    whole: list[int] = []
    part: list[int] = []
    last = None
    for j in scope:
        here = j in inside
        if here != last:
            whole.append(1)
            part.append(1)
            last = here
        whole[-1] *= 2
        part[-1] *= 2 if here else 1
    target = total.reshape(whole)
    target += table.reshape(part)
