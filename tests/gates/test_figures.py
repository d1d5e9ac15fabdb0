"""The figures of a result, of every kind that the pipeline runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.results import result

from qamctl import pipeline
from qamctl.gates.aims import Aims
from qamctl.gates.figures import EVERY, FURTHER, figures_of, left_out, value_of

PROBLEMS = Path(__file__).parents[2] / "problems"

#: An example of each kind, a short run of it, and figures that its result must have.
RUNS = {
    "schedule": ("schedule-ft06.yaml", {"backend": ("list-search",), "max_steps": 20}, ("makespan", "left_out")),
    "cluster": ("cluster-services.yaml", {"backend": ("assignment",), "max_steps": 200}, ("cut", "moves", "blocked")),
    "reason": ("reason-incident.yaml", {}, ("decision", "expected_utility", "evidence_probability", "order_effect")),
    "model": ("model-ring.qubo", {"max_steps": 100}, ("objective", "energy")),
    "circuit": ("circuit-ising.yaml", {"shots": 50}, ("observable", "shots")),
}


@pytest.mark.parametrize("kind", RUNS)
def test_every_kind_has_its_figures(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each named figure has a value in a real result, and may be spoken of; the terms are all that the result has."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    name, options, wanted = RUNS[kind]
    path = str(PROBLEMS / name)
    part = pipeline.load(kind)
    aims = part.aims(part.read(path, options, profile=None, config_file=None))
    found = pipeline.run(kind, path, {"threads": 1, **options}).result
    known = figures_of(kind, aims)
    assert set(found["terms"]) <= set(aims.terms)
    assert {*EVERY, *aims.terms, *FURTHER[kind], *wanted} == set(known) | set(wanted)
    assert set(wanted) <= set(known)
    for figure in (*wanted, "status", "seconds"):
        assert value_of(figure, found, 1.5, {}) is not None
    levels = [level["terms"].keys() for level in found["levels"]]
    assert not aims.objective or levels == [level.keys() for level in aims.objective]


def test_a_figure_that_is_not_there_is_none() -> None:
    """Of a result without an answer, of a term that the kind knows and the result does not have."""
    nothing = result(levels=(), solution=None, bound=None, gap=None)
    for figure in ("objective", "bound", "gap", "makespan", "left_out", "moves", "decision"):
        assert value_of(figure, nothing, 0, {}) is None
    assert value_of("status", nothing, 0, {}) == "feasible"
    assert value_of("reasoning", result(), 0, {}) is None
    assert value_of("seconds", nothing, 2.5, {}) == 2.5


def test_rows_beside_the_result_are_counted() -> None:
    """A table of very many tasks that were left out; line ends within an id do not count."""
    table: Any = {"unscheduled": {"table": "u.csv", "sha256": "..."}}
    assert left_out(result(solution=table), {"u.csv": b'task\na\n"b\nc"\n'}) == 2
    assert left_out(result(solution={"unscheduled": ["a", "b", "c"]}), {}) == 3
    assert left_out(result(solution=None), {}) is None


def test_names_come_once() -> None:
    """The only term of a model is its objective."""
    assert figures_of("model", Aims(("objective",))).count("objective") == 1
