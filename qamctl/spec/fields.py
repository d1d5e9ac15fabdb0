"""What a field of a problem file is: declared once, for the decoder, the JSON Schema and the reference page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Type = Literal[
    "text",  # an id, a name
    "choice",  # one of a few words
    "integer",
    "number",
    "speed",  # a positive number with at most six decimals
    "quantity",  # of a resource, with at most six decimals
    "duration",  # a length of time
    "lag",  # a length of time that may be negative
    "moment",  # a point in time
    "origin",  # a date-time
    "quantities",  # {resource: quantity}
    "levels",  # {skill: level} or [skill]
    "labels",  # {key: text}
    "performers",  # any, none or [agent]
    "links",  # tasks that come before
    "texts",  # one text or a list
    "record",  # a mapping with fields of its own
    "records",  # a list of such mappings
    "rows",  # a list of such mappings, in the file, in a table or as CSV text
    "objective",  # {term: weight} or a list of those
    "variables",  # how many, or their names
    "terms",  # {variable: number}
    "weights",  # {variable: number}, or rows of them
    "couplings",  # a list of [variable, variable, number], or rows of them
    "groups",  # a list of lists of variables
    "bits",  # a list of lists of numbers from 0
    "strings",  # a list of [Pauli string, number], or rows of them
    "numbers",  # {name: number}
    "flag",  # true or false
    "names",  # a list of texts
    "requirements",  # {label: text or [text]}
    "places",  # any or [cluster]
    "figures",  # {path: number}
    "pairs",  # a list of [path, path, number] or [path, path, number, number], or rows of them
    "chances",  # a list of numbers, or a list of such lists
    "intervals",  # a list of [from, to]
    "periods",  # a list of [from, to, quantity]
    "partners",  # a list of tasks, or of {label, group}
]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a problem file.

    Attributes
    ----------
    meaning
        For the reference page: a phrase with the unit.
    default
        The value where the field is absent; None where it then says nothing.
    low, high
        Least and greatest value of a number.
    positive
        The number must be above 0.
    choices
        The words of a choice, the terms of an objective.
    fields
        Of a record or of rows.
    forms
        Other ways to write the field, each with a name and a meaning of its own.
    """

    name: str
    type: Type
    meaning: str
    default: Any = None
    required: bool = False
    low: float | None = None
    high: float | None = None
    positive: bool = False
    choices: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    forms: tuple[Field, ...] = ()

    def __getitem__(self, name: str) -> Field:
        """The field `name` of a record or of rows."""
        return next(field for field in self.fields if field.name == name)
