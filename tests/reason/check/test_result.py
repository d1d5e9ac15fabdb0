"""Results hold as the pipeline makes them, and whatever is altered in one is found out."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reason.check.cases import DELETED, changed, fields, solved

import qamctl.reason.check as room
from qamctl.reason.check import DISCREPANCIES, Discrepancy, as_learned, check_result, compare_result
from qamctl.reason.read import reason_from_data
from qamctl.reason.spec import ReasonSpec

Result = dict[str, Any]

DATA: Result = {
    "kind": "reason", "version": 1,
    "paths": [
        {"id": "a", "prior": 0.4, "decision": "stay", "actions": ["wait"]},
        {"id": "b", "prior": 0.3, "decision": "stay", "phase": 0.4},
        {"id": "c", "prior": 0.3, "actions": ["wait", "prefer t on x"]},
    ],
    "evidence": [
        {"id": "e", "likelihood": {"a": 0.2, "b": 0.9, "c": 0.4}},
        {"id": "f", "likelihood": {"a": 0.7, "b": 0.3, "c": 0.5}, "reliability": 0.8},
    ],
    "context": {"couplings": [["a", "b", 0.5], ["b", "c", 0.2, 0.3]], "time": 0.8},
    "steps": ["e", "evolve", "f"],
    "coherence": 0.6,
    "utility": [
        {"action": "go", "values": {"a": 3, "b": -1, "c": 1}}, {"action": "stop", "values": {"b": 2}},
    ],
}  # fmt: skip

PRUNED: Result = {
    "kind": "reason", "version": 1, "prune": 0.01,
    "paths": [{"id": "a", "prior": 0.6}, {"id": "b", "prior": 0.4}, {"id": "c", "prior": 0}, {"id": "d", "prior": 0}],
    "evidence": [{"id": "e", "likelihood": {"a": 0.8, "b": 0.6, "c": 0.2, "d": 0.1}}],
}  # fmt: skip

IMPOSSIBLE: Result = PRUNED | {"evidence": [{"id": "e", "likelihood": {"c": 1, "d": 1}, "otherwise": 0}]}

PAIR: Result = {
    "kind": "reason", "version": 1, "coherence": 1, "steps": ["e", "evolve"], "reconstruct": "tomography",
    "paths": [{"id": "a", "prior": 0.6}, {"id": "b", "prior": 0.4}],
    "evidence": [{"id": "e", "likelihood": {"a": 0.3, "b": 0.8}}],
    "context": {"couplings": [["a", "b", 0.4, 0.2]], "fields": {"a": 0.5}, "time": 0.7},
}  # fmt: skip

SHADOWS: Result = PAIR | {"reconstruct": "shadows", "observables": ["X", "Z"]}

NETWORK: Result = {
    "kind": "reason", "version": 1, "query": "rain", "observed": {"wet": "yes"},
    "nodes": [
        {"id": "rain", "table": [0.8, 0.2]},
        {"id": "wet", "parents": ["rain"], "table": [[0.9, 0.1], [0.3, 0.7]]},
    ],
}  # fmt: skip


def _make(name: str) -> tuple[ReasonSpec, Result]:
    if name == "exact":
        found = solved(DATA)
    elif name == "measured":
        found = solved(DATA, "statevector")
    elif name == "pruned":
        found = solved(PRUNED)
    elif name == "impossible":
        found = solved(IMPOSSIBLE)
    elif name == "tomography":
        found = solved(PAIR, "statevector")
    elif name == "shadows":
        found = solved(SHADOWS, "statevector")
    elif name == "network":
        found = solved(NETWORK, compiled=False)
    elif name == "mitigated":
        found = solved(PAIR | {"reconstruct": "none"}, "noisy", mitigate=("readout",))
    else:
        found = solved(PAIR | {"reconstruct": "none", "state": "s.json"})
        found[1]["state"] = {
            "file": "s.json", "events": 2, "priors": {"a": 0.6, "b": 0.4}, "reliabilities": {"e": 1.0}
        }  # fmt: skip
    return found[0], found[1]


NAMES = ("exact", "measured", "pruned", "impossible", "tomography", "shadows", "network", "mitigated", "learned")


@pytest.fixture(scope="module")
def made() -> Callable[[str], tuple[ReasonSpec, Result]]:
    known: dict[str, tuple[ReasonSpec, Result]] = {}

    def get(name: str) -> tuple[ReasonSpec, Result]:
        if name not in known:
            known[name] = _make(name)
        return known[name]

    return get


Made = Callable[[str], tuple[ReasonSpec, Result]]


@pytest.mark.parametrize("name", NAMES)
def test_holds(made: Made, name: str) -> None:
    """Every form of a result holds."""
    spec, result = made(name)
    assert check_result(result, spec) == []


#: Result, field, other value, kinds that are told at least.
MUTATIONS: list[tuple[str, str, Any, set[str]]] = [
    ("exact", "schema", "qamctl/result/2", {"schema"}),
    ("exact", "kind", "schedule", {"kind"}),
    ("exact", "run", 3, {"malformed"}),
    ("exact", "notes", "none", {"malformed"}),
    ("exact", "status", "feasible", {"status"}),
    ("exact", "status", "infeasible", {"status"}),
    ("exact", "status", "done", {"status"}),
    ("exact", "objective", 1.25, {"objective"}),
    ("exact", "bound", 9.0, {"bound"}),
    ("exact", "gap", 0.5, {"gap"}),
    ("exact", "terms/expected_utility", 1.25, {"terms"}),
    ("exact", "terms/more", 0.0, {"terms"}),
    ("exact", "levels/0/value", 1.25, {"levels"}),
    ("exact", "levels/0/bound", None, {"levels"}),
    ("exact", "levels", [], {"levels"}),
    ("exact", "violations", ["one"], {"violations"}),
    ("exact", "reasons", [{"constraint": "x", "text": "y"}], {"reasons"}),
    ("exact", "provenance/spec_sha256", "0" * 64, {"provenance"}),
    ("exact", "provenance/tables", {"t.csv": "0" * 64}, {"provenance"}),
    ("exact", "solution", None, {"solution"}),
    ("exact", "solution/more", 1, {"solution"}),
    ("exact", "solution/order_effect", DELETED, {"solution", "order"}),
    ("exact", "solution/posterior/a", 0.2, {"posterior"}),
    ("exact", "solution/posterior/d", 0.2, {"posterior"}),
    ("exact", "solution/posterior/a", DELETED, {"posterior"}),
    ("exact", "solution/intervals/a", [0.0, 1.0], {"intervals"}),
    ("exact", "solution/intervals/a", [0.5, 0.4], {"intervals"}),
    ("exact", "solution/joint_intervals", {}, {"intervals"}),
    ("exact", "solution/decision", "stop", {"decision", "objective"}),
    ("exact", "solution/decision", "stay", {"decision"}),
    ("exact", "solution/decisions/stay", 0.5, {"decision"}),
    ("exact", "solution/actions/wait", 0.1, {"decision"}),
    ("exact", "solution/actions/leave", 0.1, {"decision"}),
    ("exact", "solution/expected_utility/go", 1.0, {"utility"}),
    ("exact", "solution/expected_utility_intervals/go", [0.0, 1.0], {"utility"}),
    ("exact", "solution/evidence_probability", 0.25, {"evidence"}),
    ("exact", "solution/log_evidence_probability", -1.5, {"evidence"}),
    ("exact", "solution/interference/stay", 0.0, {"interference"}),
    ("exact", "solution/order_effect", 0.0, {"order"}),
    ("exact", "solution/order_pair", None, {"order"}),
    ("exact", "solution/order_pair", ["f", "e"], {"order"}),
    ("exact", "solution/shots", 100, {"counts"}),
    ("exact", "solution/accepted", 1, {"counts"}),
    ("exact", "solution/counts", {"a": 1}, {"counts"}),
    ("exact", "solution/pruned", {"paths": 1, "error": 0.0}, {"pruned"}),
    ("exact", "solution/pruned/error", 0.1, {"pruned"}),
    ("exact", "solution/mitigation", {}, {"mitigation"}),
    ("exact", "solution/reconstructed", {}, {"reconstructed"}),
    ("exact", "solved_by", "statevector", {"attempts"}),
    ("exact", "attempts/0/objective", 9.0, {"attempts"}),
    ("exact", "attempts/0/bound", 0.1, {"attempts"}),
    ("exact", "attempts/0/distance", 0.1, {"attempts"}),
    ("exact", "attempts/0/status", "feasible", {"attempts"}),
    ("exact", "attempts/0/seconds", -1, {"attempts"}),
    ("exact", "attempts", [], {"attempts"}),
    ("exact", "fallback", {"from": "x", "to": "exact", "reason": "r"}, {"attempts"}),
    ("exact", "compiled/kind", "qubo", {"compiled"}),
    ("exact", "compiled/scope", "some", {"compiled"}),
    ("exact", "compiled/variables", 1, {"compiled"}),
    ("exact", "compiled/sha256", "0", {"compiled"}),
    ("exact", "compiled/distance", 0.01, {"compiled"}),
    ("exact", "state", {}, {"state"}),
    ("measured", "status", "optimal", {"status"}),
    ("measured", "solution/counts/a", 1, {"counts"}),
    ("measured", "solution/counts", None, {"counts"}),
    ("measured", "solution/accepted", 501, {"counts"}),
    ("measured", "solution/posterior/a", 0.25, {"posterior"}),
    ("measured", "solution/intervals/a/0", 0.0, {"intervals"}),
    ("measured", "solution/joint_intervals/a/0", 0.0, {"intervals"}),
    ("measured", "solution/joint_intervals", None, {"intervals"}),
    ("measured", "solution/expected_utility_intervals/go/1", 3.0, {"utility"}),
    ("measured", "attempts/0/shots", 499, {"attempts"}),
    ("measured", "attempts/0/feasible_fraction", 0.5, {"attempts"}),
    ("measured", "attempts/0/gain_over_random", 0.5, {"attempts"}),
    ("measured", "attempts/0/gain_over_classical_same_time", 0.5, {"attempts"}),
    ("measured", "compiled/variables", 40, {"compiled"}),
    ("pruned", "solution/pruned/paths", 1, {"pruned"}),
    ("pruned", "solution/posterior/c", 0.1, {"posterior"}),
    ("impossible", "status", "unknown", {"status", "reasons"}),
    ("impossible", "status", "optimal", {"solution"}),
    ("impossible", "reasons", [], {"reasons"}),
    ("impossible", "reasons/0/text", "", {"reasons"}),
    ("impossible", "objective", 1.0, {"objective"}),
    ("impossible", "bound", 1.0, {"bound"}),
    ("impossible", "levels", [{}], {"levels"}),
    ("impossible", "terms", {"probability": 1.0}, {"terms"}),
    ("impossible", "compiled", {}, {"compiled"}),
    ("impossible", "solved_by", "exact", {"attempts"}),
    ("tomography", "solution/reconstructed", None, {"reconstructed"}),
    ("tomography", "solution/reconstructed/purity", 0.5, {"reconstructed"}),
    ("tomography", "solution/reconstructed/fidelity", 0.5, {"reconstructed"}),
    ("tomography", "solution/reconstructed/trace_distance", 0.5, {"reconstructed"}),
    ("tomography", "solution/reconstructed/rho/real/0/0", 0.1, {"reconstructed"}),
    ("tomography", "solution/reconstructed/paths", ["a"], {"reconstructed"}),
    ("shadows", "solution/reconstructed/observables/X/exact", 0.1, {"reconstructed"}),
    ("shadows", "solution/reconstructed/observables/X", DELETED, {"reconstructed"}),
    ("shadows", "solution/reconstructed/qubits", 2, {"reconstructed"}),
    ("network", "solution/posterior/no", 0.5, {"posterior"}),
    ("network", "solution/log_evidence_probability", -0.1, {"evidence"}),
    ("mitigated", "solution/mitigation/methods", ["magic"], {"mitigation"}),
    ("mitigated", "solution/mitigation/raw/a", 0.5, {"mitigation"}),
    ("mitigated", "solution/mitigation/distance", 0.5, {"mitigation"}),
    ("mitigated", "solution/mitigation/distance_raw", 0.5, {"mitigation"}),
    ("mitigated", "solution/mitigation", None, {"counts"}),
    ("mitigated", "solution/intervals/a", [0.0, 0.1], {"intervals"}),
    ("mitigated", "solved_by", "statevector", {"mitigation"}),
    ("learned", "state", None, {"state"}),
    ("learned", "state/file", "other.json", {"state"}),
    ("learned", "state/events", -1, {"state"}),
    ("learned", "state/priors/a", 0.5, {"state"}),
    ("learned", "state/reliabilities/e", 0.5, {"state"}),
]


@pytest.mark.parametrize(("name", "field", "value", "kinds"), MUTATIONS)
def test_mutation_is_found(made: Made, name: str, field: str, value: Any, kinds: set[str]) -> None:
    """One field with another value is found out, and of its kind."""
    spec, result = made(name)
    assert kinds <= {found.kind for found in check_result(changed(result, field, value), spec)}


def test_every_kind_is_told() -> None:
    """There is a mutation for each kind of discrepancy, and none of a kind that is not listed."""
    assert set().union(*(kinds for *_, kinds in MUTATIONS)) == set(DISCREPANCIES)


#: What nothing in a spec or in the result itself says.
FREE = ("seconds", "depth", "two_qubit", "rounds", "version", "line")


@pytest.mark.parametrize("name", ["exact", "measured", "pruned", "impossible", "network", "learned"])
def test_every_figure_counts(made: Made, name: str) -> None:
    """A figure that is off by a thousandth, or a count by one, is found out wherever it stands."""
    spec, result = made(name)
    missed = []
    for field, value in list(fields(result)):
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if field.rpartition("/")[2] in FREE or field == "state/events":
            continue
        if field == "compiled/distance" or (field == "compiled/variables" and name != "measured"):
            continue  # circuits may have more qubits than they must, and be off by rounding
        other = value + 1 if isinstance(value, int) else value + 1e-3 * max(1e-3, abs(value))
        if not check_result(changed(result, field, other), spec):
            missed.append(field)
    assert not missed


def test_false_posteriors_are_found(made: Made) -> None:
    """A posterior that fits its own counts and figures but not the spec is found out by what is computed."""
    other = {**DATA, "paths": [{**row, "prior": p} for row, p in zip(DATA["paths"], (0.1, 0.2, 0.7), strict=True)]}
    for engine in ("exact", "statevector"):
        spec, _ = made("exact" if engine == "exact" else "measured")
        _, result, _ = solved(other, engine, shots=5000)
        result["provenance"]["spec_sha256"] = spec.source.sha256
        kinds = {found.kind for found in check_result(result, spec)}
        assert ("posterior" if engine == "exact" else "counts") in kinds
        assert {"evidence", "interference", "bound"} <= kinds


def test_equal_decisions_stand_for_each_other() -> None:
    """Of decisions with the same probability either may be taken."""
    data = {"kind": "reason", "version": 1, "paths": [{"id": "a"}, {"id": "b"}], "evidence": []}
    spec, result, _ = solved(data)
    assert check_result(changed(result, "solution/decision", "b"), spec) == []
    assert check_result(changed(result, "solution/decision", "c"), spec)


def test_product_formula() -> None:
    """A circuit that evolves step by step may be off the posterior, by as much as it says."""
    data = PAIR | {"reconstruct": "none", "context": PAIR["context"] | {"trotter": 1, "time": 2.5}}
    spec, result, _ = solved(data, "statevector", shots=5000)
    assert result["compiled"]["distance"] > 1e-3
    assert check_result(result, spec) == []
    assert {"compiled"} == {f.kind for f in check_result(changed(result, "compiled/distance", 1.5), spec)}


def test_state_of_paths_that_are_not_coupled() -> None:
    """Fields turn the phases of a state that is reconstructed, also where no chance changes."""
    data = PAIR | {"context": {"couplings": [], "fields": {"a": 0.9}, "time": 1.3}, "coherence": 0.8}
    spec, result, _ = solved(data, "statevector", shots=2000)
    assert check_result(result, spec) == []


def test_another_spec(made: Made) -> None:
    """A result of other paths is found out, in words that fit a line."""
    spec, _ = made("exact")
    _, result = made("network")
    found = check_result(result, spec)
    assert any(row.field == "solution.posterior.'a'" for row in found)
    assert all(isinstance(row, Discrepancy) and len(str(row)) < 400 for row in found)


def test_learned_priors() -> None:
    """A run that took priors and reliabilities from a state file is judged by those that its result tells."""
    spec = reason_from_data(PAIR | {"reconstruct": "none", "state": "s.json"})
    prior, reliability = np.array([0.9, 0.1]), np.array([0.5])
    run = replace(
        spec, paths=replace(spec.paths, prior=prior), evidence=replace(spec.evidence, reliability=reliability)
    )
    _, result, _ = solved(run, compiled=False)
    state: Result = {"file": "s.json", "events": 3, "priors": {"a": 0.9, "b": 0.1}, "reliabilities": {"e": 0.5}}
    result["state"] = state
    assert check_result(result, as_learned(result, spec)) == []
    assert check_result(result, spec)
    for field, value in (
        ("priors/a", 0.8), ("priors/a", -1), ("priors/a", 10**400), ("priors/a", None), ("priors", []),
        ("reliabilities/e", 0.6), ("reliabilities/e", -1), ("reliabilities/e", 1e9), ("reliabilities/e", DELETED),
    ):  # fmt: skip
        other = changed(result, f"state/{field}", value)
        assert check_result(other, as_learned(other, spec)), field
    assert as_learned(result, replace(spec, state=None)).paths.prior.tolist() == spec.paths.prior.tolist()


def test_notes_say_what_was_not_recomputed() -> None:
    """Where too many paths are coupled the checker says that it computed no posterior, and finds the rest."""
    names = [f"p{i}" for i in range(520)]
    spec = reason_from_data({
        "kind": "reason", "version": 1, "paths": [{"id": name} for name in names],
        "evidence": [{"id": "e", "likelihood": {"p0": 0.5}, "otherwise": 0.1}],
        "context": {"couplings": [[a, b, 0.1] for a, b in pairwise(names)]},
    })  # fmt: skip
    spec, result, _ = solved(spec, compiled=False)
    checked = compare_result(result, spec)
    assert checked.found == []
    (note,) = checked.notes
    assert "not computed a second time: 520 paths are coupled" in note
    for field, value in (("objective", 0.9), ("gap", 0.1), ("solution/posterior/p3", 0.4), ("solution/decision", "p9")):
        assert check_result(changed(result, field, value), spec), field
    spec, result, _ = solved(reason_from_data(DATA))
    assert compare_result(result, spec).notes == []


def test_the_room_is_its_own() -> None:
    """The checker imports nothing of the search, nor of what writes results."""
    folder = Path(room.__file__).parent
    allowed = ("qamctl.reason.spec", "qamctl.reason.check", "qamctl.reason.network.check", "qamctl.checks")
    others = ("qamctl.quantum.compare", "qamctl.errors")
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                if name.startswith("qamctl"):
                    assert name.startswith(allowed) or name in others, (path.name, name)
