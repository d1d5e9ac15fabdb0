"""The objective terms of an assignment over the variables of a model, each exactly what the checker counts."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import numpy as np

from qamctl.cluster.draft import ALWAYS, NEVER, Draft
from qamctl.cluster.energy import Cost
from qamctl.cluster.merge import owners
from qamctl.cluster.spec import NO_LIMIT, TERMS, Ints
from qamctl.cluster.sums import Sums, sums_of
from qamctl.cluster.tables import gather
from qamctl.errors import UnsupportedError
from qamctl.qubo.gram import group_pairs

#: Decimals of a ratio that a row of a QUBO holds.
RATIO_DENOMINATOR: Final = 10**6


def term_cost(draft: Draft, term: int) -> Cost:
    """The cost of a term, by its place in `TERMS`; adds what bits and rows it needs.

    Raises
    ------
    UnsupportedError
        A ratio has no integer row.
    """
    return _TERMS[TERMS[term]](draft)


def _cut(draft: Draft) -> Cost:
    """The weight of links less what both ends share, each leaf a product; less what is left out."""
    problem, choices = draft.problem, draft.choices
    cost = Cost()
    one, other, weight = owners(problem.link_first), problem.link_to.astype(np.int64), problem.link_weight
    once = one < other
    one, other, weight = one[once], other[once], weight[once]
    still = choices.fixed >= 0
    # Between units that stand still nothing is left to choose.
    both = still[one] & still[other]
    a, b = choices.fixed[one[both]], choices.fixed[other[both]]
    cost.constant += float(weight[both][(a != b) & (a < problem.k) & (b < problem.k)].sum())
    # One end stands still: the other one may join it, or be left out.
    half = still[one] ^ still[other]
    free = np.where(still[one[half]], other[half], one[half])
    at = choices.fixed[np.where(still[one[half]], one[half], other[half])].astype(np.int64)
    placed = at < problem.k
    free, at, price = free[placed], at[placed], weight[half][placed]
    cost.constant += float(price.sum())
    for leaf in (at, np.full(len(at), problem.k)):
        choice = choices.find(free, leaf)
        cost.add(choice[choice >= 0], -price[choice >= 0])
    # Both may go somewhere.
    open_ = ~still[one] & ~still[other]
    one, other, weight = one[open_], other[open_], weight[open_]
    cost.constant += float(weight.sum())
    out = np.full(len(one), problem.k)
    first, second = choices.find(one, out), choices.find(other, out)
    for choice in (first, second):
        cost.add(choice[choice >= 0], -weight[choice >= 0])
    either = (first >= 0) & (second >= 0)
    cost.add_pairs(first[either], second[either], weight[either])
    mine, link = gather(choices.first, one)
    partner = choices.find(other[link], choices.leaf[mine])
    met = (partner >= 0) & (choices.leaf[mine] < problem.k)
    cost.add_pairs(mine[met], partner[met], -weight[link[met]])
    return cost


def _load(draft: Draft) -> Cost:
    """What is used above the safe limits."""
    problem = draft.problem
    wanted = (problem.safe < NO_LIMIT) & (problem.load > 0)
    sums, node, column = draft.uses.sums(wanted, twice=False)
    beyond = Sums(sums.start, sums.index, sums.coef, sums.const - problem.safe[node, column])
    return draft.above(
        "load", beyond, problem.load[column],
        lambda i: f"{draft.names.cluster(int(node[i]))}/{draft.names.resource(int(column[i]))}",
    )  # fmt: skip


def _balance(draft: Draft) -> Cost:
    """What leaves lack by the ratios, and how far their sizes are from the target."""
    problem = draft.problem
    cost = Cost()
    for b in range(len(problem.ratio_one)):
        cost.plus(_ratio(draft, b), 1.0)
    if problem.target:
        cost.plus(_target(draft), 1.0)
    return cost


def _ratio(draft: Draft, b: int) -> Cost:
    """weight * max(0, value * (capacity - use) of one - (capacity - use) of the other), in whole numbers."""
    problem = draft.problem
    value = Fraction(float(problem.ratio_value[b])).limit_denominator(RATIO_DENOMINATOR)
    if abs(float(value) - problem.ratio_value[b]) > 1e-12 * abs(problem.ratio_value[b]):
        raise UnsupportedError(
            f"the term balance has a ratio ({problem.ratio_value[b]:g}) that no integer row of a QUBO holds: give it "
            "fewer decimals"
        )
    leaves = np.arange(problem.m) < problem.k
    sums = []
    for r in (int(problem.ratio_one[b]), int(problem.ratio_other[b])):
        wanted = np.zeros(problem.capacity.shape, bool)
        wanted[leaves, r] = True
        used, node, _ = draft.uses.sums(wanted, twice=False)
        free = used.negated()
        sums.append(Sums(free.start, free.index, free.coef, problem.capacity[node, r] + free.const))
    one, other = sums
    lacks = sums_of(
        value.numerator * one.const - value.denominator * other.const,
        np.concatenate([one.row, other.row]), np.concatenate([one.index, other.index]),
        np.concatenate([value.numerator * one.coef, -value.denominator * other.coef]),
    )  # fmt: skip
    price = np.full(problem.k, problem.ratio_weight[b] / value.denominator)
    return draft.above("balance", lacks, price, lambda i: f"{draft.names.cluster(i)}/{b}")


def _target(draft: Draft) -> Cost:
    """|size - target| of leaves in use, as size - target + 2 max(0, target - size)."""
    problem = draft.problem
    target = problem.target
    leaves = np.arange(problem.k)
    bit = draft.used(leaves)
    wanted = np.zeros(problem.capacity.shape, bool)
    wanted[leaves, -1] = True
    sums, _, _ = draft.uses.sums(wanted, twice=False)
    cost = Cost()
    # A leaf that only one choice can open is as large as that makes it.
    lone = (np.diff(sums.start) == 1) & (bit >= 0)
    part = sums.take(lone)
    cost.add(part.index, np.abs(part.coef - target).astype(float))
    mine = np.flatnonzero((bit != NEVER) & ~lone)
    part, bit = sums.take(mine), bit[mine]
    cost.add(part.index, part.coef.astype(float))
    cost.constant += float(part.const.sum())
    always = bit == ALWAYS
    cost.constant -= float(target * always.sum())
    chosen = np.flatnonzero(~always)
    cost.add(bit[chosen], np.full(len(chosen), -float(target)))
    below = sums_of(
        np.where(always, target, 0) - part.const, np.concatenate([part.row, chosen]),
        np.concatenate([part.index, bit[chosen]]),
        np.concatenate([-part.coef, np.full(len(chosen), target)]),
    )  # fmt: skip
    short = draft.above("balance", below, np.ones(len(mine)), lambda i: f"{draft.names.cluster(int(mine[i]))}/size")
    cost.plus(short, 2.0)
    return cost


def _move(draft: Draft) -> Cost:
    """What the moves of agents, of groups and between pairs of leaves cost."""
    problem = draft.problem
    cost = Cost()
    entry, at, gone = homes(draft)
    price = problem.per_agent * problem.home_cost
    cost.constant += float(price[entry].sum() + price[gone].sum())
    cost.add(at[at >= 0], -price[entry][at >= 0])
    if len(problem.pair_cost) and problem.per_pair:
        _pair_costs(draft, cost)
    if problem.per_group and problem.groups:
        group = problem.home_group[entry]
        some, always = group >= 0, gone[problem.home_group[gone] >= 0]
        const = np.zeros(problem.groups, np.int64)
        np.add.at(const, group[some], problem.home_count[entry][some])
        np.add.at(const, problem.home_group[always], problem.home_count[always])
        back = some & (at >= 0)
        counts = sums_of(const, group[back].astype(np.int64), at[back], -problem.home_count[entry][back])
        least, bits = draft.largest("move", counts, "group")
        cost.constant += problem.per_group * least
        cost.add(bits.index, problem.per_group * bits.coef.astype(float))
    return cost


def _pair_costs(draft: Draft, cost: Cost) -> None:
    problem, choices = draft.problem, draft.choices
    unit, leaf = choices.settled
    for who, where, number in ((choices.unit, choices.leaf, np.arange(len(choices.unit))), (unit, leaf, None)):
        entry, owner = gather(problem.home_first, who)
        to = where[owner]
        placed = to < problem.k
        entry, owner, to = entry[placed], owner[placed], to[placed]
        price = problem.pair_cost[problem.home_leaf[entry].astype(np.int64) * problem.k + to]
        price = problem.per_pair * price * problem.home_count[entry]
        if number is None:
            cost.constant += float(price.sum())
        else:
            cost.add(number[owner], price)


def homes(draft: Draft) -> tuple[Ints, Ints, Ints]:
    """(home entries of units that may move, the choice of staying there or -1, entries of units that surely moved)."""
    problem, choices = draft.problem, draft.choices
    unit = owners(problem.home_first)
    fixed = choices.fixed[unit]
    entry = np.flatnonzero(fixed < 0)
    at = choices.find(unit[entry], problem.home_leaf[entry].astype(np.int64))
    return entry, at, np.flatnonzero((fixed >= 0) & (fixed != problem.home_leaf))


def _cost(draft: Draft) -> Cost:
    """What units cost in leaves, and clusters that are not empty."""
    problem, choices = draft.problem, draft.choices
    cost = Cost()
    cost.add(np.arange(len(choices.unit)), draft.tables.cost(choices.unit, choices.leaf))
    cost.constant += float(draft.tables.cost(*choices.settled).sum())
    costly = np.flatnonzero(problem.open_cost > 0)
    bit = draft.used(costly)
    cost.constant += float(problem.open_cost[costly[bit == ALWAYS]].sum())
    cost.add(bit[bit >= 0], problem.open_cost[costly[bit >= 0]])
    return cost


def _spread(draft: Draft) -> Cost:
    """Every two members of a group in one value of its label."""
    problem, choices = draft.problem, draft.choices
    cost = Cost()
    unit, rule, count = owners(problem.member_first), problem.member_rule, problem.member_count.astype(np.int64)
    weighed = (problem.rule_weight[rule] > 0) & (problem.rule_value[rule] >= 0)
    if not weighed.any():
        return cost
    unit, rule, count = unit[weighed], rule[weighed].astype(np.int64), count[weighed]
    width = int(problem.values.max()) + 1
    # Members that stand still, by group and value.
    leaf = choices.fixed[unit].astype(np.int64)
    still = (leaf >= 0) & (leaf < problem.k)
    base = np.zeros(len(problem.rule_weight) * width, np.int64)
    np.add.at(base, rule[still] * width + problem.value[problem.rule_value[rule[still]], leaf[still]], count[still])
    weight = np.repeat(problem.rule_weight, width)
    cost.constant += float((weight * base * (base - 1) / 2).sum())
    # Those that may move: one entry for each of their choices.
    entry, member = gather(choices.first, unit)
    placed = choices.leaf[entry] < problem.k
    entry, member = entry[placed], member[placed]
    key = rule[member] * width + problem.value[problem.rule_value[rule[member]], choices.leaf[entry]]
    number = count[member]
    cost.add(entry, weight[key] * (number * (number - 1) / 2 + base[key] * number))
    order = np.argsort(key, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(key, minlength=len(base)))]).astype(np.int64)
    one, other = group_pairs(start, np.arange(len(order)))
    one, other = order[one], order[other]
    apart = choices.unit[entry[one]] != choices.unit[entry[other]]
    one, other = one[apart], other[apart]
    cost.add_pairs(entry[one], entry[other], weight[key[one]] * number[one] * number[other])
    return cost


def _unplaced(draft: Draft) -> Cost:
    """The rewards of units that are left out."""
    problem, choices = draft.problem, draft.choices
    cost = Cost()
    out = np.flatnonzero(choices.leaf == problem.k)
    cost.add(out, problem.reward[choices.unit[out]])
    cost.constant += float(problem.reward[choices.fixed == problem.k].sum())
    return cost


_TERMS = {
    "cut": _cut, "load": _load, "balance": _balance, "move": _move, "cost": _cost, "spread": _spread,
    "unplaced": _unplaced,
}  # fmt: skip
