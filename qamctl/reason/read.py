"""Reads a reason spec: from a file or from plain data to columns, or every fault of it at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from qamctl.reason.read_context import read_context, read_steps
from qamctl.reason.read_network import read_network
from qamctl.reason.read_paths import read_evidence, read_outcomes, read_paths, read_utility
from qamctl.reason.spec import Learning, ReasonSpec
from qamctl.spec.cells import read_flag, read_names, read_words
from qamctl.spec.decode import ABSENT, check_names, choices, coded, inner_rows, integers, names, numbers
from qamctl.spec.faults import Faults, show
from qamctl.spec.header import check_kind, read_name_of_spec, read_root, read_solver
from qamctl.spec.noise import read_noise
from qamctl.spec.plain import plain_source
from qamctl.spec.reader import no_collection, read_source
from qamctl.spec.reason_fields import LEARNING, REASON, REASON_SOLVER
from qamctl.spec.rows import Rows
from qamctl.spec.source import Source
from qamctl.spec.table import Tables, read_list

#: Fields that say something of paths, and nothing of a network; and the other way round.
OF_PATHS = ("evidence", "context", "steps", "coherence", "state", "outcomes", "learning", "prune", "observables")
OF_NETWORKS = ("query", "observed")


def load_reason(path: str | Path) -> ReasonSpec:
    """The reasoning problem of a YAML or JSON file; `-` is standard input.

    Raises
    ------
    SpecError
        The file cannot be read, or holds faults: all of them, each with line and column.
    UnsupportedError
        A side table needs a package that is not installed.
    """
    data, source = read_source(path)
    return build_reason(data, source)


def reason_from_data(data: Mapping[str, Any], *, name: str = "reason", base: Path | None = None) -> ReasonSpec:
    """The reasoning problem in plain data, as a problem file would hold it.

    Parameters
    ----------
    data
        Mappings, lists, texts and numbers.
    name
        The spec's name where the data gives none.
    base
        The folder of side tables and the state file, by default the working directory.

    Raises
    ------
    SpecError
        With every fault; a fault's place is its path, such as `evidence[3].likelihood`.
    """
    return build_reason(*plain_source(data, name, base))


def build_reason(data: Mapping[str, Any], source: Source) -> ReasonSpec:
    """The reasoning problem in the plain data that `source` stands for.

    Raises
    ------
    SpecError
        With every fault.
    """
    check_kind(data, source, "reason")
    with no_collection():
        return _build(data, source)


def _build(data: Mapping[str, Any], source: Source) -> ReasonSpec:
    faults = Faults(source)
    tables: Tables = {}

    rows_and_whether_readable = partial(read_list, data, source.base, tables, faults)
    root = read_root(data, REASON, faults)
    solver = read_solver(root, REASON_SOLVER, faults)
    _check_form(data, faults)
    rows, readable = rows_and_whether_readable("paths")
    paths, index, notes = read_paths(rows, faults)
    known = index if readable and rows.n else None
    network = None
    if data.get("nodes") is not None:
        nodes, readable = rows_and_whether_readable("nodes")
        found = read_network(nodes, root, faults) if readable else None
        known = None
        if found is not None:
            network, paths = found
            known = {name: row for row, name in enumerate(paths.ids)}
    context = read_context(root, len(paths.ids), known, source.base, tables, faults)
    rows, readable = rows_and_whether_readable("evidence")
    evidence, places = read_evidence(rows, paths.ids, known, faults)
    steps, idle = read_steps(root, evidence.ids, places, context is not None, faults) if readable else ((), [])
    utility = read_utility(rows_and_whether_readable("utility")[0], known, faults)
    outcomes = read_outcomes(rows_and_whether_readable("outcomes")[0], paths, known, utility, faults)
    none: tuple[str, ...] = ()
    rounds, mitigate = int(integers(root, REASON["rounds"], faults)[0]), REASON["mitigate"]
    spec = ReasonSpec(
        name=read_name_of_spec(root, REASON["name"], "reason", source, faults),
        source=replace(source, tables=tables),
        paths=paths,
        evidence=evidence,
        context=context,
        steps=steps,
        coherence=float(numbers(root, REASON["coherence"], faults)[0]),
        utility=utility,
        outcomes=outcomes,
        learning=_learning(root, faults),
        method=choices(root, REASON["method"], faults)[0],
        rounds=None if rounds == ABSENT else rounds,
        prune=float(numbers(root, REASON["prune"], faults)[0]),
        reconstruct=choices(root, REASON["reconstruct"], faults)[0],
        observables=coded(root, REASON["observables"], read_names, none, faults).list()[0],
        state=names(root, REASON["state"], faults)[0],
        network=network,
        noise=read_noise(root, faults),
        mitigate=coded(root, mitigate, partial(read_words, mitigate.choices), none, faults).list()[0],
        notes=(*notes, *idle),
        solver=solver,
    )
    faults.check()
    return spec


def _check_form(data: Mapping[str, Any], faults: Faults) -> None:
    """Refuse a spec without paths and nodes, with both, and fields that belong to the other form."""
    paths, nodes = data.get("paths"), data.get("nodes")
    if paths is None and nodes is None:
        faults.add((), "`paths` is missing", "list the ways that the decision may go, or a network as `nodes`")
    elif paths is not None and nodes is not None:
        faults.add(("nodes",), "a spec has either `paths` or `nodes`", "remove one of them")
    for name in ("paths", "nodes"):
        if data.get(name) == []:
            faults.add((name,), "must have at least one row")
    others = OF_NETWORKS if nodes is None else OF_PATHS
    for name in others:
        if data.get(name) is not None and (paths is None) != (nodes is None):
            has = "paths" if nodes is None else "a network"
            faults.add((name,), f"{show(name)} says nothing where the spec has {has}", "remove it")
    if nodes is not None and data.get("reconstruct") not in (None, "none"):
        faults.add(("reconstruct",), "the state of a network is not reconstructed, only that of paths", "remove it")


def _learning(root: Rows, faults: Faults) -> Learning:
    rows, _ = inner_rows(root, LEARNING, faults)
    check_names(rows, LEARNING, faults)
    if not rows.n:
        rows = Rows(1, {}, lambda row: ("learning",))
    rate, exploration = (float(numbers(rows, LEARNING[name], faults)[0]) for name in ("rate", "exploration"))
    return Learning(
        forgetting=float(numbers(rows, LEARNING["forgetting"], faults)[0]),
        reliability_rate=float(numbers(rows, LEARNING["reliability_rate"], faults)[0]),
        carry=coded(rows, LEARNING["carry"], read_flag, False, faults).list()[0],
        horizon=int(integers(rows, LEARNING["horizon"], faults)[0]),
        rate=None if np.isnan(rate) else rate,
        exploration=None if np.isnan(exploration) else exploration,
    )
