"""A circuit's result file against the circuit that it answers: every figure recomputed, the counts tested."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from qamctl.checks.found import Discrepancy
from qamctl.quantum.check_mitigation import Read, complaints
from qamctl.quantum.compare import fit
from qamctl.quantum.exact_check import distribution, expectation

#: Every kind of discrepancy; part of the public contract.
DISCREPANCIES: Final = (
    "malformed", "schema", "kind", "status", "provenance", "solution", "counts", "settings", "expectation",
    "mitigation", "objective", "terms", "levels", "bound", "violations", "attempts", "distribution",
)  # fmt: skip

SCHEMA: Final = "qamctl/result/1"
STATUSES: Final = ("feasible", "interrupted")

#: Engines whose counts follow the circuit's distribution.
NOISELESS: Final = ("statevector", "qir")

#: Counts that are less likely than this are not of the circuit.
LEAST_P: Final = 1e-9

#: A measured mean may be so many standard errors from the exact one.
ERRORS: Final = 7.0

#: Relative rounding of a mean.
ROUNDING: Final = 1e-9

#: No figure and no count is greater; keeps whole numbers in the range of floats.
_MOST: Final = 1e300

Terms = Sequence[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Asked:
    """The circuit file, as the checker sees it.

    Attributes
    ----------
    circuit
        A `qiskit.QuantumCircuit`; None for QIR.
    bits
        Classical bits; of QIR the most that it may record.
    terms
        The observable.
    columns
        Bit of each qubit that is measured last.
    groups
        Bits of which exactly one is 1.
    """

    circuit: Any
    bits: int
    terms: Terms
    columns: Mapping[int, int]
    sha256: str
    label: str
    groups: Sequence[Sequence[int]] = ()

    @property
    def diagonal(self) -> bool:
        """Whether the observable has a value in the bits."""
        return all(set(label) <= {"I", "Z"} and set(_acting(label)) <= self.columns.keys() for label, _ in self.terms)


def check_result(result: Mapping[str, Any], asked: Asked) -> list[Discrepancy]:
    """Everything in a result file that does not hold.

    Counts sum up to the shots and are of the right width; the mean of the observable follows from them, or from those
    of the other bases; counts of engines without noise are tested against the distribution of a small circuit, which
    qiskit computes.

    Parameters
    ----------
    result
        The data of a result file; whatever is wrong with its shape is a discrepancy, never an exception.
    """
    if not isinstance(result, Mapping):
        return [Discrepancy("malformed", "result", f"must be a mapping, not {type(result).__name__}")]
    comparison = _Comparison(result, asked)
    comparison.header()
    comparison.solution()
    comparison.figures()
    comparison.attempts()
    return comparison.found


class _Comparison:
    """One pass over a result; each method looks at one part of it."""

    def __init__(self, result: Mapping[str, Any], asked: Asked) -> None:
        self.result, self.asked = result, asked
        self.found: list[Discrepancy] = []
        self.value: float | None = None  # what the objective must be

    def say(self, kind: str, field: str, text: str) -> None:
        self.found.append(Discrepancy(kind, field, text))

    def mapping(self, kind: str, field: str, value: Any) -> Mapping[str, Any]:
        """The value if it is a mapping, else an empty one and a discrepancy."""
        if isinstance(value, Mapping):
            return value
        self.say(kind, field, f"must be a mapping, not {_shown(value)}")
        return {}

    def header(self) -> None:
        result, status = self.result, self.result.get("status")
        if result.get("schema") != SCHEMA:
            self.say("schema", "schema", f"is {_shown(result.get('schema'))}, {SCHEMA!r} is read here")
        if result.get("kind") != "circuit":
            self.say("kind", "kind", f"is {_shown(result.get('kind'))}, the file is a circuit")
        if status not in STATUSES:
            self.say("status", "status", f"is {_shown(status)}, none of {', '.join(STATUSES)}")
        if result.get("violations") != []:
            self.say("violations", "violations", "must be an empty list")
        for key in ("bound", "gap"):
            if result.get(key) is not None:
                self.say("bound", key, f"is {_shown(result.get(key))}, and nothing bounds what is measured")
        given = self.mapping("provenance", "provenance", result.get("provenance")).get("spec_sha256")
        if given != self.asked.sha256:
            text = f"is {_shown(given)}, {self.asked.label} has {self.asked.sha256!r}: the result is of another file"
            self.say("provenance", "provenance.spec_sha256", text)

    def solution(self) -> None:
        """Counts, and the mean that follows from them."""
        if self.result.get("solution") is None:
            if self.result.get("status") == "feasible":
                self.say("solution", "solution", "is missing, and the status is feasible")
            return
        solution = self.mapping("solution", "solution", self.result["solution"])
        bits = solution.get("bits")
        wrong = type(bits) is not int or bits > self.asked.bits or bits <= max(self.acting, default=-1)
        if wrong or (self.asked.circuit is not None and bits != self.asked.bits):
            self.say("solution", "solution.bits", f"is {_shown(bits)}, the circuit has {self.asked.bits}")
            bits = self.asked.bits
        counts = self.counts("counts", "solution.counts", solution.get("counts"), bits)
        if counts is None:
            return
        if (shots := solution.get("shots")) != sum(counts.values()):
            self.say("counts", "solution.shots", f"is {_shown(shots)}, the counts sum up to {sum(counts.values())}")
        self.expectation(solution, counts)
        if self.result.get("solved_by") in NOISELESS and counts and self.asked.circuit is not None:
            self.distribution(counts)

    @property
    def acting(self) -> set[int]:
        """The bits that an observable of I and Z acts on."""
        if not self.asked.diagonal:
            return set()
        return {self.asked.columns[qubit] for label, _ in self.asked.terms for qubit in _acting(label)}

    def counts(self, kind: str, field: str, given: Any, bits: object) -> dict[str, int] | None:
        """Counts if they are some, of bitstrings of so many bits."""
        if not isinstance(given, Mapping):
            self.say(kind, field, f"must be a mapping of bitstrings, not {_shown(given)}")
            return None
        for text, count in given.items():
            if not isinstance(text, str) or set(text) - {"0", "1"} or len(text) != bits:
                self.say(kind, field, f"has {_shown(text)}, which is no string of {_shown(bits)} bits")
                return None
            if type(count) is not int or not 1 <= count <= _MOST:
                self.say(kind, field, f"has {_shown(count)} for {text}, which is no count above 0")
                return None
        return dict(given)

    def expectation(self, solution: Mapping[str, Any], counts: dict[str, int]) -> None:
        """The mean of the observable, by whatever road it was found."""
        given, terms = solution.get("expectation"), self.asked.terms
        if given is None:
            if terms and self.result.get("status") == "feasible":
                self.say("expectation", "solution.expectation", "is missing, and the file has an observable")
            return
        told = self.mapping("expectation", "solution.expectation", given)
        value, error = told.get("value"), told.get("standard_error")
        if not terms or not _is_number(value) or not _is_number(error) or error < 0:
            why = "must have a value and a standard error" if terms else "stands here, and the file has no observable"
            self.say("expectation", "solution.expectation", why)
            return
        self.value = value
        own = _mean(counts, terms, self.asked.columns) if counts and self.asked.diagonal else None
        self.from_counts(told.get("from_counts"), own)
        mitigation = solution.get("mitigation")
        if mitigation is not None:
            raw = self.mapping("mitigation", "solution.mitigation.raw", self.mapping(
                "mitigation", "solution.mitigation", mitigation).get("raw"))  # fmt: skip
            plain, spread = raw.get("value"), raw.get("standard_error")
            if not _is_number(plain) or not _is_number(spread) or spread < 0:
                self.say("mitigation", "solution.mitigation.raw", "must have a value and a standard error")
                return
            self.mitigated(mitigation, value, error, solution, counts)
            value, error = plain, spread  # what follows looks at the mean that was measured
        if told.get("exact"):
            self.exact(value)
        elif settings := solution.get("settings"):
            self.settings(settings, value, error)
        elif self.result.get("solved_by") == "statevector":
            self.branches(value, error, sum(counts.values()))
        elif own is None:
            self.say("expectation", "solution.expectation", "was measured, and no counts say so")
        elif not _same(value, own[0], self.scale):
            where = "solution.expectation.value" if mitigation is None else "solution.mitigation.raw.value"
            self.say("expectation", where, f"is {value}, the counts give {own[0]}")

    def mitigated(
        self, told: Mapping[str, Any], value: float, error: float, solution: Mapping[str, Any], counts: dict[str, int]
    ) -> None:
        """The mitigated mean as far as counts and what the result says of readout and scales tell."""
        terms, constant = self.asked.terms, 0.0
        if settings := solution.get("settings"):
            before = len(self.found)
            bases = self.bases(settings)
            del self.found[before:]  # whoever looks at the settings says them
            if bases is None:
                return
            rows, constant = bases
        else:
            rows = [(counts, list(terms), dict(self.asked.columns))]
        reads = [
            Read(found, [([columns[qubit] for qubit in _acting(label)], weight) for label, weight in members])
            for found, members, columns in rows
        ]
        for field, text in complaints(told, value, error, reads, self.asked.groups, constant):
            self.say("mitigation", f"solution.mitigation.{field}", text)

    def from_counts(self, given: Any, own: tuple[float, float] | None) -> None:
        field = "solution.expectation.from_counts"
        if own is None or given is None:
            if own is not None or given is not None:
                self.say("expectation", field, f"is {_shown(given)}, {'null' if own is None else own[0]} is right")
            return
        told = self.mapping("expectation", field, given)
        for key, right in zip(("value", "standard_error"), own, strict=True):
            if not _is_number(told.get(key)) or not _same(told[key], right, self.scale):
                self.say("expectation", f"{field}.{key}", f"is {_shown(told.get(key))}, {right} is right")

    @property
    def scale(self) -> float:
        """The largest mean that there can be."""
        return max(1.0, sum(abs(weight) for _, weight in self.asked.terms))

    def exact(self, value: float) -> None:
        """A mean that was computed, once more by qiskit where the circuit is small."""
        circuit = self.asked.circuit
        right = None if circuit is None else expectation(circuit, self.asked.terms)
        if right is not None and not _same(value, right, self.scale):
            self.say("expectation", "solution.expectation.value", f"is {value}, qiskit computes {right}")

    def branches(self, value: float, error: float, shots: int) -> None:
        """A mean over the pasts that the shots met: near the mean over all of them, as far as so many shots can be."""
        circuit = self.asked.circuit
        right = None if circuit is None else expectation(circuit, self.asked.terms)
        spread = max(error, self.scale / math.sqrt(max(1, shots)))
        if right is not None and not _near(value, right, spread):
            self.say("expectation", "solution.expectation.value", f"is {value}, qiskit computes {right}")

    def settings(self, given: Any, value: float, error: float) -> None:
        """The mean as the sum over bases, each term from one of those that it can be measured in."""
        bases = self.bases(given)
        if bases is None:
            return
        rows, constant = bases
        means = [_mean(counts, terms, columns) for counts, terms, columns in rows]
        right = constant + sum(mean for mean, _ in means)
        # A term that several bases hold may have been taken from another one of them.
        if not _near(value, right, math.hypot(error, *(spread for _, spread in means))):
            self.say("expectation", "solution.expectation.value", f"is {value}, the settings give {right}")

    def bases(self, given: Any) -> tuple[list[tuple[dict[str, int], Terms, dict[int, int]]], float] | None:
        """Counts, terms of Z and the column of each qubit by basis, and the constant; None after a discrepancy."""
        field = "solution.settings"
        if not isinstance(given, list):
            self.say("settings", field, f"must be a list, not {_shown(given)}")
            return None
        rows: list[tuple[dict[int, str], dict[str, int]]] = []
        for k, setting in enumerate(given):
            row = self.mapping("settings", f"{field}[{k}]", setting)
            basis = row.get("basis")
            if not isinstance(basis, str) or set(basis) - set("IXYZ"):
                self.say("settings", f"{field}[{k}].basis", f"is {_shown(basis)}, which is no Pauli string")
                return None
            counts = self.counts("settings", f"{field}[{k}].counts", row.get("counts"), len(_acting(basis)))
            if not counts:
                return None
            rows.append((_acting(basis), counts))
        members: list[list[tuple[str, float]]] = [[] for _ in rows]
        constant = 0.0
        for label, weight in self.asked.terms:
            mine = _acting(label)
            at = next((k for k, (basis, _) in enumerate(rows) if mine.items() <= basis.items()), None)
            if not mine:
                constant += weight
            elif at is None:
                self.say("settings", field, f"have no basis in which {label} was measured")
                return None
            else:
                members[at].append((label.replace("X", "Z").replace("Y", "Z"), weight))
        return [
            (counts, terms, {qubit: k for k, qubit in enumerate(basis)})
            for (basis, counts), terms in zip(rows, members, strict=True)
        ], constant

    def distribution(self, counts: dict[str, int]) -> None:
        """The counts against the exact distribution of a small circuit."""
        chances = distribution(self.asked.circuit)
        if chances is not None and (p := fit(counts, chances)) < LEAST_P:
            text = f"are not those of the circuit (chi-square test against its exact distribution: p = {p:.1g})"
            self.say("distribution", "solution.counts", text)

    def figures(self) -> None:
        """Objective, terms and levels repeat the mean."""
        value = self.value
        if self.result.get("objective") != value:
            self.say("objective", "objective", f"is {_shown(self.result.get('objective'))}, {value} is right")
        terms = {} if value is None else {"observable": value}
        if self.result.get("terms") != terms:
            self.say("terms", "terms", f"is {_shown(self.result.get('terms'))}, {terms} is right")
        levels = [] if value is None else [{"terms": terms, "value": value, "bound": None}]
        if self.result.get("levels") != levels:
            self.say("levels", "levels", f"is {_shown(self.result.get('levels'))}, {levels} is right")

    def attempts(self) -> None:
        """The answer is of an engine that ran."""
        attempts = self.result.get("attempts")
        if not isinstance(attempts, list):
            self.say("attempts", "attempts", f"must be a list, not {_shown(attempts)}")
            return
        rows = [self.mapping("attempts", f"attempts[{k}]", row) for k, row in enumerate(attempts)]
        first = rows[0].get("backend") if rows else None
        if self.result.get("solved_by") != first:
            self.say(
                "attempts", "solved_by", f"is {_shown(self.result.get('solved_by'))}, the first engine was {first}"
            )
        if rows and rows[0].get("objective") != self.value:
            self.say("attempts", "attempts[0].objective", f"is {_shown(rows[0].get('objective'))}, not {self.value}")


def _acting(label: str) -> dict[int, str]:
    return {qubit: letter for qubit, letter in enumerate(reversed(label)) if letter != "I"}


def _mean(counts: Mapping[str, int], terms: Terms, columns: Mapping[int, int]) -> tuple[float, float]:
    """(mean, standard error) of a sum of I and Z over counts."""
    shots, first, second = sum(counts.values()), 0.0, 0.0
    values = {}
    for text in counts:
        signs = ((-1) ** sum(text[len(text) - 1 - columns[qubit]] == "1" for qubit in _acting(at)) for at, _ in terms)
        values[text] = math.fsum(sign * weight for sign, (_, weight) in zip(signs, terms, strict=True))
    first = math.fsum(values[text] * count for text, count in counts.items()) / shots
    second = math.fsum((values[text] - first) ** 2 * count for text, count in counts.items()) / shots
    return first, math.sqrt(second / max(1, shots - 1))


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -_MOST <= value <= _MOST


def _same(value: float, right: float, scale: float) -> bool:
    return abs(value - right) <= ROUNDING * scale


def _near(value: float, right: float, error: float) -> bool:
    return abs(value - right) <= ERRORS * error + ROUNDING * max(1.0, abs(right))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
