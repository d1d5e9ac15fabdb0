"""Why agents can't be assigned, where that can be told without search: in words, with the field to look at.

Every reason is a proof: a problem with any has no feasible assignment. Problems without one may still be infeasible.
"""

from __future__ import annotations

from itertools import chain, islice
from typing import Final

from qamctl.cluster.reason_agents import fits_somewhere, nowhere
from qamctl.cluster.reason_groups import groups
from qamctl.cluster.reason_moves import loads, moves
from qamctl.cluster.reason_room import Room
from qamctl.cluster.reason_sizes import sizes
from qamctl.cluster.reason_together import contradictions, sets_nowhere, sets_of
from qamctl.cluster.reason_totals import totals
from qamctl.cluster.spec import ClusterSpec
from qamctl.spec.reason import Reason

#: Reasons of one sort that are given.
MOST: Final = 100


def reasons(spec: ClusterSpec) -> list[Reason]:
    """The satisfiability faults of a problem that need no search, at most `MOST` of a sort; empty if none is found."""
    room = Room(spec)
    fits, sets = fits_somewhere(room), sets_of(room)
    sorts = (
        nowhere(room, fits),
        contradictions(room, sets),
        sets_nowhere(room, sets, fits),
        totals(room),
        sizes(room),
        groups(room),
        loads(room),
        moves(room),
    )
    return list(chain.from_iterable(islice(sort, MOST) for sort in sorts))
