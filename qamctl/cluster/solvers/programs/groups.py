"""Rows of rules between units: those that must be apart, groups and how they lie, devices, and links that are cut."""

from __future__ import annotations

import numpy as np

from qamctl.cluster.merge import owners
from qamctl.cluster.solvers.programs.part import Part, expand
from qamctl.cluster.solvers.programs.program import Draft
from qamctl.cluster.spec import NO_LIMIT, Ints


def draw_apart(draft: Draft, part: Part) -> None:
    """Units that may not share a leaf, by links and by groups; the variables of the pairs are the first ones."""
    problem, free = part.problem, part.free
    k = problem.k
    row_of = np.full(problem.n, -1)
    row_of[free] = np.arange(len(free))
    keys = part.unit * k + part.to
    position, entry = expand(problem.apart_first, free[part.unit])
    other = problem.apart_to[entry]
    # One who stays there keeps it out...
    barred = position[part.rest[other] == part.to[position]]
    draft.limit(np.arange(len(barred)), barred, 1.0, upper=np.zeros(len(barred)))
    # ... and of two who are free one at most is there.
    both = row_of[other] > part.unit[position]
    position, wanted = position[both], row_of[other[both]] * k + part.to[position[both]]
    if len(position):
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        found = keys[at] == wanted
        row = np.arange(found.sum())
        draft.limit(
            np.concatenate([row, row]), np.concatenate([position[found], at[found]]), 1.0, upper=np.ones(len(row))
        )  # fmt: skip
    _apart_groups(draft, part)


