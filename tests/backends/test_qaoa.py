"""The engine `qaoa`: circuits by the model's structure, trained, measured, reproducible, refused where too large."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.qubo_models import model_of

from qamctl.backends import qaoa, registry
from qamctl.errors import UnsupportedError
from qamctl.qubo.compile import Compiled, compile_qubo
from qamctl.qubo.model import LE
from qamctl.qubo.penalties import sufficient_weights


def assignment(size: int = 3, seed: int = 1) -> Compiled:
    """Agents to tasks: a group for each agent, at most one agent a task by penalties."""
    rng = np.random.default_rng(seed)
    n = size * size
    groups = [list(range(size * k, size * (k + 1))) for k in range(size)]
    rows = [({size * k + j: 1 for k in range(size)}, LE, 1) for j in range(size)]
    model = model_of(rng.integers(1, 20, n).astype(float).tolist(), groups=groups, rows=rows)
    return compile_qubo(model, sufficient_weights(model))


def sampled(compiled: Any, **options: Any) -> Any:
    engine = registry.get("qaoa")
    return engine.fetch(engine.submit(compiled, {"seed": 5, "steps": 20, **options}))


def test_groups_are_kept_by_the_mixer() -> None:
    """Every sample has one member of each group, and the states are those of the groups alone."""
    compiled = assignment()
    found = sampled(compiled, reads=200)
    assert found.info["states"] == 27
    assert (found.info["mixer"], found.info["groups"], found.info["depth"]) == ("xy-full", 3, 3)
    chosen = found.record.sample[:, : compiled.n_model].reshape(-1, 3, 3)
    assert (chosen.sum(axis=2) == 1).all()
    assert found.record.num_occurrences.sum() == 200
    assert found.record.energy == pytest.approx(compiled.energy(found.record.sample))


def test_groups_that_penalties_hide_are_found() -> None:
    """A QUBO from nowhere with one-hot penalties gets the mixer that keeps them; `x` has all states."""
    costs = [-3.0, 1.0, 2.0, -1.0, 2.0, 0.0, 1.0, 1.5, -2.0]
    ends = [(i, j, 100.0 if i // 3 == j // 3 else 0.5) for i in range(9) for j in range(i + 1, 9)]
    bare = compile_qubo(model := model_of([cost - 50.0 for cost in costs], ends), sufficient_weights(model))
    assert sampled(bare).info["states"] == 27
    assert sampled(bare, mixer="x").info["states"] == 512


def test_the_best_state_is_measured() -> None:
    """On small models a thousand shots hold the least of all energies, and its probability is what is said."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        ends = [(i, j, float(rng.normal())) for i in range(6) for j in range(i + 1, 6)]
        compiled = compile_qubo(model := model_of(rng.normal(size=6).tolist(), ends), sufficient_weights(model))
        found = sampled(compiled, reads=1000)
        states = (np.arange(2**compiled.n)[:, None] >> np.arange(compiled.n)) & 1
        least = compiled.energy(states).min()
        assert found.record.energy.min() == pytest.approx(least, abs=1e-9)
        met = found.record.num_occurrences[found.record.energy <= least + 1e-9].sum() / 1000
        assert met == pytest.approx(found.info["probability_of_optimum"], abs=0.06)


def test_the_same_seed_gives_the_same_counts_with_either_kernel(tmp_path: Path) -> None:
    """Samples, counts and angles are equal bit for bit, with C++ or numpy, on one core or two."""
    script = (
        "import json, sys; sys.path[:0] = sys.argv[1:2]; import backends_case as case; "
        "f = case.sampled(case.assignment(4), reads=300, threads=int(sys.argv[2])); "
        "print(json.dumps([f.record.sample.tolist(), f.record.num_occurrences.tolist(), f.info['angles']]))"
    )
    (tmp_path / "backends_case.py").write_text(Path(__file__).read_text())
    told = []
    for kernels, threads in (("reference", "1"), ("", "1"), ("", "2")):
        environment = {**os.environ, "QAMCTL_KERNELS": kernels, "PYTHONPATH": str(Path(__file__).parents[1])}
        ran = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path), threads], capture_output=True, text=True, check=True,
            env=environment,
        )  # fmt: skip
        told.append(json.loads(ran.stdout))
    assert told[0] == told[1] == told[2]


def test_training_goes_on_from_a_file(tmp_path: Path) -> None:
    """A second run with the file has the same angles, and asks nothing that it knows."""
    path = tmp_path / "angles.jsonl"
    first = sampled(assignment(), angles=path)
    lines = path.read_text().splitlines()
    again = sampled(assignment(), angles=path)
    assert again.info["angles"] == first.info["angles"]
    assert path.read_text().splitlines() == lines
    path.write_text("\n".join(lines[:8]) + "\n" + lines[8][:20])
    resumed = sampled(assignment(), angles=path)
    assert resumed.info["angles"] == first.info["angles"]


def test_a_stop_ends_it_without_samples_or_with_what_it_has() -> None:
    """Told before the circuit ran once there is nothing to measure."""
    assert len(sampled(assignment(), stop=lambda: True).record) == 0


def test_what_does_not_fit_is_refused_before_memory_is_taken() -> None:
    """Sixty qubits: the message says how many states that is, what would fit, and what to do."""
    compiled = compile_qubo(model := model_of([1.0] * 60), sufficient_weights(model))
    with pytest.raises(UnsupportedError, match=r"60 qubits.*--max-qubits"):
        sampled(compiled)


def test_the_best_sample_is_reported() -> None:
    """Whoever listens hears the best one, with its energy."""
    heard: list[tuple[np.ndarray, float]] = []
    compiled = assignment()
    found = sampled(compiled, report=lambda sample, energy: heard.append((sample, energy)))
    assert len(heard) == 1
    assert heard[0][1] == pytest.approx(found.record.energy.min())
    assert compiled.energy(heard[0][0])[0] == pytest.approx(heard[0][1])


def test_capabilities_say_that_it_measures() -> None:
    """It is an engine of circuits, with shots of its own."""
    able = qaoa.backend().capabilities
    assert able.quantum
    assert able.shots == qaoa.SHOTS


def test_similar_problems_begin_with_the_angles_of_a_book(tmp_path: Path) -> None:
    """The first problem begins with the shipped angles and leaves its own; the next one begins with those."""
    path = tmp_path / "angles.json"
    first = sampled(assignment(seed=1), angles=path, name="monday")
    second = sampled(assignment(seed=2), angles=path, name="tuesday")
    assert first.info["start"] == "table"
    assert second.info["start"] == "book/monday"
    assert {entry["name"] for entry in json.loads(path.read_text())["entries"]} == {"monday", "tuesday"}
