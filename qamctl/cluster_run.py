"""A cluster's part of the story: instance, race of the engines, verdict of the checker, QUBO, moves, result."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from qamctl import engines
from qamctl.cluster.carry import EARLIER_TABLE, carried, places_of, remarks, table_of
from qamctl.cluster.check import Report
from qamctl.cluster.contest import contest_of
from qamctl.cluster.figures import cut_before, utilisation
from qamctl.cluster.first import first_assignment
from qamctl.cluster.instance import Instance, build_instance
from qamctl.cluster.monitor import state_of
from qamctl.cluster.monitor_block import clusters_block, present_state
from qamctl.cluster.moves import order_moves
from qamctl.cluster.read import build_cluster
from qamctl.cluster.reasons import reasons as find_reasons
from qamctl.cluster.result import assignment_rows, to_block
from qamctl.cluster.spec import TERMS
from qamctl.contest_run import (
    couplings_limit,
    figures,
    load_contestants,
    measured,
    result_of,
    search_figures,
    solve_contest,
)
from qamctl.errors import UnsupportedError, UsageError
from qamctl.exporting import check_exports, cluster_exports, with_exports
from qamctl.gates.aims import Aims
from qamctl.options import Options
from qamctl.runs.earlier import read_earlier
from qamctl.runs.metrics import Stopwatch
from qamctl.runs.record import state_folder
from qamctl.runs.signals import Stop
from qamctl.solve import Answer
from qamctl.spec.reader import read_source
from qamctl.story import Earlier, Problem, Tick, at_its_origin, by_flag, make_problem, reason_rows, refuse_mitigation

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
    """Read a cluster spec and resolve the options that hold for it.

    Raises
    ------
    SpecError
        With every fault of the file, or the first one of the options.
    UsageError
        A flag says nothing of clusters.
    """
    data, source = read_source(path)
    spec = build_cluster(data, source)
    problem = make_problem(spec, spec.name, spec.source, spec.solver, flags, profile=profile, config_file=config_file)
    if problem.options.from_result is not None:
        problem = _from_earlier(problem, problem.options.from_result, bool(data.get("objective")))
    refuse_mitigation(problem)
    check_exports(problem, "cluster")
    if by_flag(problem, "slot"):
        raise UsageError(f"--slot is for schedules, and {problem.source.label} is a cluster: leave it out")
    with at_its_origin(problem, "backend"):
        engines.expand(problem.options.backend, "cluster")
    return problem


def _from_earlier(problem: Problem, ref: str, objective_given: bool) -> Problem:
    """The problem with the answer of an earlier result as its current state."""
    spec = problem.spec
    found = read_earlier(state_folder(os.environ), ref, kind="cluster")
    places = places_of(found.data, found.file.parent, str(found.file))
    after = carried(spec, places, objective_given=objective_given)
    known = sum(name in places for name in spec.agents.ids)
    if not known:
        raise UsageError(f"--from {ref}: no agent of {problem.source.label} is in it; name a result of the same fleet")
    figures = {"known": known, "new": len(spec.agents.ids) - known, "gone": len(places) - known}
    run = found.data.get("run")
    return replace(
        problem, spec=after,
        earlier=Earlier(
            found.file, found.sha256, run if isinstance(run, str) else None, EARLIER_TABLE, table_of(spec, places),
            figures, remarks(spec, places, after),
        ),
    )  # fmt: skip


def aims(problem: Problem) -> Aims:
    """The terms of clusters, and the objective of these."""
    return Aims(TERMS, problem.spec.objective)


def build(problem: Problem) -> Built:
    """The instance, and reasons why nothing can be found."""
    return Built(build_instance(problem.spec), reason_rows(problem, find_reasons(problem.spec)))


def sizes(problem: Problem, built: Built) -> dict[str, Any]:
    """Agents, the units that are placed together, clusters that can hold them, and links."""
    spec = problem.spec
    return {
        "agents": len(spec.agents.ids), "units": built.instance.n, "clusters": built.instance.k,
        "links": len(spec.links.cut_a),
    }  # fmt: skip


def solve(
    problem: Problem, built: Built, *, backends: Sequence[str], stop: Stop, tick: Tick, watch: Stopwatch
) -> Answer:
    """Let the engines race, unless there are reasons why nothing can be found."""
    if built.reasons:
        return Answer("infeasible")
    return solve_contest(
        problem, contest_of(built.instance), backends=backends, stop=stop, tick=tick, watch=watch
    )  # fmt: skip


def load_engines(backends: Sequence[str]) -> None:
    """Let each engine solve a small problem, which imports what it needs: no search then waits for that."""
    from qamctl.cluster.read import cluster_from_data

    # A triangle that has to be cut: no bound of zero is met at once, so that every engine has to search.
    ids = ("a", "b", "c")
    links = [{"a": a, "b": b} for a, b in (("a", "b"), ("b", "c"), ("a", "c"))]
    data = {
        "kind": "cluster", "version": 1, "agents": [{"id": id} for id in ids],
        "clusters": {"count": 2, "max_size": 2}, "links": links,
    }  # fmt: skip
    load_contestants(contest_of(build_instance(cluster_from_data(data))), backends)


def compile(problem: Problem, built: Built, answer: Answer) -> dict[str, Any] | None:
    """What the answer is as a QUBO; nothing where there is no answer.

    A model that can't be built (an objective that no QUBO holds, say) does not cost the user the assignment.
    """
    from qamctl.cluster.answer import WHOLE_COUPLINGS, compile_answer

    if answer.solution is None or answer.proof is None:
        return None
    options = problem.options
    try:
        return compile_answer(
            built.instance, answer.solution, answer.proof.level, max_variables=options.max_variables,
            max_couplings=couplings_limit(options.time_limit, WHOLE_COUPLINGS),
        )  # fmt: skip
    except UnsupportedError as error:
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
    """The result file with the order of the moves; very many rows are in tables beside it, and so are exports."""
    block: dict[str, Any] | None = None
    tables: dict[str, bytes] = {}
    exports: dict[str, bytes] = {}
    if answer.solution is not None:
        steps, blocked = order_moves(problem.spec, answer.solution)
        block, tables = to_block(problem.spec, answer.solution, _report(answer), steps, blocked)
        exports = cluster_exports(problem, assignment_rows(problem.spec, answer.solution))
    found = result_of(
        "cluster", problem, answer, block, run=run, reasons=built.reasons, compiled=compiled, provenance=provenance
    )
    if problem.earlier is not None:
        found["from"] = problem.earlier.block()
        tables = {**tables, problem.earlier.table: problem.earlier.content}
    return with_exports(found, exports), {**exports, **tables}


def measures(problem: Problem, built: Built, answer: Answer, compiled: Mapping[str, Any]) -> dict[str, Any]:
    """Sizes, figures of the engines, the curve of the open level, the use of the clusters, the cut before and after."""
    spec, solution = problem.spec, answer.solution
    told = {} if solution is None else {
        "utilisation": utilisation(spec, solution, _report(answer)),
        "communication": {"cut": _report(answer).terms["cut"], "cut_before": cut_before(spec)},
    }  # fmt: skip
    after = None if solution is None else state_of(spec, solution.cluster, _report(answer))
    return {
        "model": {
            **sizes(problem, built), "resources": len(spec.resources.ids), "groups": len(spec.groups.ids),
            "variables": compiled.get("variables", 0), "quadratic": compiled.get("quadratic", 0),
        },
        **told,
        "clusters": clusters_block(spec, present_state(spec), after),
        **search_figures(answer),
    }  # fmt: skip


def copies(problem: Problem, answer: Answer) -> dict[Path, bytes]:
    """The picture, where one is asked for and there is something to draw."""
    path, spec, solution = problem.options.picture, problem.spec, answer.solution
    if path is None or solution is None:
        return {}
    from qamctl.report.cluster_svg import cluster_svg

    after = state_of(spec, solution.cluster, _report(answer))
    return {path: cluster_svg(spec, after, present_state(spec)).encode()}


def _report(answer: Answer) -> Report:
    """The checker's, which every solution has."""
    found: Any = answer.report
    return cast("Report", found)


def preview(problem: Problem, built: Built) -> dict[str, Any]:
    """Sizes of the instance and of its QUBO."""
    spec = problem.spec
    engines.expand(problem.options.backend, "cluster")
    return {
        **sizes(problem, built),
        "resources": len(spec.resources.ids),
        "groups": len(spec.groups.ids),
        "reasons": list(built.reasons),
        **({} if problem.earlier is None else {"from": problem.earlier.block()}),
        "compiled": None if built.reasons else _qubo_sizes(built.instance, problem.options),
    }


def _qubo_sizes(instance: Instance, options: Options) -> dict[str, Any]:
    """The size of the QUBO around a first assignment, found by a short search; an estimate where it finds none."""
    from qamctl.cluster.answer import compile_answer
    from qamctl.cluster.sizes import estimate

    first = first_assignment(instance)
    if first is None:
        variables, couplings = estimate(instance)
        return {"kind": "qubo", "scope": "estimate", "variables": variables, "quadratic": couplings}
    try:
        block = compile_answer(instance, first, 0, max_variables=options.max_variables)
    except UnsupportedError as error:
        return {"kind": "qubo", "scope": "refused", "reason": error.message}
    return {key: block[key] for key in block if key not in ("energy", "penalty")}
