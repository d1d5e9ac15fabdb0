"""The list of moves of a result, replayed: from the current state to the answer, and no step breaks what must hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from qamctl.checks.figures import amount, shown
from qamctl.cluster.check.columns import Columns
from qamctl.cluster.check.demand import demand_in
from qamctl.cluster.check.fit import misfits
from qamctl.cluster.check.inside import Inside, sums_by
from qamctl.cluster.check.report import Exact, Findings, Violation, new_findings
from qamctl.cluster.check.rows import columns_of_rows
from qamctl.cluster.spec import NO_LIMIT, ClusterSpec, Ints

#: Every kind of violation of a list of moves; part of the public contract.
STEPS: Final = ("step", "step-from", "step-to", "step-capacity", "step-shared-capacity", "step-size", "step-blocked")

_KNOWN: Final = frozenset({"step", "agent", "from", "to"})

#: Sums below this stay in 64 bits.
_FITS: Final = 2**61


@dataclass(frozen=True, slots=True)
class Replay:
    """The verdict on a list of moves.

    Attributes
    ----------
    violations, counts
        As in a `Report`, in the order of `STEPS`.
    blocked
        The agents whose place in the answer is another than after the last step.
    """

    violations: tuple[Violation, ...]
    counts: Mapping[str, int]
    blocked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps that can be followed; arrays over them.

    Attributes
    ----------
    number
        As the list counts them, from 1.
    agent, old, new
        Who moves, from where it was before this step, to where; -1 for nowhere.
    """

    number: Ints
    agent: Ints
    old: Ints
    new: Ints


def check_moves(
    spec: ClusterSpec, assignments: Sequence[Mapping[str, Any]], moves: Sequence[Mapping[str, Any]]
) -> Replay:
    """Replay the moves of a result file step by step; see `replay`.

    Parameters
    ----------
    assignments
        The rows of the answer, see `check_assignments`.
    moves
        Rows `{"step", "agent", "from", "to"}`; clusters by id, null for nowhere. Whatever is wrong with a row is a
        violation, never an exception.
    """
    return replay(spec, columns_of_rows(spec, assignments, new_findings()), moves)


def replay(spec: ClusterSpec, columns: Columns, moves: Sequence[Mapping[str, Any]]) -> Replay:
    """Replay moves from the current state.

    Each step moves one agent from where it is into a leaf where it may be, or out where the answer leaves it out. No
    step makes a cluster, an inner one too, or all together fuller than the capacity, or a cluster larger than its
    largest size; what is over a limit already may get emptier, and never fuller. While a step lasts, the agent counts
    at its old place too for transient resources: there it is as full as before the step, so only what the agent enters
    can break. Of devices, only the totals are held here: how parts would be packed while agents are on their way is
    not asked.

    Where no agent is anywhere now, nothing moves: an empty list is right, and nobody is blocked.
    """
    findings = new_findings(STEPS)
    if not isinstance(moves, (list, tuple)):
        findings.add("step", f"the moves must be a list of steps, not {type(moves).__name__}")
        moves = ()
    steps = _read(spec, columns, moves, findings)
    _fits(spec, columns, steps, findings)
    _levels(spec, steps, findings)
    state = spec.agents.current.astype(np.int64)
    state[steps.agent] = steps.new  # the last of several counts
    blocked = np.flatnonzero(columns.known & (state != columns.cluster))
    if len(moves) == 0 and (spec.agents.current < 0).all():
        blocked = blocked[:0]
    halfway = blocked[np.isin(blocked, steps.agent)]
    ids = spec.agents.ids
    findings.add_each(
        "step-blocked",
        halfway.tolist(),
        lambda i: findings.add(
            "step-blocked", f"agent {ids[i]}: its steps do not end where the answer has it", agent=ids[i], rows=[i]
        ),
    )
    return Replay(findings.violations(), findings.counts(), tuple(ids[i] for i in blocked.tolist()))


