"""Parts of an assignment that are worth solving anew, and how a sample of one becomes an assignment again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np

from qamctl.cluster.instance import Instance
from qamctl.cluster.mend import kept, placed
from qamctl.cluster.model import coarse, model_of
from qamctl.cluster.part import Part, part_of, whole_part
from qamctl.cluster.pick import FEW_LEAVES, MOST_LEAVES, Choice, Picker
from qamctl.cluster.solution import Solution
from qamctl.cluster.spec import Floats, Index, Ints
from qamctl.cluster.standing import Standing, stand
from qamctl.cluster.tables import Tables, tables_of
from qamctl.cluster.terms import terms
from qamctl.qubo.model import Model
from qamctl.qubo.window import Window
from qamctl.windowed import SMALL, OpenLevels, compiled_window, next_window, resized, wanted

#: Bits of a window where the engine has no limit of its own.
WINDOW_VARIABLES = 300

#: Windows that are looked at to find one that the engine takes and that has much to choose.
TRIES = 6

#: Steps of the search that mends a sample of a window.
MENDING = 512

#: Slack bits of a row of a window, where the engine is small and elsewhere.
FEW_BITS, ROW_BITS = 3, 6

#: Assignments whose sums are remembered.
REMEMBERED = 8


@dataclass
class ClusterWindows:
    """The windows of one cluster problem, for `qubo.improve`.

    Attributes
    ----------
    max_variables
        Bits that the engine takes, None without a limit.
    levels
        Those of the objective that can still be better.
    exact
        The engine proves what it finds: the whole problem is tried first, level by level.
    together
        Several windows may be opened at once, of units and leaves that they do not share: for engines that work on
        many jobs.
    """

    instance: Instance
    max_variables: int | None
    levels: OpenLevels
    exact: bool = False
    together: bool = False
    _pairs: dict[int, int] = field(default_factory=dict)
    _known: list[Standing] = field(default_factory=list)
    _picker: Picker | None = None
    _whole_tried: set[tuple[int, tuple[float, ...]]] = field(default_factory=set)

    def value(self, answer: Solution) -> tuple[float, ...]:
        """The objective of each level."""
        return self._stand(answer).value

    def open(
        self, incumbent: Solution, attempt: int, rng: np.random.Generator, count: int
    ) -> Sequence[Window[Solution]]:
        """Windows in the first level that can still be better, now and then in a later one."""
        opened: list[Window[Solution]] = []
        used = np.zeros(self.instance.k + 1, bool)
        while len(opened) < (count if self.together else 1) and not used[:-1].all():
            window = self._next(self._stand(incumbent), rng, used)
            if window is None:
                break
            opened.append(window)
        return opened

    def closed(self, window: Window[Solution], improved: bool) -> None:
        """Windows are picked at random: what one gave changes nothing."""

    @cached_property
    def _tables(self) -> Tables:
        return tables_of(self.instance.problem)

    def _stand(self, solution: Solution) -> Standing:
        for known in self._known:
            if known.solution is solution:
                return known
        found = stand(self.instance, solution, self._tables)
        self._known = [*self._known[1 - REMEMBERED :], found]
        return found

    def _next(self, standing: Standing, rng: np.random.Generator, used: np.ndarray) -> Window[Solution] | None:
        """The next window, of leaves that are not used yet, which are then."""
        if self.instance.n == 0 or self.instance.k == 0:
            return None
        return next_window(
            self.levels, standing.value, rng, partial(self._whole, standing, used),
            partial(self._part, standing, rng, used),
        )  # fmt: skip

    def _part(
        self, standing: Standing, rng: np.random.Generator, used: np.ndarray, level: int
    ) -> Window[Solution] | None:
        """A window of about the size that the engine likes; None where none of a few tries fits it."""
        if self._picker is None or self._picker.standing is not standing or self._picker.level != level:
            self._picker = Picker(standing, level)
        limit, best = self._limit(), None
        small = limit <= SMALL
        for attempt in range(TRIES):
            # Two units alone need no bits but their own, in however many leaves.
            two = small and attempt % 2 == 1
            most = min(self.instance.k, max(2, limit // 2) if two else FEW_LEAVES if small else MOST_LEAVES)
            leaves = most if two else int(rng.integers(min(2, most), most + 1))
            pairs = self._pairs.setdefault(leaves, max(4, limit if small else limit // 4))
            choice = self._picker.pick(limit if two else pairs, leaves, rng, used, 2 if two else None)
            if choice is None:
                continue
            window = self._window(standing, choice, level)
            bits = window.compiled.n
            if not two:
                most_pairs = 2 * self.instance.n * MOST_LEAVES
                self._pairs[leaves] = max(2 * leaves, resized(pairs, bits, limit, most_pairs))
            if self.max_variables is not None and bits > self.max_variables:
                continue
            states = float(np.log2(np.diff(window.model.group_start)).sum())
            if best is None or states > best[0]:
                best = states, window, choice
            if bits >= (wanted(limit) if small else limit // 4):
                break
        if best is None:
            return None
        _, window, choice = best
        used[choice.leaves] = True
        used[standing.leaf[choice.units]] = True
        return window

    def _limit(self) -> int:
        return WINDOW_VARIABLES if self.max_variables is None else min(self.max_variables, WINDOW_VARIABLES)

    def _whole(self, standing: Standing, used: np.ndarray, level: int) -> Window[Solution] | None:
        """The whole problem, once for each incumbent value, where the engine takes it."""
        value, problem = standing.value, self.instance.problem
        key = (level, value[: level + 1])
        if used.any() or key in self._whole_tried or self.instance.n > self._limit():
            return None
        self._whole_tried.add(key)
        if int(np.diff(problem.allowed_first)[problem.kind].sum()) > 2 * self._limit():
            return None
        part = whole_part(problem)
        built = model_of(self.instance, part, None, level=level, fixed_levels=value[:level])
        if built.model.n > self._limit():
            return None

        def settles(energy: float) -> None:
            if self.exact:
                self.levels.settle(level, energy)

        def read(found: np.ndarray, onto: Solution) -> Solution | None:
            base = self._stand(onto)
            leaf = placed(built, found, part.of(base.leaf))
            return self._kept(part, leaf, built.seats.masks(leaf, found), base, level)

        window = compiled_window(built, standing.solution, read, settles, _encoding(built.model))
        if self.max_variables is not None and window.compiled.n > self.max_variables:
            return None
        used[:] = True
        return window

    def _window(self, standing: Standing, choice: Choice, level: int) -> Window[Solution]:
        part = part_of(standing, choice.units, choice.leaves)
        built = model_of(self.instance, part, standing, level=level, fixed_levels=standing.value[:level])
        built = coarse(built, standing.solution, FEW_BITS if self._limit() <= SMALL else ROW_BITS)

        def read(found: np.ndarray, onto: Solution) -> Solution | None:
            base = self._stand(onto)
            leaf = placed(built, found, part.start)
            if base is standing:
                return self._kept(part, leaf, built.seats.masks(leaf, found), base, level)
            # Another window has changed the assignment meanwhile: the same units between the same leaves.
            moved = part_of(base, choice.units, choice.leaves)
            masks = self.instance.masks_of(base.solution)[moved.piece]
            return self._kept(moved, moved.of(part.onto(leaf, base.leaf)), masks, base, level)

        return compiled_window(built, standing.solution, read, one_hot=_encoding(built.model))

    def _kept(self, part: Part, leaf: Index, masks: Ints, base: Standing, level: int) -> Solution | None:
        """The assignment with a part in it, its rules restored; None where that fails or is sure to be worse."""
        problem = part.problem
        start = part.of(base.leaf)
        bounds: Floats = np.array(base.value[:level]) - problem.levels[:level] @ part.constant
        found = kept(part, leaf, masks, level, bounds, MENDING)
        if found is None:
            return None
        change = problem.levels @ (terms(problem, found[0]) - terms(problem, start))
        if _worse(change, base.value):
            return None
        whole = self.instance.masks_of(base.solution)
        whole[part.piece] = found[1]
        return self.instance.solution(part.onto(found[0], base.leaf), whole)


def _worse(change: Floats, value: Sequence[float]) -> bool:
    """Whether a change of value is for the worse beyond what rounding can be."""
    for more, now in zip(change.tolist(), value, strict=True):
        if abs(more) > 1e-9 * max(1.0, abs(now)):
            return bool(more > 0)
    return False


def _encoding(model: Model) -> str:
    """Walls where each group is a choice of two: one bit for each, and nothing that can break."""
    size: Ints = np.diff(model.group_start)
    return "domain-wall" if len(size) and (size == 2).all() else "one-hot"
