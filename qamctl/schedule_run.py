"""A schedule's part of the story: instance, race of the engines, verdict of the checker, QUBO, result."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from qamctl import engines
from qamctl.contest_run import (
    copies,
    couplings_limit,
    figures,
    load_contestants,
    measured,
    result_of,
    search_figures,
    solve_contest,
)
from qamctl.errors import UnsupportedError, UsageError
from qamctl.exporting import check_exports, schedule_exports, with_exports
from qamctl.gates.aims import Aims
from qamctl.options import Options
from qamctl.reasoning_source import resolved
from qamctl.runs.earlier import read_earlier
from qamctl.runs.metrics import Stopwatch, utilisation
from qamctl.runs.record import state_folder
from qamctl.runs.signals import Stop
from qamctl.schedule import reasoned
from qamctl.schedule.build import build_instance
from qamctl.schedule.carry import EARLIER_TABLE, carried, plan_of, remarks, table_of
from qamctl.schedule.contest import contest_of
from qamctl.schedule.instance import Instance
from qamctl.schedule.read import build_schedule
from qamctl.schedule.reasons import reasons as find_reasons
from qamctl.schedule.solution import to_block
from qamctl.schedule.spec import TERMS
from qamctl.schedule.table import set_aside
from qamctl.schedule.usage import usage_of
from qamctl.solve import Answer
from qamctl.spec.reader import read_source
from qamctl.story import Earlier, Problem, Tick, at_its_origin, make_problem, reason_rows, refuse_mitigation

# What the story asks each part for; some of it is the same for every contest.
__all__ = [
    "aims", "build", "compile", "copies", "figures", "load_engines", "measured", "measures", "preview", "read",
    "result", "sizes", "solve",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Built:
    """What the search sees, and why nothing can satisfy it, as far as that shows without a search."""

    instance: Instance
    reasons: tuple[dict[str, Any], ...]


def read(path: str, flags: Mapping[str, object], *, profile: str | None, config_file: Path | None) -> Problem:
    """Read a schedule spec and resolve the options that hold for it.

    Raises
    ------
    SpecError
        With every fault of the file, or the first one of the options, or of what its `reasoning` comes from.
    """
    data, source = read_source(path)
    spec = build_schedule(data, source)
    problem = make_problem(spec, spec.name, spec.source, spec.solver, flags, profile=profile, config_file=config_file)
    if problem.options.from_result is not None:
        problem = _from_earlier(problem, problem.options.from_result)
    spec = resolved(problem.spec, os.environ)
    problem = replace(problem, spec=spec, taken=reasoned.taken(spec))
    refuse_mitigation(problem)
    check_exports(problem, "schedule")
    with at_its_origin(problem, "backend"):
        engines.expand(problem.options.backend, "schedule")
    return problem


def _from_earlier(problem: Problem, ref: str) -> Problem:
    """The problem with the schedule of an earlier result to begin from."""
    spec = problem.spec
    found = read_earlier(state_folder(os.environ), ref, kind="schedule")
    plan = plan_of(spec, found.data, found.file.parent, str(found.file))
    known = sum(name in plan for name in spec.tasks.ids)
    if not known:
        raise UsageError(f"--from {ref}: no task of {problem.source.label} is in it; name a result of the same plan")
    figures = {"known": known, "new": len(spec.tasks.ids) - known, "gone": len(plan) - known}
    run = found.data.get("run")
    after = carried(spec, plan, {"file": str(found.file), "sha256": found.sha256})
    return replace(
        problem, spec=after,
        earlier=Earlier(
            found.file, found.sha256, run if isinstance(run, str) else None, EARLIER_TABLE, table_of(spec, plan),
            figures, remarks(after),
        ),
    )  # fmt: skip


def aims(problem: Problem) -> Aims:
    """The terms of schedules, and the objective of this one."""
    return Aims(TERMS, problem.spec.objective)


def build(problem: Problem) -> Built:
    """The instance, with time windows, options and reasons."""
    instance = build_instance(problem.spec)
    return Built(instance, reason_rows(problem, find_reasons(instance)))


def sizes(problem: Problem, built: Built) -> dict[str, Any]:
    """Tasks and their options."""
    return {"tasks": built.instance.n, "options": len(built.instance.option_mode)}


def solve(
    problem: Problem, built: Built, *, backends: Sequence[str], stop: Stop, tick: Tick, watch: Stopwatch
) -> Answer:
    """Let the engines race, unless there are reasons why nothing can be found."""
    if built.reasons:
        return Answer("infeasible")
    contest = contest_of(built.instance, slot=problem.options.slot or 1)
    return solve_contest(problem, contest, backends=backends, stop=stop, tick=tick, watch=watch)


def load_engines(backends: Sequence[str]) -> None:
    """Let each engine solve a small problem, which imports what it needs: no search then waits for that."""
    from qamctl.schedule.read import schedule_from_data

    # Two tasks wait for one agent: no bound on the flow is met at once, so that every engine has to search; and those
    # that know nothing but makespans take it, too.
    tasks = [{"id": "t1", "duration": 1}, {"id": "t2", "duration": 1}]
    data = {
        "kind": "schedule", "version": 1, "agents": [{"id": "a"}], "tasks": tasks,
        "objective": [{"makespan": 1}, {"flow": 1}],
    }  # fmt: skip
    load_contestants(contest_of(build_instance(schedule_from_data(data))), backends)


def compile(problem: Problem, built: Built, answer: Answer) -> dict[str, Any] | None:
    """What the answer is as a QUBO; nothing where there is no answer, or no task.

    A model that can't be built (weights without a common decimal, say) does not cost the user the schedule.
    """
    from qamctl.schedule.answer import WHOLE_COUPLINGS, compile_answer

    if answer.solution is None or answer.proof is None or built.instance.n == 0:
        return None
    options = problem.options
    try:
        return compile_answer(
            built.instance, answer.solution, answer.proof.level, slot=options.slot or 1,
            max_variables=options.max_variables, max_couplings=couplings_limit(options.time_limit, WHOLE_COUPLINGS),
        )  # fmt: skip
    except UnsupportedError as error:
        return _refused(error)


def _refused(error: UnsupportedError) -> dict[str, Any]:
    return {"kind": "qubo", "scope": "refused", "reason": error.message}


def result(
    problem: Problem,
    built: Built,
    answer: Answer,
    *,
    run: str,
    compiled: Mapping[str, Any] | None,
    provenance: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The result file; very many rows are in tables beside it, and so is what `--export` asks for."""
    block: dict[str, Any] | None = None
    tables: dict[str, bytes] = {}
    exports: dict[str, bytes] = {}
    if answer.solution is not None:
        whole = to_block(problem.spec, answer.solution)
        exports = schedule_exports(problem, whole["assignments"], provenance["started"])
        block, tables = set_aside(whole)
    found = result_of(
        "schedule", problem, answer, block, run=run, reasons=built.reasons, compiled=compiled, provenance=provenance
    )
    report = answer.report
    told = reasoned.block(
        problem.spec, answer.solution, None if report is None else report.terms, () if report is None else report.levels
    )
    if problem.earlier is not None:
        found["from"] = problem.earlier.block()
        tables = {**tables, problem.earlier.table: problem.earlier.content}
    if told is not None:  # above the last part, which says where everything came from
        last = found.pop("provenance")
        found |= {"reasoning": told, "provenance": last}
    return with_exports(found, exports), {**exports, **tables}


