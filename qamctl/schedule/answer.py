"""What a run compiled: the answer's own QUBO, its size and the answer's energy in it; numpy only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from qamctl.errors import UnsupportedError
from qamctl.qubo.answer_block import WHOLE_COUPLINGS, WHOLE_VARIABLES, WINDOW_VARIABLES, answer_block
from qamctl.schedule.covering import covering
from qamctl.schedule.instance import Instance
from qamctl.schedule.model import ScheduleModel, build_model
from qamctl.schedule.part import reduced
from qamctl.schedule.sizes import estimate
from qamctl.schedule.solution import Solution
from qamctl.schedule.windows import NEAR, OPTIONS

__all__ = ["WHOLE_COUPLINGS", "compile_answer", "model_around", "whole_model"]


def compile_answer(
    instance: Instance,
    solution: Solution,
    level: int,
    *,
    slot: int = 1,
    max_variables: int | None = None,
    max_couplings: int = WHOLE_COUPLINGS,
) -> dict[str, Any]:
    """The `compiled` block of a result: the answer is encoded, and its energy is the objective of its level.

    Parameters
    ----------
    solution
        A feasible schedule; its values are kept in the levels before `level`.
    slot
        Ticks in a slot; the energy of coarser slots is that of the schedule rounded to slots.
    max_variables, max_couplings
        Up to these the whole problem is compiled. Where `max_variables` is given, slots get coarser until it
        fits; else, or where none does, a window is compiled, whose other tasks stay where they are.

    Raises
    ------
    UnsupportedError
        The objective, or an earlier level, cannot be held by a QUBO.
    """
    built, whole = model_around(
        instance, solution, level, slot=slot, max_variables=max_variables, max_couplings=max_couplings
    )
    return answer_block(
        built.model, built.encode(solution), whole=whole, raw_variables=built.raw_variables, more={"slot": built.slot}
    )


def model_around(
    instance: Instance,
    solution: Solution,
    level: int,
    *,
    slot: int = 1,
    max_variables: int | None = None,
    max_couplings: int = WHOLE_COUPLINGS,
) -> tuple[ScheduleModel, bool]:
    """(model, whether it is the whole problem) of one level around a feasible schedule; as in `compile_answer`."""
    instance = covering(instance, solution)
    built = whole_model(
        instance, solution, level, slot=slot, max_variables=max_variables, max_couplings=max_couplings
    )  # fmt: skip
    if built is not None:
        return built, True
    most = WHOLE_VARIABLES if max_variables is None else max_variables
    value = instance.value(solution)[:level]
    free = _last_tasks(instance, solution, min(most, WINDOW_VARIABLES))
    part = reduced(instance, solution, free, OPTIONS)
    return build_model(part, solution, level=level, fixed_levels=value, slot=slot, free=free, near=NEAR), False


def whole_model(
    instance: Instance,
    solution: Solution | None,
    level: int,
    *,
    slot: int = 1,
    max_variables: int | None = None,
    max_couplings: int = WHOLE_COUPLINGS,
) -> ScheduleModel | None:
    """The model of the whole problem; None where it is too large, or an earlier level fits no row.

    Arguments as in `compile_answer`; without a feasible schedule only the spec bounds the starts.
    """
    most = WHOLE_VARIABLES if max_variables is None else max_variables
    value = () if solution is None else instance.value(solution)[:level]
    for ticks in _slots(instance, slot, coarser=max_variables is not None):
        try:
            size, couplings = estimate(instance, solution, level=level, fixed_levels=value, slot=ticks, limit=most)
            if size <= most and couplings <= max_couplings:
                return build_model(instance, solution, level=level, fixed_levels=value, slot=ticks)
        except UnsupportedError:
            # What an earlier level leaves to a window may be small enough to hold, and pins may fit no long slot.
            continue
    return None


def _slots(instance: Instance, slot: int, *, coarser: bool) -> Iterator[int]:
    """The slot asked for and, where a size was asked for instead, ever longer ones up to the longest task."""
    yield slot
    while coarser and slot < int(instance.longest.max(initial=0)):
        slot *= 2
        yield slot


def _last_tasks(instance: Instance, solution: Solution, variables: int) -> np.ndarray:
    """[T] the tasks that end last, as many as give about so many variables."""
    options = np.minimum(np.diff(instance.first_option), OPTIONS)
    latest = np.argsort(-solution.end, kind="stable")
    count = max(1, int(np.searchsorted(np.cumsum(options[latest] * NEAR), variables, side="right")))
    free = np.zeros(instance.n, bool)
    free[latest[:count]] = True
    return free
