"""Memory experiments of small codes as stim circuits: prepare logical zeros, check them in rounds, measure.

The noise is the same for all: every gate depolarises its qubits, every measurement flips, and before each round the
data qubits depolarise for the time that they are stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from qamctl.errors import UnsupportedError

#: The checks of the Hamming code, which the Steane code has in X and in Z.
STEANE_CHECKS: Final = ((0, 2, 4, 6), (1, 2, 5, 6), (3, 4, 5, 6))


@dataclass(frozen=True)
class Noise:
    """Probabilities: depolarising after each gate, a flip before each measurement, depolarising storage a round."""

    gate: float
    measure: float
    store: float

    def bare(self, rounds: int, qubits: int = 1) -> float:
        """The probability that one of some bare qubits, stored for so many rounds, is not read as the 0 it was."""
        kept = (1 - 4 * self.store / 3) ** rounds * (1 - 2 * self.measure)
        return 1 - ((1 + kept) / 2) ** qubits


def stim() -> Any:
    """The package, if it is there.

    Raises
    ------
    UnsupportedError
        It is not installed.
    """
    try:
        import stim
    except ImportError as error:
        raise UnsupportedError('codes need stim and pymatching: pip install "qamctl[qec]"') from error
    return stim


def repetition(distance: int, rounds: int, noise: Noise) -> Any:
    """The repetition code, which stim itself generates."""
    return stim().Circuit.generated(
        "repetition_code:memory",
        distance=distance,
        rounds=rounds,
        after_clifford_depolarization=noise.gate,
        before_measure_flip_probability=noise.measure,
        before_round_data_depolarization=noise.store,
    )


def steane(rounds: int, noise: Noise) -> Any:
    """The Steane code [[7,1,3]] from seven zeros: the first round of checks encodes them.

    The checks have flags (Chao and Reichardt 2018), so that one fault never becomes two that go unseen. Detectors
    are the Z checks, their final values from the data, and the flags of the X checks; what tells of Z errors alone
    says nothing of a logical zero.
    """
    data = range(7)
    lines = ["R 0 1 2 3 4 5 6"]
    record = _Record(lines)
    before: list[int] = []
    for _ in range(rounds):
        lines.append(f"DEPOLARIZE1({noise.store}) 0 1 2 3 4 5 6")
        for check in STEANE_CHECKS:
            _, flag = _x_check(record, check, 7, 8, noise)
            record.detector(flag)
        now = [_z_check(record, check, 7, 8, noise)[0] for check in STEANE_CHECKS]
        for k, measured in enumerate(now):
            record.detector(measured, *before[k : k + 1])
        before = now
    read = record.measure(data, noise)
    for k, check in enumerate(STEANE_CHECKS):
        record.detector(*(read[q] for q in check), before[k])
    record.observable(0, read)
    return stim().Circuit("\n".join(lines))


def detection(rounds: int, noise: Noise) -> Any:
    """The code [[4,2,2]] from its logical 00, a GHZ state whose ends are compared (Gottesman 2016).

    Every check, flag and comparison is a detector, to be selected on. The observables are the two logical qubits.
    """
    data = range(4)
    lines = ["R 0 1 2 3 4", "H 0", f"DEPOLARIZE1({noise.gate}) 0"]
    record = _Record(lines)
    for pair in ((0, 1), (1, 2), (2, 3), (0, 4), (3, 4)):
        _cx(lines, pair, noise)
    record.detector(*record.measure((4,), noise))
    for _ in range(rounds):
        lines.append(f"DEPOLARIZE1({noise.store}) 0 1 2 3")
        for check in (_x_check, _z_check):
            for measured in check(record, tuple(data), 4, 5, noise):
                record.detector(measured)
    read = record.measure(data, noise)
    record.detector(*read)
    record.observable(0, (read[0], read[1]))
    record.observable(1, (read[0], read[2]))
    return stim().Circuit("\n".join(lines))


class _Record:
    """The lines of a circuit, and how many measurements they hold: detectors look back from the end."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.count = 0

    def measure(self, qubits: Sequence[int], noise: Noise, basis: str = "") -> list[int]:
        """Measure qubits, with flips before; the numbers of the measurements."""
        names = " ".join(map(str, qubits))
        self.lines += [f"{'Z' if basis else 'X'}_ERROR({noise.measure}) {names}", f"M{basis} {names}"]
        self.count += len(qubits)
        return list(range(self.count - len(qubits), self.count))

    def detector(self, *measured: int) -> None:
        """A parity of measurements that is even without noise."""
        self.lines.append("DETECTOR " + " ".join(f"rec[{m - self.count}]" for m in measured))

    def observable(self, number: int, measured: Sequence[int]) -> None:
        """A parity of measurements that is the logical result."""
        self.lines.append(f"OBSERVABLE_INCLUDE({number}) " + " ".join(f"rec[{m - self.count}]" for m in measured))


def _cx(lines: list[str], pair: tuple[int, int], noise: Noise) -> None:
    lines += [f"CX {pair[0]} {pair[1]}", f"DEPOLARIZE2({noise.gate}) {pair[0]} {pair[1]}"]


def _x_check(record: _Record, check: Sequence[int], ancilla: int, flag: int, noise: Noise) -> tuple[int, int]:
    """The product of X over four qubits; the flag sees an ancilla that flips halfway."""
    a, b, c, d = check
    record.lines += [f"RX {ancilla}", f"R {flag}"]
    for target in (a, flag, b, c, flag, d):
        _cx(record.lines, (ancilla, target), noise)
    return record.measure((ancilla,), noise, "X")[0], record.measure((flag,), noise)[0]


def _z_check(record: _Record, check: Sequence[int], ancilla: int, flag: int, noise: Noise) -> tuple[int, int]:
    """The product of Z over four qubits, the same with X and Z exchanged."""
    a, b, c, d = check
    record.lines += [f"R {ancilla}", f"RX {flag}"]
    for control in (a, flag, b, c, flag, d):
        _cx(record.lines, (control, ancilla), noise)
    return record.measure((ancilla,), noise)[0], record.measure((flag,), noise, "X")[0]
