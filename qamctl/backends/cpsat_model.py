"""CP-SAT on constrained binary models: good samples, lower bounds, proofs of optimality and of infeasibility."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from qamctl.backends.cpsat_products import Products, groups_of, products, whole_costs
from qamctl.errors import BackendError, UnsupportedError
from qamctl.qubo.model import EQ, GE, LE, Ints, Model

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

#: CP-SAT's deterministic time (about seconds on a quick machine) that one step of a budget buys.
TIME_PER_STEP: Final = 1e-4

#: Products and entries of constraints that are modelled for each second, so that there is time left to search...
TERMS_PER_SECOND: Final = 30_000
#: ... and at most, however long the budget.
MOST_TERMS: Final = 1_000_000

#: Seconds between two looks at a running search.
POLL: Final = 0.01

#: Seconds after the deadline that CP-SAT is given to stop before it is left to itself.
PATIENCE: Final = 0.02


def load() -> None:
    """Import OR-tools, which takes half a second the first time.

    Raises
    ------
    UnsupportedError
        It is not installed.
    """
    try:
        import_module("ortools.sat.python.cp_model")
    except ImportError as error:
        raise UnsupportedError("backend cpsat needs the package ortools: pip install ortools") from error


@dataclass(frozen=True)
class Outcome:
    """What CP-SAT achieved.

    Attributes
    ----------
    status
        optimal, feasible, infeasible or unknown.
    sample
        [n] the best one, None where there is none.
    bound
        No feasible sample has less energy; None where nothing is known.
    info
        Products, workers, conflicts, branches, deterministic_time.
    """

    status: str
    sample: np.ndarray | None
    bound: float | None
    info: Mapping[str, Any] = field(default_factory=dict)


def solve(
    model: Model,
    *,
    seconds: float | None = None,
    steps: int | None = None,
    seed: int = 0,
    threads: int = 1,
    target: float | None = None,
    stop: Callable[[], bool] = lambda: False,
    report: Callable[[np.ndarray, float], None] = lambda sample, energy: None,
    initial: np.ndarray | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Search for a feasible sample of least objective, and prove how good one can be.

    Products are linearised (Glover and Woolsey, "Converting the 0-1 polynomial programming problem to a 0-1
    linear program", Operations Research 22, 1974), those of a one-hot group together (`Products`).

    Parameters
    ----------
    seconds, steps
        The budget; exactly one is set. With steps one worker runs for a deterministic time.
    target
        The search ends at a sample of this energy or less.
    report
        Called with every better sample and its energy, in this thread.
    initial
        [n] a sample to start from; it need not be feasible.

    Raises
    ------
    UnsupportedError
        The model has too many products for the budget, or OR-tools is not installed.
    BackendError
        CP-SAT refuses the model.
    """
    if (seconds is None) == (steps is None):
        raise ValueError("exactly one of seconds and steps is needed")
    deadline = None if seconds is None else clock() + seconds
    linear, cost, scale, error = whole_costs(model)
    terms = products(model, cost, groups_of(model))
    _check_size(len(terms) + len(model.con_index) + len(model.group_index), seconds)
    built = _Built.make(model, linear, terms)
    if initial is not None:
        built.hint(np.concatenate([np.asarray(initial) != 0, terms.values(initial)]))

    def energy(values: np.ndarray) -> float:
        return model.offset + (float(linear[values].sum()) + float(terms.cost[terms.values(values)].sum())) / scale

    limits = {"seconds": None if deadline is None else max(0.01, deadline - clock()),
              "deterministic": None if steps is None else steps * TIME_PER_STEP}  # fmt: skip
    workers = 1 if seconds is None else threads
    search = _Search(_solver(seed, workers, **limits), built.cp, model.n)
    reached: list[float] = []

    def drain() -> None:
        for values in search.take():
            found = energy(values)
            if not reached or found < reached[-1]:
                reached.append(found)
                report(values.astype(np.uint8), found)

    search.start()
    while not search.wait(POLL):
        drain()
        met = target is not None and bool(reached) and reached[-1] <= target + error
        late = deadline is not None and clock() > deadline
        if stop() or met or late:
            search.halt()
        if deadline is not None and clock() > deadline + PATIENCE:
            break
    drain()
    info = {"products": len(terms), "workers": workers, "exact_costs": error == 0.0}
    return search.outcome(model, scale, error, info)


