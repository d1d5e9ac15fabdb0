"""State vectors: energies, gradients and samples are those of an independent computation with explicit matrices."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qamctl.kernels import extension
from qamctl.kernels.statevector import QUBIT, Axis, bytes_needed, evolution
from qamctl.quantum.ansatz import hops, tilted

#: Registers by what is special about them.
REGISTERS: dict[str, tuple[list[Axis], bool]] = {
    "one qubit": ([QUBIT], False),
    "qubits": ([QUBIT] * 6, False),
    "warm start": ([tilted(p) for p in (0.1, 0.5, 0.8, 0.93)], False),
    "ring": ([Axis(hops(d, "ring"), np.full(d, d**-0.5)) for d in (3, 4, 2)], False),
    "full": ([QUBIT, Axis(hops(5, "full"), np.full(5, 5**-0.5)), QUBIT], False),
    "grover": ([QUBIT] * 5, True),
    "grover over groups": ([Axis(hops(4, "full"), np.full(4, 0.5)), tilted(0.3), QUBIT], True),
    "a group of one": ([Axis(hops(1, "full"), np.ones(1)), QUBIT], False),
}


@pytest.fixture(params=["native", "reference"])
def kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Either kernels."""
    if request.param == "reference":
        monkeypatch.setenv("QAMCTL_KERNELS", "reference")
    elif extension("statevector") is None:
        pytest.skip("the C++ kernels are not built")


def exact(diagonal: np.ndarray, axes: list[Axis], grover: bool, gammas: np.ndarray, betas: np.ndarray) -> np.ndarray:
    """The state in complex128, with the mixer as one explicit matrix."""
    start = reduce(np.kron, [axis.start for axis in reversed(axes)], np.ones(1))
    mixer = np.outer(start, start) if grover else np.zeros((len(start), len(start)))
    for k in range(0 if grover else len(axes)):
        factors = [axis.generator if j == k else np.eye(axis.size) for j, axis in enumerate(axes)]
        mixer += reduce(np.kron, factors[::-1], np.eye(1))
    values, vectors = np.linalg.eigh(mixer)
    state = start.astype(complex)
    for gamma, beta in zip(gammas, betas, strict=True):
        state = vectors @ (np.exp(-1j * beta * values) * (vectors.T @ (np.exp(-1j * gamma * diagonal) * state)))
    return state


def by_rotations(diagonal: np.ndarray, n: int, gammas: np.ndarray, betas: np.ndarray) -> np.ndarray:
    """The state of qubits in complex128, rotated one by one: for states too long for a matrix."""
    state = np.full(2**n, 2 ** (-n / 2), complex)
    for gamma, beta in zip(gammas, betas, strict=True):
        state *= np.exp(-1j * gamma * diagonal)
        for q in range(n):
            a, b = np.moveaxis(state.reshape(-1, 2, 2**q), 1, 0)
            c, s = np.cos(beta), -1j * np.sin(beta)
            state = np.stack([c * a + s * b, s * a + c * b], 1).reshape(-1)
    return state


def lowest_share(diagonal: np.ndarray, state: np.ndarray, cut: float, alpha: float) -> float:
    """The expectation of cut + min(D - cut, 0) / alpha."""
    return float((np.abs(state) ** 2 * (cut + np.minimum(diagonal - cut, 0) / alpha)).sum())


def slopes(function: Callable[[np.ndarray], float], at: np.ndarray) -> np.ndarray:
    """Central differences."""
    step = 1e-5
    return np.array([(function(at + step * e) - function(at - step * e)) / (2 * step) for e in np.eye(len(at))])


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("name", REGISTERS)
def test_energies_and_gradients_are_those_of_explicit_matrices(name: str, double: bool) -> None:
    """For every mixer, with and without a cut, at depths 0 to 3: float32 to six digits, float64 to ten."""
    axes, grover = REGISTERS[name]
    tolerance = 1e-9 if double else 2e-5
    for depth in range(4):
        rng = np.random.default_rng(depth)
        diagonal = rng.normal(size=int(np.prod([axis.size for axis in axes]))) * 2 + 5
        at = rng.normal(size=2 * depth)
        run = evolution(diagonal, axes, grover=grover, double=double)
        state = exact(diagonal, axes, grover, at[:depth], at[depth:])
        assert run.energy(at[:depth], at[depth:]) == pytest.approx(np.abs(state) ** 2 @ diagonal, abs=tolerance)
        assert run.probabilities() == pytest.approx(np.abs(state) ** 2, abs=tolerance)
        assert abs(np.vdot(run.amplitudes(), state)) == pytest.approx(1, abs=tolerance)
        for cut, alpha in ((None, 1.0), (float(np.quantile(diagonal, 0.4)), 0.3)):

            def value(x: np.ndarray, cut: float | None = cut, alpha: float = alpha, depth: int = depth) -> float:
                state = exact(diagonal, axes, grover, x[:depth], x[depth:])  # noqa: B023
                level, share = (1e9, 1.0) if cut is None else (cut, alpha)
                return lowest_share(diagonal, state, level, share)  # noqa: B023

            found, by_gamma, by_beta = run.gradient(at[:depth], at[depth:], cut=cut, alpha=alpha)
            assert found == pytest.approx(value(at), abs=10 * tolerance + 1e-6)
            assert np.concatenate([by_gamma, by_beta]) == pytest.approx(slopes(value, at), abs=20 * tolerance + 1e-5)


