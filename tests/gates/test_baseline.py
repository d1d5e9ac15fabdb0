"""A baseline: only a result that can be compared is one, and answers are compared level by level."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.results import earlier, result
from support.runs import make_source

from qamctl.errors import QamError, SpecError, UsageError
from qamctl.gates.aims import Aims
from qamctl.gates.baseline import Baseline, read_baseline
from qamctl.spec.source import Source

TWO = ({"makespan": 5.0}, {"tardiness": 3.0, "cost": 2.0})
AIMS = Aims(("makespan", "tardiness", "cost"), ({"makespan": 1.0}, {"tardiness": 1.0, "cost": 1.0}))


def baseline(*levels: float, sense: str = "min") -> Baseline:
    return Baseline(earlier(result()), levels, sense, True)


@pytest.mark.parametrize(
    ("mine", "verdict", "level"),
    [
        ((5, 5), "same", None), ((4, 9), "better", 0), ((6, 0), "worse", 0), ((5, 4), "better", 1),
        ((5, 6), "worse", 1), ((5, 5 + 1e-14), "same", None), ((5, 5 + 1e-6), "worse", 1),
    ],
)  # fmt: skip
def test_levels_are_compared_one_after_the_other(mine: tuple[float, ...], verdict: str, level: int | None) -> None:
    """The first one that differs by more than rounding decides; a maximum the other way round."""
    assert baseline(5, 5).verdict(mine) == (verdict, level)
    turned = {"better": "worse", "worse": "better", "same": "same"}[verdict]
    assert baseline(5, 5, sense="max").verdict(mine) == (turned, level)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=4))
def test_the_verdict_turns_with_the_sides(levels: list[tuple[int, int]]) -> None:
    """Whoever is better, the other one is worse, by the same level."""
    one, other = zip(*levels, strict=True)
    turned = {"better": "worse", "worse": "better", "same": "same"}
    verdict, level = baseline(*other).verdict(one)
    assert baseline(*one).verdict(other) == (turned[verdict], level)
    assert (verdict == "better") == (one < other)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """The problem's file."""
    return make_source(tmp_path)


def read(tmp_path: Path, source: Source, data: Any, aims: Aims = AIMS, kind: str = "schedule") -> Baseline:
    """The baseline that a file holds."""
    file = tmp_path / "old.json"
    file.write_text(json.dumps(data))
    return read_baseline(tmp_path / "state", str(file), kind=kind, name="plan", aims=aims, source=source)


def test_a_result_of_the_same_objective_is_a_baseline(tmp_path: Path, source: Source) -> None:
    """With its values, and whether it answers the very same files."""
    found = read(tmp_path, source, result(levels=TWO))
    assert (found.levels, found.sense, found.same_spec) == ((5.0, 5.0), "min", False)
    told = {"spec_sha256": source.sha256, "tables": {}, "options": {}}
    assert read(tmp_path, source, result(levels=TWO, provenance=told)).same_spec
    block = found.block([5.0, 4.0])
    assert (block["verdict"], block["level"], block["same_spec"]) == ("better", 2, False)
    assert (found.block(None)["verdict"], found.block(None)["level"]) == (None, None)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"levels": [{"terms": {"cost": 1}, "value": 1}]}, "has another objective: it is cost, and"),
        ({"levels": []}, "has another objective: it is nothing, and .* has makespan, then tardiness . cost; name a"),
        ({"levels": None}, "does not say what its objective levels are"),
        ({"levels": [{"terms": {"makespan": "5"}, "value": 5}]}, "does not say what its objective levels are"),
        ({"levels": [7]}, "does not say what its objective levels are"),
        ({"kind": "cluster"}, "is the result of a cluster: name one of a schedule"),
        ({"solution": None}, "holds no answer"),
        ({"gates": [{"gate": "gap<=0", "value": 1, "met": False}]}, "did not meet its own gate gap<=0: name a result"),
        ({"sense": "max"}, "is maximised, that of .* minimised: name a result of the same sense"),
    ],
)
def test_what_can_not_be_compared_is_refused(
    tmp_path: Path, source: Source, change: dict[str, Any], says: str
) -> None:  # fmt: skip
    """Before the search, with what to do: exit code 3."""
    with pytest.raises(SpecError, match=says):
        read(tmp_path, source, result(levels=TWO) | change)


def test_other_weights_are_another_objective(tmp_path: Path, source: Source) -> None:
    """They are not in a result, and its values tell them."""
    aims = Aims(AIMS.terms, ({"makespan": 1.0}, {"tardiness": 2.0, "cost": 1.0}))
    with pytest.raises(SpecError, match=r"its level 2 is 5\.0, and 8 by the weights of .*plan\.yaml; name a result"):
        read(tmp_path, source, result(levels=TWO), aims)


@pytest.mark.parametrize(("ref", "error"), [("latest", UsageError), ("nothing", UsageError), ("/", UsageError)])
def test_a_baseline_that_is_not_there(tmp_path: Path, source: Source, ref: str, error: type[QamError]) -> None:
    """A slip is exit code 2, and names the option."""
    with pytest.raises(error, match=r"no run"):
        read_baseline(tmp_path / "state", ref, kind="schedule", name="plan", aims=AIMS, source=source)


def test_what_is_not_ranked_has_no_baseline(tmp_path: Path, source: Source) -> None:
    """One measured mean is not better than another."""
    with pytest.raises(UsageError, match="one answer of a circuit is not better than another"):
        read(tmp_path, source, result("circuit"), Aims(("observable",)), "circuit")
