"""The circuit of a decision: preparation, evidence, dephasing, evolution, amplification, measurement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from qamctl.reason.circuits.evolve import Evolution, exact_evolution, trotter_evolution
from qamctl.reason.circuits.multiplex import multiplexed
from qamctl.reason.circuits.prepare import Preparation, prepare
from qamctl.reason.spec import Complex, Context, Floats, Ints
from qamctl.reason.stages import Stage

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


@dataclass(frozen=True)
class Decision:
    """What a circuit is made of.

    Attributes
    ----------
    paths
        [N] the paths that it holds, path i being the state |i>.
    amplitudes
        [2^k] of the preparation.
    stages
        Likelihoods [2^k] and coherences.
    hamiltonian
        [2^k, 2^k]; None where nothing evolves.
    time, trotter
        Of each evolution.
    """

    paths: Ints
    amplitudes: Complex
    stages: tuple[Stage, ...]
    hamiltonian: Complex | None
    time: float
    trotter: int

    @property
    def qubits(self) -> int:
        """That hold the paths."""
        return len(self.amplitudes).bit_length() - 1


@dataclass(frozen=True)
class DecisionCircuit:
    """A circuit that leaves the path in its first qubits, and in the next ones whether evidence was accepted.

    Attributes
    ----------
    circuit
        Without the measurements at its end, but with the bits for them: first those of the path, then those of the
        evidence; a shot counts where all of the latter are 1.
    path_bits, evidence_bits
        How many there are.
    preparation, evolution
        How they were made; None where there is none.
    """

    circuit: QuantumCircuit
    path_bits: int
    evidence_bits: int
    preparation: Preparation
    evolution: Evolution | None

    @property
    def evidence_qubits(self) -> range:
        """That are 1 where the evidence was accepted."""
        return range(self.path_bits, self.path_bits + self.evidence_bits)

    def measured(self, unmeasured: QuantumCircuit) -> QuantumCircuit:
        """A form of the circuit with its measurements."""
        out = unmeasured.copy()
        bits = self.path_bits + self.evidence_bits
        out.measure(range(bits), range(bits))
        return out


def decision_of(
    prior: Floats,
    phase: Floats,
    stages: Sequence[Stage],
    context: Context | None,
    keep: Ints,
    *,
    whole: bool = False,
) -> Decision:
    """What a circuit over some of the paths is made of.

    Parameters
    ----------
    prior, phase
        [N] of all paths.
    stages
        With likelihoods over all paths.
    keep
        The paths that the circuit holds.
    whole
        Whether phases matter at the end, too.
    """
    size = 1 << max(1, (len(keep) - 1).bit_length())
    amplitudes = np.zeros(size, complex)
    coherent = any((stage.evolve or whole) and stage.coherence > 0 for stage in stages)
    turn = np.exp(1j * phase[keep]) if coherent else 1.0
    amplitudes[: len(keep)] = np.sqrt(prior[keep]) * turn
    amplitudes /= np.linalg.norm(amplitudes)
    own = []
    for stage in stages:
        if stage.likelihood is None:
            own.append(stage)
            continue
        most = max(float(stage.likelihood[keep].max()), np.finfo(float).tiny)
        likelihood = np.zeros(size)
        likelihood[: len(keep)] = stage.likelihood[keep] / most
        likelihood[len(keep) :] = likelihood[len(keep) - 1]  # of states that are empty: no matter
        own.append(replace(stage, likelihood=likelihood, log_scale=stage.log_scale + math.log(most)))
    hamiltonian = None
    if context is not None and any(stage.evolve for stage in stages):
        place = np.full(len(prior), -1, np.int64)
        place[keep] = np.arange(len(keep))
        one, other = place[context.one], place[context.other]
        both = (one >= 0) & (other >= 0)
        hamiltonian = np.zeros((size, size), complex)
        hamiltonian[one[both], other[both]] = context.coupling[both]
        hamiltonian[other[both], one[both]] = context.coupling[both].conj()
        hamiltonian[np.arange(len(keep)), np.arange(len(keep))] = context.fields[keep]
    return Decision(
        keep, amplitudes, tuple(own), hamiltonian, 0.0 if context is None else context.time,
        0 if context is None else context.trotter,
    )  # fmt: skip


def build_circuit(decision: Decision, *, mid_circuit: bool = False, whole: bool = False) -> DecisionCircuit:
    """The circuit of a decision.

    Parameters
    ----------
    mid_circuit
        Whether paths may be measured on the way, where coherence is lost altogether: else each loss takes qubits.
    whole
        Whether coherence is lost at the end as well, which no population shows.
    """
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

    preparation, evolution = prepare(decision.amplitudes), _evolution(decision)
    k, seen = decision.qubits, sum(stage.likelihood is not None for stage in decision.stages)
    measured = [stage for stage in decision.stages if mid_circuit and stage.evolve and stage.coherence == 0]
    registers = (
        (QuantumRegister(k, "path"), ClassicalRegister(k, "path_bits")),
        (QuantumRegister(seen, "evidence"), ClassicalRegister(seen, "evidence_bits")),
    )
    circuit = QuantumCircuit()
    for qubits, bits in registers:
        circuit.add_register(*([qubits, bits] if bits.size else []))
    lost = k + seen
    if measured:
        circuit.add_register(ClassicalRegister(k * len(measured), "lost_bits"))
    circuit.compose(preparation.circuit, range(k), inplace=True)
    ancilla = k
    for stage in decision.stages:
        if stage.likelihood is not None:
            select(circuit, stage.likelihood, range(k), ancilla)
            ancilla += 1
        if not stage.evolve or evolution is None:
            if whole:
                _dephase(circuit, stage.coherence, k)
            continue
        if stage in measured:
            circuit.measure(range(k), range(lost, lost + k))
            lost += k
        else:
            _dephase(circuit, stage.coherence, k)
        circuit.compose(evolution.circuit, range(k), inplace=True)
    return DecisionCircuit(circuit, k, seen, preparation, evolution)


def _evolution(decision: Decision) -> Evolution | None:
    if decision.hamiltonian is None:
        return None
    if decision.trotter:
        return trotter_evolution(decision.hamiltonian, decision.time, decision.trotter)
    return exact_evolution(decision.hamiltonian, decision.time)


def select(circuit: QuantumCircuit, likelihood: Floats, path: Sequence[int], ancilla: int) -> None:
    """Turn a qubit to 1 with the probability `likelihood` of each path: where it is 1, the evidence was seen."""
    angles = 2 * np.arcsin(np.sqrt(np.clip(likelihood, 0.0, 1.0)))
    left_out = multiplexed(circuit, "ry", angles, list(path), ancilla, close=False)
    # Where the qubit is 1, the CZs that were left out are Zs of the path; where it is 0, nothing is kept anyway.
    for qubit in path:
        if left_out >> qubit & 1:
            circuit.z(qubit)


def _dephase(circuit: QuantumCircuit, coherence: float, k: int) -> None:
    """Lose coherence to fresh qubits: the path is copied there, where a coin says so."""
    from qiskit import QuantumRegister

    if coherence == 1:
        return
    begin = circuit.num_qubits
    circuit.add_register(QuantumRegister(k + (coherence > 0), f"lost{begin}"))
    if coherence == 0:
        for qubit in range(k):
            circuit.cx(qubit, begin + qubit)
        return
    coin = begin + k
    circuit.ry(2 * math.asin(math.sqrt(1 - coherence)), coin)
    for qubit in range(k):  # on zeros a Toffoli may be Margolus's, which has fewer gates
        circuit.rccx(coin, qubit, begin + qubit)
