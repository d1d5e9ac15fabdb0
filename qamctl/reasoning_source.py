"""Where a schedule's reasoning comes from: a run of `qamctl reason`, its result file, or a reason spec.

Apart from the schedule, which knows nothing of runs, nor of how to reason.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qamctl.errors import Diagnostic, QamError, SpecError
from qamctl.runs.earlier import read_earlier
from qamctl.runs.record import state_folder
from qamctl.schedule.spec import ScheduleSpec
from qamctl.schedule.weighing import with_actions
from qamctl.spec.faults import show
from qamctl.spec.source import Source

#: How the first line of a state file names its format.
STATE_SCHEMA = "qamctl/state/1"

#: Bytes of a file that are enough to see what it is.
_HEAD = 4096


def resolved(spec: ScheduleSpec, environ: Mapping[str, str]) -> ScheduleSpec:
    """The spec with the actions that its `reasoning.from` recommends; the very same spec where it names none.

    Parameters
    ----------
    environ
        The environment, which says where the runs are known.

    Raises
    ------
    SpecError
        There is no such run or file, it holds no answer, or it recommends what the spec does not have; each fault at
        the place of `reasoning.from`.
    """
    asked = spec.reasoning
    if asked is None or asked.actions is not None or asked.origin is None:
        return spec
    if asked.weight == 0 and not any("reasoning" in level for level in spec.objective):
        return with_actions(spec, {})  # as if there were no reasoning: its source is not looked for
    try:
        actions, told = actions_of(asked.origin, spec.source.base, state_folder(environ))
    except QamError as error:
        # A file's own faults come with it; what is to be done is done here, in the schedule.
        first = [str(fault) for fault in error.diagnostics[:1] if fault.message not in error.message]
        raise _fault(spec.source, ": ".join([error.message, *first])) from error
    return with_actions(spec, actions, told)


def actions_of(ref: str, base: Path, state: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """(probability by recommended action, what is known of the source) of a run, a result file or a reason spec.

    Parameters
    ----------
    ref
        As `runs.earlier.read_earlier` takes it, or a reason spec; files are looked up in `base` first.
    state
        The state folder, which knows the runs.

    Raises
    ------
    QamError
        There is none, it is something else, or it holds no answer.
    """
    file = base / ref
    if not file.is_file():
        return _of_result(ref, state)
    head = file.read_bytes()[:_HEAD].lstrip()
    if _is_state(head):
        raise SpecError(
            f"{ref} is a state file: it keeps what was learned, and not what the paths recommend; name the reason "
            "spec that has it as its `state`, which is then solved with what was learned"
        )
    if _is_result(file):
        return _of_result(str(file), state)
    return _of_spec(file)


def _of_result(ref: str, state: Path) -> tuple[dict[str, float], dict[str, Any]]:
    earlier = read_earlier(state, ref, kind="reason")
    given = earlier.data["solution"].get("actions")
    if not isinstance(given, Mapping):
        raise SpecError(f"{earlier.file} tells no `solution.actions`: name a result of `qamctl reason`")
    wrong = [text for text, p in given.items() if isinstance(p, bool) or not isinstance(p, int | float)]
    if wrong:
        raise SpecError(f"{earlier.file} has no probability for the action {show(wrong[0])}: its `solution` is damaged")
    run = earlier.data.get("run")
    told = {"run": run if isinstance(run, str) else None, "sha256": earlier.sha256}
    return {str(text): float(p) for text, p in given.items()}, told


def _of_spec(file: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """The exact answer of a reason spec, with what it has learned so far; nothing is written."""
    from qamctl.reason.read import load_reason
    from qamctl.reason.reasons import solve_or_reasons
    from qamctl.reason.solution import choose
    from qamctl.reason.solvers.exact import spread
    from qamctl.reason_state import learned

    spec, taken = learned(load_reason(file))
    pruned, exact, reasons = solve_or_reasons(spec)
    if pruned is None or exact is None:
        raise SpecError(f"{file} has no answer: {reasons[0].text if reasons else 'its evidence is impossible'}")
    actions = choose(spec, spread(spec, pruned, exact).posterior).actions
    told: dict[str, Any] = {"run": None, "sha256": hashlib.sha256(spec.source.text).hexdigest()}
    if taken is not None and taken.state is not None:
        told["events"] = taken.state.events
    return dict(actions), told


def _is_state(head: bytes) -> bool:
    line = head.split(b"\n", 1)[0]
    return line.startswith(b"{") and f'"{STATE_SCHEMA}"'.encode() in line


def _is_result(file: Path) -> bool:
    """Whether a file is JSON that says it is a result; a spec may be JSON, too."""
    if file.suffix != ".json":
        return False
    try:
        data = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        return False  # the reader of specs says what is wrong with it, and where
    return isinstance(data, dict) and str(data.get("schema", "")).startswith("qamctl/")


def _fault(source: Source, message: str) -> SpecError:
    place = source.locate(("reasoning", "from"))
    return SpecError(f"{source.label} is not a valid spec: 1 fault", [Diagnostic(message, place)])