def _apart_groups(draft: Draft, part: Part) -> None:
    problem, k = part.problem, part.problem.k
    position, entry = expand(problem.member_first, part.free[part.unit])
    apart = problem.rule_apart[problem.member_rule[entry]] > 0
    position, entry = position[apart], entry[apart]
    if not len(position):
        return
    keys, row = np.unique(problem.member_rule[entry].astype(np.int64) * k + part.to[position], return_inverse=True)
    there, count = _members_by(part, np.unique(keys // k), part.rest, np.arange(k + 1), k)
    at = np.minimum(np.searchsorted(there, keys), max(0, len(there) - 1))
    base = np.where(there[at] == keys, count[at], 0) if len(there) else np.zeros(len(keys), np.int64)
    draft.limit(row, position, problem.member_count[entry].astype(float), upper=np.maximum(0, 1 - base))


def _rules(part: Part) -> Ints:
    """The ruled groups that somebody is free of."""
    _, entry = expand(part.problem.member_first, part.free)
    return np.unique(part.problem.member_rule[entry]).astype(np.int64)


def _members_by(part: Part, rules: Ints, leaf: np.ndarray, value: Ints, width: int) -> tuple[Ints, Ints]:
    """(rule * width + value, placed members there), keys ascending.

    Parameters
    ----------
    value
        [k + 1] of each leaf; members of leaf `k` do not count.
    """
    frame, k = part.frame, part.problem.k
    position, entry = expand(frame.rule_first, rules)
    where = leaf[frame.rule_unit[entry]]
    placed = where < k
    keys, at = np.unique(rules[position[placed]] * width + value[where[placed]], return_inverse=True)
    count = np.bincount(at, weights=frame.rule_count[entry[placed]], minlength=len(keys))
    return keys, count.astype(np.int64)


def draw_spreads(draft: Draft, part: Part, charged: bool) -> None:
    """How members of groups lie over the values of a label."""
    problem = part.problem
    position, entry = expand(problem.member_first, part.free[part.unit])
    rule = problem.member_rule[entry]
    count = problem.member_count[entry].astype(np.int64)
    for g in _rules(part).tolist():
        v = int(problem.rule_value[g])
        weighed = charged and problem.rule_weight[g] > 0
        if v < 0 or not (problem.rule_least[g] > 0 or problem.rule_skew[g] < NO_LIMIT or weighed):
            continue
        mine = rule == g
        pair, number = position[mine], count[mine]
        value = problem.value[v][part.to[pair]].astype(np.int64)
        values = int(problem.values[v])
        of = np.append(problem.value[v], 0).astype(np.int64)
        base, now = (_dense(*_members_by(part, np.array([g]), leaf, of, values), g, values)
                     for leaf in (part.rest, part.leaf))  # fmt: skip
        if problem.rule_least[g] > 0:
            _spread_least(draft, pair, value, base, now, int(problem.rule_least[g]))
        if problem.rule_skew[g] < NO_LIMIT:
            _spread_skew(draft, pair, number, value, base, now, int(problem.rule_skew[g]))
        if weighed:
            _spread_cost(draft, pair, number, value, base, now, float(problem.rule_weight[g]))


def _dense(keys: Ints, count: Ints, g: int, values: int) -> Ints:
    out = np.zeros(values, np.int64)
    out[keys - g * values] = count
    return out


def _spread_least(draft: Draft, pair: Ints, value: Ints, base: Ints, now: Ints, least: int) -> None:
    missing = least - int((base > 0).sum())
    empty = np.flatnonzero(base == 0)
    if missing <= 0:
        return
    column = draft.variables(now[empty] > 0, 1.0, whole=True)
    some = base[value] == 0
    number = draft.limit(np.searchsorted(empty, value[some]), pair[some], 1.0, lower=np.zeros(len(empty)))
    draft.extend(number, column, -1.0)
    draft.limit(np.zeros(len(empty), np.int64), column, 1.0, lower=np.array([missing]))


def _spread_skew(draft: Draft, pair: Ints, number: Ints, value: Ints, base: Ints, now: Ints, skew: int) -> None:
    lowest = draft.variables(now.min(keepdims=True), float(base.sum() + number.sum()), whole=True)
    for lower, upper in ((-base, None), (None, skew - base)):
        rows = draft.limit(value, pair, number.astype(float), lower=lower, upper=upper)
        draft.extend(rows, np.repeat(lowest, len(base)), -1.0)


def _spread_cost(draft: Draft, pair: Ints, number: Ints, value: Ints, base: Ints, now: Ints, weight: float) -> None:
    """The s-th member of a value costs s - 1: steps that get dearer are taken in their order."""
    more = np.bincount(value, weights=number, minlength=len(base)).astype(np.int64)
    step_value = np.repeat(np.arange(len(base)), more)
    step = np.arange(len(step_value)) - np.repeat(np.concatenate([[0], np.cumsum(more)])[:-1], more)
    column = draft.variables(step < (now - base)[step_value], 1.0)
    draft.charge("spread", column, weight * (base[step_value] + step))
    zero = np.zeros(len(base))
    rows = draft.limit(value, pair, number.astype(float), lower=zero, upper=zero)
    draft.extend(rows[step_value], column, -1.0)


def draw_near(draft: Draft, part: Part) -> None:
    """Wherever (neighbourhood) a group has a member, the groups that it must be near to have one."""
    problem = part.problem
    if not len(problem.near_rule):
        return
    position, entry = expand(problem.member_first, part.free[part.unit])
    rule, place = problem.member_rule[entry], problem.place[part.to[position]].astype(np.int64)
    unit = part.unit[position]
    edge_from, edge_to = owners(problem.near_first), problem.near_rule
    touched = np.zeros(len(problem.rule_apart), bool)
    touched[_rules(part)] = True
    stays = np.append(problem.place, 0).astype(np.int64)
    named = np.unique(np.concatenate([edge_from, edge_to]))
    key, _ = _members_by(part, named, part.rest, stays, problem.places)
    fixed = np.zeros((len(problem.rule_apart), problem.places), bool)
    fixed[key // problem.places, key % problem.places] = True
    for g, h in zip(edge_from.tolist(), edge_to.tolist(), strict=True):
        if not (touched[g] or touched[h]):
            continue
        needs, gives = rule == g, rule == h
        # A place where somebody stays who is needed asks nothing more.
        asks = fixed[g] & ~fixed[h]
        row_place = [np.flatnonzero(asks)]
        cells = needs & ~fixed[h][place] & ~fixed[g][place]
        keys, row = np.unique(unit[cells] * problem.places + place[cells], return_inverse=True)
        row_place.append(keys % problem.places)
        first, places = len(row_place[0]), np.concatenate(row_place)
        if not len(places):
            continue
        lower = (np.arange(len(places)) < first).astype(float)
        # Whoever gives something in a place gives it to every row of this place.
        order = np.argsort(places, kind="stable")
        begin, end = (np.searchsorted(places[order], place[gives], side=side) for side in ("left", "right"))
        who = np.repeat(position[gives], end - begin)
        at = order[np.arange(len(who)) - np.repeat(np.cumsum(end - begin) - end, end - begin)]
        number = draft.limit(at, who, 1.0, lower=lower)
        draft.extend(number[first + row], position[cells], -1.0)


def draw_devices(draft: Draft, part: Part) -> None:
    """Devices that pieces of at least half of one need for themselves; how the others share is left to the search."""
    problem = part.problem
    if not len(problem.piece_size):
        return
    kinds = len(problem.device_size)
    size = problem.device_size[problem.piece_device]
    alone = np.where(problem.piece_size >= size, problem.piece_size // size, 2 * problem.piece_size > size)
    owner = owners(problem.piece_first)
    need = np.zeros((problem.n, kinds), np.int64)
    np.add.at(need, (owner, problem.piece_device), alone)
    placed = part.rest < problem.k
    room = problem.device_count.copy()
    np.subtract.at(room, part.rest[placed], need[placed])
    pair, kind = np.nonzero(need[part.free[part.unit]])
    keys, row = np.unique(part.to[pair] * kinds + kind, return_inverse=True)
    factor = need[part.free[part.unit[pair]], kind].astype(float)
    draft.limit(row, pair, factor, upper=room[keys // kinds, keys % kinds])


def draw_cut(draft: Draft, part: Part) -> None:
    """Links whose ends are apart: a variable for each of those between two who are free."""
    problem, k, free = part.problem, part.problem.k, part.free
    position, entry = expand(problem.link_first, free[part.unit])
    other = problem.link_to[entry]
    away = part.rest[other]
    apart = (away < k) & (away != part.to[position])
    draft.charge("cut", position[apart], problem.link_weight[entry[apart]])
    row_of = np.full(problem.n, -1)
    row_of[free] = np.arange(len(free))
    one, entry = expand(problem.link_first, free)
    two = row_of[problem.link_to[entry]]
    once = two > one
    one, two, weight = one[once], two[once], problem.link_weight[entry][once]
    if not len(one):
        return
    leaf = part.leaf[free]
    cut = (leaf[one] != leaf[two]) & (leaf[one] < k) & (leaf[two] < k)
    column = draft.variables(cut, 1.0)
    draft.charge("cut", column, weight)
    # Cut if `one` is somewhere and `two` is not there, but somewhere.
    first = np.searchsorted(part.unit, np.arange(len(free) + 1))
    link, mine = expand(first, one)
    keys, wanted = part.unit * k + part.to, two[link] * k + part.to[mine]
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found = keys[at] == wanted
    optional = problem.optional[free] > 0
    number = draft.limit(np.arange(len(link)), mine, -1.0, lower=np.where(optional[two[link]], -1.0, 0.0))
    draft.extend(number, column[link], 1.0)
    draft.extend(number[found], at[found], 1.0)
    some = np.flatnonzero(optional[two[link]])
    row, theirs = expand(first, two[link[some]])
    draft.extend(number[some[row]], theirs, -1.0)
