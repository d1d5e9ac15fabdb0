"""QIR in and out: what quantum clouds run, compiled from circuits, validated, and run here shot by shot.

The order of the bits is qiskit's: the first result that is recorded is the leftmost bit, of the highest index.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from qamctl.errors import BackendError, Diagnostic, Location, SpecError, UnsupportedError, UsageError
from qamctl.quantum.qir.instructions import faults_of
from qamctl.quantum.qir.probe import MAGIC, examine

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

#: Profiles by name -> as qdk calls them. Base measures at the end; adaptive-ri branches on results and computes with
#: integers, adaptive-rif with floats, too.
PROFILES: Final = MappingProxyType({"base": "Base", "adaptive-ri": "Adaptive_RI", "adaptive-rif": "Adaptive_RIF"})

#: Text, and LLVM bitcode.
FORMATS: Final = ("ll", "bc")

#: Bytes of a QIR file.
SIZE: Final = 64 * 1024 * 1024

#: Operations of a circuit that is compiled: about a minute.
OPERATIONS: Final = 20_000

#: What circuits are given to qdk in. It has crx, cry and crz, too, but takes the angles of all gates modulo 2 pi, and
#: theirs repeat after 4 pi only: crz(-2) would become crz(-2 + 2 pi), another gate. Here that is a global phase.
_BASIS: Final = (
    "ccx", "cx", "cy", "cz", "ch", "swap", "rx", "ry", "rz", "rxx", "ryy", "rzz", "h", "s", "sdg", "sx", "t", "tdg",
    "x", "y", "z", "id", "measure", "reset", "if_else", "for_loop", "while_loop", "switch_case",
)  # fmt: skip

#: What a local run may take: shots * operations * 2^qubits, about a minute.
COST: Final = 5e9

#: Seconds that an update of one amplitude takes, for messages.
_SECONDS: Final = 1e-8

_READING: Final = 120  # seconds


@dataclass(frozen=True)
class QirInfo:
    """A valid QIR program.

    Attributes
    ----------
    profile
        A key of `PROFILES`, or what the program calls it where it is none of them.
    qubits, results
        That the entry point requires.
    entry_point
        The function's name.
    text, bitcode
        The program in both forms; the one that was given is as it was.
    """

    profile: str
    qubits: int
    results: int
    entry_point: str
    text: str
    bitcode: bytes

    @property
    def operations(self) -> int:
        """Quantum instructions in the text."""
        return len(re.findall(r"(?m)^\s*(?:%\S+ = )?(?:tail )?call \S+ @__quantum__qis__", self.text))

    @property
    def cost(self) -> float:
        """Updates of amplitudes in one simulated shot."""
        return max(1, self.operations) * 2.0**self.qubits


def is_qir(head: bytes) -> bool:
    """Whether a file that begins so is LLVM bitcode, or LLVM text with quantum instructions."""
    if head.startswith(MAGIC):
        return True
    return re.search(rb"(?m)^%(?:Qubit|Result) = type opaque|^(?:declare|define) .*@|^; ModuleID", head) is not None


def to_qir(circuit: QuantumCircuit, *, profile: str = "base", format: str = "ll") -> bytes:
    """A circuit as QIR, whose gates stay as they are where QIR has them; controlled rotations become rotations.

    Parameters
    ----------
    circuit
        With a measurement into each of its bits. Without conditions its registers become one.
    profile
        A key of `PROFILES`.
    format
        `ll`, text, or `bc`, bitcode.

    Raises
    ------
    UsageError
        There is no such profile or format.
    SpecError
        A bit is never measured, or a parameter has no value.
    UnsupportedError
        The profile lacks something that the circuit does.
    """
    if profile not in PROFILES:
        raise UsageError(f"there is no QIR profile {profile!r}: choose {', '.join(PROFILES)}")
    if format not in FORMATS:
        raise UsageError(f"QIR is written as {' or '.join(FORMATS)}, not as {format!r}")
    _look_at(circuit, profile)
    text = _compiled(_flat(circuit), profile)
    found = read_own(text.encode())
    return text.encode() if format == "ll" else found.bitcode


def read_own(content: bytes) -> QirInfo:
    """What `to_qir` gave, read without a process of its own.

    Raises
    ------
    BackendError
        It is not valid.
    """
    return _program(examine(content), content)


def read_qir(content: bytes, label: str) -> QirInfo:
    """A QIR program, text or bitcode by its content, checked by LLVM in a process of its own.

    Raises
    ------
    SpecError
        It is no valid QIR, calls an instruction that there is not, or records no results.
    """
    if len(content) > SIZE:
        raise SpecError(
            f"{label} can't be read as QIR: {len(content):,} bytes are more than the {SIZE:,} that are taken"
        )
    found = _probed(content)
    if "error" in found:
        text, *where = str(found["error"]).strip().split("\n")
        text = text.removeprefix("error: ")
        fault = Diagnostic(text, Location(label, *_place(content, where)), found.get("hint"))
        raise SpecError(f"{label} can't be read as QIR: {text}", [fault])
    for what in ("qubits", "results"):
        if found[what] is None:
            fault = Diagnostic(f"its entry point does not say how many {what} it needs", Location(label))
            raise SpecError(f"{label} can't be read as QIR: {fault.message}", [fault])
    lines = None if content.startswith(MAGIC) else content.decode()
    if faults := faults_of(found["calls"], lines, label):
        raise SpecError(f"{label} can't be run: {faults[0].message}", faults)
    return _program(found, content)


def _place(content: bytes, shown: list[str]) -> tuple[int | None, int | None]:
    """Line and column of the line that LLVM shows, with a caret below it."""
    lines = content.decode("utf-8", "replace").split("\n")
    if len(shown) < 2 or "^" not in shown[1] or shown[0] not in lines:
        return None, None
    return lines.index(shown[0]) + 1, shown[1].index("^") + 1


def run_qir(qir: QirInfo, shots: int, seed: int) -> dict[str, int]:
    """Counts by bit string, leftmost the first result that the program records.

    The simulator (`qdk.simulation`, cpu) runs the program anew for each shot.

    Parameters
    ----------
    seed
        The same seed gives the same counts.

    Raises
    ------
    UnsupportedError
        That would take too long; or the program does what the simulator does not, or records no results.
    BackendError
        The simulator failed.
    """
    if shots * qir.cost > COST:
        most = int(COST / qir.cost)
        minutes = shots * qir.cost * _SECONDS / 60
        step = f"take at most {most:,} shots" if most else "take fewer qubits"
        raise UnsupportedError(
            f"{shots:,} shots of {qir.qubits} qubits would take about {minutes:,.0f} minutes, because QIR is simulated "
            f"anew for each shot: {step}, or run the circuit as OpenQASM"
        )
    os.environ.setdefault("QDK_PYTHON_TELEMETRY", "none")
    from qdk.simulation import run_qir as run

    try:
        rows = run(qir.text, shots=shots, seed=seed % 2**32, type="cpu")
    except Exception as error:
        # What it held of LLVM has to go in this thread: pyqir complains on standard error where another one drops it.
        traceback.clear_frames(error.__traceback__)
        detail = f"it has no {_first_line(error)}" if isinstance(error, KeyError) else _first_line(error)
    else:
        return _counted(rows)
    raise BackendError(f"the QIR simulator failed: {detail}")  # out here it does not hold on to the other error


def _counted(rows: Any) -> dict[str, int]:
    return dict(Counter("".join(_bits(row)) for row in rows))


def _bits(row: Any) -> Iterator[str]:
    """The results of a shot, whatever tuples and arrays they are recorded in."""
    if isinstance(row, list | tuple):
        for value in row:
            yield from _bits(value)
        return
    bit = {"Zero": "0", "One": "1", "False": "0", "True": "1"}.get(str(row))
    if bit is None:
        raise UnsupportedError(f"the program records {row!s}, which is no measurement")
    yield bit


def _look_at(circuit: QuantumCircuit, profile: str) -> None:
    """Refuse what the compiler would refuse without saying what to do."""
    if circuit.parameters:
        name = min(parameter.name for parameter in circuit.parameters)
        raise SpecError(f"the parameter {name!r} of the circuit has no value: QIR needs a number in its place")
    _check_size(circuit, "has")
    measured = {bit for step in circuit.data if step.clbits for bit in step.clbits}
    if not measured:
        raise SpecError("the circuit measures nothing: QIR records measurements, so add `c = measure q;`")
    missing = [k for k, bit in enumerate(circuit.clbits) if bit not in measured]
    if missing:
        told = ", ".join(map(str, missing[:5])) + (", ..." if len(missing) > 5 else "")
        raise SpecError(
            f"{len(missing)} of the circuit's {circuit.num_clbits} classical bits are never measured ({told}): QIR "
            "records each of them, so measure them or leave them out"
        )
    control = next((s.operation.name for s in circuit.data if getattr(s.operation, "blocks", ())), None)
    if control is not None and profile == "base":
        raise UnsupportedError(f"the base profile has no {control!r}: use --qir-profile adaptive-ri")


def _check_size(circuit: QuantumCircuit, verb: str) -> None:
    size = _size(circuit)
    if size > OPERATIONS:
        raise UnsupportedError(
            f"the circuit {verb} {size:,} operations, more than the {OPERATIONS:,} that are compiled to QIR: "
            "take fewer layers, or a smaller problem"
        )


def _size(circuit: QuantumCircuit) -> int:
    """Operations of a circuit, with those in its branches."""
    blocks = (block for step in circuit.data for block in getattr(step.operation, "blocks", ()))
    return int(circuit.size()) + sum(map(_size, blocks))


def _flat(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit with its qubits and bits in one register each, which is what is recorded as one list.

    Bits outside of any register would not be recorded. Conditions and variables name registers, so those stay.
    """
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction

    if circuit.num_vars or any(getattr(step.operation, "blocks", ()) for step in circuit.data):
        if len({bit for register in circuit.cregs for bit in register}) < circuit.num_clbits:
            raise UnsupportedError("a circuit with conditions needs each of its bits in a register")
        return circuit
    out = QuantumCircuit(circuit.num_qubits, circuit.num_clbits, global_phase=circuit.global_phase)
    place = dict(zip(circuit.qubits, out.qubits, strict=True)) | dict(zip(circuit.clbits, out.clbits, strict=True))
    for step in circuit.data:
        out._append(
            CircuitInstruction(step.operation, [place[q] for q in step.qubits], [place[c] for c in step.clbits])
        )
    return out


