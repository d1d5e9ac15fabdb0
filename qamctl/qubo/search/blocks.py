"""From a constrained model to blocks: every variable is in one block, of which exactly one member is on.

One-hot groups are blocks; so are rows that say the same, and rows that say at most one, with a member more that
stands for none. What overlaps stays a row. A variable in no such row is a block of its own: on, or off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.kernels.couplings import Index, Ints, Samples, couplings
from qamctl.kernels.groups.problem import UNBOUNDED, GroupProblem, surprise
from qamctl.qubo.model import Model
from qamctl.qubo.search.rows import Rows, model_rows, ruled_out, spans, totals

#: Rounds of looking for what no feasible state has on.
ROUNDS = 20

#: Blocks that lose what has no entry in some row, in a round: each takes a look at all entries.
PAIRS = 100


@dataclass(frozen=True, slots=True)
class Blocks:
    """A model as the kernel searches it.

    Attributes
    ----------
    problem
        Its variables are numbered by block and place; the objective is in units of 1 / scale, without the offset.
    variable
        [n] the model's variable of each; -1 for the member that stands for none.
    size
        Variables of the model; those that are in no block are 0 in every feasible state.
    scale
        What the objective was multiplied by.
    whole
        Whether the scaled objective is in whole numbers.
    possible
        False where a row proves that no state is feasible.
    """

    problem: GroupProblem
    variable: Ints
    size: int
    scale: float
    whole: bool
    possible: bool

    @property
    def count(self) -> int:
        """Number of blocks."""
        return len(self.problem.block_first) - 1

    def sample(self, choice: Index) -> Samples:
        """[n] the model's variables where the members `choice` [B] are on."""
        on = self.variable[choice]
        found = np.zeros(self.size, np.uint8)
        found[on[on >= 0]] = 1
        return found

    def choice(self, sample: np.ndarray) -> Index:
        """[B] the first member of each block that is on in a sample; where none is, none or the cheapest."""
        first = self.problem.block_first[:-1]
        block = np.repeat(np.arange(self.count), np.diff(self.problem.block_first))
        real = self.variable >= 0
        on = np.zeros(len(self.variable), bool)
        on[real] = np.asarray(sample)[self.variable[real]] != 0
        # Members that are on come first, then the one that stands for none, then the cheapest.
        order = np.lexsort((self.problem.linear, real, ~on, block))
        return order[first].astype(np.int32)


def blocks_of(model: Model) -> Blocks:
    """Blocks, rows and places of a model.

    Raises
    ------
    UnsupportedError
        Coefficients of the constraints are too large to be added up exactly.
    ValueError
        A coefficient of the objective is not finite.
    """
    rows = model_rows(model)
    block_of, optional, used = _partition(model, rows)
    rows = rows.keep(~used)
    members = np.bincount(block_of, minlength=len(optional)) + optional
    alive, none, possible = _reduce(rows, block_of, optional, members)
    rows, block_of, optional = rows.without(~alive), np.where(alive, block_of, -1), optional & none

    members = np.bincount(block_of[alive], minlength=len(optional)) + optional
    meeting = spans(rows, block_of, members)
    least, most = totals(rows, meeting)
    constant = np.bincount(rows.row, minlength=rows.count) == 0
    possible &= not ((least > rows.high) | (most < rows.low)).any()
    open_ = ~constant & ((least < rows.low) | (most > rows.high))
    rows = rows.keep(open_)
    place, places = _places(rows, block_of, members, optional)
    return _number(model, rows, block_of, optional, place, places, possible)


def _partition(model: Model, rows: Rows) -> tuple[Ints, np.ndarray, np.ndarray]:
    """([n] block, [B] whether a block may have none on, [R] rows that blocks stand for)."""
    first, size = rows.first, np.diff(rows.first)
    ones = np.bincount(rows.row, rows.coef == 1, minlength=rows.count) == size
    exactly = ones & (size > 0) & (rows.low == 1) & (rows.high == 1)
    most_one = ones & (size > 1) & (rows.low <= 0) & (rows.high == 1)
    groups = np.arange(rows.count) >= len(model.group_start) - 1
    # Groups first, as they come; then rows that say the same; then at most one, the longest first.
    order = np.lexsort((np.where(groups, -size, 0), most_one, groups))
    order = order[(exactly | most_one)[order]]

    block_of = np.full(model.n, -1, np.int64)
    used = np.zeros(rows.count, bool)
    optional: list[bool] = []
    for r in order.tolist():
        mine = rows.variable[first[r] : first[r + 1]]
        if (block_of[mine] < 0).all():
            block_of[mine] = len(optional)
            optional.append(bool(most_one[r]))
            used[r] = True
    alone = np.flatnonzero(block_of < 0)
    block_of[alone] = len(optional) + np.arange(len(alone))
    return block_of, np.concatenate([np.array(optional, bool), np.ones(len(alone), bool)]), used


