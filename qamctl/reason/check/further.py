"""What a result says of mitigation and of a reconstructed state, as far as shots that are not in it allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from qamctl.checks.comparison import Comparison
from qamctl.checks.figures import is_number, shown
from qamctl.reason.check.motion import MOST_WHOLE
from qamctl.reason.check.question import Flags
from qamctl.reason.check.recompute import Truth, UndecidedError, density
from qamctl.reason.check.told import count, entries, near, numbers
from qamctl.reason.spec import Complex, Floats, ReasonSpec

#: What undoes noise.
METHODS: Final = ("readout", "zne", "detect")

#: Shares may differ by the rounding of sums.
CLOSE: Final = 1e-9

#: States are told with six digits, of up to 16 times 16 numbers: figures may differ by so much, and roots by more.
STATE: Final = 1e-4
ROOTS: Final = 1e-2

_PAULI: Final = {
    "I": np.eye(2, dtype=complex), "X": np.array([[0, 1], [1, 0]], complex),
    "Y": np.array([[0, -1j], [1j, 0]]), "Z": np.diag([1.0 + 0j, -1.0]),
}  # fmt: skip


def compare_mitigation(
    told: Comparison, spec: ReasonSpec, given: Any, posterior: Floats, accepted: int, truth: Truth | None, holds: Flags
) -> None:
    """The shares before mitigation are of shots, and both distances are those to the exact posterior.

    Parameters
    ----------
    given
        The block `mitigation` of a solution.
    """
    field = "solution.mitigation"
    row = told.mapping("mitigation", field, given)
    methods = row.get("methods")
    listed = methods if isinstance(methods, list) else []
    if not listed or not all(name in METHODS for name in listed) or len(set(listed)) < len(listed):
        told.say("mitigation", f"{field}.methods", f"is {shown(methods)}, which are not among {', '.join(METHODS)}")
    count(told, "mitigation", f"{field}.circuits", row.get("circuits"), 1)
    count(told, "mitigation", f"{field}.shots", row.get("shots"), accepted)
    for key in ("overhead", "kept"):
        if (value := row.get(key)) is not None and (not is_number(value) or value < 0):
            told.say("mitigation", f"{field}.{key}", f"must be a number from 0 or null, not {shown(value)}")
    names = [name for name, mine in zip(spec.paths.ids, holds.tolist(), strict=True) if mine]
    raw = numbers(told, "mitigation", f"{field}.raw", row.get("raw"), names)
    if raw is None:
        return
    hits = raw * accepted
    if abs(float(raw.sum()) - 1) > CLOSE or float(np.abs(hits - np.rint(hits)).max()) > CLOSE * max(1, accepted):
        told.say("mitigation", f"{field}.raw", f"are not the shares of {accepted} shots")
    if truth is None:
        return
    right = truth.posterior[holds]
    for key, shares in (("distance_raw", raw), ("distance", posterior[holds])):
        off = float(np.abs(shares - right).sum()) / 2
        near(told, "mitigation", f"{field}.{key}", row.get(key), off, CLOSE + truth.error)


def compare_reconstructed(told: Comparison, spec: ReasonSpec, given: Any, holds: Flags, *, measured: bool) -> None:
    """The state at the end, as other bases tell it: it is one, and its figures are its own.

    Parameters
    ----------
    given
        The block `reconstructed` of a solution.
    """
    field = "solution.reconstructed"
    if spec.reconstruct == "none" or not measured:
        if given is not None:
            told.say("reconstructed", field, "must be null where no state was asked for and measured")
        return
    row = told.mapping("reconstructed", field, given)
    if row.get("method") != spec.reconstruct:
        told.say("reconstructed", f"{field}.method", f"is {shown(row.get('method'))}, {spec.reconstruct} is right")
    place = {name: at for at, name in enumerate(spec.paths.ids) if holds[at]}
    paths = row.get("paths")
    if (
        not isinstance(paths, list)
        or not all(isinstance(name, str) for name in paths)
        or (sorted(paths) != sorted(place))
    ):
        told.say("reconstructed", f"{field}.paths", f"are {shown(paths)}, which are not the paths that are measured")
        return
    qubits = max(1, (len(paths) - 1).bit_length())
    if row.get("qubits") != qubits:
        told.say("reconstructed", f"{field}.qubits", f"is {shown(row.get('qubits'))}, {qubits} is right")
    for key in ("circuits", "shots"):
        count(told, "reconstructed", f"{field}.{key}", row.get(key), 1)
    ideal = _ideal(spec, [place[name] for name in paths], qubits)
    if spec.reconstruct == "shadows":
        _observables(told, spec, f"{field}.observables", row.get("observables"), ideal, qubits)
    else:
        _state(told, field, row, ideal, qubits)


def _ideal(spec: ReasonSpec, paths: Sequence[int], qubits: int) -> Complex | None:
    """[2^qubits, 2^qubits] the exact state at the end; None where it is too large or rounding decides."""
    if spec.network is not None or len(paths) > MOST_WHOLE:
        return None
    try:
        rho = density(spec, np.array(paths, np.int64))
    except UndecidedError:
        return None
    out = np.zeros((1 << qubits, 1 << qubits), complex)
    out[: len(paths), : len(paths)] = rho
    return out


def _observables(
    told: Comparison, spec: ReasonSpec, field: str, given: Any, ideal: Complex | None, qubits: int
) -> None:
    labels = list(spec.observables) or ["I" * (qubits - 1 - q) + "Z" + "I" * q for q in range(qubits)]
    rows = entries(told, "reconstructed", field, given, labels)
    for label, value in zip(labels, rows or (), strict=False):
        row = told.mapping("reconstructed", f"{field}.{label}", value)
        for key in ("value", "standard_error", "bound"):
            if not is_number(row.get(key)) or (key != "value" and row[key] < 0):
                told.say("reconstructed", f"{field}.{label}.{key}", f"must be a number, not {shown(row.get(key))}")
        if ideal is not None and row.get("exact") is not None:
            right = float(np.trace(ideal @ _matrix(label)).real)
            near(told, "reconstructed", f"{field}.{label}.exact", row["exact"], right, 2 * CLOSE)


def _matrix(label: str) -> Complex:
    """[2^n, 2^n] of a Pauli string, the leftmost letter that of the highest qubit."""
    out = np.ones((1, 1), complex)
    for letter in label:
        out = np.kron(out, _PAULI[letter])
    return out


def _state(told: Comparison, field: str, row: Mapping[str, Any], ideal: Complex | None, qubits: int) -> None:
    """A density matrix, and its purity, entropy, and distance to the exact state."""
    size = 1 << qubits
    parts = told.mapping("reconstructed", f"{field}.rho", row.get("rho"))
    matrices = [_square(parts.get(key), size) for key in ("real", "imag")]
    if matrices[0] is None or matrices[1] is None:
        told.say("reconstructed", f"{field}.rho", f"must be real and imaginary parts of {size} rows of {size} numbers")
        return
    rho = matrices[0] + 1j * matrices[1]
    values = np.linalg.eigvalsh((rho + rho.conj().T) / 2)
    if np.abs(rho - rho.conj().T).max() > STATE or abs(rho.trace() - 1) > STATE or values[0] < -STATE:
        told.say("reconstructed", f"{field}.rho", "is no state: it must be Hermitian, of trace 1 and not negative")
        return
    held = values[values > 0]
    near(told, "reconstructed", f"{field}.purity", row.get("purity"), float((values**2).sum()), STATE)
    entropy = -float((held * np.log2(held)).sum())
    near(told, "reconstructed", f"{field}.entropy", row.get("entropy"), max(0.0, entropy), ROOTS)
    if ideal is None:
        return
    apart = float(np.abs(np.linalg.eigvalsh((rho + rho.conj().T) / 2 - ideal)).sum()) / 2
    near(told, "reconstructed", f"{field}.trace_distance", row.get("trace_distance"), apart, STATE)
    near(told, "reconstructed", f"{field}.fidelity", row.get("fidelity"), _fidelity(rho, ideal), ROOTS)


def _square(given: Any, size: int) -> Floats | None:
    if not isinstance(given, list) or len(given) != size:
        return None
    rows = [row for row in given if isinstance(row, list) and len(row) == size and all(map(is_number, row))]
    found = np.array(rows, float)
    return found if len(rows) == size and np.abs(found).max() <= 1 + STATE else None


def _fidelity(rho: Complex, ideal: Complex) -> float:
    """(tr sqrt(sqrt(ideal) rho sqrt(ideal)))^2."""
    values, vectors = np.linalg.eigh(ideal)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.conj().T
    inner = np.linalg.eigvalsh(root @ ((rho + rho.conj().T) / 2) @ root)
    return float(np.sqrt(np.maximum(inner, 0.0)).sum()) ** 2
