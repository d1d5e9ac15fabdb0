"""Two results of any kind: figures, terms, which one is better, and what their answers differ in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.results import earlier, result, row

from qamctl.differences.between import between, difference
from qamctl.differences.compared import Difference, Figure
from qamctl.errors import SpecError, UsageError


def compare(old: Any, new: Any) -> Difference:
    return difference(earlier(old, "/old.json"), earlier(new, "/new.json"))


def test_the_same_answer_has_no_difference() -> None:
    """Whatever run found it, and however long it took."""
    found = compare(result(), result() | {"run": "another", "attempts": [{"seconds": 7}]})
    assert found.same
    assert (found.verdict, found.notes) == ("same", ())
    assert found.changes is not None
    assert found.changes.rows == []


@pytest.mark.parametrize("change", [{"status": "optimal"}, {"bound": 5}, {"terms": {"makespan": 5, "cost": 1}}])
def test_any_figure_makes_a_difference(change: dict[str, Any]) -> None:
    """Status, bound, a term that only one of them has."""
    assert not compare(result(), result() | change).same


def test_a_better_answer() -> None:
    """By the levels, of a maximum the other way round; terms with their change."""
    new = result(levels=({"makespan": 4},), solution={"assignments": [row("x", 0, 3, "a"), row("y", 3, 4, "a")]})
    found = compare(result(), new)
    assert (found.verdict, found.same) == ("better", False)
    assert found.data()["terms"] == [{"name": "makespan", "before": 5, "after": 4, "change": -1}]
    assert compare(new, result()).verdict == "worse"
    block = {"variables": ["x"], "sample": [0]}
    sides = [result("model", levels=({"objective": n},), sense="max", solution=block) for n in (1, 2)]
    assert compare(*sides).verdict == "better"


def test_objectives_that_differ_are_not_ranked() -> None:
    """Other terms, or another sense: a note says so."""
    for new in (result(levels=({"tardiness": 5},)), result() | {"sense": "max"}):
        found = compare(result(), new)
        assert found.verdict is None
        assert "their objectives differ" in found.notes[0]


def test_another_version_of_the_file_is_noted() -> None:
    """Their tasks may be others."""
    found = compare(result(), result(provenance={"spec_sha256": "1" * 64}))
    assert found.notes == ("they answer different versions of the problem file",)


def test_a_result_without_an_answer_has_no_changes() -> None:
    """Its figures are told, and that it has none."""
    found = compare(result(levels=(), solution=None, status="infeasible"), result())
    assert (found.changes, found.verdict, found.same) == (None, None, False)
    assert found.notes == ("the first one has no answer",)
    assert found.data()["changes"] is None


def test_kinds_are_not_mixed() -> None:
    """Exit code 3, with both files."""
    with pytest.raises(SpecError, match=r"/old\.json is the result of a schedule, and /new\.json that of a cluster"):
        compare(result(), result("cluster"))


def test_other_kinds_are_compared_by_their_figures() -> None:
    """Whatever they hold."""
    found = compare(result("hamiltonian"), result("hamiltonian") | {"gap": 0.5})
    assert found.changes is None
    assert {figure.name for figure in found.figures if figure.differs} == {"gap"}


@pytest.mark.parametrize(
    ("before", "after", "change", "differs"),
    [
        (1, 3, 2, True), (1, 1.0, 0, False), (0.3, 0.1 + 0.2, 0, False), (None, 1, None, True),
        (None, None, None, False), ("a", "b", None, True), ("a", "a", None, False), (True, 1, None, False),
    ],
)  # fmt: skip
def test_a_figure_changes_by_more_than_rounding(before: Any, after: Any, change: float | None, differs: bool) -> None:
    """Numbers have a change, words and null have none."""
    figure = Figure("x", before, after)
    assert (figure.change, figure.differs) == (change, differs)


def test_results_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file, or a run directory; what is none is told."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name, data in (("old", result()), ("new", result() | {"bound": 5})):
        (tmp_path / f"{name}.json").write_text(json.dumps(data))
    found = between(str(tmp_path / "old.json"), str(tmp_path / "new.json"))
    assert found.before.file == str(tmp_path / "old.json")
    assert not found.same
    with pytest.raises(UsageError, match="no run nowhere"):
        between(str(tmp_path / "old.json"), "nowhere")
    with pytest.raises(UsageError, match="no run latest"):
        between("latest", "latest")


@pytest.mark.parametrize(
    "change",
    [{"levels": 7}, {"levels": [7]}, {"levels": [{"value": "x"}]}, {"levels": [{"value": 5, "terms": 3}]},
     {"terms": [1]}, {"provenance": None}, {"run": 7}, {"solution": 7}, {"gap": {"deep": []}}],
)  # fmt: skip
def test_odd_fields_are_no_traceback(change: dict[str, Any]) -> None:
    """What can't be read of a result is as if it were not there."""
    assert json.dumps(compare(result(), result() | change).data())
