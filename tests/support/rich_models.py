"""Models of random schedule specs with every feature, around random feasible schedules."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

import numpy as np
from support.rich_brute import Schedule
from support.rich_forms import columns_of
from support.rich_plant import plant
from support.rich_schedules import rich_spec, with_earlier

from qamctl.errors import UnsupportedError
from qamctl.schedule.build import build_instance
from qamctl.schedule.instance import Instance
from qamctl.schedule.model import ScheduleModel, build_model
from qamctl.schedule.read import schedule_from_data
from qamctl.schedule.solution import Solution
from qamctl.schedule.spec import ScheduleSpec

#: Tasks of specs of each size end within so many ticks.
MOST = {"tiny": 12, "small": 60}


class Rich(NamedTuple):
    """One spec, a feasible schedule of it, and the model of its first level around that."""

    data: dict[str, Any]
    spec: ScheduleSpec
    instance: Instance
    incumbent: Solution
    built: ScheduleModel


def solution_of(schedule: Schedule) -> Solution:
    """A schedule of `rich_brute` as the package has it."""
    columns = columns_of(schedule)
    mode, agent = (columns[name].astype(np.int32) for name in ("mode", "agent"))
    return Solution(columns["start"], columns["end"], mode, agent, columns["others"])


def rich_specs(first: int, size: str = "tiny") -> Iterator[tuple[dict[str, Any], ScheduleSpec, Instance, Solution]]:
    """Random specs that need crews, with a random feasible schedule each, without end."""
    seed = first
    while True:
        seed += 1
        data = rich_spec(seed, size)
        spec = schedule_from_data(data)
        if any("disruption" in level for level in spec.objective):
            spec = with_earlier(spec, seed)
        instance = build_instance(spec)
        planted = plant(spec, Random(seed), MOST[size])
        if instance.crews is not None and planted is not None:
            yield data, spec, instance, solution_of(planted.ways)


def rich_cases(first: int, size: str = "tiny") -> Iterator[Rich]:
    """Those of `rich_specs` whose first level a QUBO holds."""
    for data, spec, instance, incumbent in rich_specs(first, size):
        try:
            yield Rich(data, spec, instance, incumbent, build_model(instance, incumbent))
        except UnsupportedError:
            continue


def random_choice(built: ScheduleModel, rng: np.random.Generator) -> np.ndarray:
    """[n] a sample with one choice of each group, and nothing else."""
    model, sample = built.model, np.zeros(built.model.n, np.uint8)
    for low, high in zip(model.group_start[:-1], model.group_start[1:], strict=True):
        sample[rng.choice(model.group_index[low:high])] = 1
    return sample
