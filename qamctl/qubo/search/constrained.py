"""`auto` on models with constraints: search among the states that keep the groups, bounds and proofs beside it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import numpy as np

from qamctl.qubo.feasible import feasible
from qamctl.qubo.model import Model
from qamctl.qubo.search.base import Found
from qamctl.qubo.search.free import LATE, LOOK, PROOF, Prover, bound_seconds, bound_steps
from qamctl.qubo.search.shared import Member, Shared, at_most, guarded, together
from qamctl.qubo.search.tiny import is_tiny, search_all

#: Entries of constraints and couplings that CP-SAT takes in a second with time left to search; the most, under steps.
PROVABLE_PER_SECOND, PROVABLE = 15_000, 60_000

#: CP-SAT's share of the time on a core of its own.
BESIDE = 0.5

#: Up to so many CP-SAT goes first, for this share of the time: it may well be done at once.
TINY, FIRST = 300, 0.3


def search_constrained(shared: Shared, model: Model, initial: np.ndarray | None, prover: Prover | None) -> list[Member]:
    """Everything that `auto` does to a model with constraints; the best feasible sample is in `shared`."""
    if initial is not None and feasible(model, initial[None, :])[0]:
        shared.start(initial, shared.objective.energy(initial))
    if is_tiny(model):
        return [search_all(shared, model)]
    terms = len(model.row) + len(model.con_index) + len(model.group_index)
    share = PROOF if shared.budget.threads == 1 else 1.0
    most = min(PROVABLE, PROVABLE_PER_SECOND * shared.left(share)) if shared.timed else PROVABLE
    work = _Work(shared, model, initial, prover if terms <= most else None)
    if terms <= TINY and work.prover is not None:
        work.prove(FIRST * shared.left() if shared.timed else None, 1)
    if not shared.timed:
        work.search(None, 1, 0)
        work.bound(None)
        if terms > TINY:
            work.prove(None, 1)
    elif shared.budget.threads == 1:
        work.search(LOOK * shared.left(), 1, 0)
        at_most(work.bound, bound_seconds(shared))
        work.search((1.0 if work.prover is None else 1.0 - PROOF) * shared.left(), 1, 1)
        work.prove(shared.left(), 1)
    else:
        work.side_by_side(shared.budget.threads)
    return work.members()


class _Work:
    """The search, bounds and proofs."""

    def __init__(self, shared: Shared, model: Model, initial: np.ndarray | None, prover: Prover | None) -> None:
        self.shared, self.model, self.initial, self.prover = shared, model, initial, prover
        self.found: list[Found] = []
        self.spent = 0.0
        self.others: list[Member] = []
        self._lock = threading.Lock()

    def side_by_side(self, threads: int) -> None:
        """Bounds and proofs on a lane of their own."""
        beside = threading.Thread(target=self._beside, name="auto-beside")
        beside.start()
        try:
            self.search(self.shared.left(), threads - 1 if self.prover is not None else threads, 0)
        finally:
            beside.join(self.shared.left() + LATE)

    def _beside(self) -> None:
        """Where CP-SAT has proved nothing in its share of the time, its core searches, too."""
        self.bound(bound_seconds(self.shared))
        if self.prover is not None:
            self.prove(BESIDE * self.shared.left(), 1)
            self.search(self.shared.left() - LATE, 1, 2)

    def search(self, seconds: float | None, threads: int, number: int) -> None:
        """Shift and swap within the groups, rows by adaptive weights."""
        self._note(guarded("anneal", lambda: self._search(seconds, threads, number)))

    def bound(self, seconds: float | None) -> None:
        """A lower bound that holds for every feasible sample."""
        self._note(guarded("bound", lambda: self._bound(seconds)))

    def prove(self, seconds: float | None, threads: int) -> None:
        """CP-SAT: proofs of optimality and of infeasibility, and samples."""
        self._note(guarded("cpsat", lambda: self._prove(seconds, threads)))

    def _search(self, seconds: float | None, threads: int, number: int) -> None:
        from qamctl.qubo.search import groups

        shared = self.shared
        if shared.ended() or (seconds is not None and seconds <= 0):
            return
        budget = replace(shared.budget, threads=threads, target=shared.target())
        if seconds is not None:
            budget = replace(budget, seconds=seconds)
        since = shared.elapsed()
        found = groups.search(
            self.model, budget=budget, seed=shared.seed + number, stop=shared.ended, report=self._tell,
            initial=self.initial if shared.best is None else shared.best[1],
        )  # fmt: skip
        with self._lock:
            self.found.append(found)
            self.spent += shared.elapsed() - since
        shared.infeasible = shared.infeasible or not found.info.get("possible", True)
        self._tell(found.samples[0], float(found.energies[0]))
        shared.finished(self._searched())

    def _tell(self, sample: np.ndarray, energy: float) -> None:
        if feasible(self.model, np.asarray(sample)[None, :])[0]:
            self.shared.offer("anneal", sample, energy)

    def _bound(self, seconds: float | None) -> None:
        from qamctl.qubo.bounds import model_lower_bound

        shared = self.shared
        if shared.ended():
            return
        since = shared.elapsed()
        upper = None if shared.best is None else shared.best[0]
        steps = None if seconds is not None else bound_steps(shared.objective, shared.budget.steps or 0)
        found = model_lower_bound(
            self.model, seconds=seconds, steps=steps, upper=upper, seed=shared.seed, stop=shared.ended
        )  # fmt: skip
        shared.raise_bound(found.value)
        info = {"method": found.method, **found.info}
        if found.sample is None:
            self._add("bound", "bounded", None, found.value, since, info)
            return
        shared.offer("exact", found.sample, shared.objective.energy(found.sample))  # it was solved on the way
        self._add("exact", "optimal", found.sample[None, :], found.value, since, info)

    def _prove(self, seconds: float | None, threads: int) -> None:
        shared = self.shared
        if shared.ended() or self.prover is None or (seconds is not None and seconds <= 0):
            return
        since = shared.elapsed()

        def told(sample: np.ndarray, energy: float) -> None:
            shared.offer("cpsat", sample, shared.objective.energy(sample))

        found = self.prover(
            self.model, seconds=seconds, steps=None if seconds is not None else shared.budget.steps,
            seed=shared.seed, threads=threads, target=shared.budget.target, stop=shared.ended, report=told,
            initial=None if shared.best is None else shared.best[1],
        )  # fmt: skip
        shared.raise_bound(found.bound)
        if found.sample is not None:
            told(found.sample, 0.0)
        shared.infeasible = shared.infeasible or found.status == "infeasible"
        samples = None if found.sample is None else found.sample[None, :]
        self._add("cpsat", found.status, samples, found.bound, since, found.info)

    def _add(
        self, name: str, status: str, samples: np.ndarray | None, bound: float | None, since: float, info: Any
    ) -> None:
        self._note(
            Member(name, status, samples, bound=bound, variables=self.model.n, seconds=self.shared.elapsed() - since,
                   info=info)
        )  # fmt: skip

    def _note(self, member: Member | None) -> None:
        if member is not None:
            with self._lock:
                self.others.append(member)
            self.shared.finished(member)

    def _searched(self) -> Member:
        with self._lock:
            found = list(self.found)
        member = together("anneal", found, self.spent, lambda samples: samples)
        kept = any(bool(feasible(self.model, one.samples[:1])[0]) for one in found)
        proved = not all(one.info.get("possible", True) for one in found)
        return replace(member, status="feasible" if kept else "infeasible" if proved else "unknown")

    def members(self) -> list[Member]:
        """What the search came to, then bounds and proofs."""
        return [*([self._searched()] if self.found else []), *self.others]
