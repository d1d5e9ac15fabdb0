"""From a circuit to what a target is sent, and what that costs there: QIR, shots, figures, an estimate.

The service compiles for the device itself, and better than anybody else; it is sent the circuit as it was built. What
it may cost is told from both: how it is sent, and how it looks once it is compiled for the target's kind of machine.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from qamctl.azure import targets
from qamctl.azure.prices import CircuitFigures, Estimate, Price, estimate
from qamctl.azure.submit import Order
from qamctl.errors import SpecError, UnsupportedError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from qamctl.azure.account import Account
    from qamctl.azure.targets import Target
    from qamctl.quantum.qir import QirInfo
    from qamctl.quantum.transpile import Figures

#: Two-qubit gates that a gate of QIR becomes, at most, where it is not one.
_LARGE: Final = {"swap": 3, "ccx": 6, "ccz": 6, "ccnot": 6, "toffoli": 6, "ch": 2, "crx": 2, "cry": 2, "crz": 2,
                 "cs": 2, "csx": 2, "ct": 2, "rxxyyzz": 3}  # fmt: skip
_TWO: Final = frozenset({"cx", "cnot", "cy", "cz", "rxx", "ryy", "rzz", "zz", "zzmax", "ms"})
_NO_GATE: Final = frozenset({"m", "measure", "mresetz", "mx", "my", "mz", "reset", "read_result", "barrier"})
_INSTRUCTION: Final = re.compile(r"(?m)^\s*(?:%\S+ = )?(?:tail )?call \S+ @__quantum__qis__(\w+?)__\w+\(")

_DEFINED: Final = re.compile(r'(?m)^define [^@\n]*@("[^"]+"|[\w.$-]+)\(')
_CALLED: Final = re.compile(r'\bcall [^@\n]*@("[^"]+"|[\w.$-]+)\(')
_BODY: Final = re.compile(r"(?ms)^define [^\n]*\{\n(.*?)^\}")
_LABEL: Final = re.compile(r'("[^"]+"|[\w.$-]+):')
_JUMP: Final = re.compile(r'\blabel %("[^"]+"|[\w.$-]+)')


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a target is sent.

    Attributes
    ----------
    params
        The job's input parameters.
    figures, estimate
        What the price depends on, and the most that the job will cost.
    report
        qubits, depth, gates, ... as they are told to the user.
    bits
        Classical bits of a result; None where not known.
    """

    payload: bytes = field(repr=False)
    input_format: str
    output_format: str
    content_type: str
    params: Mapping[str, Any]
    shots: int
    figures: CircuitFigures
    estimate: Estimate
    report: Mapping[str, Any]
    bits: int | None


def prepare(
    *,
    target: Target,
    prices: Mapping[str, Price],
    circuit: QuantumCircuit | None = None,
    qir: QirInfo | None = None,
    native: tuple[str, bytes] | None = None,
    shots: int | None = None,
    profile: str | None = None,
) -> Prepared:
    """A circuit, or QIR, as a target takes it.

    Parameters
    ----------
    circuit, qir, native
        One of them; native is (input format, program) in a provider's own language, which is sent as it is.
    shots
        None: the target's default.
    profile
        Of the QIR that a circuit is compiled to; None: base, or what the circuit needs, as far as the target takes it.

    Raises
    ------
    UsageError
        Shots that the target does not take.
    UnsupportedError
        The target is too small, or does not take what the circuit does.
    SpecError
        The circuit measures nothing, or has parameters without a value.
    """
    shots = target.default_shots if shots is None else shots
    if native is not None:
        return _as_it_is(target, prices, *native, shots)
    if target.kind is None or target.profile is None:
        raise UnsupportedError(
            f"{target.id} takes no circuits of gates: it takes {', '.join(one.input for one in target.formats)}"
        )
    if circuit is not None:
        targets.check(target, qubits=circuit.num_qubits, shots=shots, profile=profile)
        found = _compile(circuit, target, profile)
        figures, report = _of_circuit(circuit, target)
        # Whether the service bills what it was sent or what it made of it is not said: the larger one holds.
        figures = _larger(figures, _of_qir(found))
    else:
        assert qir is not None  # one of the two
        targets.check(target, qubits=qir.qubits, shots=shots, profile=_profile_of(qir))
        found = qir
        figures = _of_qir(qir)
        report = {"qubits": qir.qubits, "depth": figures.depth, "two_qubit": figures.two_qubit_gates}
    payload, form = found.text.encode(), target.format("qir")
    params = {target.shots_param: shots, "items": [{"entryPoint": found.entry_point, "arguments": []}]}
    price = estimate(target, figures, shots, prices)
    if price.formula != "free" and repeats(found.text):
        price = _unbounded(price, "how often its loops and functions run is not known")
    return Prepared(
        payload, form.input, form.output, form.content_type, params, shots, figures, price,
        {**report, "profile": found.profile, "bytes": len(payload)}, found.results,
    )  # fmt: skip


