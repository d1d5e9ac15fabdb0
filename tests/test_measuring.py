"""Options of a run become options of engines that measure circuits, and of the loop around them."""

from __future__ import annotations

import pytest

from qamctl.backends import registry
from qamctl.backends.base import Capabilities
from qamctl.backends.local import LocalBackend, sample_set
from qamctl.measuring import NOTHING, QUBITS, Settings, loop_options, qubits_of, settings_of, shots_of, told
from qamctl.options import Options


def device(**able: object) -> LocalBackend:
    """A small device of seven qubits."""
    able = {"max_variables": 7, "shots": 500} | able
    return LocalBackend("device", Capabilities(("qubo",), **able), lambda compiled, options: sample_set)


def test_settings_are_those_of_the_options() -> None:
    """Each option of circuits has its field."""
    asked = Options(shots=10, depth=2, mixer="x", max_qubits=5, max_shots=90, max_rounds=4)
    assert settings_of(asked) == Settings(10, 2, "x", 5, 90, 4, None)
    assert settings_of(Options()) == NOTHING


@pytest.mark.parametrize(
    ("settings", "shots"), [(NOTHING, 500), (Settings(shots=20), 20), (Settings(shots=20, max_shots=8), 8)]
)
def test_shots_are_those_asked_for_up_to_the_limit(settings: Settings, shots: int) -> None:
    """The engine's own number where nothing is said."""
    assert shots_of(device(), settings) == shots


def test_parts_are_no_larger_than_the_device_and_what_was_asked_for() -> None:
    """A search has its own limit alone."""
    assert qubits_of(device(), NOTHING) == 7
    assert qubits_of(device(), Settings(max_qubits=4)) == 4
    assert qubits_of(device(max_variables=None, any_variables=30), NOTHING) == QUBITS
    assert qubits_of(device(max_variables=None, any_variables=30), Settings(max_qubits=20)) == 20
    assert qubits_of(device(max_variables=None, any_variables=9), NOTHING) == 9
    assert qubits_of(device(shots=None), Settings(max_qubits=4)) == 7


def test_only_engines_that_measure_change_the_loop() -> None:
    """They get shots, circuits, limits and both controls in every part; a search is left as it is."""

    def classical(compiled: object, **options: object) -> object:
        return None

    found = loop_options(device(), Settings(depth=4, max_rounds=3), classical)
    assert found["effort"] == {"reads": 500, "depth": 4}
    assert (found["controls"].classical, found["controls"].every, found["controls"].shots) == (classical, 1, True)
    assert found["limits"].rounds == 3
    assert loop_options(registry.get("anneal"), Settings(depth=4), classical) == {}


def test_a_row_of_bench_adds_up_the_parts() -> None:
    """Evaluations are summed, probabilities averaged; a whole model is its only part."""
    row = {"shots": 7, "gain_over_random": 1, "gain_over_classical_same_time": None}
    parts = [{"evaluations": 3, "probability_of_optimum": 0.5}, {"evaluations": 4}, {"probability_of_optimum": 0.25}]
    assert told(row, {"rounds": parts}) == {**row, "evaluations": 7, "probability_of_optimum": 0.375}
    assert told(row, {"evaluations": 2})["probability_of_optimum"] is None
