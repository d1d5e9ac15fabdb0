"""Networks as circuits: the distribution of what is kept is the posterior, amplified too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.bayes_networks import ASIA, names, network_of, random_network

from qamctl.errors import UnsupportedError
from qamctl.quantum.program import Program
from qamctl.quantum.simulate import exact
from qamctl.reason.circuits.amplify import amplified_chance, amplify, best_rounds
from qamctl.reason.network.check import recompute
from qamctl.reason.network.circuit import NetworkCircuit, network_circuit
from qamctl.reason.read import load_reason
from qamctl.reason.spec import Floats, Network

PROBLEMS = Path(__file__).parents[3] / "problems"


def kept(made: NetworkCircuit, rounds: int = 0) -> tuple[Floats, float]:
    """[N] how much of the circuit's distribution is kept by answer, and how much is kept in all."""
    from qiskit import transpile

    circuit = made.made.circuit
    if rounds:
        plain = transpile(circuit, basis_gates=["cx", "u"], optimization_level=2, seed_transpiler=0)
        circuit = amplify(plain, made.made.evidence_qubits, rounds)
    found = exact(Program(made.made.measured(circuit), circuit.num_clbits))
    assert found is not None
    samples, chances = found
    bits = made.made.path_bits
    accepted = samples[:, bits:].all(axis=1)
    states = samples[accepted, :bits].astype(int) @ (1 << np.arange(bits))
    by_state = np.bincount(states, chances[accepted], minlength=1 << bits).astype(float)
    return by_state[made.states], float(by_state.sum())


def check(network: Network, rounds: int = 0) -> None:
    """What is kept is the posterior; all that is kept are answers, and it is as much as was observed is probable."""
    posterior, log_evidence = recompute(network)
    shares, total = kept(network_circuit(network), rounds)
    assert total == pytest.approx(amplified_chance(float(np.exp(log_evidence)), rounds), abs=1e-9)
    assert shares.sum() == pytest.approx(total, abs=1e-12)
    assert np.abs(shares / total - posterior).max() < 1e-9


@pytest.mark.parametrize("most_values", [2, 3, 6])
def test_random_networks(most_values: int) -> None:
    """Of any shape and with zeros, as far as they fit 14 qubits."""
    checked = 0
    for seed in range(60):
        network = random_network(seed, most_values=most_values, zeros=seed % 3 == 0)
        if np.isinf(recompute(network)[1]) or network_circuit(network).made.circuit.num_qubits > 14:
            continue
        check(network)
        checked += 1
    assert checked > 30


def test_amplified() -> None:
    """The rounds that bring the most, and one: the share that is kept follows the law of sines, what is kept stays."""
    most_seen = 0
    for seed in range(20):
        network = random_network(seed, most_nodes=8, most_values=3)
        if not network.observed or network_circuit(network).made.circuit.num_qubits > 11:
            continue
        best = best_rounds(float(np.exp(recompute(network)[1])))
        for rounds in {1, min(best, 4)} - {0}:
            check(network, rounds)
        most_seen = max(most_seen, len(network.observed))
    assert most_seen >= 4


@pytest.mark.parametrize("name", ["sprinkler", "alarm"])
def test_the_examples(name: str) -> None:
    """Networks of problem files fit few qubits, and give the posterior plainly and amplified."""
    network = load_reason(PROBLEMS / f"reason-{name}.yaml").network
    assert network is not None
    assert network_circuit(network).made.circuit.num_qubits <= 14
    for rounds in (0, 1):
        check(network, rounds)


def test_asia() -> None:
    """A table of zeros and ones, and findings on both sides of it."""
    for rounds in (0, 2):
        check(network_of(ASIA, ["lung", "bronc"], {"dysp": "yes", "asia": "yes", "xray": "yes"}), rounds)


def test_signs_are_all_that_differs() -> None:
    """Amplitudes are the roots of the joint probabilities, but for their signs, of which some are negative."""
    from qiskit.quantum_info import Statevector

    network = network_of(ASIA, ["asia", "smoke", "tub", "lung", "bronc", "either", "xray", "dysp"], {})
    made = network_circuit(network)
    amplitudes = Statevector(made.made.circuit).data[made.states]
    posterior, _ = recompute(network)
    assert np.abs(amplitudes.imag).max() < 1e-12
    assert np.abs(np.abs(amplitudes.real) - np.sqrt(posterior)).max() < 1e-12
    assert amplitudes.real.min() < -1e-3


def test_where_qubits_are() -> None:
    """The query is first, its first node lowest; then a qubit for each observed node, parents first; then the rest."""
    nodes: list[dict[str, Any]] = [
        {"id": "seen", "parents": ["size"], "table": [[0.1, 0.9], [0.2, 0.8], [0.3, 0.7]]},
        {"id": "size", "values": ["s", "m", "l"], "table": [0.2, 0.3, 0.5]},
        {"id": "cause", "values": ["a", "b", "c", "d", "e"], "table": [0.1, 0.2, 0.3, 0.2, 0.2]},
        {"id": "sort", "values": ["x", "y", "z"], "parents": ["cause"], "table": [[0.2, 0.3, 0.5]] * 5},
        {"id": "coin", "parents": ["seen"], "table": [[0.5, 0.5], [0.6, 0.4]]},
        {"id": "unasked", "parents": ["coin"], "table": [[0.5, 0.5], [0.6, 0.4]]},
    ]
    network = network_of(nodes, ["coin", "size"], {"sort": "y", "seen": "yes"})
    found = network_circuit(network)
    qubits = {network.ids[node]: mine for node, mine in found.qubits.items()}
    assert qubits == {"coin": (0,), "size": (1, 2), "seen": (3,), "sort": (4,), "cause": (5, 6, 7)}
    assert found.states.tolist() == [0, 2, 4, 1, 3, 5]
    made = found.made
    assert (made.path_bits, made.evidence_bits, made.evidence_qubits) == (3, 2, range(3, 5))
    assert (made.circuit.num_qubits, made.circuit.num_clbits) == (8, 5)
    check(network)


def test_a_network_without_observations() -> None:
    """Nothing is left out: every shot counts."""
    network = network_of(ASIA, ["either"], {})
    found = network_circuit(network)
    assert found.made.evidence_bits == 0
    assert found.made.circuit.num_clbits == 1
    check(network)


def test_circuits_that_are_too_large() -> None:
    """More qubits than may be used, or tables that take more rotations than can be built, are refused."""
    network = network_of(ASIA, ["dysp"], {})
    with pytest.raises(UnsupportedError, match=r"the circuit has 7 qubits, and 6 may be used: .* --max-qubits"):
        network_circuit(network, max_qubits=6)
    network_circuit(network, max_qubits=7)
    parents = [*[()] * 17, tuple(range(17))]
    tables = [*[np.full(2, 0.5)] * 17, np.full([2] * 18, 0.5)]
    large = Network(names(18), [("no", "yes")] * 18, parents, tables, (17,), {})
    with pytest.raises(UnsupportedError, match=r"takes 131,089 rotations, and circuits have up to 8,192: give"):
        network_circuit(large)
