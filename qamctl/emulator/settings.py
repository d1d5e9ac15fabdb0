"""How a service is set up: what the command line says, as values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, get_args

from qamctl.emulator.core import SecondPut
from qamctl.emulator.faults import Faults
from qamctl.emulator.keys import is_key
from qamctl.emulator.plan import plan
from qamctl.errors import UsageError

#: The variable in which a user gives the key; else a new one is drawn.
KEY: Final = "QAMCTL_EMULATOR_KEY"

#: How much faster than the real targets jobs are, where nothing is said.
SPEED: Final = 10_000.0

#: Which targets are noisy: none, those that are in reality, or all, as a machine of one class.
NOISES: Final = ("none", "target", "generic", "ionq", "quantinuum", "rigetti")


@dataclass(frozen=True, slots=True)
class Settings:
    """A service before it runs.

    Attributes
    ----------
    key
        What opens it; None: drawn anew, or as the state folder has it.
    port
        0: a free one.
    https
        Whether Azure's names are answered, too.
    speed
        How much faster than the real targets jobs wait and run.
    noise
        A word of `NOISES`.
    lost_shots
        Probability with which a shot of QIR loses each of its bits.
    token_seconds
        How long the addresses of blobs are valid.
    second_put
        See `service.AzureService`.
    azurite
        The address of an Azurite that keeps the blobs; None: they lie here.
    state
        The folder that everything is kept in; None: nothing outlasts the process.
    log
        The file of the request log; None: there is none.
    """

    key: str | None = field(default=None, repr=False)
    port: int = 0
    https: bool = False
    seed: int = 0
    speed: float = SPEED
    noise: str = "none"
    lost_shots: float = 0.0
    token_seconds: float = 86_400.0
    second_put: SecondPut = "conflict"
    faults: Faults = field(default_factory=Faults)
    azurite: str | None = None
    state: Path | None = None
    log: Path | None = None


def read_settings(
    environ: Mapping[str, str],
    *,
    port: str | None = None,
    https: bool = False,
    seed: str | None = None,
    speed: str | None = None,
    noise: str | None = None,
    lost_shots: str | None = None,
    token_seconds: str | None = None,
    second_put: str | None = None,
    fault: Sequence[str] = (),
    faults: str | None = None,
    azurite: str | None = None,
    state: str | None = None,
    log: str | None = None,
) -> Settings:
    """Settings from the texts of a command line; None: the default.

    Parameters
    ----------
    fault, faults
        Faults, and a file of faults; see `plan`.

    Raises
    ------
    UsageError
        A text makes no sense.
    SpecError
        The file of faults makes none.
    """
    drawn = None if seed is None else _whole("--seed", seed, 2**63 - 1)
    return Settings(
        key=_key(environ),
        port=0 if port is None else _whole("--port", port, 65_535),
        https=https,
        seed=drawn or 0,
        speed=SPEED if speed is None else _number("--speed", speed, 1e-3, 1e9),
        noise="none" if noise is None else _word("--noise", noise, NOISES),
        lost_shots=0.0 if lost_shots is None else _number("--lost-shots", lost_shots, 0.0, 1.0),
        token_seconds=86_400.0 if token_seconds is None else _number("--sas-seconds", token_seconds, 0.1, 1e8),
        second_put="conflict" if second_put is None else _word("--second-put", second_put, get_args(SecondPut)),  # type: ignore[arg-type]
        faults=plan(fault, None if faults is None else Path(faults), drawn),
        azurite=azurite,
        state=None if state is None else Path(state),
        log=None if log is None else Path(log),
    )


def _key(environ: Mapping[str, str]) -> str | None:
    key = environ.get(KEY, "").strip()
    if key and not is_key(key):
        raise UsageError(f"{KEY} is no key: 8 to 200 printable characters without spaces and semicolons")
    return key or None


def _whole(flag: str, text: str, most: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= most):
        raise UsageError(f"{flag}: must be a whole number from 0 to {most}, not {text!r}")
    return int(text)


def _number(flag: str, text: str, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise UsageError(f"{flag}: must be a number from {least:g} to {most:g}, not {text!r}")
    return value


def _word(flag: str, text: str, words: Sequence[str]) -> str:
    if text not in words:
        raise UsageError(f"{flag}: must be {', '.join(words[:-1])} or {words[-1]}, not {text!r}")
    return text
