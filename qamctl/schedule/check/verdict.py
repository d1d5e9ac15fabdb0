"""The verdict on a schedule, given as the rows of a result file or as columns; one implementation behind both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from qamctl.checks.figures import level_values
from qamctl.schedule.check.columns import Columns, columns_of_arrays
from qamctl.schedule.check.figures import term_values
from qamctl.schedule.check.load import check_load
from qamctl.schedule.check.report import Findings, Report, new_findings
from qamctl.schedule.check.rows import columns_of_rows
from qamctl.schedule.check.staff import check_staff
from qamctl.schedule.check.times import check_times
from qamctl.schedule.spec import ScheduleSpec


def check_schedule(spec: ScheduleSpec, assignments: Sequence[Mapping[str, Any]]) -> Report:
    """Check the rows of a result file.

    Parameters
    ----------
    assignments
        One row a task: `{"task", "agents", "mode", "start", "end", "segments"}`, times as numbers in the
        spec's unit. Whatever is wrong with a row is a violation, never an exception.
    """
    findings = new_findings()
    return _report(spec, columns_of_rows(spec, assignments, findings), findings)


def check_columns(
    spec: ScheduleSpec, start: npt.ArrayLike, end: npt.ArrayLike, mode: npt.ArrayLike, agent: npt.ArrayLike
) -> Report:
    """Check a schedule given as columns over the spec's tasks.

    Parameters
    ----------
    start, end
        [T] ticks.
    mode
        [T] index into `spec.modes`.
    agent
        [T] index into `spec.agents`, -1 where none.
    """
    findings = new_findings()
    return _report(spec, columns_of_arrays(spec, start, end, mode, agent, findings), findings)


def _report(spec: ScheduleSpec, columns: Columns, findings: Findings) -> Report:
    staffed = check_staff(spec, columns, findings)
    check_times(spec, columns, staffed, findings)
    check_load(spec, columns, staffed, findings)
    exact = term_values(spec, columns, staffed)
    terms, levels = level_values(spec.objective, exact)
    return Report(findings.violations(), terms, levels, findings.counts())
