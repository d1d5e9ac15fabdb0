"""`qamctl backends`: engines here, targets there, by our data and as the service tells them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.azure_room import azure
from support.command_line import Run

from qamctl.azure.targets import known


def test_engines_and_targets_without_the_network(run: Run, tmp_path: Path) -> None:
    """Every engine of this machine, and every target that is not retired, with qubits, profile and price."""
    ran = run("backends", "-o", "json")
    assert ran.code == 0, ran.err
    engines = {row["name"]: row for row in ran.json["engines"]}
    assert {"list-search", "cpsat", "anneal", "qaoa", "statevector"} <= engines.keys()
    assert engines["qaoa"]["quantum"]
    targets = {row["id"]: row for row in ran.json["targets"]}
    assert targets.keys() == {id for id, target in known().items() if not target.retired}
    simulator, machine = targets["ionq.simulator"], targets["ionq.qpu.forte-1"]
    assert (simulator["qubits"], simulator["profile"], simulator["price"]["text"]) == (29, "base", "free")
    assert "availability" not in simulator
    assert machine["qpu"]
    assert machine["price"]["formula"] == "gate-shots"
    assert not machine["price"]["verified"]
    assert not (tmp_path / "state").exists()


def test_the_page(run: Run) -> None:
    """Two tables and the prices in words; no line is wider than the page."""
    page = run("backends")
    assert page.code == 0
    assert "list-search" in page.out
    assert "not verified by a bill" in page.out
    assert all(len(line) <= 80 for line in page.out.splitlines())


def test_an_engine_whose_package_is_missing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is listed as not ready, with what to install."""
    monkeypatch.setitem(sys.modules, "qiskit_aer", None)
    row = next(row for row in run("backends", "-o", "json").json["engines"] if row["name"] == "noisy")
    assert not row["ready"]
    assert "pip install" in row["why"]


def test_prices_of_ones_own(run: Run, room: Path) -> None:
    """A file of prices holds in place of ours."""
    (room / "p.toml").write_text('["ionq.qpu.forte-1"]\nminimum = 1.5\nminimum_mitigated = 2.5\n')
    (room / "qamctl.toml").write_text('prices = "p.toml"\n')
    rows = {row["id"]: row for row in run("backends", "-o", "json").json["targets"]}
    assert rows["ionq.qpu.forte-1"]["price"]["coefficients"]["minimum"] == 1.5
    (room / "p.toml").write_text('["ionq.qpu.forte-1"]\nminimum = -1\n')
    assert run("backends").code == 3


def test_live(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """--live shows what the service lists today, with availability and queue times; without a workspace it is 6."""
    assert run("backends", "--live").code == 6
    with azure() as cloud:
        monkeypatch.setenv(*next(iter(cloud.environ().items())))
        ran = run("backends", "--live", "-o", "json")
        assert ran.code == 0, ran.err
        rows = {row["id"]: row for row in ran.json["targets"]}
        assert rows["ionq.simulator"]["availability"] == "Available"
        assert rows["ionq.simulator"]["queue_seconds"] >= 0
        assert "Available" in run("backends", "--live").out
