"""Making a binary model smaller without losing its optimum, before anything is searched."""

from qamctl.qubo.presolve.components import Part, components
from qamctl.qubo.presolve.run import Presolved, presolve

__all__ = ["Part", "Presolved", "components", "presolve"]
