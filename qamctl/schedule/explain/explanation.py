"""The whole explanation of a schedule problem, as plain data with the places of all that it names."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from qamctl.schedule.explain.binding import Binding, binding
from qamctl.schedule.explain.conflict import Conflict, find_conflict
from qamctl.schedule.explain.constraint import Constraint, Told
from qamctl.schedule.explain.families import told, without
from qamctl.schedule.explain.remedies import remedies
from qamctl.schedule.explain.remedy import Remedy
from qamctl.schedule.explain.verdict import Judge
from qamctl.schedule.solvers.cpsat import TIME_PER_STEP
from qamctl.schedule.spec import ScheduleSpec
from qamctl.spec.source import Path_, dotted

#: Conflicts that are told at most.
MOST_CONFLICTS: Final = 10
#: Part of the time after which no further conflict is looked for.
CONFLICTS: Final = 0.6


def explain_schedule(spec: ScheduleSpec, *, seconds: float, most: int, seed: int = 0) -> dict[str, Any]:
    """Why a problem has no schedule and what would help; of one that has, what keeps it from being shorter.

    Parameters
    ----------
    seconds
        Of wall time, about, in all.
    most
        Remedies that are told at most.

    Returns
    -------
    dict
        As `qamctl explain -o json` prints it; docs/explain.md says what each field is.
    """
    begun = time.monotonic()
    judge = Judge(begun + CONFLICTS * seconds, seed, int(seconds / TIME_PER_STEP))
    plain = replace(spec, objective=({},), earlier=None, reasoning=None)
    verdict = judge.first(plain)
    conflicts: list[Conflict] = []
    found: list[Remedy] = []
    others = shorter = None
    if verdict.solution is not None:
        judge.until = begun + seconds
        shorter = binding(judge, plain, verdict.solution)
    elif verdict.status == "infeasible":
        conflicts, others = _conflicts(judge, plain)
        judge.until = begun + seconds
        found = remedies(judge, plain, conflicts, most)
    return _Page(spec).of(verdict.status, conflicts, others, found, shorter, complete=not (judge.over or judge.unknown))


def _conflicts(judge: Judge, spec: ScheduleSpec) -> tuple[list[Conflict], bool]:
    """Conflicts that have no constraint in common, and whether there may be others."""
    found: list[Conflict] = []
    gone: list[Constraint] = []
    status = "infeasible"
    while status == "infeasible" and len(found) < MOST_CONFLICTS:
        conflict = find_conflict(judge, spec, gone)
        found.append(conflict)
        gone += conflict.constraints
        status = judge.of(without(spec, gone)).status
    return found, status != "feasible"


class _Page:
    """Turns what was found into plain data; the places of all fields are looked up together, which is much quicker."""

    def __init__(self, spec: ScheduleSpec) -> None:
        self.spec = spec
        self.paths: list[Path_] = []
        self.rows: list[dict[str, Any]] = []

    def of(
        self,
        status: str,
        conflicts: Sequence[Conflict],
        others: bool | None,
        found: Sequence[Remedy],
        shorter: Binding | None,
        *,
        complete: bool,
    ) -> dict[str, Any]:
        """The data of an explanation."""
        page = {
            "kind": "schedule",
            "file": self.spec.source.label,
            "status": status,
            "unit": self.spec.time.unit,
            "conflicts": [self._conflict(conflict) for conflict in conflicts],
            "more_conflicts": others,
            "remedies": [self._remedy(remedy) for remedy in found],
            "binding": None if shorter is None else self._binding(shorter),
            "complete": complete,
        }
        for row, place in zip(self.rows, self.spec.source.places(self.paths), strict=True):
            row |= {"file": place.file, "line": place.line, "column": place.column}
        return page

    def _at(self, path: Path_, row: dict[str, Any]) -> dict[str, Any]:
        """A row that gets the place of a field."""
        self.paths.append(path)
        self.rows.append(row)
        return row

    def _conflict(self, conflict: Conflict) -> dict[str, Any]:
        return {
            "constraints": [
                self._at(
                    constraint.path,
                    {
                        "constraint": constraint.kind,
                        "text": told(self.spec, constraint),
                        "field": dotted(constraint.path),
                    },
                )
                for constraint in sorted(conflict.constraints, key=lambda one: one.kind != "not-optional")
            ],
            "why": list(conflict.why),
            "minimal": conflict.minimal,
            "proof": list(conflict.proof),
        }

    def _remedy(self, remedy: Remedy) -> dict[str, Any]:
        return {
            "cost": remedy.cost,
            "least": remedy.least,
            "changes": [{"text": one.text, "edits": self._edits(one)} for one in remedy.told],
        }

    def _edits(self, told: Told) -> list[dict[str, Any]]:
        return [
            self._at(edit.path, {"field": dotted(edit.path), "from": edit.before, "to": edit.after})
            for edit in told.edits
        ]

    def _binding(self, shorter: Binding) -> dict[str, Any]:
        units = self.spec.time.to_units
        conflict = None if shorter.conflict is None else self._conflict(shorter.conflict)
        explained = None if conflict is None else units(shorter.explained)
        return {
            "makespan": units(shorter.makespan), "bound": units(shorter.bound), "explained": explained,
            "conflict": conflict,
        }  # fmt: skip
