"""`qamctl feedback STATE`: what came of a decision, so that the next one knows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qamctl.cli import options as flag
from qamctl.cli.app import PlainCommand, new_app
from qamctl.cli.numbers import number
from qamctl.cli.session import open_console
from qamctl.cli.table import table
from qamctl.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from qamctl.reason.ledger import State
    from qamctl.reason.state_file import Feedback

app = new_app()

#: Decisions without feedback, and paths, that a page shows.
MOST_ROWS = 12

Outcome = Annotated[str | None, typer.Option("--outcome", metavar="O", help="What came of it: an outcome of the spec.")]
Reward = Annotated[
    list[str] | None,
    typer.Option(
        "--reward", metavar="X|PATH=X", help="0 to 1: of what was done, or of every path, as PATH=X. Repeatable."
    ),
]
OfRun = Annotated[
    str | None,
    typer.Option(
        "--run", metavar="RUN", help="The decision's run, or a unique beginning. Default: the latest without feedback."
    ),
]


@app.command(cls=PlainCommand)
def feedback(
    context: typer.Context,
    state: Annotated[str, typer.Argument(metavar="STATE", help="State file, which a spec names as `state`.")],
    outcome: Outcome = None,
    reward: Reward = None,
    run: OfRun = None,
    output: flag.Output = None,
    quiet: flag.Quiet = False,
) -> int:
    """Tell a state file what came of a decision; without an outcome or a reward, show what it has learned.

    \b
    Examples:
      qamctl feedback agent-7.state.json
      qamctl feedback agent-7.state.json --outcome resolved
      qamctl feedback agent-7.state.json --reward 0.8 --run 20261120T20
      qamctl feedback agent-7.state.json --reward retry=0.2 --reward escalate=0.9

    An outcome changes the priors by the rule of Bayes, with the likelihoods that the spec gives to its outcomes, and
    the reliabilities of the evidence by gradients. A reward of what was done changes them as EXP3 does, rewards of all
    paths as Hedge does. The same feedback twice changes nothing; other feedback for the same run is refused (3).

    The file only grows: each line holds one decision or one piece of feedback. Without an outcome or a reward every
    line of it is computed anew.
    """
    console = open_console(context, {"output": output, "quiet": quiet}, profile=None, config=None)
    from qamctl.reason_feedback import give_feedback, look

    if outcome is None and not reward:
        if run is not None:
            raise UsageError("--run says of which decision: say by --outcome or --reward what came of it")
        seen = look(Path(state))
        console.show(_state_data(seen), lambda: _state_page(seen, console.width))
        return ExitCode.OK
    single, every = _rewards(reward or [])
    if outcome is not None and reward:
        raise UsageError("--outcome and --reward change the priors in different ways: give one of them")
    found = give_feedback(Path(state), run=run, outcome=outcome, reward=single, rewards=every)
    console.show(_data(found), lambda: _page(found, console.width))
    return ExitCode.OK


def _rewards(given: Sequence[str]) -> tuple[float | None, dict[str, float] | None]:
    """The reward of what was done, or those of paths."""
    named = [text for text in given if "=" in text]
    if not named:
        if len(given) > 1:
            raise UsageError("--reward X stands for what was done, once: name paths as --reward PATH=X")
        return (number("--reward", given[0]), None) if given else (None, None)
    if len(named) < len(given):
        raise UsageError("--reward is either X, of what was done, or PATH=X for every path: not both")
    found: dict[str, float] = {}
    for text in named:
        name, _, value = text.rpartition("=")
        if name in found:
            raise UsageError(f"--reward names the path {name!r} twice")
        found[name] = number(f"--reward {name}", value)
    return None, found


def _data(found: Feedback) -> dict[str, Any]:
    paths = found.state.paths
    return {
        "run": found.run, "outcome": found.told.outcome, "reward": found.told.reward,
        "rewards": None if found.told.rewards is None else dict(zip(paths, found.told.rewards, strict=True)),
        "repeated": found.repeated,
        "priors": {"before": dict(zip(paths, found.priors_before.tolist(), strict=True)),
                   "after": dict(zip(paths, found.priors_after.tolist(), strict=True))},
        "reliabilities": {"before": dict(found.reliabilities_before), "after": dict(found.reliabilities_after)},
        "events": found.state.events, "notes": list(found.notes),
    }  # fmt: skip


def _page(found: Feedback, width: int) -> str:
    lines = [f"Run {found.run}: {found.told}"]
    if found.repeated:
        lines.append("It has this feedback already: nothing changed.")
    lines += [f"Note: {note}" for note in found.notes]
    rows = zip(found.state.paths, found.priors_before.tolist(), found.priors_after.tolist(), strict=True)
    changed = sorted(rows, key=lambda row: -abs(row[2] - row[1]))[:MOST_ROWS]
    parts = [_filled(lines, width), table(("path", "prior", "now"), changed, width=width, right="prior now")]
    trust = [
        (name, found.reliabilities_before[name], after)
        for name, after in found.reliabilities_after.items() if found.reliabilities_before.get(name, after) != after
    ]  # fmt: skip
    if trust:
        parts.append(table(("evidence", "reliability", "now"), trust, width=width, right="reliability now"))
    return "\n\n".join(parts)


def _filled(lines: Sequence[str], width: int) -> str:
    return "\n".join(fill(line, width, subsequent_indent="  ") for line in lines)


def _state_data(seen: State) -> dict[str, Any]:
    return {
        "name": seen.name, "created": seen.created, "events": seen.events,
        "priors": dict(zip(seen.paths, seen.priors.tolist(), strict=True)), "reliabilities": dict(seen.reliabilities),
        "decisions": len(seen.decisions), "feedback": len(seen.feedback),
        "open": [run for run in seen.decisions if run not in seen.feedback], "notes": list(seen.notes),
    }  # fmt: skip


def _state_page(seen: State, width: int) -> str:
    decisions = len(seen.decisions)
    counted = f"{decisions} decision{'' if decisions == 1 else 's'}, {len(seen.feedback)} with feedback"
    parts = [_filled([f"{seen.name}: {counted}", *(f"Note: {note}" for note in seen.notes)], width)]
    begun = seen.begun[0].tolist()
    rows = sorted(zip(seen.paths, begun, seen.priors.tolist(), strict=True), key=lambda row: -row[2])[:MOST_ROWS]
    parts.append(table(("path", "begun with", "prior"), rows, width=width, right="begun_with prior"))
    if seen.reliabilities:
        trust = [(name, seen.begun[1].get(name), value) for name, value in list(seen.reliabilities.items())[:MOST_ROWS]]
        parts.append(table(("evidence", "begun with", "reliability"), trust, width=width, right="reliability"))
    waiting = [run for run in seen.decisions if run not in seen.feedback]
    if waiting:
        rows_open = [(run, seen.decisions[run].action) for run in waiting[-MOST_ROWS:]]
        parts.append(table(("without feedback", "action"), rows_open, width=width))
    return "\n\n".join(parts)
