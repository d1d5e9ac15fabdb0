"""How long data take from the agents of one task to those of the next, from the bandwidths and latencies alone."""

from __future__ import annotations

from typing import Final

import numpy as np

from qamctl.schedule.check.columns import FARTHEST, Columns
from qamctl.schedule.spec import Ints, ScheduleSpec, Transfers

#: Data, bandwidths and latencies of a spec are so many parts of the file's units.
_PARTS: Final = 10**6


def delays_of(spec: ScheduleSpec, columns: Columns) -> Ints:
    """[E] ticks that each arc of the precedence waits for data; 0 where nothing is sent or an end has no agent.

    Every agent of the task after waits for the quickest agent of the task before, and the task waits for the last of
    them; an agent that does both tasks has what it needs.
    """
    after, crews = spec.after, columns.crews
    delay = np.zeros(len(after.pred), np.int64)
    if spec.transfers is None:
        return delay
    arcs = np.flatnonzero((after.data > 0) & (crews.size[after.pred] > 0) & (crews.size[after.succ] > 0))
    if not len(arcs):
        return delay
    pred, succ = after.pred[arcs], after.succ[arcs]
    # One line for each receiver of each arc, then one for each sender to each of them.
    arc, receiver = crews.entries(succ)
    line, sender = crews.entries(pred[arc])
    from_, to = crews.agent[sender], crews.agent[receiver[line]]
    ticks = _ticks(spec, spec.transfers, after.data[arcs[arc[line]]], from_, to)
    quickest = np.minimum.reduceat(ticks, np.flatnonzero(np.diff(line, prepend=-1)))
    delay[arcs] = np.maximum.reduceat(quickest, np.flatnonzero(np.diff(arc, prepend=-1)))
    return delay


def _ticks(spec: ScheduleSpec, transfers: Transfers, data: Ints, from_: Ints, to: Ints) -> Ints:
    """[n] ticks that data take from one agent to another; 0 where it is the same."""
    agents, speeds = len(spec.agents.ids), len(transfers.bandwidth)
    known = np.array(sorted(a * agents + b for a, b in transfers.link), np.int64)
    speed = np.zeros(len(data), np.int64)
    if len(known):
        which = np.array([transfers.link[divmod(pair, agents)] for pair in known.tolist()], np.int64)
        pair = from_ * agents + to
        at = np.minimum(np.searchsorted(known, pair), len(known) - 1)
        speed = np.where(known[at] == pair, which[at], 0)
    amounts, amount = np.unique(data, return_inverse=True)
    kinds, kind = np.unique(amount * speeds + speed, return_inverse=True)
    up, down = spec.time.resolution.numerator, spec.time.resolution.denominator
    found = []
    for k in kinds.tolist():
        sent, link = int(amounts[k // speeds]), k % speeds
        bandwidth, latency = int(transfers.bandwidth[link]), int(transfers.latency[link])
        # ceil((latency / parts + sent / bandwidth) / resolution), in integers without a limit.
        ticks = -(-(latency * bandwidth + sent * _PARTS) * down // (_PARTS * bandwidth * up))
        found.append(min(ticks, FARTHEST))
    return np.where(from_ == to, 0, np.array(found, np.int64)[kind])


def sent_between(spec: ScheduleSpec, columns: Columns, arc: int) -> str:
    """The agents at both ends of an arc, as a sentence names them."""
    crews, names = columns.crews, spec.agents.ids
    ends = (crews.of(int(task)) for task in (spec.after.pred[arc], spec.after.succ[arc]))
    return " to ".join(", ".join(names[agent] for agent in crew[:5]) + (", ..." if crew[5:] else "") for crew in ends)
