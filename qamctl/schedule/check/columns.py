"""A claimed schedule as columns, with what is known of each task's row; nothing in it is trusted yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from qamctl.checks.figures import shown
from qamctl.schedule.check.crews import Crews, crews_of
from qamctl.schedule.check.report import Findings
from qamctl.schedule.spec import Ints, ScheduleSpec

#: Ticks beyond this are no times: sums of two such and a lag still fit in 64 bits.
FARTHEST: Final = 2**61

Flags = npt.NDArray[np.bool_]

#: Pieces of work: from one tick until before another.
Pieces = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Arrays over the spec's tasks; where a flag is False, the values that it speaks of mean nothing.

    Attributes
    ----------
    start, end
        [T] ticks, where `timed`.
    mode
        [T] index into `spec.modes`, one of the task's own, where `moded`.
    crews
        The agents of the tasks that are `crewed`, all different; the others have none.
    left_out
        [T] the tasks of which the schedule says that they are not done; they are neither timed, moded nor crewed.
    segments
        What rows claim of pauses: the pieces by task, None of a task whose pieces can't be read; a task that is not
        in it never pauses. None where nothing is claimed of any task.
    """

    start: Ints
    end: Ints
    mode: Ints
    crews: Crews
    timed: Flags
    moded: Flags
    crewed: Flags
    left_out: Flags
    segments: Mapping[int, Pieces | None] | None = None


def columns_of_arrays(
    spec: ScheduleSpec,
    start: npt.ArrayLike,
    end: npt.ArrayLike,
    mode: npt.ArrayLike,
    agent: npt.ArrayLike,
    others: Mapping[int, Sequence[int]] | None,
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

    left_out = np.full(n, whole["mode"]) & (arrays["mode"] == -1)
    timed = np.full(n, whole["start"] and whole["end"]) & ~left_out
    far = timed & (beyond["start"] | beyond["end"])
    findings.add_each(
        "malformed",
        np.flatnonzero(far).tolist(),
        lambda t: findings.add("malformed", f"task {ids[t]}: start or end is beyond all times", task=ids[t]),
    )
    first, last = spec.tasks.first_mode[:-1], spec.tasks.first_mode[1:]
    moded = np.full(n, whole["mode"]) & ~left_out
    foreign = moded & ((arrays["mode"] < first) | (arrays["mode"] >= last))
    findings.add_each(
        "unknown-mode",
        np.flatnonzero(foreign).tolist(),
        lambda t: findings.add("unknown-mode", f"task {ids[t]}: {arrays['mode'][t]} is none of its modes", task=ids[t]),
    )
    crewed = np.full(n, whole["agent"]) & ~left_out
    stranger = crewed & ((arrays["agent"] < -1) | (arrays["agent"] >= len(spec.agents.ids)))
    findings.add_each(
        "unknown-agent",
        np.flatnonzero(stranger).tolist(),
        lambda t: findings.add(
            "unknown-agent", f"task {ids[t]}: {arrays['agent'][t]} is none of the spec's agents", task=ids[t]
        ),
    )
    crewed &= ~stranger
    further = _further(spec, arrays["agent"], others or {}, crewed, findings)
    return Columns(
        start=arrays["start"],
        end=arrays["end"],
        mode=arrays["mode"],
        crews=crews_of(np.where(crewed, arrays["agent"], -1), further),
        timed=timed & ~far,
        moded=moded & ~foreign,
        crewed=crewed,
        left_out=left_out,
    )


def _further(
    spec: ScheduleSpec, agent: Ints, others: Mapping[Any, Any], crewed: Flags, findings: Findings
) -> dict[int, tuple[int, ...]]:
    """The further agents of the tasks that are crewed; a task with a fault among them is so no more."""
    if not isinstance(others, Mapping):
        findings.add("malformed", f"others must be a mapping, not {type(others).__name__}")
        return {}
    ids, n = spec.tasks.ids, len(spec.agents.ids)
    found: dict[int, tuple[int, ...]] = {}
    for t, given in others.items():
        if not isinstance(t, int | np.integer) or not 0 <= t < len(ids):
            findings.add("malformed", f"others names the task {shown(t)}, which is none")
            continue
        if not crewed[t]:
            continue
        listed = given if isinstance(given, Sequence) else ()
        crew = (int(agent[t]), *listed)
        if listed is not given or crew[0] < 0 or not all(isinstance(a, int | np.integer) for a in listed):
            findings.add("malformed", f"task {ids[t]}: its further agents are {shown(given)}", task=ids[t])
        elif any(not 0 <= a < n for a in crew):
            text = f"task {ids[t]}: not all of {shown(given)} are agents of the spec"
            findings.add("unknown-agent", text, task=ids[t])
        elif len(set(crew)) < len(crew):
            findings.add("agent-twice", f"task {ids[t]}: it has the same agent twice", task=ids[t])
        else:
            found[int(t)] = tuple(map(int, listed))
            continue
        crewed[t] = False
    return found
