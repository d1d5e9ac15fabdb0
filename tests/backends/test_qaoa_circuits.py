"""Models on engines of circuits: gate by gate they measure what exact simulation says, noise apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.qubo_models import model_of

from qamctl.backends import qaoa_circuits, registry
from qamctl.errors import UnsupportedError
from qamctl.quantum.native import Native
from qamctl.quantum.polynomial import Polynomial, polynomial_of
from qamctl.quantum.qaoa import QAOAOptimizer
from qamctl.qubo.compile import Compiled, compile_qubo
from qamctl.qubo.model import LE
from qamctl.qubo.penalties import sufficient_weights

ENGINES = ("statevector", "noisy", "qir")


def small(groups: bool = True) -> Compiled:
    """Two groups of three and two free variables, one row that needs a slack bit; or six free variables."""
    rng = np.random.default_rng(3)
    ends = [(i, j, float(rng.integers(-3, 4))) for i in range(6) for j in range(i + 1, 6) if i // 3 != j // 3]
    costs = rng.integers(-4, 5, 8 if groups else 6).astype(float).tolist()
    rows = [({0: 1, 3: 1, 6: 1}, LE, 2)] if groups else []
    model = model_of(costs, ends, [[0, 1, 2], [3, 4, 5]] if groups else [], rows)
    return compile_qubo(model, sufficient_weights(model))


def sampled(name: str, payload: Any, **options: Any) -> Any:
    engine = registry.get(name)
    return engine.fetch(engine.submit(payload, {"seed": 5, "steps": 15, "depth": 2, **options}))


def numbers(samples: np.ndarray) -> np.ndarray:
    return samples.astype(np.int64) @ (1 << np.arange(samples.shape[1]))


@pytest.mark.parametrize("groups", [True, False])
def test_gates_measure_what_the_simulation_says(groups: bool) -> None:
    """The counts of the state vector fit the trained state's distribution: total variation as of sampling alone."""
    compiled = small(groups)
    shots = 20_000
    found = sampled("statevector", compiled, reads=shots)
    optimizer = QAOAOptimizer(
        polynomial_of(compiled), groups=[[0, 1, 2], [3, 4, 5]] if groups else [], depth=2, evaluations=15
    )
    exact = optimizer.optimize()
    chances = optimizer.landscape.probabilities(exact.scaled)
    states = numbers(optimizer.ansatz.register.samples(np.arange(len(chances))))
    want = dict(zip(states.tolist(), chances.tolist(), strict=True))
    got = dict(zip(numbers(found.record.sample).tolist(), (found.record.num_occurrences / shots).tolist(), strict=True))
    assert set(got) <= set(want)
    distance = 0.5 * sum(abs(want[state] - got.get(state, 0.0)) for state in want)
    assert distance < 3 * 0.5 * sum((p * (1 - p) / shots) ** 0.5 for p in want.values())
    assert dict(exact.angles) == found.info["angles"]


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_takes_models_and_repeats_itself(name: str) -> None:
    """Energies are those of the QUBO, shots those asked for, and the same seed gives the same counts."""
    compiled = small()
    one, two = (sampled(name, compiled, reads=40) for _ in range(2))
    assert one.record.num_occurrences.sum() == 40
    assert one.record.energy == pytest.approx(compiled.energy(one.record.sample))
    assert (one.record.sample == two.record.sample).all()
    assert (one.record.num_occurrences == two.record.num_occurrences).all()
    if name != "noisy":
        assert (one.record.sample[:, :3].sum(axis=1) == 1).all()


def test_noise_costs_energy() -> None:
    """A noisy machine's mean lies between the trained one and that of random states; a better machine loses less."""
    compiled = small(groups=False)
    exact = sampled("statevector", compiled, reads=4000).info["expectation"]
    ions = sampled("noisy", compiled, reads=4000, noise="quantinuum").info["expectation"]
    generic = sampled("noisy", compiled, reads=4000, noise="generic").info["expectation"]
    states = (np.arange(64)[:, None] >> np.arange(6)) & 1
    assert exact - 0.1 < ions < generic < compiled.energy(states).mean()


def test_terms_of_many_qubits_are_gates_as_they_are() -> None:
    """A Hamiltonian's payload has its qubits alone."""
    polynomial = Polynomial(4, 0.0, {(0, 1, 2): -3.0, (1, 2, 3): 2.0, (0, 3): -1.0})
    found = sampled("statevector", Native(polynomial, ()), reads=500)
    assert found.record.sample.shape[1] == 4
    states = (np.arange(16)[:, None] >> np.arange(4)) & 1
    assert found.record.energy.min() == polynomial.energy(states).min()
    assert found.record.energy == pytest.approx(polynomial.energy(found.record.sample))
    assert found.info["qubits"] == 4


def test_large_circuits_have_the_shipped_angles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where training would take too many states the table's angles are taken as they are."""
    monkeypatch.setattr(qaoa_circuits, "TRAINED", 8)
    found = sampled("statevector", small(), reads=50)
    assert found.info["training"] == "fixed"
    assert found.record.num_occurrences.sum() == 50


def test_what_was_measured_when_time_is_up_counts() -> None:
    """A stop between batches leaves the shots that there are; before the first one there are none."""
    calls = iter(range(10**9))
    found = sampled("qir", small(), reads=20_000, stop=lambda: next(calls) > 60)
    assert 0 <= found.record.num_occurrences.sum() < 20_000
    assert len(sampled("statevector", small(), stop=lambda: True).record) == 0


def test_too_large_a_circuit_is_refused_by_its_engine() -> None:
    """The message says how many qubits fit."""
    model = model_of([1.0] * 40, [(i, i + 1, 1.0) for i in range(39)])
    with pytest.raises(UnsupportedError, match="40 qubits"):
        sampled("statevector", compile_qubo(model, sufficient_weights(model)))


def test_a_model_without_variables_has_one_sample() -> None:
    """Nothing is run for it."""
    model = model_of([])
    assert len(sampled("statevector", compile_qubo(model, sufficient_weights(model))).record) == 1


def test_what_is_told_of_a_noisy_circuit_is_what_it_measured() -> None:
    """Mean and probability of the optimum are those of the counts; the noiseless ones stand apart as ideal."""
    compiled = small(groups=False)
    found = sampled("noisy", compiled, reads=2000, noise="generic")
    met, energies = found.record.num_occurrences, found.record.energy
    assert found.info["expectation"] == pytest.approx(energies @ met / 2000)
    states = (np.arange(64)[:, None] >> np.arange(6)) & 1
    least = compiled.energy(states).min()
    assert found.info["probability_of_optimum"] == met[energies <= least + 1e-9].sum() / 2000
    assert found.info["ideal"]["expectation"] < found.info["expectation"]


def test_qir_says_how_many_qubits_it_takes_before_anything_is_compiled() -> None:
    """Its simulator would take 2^n amplitudes for every shot."""
    model = model_of([1.0] * 25)
    with pytest.raises(UnsupportedError, match="24 at most"):
        sampled("qir", compile_qubo(model, sufficient_weights(model)))
