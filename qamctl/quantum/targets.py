"""The machines that circuits are compiled for, by class: gates, couplings, size, and the QIR that they take.

These are the makers' published figures, as a model to plan with: how many two-qubit gates and layers a circuit costs
there. The service compiles once more, for the very device, and says what it has today.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from qamctl.errors import UnsupportedError, UsageError


@dataclass(frozen=True)
class TargetClass:
    """A kind of machine.

    Attributes
    ----------
    name
        As `--target` takes it.
    text
        What it is.
    gates
        Names as qiskit has them; empty: any. They are logical: what the machine makes of them without loss is said
        in `text`.
    qubits
        Of the largest machine; None: no limit of its own.
    grid
        Rows and columns of a square lattice on which neighbours are coupled; None: all pairs are.
    mid_circuit
        Whether it measures, resets and branches within a circuit.
    profile
        The most of QIR that it takes, a key of `qamctl.quantum.qir.PROFILES`; it takes what is less, too.
    """

    name: str
    text: str
    gates: tuple[str, ...]
    qubits: int | None
    grid: tuple[int, int] | None
    mid_circuit: bool
    profile: str

    def couplings(self) -> list[list[int]] | None:
        """Pairs of coupled qubits, both ways; None where all are."""
        if self.grid is None:
            return None
        rows, columns = self.grid
        pairs = []
        for k in range(rows * columns):
            row, column = divmod(k, columns)
            pairs += [[k, k + 1]] if column + 1 < columns else []
            pairs += [[k, k + columns]] if row + 1 < rows else []
        return pairs + [[b, a] for a, b in pairs]


#: Classes by name.
TARGETS: Final[Mapping[str, TargetClass]] = MappingProxyType(
    {
        target.name: target
        for target in (
            TargetClass(
                "simulator", "any gate between any two qubits", (), None, None, True, "adaptive-rif"
            ),
            TargetClass(
                "ionq", "trapped ions (Forte): an rxx is one partially entangling MS gate, rx, ry and rz are GPi turns",
                ("rx", "ry", "rz", "rxx"), 36, None, False, "base",
            ),
            TargetClass(
                "quantinuum", "trapped ions (H2): an rzz is one ZZPhase, rx and ry are one U1q",
                ("rx", "ry", "rz", "rzz"), 56, None, True, "adaptive-ri",
            ),
            TargetClass(
                "quantinuum-helios", "trapped ions (Helios): as H2, with floats in QIR",
                ("rx", "ry", "rz", "rzz"), 98, None, True, "adaptive-rif",
            ),
            TargetClass(
                "rigetti", "superconducting (Cepheus): cz between neighbours of a square lattice",
                ("rx", "rz", "cz"), 108, (9, 12), False, "base",
            ),
        )
    }
)  # fmt: skip


def target_class(name: str) -> TargetClass:
    """The class of that name.

    Raises
    ------
    UsageError
        There is none.
    """
    if name not in TARGETS:
        raise UsageError(f"there is no target class {name!r}: choose {', '.join(TARGETS)}")
    return TARGETS[name]


#: Profiles of QIR, each with all that the ones before it have.
_PROFILES: Final = ("base", "adaptive-ri", "adaptive-rif")


def check_profile(profile: str, target: TargetClass) -> None:
    """Refuse a profile of QIR that has more than a target takes.

    Raises
    ------
    UnsupportedError
        With what it takes, and who takes the profile.
    """
    if _PROFILES.index(profile) <= _PROFILES.index(target.profile):
        return
    taken = " or ".join(_PROFILES[: _PROFILES.index(target.profile) + 1])
    others = [t.name for t in TARGETS.values() if _PROFILES.index(profile) <= _PROFILES.index(t.profile)]
    raise UnsupportedError(
        f"{target.name} does not take QIR of the profile {profile}: choose --qir-profile {taken}, or a --target of "
        f"{', '.join(others)}"
    )


def check_fits(qubits: int, target: TargetClass) -> None:
    """Refuse a circuit that is too large for a target.

    Raises
    ------
    UnsupportedError
        With what would fit.
    """
    if target.qubits is None or qubits <= target.qubits:
        return
    larger = [t.name for t in TARGETS.values() if t.qubits is None or t.qubits >= qubits]
    raise UnsupportedError(
        f"the circuit has {qubits} qubits, and {target.name} has {target.qubits}: it fits {', '.join(larger)}; "
        f"problems of up to {target.qubits} variables, slack bits included, fit {target.name}"
    )
