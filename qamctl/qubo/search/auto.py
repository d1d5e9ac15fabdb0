"""The engine `auto`: presolve, exact methods where they reach, searches by what the model is, bounds and proofs.

A model without constraints is reduced first. Parts of small width are solved exactly, what is left is searched by
tabu or by annealing (`choice`), beside which a lower bound is worked out; where the two meet, the answer is proved.
A model with constraints is searched among the states that keep its groups. Engines that are no part of `qubo` are
handed in: the prover is CP-SAT.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np

from qamctl.kernels.couplings import Couplings
from qamctl.qubo.feasible import feasible
from qamctl.qubo.model import Model
from qamctl.qubo.search.base import Budget, Found
from qamctl.qubo.search.constrained import search_constrained
from qamctl.qubo.search.free import Prover, search_free
from qamctl.qubo.search.reading import ReadTurn, read_constrained, read_free
from qamctl.qubo.search.shared import Member, Report, Shared, guarded

#: The share of the time that independent reads get, where they are asked for.
READS_SHARE = 0.5


#: What runs import when they come to it; together it takes some tenths of a second.
LATE_IMPORTS = (
    "scipy.sparse.csgraph", "qamctl.qubo.bounds", "qamctl.qubo.search.anneal", "qamctl.qubo.search.groups",
    "qamctl.qubo.search.onehot", "qamctl.qubo.search.tabu",
)  # fmt: skip


def load() -> None:
    """Import now what a run would import while its clock runs."""
    for name in LATE_IMPORTS:
        import_module(name)


def run(
    model: Model,
    objective: Couplings,
    *,
    budget: Budget,
    seed: int,
    stop: Callable[[], bool] = lambda: False,
    report: Report = lambda name, sample, energy: None,
    initial: np.ndarray | None = None,
    reads: int | None = None,
    prover: Prover | None = None,
    finished: Callable[[Member], None] = lambda member: None,
) -> list[Member]:
    """Search a model, with or without constraints, and prove how good the answer is.

    Parameters
    ----------
    objective
        The model's, as the kernels hold it.
    reads
        Take so many independent samples besides, in half of the budget.
    prover
        CP-SAT; None: nothing is proved by it.
    finished
        Told what a search achieved as soon as it ends, from any thread; more may come of it later.

    Returns
    -------
    What each search achieved. Under a step budget it depends on the model, the seed and the steps alone.
    """
    constrained = len(model.group_start) > 1 or len(model.con_rhs) > 0
    shared = Shared(objective, budget if reads is None else _less(budget), seed, stop, report, finished)
    if constrained:
        members = search_constrained(shared, model, initial, prover)
    else:
        members = search_free(shared, initial, prover)
    if reads is None or shared.infeasible:
        return members
    left = None if budget.seconds is None else budget.seconds - shared.elapsed()
    clock, began = budget.clock, budget.clock()
    turn = ReadTurn(
        reads, seed, budget.threads, budget.steps,
        stop if left is None else lambda: stop() or clock() - began >= left,
    )  # fmt: skip

    def take() -> None:
        found = read_constrained(model, turn) if constrained else read_free(objective, turn)
        taken = int(found.occurrences.sum())
        if not constrained or bool(feasible(model, found.samples[:1])[0]):
            report("reads", found.samples[0], float(found.energies[0]))
        limit = "steps" if left is None else "time"
        note = None if taken >= reads else f"{taken} of {reads} reads were taken in the {limit}"
        figures = {"steps": found.steps, "attempts": found.attempts, **found.info}
        members.append(
            Member("reads", "feasible", found.samples, found.occurrences, variables=objective.n, shots=taken,
                   seconds=clock() - began, note=note, info=figures)
        )  # fmt: skip

    fault = guarded("reads", take)
    return members if fault is None else [*members, fault]


def search(
    model: Couplings,
    *,
    budget: Budget,
    seed: int,
    stop: Callable[[], bool] = lambda: False,
    report: Callable[[np.ndarray, float], None] = lambda sample, energy: None,
    initial: np.ndarray | None = None,
) -> Found:
    """The same for models without constraints, as a `Search`; `info` has the bound and whether it proves the answer."""
    curve: list[tuple[float, float]] = []
    begin = budget.clock()

    def told(name: str, sample: np.ndarray, energy: float) -> None:
        curve.append((0.0 if budget.seconds is None else budget.clock() - begin, energy))
        report(sample, energy)

    shared = Shared(model, budget, seed, stop, told)
    members = search_free(shared, initial, None)
    best = shared.best
    assert best is not None  # some member has told its sample
    samples = [best[1][None, :], *(member.samples for member in members if member.samples is not None)]
    rows, first = np.unique(np.concatenate(samples), axis=0, return_index=True)
    rows = rows[np.argsort(first)]
    energies = np.array([model.energy(row) for row in rows])
    order = np.argsort(energies, kind="stable")
    figures: dict[str, Any] = {member.name: dict(member.info) for member in members}
    bound = shared.bound if np.isfinite(shared.bound) else None
    return Found(
        rows[order], energies[order], np.ones(len(rows), np.int64), _sum(figures, "steps"), _sum(figures, "attempts"),
        tuple(curve), {"method": "auto", "bound": bound, "proved": shared.proved(), "searches": figures},
    )  # fmt: skip


def _sum(figures: Mapping[str, Mapping[str, Any]], key: str) -> int:
    return sum(int(one.get(key, 0)) for one in figures.values())


def _less(budget: Budget) -> Budget:
    """What is left to the search where reads are taken, too."""
    if budget.seconds is not None:
        return replace(budget, seconds=(1 - READS_SHARE) * budget.seconds)
    return budget
