"""The options of a run: their names, their defaults, and what a value may be."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

#: Options that a spec may set in its `solver:` block.
SOLVER_KEYS: Final = (
    "backend", "time_limit", "max_steps", "seed", "threads", "slot", "max_variables", "reads", "target_energy",
    "shots", "depth", "mixer", "max_qubits", "max_shots", "max_rounds", "mitigate",
)  # fmt: skip

#: Formats of model files, as `--format` names them; `qamctl.formats.models` says what they are.
MODEL_FORMATS: Final = ("qubo", "rudy", "csv", "bqm", "cqm", "json", "lp", "model", "hamiltonian")

#: Formats of circuits, as `--format` names them; `qamctl.formats.circuits` says what they are.
CIRCUIT_FORMATS: Final = ("openqasm", "qir", "circuit")

#: Noise models of simulated machines; `qamctl.quantum.noise` has their figures.
NOISES: Final = ("generic", "ionq", "quantinuum", "rigetti")

#: What mitigates the noise of circuits (`qamctl.quantum.mitigation.program` says how), and of reasoning.
MITIGATIONS: Final = ("readout", "zne", "postselect", "detect")

#: Places of a job in the queue.
PRIORITIES: Final = ("low", "standard", "high")

#: Ways to log in to Azure; `qamctl.azure.credentials` says what they are.
CREDENTIALS: Final = ("key", "environment", "managed-identity", "workload-identity", "cli", "browser")

#: Mixers of QAOA circuits; `qamctl.quantum.ansatz` says what they are.
MIXERS: Final = ("auto", "x", "xy-ring", "xy-full", "grover")

#: Seconds that no time limit reaches: about thirty years.
LONGEST: Final = 1e9

#: How files of angles end: every evaluation of a training, or the angles of many problems.
ANGLE_FILES: Final = (".jsonl", ".json")

#: How files of samples end: numpy arrays, a table, dimod's JSON.
SAMPLE_FILES: Final = (".npz", ".csv", ".json")

#: How files of pictures end.
PICTURE_FILES: Final = (".svg",)


@dataclass(frozen=True, slots=True)
class Options:
    """What a run was asked for.

    Attributes
    ----------
    backend
        Engines by name; `auto` chooses.
    time_limit
        Wall seconds of the solve; None where `max_steps` takes its place.
    max_steps
        Steps of the search instead of a time limit: the answer is then reproducible.
    seed
        None: from the spec's hash.
    threads
        Processor cores to use.
    out, result, metrics
        The run directory, and extra copies of the result and the metrics.
    output
        table, json or yaml on standard output.
    dry_run
        Read, validate and compile only.
    if_locked
        fail, wait or skip when another run holds the lock.
    strict
        No engine may stand in for another.
    quiet, verbose
        Errors only; how many `-v` were given.
    log_file
        A further file for the log's lines.
    slot
        Ticks in a slot of the time-indexed model; None: 1.
    max_variables
        Coarsen slots until the model has at most so many variables.
    no_copy
        Side tables above 50 MB are kept by their hash only, not copied into the run directory.
    format
        Of a model or a circuit file, in place of what its content looks like.
    input_format
        Of a job's input, in the service's words, where it is sent as it is: a provider's own language.
    sense
        min or max: what the objective of a model file is; None: what the file says.
    reads
        Samples to take of a model, each found independently; None: the search decides.
    target_energy
        A search of a model ends when it has a sample of this energy, in the minimised form.
    samples
        A further file for the samples of a model.
    picture
        A further file for a picture of an assignment.
    shots
        Measurements of a circuit each time that it is run.
    noise
        The class of machine whose noise is simulated, in place of what a circuit spec says.
    mitigate
        What mitigates the noise of a circuit; empty: nothing, and None: what its spec says.
    depth, mixer
        Of QAOA circuits: layers, and a mixer of `qamctl.quantum.ansatz`, or auto.
    max_qubits
        Larger problems are improved part by part, in circuits of at most so many qubits.
    max_shots, max_rounds
        A quantum engine ends after so many measurements, or so many circuits, in all.
    target
        The Azure Quantum target of a job.
    job_name, tag, priority, session, run_key
        Of a job: its name, its tags, low, standard or high, the session that it belongs to; another run key makes
        another job of the same file.
    no_wait, timeout
        Do not wait for a job; seconds to wait at most, in all. None: as long as it takes.
    max_cost, monthly_budget
        What a run, and a month, may cost at most, in the currency of the prices.
    allow_qpu
        Quantum hardware may be used, which costs money.
    prices
        A file of prices that hold in place of ours.
    subscription, resource_group, workspace, location, resource_id, endpoint
        The Azure Quantum workspace; what is not said comes from its connection string or the AZURE_QUANTUM_* variables.
    credential
        How to log in; None: by key where there is one, else by what the environment has, else as `az login` did.
    key_file
        A file that holds the workspace's key, readable by its owner only.
    from_result
        An earlier result, or the run that has it, whose answer is the current state.
    angles
        A file of QAOA angles. `.jsonl` keeps every evaluation of a training, so that a run that was killed goes on from
        it; `.json` keeps the angles of each problem, and similar ones begin there.
    """

    backend: tuple[str, ...] = ("auto",)
    time_limit: float | None = 10.0
    max_steps: int | None = None
    seed: int | None = None
    threads: int = 1
    out: Path | None = None
    result: Path | None = None
    metrics: Path | None = None
    output: str = "table"
    dry_run: bool = False
    if_locked: str = "fail"
    strict: bool = False
    quiet: bool = False
    verbose: int = 0
    log_file: Path | None = None
    slot: int | None = None
    max_variables: int | None = None
    no_copy: bool = False
    format: str | None = None
    input_format: str | None = None
    sense: str | None = None
    reads: int | None = None
    target_energy: float | None = None
    samples: Path | None = None
    picture: Path | None = None
    shots: int | None = None
    noise: str | None = None
    mitigate: tuple[str, ...] | None = None
    depth: int | None = None
    mixer: str | None = None
    max_qubits: int | None = None
    max_shots: int | None = None
    max_rounds: int | None = None
    angles: Path | None = None
    from_result: str | None = None
    target: str | None = None
    job_name: str | None = None
    tag: tuple[str, ...] = ()
    priority: str = "standard"
    session: str | None = None
    run_key: str = ""
    no_wait: bool = False
    timeout: float | None = None
    max_cost: float | None = None
    monthly_budget: float | None = None
    allow_qpu: bool = False
    prices: Path | None = None
    subscription: str | None = None
    resource_group: str | None = None
    workspace: str | None = None
    location: str | None = None
    resource_id: str | None = None
    endpoint: str | None = None
    credential: str | None = None
    key_file: Path | None = None


#: Every option's name, in order.
NAMES: Final = tuple(option.name for option in fields(Options))


def available_cores() -> int:
    """Processor cores that this process may use: its affinity, not the machine's size."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def parse(name: str, raw: Any) -> Any:
    """The value of an option from text (a flag, a variable) or from data (a file).

    Raises
    ------
    ValueError
        The message says what the value must be, as in "must be an integer of at least 1".
    """
    return _PARSERS[name](raw)


