"""What can be told of files without solving: faults of problems, and whether a result holds.

Apart from the pipeline, because these commands must start fast and its imports would cost twice as much.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from qamctl.errors import Diagnostic, Location, SpecError, UnsupportedError
from qamctl.kinds import kind_of, kind_of_format
from qamctl.schedule.read import build_schedule, load_schedule
from qamctl.spec.reader import read_source

if TYPE_CHECKING:
    from qamctl.checks.found import Checked
    from qamctl.cluster.spec import ClusterSpec
    from qamctl.formats.circuits import CircuitFile
    from qamctl.formats.models import ModelFile
    from qamctl.reason.spec import ReasonSpec
    from qamctl.schedule.spec import ScheduleSpec

#: What `--sense` may have said.
SENSES: Final = ("min", "max")


@dataclass(frozen=True)
class Verdict:
    """What is wrong with a problem file.

    Attributes
    ----------
    status
        valid, invalid (shape, type or reference), or infeasible as far as that shows without a search.
    """

    file: str
    status: str
    faults: tuple[Diagnostic, ...] = ()


def validate(paths: Sequence[str], *, format: str | None = None) -> list[Verdict]:
    """The verdict on each problem file; `-` is standard input.

    Parameters
    ----------
    format
        Of model files, in place of what their content looks like.
    """
    return [_verdict(path, format) for path in paths]


def check_files(result: str, spec: str, *, format: str | None = None, sense: str | None = None) -> Checked:
    """What does not hold in a result file, recomputed from its problem file, and what was not computed a second time.

    Parameters
    ----------
    format, sense
        Of a model file, as the run was told; None: as the result has them.

    Raises
    ------
    SpecError
        One of the files can't be read.
    UnsupportedError
        The result is of a program in a provider's own language, which is not read here.
    """
    from qamctl.checks.found import Checked
    from qamctl.checks.gates import check_gates
    from qamctl.rechecking import recheck

    file = Path(result)
    data = _result(file)
    _refuse_native(data, file)
    kind = kind_of(spec) if format is None else kind_of_format(format)
    checked = recheck(kind, data, as_run(kind, data, file, spec, format, sense), file.parent)
    gates = check_gates(data, file.parent)
    return Checked([*checked.found, *gates.found], [*checked.notes, *gates.notes])


def as_run(
    kind: str, data: dict[str, Any], file: Path, spec: str, format: str | None, sense: str | None
) -> ScheduleSpec | ClusterSpec | ReasonSpec | ModelFile | CircuitFile:
    """The problem as the run had it that wrote a result: with what it was told, and what it took from elsewhere."""
    if kind == "schedule":
        from qamctl.schedule.reasoned import as_told

        return as_told(data, _planned_before(data, file, load_schedule(spec)))
    if kind == "cluster":
        return _begun_from(data, file, spec)
    if kind == "reason":
        from qamctl.reason.check import as_learned
        from qamctl.reason.read import load_reason

        return as_learned(data, load_reason(spec))
    told = _options(data)  # the run may have been told a format or a sense
    if kind == "circuit":
        from qamctl.formats.circuits import FORMATS as CIRCUITS
        from qamctl.formats.circuits import read_circuit

        return read_circuit(spec, format=format or (told.get("format") if told.get("format") in CIRCUITS else None))
    from qamctl.formats.models import FORMATS, read_model

    format = format or (told.get("format") if told.get("format") in FORMATS else None)
    return read_model(spec, format=format, sense=sense or (told.get("sense") if told.get("sense") in SENSES else None))


def _begun_from(result: dict[str, Any], file: Path, path: str) -> ClusterSpec:
    """The spec that a result of clusters answers: with `--from` its current state is that of an earlier result.

    That state stands in a table beside the result; where only the result was copied, the earlier one has it.
    """
    from qamctl.cluster.carry import carried, places_of, read_places
    from qamctl.cluster.read import build_cluster

    data, source = read_source(path)
    spec = build_cluster(data, source)
    told = result.get("from")
    if not isinstance(told, dict):
        return spec
    try:
        places = read_places(file.parent, told.get("table"), told.get("table_sha256"), str(file))
    except SpecError:
        earlier = Path(str(told.get("file")))
        if not earlier.is_file() or hashlib.sha256(earlier.read_bytes()).hexdigest() != told.get("sha256"):
            raise
        places = places_of(_result(earlier), earlier.parent, str(earlier))
    return carried(spec, places, objective_given=bool(data.get("objective")))


def _planned_before(result: dict[str, Any], file: Path, spec: ScheduleSpec) -> ScheduleSpec:
    """The spec that a result of a schedule answers: with `--from` it knows an earlier schedule.

    As with clusters, that stands in a table beside the result, or in the earlier result itself.
    """
    from qamctl.schedule.carry import carried, plan_of, read_plan

    told = result.get("from")
    if not isinstance(told, dict):
        return spec
    try:
        plan = read_plan(spec, file.parent, told.get("table"), told.get("table_sha256"), str(file))
    except SpecError:
        earlier = Path(str(told.get("file")))
        if not earlier.is_file() or hashlib.sha256(earlier.read_bytes()).hexdigest() != told.get("sha256"):
            raise
        plan = plan_of(spec, _result(earlier), earlier.parent, str(earlier))
    return carried(spec, plan, {"file": told.get("file"), "sha256": told.get("sha256")})


def _refuse_native(data: dict[str, Any], file: Path) -> None:
    """Say of a program that was sent as it is (`qamctl submit --input-format`) that nothing can be recomputed."""
    told = data.get("format")
    if data.get("kind") == "circuit" and isinstance(told, str) and _options(data).get("input_format") == told:
        raise UnsupportedError(
            f"{file} is the result of a {told} program, which was sent as it is: there is nothing to recompute it "
            "from, and `qamctl jobs output` has what the service measured"
        )


def _options(data: dict[str, Any]) -> dict[str, Any]:
    provenance = data.get("provenance")
    options = provenance.get("options") if isinstance(provenance, dict) else None
    return options if isinstance(options, dict) else {}


def _verdict(path: str, format: str | None) -> Verdict:
    try:
        kind = kind_of(path) if format is None else kind_of_format(format)
        if kind == "schedule":
            faults = _schedule_faults(path)
        elif kind == "cluster":
            faults = _cluster_faults(path)
        elif kind == "reason":
            faults = _reason_faults(path)
        elif kind == "circuit":
            from qamctl.formats.circuits import read_circuit

            read_circuit(path, format=format)
            faults = []
        else:
            faults = _model_faults(path, format)
    except SpecError as error:
        return Verdict(path, "invalid", error.diagnostics or (Diagnostic(error.message),))
    return Verdict(path, "infeasible" if faults else "valid", tuple(faults))


def _schedule_faults(path: str) -> list[Diagnostic]:
    from qamctl.schedule.build import build_instance
    from qamctl.schedule.reasons import reasons

    data, source = read_source(path)
    spec = build_schedule(data, source)
    return [
        Diagnostic(f"{reason.constraint}: {reason.text}", source.locate(reason.path))
        for reason in reasons(build_instance(spec))
    ]


def _cluster_faults(path: str) -> list[Diagnostic]:
    from qamctl.cluster.read import load_cluster
    from qamctl.cluster.reasons import reasons

    spec = load_cluster(path)
    return [
        Diagnostic(f"{reason.constraint}: {reason.text}", spec.source.locate(reason.path)) for reason in reasons(spec)
    ]


def _reason_faults(path: str) -> list[Diagnostic]:
    from qamctl.reason.read import load_reason
    from qamctl.reason.reasons import reasons

    spec = load_reason(path)
    return [
        Diagnostic(f"{reason.constraint}: {reason.text}", spec.source.locate(reason.path)) for reason in reasons(spec)
    ]


def _model_faults(path: str, format: str | None) -> list[Diagnostic]:
    from qamctl.formats.models import read_model
    from qamctl.qubo.check_result import Asked
    from qamctl.qubo.impossible import impossible

    try:
        model = read_model(path, format=format)
    except UnsupportedError as error:
        from qamctl.formats.models.spec_hamiltonian import NotDiagonalError

        if not isinstance(error, NotDiagonalError):
            raise
        return []  # `solve` refuses it, the file is well formed
    asked = Asked(model.model, model.sense, "", path, model.row_names, model.group_names)
    return [
        Diagnostic(f"{asked.name(found.kind, found.number)}: {found.text}", Location(model.source.label))
        for found in impossible(model.model)
    ]


def _result(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_bytes())
    except OSError as error:
        raise SpecError(f"can't read {file}: {error.strerror}") from error
    except json.JSONDecodeError as error:
        place = Location(str(file), error.lineno, error.colno)
        raise SpecError(f"{place}: {error.msg}", [Diagnostic(error.msg, place, "a result file is JSON")]) from error
    except (ValueError, RecursionError) as error:  # not UTF-8, or a number of thousands of digits
        raise SpecError(f"{file} is no result file: {error}") from error
    if not isinstance(data, dict):
        raise SpecError(f"{file} is no result file: it holds no JSON object")
    return data
