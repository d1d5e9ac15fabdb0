"""Engines that find the energy of a QAOA state of an Ising model: ours, general simulators, and plain ones.

Each is made once for a model and a depth, and then called with angles; what a call costs, it costs again in every step
of training. Layer k applies exp(-i gamma[k] H), then exp(-i beta[k] X) on every qubit. Peers are imported where made.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Energy = Callable[[np.ndarray, np.ndarray], float]
Gradient = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Ising:
    """H = sum of field[i] z[i] + sum of weight[e] z[first[e]] z[second[e]]."""

    n: int
    field: np.ndarray
    first: np.ndarray
    second: np.ndarray
    weight: np.ndarray

    def terms(self) -> list[tuple[tuple[int, ...], float]]:
        """Qubits and weight of each term."""
        pairs = zip(self.first.tolist(), self.second.tolist(), self.weight.tolist(), strict=True)
        return [((i,), float(h)) for i, h in enumerate(self.field)] + [((i, j), w) for i, j, w in pairs]

    def diagonal(self) -> np.ndarray:
        """[2^n] energies; bit i of a state's number is qubit i."""
        out = np.zeros(1)
        for i in range(self.n):  # one more qubit: the energies so far, with its terms added or taken away
            slope = np.full(len(out), self.field[i])
            for a, b, w in zip(self.first, self.second, self.weight, strict=True):
                if max(a, b) == i:
                    slope += w * (1 - 2.0 * (np.arange(len(out)) >> min(a, b) & 1))
            out = np.concatenate([out + slope, out - slope])
        return out


def random_ising(n: int, seed: int) -> Ising:
    """3 n different pairs (all of them where there are fewer) and n fields, normal weights."""
    rng = np.random.default_rng(seed)
    first, second = np.triu_indices(n, 1)
    chosen = rng.permutation(len(first))[: 3 * n]
    return Ising(n, rng.normal(size=n), first[chosen], second[chosen], rng.normal(size=len(chosen)))


@dataclass(frozen=True)
class Engine:
    """What is measured; `gradient` gives by_gamma, then by_beta."""

    energy: Energy
    gradient: Gradient | None = None


def ours(model: Ising, diagonal: np.ndarray, threads: int) -> Engine:
    from qamctl.kernels.statevector import QUBIT, evolution

    run = evolution(diagonal, [QUBIT] * model.n, threads=threads)
    return Engine(run.energy, lambda g, b: np.concatenate(run.gradient(g, b)[1:]))


def qulacs(model: Ising, depth: int) -> Engine:
    import qulacs as q

    circuit, observable = q.ParametricQuantumCircuit(model.n), q.Observable(model.n)
    for qubit in range(model.n):
        circuit.add_H_gate(qubit)
    for _ in range(depth):
        for qubits, _ in model.terms():
            circuit.add_parametric_multi_Pauli_rotation_gate(list(qubits), [3] * len(qubits), 0.0)
        for qubit in range(model.n):
            circuit.add_parametric_RX_gate(qubit, 0.0)
    for qubits, weight in model.terms():
        observable.add_operator(weight, " ".join(f"Z {i}" for i in qubits))
    weights = np.array([weight for _, weight in model.terms()])
    state = q.QuantumState(model.n)

    def angles(gammas: np.ndarray, betas: np.ndarray) -> None:  # its rotations turn the other way
        for k, angle in enumerate(_each(gammas, betas, -2 * weights, np.full(model.n, -2.0))):
            circuit.set_parameter(k, angle)

    def energy(gammas: np.ndarray, betas: np.ndarray) -> float:
        angles(gammas, betas)
        state.set_zero_state()
        circuit.update_quantum_state(state)
        return float(observable.get_expectation_value(state).real)

    def gradient(gammas: np.ndarray, betas: np.ndarray) -> np.ndarray:
        angles(gammas, betas)
        return _gathered(np.array(circuit.backprop(observable)), depth, -2 * weights, np.full(model.n, -2.0))

    return Engine(energy, gradient)


def qsim(model: Ising, depth: int, threads: int) -> Engine:
    import cirq
    import qsimcirq

    qubits = cirq.LineQubit.range(model.n)
    simulator = qsimcirq.QSimSimulator(qsimcirq.QSimOptions(cpu_threads=threads, max_fused_gate_size=4))
    observable = sum(w * cirq.PauliString({qubits[i]: cirq.Z for i in at}) for at, w in model.terms())

    def energy(gammas: np.ndarray, betas: np.ndarray) -> float:
        moments = [cirq.Moment(cirq.H.on_each(*qubits))]
        for gamma, beta in zip(gammas, betas, strict=True):
            turned = []
            for at, w in model.terms():
                gate = cirq.ZZPowGate if len(at) == 2 else cirq.ZPowGate
                turned.append(gate(exponent=2 * gamma * w / np.pi, global_shift=-0.5).on(*(qubits[i] for i in at)))
            moments += cirq.Circuit(turned).moments
            moments.append(cirq.Moment(cirq.rx(2 * beta).on_each(*qubits)))
        found = simulator.simulate_expectation_values(cirq.Circuit(moments), observable)
        return float(np.real(found[0]))

    return Engine(energy)


