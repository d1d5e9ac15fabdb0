"""Which single agents are the options of every mode: all that may do it, or, where that is too many, some of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from qamctl.schedule.fleet import Fleet, Mask
from qamctl.schedule.spec import Index, Ints, ScheduleSpec

#: In place of the holder of an agent that the spec does not have any more.
_GONE: Final = -2

#: Options that every mode keeps at least, as far as there are so many, and by how many times more one may keep whose
#: agent is gone: it has to find another.
LEAST: Final = 8
_MORE: Final = 100

#: Pairs of a mode and a holder that are looked at together.
_TABLE: Final = 1_000_000


@dataclass(frozen=True)
class Single:
    """Options of one agent, or of none.

    Attributes
    ----------
    mode, holder
        [O] of each option, by mode and then by holder.
    reach
        ([T], [T]) ticks of work that each task takes at least and at most, whoever does it; None where all that single
        agents can do is an option.
    """

    mode: Index
    holder: Index
    reach: tuple[Ints, Ints] | None = None


def single_options(
    spec: ScheduleSpec, fleet: Fleet, masks: Sequence[Mask], mask_of_mode: Index, most: int, few: int
) -> Single:
    """Every mode on every holder of which one agent may do it alone.

    Parameters
    ----------
    most, few
        Where there would be more than `most`, every mode keeps some of the agents that it fits, together about `few`:
        one of the quickest, that of an earlier schedule, and others spread evenly over the fleet, different ones for
        each task.
    """
    holders = fleet.able(masks)
    needs_agent = fleet.demand[:-1, 0] == 1
    alone = needs_agent & (spec.modes.count == 1)
    count = np.array([len(h) for h in holders], np.int64)[mask_of_mode]
    if int(count[alone].sum()) > most:
        return _some(spec, fleet, holders, mask_of_mode, alone, few)
    count[~needs_agent] = 1
    count[needs_agent & ~alone] = 0
    mode = np.repeat(np.arange(len(count), dtype=np.int32), count)
    holder = np.zeros(len(mode), np.int32)
    if len(mode):
        nobody, pool = np.zeros(0, np.int64), np.zeros(1, np.int64)
        holder[:] = np.concatenate(
            [
                holders[mask] if one else nobody if needs else pool
                for mask, needs, one in zip(mask_of_mode, needs_agent, alone, strict=True)
            ]
        )
    return Single(mode, holder)


def _some(
    spec: ScheduleSpec, fleet: Fleet, holders: Sequence[Ints], mask_of_mode: Index, alone: Mask, few: int
) -> Single:
    share = max(LEAST, few // max(1, int(alone.sum())))
    pinned, before = _asked_for(spec, fleet)
    task_of_mode = np.repeat(np.arange(len(spec.tasks.ids)), np.diff(spec.tasks.first_mode))
    least, most = spec.modes.duration.copy(), spec.modes.duration.copy()
    nobody = np.flatnonzero(fleet.demand[:-1, 0] == 0)
    modes, found = [nobody], [np.zeros(len(nobody), np.int64)]
    speed = fleet.num / fleet.den
    for mine, fitting in needs_alike(spec, fleet, holders, mask_of_mode, alone):
        if not len(fitting):
            continue
        task = task_of_mode[mine]
        quick, slow = fitting[np.argmax(speed[fitting])], fitting[np.argmin(speed[fitting])]
        least[mine], most[mine] = fleet.duration(spec, mine, quick), fleet.duration(spec, mine, slow)
        single = fleet.size[fitting] == 1
        own, shared = fitting[single], fitting[~single]
        special = (pinned[task] >= 0) | (before[task] != -1)
        for m, t in zip(mine[special].tolist(), task[special].tolist(), strict=True):
            chosen = _of_one(own, shared, m + t, share, int(pinned[t]), int(before[t]))
            modes.append(np.full(len(chosen), m))
            found.append(chosen)
        mine, task = mine[~special], task[~special]
        for chosen in (np.tile(shared, (len(mine), 1)), _spread(own, mine + task, share), _one(fitting, speed, mine)):
            rows, columns = np.nonzero(chosen >= 0)
            modes.append(mine[rows])
            found.append(chosen[rows, columns])
    pair = np.unique(np.concatenate(modes) * np.int64(len(fleet.members)) + np.concatenate(found))
    first = spec.tasks.first_mode[:-1]
    reach = np.minimum.reduceat(least, first), np.maximum.reduceat(most, first)
    mode, holder = np.divmod(pair, len(fleet.members))
    return Single(mode.astype(np.int32), holder.astype(np.int32), reach)


def _of_one(own: Ints, shared: Ints, turn: int, share: int, pinned: int, before: int) -> Ints:
    """The options of a mode whose task is pinned, or has an agent in an earlier schedule."""
    if pinned >= 0:
        return _those(own, pinned)
    some = _spread(own, np.array([turn]), share * _MORE if before == _GONE else share)[0]
    return np.concatenate([shared, some[some >= 0], _those(own, before)])


def _those(holders: Ints, wanted: int) -> Ints:
    found: Ints = holders[holders == wanted]
    return found


def _spread(own: Ints, turn: Ints, share: int) -> Ints:
    """[m, s] about `share` of the holders for each of several modes, evenly spread; -1 where a row has fewer."""
    step = max(1, len(own) // share)
    place = (turn % step)[:, None] + np.arange(-(-len(own) // step)) * step
    return np.where(place < len(own), np.append(own, -1)[np.minimum(place, len(own))], -1)


def _one(fitting: Ints, speed: np.ndarray, turn: Ints) -> Ints:
    """[m, 1] one of the quickest holders, another one for each."""
    quick = fitting[speed[fitting] == speed[fitting].max()]
    chosen: Ints = quick[turn % len(quick)][:, None]
    return chosen


def needs_alike(
    spec: ScheduleSpec, fleet: Fleet, holders: Sequence[Ints], mask_of_mode: Index, some: Mask
) -> Iterator[tuple[Ints, Ints]]:
    """Those of some modes that need the same of an agent, and the holders whose agents have it.

    Parameters
    ----------
    holders
        By requirement: those whose agents meet it.
    some
        [M] the modes that are meant.
    """
    modes = np.flatnonzero(some)
    kind = np.zeros(len(modes), np.int64)
    for column in (mask_of_mode, spec.modes.duration > 0, *fleet.demand[:-1].T):
        values, inverse = np.unique(column[modes], return_inverse=True)
        kind = np.unique(kind * len(values) + inverse.reshape(-1), return_inverse=True)[1].reshape(-1)
    order = np.argsort(kind, kind="stable")
    edges = np.searchsorted(kind[order], np.arange(int(kind.max(initial=-1)) + 2))
    first = modes[order[edges[:-1]]]
    for mask in np.unique(mask_of_mode[first]).tolist():
        able, those = holders[mask], np.flatnonzero(mask_of_mode[first] == mask)
        rows = max(1, _TABLE // max(1, len(able)))
        for begin in range(0, len(those), rows):
            chunk = those[begin : begin + rows]
            mode = first[chunk][:, None]
            fits = fleet.fits(spec, mode, able[None, :], spec.modes.duration[mode])
            for k, row in zip(chunk.tolist(), fits, strict=True):
                yield modes[order[edges[k] : edges[k + 1]]], able[row]


def _asked_for(spec: ScheduleSpec, fleet: Fleet) -> tuple[Ints, Ints]:
    """[T] the holder of the agent that a task is pinned to, and of its only agent in an earlier schedule.

    -1 where there is none, `_GONE` where that agent is no more.
    """
    holder_of = np.full(len(spec.agents.ids) + 1, -1)
    for h, members in enumerate(fleet.members):
        holder_of[members] = h
    pinned = holder_of[spec.tasks.pinned_agent]
    if spec.earlier is None:
        return pinned, np.full(len(pinned), -1)
    one = [crew[0] if len(crew) == 1 else None for crew in spec.earlier.agents]
    return pinned, np.array([-1 if a is None else _GONE if a < 0 else int(holder_of[a]) for a in one], np.int64)
