"""What `qamctl doctor` looks at: this installation, the state folder, the configuration, and the way to Azure."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qamctl import __version__
from qamctl.config import resolve
from qamctl.errors import QamError
from qamctl.kernels import describe, native
from qamctl.remote import Office, database, open_office
from qamctl.runs.answers import answers_of
from qamctl.runs.identity import state_folder

if TYPE_CHECKING:
    from qamctl.azure.workspace import Place

#: Packages that qamctl is made with, and those of its extras.
PACKAGES: Final = ("azure-quantum", "qdk", "qiskit", "dimod", "ortools", "numpy", "scipy")
EXTRAS: Final[Mapping[str, str]] = {
    "pyarrow": "arrow", "qiskit-aer": "noise", "stim": "qec", "pymatching": "qec",
}  # fmt: skip

#: The job of `doctor --live`: as small as they come, on a target that costs nothing.
TARGET, SHOTS = "ionq.simulator", 100

#: Seconds to wait for it.
PATIENCE: Final = 600.0

BELL: Final = """\
OPENQASM 3;
include "stdgates.inc";
qubit[2] q;
bit[2] c;
h q[0];
cx q[0], q[1];
c = measure q;
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    state
        ok, missing (nothing works less, but for what needs it) or wrong.
    text
        What was found.
    hint
        What to do about it.
    """

    name: str
    state: str
    text: str
    hint: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """For `-o json`."""
        return {"name": self.name, "state": self.state, "text": self.text, "hint": self.hint}


def look(flags: Mapping[str, object], *, profile: str | None, config_file: Path | None) -> list[Finding]:
    """Everything that can be told without the network."""
    found = [_python(), _kernels(), *_packages(), _state()]
    configuration, office = _configuration(flags, profile, config_file)
    found.append(configuration)
    return found if office is None else [*found, _answers(office), *_azure(office)]


def _python() -> Finding:
    return Finding("python", "ok", f"qamctl {__version__}, Python {platform.python_version()}, {platform.platform()}")


def _kernels() -> Finding:
    if native():
        return Finding("kernels", "ok", describe())
    hint = "install a C++17 compiler and Python's headers, then reinstall qamctl; or unset QAMCTL_KERNELS"
    return Finding("kernels", "missing", "the C++ kernels are not there: the slower numpy reference works", hint)


def _packages() -> list[Finding]:
    have = {name: _version(name) for name in (*PACKAGES, *EXTRAS)}
    lost = [name for name in PACKAGES if have[name] is None]
    shown = ", ".join(f"{name} {have[name]}" for name in PACKAGES if have[name] is not None)
    hint = f"pip install {' '.join(lost)}" if lost else None
    found = [Finding("packages", "wrong" if lost else "ok", shown + (f"; not there: {', '.join(lost)}" if lost else ""),
                     hint)]  # fmt: skip
    for extra in dict.fromkeys(EXTRAS.values()):
        names = [name for name, of in EXTRAS.items() if of == extra]
        absent = [name for name in names if have[name] is None]
        text = f"not installed: {', '.join(absent)}" if absent else ", ".join(f"{name} {have[name]}" for name in names)
        step = f'pip install "qamctl[{extra}]"' if absent else None
        found.append(Finding(f"extra {extra}", "missing" if absent else "ok", text, step))
    return found


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _state() -> Finding:
    """The state folder and its database, which is looked through; nothing is made."""

    def read() -> str:
        state = state_folder(os.environ)
        with database(state) as connection:
            if connection is None:
                return f"{state}: no database yet"
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            jobs, runs = (connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("jobs", "runs"))
        if verdict != "ok":
            raise QamError(f"{state / 'state.db'} is damaged: {verdict}")
        return f"{state}: {runs} runs, {jobs} jobs"

    return _told("state", read)


def _answers(office: Office) -> Finding:
    """How much room the answers take that are kept for --reuse."""
    limit = office.options.reuse_limit

    def read() -> str:
        items = answers_of(office.state, limit).shelf.items()
        used = sum(item.size for item in items)
        return f"{len(items)} kept for --reuse, {used / 1e6:.1f} of at most {limit} MB"

    return _told("answers", read)


def _told(name: str, read: Callable[[], str]) -> Finding:
    try:
        return Finding(name, "ok", read())
    except QamError as error:
        return Finding(name, "wrong", error.message)


def _configuration(
    flags: Mapping[str, object], profile: str | None, config_file: Path | None
) -> tuple[Finding, Office | None]:
    """Where options come from that are not the defaults, by name; values of none are told, as one could be a secret."""
    try:
        resolved = resolve(
            flags, {}, profile=profile, config_file=config_file, cwd=Path.cwd(), environ=os.environ
        )  # fmt: skip
        office = open_office(flags, profile=profile, config_file=config_file)
    except QamError as error:
        return Finding("configuration", "wrong", error.message), None
    set_here = [f"{name} ({origin})" for name, origin in resolved.origins.items() if origin != "default"]
    return Finding("configuration", "ok", ", ".join(set_here) or "defaults only"), office


def _azure(office: Office) -> list[Finding]:
    """The workspace and the login, as far as they are said; nobody is asked."""
    from qamctl.azure.credentials import choose, make_credential
    from qamctl.azure.prices import load_prices

    found = [_told("prices", lambda: _prices(load_prices(office.options.prices), office))]
    try:
        place = office.account.place()
    except QamError as error:
        nothing_said = not _hints_of_azure(office)
        return [*found, Finding("workspace", "missing" if nothing_said else "wrong", error.message,
                                "jobs on Azure Quantum need it; everything on this machine works without")]  # fmt: skip
    found.append(Finding("workspace", "ok", _workspace(place)))
    kind = choose(place, os.environ)
    try:
        make_credential(place, os.environ)
    except QamError as error:
        return [*found, Finding("login", "wrong", f"{kind}: {error.message}")]
    asked = "asked for" if place.credential is not None else "chosen by what is there"
    return [*found, Finding("login", "ok", f"{kind} ({asked}); it is tried by `qamctl doctor --live`")]


def _workspace(place: Place) -> str:
    return f"{place.workspace_key}, at {place.endpoint or 'the address that Azure gives for it'}"


def _prices(prices: Mapping[str, Any], office: Office) -> str:
    own = office.options.prices
    return f"{len(prices)} targets" + (f", some by {own}" if own is not None else ", all of them ours")


def _hints_of_azure(office: Office) -> bool:
    """Whether anything speaks of a workspace: then one that is not said in full is a slip."""
    options = office.options
    said = (options.subscription, options.resource_group, options.workspace, options.resource_id, options.endpoint)
    return any(said) or any(name.startswith("AZURE_QUANTUM_") for name in os.environ)


def look_live(office: Office, *, timeout: float = PATIENCE) -> list[Finding]:
    """Ask the service: its targets, and one free job, run as any other.

    Parameters
    ----------
    timeout
        Seconds to wait for the job.

    Raises
    ------
    QamError
        The state folder can't be used.
    """
    from qamctl.engine_list import statuses

    try:
        listed = statuses(office)
    except QamError as error:
        return [Finding("targets", "wrong", error.message)]
    away = [status.id for status in listed if status.availability.lower() != "available"]
    text = f"{len(listed)} targets" + (f"; not available: {', '.join(away)}" if away else ", all available")
    found = [Finding("targets", "ok", text)]
    if TARGET not in {status.id for status in listed}:
        return [*found, Finding("job", "missing", f"{TARGET} is not offered here: no free job was run")]
    return [*found, _free_job(office, timeout)]


def _free_job(office: Office, timeout: float) -> Finding:
    """Two qubits that agree, measured a hundred times, by a job of its own each time."""
    from qamctl.azure import attend, payload, poll, prices, submit, targets
    from qamctl.azure.results import parse
    from qamctl.quantum.qasm import loads
    from qamctl.runs.signals import Stop

    now = attend.now()
    end = attend.end_of(Stop(), now, timeout)
    try:
        with office.desk(end) as desk:
            target = targets.find(TARGET)
            prepared = payload.prepare(
                target=target, prices=prices.load_prices(), circuit=loads(BELL, "bell"), shots=SHOTS
            )  # fmt: skip
            order = payload.order_of(
                prepared, target, office.account, name="qamctl doctor", run_key=f"doctor {now:.6f}"
            )  # fmt: skip
            job = submit.submit_once(desk, order, deadline=end.deadline)
            job = poll.wait(desk, [job.id], deadline=end.deadline)[0]
            if job.state != "succeeded":
                return Finding("job", "wrong", poll.why(job))
            (one,) = parse(poll.output_of(desk, job, end.deadline), format=order.output_format, shots=SHOTS)
            seconds = desk.clock.now() - now
    except QamError as error:
        return Finding("job", "wrong", error.message)
    if not set(one.counts) <= {"00", "11"} or not one.counts:
        return Finding("job", "wrong", f"job {job.id} on {TARGET} gave {one.counts}, and two equal bits were expected")
    return Finding("job", "ok", f"job {job.id} on {TARGET} gave {one.counts} in {seconds:.0f} s, free of charge")
