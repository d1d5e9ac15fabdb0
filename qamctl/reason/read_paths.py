"""The paths of a reason spec, and what is said of each of them: evidence, utility, outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from qamctl.reason.spec import EVOLVE_WORD, Evidence, Floats, Outcomes, Paths, Utility
from qamctl.spec.cells import read_names
from qamctl.spec.decode import check_names, coded, ids, names, numbers, present
from qamctl.spec.faults import Faults, nearest
from qamctl.spec.fields import Field
from qamctl.spec.figures import figures
from qamctl.spec.reason_fields import EVIDENCE, OUTCOMES, PATHS, UTILITY
from qamctl.spec.rows import Rows

#: Sums of priors this close to 1 are 1 for whoever wrote decimals.
ROUNDING = 1e-9


def read_paths(rows: Rows, faults: Faults) -> tuple[Paths, dict[str, int], list[str]]:
    """The paths, the row of each id, and what the user should know of the priors."""
    check_names(rows, PATHS, faults)
    listed, index = ids(rows, PATHS["id"], faults)
    own = names(rows, PATHS["decision"], faults)
    chosen = [decision or id for decision, id in zip(own, listed, strict=True)]
    decisions = tuple(dict.fromkeys(chosen))
    place = {decision: row for row, decision in enumerate(decisions)}
    none: tuple[str, ...] = ()
    prior, notes = _priors(rows, faults)
    paths = Paths(
        listed, prior, numbers(rows, PATHS["phase"], faults),
        np.array([place[decision] for decision in chosen], np.int32), decisions,
        coded(rows, PATHS["actions"], read_names, none, faults).list(),
    )  # fmt: skip
    return paths, index, notes


def _priors(rows: Rows, faults: Faults) -> tuple[Floats, list[str]]:
    """[N] priors of sum 1: all of them are given, or none."""
    given = present(rows, "prior")
    before = faults.count
    prior = numbers(rows, PATHS["prior"], faults)
    if not rows.n:
        return prior, []
    if not given.any():
        return np.full(rows.n, 1 / rows.n), []
    for row in np.flatnonzero(~given).tolist():
        faults.add(rows.at(row), "`prior` is missing", "give one to every path, or to none")
    total = float(np.nansum(prior))
    if faults.count == before and total <= 0:
        faults.add(rows.path(0, "prior"), "no path has a prior above 0", "give one to the paths that may be")
    if faults.count > before:
        return np.full(rows.n, 1 / rows.n), []
    prior = prior / total
    if abs(total - 1) <= ROUNDING * max(1.0, rows.n**0.5):
        return prior, []
    return prior, [f"the priors sum to {total:.15g}: they were divided by it"]


def likelihoods(
    rows: Rows, kind: Field, paths: Sequence[str], index: Mapping[str, int] | None, faults: Faults
) -> Floats:
    """[rows, N] the likelihood of each path, `otherwise` that of those without one."""
    found = figures(rows, kind["likelihood"], index, "path", faults)
    rest = numbers(rows, kind["otherwise"], faults)
    known = present(rows, "likelihood")
    if index is not None:
        columns = sorted(index.values())
        for row in np.flatnonzero(known & np.isnan(rest) & np.isnan(found[:, columns]).any(axis=1)).tolist():
            missing = [paths[i] for i in columns if np.isnan(found[row, i])]
            if faults.within(rows.path(row, "likelihood")):
                continue  # a name that was refused would be called missing, too
            further = len(missing) - 1
            more = f" and {further} more path{'s' if further > 1 else ''}" if further else ""
            message = f"the likelihood of `{missing[0]}`{more} is missing"
            faults.add(rows.path(row, "likelihood"), message, "name every path, or give `otherwise`")
    return np.where(np.isnan(found), np.nan_to_num(rest)[:, None], found)


def read_evidence(
    rows: Rows, paths: Sequence[str], index: Mapping[str, int] | None, faults: Faults
) -> tuple[Evidence, dict[str, int]]:
    """The evidence, and the row of each id."""
    check_names(rows, EVIDENCE, faults)
    listed, places = ids(rows, EVIDENCE["id"], faults)
    if EVOLVE_WORD in places:
        message = f"`{EVOLVE_WORD}` is the name of a step, and of no evidence"
        faults.add(rows.path(places[EVOLVE_WORD], "id"), message, "choose another id")
    likelihood = likelihoods(rows, EVIDENCE, paths, index, faults)
    return Evidence(listed, likelihood, numbers(rows, EVIDENCE["reliability"], faults)), places


def read_utility(rows: Rows, index: Mapping[str, int] | None, faults: Faults) -> Utility:
    """What actions are worth on each path."""
    check_names(rows, UTILITY, faults)
    actions, _ = ids(rows, UTILITY["action"], faults)
    return Utility(actions, np.nan_to_num(figures(rows, UTILITY["values"], index, "path", faults)))


def read_outcomes(
    rows: Rows, paths: Paths, index: Mapping[str, int] | None, utility: Utility, faults: Faults
) -> Outcomes:
    """What may come of an action, in the order of the file; an outcome of two actions has two rows."""
    check_names(rows, OUTCOMES, faults)
    listed = names(rows, OUTCOMES["id"], faults)
    action = names(rows, OUTCOMES["action"], faults)
    known = {*utility.actions, *paths.decisions}
    seen: dict[tuple[str | None, str | None], int] = {}
    for row, key in enumerate(zip(listed, action, strict=True)):
        if key[1] is not None and key[1] not in known and index is not None:
            message = f"unknown action `{key[1]}`: it is neither in `utility` nor a decision of the paths"
            faults.add(rows.path(row, "action"), message, nearest(key[1], known))
        if key[0] is not None and seen.setdefault(key, row) != row:
            of = "" if key[1] is None else f" of `{key[1]}`"
            message = f"the outcome `{key[0]}`{of} stands here a second time, first as row {seen[key] + 1}"
            faults.add(rows.at(row), message, "keep one of the two rows")
    likelihood = likelihoods(rows, OUTCOMES, paths.ids, index, faults)
    return Outcomes(tuple(name or "" for name in listed), action, likelihood)