def _unbounded(price: Estimate, why: str) -> Estimate:
    """An estimate that is none: no cap could be held by it."""
    return replace(price, known=False, micros=0, amount=0.0, note=why)


def _as_it_is(target: Target, prices: Mapping[str, Price], input_format: str, payload: bytes, shots: int) -> Prepared:
    """A program that its provider alone reads: the price is known where it is free, or where gates can be counted."""
    forms = {form.input: form for form in target.formats if form.name != "qir"}
    if input_format not in forms:
        taken = ", ".join(forms) or "none"
        raise UnsupportedError(f"{target.id} does not take {input_format} programs: of providers' own it takes {taken}")
    form = forms[input_format]
    counted = _of_ionq(payload) if form.name == "ionq" else None
    targets.check(target, qubits=None if counted is None else counted.qubits, shots=shots)
    figures = counted or CircuitFigures(0, 0, 0, 0, 0)
    found = estimate(target, figures, shots, prices)
    if counted is None and found.formula != "free":
        found = replace(
            found, known=False, micros=0, amount=0.0, note=f"what is in a {input_format} program is not read"
        )
    report = {"qubits": None if counted is None else counted.qubits, "depth": None, "two_qubit": None}
    if counted is not None:
        report["two_qubit"] = counted.two_qubit_gates
    params = {target.shots_param: shots}
    return Prepared(
        payload, form.input, form.output, form.content_type, params, shots, figures, found,
        {**report, "profile": input_format, "bytes": len(payload)}, report["qubits"],
    )  # fmt: skip


def _of_ionq(payload: bytes) -> CircuitFigures:
    """Gates of IonQ's JSON."""
    try:
        data = json.loads(payload)
        gates, qubits = list(data["circuit"]), int(data["qubits"])
        wide = [gate for gate in gates if len(_places(gate)) > 1]
        two = sum(max(1, 6 * (len(_places(gate)) - 2)) * _LARGE.get(str(gate["gate"]), 1) for gate in wide)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SpecError(
            f'this is no ionq.circuit.v1 program ({type(error).__name__}): it looks like {{"qubits": 2, "circuit": '
            '[{"gate": "h", "target": 0}]}'
        ) from error
    return CircuitFigures(qubits, len(gates) - len(wide), two, qubits, len(gates))


def _places(gate: Mapping[str, Any]) -> list[Any]:
    """The qubits of a gate of IonQ's JSON."""
    found = [gate[name] for name in ("target", "control") if name in gate]
    for name in ("targets", "controls"):
        found += gate.get(name, [])
    return found


