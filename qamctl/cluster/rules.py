"""The hard rules of an assignment as rows of a model: room, sizes, company of units, bounds on moves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qamctl.cluster.costs import homes
from qamctl.cluster.draft import NEVER, Draft, below
from qamctl.cluster.merge import owners
from qamctl.cluster.spec import NO_LIMIT, Ints
from qamctl.cluster.sums import Sums, sums_of
from qamctl.cluster.tables import gather
from qamctl.errors import UnsupportedError
from qamctl.qubo.row_blocks import Rows
from qamctl.qubo.whole_row import whole_row


def hold_rules(draft: Draft) -> None:
    """Add the rows of every rule but those of devices.

    Raises
    ------
    UnsupportedError
        The bound on the cost of moves has no integer row.
    """
    _room(draft)
    _least(draft)
    _apart(draft)
    _spread(draft)
    _near(draft)
    _moves(draft)


def _room(draft: Draft) -> None:
    """Capacities, and largest sizes: those are the limit of the last resource."""
    problem = draft.problem
    limited = problem.capacity < NO_LIMIT
    size = np.zeros_like(limited)
    size[:, -1] = limited[:, -1]
    limited[:, -1] = False
    for kind, wanted in (("capacity", limited), ("size", size)):
        sums, node, column = draft.uses.sums(wanted, twice=True)
        draft.hold(kind, sums, problem.capacity[node, column])


def _least(draft: Draft) -> None:
    """Smallest sizes; where the number of clusters is open they hold only where a cluster is in use."""
    problem = draft.problem
    base = draft.uses.base[:, -1]
    asked = problem.least > base
    wanted = np.zeros(problem.capacity.shape, bool)
    wanted[:, -1] = asked
    sums, node, _ = draft.uses.sums(wanted, twice=False)
    least = problem.least[node]
    if not problem.elastic:
        draft.hold("size", sums.negated(), -least)
        return
    always = base[node] > 0
    draft.hold("size", sums.take(always).negated(), -least[always])
    some = ~always & (least > 1)
    bit = draft.used(node[some])
    part, least = sums.take(some), least[some]
    # A leaf that only one choice can open is used where that is chosen: its own size may be too small.
    mine = np.flatnonzero(bit != NEVER)
    rows = sums_of(
        np.zeros(len(least), np.int64), np.concatenate([part.row, mine]), np.concatenate([part.index, bit[mine]]),
        np.concatenate([-part.coef, least[mine]]),
    )  # fmt: skip
    draft.hold("size", rows)


def _apart(draft: Draft) -> None:
    """Pairs that may not share a leaf, and groups of which no two may."""
    problem, choices = draft.problem, draft.choices
    one, other = owners(problem.apart_first), problem.apart_to.astype(np.int64)
    once = one < other
    mine, pair = gather(choices.first, one[once])
    partner = choices.find(other[once][pair], choices.leaf[mine])
    met = (partner >= 0) & (choices.leaf[mine] < problem.k)
    draft.hold_pairs("apart", mine[met], partner[met], 1, 1)
    # Whoever is beside one that stands still has lost that choice already; two that stand still can't be helped.
    a, b = choices.fixed[one[once]], choices.fixed[other[once]]
    broken = int(((a == b) & (a >= 0) & (a < problem.k)).sum())
    none = np.zeros(0, np.int64)
    draft.hold("apart", sums_of(np.ones(broken, np.int64), none, none, none))
    groups = np.flatnonzero(problem.rule_apart)
    if len(groups):
        sums, _ = members(draft, groups, np.arange(problem.k), problem.k)
        draft.hold("apart", sums, 1)


def members(draft: Draft, groups: Ints, at: Ints, width: int, *, once: bool = False) -> tuple[Sums, Ints]:
    """([g * width] members of each group by what their leaf is, which of them are 0 whatever is chosen).

    Parameters
    ----------
    groups
        [g] ascending.
    at
        [k] a number below `width` for each leaf.
    once
        Whether there is any: units count once, however many members they are.
    """
    problem, choices = draft.problem, draft.choices
    entry, group = gather(draft.tables.rule_first, groups)
    unit, count = draft.tables.rule_unit[entry], draft.tables.rule_count[entry]
    if once:
        count = np.ones_like(count)
    leaf = choices.fixed[unit].astype(np.int64)
    still = np.flatnonzero((leaf >= 0) & (leaf < problem.k))
    const = np.zeros(len(groups) * width, np.int64)
    np.add.at(const, group[still] * width + at[leaf[still]], count[still])
    choice, member = gather(choices.first, unit)
    placed = choices.leaf[choice] < problem.k
    choice, member = choice[placed], member[placed]
    sums = sums_of(const, group[member] * width + at[choices.leaf[choice]], choice, count[member])
    return sums, (const == 0) & (np.diff(sums.start) == 0)


def _spread(draft: Draft) -> None:
    """Groups over at least so many values of a label, and no value with many more members than another."""
    problem = draft.problem
    ruled = problem.rule_value >= 0
    for g in np.flatnonzero(ruled & (problem.rule_least > 0)).tolist():
        label, width = int(problem.rule_value[g]), int(problem.values[problem.rule_value[g]])
        sums, empty = members(draft, np.array([g]), problem.value[label].astype(np.int64), width, once=True)
        _seen_at_least(draft, g, sums, empty, int(problem.rule_least[g]))
    for g in np.flatnonzero(ruled & (problem.rule_skew < NO_LIMIT)).tolist():
        label, width = int(problem.rule_value[g]), int(problem.values[problem.rule_value[g]])
        sums, _ = members(draft, np.array([g]), problem.value[label].astype(np.int64), width)
        _skew(draft, g, sums, int(problem.rule_skew[g]))


def _seen_at_least(draft: Draft, g: int, sums: Sums, empty: np.ndarray, least: int) -> None:
    """Values with a member, each a bit that is at most the number of members there; at least so many of them."""
    held = sums.const > 0
    open_ones = np.flatnonzero(~held & ~empty)
    need = least - int(held.sum())
    if need <= 0:
        return
    bit = _seen(draft, "spread", sums.take(open_ones), lambda i: f"seen/{g}/{open_ones[i]}")
    count = len(bit)
    draft.hold("spread", sums_of(np.zeros(1, np.int64), np.zeros(count, np.int64), bit, np.full(count, -1)), -need)


def _seen(draft: Draft, kind: str, sums: Sums, name: Callable[[int], str]) -> Ints:
    """[rows] bits that are 0 where all of a row's variables are."""
    bit = draft.any_of(sums, name)
    own = np.diff(sums.start) > 1
    part = sums.take(own)
    mine = np.flatnonzero(own)
    rows = sums_of(
        np.zeros(len(mine), np.int64), np.concatenate([part.row, np.arange(len(mine))]),
        np.concatenate([part.index, bit[mine]]),
        np.concatenate([np.full(len(part.index), -1), np.ones(len(mine), np.int64)]),
    )  # fmt: skip
    draft.hold(kind, rows)
    return bit


