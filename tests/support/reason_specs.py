"""Random reasoning problems, and their posterior by the slowest road: full density matrices, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import expm

from qamctl.reason.read import reason_from_data
from qamctl.reason.spec import ReasonSpec


def random_data(
    rng: np.random.Generator,
    paths: int,
    evidence: int,
    *,
    evolves: bool = False,
    coherence: float = 0.0,
    density: float = 1.0,
    zeros: bool = False,
) -> dict[str, Any]:
    """A reason spec as plain data.

    Parameters
    ----------
    density
        The share of pairs of paths that the context couples.
    zeros
        Some priors are 0, of the first path never.
    """
    ids = [f"p{i}" for i in range(paths)]
    prior = rng.dirichlet(np.ones(paths))
    if zeros:
        prior[1:] *= rng.random(paths - 1) < 0.6
    data: dict[str, Any] = {
        "kind": "reason",
        "version": 1,
        "paths": [
            {"id": name, "prior": float(p), "phase": float(rng.normal())} for name, p in zip(ids, prior, strict=True)
        ],
        "evidence": [
            {
                "id": f"e{j}",
                "likelihood": dict(zip(ids, (0.05 + 0.95 * rng.random(paths)).tolist(), strict=True)),
                "reliability": float(rng.choice([1.0, 0.5, 2.0])),
            }
            for j in range(evidence)
        ],
        "coherence": coherence,
    }
    if evolves:
        pairs = [(a, b) for a in range(paths) for b in range(a + 1, paths) if rng.random() < density]
        data["context"] = {
            "couplings": [[ids[a], ids[b], float(0.4 * rng.normal()), float(0.4 * rng.normal())] for a, b in pairs],
            "fields": {name: float(rng.normal()) for name in ids},
            "time": 0.7,
        }
        steps = []
        for j in range(evidence):
            steps += [f"e{j}", *(["evolve"] if rng.random() < 0.5 else [])]
        data["steps"] = steps or ["evolve"]
    return data


def random_reason(rng: np.random.Generator, paths: int, evidence: int, **more: Any) -> ReasonSpec:
    """The same, read."""
    return reason_from_data(random_data(rng, paths, evidence, **more))


def slow_posterior(spec: ReasonSpec) -> tuple[np.ndarray, float]:
    """[N] the posterior, and the probability of the evidence, by the definition itself."""
    n = len(spec.paths.ids)
    amplitude = np.sqrt(spec.paths.prior) * np.exp(1j * spec.paths.phase)
    rho = _dephased(np.outer(amplitude, amplitude.conj()), spec.coherence)
    matrix = np.zeros((n, n), complex)
    if spec.context is not None:
        context = spec.context
        matrix[context.one, context.other] = context.coupling
        matrix[context.other, context.one] = context.coupling.conj()
        matrix += np.diag(context.fields)
    probability = 1.0
    for step in spec.steps:
        if step < 0:
            assert spec.context is not None
            turn = expm(-1j * matrix * spec.context.time)
            rho = turn @ rho @ turn.conj().T
        else:
            row = spec.evidence.likelihood[step]
            kraus = np.diag(np.sqrt((row / row.max()) ** spec.evidence.reliability[step]))
            rho = kraus @ rho @ kraus
            left = float(np.trace(rho).real)
            probability *= left * float(row.max())
            rho = rho / left
        rho = _dephased(rho, spec.coherence)
    return np.diag(rho).real, probability


def _dephased(rho: np.ndarray, kept: float) -> np.ndarray:
    return kept * rho + (1 - kept) * np.diag(np.diag(rho))
