"""Every order of few moves, with as few agents parked on their way as possible."""

from __future__ import annotations

from typing import Final

from qamctl.cluster.moves_board import Board
from qamctl.cluster.moves_parking import Places

#: Moves up to which every order is tried.
FEW: Final = 10

#: Agents parked in one order, clusters that are tried for each, and states that are looked at for each number of them.
MOST_PARKED, MOST_PLACES, MOST_STATES = 2, 8, 20_000


def search(board: Board, places: Places) -> bool:
    """Make all moves that are left, with the fewest agents parked; whether that can be done, else nothing is moved.

    An agent is parked once at most, and only where it has not been parked before.
    """
    movers = sorted(board.pending(), key=lambda mover: (-board.size[mover], mover))
    return any(_Search(board, places, movers).reach(parked) for parked in range(MOST_PARKED + 1))


class _Search:
    """Depth first through the states: where every mover is, and how many may still be parked."""

    def __init__(self, board: Board, places: Places, movers: list[int]) -> None:
        self.board, self.places, self.movers = board, places, movers
        self.seen: set[tuple[int, ...]] = set()

    def reach(self, left: int) -> bool:
        """Whether the end can be reached with so many agents parked; its steps are made."""
        board = self.board
        pending = [mover for mover in self.movers if board.place[mover] != board.target[mover]]
        if not pending:
            return True
        state = (left, *(board.place[mover] for mover in self.movers))
        if state in self.seen or len(self.seen) >= MOST_STATES:
            return False
        self.seen.add(state)
        mark = len(board.log)
        for mover in pending:
            if board.blocking(mover) is None:
                board.go(mover)
                if self.reach(left):
                    return True
                board.undo(mark)
        if left == 0:
            return False
        for mover in pending:
            for place in self.places.of(mover, MOST_PLACES):
                board.park(mover, place)
                if self.reach(left - 1):
                    return True
                board.undo(mark)
        return False
