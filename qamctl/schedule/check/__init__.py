"""The independent checker: feasibility and every figure of a schedule, recomputed from the spec alone.

Nothing here is shared with search or encoders: only the spec's columns, its time axis, numpy, and what all checkers
share. What a solver believes about a schedule is never asked for; durations, eligibility, suppliers and peaks are
derived again.
"""

from qamctl.checks.found import Discrepancy
from qamctl.schedule.check.report import CONSTRAINTS, Report, Violation
from qamctl.schedule.check.result import DISCREPANCIES, check_result
from qamctl.schedule.check.verdict import check_columns, check_schedule

__all__ = [
    "CONSTRAINTS",
    "DISCREPANCIES",
    "Discrepancy",
    "Report",
    "Violation",
    "check_columns",
    "check_result",
    "check_schedule",
]
