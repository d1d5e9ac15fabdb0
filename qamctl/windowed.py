"""What the QUBO windows of all parts do alike: the level of the objective that they work on, their size, their loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from qamctl.errors import UnsupportedError
from qamctl.levels import reached
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.improve import TOGETHER, improve
from qamctl.qubo.model import Model
from qamctl.qubo.objective import value_of
from qamctl.qubo.penalties import sufficient_weights
from qamctl.qubo.rounds import Controls, Limits, Router
from qamctl.qubo.window import Sampler, Window, Windows
from qamctl.solver import Budget, Outcome

if TYPE_CHECKING:
    import numpy as np

Answer = TypeVar("Answer")

#: Chance that a window works on a later level than the first one that can still be better.
LATER = 0.3

#: Bits of an engine that is small: every one of them counts.
SMALL = 64


@dataclass
class OpenLevels:
    """The levels of an objective that can still be better.

    Attributes
    ----------
    bounds
        A lower bound of each level, None where unknown: levels that have reached theirs are left alone.
    proved
        Levels, the first ones, whose values an exact engine has proved least.
    refused
        Levels that no QUBO holds while earlier ones are kept, and why.
    """

    bounds: list[float | None]
    proved: int = 0
    refused: dict[int, str] = field(default_factory=dict)

    def first(self, value: Sequence[float]) -> int | None:
        """The first one of an answer of this value; None where nothing is left to gain."""
        return next((k for k in range(self.proved, len(value)) if self._open(k, value)), None)

    def pick(self, level: int, value: Sequence[float], rng: np.random.Generator) -> int:
        """The level `level`, now and then a later one."""
        later = [k for k in range(level + 1, len(value)) if self._open(k, value)]
        return int(rng.choice(later)) if later and rng.random() < LATER else level

    def _open(self, level: int, value: Sequence[float]) -> bool:
        return level not in self.refused and not reached(value[level], self.bounds[level])

    def settle(self, level: int, energy: float) -> None:
        """An exact engine proved the least value of a level: that counts where all earlier ones are proved."""
        if level == self.proved:
            self.proved += 1
            self.bounds[level] = energy


def next_window(
    levels: OpenLevels,
    value: Sequence[float],
    rng: np.random.Generator,
    whole: Callable[[int], Window[Answer] | None],
    part: Callable[[int], Window[Answer] | None],
) -> Window[Answer] | None:
    """The whole problem, where that is worth a try, else a part of it; None where there is nothing to open.

    Parameters
    ----------
    value
        Of the answer that the window is opened around.
    whole, part
        Called with the level; None: there is none.

    Raises
    ------
    UnsupportedError
        The first level cannot be held by a QUBO. Later ones are left alone where they can't.
    """
    level = levels.first(value)
    if level is None:
        return None
    try:
        found = whole(level)
        if found is not None:
            return found
        level = levels.pick(level, value, rng)
        return part(level)
    except UnsupportedError as error:
        if level == 0:
            raise
        levels.refused[level] = error.message
        return next_window(levels, value, rng, whole, part)


def wanted(limit: int) -> int:
    """Bits below which a window could be larger; a small engine is filled as far as it goes."""
    return (3 * limit) // 4 if limit <= SMALL else limit // 2


def resized(parts: int, bits: int, limit: int, most: int) -> int:
    """How much to put into the next window, where so many parts gave these bits, as this problem's happen to be."""
    if bits > limit:
        return max(1, parts * 2 // 3)
    if bits < wanted(limit) and parts < most:
        return parts + 1 + parts // 4
    return parts


class Built(Protocol):
    """A model of a problem, or of a part of it."""

    @property
    def model(self) -> Model: ...

    def encode(self, solution: Any, /) -> np.ndarray:
        """[n] the sample of an answer."""
        ...


def compiled_window(
    built: Built,
    incumbent: Answer,
    read: Callable[[np.ndarray, Answer], Answer | None],
    settles: Callable[[float], None] = lambda energy: None,
    one_hot: str = "one-hot",
) -> Window[Answer]:
    """A window that begins with the incumbent; `read` and `settles` as in `qubo.window.Window`."""
    sample = built.encode(incumbent)
    weights = sufficient_weights(built.model, value_of(built.model, sample), one_hot=one_hot)
    compiled = compile_qubo(built.model, weights, one_hot=one_hot)
    return Window(built.model, compiled, compiled.extend(sample), read, settles)


def improve_windows(
    windows: Windows[Any],
    levels: OpenLevels,
    incumbent: Any,
    budget: Budget,
    seed: int,
    stop: Callable[[], bool],
    report: Callable[[Any], None],
    *,
    sample: Sampler,
    effort: Mapping[str, Any] | None = None,
    controls: Controls | None = None,
    limits: Limits | None = None,
    batch: int = 1,
    together: int = TOGETHER,
    router: Router | None = None,
) -> Outcome:
    """Improve an answer window by window; follows `qamctl.solver.Solver`, and besides:

    Parameters
    ----------
    levels
        Those that the windows work on.
    sample
        The engine: `sample(compiled, seed=, initial=, seconds= | reads=, sweeps=)`.
    effort, controls, limits, together, router
        As in `qubo.improve.improve`.
    batch
        Windows that the engine samples side by side.
    """
    found = improve(
        windows, incumbent, sample, seed=seed, stop=stop, report=report, steps=budget.steps, seconds=budget.seconds,
        effort=effort, controls=controls, limits=limits, threads=batch, together=together, router=router,
    )  # fmt: skip
    met = all(map(reached, windows.value(found.answer), levels.bounds))
    summary = found.summary()
    if levels.refused:
        why = (f"level {level + 1} was left alone: {reason}" for level, reason in sorted(levels.refused.items()))
        summary["note"] = "; ".join(why)
    status = "optimal" if met else "feasible"
    return Outcome(status, found.answer, tuple(levels.bounds), summary["variables"], summary)
