"""Reasoning problems at random, and their results as the pipeline makes them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qamctl import reason_engines
from qamctl.reason.answer import Answer, Attempt
from qamctl.reason.compiled import compiled_block
from qamctl.reason.exact import Exact
from qamctl.reason.plan import plan_circuit
from qamctl.reason.prune import Pruned
from qamctl.reason.read import reason_from_data
from qamctl.reason.reasons import solve_or_reasons
from qamctl.reason.result import build_result
from qamctl.reason.solvers.exact import solution_of, spread
from qamctl.reason.spec import ReasonSpec
from qamctl.reason.tomography.experiment import experiment

#: In place of a value: the field is left out.
DELETED = object()


def random_data(rng: np.random.Generator, *, most: int = 8, prune: bool = False) -> dict[str, Any]:
    """Paths with and without priors, decisions of several, impossible likelihoods, contexts, and steps in any order."""
    n = int(rng.integers(1, most + 1))
    names = [f"p{i}" for i in range(n)]
    paths: list[dict[str, Any]] = [{"id": name, "phase": float(rng.normal())} for name in names]
    if rng.random() < 0.8:
        priors = rng.random(n) ** 2 * (rng.random(n) < 0.8)
        priors[rng.integers(n)] += 0.1
        for path, prior in zip(paths, priors.tolist(), strict=True):
            path["prior"] = prior
    for path in paths:
        if rng.random() < 0.5:
            path["decision"] = f"d{rng.integers(3)}"
        if rng.random() < 0.3:
            path["actions"] = [f"prefer t{rng.integers(2)} on a{rng.integers(2)}", "wait"]
    evidence = []
    for j in range(int(rng.integers(0, 4))):
        likelihood = rng.random(n) * (rng.random(n) < 0.7)
        likelihood[rng.integers(n)] = rng.random()
        evidence.append({
            "id": f"e{j}", "likelihood": dict(zip(names, likelihood.tolist(), strict=True)),
            "reliability": float(rng.choice([0.0, 0.5, 1.0, 2.5])),
        })  # fmt: skip
    data: dict[str, Any] = {"kind": "reason", "version": 1, "paths": paths, "evidence": evidence}
    if n > 1 and rng.random() < 0.7:
        pairs = [
            [names[i], names[j], *rng.normal(size=2).tolist()] for i in range(n) for j in range(i) if rng.random() < 0.5
        ]
        data["context"] = {
            "couplings": pairs or [[names[0], names[1], 0.4]], "fields": {names[0]: float(rng.normal())},
            "time": float(rng.choice([0.0, 0.6, 1.7])),
        }  # fmt: skip
        data["coherence"] = float(rng.choice([0.0, 1.0, rng.random()]))
        words = [row["id"] for row in evidence] * 2 + ["evolve", "evolve"]
        data["steps"] = [words[i] for i in rng.permutation(len(words))[: int(rng.integers(1, len(words) + 1))]]
    if rng.random() < 0.6:
        data["utility"] = [
            {"action": f"u{a}", "values": dict(zip(names, (rng.normal(size=n) * 10).tolist(), strict=True))}
            for a in range(int(rng.integers(1, 4)))
        ]
    if prune:
        data["prune"] = float(rng.choice([0.01, 0.1, 0.3]))
    return data


def solved(
    data: Mapping[str, Any] | ReasonSpec,
    engine: str = "exact",
    *,
    shots: int = 500,
    seed: int = 1,
    method: str = "auto",
    mitigate: Sequence[str] = (),
    compiled: bool = True,
) -> tuple[ReasonSpec, dict[str, Any], dict[str, bytes]]:
    """The spec, its result as it would stand in a file, and the tables beside it."""
    spec = data if isinstance(data, ReasonSpec) else reason_from_data(data)
    pruned, exact, reasons = solve_or_reasons(spec)
    rows = [{"file": "spec", "line": None, "constraint": row.constraint, "text": row.text} for row in reasons]
    answer, circuit = Answer("infeasible"), None
    if pruned is not None and exact is not None:
        whole = spread(spec, pruned, exact)
        attempt = Attempt("exact", solution_of(whole, pruned.error), 0.0)
        if engine != "exact":
            attempt = _measured(spec, pruned, exact, engine, shots, seed, method, mitigate)
        status = "unknown" if attempt.solution is None else "optimal" if engine == "exact" else "feasible"
        answer = Answer(status, (attempt,), whole)
        if attempt.solution is not None and compiled:
            circuit = compiled_block(pruned.spec, exact, attempt.plan)
    left_out = 0 if pruned is None else len(spec.paths.ids) - len(pruned.kept)
    found, tables = build_result(
        spec, answer, run="r1", reasons=rows, compiled=circuit,
        provenance={
            "spec_sha256": spec.source.sha256, "tables": {name: sha for name, (_, sha) in spec.source.tables.items()}
        },
        pruned={"paths": left_out, "error": 0.0 if pruned is None else pruned.error},
    )  # fmt: skip
    return spec, json.loads(json.dumps(found)), tables


def _measured(
    spec: ReasonSpec, pruned: Pruned, exact: Exact, name: str, shots: int, seed: int, method: str,
    mitigate: Sequence[str],
) -> Attempt:  # fmt: skip
    engine = reason_engines.Engine(name, pruned.spec.noise, shots, seed, lambda: False, lambda: None)
    plan = plan_circuit(pruned.spec, exact, method=method, shots=shots, mid_circuit=False)
    n = len(spec.paths.ids)
    if mitigate:
        attempt = reason_engines.measure_mitigated(engine, pruned, exact, plan, n, mitigate)
    else:
        attempt = reason_engines.measure(engine, pruned, exact, plan, n)
    if spec.reconstruct != "none":
        wanted = experiment(pruned.spec, exact, seed=seed, readout=False)
        told = wanted.told(engine.run(wanted.circuits))
        attempt = replace(attempt, extra={**attempt.extra, "reconstructed": told})
    return attempt


def changed(result: Mapping[str, Any], field: str, value: Any) -> dict[str, Any]:
    """A copy in which a field, such as `solution/intervals/a/0`, has another value; `DELETED`: it is gone."""
    out: Any = copy.deepcopy(dict(result))
    *way, last = field.split("/")
    at = out
    for key in way:
        at = at[int(key)] if isinstance(at, list) else at[key]
    place: Any = int(last) if isinstance(at, list) else last
    if value is DELETED:
        del at[place]
    else:
        at[place] = value
    return dict(out)


def fields(value: Any, way: str = "") -> Iterator[tuple[str, Any]]:
    """Every container and leaf of a result, with the way to it."""
    if way:
        yield way, value
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in rows:
        yield from fields(inner, f"{way}/{key}" if way else str(key))
