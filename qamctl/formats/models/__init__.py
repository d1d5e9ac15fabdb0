"""Model files: binary quadratic models and constrained ones, in the formats that people have them in, in and out.

The format is told from the content. Whatever comes in is one `qubo.model.Model`, always minimised; `sense` says
what the objective's number means to the user.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

from qamctl.formats.models.detect import FORMATS, looks_like
from qamctl.qubo.model import Model
from qamctl.spec.source import Source

if TYPE_CHECKING:
    from qamctl.quantum.polynomial import Polynomial
    from qamctl.qubo.compile import Compiled

__all__ = ["FORMATS", "TARGETS", "ModelFile", "looks_like", "read_model", "write_model"]

Sense = Literal["min", "max"]

#: What `write_model` writes -> what it is.
TARGETS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "qubo": "D-Wave .qubo text",
        "ising": "spins, as dimod's JSON of a binary quadratic model",
        "bqm": "dimod's BQM file",
        "cqm": "dimod's CQM file",
        "lp": "CPLEX LP text",
    }
)


@dataclass(frozen=True)
class ModelFile:
    """A model as it was read from a file.

    Attributes
    ----------
    model
        Always minimised, whatever the sense.
    sense
        "min" or "max": what the user calls better.
    format
        A key of `FORMATS`.
    name
        Used in run names: what the file says, else its stem.
    source
        The bytes that were read, and what to call the file.
    solver
        The `solver:` block of a spec; empty for the other formats.
    row_names, group_names
        Names of the model's constraints and one-hot groups, in its order; empty texts where the file has none.
    polynomial
        Of a Hamiltonian: its energy over the qubits' bits, minimised as the model is, of whatever degree; for engines
        that need no quadratic model. None for the other formats.
    pairs
        Of a Hamiltonian: the variables of each product that the model has behind its qubits
        (`quantum.quadratize.with_products`).
    strings
        Of a Hamiltonian: its Pauli strings with their weights as they stand in the file, the offset as the empty text;
        for the checker.
    """

    model: Model
    sense: Sense
    format: str
    name: str
    source: Source
    solver: Mapping[str, Any] = field(default_factory=dict)
    row_names: Sequence[str] = ()
    group_names: Sequence[str] = ()
    polynomial: Polynomial | None = None
    pairs: Sequence[tuple[int, int]] = ()
    strings: Sequence[tuple[str, float]] = ()

    @property
    def qubits(self) -> int | None:
        """Qubits of a Hamiltonian, which are the model's first variables; None for the other formats."""
        return None if self.polynomial is None else self.polynomial.n

    def objective(self, energy: float) -> float:
        """The objective in the user's sense (of MaxCut the cut), from an energy of the minimised model."""
        return 0.0 - energy if self.sense == "max" else energy


def read_model(path: str | Path, *, format: str | None = None, sense: str | None = None) -> ModelFile:
    """The model in a file.

    Parameters
    ----------
    path
        `-` is standard input.
    format
        A key of `FORMATS`; None tells it from the content.
    sense
        "min" or "max", before what the file says; None takes the file's (max for rudy graphs, else min).

    Raises
    ------
    UsageError
        For an unknown format or sense.
    SpecError
        For a file that is not of the format, with file, line and column, and what it looks like instead.
    """
    from qamctl.formats.models.read import read_file

    return read_file(path, format, sense)


def write_model(
    model: Model | Compiled,
    to: str,
    *,
    sense: Sense = "min",
    labels: Sequence[str] | None = None,
    row_names: Sequence[str] = (),
    group_names: Sequence[str] = (),
) -> bytes:
    """A model as the content of a file, the same bytes every time; `read_model` takes it back.

    Parameters
    ----------
    to
        A key of `TARGETS`. "qubo", "ising" and "bqm" hold no constraints: compile the model to a penalty QUBO first.
    sense
        "max" writes the negated objective, for readers who maximise. LP says so itself, and a .qubo in a comment that
        `read_model` understands; the others hold no sense, so read them with `sense="max"`.
    labels
        [n] names of the variables; by default the model's, 0 .. n - 1 where it has none.
    row_names, group_names
        Names of the constraints and groups, for "cqm" and "lp"; numbered ones where they are empty or not unique.

    Raises
    ------
    UsageError
        For an unknown target, or one that cannot hold the model's constraints.
    """
    from qamctl.formats.models.write import write

    return write(model, to, sense, labels, row_names, group_names)
