"""The gates of a run: what `--check` and `--baseline` ask for, read before the search, and what came of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qamctl.errors import UsageError
from qamctl.gates.aims import Aims
from qamctl.gates.baseline import Baseline, read_baseline
from qamctl.gates.condition import Condition, read_condition
from qamctl.gates.figures import WORDS, figures_of, value_of
from qamctl.runs.earlier import EarlierResult

if TYPE_CHECKING:
    from qamctl.story import Problem

#: What the row of the baseline is called among the conditions.
BASELINE: Final = "baseline"


@dataclass(frozen=True, slots=True)
class Gates:
    """What a run must meet.

    Attributes
    ----------
    conditions
        In the order in which they were given.
    baseline
        None where the run is compared with none.
    """

    conditions: tuple[Condition, ...] = ()
    baseline: Baseline | None = None

    @property
    def earlier(self) -> EarlierResult | None:
        """The result that the baseline is."""
        return None if self.baseline is None else self.baseline.earlier

    @property
    def files(self) -> list[Path]:
        """What must not be overwritten: a worse answer in place of the baseline would pass the next time."""
        return [] if self.baseline is None else [self.baseline.earlier.file]

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of the baseline."""
        if self.baseline is None or self.baseline.same_spec:
            return ()
        return (f"the baseline {self.baseline.earlier.file} is of another version of the problem file, or its tables",)


def read_gates(problem: Problem, kind: str, aims: Aims, state: Path) -> Gates:
    """The gates that the options of a problem ask for.

    Parameters
    ----------
    state
        The state folder, which knows the runs that a baseline may be.

    Raises
    ------
    UsageError
        A condition makes no sense, or there is no such baseline.
    SpecError
        The baseline can't be compared with the problem.
    """
    options = problem.options
    conditions = []
    for text in options.check:
        try:
            conditions.append(read_condition(text, kind, figures_of(kind, aims), WORDS))
        except ValueError as error:
            where = problem.resolved.origins["check"].removeprefix("flag ")
            raise UsageError(f"{where}: {error}") from None
    if options.baseline is None:
        return Gates(tuple(conditions))
    baseline = read_baseline(
        state, options.baseline, kind=kind, name=problem.name, aims=aims, source=problem.source
    )  # fmt: skip
    return Gates(tuple(conditions), baseline)


def judged(
    gates: Gates, result: Mapping[str, Any], seconds: float, tables: Mapping[str, bytes]
) -> dict[str, Any]:  # fmt: skip
    """A result with the verdict on every gate: the blocks `gates` and `baseline`, where any was asked for.

    Parameters
    ----------
    result
        The object of a result file; verdicts on the gates of another run are replaced.
    seconds
        From the start of the run to its checked answer.
    tables
        The files that the result names.
    """
    found = {name: block for name, block in result.items() if name not in ("gates", "baseline")}
    rows = [_verdict(condition, found, round(seconds, 6), tables) for condition in gates.conditions]
    blocks: dict[str, Any] = {}
    if gates.baseline is not None:
        levels = [level["value"] for level in found["levels"]] if found.get("solution") is not None else None
        blocks["baseline"] = gates.baseline.block(levels)
        rows.append(_against(gates.baseline, blocks["baseline"], levels))
    if not rows:
        return found
    last = {"provenance": found.pop("provenance")} if "provenance" in found else {}  # says where everything came from
    return {**found, "gates": rows, **blocks, **last}


def unmet(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The gates of a result that it does not meet."""
    return [row for row in result.get("gates") or [] if not row["met"]]


def _verdict(
    condition: Condition, result: Mapping[str, Any], seconds: float, tables: Mapping[str, bytes]
) -> dict[str, Any]:  # fmt: skip
    value = value_of(condition.figure, result, seconds, tables)
    row = {"gate": condition.text, "value": value, "met": value is not None and condition.met_by(value)}
    return row if value is not None else {**row, "note": f"the result has no {condition.figure}"}


def _against(baseline: Baseline, block: Mapping[str, Any], levels: Sequence[float] | None) -> dict[str, Any]:
    verdict, level = block["verdict"], block["level"]
    row = {"gate": BASELINE, "value": verdict, "met": verdict in ("better", "same")}
    if levels is None:
        return {**row, "note": "there is no answer to compare"}
    if level is None:
        return row
    where = f"level {level}: " if len(levels) > 1 else ""
    return {**row, "note": f"{where}{levels[level - 1]}, and the baseline has {baseline.levels[level - 1]}"}
