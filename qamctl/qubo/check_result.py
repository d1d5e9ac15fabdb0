"""A result file against the model that it answers: every figure recomputed, every statement held against the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeGuard

import numpy as np

from qamctl.checks.found import SCHEMA, STATUSES, Discrepancy
from qamctl.qubo.model import Model
from qamctl.qubo.verdict import Verdict, judge

#: Every kind of discrepancy; part of the public contract.
DISCREPANCIES: Final = (
    "malformed", "schema", "kind", "status", "provenance", "sense", "solution", "samples", "one-hot", "constraint",
    "violations", "objective", "energy", "terms", "levels", "bound", "gap", "attempts", "compiled",
)  # fmt: skip

#: No figure is greater; also keeps whole numbers in the range of floats.
_MOST: Final = 1e300

#: Broken constraints that are told one by one.
_TOLD: Final = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """The model file, as the checker sees it.

    Attributes
    ----------
    sense
        min or max.
    sha256, label
        Of the file that was read.
    row_names, group_names
        Of constraints and groups, empty where the file has none.
    """

    model: Model
    sense: str
    sha256: str
    label: str
    row_names: Sequence[str] = ()
    group_names: Sequence[str] = ()

    def name(self, kind: str, number: int) -> str:
        """What to call a constraint or a group."""
        names = self.group_names if kind == "one-hot" else self.row_names
        given = names[number] if number < len(names) else ""
        return str(given) if given else f"{'group' if kind == 'one-hot' else 'constraint'} {number}"


def check_result(result: Mapping[str, Any], asked: Asked, folder: Path | None = None) -> list[Discrepancy]:
    """Everything in a result file that does not hold: its sample, its figures, and what it says of them.

    Parameters
    ----------
    result
        The data of a result file; whatever is wrong with its shape is a discrepancy, never an exception.
    folder
        Where a file of samples is looked for, beside the result file; None if there is no such place.

    Returns
    -------
    The discrepancies in the order of the file; none means that every figure and every constraint holds.
    """
    if not isinstance(result, Mapping):
        return [Discrepancy("malformed", "result", f"must be a mapping, not {type(result).__name__}")]
    comparison = _Comparison(result, asked)
    comparison.header()
    verdict = comparison.sample()
    comparison.figures(verdict)
    if verdict is not None:
        comparison.bounds(verdict)
        comparison.attempts(verdict)
        comparison.compiled(verdict)
    comparison.samples(folder, verdict)
    return comparison.found


class _Comparison:
    """One pass over a result; each method looks at one part of it."""

    def __init__(self, result: Mapping[str, Any], asked: Asked) -> None:
        self.result, self.asked = result, asked
        self.found: list[Discrepancy] = []
        # The sense is part of the question: `--sense` may have put another in place of the file's.
        self.sense = result.get("sense", asked.sense)
        self.sign = -1.0 if self.sense == "max" else 1.0
        self.rounding = 0.0

    def say(self, kind: str, field: str, text: str) -> None:
        self.found.append(Discrepancy(kind, field, text))

    def mapping(self, kind: str, field: str, value: Any) -> Mapping[str, Any]:
        """The value if it is a mapping, else an empty one and a discrepancy."""
        if isinstance(value, Mapping):
            return value
        self.say(kind, field, f"must be a mapping, not {_shown(value)}")
        return {}

    def same(self, value: object, expected: float | None) -> bool:
        """Whether a figure is the expected one, up to the rounding of the answer's sums."""
        return _same(value, expected, self.rounding)

    def equal(self, kind: str, field: str, value: Any, expected: float | None) -> None:
        """Hold a figure against what it should be; None stands for null."""
        if not self.same(value, expected):
            self.say(kind, field, f"is {_shown(value)}, {'null' if expected is None else expected} is right")

    def header(self) -> None:
        result, status = self.result, self.result.get("status")
        if result.get("schema") != SCHEMA:
            self.say("schema", "schema", f"is {_shown(result.get('schema'))}, {SCHEMA!r} is read here")
        if result.get("kind") != "model":
            self.say("kind", "kind", f"is {_shown(result.get('kind'))}, the file is a model")
        if status not in STATUSES:
            self.say("status", "status", f"is {_shown(status)}, none of {', '.join(STATUSES)}")
        if self.sense not in ("min", "max"):
            self.say("sense", "sense", f"is {_shown(self.sense)}, neither min nor max")
        elif self.sense != self.asked.sense:
            self.say("sense", "sense", f"is {self.sense}, the model is read with {self.asked.sense}")
        given = self.mapping("provenance", "provenance", result.get("provenance")).get("spec_sha256")
        if given != self.asked.sha256:
            text = f"is {_shown(given)}, {self.asked.label} has {self.asked.sha256!r}: the result is of another file"
            self.say("provenance", "provenance.spec_sha256", text)

    def sample(self) -> Verdict | None:
        """The verdict on the sample; None where there is none, or nothing that could be one."""
        solution, status = self.result.get("solution"), self.result.get("status")
        wanted = status in ("optimal", "feasible")
        if self.result.get("violations") != []:
            self.say("violations", "violations", "must be an empty list: only checked samples are results")
        if solution is None:
            if wanted:
                self.say("solution", "solution", f"is missing, and the status is {status}")
            return None
        solution = self.mapping("solution", "solution", solution)
        if status in ("infeasible", "unknown"):
            self.say("status", "status", f"is {status}, and there is a sample")
        if solution.get("variables") != [str(label) for label in self.asked.model.labels]:
            self.say("solution", "solution.variables", "are not the labels of the model in their order")
        given = solution.get("sample")
        if not isinstance(given, list) or not all(type(value) is int for value in given):
            self.say("solution", "solution.sample", "must be a list of 0 and 1")
            return None
        try:
            verdict = judge(self.asked.model, np.array(given, np.int64))
        except (ValueError, OverflowError) as error:
            self.say("solution", "solution.sample", str(error))
            return None
        self.rounding = verdict.rounding
        for broken in verdict.broken[:_TOLD]:
            name = self.asked.name(broken.kind, broken.number)
            kind = "one-hot" if broken.kind == "one-hot" else "constraint"
            self.say(kind, "solution.sample", f"{name} is broken by {broken.amount}")
        if len(verdict.broken) > _TOLD:
            self.say("constraint", "solution.sample", f"and {len(verdict.broken) - _TOLD} more are broken")
        return verdict

    def figures(self, verdict: Verdict | None) -> None:
        """Objective, energy and what repeats them; null where there is no sample."""
        energy = None if verdict is None else verdict.energy
        value = None if energy is None else self.sign * energy
        self.equal("energy", "energy", self.result.get("energy"), energy)
        self.equal("objective", "objective", self.result.get("objective"), value)
        terms = self.mapping("terms", "terms", self.result.get("terms"))
        if verdict is not None:
            self.equal("terms", "terms.objective", terms.get("objective"), value)
        if extra := set(terms) - {"objective"}:
            self.say("terms", f"terms.{min(map(str, extra))}", "is no term of a model")
        levels = self.result.get("levels")
        if not isinstance(levels, list) or len(levels) != (verdict is not None):
            self.say("levels", "levels", "must be a list of one level, empty where there is no sample")
        elif verdict is not None:
            level = self.mapping("levels", "levels[0]", levels[0])
            self.equal("levels", "levels[0].value", level.get("value"), value)
            if (bound := level.get("bound")) != self.result.get("bound"):
                self.say("levels", "levels[0].bound", f"is {_shown(bound)}, and the result's is another")
        if verdict is None:
            self.equal("gap", "gap", self.result.get("gap"), None)

    def bounds(self, verdict: Verdict) -> None:
        """The bound, its gap, and the status that follows from them."""
        value, bound, status = self.sign * verdict.energy, self.result.get("bound"), self.result.get("status")
        if bound is None:
            self.equal("gap", "gap", self.result.get("gap"), None)
        elif not _is_number(bound):
            self.say("bound", "bound", f"must be a number or null, not {_shown(bound)}")
            return
        else:
            if self.sign * bound > self.sign * value and not self.same(bound, value):
                self.say("bound", "bound", f"is {bound}, and the value {value} was reached")
            self.equal("gap", "gap", self.result.get("gap"), abs(value - bound) / max(1, abs(value)))
        proved = bound is not None and self.same(bound, value)
        if status == "optimal" and not proved:
            self.say("status", "status", f"is optimal, and the bound {_shown(bound)} does not prove {value}")
        if status == "feasible" and proved:
            self.say("status", "status", "is feasible, and the objective meets its bound: optimal is right")

    def attempts(self, verdict: Verdict) -> None:
        """No engine may claim what the answer contradicts."""
        attempts, value = self.result.get("attempts"), self.sign * verdict.energy
        if not isinstance(attempts, list):
            self.say("attempts", "attempts", f"must be a list, not {_shown(attempts)}")
            return
        rows = [self.mapping("attempts", f"attempts[{k}]", row) for k, row in enumerate(attempts)]
        if rows and self.result.get("solved_by") not in [None, *(row.get("backend") for row in rows)]:
            self.say("attempts", "solved_by", f"is {_shown(self.result['solved_by'])}, which made no attempt")
        for k, row in enumerate(rows):
            for key, better in (("objective", -1.0), ("bound", 1.0)):
                given = row.get(key)
                if _is_number(given) and better * self.sign * (given - value) > 0 and not self.same(given, value):
                    text = f"is {given}, and the answer is {value}"
                    self.say("attempts", f"attempts[{k}].{key}", text)

    def compiled(self, verdict: Verdict) -> None:
        """The encoded answer has no penalty, and its energy is the minimised objective."""
        if self.result.get("compiled") is None:
            return
        compiled = self.mapping("compiled", "compiled", self.result["compiled"])
        if "penalty" in compiled:
            self.equal("compiled", "compiled.penalty", compiled["penalty"], 0)
        if "energy" in compiled:
            self.equal("compiled", "compiled.energy", compiled["energy"], verdict.energy)

    def samples(self, folder: Path | None, verdict: Verdict | None) -> None:
        """Every sample of the file beside the result has the energy and the feasibility that stand there."""
        solution = self.result.get("solution")
        name = solution.get("samples_file") if isinstance(solution, Mapping) else None
        if name is None or folder is None:
            return
        say = partial(self.say, "samples", "solution.samples_file")
        if not isinstance(name, str) or Path(name).name != name:
            say("must be the name of a file beside the result")
            return
        try:
            with np.load(folder / name, allow_pickle=False) as file:
                held = {key: file[key] for key in ("variables", "samples", "energies", "feasible")}
        except (OSError, ValueError, KeyError) as error:
            say(f"can't be read: {error}")
            return
        if held["variables"].tolist() != [str(label) for label in self.asked.model.labels]:
            say("names other variables than the model")
            return
        for k, sample in enumerate(held["samples"]):
            try:
                mine = judge(self.asked.model, sample)
            except ValueError as error:
                say(f"sample {k} {error}")
                return
            if not mine.agrees(float(held["energies"][k])) or bool(held["feasible"][k]) == bool(mine.broken):
                say(f"sample {k} has the energy {mine.energy} and breaks {len(mine.broken)} constraints")
                return
            better = verdict is not None and mine.energy < verdict.energy and not verdict.agrees(mine.energy)
            if better and not mine.broken:
                say(f"sample {k} is feasible and better than the answer: its energy is {mine.energy}")
                return


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -_MOST <= value <= _MOST


def _same(value: object, expected: float | None, rounding: float = 0.0) -> bool:
    """Whether a figure is the expected one: whole numbers exactly, others up to the rounding of sums."""
    if expected is None or value is None:
        return value is expected
    return _is_number(value) and Verdict(float(expected), (), rounding).agrees(float(value))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
