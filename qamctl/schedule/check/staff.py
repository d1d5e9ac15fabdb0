"""Who does a task: whether agents are needed and how many, and whether each is allowed, skilled and labelled."""

from __future__ import annotations

import numpy as np

from qamctl.schedule.check.columns import Columns, Flags
from qamctl.schedule.check.crews import named
from qamctl.schedule.check.eligibility import alike, objections
from qamctl.schedule.check.report import Findings
from qamctl.schedule.spec import ScheduleSpec


def check_staff(spec: ScheduleSpec, columns: Columns, findings: Findings) -> Flags:
    """Note every fault of staffing, pins apart.

    Returns
    -------
    [T] where mode and agents are known and there are as many of them as the mode needs: only such rows have
    a duration and suppliers.
    """
    crews = columns.crews
    needs = np.zeros(len(spec.tasks.ids), np.int64)
    some = np.flatnonzero(columns.moded)
    modes, who = columns.mode[some], spec.modes.agents
    needs[some] = np.where([who[mode] != () for mode in modes.tolist()], spec.modes.count[modes], 0)
    known = columns.moded & columns.crewed

    def lacking(t: int) -> None:
        task, there = spec.tasks.ids[t], named(spec, crews.of(t))
        does = f"{there} does it" if crews.size[t] < 2 else f"only {there} do it"
        wanted = "it needs one" if needs[t] == 1 else f"it needs {needs[t]} agents, {needs[t] - crews.size[t]} more"
        findings.add("agent-missing", f"task {task}: {does}, and {wanted}", task=task)

    def surplus(t: int) -> None:
        task, there = spec.tasks.ids[t], named(spec, crews.of(t))
        does = f"{there} {'does' if crews.size[t] == 1 else 'do'} it"
        takes = {0: "none", 1: "one"}.get(int(needs[t]), str(needs[t]))
        agent = spec.agents.ids[crews.of(t)[0]] if crews.size[t] == 1 else None
        findings.add("agent-not-allowed", f"task {task}: {does}, and it takes {takes}", task=task, agent=agent)

    findings.add_each("agent-missing", np.flatnonzero(known & (crews.size < needs)).tolist(), lacking)
    findings.add_each("agent-not-allowed", np.flatnonzero(known & (crews.size > needs)).tolist(), surplus)
    staffed: Flags = known & (needs == crews.size)
    _able(spec, columns, staffed, findings)
    return staffed


def _able(spec: ScheduleSpec, columns: Columns, staffed: Flags, findings: Findings) -> None:
    """Agents outside the list that a mode names, without its skills or labels, or with a taint."""
    entries = np.flatnonzero(staffed[columns.crews.task])
    if not len(entries):
        return
    task, agent = columns.crews.task[entries], columns.crews.agent[entries]
    # Many tasks ask the same of the same agents: each such pair is judged once.
    pairs, pair = np.unique(alike(spec.modes)[columns.mode[task]] * len(spec.agents.ids) + agent, return_inverse=True)
    broken: dict[int, list[tuple[str, str]]] = {}
    for k, (mode, who) in enumerate(
        zip(*(part.tolist() for part in np.divmod(pairs, len(spec.agents.ids))), strict=True)
    ):
        found = list(objections(spec, mode, who))
        if found:
            broken[k] = found
    if not broken:
        return
    faults: dict[str, list[tuple[int, int, str]]] = {}
    for place in np.flatnonzero(np.isin(pair, list(broken))).tolist():
        for constraint, text in broken[int(pair[place])]:
            faults.setdefault(constraint, []).append((int(task[place]), int(agent[place]), text))
    for constraint, rows in faults.items():

        def note(k: int, constraint: str = constraint, rows: list[tuple[int, int, str]] = rows) -> None:
            t, a, text = rows[k]
            name = spec.tasks.ids[t]
            findings.add(constraint, f"task {name}: {text}", task=name, agent=spec.agents.ids[a])

        findings.add_each(constraint, range(len(rows)), note)
