"""What a reasoning problem has learned so far, taken into a run; and the run's decision, kept for feedback."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from qamctl.reason.decide import decision_of, gradients_of, with_learned
from qamctl.reason.ledger import State
from qamctl.reason.react import state_path
from qamctl.reason.spec import ReasonSpec
from qamctl.reason.state_check import check_state
from qamctl.reason.state_file import append_decision, open_state, read_state


@dataclass(frozen=True)
class Learned:
    """What a state file said when a run began.

    Attributes
    ----------
    file
        Where it is; it may not be there yet.
    state
        None where the file is to be begun.
    """

    file: Path
    state: State | None


def learned(spec: ReasonSpec) -> tuple[ReasonSpec, Learned | None]:
    """The spec with the priors and reliabilities that its state file has; nothing is written.

    Raises
    ------
    SpecError
        The file is another spec's or version's, or damaged, or lies outside the spec's folder.
    """
    if spec.state is None:
        return spec, None
    file = state_path(spec)
    if not file.exists():
        return spec, Learned(file, None)
    state = read_state(file)
    notes = check_state(file, state, spec)
    spec = with_learned(spec, state.priors, state.reliabilities)
    return replace(spec, notes=(*spec.notes, *state.notes, *notes)), Learned(file, state)


def block(spec: ReasonSpec, taken: Learned) -> dict[str, Any]:
    """The block `state` of a result: what the run began with."""
    return {
        "file": spec.state,
        "events": 0 if taken.state is None else taken.state.events,
        "priors": dict(zip(spec.paths.ids, spec.paths.prior.tolist(), strict=True)),
        "reliabilities": dict(zip(spec.evidence.ids, spec.evidence.reliability.tolist(), strict=True)),
    }


def keep(spec: ReasonSpec, taken: Learned, posterior: np.ndarray, run: str, now: str) -> None:
    """Append the decision of a run to the state file, which is begun where there is none.

    Raises
    ------
    TemporaryError
        The priors were changed by another run meanwhile, and this one's posterior was to take their place.
    """
    state = open_state(taken.file, spec, now=now) if taken.state is None else taken.state
    decision = decision_of(spec, posterior, run)
    decision = replace(decision, gradients=gradients_of(spec, decision, spec.steps))
    append_decision(taken.file, decision, now=now, based_on=state)
