"""A claimed schedule as columns, with what is known of each task's row; nothing in it is trusted yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from qamctl.schedule.check.report import Findings
from qamctl.schedule.spec import Ints, ScheduleSpec

#: Ticks beyond this are no times: sums of two such and a lag still fit in 64 bits.
FARTHEST: Final = 2**61

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Columns:
    """Arrays over the spec's tasks; where a flag is False, the values that it speaks of mean nothing.

    Attributes
    ----------
    start, end
        [T] ticks, where `timed`.
    mode
        [T] index into `spec.modes`, one of the task's own, where `moded`.
    agent
        [T] index into `spec.agents` or -1, where `crewed`.
    """

    start: Ints
    end: Ints
    mode: Ints
    agent: Ints
    timed: Flags
    moded: Flags
    crewed: Flags


def columns_of_arrays(
    spec: ScheduleSpec,
    start: npt.ArrayLike,
    end: npt.ArrayLike,
    mode: npt.ArrayLike,
    agent: npt.ArrayLike,
    findings: Findings,
) -> Columns:
    """Columns from arrays; wrong shapes, types, times and indices are noted and flagged."""
    n, ids = len(spec.tasks.ids), spec.tasks.ids
    given = {"start": start, "end": end, "mode": mode, "agent": agent}
    arrays, whole, beyond = {}, {}, {}
    for name, values in given.items():
        array = np.asarray(values)
        whole[name] = array.shape == (n,) and (array.dtype.kind in "iu" or n == 0)
        if not whole[name]:
            findings.add("malformed", f"{name} must be {n} integers, one a task; it is {array.dtype} {array.shape}")
        array = array if whole[name] else np.zeros(n, np.int64)
        beyond[name] = (array > FARTHEST) | (array < -FARTHEST)  # before unsigned numbers are taken for signed ones
        arrays[name] = array.astype(np.int64)

    timed = np.full(n, whole["start"] and whole["end"])
    far = timed & (beyond["start"] | beyond["end"])
    findings.add_each(
        "malformed",
        np.flatnonzero(far).tolist(),
        lambda t: findings.add("malformed", f"task {ids[t]}: start or end is beyond all times", task=ids[t]),
    )
    first, last = spec.tasks.first_mode[:-1], spec.tasks.first_mode[1:]
    moded = np.full(n, whole["mode"])
    foreign = moded & ((arrays["mode"] < first) | (arrays["mode"] >= last))
    findings.add_each(
        "unknown-mode",
        np.flatnonzero(foreign).tolist(),
        lambda t: findings.add("unknown-mode", f"task {ids[t]}: {arrays['mode'][t]} is none of its modes", task=ids[t]),
    )
    crewed = np.full(n, whole["agent"])
    stranger = crewed & ((arrays["agent"] < -1) | (arrays["agent"] >= len(spec.agents.ids)))
    findings.add_each(
        "unknown-agent",
        np.flatnonzero(stranger).tolist(),
        lambda t: findings.add(
            "unknown-agent", f"task {ids[t]}: {arrays['agent'][t]} is none of the spec's agents", task=ids[t]
        ),
    )
    return Columns(**arrays, timed=timed & ~far, moded=moded & ~foreign, crewed=crewed & ~stranger)
