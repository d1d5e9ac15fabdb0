"""Reads a schedule spec: from a file or from plain data to columns, or every fault of it at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from qamctl.schedule.read_holders import read_agents, read_resources
from qamctl.schedule.read_reasoning import read_reasoning
from qamctl.schedule.read_setups import check_slots, read_setups
from qamctl.schedule.read_tasks import ReadTasks, read_tasks
from qamctl.schedule.read_transfers import read_transfers
from qamctl.schedule.spec import NEVER, ScheduleSpec
from qamctl.schedule.weighing import with_actions
from qamctl.spec.base_fields import SOLVER
from qamctl.spec.faults import Faults
from qamctl.spec.header import check_kind, read_clock, read_name_of_spec, read_root, read_solver
from qamctl.spec.moments import times
from qamctl.spec.objective import read_objective
from qamctl.spec.plain import plain_source
from qamctl.spec.reader import no_collection, read_source
from qamctl.spec.schedule_fields import SCHEDULE
from qamctl.spec.source import Source
from qamctl.spec.table import read_list


def load_schedule(path: str | Path) -> ScheduleSpec:
    """The schedule problem of a YAML or JSON file; `-` is standard input.

    Raises
    ------
    SpecError
        The file cannot be read, or holds faults: all of them, each with line and column.
    UnsupportedError
        A side table needs a package that is not installed.
    """
    data, source = read_source(path)
    return build_schedule(data, source)


def schedule_from_data(data: Mapping[str, Any], *, name: str = "schedule", base: Path | None = None) -> ScheduleSpec:
    """The schedule problem in plain data, as a problem file would hold it.

    Parameters
    ----------
    data
        Mappings, lists, texts and numbers.
    name
        The spec's name where the data gives none.
    base
        The folder of side tables, by default the working directory.

    Raises
    ------
    SpecError
        With every fault; a fault's place is its path, such as `tasks[3].duration`.
    """
    return build_schedule(*plain_source(data, name, base))


def build_schedule(data: Mapping[str, Any], source: Source) -> ScheduleSpec:
    """The schedule problem in the plain data that `source` stands for.

    Raises
    ------
    SpecError
        With every fault.
    """
    check_kind(data, source, "schedule")
    with no_collection():
        return _build(data, source)


def _build(data: Mapping[str, Any], source: Source) -> ScheduleSpec:
    faults = Faults(source)
    tables: dict[str, tuple[Path, str]] = {}

    rows_and_whether_readable = partial(read_list, data, source.base, tables, faults)
    root = read_root(data, SCHEDULE, faults)
    clock = read_clock(root, faults)
    solver = read_solver(root, SOLVER, faults)
    objective = read_objective(root, SCHEDULE["objective"], faults)
    reasoning = read_reasoning(root, objective, faults)
    resources = read_resources(*rows_and_whether_readable("resources"), clock, faults)
    agents = read_agents(*rows_and_whether_readable("agents"), resources.measures, clock, faults)
    some_agents = agents.rows.n > 0 or agents.index is None
    task_rows, _ = rows_and_whether_readable("tasks")
    tasks = read_tasks(task_rows, agents.index, some_agents, resources.measures, clock, faults)
    horizon = times(root, SCHEDULE["horizon"], clock, faults)
    frozen = times(root, SCHEDULE["freeze_until"], clock, faults)
    setup_rows, _ = rows_and_whether_readable("setup")
    setups = read_setups(setup_rows, tasks.families, agents.index, clock, faults)
    link_rows, _ = rows_and_whether_readable("links")
    transfers = read_transfers(root, link_rows, agents.index, clock, faults)
    _check_used(tasks, setup_rows.n > 0, transfers is not None, faults)

    # Every time and quantity has been seen: the tick and the scales are settled.
    axis = clock.axis()
    agent_columns = agents.finish(axis, resources.measures, faults)
    task_columns, mode_columns, precedence = tasks.finish(axis, resources.measures, faults)
    resource_columns = resources.finish(axis, faults)
    check_slots(task_columns, mode_columns, agent_columns, task_rows, faults)
    setup_tables = setups.finish(axis, agents.rows.n, faults) if setup_rows.n else None
    frozen_ticks = int(frozen.ticks(axis, round_up=True, absent=0, faults=faults)[0])
    horizon_ticks = int(horizon.ticks(axis, round_up=False, absent=NEVER, faults=faults)[0])
    name = read_name_of_spec(root, SCHEDULE["name"], "schedule", source, faults)
    faults.check()
    spec = ScheduleSpec(
        name=name,
        source=replace(source, tables=tables),
        time=axis,
        resources=resource_columns,
        agents=agent_columns,
        tasks=task_columns,
        modes=mode_columns,
        after=precedence,
        horizon=horizon_ticks,
        objective=objective,
        solver=solver,
        rules=tasks.rules,
        setups=setup_tables,
        transfers=transfers if (precedence.data > 0).any() else None,
        freeze_until=frozen_ticks,
        reasoning=reasoning,
    )
    if reasoning is None or reasoning.actions is None:
        return spec
    return with_actions(spec, reasoning.actions, place=("reasoning", "actions"))


def _check_used(tasks: ReadTasks, setups: bool, transfers: bool, faults: Faults) -> None:
    """Refuse families and data of tasks where the spec does not say what they mean."""
    if not setups:
        for row in np.flatnonzero(tasks.family >= 0).tolist():
            faults.add(
                tasks.rows.path(row, "setup"), "has a family, but the spec has no `setup`",
                "add setup: [{from, to, time}]",
            )  # fmt: skip
    if not transfers:
        for entry in np.flatnonzero(tasks.links.data > 0).tolist():
            faults.add(
                tasks.links.path(entry), "sends data, but the spec has no `communication`",
                "add communication: {bandwidth: ...}",
            )  # fmt: skip
