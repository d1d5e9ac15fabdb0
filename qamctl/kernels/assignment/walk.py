"""A walk over assignments: where it is, what it may do next, what it takes back, and the best it has seen."""

from __future__ import annotations

from collections.abc import Sequence

from qamctl.kernels.assignment.chance import Random
from qamctl.kernels.assignment.problem import AssignmentProblem
from qamctl.kernels.assignment.state import Delta, State

TOLERANCE = 1e-9  # relative: less than this is no difference


class Walk:
    """What every kind of move is made of: `begin`, some `go`, then `settle` or `back`.

    Attributes
    ----------
    temperature
        A worsening of the objective is accepted with probability exp(-worsening / temperature) (Kirkpatrick, Gelatt,
        Vecchi 1983, "Optimization by simulated annealing").
    price
        Of the ghost: room at old places is freed first for what needs it most.
    moved
        Units that have moved since `begin`; each moves once in a chain.
    before
        The state at `begin`.
    best, best_mask, best_violation, best_term
        The best assignment: the least violation decides, then the objective.
    """

    def __init__(self, problem: AssignmentProblem, start: Sequence[int], seed: int) -> None:
        p = self.problem = problem
        self.state, self.random = State(p), Random(seed)
        self.levels: list[list[tuple[int, float]]] = [
            [(t, weight) for t, weight in enumerate(row) if weight] for row in p.levels.tolist()
        ]
        self.surprise: list[float] = p.surprise.tolist()
        self.leaves: list[list[int]] = [
            p.allowed_leaf[a:b].tolist() for a, b in zip(p.allowed_first[:-1], p.allowed_first[1:], strict=True)
        ]
        self.kind: list[int] = p.kind.tolist()
        self.level, self.bounds = 0, list[float]()
        self.temperature = self.price = 0.0
        self.undo: list[tuple[int, int, list[int]]] = []
        self.moved: set[int] = set()
        self.before = self._sums()
        self.state.assign(start)
        self.best, self.best_mask = self.state.x.copy(), self.state.devices.mask.copy()
        self.best_violation, self.best_term = self.state.violation, self.state.term

    # ------------------------------------------------------------------------------------- judging

    def value(self, term: Sequence[float], level: int) -> float:
        """A level of the objective."""
        total = 0.0
        for t, weight in self.levels[level]:
            total += weight * term[t]
        return total

    def gain(self, d: Delta) -> float:
        """What a move would make worse: the level in focus and the ghost."""
        return self.value(d.term, self.level) + self.price * d.ghost

    def within(self, term: Sequence[float]) -> bool:
        """Whether levels before the one in focus are within their bounds."""
        return all(
            self.value(term, level) <= bound + TOLERANCE * max(1.0, abs(bound))
            for level, bound in enumerate(self.bounds)
        )

    def lucky(self, worse: float) -> bool:
        """Whether chance has it that something so much worse is taken."""
        return worse <= 0 or worse <= self.temperature * self.surprised()

    def welcome(self, d: Delta) -> bool:
        """Whether to take a single move: the violation never rises, and whatever lessens it is taken."""
        if d.violation != 0:
            return d.violation < 0
        if self.bounds and not self.within([old + more for old, more in zip(self.state.term, d.term, strict=True)]):
            return False
        return self.lucky(self.gain(d))

    def surprised(self) -> float:
        """-log(u) of a random u."""
        return self.surprise[self.random.below(len(self.surprise))]

    def keep(self) -> None:
        """Note the assignment if it is the best so far."""
        s = self.state
        if s.violation > self.best_violation:
            return
        if s.violation == self.best_violation:
            now, known = self.value(s.term, self.level), self.value(self.best_term, self.level)
            if now >= known - TOLERANCE * max(1.0, abs(known)) * 1e-3:
                return
        self.best_violation, self.best_term = s.violation, s.term
        self.best, self.best_mask = s.x.copy(), s.devices.mask.copy()

    def restart(self) -> None:
        """Go back to the best assignment; sums are made anew, so that rounding does not pile up."""
        self.state.assign(self.best)
        if self.best_mask:
            for u, leaf in enumerate(self.best):
                if leaf != self.state.k:
                    self.state.reseat(u, [self.best_mask[e] for e, _, _ in self.state.devices.pieces[u]])
        self.best_violation, self.best_term = self.state.violation, self.state.term

    # ------------------------------------------------------------------------------------- moving

    def someone(self) -> int:
        """A unit to move; those that are in no cluster come up more often than others."""
        if self.state.inside[self.state.k] and self.random.below(8) == 0:
            return self.inside(self.state.k)
        return self.random.below(self.state.n)

    def target(self, u: int) -> int:
        """Where a unit might go: to a neighbour, home, or anywhere it may be; -1: nowhere."""
        s, dice = self.state, self.random.below(16)
        links = s.links[u]
        if links and dice < 14:
            b = s.x[links[self.random.below(len(links))][0]]
            return b if s.may(u, b) else -1
        homes = s.homes.of[u]
        if homes and dice == 15:
            b = homes[self.random.below(len(homes))].leaf
            return b if s.may(u, b) else -1
        if s.optional[u] and dice == 14:
            return s.k
        leaves = self.leaves[self.kind[u]]
        return leaves[self.random.below(len(leaves))] if leaves else -1

    def inside(self, leaf: int) -> int:
        """A random unit of a leaf that is not empty."""
        there = self.state.inside[leaf]
        return there[self.random.below(len(there))]

    def begin(self) -> None:
        """A compound move begins here."""
        self.undo.clear()
        self.moved.clear()
        self.before = self._sums()

    def go(self, u: int, b: int, d: Delta | None = None) -> None:
        """One step of it; `d` is what `peek` said, where it was asked."""
        self.undo.append((u, self.state.x[u], self.state.devices.masks(u)))
        self.moved.add(u)
        self.state.move(u, b, d)

    def risen(self) -> int:
        """By how much the violation is higher than at `begin`."""
        return self.state.violation - self.before[0]

    def back(self, keep: int = 0) -> None:
        """Take back all steps but the first `keep` ones, devices included."""
        s = self.state
        while len(self.undo) > keep:
            u, leaf, masks = self.undo.pop()
            s.move(u, leaf)
            if masks and leaf != s.k:
                s.reseat(u, masks)
        if keep == 0:
            s.violation, s.ghost, s.term = self.before

    def settle(self) -> None:
        """Accept the compound move, or take it back: as `welcome` would."""
        s, (violation, ghost, term) = self.state, self.before
        taken = s.violation < violation
        if s.violation == violation and self.within(s.term):
            worse = self.value(s.term, self.level) - self.value(term, self.level)
            taken = self.lucky(worse + self.price * (s.ghost - ghost))
        if taken:
            self.keep()
        else:
            self.back()

    def _sums(self) -> tuple[int, float, list[float]]:
        return self.state.violation, self.state.ghost, self.state.term
