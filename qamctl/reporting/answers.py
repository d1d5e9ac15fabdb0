"""The answer of a result as its kind shows it: read from where it stands, drawn with what the problem file tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qamctl.errors import SpecError
from qamctl.report.html import Html
from qamctl.report.svg import Place
from qamctl.reporting.found import Found, problem


@dataclass(frozen=True, slots=True)
class Answer:
    """The pictures of an answer, its rows, and why something is missing, if anything is."""

    pictures: Iterable[Html] = ()
    lists: Iterable[Html] = ()
    why: str | None = None


def answer_of(found: Found, place: Place) -> Answer:
    """What a page shows of an answer; nothing where there is none.

    Parameters
    ----------
    place
        What the ids of its pictures begin with.

    Raises
    ------
    SpecError
        A table of the result can't be read.
    """
    solution = found.result.get("solution")
    if not isinstance(solution, dict):
        return Answer()
    makers: dict[str, Callable[[Found, dict[str, Any], Place], Answer]] = {
        "schedule": _schedule, "cluster": _cluster, "reason": _reason, "model": _model, "circuit": _circuit,
    }  # fmt: skip
    make = makers.get(str(found.result.get("kind")))
    return Answer() if make is None else make(found, solution, place)


def _schedule(found: Found, solution: dict[str, Any], place: Place) -> Answer:
    from qamctl.report.plan import Plan
    from qamctl.report.schedule_answer import schedule_answer, schedule_lists
    from qamctl.reporting.marks import known_of
    from qamctl.schedule.check.table import read_assignments, read_unscheduled

    rows = _rows(found.file, solution["assignments"], read_assignments)
    left_out = _rows(found.file, solution.get("unscheduled") or [], read_unscheduled)
    spec, why = problem(found)
    known, unit = (None, "") if spec is None else (known_of(spec, rows), spec.time.unit)
    plan = Plan(rows, left_out, unit, known)
    return Answer(schedule_answer(plan, found.metrics, place), schedule_lists(plan), why)


def _cluster(found: Found, solution: dict[str, Any], place: Place) -> Answer:
    from qamctl.cluster.check.table import read_assignments
    from qamctl.report.cluster_answer import cluster_answer, cluster_lists

    rows = _rows(found.file, solution["assignments"], read_assignments)
    spec, why = problem(found)
    svg = None if spec is None else _picture(spec, rows, place)
    return Answer(cluster_answer(solution, svg), cluster_lists(solution, rows), why)


def _picture(spec: Any, rows: Sequence[Mapping[str, Any]], place: Place) -> str:
    from qamctl.cluster.check.report import new_findings
    from qamctl.cluster.check.rows import columns_of_rows
    from qamctl.cluster.check.verdict import judge
    from qamctl.cluster.monitor import state_of
    from qamctl.cluster.monitor_block import present_state
    from qamctl.report.cluster_svg import cluster_svg

    findings = new_findings()
    columns = columns_of_rows(spec, rows, findings)
    after = state_of(spec, columns.cluster, judge(spec, columns, findings))
    return cluster_svg(spec, after, present_state(spec), replace(place, name=f"{place.name}-clusters"))


def _reason(found: Found, solution: dict[str, Any], place: Place) -> Answer:
    from qamctl.reason.explain import explain
    from qamctl.report.other_answers import reason_answer
    from qamctl.report.reason_svg import reason_svg

    spec, why = problem(found)
    steps = [] if spec is None or spec.network is not None else explain(spec).steps
    svg = reason_svg(found.result, steps, replace(place, name=f"{place.name}-decision"))
    return Answer(reason_answer(solution, svg), why=why)


def _model(found: Found, solution: dict[str, Any], place: Place) -> Answer:
    from qamctl.report.other_answers import model_answer

    return Answer(model_answer(solution))


def _circuit(found: Found, solution: dict[str, Any], place: Place) -> Answer:
    from qamctl.report.other_answers import circuit_answer

    return Answer(circuit_answer(solution))


def _rows(file: Path, given: Any, read: Callable[[Path | None, object, object], list[Any]]) -> list[Any]:
    """A list of the solution, wherever it stands."""
    if not isinstance(given, Mapping):
        return list(given)
    try:
        return read(file.parent, given.get("table"), given.get("sha256"))
    except (OSError, ValueError) as error:
        raise SpecError(f"{file}: a table of its solution can't be read: {error}") from error
