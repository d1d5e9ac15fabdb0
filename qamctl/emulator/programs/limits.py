"""What a target takes: formats, bytes, qubits, profile and shots. A job over a limit fails, after it was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from qamctl.emulator.programs.fault import BadProgram
from qamctl.emulator.programs.noise import Noisy
from qamctl.emulator.targets import Target
from qamctl.emulator.work import Work

#: Shots of one program that are simulated at most.
MOST_SHOTS: Final = 1_000_000

#: Profiles of QIR, each with all that the ones before it have; what calls itself otherwise is taken for the first.
_PROFILES: Final[Mapping[str | None, int]] = {
    "base": 0, "Base": 0, "adaptive-ri": 1, "Adaptive_RI": 1, "adaptive-rif": 2, "Adaptive_RIF": 2,
}  # fmt: skip


def check_input(work: Work) -> None:
    """Refuse a format that the target does not take, and a program of too many bytes, before it is read."""
    target, size = work.target, len(work.payload)
    if work.input_format not in target.formats:
        raise BadProgram(f"The target '{target.id}' does not take the input format '{work.input_format}'.")
    if size > target.max_bytes:
        raise BadProgram(f"The program has {size:,} bytes, and the target '{target.id}' takes {target.max_bytes:,}.")


def check_qubits(work: Work, qubits: int, noise: Noisy | None) -> None:
    """Refuse a program that is too large for its target, or for the noise model that it asks for."""
    target, asked = work.target, work.params.get("simulator")
    if target.qubits is not None and qubits > target.qubits:
        raise BadProgram(f"The program needs {qubits} qubits, and the target '{target.id}' has {target.qubits}.")
    if noise is not None and noise.qubits is not None and qubits > noise.qubits:
        raise BadProgram(f"The program needs {qubits} qubits, and the noise model takes {noise.qubits}.")
    if target.state_qubits is None:
        return
    if asked not in (None, "state-vector", "stabilizer"):
        raise BadProgram("The input parameter 'simulator' must be 'state-vector' or 'stabilizer'.")
    if qubits > target.state_qubits and asked != "stabilizer":
        raise BadProgram(
            f"The program needs {qubits} qubits, and the target '{target.id}' simulates a state vector of "
            f"{target.state_qubits}: up to {target.qubits} need the input parameter 'simulator': 'stabilizer'."
        )


def check_profile(target: Target, profile: str) -> None:
    """Refuse QIR that has more than the target takes."""
    if _PROFILES.get(profile, 0) > _PROFILES.get(target.profile, 0):
        raise BadProgram(f"The target '{target.id}' does not take QIR of the profile {profile}.")


def shots_of(target: Target, params: Mapping[str, Any]) -> int:
    """The shots that a job asks for: `shots`, or `count`; where it does not say, the target's default.

    Raises
    ------
    BadProgram
        It is no number of shots that the target takes.
    """
    found = next((params[name] for name in ("shots", "count") if params.get(name) is not None), target.default_shots)
    if isinstance(found, str) and found.isascii() and found.isdecimal() and len(found) < 10:
        found = int(found)
    least, most = target.min_shots, target.max_shots or MOST_SHOTS
    if not isinstance(found, int) or isinstance(found, bool) or not least <= found <= most:
        raise BadProgram(f"The number of shots must be from {least} to {most} on the target '{target.id}'.")
    return found
