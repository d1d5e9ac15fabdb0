"""Why a schedule problem has no answer: constraints that can't hold together, and the least changes that help.

A constraint is whatever can be left out of a spec (`families` has all of them). Everything that is said of some of
them is found by solving an edited copy of the spec, and what is said to be feasible was found and checked.
"""

from qamctl.schedule.explain.explanation import explain_schedule

__all__ = ["explain_schedule"]
