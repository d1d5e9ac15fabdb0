"""Schedules with calendars, crews and optional tasks as QUBOs: compiled, sampled, decoded and checked, or refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.command_line import Run

from qamctl.backends.exact import minimum
from qamctl.compiling import compiled_target, open_target

PLAN = """\
kind: schedule
version: 1
name: plan
agents:
  - {id: a, calendar: [[1, 2]], labels: {zone: n}}
  - {id: b, labels: {zone: s}}
tasks:
  - {id: t1, duration: 2, optional: true, reward: 3, apart: [t2]}
  - {id: t2, duration: 1, after: [t1]}
  - {id: t3, duration: 1, count: 2}
"""


@pytest.fixture(autouse=True)
def plan(room: Path) -> Path:
    """A schedule whose best answer takes four ticks, and one of which no QUBO holds the objective."""
    (room / "plan.yaml").write_text(PLAN + "objective: {makespan: 1, unscheduled: 1}\n")
    (room / "fair.yaml").write_text(PLAN + "objective: {balance: 1}\n")
    return room


@pytest.mark.parametrize("backend", ["exact", "anneal", "qaoa"])
def test_engines_of_qubos_take_such_schedules(run: Run, room: Path, backend: str) -> None:
    """The answer is optimal, its energy is the checked objective without a penalty, and `exact` proves it."""
    ran = run("schedule", "plan.yaml", "--backend", backend, "--max-steps", "2000", "--result", "result.json")
    assert ran.code == 0
    result = json.loads((room / "result.json").read_text())
    assert (result["objective"], result["compiled"]["energy"], result["compiled"]["penalty"]) == (4, 4, 0)
    assert (result["status"] == "optimal") == (backend == "exact")
    assert [attempt["status"] for attempt in result["attempts"] if attempt["backend"] == backend] != ["skipped"]
    assert run("check", "result.json", "plan.yaml").code == 0


def test_samples_become_such_a_schedule_again(run: Run, room: Path) -> None:
    """The state of least energy is the optimum; one of all zeros is repaired."""
    assert run("compile", "plan.yaml", "--to", "qubo", "--file", "plan.qubo").code == 0
    assert '"t1:out"' in (room / "plan.qubo").read_text()
    compiled, _ = compiled_target(open_target("plan.yaml", {}))
    best = (minimum(compiled) >> np.arange(compiled.n) & 1).astype(np.uint8)
    found = {}
    for name, sample in (("best", best), ("broken", np.zeros_like(best))):
        np.save(room / f"{name}.npy", sample[None, :])
        assert run("decode", "plan.yaml", f"{name}.npy", "--result", f"{name}.json").code == 0
        assert run("check", f"{name}.json", "plan.yaml").code == 0
        found[name] = json.loads((room / f"{name}.json").read_text())
    assert found["best"]["objective"] == 4
    assert "repaired samples: 1" in found["broken"]["attempts"][0]["note"]


def test_what_no_qubo_holds_is_refused_by_name(run: Run) -> None:
    """A term that can't be held, and slots of several ticks, end with exit code 8; a dry run of a search says so."""
    for arguments, words in (
        (("compile", "fair.yaml", "--to", "qubo"), "the term `balance`"),
        (("schedule", "fair.yaml", "--backend", "anneal", "--strict"), "the term `balance`"),
        (("compile", "plan.yaml", "--to", "qubo", "--slot", "2"), "solver.slot"),
    ):
        ran = run(*arguments)
        assert ran.code == 8
        assert words in ran.err
    sizes = json.loads(run("schedule", "fair.yaml", "--dry-run", "-o", "json").out)
    assert sizes["compiled"]["scope"] == "refused"
    assert "balance" in sizes["compiled"]["reason"]
