"""The state that follows from the lines of a state file: priors, reliabilities, and what was decided and came of it.

What an event makes of the priors stands in it, so that a file gives the same state, byte for byte, on every machine;
what the rules of `learning` make of them here has to agree.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from qamctl.errors import QamError, SpecError
from qamctl.reason.events import (
    SCHEMA,
    Damage,
    Decision,
    Outcome,
    Told,
    by_name,
    check_version,
    distribution,
    dumps,
    find_outcome,
    list_in,
    read_decision,
    read_learning,
    read_outcome,
    read_told,
    seal,
    spec_sha256,
    text_of,
    unseal,
)
from qamctl.reason.learning import adjusted, bayes, exp3, exp3_exploration, exp3_rate, hedge, hedge_rate
from qamctl.reason.spec import Floats, Learning
from qamctl.spec.faults import show

#: Numbers that machines compute differ by less.
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, eq=False)
class State:
    """What a state file says.

    Attributes
    ----------
    name
        Of the spec that the file was begun for.
    paths
        [N] ids.
    priors
        [N] of the next run.
    reliabilities
        Of each piece of evidence, by id.
    learning, outcomes
        How feedback counts, and what it may be.
    spec_sha256
        Of what must not change while the file lives: paths and outcomes.
    begun
        [N] priors, and reliabilities by id, that specs gave.
    decisions, feedback
        What was decided, and what came of it, by run.
    events
        Lines after the header.
    notes
        What the user should know of the file.
    """

    name: str
    created: str
    paths: tuple[str, ...]
    priors: Floats
    reliabilities: Mapping[str, float]
    learning: Learning
    outcomes: tuple[Outcome, ...]
    spec_sha256: str
    begun: tuple[Floats, Mapping[str, float]]
    decisions: Mapping[str, Decision]
    feedback: Mapping[str, Told]
    events: int
    notes: tuple[str, ...] = ()

    def canonical(self) -> bytes:
        """The state as bytes: the same for the same header and events, without times and notes."""
        return _canonical(_texts(self), self.spec_sha256, len(self.decisions), len(self.feedback))


class Ledger:
    """The state while lines are read: `take` changes it, `state` tells it."""

    def __init__(self, header: bytes, *, thorough: bool = False) -> None:
        """Begin with the first line.

        Parameters
        ----------
        thorough
            Compute anew what feedback makes of the priors, and compare. Without it the checksums have to do.

        Raises
        ------
        Damage
            It is no header.
        SpecError
            It is one of another version of the format.
        """
        check_version(header)
        self._thorough = thorough
        record, self.chain = unseal("", header)
        try:
            self.name, self.created = text_of(record["name"]), text_of(record["created"])
            self.paths = tuple(text_of(name) for name in record["paths"])
            self.row = {name: i for i, name in enumerate(self.paths)}
            self.priors = np.array(distribution(record["priors"], len(self.paths)))
            self.reliabilities = by_name(record["reliabilities"])
            self.learning = read_learning(record["learning"])
            self.outcomes = tuple(read_outcome(row, len(self.paths)) for row in record["outcomes"])
            self.spec_sha256 = text_of(record["spec_sha256"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise Damage(f"it is no header of a state file: {_reason(error)}") from None
        if self.spec_sha256 != spec_sha256(self.paths, self.outcomes):
            raise Damage("its paths and outcomes are not those that it was begun with")
        self.begun_priors, self.begun_reliabilities = self.priors, dict(self.reliabilities)
        self.decisions: dict[str, Decision] = {}
        self.feedback: dict[str, Told] = {}
        self.events = 0
        self._texts = _texts(self.state())

    def take(self, line: bytes) -> None:
        """Read one more line.

        Raises
        ------
        Damage
            It does not follow from those before it.
        """
        record, chain = unseal(self.chain, line)
        kinds = {"decision": self._take_decision, "feedback": self._take_feedback, "spec": self._take_spec}
        try:
            number, kind, before = record["n"], record["event"], record["before"]
            text_of(record["time"])
            if type(number) is not int or number != self.events + 1:
                raise Damage(f"it has the number {show(number)}, and {self.events + 1} follows")
            if kind not in kinds:
                raise Damage(f"the event {show(kind)} is unknown; known are {', '.join(kinds)}")
            if before != self.digest():
                raise Damage("it was applied to another state than the one that the lines before it make")
            kinds[kind](record, line)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise Damage(f"it is no event of a state file: {_reason(error)}") from None
        self.chain, self.events = chain, number

    def line(self, event: str, time: str, content: Mapping[str, Any]) -> bytes:
        """The line of a new event, which `take` then reads."""
        head = {"n": self.events + 1, "time": time, "event": event, "before": self.digest()}
        return seal(self.chain, {**head, **content})

    def digest(self) -> str:
        """SHA-256 of the canonical state."""
        text = _canonical(self._texts, self.spec_sha256, len(self.decisions), len(self.feedback))
        return hashlib.sha256(text).hexdigest()

    def state(self, notes: tuple[str, ...] = ()) -> State:
        """The state as it is now; later lines do not change it."""
        return State(
            self.name, self.created, self.paths, self.priors.copy(), MappingProxyType(dict(self.reliabilities)),
            self.learning, self.outcomes, self.spec_sha256,
            (self.begun_priors.copy(), MappingProxyType(dict(self.begun_reliabilities))),
            MappingProxyType(dict(self.decisions)), MappingProxyType(dict(self.feedback)), self.events, notes,
        )  # fmt: skip

    def learned(self, run: str, told: Told) -> tuple[Floats, dict[str, float]]:
        """[N] the priors after feedback, and the reliabilities that it changes.

        Raises
        ------
        UsageError
            There is no such outcome of the run's action, or a reward lies outside 0..1.
        InfeasibleError
            The outcome is impossible.
        """
        decision, learning = self.decisions[run], self.learning
        if told.outcome is not None:
            likelihood = np.array(find_outcome(self.outcomes, told.outcome, decision).likelihood)
            priors = bayes(self.priors, likelihood, learning.forgetting)
            slopes = decision.gradients.get(told.outcome, {})
            names = [name for name in slopes if learning.reliability_rate and name in self.reliabilities]
            before = np.array([self.reliabilities[name] for name in names])
            after = adjusted(before, np.array([slopes[name] for name in names]), learning.reliability_rate)
            return priors, dict(zip(names, after.tolist(), strict=True))
        n, rate = len(self.paths), learning.rate
        if told.reward is None:
            rewards = np.array(told.rewards)
            return hedge(self.priors, rewards, hedge_rate(n, learning.horizon) if rate is None else rate), {}
        if rate is None:
            # Who explores nothing by choice still learns at the rate that the bound wants.
            share = learning.exploration or exp3_exploration(decision.actions, n, learning.horizon)
            rate = exp3_rate(decision.actions, share)
        credit = np.zeros(n)
        credit[[self.row[name] for name in decision.credit]] = list(decision.credit.values())
        return exp3(self.priors, credit, told.reward, decision.chances[decision.action], rate), {}

    def _take_decision(self, record: dict[str, Any], line: bytes) -> None:
        decision = read_decision(record, self.row)
        if decision.run in self.decisions:
            raise Damage(f"the run {show(decision.run)} stands in the file already")
        self.decisions[decision.run] = decision
        if self.learning.carry:
            self.priors = np.array(decision.posterior)
            self._texts["priors"] = list_in(line, "posterior")

    def _take_feedback(self, record: dict[str, Any], line: bytes) -> None:
        run, told = text_of(record["run"]), read_told(record, len(self.paths))
        if run not in self.decisions or run in self.feedback:
            raise Damage(f"the run {show(run)} has no decision that waits for feedback")
        priors, changed = np.array(distribution(record["priors"], len(self.paths))), by_name(record["reliabilities"])
        if self._thorough:
            self._compare(run, told, priors, changed)
        self.priors = priors
        self._texts["priors"] = list_in(line, "priors")
        if changed:
            self.reliabilities.update(changed)
            self._texts["reliabilities"] = dumps(self.reliabilities)
        self.feedback[run] = told

    def _compare(self, run: str, told: Told, priors: Floats, reliabilities: Mapping[str, float]) -> None:
        """Refuse what feedback does not make of the state."""
        try:
            expected, changed = self.learned(run, told)
        except QamError as error:
            raise Damage(error.message) from None
        near = changed.keys() == reliabilities.keys() and all(
            math.isclose(reliabilities[name], value, rel_tol=_ROUNDING, abs_tol=_ROUNDING)
            for name, value in changed.items()
        )
        if not near or np.abs(priors - expected).max() > _ROUNDING:
            raise Damage("its priors or reliabilities are not what the feedback makes of those before it")

    def _take_spec(self, record: dict[str, Any], line: bytes) -> None:
        learning, more = read_learning(record["learning"]), by_name(record["reliabilities"])
        if self.reliabilities.keys() & more.keys():
            raise Damage("evidence that is known already is called new")
        self.learning = learning
        self.reliabilities.update(more)
        self.begun_reliabilities.update(more)
        self._texts = _texts(self.state())


def begin(
    name: str, paths: tuple[str, ...], priors: Floats, reliabilities: Mapping[str, float], learning: Learning,
    outcomes: tuple[Outcome, ...], now: str,
) -> bytes:  # fmt: skip
    """The header of a new state file, with its end of line."""
    record = {
        "schema": SCHEMA,
        "name": name,
        "created": now,
        "paths": paths,
        "priors": priors.tolist(),
        "reliabilities": dict(reliabilities),
        "learning": asdict(learning),
        "outcomes": [asdict(outcome) for outcome in outcomes],
        "spec_sha256": spec_sha256(paths, outcomes),
    }
    return seal("", record)


def replay(lines: Iterable[bytes], label: str = "the state file") -> State:
    """The state that whole lines make, all that was learned computed anew and compared with what stands in them.

    Raises
    ------
    SpecError
        A line is damaged, with `label` and its number; or the format is another version's.
    """
    ledger = None
    for number, line in enumerate(lines, 1):
        ledger = taken(ledger, line, number, label, thorough=True)
    if ledger is None:
        raise SpecError(f"{label} is empty: it is no state file; remove it, and it begins anew")
    return ledger.state()


def taken(ledger: Ledger | None, line: bytes, number: int, label: str, *, thorough: bool = False) -> Ledger:
    """The ledger with one more line, the first one its header; raises SpecError with file and line."""
    try:
        if ledger is None:
            return Ledger(line, thorough=thorough)
        ledger.take(line)
        return ledger
    except Damage as error:
        hint = "restore the file from a copy, or name another one as `state` to begin anew"
        raise SpecError(f"{label}:{number}: the line is damaged: {error}; {hint}") from None
    except SpecError as error:
        raise SpecError(f"{label}:{number}: {error.message}") from None


def exploration(learning: Learning, actions: int, paths: int) -> float:
    """The share of chances that is spread evenly: the spec's, or as the bound of EXP3 wants it."""
    default = exp3_exploration(actions, paths, learning.horizon)
    return default if learning.exploration is None else learning.exploration


def _texts(state: State) -> dict[str, str]:
    """What of a state is long, as JSON: while a file is read it is kept, because writing floats takes the most time."""
    return {
        "learning": dumps(asdict(state.learning)),
        "priors": dumps(state.priors.tolist()),
        "reliabilities": dumps(dict(state.reliabilities)),
    }


def _canonical(texts: Mapping[str, str], sha256: str, decisions: int, feedback: int) -> bytes:
    """The state as JSON with sorted keys."""
    learning, priors, reliabilities = (texts[name] for name in ("learning", "priors", "reliabilities"))
    return (
        f'{{"decisions":{decisions},"feedback":{feedback},"learning":{learning},"priors":{priors},'
        f'"reliabilities":{reliabilities},"schema":"{SCHEMA}","spec_sha256":"{sha256}"}}'
    ).encode()


def _reason(error: Exception) -> str:
    """What a failed read of a field says."""
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
