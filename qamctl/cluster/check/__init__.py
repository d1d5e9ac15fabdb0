"""The independent checker: feasibility and every figure of an assignment, recomputed from the spec alone.

Nothing here is shared with search, reader or encoders: only the spec's columns, numpy, and what all checkers share.
What a solver believes about an assignment is never asked for; sizes, uses, devices and moves are derived again.
"""

from qamctl.checks.found import Discrepancy
from qamctl.cluster.check.moves import STEPS, Replay, check_moves
from qamctl.cluster.check.report import CONSTRAINTS, Report, Violation
from qamctl.cluster.check.result import DISCREPANCIES, check_result
from qamctl.cluster.check.verdict import check_assignments, check_columns

__all__ = [
    "CONSTRAINTS",
    "DISCREPANCIES",
    "STEPS",
    "Discrepancy",
    "Replay",
    "Report",
    "Violation",
    "check_assignments",
    "check_columns",
    "check_moves",
    "check_result",
]
