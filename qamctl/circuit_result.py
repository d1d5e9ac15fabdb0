"""What a result file says of a circuit: counts, the mean of the observable, and what each engine took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qamctl.circuit_engines import Found, plain
from qamctl.quantum.compare import homogeneity, total_variation


@dataclass(frozen=True)
class Answer:
    """What the engines measured, the first one's being the answer.

    Attributes
    ----------
    status
        feasible, or interrupted before anything was measured.
    """

    status: str
    found: tuple[Found, ...] = ()

    @property
    def solution(self) -> Found | None:
        """The answer."""
        return self.found[0] if self.found else None

    @property
    def solved_by(self) -> str | None:
        """The engine that it is from."""
        return self.found[0].backend if self.found else None

    @property
    def objective(self) -> float | None:
        """The mean of the observable."""
        solution = self.solution
        return None if solution is None or solution.expectation is None else solution.expectation.value


def build_result(
    answer: Answer,
    *,
    run: str,
    format: str,
    bits: int,
    qubits: int,
    registers: Sequence[tuple[str, int]],
    provenance: Mapping[str, Any],
) -> dict[str, Any]:
    """The result file as plain data, in the order in which a person reads it."""
    value = answer.objective
    terms = {} if value is None else {"observable": value}
    return {
        "schema": "qamctl/result/1",
        "kind": "circuit",
        "run": run,
        "status": answer.status,
        "objective": value,
        "bound": None,
        "gap": None,
        "format": format,
        "levels": [] if value is None else [{"terms": terms, "value": value, "bound": None}],
        "terms": terms,
        "solution": None if answer.solution is None else _solution(answer.solution, bits, registers),
        "violations": [],
        "reasons": [],
        "solved_by": answer.solved_by,
        "fallback": None,
        "attempts": [_attempt(found, qubits) for found in answer.found],
        "compiled": None,
        "provenance": dict(provenance),
    }


def _solution(found: Found, bits: int, registers: Sequence[tuple[str, int]]) -> dict[str, Any]:
    counts = {} if found.counts is None else found.counts.strings()
    width = bits if found.counts is None else found.counts.samples.shape[1]
    expectation = plain(found.expectation)
    if expectation is not None:
        expectation["from_counts"] = plain(found.from_counts)
    return {
        "counts": counts,
        "shots": sum(counts.values()),
        "bits": width,
        "registers": [{"name": name, "bits": size} for name, size in registers],
        "expectation": expectation,
        "settings": list(found.settings),
        "mitigation": found.mitigation,
    }


def _attempt(found: Found, qubits: int) -> dict[str, Any]:
    return {
        "backend": found.backend,
        "status": "feasible",
        "objective": None if found.expectation is None else found.expectation.value,
        "bound": None,
        "seconds": round(found.seconds, 4),
        "variables": qubits,
        "shots": shots_of(found),
        "feasible_fraction": None,
        "gain_over_random": None,
        "gain_over_classical_same_time": None,
    }


def shots_of(found: Found) -> int:
    """Measurements that an engine made in all, those of other bases and of mitigation among them."""
    own = 0 if found.counts is None else found.counts.shots
    if found.mitigation is not None:  # which has those that it began with
        return int(found.mitigation["shots"]) + (own if found.settings else 0)
    return own + sum(sum(setting["counts"].values()) for setting in found.settings)


def mitigated(found: Found) -> dict[str, Any]:
    """What mitigation cost and gained, for the metrics file."""
    told = found.mitigation
    if told is None:
        return {}
    keys = ("methods", "raw", "circuits", "shots", "overhead", "kept", "fit")
    value = None if found.expectation is None else plain(found.expectation)
    return {"mitigation": {"value": value and value["value"], "standard_error": value and value["standard_error"]}
            | {key: told[key] for key in keys}}  # fmt: skip


def comparison(first: Found, other: Found) -> dict[str, Any]:
    """How an engine's counts differ from the first one's."""
    if first.counts is None or other.counts is None or first is other:
        return {}
    one, two = first.counts.strings(), other.counts.strings()
    return {
        "compared_to": first.backend,
        "total_variation": round(total_variation(one, two), 9),
        "p_value": homogeneity(one, two),
    }
