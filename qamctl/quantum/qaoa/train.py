"""Training of angles: L-BFGS-B on exact gradients, from a good start, within a budget, every evaluation kept.

Three ways to start: from given angles (`train`), from depth 1 layer by layer (`ladder`), from several places
(`multistart`). All end with the best angles that they saw.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qamctl.quantum.qaoa.angles import deepened, ramp
from qamctl.quantum.qaoa.history import Evaluation, History
from qamctl.quantum.qaoa.landscape import Landscape
from qamctl.qubo.model import Floats

#: The part of a share that states of the least energy fill before its mean is as good as flat.
_FILLED = 0.8


@dataclass(frozen=True)
class Effort:
    """How long to train; whatever is reached first ends it.

    Attributes
    ----------
    evaluations, seconds
        At most, of value and gradient together; None: no limit. What a history answers counts as an evaluation.
    tolerance
        The largest derivative, in deviations of the diagonal by scaled angle, that counts as none.
    ftol
        The least improvement of an iteration, in deviations of the diagonal.
    target
        A value that is good enough.
    corrections
        Steps that L-BFGS-B remembers.
    stop, clock
        Whether to end now; seconds, of any origin.
    """

    evaluations: int | None = None
    seconds: float | None = None
    tolerance: float = 1e-4
    ftol: float = 1e-7
    target: float | None = None
    corrections: int = 10
    stop: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.perf_counter


@dataclass(frozen=True)
class Training:
    """Where a training ended.

    Attributes
    ----------
    angles
        [2 p] scaled: the best that were seen in the last stage.
    value
        There, by the last stage's alpha; None where it was stopped before the first evaluation ended.
    alpha
        Of the last stage.
    evaluations
        Of value and gradient, those that a history answered included.
    status
        Why it ended: "converged" (no derivative), "stalled" (no improvement), "target", "evaluations", "seconds",
        "stopped", or "flat" (all states have one energy).
    history
        Every evaluation, in order.
    """

    angles: Floats
    value: float | None
    alpha: float
    evaluations: int
    status: str
    history: tuple[Evaluation, ...]


def train(
    landscape: Landscape,
    start: Floats,
    *,
    alphas: Sequence[float] = (1.0,),
    only_saturated: bool = False,
    effort: Effort | None = None,
    history: History | None = None,
) -> Training:
    """Improve angles, stage by stage.

    Parameters
    ----------
    landscape
        Whose energy is minimised.
    start
        [2 p] scaled angles.
    alphas
        A stage for each: minimise the mean over that share of the distribution (CVaR, Barkoutsos et al. 2020). Every
        stage goes on where the one before ended, with an equal part of what is left of the budget.
    only_saturated
        Go on to the next alpha only where states of the least energy nearly fill the share before: CVaR is flat there.
    effort
        The budget.
    history
        Answers evaluations that it knows, and keeps new ones.

    Raises
    ------
    ValueError
        An alpha is not in (0, 1], or there is none.
    """
    session = _Session(landscape, effort or Effort(), history)
    return _stages(session, np.asarray(start, float), alphas, only_saturated)


def ladder(
    landscape: Landscape,
    depth: int,
    *,
    first: Floats | None = None,
    alphas: Sequence[float] = (1.0,),
    only_saturated: bool = False,
    effort: Effort | None = None,
    history: History | None = None,
) -> Training:
    """Train at depth 1, stretch the angles to one layer more, and so on (INTERP, Zhou et al. 2020).

    Every rung has an equal part of what is left of the budget; `alphas` and `only_saturated` are as for `train`.

    Parameters
    ----------
    first
        [2] the angles of depth 1 to begin with; None: a ramp's.
    """
    session = _Session(landscape, effort or Effort(), history)
    angles = ramp(1) if first is None else np.asarray(first, float)
    found = _stages(session, angles, alphas, only_saturated, rungs=depth)
    for rung in range(2, depth + 1):
        angles = deepened(found.angles, rung)
        if found.status in ("stopped", "flat"):
            return replace(found, angles=deepened(found.angles, depth), value=None)
        found = _stages(session, angles, alphas, only_saturated, rungs=depth + 1 - rung)
    return found


def multistart(
    landscape: Landscape,
    start: Floats,
    *,
    starts: int,
    seed: int,
    spread: float = 0.3,
    alphas: Sequence[float] = (1.0,),
    only_saturated: bool = False,
    effort: Effort | None = None,
    history: History | None = None,
) -> Training:
    """Train from given angles and from others near them; the best end is kept.

    Parameters
    ----------
    starts
        How many, the given one included; each has an equal part of what is left of the budget.
    seed
        Of the others.
    spread
        Deviation of the factors by which their angles differ.
    """
    session = _Session(landscape, effort or Effort(), history)
    rng, given = np.random.default_rng(seed), np.asarray(start, float)
    best: Training | None = None
    for left in range(starts, 0, -1):
        factors = 1.0 if best is None else 1 + spread * rng.standard_normal(len(given))
        found = _stages(session, given * factors, alphas, only_saturated, rungs=left)
        if best is None or _value(found) < _value(best):
            best = found
        if found.status in ("stopped", "flat", "target"):
            break
    assert best is not None  # there is at least the given start
    return replace(best, evaluations=session.spent, history=tuple(session.made))


def _value(training: Training) -> float:
    return math.inf if training.value is None else training.value


def _stages(
    session: _Session, angles: Floats, alphas: Sequence[float], only_saturated: bool, rungs: int = 1
) -> Training:
    """One training by rising alphas, with 1 / rungs of what is left of the budget."""
    if not alphas or not all(0 < alpha <= 1 for alpha in alphas):
        raise ValueError("alphas are shares in (0, 1], at least one")
    left = rungs * len(alphas)
    for alpha in alphas:
        # The stages that may not be needed leave their part to the first.
        share = 1 / rungs if only_saturated else 1 / left
        angles, value, status = session.minimise(angles, float(alpha), share)
        left -= 1
        if status in ("stopped", "flat", "target") or session.over:
            break
        if only_saturated and session.landscape.probability(angles) < _FILLED * alpha:
            break
    return Training(angles, value, float(alpha), session.spent, status, tuple(session.made))


class _End(Exception):
    """Leaves the optimiser; its argument is the status."""


class _Session:
    """What several minimisations share: the landscape, the budget, and every evaluation made."""

    def __init__(self, landscape: Landscape, effort: Effort, history: History | None) -> None:
        self.landscape, self.effort, self.history = landscape, effort, history
        self.made: list[Evaluation] = []
        self.began = effort.clock()
        self.longest = 0.0  # seconds of an evaluation
        self.before = 0.0  # seconds that a killed training had taken and a replay does not take again
        self.problem = landscape.fingerprint if history is not None else ""

    @property
    def spent(self) -> int:
        """Evaluations so far."""
        return len(self.made)

    @property
    def over(self) -> bool:
        """Whether there is no time for one more evaluation."""
        seconds = self.effort.seconds
        return seconds is not None and self.effort.clock() - self.began + self.longest > seconds

    def minimise(self, start: Floats, alpha: float, share: float) -> tuple[Floats, float | None, str]:
        """Angles, value and status of one run of L-BFGS-B with a share of what is left."""
        from scipy.optimize import minimize

        if self.landscape.flat:
            return start, self.landscape.best, "flat"
        effort, now = self.effort, self.effort.clock()
        most = None if effort.evaluations is None else self.spent + math.ceil((effort.evaluations - self.spent) * share)
        until = None if effort.seconds is None else now + (self.began + effort.seconds - now) * share
        best: tuple[float, Floats] | None = None
        middle, unit = self.landscape.mean, self.landscape.deviation

        def step(angles: Floats) -> tuple[float, Floats]:
            nonlocal best
            if effort.stop():
                raise _End("stopped")
            if most is not None and self.spent >= most:
                raise _End("evaluations")
            if until is not None and best is not None and effort.clock() + self.longest > until:
                raise _End("seconds")
            value, gradient = self.evaluate(angles, alpha)
            if best is None or value < best[0]:
                best = value, angles.copy()
            if effort.target is not None and value <= effort.target:
                raise _End("target")
            return (value - middle) / unit, gradient / unit

        try:
            options = {"maxiter": 10**6, "maxfun": 10**6, "gtol": effort.tolerance, "ftol": effort.ftol}
            options["maxcor"] = effort.corrections
            found = minimize(step, start, jac=True, method="L-BFGS-B", options=options)
            status = "converged" if float(np.abs(found.jac).max()) <= effort.tolerance else "stalled"
        except _End as end:
            status = str(end)
        except InterruptedError:
            status = "stopped"
        return (start, None, status) if best is None else (best[1], best[0], status)

    def evaluate(self, angles: Floats, alpha: float) -> tuple[float, Floats]:
        """Value and gradient, from the history where it knows them."""
        known = self.history.find(self.problem, alpha, angles) if self.history is not None else None
        if known is None:
            since = self.effort.clock()
            value, gradient = self.landscape.value_and_gradient(angles, alpha)
            self.longest = max(self.longest, self.effort.clock() - since)
            flat = tuple(gradient.tolist())
            made = Evaluation(self.spent + 1, alpha, tuple(angles.tolist()), value, flat, self.elapsed())
            if self.history is not None:
                self.history.add(self.problem, made)
        else:
            self.before += max(0.0, known.seconds - self.elapsed())
            made = replace(known, number=self.spent + 1, seconds=self.elapsed())
        self.made.append(made)
        return made.value, np.array(made.gradient)

    def elapsed(self) -> float:
        """Seconds since the training began, those before it was resumed included."""
        return self.before + self.effort.clock() - self.began
