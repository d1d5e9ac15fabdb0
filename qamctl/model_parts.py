"""Models too large for an engine: a classical search gives a start, the engine improves it part by part.

Two controls run beside it on the same parts: uniformly feasible samples, and our own annealer for the same time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from qamctl.backends import registry
from qamctl.engines import measured, parts_of
from qamctl.engines import sample as submit
from qamctl.measuring import CLASSICAL, CutShort, loop_options
from qamctl.model_engines import engine
from qamctl.model_samples import SampleTable, make_table
from qamctl.model_task import Outcome, Task
from qamctl.qubo.search.base import Budget

if TYPE_CHECKING:
    from qamctl.azure.parts import Parts
    from qamctl.backends.base import Backend

#: The part of the budget in which a start is looked for where there is none yet.
START = 0.1

#: A part counts as so many steps of a step budget: its engine makes about 2,000 sweeps of few variables.
STEPS_PER_PART = 1000

#: One part in so many is given to the controls, too.
EVERY = 4


def by_parts(backend: Backend, task: Task, most: int) -> Sequence[Outcome]:
    """Improve the incumbent with an engine that takes at most `most` variables.

    Raises
    ------
    UnsupportedError
        A one-hot group is larger than that.
    """
    from qamctl.qubo.hybrid import improve_model
    from qamctl.qubo.rounds import Attempt, Controls, Improvement

    question, budget, settings = task.question, task.budget, task.settings
    began = since = budget.clock()
    outcomes = []
    start = task.initial
    if start is None:
        outcomes = list(engine(CLASSICAL)(replace(task, budget=_share(budget), max_variables=None, reads=None)))
        since = budget.clock()
        outcomes[0] = first = replace(outcomes[0], seconds=since - began)
        task.finished(CLASSICAL, lambda: first)
        table = outcomes[0].table
        start = np.zeros(question.n, np.uint8) if table is None or not len(table) else table.samples[0]
    classical = partial(submit, registry.get(CLASSICAL))
    loop = loop_options(backend, settings, classical) or {
        "controls": Controls(classical, EVERY) if backend.name != CLASSICAL else Controls(None)
    }
    log: list[Attempt] = []
    late = "was still at work when the time was up: the parts that were done count"

    def so_far() -> Outcome:
        done = Improvement(None, tuple(log)).summary()
        note = f"{_told(done, most)}; {late}"
        return _outcome(backend.name, "feasible", done, note, seconds=budget.clock() - since)

    task.finished(backend.name, so_far)
    parts = parts_of(backend, settings, task.seed) if backend.capabilities.remote else None
    own: dict[str, np.ndarray] = {}  # by engine the best that it found

    def report(sample: np.ndarray, energy: float) -> None:
        name = (parts.finder if parts is not None else None) or backend.name
        own[name] = np.array(sample)
        task.report(name, sample, energy)

    found = improve_model(
        question.model, start, partial(submit, backend) if parts is None else parts, router=parts, max_variables=most,
        seed=task.seed, stop=task.stop, report=report,
        threads=max(budget.threads, backend.capabilities.batch), native="model" in backend.capabilities.kinds,
        steps=None if budget.steps is None else -(-budget.steps // STEPS_PER_PART),
        seconds=None if budget.seconds is None else max(0.0, budget.seconds - (budget.clock() - began)),
        clock=budget.clock, log=log, **loop,
    )  # fmt: skip
    figures = found.improvement.summary()
    spent = budget.clock() - since
    note = _told(figures, most)
    best: np.ndarray | None = found.sample
    if parts is not None:
        figures |= parts.finish(figures.get("ended"), excused=task.stop())
        figures |= measured(figures.get("rounds", ()))
        note = "; ".join(text for text in (note, parts.note()) if text)
        best = own.get(backend.name, start if parts.done else None)
    table = None if best is None else make_table(question.model, question.objective, best[None, :])
    status = "feasible" if table is not None and table.feasible[0] else "unknown"
    outcomes.append(replace(_outcome(backend.name, status, figures, note, spent), table=table))
    if parts is not None:
        outcomes += [
            stood_in(parts, name, make_table(question.model, question.objective, sample[None, :]))
            for name, sample in own.items() if name != backend.name
        ]  # fmt: skip
        if parts.error is not None:
            raise CutShort(parts.error, outcomes, parts.left())
    return outcomes


def stood_in(parts: Parts, name: str, table: SampleTable) -> Outcome:
    """What a classical engine found on parts that no job measured."""
    share = parts.shares[name]
    count = f"{share.parts} part{'s' * (share.parts != 1)}"
    return Outcome(
        name, "feasible" if table.feasible[0] else "unknown", table, variables=share.variables, seconds=share.seconds,
        note=f"sampled {count} that no job of {parts.engine.name} measured", info={"stood_in_for": parts.engine.name},
    )  # fmt: skip


def _outcome(name: str, status: str, figures: Mapping[str, Any], note: str, seconds: float) -> Outcome:
    return Outcome(
        name, status, variables=int(figures["variables"]), shots=int(figures["shots"]),
        feasible_fraction=figures["feasible_fraction"], gain_over_random=figures.get("gain_over_random"),
        gain_over_classical=figures.get("gain_over_classical_same_time"), seconds=seconds, note=note, info=figures,
    )  # fmt: skip


def _told(figures: Mapping[str, Any], most: int) -> str:
    ended = f"; {figures['ended']}" if "ended" in figures else ""
    parts = f"{figures['windows']} part{'s' * (figures['windows'] != 1)}"
    return f"improved part by part, {parts} of at most {most} variables{ended}"


def _share(budget: Budget) -> Budget:
    if budget.seconds is not None:
        return replace(budget, seconds=START * budget.seconds)
    return replace(budget, steps=max(1, int(START * (budget.steps or 0))))
