"""Bayesian networks by pgmpy, for the benchmark of decisions: the same tables, asked the same question."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np

from qamctl.reason.spec import Floats, Network


def pgmpy_query(network: Network) -> Callable[[], Floats]:
    """What asks its variable elimination; the model is built beforehand.

    Returns
    -------
    A function that gives the posterior [combinations of values], the last variable's changing fastest.
    """
    logging.disable(logging.WARNING)
    from pgmpy.factors.discrete import TabularCPD  # type: ignore[import-not-found, unused-ignore]
    from pgmpy.inference import VariableElimination  # type: ignore[import-not-found, unused-ignore]

    ids = network.ids
    model = _empty_model()
    model.add_nodes_from(ids)
    for node, parents in enumerate(network.parents):
        model.add_edges_from([(ids[parent], ids[node]) for parent in parents])
        table = network.tables[node]
        size, names = table.shape[-1], [ids[parent] for parent in parents]
        rows = table.reshape(-1, size).T.tolist()
        model.add_cpds(TabularCPD(ids[node], size, rows, names or None, list(table.shape[:-1]) or None))
    engine = VariableElimination(model)
    asked = [ids[node] for node in network.query]
    seen = {ids[node]: value for node, value in network.observed.items()}

    def ask() -> Floats:
        answer = engine.query(asked, evidence=seen, show_progress=False)
        order = [answer.variables.index(name) for name in asked]
        return np.asarray(np.transpose(answer.values, order).reshape(-1))

    return ask


def _empty_model() -> Any:
    """By the name that the version has for it."""
    import pgmpy.models  # type: ignore[import-not-found, unused-ignore]

    found = getattr(pgmpy.models, "DiscreteBayesianNetwork", None) or pgmpy.models.BayesianNetwork
    return found()
