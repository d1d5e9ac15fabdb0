"""The second front door: the plan's classes for Python callers, onto the same pipeline as the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qamctl import engines
from qamctl.backends import registry
from qamctl.errors import BackendError, InfeasibleError
from qamctl.qubo.compile import Compiled, compile_qubo
from qamctl.qubo.penalties import sufficient_weights
from qamctl.reasoning_source import resolved
from qamctl.schedule.answer import model_around
from qamctl.schedule.bias import Preference, apply_bias, read_preferences
from qamctl.schedule.build import build_instance
from qamctl.schedule.contest import check_solution, contest_of
from qamctl.schedule.instance import Instance
from qamctl.schedule.model import ScheduleModel
from qamctl.schedule.read import load_schedule, schedule_from_data
from qamctl.schedule.solution import Solution, to_rows
from qamctl.schedule.spec import ScheduleSpec
from qamctl.solve import Answer, find_answer


@dataclass(frozen=True, slots=True)
class ReasonedSchedule:
    """A schedule that was chosen with an eye on a reasoning step's preferences.

    Attributes
    ----------
    answer
        The schedule without the preferences, with its bound and proof.
    solution, assignments
        The schedule, as columns and as the rows of a result file.
    objective
        Its value in every objective level, by the checker.
    bias
        What the preferences cost in it, in the objective's units; 0 where every one is met.
    """

    answer: Answer
    solution: Solution
    assignments: list[dict[str, Any]]
    objective: tuple[float, ...]
    bias: float


class QUBOScheduler:
    """Schedules as QUBOs, with a bias from reasoning.

    Parameters
    ----------
    spec
        A schedule: read already, a file's path, or plain data as a problem file holds it. Its own `reasoning` is a
        term of its objective; what the methods are told comes on top.
    seed
        Of every search.

    Raises
    ------
    SpecError
        With every fault of the file or the data, or of what its `reasoning` comes from.
    """

    def __init__(self, spec: ScheduleSpec | str | Path | Mapping[str, Any], *, seed: int = 0) -> None:
        if isinstance(spec, str | Path):
            spec = load_schedule(spec)
        elif isinstance(spec, Mapping):
            spec = schedule_from_data(spec)
        self.spec = resolved(spec, os.environ)
        self.seed = seed

    def build_qubo_with_reasoning(
        self, reasoning: Mapping[str, float] | None = None, weight: float = 1.0, *, time_limit: float = 1.0
    ) -> Compiled:
        """Compile the schedule around a first feasible answer, with the preferences as costs of its variables.

        Parameters
        ----------
        reasoning
            Probability by decision: `prefer TASK on AGENT`, `prefer TASK in FROM..TO`; other text has no effect.
        weight
            mu of the bias (see `qamctl.schedule.bias`). With 0 the QUBO is bit for bit the one without reasoning.
        time_limit
            Wall seconds for the first answer.

        Raises
        ------
        InfeasibleError
            No feasible schedule was found to compile around.
        """
        preferences, instance = self._prepare(reasoning, weight)
        answer = self._answer(instance, "list-search", time_limit)
        return _compile(_biased(instance, answer, preferences, weight), _solution(answer))

    def optimize_schedule_with_reasoning(
        self,
        reasoning: Mapping[str, float] | None = None,
        weight: float = 1.0,
        *,
        backend: str = "anneal",
        time_limit: float = 10.0,
    ) -> ReasonedSchedule:
        """Find a schedule that is good by the objective and, as far as `weight` says, agrees with the reasoning.

        The classical answer comes first; samples of the biased QUBO may only improve the sum of the objective
        level that is open and the bias. Earlier levels keep their values.

        Parameters
        ----------
        reasoning, weight
            As for `build_qubo_with_reasoning`.
        backend
            The engine that samples the QUBO.
        time_limit
            Wall seconds, half of them for the classical answer.

        Raises
        ------
        InfeasibleError
            No feasible schedule was found.
        """
        preferences, instance = self._prepare(reasoning, weight)
        answer = self._answer(instance, "list-search", time_limit / 2)
        best, bias = _solution(answer), 0.0
        if preferences and instance.n:
            built = _biased(instance, answer, preferences, weight)
            compiled = _compile(built, best)
            found = engines.sample(
                registry.get(backend), compiled, seed=self.seed, seconds=time_limit / 2,
                initial=compiled.extend(built.encode(best)),
            )  # fmt: skip
            columns = np.argsort(np.fromiter(found.variables, np.int64, len(found.variables)))
            for sample in compiled.restore(found.record.sample[:, columns]):
                schedule = built.decode(sample)
                if schedule is None or check_solution(self.spec, schedule).violations:
                    continue
                if _cost(built, schedule) < _cost(built, best):
                    best = schedule
            plain = model_around(instance, _solution(answer), _level(answer))[0]
            bias = _cost(built, best) - _cost(plain, best)
        report = check_solution(self.spec, best)
        return ReasonedSchedule(answer, best, to_rows(self.spec, best), tuple(map(float, report.levels)), bias)

    def _prepare(self, reasoning: Mapping[str, float] | None, weight: float) -> tuple[tuple[Preference, ...], Instance]:
        preferences = read_preferences(reasoning or {}, self.spec) if weight else ()
        # An agent that is preferred to its like is no longer like them.
        apart = {preference.agent for preference in preferences if preference.agent >= 0}
        return preferences, build_instance(self.spec, apart=apart)

    def _answer(self, instance: Instance, backend: str, seconds: float) -> Answer:
        answer = find_answer(contest_of(instance), backends=(backend,), seconds=seconds, seed=self.seed)
        if answer.solution is None:
            raise InfeasibleError(f"no feasible schedule of {self.spec.name!r} was found in {seconds:g} s")
        return answer


class AzureQuantumClient:
    """QUBOs on Azure Quantum, as QAOA circuits: `qamctl submit` and `qamctl jobs wait` for Python callers.

    Parameters
    ----------
    profile, config_file
        As --profile and --config; the workspace may stand there, or in the AZURE_QUANTUM_* variables.
    options
        Of `qamctl.options.Options`, stronger than both: target, shots, depth, max_cost, workspace, ...
    """

    def __init__(self, *, profile: str | None = None, config_file: str | Path | None = None, **options: Any) -> None:
        self.profile = profile
        self.config_file = None if config_file is None else Path(config_file)
        self.options = options

    def submit_qubo(self, qubo: Any, *, name: str | None = None, **options: Any) -> str:
        """Submit a QUBO, exactly once, and give the id of its job; it is not waited for.

        Parameters
        ----------
        qubo
            A model file's path, a mapping of pairs of labels to weights as dimod has it ({(i, i): linear, (i, j):
            quadratic}), or a dimod.BinaryQuadraticModel.
        name
            Of the job.
        options
            As for the class, stronger.

        Raises
        ------
        QamError
            As `qamctl submit`: the target is too small, a cap was not met, the service is away...
        """
        from tempfile import TemporaryDirectory

        flags = {**self.options, **options, "no_wait": True, "job_name": name}
        if isinstance(qubo, str | Path):
            return self._submit(str(qubo), flags)
        import dimod

        made: Any = dimod.BinaryQuadraticModel.from_qubo(qubo) if isinstance(qubo, Mapping) else qubo
        with TemporaryDirectory() as folder:  # the run folder keeps a copy
            path = Path(folder) / f"{name or 'qubo'}.bqm"
            with made.to_file() as content:
                path.write_bytes(content.read())
            return self._submit(str(path), flags)

    def _submit(self, path: str, flags: Mapping[str, Any]) -> str:
        """The id of a job that the service has; signals are left to the caller's own handlers."""
        from contextlib import nullcontext

        from qamctl.runs.signals import Stop
        from qamctl.submitting import submit

        found = submit(
            path, flags, profile=self.profile, config_file=self.config_file, signals=lambda: nullcontext(Stop())
        )
        if found.state == "intended" and found.fault is not None:
            raise found.fault
        return found.id

    def wait_for_job(self, job: str, timeout: float | None = None) -> dict[str, Any]:
        """Wait for a job, and give its result file: `solution.sample` by `solution.variables`, checked, and the counts.

        Parameters
        ----------
        job
            Its id, or a unique beginning of it.
        timeout
            Seconds at most; None: as long as it takes.

        Raises
        ------
        PendingError
            It still runs; wait for it again.
        BackendError
            It failed, or its run folder, which has the result, is gone.
        """
        from qamctl.remote import open_office
        from qamctl.resuming import wait_for
        from qamctl.submit_run import result_of

        flags = {**self.options, "timeout": timeout}
        office = open_office(flags, profile=self.profile, config_file=self.config_file)
        waited = wait_for(office, [job])
        if waited.fault is not None:
            raise waited.fault
        row = waited.jobs[0]
        found = None if row.directory is None or row.run is None else result_of(Path(row.directory), row.run)
        if found is None:
            raise BackendError(
                f"job {row.id} succeeded, and its run folder has no result: {'; '.join(waited.warnings)}"
            )
        return found


def _biased(instance: Instance, answer: Answer, preferences: tuple[Preference, ...], weight: float) -> ScheduleModel:
    built, _ = model_around(instance, _solution(answer), _level(answer))
    weights = sufficient_weights(built.model, _cost(built, _solution(answer)))
    gap = weights.least
    return apply_bias(built, preferences, weight, gap=gap)


def _compile(built: ScheduleModel, solution: Solution) -> Compiled:
    return compile_qubo(built.model, sufficient_weights(built.model, _cost(built, solution)))


def _cost(built: ScheduleModel, solution: Solution) -> float:
    """The objective of the model, bias and all, in a schedule."""
    return float(built.model.offset + built.model.linear @ built.encode(solution))


def _solution(answer: Answer) -> Solution:
    found: Solution | None = answer.solution
    assert found is not None  # `_answer` raises where there is none
    return found


def _level(answer: Answer) -> int:
    return answer.proof.level if answer.proof is not None else 0
