"""Circuits as files: OpenQASM or QIR, in the gates of a target where one is named, with a report of what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from qamctl.errors import SpecError, UnsupportedError, UsageError
from qamctl.quantum.ansatz import Ansatz
from qamctl.quantum.circuits import phase_terms, qaoa_circuit
from qamctl.quantum.polynomial import Polynomial
from qamctl.quantum.qaoa.untrained import untrained_angles
from qamctl.quantum.qasm.limits import OPERATIONS, QUBITS, SIZE
from qamctl.quantum.targets import check_profile, target_class
from qamctl.quantum.transpile import report_of, transpile_for

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: What a circuit is written as.
FORMS: Final = ("qasm", "qir")


@dataclass(frozen=True, slots=True)
class Form:
    """How a circuit is written.

    Attributes
    ----------
    to
        One of `FORMS`.
    target
        A class of `qamctl.quantum.targets`, in whose gates; None: as it was built.
    profile
        Of QIR; None: the target's, base without one.
    bitcode
        QIR as LLVM bitcode in place of text.
    """

    to: str
    target: str | None = None
    profile: str | None = None
    bitcode: bool = False

    def check(self) -> None:
        """Refuse names that there are not, and what is said of QIR where there is none.

        Raises
        ------
        UsageError
            Something is.
        UnsupportedError
            The target does not take the profile.
        """
        from qamctl.quantum.qir import PROFILES

        if self.target is not None:
            target_class(self.target)
        if self.profile is not None and self.profile not in PROFILES:
            raise UsageError(f"there is no QIR profile {self.profile!r}: choose {', '.join(PROFILES)}")
        if self.to != "qir" and (self.profile is not None or self.bitcode):
            raise UsageError("--qir-profile and --bitcode are for --to qir")
        if self.profile is not None and self.target is not None:
            check_profile(self.profile, target_class(self.target))


def emit(circuit: QuantumCircuit, form: Form) -> tuple[bytes, dict[str, Any]]:
    """The content of a file, and its report: qubits, gates and depths, before and after a target's compilation.

    Raises
    ------
    UnsupportedError
        The target, or the form, lacks something that the circuit needs.
    """
    report = report_of(circuit)
    if form.target is not None:
        circuit, report = transpile_for(circuit, target_class(form.target))
    told = report.to_dict()
    if form.to == "qasm":
        from qamctl.quantum.qasm import dumps

        content = dumps(circuit).encode()
        if len(content) > SIZE:
            raise UnsupportedError(
                f"the program would have {len(content):,} bytes, more than the {SIZE:,} that are read back: fewer "
                "layers (--depth), or a smaller problem"
            )
        return content, told
    from qamctl.quantum.qir import read_own, to_qir

    profile = form.profile or ("base" if form.target is None else target_class(form.target).profile)
    content = to_qir(circuit, profile=profile, format="bc" if form.bitcode else "ll")
    found = read_own(content)
    told["qir"] = {
        "profile": found.profile, "format": "bc" if form.bitcode else "ll", "entry_point": found.entry_point,
        "qubits": found.qubits, "results": found.results,
    }  # fmt: skip
    return content, told


def emit_qaoa(polynomial: Polynomial, ansatz: Ansatz, form: Form) -> tuple[bytes, dict[str, Any]]:
    """The QAOA circuit of a polynomial with angles from the shipped table; the report names them.

    Raises
    ------
    UnsupportedError
        The circuit would be larger than what is read back.
    """
    n, terms = ansatz.register.n, len(phase_terms(polynomial, ansatz))
    if n > QUBITS or ansatz.depth * (terms + n) > OPERATIONS:
        raise UnsupportedError(
            f"a circuit of {n:,} qubits with {ansatz.depth} x {terms:,} phases is beyond the limits of {QUBITS:,} "
            f"qubits and {OPERATIONS:,} operations: take fewer layers (--depth), or a smaller problem"
        )
    if n == 0:
        raise SpecError("the problem has no variable: there is no circuit of it")
    angles = untrained_angles(polynomial, ansatz)
    content, report = emit(qaoa_circuit(polynomial, ansatz, angles.tolist()), form)
    gammas, betas = angles[: ansatz.depth].tolist(), angles[ansatz.depth :].tolist()
    shape = {
        "mixer": ansatz.mixer, "layers": ansatz.depth, "groups": len(ansatz.register.groups), "gammas": gammas,
        "betas": betas,
    }  # fmt: skip
    return content, {"qaoa": shape, "circuit": report}
