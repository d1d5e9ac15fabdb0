"""The front door, on a simulated noisy target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from support.noisy_circuits import executor, ghz, ideal, qaoa

from qamctl.errors import BackendError, InfeasibleError, UsageError
from qamctl.quantum.mitigation import (
    Readout,
    Zne,
    execute,
    execute_with_postselection,
    execute_with_readout,
    execute_with_zne,
)
from qamctl.quantum.mitigation.calibration import Calibration, measure_calibration
from qamctl.quantum.mitigation.observables import Share, ZProduct
from qamctl.quantum.mitigation.postselect import one_hot, parity
from qamctl.quantum.polynomial import Polynomial

ENDS = Share(frozenset({"0000", "1111"}))
Run = Callable[[Sequence[Any]], list[Mapping[str, int]]]


def counting(run: Run, sizes: list[int]) -> Run:
    """The same executor, which notes how many circuits each call has."""

    def noted(circuits: Sequence[Any]) -> list[Mapping[str, int]]:
        sizes.append(len(circuits))
        return run(circuits)

    return noted


def w_state() -> Any:
    """One excitation among three qubits, measured."""
    circuit = QuantumCircuit(3, 3)
    circuit.ry(2 * np.arccos(3**-0.5), 0)
    circuit.ry(-np.pi / 4, 1)
    circuit.cz(0, 1)  # between the two turns: a controlled h
    circuit.ry(np.pi / 4, 1)
    circuit.cx(1, 2)
    circuit.cx(0, 1)
    circuit.x(0)
    circuit.measure([0, 1, 2], [0, 1, 2])
    return circuit


def test_readout_correction_brings_a_ghz_state_back() -> None:
    """Calibration and circuits run in one call; the corrected share of the two ends is 1 within its error."""
    sizes: list[int] = []
    run = counting(executor(8000, 4, readout=(0.02, 0.05)), sizes)
    (found,) = execute_with_readout([ghz(4)], run, ENDS)
    assert sizes == [3]
    assert found.raw.value < 0.9
    assert found.value == pytest.approx(1, abs=4 * found.error)
    assert (found.shots, found.circuits, found.kept, found.extrapolation) == (24_000, 3, None, None)
    assert found.overhead is not None
    assert found.overhead > 3
    assert set(found.distribution) >= {"0000", "1111"}
    assert sum(found.distribution.values()) == pytest.approx(1)
    assert "2 calibration circuits" in found.notes[0]


def test_a_calibration_at_hand_costs_no_circuits() -> None:
    """And the circuits may measure its qubits in any order."""
    run = executor(8000, 4, readout=(0.02, 0.05))
    calibration = measure_calibration(run, range(5), target="aer", time="2026-11-20", patterns="balanced")
    circuit = QuantumCircuit(5, 2)
    circuit.x(4)
    circuit.measure([4, 1], [0, 1])
    (found,) = execute_with_readout([circuit], run, ZProduct((0, 1)), readout=Readout(calibration))
    assert found.circuits == 1
    assert found.value == pytest.approx(-1, abs=4 * found.error)
    assert found.notes == ()


def test_several_circuits_are_one_batch() -> None:
    """Two circuits with three scales each and a balanced calibration of their four qubits: twelve circuits."""
    sizes: list[int] = []
    run = counting(executor(2000, 1, two=0.01, readout=(0.02, 0.02)), sizes)
    found = execute_with_zne(
        [ghz(4), ghz(4)], run, ZProduct((0, 3)), readout=Readout(patterns="balanced"), zne=Zne(fit="linear")
    )
    assert sizes == [3 + 3 + 6]
    assert [each.circuits for each in found] == [9, 9]
    assert execute([], run, ZProduct((0,))) == ()
    assert len(sizes) == 1


def test_without_any_part_the_value_is_raw() -> None:
    """The value, its error and the distribution are those of the counts."""
    (found,) = execute([ghz(4)], executor(1000, 2, two=0.05), ENDS)
    assert (found.value, found.error) == (found.raw.value, found.raw.error)
    assert found.overhead == 1.0
    assert ENDS(np.array([[int(b) for b in key[::-1]] for key in found.distribution], np.uint8)) @ list(
        found.distribution.values()
    ) == pytest.approx(found.value)


def test_extrapolation_reduces_the_error_of_qaoa() -> None:
    """At 1 % depolarising noise at least threefold over three instances, and errors are honest."""
    off, left, sigmas = [], [], []
    for seed in range(3):
        circuit, cost = qaoa(6, seed)
        truth = ideal(circuit, cost.energy)
        (found,) = execute_with_zne([circuit], executor(8192, seed, two=0.01, one=0.001), cost)
        assert found.extrapolation is not None
        assert [p.scale for p in found.extrapolation.points] == [1, 3, 5]
        assert found.extrapolation.asymptote == pytest.approx(0, abs=1e-12)
        assert found.extrapolation.fit == "exponential"
        assert "faultless readout" in found.notes[0]
        off.append(abs(found.raw.value - truth))
        left.append(abs(found.value - truth))
        sigmas.append((found.value - truth) / found.error)
    assert sum(off) > 3 * sum(left)
    assert np.abs(sigmas).max() < 4


def test_readout_inside_extrapolation_is_better_than_either() -> None:
    """Both kinds of noise: only both corrections together come back to the truth."""
    run = executor(65_536, 6, two=0.02, readout=(0.03, 0.06))
    both = execute_with_zne([ghz(4)], run, ENDS, readout=Readout())[0]
    zne, readout = execute_with_zne([ghz(4)], run, ENDS)[0], execute_with_readout([ghz(4)], run, ENDS)[0]
    assert abs(both.value - 1) < min(abs(zne.value - 1), abs(readout.value - 1)) / 2
    assert both.value == pytest.approx(1, abs=4 * both.error)
    assert both.raw == readout.raw


def test_postselection_keeps_the_one_hot_outcomes() -> None:
    """The values over what is kept are those of the kept counts; readout correction keeps more."""
    cost, check = Polynomial(3, 0.0, {(0,): 1.0, (1,): 2.0, (2,): 4.0}), one_hot([[0, 1, 2]])
    run = executor(20_000, 3, readout=(0.02, 0.05))
    truth = ideal(w_state(), cost.energy)
    assert truth == pytest.approx(7 / 3)
    (found,) = execute_with_postselection([w_state()], run, cost, check)
    assert found.kept is not None
    assert 0.85 < found.kept < 0.95
    assert all(key.count("1") == 1 for key in found.distribution)
    assert found.value == pytest.approx(sum(p * 2.0 ** key[::-1].index("1") for key, p in found.distribution.items()))
    (both,) = execute_with_postselection([w_state()], run, cost, check, readout=Readout())
    assert both.kept == pytest.approx(1, abs=0.02)
    assert both.value == pytest.approx(truth, abs=4 * both.error)
    assert sum(both.distribution.values()) == pytest.approx(1)


def test_the_error_of_what_is_kept_is_that_of_repetition() -> None:
    """Over many runs the ratio scatters as its error says."""
    cost, check = Polynomial(2, 0.0, {(0,): 1.0}), parity([0, 1])
    rng = np.random.default_rng(2)

    def run(circuits: Sequence[Any]) -> list[Mapping[str, int]]:
        drawn = rng.multinomial(500, [0.5, 0.1, 0.2, 0.2], len(circuits)).tolist()
        return [dict(zip(("00", "01", "10", "11"), row, strict=True)) for row in drawn]

    found = execute_with_postselection([ghz(2)] * 500, run, cost, check)
    assert np.std([each.value for each in found]) == pytest.approx(np.mean([each.error for each in found]), rel=0.1)
    assert np.mean([each.value for each in found]) == pytest.approx(2 / 7, abs=0.01)


def test_the_asymptote_of_kept_outcomes_is_their_mean() -> None:
    """Post-selected noise ends in the uniform mixture of what is kept; another may be given."""
    cost, check = Polynomial(3, 0.0, {(0,): 1.0, (1,): 2.0, (2,): 4.0}), one_hot([[0, 1, 2]])
    run = executor(2000, 3, two=0.01)
    (found,) = execute_with_zne([w_state()], run, cost, keep=check)
    (other,) = execute_with_zne([w_state()], run, cost, keep=check, zne=Zne(asymptote=2.0))
    assert found.extrapolation is not None
    assert other.extrapolation is not None
    assert found.extrapolation.asymptote == pytest.approx(7 / 3)
    assert other.extrapolation.asymptote == 2.0


def test_an_asymptote_out_of_reach_is_told() -> None:
    """A function of 17 bits has no mean at hand: the choice is made without it, and an exponential is refused."""
    circuit = QuantumCircuit(17, 17)
    circuit.x(range(17))
    circuit.measure(range(17), range(17))
    run = executor(100, 1)
    (found,) = execute_with_zne([circuit], run, lambda s: s[:, 0] * 1.0)
    assert "give the asymptote" in found.notes[0]
    assert (found.value, found.overhead) == (pytest.approx(1), None)
    with pytest.raises(UsageError, match="needs the asymptote"):
        execute_with_zne([circuit], run, lambda s: s[:, 0] * 1.0, zne=Zne(fit="exponential"))


def test_outcomes_that_the_subspace_misses_are_told() -> None:
    """Sixteen qubits and few shots: much of what readout makes of the state is never seen."""
    (found,) = execute_with_readout([ghz(16)], executor(300, 1, readout=(0.05, 0.05)), ZProduct((0, 15)))
    assert "outcomes that were not seen" in found.notes[0]
    assert found.value == pytest.approx(1, abs=4 * found.error)


def test_quasi_probabilities_alone_are_no_distribution() -> None:
    """What is kept may have a little in quasi-probabilities, and nothing in the nearest distribution."""
    confusion = ((0.9, 0.1), (0.1, 0.9))
    calibration = Calibration("lab", "2026-11-20", 0, (0, 1), (confusion, confusion))
    read = np.kron(confusion, confusion) @ [1.03, -0.02, -0.011, 0.001]
    counts = dict(zip(("00", "01", "10", "11"), np.rint(read * 10**6).astype(int).tolist(), strict=True))
    readout = Readout(calibration)
    (found,) = execute_with_readout(
        [ghz(2)], lambda circuits: [counts], ZProduct((0,)), readout=readout, keep=lambda s: s.all(axis=1)
    )
    assert found.kept == pytest.approx(0.001, abs=1e-5)
    assert (found.value, found.distribution) == (pytest.approx(-1), {})
    with pytest.raises(InfeasibleError, match="none of 1000000 shots"):
        execute_with_readout(
            [ghz(2)], lambda circuits: [counts], ZProduct((0,)), readout=readout, keep=parity([0, 1], odd=True)
        )


def test_where_nothing_is_kept_it_says_so() -> None:
    """A state without any excitation has no one-hot outcome."""
    circuit = QuantumCircuit(2, 2)
    circuit.measure([0, 1], [0, 1])
    with pytest.raises(InfeasibleError, match="none of 50 shots passes"):
        execute_with_postselection([circuit], executor(50, 1), ZProduct((0,)), one_hot([[0, 1]]))


@pytest.mark.parametrize(
    ("results", "message"),
    [([], "0 results for 1 circuits"), ([{"0": 5}], "1 bits for a circuit that measures 2"), ([{}], "no shots")],
)
def test_an_executor_that_gives_something_else_is_told(results: list[dict[str, int]], message: str) -> None:
    """Too few results, other bits, or no shots."""
    with pytest.raises(BackendError, match=message):
        execute([ghz(2)], lambda circuits: results, ZProduct((0,)))


def test_parts_that_make_no_sense_are_refused() -> None:
    """Scales without 1, twice the same, below 1; unknown fits, patterns, methods; too few gates for the scales."""
    for scales in ((1.0,), (2.0, 3.0), (1.0, 3.0, 3.0), (0.5, 1.0)):
        with pytest.raises(UsageError, match="two or more different scales from 1"):
            Zne(scales=scales)
    with pytest.raises(UsageError, match="no fit 'cubic'"):
        Zne(fit="cubic")
    with pytest.raises(UsageError, match="no calibration patterns 'all'"):
        Readout(patterns="all")
    with pytest.raises(UsageError, match="no readout correction 'm3'"):
        Readout(method="m3")
    with pytest.raises(UsageError, match="too few gates"):
        execute_with_zne([ghz(2)], executor(10, 1), ZProduct((0,)), zne=Zne(scales=(1.0, 1.1)))
