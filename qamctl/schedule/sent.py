"""What passes between two tasks until the data of one are with the agents of the other, by their options."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qamctl.schedule.crews import Crews
from qamctl.schedule.instance import Instance
from qamctl.schedule.solvers.cpsat_precedence import delays
from qamctl.schedule.spec import Index, Ints


@dataclass(frozen=True)
class Delays:
    """Ticks on some arcs between options of their tasks; those of arc e stand from first[e] on, row by row.

    Attributes
    ----------
    place
        [O] the place of an option among those of its task that are looked at.
    first
        [E] of each arc; -1 where nothing is sent.
    width
        [E] options of the later task.
    ticks
        Of all arcs, one after the other.
    """

    place: Ints
    first: Ints
    width: Ints
    ticks: Ints

    def of(self, arc: Ints, before: Ints, after: Ints) -> Ints:
        """[c] ticks on an arc between an option of its earlier task and one of its later task."""
        out = np.zeros(len(arc), np.int64)
        some = np.flatnonzero(self.first[arc] >= 0)
        mine = arc[some]
        out[some] = self.ticks[self.first[mine] + self.place[before[some]] * self.width[mine] + self.place[after[some]]]
        return out


def delays_between(instance: Instance, crews: Crews, pred: Index, succ: Index, data: Ints, known: Ints) -> Delays:
    """The delays on arcs.

    Parameters
    ----------
    pred, succ, data
        [E] the arcs, and what is sent on each, in millionths.
    known
        The options that are looked at, ascending.
    """
    place, ticks = np.zeros(len(crews.out), np.int64), [np.zeros(0, np.int64)]
    bounds = np.searchsorted(known, instance.first_option)
    place[known] = np.arange(len(known)) - np.repeat(bounds[:-1], np.diff(bounds))
    first, width = np.full(len(pred), -1, np.int64), np.diff(bounds)[succ]
    total, sent = 0, instance.spec.transfers
    for e in np.flatnonzero(data > 0).tolist() if sent is not None else []:
        assert sent is not None
        ends = [known[bounds[t] : bounds[t + 1]].tolist() for t in (pred[e], succ[e])]
        # Who sends or is sent something is a holder of its own.
        one, other = ([tuple(int(instance.members[h][0]) for h, _ in crews.of(o)) for o in options] for options in ends)
        first[e] = total
        ticks.append(delays(instance, int(data[e]), sent, one, other).ravel())
        total += len(ticks[-1])
    return Delays(place, first, width, np.concatenate(ticks))
