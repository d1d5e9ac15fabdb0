"""Engines of reasoning by name: exact arithmetic, and every engine that measures circuits."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from qamctl import circuit_engines
from qamctl.backends import registry
from qamctl.errors import UsageError
from qamctl.quantum.program import Counts, Program
from qamctl.quantum.targets import TARGETS
from qamctl.reason.answer import Attempt
from qamctl.reason.exact import Exact
from qamctl.reason.plan import Plan
from qamctl.reason.prune import Pruned
from qamctl.reason.solvers.sampled import accepted_counts, solution_of

#: The engine that computes.
EXACT = "exact"

#: The engine that measures where nothing else is said.
SAMPLED = "statevector"

#: Our engines that measure, and decide, on the way.
MID_CIRCUIT = ("statevector", "qir")


def expand(backends: Sequence[str], method: str) -> tuple[str, ...]:
    """The engines that are meant, each once; `auto` is exact, or the state vector where the method wants shots.

    Raises
    ------
    UsageError
        No engine has one of the names, or it can't do what the method says.
    UnsupportedError
        One needs a package that is not installed.
    """
    usual = EXACT if method in ("auto", "exact") else SAMPLED
    names = tuple(dict.fromkeys(usual if name == "auto" else name for name in backends))
    for name in names:
        if name == EXACT and method in ("sample", "amplify"):
            raise UsageError(
                f"backend exact measures nothing, and the method is {method}: take --backend statevector, noisy or "
                "qir, or method exact"
            )
        if name != EXACT and method == "exact":
            raise UsageError(f"the method is exact, and backend {name} measures: take --backend exact, or method auto")
    others = [name for name in names if name != EXACT]
    return tuple(
        name for given in names
        for name in ([EXACT] if given == EXACT else circuit_engines.expand([given], qir=False))
    ) if others else names  # fmt: skip


def mid_circuit(name: str) -> bool:
    """Whether an engine measures on the way."""
    if registry.is_remote(name):
        from qamctl.azure.targets import find

        kind = find(name.partition(":")[2]).kind
        return kind is not None and TARGETS[kind].mid_circuit
    return name in MID_CIRCUIT


def measure(
    name: str,
    pruned: Pruned,
    exact: Exact,
    plan: Plan,
    n: int,
    *,
    shots: int,
    seed: int,
    stop: Callable[[], bool],
    tick: Callable[[], None],
    account: Any = None,
) -> Attempt | None:
    """The posterior of n paths by an engine of circuits; None where it was told to end before it had any.

    Raises
    ------
    QamError
        The engine can't run the circuit, or failed.
    """
    program = Program(plan.circuit, plan.circuit.num_clbits, noise=dict(pruned.spec.noise))

    def call() -> circuit_engines.Found:
        return circuit_engines.measure(name, program, {}, shots=shots, seed=seed, stop=stop, account=account)

    begin = time.monotonic()
    found = circuit_engines.patiently(call, stop, tick)
    if found is None or found.counts is None:
        return None
    return attempt_of(name, found.counts, plan, exact, pruned, n, time.monotonic() - begin, dict(found.info))


def attempt_of(
    name: str, counts: Counts, plan: Plan, exact: Exact, pruned: Pruned, n: int, seconds: float, info: dict[str, Any]
) -> Attempt:
    """What counts come to."""
    by_path = accepted_counts(counts.samples, counts.occurrences, plan)
    solution = solution_of(by_path, counts.shots, pruned.kept[plan.paths], exact, n, pruned.error)
    note = None
    if solution is None:
        note = f"none of {counts.shots:,} shots was accepted: {plan.amplified:.3g} of them should be; take more shots"
    accepted = 0 if solution is None else solution.accepted
    info |= {
        "accepted": accepted, "rejected": counts.shots - accepted, "acceptance": accepted / counts.shots,
        "acceptance_expected": plan.amplified, "circuit": dict(plan.figures),
    }  # fmt: skip
    return Attempt(name, solution, seconds, plan.circuit.num_qubits, counts.shots, info, note, plan)


