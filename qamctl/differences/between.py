"""From two results to what they differ in."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from qamctl.differences import clusters, samples, schedules, shares
from qamctl.differences.compared import Changes, Difference, Figure, Side, is_number
from qamctl.errors import SpecError
from qamctl.levels import better
from qamctl.runs.earlier import EarlierResult, read_result
from qamctl.runs.identity import state_folder

#: How the answers of each kind are compared; of other kinds the figures alone are.
_PARTS: Final[Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any], tuple[Path, Path]], Changes]]] = {
    "schedule": schedules.changes_of,
    "cluster": clusters.changes_of,
    "reason": shares.posteriors,
    "model": samples.changes_of,
    "circuit": shares.counts,
}

#: Figures of the result itself, and those of its solution that its kind has.
_TOP: Final = ("status", "objective", "bound", "gap", "energy")
_INSIDE: Final = ("decision", "evidence_probability", "order_effect", "shots")


def between(before: str, after: str) -> Difference:
    """What two results differ in, each named as a file, a run's id or a beginning of it, a run directory, or `latest`.

    Raises
    ------
    UsageError
        There is no such run, or several begin like this.
    SpecError
        A file can't be read, is no result, or they are of different kinds.
    """
    state = state_folder(os.environ)
    return difference(read_result(state, before), read_result(state, after))


def difference(before: EarlierResult, after: EarlierResult) -> Difference:
    """What two results differ in.

    Raises
    ------
    SpecError
        They are of different kinds, or what they hold is no answer of their kind.
    """
    old, new = before.data, after.data
    kind = str(old.get("kind"))
    if new.get("kind") != kind:
        raise SpecError(
            f"{before.file} is the result of a {kind}, and {after.file} that of a {new.get('kind')}: name two of a kind"
        )
    verdict, notes = _verdict(kind, old, new)
    one, other = (_side(result) for result in (before, after))
    if one.spec_sha256 != other.spec_sha256:
        notes += ("they answer different versions of the problem file",)
    solutions = old.get("solution"), new.get("solution")
    changes = None
    for name, solution in zip(("first", "second"), solutions, strict=True):
        if not isinstance(solution, Mapping):
            notes += (f"the {name} one has no answer",)
    if kind in _PARTS and isinstance(solutions[0], Mapping) and isinstance(solutions[1], Mapping):
        changes = _PARTS[kind](solutions[0], solutions[1], (before.file, after.file))
    figures = [
        *(Figure(name, old.get(name), new.get(name)) for name in _TOP if name in old or name in new),
        *_figures(_INSIDE, *(solution if isinstance(solution, Mapping) else {} for solution in solutions)),
    ]
    terms = [_terms(data) for data in (old, new)]
    return Difference(
        kind, one, other, verdict, figures, _figures([*dict.fromkeys([*terms[0], *terms[1]])], *terms), changes, notes
    )  # fmt: skip


def since(before: EarlierResult, now: Mapping[str, Any], file: Path) -> Difference:
    """What a result that was just written to `file` differs in from an earlier one; raises as `difference`."""
    return difference(before, EarlierResult(file, "", dict(now)))


def _figures(names: Sequence[str], old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Figure]:
    return [Figure(name, old.get(name), new.get(name)) for name in names if name in old or name in new]


def _side(result: EarlierResult) -> Side:
    run, told = result.data.get("run"), result.data.get("provenance")
    spec = told.get("spec_sha256") if isinstance(told, Mapping) else None
    return Side(run if isinstance(run, str) else None, str(result.file), result.sha256, spec)


def _terms(data: Mapping[str, Any]) -> dict[str, Any]:
    told = data.get("terms")
    return {str(name): value for name, value in told.items()} if isinstance(told, Mapping) else {}


def _verdict(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str | None, tuple[str, ...]]:
    """Whether the second one is better, same or worse, where the objectives are alike; else a note on why not."""
    sides = [_levels(data) for data in (old, new)]
    if kind == "circuit" or not sides[0] or not sides[1]:
        return None, ()
    if [names for names, _ in sides[0]] != [names for names, _ in sides[1]] or old.get("sense") != new.get("sense"):
        return None, ("their objectives differ: neither is better than the other",)
    sign = -1 if kind == "reason" or new.get("sense") == "max" else 1
    mine, theirs = ([sign * value for _, value in side] for side in reversed(sides))
    return ("better" if better(mine, theirs) else "worse" if better(theirs, mine) else "same"), ()


def _levels(data: Mapping[str, Any]) -> list[tuple[list[str], float]]:
    """Terms and value of each objective level; none where there is no answer."""
    levels = data.get("levels")
    found = []
    for level in levels if isinstance(levels, list) else []:
        if not isinstance(level, Mapping) or not is_number(level.get("value")):
            return []
        terms = level.get("terms")
        found.append((sorted(map(str, terms)) if isinstance(terms, Mapping) else [], level["value"]))
    return found
