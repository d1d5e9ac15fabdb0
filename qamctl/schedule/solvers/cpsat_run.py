"""One run of CP-SAT: its parameters, its solutions while they come, and its end when it is asked to stop.

CP-SAT works in a thread of its own; the caller's thread looks at it many times a second, passes solutions
on and asks whether to stop, so that signals and exceptions are handled where they belong.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qamctl.errors import BackendError
from qamctl.schedule.solvers.cpsat_variables import Variables

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

#: Seconds between two looks at a running search; also the least time between two reported solutions.
POLL: Final = 0.05

#: Workers up to which a run has one aim, schedules or the bound; more of them pursue both at once.
FEW: Final = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run works.

    Attributes
    ----------
    seconds, deterministic
        How long it may take, by the clock or in CP-SAT's deterministic seconds; None for no limit.
    workers, seed
        Of the search.
    raise_bound
        Few workers push the bound up instead of looking for better schedules.
    relax
        Linear relaxations are used: they pay for sums over tasks, and cost time where the objective is a makespan.
    orders
        What is found out about the order of tasks on machines is kept while searching. CP-SAT 9.15 aborts the process
        when it does so in models where one task waits for another only under a condition.
    """

    workers: int
    seed: int
    seconds: float | None = None
    deterministic: float | None = None
    raise_bound: bool = False
    relax: bool = True
    orders: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a run.

    Attributes
    ----------
    status
        optimal, feasible, infeasible or unknown.
    values
        Of the best solution by variable, None where there is none.
    bound
        No solution has a smaller objective, in the model's integers.
    """

    status: str
    values: Sequence[int] | None
    bound: int
    conflicts: int
    branches: int
    deterministic_time: float


def run(
    variables: Variables,
    objective: Mapping[int, int],
    hint: Mapping[int, int] | None,
    settings: Settings,
    stop: Callable[[], bool],
    offer: Callable[[Sequence[int]], None],
) -> Answer:
    """Minimises the objective (coefficient by variable), from the hint if there is one.

    `offer` gets the values of every solution in the order found, in this thread, every `POLL` seconds.

    Raises
    ------
    BackendError
        CP-SAT refuses the model.
    """
    from ortools.sat.python import cp_model

    variables.cp.clear_objective()  # type: ignore[no-untyped-call]
    if objective:
        chosen = [variables[i][0] for i in objective]
        variables.cp.minimize(cp_model.LinearExpr.weighted_sum(chosen, list(objective.values())))
    variables.cp.clear_hints()  # type: ignore[no-untyped-call]
    for i, value in (hint or {}).items():
        variables.cp.add_hint(variables[i][0], value)
    found: deque[Sequence[int]] = deque()

    class Solutions(cp_model.CpSolverSolutionCallback):
        def on_solution_callback(self) -> None:
            found.append(list(self.response_proto.solution))

    def drain() -> None:
        """Offer every solution in the order found: which ones count must not depend on when this thread looks."""
        while found:
            offer(found.popleft())

    solver = _solver(settings)
    with ThreadPoolExecutor(1, "cpsat") as pool:
        search = pool.submit(solver.solve, variables.cp, Solutions())
        try:
            while wait([search], POLL).not_done:
                drain()
                if stop():
                    solver.stop_search()  # has no effect before the search has begun: asked again every time
        finally:
            while wait([search], 0).not_done:
                solver.stop_search()
                wait([search], POLL)
    answer = _answer(solver, variables, search.result())
    drain()
    return answer


def _solver(settings: Settings) -> cp_model.CpSolver:
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    parameters = solver.parameters
    parameters.random_seed = settings.seed % 2**31
    parameters.num_workers = settings.workers
    parameters.catch_sigint_signal = False
    # What follows was measured on job shops, flexible job shops and PSPLIB projects at 1 and 2 workers: ft10 is
    # proved in 2 s on one worker, which takes the default parameters more than 12 s.
    parameters.use_dynamic_precedence_in_disjunctive = settings.orders
    parameters.cp_model_probing_level = 0
    if not settings.relax:
        parameters.linearization_level = 0
    if settings.workers == 1:
        parameters.use_objective_lb_search = settings.raise_bound
    elif settings.workers <= FEW:  # the first of them gets a worker for itself, the others take turns
        look, bound = (
            ("default_lp", "objective_lb_search") if settings.relax else ("no_lp", "objective_lb_search_no_lp")
        )
        parameters.subsolvers.extend([bound, look] if settings.raise_bound else [look, bound])
    if settings.seconds is not None:
        parameters.max_time_in_seconds = settings.seconds
    if settings.deterministic is not None:
        parameters.max_deterministic_time = settings.deterministic
    return solver


def _answer(solver: cp_model.CpSolver, variables: Variables, code: cp_model.CpSolverStatus) -> Answer:
    response = solver.response_proto
    status = _status(code)
    if status is None:
        raise BackendError(f"CP-SAT refuses the model: {variables.cp.validate() or response.solution_info}")
    return Answer(
        status=status,
        values=list(response.solution) if status in ("optimal", "feasible") else None,
        # Every coefficient and every variable is at least 0, whatever an unfinished search says.
        bound=max(0, int(response.inner_objective_lower_bound)),
        conflicts=int(solver.num_conflicts),
        branches=int(solver.num_branches),
        deterministic_time=float(solver.deterministic_time),
    )


def _status(code: cp_model.CpSolverStatus) -> str | None:
    """The word for a status of CP-SAT; None for an invalid model."""
    from ortools.sat.python import cp_model

    return {
        cp_model.OPTIMAL: "optimal",
        cp_model.FEASIBLE: "feasible",
        cp_model.INFEASIBLE: "infeasible",
        cp_model.UNKNOWN: "unknown",
    }.get(code)
