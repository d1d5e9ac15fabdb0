"""What a result file says of a job: its counts, and of a problem the best answer that they hold, checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from qamctl.errors import InfeasibleError
from qamctl.job_view import moment
from qamctl.submit_read import Program

if TYPE_CHECKING:
    from pathlib import Path

    from qamctl.azure.results import Result
    from qamctl.azure.store import Job
    from qamctl.azure.submit import Desk
    from qamctl.runs.metrics import Stopwatch

#: The file of counts in the run folder; `qamctl decode` reads it, too.
COUNTS: Final = "counts.json"


@dataclass(frozen=True)
class Told:
    """What a job came to, for a result file.

    Attributes
    ----------
    job
        The row, ended.
    found
        What it measured; None where it did not succeed.
    why
        The service's reason where it did not.
    """

    job: Job
    found: Result | None = None
    why: str | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Bitstring -> how often, registers joined; the leftmost bit is the highest."""
        return {} if self.found is None else {text.replace(" ", ""): n for text, n in self.found.counts.items()}


def build(program: Program, told: Told, *, run: str, provenance: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The content of result.json.

    Parameters
    ----------
    folder
        The run folder, in which `COUNTS` is written: the problem's answer is decoded from it.
    """
    if told.counts:
        result = _of_circuit(program, told) if program.target is None else _of_problem(program, told, folder)
    else:
        result = _empty(program, told)
    return result | {"run": run, "job": job_block(told), "provenance": dict(provenance)}


def job_block(told: Told) -> dict[str, Any]:
    """The `job` block of a result: which job it was, and what it measured."""
    job, found = told.job, told.found
    return {
        "id": job.id, "target": job.target, "provider": job.provider, "name": job.name, "state": job.state,
        "status": job.status, "submitted": moment(job.submitted), "ended": moment(job.ended),
        "shots": 0 if found is None else found.shots, "lost": 0 if found is None else found.lost,
        "estimated_counts": found is not None and found.estimated, "format": None if found is None else found.format,
        "counts": told.counts, "error": None if job.error is None else dict(job.error),
    }  # fmt: skip


def _of_circuit(program: Program, told: Told) -> dict[str, Any]:
    from qamctl.circuit_engines import Found
    from qamctl.circuit_result import Answer, build_result
    from qamctl.quantum.pauli_values import from_counts
    from qamctl.quantum.program import from_strings
    from qamctl.submit_read import columns_of

    file, job = program.problem.spec, told.job
    width = len(next(iter(told.counts)))
    counts, native = from_strings(told.counts, width), program.native
    value = None
    if native is None and file.observable:
        value = from_counts(counts, file.observable, columns_of(file))
    found = Found(f"azure:{job.target}", counts, value, (), {}, _seconds(job), value)
    registers = [] if native is not None else file.registers
    result = build_result(
        Answer("feasible", (found,)), run="", format=file.format, bits=width,
        qubits=width if native is not None else file.qubits,
        registers=registers if sum(size for _, size in registers) == width else [], provenance={},
    )  # fmt: skip
    if native is not None:  # its qubits are told by IonQ's language alone, each of which it measures
        result["attempts"][0]["variables"] = native.bits
    result["solution"] |= {"job": job.id, "lost": 0 if told.found is None else told.found.lost}
    return result


def _of_problem(program: Program, told: Told, folder: Path) -> dict[str, Any]:
    """The best answer of the counts, as `qamctl decode` finds it; none of them may be one."""
    from qamctl.decoding import decode
    from qamctl.runs.atomic import write_atomic

    assert program.target is not None
    path, job = folder / COUNTS, told.job
    write_atomic(path, json.dumps(told.counts, indent=1) + "\n", durable=False)
    try:
        result = decode(program.target, str(path))
    except InfeasibleError as error:
        row = {"file": program.problem.source.label, "line": None, "constraint": "samples", "text": error.message}
        return _empty(program, told) | {"reasons": [row]}
    engine = f"azure:{job.target}"
    for attempt in result["attempts"]:
        attempt |= {"backend": engine, "seconds": _seconds(job)}
    if program.kind == "model":
        result["solution"] |= {"job": job.id, "counts": told.counts, "shots": sum(told.counts.values())}
    return result | {"solved_by": engine}


def _empty(program: Program, told: Told) -> dict[str, Any]:
    """The result of a job that gave nothing to answer with."""
    job, label = told.job, program.problem.source.label
    reasons = []
    if told.why is not None:
        reasons = [{"file": label, "line": None, "constraint": "job", "text": told.why}]
    elif not told.counts:
        lost = 0 if told.found is None else told.found.lost
        text = f"job {job.id} measured nothing" + (f": all of its {lost} shots were lost" if lost else "")
        reasons = [{"file": label, "line": None, "constraint": "job", "text": text}]
    attempt = {
        "backend": f"azure:{job.target}", "status": "unknown" if job.state == "succeeded" else "failed",
        "objective": None, "bound": None, "seconds": _seconds(job), "variables": None,
        "shots": 0 if told.found is None else told.found.shots, "feasible_fraction": None, "gain_over_random": None,
        "gain_over_classical_same_time": None, "note": told.why,
    }  # fmt: skip
    result: dict[str, Any] = {
        "schema": "qamctl/result/1", "kind": program.kind, "run": "", "status": "unknown", "objective": None,
        "bound": None, "gap": None, "levels": [], "terms": {}, "solution": None, "violations": [], "reasons": reasons,
        "solved_by": None, "fallback": None, "attempts": [attempt], "compiled": None, "provenance": {},
    }  # fmt: skip
    if program.kind == "model":
        result |= {"energy": None, "sense": program.problem.spec.sense}
    if program.kind in ("model", "circuit"):
        result |= {"format": program.problem.spec.format}
    return result


def _seconds(job: Job) -> float:
    """From the first word of the service to its last."""
    if job.submitted is None or job.ended is None:
        return 0.0
    return round(max(0.0, job.ended - job.submitted), 3)


def metrics_of(
    desk: Desk,
    manifest: Mapping[str, Any],
    program: Program,
    told: Told,
    result: Mapping[str, Any],
    watch: Stopwatch,
    circuit: Mapping[str, Any],
    *,
    hit: bool,
) -> dict[str, Any]:
    """The content of metrics.json.

    Parameters
    ----------
    circuit
        What was sent: qubits, depth, gates, ...
    hit
        The output was in the cache.
    """
    from qamctl.runs.identity import utc_now
    from qamctl.runs.metrics import build as build_metrics

    job = told.job
    engine = f"azure:{job.target}"
    search = {
        engine: {"job": job.id, "shots": 0 if told.found is None else told.found.shots,
                 "lost": 0 if told.found is None else told.found.lost, "looks": job.polls,
                 "submitted": moment(job.submitted), "ended": moment(job.ended), "state": job.state}
    }  # fmt: skip
    found = build_metrics(
        run=manifest["run"], kind=manifest["kind"], name=manifest["name"], result=result, stopwatch=watch,
        now=utc_now(), search=search, quantum=None if program.kind == "circuit" else (engine,),
        cache=(int(hit), int(not hit)), model={"shots": job.shots, **circuit},
        sense=result.get("sense") or "min",
    )  # fmt: skip
    return found | {"credits": credits_of(desk, job, _budget_of(manifest))}


def _budget_of(manifest: Mapping[str, Any]) -> float | None:
    """The monthly budget that a run was begun with."""
    value = manifest["options"].get("monthly_budget", {}).get("value")
    return None if value is None else float(value)


def share_of(desk: Desk, workspace: str, budget: float, currency: str = "USD") -> float:
    """How much of a month's budget counts as used now."""
    from qamctl.azure.budget import budget_share
    from qamctl.runs import ledger

    with desk.connect() as connection:
        used = ledger.counted(connection, workspace, ledger.month_of(desk.clock.now()), currency)
    return budget_share(used, budget)


def credits_of(desk: Desk, job: Job, budget: float | None) -> dict[str, Any]:
    """What a job was estimated at, what is reserved for it, and what was billed, in the currency of the estimate."""
    from qamctl.runs import ledger

    estimate = job.estimate or {}
    with desk.connect() as connection:
        line = next((line for line in ledger.lines(connection, job.workspace) if line.job == job.id), None)
    block: dict[str, Any] = {
        "estimated": estimate.get("amount", 0), "reserved": 0, "billed": 0, "currency": estimate.get("currency"),
        "confirmed": False,
    }  # fmt: skip
    if line is not None:
        block |= {"reserved": 0 if line.released or line.billed is not None else line.reserved / ledger.MICROS}
        block |= {"billed": (line.billed or 0) / ledger.MICROS, "confirmed": line.billed is not None or line.released}
        if line.billed is not None:
            block["currency"] = line.counted_currency
    if budget is not None:
        block["budget_share"] = share_of(desk, job.workspace, budget)
    return block