def _integer(least: int, limit: int = 2**63) -> Callable[[Any], int]:
    def parse(raw: Any) -> int:
        text = raw.strip() if isinstance(raw, str) else raw
        if isinstance(text, str) and re.fullmatch(r"[+-]?[0-9]{1,400}", text):
            text = int(text)
        if isinstance(text, bool) or not isinstance(text, int) or text < least:
            raise ValueError(f"must be an integer of at least {least}")
        if text >= limit:
            raise ValueError(f"must be an integer of at least {least} and at most {limit - 1:,}")
        return text

    return parse


def _seconds(raw: Any) -> float:
    try:
        value = float(raw) if isinstance(raw, (int, float, str)) and not isinstance(raw, bool) else 0.0
    except (ValueError, OverflowError):
        value = 0.0
    if not value > 0:
        raise ValueError("must be a number of seconds above 0")
    if value >= LONGEST:
        raise ValueError(f"must be a number of seconds above 0 and below {LONGEST:,.0f}")
    return value


def _number(raw: Any) -> float:
    try:
        value = float(raw) if isinstance(raw, (int, float, str)) and not isinstance(raw, bool) else math.nan
    except (ValueError, OverflowError):
        value = math.nan
    if not math.isfinite(value):
        raise ValueError("must be a number")
    return value


