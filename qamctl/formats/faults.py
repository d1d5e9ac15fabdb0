"""What every importer says and does alike: how a fault is told, and what an imported problem is called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from qamctl.errors import Diagnostic, Location, SpecError

#: The largest number that an importer takes: counts, durations and quantities of every published set are far below.
LARGEST: Final = 10**9


def fault(
    file: str, line: int | None, column: int | None, message: str, *, hint: str | None = None, what: str = "import"
) -> SpecError:
    """The error for one fault at a place of a foreign file; `what` names the format in the headline."""
    found = Diagnostic(message, Location(file, line, column), hint)
    return SpecError(f"{file} can't be read as {what}: {message}.", [found])


def shown(text: str, most: int = 40) -> str:
    """A piece of a foreign file as it may stand in a message: on one line, printable, and short."""
    clean = "".join(c if c.isprintable() else "?" for c in text[: most + 1])
    return f"`{clean[:most]}...`" if len(clean) > most else f"`{clean}`"


def problem_name(file: str) -> str:
    """The name of the imported problem: the file's stem, `imported` where there is none."""
    stem = "".join(c for c in PurePath(file.replace("\\", "/")).stem if c.isprintable()).strip()
    return "imported" if stem in ("", "-", "<stdin>") else stem


def find_cycle(successors: Sequence[Sequence[int]]) -> list[int]:
    """One cycle of a graph in order, empty where there is none; linear time, no recursion."""
    missing = [0] * len(successors)
    for after in successors:
        for j in after:
            missing[j] += 1
    ready = [i for i, count in enumerate(missing) if count == 0]
    for i in ready:  # grows while it is read
        for j in successors[i]:
            missing[j] -= 1
            if missing[j] == 0:
                ready.append(j)
    if len(ready) == len(successors):
        return []
    # Every node that is left has a predecessor that is left: walk back until one repeats.
    before = {j: i for i, after in enumerate(successors) if missing[i] for j in after if missing[j]}
    walk: list[int] = [next(iter(before))]
    seen: dict[int, int] = {}
    while walk[-1] not in seen:
        seen[walk[-1]] = len(walk) - 1
        walk.append(before[walk[-1]])
    return walk[seen[walk[-1]] : -1][::-1]
