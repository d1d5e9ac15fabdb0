"""docs/results.md speaks of every field that a run writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qamctl.pipeline import run, run_schedule

ROOT = Path(__file__).parent.parent


def test_every_field_is_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each key of the result, its blocks, and the metrics stands on the page as code."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    report = run_schedule(str(ROOT / "problems" / "schedule-night-batch.yaml"), {"max_steps": 200, "threads": 1})
    result, metrics = report.result, report.metrics
    blocks = [result, metrics, result["levels"][0], result["solution"], result["solution"]["assignments"][0]]
    blocks += [result["attempts"][0], result["compiled"], result["provenance"], metrics["model"], metrics["seconds"]]
    blocks += [metrics["credits"], metrics["communication"], metrics["cache"]]
    named = set(re.findall(r"`(\w+)`", (ROOT / "docs" / "results.md").read_text()))
    assert {key for block in blocks for key in block} - named == set()


def test_every_field_of_a_circuit_is_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each key of a circuit's result and metrics stands on the page as code."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    options = {"backend": ("noisy", "statevector"), "shots": 50}
    report = run("circuit", str(ROOT / "problems" / "circuit-ising.yaml"), options)
    result, metrics = report.result, report.metrics
    blocks = [result, result["levels"][0], result["terms"], result["solution"], result["solution"]["expectation"]]
    blocks += [result["solution"]["settings"][0], result["attempts"][0], metrics["model"]]
    options = {"backend": ("noisy",), "shots": 50, "mitigate": ["readout", "zne"]}
    mitigation = run("circuit", str(ROOT / "problems" / "circuit-ising.yaml"), options).result["solution"]["mitigation"]
    blocks += [mitigation, mitigation["points"][0]]
    named = set(re.findall(r"`([\w.]+)`", (ROOT / "docs" / "results.md").read_text()))
    compared = {key for key in metrics["search"]["statevector"] if key not in ("branches", "simulated_qubits")}
    assert {key for block in blocks for key in block} | compared <= named


def test_every_field_of_clusters_is_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each key of a cluster's result, and of the figures of its clusters before and after."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    options = {"backend": ("assignment",), "max_steps": 2000, "threads": 1}
    report = run("cluster", str(ROOT / "problems" / "cluster-services.yaml"), options)
    result, metrics = report.result, report.metrics
    block, solution = metrics["clusters"], result["solution"]
    blocks = [result, metrics, solution, solution["assignments"][0], solution["clusters"][0], solution["moves"][0]]
    blocks += [metrics["model"], metrics["utilisation"], metrics["communication"], block, block["moves"]]
    blocks += [block["after"], block["after"]["size"], block["after"]["resources"]["cpu"], block["rows"][0]]
    blocks += [block["rows"][0]["before"]]
    named = set(re.findall(r"`([\w.]+)`", (ROOT / "docs" / "results.md").read_text()))
    assert {key for part in blocks for key in part} - named == set()


def test_every_field_of_decisions_is_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each key of a decision's result and metrics, computed, measured, and of a network."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    blocks = []
    for name in ("reason-incident.yaml", "reason-sprinkler.yaml"):
        report = run("reason", str(ROOT / "problems" / name), {"backend": ("statevector",), "shots": 200})
        result, metrics = report.result, report.metrics
        blocks += [result, metrics, result["solution"], result["terms"], result["attempts"][0], result["compiled"]]
        blocks += [result["solution"]["pruned"], metrics["model"], metrics["search"]["statevector"]["circuit"]]
        blocks.append({key: 0 for key in metrics["search"]["statevector"] if key not in SIMULATION})
    named = set(re.findall(r"`([\w.]+)`", (ROOT / "docs" / "results.md").read_text()))
    assert {key for block in blocks for key in block} - named == set()


#: Figures of the simulator, which circuits.md speaks of.
SIMULATION = ("branches", "simulated_qubits", "method")
