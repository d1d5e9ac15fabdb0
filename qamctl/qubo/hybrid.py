"""The hybrid loop on models too large for an engine: windows of a few variables, conditioned on the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qamctl.errors import InfeasibleError, UnsupportedError
from qamctl.kernels.couplings import Couplings, Samples
from qamctl.qubo.compile import Compiled, compile_qubo
from qamctl.qubo.decompose import Picker, units_of
from qamctl.qubo.feasible import feasible
from qamctl.qubo.improve import TOGETHER, improve
from qamctl.qubo.incumbent import Incumbent, Problem, changed, entries, incumbent_of, problem_of
from qamctl.qubo.model import Model
from qamctl.qubo.payload import Payload, Uncompiled
from qamctl.qubo.penalties import Weights, sufficient_weights
from qamctl.qubo.rounds import Attempt, Controls, Improvement, Limits, Router
from qamctl.qubo.subproblem import loosened, subproblem
from qamctl.qubo.window import Sampler, Window

#: Variables of a window where the engine has no limit of its own.
WINDOW_VARIABLES = 256

#: How often a window is picked anew that its slack bits make too large for the engine.
TRIES = 8


@dataclass
class ModelWindows:
    """The windows of one model, for `qubo.improve`.

    Attributes
    ----------
    max_variables
        Bits that the engine takes, slack bits included.
    strategy
        As in `decompose.Picker`.
    native
        The engine takes models with their constraints; others get the penalty QUBO.
    """

    problem: Problem
    max_variables: int
    strategy: str = "auto"
    native: bool = False
    _size: int = 0
    _open: list[tuple[Window[Incumbent], str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.units = units_of(self.problem.model)
        self.picker = Picker(self.problem, self.units, self.strategy)
        self._size = self.max_variables
        if len(self.units.size) and self.units.size.min() > self.max_variables:
            raise UnsupportedError(
                f"the smallest one-hot group has {self.units.size.min()} variables, the engine takes "
                f"{self.max_variables}: choose a larger one"
            )

    def value(self, answer: Incumbent) -> tuple[float, ...]:
        """By how much constraints are broken, then the objective."""
        couplings = self.problem.couplings
        return float(answer.violation), answer.total / couplings.scale + couplings.offset

    def open(
        self, incumbent: Incumbent, attempt: int, rng: np.random.Generator, count: int
    ) -> Sequence[Window[Incumbent]]:
        """Windows that share no variable, each conditioned on the incumbent outside it."""
        used = self.units.size > self._size
        self._open = []
        while len(self._open) < count and (window := self._window(incumbent, used, rng)) is not None:
            self._open.append(window)
        return [window for window, _ in self._open]

    def closed(self, window: Window[Incumbent], improved: bool) -> None:
        """Tell the picker what a window of its gave."""
        self.picker.learn(next(strategy for mine, strategy in self._open if mine is window), improved)

    def _window(
        self, incumbent: Incumbent, used: np.ndarray, rng: np.random.Generator
    ) -> tuple[Window[Incumbent], str] | None:
        """A window of units that are not used yet, which are then; None where none is left or none fits."""
        for _ in range(TRIES):
            if used.all():
                return None
            chosen, strategy = self.picker.pick(incumbent, used, self._size, rng)
            window = self._compiled(incumbent, np.sort(self.units.index[entries(self.units.start, chosen)]))
            bits = window.compiled.n
            if bits <= self.max_variables:
                used[chosen] = True
                # Rows need slack bits: the next window has about the size that fits, as this one's rows go.
                if bits < 0.9 * self.max_variables:
                    self._size = min(self.max_variables, self._size + 1 + self._size // 8)
                return window, strategy
            self._size = max(int(self.units.size.min()), self._size * self.max_variables // bits - 1)
            used |= self.units.size > self._size
        return None

    def _compiled(self, incumbent: Incumbent, free: np.ndarray) -> Window[Incumbent]:
        """The window of the variables `free`, in the form that the engine takes."""
        model = subproblem(self.problem, incumbent, free)
        initial = incumbent.sample[free]
        compiled: Payload
        if self.native:
            compiled = Uncompiled(model)
        else:
            try:
                compiled = _penalised(model, initial)
            except InfeasibleError:
                model = loosened(model, initial)
                compiled = _penalised(model, initial)

        def read(sample: np.ndarray, onto: Incumbent) -> Incumbent:
            return changed(self.problem, onto, free, mended(model, sample, initial))

        return Window(model, compiled, compiled.extend(initial), read)


def _penalised(model: Model, initial: np.ndarray) -> Compiled:
    if len(model.group_start) == 1 and len(model.con_rhs) == 0:
        return compile_qubo(model, Weights(0.0, np.zeros(0)))
    upper = float(Uncompiled(model).energy(initial)[0]) if feasible(model, initial[None, :])[0] else None
    return compile_qubo(model, sufficient_weights(model, upper))


def mended(model: Model, sample: np.ndarray, initial: np.ndarray) -> np.ndarray:
    """The sample with one member of each group: of several the first one; of none, what `initial` has."""
    size = np.diff(model.group_start)
    if len(size) == 0:
        return sample
    group = np.repeat(np.arange(len(size)), size)
    chosen = np.bincount(group, weights=sample[model.group_index], minlength=len(size))
    if (chosen == 1).all():
        return sample
    out = np.array(sample)
    for g in np.flatnonzero(chosen != 1).tolist():
        members = model.group_index[model.group_start[g] : model.group_start[g + 1]]
        if chosen[g] == 0:
            out[members] = initial[members]
        else:
            out[members[np.flatnonzero(out[members])[1:]]] = 0
    return out


@dataclass(frozen=True)
class ImprovedModel:
    """The best state of a model, and the windows on the way to it.

    Attributes
    ----------
    sample, energy
        [n], and its objective, computed from the model.
    violation
        By how much its constraints are broken: 0 where it is feasible.
    """

    sample: Samples
    energy: float
    violation: int
    improvement: Improvement[Incumbent]

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """What each window gave."""
        return self.improvement.attempts


def improve_model(
    model: Model,
    incumbent: np.ndarray,
    sample: Sampler,
    *,
    max_variables: int | None,
    seed: int,
    stop: Callable[[], bool] = lambda: False,
    report: Callable[[Samples, float], None] = lambda sample, energy: None,
    steps: int | None = None,
    seconds: float | None = None,
    clock: Callable[[], float] = time.monotonic,
    threads: int = 1,
    strategy: str = "auto",
    native: bool = False,
    controls: Controls | None = None,
    effort: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
    objective: Couplings | None = None,
    log: list[Attempt] | None = None,
    together: int = TOGETHER,
    router: Router | None = None,
) -> ImprovedModel:
    """Improve a state of a model too large for an engine, window by window; never worse than it was.

    Parameters
    ----------
    incumbent
        [n] where to start; it may break constraints.
    max_variables
        Bits that the engine takes, None without a limit.
    steps, seconds
        Windows to sample, or for how long by `clock`; as in `qubo.improve`.
    report
        Called with every better state and its energy.
    strategy, native
        As in `ModelWindows`.
    controls
        What else is tried on the same windows, so that the engine's gain can be judged.
    effort, limits, log, together, router
        As in `qubo.improve.improve`.
    objective
        The model's, as the kernels hold it, where the caller has it already.

    Raises
    ------
    UsageError
        No strategy has that name.
    UnsupportedError
        Every one-hot group is larger than the engine.
    """
    began = clock()
    problem = problem_of(model, objective)
    start = incumbent_of(problem, incumbent)
    size = WINDOW_VARIABLES if max_variables is None else max_variables
    windows = ModelWindows(problem, size, strategy, native)

    def told(found: Incumbent) -> None:
        report(found.sample.copy(), windows.value(found)[1])

    left = None if seconds is None else seconds - (clock() - began)
    found = improve(
        windows, start, sample, seed=seed, stop=stop, report=told, steps=steps, seconds=left, clock=clock,
        threads=threads, controls=controls, effort=effort, limits=limits, log=log, together=together, router=router,
    )  # fmt: skip
    # The walk adds up changes; what counts are the energies as the model gives them.
    ends = [(end.violation, problem.energy(end), k) for k, end in enumerate((start, found.answer))]
    violation, energy, k = min(ends)
    best = (start, found.answer)[k]
    return ImprovedModel(best.sample, energy, violation, Improvement(best, found.attempts, found.ended))
