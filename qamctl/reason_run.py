"""A reasoning problem's part of the story: exact posterior, engines that measure circuits, circuit, result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qamctl import reason_engines
from qamctl.circuit_engines import NOISY, load
from qamctl.errors import BackendError, Diagnostic, SpecError, TemporaryError, UsageError
from qamctl.gates.aims import Aims
from qamctl.quantum.simulate.batches import Stopped
from qamctl.reason.answer import Answer, Attempt, worth_of
from qamctl.reason.exact import Exact
from qamctl.reason.prune import Pruned
from qamctl.reason.read import build_reason
from qamctl.reason.reasons import solve_or_reasons
from qamctl.reason.result import build_result, posterior_of
from qamctl.reason.solvers.exact import solution_of, spread
from qamctl.reason.spec import ReasonSpec
from qamctl.reason_state import block, learned
from qamctl.reason_state import keep as keep_decision
from qamctl.runs.metrics import Stopwatch
from qamctl.runs.record import utc_now
from qamctl.runs.signals import Stop
from qamctl.spec.reader import read_source
from qamctl.story import Figures, Problem, Tick, at_its_origin, by_flag, make_problem, reason_rows, refuse_flags

#: Measurements where nothing else is said.
SHOTS = 1000

#: Options that say how a model or a schedule is searched; a posterior is computed or measured.
SEARCHES = (
    "max_shots", "max_rounds", "depth", "mixer", "angles", "reads", "sense", "target_energy", "max_variables", "slot",
    "samples",
)  # fmt: skip


@dataclass(frozen=True)
class Built:
    """What the engines are given.

    Attributes
    ----------
    pruned, exact
        The paths that matter, and what holds of them; None where the evidence is impossible, which `reasons` tell.
    whole
        What holds of all paths.
    """

    pruned: Pruned | None
    exact: Exact | None
    whole: Exact | None
    reasons: tuple[dict[str, Any], ...]


def read(path: str, flags: Mapping[str, object], *, profile: str | None, config_file: Path | None) -> Problem:
    """Read a reason spec and resolve the options that hold for it.

    Raises
    ------
    SpecError
        With every fault of the file, or the first one of the options.
    UsageError
        An option says nothing of reasoning, or contradicts the method.
    """
    data, source = read_source(path)
    spec = build_reason(data, source)
    problem = make_problem(spec, spec.name, spec.source, spec.solver, flags, profile=profile, config_file=config_file)
    refuse_flags(problem, SEARCHES, "a reason spec")
    with at_its_origin(problem, "backend"):
        names = reason_engines.expand(problem.options.backend, spec.method)
    _refuse_idle_flags(problem, names)
    _check_mitigation(problem)
    if problem.options.noise is not None:
        spec = replace(spec, noise={**spec.noise, "preset": problem.options.noise})
    spec, found = learned(spec)
    state = None if found is None else block(spec, found)
    return replace(
        problem, spec=spec, learned=found,
        taken={} if state is None else {name: state[name] for name in ("priors", "reliabilities")},
        reading={"notes": list(spec.notes)} | ({} if state is None else {"state": state}),
    )  # fmt: skip


def aims(problem: Problem) -> Aims:
    """What a decision is worth: its expected utility, without utilities its probability."""
    term = "expected_utility" if problem.spec.utility.actions else "probability"
    return Aims((term,), ({term: 1.0},), "max")


def build(problem: Problem) -> Built:
    """The paths that matter, what holds of them exactly, and reasons why nothing can be said."""
    spec: ReasonSpec = problem.spec
    pruned, exact, found = solve_or_reasons(spec)
    whole = None if pruned is None or exact is None else spread(spec, pruned, exact)
    return Built(pruned, exact, whole, reason_rows(problem, found))


def sizes(problem: Problem, built: Built) -> dict[str, Any]:
    """Paths, evidence, steps and couplings, or the nodes of a network."""
    spec: ReasonSpec = problem.spec
    found: dict[str, Any] = {"paths": len(spec.paths.ids), "decisions": len(spec.paths.decisions)}
    if spec.network is not None:
        return found | {"nodes": len(spec.network.ids), "observed": len(spec.network.observed)}
    return found | {
        "evidence": len(spec.evidence.ids), "steps": len(spec.steps),
        "couplings": 0 if spec.context is None else len(spec.context.one),
        "pruned": 0 if built.pruned is None else len(spec.paths.ids) - len(built.pruned.kept),
    }  # fmt: skip


def solve(
    problem: Problem, built: Built, *, backends: Sequence[str], stop: Stop, tick: Tick, watch: Stopwatch
) -> Answer:
    """Let each engine tell the posterior; what can't be measured is told exactly, unless `strict` forbids it.

    Raises
    ------
    QamError
        An engine failed under `strict`, or can't take the problem at all.
    """
    names = reason_engines.expand(backends, problem.spec.method)
    if built.exact is None or built.pruned is None or built.whole is None:
        return Answer("infeasible")
    attempts: list[Attempt] = []
    watch.phase("solve")
    for name in names:
        try:
            attempt = _attempt(name, problem, built, stop, tick, watch)
        except (BackendError, TemporaryError) as error:
            if problem.options.strict:
                raise
            attempt = Attempt(name, None, 0.0, note=error.message)
        if attempt is None:
            break
        attempts.append(attempt)
        if stop():
            break
    watch.phase("check")
    return _answer(problem, built, names, attempts)


def _answer(problem: Problem, built: Built, names: Sequence[str], attempts: list[Attempt]) -> Answer:
    assert built.whole is not None
    complete, fallback = len(attempts) == len(names), None
    failed = [attempt for attempt in attempts if attempt.solution is None]
    if failed and not problem.options.strict:
        fallback = {"backend": failed[0].backend, "reason": failed[0].note}
        attempts = attempts if len(failed) < len(attempts) else [*attempts, _computed(built)]
    answer = Answer("interrupted", tuple(attempts), built.whole, fallback)
    if not complete:
        return answer
    if answer.solution is None:
        return replace(answer, status="unknown")
    return replace(answer, status="feasible" if answer.solution.shots else "optimal")


def _attempt(name: str, problem: Problem, built: Built, stop: Stop, tick: Tick, watch: Stopwatch) -> Attempt | None:
    """What one engine says; None where it was told to end before it had anything to say."""
    if name == reason_engines.EXACT:
        return _computed(built)
    from qamctl.reason.plan import plan_circuit

    assert built.pruned is not None
    assert built.exact is not None
    options, spec, pruned, exact = problem.options, built.pruned.spec, built.pruned, built.exact
    engine = reason_engines.Engine(
        name, spec.noise, options.shots or SHOTS, problem.seed, stop, lambda: tick({}), problem.account
    )
    methods = mitigation_of(problem)
    watch.phase("compile")
    load(name)
    plan = plan_circuit(
        spec, exact, method=spec.method, shots=engine.shots, max_qubits=options.max_qubits,
        mid_circuit=not methods and reason_engines.mid_circuit(name),
    )  # fmt: skip
    wanted = None
    if spec.reconstruct != "none":
        from qamctl.reason.tomography.experiment import experiment

        wanted = experiment(spec, exact, seed=problem.seed, readout="readout" in methods, max_qubits=options.max_qubits)
    watch.phase("solve")
    n = len(problem.spec.paths.ids)
    try:
        if methods:
            attempt = reason_engines.measure_mitigated(engine, pruned, exact, plan, n, methods)
        else:
            attempt = reason_engines.measure(engine, pruned, exact, plan, n)
    except Stopped:
        return None
    if wanted is None or attempt.solution is None or stop():
        return attempt
    return reason_engines.reconstruct(engine, attempt, wanted, strict=options.strict)


def _refuse_idle_flags(problem: Problem, names: Sequence[str]) -> None:
    """Refuse flags that no engine of the run looks at: of circuits where none runs, and noise where none has any."""
    idle = [] if any(name != reason_engines.EXACT for name in names) else ["shots", "max_qubits"]
    given = [f"--{name.replace('_', '-')}" for name in idle if by_flag(problem, name)]
    if given:
        verb = "is" if len(given) == 1 else "are"
        raise UsageError(
            f"{', '.join(given)} {verb} for engines that run circuits, and {reason_engines.EXACT} computes: take "
            f"--backend {reason_engines.SAMPLED}, noisy, qir or azure:TARGET"
        )
    if by_flag(problem, "noise") and not any(name in NOISY for name in names):
        raise UsageError(f"--noise is for the engine {NOISY[0]}, not for {', '.join(names)}: take --backend {NOISY[0]}")


def mitigation_of(problem: Problem) -> tuple[str, ...]:
    """What mitigates noise: as the flag says, or the spec."""
    asked = problem.options.mitigate
    return tuple(problem.spec.mitigate if asked is None else asked)


def _check_mitigation(problem: Problem) -> None:
    """Refuse mitigation that can't be, at the place that asks for it."""
    methods, options = mitigation_of(problem), problem.options
    if not methods:
        return
    where = "mitigate" if options.mitigate is None else problem.resolved.origins["mitigate"].removeprefix("flag ")
    names = reason_engines.expand(options.backend, problem.spec.method)
    text = None
    if others := [name for name in names if name not in NOISY]:
        text = (
            f"{where}: mitigation is for engines that simulate noise, and {others[0]} does not: "
            f"take --backend {NOISY[0]}, or --mitigate none"
        )
    elif "postselect" in methods:
        text = f"{where}: evidence is selected anyway, and postselect is for circuits: leave it out"
    elif problem.spec.network is not None and "detect" in methods:
        text = f"{where}: detect is for two paths, and {problem.source.label} has a network: leave it out"
    if text is not None:
        way = ("mitigate",) if options.mitigate is None else ("solver", "mitigate")
        at = [problem.source.locate(way)] if options.mitigate is None or where.startswith("spec ") else []
        faults = [Diagnostic(text, place) for place in at]
        raise SpecError(text, faults) if at and not by_flag(problem, "backend") else UsageError(text, faults)


