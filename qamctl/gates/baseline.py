"""The result that `--baseline` names: read before the search, and compared level by level with the new answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qamctl.errors import SpecError, UsageError
from qamctl.gates.aims import Aims
from qamctl.levels import better, same
from qamctl.runs.earlier import EarlierResult, read_earlier

if TYPE_CHECKING:
    from qamctl.spec.source import Source

#: Values that are sums in another order may differ by so much, relatively.
_CLOSE = 1e-9


@dataclass(frozen=True, slots=True)
class Baseline:
    """An earlier result that the new one may not be worse than.

    Attributes
    ----------
    earlier
        The result as it was read.
    levels
        Its value in each objective level.
    sense
        min or max: which values are better.
    same_spec
        Whether it answers the very same problem file, and the same tables.
    """

    earlier: EarlierResult
    levels: tuple[float, ...]
    sense: str
    same_spec: bool

    def verdict(self, levels: Sequence[float]) -> tuple[str, int | None]:
        """`better`, `same` or `worse` of an answer with these values, and the level that decides; None where none does.

        Levels are compared one after the other, differences of rounding apart.
        """
        sign = -1 if self.sense == "max" else 1
        mine, theirs = ([sign * value for value in values] for values in (levels, self.levels))
        if better(mine, theirs) or better(theirs, mine):
            decisive = next(k for k, (a, b) in enumerate(zip(mine, theirs, strict=True)) if not same(a, b))
            return ("better" if better(mine, theirs) else "worse"), decisive
        return "same", None

    def block(self, levels: Sequence[float] | None) -> dict[str, Any]:
        """The block `baseline` of a result, whose answer has these values; None: it has no answer."""
        data = self.earlier.data
        verdict, level = (None, None) if levels is None else self.verdict(levels)
        return {
            "run": data.get("run"), "file": str(self.earlier.file), "sha256": self.earlier.sha256,
            "spec_sha256": _provenance(data).get("spec_sha256"), "same_spec": self.same_spec,
            "status": data.get("status"), "levels": list(self.levels), "verdict": verdict,
            "level": None if level is None else level + 1,
        }  # fmt: skip


def read_baseline(state: Path, ref: str, *, kind: str, name: str, aims: Aims, source: Source) -> Baseline:
    """The baseline that `ref` names, for a problem of this kind and name, with these aims.

    Parameters
    ----------
    state
        The state folder, which knows the runs.
    ref
        A result file, or a run: an id, a unique beginning of one, a directory, or `latest`, which is the latest run of
        this kind and name that ended with exit code 0.
    source
        Of the problem.

    Raises
    ------
    UsageError
        There is no such run, several begin like this, or answers of this kind are not ranked.
    SpecError
        The file can't be read, is no result of this kind, holds no answer, did not meet its own gates, or has another
        objective.
    """
    if not aims.objective:
        raise UsageError(
            f"--baseline: one answer of a {kind} is not better than another: leave it out, or take --check"
        )
    earlier = read_earlier(state, ref, kind=kind, flag="--baseline", name=name)
    data = earlier.data
    if failed := [row for row in data.get("gates") or [] if isinstance(row, Mapping) and row.get("met") is False]:
        raise SpecError(
            f"--baseline {ref}: {earlier.file} did not meet its own gate {failed[0].get('gate')}: name a result that "
            "met all of its gates"
        )
    if data.get("sense", aims.sense) != aims.sense:
        raise SpecError(
            f"--baseline {ref}: the objective of {earlier.file} is {data['sense']}imised, that of {source.label} "
            f"{aims.sense}imised: name a result of the same sense"
        )
    levels = _levels(data, f"--baseline {ref}: {earlier.file}", aims.objective, source.label)
    told = _provenance(data)
    tables = {name: sha256 for name, (_, sha256) in source.tables.items()}
    alike = told.get("spec_sha256") == source.sha256 and (told.get("tables") or {}) == tables
    return Baseline(earlier, levels, aims.sense, alike)


def _levels(
    data: Mapping[str, Any], where: str, objective: Sequence[Mapping[str, float]], label: str
) -> tuple[float, ...]:
    """The values of a result whose levels are those of the objective."""
    levels = data.get("levels")
    if not isinstance(levels, list) or not all(map(_is_level, levels)):
        raise SpecError(f"{where} does not say what its objective levels are: name a result that qamctl wrote")
    if [set(level["terms"]) for level in levels] != [set(level) for level in objective]:
        raise SpecError(
            f"{where} has another objective: it is {_named(level['terms'] for level in levels)}, and {label} has "
            f"{_named(objective)}; name a result of the same objective"
        )
    for number, (level, weights) in enumerate(zip(levels, objective, strict=True), 1):
        value = sum(weight * level["terms"][term] for term, weight in weights.items())
        if abs(value - level["value"]) > _CLOSE * max(1.0, abs(value)):
            raise SpecError(
                f"{where} weighs its terms otherwise: its level {number} is {level['value']}, and {value:g} by the "
                f"weights of {label}; name a result of the same objective"
            )
    return tuple(level["value"] for level in levels)


def _is_level(level: Any) -> bool:
    if not isinstance(level, Mapping) or not isinstance(level.get("terms"), Mapping):
        return False
    figures = (level.get("value"), *level["terms"].values())
    return all(isinstance(figure, (int, float)) and not isinstance(figure, bool) for figure in figures)


def _named(levels: Any) -> str:
    return ", then ".join(" + ".join(level) for level in levels) or "nothing"


def _provenance(data: Mapping[str, Any]) -> Mapping[str, Any]:
    told = data.get("provenance")
    return told if isinstance(told, Mapping) else {}