def _check_size(terms: int, seconds: float | None) -> None:
    most = MOST_TERMS if seconds is None else min(MOST_TERMS, int(seconds * TERMS_PER_SECOND))
    if terms > most:
        raise UnsupportedError(
            f"cpsat: the model has {terms} products and entries of constraints; at most {most} are modelled in this "
            "budget: allow more time, or choose another backend"
        )


@dataclass(frozen=True)
class _Built:
    """CP-SAT's model; its first variables are the model's, the products follow."""

    cp: cp_model.CpModel
    variables: list[cp_model.IntVar]

    @staticmethod
    def make(model: Model, linear: Ints, terms: Products) -> _Built:
        load()
        from ortools.sat.python import cp_model

        cp = cp_model.CpModel()
        x = [cp.new_bool_var("") for _ in range(model.n)]
        y = [cp.new_bool_var("") for _ in range(len(terms))]
        for g in range(len(model.group_start) - 1):
            members = model.group_index[model.group_start[g] : model.group_start[g + 1]]
            cp.add_exactly_one([x[i] for i in members.tolist()])
        for c in range(len(model.con_rhs)):
            _add_row(cp, x, model, c)
        _add_products(cp, x, y, model, terms)
        used = np.flatnonzero(linear).tolist()
        costs = [*linear[used].tolist(), *terms.cost.tolist()]
        if costs:
            cp.minimize(cp_model.LinearExpr.weighted_sum([*(x[i] for i in used), *y], costs))
        return _Built(cp, [*x, *y])

    def hint(self, values: np.ndarray) -> None:
        """Start from these values of the variables."""
        for variable, value in zip(self.variables, values.tolist(), strict=True):
            self.cp.add_hint(variable, int(value))


def _add_row(cp: cp_model.CpModel, x: Sequence[cp_model.IntVar], model: Model, c: int) -> None:
    from ortools.sat.python import cp_model

    entries = slice(int(model.con_start[c]), int(model.con_start[c + 1]))
    members = [x[i] for i in model.con_index[entries].tolist()]
    total = cp_model.LinearExpr.weighted_sum(members, model.con_coef[entries].tolist())
    right, sense = int(model.con_rhs[c]), int(model.con_sense[c])
    if not members:  # CP-SAT takes no comparison of two numbers
        if (sense == LE and right < 0) or (sense == GE and right > 0) or (sense == EQ and right != 0):
            cp.add_bool_or([])
        return
    cp.add(total <= right if sense == LE else total >= right if sense == GE else total == right)


def _add_products(
    cp: cp_model.CpModel,
    x: Sequence[cp_model.IntVar],
    y: Sequence[cp_model.IntVar],
    model: Model,
    terms: Products,
) -> None:
    """y[k] is held up where it costs, down where it saves; the objective does the rest."""
    members, start = terms.member.tolist(), terms.start.tolist()
    anchors, costs, groups = terms.anchor.tolist(), terms.cost.tolist(), terms.group.tolist()
    whole = [model.group_index[a:b].tolist() for a, b in zip(model.group_start, model.group_start[1:], strict=False)]
    for k, (anchor, cost, g) in enumerate(zip(anchors, costs, groups, strict=True)):
        chosen = members[start[k] : start[k + 1]]
        if cost < 0:
            cp.add_implication(y[k], x[anchor])
            cp.add_bool_or([y[k].negated(), *(x[i] for i in chosen)])
        elif len(chosen) == 1:
            cp.add_bool_or([x[anchor].negated(), x[chosen[0]].negated(), y[k]])
        else:  # one of the group is 1: of the set, or of the rest
            inside = set(chosen)
            cp.add_bool_or([x[anchor].negated(), y[k], *(x[i] for i in whole[g] if i not in inside)])


