"""Whether a state file is a spec's, and what of the spec it overrules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from qamctl.errors import SpecError
from qamctl.reason.decide import outcomes_of
from qamctl.reason.ledger import State
from qamctl.reason.spec import ReasonSpec
from qamctl.spec.faults import show

#: Names that a message gives.
_NAMED: Final = 5


def check_state(path: Path, state: State, spec: ReasonSpec) -> tuple[str, ...]:
    """What of a spec does not count because its state file has learned since.

    Raises
    ------
    SpecError
        The file was begun for other paths or outcomes.
    """
    _refuse_others(path, state, spec)
    return tuple(_remarks(state, spec))


def _refuse_others(path: Path, state: State, spec: ReasonSpec) -> None:
    outcomes = outcomes_of(spec)
    one, other = set(state.paths), set(spec.paths.ids)
    had = {(row.id, row.action): row.likelihood for row in state.outcomes}
    has = {(row.id, row.action): row.likelihood for row in outcomes}
    if one != other:
        what = _differ("path", [*dict.fromkeys(n for n in state.paths if n not in other)],
                       [n for n in spec.paths.ids if n not in one])  # fmt: skip
    elif state.paths != spec.paths.ids:
        what = "the paths stand in another order"
    elif had.keys() != has.keys():
        what = _differ("outcome", [_word(key) for key in had if key not in has],
                       [_word(key) for key in has if key not in had])  # fmt: skip
    elif changed := [_word(key) for key in had if had[key] != has[key]]:
        what = f"the likelihood of the outcome {changed[0]} has changed"
    elif state.outcomes != outcomes:
        what = "the outcomes stand in another order"
    else:
        return
    raise SpecError(
        f"{path} was begun for another spec than {spec.source.label}: {what}; name another file as `state`, or remove "
        "this one to begin anew"
    )


def _word(key: tuple[str, str | None]) -> str:
    return key[0] if key[1] is None else f"{key[0]} of {key[1]}"


def _differ(what: str, gone: list[str], new: list[str]) -> str:
    parts = []
    for names, verb in ((gone, "lacks"), (new, "adds")):
        if names:
            listed = ", ".join(map(show, names[:_NAMED]))
            more = f" and {len(names) - _NAMED} more" if names[_NAMED:] else ""
            parts.append(f"{verb} the {what}{'s' if names[1:] else ''} {listed}{more}")
    return f"the spec {' and '.join(parts)}"


def _remarks(state: State, spec: ReasonSpec) -> Iterator[str]:
    priors, begun = state.begun
    given = zip(spec.evidence.ids, spec.evidence.reliability.tolist(), strict=True)
    counts = "what the state file has learned counts; remove it to begin anew"
    if not np.allclose(priors, spec.paths.prior, rtol=1e-9, atol=1e-12):
        yield f"the priors of the spec are not those that the state file was begun with: {counts}"
    if changed := [name for name, value in given if name in begun and begun[name] != value]:
        yield f"the reliability of {', '.join(map(show, changed[:_NAMED]))} has changed in the spec: {counts}"
