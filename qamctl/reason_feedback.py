"""What came of a decision, told to the state file that keeps it; a decision that never got there is fetched first."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qamctl.errors import QamError, SpecError
from qamctl.reason.check import as_learned
from qamctl.reason.ledger import State, replay
from qamctl.reason.read import load_reason
from qamctl.reason.spec import ReasonSpec
from qamctl.reason.state_file import Feedback, append_feedback, read_state
from qamctl.reason_state import Learned, keep
from qamctl.runs.record import state_folder, utc_now
from qamctl.runs.store import find_run


def give_feedback(
    file: Path,
    *,
    run: str | None = None,
    outcome: str | None = None,
    reward: float | None = None,
    rewards: Mapping[str, float] | None = None,
) -> Feedback:
    """Tell a state file what came of a run's decision: exactly one of outcome, reward and rewards.

    A run that was killed between its result and the state file is taken up from its run folder; where it was the first
    one of all, the state file is begun.

    Parameters
    ----------
    run
        A run's id, or a unique beginning of one; None: the latest decision without feedback.

    Raises
    ------
    UsageError
        There is no such file, run, outcome or path, or a reward lies outside 0..1.
    SpecError
        The file is damaged, or the run has other feedback already.
    InfeasibleError
        The outcome is impossible.
    """
    state = None if run is not None and not file.exists() else read_state(file)
    if run is not None:
        run = _known(file, state, run)
    now = utc_now().isoformat()
    return append_feedback(file, now=now, run=run, outcome=outcome, reward=reward, rewards=rewards)


def look(file: Path) -> State:
    """What a state file says, every line of it computed anew.

    Raises
    ------
    UsageError
        There is no such file.
    SpecError
        It is damaged, or says what does not follow.
    """
    state = read_state(file)
    lines = file.read_bytes().splitlines(keepends=True)[: state.events + 1]  # one may have been torn off behind them
    return replace(replay(lines, label=str(file)), notes=state.notes)


def _known(file: Path, state: State | None, run: str) -> str:
    """The whole id of a run, whose decision the file has by then."""
    decisions = {} if state is None else state.decisions
    like = [name for name in decisions if name.startswith(run)]
    if run in decisions or len(like) == 1:
        return run if run in decisions else like[0]
    try:
        directory = find_run(state_folder(os.environ), run).directory
        data = json.loads((directory / "result.json").read_bytes())
        manifest = json.loads((directory / "manifest.json").read_bytes())
    except (QamError, OSError, ValueError):
        return run  # the file itself says that there is no such run, and which ones it knows
    if data.get("kind") != "reason" or not isinstance(data.get("solution"), dict) or not data.get("state"):
        return run
    _take_up(file, state, load_reason(directory / manifest["spec"]["file"]), data)
    return str(data["run"])


def _take_up(file: Path, state: State | None, spec: ReasonSpec, data: Mapping[str, Any]) -> None:
    """Keep the decision of a run that ended before it could."""
    posterior = data["solution"]["posterior"]
    if state is None and (spec.state is None or Path(spec.state).name != file.name):
        return  # no file is begun under a name that the spec does not give
    if set(posterior) != set(spec.paths.ids) or (state is not None and spec.paths.ids != state.paths):
        raise SpecError(f"run {data['run']} is of another spec than {file}: name a run of the spec that it belongs to")
    values = np.array([posterior[name] for name in spec.paths.ids])
    keep(as_learned(data, spec), Learned(file, state), values, data["run"], utc_now().isoformat())
