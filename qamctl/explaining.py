"""What `qamctl explain` tells of a problem file: of decisions what moved them, of schedules why there is none."""

from __future__ import annotations

from typing import Any, Final

from qamctl.errors import Diagnostic, InfeasibleError, SpecError, UnsupportedError, UsageError
from qamctl.kinds import kind_of
from qamctl.reason.explain import explain
from qamctl.reason.read import load_reason
from qamctl.reason.reasons import reasons
from qamctl.reason_state import learned

#: Wall seconds that the explanation of a schedule takes, about, and the remedies that it offers.
SECONDS: Final = 30.0
MOST: Final = 5


def explain_file(path: str, *, seconds: float | None = None, most: int | None = None) -> dict[str, Any]:
    """The explanation of a schedule spec, or of a reason spec with what its state file has learned.

    Parameters
    ----------
    seconds, most
        Of schedules: wall seconds, about, and remedies that are offered at most. None: the defaults.

    Raises
    ------
    SpecError
        The file is no valid spec of these kinds.
    InfeasibleError
        The evidence of a decision is impossible; which, with line and column.
    UnsupportedError
        It holds a network, or too many paths are coupled.
    UsageError
        Seconds, or a number of remedies, for a decision.
    """
    kind = kind_of(path)
    if kind == "schedule":
        return _schedule(path, SECONDS if seconds is None else seconds, MOST if most is None else most)
    if kind != "reason":
        raise SpecError(f"{path} is no spec of `kind: schedule` or `kind: reason`, the kinds that explain takes")
    if seconds is not None or most is not None:
        raise UsageError(f"{path} is a decision, which is explained at once: leave out --time-limit and --limit")
    return _decision(path)


def _schedule(path: str, seconds: float, most: int) -> dict[str, Any]:
    from qamctl.schedule.explain import explain_schedule
    from qamctl.schedule.read import load_schedule

    return explain_schedule(load_schedule(path), seconds=seconds, most=most)


def _decision(path: str) -> dict[str, Any]:
    spec, _ = learned(load_reason(path))
    if spec.network is not None:
        raise UnsupportedError(
            f"{path} has a network, whose evidence is explained by asking again without it: leave out rows of "
            "`observed`, and compare by `qamctl reason`"
        )
    if found := reasons(spec):
        faults = [Diagnostic(reason.text, spec.source.locate(reason.path)) for reason in found]
        raise InfeasibleError(f"{path} has no answer that could be explained", faults)
    return explain(spec).to_dict()
