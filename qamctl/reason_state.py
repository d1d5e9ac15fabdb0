"""What a reasoning problem has learned so far, taken into a run; and the run's decision, kept for feedback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from qamctl.reason.decide import decision_of, gradients_of
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
    given = zip(spec.evidence.ids, spec.evidence.reliability.tolist(), strict=True)
    reliability = np.array([state.reliabilities.get(name, value) for name, value in given])
    spec = replace(
        spec, paths=replace(spec.paths, prior=np.array(state.priors)),
        evidence=replace(spec.evidence, reliability=reliability), notes=(*spec.notes, *state.notes, *notes),
    )  # fmt: skip
    return spec, Learned(file, state)


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
    gradients = gradients_of(spec, spec.paths.prior, spec.evidence.reliability, decision, spec.steps)
    append_decision(taken.file, replace(decision, gradients=gradients), now=now, based_on=state)


def told(data: Mapping[str, Any], spec: ReasonSpec) -> ReasonSpec:
    """The spec that a result answers: with the priors and reliabilities that its block `state` tells."""
    state = data.get("state")
    if not isinstance(state, Mapping):
        return spec
    priors, reliabilities = state.get("priors"), state.get("reliabilities")
    if not isinstance(priors, Mapping) or not isinstance(reliabilities, Mapping):
        return spec
    prior = _values(priors, spec.paths.ids, spec.paths.prior)
    reliability = _values(reliabilities, spec.evidence.ids, spec.evidence.reliability)
    total = float(prior.sum())
    if not (np.isfinite(prior).all() and (prior >= 0).all() and total > 0):
        return spec
    return replace(
        spec, paths=replace(spec.paths, prior=prior / total),
        evidence=replace(spec.evidence, reliability=np.maximum(np.nan_to_num(reliability), 0.0)),
    )  # fmt: skip


def _values(given: Mapping[str, Any], names: tuple[str, ...], otherwise: np.ndarray) -> np.ndarray:
    found = [given.get(name, value) for name, value in zip(names, otherwise.tolist(), strict=True)]
    return np.array([value if isinstance(value, int | float) else np.nan for value in found], float)
