"""Which variables of a large model are worth searching anew together: by impact, by cluster, by index.

After the decomposers of qbsolv (Booth, Reinhardt, Roy, "Partitioning optimization problems for hybrid
classical/quantum execution", D-Wave 2017) and dwave-hybrid.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from qamctl.errors import UsageError
from qamctl.qubo.incumbent import Incumbent, Problem, entries
from qamctl.qubo.model import Ints, Model
from qamctl.qubo.record import Record

#: Ways to pick the variables of a window.
STRATEGIES = ("impact", "graph", "windows")


@dataclass(frozen=True)
class Units:
    """Variables that are free or fixed together: the members of a group, and of groups that overlap it.

    Attributes
    ----------
    of
        [n] the unit of each variable.
    start, index
        CSR of the units' variables.
    """

    of: Ints
    start: Ints
    index: Ints

    @property
    def size(self) -> Ints:
        """[u] variables of each."""
        return np.diff(self.start)


def units_of(model: Model) -> Units:
    """The units of a model: overlapping groups are joined, every other variable is its own."""
    label = np.arange(model.n)
    lengths = np.diff(model.group_start)
    while len(lengths):
        least = np.minimum.reduceat(label[model.group_index], model.group_start[:-1])
        before = label.copy()
        np.minimum.at(label, model.group_index, np.repeat(least, lengths))
        if (label == before).all():
            break
    _, of = np.unique(label, return_inverse=True)
    start = np.concatenate([[0], np.cumsum(np.bincount(of, minlength=int(of.max(initial=-1)) + 1))])
    return Units(of.astype(np.int64), start.astype(np.int64), np.argsort(of, kind="stable"))


@dataclass
class Picker:
    """Picks the units of windows.

    Attributes
    ----------
    strategy
        impact
            Units whose change costs least, mostly the first ones, now and then others.
        graph
            A cluster around a random unit, grown along the strongest couplings.
        windows
            Units that follow each other by index, each lap from another place.
        auto
            One of these by chance, those more often that improve more often.

    Raises
    ------
    UsageError
        No strategy has that name.
    """

    problem: Problem
    units: Units
    strategy: str = "auto"
    _at: int = 0
    _record: Record = field(default_factory=lambda: Record(STRATEGIES))

    def __post_init__(self) -> None:
        if self.strategy not in (*STRATEGIES, "auto"):
            raise UsageError(f"no strategy is called {self.strategy!r}: known are auto, {', '.join(STRATEGIES)}")

    def pick(self, incumbent: Incumbent, used: np.ndarray, size: int, rng: np.random.Generator) -> tuple[Ints, str]:
        """Units that are not `used` [u] and have at most `size` variables together, at least one; by which strategy."""
        strategy = self._record.choose(rng) if self.strategy == "auto" else self.strategy
        if strategy == "impact":
            return self._impact(incumbent, used, size, rng), strategy
        if strategy == "graph":
            return self._graph(used, size, rng), strategy
        return self._rolling(used, size, rng), strategy

    def learn(self, strategy: str, improved: bool) -> None:
        """Note whether a window of a strategy improved the incumbent; older windows count less and less."""
        self._record.learn(strategy, improved)

    def _impact(self, incumbent: Incumbent, used: np.ndarray, size: int, rng: np.random.Generator) -> Ints:
        worth = impact(self.problem, self.units, incumbent)
        rank = np.empty(len(worth))
        rank[np.argsort(worth, kind="stable")] = np.arange(len(worth)) + 1
        # The first ranks nearly always, rank k with a chance of about 1 / k.
        order = np.argsort(rank * rng.random(len(rank)), kind="stable")
        return self._fill(order[~used[order]], size)

    def _rolling(self, used: np.ndarray, size: int, rng: np.random.Generator) -> Ints:
        order = np.roll(np.arange(len(used)), -self._at)
        chosen = self._fill(order[~used[order]], size)
        end = self._at + len(chosen)
        # Each lap begins elsewhere, so that its windows are not those of the lap before.
        self._at = end if end < len(used) else int(rng.integers(len(used)))
        return chosen

    def _graph(self, used: np.ndarray, size: int, rng: np.random.Generator) -> Ints:
        taken = used.copy()
        chosen = np.array([rng.choice(np.flatnonzero(~used))])
        while True:
            taken[chosen] = True
            near, strength = neighbours(self.problem, self.units, chosen)
            near, strength = near[~taken[near]], strength[~taken[near]]
            if len(near) == 0:  # the component is used up: the rest is random
                near = rng.permutation(np.flatnonzero(~taken))[:size]
                strength = np.ones(len(near))
            order = near[np.argsort(-strength * rng.uniform(0.5, 1.0, len(near)), kind="stable")]
            grown = self._fill(np.concatenate([chosen, order]), size)
            if len(grown) < len(chosen) + len(order) or len(order) == 0:
                return grown
            chosen = grown

    def _fill(self, order: Ints, size: int) -> Ints:
        """The first units of `order` that together have at most `size` variables, at least one."""
        count = int(np.searchsorted(np.cumsum(self.units.size[order]), size, side="right"))
        return order[: max(1, count)]


def impact(problem: Problem, units: Units, incumbent: Incumbent) -> np.ndarray:
    """[u] the least that the objective changes when one variable of a unit is flipped, or a group shifted.

    The energy impact of qbsolv (Booth, Reinhardt, Roy 2017): small or negative changes are where a better state
    is near. Units of broken rows come before all others.
    """
    x = incumbent.sample != 0
    fields = incumbent.fields.astype(np.float64)
    model = problem.model
    change = np.where(x, -fields, fields)
    grouped = np.zeros(model.n, bool)
    grouped[model.group_index] = True
    # Setting another member of a group unsets the one that is chosen.
    chosen = np.zeros(len(units.size))
    np.add.at(chosen, units.of[grouped & x], fields[grouped & x])
    shift = np.where(x, np.inf, fields - chosen[units.of])
    worth = np.minimum.reduceat(np.where(grouped, shift, change)[units.index], units.start[:-1])
    if incumbent.violation:
        rows = problem.rows
        broken = np.flatnonzero(rows.over(incumbent.totals))
        worth[units.of[rows.index[entries(rows.start, broken)]]] = -np.inf
    return worth


def neighbours(problem: Problem, units: Units, chosen: np.ndarray) -> tuple[Ints, np.ndarray]:
    """(units, strength) that are coupled to some of the chosen ones or share a row with them; may hold these too."""
    model, rows = problem.couplings, problem.rows
    variables = units.index[entries(units.start, chosen)]
    entry = entries(model.first, variables)
    touched = np.unique(rows.var_row[entries(rows.var_start, variables)])
    beside = rows.index[entries(rows.start, touched)]
    near = np.concatenate([units.of[model.other[entry]], units.of[beside]])
    size = np.abs(model.weight[entry]).astype(np.float64)
    weak = np.full(len(beside), float(size.min(initial=1.0)) / 2)
    found, place = np.unique(near, return_inverse=True)
    return found, np.bincount(place, weights=np.concatenate([size, weak]), minlength=len(found))
