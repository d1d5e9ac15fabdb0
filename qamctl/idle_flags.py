"""Flags that nothing in a run would look at: whoever gave one expects something of it, and is told so at once."""

from __future__ import annotations

from typing import Final

from qamctl.backends import registry
from qamctl.errors import UsageError
from qamctl.story import Problem, by_flag

#: Kinds whose problems are solved by a contest of engines.
CONTESTS: Final = ("schedule", "cluster")

#: Flags that mean something to targets of a service alone.
REMOTE_FLAGS: Final = ("max_cost", "allow_qpu", "timeout")

#: Flags that mean something to engines of circuits alone.
CIRCUIT_FLAGS: Final = ("shots", "depth", "mixer", "max_qubits", "max_shots", "max_rounds")


def refuse_idle_flags(problem: Problem, kind: str) -> None:
    """Refuse flags of circuits that nothing would look at: no engine runs one, or none of them has noise.

    Angles are kept of the circuit of a whole model; a schedule is improved window by window, each with a circuit of
    its own.
    """
    names = ", ".join(problem.options.backend)
    far = [f"--{flag.replace('_', '-')}" for flag in REMOTE_FLAGS if by_flag(problem, flag)]
    if far and not any(registry.is_remote(name) for name in problem.options.backend):
        are = "is" if len(far) == 1 else "are"
        raise UsageError(
            f"{', '.join(far)} {are} for targets of Azure Quantum, not for {names}: take --backend azure:TARGET, or "
            f"leave {'it' if len(far) == 1 else 'them'} out"
        )
    if kind not in ("circuit", "reason"):
        idle = [f"--{flag.replace('_', '-')}" for flag in CIRCUIT_FLAGS if by_flag(problem, flag)]
        if idle and not any(_measures(name) for name in problem.options.backend):
            are = "is" if len(idle) == 1 else "are"
            raise UsageError(
                f"{', '.join(idle)} {are} for engines that run circuits, not for {names}: "
                "take --backend qaoa, statevector, noisy or qir"
            )
        if by_flag(problem, "noise") and "noisy" not in problem.options.backend:
            raise UsageError(f"--noise is for the engine noisy, not for {names}: take --backend noisy")
    if not by_flag(problem, "angles"):
        return
    if kind in CONTESTS:
        raise UsageError(
            f"--angles is for models, and {problem.source.label} is a {kind}, whose circuits change from window to "
            "window: leave it out, or write a model by `qamctl compile --to bqm` and solve that"
        )
    if kind == "model" and not any(_measures(name) for name in problem.options.backend):
        raise UsageError(f"--angles is for engines that run circuits, not for {names}: take --backend qaoa")


def _measures(name: str) -> bool:
    native = name == "auto" or registry.native_kind(name) is not None
    return not native and registry.get(name).capabilities.quantum
