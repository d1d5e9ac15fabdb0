"""Atoms that lasers drive: against closed formulas, and against full matrices."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from qamctl.emulator.programs.fault import BadProgram
from qamctl.emulator.programs.rydberg import MOST_ATOMS, Drive, evolved, interactions, probabilities, sample

Floats = npt.NDArray[np.float64]

#: Of the Rydberg levels 60 and 70.
C60, C70 = 865723.02, 5420158.53


def drive(rabi: object, detuning: object = 0.0, phase: object = 0.0, atoms: int = 1) -> Drive:
    """The same for all atoms: [T] Ω, δ and φ."""
    amplitude = np.asarray(rabi, np.float64)
    one = amplitude * np.exp(-1j * np.asarray(phase))
    other = np.broadcast_to(np.asarray(detuning, np.float64), amplitude.shape)
    return Drive(np.repeat(one[:, None], atoms, axis=1), np.repeat(other[:, None], atoms, axis=1))


def line(atoms: int, apart: float, c6: float = C60) -> Floats:
    """How atoms on a line interact, so many µm apart."""
    return interactions(np.column_stack([apart * np.arange(atoms), np.zeros(atoms)]), c6)


def dense(act: Drive, coupling: Floats) -> npt.NDArray[np.complex128]:
    """The same by full matrices, made of Kronecker products, and an exponential for each nanosecond."""
    from scipy.linalg import expm

    atoms = len(coupling)

    def on(matrix: object, atom: int) -> npt.NDArray[np.complex128]:
        found = np.eye(1)
        for k in range(atoms):
            found = np.kron(found, np.asarray(matrix) if k == atom else np.eye(2))
        return found

    lower = [on([[0, 1], [0, 0]], k) for k in range(atoms)]  # |g><r|, g first
    excited = [on([[0, 0], [0, 1]], k) for k in range(atoms)]
    pairs = sum(coupling[i, j] * excited[i] @ excited[j] for j in range(atoms) for i in range(j)) + 0 * excited[0]
    state = np.zeros(2**atoms, np.complex128)
    state[0] = 1
    before: tuple[object, ...] = ()
    for rabi, detuning in zip(act.rabi, act.detuning, strict=True):
        if before != (rabi.tolist(), detuning.tolist()):
            half = sum(rabi[k] / 2 * lower[k] for k in range(atoms))
            energy = half + half.conj().T + pairs - sum(detuning[k] * excited[k] for k in range(atoms))
            step = expm(-1e-3j * energy)
            before = rabi.tolist(), detuning.tolist()
        state = step @ state
    return state


@pytest.mark.parametrize(("area", "chance"), [(np.pi, 1.0), (np.pi / 2, 0.5), (2 * np.pi, 0.0), (np.pi / 3, 0.25)])
def test_a_pulse_turns_an_atom_by_its_area(area: float, chance: float) -> None:
    """P = sin²(area / 2), whatever the pulse's shape."""
    window = np.blackman(301)
    for shape in (np.full(500, 2 * area), window / window.sum() * area * 1e3):
        assert probabilities(drive(shape), np.zeros((1, 1)))[1] == pytest.approx(chance, abs=1e-9)


@pytest.mark.parametrize("detuning", [-9.0, -2.5, 1.0, 4.0])
def test_a_detuned_pulse_follows_rabis_formula(detuning: float) -> None:
    """P = Ω² / (Ω² + δ²) sin²(√(Ω² + δ²) t / 2)."""
    rabi, together = 5.0, float(np.hypot(5.0, detuning))
    for time in (100, 370, 1000):
        exact = (rabi / together * np.sin(together * time * 1e-3 / 2)) ** 2
        assert probabilities(drive(np.full(time, rabi), detuning), np.zeros((1, 1)))[1] == pytest.approx(
            exact, abs=1e-9
        )


def test_close_atoms_block_each_other() -> None:
    """Together they turn √2 times as fast, and are never both excited."""
    rabi, coupling = 6.0, line(2, 4.0, C70)
    for time in (100, 250, 400):
        found = probabilities(drive(np.full(time, rabi), atoms=2), coupling)
        assert found[3] < 1e-4
        assert found[1] == pytest.approx(found[2], abs=1e-9)
        assert found[1] + found[2] == pytest.approx(np.sin(np.sqrt(2) * rabi * time * 1e-3 / 2) ** 2, abs=5e-3)


def test_far_atoms_do_not_know_of_each_other() -> None:
    """The probabilities are products."""
    found = probabilities(drive(np.full(200, 6.0), 3.0, atoms=3), line(3, 200.0))
    one = probabilities(drive(np.full(200, 6.0), 3.0), np.zeros((1, 1)))
    assert found == pytest.approx(np.kron(np.kron(one, one), one), abs=1e-6)


def test_ramsey_fringes_follow_the_phase() -> None:
    """Two pulses of π/2 with a phase between them: P = cos²(φ/2); a detuning in between does the same."""
    half = np.full(100, 5 * np.pi)
    for phase in (0.0, 0.5, np.pi / 2, 2.0, np.pi, 4.0):
        rabi, phases = np.concatenate([half, np.zeros(50), half]), np.repeat([0.0, 0.0, phase], [100, 50, 100])
        found = probabilities(drive(rabi, 0.0, phases), np.zeros((1, 1)))
        assert found[1] == pytest.approx(np.cos(phase / 2) ** 2, abs=1e-9)
        waited = np.repeat([0.0, phase / 0.05, 0.0], [100, 50, 100])
        found = probabilities(drive(rabi, waited), np.zeros((1, 1)))
        assert found[1] == pytest.approx(np.cos(phase / 2) ** 2, abs=1e-9)