def _compile(circuit: QuantumCircuit, target: Target, profile: str | None) -> QirInfo:
    """QIR of the least profile that the circuit needs."""
    from qamctl.quantum.program import is_measured
    from qamctl.quantum.qir import read_own, to_qir

    if not is_measured(circuit):
        raise SpecError("the circuit measures nothing, so that a job of it would say nothing: measure its qubits")
    most = targets.PROFILES.index(target.profile or "base")
    choices = targets.PROFILES[: most + 1] if profile is None else (profile,)
    for chosen in choices:
        try:
            content = to_qir(circuit, profile=chosen)
        except UnsupportedError:
            if chosen == choices[-1]:
                raise
            continue
        return read_own(content)
    raise AssertionError("unreachable")


def _of_circuit(circuit: QuantumCircuit, target: Target) -> tuple[CircuitFigures, dict[str, Any]]:
    from qamctl.quantum.targets import target_class
    from qamctl.quantum.transpile import transpile_for

    machine = target_class(target.kind or "simulator")
    _, report = transpile_for(circuit, machine)
    after: Figures = report.after
    counts = dict(after.gates)
    return _figures(Counter(counts), after.qubits, after.depth), {
        "qubits": circuit.num_qubits, "depth": after.depth, "two_qubit": after.two_qubit,
        "two_qubit_depth": after.two_qubit_depth, "gates": counts,
    }  # fmt: skip


def _of_qir(qir: QirInfo) -> CircuitFigures:
    """Instructions of the text, each counted once: what is in a loop is counted as if it ran once."""
    counts = Counter(_INSTRUCTION.findall(qir.text))
    return _figures(counts, qir.qubits, sum(counts.values()))


def _larger(one: CircuitFigures, other: CircuitFigures) -> CircuitFigures:
    return CircuitFigures(*(max(a, b) for a, b in zip(astuple(one), astuple(other), strict=True)))


def repeats(text: str) -> bool:
    """Whether a QIR program may run some of its instructions several times: it jumps back, or calls its own functions.

    Labels are numbered as they stand: a jump to one that stands before its block, or is its block, goes back.
    """
    own = {name.strip('"') for name in _DEFINED.findall(text)}
    if any(name.strip('"') in own for name in _CALLED.findall(text)):
        return True
    for body in _BODY.findall(text):
        places: dict[str, int] = {}
        jumps: list[tuple[int, str]] = []
        for number, line in enumerate(body.splitlines()):
            if (label := _LABEL.match(line)) is not None:
                places[label[1].strip('"')] = number
            jumps += [(number, name.strip('"')) for name in _JUMP.findall(line)]
        if any(places.get(name, -1) <= number for number, name in jumps):
            return True
    return False


def _figures(counts: Counter[str], qubits: int, depth: int) -> CircuitFigures:
    two = sum(count * _LARGE.get(name, 1) for name, count in counts.items() if name in _TWO or name in _LARGE)
    measured = sum(count for name, count in counts.items() if name in _NO_GATE and name != "barrier")
    one = sum(count for name, count in counts.items() if name not in _TWO | _LARGE.keys() | _NO_GATE)
    return CircuitFigures(qubits, one, two, measured, depth)


def _profile_of(qir: QirInfo) -> str | None:
    """The profile to check; a program of another compiler may call it by a name that says nothing."""
    return qir.profile if qir.profile in targets.PROFILES else None


def order_of(
    prepared: Prepared,
    target: Target,
    account: Account,
    *,
    name: str,
    run_key: str = "",
    priority: str = "standard",
    session: str | None = None,
) -> Order:
    """The job of what was prepared, for a run of this account."""
    # Results of QIR show all of their bits; those of IonQ's own language do not.
    bits = {} if prepared.bits is None or prepared.input_format == "qir.v1" else {"bits": str(prepared.bits)}
    return Order(
        name=name, target=target.id, provider=target.provider, payload=prepared.payload,
        input_format=prepared.input_format, output_format=prepared.output_format, content_type=prepared.content_type,
        shots=prepared.shots, params=prepared.params, metadata={"qamctl": "1", **bits}, tags=account.tags,
        priority=priority, session=session, run_key=run_key, estimate=prepared.estimate.as_dict(), run=account.run,
        directory=account.directory,
    )  # fmt: skip
