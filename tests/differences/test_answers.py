"""Differences of assignments, posteriors, counts and samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qamctl.differences import clusters, samples, shares
from qamctl.errors import SpecError

PLACES = (Path("/old/result.json"), Path("/new/result.json"))


def agents(**places: str | None) -> dict[str, Any]:
    return {"assignments": [{"agent": agent, "cluster": cluster} for agent, cluster in places.items()]}


def test_every_agent_that_changed_is_told() -> None:
    """Moved, placed, left out, added, dropped; those who lost something first."""
    before = agents(a="c1", b="c1", c=None, d="c2", e="c1")
    after = agents(a="c1", b="c2", c="c1", d=None, f="c2")
    found = clusters.changes_of(before, after, PLACES)
    assert [(one.id, one.what[0]) for one in found.rows] == [
        ("e", "dropped"), ("d", "left out"), ("f", "added"), ("c", "placed"), ("b", "moved"),
    ]  # fmt: skip
    assert found.counts["unchanged"] == 1
    assert found.fields == ("cluster",)


def test_other_devices_are_a_change() -> None:
    """Of an agent that stays where it is."""
    one = {"assignments": [{"agent": "a", "cluster": "c", "devices": {"gpu": [0]}}]}
    other = {"assignments": [{"agent": "a", "cluster": "c", "devices": {"gpu": [1]}}]}
    found = clusters.changes_of(one, other, PLACES)
    assert [(row.what, row.before, row.after) for row in found.rows] == [
        (("other devices",), {"cluster": "c", "devices": {"gpu": [0]}}, {"cluster": "c", "devices": {"gpu": [1]}})
    ]
    assert found.fields == ("cluster", "devices")


def test_a_table_of_agents_is_read(tmp_path: Path) -> None:
    """An empty cell is nowhere."""
    for name, place in (("old", ""), ("new", "c1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "assignments.csv").write_text(f"agent,cluster\na,{place}\n")
    block = {"assignments": {"table": "assignments.csv"}}
    found = clusters.changes_of(block, block, (tmp_path / "old" / "result.json", tmp_path / "new" / "result.json"))
    assert [(row.id, row.what) for row in found.rows] == [("a", ("placed",))]


POSTERIORS = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 9), min_size=1)


@given(POSTERIORS, POSTERIORS)
def test_shares_are_told_by_how_far_they_moved(one: dict[str, int], other: dict[str, int]) -> None:
    """The largest first; half of all moves is the total variation, between 0 and 1."""
    old, new = ({name: n / sum(side.values()) for name, n in side.items()} for side in (one, other))
    found = shares.posteriors({"posterior": old}, {"posterior": new}, PLACES)
    moves = [abs(row.change or 0) for row in found.rows]
    assert moves == sorted(moves, reverse=True)
    assert found.counts["total_variation"] == pytest.approx(sum(moves) / 2, abs=1e-11)
    assert 0 <= found.counts["total_variation"] <= 1
    counted = shares.counts({"counts": one}, {"counts": other}, PLACES)
    assert {row.id: row.change for row in counted.rows} == pytest.approx({row.id: row.change for row in found.rows})


def test_a_table_of_paths_is_read(tmp_path: Path) -> None:
    """As very many paths have it."""
    (tmp_path / "posterior.csv").write_text("path,probability,low,high\na,0.25,0,1\nb,0.75,0,1\n")
    file = tmp_path / "result.json"
    found = shares.posteriors({"posterior": {"table": "posterior.csv"}}, {"posterior": {"a": 1.0}}, (file, file))
    assert {row.id: row.change for row in found.rows} == {"a": 0.75, "b": -0.75}
    (tmp_path / "posterior.csv").write_text("path,probability\na,much\n")
    with pytest.raises(SpecError, match="is none of paths and probabilities"):
        shares.posteriors({"posterior": {"table": "posterior.csv"}}, {"posterior": {}}, (file, file))


def test_variables_are_told_apart_by_their_labels() -> None:
    """Flipped, added and dropped ones, in whatever order they stand."""
    before = {"variables": ["x", "y", "z"], "sample": [0, 1, 1]}
    after = {"variables": ["w", "y", "x"], "sample": [1, 0, 0]}
    found = samples.changes_of(before, after, PLACES)
    assert [(row.id, row.what[0]) for row in found.rows] == [("z", "dropped"), ("w", "added"), ("y", "flipped")]
    assert found.counts == {"dropped": 1, "added": 1, "flipped": 1, "unchanged": 1}


@pytest.mark.parametrize(
    ("compare", "block"),
    [
        (clusters.changes_of, {}), (clusters.changes_of, {"assignments": [{"agent": 7}]}),
        (shares.posteriors, {}), (shares.posteriors, {"posterior": {"a": "b"}}),
        (shares.posteriors, {"posterior": {"table": "none.csv"}}),
        (shares.counts, {}), (shares.counts, {"counts": {"0": None}}),
        (samples.changes_of, {}), (samples.changes_of, {"variables": ["x"], "sample": []}),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused(compare: Callable[..., Any], block: dict[str, Any]) -> None:
    """With the file that holds it."""
    with pytest.raises(SpecError, match=r"/old/result\.json: "):
        compare(block, block, PLACES)