def _compiled(circuit: QuantumCircuit, profile: str) -> str:
    os.environ.setdefault("QDK_PYTHON_TELEMETRY", "none")
    from qdk import TargetProfile
    from qdk.qiskit import QSharpBackend
    from qiskit.exceptions import QiskitError

    backend = QSharpBackend(
        target_profile=getattr(TargetProfile, PROFILES[profile]),
        transpile_options={
            "backend": None, "target": None, "basis_gates": _BASIS, "optimization_level": 0, "seed_transpiler": 0,
        },
    )  # fmt: skip
    try:
        plain = backend.transpile(circuit)
        _check_size(plain, "stands for")
        return str(backend.qir(plain, name="circuit", skip_transpilation=True))
    except UnsupportedError:
        raise  # it is too large
    except QiskitError as error:
        raise UnsupportedError(f"the circuit has no form in QIR: {_first_line(error)}") from None
    except Exception as error:
        detail = next((line for line in str(error).splitlines() if line.strip().startswith(("x ", "`-> "))), str(error))
        step = "" if profile != "base" else ": try --qir-profile adaptive-ri"
        raise UnsupportedError(f"the circuit has no form in {profile} QIR: {_first_line(detail)}{step}") from None


def _probed(content: bytes) -> dict[str, Any]:
    """What is in a file, from a process that may end as it likes."""
    script = Path(examine.__code__.co_filename)
    try:
        done = subprocess.run(
            [sys.executable, "-P", str(script)], input=content, capture_output=True, timeout=_READING, check=False
        )
    except subprocess.TimeoutExpired:
        return {"error": "it can't be read in two minutes"}
    if done.returncode != 0:
        return {"error": "it is damaged: LLVM can't read it"}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _program(found: dict[str, Any], content: bytes) -> QirInfo:
    if "error" in found:  # of our own compiler's output
        raise BackendError(f"the QIR that was compiled is not valid: {_first_line(found['error'])}")
    profile = {"base_profile": "base", "adaptive_profile": "adaptive-ri"}.get(found["profile"], found["profile"])
    if profile == "adaptive-ri" and found["floats"]:
        profile = "adaptive-rif"
    text = found["text"] if content.startswith(MAGIC) else content.decode()
    bitcode = base64.b64decode(found["bitcode"])
    return QirInfo(profile, found["qubits"], found["results"], found["entry_point"], text, bitcode)


def _first_line(error: object) -> str:
    text = str(getattr(error, "message", None) or error).strip().strip("'\"")
    if not text:
        return type(error).__name__
    return re.sub(r"\A(?:x|`->) ", "", text.splitlines()[0].strip())  # the signs in front of qdk's messages