def _computed(built: Built) -> Attempt:
    assert built.whole is not None
    assert built.pruned is not None
    return Attempt(reason_engines.EXACT, solution_of(built.whole, built.pruned.error), 0.0)


def compile(problem: Problem, built: Built, answer: Answer) -> dict[str, Any] | None:
    """What the problem is as a circuit; nothing where the evidence is impossible."""
    if built.exact is None or built.pruned is None or answer.solution is None:
        return None
    from qamctl.reason.compiled import compiled_block

    plan = next((attempt.plan for attempt in answer.attempts if attempt.plan is not None), None)
    return compiled_block(built.pruned.spec, built.exact, plan)


def figures(problem: Problem, answer: Answer) -> Figures:
    """What the decision is worth by exact arithmetic, and the most that one can be."""
    found = worth_of(problem.spec, answer)
    return Figures() if found is None else Figures(found.value, found.bound, found.gap)


def measured(problem: Problem, answer: Answer) -> dict[str, Any]:
    """Columns of `bench`: shots, how many were accepted, and the distance to the exact posterior."""
    from qamctl.reason.solution import total_variation

    best = answer.best
    if best is None or best.solution is None or answer.exact is None:
        return {}
    distance = total_variation(best.solution.posterior, answer.exact.posterior)
    return {"shots": best.shots, "accepted": best.solution.accepted, "distance": round(distance, 9)}


