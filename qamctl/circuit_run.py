"""A circuit file's part of the story: the program, the engines that measure it, how they agree, the result."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from qamctl import circuit_engines
from qamctl.circuit_result import Answer, build_result, comparison, mitigated, shots_of
from qamctl.config import resolve
from qamctl.errors import Diagnostic, Location, QamError, SpecError, UsageError
from qamctl.formats.circuits import CircuitFile, read_circuit
from qamctl.gates.aims import Aims
from qamctl.quantum.compare import total_variation
from qamctl.quantum.noise import make_noise
from qamctl.quantum.pauli_values import groups, is_diagonal, support
from qamctl.quantum.program import Program, to_strings
from qamctl.quantum.simulate import exact
from qamctl.quantum.simulate.batches import Stopped
from qamctl.quantum.simulate.lowering import final_columns
from qamctl.quantum.transpile import figures_of
from qamctl.runs.metrics import Stopwatch
from qamctl.runs.signals import Stop
from qamctl.story import Figures, Problem, Tick, at_its_origin, by_flag, make_problem, refuse_flags

#: Measurements where nothing else is said.
SHOTS = 1000

#: Options that say how a model or a schedule is searched; of a circuit there is nothing to search.
SEARCHES = (
    "max_qubits", "max_shots", "max_rounds", "depth", "mixer", "angles", "reads", "sense", "target_energy",
    "max_variables", "slot",
)  # fmt: skip

#: Those of them that `--shots` is meant in place of.
COUNTS = ("reads", "max_shots")

#: Qubits of a circuit whose whole distribution `bench` computes.
WHOLE_QUBITS = 16


@dataclass(frozen=True)
class Built:
    """What the engines are given.

    Attributes
    ----------
    columns
        Bit of each qubit that is measured last.
    """

    program: Program
    shots: int
    columns: Mapping[int, int]


def read(path: str, flags: Mapping[str, object], *, profile: str | None, config_file: Path | None) -> Problem:
    """Read a circuit file and resolve the options that hold for it.

    Raises
    ------
    SpecError
        The file is at fault, or an option is.
    UsageError
        An option makes no sense.
    """
    asked = resolve(
        flags, {}, profile=profile, config_file=config_file, cwd=Path.cwd(), environ=os.environ
    ).options  # fmt: skip
    if asked.samples is not None:
        raise UsageError("--samples is for models: what a circuit measured stands in its result, as counts")
    file = read_circuit(path, format=asked.format)
    if file.noise:
        _check_noise(file)
    problem = make_problem(
        file, file.name, file.source, file.solver, flags, profile=profile, config_file=config_file
    )  # fmt: skip
    with at_its_origin(problem, "backend"):
        circuit_engines.expand(problem.options.backend, qir=file.qir is not None)
    _check_flags(problem)
    return replace(problem, taken={"format": file.format})


def _check_flags(problem: Problem) -> None:
    """Refuse flags that would change nothing: whoever gave them expects something else of the counts."""
    counted = any(by_flag(problem, name) for name in COUNTS)
    instead = ", and say by --shots how often it is measured" if counted else ""
    refuse_flags(problem, SEARCHES, "a circuit", instead)
    if by_flag(problem, "noise"):
        names = circuit_engines.expand(problem.options.backend, qir=problem.spec.qir is not None)
        if not set(names) & set(circuit_engines.NOISY):
            raise UsageError(
                f"--noise is what the engine {circuit_engines.NOISY[0]} simulates, and {', '.join(names)} would run "
                f"without any: take --backend {circuit_engines.NOISY[0]}, or leave it out"
            )


def _check_noise(file: CircuitFile) -> None:
    """Refuse figures that contradict each other, at their place."""
    try:
        make_noise(file.noise)
    except SpecError as error:
        raise SpecError(error.message, [Diagnostic(error.message, file.source.locate(("noise",)))]) from None


def aims(problem: Problem) -> Aims:
    """The mean of the observable, where there is one: it is measured, and none is better than another."""
    return Aims(("observable",) if problem.spec.observable else ())


def build(problem: Problem) -> Built:
    """The program as engines take it."""
    file: CircuitFile = problem.spec
    options = problem.options
    noise = dict(file.noise) | ({} if options.noise is None else {"preset": options.noise})
    asked = file.mitigate if options.mitigate is None else options.mitigate
    program = Program(
        file.circuit, file.bits, file.qir, tuple(file.observable), noise, mitigate=asked, groups=file.groups
    )  # fmt: skip
    if asked:
        _check_mitigation(problem, program)
    columns = {bit: bit for bit in range(file.bits)} if file.circuit is None else final_columns(file.circuit)
    return Built(program, options.shots or file.shots or SHOTS, columns)


def _check_mitigation(problem: Problem, program: Program) -> None:
    """Refuse mitigation that can't be, at the place that asks for it."""
    from qamctl.quantum.mitigation.program import complaint

    options, origins = problem.options, problem.resolved.origins
    where = "mitigate" if options.mitigate is None else origins["mitigate"].removeprefix("flag ")
    way = ("mitigate",) if options.mitigate is None else ("solver", "mitigate")
    at = [problem.source.locate(way)] if options.mitigate is None or where.startswith("spec ") else []
    names = circuit_engines.expand(options.backend, qir=program.qir is not None)
    if "detect" in program.mitigate:
        text = f"{where}: detect is for reason specs, whose circuits a code is known for: leave it out"
        raise _fault_of(problem, text, at)
    if others := [name for name in names if name not in circuit_engines.NOISY]:
        text = (
            f"{where}: mitigation is for engines that simulate noise, and {others[0]} does not: "
            f"take --backend {' or '.join(circuit_engines.NOISY)}, or --mitigate none"
        )
        raise _fault_of(problem, text, at)
    if fault := complaint(program):
        found = f"{where}: {fault}"
        raise SpecError(found, [Diagnostic(found, place) for place in at]) if at else UsageError(found)


