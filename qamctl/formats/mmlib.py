"""Multi-mode project scheduling as MMLIB has it: the tables of PSPLIB, several modes a job, two sorts of resources.

Van Peteghem, V. and Vanhoucke, M., "An experimental investigation of metaheuristics for the multi-mode
resource-constrained project scheduling problem on new dataset instances", European J. Oper. Res. 235 (2014).
"""

from __future__ import annotations

from typing import Any

from qamctl.formats.faults import fault
from qamctl.formats.psplib import has_tables, read_tables
from qamctl.formats.tokens import lines_of

_WHAT = "an MMLIB project"


def read(text: str, *, name: str) -> dict[str, Any]:
    """The problem file's data: tasks `T<k>`, modes `m<k>`, resources `R<k>` (renewable) and `N<k>` (consumable).

    Jobs, modes and resources keep their numbers; source and sink are left out.

    Raises
    ------
    SpecError
        For a text of another form, with file, line and column.
    """
    lines = lines_of(text)
    if not has_tables(lines):
        hint = "`qamctl import rcpsp` reads Patterson files"
        raise fault(name, 1, 1, "no line says `PRECEDENCE RELATIONS:`", what=_WHAT, hint=hint)
    return read_tables(lines, name, what=_WHAT)
