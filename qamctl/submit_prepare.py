"""What is known of a job before it is sent: its file compiled for its target, its price, its id; and the dry run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qamctl.azure.account import Account, account_of
from qamctl.errors import AuthError, GateError, QamError, UsageError
from qamctl.remote import database_faults
from qamctl.runs.identity import state_folder
from qamctl.runs.metrics import Stopwatch
from qamctl.runs.signals import Stop
from qamctl.submit_read import Program, read_program

if TYPE_CHECKING:
    from qamctl.azure.payload import Prepared
    from qamctl.azure.service import TargetStatus
    from qamctl.azure.targets import Target

#: Seconds for the question whether the service lists a target.
PATIENCE: Final = 10.0

#: Shots from which on there is a warning where a target's own limit is not known.
MANY_SHOTS: Final = 1_000_000


@dataclass(frozen=True)
class Ready:
    """A program with all that is known before it is sent."""

    program: Program
    target: Target
    prepared: Prepared
    account: Account
    qir_profile: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of the job."""
        return str(self.program.problem.options.job_name or self.program.problem.name)


def prepare(
    path: str,
    flags: Mapping[str, object],
    *,
    qir_profile: str | None = None,
    profile: str | None = None,
    config_file: Path | None = None,
    watch: Stopwatch | None = None,
    ask: bool = True,
    begun: float | None = None,
) -> Ready:
    """Read a file and compile it for its target.

    Parameters
    ----------
    qir_profile
        None: what the circuit needs.
    ask
        Whether the service may be asked for a target that is not known here.
    begun
        The moment from which the option `timeout` counts; None: it does not.

    Raises
    ------
    QamError
        The file, an option, or the target is at fault.
    """
    from qamctl.azure import payload, prices
    from qamctl.quantum.qir import PROFILES

    if qir_profile is not None and qir_profile not in PROFILES:
        raise UsageError(f"there is no QIR profile {qir_profile!r}: choose {', '.join(PROFILES)}")
    program = read_program(path, flags, profile=profile, config_file=config_file)
    if program.native is not None and qir_profile is not None:
        raise UsageError(
            "--qir-profile is for circuits, and with --input-format the program is sent as it is: leave it out"
        )
    options = program.problem.options
    account = account_of(options, state_folder(os.environ), os.environ)
    deadline = None if begun is None or options.timeout is None else begun + options.timeout
    target = _target(options.target, account, ask, deadline)
    if program.native is not None:
        check_format(program.native.format, target)
    if watch is not None:
        watch.phase("compile")
    if program.qir is not None and qir_profile not in (None, program.qir.profile):
        raise UsageError(
            f"{program.problem.source.label} is QIR of the profile {program.qir.profile} already: leave --qir-profile "
            "out"
        )
    prepared = payload.prepare(
        target=target, prices=prices.load_prices(options.prices), circuit=program.circuit, qir=program.qir,
        native=None if program.native is None else (program.native.format, program.native.source.text),
        shots=options.shots or program.shots, profile=None if program.qir is not None else qir_profile,
    )  # fmt: skip
    if options.max_shots is not None and prepared.shots > options.max_shots:
        raise GateError(
            f"the job takes {prepared.shots:,} shots, above the --max-shots of {options.max_shots:,}: ask for fewer by "
            "--shots, or raise it"
        )
    return Ready(program, target, prepared, account, qir_profile, _warnings(target, prepared.shots))


def _warnings(target: Target, shots: int) -> tuple[str, ...]:
    if target.max_shots is not None or shots <= MANY_SHOTS:
        return ()
    return (
        f"{shots:,} shots: how many {target.id} takes in a job is not known here, and the service may refuse so many",
    )


def _target(name: str | None, account: Account, ask: bool, deadline: float | None) -> Target:
    """The target by its name: one that we know, or one that the service lists."""
    from qamctl.azure import targets

    if name is None:
        raise UsageError(
            "submit needs to know where to: give --target, or `target` in a profile (see `qamctl backends`)"
        )
    try:
        return targets.find(name)
    except UsageError:
        if not ask:
            raise
        for status in _listed(account, deadline):
            if status.id == name:
                return targets.from_status(status)
        raise