def _skew(draft: Draft, g: int, sums: Sums, skew: int) -> None:
    """No value has more than `skew` members more than another."""
    width = len(sums.const)
    if width == 2:
        both = sums_of(
            np.array([sums.const[0] - sums.const[1]]), np.zeros(len(sums.index), np.int64), sums.index,
            np.where(sums.row == 0, sums.coef, -sums.coef),
        )  # fmt: skip
        draft.hold("spread", both, skew)
        draft.hold("spread", both.negated(), skew)
        return
    low, high = draft.reach(sums)
    if width < 2 or int(high.max()) - int(low.min()) <= skew:
        return
    # least <= every count <= least + skew, for a number `least` of the model's own.
    fewest = int(low.min())
    bits = draft.number(
        np.array([int(high.min()) - fewest]), lambda i: f"fewest/{g}",
        lambda sample: np.array([int(sums.values(sample).min()) - fewest]),
    )  # fmt: skip
    draft.rows.append(below("spread", sums, bits, fewest + skew))
    size = np.diff(sums.start) + len(bits.index)
    row = np.concatenate([sums.row, np.repeat(np.arange(width), len(bits.index))])
    order = np.argsort(row, kind="stable")
    draft.rows.append(
        Rows(
            "spread", np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
            np.concatenate([sums.index, np.tile(bits.index, width)])[order],
            np.concatenate([-sums.coef, np.tile(bits.coef, width)])[order], sums.const - fewest,
        )
    )  # fmt: skip