def test_a_slow_sweep_orders_a_chain() -> None:
    """Seven atoms of which neighbours block each other: every other one is excited, from end to end."""
    time = np.arange(3000)
    rabi = np.clip(np.minimum(time, 3000 - time) / 400, 0, 1) * 8.0
    found = probabilities(drive(rabi, np.linspace(-25, 25, 3000), atoms=7), line(7, 5.5))
    assert int(found.argmax()) == 0b1010101
    assert found[0b1010101] > 0.5


def test_any_drive_is_what_full_matrices_say() -> None:
    """Four atoms in a square, each with a drive of its own: smooth, with jumps, with noise, and constant."""
    random = np.random.default_rng(5)
    time = np.arange(260)
    rabi, detuning = np.zeros((260, 4), np.complex128), np.zeros((260, 4))
    for atom in range(4):
        wave = 4 + 4 * np.sin(time * random.uniform(0.01, 0.05) + atom)
        rabi[:, atom] = wave * np.exp(1j * np.sin(time / 40 + atom))
        detuning[:, atom] = 20 * np.cos(time * random.uniform(0.005, 0.02))
    rabi[60:90] = 3.0
    detuning[60:90] = [1.0, -2.0, 3.0, 0.0]
    rabi[90:120] += random.normal(0, 3, (30, 4))
    detuning[150:] = -10.0
    rabi[240:] = 0.0
    places = np.array([[0.0, 0.0, 0.0], [6.0, 0.0, 1.0], [0.0, 6.5, 0.0], [6.3, 6.1, -1.0]])
    coupling = interactions(places, C60)
    assert np.linalg.norm(evolved(Drive(rabi, detuning), coupling) - dense(Drive(rabi, detuning), coupling)) < 5e-5


def test_a_long_constant_drive_is_exact() -> None:
    """One step of several microseconds, which takes many Krylov spaces."""
    act, coupling = drive(np.full(3000, 11.0), 7.0, 0.3, atoms=6), line(6, 5.0)
    assert np.linalg.norm(evolved(act, coupling) - dense(act, coupling)) < 1e-6


@pytest.mark.parametrize(("apart", "detuning"), [(1.5, 4.0), (3.6, 30.0), (4.0, 0.0), (6.5, 71.9)])
def test_states_that_are_left_out_do_not_matter(apart: float, detuning: float) -> None:
    """However close the atoms are; and those that the detuning brings into resonance are not left out."""
    act, coupling = drive(np.full(800, 9.0), detuning, atoms=5), line(5, apart, C70)
    assert np.abs(np.abs(evolved(act, coupling)) ** 2 - np.abs(dense(act, coupling)) ** 2).sum() < 1e-4


def test_smooth_steps_are_as_good_as_single_nanoseconds() -> None:
    """A sweep in blocks of them, and the same with a noise for which they are taken one by one."""
    time = np.arange(200)
    act = drive(8 * np.sin(time * np.pi / 200) ** 2, np.linspace(-20, 20, 200), atoms=4)
    rough = Drive(act.rabi, act.detuning + 0.26 * (-1.0) ** time[:, None])
    coupling = line(4, 5.0)
    assert probabilities(act, coupling) == pytest.approx(np.abs(dense(act, coupling)) ** 2, abs=1e-5)
    assert probabilities(rough, coupling) == pytest.approx(np.abs(dense(rough, coupling)) ** 2, abs=1e-6)


def test_counts_follow_the_probabilities_and_the_seed() -> None:
    """20,000 shots: chi square of 3 degrees of freedom below 16.3; the first atom is leftmost."""
    act = Drive(np.column_stack([np.full(100, 20.0), np.full(100, 8.0)]).astype(np.complex128), np.zeros((100, 2)))
    coupling = np.zeros((2, 2))
    counts = sample(act, coupling, 20_000, 7)
    first, second = np.sin(1.0) ** 2, np.sin(0.4) ** 2
    exact = {
        "00": (1 - first) * (1 - second),
        "01": (1 - first) * second,
        "10": first * (1 - second),
        "11": first * second,
    }
    assert counts.keys() == exact.keys()
    assert sum((counts[key] - 2e4 * p) ** 2 / (2e4 * p) for key, p in exact.items()) < 16.3, "seed 7"
    assert list(counts.values()) == sorted(counts.values(), reverse=True)
    assert sample(act, coupling, 20_000, 7) == counts
    assert sample(act, coupling, 20_000, 8) != counts


def test_no_atoms_have_one_outcome() -> None:
    """The empty one, as where no pulse has an amplitude."""
    assert sample(Drive(np.zeros((5, 0), np.complex128), np.zeros((5, 0))), np.zeros((0, 0)), 9, 1) == {"": 9}


def test_what_is_too_large_is_refused() -> None:
    """Too many atoms, and what would take too long."""
    many = drive(np.full(4, 1.0), atoms=MOST_ATOMS + 1)
    with pytest.raises(BadProgram) as raised:
        probabilities(many, line(MOST_ATOMS + 1, 9.0))
    assert raised.value.message == "The pulses drive 15 atoms, and this emulator simulates 14 of them at most."
    for strength in (1e9, 1e300):
        with pytest.raises(BadProgram) as raised:
            probabilities(drive(np.full(1000, strength)), np.zeros((1, 1)))
        assert "1000 ns of these pulses on 1 atoms would take longer than a minute" in raised.value.message
    with pytest.raises(BadProgram, match="longer than a minute"):
        probabilities(drive(np.full(40_000, 5.0), 40.0, atoms=14), line(14, 5.0))