def _fault_of(problem: Problem, text: str, at: Sequence[Location]) -> QamError:
    """A fault of the file, where nothing else was asked for on the command line."""
    faults = [Diagnostic(text, place) for place in at]
    return SpecError(text, faults) if at and not by_flag(problem, "backend") else UsageError(text, faults)


def sizes(problem: Problem, built: Built) -> dict[str, Any]:
    """Qubits, bits, depth, gates, shots, and the settings that the observable needs."""
    file: CircuitFile = problem.spec
    terms = file.observable
    own = is_diagonal(terms) and set(support(terms)) <= built.columns.keys()
    found: dict[str, Any] = {"format": file.format, "qubits": file.qubits, "bits": file.bits, "shots": built.shots}
    if file.circuit is None:
        found |= {"profile": file.qir.profile, "operations": file.qir.operations}
    else:
        figures = figures_of(file.circuit).to_dict()
        found |= {key: figures[key] for key in ("depth", "two_qubit", "two_qubit_depth", "gates")}
    return found | {"terms": len(terms), "settings": 0 if own else len(groups(terms))}


def solve(
    problem: Problem, built: Built, *, backends: Sequence[str], stop: Stop, tick: Tick, watch: Stopwatch
) -> Answer:
    """Let each engine measure the circuit; the first one's counts are the answer.

    Raises
    ------
    QamError
        An engine can't run the circuit, or failed: a comparison that lacks one is none.
    """
    names = circuit_engines.expand(backends, qir=built.program.qir is not None)
    found = []
    for name in names:
        circuit_engines.load(name)
        watch.phase("solve")
        call = partial(
            circuit_engines.measure, name, built.program, dict(built.columns), shots=built.shots, seed=problem.seed,
            stop=stop, account=problem.account,
        )  # fmt: skip
        try:
            one = circuit_engines.patiently(call, stop, partial(tick, {}))
        except Stopped:
            break
        found += [] if one is None else [one]
        if stop():
            break
    watch.phase("check")
    return Answer("feasible" if len(found) == len(names) else "interrupted", tuple(found))


def compile(problem: Problem, built: Built, answer: Answer) -> dict[str, Any] | None:
    """Nothing: a circuit is what engines take."""
    return None


def figures(problem: Problem, answer: Answer) -> Figures:
    """The mean of the observable; it has no bound."""
    return Figures(answer.objective)


def measured(problem: Problem, answer: Answer) -> dict[str, Any]:
    """Columns of `bench`: shots, the standard error, and the distance to the exact distribution where it is known."""
    solution = answer.solution
    if solution is None:
        return {}
    error = None if solution.expectation is None else solution.expectation.error
    return {"shots": shots_of(solution), "error": error, "distance": _distance(problem, answer)}


def _distance(problem: Problem, answer: Answer) -> float | None:
    file, solution = problem.spec, answer.solution
    if file.circuit is None or solution is None or solution.counts is None or file.qubits > WHOLE_QUBITS:
        return None
    found = exact(Program(file.circuit, file.bits))
    if found is None:
        return None
    samples, chances = found
    whole = dict(zip(to_strings(samples), chances.tolist(), strict=True))
    return round(total_variation(solution.counts.strings(), whole), 9)


def result(
    problem: Problem,
    built: Built,
    answer: Answer,
    *,
    run: str,
    compiled: Mapping[str, Any] | None,
    provenance: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The result file; it needs no other."""
    file: CircuitFile = problem.spec
    found = build_result(
        answer, run=run, format=file.format, bits=file.bits, qubits=file.qubits, registers=file.registers,
        provenance=provenance,
    )  # fmt: skip
    return found, {}


def copies(problem: Problem, answer: Answer) -> dict[Path, bytes]:
    """None."""
    return {}


def measures(problem: Problem, built: Built, answer: Answer, compiled: Mapping[str, Any]) -> dict[str, Any]:
    """The circuit's figures, each engine's, and how the engines agree."""
    search = {
        found.backend: {"seconds": round(found.seconds, 6), "shots": shots_of(found), **_without_jobs(found.info),
                        **comparison(answer.found[0], found), **mitigated(found)}
        for found in answer.found
    }  # fmt: skip
    jobs = [job for found in answer.found for job in found.info.get("jobs", [])]
    # A mean is measured, not minimised.
    return {"model": sizes(problem, built), "search": search, "quantum": None, "jobs": jobs}


def _without_jobs(info: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in info.items() if name != "jobs"}


def preview(problem: Problem, built: Built) -> dict[str, Any]:
    """Sizes, the engines that would run, and what mitigation would take."""
    names = circuit_engines.expand(problem.options.backend, qir=built.program.qir is not None)
    found = sizes(problem, built)
    if methods := built.program.mitigate:
        from qamctl.quantum.mitigation.program import circuits_needed

        circuits = circuits_needed(methods, found["settings"])
        found["mitigation"] = {"methods": list(methods), "circuits": circuits, "shots": circuits * built.shots}
    return {**found, "engines": list(names), "reasons": []}