def _file(endings: tuple[str, ...]) -> Callable[[Any], Path]:
    named = f"{', '.join(endings[:-1])} or {endings[-1]}" if len(endings) > 1 else endings[0]

    def parse(raw: Any) -> Path:
        path = _path(raw)
        if path.suffix not in endings:
            raise ValueError(f"must be a file that ends in {named}")
        return path

    return parse


def _switch(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    word = raw.strip().lower() if isinstance(raw, str) else None
    if word not in ("1", "true", "yes", "on", "0", "false", "no", "off"):
        raise ValueError("must be true or false")
    return word in ("1", "true", "yes", "on")


def _names(raw: Any) -> tuple[str, ...]:
    parts = [raw] if isinstance(raw, str) else raw
    if not isinstance(parts, (list, tuple)) or not all(isinstance(part, str) for part in parts):
        raise ValueError("must be a name or a list of names")
    names = tuple(dict.fromkeys(name.strip() for part in parts for name in part.split(",")))
    if not names or not all(names):
        raise ValueError("must be a name or a list of names")
    return names


def _methods(raw: Any) -> tuple[str, ...]:
    names = _names(raw)
    if names == ("none",):
        return ()
    if not set(names) <= set(MITIGATIONS):
        raise ValueError(f"must be among {', '.join(MITIGATIONS)}, or none")
    return names


def _word(*words: str) -> Callable[[Any], str]:
    def parse(raw: Any) -> str:
        if raw not in words:
            raise ValueError(f"must be {', '.join(words[:-1])} or {words[-1]}")
        return str(raw)

    return parse


def _text(raw: Any) -> str:
    if not isinstance(raw, str) or not raw.strip() or len(raw) > 1000 or not raw.isprintable():
        raise ValueError("must be a text of at most 1,000 printable characters")
    return raw.strip()


def _amount(raw: Any) -> float:
    value = _number(raw)
    if value < 0:
        raise ValueError("must be a number of at least 0")
    return value


def _path(raw: Any) -> Path:
    text = os.fspath(raw) if isinstance(raw, (str, Path)) else ""
    if not text or "\0" in text:
        raise ValueError("must be a path")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # ~nobody
        raise ValueError("must be a path of a known user") from error


_PARSERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "backend": _names,
    "time_limit": _seconds,
    "max_steps": _integer(1),
    "seed": _integer(0),
    "threads": _integer(1, 4097),
    "out": _path,
    "result": _path,
    "metrics": _path,
    "output": _word("table", "json", "yaml"),
    "dry_run": _switch,
    "if_locked": _word("fail", "wait", "skip"),
    "strict": _switch,
    "quiet": _switch,
    "verbose": _integer(0, 10),
    "log_file": _path,
    "slot": _integer(1),
    "max_variables": _integer(1),
    "no_copy": _switch,
    "format": _word(*MODEL_FORMATS, *CIRCUIT_FORMATS),
    "input_format": _text,
    "sense": _word("min", "max"),
    "reads": _integer(1, 1_000_001),
    "target_energy": _number,
    "samples": _file(SAMPLE_FILES),
    "picture": _file(PICTURE_FILES),
    "shots": _integer(1, 100_000_001),
    "noise": _word(*NOISES),
    "mitigate": _methods,
    "depth": _integer(1, 1001),
    "mixer": _word(*MIXERS),
    "max_qubits": _integer(1, 100_001),
    "max_shots": _integer(1),
    "max_rounds": _integer(1),
    "angles": _file(ANGLE_FILES),
    "from_result": _text,
    "target": _text,
    "job_name": _text,
    "tag": _names,
    "priority": _word(*PRIORITIES),
    "session": _text,
    "run_key": _text,
    "no_wait": _switch,
    "timeout": _seconds,
    "max_cost": _amount,
    "monthly_budget": _amount,
    "allow_qpu": _switch,
    "prices": _path,
    "subscription": _text,
    "resource_group": _text,
    "workspace": _text,
    "location": _text,
    "resource_id": _text,
    "endpoint": _text,
    "credential": _word(*CREDENTIALS),
    "key_file": _path,
}
