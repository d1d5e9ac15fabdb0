"""The file that keeps what a spec has learned, from run to run and for many processes at once.

Feedback and decisions are told once each, by the name of a run: what is told again changes nothing, and what
contradicts it is refused.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from qamctl.errors import SpecError, TemporaryError, UsageError
from qamctl.reason.decide import outcomes_of
from qamctl.reason.events import Decision, Told, dumps
from qamctl.reason.held_file import HeldFile, create, held, looked_at
from qamctl.reason.learning import check_rewards
from qamctl.reason.ledger import Ledger, State, begin
from qamctl.reason.spec import Floats, ReasonSpec
from qamctl.reason.state_check import check_state
from qamctl.spec.faults import show

#: Names that a message gives.
_NAMED: Final = 5
#: Times that a file may vanish between two looks before it is given up.
_TRIES: Final = 100


@dataclass(frozen=True, eq=False)
class Feedback:
    """What feedback changed.

    Attributes
    ----------
    run
        The decision that it belongs to.
    told
        What came of it.
    priors_before, priors_after
        [N] of the paths.
    reliabilities_before, reliabilities_after
        By evidence.
    repeated
        The run had this feedback already: nothing changed.
    state
        As the file has it now.
    notes
        What the user should know.
    """

    run: str
    told: Told
    priors_before: Floats
    priors_after: Floats
    reliabilities_before: Mapping[str, float]
    reliabilities_after: Mapping[str, float]
    repeated: bool
    state: State
    notes: tuple[str, ...]


def open_state(path: Path, spec: ReasonSpec, *, now: str) -> State:
    """The state in the file of a spec; where there is no file, it begins with the spec's priors and reliabilities.

    Of several processes that begin it at once exactly one does. New evidence and other rules of learning are taken
    over from the spec.

    Parameters
    ----------
    now
        The time, for the line that may have to be written.

    Raises
    ------
    SpecError
        The spec has other paths or outcomes than the file, or is a network; or the file is damaged, or of another
        version.
    UsageError, TemporaryError
        The file can't be read or written.
    """
    if spec.network is not None:
        raise SpecError(f"{spec.source.label} has a network, which keeps no state; give `paths` instead")
    outcomes = outcomes_of(spec)
    given = dict(zip(spec.evidence.ids, spec.evidence.reliability.tolist(), strict=True))
    for _ in range(_TRIES):
        if not os.path.lexists(path):
            create(path, begin(spec.name, spec.paths.ids, spec.paths.prior, given, spec.learning, outcomes, now))
        with suppress(FileNotFoundError), held(path) as file:  # removed since we looked: it begins again
            notes = check_state(path, file.ledger.state(()), spec)
            known = file.ledger.reliabilities
            more = {name: value for name, value in given.items() if name not in known}
            if more or spec.learning != file.ledger.learning:
                file.append("spec", now, {"learning": asdict(spec.learning), "reliabilities": more})
            return file.ledger.state((*file.notes, *notes))
    raise TemporaryError(f"{path} is removed again and again by another process; try again when that has ended")


def read_state(path: Path) -> State:
    """The state in a file, which is left as it is.

    Raises
    ------
    SpecError
        It is damaged, or of another version.
    UsageError
        It can't be read.
    """
    try:
        return looked_at(path)
    except FileNotFoundError:
        raise _absent(path) from None


def append_decision(path: Path, decision: Decision, *, now: str, based_on: State | None = None) -> State:
    """Keep a decision that was computed from a state.

    The same decision under the same run is kept once.

    Parameters
    ----------
    based_on
        The state that it was computed from. Where a decision changes the priors (`learning.carry`), the file must
        still have it; None: it is not compared.

    Raises
    ------
    TemporaryError
        The file's priors or reliabilities have changed since.
    SpecError
        The run has another decision already; or as `read_state`.
    UsageError
        The decision does not fit the file; or the file can't be written.
    """
    with _present(path) as file:
        if decision.run in file.ledger.decisions:
            return _again(path, file, decision)
        ledger = file.ledger
        if based_on is not None and ledger.learning.carry:
            same = np.array_equal(based_on.priors, ledger.priors) and based_on.reliabilities == ledger.reliabilities
            if not same:
                raise TemporaryError(
                    f"{path} has changed since the decision of run {show(decision.run)} was computed from it; run again"
                )
        return _decide(file, decision, now)


def append_made(path: Path, make: Callable[[State], Decision], *, now: str) -> State:
    """Make a decision from the state in a file and keep it, in one step: other processes wait meanwhile.

    Parameters
    ----------
    make
        Gives the decision.

    Raises
    ------
    SpecError, UsageError, TemporaryError
        As `append_decision`, and what `make` raises; then nothing is written.
    """
    with _present(path) as file:
        decision = make(file.ledger.state(file.notes))
        if decision.run in file.ledger.decisions:
            return _again(path, file, decision)
        return _decide(file, decision, now)


def append_feedback(
    path: Path, *, now: str, run: str | None = None, outcome: str | None = None, reward: float | None = None,
    rewards: Mapping[str, float] | None = None, first: Sequence[str] = (),
) -> Feedback:  # fmt: skip
    """Keep what came of a decision, and learn from it. Exactly one of outcome, reward and rewards is given.

    Parameters
    ----------
    run
        Of the decision; None: the latest that has no feedback yet. Feedback that it has already changes nothing.
    outcome
        An outcome of the spec.
    reward
        0 to 1, of what was done.
    rewards
        0 to 1, of every path.
    first
        Runs that go before all others where no run is given, the latest of them last.

    Raises
    ------
    UsageError
        There is no such run, outcome or path, a reward lies outside 0..1, or the file can't be written.
    InfeasibleError
        The outcome has the probability 0 on every path that is left.
    SpecError
        The run has other feedback already; or as `read_state`.
    """
    if [outcome, reward, rewards].count(None) != 2:
        raise UsageError("feedback is an outcome, a reward or the rewards of all paths; give exactly one of them")
    with _present(path) as file:
        ledger = file.ledger
        told = Told(outcome, None if reward is None else _number(reward), _rewards(rewards, ledger.paths))
        check_rewards(np.array([told.reward] if told.reward is not None else told.rewards or ()))
        run = _run(ledger, run, first, path)
        priors, reliabilities = ledger.priors.copy(), dict(ledger.reliabilities)
        if (before := ledger.feedback.get(run)) is not None:
            if before != told:
                raise SpecError(
                    f"{path}: the run {show(run)} has {before} already, and {told} contradicts it; "
                    "name another run, or give the same feedback"
                )
            notes = (*file.notes, f"the run {show(run)} has {told} already: nothing changed")
            state = ledger.state(notes)
            return Feedback(run, told, priors, priors, reliabilities, state.reliabilities, True, state, notes)
        after, changed = ledger.learned(run, told)
        what = {name: value for name, value in asdict(told).items() if value is not None}
        file.append("feedback", now, {"run": run, **what, "priors": after.tolist(), "reliabilities": changed})
        notes = (*file.notes, *_said(ledger, run, told))
        state = ledger.state(notes)
        return Feedback(
            run, told, priors, state.priors, reliabilities, state.reliabilities, False, state, notes
        )  # fmt: skip


@contextmanager
def _present(path: Path) -> Iterator[HeldFile]:
    """The file, locked for this process alone; raises UsageError where there is none."""
    with ExitStack() as stack:
        try:
            file = stack.enter_context(held(path))
        except FileNotFoundError:
            raise _absent(path) from None
        yield file


def _decide(file: HeldFile, decision: Decision, now: str) -> State:
    file.append("decision", now, asdict(decision))
    return file.ledger.state(file.notes)


def _again(path: Path, file: HeldFile, decision: Decision) -> State:
    """The state where a run has decided already: the same once more changes nothing."""
    before = file.ledger.decisions[decision.run]
    if dumps(asdict(before)) != dumps(asdict(decision)):
        raise SpecError(
            f"{path}: the run {show(decision.run)} has decided {show(before.action)} already, and another decision, "
            f"{show(decision.action)}, contradicts it; give it a run of its own"
        )
    return file.ledger.state((*file.notes, f"the decision of run {show(decision.run)} is kept already"))


def _run(ledger: Ledger, run: str | None, first: Sequence[str], path: Path) -> str:
    """The run that feedback is for."""
    if run is not None and run in ledger.decisions:
        return run
    if not ledger.decisions:
        raise UsageError(f"{path} holds no decision yet; run the spec that it belongs to first")
    last = ", ".join(map(show, [*ledger.decisions][-_NAMED:]))
    if run is not None:
        raise UsageError(f"{path} knows no run {show(run)}; the last ones are {last}")
    for name in (*reversed(first), *reversed(ledger.decisions)):
        if name in ledger.decisions and name not in ledger.feedback:
            return name
    raise UsageError(f"{path} has no decision that waits for feedback; the last runs are {last}; name one")


def _number(value: Any) -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
        raise UsageError(f"a reward must be a number between 0 and 1, found {show(value)}")
    return float(value)


def _rewards(rewards: Mapping[str, float] | None, paths: tuple[str, ...]) -> tuple[float, ...] | None:
    """[N] in the order of the paths."""
    if rewards is None:
        return None
    known = set(paths)
    unknown, missing = [name for name in rewards if name not in known], [name for name in paths if name not in rewards]
    for names, what in ((unknown, "unknown"), (missing, "missing")):
        if names:
            listed = ", ".join(map(show, names[:_NAMED]))
            raise UsageError(f"rewards belong to all paths, and these are {what}: {listed}; name each path once")
    return tuple(_number(rewards[name]) for name in paths)


def _said(ledger: Ledger, run: str, told: Told) -> Iterator[str]:
    """What the user should know of feedback that was new."""
    decision = ledger.decisions[run]
    if told.reward is not None and decision.actions > 1 and decision.chances[decision.action] == 1:
        yield (
            f"{show(decision.action)} was chosen for certain: what other actions would have earned stays unknown, and "
            "the bound of EXP3 holds only for choices by chance"
        )
    if told.outcome is not None and ledger.learning.reliability_rate and not decision.gradients.get(told.outcome):
        yield f"the decision holds no gradients of {told}: reliabilities stay as they were"


def _absent(path: Path) -> UsageError:
    return UsageError(f"there is no state file {path}; the first run of a spec that names it as `state` begins it")
