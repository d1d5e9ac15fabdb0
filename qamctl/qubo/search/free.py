"""`auto` on models without constraints: reduce, solve exactly what can be, search the rest, prove how good it is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any, Protocol

import numpy as np

from qamctl.kernels.couplings import Couplings
from qamctl.qubo.model import Model
from qamctl.qubo.search.base import Found
from qamctl.qubo.search.choice import choose
from qamctl.qubo.search.reduction import Rest, reduce
from qamctl.qubo.search.shared import Member, Shared, at_most, guarded, together
from qamctl.qubo.search.whole import whole_model

#: Shares of the time that is left for a first look, which gives the bound an energy to meet, for the bound, and for
#: CP-SAT on a single core.
LOOK, BOUND, PROOF = 0.05, 0.12, 0.25

#: Of what is left on a single core: the search of groups that penalties hide; another one goes on without them.
HIDDEN = 0.8

#: Seconds of a first glance, and its share of the time; models with fewer couplings are presolved before anybody could
#: miss it, those with more take longer to arrange.
GLANCE, GLANCE_SHARE, SOME, MANY = 0.1, 0.02, 1_000, 1_000_000

#: Seconds of a bound, however long the run.
LONGEST_BOUND = 60.0

#: Couplings that a bound is worked out for in a second, at worst.
BOUND_COUPLINGS = 400_000

#: Sweeps of the bound's relaxation under a step budget: at least, at most, and products of numbers in all.
LEAST_SWEEPS, MOST_SWEEPS, BOUND_WORK = 20, 2_000, 4e9

#: Couplings up to which CP-SAT may prove something.
PROVABLE = 600

#: Seconds after the deadline that the lane of bounds and proofs is waited for; then it is left to itself. A search on
#: that lane ends so much earlier.
LATE = 0.02

#: Seconds between two samples that are told while a search goes on: restoring them costs time.
TELL = 0.05


class Prover(Protocol):
    """CP-SAT on a model with its constraints, as `backends.cpsat_model.solve`."""

    def __call__(self, model: Model, **options: Any) -> Any:
        """Gives `status`, `sample`, `bound` and `info`."""
        ...


def search_free(shared: Shared, initial: np.ndarray | None, prover: Prover | None) -> list[Member]:
    """Everything that `auto` does to a model without constraints; the best sample is in `shared`."""
    objective = shared.objective
    start = np.zeros(objective.n, np.uint8) if initial is None else initial
    shared.start(start, objective.energy(start))
    glanced: list[Member] = []
    if shared.timed and initial is None and SOME <= objective.pairs <= MANY:
        fault = guarded("anneal", lambda: glanced.append(_glance(shared)))
        glanced += [] if fault is None else [fault]
    rest = reduce(shared)
    if rest.model.n == 0:
        sample = rest.restore(np.zeros((1, 0), np.uint8))
        energy = objective.energy(sample[0])
        shared.offer("exact", sample[0], energy)
        shared.raise_bound(energy)
        return [
            *glanced,
            Member("exact", "optimal", sample, bound=energy, variables=objective.n, seconds=shared.elapsed(),
                   info=rest.figures)
        ]  # fmt: skip
    work = _Work(shared, rest, prover, warm=initial is not None)
    if shared.timed:
        work.side_by_side()
    else:
        work.in_turn()
    members = work.members()
    if not any(member.samples is not None for member in members):  # it was stopped at once
        members.append(Member("auto", "feasible", start[None, :].astype(np.uint8), variables=objective.n))
    return [*glanced, replace(members[0], info=rest.figures | dict(members[0].info)), *members[1:]]


def _glance(shared: Shared) -> Member:
    """An annealing of a moment, so that there is something good to keep, whenever somebody ends the run."""
    anneal = import_module("qamctl.qubo.search.anneal")
    budget = replace(shared.budget, seconds=min(GLANCE, GLANCE_SHARE * shared.left()), threads=1)
    found = anneal.search(shared.objective, budget=budget, seed=shared.seed, stop=shared.ended)
    shared.offer("anneal", found.samples[0], float(found.energies[0]))
    member = together("anneal", [found], shared.elapsed(), lambda samples: samples)
    shared.finished(member)
    return member


class _Work:
    """The searches, bounds and proofs on what is left."""

    def __init__(self, shared: Shared, rest: Rest, prover: Prover | None, warm: bool) -> None:
        self.shared, self.rest, self.warm = shared, rest, warm
        self.names = choose(rest.model)
        self.prover = prover if rest.model.pairs <= PROVABLE else None
        self.found: dict[str, list[Found]] = {}
        self.spent: dict[str, float] = {}
        self.others: list[Member] = []
        self._told = -np.inf
        self._lock = threading.Lock()

    def side_by_side(self) -> None:
        """One core: a look, the bound, CP-SAT where it may prove something, the search. More: all at once."""
        shared, threads = self.shared, self.shared.budget.threads
        if threads == 1:
            if self.boundable(bound_seconds(shared)) or self.prover is not None:
                self.search(self.names[0], LOOK * shared.left(), 1, 0)
                at_most(self.bound, bound_seconds(shared))
            if self.prover is not None:
                self.prove(PROOF * shared.left(), 1)
            if self.names[0] == "onehot":
                self.search(self.names[0], HIDDEN * shared.left(), 1, 1)
                self.search(self.names[1], shared.left(), 1, 2)
            else:
                self.search(self.names[0], shared.left(), 1, 1)
            return
        second = self.names[1:2]
        beside = threading.Thread(target=self._beside, args=(second,), name="auto-beside")
        beside.start()
        busy = bool(second) or self.prover is not None
        try:
            self.search(self.names[0], shared.left(), threads - 1 if busy else threads, 0)
        finally:
            beside.join(shared.left() + LATE)

    def _beside(self, second: tuple[str, ...]) -> None:
        """The lane of bounds and proofs; where those end early, of the other search."""
        self.bound(bound_seconds(self.shared))
        if self.prover is not None:
            self.prove(self.shared.left() if not second else 0.5 * self.shared.left(), 1)
        for name in second:
            self.search(name, self.shared.left() - LATE, 1, 2)

    def in_turn(self) -> None:
        """The same under a step budget, whatever the number of cores."""
        for number, name in enumerate(self.names[: 2 if self.names[0] == "onehot" else 1]):
            self.search(name, None, 1, number)
        self.bound(None)
        if self.prover is not None:
            self.prove(None, 1)

    def search(self, name: str, seconds: float | None, threads: int, number: int) -> None:
        """Tabu or annealing from the best sample so far."""
        self._note(guarded(name, lambda: self._search(name, seconds, threads, number)))

    def bound(self, seconds: float | None) -> None:
        """A lower bound by the methods that suit the model."""
        self._note(guarded("bound", lambda: self._bound(seconds)))

    def boundable(self, seconds: float | None) -> bool:
        """Whether a bound can be worked out in the time."""
        return seconds is None or self.rest.model.pairs <= BOUND_COUPLINGS * seconds

    def prove(self, seconds: float | None, threads: int) -> None:
        """CP-SAT on what is left: it may prove the best sample, or find a better one."""
        self._note(guarded("cpsat", lambda: self._prove(seconds, threads)))

    def _search(self, name: str, seconds: float | None, threads: int, number: int) -> None:
        shared, model = self.shared, self.rest.model
        if shared.ended() or (seconds is not None and seconds <= 0):
            return
        budget = replace(shared.budget, seconds=seconds, threads=threads, target=shared.target())
        if seconds is None:
            budget = replace(shared.budget, threads=threads, target=shared.target())
        run: Callable[..., Found] = import_module(f"qamctl.qubo.search.{name}").search
        since = shared.elapsed()
        found = run(
            model, budget=budget, seed=shared.seed + number, stop=shared.ended, report=self._teller(name),
            initial=self._start(),
        )  # fmt: skip
        with self._lock:
            self.found.setdefault(name, []).append(found)
            self.spent[name] = self.spent.get(name, 0.0) + shared.elapsed() - since
        self._tell(name, found.samples[0])
        shared.finished(self._searched(name))

    def _start(self) -> np.ndarray | None:
        """The best sample so far, as far as it is one of what is left."""
        if self.shared.best is None or not (self.warm or self.shared.told):
            return None
        return self.rest.project(self.shared.best[1])

    def _teller(self, name: str) -> Callable[[np.ndarray, float], None]:
        def report(sample: np.ndarray, energy: float) -> None:
            now = self.shared.elapsed()
            target = self.shared.target()
            if now - self._told >= TELL or (target is not None and energy <= target):
                self._told = now
                self._tell(name, sample)

        return report

    def _tell(self, name: str, sample: np.ndarray) -> None:
        whole = self.rest.restore(sample[None, :])[0]
        self.shared.offer(name, whole, self.shared.objective.energy(whole))

    def _bound(self, seconds: float | None) -> None:
        from qamctl.qubo.bounds import lower_bound

        shared = self.shared
        if shared.ended() or not self.boundable(seconds):
            return
        since = shared.elapsed()
        upper = None if shared.best is None else shared.best[0]
        steps = None if seconds is not None else bound_steps(self.rest.model, shared.budget.steps or 0)
        found = lower_bound(
            self.rest.model, seconds=seconds, steps=steps, upper=upper, seed=shared.seed, stop=shared.ended
        )  # fmt: skip
        shared.raise_bound(found.value)
        info = {"method": found.method, **found.info}
        if found.sample is not None:  # it was solved on the way
            self._tell("exact", found.sample)
            samples = self.rest.restore(found.sample[None, :])
            self._note(Member("exact", "optimal", samples, bound=found.value, variables=self.rest.model.n,
                              seconds=shared.elapsed() - since, info=info))  # fmt: skip
            return
        self._note(Member("bound", "bounded", bound=found.value, variables=self.rest.model.n,
                         seconds=shared.elapsed() - since, info=info))  # fmt: skip

    def _prove(self, seconds: float | None, threads: int) -> None:
        shared, model = self.shared, self.rest.model
        if shared.ended() or self.prover is None:
            return
        since = shared.elapsed()
        scale, offset = model.scale, model.offset

        def told(sample: np.ndarray, energy: float) -> None:
            self._tell("cpsat", sample)

        found = self.prover(
            whole_model(model), seconds=seconds, steps=None if seconds is not None else shared.budget.steps,
            seed=shared.seed, threads=threads, stop=shared.ended, report=told, initial=self._start(),
        )  # fmt: skip
        bound = None if found.bound is None else found.bound / scale + offset
        shared.raise_bound(bound)
        samples = None
        if found.sample is not None:
            self._tell("cpsat", found.sample)
            samples = self.rest.restore(found.sample[None, :])
        self._note(Member("cpsat", found.status, samples, bound=bound, variables=model.n,
                         seconds=shared.elapsed() - since, info=found.info))  # fmt: skip

    def _note(self, member: Member | None) -> None:
        if member is not None:
            with self._lock:
                self.others.append(member)
            self.shared.finished(member)

    def _searched(self, name: str) -> Member:
        with self._lock:
            return together(name, list(self.found[name]), self.spent[name], self.rest.restore)

    def members(self) -> list[Member]:
        """What each search came to, in the order of `choose`, then bounds and proofs."""
        return [*(self._searched(name) for name in self.names if name in self.found), *self.others]


def bound_seconds(shared: Shared) -> float:
    """The share of the time that is left for a bound; a long run has no more use for one than a shorter one."""
    return min(BOUND * shared.left(), LONGEST_BOUND)


def bound_steps(model: Couplings, steps: int) -> int:
    """Sweeps of the bound's relaxation under a step budget: no more than the search has, and no endless ones."""
    rank = int((2 * model.n) ** 0.5) + 1
    return max(LEAST_SWEEPS, min(steps // 4, MOST_SWEEPS, int(BOUND_WORK / (1 + 2 * model.pairs * rank))))
