"""Inverse temperatures as callers of dwave-neal and dwave-samplers give them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qamctl.kernels.couplings import Floats
from qamctl.samplers.bqm import positive

#: Sweeps of a read where none are asked for.
SWEEPS = 1000

#: Ways in which temperatures follow each other.
TYPES = ("linear", "geometric", "custom")


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a read is made of.

    Attributes
    ----------
    sweeps
        Of one read.
    betas
        [sweeps] the inverse temperature of each; None: from the model.
    type
        One of `TYPES`.
    """

    sweeps: int
    betas: Floats | None
    type: str


def schedule(
    beta_range: Sequence[float] | None,
    num_sweeps: int | None,
    num_sweeps_per_beta: int,
    beta_schedule_type: str,
    beta_schedule: Any,
) -> Schedule:
    """The schedule that the parameters of `AnnealSampler.sample` mean.

    Raises
    ------
    TypeError, ValueError
        They contradict each other or themselves.
    """
    if beta_schedule_type not in TYPES:
        raise ValueError(f"'beta_schedule_type' must be one of {', '.join(TYPES)}: {beta_schedule_type!r}")
    each = positive("num_sweeps_per_beta", num_sweeps_per_beta, int)
    if beta_schedule_type == "custom":
        return _custom(beta_range, num_sweeps, each, beta_schedule)
    if beta_schedule is not None:
        raise ValueError("'beta_schedule' needs beta_schedule_type='custom'")
    sweeps = SWEEPS if num_sweeps is None else num_sweeps
    if sweeps != 0:
        positive("num_sweeps", sweeps, int)
    if sweeps % each:
        raise ValueError("'num_sweeps' must be divisible by 'num_sweeps_per_beta'")
    if beta_range is None:
        return Schedule(sweeps, None, beta_schedule_type)
    betas = np.repeat(between(beta_range, sweeps // each, beta_schedule_type), each)
    return Schedule(sweeps, betas, beta_schedule_type)


def between(beta_range: Sequence[float], count: int, kind: str) -> Floats:
    """`count` values from the first to the last of `beta_range`; a single one is the last.

    Raises
    ------
    ValueError
        It has not two values, or they are negative, or 0 in a geometric schedule.
    """
    ends = np.asarray(beta_range, np.float64)
    if ends.shape != (2,) or not np.isfinite(ends).all() or (ends < 0).any():
        raise ValueError("'beta_range' must be two numbers of at least 0, the hottest first")
    if kind == "geometric" and (ends == 0).any():
        raise ValueError("'beta_range' must be above 0 for a geometric schedule")
    if count == 1:
        return ends[1:]
    made: Floats = (np.geomspace if kind == "geometric" else np.linspace)(ends[0], ends[1], count)
    return made


def _custom(beta_range: Sequence[float] | None, num_sweeps: int | None, each: int, beta_schedule: Any) -> Schedule:
    if beta_schedule is None:
        raise ValueError("beta_schedule_type='custom' needs 'beta_schedule'")
    betas = np.asarray(beta_schedule, np.float64).ravel()
    if not np.isfinite(betas).all() or (betas < 0).any():
        raise ValueError("'beta_schedule' must be numbers of at least 0")
    if num_sweeps is not None and num_sweeps != len(betas) * each:
        raise ValueError("'num_sweeps' must be the length of 'beta_schedule' times 'num_sweeps_per_beta', or None")
    if beta_range is not None and (len(betas) == 0 or tuple(beta_range) != (betas[0], betas[-1])):
        raise ValueError("'beta_range' must be the ends of 'beta_schedule', or None")
    return Schedule(len(betas) * each, np.repeat(betas, each), "custom")
