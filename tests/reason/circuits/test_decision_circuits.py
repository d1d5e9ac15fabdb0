"""Circuits of decisions: what they measure without noise is the exact posterior, and they are no larger than needed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support.reason_specs import random_data, random_reason

from qamctl.errors import UnsupportedError, UsageError
from qamctl.quantum.program import Program
from qamctl.quantum.simulate import exact as distribution
from qamctl.reason.circuits.amplify import amplified_chance, best_rounds
from qamctl.reason.circuits.encoded import encoded, read_encoded
from qamctl.reason.circuits.evolve import exact_evolution, propagator, trotter_evolution
from qamctl.reason.circuits.multiplex import multiplexed
from qamctl.reason.circuits.prepare import prepare
from qamctl.reason.circuits.program import decision_of
from qamctl.reason.exact import solve_exactly
from qamctl.reason.plan import Plan, plan_circuit
from qamctl.reason.read import reason_from_data
from qamctl.reason.solvers.sampled import accepted_counts
from qamctl.reason.spec import ReasonSpec
from qamctl.reason.stages import stages_of


def measured(spec: ReasonSpec, plan: Plan) -> tuple[np.ndarray, float]:
    """[N] the posterior that a circuit gives without noise, and the share that it accepts."""
    samples, chances = distribution(Program(plan.circuit, plan.circuit.num_clbits)) or pytest.fail("too wide")
    counts = accepted_counts(samples, chances, plan)
    out = np.zeros(len(spec.paths.ids))
    out[plan.paths] = counts / counts.sum()
    return out, float(counts.sum())


@pytest.mark.parametrize(("method", "mid"), [("sample", False), ("sample", True), ("amplify", False)])
@pytest.mark.parametrize("coherence", [0.0, 0.4, 1.0])
def test_a_circuit_is_the_exact_posterior(method: str, mid: bool, coherence: float) -> None:
    """With evidence, evolution and any coherence, amplified or measured on the way: within 1e-9, acceptance too."""
    rng = np.random.default_rng(1)
    for _ in range(8):
        spec = random_reason(
            rng, int(rng.integers(2, 7)), int(rng.integers(1, 4)), evolves=bool(rng.integers(2)), coherence=coherence,
            density=float(rng.choice([0.3, 1.0])), zeros=bool(rng.integers(2)),
        )  # fmt: skip
        exact = solve_exactly(spec)
        plan = plan_circuit(spec, exact, method=method, shots=1000, mid_circuit=mid)
        if plan.circuit.num_qubits > 12:
            continue
        posterior, accepted = measured(spec, plan)
        assert np.abs(posterior - exact.posterior).max() < 1e-9
        assert accepted == pytest.approx(plan.amplified, abs=1e-9)


def test_amplification_follows_the_law_of_sines() -> None:
    """The accepted share is sin^2((2 m + 1) theta) for any number of rounds, and the posterior stays."""
    rng = np.random.default_rng(2)
    data = random_data(rng, 4, 2)
    for row in data["evidence"]:
        row["likelihood"] = {name: value * (0.01 if name != "p0" else 1) for name, value in row["likelihood"].items()}
    for rounds in range(4):
        spec = reason_from_data(data | {"rounds": rounds})
        exact = solve_exactly(spec)
        plan = plan_circuit(spec, exact, method="amplify", shots=10, mid_circuit=False)
        posterior, accepted = measured(spec, plan)
        theta = math.asin(math.sqrt(plan.acceptance))
        assert accepted == pytest.approx(math.sin((2 * rounds + 1) * theta) ** 2, abs=1e-9)
        assert np.abs(posterior - exact.posterior).max() < 1e-9


def test_the_best_rounds_bring_more_than_their_neighbours() -> None:
    """No other number of rounds up to one more accepts a larger share."""
    for chance in (0.4, 0.2, 0.05, 1e-2, 1e-4):
        best = best_rounds(chance)
        assert all(amplified_chance(chance, best) >= amplified_chance(chance, m) for m in range(best + 2))
    assert best_rounds(1.0) == best_rounds(0.0) == 0


@pytest.mark.parametrize("qubits", [1, 2, 3, 4, 5, 6])
def test_preparations_are_right_and_never_larger_than_qiskits(qubits: int) -> None:
    """Any state is prepared, in no more two-qubit gates than by qiskit's default; even states need none at all."""
    from qiskit.quantum_info import Statevector

    rng = np.random.default_rng(qubits)
    size = 1 << qubits
    dense = np.sqrt(rng.dirichlet(np.ones(size))).astype(complex)
    sparse = dense * (rng.random(size) < 0.3)
    sparse[0] += 0.1
    few = np.zeros(size, complex)
    few[: max(1, size // 2)] = 1.0
    for state in (dense, dense * np.exp(1j * rng.normal(size=size)), sparse, few, np.ones(size, complex)):
        wanted = state / np.linalg.norm(state)
        made = prepare(wanted)
        overlap = abs(np.vdot(Statevector(made.circuit).data, wanted))
        assert overlap == pytest.approx(1.0, abs=1e-9)
        assert made.two_qubit[made.method] <= made.two_qubit["isometry"]
        assert made.circuit.count_ops().get("cx", 0) == made.two_qubit[made.method]
    assert prepare(np.full(size, size**-0.5, complex)).two_qubit["schmidt"] == 0


def test_a_large_preparation_is_a_tree() -> None:
    """Nine qubits take 2^9 - 9 - 1 gates, and the state is right."""
    from qiskit.quantum_info import Statevector

    state = np.sqrt(np.random.default_rng(3).dirichlet(np.ones(512))).astype(complex)
    made = prepare(state)
    assert (made.method, made.two_qubit) == ("tree", {"tree": 512 - 10})
    assert abs(np.vdot(Statevector(made.circuit).data, state)) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("controls", [0, 1, 2, 3])
@pytest.mark.parametrize("axis", ["rx", "ry"])
def test_multiplexed_rotations_are_block_diagonal(controls: int, axis: str) -> None:
    """Each state of the controls turns the target by its own angle; what is left out at the end is told."""
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import Operator

    rng = np.random.default_rng(controls)
    for angles in (rng.normal(size=1 << controls), np.full(1 << controls, 0.4), np.arange(1 << controls) % 2 * 1.0):
        for close in (True, False):
            circuit = QuantumCircuit(controls + 1)
            left = multiplexed(circuit, axis, angles, range(1, controls + 1), 0, close=close)
            for place in range(controls):
                if left >> place & 1:
                    circuit.cz(place + 1, 0)
            wanted = QuantumCircuit(1)
            matrix = np.zeros((2 << controls, 2 << controls), complex)
            for state, angle in enumerate(angles.tolist()):
                wanted = QuantumCircuit(1)
                getattr(wanted, axis)(angle, 0)
                matrix[2 * state : 2 * state + 2, 2 * state : 2 * state + 2] = Operator(wanted).data
            assert np.abs(Operator(circuit).data - matrix).max() < 1e-12


def test_equal_angles_need_no_two_qubit_gates() -> None:
    """A rotation that does not depend on its controls has none."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(4)
    multiplexed(circuit, "ry", np.full(8, 0.3), [1, 2, 3], 0)
    assert dict(circuit.count_ops()) == {"ry": 1}


def random_hamiltonian(rng: np.random.Generator, n: int, real: bool) -> np.ndarray:
    matrix = rng.normal(size=(n, n)) + (0 if real else 1j * rng.normal(size=(n, n)))
    return np.asarray(0.3 * (matrix + matrix.conj().T), complex)


@pytest.mark.parametrize("real", [True, False])
@pytest.mark.parametrize("n", [2, 4, 8])
def test_evolution_is_the_exponential_or_bounded(n: int, real: bool) -> None:
    """The exact circuit is exp(-i H t); the product formula is off by less than its bound, which falls with steps^2."""
    from qiskit.quantum_info import Operator

    rng = np.random.default_rng(n)
    matrix = random_hamiltonian(rng, n, real)
    exact = exact_evolution(matrix, 0.7)
    assert np.linalg.norm(Operator(exact.circuit).data - propagator(matrix, 0.7), 2) < 1e-9
    bounds = []
    for steps in (1, 3, 9):
        formula = trotter_evolution(matrix, 0.7, steps)
        error = np.linalg.norm(Operator(formula.circuit).data - propagator(matrix, 0.7), 2)
        assert formula.error == pytest.approx(error, abs=1e-12)
        assert error <= formula.bound + 1e-12
        bounds.append(formula.bound)
    assert bounds[2] == pytest.approx(bounds[0] / 81, rel=1e-9)


def test_a_single_coupling_is_exact_in_one_step() -> None:
    """Where only one bit pattern changes, and there are no fields, no formula is needed."""
    from qiskit.quantum_info import Operator

    matrix = np.zeros((4, 4), complex)
    matrix[0, 3], matrix[3, 0] = 0.4 + 0.2j, 0.4 - 0.2j
    made = exact_evolution(matrix, 1.3)
    assert np.abs(Operator(made.circuit).data - propagator(matrix, 1.3)).max() < 1e-12


def test_the_trotter_error_is_told_and_small_steps_are_exact_enough() -> None:
    """With many steps the circuit of a spec is the exact posterior up to what it says."""
    rng = np.random.default_rng(5)
    data = random_data(rng, 4, 2, evolves=True, coherence=1.0) | {"steps": ["e0", "evolve", "e1"]}
    data["context"]["trotter"] = 12
    spec = reason_from_data(data)
    exact = solve_exactly(spec)
    plan = plan_circuit(spec, exact, method="sample", shots=10, mid_circuit=False)
    told = plan.figures["evolution"]
    assert (told["method"], told["steps"]) == ("trotter", 12)
    assert 0 < told["error"] <= told["error_bound"]
    posterior, _ = measured(spec, plan)
    assert 1e-9 < np.abs(posterior - exact.posterior).max() < 0.05


def test_the_code_is_the_exact_posterior_and_never_odd() -> None:
    """Two paths, one piece of evidence and any evolution in [[4,2,2]]: the posterior, and no odd parity."""
    rng = np.random.default_rng(6)
    for turn in range(60):
        data = random_data(rng, 2, int(rng.integers(0, 2)), evolves=bool(turn % 2), coherence=1.0)
        spec = reason_from_data(data)
        stages = stages_of(spec.steps, spec.evidence.likelihood, spec.evidence.reliability, 1.0)
        decision = decision_of(spec.paths.prior, spec.paths.phase, stages, spec.context, np.arange(2))
        samples, chances = distribution(Program(encoded(decision), 4)) or pytest.fail("too wide")
        assert chances[samples.sum(axis=1) % 2 == 1].sum() < 1e-12
        path = read_encoded(samples, bool(spec.evidence.ids))
        counts = np.bincount(path[path >= 0], chances[path >= 0], minlength=2)
        assert np.abs(counts / counts.sum() - solve_exactly(spec).posterior).max() < 1e-9


def test_the_code_refuses_what_does_not_fit() -> None:
    """More than two paths, evidence on both sides of an evolution, or lost coherence are refused in words."""
    rng = np.random.default_rng(7)
    cases = [
        (random_data(rng, 3, 1, coherence=1.0), "two paths"),
        (random_data(rng, 2, 2, evolves=True, coherence=1.0) | {"steps": ["e0", "evolve", "e1"]}, "both sides"),
        (random_data(rng, 2, 1, evolves=True, coherence=0.5) | {"steps": ["e0", "evolve"]}, "coherence"),
    ]
    for data, words in cases:
        spec = reason_from_data(data)
        stages = stages_of(spec.steps, spec.evidence.likelihood, spec.evidence.reliability, spec.coherence)
        decision = decision_of(spec.paths.prior, spec.paths.phase, stages, spec.context, np.arange(len(spec.paths.ids)))
        with pytest.raises(UsageError, match=words):
            encoded(decision)


def test_sixty_four_paths_under_fifty_pieces_of_evidence_make_a_small_circuit() -> None:
    """All evidence is one rotation, multiplexed by six qubits: far fewer gates than fifty of them."""
    rng = np.random.default_rng(8)
    spec = random_reason(rng, 64, 50)
    exact = solve_exactly(spec)
    plan = plan_circuit(spec, exact, method="sample", shots=10, mid_circuit=False)
    assert plan.circuit.num_qubits == 7
    assert plan.figures["after"]["two_qubit"] <= 57 + 63
    posterior, accepted = measured(spec, plan)
    assert np.abs(posterior - exact.posterior).max() < 1e-9
    assert accepted == pytest.approx(plan.acceptance, abs=1e-9)


def test_more_paths_than_qubits_allow_are_refused() -> None:
    """A circuit holds 4,096 paths; more are refused, with what to do, and so is a circuit wider than is allowed."""
    rng = np.random.default_rng(9)
    data = {"kind": "reason", "version": 1, "paths": [{"id": f"p{i}"} for i in range(4097)]}
    spec = reason_from_data(data)
    with pytest.raises(UnsupportedError, match="prune"):
        plan_circuit(spec, solve_exactly(spec), method="sample", shots=1, mid_circuit=False)
    small = random_reason(rng, 8, 1)
    with pytest.raises(UnsupportedError, match="max-qubits"):
        plan_circuit(small, solve_exactly(small), method="sample", shots=1, mid_circuit=False, max_qubits=3)


def test_there_must_be_something_to_amplify() -> None:
    """Without evidence every shot is accepted, and amplification is refused."""
    spec = reason_from_data({"kind": "reason", "version": 1, "paths": [{"id": "a"}, {"id": "b"}]})
    with pytest.raises(UsageError, match="nothing to amplify"):
        plan_circuit(spec, solve_exactly(spec), method="amplify", shots=10, mid_circuit=False)


def test_auto_amplifies_only_where_few_shots_would_be_accepted() -> None:
    """Rare evidence is amplified, common evidence is not."""

    def spec(rare: float) -> ReasonSpec:
        evidence = [{"id": "e", "likelihood": {"a": 1.0, "b": rare}}]
        paths = [{"id": "a", "prior": 0.001}, {"id": "b", "prior": 0.999}]
        return reason_from_data({"kind": "reason", "version": 1, "paths": paths, "evidence": evidence})

    for likelihood, amplified in ((0.001, True), (0.9, False)):
        one = spec(likelihood)
        plan = plan_circuit(one, solve_exactly(one), method="auto", shots=1000, mid_circuit=False)
        assert (plan.rounds > 0) is amplified
