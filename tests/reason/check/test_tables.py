"""Posteriors in tables beside a result, as results of very many paths have them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reason.check.cases import changed, solved

import qamctl.reason.check.measured
import qamctl.reason.result
from qamctl.reason.check import check_result
from qamctl.reason.read import reason_from_data
from qamctl.reason.spec import ReasonSpec

DATA = {
    "kind": "reason", "version": 1,
    "paths": [{"id": name, "prior": p} for name, p in zip("abcd", (4, 3, 2, 1), strict=True)],
    "evidence": [{"id": "e", "likelihood": {"a": 0.2, "b": 0.9, "c": 0.4, "d": 0.3}}],
}  # fmt: skip


def written(folder: Path, monkeypatch: pytest.MonkeyPatch, engine: str) -> tuple[ReasonSpec, dict[str, Any]]:
    """A result whose posterior stands in a table, as if four paths were very many."""
    monkeypatch.setattr(qamctl.reason.result, "MOST_ROWS", 3)
    monkeypatch.setattr(qamctl.reason.check.measured, "MOST_COUNTS", 3)
    spec, result, tables = solved(DATA, engine)
    for name, content in tables.items():
        (folder / name).write_bytes(content)
    return spec, result


@pytest.mark.parametrize("engine", ["exact", "statevector"])
def test_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    """The table is read, and holds; without its folder it can't be."""
    spec, result = written(tmp_path, monkeypatch, engine)
    assert result["solution"]["posterior"]["table"] == "posterior.csv"
    assert result["solution"]["counts"] is None
    assert check_result(result, spec, tmp_path) == []
    (found,) = check_result(result, spec)
    assert (found.kind, found.field) == ("posterior", "solution.posterior.table")


@pytest.mark.parametrize("engine", ["exact", "statevector"])
@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (",0.", ",0.0", "posterior"),
        ("a,", "z,", "posterior"),
        ("b,", "a,", "posterior"),
        ("high\n", "height\n", "intervals"),
        ("a,0", "a,x0", "posterior"),
        ("a,0", "a,1,0", "posterior"),
        ("a,0", "a,nan,0", "posterior"),
    ],
)
def test_table_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, old: str, new: str, kind: str
) -> None:
    """A table with other content is found out: by its hash, and by what it says."""
    spec, result = written(tmp_path, monkeypatch, engine)
    table = tmp_path / "posterior.csv"
    content = table.read_text().replace(old, new, 1).encode()
    assert content != table.read_bytes()
    table.write_bytes(content)
    assert "its hash differs" in str(check_result(result, spec, tmp_path)[0])
    for part in ("posterior", "intervals"):
        result = changed(result, f"solution/{part}/sha256", hashlib.sha256(content).hexdigest())
    assert kind in {row.kind for row in check_result(result, spec, tmp_path)}


def test_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table elsewhere, none, or one without a hash is not read."""
    spec, result = written(tmp_path, monkeypatch, "exact")
    for name in ("../posterior.csv", "none.csv", "", "/etc/passwd", 3, None):
        found = check_result(changed(result, "solution/posterior/table", name), spec, tmp_path)
        assert "posterior" in {row.kind for row in found}, name
    found = check_result(changed(result, "solution/intervals/sha256", None), spec, tmp_path)
    assert [row.kind for row in found] == ["intervals"]


def test_very_many_paths(tmp_path: Path) -> None:
    """Fifty-one thousand paths, six thousand of them in pairs, are checked whole."""
    n = 51_000
    rng = np.random.default_rng(1)
    names = [f"p{i}" for i in range(n)]
    spec = reason_from_data({
        "kind": "reason", "version": 1, "coherence": 0.5, "steps": ["e", "evolve", "e"],
        "paths": [{"id": name, "prior": p} for name, p in zip(names, rng.random(n).tolist(), strict=True)],
        "evidence": [{"id": "e", "likelihood": dict(zip(names, rng.random(n).tolist(), strict=True))}],
        "context": {"couplings": [[names[i], names[i + 1], 0.5] for i in range(0, 6_000, 2)], "time": 0.4},
    })  # fmt: skip
    spec, result, tables = solved(spec, compiled=False)
    (tmp_path / "posterior.csv").write_bytes(tables["posterior.csv"])
    assert check_result(result, spec, tmp_path) == []
