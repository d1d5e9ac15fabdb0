"""The verdict on a schedule, given as the rows of a result file or as columns; one implementation behind both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt

from qamctl.checks.figures import level_values
from qamctl.schedule.check.columns import Columns, columns_of_arrays
from qamctl.schedule.check.durations import check_durations
from qamctl.schedule.check.figures import term_values
from qamctl.schedule.check.load import check_load
from qamctl.schedule.check.pins import check_pins
from qamctl.schedule.check.report import Findings, Report, new_findings
from qamctl.schedule.check.rows import columns_of_rows
from qamctl.schedule.check.rules import check_rules
from qamctl.schedule.check.setups import changes_of, check_setups
from qamctl.schedule.check.spread import check_spread
from qamctl.schedule.check.staff import check_staff
from qamctl.schedule.check.times import check_times
from qamctl.schedule.check.transfers import delays_of
from qamctl.schedule.check.unscheduled import check_left_out
from qamctl.schedule.check.work import work_of
from qamctl.schedule.spec import ScheduleSpec


def check_schedule(
    spec: ScheduleSpec, assignments: Sequence[Mapping[str, Any]], unscheduled: Sequence[str] | None = None
) -> Report:
    """Check the rows of a result file.

    Parameters
    ----------
    assignments
        One row a task: `{"task", "agents", "mode", "start", "end", "segments"}`, times as numbers in the
        spec's unit. Whatever is wrong with a row is a violation, never an exception.
    unscheduled
        The tasks that are left out, by id.
    """
    findings = new_findings()
    return _report(spec, columns_of_rows(spec, assignments, unscheduled, findings), findings)


def check_columns(
    spec: ScheduleSpec,
    start: npt.ArrayLike,
    end: npt.ArrayLike,
    mode: npt.ArrayLike,
    agent: npt.ArrayLike,
    others: Mapping[int, Sequence[int]] | None = None,
) -> Report:
    """Check a schedule given as columns over the spec's tasks.

    Parameters
    ----------
    start, end
        [T] ticks.
    mode
        [T] index into `spec.modes`, -1 of a task that is left out; then the other columns say nothing of it.
    agent
        [T] index into `spec.agents`, -1 where none.
    others
        The further agents of tasks that have several.
    """
    findings = new_findings()
    return _report(spec, columns_of_arrays(spec, start, end, mode, agent, others, findings), findings)


def _report(spec: ScheduleSpec, columns: Columns, findings: Findings) -> Report:
    check_left_out(spec, columns, findings)
    check_pins(spec, columns, findings)
    staffed = check_staff(spec, columns, findings)
    work = work_of(spec, columns, staffed)
    check_durations(spec, columns, staffed, work, findings)
    delays = delays_of(spec, columns)
    check_times(spec, columns, delays, findings)
    changes = changes_of(spec, columns)
    check_setups(spec, columns, changes, findings)
    check_rules(spec, columns, findings)
    check_spread(spec, columns, findings)
    check_load(spec, columns, staffed, work, findings)
    exact = term_values(spec, columns, staffed, work, delays, changes)
    terms, levels = level_values(spec.objective, exact)
    return Report(findings.violations(), terms, levels, findings.counts())