@pytest.mark.parametrize(("n", "depth"), [(10, 8), (13, 5), (16, 3), (18, 8)])
def test_single_precision_is_enough(n: int, depth: int) -> None:
    """On random Ising models energies agree with complex128 to 1e-5, gradients to 1e-4, of the diagonal's spread."""
    if extension("statevector") is None and n > 13:
        pytest.skip("the C++ kernels are not built")
    rng = np.random.default_rng(n)
    spins = 1 - 2 * (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(float)
    diagonal = spins @ rng.normal(size=n)
    for i, j in rng.integers(0, n, (3 * n, 2)):
        diagonal += rng.normal() * spins[:, i] * spins[:, j]
    gammas, betas = rng.normal(size=depth) / n**0.5, rng.normal(size=depth)
    spread = float(diagonal.std())
    single = evolution(diagonal, [QUBIT] * n, threads=2)
    state = by_rotations(diagonal, n, gammas, betas)
    energy = float(np.abs(state) ** 2 @ diagonal)
    assert single.energy(gammas, betas) == pytest.approx(energy, abs=1e-5 * spread)
    assert np.abs(single.probabilities() - np.abs(state) ** 2).max() < 1e-5
    double = evolution(diagonal, [QUBIT] * n, double=True, threads=2)
    assert double.energy(gammas, betas) == pytest.approx(energy, abs=1e-10 * spread)
    found, expected = single.gradient(gammas, betas), double.gradient(gammas, betas)
    scale = max(np.abs(expected[1]).max(), np.abs(expected[2]).max(), spread)
    for mine, other in zip(found, expected, strict=True):
        assert np.abs(np.asarray(mine) - other).max() < 1e-4 * scale


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(0, 7), shift=st.floats(-1e6, 1e6), scale=st.sampled_from([1e-6, 1.0, 1e9]),
    gammas=st.lists(st.floats(-2, 2), min_size=1, max_size=4), seed=st.integers(0, 99),
)  # fmt: skip
def test_units_of_the_diagonal_do_not_matter(
    n: int, shift: float, scale: float, gammas: list[float], seed: int
) -> None:
    """A diagonal in other units, with gammas in theirs, has the same state; a shift only moves the energy."""
    rng = np.random.default_rng(seed)
    diagonal, betas = rng.integers(-8, 9, 2**n) * 1.0, rng.normal(size=len(gammas))
    diagonal[0], diagonal[-1] = (-8, 8) if n else (0, 0)
    plain = evolution(diagonal, [QUBIT] * n)
    other = evolution(diagonal * scale + shift, [QUBIT] * n)
    energy = plain.energy(np.array(gammas), betas)
    moved = other.energy(np.array(gammas) / scale, betas)
    assert moved == pytest.approx(energy * scale + shift, rel=1e-5, abs=1e-4 * scale)


@pytest.mark.usefixtures("kernels")
def test_samples_follow_the_distribution_and_the_seed() -> None:
    """Shots are drawn independently, the same for one seed, in proportion to the probabilities."""
    run = evolution(np.random.default_rng(1).normal(size=16), [QUBIT] * 4)
    run.energy(np.array([0.7, 0.3]), np.array([0.4, 0.8]))
    shots = run.sample(100_000, 3)
    assert shots.dtype == np.int64
    assert np.array_equal(shots, run.sample(100_000, 3))
    assert not np.array_equal(shots, run.sample(100_000, 4))
    assert np.bincount(shots, minlength=16) / 1e5 == pytest.approx(run.probabilities(), abs=0.01)
    assert run.probabilities().sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("grover", [False, True])
