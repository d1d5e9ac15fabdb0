"""Which noise a job is simulated with: what the service was started with, and what the job asks for as on the targets.

What a job asks for goes first, and is what Azure's documentation of the targets has (learn.microsoft.com/azure/quantum,
provider-ionq and provider-quantinuum, 2026-08-21): `noise` on IonQ's simulator, `error-model` and `error-params` on
Quantinuum's emulators. Other targets have no such parameters, and there they are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Final

from qamctl.emulator.programs.fault import BadProgram
from qamctl.emulator.targets import Target
from qamctl.errors import UnsupportedError, UsageError

#: Providers whose machines have a preset of their own name; `generic` is taken for the others.
_MAKERS: Final = frozenset({"ionq", "quantinuum", "rigetti"})

#: IonQ's model -> error of a gate on one qubit and on two, and qubits that it takes. The figures are those of IonQ's
#: guide (docs.ionq.com, simulation with noise models: depolarising channels of strength r) as average errors, r/2 and
#: 3r/4; Azure's documentation names `ideal` and `aria-1`. How readout errs is not told: it is the preset's.
_IONQ: Final[Mapping[str, tuple[float, float, int]]] = MappingProxyType(
    {
        "aria-1": (0.0005 / 2, 0.0133 * 3 / 4, 25),
        "aria-2": (0.0006573333333333332 / 2, 0.01856 * 3 / 4, 25),
        "forte-1": (0.0002666666666666667 / 2, 0.004949333333333333 * 3 / 4, 29),
        "forte-enterprise-1": (0.0002666666666666667 / 2, 0.004949333333333333 * 3 / 4, 29),
    }
)

#: The largest seed of IonQ's noise.
_SEED: Final = 2**31

#: What noise is simulated by, and how it is had.
_PACKAGE: Final = 'qiskit-aer, which is not installed here: pip install "qamctl[noise]"'


@dataclass(frozen=True, slots=True)
class Noisy:
    """The noise of a job.

    Attributes
    ----------
    figures
        What `qamctl.quantum.noise.make_noise` takes: a preset, and figures in place of its own.
    seed
        That the job gives, whose outcomes then depend on nothing else; None: the service's.
    qubits
        That the model takes; None: as many as the target.
    """

    figures: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    qubits: int | None = None


def check_noise(setting: str) -> None:
    """Refuse a setting that can't be had, before a service begins.

    Parameters
    ----------
    setting
        `none`; `target`; or a preset of `qamctl.quantum.noise.PRESETS`, for all targets.

    Raises
    ------
    UsageError
        There is no such setting.
    UnsupportedError
        qiskit-aer is not installed.
    """
    if setting == "none":
        return
    from qamctl.quantum.noise import PRESETS

    if setting != "target" and setting not in PRESETS:
        raise UsageError(f"there is no noise {setting!r}: choose none, target, {', '.join(PRESETS)}")
    if not _is_installed():
        raise UnsupportedError(f"noise is simulated by {_PACKAGE}")


def preset_of(setting: str, target: Target) -> str | None:
    """The preset that a setting means for a target, which goes wherever a job asks for nothing; None: no noise.

    Parameters
    ----------
    setting
        As `check_noise` takes it. `target`: machines have their maker's noise, or `generic` where there is no such
        preset; so have simulators whose name says that they are noisy; the others have none.
    """
    if setting == "none" or target.checks_only:
        return None
    if setting != "target":
        return setting
    noisy = not target.is_simulator or _is_emulator(target) or target.id.endswith(".noisy")
    maker = target.provider.lower()
    return (maker if maker in _MAKERS else "generic") if noisy else None


def decided(target: Target, preset: str | None, params: Mapping[str, Any]) -> Noisy | None:
    """The noise of a job on a target; None: it is simulated exactly.

    Parameters
    ----------
    preset
        Where the job asks for nothing.
    params
        `inputParams`.

    Raises
    ------
    BadProgram
        It asks for noise that there is not, or qiskit-aer is not installed.
    """
    found = None if preset is None else Noisy({"preset": preset})
    if target.id == "ionq.simulator" and params.get("noise") is not None:
        found = _ionq(params["noise"])
    elif _is_emulator(target):
        found = _quantinuum(params, found)
    if found is not None and not _is_installed():
        raise BadProgram(f"Noise is simulated by {_PACKAGE}, or run the job without noise.", "NoiseNotAvailable")
    return found


def _ionq(asked: Any) -> Noisy | None:
    if not isinstance(asked, dict):
        raise BadProgram("The input parameter 'noise' must be an object with 'model' and 'seed'.")
    model, seed = asked.get("model", "ideal"), asked.get("seed")
    if model == "ideal":
        return None
    if not isinstance(model, str) or model not in _IONQ:
        known = ", ".join(["ideal", *_IONQ])
        raise BadProgram(f"The noise model {str(model)[:40]!r} is not known: there are {known}.")
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool) or not 1 <= seed <= _SEED):
        raise BadProgram(f"The seed of the noise model must be a whole number from 1 to {_SEED}.")
    one, two, qubits = _IONQ[model]
    return Noisy({"preset": "ionq", "p1": one, "p2": two}, seed, qubits)


def _quantinuum(params: Mapping[str, Any], found: Noisy | None) -> Noisy | None:
    """Without `error-model` and `error-params`, what was found; figures that are asked for are noise in any case."""
    model, asked = params.get("error-model"), params.get("error-params")
    if not isinstance(model, bool | None):
        raise BadProgram("The input parameter 'error-model' must be true or false.")
    if not isinstance(asked, dict | None):
        raise BadProgram("The input parameter 'error-params' must be an object.")
    if model is False:
        return None
    if not asked:
        return Noisy({"preset": "quantinuum"}) if model and found is None else found
    # A fault is one of the Paulis but the identity; the average error of a gate is so much of its chance.
    figures = {"p1": _chance(asked, "p1", 2 / 3), "p2": _chance(asked, "p2", 4 / 5), "readout": _readout(asked)}
    return Noisy({"preset": "quantinuum"} | {name: value for name, value in figures.items() if value is not None})


def _chance(asked: Mapping[str, Any], name: str, part: float) -> float | None:
    value = asked.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise BadProgram(f"The error parameter {name!r} must be a probability.")
    return part * value


def _readout(asked: Mapping[str, Any]) -> float | None:
    """Chance of a wrong bit: the mean, where 0 and 1 are told apart."""
    value = asked.get("p_meas")
    values = value if isinstance(value, list) and value else [value]
    chances = [_chance({"p_meas": one}, "p_meas", 1.0) for one in values]
    known = [chance for chance in chances if chance is not None]
    return sum(known) / len(known) if known else None


def _is_emulator(target: Target) -> bool:
    """Whether it is one of Quantinuum's emulators with an error model."""
    return target.provider.lower() == "quantinuum" and target.is_simulator and target.id.endswith("e")


def _is_installed() -> bool:
    return find_spec("qiskit_aer") is not None
