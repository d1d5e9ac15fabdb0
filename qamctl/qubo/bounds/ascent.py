"""The bound of one connected part: vectors, a proof, then cuts and another proof, within a budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from qamctl.kernels import extension
from qamctl.kernels.couplings import Couplings
from qamctl.qubo.bounds.certificate import MAX_DENSE
from qamctl.qubo.bounds.effort import Effort
from qamctl.qubo.bounds.packing import packed_bound
from qamctl.qubo.bounds.relaxation import TRIANGLE_SPINS, Relaxation
from qamctl.qubo.bounds.spins import Spins, spins_of

#: Vectors have settled when a sweep changes the objective by less than this share of it.
SETTLED = 1e-6
#: Sweeps between two looks at whether they have settled.
LOOK = 10
#: Sweeps for one move of the multipliers, and moves for one round of new cuts.
SWEEPS, MOVES = 6, 20
#: Moves of the multipliers, at the beginning and at the end, as a share of violation times mean coupling.
FIRST_MOVE, LAST_MOVE = 0.5, 0.02
#: Share of the budget until the plain relaxation must have settled, and share that is kept for settling at the end.
PLAIN, LAST = 0.15, 0.15
#: Largest model whose triangles the numpy reference looks at where time counts.
SLOW_SPINS = 200
#: Cuts are violated by at least this.
VIOLATED = 0.02
#: Multiply-adds of a factorisation in a second, at worst; and how many of them a proof takes.
FACTOR_SPEED, FACTORS = 1e10, 2
#: Steps that are worth a second, where steps count.
STEPS_A_SECOND = 500
#: Multiply-adds of a sparse factorisation take so much longer.
SPARSE = 3
#: Spins at one distance from an end at most, for a sparse factorisation to be worth trying.
MAX_FRONT = 1_000


@dataclass(frozen=True)
class Ascent:
    """A proved bound on the energy in scaled units, offset apart; `value` is -inf where there was no time."""

    value: float
    method: str
    figures: Mapping[str, int] = field(default_factory=dict)


def ascend(model: Couplings, effort: Effort, enough: Callable[[float], bool], seed: int) -> Ascent:
    """The bound of a connected part with couplings: semidefinite where that can be proved, else a packing of walks.

    Parameters
    ----------
    enough
        Asked with every proved bound: whether a better one is of no use.
    """
    spins = spins_of(model)
    if not can_prove(spins, effort):
        return Ascent(packed_bound(spins, effort.over), "packed walks", {"spins": spins.n})
    relaxation = Relaxation(spins, seed)
    settle(relaxation, effort, PLAIN)
    begin = effort.used()
    best = _better(Ascent(-np.inf, "none"), relaxation, effort, "semidefinite")
    proof = effort.used() - begin
    until = 1 - LAST - 1.5 * proof
    if enough(best.value) or effort.used() >= until or not add_cuts(relaxation, effort, until):
        return best
    settle(relaxation, effort, 1 - 1.5 * proof)
    best = _better(best, relaxation, effort, "semidefinite with cuts")
    pairwise = relaxation.pairwise()
    return Ascent(pairwise, "cuts", _figures(relaxation)) if pairwise > best.value else best


def settle(relaxation: Relaxation, effort: Effort, until: float) -> None:
    """Sweeps until the vectors change no more, or that share of the budget is used; some in any case."""
    while True:
        effort.use(relaxation.run(LOOK, effort.left()))
        settled = relaxation.descent.change <= SETTLED * float(relaxation.descent.norms.sum())
        if settled or effort.used() >= until or effort.stop():
            return


def add_cuts(relaxation: Relaxation, effort: Effort, until: float) -> bool:
    """Rounds of new cuts and moves of their multipliers, until that share of the budget is used; False without any."""
    n, begin, turn = relaxation.spins.n, effort.used(), 0
    # The reference takes seconds for all triangles of a large model: where time counts, that is too long.
    slow = effort.seconds is not None and extension("mixing") is None
    largest = min(TRIANGLE_SPINS, SLOW_SPINS) if slow else TRIANGLE_SPINS
    while effort.used() < until and not effort.stop():
        added = relaxation.separate(VIOLATED, 2 * n, turn, largest)
        turn += 1
        if added == 0 and len(relaxation.cuts) == 0 and turn * 256 >= n:
            return False  # no inequality that we know is violated
        for _ in range(MOVES):
            done = (effort.used() - begin) / (until - begin)
            if done >= 1 or effort.stop():
                break
            relaxation.step(FIRST_MOVE * (LAST_MOVE / FIRST_MOVE) ** done)
            effort.use(relaxation.run(SWEEPS, effort.left()))
    return len(relaxation.cuts) > 0


def can_prove(spins: Spins, effort: Effort) -> bool:
    """Whether factorisations fit the budget: a dense one costs n^3 / 3, a sparse one about n times the front^2."""
    n = spins.n
    seconds = effort.left() if effort.steps is None else 1 + effort.steps / STEPS_A_SECOND
    allowed = FACTOR_SPEED / FACTORS * seconds
    if n <= MAX_DENSE:
        return n**3 / 3.0 <= allowed
    front = widest_front(spins)
    return front <= MAX_FRONT and SPARSE * n * float(front) ** 2 <= allowed


def widest_front(spins: Spins) -> int:
    """Most spins at one distance from a spin at one end of the model."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import dijkstra

    graph = coo_array((np.ones(len(spins.low)), (spins.low, spins.high)), shape=(spins.n, spins.n)).tocsr()
    distance = np.zeros(spins.n)
    begin = 0
    for _ in range(2):
        distance = dijkstra(graph, directed=False, indices=begin, unweighted=True)
        begin = int(np.argmax(np.where(np.isfinite(distance), distance, -1)))
    return int(np.bincount(distance[np.isfinite(distance)].astype(np.int64)).max())


def _better(best: Ascent, relaxation: Relaxation, effort: Effort, method: str) -> Ascent:
    proved = relaxation.certified(effort.over)
    return best if proved is None or proved <= best.value else Ascent(proved, method, _figures(relaxation))


def _figures(relaxation: Relaxation) -> dict[str, int]:
    return {"cuts": int((relaxation.multiplier > 0).sum()), "spins": relaxation.spins.n}
