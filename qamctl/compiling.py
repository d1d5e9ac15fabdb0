"""`qamctl compile`: from a problem file to what annealers and solvers of models are fed, without a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qamctl.compiling_whole import WHOLE, Whole
from qamctl.errors import Diagnostic, InfeasibleError, Location, SpecError, UsageError
from qamctl.kinds import kind_of, kind_of_format
from qamctl.qubo.compile import Compiled, compile_qubo
from qamctl.qubo.encodings import check_names
from qamctl.qubo.model import Model
from qamctl.qubo.penalties import Weights, estimated_weights, sufficient_weights
from qamctl.qubo.weight_report import constraint_report
from qamctl.story import Problem

if TYPE_CHECKING:
    from qamctl.formats.circuits import CircuitFile
    from qamctl.quantum.emit import Form
    from qamctl.quantum.qir import QirInfo

#: Targets that hold groups and rows themselves; the others get a penalty QUBO.
NATIVE: Final = ("cqm", "lp")

#: Layers of a QAOA circuit, where nothing else is said.
DEPTH: Final = 3


@dataclass(frozen=True)
class Target:
    """A problem that can be compiled and decoded.

    Attributes
    ----------
    kind
        schedule, cluster or model.
    upper
        The objective of a state that is known to be feasible; None where none is.
    whole
        Of a schedule or a cluster.
    """

    kind: str
    problem: Problem
    model: Model
    upper: float | None = None
    whole: Whole | None = None


def open_target(
    path: str,
    flags: Mapping[str, object],
    *,
    level: int = 1,
    profile: str | None = None,
    config_file: Path | None = None,
) -> Target:
    """The model of a problem file: the same file and options give the same model each time.

    Parameters
    ----------
    path
        A spec or a model file; `-` is standard input.
    flags
        Options by name: `format` and `sense` of model files, `slot` and `max_variables` of schedules.
    level
        The objective level of a schedule or a cluster, from 1.

    Raises
    ------
    SpecError
        The file is at fault.
    InfeasibleError
        Nothing can satisfy it, as far as that shows without a search.
    UnsupportedError
        The whole problem is too large, or has an objective that no QUBO holds.
    """
    format = flags.get("format")
    kind = kind_of(path, "model") if format is None else kind_of_format(str(format))
    if kind == "circuit":
        raise SpecError(
            f"{'standard input' if path == '-' else path} is a circuit, not a problem: `qamctl compile` writes it with "
            "--to qasm or --to qir, and `qamctl solve` runs it"
        )
    if kind == "reason":
        raise UsageError(
            f"{'standard input' if path == '-' else path} is a reason spec, which is a circuit and no QUBO: take "
            "`qamctl compile --to qasm` or `--to qir`, and `qamctl reason --backend azure:TARGET` to run it"
        )
    if kind in WHOLE:
        part = import_module(f"qamctl.{kind}_run")
        problem = part.read(path, flags, profile=profile, config_file=config_file)
        found = part.build(problem)
        _refuse(problem, found.reasons)
        whole = WHOLE[kind](found.instance, problem.options, level)
        return Target(kind, problem, whole.built.model, whole.upper, whole)
    if level != 1:
        raise UsageError("a model file has one objective: --level is for schedules and clusters")
    from qamctl import model_run

    problem = model_run.read(path, flags, profile=profile, config_file=config_file)
    target = Target("model", problem, problem.spec.model)
    _refuse(problem, model_run.build(problem).reasons)
    return target


def _refuse(problem: Problem, reasons: Sequence[Mapping[str, Any]]) -> None:
    """End with the reasons why nothing can satisfy the problem, where there are any."""
    if not reasons:
        return
    places = [
        Diagnostic(f"{row['constraint']}: {row['text']}", Location(str(row["file"]), row["line"])) for row in reasons
    ]
    raise InfeasibleError(f"{problem.source.label} has no feasible answer: there is nothing to compile", places)


@dataclass(frozen=True)
class Artefact:
    """What was compiled.

    Attributes
    ----------
    content
        The file.
    report
        Sizes, kinds of constraints with their weights and bits, and the hash of the QUBO.
    """

    content: bytes
    report: dict[str, Any]


def compiled_target(
    target: Target, *, one_hot: str = "one-hot", inequality: str = "slack", penalty: float = 1.0
) -> tuple[Compiled, Weights]:
    """The penalty QUBO of a target, with the weights that it has.

    Parameters
    ----------
    penalty
        A factor of all weights: 1 is sufficient with slack bits, less is often better for an annealer.
    """
    check_names(one_hot, inequality)
    model = target.model
    if inequality == "slack":
        weights = sufficient_weights(model, target.upper, one_hot=one_hot)
    else:  # nothing is proved of parabolas: large weights only bury the objective
        weights = estimated_weights(model)
    if penalty != 1.0:
        weights = Weights(penalty * weights.groups(len(model.group_start) - 1), penalty * weights.row, weights.shift)
    return compile_qubo(model, weights, one_hot=one_hot, inequality=inequality), weights


def write_target(
    target: Target,
    to: str,
    *,
    one_hot: str = "one-hot",
    inequality: str = "slack",
    penalty: float = 1.0,
) -> Artefact:
    """The target as the content of a file; LP keeps the sense of a model file, everything else is minimised.

    Raises
    ------
    UsageError
        An encoding, or a target, that does not exist.
    """
    from qamctl.formats.models import write_model

    model, spec, report = target.model, target.problem.spec, _head(target, to)
    names = {"row_names": spec.row_names, "group_names": spec.group_names} if target.kind == "model" else {}
    if to in NATIVE:
        check_names(one_hot, inequality)
        keeps_sense = target.kind == "model" and to == "lp" and spec.sense == "max"
        content = write_model(model, to, sense="max" if keeps_sense else "min", **names)
        kinds = {
            "one-hot": {"count": len(model.group_start) - 1},
            **{kind: {"count": int((model.con_kind == k).sum())} for k, kind in enumerate(model.con_kinds)},
        }
        report |= {"variables": model.n, "quadratic": len(model.row)}
        report["constraints"] = {kind: row for kind, row in kinds.items() if row["count"]}
        return Artefact(content, report)
    compiled, weights = compiled_target(target, one_hot=one_hot, inequality=inequality, penalty=penalty)
    report |= _penalties(model, compiled, weights, one_hot, inequality)
    return Artefact(write_model(compiled, to), report)


def _head(target: Target, to: str) -> dict[str, Any]:
    """What every report begins with."""
    report: dict[str, Any] = {"name": target.problem.name, "kind": target.kind, "to": to}
    if target.whole is not None:
        report["level"] = target.whole.level + 1
        if target.kind == "schedule":
            report["slot"] = target.whole.built.slot
        report["raw_variables"] = target.whole.built.raw_variables
    return report


def _penalties(model: Model, compiled: Compiled, weights: Weights, one_hot: str, inequality: str) -> dict[str, Any]:
    """What a report says of a penalty QUBO."""
    return {
        "encoding": one_hot, "inequality": inequality, "variables": compiled.n, "quadratic": len(compiled.row),
        "constraints": constraint_report(model, weights, compiled), "sha256": compiled.sha256,
    }  # fmt: skip


def write_circuit(
    target: Target,
    form: Form,
    *,
    one_hot: str = "one-hot",
    inequality: str = "slack",
    penalty: float = 1.0,
) -> Artefact:
    """The target as a QAOA circuit: bit i is variable i of its penalty QUBO, slack bits behind the others.

    Of a Hamiltonian bit i is its qubit i, and its products of three and more become gates as they are. Layers and
    mixer are the problem's options `depth` and `mixer`.

    Raises
    ------
    UsageError
        There is no such mixer, target class or encoding.
    UnsupportedError
        The circuit is too large, or the form lacks something.
    """
    from qamctl.quantum.emit import emit_qaoa
    from qamctl.quantum.polynomial import polynomial_of
    from qamctl.quantum.qaoa.structure import ansatz_for, choose_ansatz

    options, report = target.problem.options, _head(target, form.to)
    depth, mixer = options.depth or DEPTH, options.mixer or "auto"
    polynomial = getattr(target.problem.spec, "polynomial", None)
    if polynomial is not None:
        check_names(one_hot, inequality)
        ansatz = ansatz_for(polynomial.n, (), depth, mixer)
        report |= {"variables": polynomial.n, "quadratic": sum(len(term) == 2 for term in polynomial.terms)}
        report["degree"] = polynomial.degree
    else:
        compiled, weights = compiled_target(target, one_hot=one_hot, inequality=inequality, penalty=penalty)
        polynomial, ansatz = polynomial_of(compiled), choose_ansatz(compiled, depth, mixer)
        report |= _penalties(target.model, compiled, weights, one_hot, inequality)
    if mixer not in ("auto", ansatz.mixer):
        report["note"] = f"no one-hot groups to keep: the mixer is {ansatz.mixer}, not {mixer}"
    content, told = emit_qaoa(polynomial, ansatz, form)
    return Artefact(content, report | told)


def circuit_form(to: str, target: str | None, profile: str | None, bitcode: bool) -> Form:
    """How a circuit is written; see `quantum.emit.Form`.

    Raises
    ------
    UsageError
        Something is named that there is not.
    """
    from qamctl.quantum.emit import Form

    form = Form(to, target, profile, bitcode)
    form.check()
    return form


def convert_circuit(file: CircuitFile, form: Form) -> Artefact:
    """A circuit file in another form, or in the gates of a target: OpenQASM to OpenQASM or QIR, QIR to QIR.

    Raises
    ------
    UsageError
        QIR is asked to be what it can't be made.
    SpecError
        The circuit lacks what QIR needs.
    UnsupportedError
        The target, or the form, lacks something that the circuit needs.
    """
    from qamctl.quantum.emit import emit

    report: dict[str, Any] = {"name": file.name, "kind": "circuit", "to": form.to}
    if file.circuit is not None:
        content, told = emit(file.circuit, form)
        return Artefact(content, report | {"circuit": told})
    found: QirInfo = file.qir
    if form.to != "qir" or form.target is not None or form.profile not in (None, found.profile):
        raise UsageError(
            f"{file.source.label} is QIR of the profile {found.profile}, which is compiled already: it can only be "
            "written as text or, with --bitcode, as bitcode; give the circuit as OpenQASM"
        )
    qir = {"profile": found.profile, "format": "bc" if form.bitcode else "ll", "entry_point": found.entry_point}
    report["circuit"] = {"qubits": found.qubits, "clbits": found.results, "qir": qir}
    return Artefact(found.bitcode if form.bitcode else found.text.encode(), report)