def test_a_state_may_be_stopped_between_passes(grover: bool) -> None:
    """`stop` is asked before every pass, also on the way back, and the next call starts afresh."""
    run = evolution(np.arange(32.0), [QUBIT] * 5, grover=grover)
    angles = np.array([0.1, 0.2]), np.array([0.3, 0.4])
    energy = run.energy(*angles)
    asked = 0

    def after(most: int) -> Callable[[], bool]:
        def stop() -> bool:
            nonlocal asked
            asked += 1
            return asked > most

        return stop

    run.gradient(*angles, stop=after(10**9))
    for most in range(asked):
        asked = 0
        with pytest.raises(InterruptedError):
            run.gradient(*angles, stop=after(most))
    assert run.energy(*angles) == energy


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("axes", [[], [QUBIT], [QUBIT] * 5, [Axis(hops(3, "full"), np.full(3, 3**-0.5))]])
@pytest.mark.parametrize("grover", [False, True])
def test_a_constant_diagonal_has_one_energy_and_no_slope(axes: list[Axis], grover: bool) -> None:
    """Also where there is one state only."""
    states = int(np.prod([axis.size for axis in axes], dtype=int))
    run = evolution(np.full(states, -2.5), axes, grover=grover)
    angles = np.array([0.4, 1.0]), np.array([0.2, 2.0])
    assert run.states == states
    assert run.energy(*angles) == -2.5
    value, by_gamma, by_beta = run.gradient(*angles)
    assert value == -2.5
    assert np.abs(by_gamma).max() == 0
    assert np.abs(by_beta).max() < 1e-6
    assert run.probabilities() == pytest.approx(np.full(states, 1 / states), abs=1e-6)


@pytest.mark.usefixtures("kernels")
def test_a_cut_outside_the_spectrum_is_a_limit() -> None:
    """Below every value the observable is the cut itself; above all of them it is D in other units."""
    diagonal = np.arange(16.0)
    run = evolution(diagonal, [QUBIT] * 4)
    angles = np.array([0.3]), np.array([0.4])
    energy, by_gamma, _ = run.gradient(*angles)
    value, *found = run.gradient(*angles, cut=-3.0, alpha=0.5)
    assert value == -3.0
    assert not np.any(found)
    value, found_gamma, _ = run.gradient(*angles, cut=40.0, alpha=0.5)
    assert value == pytest.approx(40 + (energy - 40) / 0.5, abs=1e-4)
    assert found_gamma == pytest.approx(2 * by_gamma, abs=1e-4)


def test_angles_of_any_size_leave_a_state() -> None:
    """Beyond any phase that float32 can hold the state is of norm one still."""
    run = evolution(np.random.default_rng(1).normal(size=64), [QUBIT] * 6)
    for gamma in (1e6, 1e12, 1e300, -1e300):
        assert -4 < run.energy(np.array([gamma]), np.array([1e5])) < 4
        assert run.probabilities().sum() == pytest.approx(1, abs=1e-12)


def test_what_makes_no_sense_is_refused() -> None:
    """Values that are not finite, lengths that differ, and shares outside (0, 1]."""
    for diagonal in (np.arange(7.0), np.full(8, np.nan), np.array([0.0] * 7 + [np.inf])):
        with pytest.raises(ValueError, match="diagonal"):
            evolution(diagonal, [QUBIT] * 3)
    with pytest.raises(ValueError, match="at least one"):
        evolution(np.zeros(0), [Axis(np.zeros((0, 0)), np.zeros(0))])
    run = evolution(np.arange(8.0), [QUBIT] * 3)
    for gammas, betas in ((np.array([np.nan]), np.zeros(1)), (np.zeros(1), np.array([np.inf])), (np.zeros(1), [])):
        with pytest.raises(ValueError, match=r"angle|zip"):
            run.energy(gammas, betas)
    for alpha in (0.0, 1.5):
        with pytest.raises(ValueError, match="alpha"):
            run.gradient(np.zeros(1), np.zeros(1), cut=1.0, alpha=alpha)


def test_a_copy_of_the_plain_qubit_is_one() -> None:
    """What decides for the fast kernel is what an axis is, not which object."""
    plain = evolution(np.arange(8.0), [QUBIT] * 3)
    copy = evolution(np.arange(8.0), [Axis(QUBIT.generator.copy(), QUBIT.start.copy())] * 3)
    assert type(copy) is type(plain)
    assert type(evolution(np.arange(8.0), [tilted(0.5 + 1e-9)] * 3)) is not type(plain)


def test_memory_is_told_before_it_is_taken() -> None:
    """Eight bytes a state, four of the diagonal, eight more for the gradient; float64 takes more."""
    assert bytes_needed(2**20, gradient=False, double=False) == 12 * 2**20
    assert bytes_needed(2**20, gradient=True, double=False) == 20 * 2**20
    assert bytes_needed(2**20, gradient=False, double=True) >= 40 * 2**20