def check_format(name: str, target: Target) -> None:
    """Refuse a name that is no provider's own language; whether the target takes it is another question.

    Raises
    ------
    UsageError
        It is none: the nearest, and those that the target takes, are told.
    """
    from difflib import get_close_matches

    from qamctl.azure import targets

    known = [form.input for form in targets.formats().values() if form.name != "qir"]
    if name in known:
        return
    if name == targets.formats()["qir"].input:
        raise UsageError(f"--input-format {name}: leave it out, QIR is told from its content")
    near = get_close_matches(name.lower(), known, 1)
    taken = ", ".join(form.input for form in target.formats if form.name != "qir")
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)};"
    more = f"{target.id} takes {taken}" if taken else f"{target.id} takes none but QIR"
    raise UsageError(f"there is no input format {name!r}: {hint} {more}")


def _listed(account: Account, deadline: float | None) -> Sequence[TargetStatus]:
    """The targets of the workspace; none where it can't be asked: then the name stays unknown."""
    from qamctl.azure.attend import End, attended_desk, now
    from qamctl.azure.service import ServiceFault

    deadline = min(now() + PATIENCE, float("inf") if deadline is None else deadline)
    try:
        with database_faults(account.state):
            desk = attended_desk(account, End(Stop(), deadline))
            return desk.client.call("asking for the targets", desk.client.service.targets, deadline)
    except (QamError, ServiceFault):
        return ()


def dry_run(
    path: str,
    flags: Mapping[str, object],
    *,
    qir_profile: str | None = None,
    profile: str | None = None,
    config_file: Path | None = None,
) -> dict[str, Any]:
    """What would be sent, where, and what it would cost at most; no connection is opened, and nothing is written.

    The id of the job is None where the workspace is not said, which it follows from.

    Raises
    ------
    QamError
        As `prepare`.
    """
    from qamctl.azure import payload

    ready = prepare(path, flags, qir_profile=qir_profile, profile=profile, config_file=config_file, ask=False)
    options, prepared, target = ready.program.problem.options, ready.prepared, ready.target
    order = payload.order_of(
        prepared, target, ready.account, name=ready.name, run_key=options.run_key, priority=options.priority,
        session=options.session,
    )  # fmt: skip
    workspace, lacking = None, None
    try:
        workspace = ready.account.place().workspace_key
    except AuthError as error:
        lacking = error.message
    estimate, report = prepared.estimate, dict(prepared.report)
    found: dict[str, Any] = {
        "name": ready.name, "kind": ready.program.kind, "target": target.id, "provider": target.provider,
        "qpu": target.qpu, "profile": report.get("profile"), "qubits": report.get("qubits"),
        "depth": report.get("depth"), "two_qubit": report.get("two_qubit"), "shots": prepared.shots,
        "bytes": len(prepared.payload), "format": prepared.input_format,
        "price": {
            "amount": estimate.amount if estimate.known else None, "currency": estimate.currency,
            "formula": estimate.formula, "breakdown": dict(estimate.breakdown), "verified": estimate.verified,
            "assumed": list(estimate.assumed), "source": estimate.source, "date": estimate.date, "note": estimate.note,
        },
        "allowed": _allowed(ready), "job": None if workspace is None else order.id(workspace), "workspace": workspace,
    }  # fmt: skip
    if ready.warnings:
        found["warnings"] = list(ready.warnings)
    if lacking is not None:
        found["note"] = f"the id of the job follows from the workspace: {lacking}"
    if qaoa := ready.program.report.get("qaoa"):
        found["qaoa"] = qaoa
    return found


def _allowed(ready: Ready) -> dict[str, Any]:
    """Whether the caps of the options let the job through; the month's budget is asked when it is sent."""
    from qamctl.azure.budget import check_cost

    account = ready.account
    try:
        check_cost(ready.prepared.estimate, target=ready.target, allow_qpu=account.allow_qpu, max_cost=account.max_cost)
    except GateError as error:
        return {"ok": False, "why": error.message}
    return {"ok": True, "why": None}
