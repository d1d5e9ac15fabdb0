"""Agents that wait in a third cluster while others move, where moves close a circle and none can be the first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

import numpy as np
import numpy.typing as npt

from qamctl.cluster.moves_board import Amounts, Board
from qamctl.cluster.places import kinds
from qamctl.cluster.spec import ClusterSpec, Index

#: Clusters that are tried to park an agent in, agents that are parked at once, and how many are tried as the second.
PLACES, DEPTH, OTHERS = 3, 2, 4

#: Movers that a circle is looked for among, and those that are looked at where room appears.
CIRCLE, LOOK = 300, 32

#: Movers that are parked in vain before no more are tried.
MOST_FAILED = 1_000


@dataclass(frozen=True, eq=False)
class Places:
    """Where movers may be parked.

    Attributes
    ----------
    leaves
        [k] rows of the clusters that agents can be in.
    slots
        [k, R + 1] their own slots; where there is no limit one more than there are slots.
    kind, allowed
        [N] kind of each agent, [kinds, k] where those of a kind may be.
    known
        By kind and need: which had room, and after how many changes of the board that was.
    """

    board: Board
    leaves: Index
    slots: npt.NDArray[np.intp]
    kind: Index
    allowed: npt.NDArray[Any]
    known: dict[tuple[int, ...], tuple[int, list[int]]] = field(default_factory=dict)

    def of(self, mover: int, most: int) -> list[int]:
        """Rows of clusters where a mover has room now, those first that have most to spare when all others have come.

        None where it comes from nowhere, or has been parked before.
        """
        board = self.board
        here = board.place[mover]
        if here < 0 or board.parked(mover):
            return []
        found: list[int] = []
        for row in self._roomy(mover):
            if len(found) == most:
                break
            if row not in (here, board.target[mover]) and board.fits(board.changes(mover, row)[0]):
                found.append(row)
        return found

    def _roomy(self, mover: int) -> list[int]:
        """Rows of the clusters that seem to have room; the same for all who need the same, until the next step."""
        board = self.board
        agent = board.agent[mover]
        key = (int(self.kind[agent]), *board.need[mover])
        if self.known.get(key, (-1, []))[0] == board.applied:
            return self.known[key][1]
        need = np.array(board.need[mover], float)
        room = np.array([*board.room, np.inf], float)
        able = self.allowed[self.kind[agent]]
        if board.grounds.alike:  # floats leave out none of them
            able = able & (room[self.slots] * (1 + 1e-9) >= need).all(axis=1)
        leaves = np.flatnonzero(able)
        spare = (room - np.array([*board.incoming, 0.0]))[self.slots[leaves]]
        rank = ((spare - need) / np.maximum(1.0, need)).min(axis=1)
        rows: list[int] = self.leaves[leaves[np.argsort(-rank, kind="stable")]].tolist()
        self.known[key] = (board.applied, rows)
        return rows


def open_places(spec: ClusterSpec, board: Board) -> Places:
    """Where the movers of a board may be."""
    leaves = np.flatnonzero(spec.clusters.leaf).astype(np.int32)
    kind, allowed = kinds(spec, leaves)
    slots = np.full((len(leaves), board.grounds.demand.shape[1]), len(board.room), np.intp)
    for leaf, row in enumerate(leaves.tolist()):
        for slot, column in board.grounds.own[row]:
            slots[leaf, column] = slot
    return Places(board, leaves, slots, kind, allowed.astype(bool))


def park_some(board: Board, places: Places) -> bool:
    """Park agents that close circles, each until it gets where it should be; whether that helped anybody."""
    made, pending = len(board.log), board.pending()
    entering: dict[int, list[int]] = {}
    leaving: dict[int, list[int]] = {}
    for mover in sorted(pending, key=lambda mover: (-board.size[mover], mover)):
        for by_slot, amounts in ((entering, board.adds[mover]), (leaving, board.frees[mover])):
            for slot, _ in amounts:
                by_slot.setdefault(slot, []).append(mover)
    circles, failed = _Circles(board, places, entering, leaving), 0
    for mover in sorted(pending, key=lambda mover: (board.size[mover], mover)):
        on_its_way = board.place[mover] != board.target[mover]
        if on_its_way and (board.blocking(mover) is not None or board.needed(mover)):
            failed += not circles.bring(mover, DEPTH)
        if failed > MOST_FAILED:
            break
    return len(board.log) > made


@dataclass(frozen=True, eq=False)
class _Circles:
    """Moves of which none can be the first.

    Attributes
    ----------
    entering, leaving
        By slot: the movers that make it fuller, and emptier, the largest first.
    """

    board: Board
    places: Places
    entering: Mapping[int, list[int]]
    leaving: Mapping[int, list[int]]

    def bring(self, mover: int, deep: int) -> bool:
        """Whether a mover gets where it should be, if it is parked until others have made room; else nothing moves."""
        board = self.board
        mark = len(board.log)
        if board.blocking(mover) is None:
            self._cascade(mover, board.go(mover), ())
            return True
        places = self.places.of(mover, PLACES)
        circle = self._circle(mover) if places else ()
        for place in places if circle else ():
            self._cascade(mover, board.park(mover, place), circle)
            if board.place[mover] == board.target[mover] or (deep > 1 and self._with_another(mover, circle, deep - 1)):
                return True
            board.undo(mark)
        return False

    def _with_another(self, mover: int, circle: Iterable[int], deep: int) -> bool:
        """Whether a parked mover gets where it should be once another one is parked, and got there, too."""
        board = self.board
        mark = len(board.log)
        lacking = [slot for one in (mover, *circle) for slot in self._lacking(one)]
        others = [other for slot in lacking for other in self._among(self.leaving, slot) if not board.parked(other)]
        for other in list(dict.fromkeys(others))[:OTHERS]:
            if self.bring(other, deep) and board.place[mover] == board.target[mover]:
                return True
            board.undo(mark)
        return False

    def _circle(self, mover: int) -> tuple[int, ...]:
        """Movers of whom each makes room for the next, the last one for the mover, and the mover for the first."""
        board = self.board
        opened = {slot for slot, _ in board.frees[mover]}
        waits_for: dict[int, int] = {}
        queue = [mover]
        for waiting in queue:
            for slot in self._lacking(waiting):
                for other in self._among(self.leaving, slot):
                    if other in waits_for or other == mover:
                        continue
                    waits_for[other] = waiting
                    queue.append(other)
                    if not opened.isdisjoint(self._lacking(other)):
                        way = [other]
                        while waits_for[way[-1]] != mover:
                            way.append(waits_for[way[-1]])
                        return tuple(way)
            if len(queue) > CIRCLE:
                break
        return ()

    def _cascade(self, mover: int, frees: Amounts, circle: Iterable[int]) -> None:
        """Let others take the room that appeared: those of a circle first, then the largest ones."""
        board = self.board
        rank = {one: turn for turn, one in enumerate(circle)}
        ready: list[tuple[int, float, int]] = []

        def look(slots: Amounts) -> None:
            woken = {one for slot, _ in slots for one in self.entering.get(slot, ())[:LOOK] if able(one)}
            wanted = [one for one in woken if board.needed(one) or board.parked(one)]
            for one in wanted + [one for one in (*rank, mover) if able(one)]:
                heappush(ready, (rank.get(one, len(rank)), -board.size[one], one))

        def able(one: int) -> bool:
            return board.place[one] != board.target[one] and board.blocking(one) is None

        look(frees)
        while ready:
            one = heappop(ready)[2]
            if able(one):
                look(board.go(one))

    def _lacking(self, mover: int) -> list[int]:
        """Slots that have no room for a mover."""
        room = self.board.room
        return [slot for slot, amount in self.board.adds[mover] if room[slot] < amount]

    def _among(self, by_slot: Mapping[int, list[int]], slot: int) -> list[int]:
        """Some of the movers of a slot that are still on their way."""
        board = self.board
        return [one for one in by_slot.get(slot, ())[:LOOK] if board.place[one] != board.target[one]]
