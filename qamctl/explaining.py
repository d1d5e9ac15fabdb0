"""What `qamctl explain` tells of a problem file: nothing is solved anew but what is asked "what if" of."""

from __future__ import annotations

from typing import Any

from qamctl.errors import Diagnostic, InfeasibleError, UnsupportedError
from qamctl.reason.explain import explain
from qamctl.reason.read import load_reason
from qamctl.reason.reasons import reasons
from qamctl.reason_state import learned


def explain_file(path: str) -> dict[str, Any]:
    """The explanation of a reason spec, with what its state file has learned.

    Raises
    ------
    SpecError
        The file is no valid reason spec.
    InfeasibleError
        The evidence is impossible; which, with line and column.
    UnsupportedError
        It holds a network, or too many paths are coupled.
    """
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