def _reduce(rows: Rows, block_of: Ints, optional: np.ndarray, members: Ints) -> tuple[np.ndarray, np.ndarray, bool]:
    """([n] variables that may be on, [B] blocks that may have none on, whether a feasible state may exist)."""
    alive, none = np.ones(len(block_of), bool), optional.copy()
    for _ in range(ROUNDS):
        out, pairs = ruled_out(rows.without(~alive), block_of, members)
        new, still = alive & ~out, none.copy()
        for r, b in pairs[:PAIRS]:
            # Whatever has no entry in the row goes, and with it the member that stands for none.
            inside = rows.variable[(rows.row == r) & alive[rows.variable]]
            new[block_of == b] &= np.isin(np.flatnonzero(block_of == b), inside)
            still[b] = False
        if (new == alive).all() and (still == none).all():
            return alive, none, True
        members = np.bincount(block_of[new], minlength=len(optional)) + still
        if (members == 0).any():
            return alive, none, False  # proved infeasible: what is left is searched for the least violation
        alive, none = new, still
    return alive, none, True


def _places(rows: Rows, block_of: Ints, members: Ints, optional: np.ndarray) -> tuple[Ints, int]:
    """([n + B] the place of each variable and of each block's none, places).

    Rows that have at most one member of each block, such as the capacities of one bin, belong to one place with
    the variables in them and all that these are in; none has a place of its own. Elsewhere is -1.
    """
    n, blocks = len(block_of), len(members)
    block = block_of[rows.variable]
    key = rows.row * max(1, blocks) + block
    _, count = np.unique(key, return_counts=True)
    pairs, where = np.unique(key, return_index=True)
    single = np.ones(rows.count, bool)
    single[rows.row[where[count > 1]]] = False
    entry = single[rows.row]
    place = np.full(n + blocks, -1, np.int64)
    if not entry.any() or len(pairs) == 0:
        return place, 0
    label = _joined(rows.row[entry], rows.variable[entry], rows.count, n)
    placed = np.zeros(n, bool)
    placed[rows.variable[entry]] = True
    names, place[:n][placed] = np.unique(label[placed], return_inverse=True)
    place[n:][optional] = len(names)
    return place, len(names) + int(optional.any())


def _joined(row: Ints, variable: Ints, rows: int, variables: int) -> Ints:
    """[variables] the least row of the component that each is in: labels fall and are followed until none changes.

    (scipy has this, too, but it takes longer to import than most searches may take.)
    """
    label = np.arange(rows + 1)
    while True:
        least = np.full(variables, rows)
        np.minimum.at(least, variable, label[row])
        new = label.copy()
        np.minimum.at(new, label[row], least[variable])
        while (new[new] != new).any():
            new = new[new]
        if (new == label).all():
            return least
        label = new


def _number(
    model: Model, rows: Rows, block_of: Ints, optional: np.ndarray, place: Ints, places: int, possible: bool
) -> Blocks:
    """Everything numbered by block, and within a block by place."""
    alive = np.flatnonzero(block_of >= 0)
    none = np.flatnonzero(optional)
    variable = np.concatenate([alive, np.full(len(none), -1)]).astype(np.int64)
    block = np.concatenate([block_of[alive], none])
    place = np.concatenate([place[alive], place[model.n + none]])
    order = np.lexsort((variable, place, block))
    variable, block, place = variable[order], block[order], place[order]
    _, number_of_block = np.unique(block, return_inverse=True)
    new = np.full(model.n, -1, np.int64)
    new[variable[variable >= 0]] = np.flatnonzero(variable >= 0)

    linear = np.zeros(len(variable))
    linear[variable >= 0] = model.linear[variable[variable >= 0]]
    row, col = new[model.row], new[model.col]
    apart = (row >= 0) & (col >= 0)
    apart[apart] = number_of_block[row[apart]] != number_of_block[col[apart]]
    core = couplings(linear, row[apart], col[apart], model.weight[apart])

    entry = new[rows.variable]
    by_row = np.lexsort((entry, rows.row))
    by_variable = np.lexsort((rows.row, entry))
    problem = GroupProblem(
        block_first=_first(number_of_block, len(np.unique(block))),
        linear=core.linear.astype(np.float64),
        first=core.first,
        other=core.other,
        weight=core.weight.astype(np.float64),
        entry_first=_first(entry[by_variable], len(variable)),
        entry_row=rows.row[by_variable].astype(np.int32),
        entry_coef=rows.coef[by_variable],
        row_first=_first(rows.row[by_row], rows.count),
        row_variable=entry[by_row].astype(np.int32),
        row_coef=rows.coef[by_row],
        low=np.maximum(rows.low, -UNBOUNDED),
        high=np.minimum(rows.high, UNBOUNDED),
        place=place.astype(np.int32),
        places=places,
        surprise=surprise(),
    )
    return Blocks(problem, variable, model.n, core.scale, core.exact, possible)


def _first(sorted_index: Ints, count: int) -> Ints:
    return np.searchsorted(sorted_index, np.arange(count + 1)).astype(np.int64)
