"""The checker of model results: what holds passes, and each single falsehood is found by its kind."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.model_results import asked, good_result

from qamctl.qubo.check_result import DISCREPANCIES, Asked, check_result

Change = Callable[[dict[str, Any]], object]


def put(path: str, value: object) -> Change:
    """Sets one field of a result."""

    def change(result: dict[str, Any]) -> None:
        place: Any = result
        *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        for part in way:
            place = place[part]
        place[last] = value

    return change


@pytest.mark.parametrize("sense", ["min", "max"])
def test_a_result_that_holds(sense: str) -> None:
    """Nothing is found in a right result, whichever way its objective is read."""
    assert check_result(good_result(sense), asked(sense)) == []


LIES = [
    ("schema", put("schema", "qamctl/result/2")),
    ("kind", put("kind", "schedule")),
    ("status", put("status", "solved")),
    ("status", put("status", "feasible")),
    ("status", put("status", "infeasible")),
    ("sense", put("sense", "max")),
    ("sense", put("sense", "best")),
    ("provenance", put("provenance", {"spec_sha256": "cd" * 32})),
    ("provenance", put("provenance", None)),
    ("violations", put("violations", ["x"])),
    ("solution", put("solution", None)),
    ("solution", put("solution", [0, 1, 0])),
    ("solution", put("solution.variables", ["x1", "x0", "x2"])),
    ("solution", put("solution.sample", [0, 1])),
    ("solution", put("solution.sample", [0, 2, 0])),
    ("solution", put("solution.sample", [False, True, False])),
    ("solution", put("solution.sample", "010")),
    ("solution", put("solution.sample", [0, 2**70, 0])),
    ("one-hot", put("solution.sample", [0, 0, 0])),
    ("constraint", put("solution.sample", [0, 1, 1])),
    ("objective", put("solution.sample", [1, 0, 0])),
    ("objective", put("objective", -3)),
    ("objective", put("objective", None)),
    ("objective", put("objective", "-2")),
    ("objective", put("objective", float("nan"))),
    ("objective", put("objective", 10**400)),
    ("energy", put("energy", 2)),
    ("terms", put("terms", {})),
    ("terms", put("terms.makespan", 3)),
    ("levels", put("levels", [])),
    ("levels", put("levels", None)),
    ("levels", put("levels.0.value", -1)),
    ("levels", put("levels.0.bound", -1)),
    ("bound", put("bound", -1)),
    ("bound", put("bound", "low")),
    ("status", put("bound", -3)),
    ("status", put("bound", None)),
    ("gap", put("gap", 0.5)),
    ("attempts", put("attempts", None)),
    ("attempts", put("attempts.0.objective", -3)),
    ("attempts", put("attempts.0.bound", -1)),
    ("attempts", put("solved_by", "tabu")),
    ("compiled", put("compiled.penalty", 3)),
    ("compiled", put("compiled.energy", -1)),
    ("compiled", put("compiled", "qubo")),
    ("samples", put("solution.samples_file", "nowhere.npz")),
    ("samples", put("solution.samples_file", "../samples.npz")),
    ("samples", put("solution.samples_file", 7)),
]


@pytest.mark.parametrize(("kind", "lie"), LIES, ids=[f"{kind}-{k}" for k, (kind, _) in enumerate(LIES)])
def test_a_falsehood_is_found(kind: str, lie: Change, tmp_path: Path) -> None:
    """One changed field is a discrepancy of its kind, told with its place."""
    result = copy.deepcopy(good_result())
    lie(result)
    found = check_result(result, asked(), tmp_path)
    assert kind in [one.kind for one in found]
    assert {one.kind for one in found} <= set(DISCREPANCIES)
    assert all(str(one).startswith(f"{one.kind}: {one.field}: ") for one in found)


def test_what_is_no_result() -> None:
    """Data that is no mapping is malformed, and never an exception."""
    assert [one.kind for one in check_result([], asked())] == ["malformed"]  # type: ignore[arg-type]
    assert check_result({}, asked()) != []


@pytest.mark.parametrize("status", ["infeasible", "unknown", "interrupted"])
def test_results_without_a_sample(status: str) -> None:
    """Where nothing was found there are no figures either."""
    nothing = good_result() | {
        "status": status, "solution": None, "objective": None, "bound": None, "gap": None, "energy": None,
        "levels": [], "terms": {}, "compiled": None, "solved_by": None,
    }  # fmt: skip
    assert check_result(nothing, asked()) == []
    assert [one.kind for one in check_result(nothing | {"objective": 1}, asked())] == ["objective"]


def test_many_broken_constraints_are_counted() -> None:
    """Twenty are told one by one, the rest as a number, each by the name that the file gives it."""
    from support.qubo_models import model_of

    model = model_of([0.0] * 60, groups=[[2 * k, 2 * k + 1] for k in range(30)])
    many = Asked(model, "min", "ab" * 32, "many.yaml", (), [f"g{k}" for k in range(30)])
    result = good_result() | {"solution": {"variables": list(model.labels), "sample": [0] * 60}}
    found = [one.text for one in check_result(result, many) if one.field == "solution.sample"]
    assert found[0] == "g0 is broken by 1"
    assert (len(found), found[-1]) == (21, "and 10 more are broken")


def arrays(**changes: object) -> dict[str, Any]:
    """A file of two samples of the small model."""
    right: dict[str, Any] = {
        "variables": np.array(["x0", "x1", "x2"]), "samples": np.array([[0, 1, 0], [0, 1, 1]], np.uint8),
        "energies": np.array([-2.0, 1.0]), "occurrences": np.array([3, 1]), "feasible": np.array([True, False]),
    }  # fmt: skip
    return right | changes


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, None),
        ({"variables": np.array(["a", "b", "c"])}, "other variables"),
        ({"energies": np.array([-2.0, 0.0])}, "sample 1 has the energy 1.0"),
        ({"feasible": np.array([True, True])}, "sample 1 has"),
        ({"samples": np.array([[0, 1], [1, 0]])}, "sample 0 has 2 values"),
        ({"samples": np.array([[None]], object)}, "can't be read"),
    ],
)
def test_the_file_of_samples(changes: dict[str, Any], word: str | None, tmp_path: Path) -> None:
    """Every sample beside the result is recomputed; pickled arrays are never opened."""
    np.savez(tmp_path / "samples.npz", **arrays(**changes))
    result = good_result()
    result["solution"]["samples_file"] = "samples.npz"
    found = [one.text for one in check_result(result, asked(), tmp_path) if one.kind == "samples"]
    assert [word in text for text in found] == ([] if word is None else [True])


def test_a_sample_better_than_the_answer(tmp_path: Path) -> None:
    """An answer that is worse than one of its own samples does not hold."""
    np.savez(tmp_path / "samples.npz", **arrays())
    worse = good_result() | {"status": "feasible", "objective": -1, "energy": -1, "gap": 1.0, "bound": -2}
    worse["solution"] = worse["solution"] | {"sample": [1, 0, 0], "samples_file": "samples.npz"}
    texts = [str(one) for one in check_result(worse, asked(), tmp_path)]
    assert any("better than the answer" in text for text in texts)