def _solver(seed: int, workers: int, *, seconds: float | None, deterministic: float | None) -> cp_model.CpSolver:
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    parameters = solver.parameters
    parameters.random_seed = seed % 2**31
    parameters.num_workers = workers
    parameters.catch_sigint_signal = False
    if seconds is not None:
        parameters.max_time_in_seconds = seconds
    if deterministic is not None:
        parameters.max_deterministic_time = deterministic
    return solver


class _Search:
    """A run of CP-SAT in a thread of its own, so that the caller can look at the clock."""

    def __init__(self, solver: cp_model.CpSolver, cp: cp_model.CpModel, n: int) -> None:
        from ortools.sat.python import cp_model

        found: deque[Sequence[int]] = deque()

        class Solutions(cp_model.CpSolverSolutionCallback):
            def on_solution_callback(self) -> None:
                found.append(list(self.response_proto.solution))

        self._solver, self._cp, self._n, self._found = solver, cp, n, found
        self._callback = Solutions()
        self._bounds: list[float] = []
        solver.best_bound_callback = self._bounds.append
        self._ended: list[cp_model.CpSolverStatus] = []
        self._fault: list[BaseException] = []
        self._best: np.ndarray | None = None
        # No daemon: a process that ends while CP-SAT still works would end in the middle of C++.
        self._thread = Thread(target=self._run, name="cpsat", daemon=False)

    def _run(self) -> None:
        try:
            self._ended.append(self._solver.solve(self._cp, self._callback))
        except BaseException as fault:
            self._fault.append(fault)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Whether it has ended, after so long at most."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def halt(self) -> None:
        """Ask it to end; has no effect before the search has begun, so ask again."""
        self._solver.stop_search()

    def take(self) -> list[np.ndarray]:
        """[n] each: the samples that were found since the last look, in order."""
        taken = []
        while self._found:
            self._best = np.array(self._found.popleft()[: self._n], bool)
            taken.append(self._best)
        return taken

    def outcome(self, model: Model, scale: float, error: float, info: Mapping[str, Any]) -> Outcome:
        """What came of it; of a run that would not end in time, the samples that it told."""
        from ortools.sat.python import cp_model

        if self._fault:
            raise BackendError(f"CP-SAT failed: {self._fault[0]}") from self._fault[0]
        if not self._ended:
            best = None if self._best is None else self._best.astype(np.uint8)
            return Outcome("unknown" if best is None else "feasible", best, None, {**info, "left_behind": True})
        code, solver = self._ended[0], self._solver
        if code == cp_model.MODEL_INVALID:
            raise BackendError(
                f"CP-SAT refuses the model: {self._cp.validate() or solver.response_proto.solution_info}"
            )
        words = {cp_model.OPTIMAL: "optimal", cp_model.FEASIBLE: "feasible", cp_model.INFEASIBLE: "infeasible"}
        status = words.get(code, "unknown")
        sample = None
        if status in ("optimal", "feasible"):
            sample = np.array(list(solver.response_proto.solution)[: self._n], np.uint8)
        bound = None
        if status in ("optimal", "feasible") or self._bounds:  # of a run that ended in presolve the figure is a mere 0
            least = int(solver.response_proto.inner_objective_lower_bound)
            bound = None if least < -(2**60) else model.offset + least / scale - error
        if status == "optimal" and error:
            status = "feasible"  # proved for rounded costs: the bound says how near that is
        figures = {
            "conflicts": int(solver.num_conflicts), "branches": int(solver.num_branches),
            "deterministic_time": float(solver.deterministic_time),
        }  # fmt: skip
        return Outcome(status, sample, bound, {**info, **figures})
