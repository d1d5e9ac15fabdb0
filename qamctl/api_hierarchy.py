"""The plan's scheduler of whole fleets: tasks dealt to groups of agents by a QUBO, the groups scheduled one by one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from qamctl import engines
from qamctl.api_account import settings_for
from qamctl.backends import registry
from qamctl.errors import InfeasibleError, QamError
from qamctl.measuring import CutShort, Settings
from qamctl.qubo.compile import Compiled, compile_qubo
from qamctl.qubo.partition import Floats, Ints, Mask, deal, imbalance
from qamctl.qubo.penalties import sufficient_weights
from qamctl.reasoning_source import resolved
from qamctl.schedule.answer import model_around
from qamctl.schedule.build import build_instance
from qamctl.schedule.contest import check_solution
from qamctl.schedule.hierarchy.assignment import Bundles, assignment_model, bundled, chosen
from qamctl.schedule.hierarchy.division import Division, divide
from qamctl.schedule.hierarchy.parts import PartRow, Parts, Solve, Stop, solve_part
from qamctl.schedule.read import load_schedule, schedule_from_data
from qamctl.schedule.solution import Solution, to_rows
from qamctl.schedule.solvers import hierarchical
from qamctl.schedule.spec import ScheduleSpec
from qamctl.solver import Budget, Outcome

if TYPE_CHECKING:
    from qamctl.api import AzureQuantumClient

#: QUBO windows of each part that an engine is given.
WINDOWS: Final = 4

#: Share of the time for the QUBO that deals tasks to groups.
DEALING: Final = 0.1


@dataclass(frozen=True, slots=True)
class HierarchicalQUBO:
    """A large schedule as QUBOs.

    Attributes
    ----------
    division
        Who works on what.
    assignments
        For each wave: which bundle of tasks is on which group of agents.
    parts
        For each part, or for those that had to be joined as one: its schedule around a first one, the whole of it where
        it is small, else the tasks that end last.
    """

    division: Division
    assignments: tuple[Compiled, ...]
    parts: tuple[Compiled, ...]


@dataclass(frozen=True, slots=True)
class HierarchicalSchedule:
    """A large schedule, checked.

    Attributes
    ----------
    solution, assignments
        The schedule, as columns and as the rows of a result file.
    objective, bounds
        Its value in every objective level, by the checker, and a lower bound of each, None where none is known.
    dealt_by
        What dealt tasks to groups: `deal`, or the engine whose samples were more even.
    parts
        What became of each part; `fallback` says why another engine stood in.
    """

    solution: Solution
    assignments: list[dict[str, Any]]
    objective: tuple[float, ...]
    bounds: tuple[float | None, ...]
    dealt_by: str
    parts: tuple[PartRow, ...]


class EnhancedQUBOScheduler:
    """Schedules of whole fleets: divided, the parts solved side by side, put together, improved across the seams.

    Parameters
    ----------
    spec
        A schedule: read already, a file's path, or plain data as a problem file holds it.
    groups
        Groups of agents that it is divided into; None: by its size.
    seed
        Of every search.

    Raises
    ------
    SpecError
        With every fault of the file or the data, or of what its `reasoning` comes from.
    """

    def __init__(
        self, spec: ScheduleSpec | str | Path | Mapping[str, Any], *, groups: int | None = None, seed: int = 0
    ) -> None:
        if isinstance(spec, str | Path):
            spec = load_schedule(spec)
        elif isinstance(spec, Mapping):
            spec = schedule_from_data(spec)
        self.spec = resolved(spec, os.environ)
        self.groups, self.seed = groups, seed
        self._instance = build_instance(self.spec)

    def build_hierarchical_qubo(self, *, time_limit: float = 10.0, threads: int = 1) -> HierarchicalQUBO:
        """Compile the hierarchy: the dealing of tasks to groups of agents, and each part around a first schedule.

        Parameters
        ----------
        time_limit
            Wall seconds for the first schedules.

        Raises
        ------
        InfeasibleError
            No feasible schedule was found to compile around.
        """
        compiled: list[Compiled] = []

        def dealer(load: Floats, supply: Floats, allowed: Mask) -> Ints | None:
            if allowed.any(axis=1).all():
                compiled.append(_compiled_assignment(bundled(load, supply, allowed))[0])
            return deal(load, supply, allowed)

        division = divide(self._instance, self.groups, dealer)
        work = Parts(self._instance, division, self.seed, lambda: False)
        whole = work.run(Budget(seconds=time_limit, threads=threads), hierarchical.FIRST)
        if whole is None or check_solution(self.spec, whole).violations:
            raise self._nothing(time_limit)
        parts = []
        for sub, first in work.pieces:
            built, _ = model_around(build_instance(sub.spec), first, 0)
            value = float(built.objective(first))
            parts.append(compile_qubo(built.model, sufficient_weights(built.model, value)))
        return HierarchicalQUBO(division, tuple(compiled[-division.waves :]), tuple(parts))

    def optimize_cluster_assignments(
        self,
        *,
        backend: str = "anneal",
        part_backend: str | None = None,
        time_limit: float = 10.0,
        threads: int = 1,
        client: AzureQuantumClient | None = None,
    ) -> HierarchicalSchedule:
        """Deal tasks to groups of agents, schedule every group, and improve the whole across the seams.

        The classical dealing comes first; that of the QUBO's samples is taken where it is more even.

        Parameters
        ----------
        backend
            The engine that samples the QUBO of the dealing.
        part_backend
            An engine that improves the schedule of each part in QUBO windows, `azure:TARGET` too; a part that it fails
            on keeps its classical schedule, and where it fails, or others stand in for some of its windows, the row of
            the part says why. None: the native heuristic alone.
        time_limit
            Wall seconds; what a service needs comes on top.
        client
            Whose workspace, shots and caps those of remote engines are.

        Raises
        ------
        InfeasibleError
            No feasible schedule was found.
        UsageError, UnsupportedError
            An engine is not known, or can't run.
        """
        dealt = ["deal"]
        division = divide(self._instance, self.groups, self._dealer(backend, DEALING * time_limit, dealt))
        solve: Solve = solve_part
        if part_backend is not None:
            solve = _improving(part_backend, settings_for((part_backend,), "schedule", self.spec.name, client))
        found = hierarchical.solve(
            self._instance, None, Budget(seconds=time_limit, threads=threads), self.seed, lambda: False,
            lambda solution: None, division=division, solve_with=solve,
        )  # fmt: skip
        if found.solution is None:
            raise self._nothing(time_limit)
        report = check_solution(self.spec, found.solution)
        if report.violations:
            raise InfeasibleError(f"the schedule that was put together does not hold: {report.violations[0].text}")
        return HierarchicalSchedule(
            found.solution, to_rows(self.spec, found.solution), tuple(map(float, report.levels)), found.bounds,
            dealt[-1], tuple(PartRow(**row) for row in found.info.get("parts", ())),
        )  # fmt: skip

    def _nothing(self, seconds: float) -> InfeasibleError:
        return InfeasibleError(f"no feasible schedule of {self.spec.name!r} was found in {seconds:g} s")

    def _dealer(self, backend: str, seconds: float, dealt: list[str]) -> Any:
        def dealer(load: Floats, supply: Floats, allowed: Mask) -> Ints | None:
            best = deal(load, supply, allowed)
            if best is None:
                return None
            bundles = bundled(load, supply, allowed)
            compiled, start = _compiled_assignment(bundles)
            samples = engines.sample(
                registry.get(backend), compiled, seed=self.seed, seconds=seconds, initial=compiled.extend(start)
            )
            columns = np.argsort(np.fromiter(samples.variables, np.int64, len(samples.variables)))
            for sample in compiled.restore(samples.record.sample[:, columns]):
                part = chosen(bundles, sample)[bundles.of]
                if imbalance(load, supply, part) < imbalance(load, supply, best):
                    best, dealt[:] = part, [*dealt, backend]
            return best

        return dealer


def _compiled_assignment(bundles: Bundles) -> tuple[Compiled, np.ndarray]:
    """The QUBO of a dealing, and a sample to begin from."""
    model = assignment_model(bundles)
    bundle, group = np.nonzero(bundles.allowed)
    start = chosen(bundles, np.zeros(model.n, np.int8))
    weights = sufficient_weights(model, float(bundles.imbalance(start)))
    return compile_qubo(model, weights), (group == start[bundle]).astype(np.int8)


def _improving(name: str, settings: Settings) -> Solve:
    """Solves a part by the native heuristic, and improves it by the QUBO windows of an engine."""
    engine = engines.solver(name, "schedule", {"settings": settings})

    def solve(spec: ScheduleSpec, seed: int, budget: Budget, stop: Stop) -> Outcome:
        first = solve_part(spec, seed, budget, stop)
        if first.solution is None or first.status == "optimal":
            return first
        instance = build_instance(spec)
        try:
            later = engine(
                instance, first.solution, Budget(steps=WINDOWS), seed, stop, lambda solution: None
            )  # fmt: skip
        except (QamError, CutShort) as error:
            return replace(first, info=first.info | {"fallback": f"{name}: {error}"})
        better = later.solution is not None and instance.value(later.solution) < instance.value(first.solution)
        found = replace(first, solution=later.solution) if better else first
        if not later.info.get("stood_in"):
            return found
        return replace(found, info=found.info | {"fallback": f"{name}: {later.info.get('note')}"})

    return solve
