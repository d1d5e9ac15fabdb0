"""In which order agents move from where they are to where an answer has them, so that no step breaks a limit.

It is found in stages, each for the moves that the ones before it left:

1. Moves that have room are made, the largest first, as long as they leave a cluster that needs it: one that has too
   little room for all who are still to come. Who leaves another cluster, or comes from nowhere, waits until nobody is
   in a hurry: the room that it takes may be needed by agents that are parked. If that does not lead to the end, it is
   tried once more with the smallest first.
2. Where at most `FEW` agents move, every order is tried: without parking, then with one agent parked in a third cluster
   on its way, then with two.
3. Where there are more, agents are parked one after the other. One that closes a circle of moves goes to a third
   cluster, the others of the circle move on, and it must get where it should be before the next one is parked, or
   with a second one parked meanwhile. What is left then is tried as in 2.

So with few moves, those that are left have no order in which at most two agents are parked, within the limits of
`moves_exact`; with many, there may be one that was not found. Agents that are to stay are never parked to make room.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from heapq import heapify, heappop, heappush
from math import inf
from typing import Final

from qamctl.cluster.moves_board import Board, open_board
from qamctl.cluster.moves_exact import FEW, search
from qamctl.cluster.moves_parking import open_places, park_some
from qamctl.cluster.solution import Solution
from qamctl.cluster.spec import ClusterSpec

#: An agent's row, the row of the cluster that it leaves, and of the one that it goes to; -1: none.
Step = tuple[int, int, int]

#: Whose moves are made: of those who leave what others need; of those who are in nobody's way, too; of all.
_NEEDED, _SAFE, _ANY = range(3)

#: Movers that are looked at again when room appears that they wait for.
_WOKEN: Final = 4


def order_moves(spec: ClusterSpec, solution: Solution) -> tuple[list[Step], list[int]]:
    """The moves from the current state to an answer, in an order in which no step breaks a hard limit.

    Held are capacities of clusters, inner ones too, and of all together, and largest sizes, as `cluster.check.moves`
    replays them.

    Parameters
    ----------
    solution
        An answer that keeps every constraint.

    Returns
    -------
    list, list
        The steps; an agent that is parked has two. And the rows of the agents that no order was found for, ascending:
        they have no steps. Both are empty where no agent is anywhere now.
    """
    if not (spec.agents.current >= 0).any():
        return [], []
    board = open_board(spec, solution.cluster)
    if not _directly(board):
        _with_parking(spec, board)
    steps = [(board.agent[mover], old, new) for mover, old, new in board.log]
    return steps, [board.agent[mover] for mover in board.pending()]


def _directly(board: Board) -> bool:
    """Whether the moves can be made without parking; if not, as many are made as the better of two ways makes."""
    left = []
    for largest_first in (True, False):
        _direct(board, largest_first)
        if not board.pending():
            return True
        left.append(len(board.pending()))
        board.undo(0)
    _direct(board, left[0] <= left[1])
    return False


def _direct(board: Board, largest_first: bool) -> None:
    _run(board, _NEEDED, largest_first)
    _run(board, _SAFE, largest_first)


def _with_parking(spec: ClusterSpec, board: Board) -> None:
    """Make the moves of which some need others to be parked; as many as can be made."""
    places = open_places(spec, board)
    if len(board.agent) <= FEW:
        made = [mover for mover, _, _ in board.log]
        board.undo(0)
        if search(board, places):
            return
        for mover in made:
            board.go(mover)
    while park_some(board, places):
        _direct(board, largest_first=True)
    if len(board.agent) > FEW >= len(board.pending()):
        search(board, places)
    _run(board, _ANY)


def _run(board: Board, which: int, largest_first: bool = True) -> None:
    """Make moves without parking, until none is left that may be made."""
    while _pass(board, which, largest_first):
        pass


def _pass(board: Board, which: int, largest_first: bool) -> bool:
    """Look at every move, and again at some that wait for room when it appears; whether any was made."""
    sign = -1.0 if largest_first else 1.0
    ready = [(sign * board.size[mover], mover) for mover in board.pending()]
    heapify(ready)
    waiting: dict[int, list[tuple[float, int]]] = {}
    made = len(board.log)
    while ready:
        _, mover = heappop(ready)
        if (slot := board.blocking(mover)) is not None:
            amount = next(amount for at, amount in board.adds[mover] if at == slot)
            insort(waiting.setdefault(slot, []), (amount, mover))
        elif which == _ANY or board.needed(mover) or (which == _SAFE and board.safe(mover)):
            for slot, _ in board.go(mover):
                for woken in _wake(waiting.get(slot), board.room[slot], largest_first):
                    heappush(ready, (sign * board.size[woken], woken))
    return len(board.log) > made


def _wake(waiting: list[tuple[float, int]] | None, room: int, largest_first: bool) -> list[int]:
    """Take some of those who wait for at most so much room from their list."""
    if not waiting:
        return []
    end = bisect_right(waiting, (room, inf))
    part = slice(max(0, end - _WOKEN), end) if largest_first else slice(min(end, _WOKEN))
    woken = [mover for _, mover in waiting[part]]
    del waiting[part]
    return woken
