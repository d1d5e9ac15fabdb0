"""From samples of a compiled schedule or cluster to the best answer that they hold, or can be repaired to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from qamctl.compiling import Target
from qamctl.compiling_whole import Whole
from qamctl.contest import Contest, Report
from qamctl.errors import InfeasibleError
from qamctl.levels import better, prove
from qamctl.race import Attempt
from qamctl.result import build_result

if TYPE_CHECKING:
    from qamctl.decoding import Samples

#: Samples that are repaired, those of least energy first; feasible ones are decoded, all of them.
REPAIRED: Final = 1_000

#: Samples that a message names.
TOLD: Final = 10

#: What an answer is called.
WORDS: Final = {"schedule": "schedule", "cluster": "assignment"}

#: An answer, or None, and the row of its sample.
Candidate = tuple[Any, int]


@dataclass(frozen=True)
class Found:
    """The best checked answer of all samples, the sample that it is from, and those that had to be repaired.

    Samples go by their places in the file, from 1.
    """

    answer: Any
    report: Report
    best: int
    repaired: Sequence[int]


def decode_answer(
    target: Target, whole: Whole, variables: int, samples: Samples, provenance: Mapping[str, Any]
) -> dict[str, Any]:
    """The result of a schedule or a cluster: its best answer, judged by the checker.

    Parameters
    ----------
    variables
        Of the QUBO that was sampled.

    Raises
    ------
    InfeasibleError
        None of the samples is a feasible answer, or can be repaired to one.
    """
    word, contest = WORDS[target.kind], _contest(target.kind, whole)
    found = _best(contest, target.kind, whole, samples)
    if found is None:
        a = "an" if word[0] in "aeiou" else "a"
        raise InfeasibleError(
            f"none of {samples.drawn} samples is {a} {word}, or can be repaired to one: sample more, or compile with "
            "another --penalty"
        )
    attempt = Attempt("samples", "feasible", found.report.levels, found.answer, variables=variables)
    attempt.info = {"shots": samples.drawn, "feasible_fraction": samples.fraction}
    attempt.note = _repairs(found, word)
    proof = prove(found.report.levels, (), contest.bounds())
    return build_result(
        target.kind, whole.instance.spec.objective, run="decode", status="optimal" if proof.optimal else "feasible",
        solution=_block(target.kind, whole, found), report=found.report, proof=proof, solved_by="samples",
        fallback=None, attempts=[attempt], reasons=[], compiled=_compiled(target, whole, found.answer, proof.level),
        provenance=provenance,
    )  # fmt: skip


def _contest(kind: str, whole: Whole) -> Contest:
    if kind == "schedule":
        from qamctl.schedule import contest as schedules

        return schedules.contest_of(whole.instance)
    from qamctl.cluster import contest as clusters

    return clusters.contest_of(whole.instance)


def _best(contest: Contest, kind: str, whole: Whole, samples: Samples) -> Found | None:
    """Decode the feasible samples and repair the others; None where neither gives an answer that checks."""
    best: tuple[Any, Report, int] | None = None

    def offer(answer: Any, number: int) -> bool:
        """Whether it is an answer that checks; the best one is kept."""
        nonlocal best
        if answer is None:
            return False
        report = contest.check(answer)
        if report.violations:
            return False
        if best is None or better(report.levels, best[1].levels):
            best = answer, report, number
        return True

    numbers = samples.number.tolist()
    for k in np.flatnonzero(samples.feasible).tolist():
        offer(whole.built.decode(samples.values[k]), numbers[k])
    mended = _mended_schedules if kind == "schedule" else _mended_assignments
    repaired = [
        numbers[k] for answer, k in mended(whole, samples) if offer(answer, numbers[k]) and not samples.feasible[k]
    ]
    return None if best is None else Found(*best, sorted(repaired))


def _mended_schedules(whole: Whole, samples: Samples) -> Iterator[Candidate]:
    from qamctl.schedule.solvers.given_lists import mended
    from qamctl.schedule.solvers.list_problem import flat_problem

    flat = flat_problem(whole.instance)
    # A feasible one is placed again, too: it may leave idle time before a task.
    for k, sample in enumerate(samples.values[:REPAIRED]):
        yield mended(whole.built, flat, sample, whole.first), k


def _mended_assignments(whole: Whole, samples: Samples) -> Iterator[Candidate]:
    from qamctl.cluster.mend import mended

    for k in np.flatnonzero(~samples.feasible)[:REPAIRED].tolist():
        yield mended(whole.built, samples.values[k], whole.first), k


def _block(kind: str, whole: Whole, found: Found) -> dict[str, Any]:
    """The block `solution` of a result, without tables beside it."""
    spec, answer = whole.instance.spec, found.answer
    if kind == "schedule":
        from qamctl.schedule import solution as schedules

        return schedules.to_block(spec, answer)
    from qamctl.cluster import result as clusters
    from qamctl.cluster.moves import order_moves

    report: Any = found.report
    return clusters.to_block(spec, answer, report, *order_moves(spec, answer), most_rows=None)[0]


def _compiled(target: Target, whole: Whole, answer: Any, level: int) -> dict[str, Any] | None:
    """What the answer is as a QUBO; None where nothing can be chosen."""
    options, instance = target.problem.options, whole.instance
    if not instance.n:
        return None
    if target.kind == "schedule":
        from qamctl.schedule import answer as schedules

        slot = options.slot or 1
        return schedules.compile_answer(instance, answer, level, slot=slot, max_variables=options.max_variables)
    from qamctl.cluster import answer as clusters

    block: dict[str, Any] = clusters.compile_answer(instance, answer, level, max_variables=options.max_variables)
    return block


def _repairs(found: Found, word: str) -> str | None:
    """What a result says of repairs; None where there were none."""
    if not found.repaired:
        return None
    broken = ", repaired: as it was sampled it breaks constraints" if found.best in found.repaired else ""
    told = ", ".join(map(str, found.repaired[:TOLD]))
    more = len(found.repaired) - TOLD
    told += f" and {more} more" if more > 0 else ""
    return f"the best {word} is from sample {found.best} of the file{broken}; repaired samples: {told}"
