"""What a result says of evidence, coherence, order and pruning, held against what was computed a second time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from qamctl.checks.comparison import Comparison
from qamctl.checks.figures import is_number, shown
from qamctl.reason.check.left_out import Kept
from qamctl.reason.check.recompute import Order, Truth
from qamctl.reason.check.told import count, near, near_each, numbers
from qamctl.reason.spec import ReasonSpec

#: Figures may differ by the rounding of sums; a bound by its last digits.
CLOSE: Final = 1e-9
DIGITS: Final = 1e-6

#: Logarithms of numbers between which `exp` is one.
LEAST_LOG: Final = -1e6
MOST_LOG: Final = 700.0


def compare_pruned(
    told: Comparison, given: Mapping[str, Any], left: Kept, truth: Truth | None, whole: Truth | None
) -> float:
    """Which paths were left out, and what that may cost; the latter is returned.

    Parameters
    ----------
    given
        The block `pruned` of a solution.
    truth, whole
        What holds of the paths that are left, and of all; None where that is not known.
    """
    paths = count(told, "pruned", "solution.pruned.paths", given.get("paths"))
    if paths is not None and paths != left.count:
        told.say("pruned", "solution.pruned.paths", f"is {paths}, {left.count} paths are sure to matter too little")
    stated, field = given.get("error"), "solution.pruned.error"
    if truth is None:
        if is_number(stated) and 0 <= stated <= 1:
            return float(stated)
        told.say("pruned", field, f"must be a share, not {shown(stated)}")
        return 0.0
    right = left.error(truth.log_left)
    near(told, "pruned", field, stated, right, 0.0, relative=DIGITS + 2 * truth.log_error)
    if whole is not None and left.paths is not None:
        off = float(np.abs(whole.posterior - truth.posterior).sum()) / 2
        if off > right + CLOSE + whole.error + truth.error:
            text = f"is {right:.6g}, and without the paths that were left out the posterior is off by {off:.6g}"
            told.say("pruned", field, text)
    return right


def compare_evidence(told: Comparison, solution: Mapping[str, Any], truth: Truth | None) -> None:
    """The probability of all evidence, and its logarithm."""
    log, chance = solution.get("log_evidence_probability"), solution.get("evidence_probability")
    field = "solution.log_evidence_probability"
    noise = 0.0
    if truth is not None:
        right, noise = truth.log_evidence, 2 * truth.log_error
        near(told, "evidence", field, log, right, CLOSE * (1 + abs(right)) + noise)
    elif is_number(log) and log <= CLOSE:
        right = float(log)
    else:
        told.say("evidence", field, f"is {shown(log)}, which is no logarithm of a probability")
        return
    relative = CLOSE * (1 + abs(right)) + noise
    probability = math.exp(min(MOST_LOG, max(LEAST_LOG, right)))
    near(told, "evidence", "solution.evidence_probability", chance, probability, 0.0, relative=relative)


def compare_effects(told: Comparison, spec: ReasonSpec, solution: Mapping[str, Any], truth: Truth | None) -> None:
    """What coherence and the order of evidence do."""
    names, field = spec.paths.decisions, "solution.interference"
    given = numbers(told, "interference", field, solution.get("interference"), names)
    if given is not None and truth is not None:
        near_each(told, "interference", field, names, given, truth.interference, CLOSE + 4 * truth.error)
    effect, pair = solution.get("order_effect"), solution.get("order_pair")
    order = None if truth is None else truth.order
    low, high = (0.0, 1.0) if order is None else (order.low, order.high)
    if not is_number(effect) or not low - CLOSE <= effect <= high + CLOSE:
        right = "between 0 and 1" if order is None else f"{high:.12g}"
        told.say("order", "solution.order_effect", f"is {shown(effect)}, {right} is right")
        return
    if (pair is None) != (effect == 0):
        told.say("order", "solution.order_pair", f"is {shown(pair)}, and the effect is {effect}")
    elif pair is not None and not _exchanged(pair, spec, order):
        told.say("order", "solution.order_pair", f"is {shown(pair)}, which is not the pair of the largest effect")


def _exchanged(pair: Any, spec: ReasonSpec, order: Order | None) -> bool:
    """Whether exchanging these two pieces of evidence can have the largest effect."""
    if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(name, str) for name in pair):
        return False
    if order is None:
        return all(name in spec.evidence.ids for name in pair)
    _, most = order.pairs.get((pair[0], pair[1]), (0.0, -1.0))
    return most >= order.low - CLOSE