def _read(spec: ClusterSpec, columns: Columns, moves: Sequence[Mapping[str, Any]], findings: Findings) -> _Steps:
    """The steps of a list, each from where its agent is by then."""
    agent_of = {name: i for i, name in enumerate(spec.agents.ids)}
    cluster_of: dict[str | None, int] = {name: k for k, name in enumerate(spec.clusters.ids)}
    cluster_of[None] = -1
    state, leaf = spec.agents.current.tolist(), spec.clusters.leaf.tolist()
    out = (columns.known & ~columns.placed).tolist()
    found: list[tuple[int, int, int, int]] = []
    for number, row in enumerate(moves, 1):
        wrong = _malformed(number, row)
        if wrong:
            findings.add("step", f"step {number}: {wrong}")
            continue
        name, source, target = row["agent"], row["from"], row["to"]
        if name not in agent_of:
            findings.add("step", f"step {number}: the spec has no agent {shown(name)}", agent=name)
            continue
        i = agent_of[name]
        k, here = cluster_of.get(target, len(leaf)), state[i]
        if cluster_of.get(source, len(leaf)) != here:
            text = f"step {number}: agent {name} is moved from {_place(source)}, it is in {_at(spec, here)} by then"
            findings.add("step-from", text, agent=name, cluster=source, rows=[i])
        why = None
        if k == len(leaf):
            why = f"the spec has no cluster {shown(target)}"
        elif k >= 0 and not leaf[k]:
            why = f"cluster {target} has clusters inside"
        elif k == here:
            why = f"it is in {_at(spec, here)} already"
        elif k < 0 and not out[i]:
            why = "it is put nowhere, and the answer has it in a cluster"
        if why:
            findings.add("step-to", f"step {number}: agent {name}: {why}", agent=name, cluster=target, rows=[i])
            continue
        found.append((number, i, here, k))
        state[i] = k
    columns_ = np.array(found, np.int64).reshape(len(found), 4).T
    return _Steps(*columns_)


def _malformed(number: int, row: Any) -> str | None:
    """What is wrong with the shape of a step."""
    if not isinstance(row, Mapping):
        return f"must be a mapping, not {type(row).__name__}"
    if row.keys() != _KNOWN:
        keys = ", ".join(sorted(map(repr, row.keys() ^ _KNOWN)))
        return f"must have step, agent, from and to, and nothing else: {keys:.80}"
    if type(row["step"]) is not int or row["step"] != number:
        return f"its number is {shown(row['step'])}; steps count from 1 in the order of the list"
    if not isinstance(row["agent"], str):
        return f"agent must be the id of an agent, not {shown(row['agent'])}"
    for key in ("from", "to"):
        if row[key] is not None and not isinstance(row[key], str):
            return f"{key} must be the id of a cluster or null, not {shown(row[key])}"
    return None


def _place(name: str | None) -> str:
    return "nowhere" if name is None else f"cluster {shown(name)}"


def _at(spec: ClusterSpec, k: int) -> str:
    return "no cluster" if k < 0 else f"cluster {spec.clusters.ids[k]}"


def _fits(spec: ClusterSpec, columns: Columns, steps: _Steps, findings: Findings) -> None:
    """On its way an agent is only where it may be; where the answer has it is judged with the answer."""
    way = np.flatnonzero((steps.new >= 0) & (steps.new != columns.cluster[steps.agent]))
    for place, _, why in misfits(spec, steps.agent[way], steps.new[way]):
        step = way[place]
        name, where = spec.agents.ids[steps.agent[step]], spec.clusters.ids[steps.new[step]]
        text = f"step {steps.number[step]}: agent {name}: it may not be in cluster {where}, {why}"
        findings.add("step-to", text, agent=name, cluster=where, rows=[int(steps.agent[step])])


