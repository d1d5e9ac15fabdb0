"""QAOA from a problem to samples, in one call: circuit, angles, training, measurement, and what they are worth."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypedDict

import numpy as np

from qamctl.errors import UsageError
from qamctl.kernels.couplings import Samples
from qamctl.quantum.ansatz import Ansatz, angle_names
from qamctl.quantum.polynomial import Polynomial, polynomial_of
from qamctl.quantum.qaoa.angles import table_angles
from qamctl.quantum.qaoa.book import AngleBook, Entry, features_of
from qamctl.quantum.qaoa.history import Evaluation, History
from qamctl.quantum.qaoa.landscape import Landscape
from qamctl.quantum.qaoa.structure import ansatz_for, choose_ansatz, relaxed
from qamctl.quantum.qaoa.train import Effort, Training, ladder, multistart, train
from qamctl.qubo.compile import Compiled, compile_qubo
from qamctl.qubo.model import Floats, Ints, Model
from qamctl.qubo.penalties import sufficient_weights

#: Up to so many states the energy is computed again in float64, and the difference told.
CHECKED = 2**18

#: Ways to come by angles.
STRATEGIES = ("table", "ladder", "fixed")

#: A mean over the best quarter gives the optimum a larger probability than the mean of all. Where a quarter has the
#: least energy already, its mean is flat, and larger shares follow.
ALPHAS = (0.25, 0.5, 1.0)


@dataclass(frozen=True)
class QAOAResult:
    """What QAOA found.

    Attributes
    ----------
    angles
        Names as `ansatz.angle_names` has them -> the circuit's own angles: gamma in 1 / energy, beta in radians.
    scaled
        [2 p] the same as training and books have them.
    value
        The mean energy in the trained state.
    difference
        By how much float64 differs from that; None where there are too many states to look.
    samples, occurrences, energies
        [k, n] samples that were measured, how often [k], and their energies [k], the best first. Of a model: of its own
        variables, and the energies are those of its penalty QUBO.
    best_sample, best_energy
        The first of them.
    least_energy
        Of all states among which the circuit moves; it is exact, as they are all known here.
    probability_of_best
        The probability of measuring a state of that energy.
    ratio
        (worst - value) / (worst - least energy).
    history
        Every evaluation of the training.
    evaluations, seconds, status
        Of the training, as in `train.Training`; "fixed" where there was none. Seconds are those of `optimize`.
    start
        Where the angles began: "table", "ladder", or "book/" and an entry's name.
    ansatz
        The circuit.
    """

    angles: Mapping[str, float]
    scaled: Floats
    value: float
    difference: float | None
    samples: Samples
    occurrences: Ints
    energies: Floats
    best_sample: Samples
    best_energy: float
    least_energy: float
    probability_of_best: float
    ratio: float
    history: tuple[Evaluation, ...]
    evaluations: int
    seconds: float
    status: str
    start: str
    ansatz: Ansatz


class _Options(TypedDict):
    """What all ways of training take."""

    alphas: Sequence[float]
    only_saturated: bool
    effort: Effort
    history: History | None


class QAOAOptimizer:
    """The quantum approximate optimisation algorithm (Farhi, Goldstone and Gutmann 2014), simulated exactly.

    Parameters
    ----------
    problem
        A `Model` (compiled to its penalty QUBO with sufficient weights), a `Compiled` QUBO, a `Polynomial`, or a
        mapping from tuples of variables to weights, where (i, i) is (i,), as dimod writes QUBOs.
    groups
        One-hot groups of a polynomial or a mapping, for mixers that keep them; models have their own.
    depth
        Layers.
    mixer
        "auto" (one-hot groups are kept where there are any) or a key of `ansatz.MIXERS`.
    warm
        [n] a sample, or a relaxation's values in [0, 1]: qubits outside kept groups begin near it, no nearer than 0.25
        to 0 or 1 (Egger, Marecek and Woerner 2021).
    strategy
        "table": train from the shipped angles, or from the book's where it has some. "ladder": train from one layer
        upwards. "fixed": the shipped angles as they are.
    alphas
        Shares of the distribution whose mean is minimised; a later one is used only where an earlier one is flat.
        (1.0,) minimises the mean energy.
    starts
        Trainings from different angles, of which the best is kept; with "table" only.
    evaluations, seconds
        At most, for the training.
    shots
        Measurements.
    seed
        Of the measurements and of further starts.
    threads, memory
        Cores; bytes, None: half of what this machine has.
    book
        Gives a start where it can, and gets what was found, under `name`.
    history
        Answers evaluations that it knows, and keeps new ones: a training that was killed goes on.
    stop
        Whether to end now; the best so far is measured.
    first
        Told distinct samples of the circuit before it is trained, for callers who may run out of time.

    Raises
    ------
    UsageError
        A mixer, a strategy or a figure makes no sense.
    UnsupportedError
        The circuit's states do not fit into memory.
    """

    def __init__(
        self,
        problem: Model | Compiled | Polynomial | Mapping[tuple[int, ...], float],
        *,
        groups: Sequence[Sequence[int]] = (),
        depth: int = 3,
        mixer: str = "auto",
        warm: Sequence[float] | np.ndarray | None = None,
        strategy: str = "table",
        alphas: Sequence[float] = ALPHAS,
        starts: int = 1,
        evaluations: int | None = 100,
        seconds: float | None = None,
        shots: int = 1000,
        seed: int = 0,
        threads: int = 1,
        memory: int | None = None,
        book: AngleBook | None = None,
        name: str = "",
        history: History | None = None,
        stop: Callable[[], bool] = lambda: False,
        first: Callable[[Samples], None] | None = None,
    ) -> None:
        if strategy not in STRATEGIES:
            raise UsageError(f"there is no strategy {strategy!r} for angles: choose {', '.join(STRATEGIES)}")
        if shots < 1 or starts < 1:
            raise UsageError("QAOA needs at least one shot and one start")
        if not alphas or not all(0 < alpha <= 1 for alpha in alphas):
            raise UsageError("alphas are shares of the distribution in (0, 1], at least one")
        self._compiled = compile_qubo(problem, sufficient_weights(problem)) if isinstance(problem, Model) else None
        qubo = problem if self._compiled is None else self._compiled
        self.polynomial = _polynomial(qubo)
        begin = None if warm is None else relaxed(self._extended(warm))
        if begin is not None and len(begin) != self.polynomial.n:
            raise UsageError(f"a warm start needs a value for each of {self.polynomial.n} variables, not {len(begin)}")
        if isinstance(qubo, Compiled):
            self.ansatz = choose_ansatz(qubo, depth, mixer, begin)
        else:
            self.ansatz = ansatz_for(self.polynomial.n, groups, depth, mixer, begin)
        self.landscape = Landscape(self.polynomial, self.ansatz, threads=threads, memory=memory, stop=stop)
        self._strategy, self._alphas, self._starts = strategy, tuple(alphas), starts
        self._effort = Effort(evaluations=evaluations, seconds=seconds, stop=stop)
        self._shots, self._seed, self._threads, self._memory = shots, seed, threads, memory
        self._book, self._name, self._history, self._first = book, name, history, first

    def optimize(self) -> QAOAResult:
        """Train, measure, and judge.

        Raises
        ------
        InterruptedError
            It was stopped before the circuit had run once.
        """
        began, landscape = time.perf_counter(), self.landscape
        features = features_of(self.polynomial, landscape.shape.linear_share)
        start, origin = table_angles(self.ansatz, landscape.shape), "table"
        if self._strategy == "ladder":
            origin = "ladder"
        elif self._strategy == "table" and self._book is not None:
            known = self._book.nearest(self.ansatz, features)
            if known is not None:
                origin, start = f"book/{known[0].name}", known[1]
        if self._first is not None:
            samples, _ = landscape.sample(start, self._shots, self._seed)
            self._first(samples)
        found = self._train(start)
        if found is not None and found.value is None and found.status == "stopped":
            raise InterruptedError
        angles = start if found is None else found.angles
        landscape.finish()
        value, probability = landscape.value(angles), landscape.probability(angles)
        ratio = landscape.ratio(value)
        samples, occurrences = landscape.sample(angles, self._shots, self._seed)
        energies = landscape.diagonal[self.ansatz.register.number(samples)]
        order = np.argsort(energies, kind="stable")
        samples, occurrences, energies = samples[order], occurrences[order], energies[order]
        if self._compiled is not None:
            samples = np.ascontiguousarray(self._compiled.restore(samples))
        if self._book is not None and found is not None and not landscape.flat:
            entry = Entry(
                self._name, self.ansatz.mixer, self.ansatz.depth, features, tuple(angles.tolist()), ratio
            )  # fmt: skip
            self._book.add(entry)
        raw = np.concatenate(landscape.raw(angles)).tolist()
        return QAOAResult(
            angles=MappingProxyType(dict(zip(angle_names(self.ansatz.depth), raw, strict=True))),
            scaled=angles,
            value=value,
            difference=self._difference(angles, value),
            samples=samples,
            occurrences=occurrences,
            energies=energies,
            best_sample=samples[0],
            best_energy=float(energies[0]),
            least_energy=landscape.best,
            probability_of_best=probability,
            ratio=ratio,
            history=() if found is None else found.history,
            evaluations=0 if found is None else found.evaluations,
            seconds=time.perf_counter() - began,
            status="fixed" if found is None else found.status,
            start=origin,
            ansatz=self.ansatz,
        )

    def _train(self, start: Floats) -> Training | None:
        if self._strategy == "fixed":
            return None
        options = _Options(
            alphas=self._alphas, only_saturated=True, effort=self._effort, history=self._history
        )  # fmt: skip
        if self._strategy == "ladder":
            return ladder(self.landscape, self.ansatz.depth, **options)
        if self._starts > 1:
            return multistart(self.landscape, start, starts=self._starts, seed=self._seed, **options)
        return train(self.landscape, start, **options)

    def _difference(self, angles: Floats, value: float) -> float | None:
        """By how much the energy in float64 differs from the one that training saw."""
        if len(self.landscape.diagonal) > CHECKED:
            return None
        exact = Landscape(
            self.polynomial, self.ansatz, threads=self._threads, double=True, memory=self._memory
        )  # fmt: skip
        return exact.value(angles) - value

    def _extended(self, warm: Sequence[float] | np.ndarray) -> np.ndarray:
        """A warm start of a model's variables with a half for each slack bit."""
        values = np.asarray(warm, float)
        if self._compiled is None or len(values) != self._compiled.n_model:
            return values
        return np.concatenate([values, np.full(self._compiled.n - len(values), 0.5)])


def _polynomial(problem: Compiled | Polynomial | Mapping[tuple[int, ...], float] | Model) -> Polynomial:
    if isinstance(problem, Polynomial):
        return problem
    if isinstance(problem, Compiled | Model):
        return polynomial_of(problem)
    terms: dict[tuple[int, ...], float] = {}
    offset = 0.0
    for key, weight in problem.items():
        variables = tuple(sorted(set(key)))
        if not all(int(v) == v >= 0 for v in variables):
            raise UsageError(f"a term of a QUBO needs variables numbered from 0, not {key!r}")
        if variables:
            terms[variables] = terms.get(variables, 0.0) + float(weight)
        else:
            offset += float(weight)
    n = max((v + 1 for key in terms for v in key), default=0)
    return Polynomial(n, offset, MappingProxyType({key: weight for key, weight in terms.items() if weight}))