def lightning(model: Ising, depth: int) -> Engine:
    import pennylane as qml
    from pennylane import numpy as pnp

    device = qml.device("lightning.qubit", wires=model.n, c_dtype=np.complex64)
    words = [qml.prod(*(qml.PauliZ(i) for i in at)) if len(at) > 1 else qml.PauliZ(at[0]) for at, _ in model.terms()]
    observable = qml.Hamiltonian([w for _, w in model.terms()], words)

    @qml.qnode(device, diff_method="adjoint")
    def circuit(gammas: Any, betas: Any) -> Any:
        for qubit in range(model.n):
            qml.Hadamard(qubit)
        for k in range(depth):
            for at, w in model.terms():
                (qml.IsingZZ if len(at) == 2 else qml.RZ)(2 * w * gammas[k], wires=at)
            for qubit in range(model.n):
                qml.RX(2 * betas[k], wires=qubit)
        return qml.expval(observable)

    slope = qml.grad(circuit, argnums=[0, 1])

    def gradient(gammas: np.ndarray, betas: np.ndarray) -> np.ndarray:
        return np.concatenate(slope(*(pnp.array(x, requires_grad=True) for x in (gammas, betas))))

    return Engine(lambda g, b: float(circuit(g, b)), gradient)


def aer(model: Ising, depth: int, precision: str, threads: int) -> Engine:
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterVector
    from qiskit.quantum_info import SparsePauliOp
    from qiskit_aer import AerSimulator

    gammas, betas = ParameterVector("gamma", depth), ParameterVector("beta", depth)
    circuit = QuantumCircuit(model.n)
    circuit.h(range(model.n))
    for k in range(depth):
        for at, w in model.terms():
            (circuit.rzz if len(at) == 2 else circuit.rz)(2 * w * gammas[k], *at)
        circuit.rx(2 * betas[k], range(model.n))
    observable = SparsePauliOp.from_sparse_list([("Z" * len(at), at, w) for at, w in model.terms()], model.n)
    circuit.save_expectation_value(observable, range(model.n))
    simulator = AerSimulator(method="statevector", precision=precision, max_parallel_threads=threads)

    def energy(g: np.ndarray, b: np.ndarray) -> float:
        bound = circuit.assign_parameters({gammas: g, betas: b})
        return float(simulator.run(bound, shots=1).result().data()["expectation_value"])

    return Engine(energy)


def plain_numpy(model: Ising, diagonal: np.ndarray) -> Engine:
    """complex128, a phase by the diagonal and one rotation after the other."""

    def energy(gammas: np.ndarray, betas: np.ndarray) -> float:
        state = np.full(len(diagonal), len(diagonal) ** -0.5, complex)
        for gamma, beta in zip(gammas, betas, strict=True):
            state *= np.exp(-1j * gamma * diagonal)
            for qubit in range(model.n):
                pair = state.reshape(-1, 2, 2**qubit)
                a, b = pair[:, 0].copy(), pair[:, 1]
                pair[:, 0] = np.cos(beta) * a - 1j * np.sin(beta) * b
                pair[:, 1] = np.cos(beta) * b - 1j * np.sin(beta) * a
        return float((np.abs(state) ** 2) @ diagonal)

    return Engine(energy)


def fused_numba(model: Ising, diagonal: np.ndarray) -> Engine:
    from qaoa_numba import energy_of

    middle = 0.5 * (diagonal.max() + diagonal.min())
    small = (diagonal - middle).astype(np.float32)
    re, im = np.empty_like(small), np.empty_like(small)
    return Engine(lambda g, b: energy_of(re, im, small, model.n, g, b) + middle)


def _each(gammas: np.ndarray, betas: np.ndarray, by_gamma: np.ndarray, by_beta: np.ndarray) -> np.ndarray:
    """The angle of every gate, layer by layer."""
    return np.concatenate([part for g, b in zip(gammas, betas, strict=True) for part in (g * by_gamma, b * by_beta)])


def _gathered(slopes: np.ndarray, depth: int, by_gamma: np.ndarray, by_beta: np.ndarray) -> np.ndarray:
    """From derivatives by the gates' angles to those by gammas, then betas."""
    layers = slopes.reshape(depth, -1)
    split = len(by_gamma)
    return np.concatenate([layers[:, :split] @ by_gamma, layers[:, split:] @ by_beta])


def makers(model: Ising, diagonal: np.ndarray, depth: int) -> dict[str, Callable[[], Engine]]:
    """Every engine by name."""
    threads = int(os.environ["OMP_NUM_THREADS"])
    return {
        "ours": lambda: ours(model, diagonal, 1),
        "ours, 2 threads": lambda: ours(model, diagonal, 2),
        "numba, fused": lambda: fused_numba(model, diagonal),
        "qulacs": lambda: qulacs(model, depth),
        "qsim": lambda: qsim(model, depth, threads),
        "aer": lambda: aer(model, depth, "double", threads),
        "aer, single": lambda: aer(model, depth, "single", threads),
        "lightning": lambda: lightning(model, depth),
        "numpy": lambda: plain_numpy(model, diagonal),
    }


#: Engines that know circuits, not only this one.
GENERAL = ("qulacs", "qsim", "aer", "aer, single", "lightning")

#: Those that compute in float64.
EXACT = ("qulacs", "aer", "numpy")
