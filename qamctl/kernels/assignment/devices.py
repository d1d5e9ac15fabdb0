"""Devices of leaves, and which of them the pieces of units take."""

from __future__ import annotations

from itertools import pairwise

from qamctl.kernels.assignment.problem import AssignmentProblem


class Devices:
    """Who sits on which device.

    A piece smaller than a device shares one: the fullest that has room (best fit decreasing: Johnson 1973, as the
    pieces of a unit come largest first). Any other takes whole ones.

    Attributes
    ----------
    mask
        [pieces] the devices of its kind that a piece has in its leaf, as bits; 0: none.
    room
        By leaf and kind: what is free on each device.
    """

    def __init__(self, problem: AssignmentProblem) -> None:
        self.size: list[int] = problem.device_size.tolist()
        self.count: list[list[int]] = problem.device_count.tolist()
        number = range(len(problem.piece_size))
        pieces = list(zip(number, problem.piece_device.tolist(), problem.piece_size.tolist(), strict=True))
        #: By unit: (number, kind of device, size) of its pieces.
        self.pieces: list[list[tuple[int, int, int]]] = [pieces[a:b] for a, b in pairwise(problem.piece_first.tolist())]
        self.mask: list[int] = []
        self.room: list[list[list[int]]] = []
        self.clear()

    def clear(self) -> None:
        """Everything is free."""
        self.mask = [0] * sum(map(len, self.pieces))
        self.room = [[[size] * count for size, count in zip(self.size, counts, strict=True)] for counts in self.count]

    def lacking(self, u: int) -> int:
        """How many pieces of a unit have no device."""
        return sum(self.mask[e] == 0 for e, _, _ in self.pieces[u])

    def peek(self, u: int, leaf: int) -> int:
        """How many pieces of a unit would find no device in a leaf."""
        kinds = {device for _, device, _ in self.pieces[u]}
        trial = {device: self.room[leaf][device].copy() for device in kinds}
        return sum(self._take(trial[device], device, size) == 0 for _, device, size in self.pieces[u])

    def seat(self, u: int, leaf: int) -> None:
        """Give the pieces of a unit devices in a leaf, as far as there is room."""
        for e, device, size in self.pieces[u]:
            self.mask[e] = self._take(self.room[leaf][device], device, size)

    def rise(self, u: int, leaf: int) -> None:
        """Give back the devices that the pieces of a unit have in a leaf."""
        for e, device, size in self.pieces[u]:
            self._change(self.room[leaf][device], self.mask[e], min(size, self.size[device]))
            self.mask[e] = 0

    def reseat(self, u: int, leaf: int, masks: list[int]) -> None:
        """Put the pieces of a unit on the devices that they had."""
        self.rise(u, leaf)
        for (e, device, size), mask in zip(self.pieces[u], masks, strict=True):
            self.mask[e] = mask
            self._change(self.room[leaf][device], mask, -min(size, self.size[device]))

    def masks(self, u: int) -> list[int]:
        """The devices of each piece of a unit."""
        return [self.mask[e] for e, _, _ in self.pieces[u]]

    def _take(self, room: list[int], device: int, size: int) -> int:
        """Take what a piece needs; the devices, as bits."""
        whole = self.size[device]
        if size < whole:
            fits = [i for i, free in enumerate(room) if free >= size]
            if not fits:
                return 0
            best = min(fits, key=room.__getitem__)
            room[best] -= size
            return 1 << best
        empty = [i for i, free in enumerate(room) if free == whole][: size // whole]
        if len(empty) < size // whole:
            return 0
        for i in empty:
            room[i] = 0
        return sum(1 << i for i in empty)

    @staticmethod
    def _change(room: list[int], mask: int, amount: int) -> None:
        for i in range(mask.bit_length()):
            if mask >> i & 1:
                room[i] += amount
