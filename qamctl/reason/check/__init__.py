"""The independent checker: the posterior of a decision and every figure of its result, recomputed from the spec alone.

Nothing here is shared with the search: only the spec's columns, numpy, scipy, and what all checkers share. What an
engine believes of a posterior is never asked for; states, bounds on what was pruned and intervals are derived again.
"""

from qamctl.checks.found import Checked, Discrepancy
from qamctl.reason.check.learned import as_learned
from qamctl.reason.check.result import DISCREPANCIES, check_result, compare_result

__all__ = ["DISCREPANCIES", "Checked", "Discrepancy", "as_learned", "check_result", "compare_result"]