def measures(problem: Problem, built: Built, answer: Answer, compiled: Mapping[str, Any]) -> dict[str, Any]:
    """Sizes, figures of the engines, the curve of the open level, the use of agents and resources."""
    spec, solution, instance = problem.spec, answer.solution, built.instance
    rows = None if solution is None else usage_of(spec, solution)
    used = {} if rows is None else utilisation(
        agent_ids=spec.agents.ids, slots=spec.agents.slots, agent=rows.agent, start=rows.start, end=rows.end,
        resource_ids=spec.resources.ids, consumable=spec.resources.consumable, capacity=spec.resources.capacity,
        agent_capacity=spec.agents.capacity, demand=rows.demand,
    )  # fmt: skip
    return {
        "model": {
            "tasks": instance.n, "agents": len(spec.agents.ids), "resources": len(spec.resources.ids),
            "precedence": len(spec.after.pred), "options": len(instance.option_mode),
            "holders": len(instance.members) - 1, "variables": compiled.get("variables", 0),
            "quadratic": compiled.get("quadratic", 0),
        },
        "utilisation": used,
        **search_figures(answer),
    }  # fmt: skip


def preview(problem: Problem, built: Built) -> dict[str, Any]:
    """Sizes of the instance and of its QUBO."""
    spec, instance = problem.spec, built.instance
    engines.expand(problem.options.backend, "schedule")
    return {
        "tasks": instance.n,
        "agents": len(spec.agents.ids),
        "resources": len(spec.resources.ids),
        "precedence": len(spec.after.pred),
        "options": len(instance.option_mode),
        "reasons": list(built.reasons),
        **({} if problem.earlier is None else {"from": problem.earlier.block()}),
        "compiled": _qubo_sizes(instance, problem.options),
    }


def _qubo_sizes(instance: Instance, options: Options) -> dict[str, Any] | None:
    """The size of the QUBO around a first schedule, as built without a search; an estimate where there is none.

    Where no QUBO holds the problem, that is said: other engines may solve it.
    """
    from qamctl.schedule.answer import compile_answer
    from qamctl.schedule.sizes import estimate
    from qamctl.schedule.solvers.qubo_windows import first_schedule

    if instance.n == 0 or (np.diff(instance.first_option) == 0).any():
        return None
    first = first_schedule(instance)
    slot, most = options.slot or 1, options.max_variables
    try:
        if first is None:
            variables, couplings = estimate(instance, None, slot=slot)
            return {"kind": "qubo", "scope": "estimate", "variables": variables, "quadratic": couplings}
        block = compile_answer(instance, first, 0, slot=slot, max_variables=most)
    except UnsupportedError as error:
        return _refused(error)
    return {key: block[key] for key in block if key not in ("energy", "penalty")}
