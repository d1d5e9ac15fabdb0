"""The spec that a result answers: where it names a state file, with what the run found in it.

The state file has learned more since, so that the result says itself what it began with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from qamctl.checks.figures import is_number
from qamctl.reason.spec import Floats, ReasonSpec

#: Exponents of likelihoods are no larger.
MOST_RELIABILITY: Final = 1000.0


def as_learned(result: Mapping[str, Any], spec: ReasonSpec) -> ReasonSpec:
    """The spec with what the block `state` of a result tells; as it is where that is nothing that can be.

    `check_result` then says what is wrong with the block, and whether the rest follows from it.
    """
    told = result.get("state")
    if spec.state is None or not isinstance(told, Mapping):
        return spec
    prior = _numbers(told.get("priors"), spec.paths.ids)
    reliability = _numbers(told.get("reliabilities"), spec.evidence.ids)
    if prior is None or reliability is None or prior.min() < 0 or not 0 < prior.sum() < np.inf:
        return spec
    if (reliability < 0).any() or (reliability > MOST_RELIABILITY).any():
        return spec
    return replace(
        spec, paths=replace(spec.paths, prior=prior / prior.sum()),
        evidence=replace(spec.evidence, reliability=reliability),
    )  # fmt: skip


def _numbers(given: Any, names: Sequence[str]) -> Floats | None:
    """[n] the number of each name; None where one has none."""
    if not isinstance(given, Mapping) or not all(is_number(given.get(name)) for name in names):
        return None
    return np.array([given[name] for name in names], float)
