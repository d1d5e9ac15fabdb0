"""A Bayesian network as a circuit whose states have the square roots of the joint probabilities as amplitudes.

Each node becomes qubits that are turned by angles which depend on its parents' qubits (Low, Yoder and Chuang, Phys.
Rev. A 89, 062315, 2014); a node of more than two values is a small tree of such rotations (Borujeni et al.,
arXiv:2004.14803). Of an observed node only one thing matters: whether it has the value that was seen. It takes one
qubit, which is 1 with the probability of that value, and its children are turned as by that value; what is kept is
then the same as with all of its values in qubits, which are fewer.

Signs do not matter. A multiplexed rotation without the CZs at its end differs from the whole one by signs of basis
states alone; what follows acts on these qubits as controls, which signs pass through; and no two basis states are ever
joined, so that every probability stays. Amplitude amplification undoes and redoes the same circuit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from qamctl.errors import UnsupportedError
from qamctl.reason.circuits.multiplex import multiplexed
from qamctl.reason.circuits.prepare import Preparation
from qamctl.reason.circuits.program import DecisionCircuit
from qamctl.reason.network.exact import relevant_nodes
from qamctl.reason.spec import Floats, Ints, Network

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Angles of all rotations: a circuit of more would take minutes to compile.
MOST_ANGLES: Final = 1 << 13


@dataclass(frozen=True)
class NetworkCircuit:
    """The circuit of a network.

    Attributes
    ----------
    made
        The query in its first qubits, and in the next ones whether each observed node, parents first, has its value.
    states
        [N] the state of the first qubits that each answer is.
    qubits
        Of each node that matters, the lowest bit of its value first; an observed node has one.
    """

    made: DecisionCircuit
    states: Ints
    qubits: dict[int, tuple[int, ...]]


def network_circuit(network: Network, *, max_qubits: int | None = None) -> NetworkCircuit:
    """The circuit of a network, in rotations and CZ.

    Raises
    ------
    UnsupportedError
        It would have too many qubits or rotations.
    """
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

    order = relevant_nodes(network)
    qubits, asked, seen = _places(network, order)
    total = sum(map(len, qubits.values()))
    angles = sum(_angles(network, node, qubits) for node in order)
    if max_qubits is not None and total > max_qubits:
        raise UnsupportedError(
            f"the circuit has {total} qubits, and {max_qubits} may be used: observe more variables, or raise "
            "--max-qubits"
        )
    if angles > MOST_ANGLES:
        raise UnsupportedError(
            f"the network takes {angles:,} rotations, and circuits have up to {MOST_ANGLES:,}: give its variables "
            "fewer parents, or take method exact"
        )
    circuit = QuantumCircuit()
    for name, size, bits in (("query", asked, True), ("observed", seen, True), ("rest", total - asked - seen, False)):
        if size:
            circuit.add_register(QuantumRegister(size, name), *([ClassicalRegister(size, f"{name}_bits")] * bits))
    for node in order:
        _turn(circuit, network, node, qubits)
    gates = sum(count for name, count in circuit.count_ops().items() if name == "cz")
    preparation = Preparation(circuit, "network", {"network": int(gates)})
    return NetworkCircuit(DecisionCircuit(circuit, asked, seen, preparation, None), _states(network, qubits), qubits)


def _places(network: Network, order: Sequence[int]) -> tuple[dict[int, tuple[int, ...]], int, int]:
    """The qubits of each node, and how many the query and what was observed have: these first, in that order."""
    hidden = [node for node in order if node not in network.observed and node not in network.query]
    qubits: dict[int, tuple[int, ...]] = {}
    begin = 0
    for node in (*network.query, *(node for node in order if node in network.observed), *hidden):
        width = 1 if node in network.observed else (len(network.values[node]) - 1).bit_length()
        qubits[node] = tuple(range(begin, begin + width))
        begin += width
    return qubits, sum(len(qubits[node]) for node in network.query), len(network.observed)


def _states(network: Network, qubits: dict[int, tuple[int, ...]]) -> Ints:
    """[N] the bits of each answer's values, the first query node's being the lowest."""
    values = np.indices([len(network.values[node]) for node in network.query]).reshape(len(network.query), -1)
    return np.asarray(sum(row << qubits[node][0] for row, node in zip(values, network.query, strict=True)), np.int64)


def _angles(network: Network, node: int, qubits: dict[int, tuple[int, ...]]) -> int:
    """How many angles the rotations of a node have."""
    controls = sum(len(qubits[parent]) for parent in network.parents[node] if parent not in network.observed)
    return ((1 << len(qubits[node])) - 1) << controls


def _turn(circuit: QuantumCircuit, network: Network, node: int, qubits: dict[int, tuple[int, ...]]) -> None:
    """Turn a node's qubits, from the highest bit to the lowest, each by the bits above it and the parents' values."""
    chances = _chances(network, node, qubits)
    free = [parent for parent in network.parents[node] if parent not in network.observed]
    # The last axis changes fastest, and so does the lowest bit of the index: parents are counted from the last one.
    parents = [qubit for parent in reversed(free) for qubit in qubits[parent]]
    own = qubits[node]
    for bit in range(len(own) - 1, -1, -1):
        halves = chances.reshape(len(chances), -1, 2, 1 << bit).sum(axis=-1)
        angles = 2 * np.arctan2(np.sqrt(halves[..., 1]), np.sqrt(halves[..., 0]))
        multiplexed(circuit, "ry", angles.reshape(-1), [*own[bit + 1 :], *parents], own[bit], close=False)


def _chances(network: Network, node: int, qubits: dict[int, tuple[int, ...]]) -> Floats:
    """[parents' states, own states] the probabilities; a state that is no value of a parent is as its last value."""
    table = network.tables[node]
    if node in network.observed:
        seen = table.take(network.observed[node], axis=-1)
        table = np.stack([1 - seen, seen], axis=-1)
    for axis, parent in reversed(list(enumerate(network.parents[node]))):
        if parent in network.observed:
            table = np.asarray(table.take(network.observed[parent], axis=axis))
        else:
            states = np.arange(1 << len(qubits[parent]))
            table = table.take(np.minimum(states, len(network.values[parent]) - 1), axis=axis)
    own = 1 << len(qubits[node])
    chances = np.zeros((math.prod(table.shape[:-1]), own))
    chances[:, : table.shape[-1]] = table.reshape(len(chances), -1)
    return chances
