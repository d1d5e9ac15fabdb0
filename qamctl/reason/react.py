"""The loop of an agent that reasons, acts and reflects: decisions from a spec, and what came of them back into it.

A decision is computed exactly, from the priors and reliabilities that the state file holds at that moment; other
processes with the same file wait meanwhile, so that none builds on what another is about to change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from qamctl.errors import InfeasibleError, SpecError, UsageError
from qamctl.reason.decide import decision_of, gradients_of, with_learned
from qamctl.reason.events import Decision
from qamctl.reason.exact import posterior_of
from qamctl.reason.ledger import State, exploration
from qamctl.reason.read import load_reason, reason_from_data
from qamctl.reason.spec import EVOLVE, EVOLVE_WORD, ReasonSpec
from qamctl.reason.state import ImpossibleError
from qamctl.reason.state_file import Feedback, append_feedback, append_made, open_state, read_state
from qamctl.spec.faults import show


@dataclass(frozen=True)
class Choice:
    """What was decided.

    Attributes
    ----------
    run
        Its name, for feedback.
    decision
        The most probable decision.
    action
        What to do: the action with the largest expected utility, without utilities the decision; or what was drawn.
    posterior, decisions
        Probabilities of paths, and of decisions.
    expected_utility
        By action; empty without utilities.
    chances
        With which actions could have been chosen; those with none are left out.
    log_evidence
        Natural logarithm of the probability of the evidence.
    notes
        What the user should know.
    """

    run: str
    decision: str
    action: str
    posterior: Mapping[str, float]
    decisions: Mapping[str, float]
    expected_utility: Mapping[str, float]
    chances: Mapping[str, float]
    log_evidence: float
    notes: tuple[str, ...]


class QuantumReACT:
    """Makes decisions by a spec, and learns from what came of them.

    Parameters
    ----------
    spec
        A spec, its file, or its data.
    state
        The file that keeps what is learned; None: the spec's `state`, which lies in the folder of the spec or below.
    seed
        Of choices by chance.
    clock
        Gives the time of decisions and feedback.

    Raises
    ------
    SpecError
        The spec is invalid, is a network, names a state outside its folder, or does not fit the state file.
    UsageError
        There is no state file to use, or it can't be read or written.
    """

    def __init__(
        self, spec: ReasonSpec | str | Path | Mapping[str, Any], state: str | Path | None = None, *, seed: int = 0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        if isinstance(spec, str | Path):
            spec = load_reason(spec)
        self.spec = reason_from_data(spec) if isinstance(spec, Mapping) else spec
        self.path = state_path(self.spec) if state is None else Path(state)
        self._seed, self._clock = seed, clock
        self._begun = open_state(self.path, self.spec, now=self._now())
        self._waiting: list[str] = []

    @property
    def state(self) -> State:
        """What the state file says now."""
        return read_state(self.path)

    def make_decision(
        self, *, run: str | None = None, steps: Sequence[str] | None = None, explore: bool = False
    ) -> Choice:
        """Decide, and keep the decision in the state file.

        Parameters
        ----------
        run
            Name of the decision; None: the next number.
        steps
            What happens in turn, in place of the spec's steps: ids of evidence, and `evolve`.
        explore
            Draw the action from the chances of EXP3, so that rewards of what is done say enough to learn from.

        Raises
        ------
        InfeasibleError
            The evidence has the probability 0.
        UsageError
            A step is unknown, or the state file can't be read or written.
        SpecError
            The run has another decision already, or the state file is damaged or another spec's.
        """
        rows = self.spec.steps if steps is None else self._rows(steps)
        made: list[tuple[Decision, float]] = []

        def make(state: State) -> Decision:
            made.append(self._make(state, rows, run, explore))
            return made[-1][0]

        state = append_made(self.path, make, now=self._now())
        decision, log_evidence = made[-1]
        self._waiting.append(decision.run)
        paths, utility, p = self.spec.paths, self.spec.utility, np.array(decision.posterior)
        shares = np.bincount(paths.decision, weights=p, minlength=len(paths.decisions))
        worth = utility.values @ p if utility.actions else np.zeros(0)
        return Choice(
            decision.run, decision.decision, decision.action,
            dict(zip(paths.ids, p.tolist(), strict=True)),
            dict(zip(paths.decisions, shares.tolist(), strict=True)),
            dict(zip(utility.actions, worth.tolist(), strict=True)), decision.chances, log_evidence,
            tuple(dict.fromkeys((*self.spec.notes, *self._begun.notes, *state.notes))),
        )  # fmt: skip

    def reflect_and_adjust(
        self, outcome: str | None = None, *, reward: float | None = None,
        rewards: Mapping[str, float] | None = None, run: str | None = None,
    ) -> Feedback:  # fmt: skip
        """Learn from what came of a decision: exactly one of outcome, reward and rewards.

        Parameters
        ----------
        outcome
            An outcome of the spec: the priors follow by the rule of Bayes, the reliabilities by gradients.
        reward
            0 to 1, of what was done: the priors follow by EXP3.
        rewards
            0 to 1, of every path, or of every decision: the priors follow by Hedge.
        run
            Of the decision; None: the latest one made here that has no feedback yet, else the latest in the file.

        Raises
        ------
        UsageError, InfeasibleError, SpecError
            As `append_feedback`.
        """
        if rewards is not None:
            rewards = self._of_paths(rewards)
        feedback = append_feedback(
            self.path, run=run, outcome=outcome, reward=reward, rewards=rewards, first=self._waiting, now=self._now()
        )
        self._waiting = [name for name in self._waiting if name not in feedback.state.feedback]
        return feedback

    def _make(self, state: State, rows: Sequence[int], run: str | None, explore: bool) -> tuple[Decision, float]:
        spec = self.spec
        if state.spec_sha256 != self._begun.spec_sha256:
            raise SpecError(f"{self.path} is another spec's by now; name another file as `state`")
        spec = with_learned(spec, state.priors, state.reliabilities)
        try:
            after = posterior_of(spec, rows, spec.coherence)
        except ImpossibleError as error:
            seen = spec.evidence.ids[rows[error.place]]
            raise InfeasibleError(
                f"the evidence {show(seen)} is impossible: it has the probability 0 on every path that is left; "
                "give it some probability on one of them, or leave it out"
            ) from None
        # The name and the draw follow from the number of decisions: whoever repeats a sequence gets it again.
        number = len(state.decisions)
        actions, paths = len(spec.utility.actions or spec.paths.decisions), len(spec.paths.ids)
        decision = decision_of(
            spec, after.probabilities, _name(state) if run is None else run,
            exploration=exploration(state.learning, actions, paths),
            generator=np.random.default_rng([self._seed, number]) if explore else None,
        )  # fmt: skip
        if EVOLVE in rows and not state.learning.reliability_rate:
            return decision, after.log_evidence  # nothing will ask for gradients, and with evolution they are dear
        return replace(decision, gradients=gradients_of(spec, decision, rows)), after.log_evidence

    def _rows(self, steps: Sequence[str]) -> tuple[int, ...]:
        """Steps by name as rows of the evidence, and `EVOLVE`."""
        index = {name: row for row, name in enumerate(self.spec.evidence.ids)}
        if self.spec.context is not None:
            index[EVOLVE_WORD] = EVOLVE
        for step in steps:
            if step not in index:
                raise UsageError(f"there is no step {show(step)}; known are {', '.join(map(show, index)) or 'none'}")
        return tuple(index[step] for step in steps)

    def _of_paths(self, rewards: Mapping[str, float]) -> dict[str, float]:
        """Rewards by path, where they are given by decision."""
        paths = self.spec.paths
        if set(rewards) != set(paths.decisions):
            return dict(rewards)
        of = [paths.decisions[k] for k in paths.decision.tolist()]
        return {name: rewards[decision] for name, decision in zip(paths.ids, of, strict=True)}

    def _now(self) -> str:
        return self._clock().isoformat()


def state_path(spec: ReasonSpec) -> Path:
    """The state file that a spec names, relative to its folder.

    Raises
    ------
    UsageError
        It names none.
    SpecError
        It lies outside the spec's folder, links resolved.
    """
    if spec.state is None:
        raise UsageError(f"{spec.source.label} names no `state`; add one, or name the file that keeps what is learned")
    try:
        root = spec.source.base.resolve()
        path = root / spec.state
        inside = path.resolve().is_relative_to(root) and path.resolve() != root
    except (OSError, RuntimeError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise SpecError(f"the state file {show(spec.state)} can't be used: {reason}; move it beside the spec") from None
    if not inside:
        raise SpecError(f"the state file {show(spec.state)} lies outside the spec's folder; move it beside the spec")
    return path


def _name(state: State) -> str:
    """The next number that no decision has as its name."""
    number = len(state.decisions) + 1
    while str(number) in state.decisions:
        number += 1
    return str(number)