def result(
    problem: Problem,
    built: Built,
    answer: Answer,
    *,
    run: str,
    compiled: Mapping[str, Any] | None,
    provenance: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The result file; very many paths are in a table beside it."""
    left_out = 0 if built.pruned is None else len(problem.spec.paths.ids) - len(built.pruned.kept)
    error = 0.0 if built.pruned is None else built.pruned.error
    found, tables = build_result(
        problem.spec, answer, run=run, reasons=built.reasons, compiled=compiled, provenance=provenance,
        pruned={"paths": left_out, "error": error},
    )  # fmt: skip
    if problem.learned is not None:
        found["state"] = problem.reading["state"]
    return found, tables


def keep(problem: Problem, answer: Answer, run: str) -> None:
    """Keep the decision in the state file, for feedback, once the result is written.

    Raises
    ------
    TemporaryError
        The file has changed so that the decision does not follow from it any more.
    """
    if problem.learned is not None and answer.solution is not None:
        keep_decision(problem.spec, problem.learned, answer.solution.posterior, run, utc_now().isoformat())


def keep_again(problem: Problem, result: Mapping[str, Any], tables: Mapping[str, bytes], run: str) -> None:
    """As `keep`, of an answer that an earlier run found: a decision is made once more, with a feedback of its own."""
    if problem.learned is not None and result["solution"] is not None:
        posterior = posterior_of(problem.spec, result["solution"], tables)
        keep_decision(problem.spec, problem.learned, posterior, run, utc_now().isoformat())


def copies(problem: Problem, answer: Answer) -> dict[Path, bytes]:
    """The picture, where one is asked for and there is something to draw."""
    path, spec = problem.options.picture, problem.spec
    if path is None or answer.solution is None:
        return {}
    from qamctl.reason.explain import explain
    from qamctl.report.reason_svg import reason_svg

    found, _ = build_result(spec, answer, run="", reasons=(), compiled=None, provenance={}, pruned={})
    steps = [] if spec.network is not None else explain(spec).steps
    return {path: reason_svg(found, steps).encode()}


def measures(problem: Problem, built: Built, answer: Answer, compiled: Mapping[str, Any]) -> dict[str, Any]:
    """The sizes, and what each engine measured."""
    search = {
        attempt.backend: {
            "seconds": round(attempt.seconds, 6), "shots": attempt.shots,
            **{key: value for key, value in attempt.info.items() if key != "jobs"},
        }
        for attempt in answer.attempts
    }  # fmt: skip
    jobs = [job for attempt in answer.attempts for job in attempt.info.get("jobs", [])]
    quantum = [attempt.backend for attempt in answer.attempts if attempt.backend != reason_engines.EXACT]
    return {"model": sizes(problem, built), "search": search, "quantum": quantum, "jobs": jobs, "sense": "max"}


def preview(problem: Problem, built: Built) -> dict[str, Any]:
    """Sizes, the engines that would run, and the circuit."""
    found = {**sizes(problem, built), "reasons": list(built.reasons)}
    names = reason_engines.expand(problem.options.backend, problem.spec.method)
    compiled = None
    if built.exact is not None and built.pruned is not None:
        from qamctl.reason.compiled import compiled_block

        compiled = compiled_block(built.pruned.spec, built.exact, None)
    return {**found, "engines": list(names), "compiled": compiled}
