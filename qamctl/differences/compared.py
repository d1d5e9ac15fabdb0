"""What two results differ in, whatever their kind: both sides, their figures, and the changes of the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from qamctl.levels import same

SCHEMA: Final = "qamctl/diff/1"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two results.

    Attributes
    ----------
    run, file, sha256
        The run that wrote it, its file, and the hash of that.
    spec_sha256
        Of the problem file that it answers.
    """

    run: str | None
    file: str
    sha256: str
    spec_sha256: str | None

    @property
    def name(self) -> str:
        """What to call it."""
        return self.run or self.file

    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"run": self.run, "file": self.file, "sha256": self.sha256, "spec_sha256": self.spec_sha256}


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure or a term before and after; None where a result does not have it."""

    name: str
    before: Any
    after: Any

    @property
    def change(self) -> float | None:
        """After minus before, where both are numbers."""
        if not (is_number(self.before) and is_number(self.after)):
            return None
        change = self.after - self.before
        return 0 if same(self.before, self.after) else change

    @property
    def differs(self) -> bool:
        """Whether it changed, differences of rounding apart."""
        return bool(self.change) if self.change is not None else self.before != self.after

    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"name": self.name, "before": self.before, "after": self.after, "change": self.change}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that changed: a task, an agent, a variable, a path, a bitstring.

    Attributes
    ----------
    id
        Whose it is.
    what
        How it changed: `added`, `moved`, ...; several words where it did in several ways.
    before, after
        The fields that tell it, the same ones on both sides; None where a side does not have it.
    change
        By how much, where that is a number.
    """

    id: str
    what: tuple[str, ...]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    change: float | None = None

    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        sides = {name: None if side is None else dict(side) for name, side in self._sides.items()}
        return {"id": self.id, "what": list(self.what), **sides, "change": self.change}

    @property
    def _sides(self) -> dict[str, Mapping[str, Any] | None]:
        return {"before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True)
class Changes:
    """How the answer itself changed.

    Attributes
    ----------
    of
        What the rows are: task, agent, variable, path or bitstring.
    fields
        The fields of a row that people see.
    measure
        What `change` of a row is called: the shift of a task, the change of a probability.
    counts
        How many changed in each way, and how many did not.
    rows
        Those that changed, the most telling ones first.
    """

    of: str
    fields: tuple[str, ...]
    measure: str
    counts: Mapping[str, float]
    rows: Sequence[Row]

    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"of": self.of, "counts": dict(self.counts), "rows": [row.data() for row in self.rows]}


@dataclass(frozen=True, slots=True)
class Difference:
    """All that two results differ in.

    Attributes
    ----------
    verdict
        Whether the second one is `better`, `same` or `worse` by the objective; None where they can't be ranked.
    changes
        None where one of them has no answer.
    notes
        What one should know of the comparison.
    """

    kind: str
    before: Side
    after: Side
    verdict: str | None
    figures: Sequence[Figure]
    terms: Sequence[Figure]
    changes: Changes | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def same(self) -> bool:
        """Whether status, figures, terms and answer are the same."""
        rows = () if self.changes is None else self.changes.rows
        return not rows and not any(figure.differs for figure in (*self.figures, *self.terms))

    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "schema": SCHEMA, "kind": self.kind, "before": self.before.data(), "after": self.after.data(),
            "same": self.same, "verdict": self.verdict, "figures": [figure.data() for figure in self.figures],
            "terms": [term.data() for term in self.terms],
            "changes": None if self.changes is None else self.changes.data(), "notes": list(self.notes),
        }  # fmt: skip


def is_number(value: Any) -> bool:
    """Whether a value of a result can be a figure."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
