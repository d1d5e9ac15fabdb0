"""A model file's run beyond its search: what is compiled or refused, figures as JSON, the page of results."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from support.qubo_models import model_of

from qamctl import model_run
from qamctl.cli.views import model_page
from qamctl.errors import ExitCode
from qamctl.model_run import couplings_of, plain
from qamctl.model_task import make_question
from qamctl.pipeline import bench, dry_run, run_model
from qamctl.qubo.compile import compile_qubo
from qamctl.qubo.model import LE
from qamctl.qubo.penalties import sufficient_weights
from qamctl.validation import check_files

ROOT = Path(__file__).parent.parent

KNAPSACK = """\
kind: model
version: 1
name: knap
variables: [a, b, c]
linear: {a: -4, b: -3, c: -2.5}
quadratic: [[a, b, 0.5]]
groups: [[a, b]]
constraints: [{name: cap, terms: {a: 3, b: 2, c: 2}, sense: "<=", rhs: 4}]
"""


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A model with a group and a row."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "knap.yaml").write_text(KNAPSACK)
    return str(tmp_path / "knap.yaml")


def test_every_field_is_documented(model: str) -> None:
    """Each key of a model's result, its blocks, and its metrics stands on the page of results as code."""
    report = run_model(model, {"max_steps": 300, "reads": 3})
    result, metrics = report.result, report.metrics
    blocks = [result, metrics, result["levels"][0], result["solution"], result["attempts"][0], result["compiled"]]
    blocks += [metrics["model"], metrics["seconds"], result["terms"]]
    named = set(re.findall(r"`(\w+)`", (ROOT / "docs" / "results.md").read_text()))
    assert {key for block in blocks for key in block} - named == set()


def test_the_seconds_add_up_and_the_answer_checks(model: str, tmp_path: Path) -> None:
    """Phases add up to the total, and the result on disk is the one that was given back."""
    report = run_model(model, {"max_steps": 300, "result": tmp_path / "r.json"})
    seconds = report.metrics["seconds"]
    assert sum(v for k, v in seconds.items() if k != "total") == pytest.approx(seconds["total"], abs=1e-5)
    assert json.loads((tmp_path / "r.json").read_text()) == report.result
    assert check_files(str(tmp_path / "r.json"), model).found == []
    assert (report.exit_code, report.result["objective"]) == (ExitCode.OK, -5.5)


def test_a_qubo_too_large_for_the_time_is_refused(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the penalties would have too many couplings, the answer stands without a compiled block."""
    monkeypatch.setattr(model_run, "LEAST_COUPLINGS", 1)
    monkeypatch.setattr(model_run, "MOST_COUPLINGS", 2)
    report = run_model(model, {"max_steps": 300})
    assert report.exit_code == ExitCode.OK
    assert report.result["compiled"]["scope"] == "refused"
    assert "couplings" in report.result["compiled"]["reason"]
    assert dry_run(model, {}, kind="model")["compiled"]["scope"] == "estimate"


def test_the_estimate_is_no_less_than_the_qubo() -> None:
    """Couplings of groups and rows are estimated from above, slack bits aside."""
    rows = [({0: 1, 2: 1, 4: 1}, LE, 1)]
    model = model_of([1.0] * 6, [(0, 3, 2.0)], groups=[[0, 1, 2], [3, 4, 5]], rows=rows)
    assert couplings_of(make_question(model)) >= len(compile_qubo(model, sufficient_weights(model)).row)


def test_bench_gives_a_row_for_each_engine(model: str) -> None:
    """Engines are compared on a model, each with the whole budget."""
    rows = bench(model, ["exact", "cpsat"], {"max_steps": 2000}, kind="model")
    assert [(row["backend"], row["status"], row["objective"], row["gap"]) for row in rows] == [
        ("exact", "optimal", -5.5, 0.0), ("cpsat", "optimal", -5.5, 0.0),
    ]  # fmt: skip


def test_figures_as_json_holds_them() -> None:
    """numpy becomes numbers and lists, what is not finite becomes null, anything else its text."""
    value = {1: np.float64(2.5), "a": np.arange(2), "b": (float("inf"), float("nan")), "c": {"d": None}, "e": Path("x")}
    assert plain(value) == {"1": 2.5, "a": [0, 1], "b": [None, None], "c": {"d": None}, "e": "x"}
    json.dumps(plain(value), allow_nan=False)


def test_a_page_without_an_answer() -> None:
    """Where nothing was found the page says why, and a long sample is only counted."""
    nothing = {
        "kind": "model", "status": "unknown", "objective": None, "solution": None, "attempts": [],
        "reasons": [{"file": "m.lp", "line": None, "constraint": "cap", "text": "still broken by 2"}],
    }  # fmt: skip
    text = model_page(nothing, width=80, paint=lambda text, style: text)
    assert text == "Status: unknown\n\nWhy there is no feasible answer:\nm.lp: cap: still broken by 2"
    long = nothing | {"status": "feasible", "objective": 3, "reasons": [], "sense": "max"}
    long["solution"] = {"variables": [str(i) for i in range(99)], "sample": [1] * 99, "samples_file": None}
    text = model_page(long, width=80, paint=lambda text, style: text)
    assert "objective 3 (maximised), bound -" in text
    assert text.endswith("99 of 99 variables are 1")
