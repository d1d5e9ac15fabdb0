"""Lower bounds on the energy of binary models, each of them proved."""

from qamctl.qubo.bounds.constrained import model_lower_bound
from qamctl.qubo.bounds.run import Bound, lower_bound

__all__ = ["Bound", "lower_bound", "model_lower_bound"]
