"""Small schedule models for QUBO tests, and the energies of all states of a QUBO."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

import numpy as np
from support.brute_force import Optimum, columns, optimum
from support.random_specs import random_feasible, tiny_spec

from qamctl.qubo.check import objective
from qamctl.qubo.compile import Compiled, compile_qubo
from qamctl.qubo.penalties import Weights, sufficient_weights
from qamctl.schedule.build import build_instance
from qamctl.schedule.instance import Instance
from qamctl.schedule.model import ScheduleModel, build_model
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution


class Case(NamedTuple):
    """One objective level of one small spec, compiled."""

    data: dict[str, Any]
    instance: Instance
    incumbent: Solution
    level: int
    fixed_levels: tuple[float, ...]
    built: ScheduleModel
    weights: Weights
    compiled: Compiled


def compiled_level(data: dict[str, Any], incumbent: Solution, level: int, fixed_levels: tuple[float, ...]) -> Case:
    """The model and the QUBO of one level, weighted by the incumbent's value."""
    instance = build_instance(schedule_from_data(data))
    built = build_model(instance, incumbent, level=level, fixed_levels=fixed_levels)
    weights = sufficient_weights(built.model, objective(built.model, built.encode(incumbent).tolist()))
    return Case(data, instance, incumbent, level, fixed_levels, built, weights, compile_qubo(built.model, weights))


def small_cases(seed: int, bits: int) -> Iterator[tuple[Case, Optimum]]:
    """Feasible random specs whose QUBO has 1 to `bits` variables, without end; the last level every third time."""
    rng = Random(seed)
    while True:
        data = tiny_spec(rng)
        spec = schedule_from_data(data)
        incumbent = random_feasible(spec, rng)
        if incumbent is None:
            continue
        instance = build_instance(spec)
        level, fixed_levels = 0, ()
        best = None
        if len(instance.levels) > 1 and rng.random() < 0.5:
            best = optimum(spec)
            assert best is not None
            level, fixed_levels = 1, best.value[:1]
            if abs(instance.value(incumbent)[0] - best.value[0]) > 1e-9:
                incumbent = columns(rng.choice(best.schedules))
        case = compiled_level(data, incumbent, level, fixed_levels)
        if not 1 <= case.compiled.n <= bits:
            continue
        best = best or optimum(spec)
        assert best is not None
        yield case, best


def all_energies(compiled: Compiled) -> np.ndarray:
    """[2^n] the energy of every state; bit i of the position is variable i."""
    energies = np.array([compiled.offset])
    for i in range(compiled.n):
        field = np.full(len(energies), compiled.linear[i])
        for j, weight in zip(
            compiled.row[compiled.col == i].tolist(), compiled.weight[compiled.col == i].tolist(), strict=True
        ):
            field.reshape(-1, 2, 1 << j)[:, 1, :] += weight
        energies = np.concatenate([energies, energies + field])
    return energies


def state(number: int, n: int) -> np.ndarray:
    """[n] the bits of a position in `all_energies`."""
    return (number >> np.arange(n) & 1).astype(np.uint8)
