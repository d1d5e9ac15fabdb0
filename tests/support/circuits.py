"""Circuits for tests: random ones, and those that measure, reset and decide on the way."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.random import random_circuit

from qamctl.quantum.program import Program


def measured(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit with each qubit measured into a bit of its own."""
    out = QuantumCircuit(circuit.num_qubits, circuit.num_qubits)
    out.compose(circuit, inplace=True)
    out.measure(range(circuit.num_qubits), range(circuit.num_qubits))
    return out


def program(circuit: QuantumCircuit, observable: tuple[tuple[str, float], ...] = (), **noise: object) -> Program:
    """The circuit as engines take it."""
    return Program(circuit, circuit.num_clbits, observable=observable, noise=noise)


def random_terms(n: int, count: int, seed: int, letters: str = "IXYZ") -> tuple[tuple[str, float], ...]:
    """So many Pauli strings of n qubits with weights."""
    rng = np.random.default_rng(seed)
    return tuple(("".join(rng.choice(list(letters), n)), float(rng.normal())) for _ in range(count))


def dynamic(seed: int) -> QuantumCircuit:
    """Four qubits: measurements on the way, resets, a condition with two branches, a switch, and two loops."""
    rng = np.random.default_rng(seed)
    angle = iter(rng.uniform(0.3, 2.8, 16))
    circuit = QuantumCircuit(4, 4)
    circuit.compose(random_circuit(4, 3, max_operands=3, seed=seed), inplace=True)
    circuit.measure([0, 1], [0, 1])
    with circuit.if_test((circuit.clbits[0], 1)) as otherwise:
        circuit.x(1)
        circuit.h(2)
    with otherwise:
        circuit.ry(next(angle), 3)
        circuit.cx(0, 1)
    circuit.reset(1)
    circuit.ry(next(angle), 1)
    with circuit.switch(circuit.cregs[0]) as case:
        with case(0):
            circuit.h(0)
        with case(1, 2):
            circuit.x(0)
        with case(case.DEFAULT):
            circuit.ry(next(angle), 0)
    with circuit.for_loop(range(3)):
        circuit.h(2)
        circuit.measure(2, 2)
        with circuit.if_test((circuit.clbits[2], 1)):
            circuit.break_loop()
        circuit.ry(next(angle), 2)
    with circuit.while_loop((circuit.clbits[2], 1)):
        circuit.ry(next(angle), 2)
        circuit.measure(2, 2)
    circuit.measure([0, 1, 3], [0, 1, 3])
    return circuit


def branching(seed: int) -> QuantumCircuit:
    """As `dynamic` without loops: what qiskit's state vectors can follow."""
    rng = np.random.default_rng(seed)
    circuit = QuantumCircuit(3, 3)
    circuit.compose(random_circuit(3, 3, max_operands=2, seed=seed), inplace=True)
    circuit.measure([0, 1], [0, 1])
    with circuit.if_test((circuit.clbits[0], 1)) as otherwise:
        circuit.x(1)
    with otherwise:
        circuit.ry(float(rng.uniform(0.3, 2.8)), 2)
        circuit.cx(0, 1)
    circuit.reset(0)
    circuit.h(0)
    with circuit.switch(circuit.cregs[0]) as case:
        with case(0, 3):
            circuit.h(1)
        with case(1):
            circuit.ry(0.7, 2)
    with circuit.box():
        circuit.cx(0, 2)
    circuit.measure([0, 1, 2], [0, 1, 2])
    return circuit


def by_string(samples: np.ndarray, chances: np.ndarray) -> dict[str, float]:
    """A distribution as bitstrings, the leftmost bit the highest."""
    return {"".join(map(str, row[::-1])): float(chance) for row, chance in zip(samples, chances, strict=True)}


def same(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    """Whether two distributions are equal, up to rounding."""
    return all(abs(one.get(key, 0) - other.get(key, 0)) < 1e-9 for key in {*one, *other})
