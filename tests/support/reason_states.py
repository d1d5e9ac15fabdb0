"""Specs with state files, and files that have begun: three paths, two pieces of evidence, two outcomes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qamctl.reason.events import Decision
from qamctl.reason.ledger import State
from qamctl.reason.read import reason_from_data
from qamctl.reason.spec import ReasonSpec
from qamctl.reason.state_file import append_decision, append_feedback, open_state

NOW = "2026-01-02T03:04:05+00:00"


def make_spec(**changes: Any) -> ReasonSpec:
    """Three paths, two pieces of evidence, two outcomes; `changes` replace fields."""
    data: dict[str, Any] = {
        "kind": "reason",
        "version": 1,
        "name": "agent",
        "paths": [{"id": "retry", "prior": 0.5}, {"id": "wait", "prior": 0.3}, {"id": "quit", "prior": 0.2}],
        "evidence": [
            {"id": "slow", "likelihood": {"retry": 0.2, "wait": 0.9, "quit": 0.4}},
            {"id": "loud", "likelihood": {"retry": 0.7, "wait": 0.1, "quit": 0.6}, "reliability": 0.5},
        ],
        "outcomes": [
            {"id": "ok", "likelihood": {"retry": 0.8, "wait": 0.3, "quit": 0.1}},
            {"id": "bad", "likelihood": {"retry": 0.2, "wait": 0.7, "quit": 0.9}},
            {"id": "never", "likelihood": {"retry": 0, "wait": 0, "quit": 0}},
            {"id": "ok", "action": "wait", "likelihood": {"retry": 0.5, "wait": 0.6, "quit": 0.25}},
        ],
        "learning": {"reliability_rate": 0.1},
    }
    return reason_from_data(data | changes)


def decided(run: str, **changes: Any) -> Decision:
    """A decision to retry."""
    slopes = {"ok": {"slow": 0.3, "loud": -0.2}, "bad": {"slow": -0.1}}
    sure = {"retry": 1.0}
    return replace(Decision(run, "retry", "retry", (0.5, 0.3, 0.2), 3, sure, sure, slopes), **changes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A state file that has begun, with one decision that has feedback and one that waits for it."""
    file = tmp_path / "agent.json"
    open_state(file, make_spec(), now=NOW)
    append_decision(file, decided("a"), now=NOW)
    append_feedback(file, outcome="ok", now=NOW)
    append_decision(file, decided("b"), now=NOW)
    return file


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


def random_history(path: Path, seed: int, count: int, **learning: Any) -> State:
    """A file with many decisions and all kinds of feedback; the state that the last one gave."""
    rng = np.random.default_rng(seed)
    spec = make_spec(learning={"reliability_rate": 0.05, **learning})
    state = open_state(path, spec, now=NOW)
    for k in range(count):
        p = tuple(rng.dirichlet(np.ones(3)).tolist())
        chances = dict(zip(spec.paths.ids, rng.dirichlet(np.ones(3)).tolist(), strict=True))
        slopes = {"ok": {"slow": float(rng.normal()), "loud": float(rng.normal())}}
        made = decided(f"run {k}", posterior=p, chances=chances, gradients=slopes)
        state = append_decision(path, made, now=f"{NOW} {k}")
        what: list[dict[str, Any]] = [
            {"outcome": "ok"}, {"outcome": "bad"}, {"reward": float(rng.random())},
            {"rewards": dict(zip(spec.paths.ids, rng.random(3).tolist(), strict=True))},
        ]  # fmt: skip
        if k % 5:
            state = append_feedback(path, **what[int(rng.integers(4))], now=f"{NOW} {k}").state
    return state
