"""A cluster problem as a binary model: one variable for each cluster that a unit of agents may still be in.

x[unit, leaf] = 1 where the unit is there; exactly one for each unit, one of which may be to be left out. Links are
products of two choices of the same leaf; what is counted above a limit, the largest of some counts and clusters that
are in use are bits with rows that make their right values the cheapest ones (`draft`). Units with one place left are
constants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from qamctl.cluster.choices import Choices, open_choices
from qamctl.cluster.costs import term_cost
from qamctl.cluster.draft import ROW_KINDS, Block, Draft
from qamctl.cluster.energy import Cost
from qamctl.cluster.instance import Instance
from qamctl.cluster.kept_level import keep_level
from qamctl.cluster.labels import Labels, Names
from qamctl.cluster.part import Part, part_of, whole_part
from qamctl.cluster.rules import hold_rules
from qamctl.cluster.seats import Seats, hold_devices
from qamctl.cluster.solution import Solution
from qamctl.cluster.spec import Index, Ints
from qamctl.cluster.standing import Standing, stand
from qamctl.cluster.sums import uses_of
from qamctl.cluster.tables import tables_of
from qamctl.qubo.coarsen import coarsened
from qamctl.qubo.gram import merge
from qamctl.qubo.model import Model
from qamctl.qubo.objective import value_of
from qamctl.qubo.row_blocks import join
from qamctl.qubo.tighten import tightened

Sample = np.ndarray


@dataclass(frozen=True, eq=False)
class ClusterModel:
    """The model of an assignment and the way there and back.

    Attributes
    ----------
    model
        Variables: the choices, then bits that follow from them.
    part
        What of the problem it holds.
    base
        The assignment that holds outside the part; None where the part is everything.
    """

    model: Model
    instance: Instance
    part: Part
    choices: Choices
    blocks: Sequence[Block]
    seats: Seats
    base: Standing | None

    @property
    def variables(self) -> int:
        """Variables of the model."""
        return self.model.n

    @property
    def raw_variables(self) -> int:
        """Variables before places were ruled out."""
        return self.choices.raw - len(self.choices.unit) + self.model.n

    def objective(self, solution: Solution) -> float:
        """What the model minimises, of an assignment."""
        return value_of(self.model, self.encode(solution))

    def chosen(self, sample: Sample) -> Index | None:
        """[units of the part] the leaf of each; None where one has no place or several."""
        taken = np.flatnonzero(np.asarray(sample)[: len(self.choices.unit)])
        unit = self.choices.unit[taken]
        if len(unit) != int((self.choices.fixed < 0).sum()) or (np.diff(unit) == 0).any():
            return None
        leaf = self.choices.fixed.copy()
        leaf[unit] = self.choices.leaf[taken]
        return leaf

    def decode(self, sample: Sample) -> Solution | None:
        """The assignment of a sample, None where a unit has no place or several.

        A sample that violates other constraints gives an assignment that does.
        """
        leaf = self.chosen(sample)
        if leaf is None:
            return None
        return self.solution(leaf, self.seats.masks(leaf, np.asarray(sample)))

    def solution(self, leaf: Index, masks: Ints) -> Solution:
        """The assignment with [units of the part] leaves and [pieces of the part] devices."""
        instance = self.instance
        if self.base is None:
            return instance.solution(self.part.onto(leaf, self.part.start), masks)
        whole = instance.masks_of(self.base.solution)
        whole[self.part.piece] = masks
        return instance.solution(self.part.onto(leaf, self.base.leaf), whole)

    def encode(self, solution: Solution) -> Sample:
        """[n] the sample of an assignment.

        Raises
        ------
        ValueError
            The model has no variable for the place of a unit.
        """
        instance, choices = self.instance, self.choices
        leaf = self.part.of(instance.leaves_of(solution))
        still = choices.fixed >= 0
        if (leaf[still] != choices.fixed[still]).any():
            raise ValueError("a unit is elsewhere than where the model holds it")
        free = np.flatnonzero(~still)
        at = choices.find(free, leaf[free].astype(np.int64))
        if (at < 0).any():
            raise ValueError("the model has no variable for the place of a unit")
        sample = np.zeros(self.model.n, np.uint8)
        sample[at] = 1
        for block in self.blocks:
            sample[block.first : block.first + block.bits] = block.fill(sample)
        masks = instance.masks_of(solution)[self.part.piece]
        first, count = self.seats.first, len(self.seats.piece)
        sample[first : first + count] = self.seats.encode(leaf, masks)
        return sample


#: Rows of a window that may forbid a little more than the rules do.
COARSE = ("capacity", "size", "moves", "devices", "level")


def coarse(built: ClusterModel, solution: Solution, bits: int) -> ClusterModel:
    """The model with rows of at most so many slack bits that `solution` keeps: some other assignments get lost."""
    return replace(built, model=coarsened(built.model, built.encode(solution), bits, COARSE))


def build_model(
    instance: Instance,
    incumbent: Solution | None,
    *,
    level: int = 0,
    fixed_levels: Sequence[float] = (),
    free: np.ndarray | None = None,
    leaves: Ints | None = None,
) -> ClusterModel:
    """The model whose minima are the assignments of least value in one objective level.

    Parameters
    ----------
    incumbent
        A feasible assignment; needed for a window.
    level, fixed_levels
        The level that is minimised, and the values of the earlier levels, which are kept.
    free
        [n] flags of units: a window, outside of which everybody stays where the incumbent has him. None: the whole
        problem.
    leaves
        Where free units may go, besides where they are; None: anywhere.

    Raises
    ------
    UnsupportedError
        The objective, an earlier level or a rule cannot be held by a QUBO.
    InfeasibleError
        Some unit has no place.
    """
    if free is None:
        part = whole_part(instance.problem)
        return model_of(instance, part, None, level=level, fixed_levels=fixed_levels)
    if incumbent is None:
        raise ValueError("a window needs an incumbent")
    base = stand(instance, incumbent)
    where = np.arange(instance.k) if leaves is None else np.asarray(leaves)
    part = part_of(base, np.flatnonzero(free), where)
    return model_of(instance, part, base, level=level, fixed_levels=fixed_levels)


def model_of(
    instance: Instance, part: Part, base: Standing | None, *, level: int, fixed_levels: Sequence[float]
) -> ClusterModel:
    """The model of a part; arguments as in `build_model`, and the assignment that the part was taken from."""
    tables = tables_of(part.problem)
    choices = open_choices(tables)
    names = Names(instance, part)
    draft = Draft(tables, choices, uses_of(tables, choices), names)
    seats = hold_devices(draft, _held(part, base))
    hold_rules(draft)
    costs: dict[int, Cost] = {}
    for weights in instance.levels[: level + 1]:
        for term in np.flatnonzero(weights).tolist():
            if term not in costs:
                costs[term] = term_cost(draft, term)
                costs[term].constant += float(part.constant[term])

    def total(which: int) -> Cost:
        cost = Cost()
        for term in np.flatnonzero(instance.levels[which]).tolist():
            cost.plus(costs[term], float(instance.levels[which][term]))
        return cost

    for kept, value in zip(range(level), fixed_levels, strict=False):
        keep_level(draft, total(kept), value, instance.levels[kept])
    model = _assemble(draft, total(level), Labels(names, choices, draft.blocks))
    return ClusterModel(model, instance, part, choices, draft.blocks, seats, base)


def _held(part: Part, base: Standing | None) -> Ints:
    """[pieces] the devices of pieces that stand still; -1 of all others."""
    problem = part.problem
    held = np.full(len(problem.piece_size), -1, np.int64)
    if base is not None:
        still = int(problem.piece_first[problem.n - len(part.unit)])
        held[:still] = base.instance.masks_of(base.solution)[part.piece[:still]]
    return held


def _assemble(draft: Draft, cost: Cost, labels: Labels) -> Model:
    """Put the rows and the objective together; rows of few choices get the smallest numbers that say the same."""
    row, col, weight = merge(draft.n, *cost.couplings())
    start, index, coef, rhs, sense, kind = join(draft.rows, ROW_KINDS)
    count = np.diff(draft.choices.first)
    model = Model(
        n=draft.n,
        linear=cost.linear(draft.n),
        row=row,
        col=col,
        weight=weight,
        offset=cost.constant,
        group_start=np.concatenate([[0], np.cumsum(count[count > 0])]).astype(np.int64),
        group_index=np.arange(len(draft.choices.unit), dtype=np.int32),
        con_start=start,
        con_index=index.astype(np.int32),
        con_coef=coef.astype(np.int64),
        con_sense=sense.astype(np.int8),
        con_rhs=rhs.astype(np.int64),
        con_kind=kind.astype(np.int8),
        con_kinds=ROW_KINDS,
        labels=labels,
    )
    return tightened(model)
