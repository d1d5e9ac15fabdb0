"""Devices in a model: rows that say whether pieces fit, and the device that each piece takes.

Where the sizes of the pieces that may meet in a leaf divide each other one after the other, the largest first always
fit as long as there is room for each size and all above it (each device has floor(device / size) places of a size, and
what is larger takes a whole number of them): so rows over the choices say it all. Other sizes need a bit for each piece
and device.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from qamctl.cluster.draft import Draft
from qamctl.cluster.merge import owners
from qamctl.cluster.spec import Index, Ints
from qamctl.cluster.sums import sums_of
from qamctl.cluster.tables import gather
from qamctl.errors import UnsupportedError
from qamctl.kernels.assignment.problem import AssignmentProblem

#: Bits of pieces and devices that a model has at most.
MOST_BITS: Final = 20_000


@dataclass(frozen=True)
class Seats:
    """How pieces come to devices.

    Attributes
    ----------
    problem
        Whose pieces they are.
    piece, leaf, device
        [bits] of each bit; the first one is variable `first`.
    held
        [pieces] the devices of pieces that keep theirs, as bits; -1 of all others.
    """

    problem: AssignmentProblem
    first: int
    piece: Ints
    leaf: Ints
    device: Ints
    held: Ints

    def encode(self, leaf: Index, masks: Ints) -> np.ndarray:
        """[bits] of an assignment: [n] leaves of units, [pieces] their devices."""
        unit = owners(self.problem.piece_first)[self.piece]
        here = leaf[unit] == self.leaf
        taken: np.ndarray = here & ((masks[self.piece] >> self.device) & 1 > 0)
        return taken.astype(np.uint8)

    def masks(self, leaf: Index, sample: np.ndarray) -> Ints:
        """[pieces] the devices of a sample in which units are in [n] leaves; 0 where a piece finds none."""
        problem = self.problem
        unit = owners(problem.piece_first)
        where = leaf[unit].astype(np.int64)
        masks = np.where((self.held >= 0) & (where < problem.k), self.held, 0)
        if not len(unit):
            return masks
        mine = np.unique(self.leaf * len(problem.device_size) + problem.piece_device[self.piece])
        by_bit = np.isin(where * len(problem.device_size) + problem.piece_device, mine)
        taken = sample[self.first : self.first + len(self.piece)].astype(bool) & (where[self.piece] == self.leaf)
        for bit in np.flatnonzero(taken).tolist():
            piece = int(self.piece[bit])
            need = -(-int(problem.piece_size[piece]) // int(problem.device_size[problem.piece_device[piece]]))
            if int(masks[piece]).bit_count() < need:
                masks[piece] |= np.int64(1 << int(self.device[bit]))
        open_ = ~by_bit & (self.held < 0) & (where < problem.k)
        order = np.lexsort((np.arange(len(unit)), -problem.piece_size, problem.piece_device, where))
        rooms: dict[tuple[int, int], list[int]] = {}
        for piece in order[open_[order]].tolist():
            key = int(where[piece]), int(problem.piece_device[piece])
            whole = int(problem.device_size[key[1]])
            room = rooms.setdefault(key, [whole] * int(problem.device_count[key]))
            masks[piece] = _seat(room, int(problem.piece_size[piece]), whole)
        return masks


def _seat(room: list[int], size: int, whole: int) -> int:
    """The devices of a piece, as bits, taken off what they have room for; 0 where it finds none."""
    if size >= whole:
        chosen = [device for device, left in enumerate(room) if left == whole][: size // whole]
        if len(chosen) < size // whole:
            return 0
    else:
        chosen = [device for device, left in enumerate(room) if left >= size]
        chosen = [min(chosen, key=lambda device: room[device])] if chosen else []
    for device in chosen:
        room[device] -= min(size, whole)
    return sum(1 << device for device in chosen)


def hold_devices(draft: Draft, held: Ints) -> Seats:
    """Add the rows of devices.

    Parameters
    ----------
    held
        [pieces] devices of pieces whose units stand still, as bits; -1 where they are to be found.

    Raises
    ------
    UnsupportedError
        Pieces need more bits than a model has.
    """
    problem = draft.problem
    bits: list[tuple[int, int, int]] = []
    rows: list[_Rows] = []
    keeps = held.copy()
    for leaf, kind, pieces, choice in _meetings(draft):
        whole, count = int(problem.device_size[kind]), int(problem.device_count[leaf, kind])
        sizes = _chain(problem.piece_size[pieces], whole)
        if sizes is not None:
            keeps[pieces[choice < 0]] = -1  # they make room where it is needed
            _places(draft, sizes, choice, whole, count)
            continue
        if len(bits) + len(pieces) * count > MOST_BITS:
            raise UnsupportedError(
                f"the devices in cluster {draft.names.cluster(leaf)} are asked for in sizes that do not divide each "
                f"other: more than {MOST_BITS} bits would be needed to share them out"
            )
        rows.append(_Rows(pieces, choice, keeps[pieces], whole, count, len(bits)))
        bits += [(int(p), leaf, device) for p in pieces[rows[-1].open].tolist() for device in range(count)]
    table = np.array(bits, np.int64).reshape(-1, 3)
    seats = Seats(problem, draft.n, table[:, 0], table[:, 1], table[:, 2], keeps)
    if len(table):
        _share(draft, seats, rows)
    return seats


def _meetings(draft: Draft) -> Iterator[tuple[int, int, Ints, Ints]]:
    """(leaf, kind of device, pieces that may be there, the choice that brings each; -1 of those that are there)."""
    problem, choices = draft.problem, draft.choices
    if not len(problem.piece_size):
        return
    unit, leaf = choices.settled
    who = np.concatenate([choices.unit, unit])
    where = np.concatenate([choices.leaf, leaf])
    number = np.concatenate([np.arange(len(choices.unit)), np.full(len(unit), -1)])
    piece, owner = gather(problem.piece_first, who)
    placed = where[owner] < problem.k
    piece, owner = piece[placed], owner[placed]
    kinds = len(problem.device_size)
    key = where[owner] * kinds + problem.piece_device[piece]
    order = np.argsort(key, kind="stable")
    ends = np.flatnonzero(np.diff(key[order])) + 1
    for part in np.split(order, ends):
        if len(part):
            yield int(key[part[0]]) // kinds, int(key[part[0]]) % kinds, piece[part], number[owner[part]]


def _chain(sizes: Ints, whole: int) -> Ints | None:
    """The sizes, those that leave no room for any other as a whole device; None where they form no chain."""
    least = int(sizes.min())
    rounded = np.where((sizes < whole) & (sizes + least > whole), whole, sizes)
    parts = np.unique(rounded[rounded < whole])
    return None if (parts[1:] % parts[:-1]).any() else rounded


def _places(draft: Draft, sizes: Ints, choice: Ints, whole: int, count: int) -> None:
    """For each size: what is at least as large takes no more places of that size than the devices have."""
    levels = [*np.unique(sizes[sizes < whole]).tolist(), whole]
    const, row, index, coef, most = [], [], [], [], []
    for k, size in enumerate(levels):
        places = whole // size
        taken = np.where(sizes >= whole, sizes // whole * places, np.where(sizes >= size, sizes // size, 0))
        const.append(int(taken[choice < 0].sum()))
        row.append(np.full(int((choice >= 0).sum()), k))
        index.append(choice[choice >= 0])
        coef.append(taken[choice >= 0])
        most.append(count * places)
    sums = sums_of(np.array(const), np.concatenate(row), np.concatenate(index), np.concatenate(coef))
    draft.hold("devices", sums, np.array(most))


@dataclass(frozen=True)
class _Rows:
    """Pieces that are shared out by bits, in one leaf."""

    pieces: Ints
    choice: Ints
    held: Ints
    whole: int
    count: int
    first: int

    @property
    def open(self) -> np.ndarray:
        """Those whose devices are to be found."""
        found: np.ndarray = (self.choice >= 0) | (self.held < 0)
        return found


def _share(draft: Draft, seats: Seats, rows: list[_Rows]) -> None:
    """Every piece that comes takes as many devices as it needs, and no device is taken beyond its size."""
    problem = draft.problem
    unit = owners(problem.piece_first)

    def name(i: int) -> str:
        who, where = draft.names.unit(int(unit[seats.piece[i]])), draft.names.cluster(int(seats.leaf[i]))
        return f"device/{who}@{where}/{seats.piece[i]}/{seats.device[i]}"

    # They follow from the devices of an assignment, not from its choices.
    bit = draft.bits(len(seats.piece), name, lambda sample: np.zeros(len(seats.piece), np.uint8))
    for part in rows:
        pieces, choice = part.pieces[part.open], part.choice[part.open]
        size = problem.piece_size[pieces]
        number, device = np.divmod(np.arange(len(pieces) * part.count), max(1, part.count))
        mine = bit[part.first + np.arange(len(number))]
        need = np.maximum(1, size // part.whole)
        comes = np.flatnonzero(choice >= 0)
        draft.hold("devices", sums_of(
            np.where(choice < 0, need, 0), np.concatenate([number, comes]), np.concatenate([mine, choice[comes]]),
            np.concatenate([np.full(len(number), -1), need[comes]]),
        ))  # fmt: skip
        kept = part.held[~part.open]
        used = np.minimum(problem.piece_size[part.pieces[~part.open]], part.whole)
        const = np.array([int(used[(kept >> d) & 1 > 0].sum()) for d in range(part.count)], np.int64)
        each = np.minimum(size, part.whole)[number]
        draft.hold("devices", sums_of(const, device, mine, each), part.whole)
