"""A whole schedule or cluster problem as one model, built around an answer that is the same each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from qamctl.errors import UnsupportedError, UsageError

if TYPE_CHECKING:
    from qamctl.options import Options

#: The largest model that is compiled whole: about a gigabyte of text.
VARIABLES, COUPLINGS = 100_000, 10_000_000


@dataclass(frozen=True)
class Whole:
    """A schedule or cluster problem as a model, and the answer that the model was built around.

    Attributes
    ----------
    instance
        As `build_instance` of its kind gives it.
    built
        The model with its `encode` and `decode`: a `ScheduleModel`, say.
    first
        A feasible answer, the same each time; it bounds the starts of a schedule. None where none is found quickly.
    level
        The objective level that is compiled, from 0; earlier ones are kept at the first answer's values.
    """

    instance: Any
    built: Any
    first: Any
    level: int

    @property
    def upper(self) -> float | None:
        """The model's objective in the first answer; None where there is none."""
        return None if self.first is None else float(self.built.objective(self.first))


def whole_schedule(instance: Any, options: Options, level: int) -> Whole:
    """The model of a level (from 1) of a schedule problem; see `WHOLE`."""
    from qamctl.schedule.answer import whole_model
    from qamctl.schedule.sizes import estimate
    from qamctl.schedule.solvers.qubo_windows import first_schedule

    _check_level(level, len(instance.levels))
    first = first_schedule(instance)
    if first is None and level > 1:
        raise UnsupportedError(f"level {level} needs a schedule whose earlier levels are kept, and no rule finds one")
    slot, most = options.slot or 1, options.max_variables
    kept = () if first is None else instance.value(first)[: level - 1]
    size, couplings = estimate(instance, first, level=level - 1, fixed_levels=kept, slot=slot, limit=VARIABLES)
    built = None
    if most is not None or (size <= VARIABLES and couplings <= COUPLINGS):
        built = whole_model(
            instance, first, level - 1, slot=slot, max_variables=most or VARIABLES, max_couplings=COUPLINGS
        )  # fmt: skip
    if built is None:
        coarser = "a longer --slot, or --max-variables, makes it coarser"
        raise UnsupportedError(
            f"the whole problem has {size} variables and {couplings} couplings or more, beyond the limits of "
            f"{most or VARIABLES} and {COUPLINGS}: "
            f"{coarser if instance.crews is None else '`qamctl schedule` improves it window by window'}"
        )
    return Whole(instance, built, first, level - 1)


def whole_cluster(instance: Any, options: Options, level: int) -> Whole:
    """The model of a level (from 1) of a cluster problem; see `WHOLE`."""
    from qamctl.cluster.answer import whole_model
    from qamctl.cluster.first import first_assignment
    from qamctl.cluster.sizes import estimate

    _check_level(level, len(instance.levels))
    most = options.max_variables or VARIABLES
    size, couplings = estimate(instance, level=level - 1)
    too_large = UnsupportedError(
        f"the whole problem has about {size} variables and {couplings} couplings, beyond the limits of {most} and "
        f"{COUPLINGS}: `qamctl cluster` improves it part by part"
    )
    if size > most or couplings > COUPLINGS:
        raise too_large
    first = first_assignment(instance)
    if first is None and level > 1:
        raise UnsupportedError(
            f"level {level} needs an assignment whose earlier levels are kept, and a short search finds none"
        )
    built = whole_model(instance, first, level - 1, max_variables=most, max_couplings=COUPLINGS)
    if built is None:
        raise too_large
    return Whole(instance, built, first, level - 1)


def _check_level(level: int, levels: int) -> None:
    if not 1 <= level <= levels:
        raise UsageError(f"--level {level}: the objective has {levels} levels, counted from 1")


#: By kind of problem, the model of an instance with the options that hold, at an objective level from 1. Raises
#: UsageError where there is no such level, UnsupportedError where the model is too large or can't be built.
WHOLE: Final[Mapping[str, Callable[[Any, Options, int], Whole]]] = {
    "schedule": whole_schedule,
    "cluster": whole_cluster,
}
