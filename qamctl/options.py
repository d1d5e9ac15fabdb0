"""The options of a run: their names, their defaults, and what a value may be."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from qamctl import option_values as value

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

#: What `--export` writes; `qamctl.exporting` says what each is.
EXPORTS: Final = ("csv", "ics", "parquet")

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
    export
        Further forms of the rows of an answer, in the run directory: csv, ics, parquet.
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
    reuse
        Give the answer that an earlier run with `reuse` found to the same question; where there is none, keep this one.
    reuse_limit
        Megabytes that answers which are kept may take in all; those that were used least recently go first.
    check
        Conditions that the figures of a result have to meet, as in `gap<=0.02`; `qamctl.gates` says what they speak of.
    baseline
        An earlier result, or the run that has it, that the new one may not be worse than.
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
    export: tuple[str, ...] = ()
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
    check: tuple[str, ...] = ()
    baseline: str | None = None
    reuse: bool = False
    reuse_limit: int = 1000
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


def _methods(raw: Any) -> tuple[str, ...]:
    names = value.names(raw)
    if names == ("none",):
        return ()
    if not set(names) <= set(MITIGATIONS):
        raise ValueError(f"must be among {', '.join(MITIGATIONS)}, or none")
    return names


def _exports(raw: Any) -> tuple[str, ...]:
    names = value.names(raw)
    if not set(names) <= set(EXPORTS):
        raise ValueError(f"must be among {', '.join(EXPORTS)}")
    return names


_PARSERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "backend": value.names,
    "time_limit": value.seconds(LONGEST),
    "max_steps": value.integer(1),
    "seed": value.integer(0),
    "threads": value.integer(1, 4097),
    "out": value.path,
    "result": value.path,
    "metrics": value.path,
    "output": value.word("table", "json", "yaml"),
    "dry_run": value.switch,
    "if_locked": value.word("fail", "wait", "skip"),
    "strict": value.switch,
    "quiet": value.switch,
    "verbose": value.integer(0, 10),
    "log_file": value.path,
    "slot": value.integer(1),
    "max_variables": value.integer(1),
    "no_copy": value.switch,
    "format": value.word(*MODEL_FORMATS, *CIRCUIT_FORMATS),
    "input_format": value.text,
    "sense": value.word("min", "max"),
    "reads": value.integer(1, 1_000_001),
    "target_energy": value.number,
    "samples": value.file(SAMPLE_FILES),
    "picture": value.file(PICTURE_FILES),
    "export": _exports,
    "shots": value.integer(1, 100_000_001),
    "noise": value.word(*NOISES),
    "mitigate": _methods,
    "depth": value.integer(1, 1001),
    "mixer": value.word(*MIXERS),
    "max_qubits": value.integer(1, 100_001),
    "max_shots": value.integer(1),
    "max_rounds": value.integer(1),
    "angles": value.file(ANGLE_FILES),
    "from_result": value.text,
    "check": value.conditions,
    "baseline": value.text,
    "reuse": value.switch,
    "reuse_limit": value.integer(1, 1_000_001),
    "target": value.text,
    "job_name": value.text,
    "tag": value.names,
    "priority": value.word(*PRIORITIES),
    "session": value.text,
    "run_key": value.text,
    "no_wait": value.switch,
    "timeout": value.seconds(LONGEST),
    "max_cost": value.amount,
    "monthly_budget": value.amount,
    "allow_qpu": value.switch,
    "prices": value.path,
    "subscription": value.text,
    "resource_group": value.text,
    "workspace": value.text,
    "location": value.text,
    "resource_id": value.text,
    "endpoint": value.text,
    "credential": value.word(*CREDENTIALS),
    "key_file": value.path,
}