def _levels(spec: ClusterSpec, steps: _Steps, findings: Findings) -> None:
    """Uses and sizes after every step, cluster by cluster; all clusters together stand behind the last one."""
    inside, k = Inside(spec), len(spec.clusters.ids)
    current = spec.agents.current.astype(np.int64)
    here = np.flatnonzero(current >= 0)
    at_first = demand_in(spec, here, current[here])
    start = np.concatenate([inside.sums(current[here], at_first), sums_by(np.zeros_like(here), at_first, 1)])
    size = np.append(inside.sums(current[here], np.ones(len(here), np.int64)), len(here))
    limit = np.concatenate([spec.clusters.capacity, spec.resources.capacity[None]])
    largest = np.append(spec.clusters.max_size, NO_LIMIT)

    came, went = demand_in(spec, steps.agent, steps.new), demand_in(spec, steps.agent, steps.old)
    came[steps.new < 0], went[steps.old < 0] = 0, 0
    everywhere = np.full(len(steps.agent), k)
    where, step, change, people = [], [], [], []
    ways = [*zip(inside.levels(steps.old), inside.levels(steps.new), strict=True), (everywhere, everywhere)]
    for before, after in ways:
        entered, left = np.flatnonzero(after >= 0), np.flatnonzero((before >= 0) & (before != after))
        stays = before[entered] == after[entered]
        where += [after[entered], before[left]]
        step += [entered, left]
        change += [came[entered] - np.where(stays[:, None], went[entered], 0), -went[left]]
        people += [np.where(stays, 0, 1), np.full(len(left), -1)]
    place, at = np.concatenate(where), np.concatenate(step)
    order = np.lexsort((at, place))
    place, at = place[order], at[order]
    first = np.append(True, place[1:] != place[:-1])
    amounts, heads = np.concatenate(change)[order], np.concatenate(people)[order]
    for r in range(len(spec.resources.ids)):
        _column(spec, steps, (place, at, first), amounts[:, r], start[:, r], limit[:, r], r, findings)
    _column(spec, steps, (place, at, first), heads, size, largest, None, findings)


def _column(
    spec: ClusterSpec,
    steps: _Steps,
    events: tuple[Ints, Ints, Ints],
    change: Exact,
    start: Exact,
    limit: Ints,
    resource: int | None,
    findings: Findings,
) -> None:
    """One resource, or the sizes (None); the events are sorted by cluster and step, and `first` of a cluster or not."""
    place, at, first = events
    if len(place) == 0 or (limit == NO_LIMIT).all():
        return
    greatest = max(int(np.abs(change).max()), int(np.abs(start).max()))
    if greatest * (len(change) + 1) >= _FITS:  # too great for 64 bits
        change, start = change.astype(object), start.astype(object)
    running = np.cumsum(change)
    base = (running - change)[first]
    level = start[place] + running - np.repeat(base, np.diff(np.append(np.flatnonzero(first), len(place))))
    over = np.flatnonzero((level > limit[place]) & (change > 0) & (limit[place] < NO_LIMIT))
    over = over[np.argsort(at[over], kind="stable")]
    shared = place[over] == len(spec.clusters.ids)
    constraint = "step-size" if resource is None else "step-capacity"
    name = None if resource is None else spec.resources.ids[resource]
    scale = 1 if resource is None else int(spec.resources.scale[resource])

    def note(event: int) -> None:
        which, step = int(place[event]), int(at[event])
        total, most, i = int(level[event]), int(limit[which]), int(steps.agent[step])
        cluster = None if which == len(spec.clusters.ids) else spec.clusters.ids[which]
        what = "agents" if name is None else f"of {name} used"
        whose = "its largest size" if name is None else "its capacity" if cluster else "there is"
        text = (
            f"step {steps.number[step]}: agent {spec.agents.ids[i]} makes "
            f"{f'cluster {cluster}' if cluster else 'all clusters together'} too full: {amount(total, scale)} {what}, "
            f"{amount(total - most, scale)} more than {whose}, {amount(most, scale)}"
        )
        kind = constraint if cluster else "step-shared-capacity"
        findings.add(kind, text, agent=spec.agents.ids[i], cluster=cluster, resource=name, rows=[i])

    findings.add_each(constraint, over[~shared].tolist(), note)
    findings.add_each("step-shared-capacity", over[shared].tolist(), note)