def _near(draft: Draft) -> None:
    """Wherever a member of a group is, a member of each group that it must be near is, too."""
    problem = draft.problem
    if not len(problem.near_rule):
        return
    group, other = owners(problem.near_first), problem.near_rule.astype(np.int64)
    mine, wanted, places = np.unique(group), np.unique(other), problem.places
    at = problem.place.astype(np.int64)
    here, gone = members(draft, mine, at, places, once=True)
    there, empty = members(draft, wanted, at, places, once=True)
    # One row for each pair of groups and each neighbourhood in which the first one may be, and the other is not yet.
    place = np.arange(places)
    source = (np.searchsorted(mine, group)[:, None] * places + place).ravel()
    spot = (np.searchsorted(wanted, other)[:, None] * places + place).ravel()
    some = (there.const[spot] == 0) & ~gone[source]
    source, spot = source[some], spot[some]
    needed = np.zeros(len(there.const), bool)
    needed[spot] = True
    open_ones = np.flatnonzero(needed & ~empty)
    number = np.full(len(there.const), -1, np.int64)

    def name(i: int) -> str:
        which, where = divmod(int(open_ones[i]), places)
        return f"near/{wanted[which]}/{where}"

    number[open_ones] = _seen(draft, "near", there.take(open_ones), name)
    bit, stands = number[spot], here.const[source] > 0
    # A member that stands still needs company; one that may come needs it where it comes.
    asked = bit[stands]
    known = np.flatnonzero(asked >= 0)
    draft.hold("near", sums_of(np.ones(len(asked), np.int64), known, asked[known], np.full(len(known), -1)))
    part = here.take(source[~stands])
    bit = bit[~stands][part.row]
    follows = (bit >= 0) & (bit != part.index)
    draft.hold_pairs("near", part.index[follows], bit[follows], -1, 0)
    never = part.index[bit < 0]
    draft.hold("near", _none_of(never))


def _none_of(choice: Ints) -> Sums:
    """One row for each of some choices that may not be taken."""
    count = len(choice)
    return sums_of(np.zeros(count, np.int64), np.arange(count), choice, np.ones(count, np.int64))


def _moves(draft: Draft) -> None:
    """Agents that may move, and what their moves may cost."""
    problem = draft.problem
    entry, at, gone = homes(draft)
    back = at >= 0
    if problem.most_moves < NO_LIMIT:
        count = problem.home_count
        total = np.array([int(count[entry].sum() + count[gone].sum())])
        rows = sums_of(total, np.zeros(int(back.sum()), np.int64), at[back], -count[entry][back])
        draft.hold("moves", rows, int(problem.most_moves))
    if problem.max_move_cost < np.inf:
        price = problem.home_cost
        total_cost = float(price[entry].sum() + price[gone].sum())
        room = float(problem.max_move_cost) - total_cost
        tolerance = 1e-9 * max(1.0, problem.max_move_cost)
        costly = back & (price[entry] > 0)
        if room + tolerance >= 0:
            return
        found = whole_row(-price[entry][costly], room + tolerance) if costly.any() else (np.zeros(0, np.int64), -1)
        if found is None:
            raise UnsupportedError("moves.max_cost has costs that no integer row of a QUBO holds: round them")
        coef, rhs = found
        index = at[costly]
        draft.hold("moves", sums_of(np.zeros(1, np.int64), np.zeros(len(index), np.int64), index, coef), rhs)
