"""Engines of circuits with the verbs of every engine: samples, occurrences, and what they say besides."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from support.circuits import program

from qamctl.backends import registry
from qamctl.engines import sample
from qamctl.errors import UnsupportedError
from qamctl.quantum.program import Program
from qamctl.quantum.qir import read_own, to_qir

ENGINES = ("statevector", "noisy", "qir")


def ghz() -> QuantumCircuit:
    circuit = QuantumCircuit(3, 3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.measure(range(3), range(3))
    return circuit


@pytest.mark.parametrize("name", ENGINES)
def test_counts_are_samples(name: str) -> None:
    """Bit v is variable v, occurrences sum up to the shots, and the same seed gives the same samples."""
    engine = registry.get(name)
    assert engine.capabilities.quantum
    assert "circuit" in engine.capabilities.kinds
    found, again = (sample(engine, program(ghz()), seed=7, reads=50) for _ in range(2))
    assert list(found.variables) == [0, 1, 2]
    assert found.info["reads"] == int(found.record.num_occurrences.sum()) == 50
    assert np.array_equal(found.record.sample, again.record.sample)
    assert np.array_equal(found.record.num_occurrences, again.record.num_occurrences)
    assert set(found.record.energy) == {0.0}
    assert engine.capabilities.shots in (100, 1000)
    assert sample(engine, program(ghz()), seed=7).info["reads"] == engine.capabilities.shots


@pytest.mark.parametrize("name", ENGINES)
def test_means_and_settings_stand_beside_the_samples(name: str) -> None:
    """The value of an observable, its error, and the counts in other bases."""
    info = sample(registry.get(name), program(ghz(), (("XXX", 1.0), ("IZZ", 1.0))), seed=1, reads=200).info
    assert info["expectation"]["exact"] == (name == "statevector")
    assert abs(info["expectation"]["value"] - 2) < 0.6
    if name == "statevector":
        assert "settings" not in info
    else:
        assert sorted(setting["basis"] for setting in info["settings"]) == ["IZZ", "XXX"]


@pytest.mark.parametrize("name", ENGINES)
def test_an_observable_alone_gives_no_samples(name: str) -> None:
    """Without measurements there is the mean alone."""
    circuit = ghz()
    circuit.remove_final_measurements()
    found = sample(registry.get(name), program(circuit, (("ZZI", 1.0),)), seed=1, reads=20)
    assert len(found) == 0
    assert found.info["expectation"]["value"] == pytest.approx(1, abs=0.3)


def test_qir_goes_to_its_own_engine() -> None:
    """The others say who takes it, and engines of circuits take no models."""
    info = read_own(to_qir(ghz()))
    for name in ("statevector", "noisy"):
        with pytest.raises(UnsupportedError, match="take --backend qir"):
            sample(registry.get(name), Program(None, 3, info), seed=1)
    assert sample(registry.get("qir"), Program(None, 3, info), seed=1, reads=10).info["reads"] == 10
