"""What a job is made of: the payload of an engine, the circuit that it becomes, and how its outcome is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qamctl.azure import memo
from qamctl.errors import UnsupportedError

if TYPE_CHECKING:
    import dimod

    from qamctl.azure import store
    from qamctl.azure.payload import Prepared
    from qamctl.azure.prices import Price
    from qamctl.azure.targets import Target


@dataclass
class Work:
    """A job as it is worked on: what it is of, and what is known of it."""

    payload: Any
    target: Target
    told: dict[str, Any] = field(default_factory=dict)
    prepared: Prepared | None = None
    row: store.Job | None = None
    cached: bool = False
    stop: Callable[[], bool] = lambda: False
    result: dimod.SampleSet | None = None


def make(work: Work, options: Mapping[str, Any], prices: Mapping[str, Price], state: Path | None = None) -> bool:
    """Compile the payload for its target; False where there is nothing to run, and the result is known.

    Angles are trained by a number of evaluations, never by time: the same payload always makes the same job.

    Parameters
    ----------
    state
        The state folder, where what models are compiled to is kept; None: it is not.

    Raises
    ------
    UnsupportedError, UsageError
        The target can't run it.
    """
    from qamctl.azure.payload import prepare
    from qamctl.backends.local import sample_set
    from qamctl.backends.qaoa_circuits import circuit_of

    payload, program, key = work.payload, work.payload, None
    if payload.kind == "circuit":
        _refuse_bases(payload, work.target)
    elif payload.n == 0:
        work.result = sample_set(payload, np.zeros((1, 0), np.int8), {})
        return False
    else:
        key = None if state is None else memo.key_of(payload, work.target, options)
        kept = None if state is None or key is None else memo.recall(state, key, work.target, prices)
        if kept is not None:
            work.prepared, work.told = kept
            return True
        timeless = {name: value for name, value in options.items() if name not in ("seconds", "steps", "angles")}
        try:
            program, work.told = circuit_of(payload, timeless)
        except InterruptedError:
            work.result = sample_set(payload, np.zeros((0, payload.n), np.int8), {})
            return False
    work.prepared = prepare(
        target=work.target, prices=prices, circuit=program.circuit if program.qir is None else None, qir=program.qir,
        shots=options.get("reads"),
    )  # fmt: skip
    if state is not None and key is not None and not options.get("stop", lambda: False)():
        memo.remember(state, key, work.prepared, work.told)
    return True


def read(work: Work, output: bytes) -> dimod.SampleSet:
    """The samples that the output of a job holds; their `info` has `job`, `route`, `cached` and `cost`.

    Raises
    ------
    BackendError
        The output can't be read.
    """
    from qamctl.azure.results import parse
    from qamctl.backends.circuits import measured_set
    from qamctl.backends.qaoa_circuits import samples_of
    from qamctl.quantum.program import Measured, from_strings

    row, prepared, n = work.row, work.prepared, work.payload.n
    assert row is not None  # there is an output
    assert prepared is not None
    found = parse(output, format=str(row.request["output_format"]), shots=row.shots, bits=n)[0]
    info = {**work.told, "job": row.id, "route": work.target.id, "cost": prepared.estimate.amount}
    info |= {"cached": work.cached} | ({"lost": found.lost} if found.lost else {})
    counts = from_strings(found.counts, n)
    if work.payload.kind == "circuit":
        return measured_set(work.payload, Measured(counts, info=info))
    return samples_of(work.payload, counts, info)


def _refuse_bases(program: Any, target: Target) -> None:
    """Refuse an observable that the circuit's own measurements do not give."""
    from qamctl.quantum.pauli_values import is_diagonal

    if program.observable and not is_diagonal(program.observable):
        raise UnsupportedError(
            f"the observable has terms in X or Y, and a job on {target.id} measures what the circuit does: turn the "
            "qubits into that basis in the circuit, or take --backend statevector"
        )
