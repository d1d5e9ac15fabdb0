"""Noise taken out of posteriors: what extrapolation, readout correction and the small code gain, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from support.reason_specs import random_data

pytest.importorskip("qiskit_aer", reason="the noise is simulated by qiskit-aer")

from qamctl.errors import UsageError
from qamctl.quantum.noise import PRESETS
from qamctl.reason.answer import Attempt
from qamctl.reason.exact import solve_exactly
from qamctl.reason.plan import plan_circuit
from qamctl.reason.prune import prune
from qamctl.reason.read import reason_from_data
from qamctl.reason.solution import total_variation
from qamctl.reason_engines import Engine, measure_mitigated

SHOTS, SPECS = 16_000, 2

#: Two-qubit errors that are strong in circuits of seven two-qubit gates.
STRONG = 0.02


@dataclass
class Campaign:
    """What mitigation came to on some specs, as mean absolute errors of the paths' probabilities."""

    blocks: list[dict[str, Any]]
    raw: float
    bare: float | None
    mitigated: float


def campaign(
    noise: dict[str, Any], methods: Sequence[str], paths: int, *, evolves: bool = True, specs: int = SPECS
) -> Campaign:
    """Specs with a piece of evidence, fully coherent, by the noisy engine."""
    blocks, raw, bare, mitigated = [], [], [], []
    for k in range(specs):
        data = random_data(np.random.default_rng([0, k]), paths, 1, evolves=evolves, coherence=1.0)
        if evolves:
            data["steps"] = ["e0", "evolve"]
        attempt, exact = attempt_of({**data, "noise": noise}, methods)
        assert attempt.solution is not None
        block = attempt.extra["mitigation"]
        blocks.append(block)
        raw.append(error_of(block["raw"], exact))
        mitigated.append(float(np.abs(attempt.solution.posterior - exact).mean()))
        if "bare" in block:
            bare.append(error_of(block["bare"]["posterior"], exact))
        assert block["distance"] == pytest.approx(total_variation(attempt.solution.posterior, exact), abs=1e-9)
    return Campaign(blocks, float(np.mean(raw)), float(np.mean(bare)) if bare else None, float(np.mean(mitigated)))


def attempt_of(data: dict[str, Any], methods: Sequence[str], shots: int = SHOTS) -> tuple[Attempt, np.ndarray]:
    """What the noisy engine says with mitigation, and [N] the exact posterior."""
    spec = reason_from_data(data)
    exact = solve_exactly(spec)
    plan = plan_circuit(spec, exact, method="sample", shots=shots, mid_circuit=False)
    engine = Engine("noisy", spec.noise, shots, 5, lambda: False, lambda: None)
    return measure_mitigated(engine, prune(spec), exact, plan, len(spec.paths.ids), methods), exact.posterior


def error_of(shares: dict[str, float], exact: np.ndarray) -> float:
    return float(np.abs(np.array(list(shares.values())) - exact).mean())


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_extrapolation_where_noise_is_strong(preset: str) -> None:
    """With 2 % of error in each two-qubit gate, readout and extrapolation together bring errors down threefold."""
    found = campaign({"preset": preset, "p2": STRONG}, ("readout", "zne"), 4)
    assert found.raw > 0.015
    assert found.raw > 3 * found.mitigated
    for block in found.blocks:
        assert block["methods"] == ["readout", "zne"]
        assert (block["circuits"], block["shots"]) == (5, 5 * SHOTS)
        assert block["overhead"] > 5
        assert block["fit"] is not None


def test_extrapolation_alone_where_readout_is_faultless() -> None:
    """Gate errors of 1 % on 30 two-qubit gates: threefold by extrapolation alone."""
    found = campaign({"preset": "generic", "readout": 0.0}, ("zne",), 8, specs=2)
    assert found.raw > 3 * found.mitigated
    assert [block["circuits"] for block in found.blocks] == [3, 3]


@pytest.mark.parametrize(("preset", "times"), [("generic", 3), ("ionq", 1.5), ("quantinuum", 0.5), ("rigetti", 5)])
def test_readout_where_it_dominates(preset: str, times: float) -> None:
    """Two paths take one two-qubit gate: what is wrong is readout, and goes; of 0.1 % nothing can be seen to go."""
    found = campaign({"preset": preset}, ("readout",), 2, evolves=False)
    assert found.raw > times * found.mitigated
    assert all(block["circuits"] == 3 and block["fit"] is None for block in found.blocks)
    assert all(1 < block["overhead"] < 6 for block in found.blocks)  # three circuits, and a little noise


@pytest.mark.parametrize(("preset", "gains"), [("generic", True), ("rigetti", True), ("quantinuum", False)])
def test_the_code_gains_where_readout_is_bad(preset: str, gains: bool) -> None:
    """[[4,2,2]] beats the bare circuit twofold where readout errs by 2 % or more, and not where everything is good.

    It takes some ten two-qubit gates in place of one, so that on a machine with good readout it has nothing to win.
    """
    found = campaign({"preset": preset}, ("detect",), 2, evolves=False)
    assert found.bare is not None
    if gains:
        assert found.bare > 2 * found.mitigated
    else:
        assert found.bare < 2 * found.mitigated
    for block in found.blocks:
        assert (block["circuits"], block["shots"]) == (2, 2 * SHOTS)
        assert 0.3 < block["kept"] < 1
        assert block["bare"]["accepted"] > 0.3 * SHOTS
        assert sum(block["bare"]["posterior"].values()) == pytest.approx(1)


def test_the_code_has_room_for_two_paths() -> None:
    """More are refused."""
    data = random_data(np.random.default_rng(0), 4, 1)
    with pytest.raises(UsageError, match="more than two paths"):
        attempt_of(data, ("detect",), 100)


@pytest.mark.slow
def test_intervals_of_mitigated_shares() -> None:
    """Where readout alone errs, at least 80 % of 40 intervals of 95 % hold, and they are wider than without mitigation.

    Standard errors are as large as the calibration and the shots make them, and no more than an estimate.
    """
    held, widths = [], []
    for k in range(40):
        data = random_data(np.random.default_rng([1, k]), 2, 1)
        attempt, exact = attempt_of({**data, "noise": {"p1": 0, "p2": 0, "readout": 0.04}}, ("readout",), 2000)
        assert attempt.solution is not None
        low, high = attempt.solution.intervals[0].tolist()
        held.append(low <= exact[0] <= high)
        p, n = float(attempt.solution.posterior[0]), attempt.solution.accepted
        widths.append((high - low) / (2 * 1.96 * np.sqrt(p * (1 - p) / n)))
        assert attempt.solution.joint is None
        assert attempt.solution.mitigated
    assert np.mean(held) >= 0.8
    assert np.median(widths) > 1.1


def test_nothing_accepted_is_told() -> None:
    """No posterior, and a note that says how many shots would be accepted."""
    data = {
        "kind": "reason", "version": 1, "paths": [{"id": "a", "prior": 1e-7}, {"id": "b", "prior": 1}],
        "evidence": [{"id": "e", "likelihood": {"a": 1, "b": 1e-7}}], "noise": {"p1": 0, "p2": 0, "readout": 0},
    }  # fmt: skip
    attempt, _ = attempt_of(data, ("readout",), 100)
    assert attempt.solution is None
    assert attempt.note is not None
    assert attempt.note.startswith("none of 100 shots was accepted")
    assert "mitigation" not in attempt.extra
