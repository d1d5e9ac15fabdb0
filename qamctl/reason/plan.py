"""What is measured: which paths a circuit holds, how often it is amplified, and how large it came out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from qamctl.errors import UnsupportedError, UsageError
from qamctl.reason.blocks import components
from qamctl.reason.circuits.amplify import amplified_chance, amplify, best_rounds
from qamctl.reason.circuits.program import Decision, DecisionCircuit, build_circuit, decision_of
from qamctl.reason.exact import Exact
from qamctl.reason.spec import EVOLVE, Ints, Network, ReasonSpec
from qamctl.reason.stages import stages_of

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Qubits that hold paths: a preparation of more would take hours to build.
MOST_PATH_QUBITS: Final = 12
#: Shots that are accepted, below which `auto` amplifies.
ENOUGH: Final = 100
#: Two-qubit gates of a circuit that `auto` amplifies: more take minutes to simulate, and no machine bears them.
MOST_GATES: Final = 20_000


@dataclass(frozen=True)
class Plan:
    """A circuit that is ready to be measured.

    Attributes
    ----------
    decision, made
        What the circuit is made of, None of a network; and how it was made.
    unmeasured, circuit
        In CX and one-qubit gates, amplified: without the measurements at its end, and with them.
    rounds
        Of amplification.
    paths
        [K] the paths of the spec that its states stand for; `states` are the numbers of these states.
    acceptance
        The share of shots that will be accepted, without amplification; `amplified` with it.
    figures
        For the metrics file: the circuit before and after it was optimised, and how it was made.
    """

    decision: Decision | None
    made: DecisionCircuit
    unmeasured: QuantumCircuit
    circuit: QuantumCircuit
    rounds: int
    paths: Ints
    states: Ints
    acceptance: float
    figures: Mapping[str, Any]

    @property
    def amplified(self) -> float:
        """The share of shots that will be accepted."""
        return amplified_chance(self.acceptance, self.rounds)


def plan_circuit(
    spec: ReasonSpec,
    exact: Exact,
    *,
    method: str,
    shots: int,
    mid_circuit: bool,
    max_qubits: int | None = None,
    whole: bool = False,
) -> Plan:
    """The circuit of a spec.

    Parameters
    ----------
    exact
        What holds of the spec exactly: it says how much is accepted, which the rounds of amplification follow.
    method
        sample, amplify, or auto: amplify where fewer than a hundred shots would be accepted.
    mid_circuit
        Whether the engine measures on the way.
    max_qubits
        Of the whole circuit.
    whole
        Make the state at the end, with what coherence it has lost by then, and not its populations alone.

    Raises
    ------
    UnsupportedError
        There are more paths than qubits allow.
    UsageError
        There is nothing to amplify.
    """
    if spec.network is not None:
        return _of_network(spec, spec.network, exact, method=method, shots=shots, max_qubits=max_qubits)
    keep = reachable(spec)
    qubits = max(1, (len(keep) - 1).bit_length())
    if qubits > MOST_PATH_QUBITS:
        raise UnsupportedError(
            f"{len(keep):,} paths need {qubits} qubits, and circuits hold up to {MOST_PATH_QUBITS} "
            f"({1 << MOST_PATH_QUBITS:,} paths): leave out paths by `prune: WEIGHT`, or take method exact"
        )
    stages = stages_of(
        spec.steps, spec.evidence.likelihood, spec.evidence.reliability, spec.coherence, evolves=evolves(spec),
        whole=whole,
    )  # fmt: skip
    decision = decision_of(spec.paths.prior, spec.paths.phase, stages, spec.context, keep, whole=whole)
    acceptance = math.exp(min(0.0, exact.log_acceptance - sum(stage.log_scale for stage in decision.stages)))
    selects = any(stage.likelihood is not None for stage in stages)
    rounds = _rounds(spec, method, acceptance, shots, selects=selects)
    made = build_circuit(decision, mid_circuit=mid_circuit and not rounds, whole=whole)
    if max_qubits is not None and made.circuit.num_qubits > max_qubits:
        raise UnsupportedError(
            f"the circuit has {made.circuit.num_qubits} qubits, and {max_qubits} may be used: leave out paths by "
            "`prune: WEIGHT`, or raise --max-qubits"
        )
    return _plan(spec, decision, made, keep, np.arange(len(keep)), acceptance, rounds, method)


def _of_network(
    spec: ReasonSpec, network: Network, exact: Exact, *, method: str, shots: int, max_qubits: int | None
) -> Plan:
    """The circuit of a network, whose paths are combinations of the values that are asked for."""
    from qamctl.reason.network.circuit import network_circuit

    acceptance = math.exp(min(0.0, exact.log_acceptance))
    rounds = _rounds(spec, method, acceptance, shots, selects=bool(network.observed))
    found = network_circuit(network, max_qubits=max_qubits)
    return _plan(spec, None, found.made, np.arange(len(found.states)), found.states, acceptance, rounds, method)


def _plan(
    spec: ReasonSpec,
    decision: Decision | None,
    made: DecisionCircuit,
    paths: Ints,
    states: Ints,
    acceptance: float,
    rounds: int,
    method: str,
) -> Plan:
    """The circuit in the gates of machines, amplified."""
    plain, single = _compiled(made.circuit, 0), _compiled(made.circuit, 2)
    if rounds and method == "auto" and spec.rounds is None:
        rounds = _affordable(rounds, int(single.count_ops().get("cx", 0)))
    unmeasured = amplify(single, made.evidence_qubits, rounds) if rounds else single
    circuit = made.measured(unmeasured)
    figures = _figures(made, made.measured(plain), circuit, rounds)
    return Plan(decision, made, unmeasured, circuit, rounds, paths, states, acceptance, figures)


def evolves(spec: ReasonSpec) -> bool:
    """Whether anything becomes something else: populations change where paths are coupled."""
    context = spec.context
    return context is not None and EVOLVE in spec.steps and context.time > 0 and bool(np.any(context.coupling != 0))


def reachable(spec: ReasonSpec) -> Ints:
    """The paths that can have a share at all; partners of two stand side by side, on even places first."""
    alive = spec.paths.prior > 0
    if not evolves(spec) or spec.context is None:
        return np.flatnonzero(alive)
    groups = [group for group in components(spec.context, len(alive)) if alive[group].any()]
    alone = np.setdiff1d(np.flatnonzero(alive), [path for group in groups for path in group])
    # Large blocks first: each begins at a multiple of two, which is what the circuits of pairs want.
    ordered = [path for group in sorted(groups, key=len, reverse=True) for path in group]
    return np.array([*ordered, *alone.tolist()], np.int64)


def _rounds(spec: ReasonSpec, method: str, acceptance: float, shots: int, *, selects: bool) -> int:
    """The rounds of amplification that are asked for, or bring the most; 0 where every shot is accepted anyway."""
    if method == "amplify" and not selects:
        raise UsageError("there is no evidence, so every shot is accepted and nothing to amplify: take method sample")
    if not selects or method == "sample" or (method == "auto" and spec.rounds is None and acceptance * shots >= ENOUGH):
        return 0
    return best_rounds(acceptance) if spec.rounds is None else spec.rounds


def _affordable(rounds: int, gates: int) -> int:
    """As many rounds as make a circuit that is not absurd, each of them going through it twice."""
    return max(0, min(rounds, (MOST_GATES // max(1, gates) - 1) // 2))


def _compiled(circuit: QuantumCircuit, level: int) -> QuantumCircuit:
    from qiskit import transpile

    return transpile(circuit, basis_gates=["cx", "u"], optimization_level=level, seed_transpiler=0)


def _figures(made: DecisionCircuit, before: QuantumCircuit, after: QuantumCircuit, rounds: int) -> dict[str, Any]:
    """The circuit before it was optimised and amplified, and after."""
    from qamctl.quantum.transpile import figures_of

    preparation, evolution = made.preparation, made.evolution
    figures: dict[str, Any] = {
        "before": figures_of(before).to_dict(), "after": figures_of(after).to_dict(), "rounds": rounds,
        "preparation": {"method": preparation.method, "two_qubit": dict(preparation.two_qubit)}, "evolution": None,
    }  # fmt: skip
    if evolution is not None:
        figures["evolution"] = {
            "method": "trotter" if evolution.steps else "exact",
            "steps": evolution.steps,
            "error": evolution.error,
            "error_bound": evolution.bound,
        }
    return figures
