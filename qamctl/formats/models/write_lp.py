"""Writes CPLEX LP text; names that LP does not allow get stand-ins, and comments say what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

import numpy as np

from qamctl.formats.models.content import Content
from qamctl.formats.models.lp_text import SECTIONS
from qamctl.formats.models.notes import note_lines
from qamctl.qubo.model import EQ, GE, LE, Floats

#: Pieces on a line: lines stay below the 255 characters that some readers take, for names of usual length.
PIECES: Final = 6

_SENSES: Final = {LE: "<=", EQ: "=", GE: ">="}
_ALLOWED = re.compile(r"(?![eE][0-9])[A-Za-z_][A-Za-z0-9_.@#$%&!~]{0,199}\Z").match
_TAKEN: Final = {*SECTIONS, *(word.split()[0] for word in SECTIONS), "free", "inf", "infinity", "obj"}


def write_lp(content: Content) -> bytes:
    """The model as LP text: every variable is listed under Binary, in order."""
    names, stands_for = _stand_ins(content.labels, "x")
    rows = content.constraints
    row_names, _ = _stand_ins(rows.names, "c")
    lines = [*note_lines("\\", names=stands_for), "Maximize" if content.sense == "max" else "Minimize", " obj:"]
    own = np.flatnonzero(content.linear)
    lines += _wrapped(_terms(content.linear[own], (names[i] for i in own.tolist())))
    if len(content.row):
        pairs = (f"{names[i]} * {names[j]}" for i, j in zip(content.row.tolist(), content.col.tolist(), strict=True))
        lines += ["  + [", *_wrapped(_terms(2.0 * content.weight, pairs)), "  ] / 2"]
    if content.offset:
        lines.append(f"  {'-' if content.offset < 0 else '+'} {abs(content.offset)!r}")
    lines.append("Subject To")
    start = rows.start.tolist()
    members = [names[i] for i in rows.index.tolist()]
    terms = list(_terms(rows.coef.astype(float), members))
    for r, (sense, rhs) in enumerate(zip(rows.sense.tolist(), rows.rhs.tolist(), strict=True)):
        inside = terms[start[r] : start[r + 1]] or ([f"0 {names[0]}"] if names else ["0"])
        lines.append(f" {row_names[r]}:")
        lines += _wrapped(inside)
        lines.append(f"  {_SENSES[sense]} {rhs}")
    if names:
        lines += ["Binary", *_wrapped(names)]
    return "\n".join([*lines, "End", ""]).encode("ascii")


def _stand_ins(labels: Sequence[str], letter: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Names that LP allows, all different, and (name, label) where they are not the same."""
    good = [bool(_ALLOWED(label)) and label.lower() not in _TAKEN for label in labels]
    kept = {label for label, fine in zip(labels, good, strict=True) if fine}
    while any(re.fullmatch(letter + "[0-9]+", label) for label in kept) and not all(good):
        letter += "_"
    names = [label if fine else f"{letter}{i}" for i, (label, fine) in enumerate(zip(labels, good, strict=True))]
    return names, [(name, label) for name, label, fine in zip(names, labels, good, strict=True) if not fine]


def _terms(values: Floats, names: Iterable[str]) -> Iterator[str]:
    """`+ 3 x` for each coefficient and what it multiplies."""
    signs = map("-".__mul__, (values < 0).tolist())
    whole = bool((np.abs(values) < 2.0**53).all()) and bool((values == np.rint(values)).all())
    sizes = np.abs(values).astype(np.int64).tolist() if whole else np.abs(values).tolist()
    return (f"{sign or '+'} {size!r} {name}" for sign, size, name in zip(signs, sizes, names, strict=True))


def _wrapped(pieces: Iterable[str]) -> Iterator[str]:
    """A few pieces a line."""
    rest = iter(pieces)
    while part := list(islice(rest, PIECES)):
        yield "  " + " ".join(part)
